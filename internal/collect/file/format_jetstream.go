package file

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/post"
)

// jetstreamFormat is the stream of Bluesky's Jetstream: one event a line.
var jetstreamFormat = format{
	name: "jetstream", platform: "bluesky",
	about: "Bluesky Jetstream events: posts and reposts; other events are passed over",
	match: func(v gjson.Result) bool {
		return v.Get("did").Exists() && v.Get("time_us").Exists() && (v.Get("kind").Exists() || v.Get("type").Exists())
	},
	paths: map[role]string{
		roleAccount: "did", rolePost: "at://did/commit.collection/commit.rkey", roleTime: "commit.record.createdAt",
		roleText: "commit.record.text", roleLang: "commit.record.langs.0", roleURL: "commit.record.facets, embed.external.uri",
		roleHashtag: "commit.record.facets, tags", roleMention: "commit.record.facets", roleRepost: "commit.record.subject.uri",
		roleReply: "commit.record.reply.parent.uri", roleQuote: "commit.record.embed.record.uri",
		roleImage: "commit.record.embed.images",
	},
	read: readJetstream,
}

func readJetstream(e *entry, v gjson.Result) *rowError {
	did := v.Get("did").String()
	commit := v.Get("commit")
	if !commit.IsObject() {
		kind := v.Get("kind").String()
		if kind == "" {
			kind = "other"
		}
		return bad("", "not a post: "+shortWord(kind)+" event")
	}
	operation := commit.Get("operation").String()
	collection := commit.Get("collection").String()
	if collection != "app.bsky.feed.post" && collection != "app.bsky.feed.repost" {
		return bad("", "not a post: "+shortWord(collection))
	}
	if operation == "delete" {
		return bad("", "not a post: deletion")
	}
	record := commit.Get("record")
	rkey := commit.Get("rkey").String()
	switch {
	case did == "":
		return bad("an account in did", "nothing")
	case rkey == "":
		return bad("a key in commit.rkey", "nothing")
	case !record.IsObject():
		return bad("a record in commit.record", "nothing")
	}
	p := e.add()
	p.Account.ID = did
	p.ID = "at://" + did + "/" + collection + "/" + rkey
	if e.need.has(NeedMeta) {
		p.Lang = record.Get("langs.0").String()
		if collection == "app.bsky.feed.post" {
			p.URL = "https://bsky.app/profile/" + did + "/post/" + rkey
		}
	}
	if collection == "app.bsky.feed.repost" {
		p.RepostOf = record.Get("subject.uri").String()
		if p.RepostOf == "" {
			return bad("a post in commit.record.subject.uri", "nothing")
		}
	} else {
		blueskyRecord(p, record)
	}
	return blueskyTime(e, p, record.Get("createdAt"), v.Get("time_us"))
}

// blueskyTime takes the time that the author's client states. Where that is
// none or cannot be (after the event was seen, as some bots claim), the time
// at which the network saw the event stands.
func blueskyTime(e *entry, p *post.Post, created, seen gjson.Result) *rowError {
	if err := e.when(p, "time_us", seen); err != nil {
		return e.when(p, "commit.record.createdAt", created)
	}
	at := p.Time
	if err := e.when(p, "commit.record.createdAt", created); err != nil || p.Time.After(at) {
		p.Time = at
	}
	return nil
}

// blueskyRecord reads the record of a post.
func blueskyRecord(p *post.Post, record gjson.Result) {
	p.Text = record.Get("text").String()
	p.ReplyTo = record.Get("reply.parent.uri").String()
	p.Links, p.Hashtags, p.Mentions = []post.Link{}, []string{}, []string{}
	record.Get("facets").ForEach(func(_, facet gjson.Result) bool {
		facet.Get("features").ForEach(func(_, f gjson.Result) bool {
			kind := f.Get("$type").String()
			switch kind[strings.IndexByte(kind, '#')+1:] {
			case "link":
				addLink(p, f.Get("uri").String())
			case "tag":
				addTo(&p.Hashtags, f.Get("tag").String())
			case "mention":
				addTo(&p.Mentions, f.Get("did").String())
			}
			return true
		})
		return true
	})
	record.Get("tags").ForEach(func(_, t gjson.Result) bool {
		addTo(&p.Hashtags, t.String())
		return true
	})
	embed := record.Get("embed")
	if r := embed.Get("record"); r.Exists() {
		// A quote alone, or with media beside it.
		if p.QuoteOf = r.Get("uri").String(); p.QuoteOf == "" {
			p.QuoteOf = r.Get("record.uri").String()
		}
	}
	for _, media := range []gjson.Result{embed, embed.Get("media")} {
		addLink(p, media.Get("external.uri").String())
		media.Get("images").ForEach(func(_, image gjson.Result) bool {
			addMedia(p, image.Get("image.ref.$link").String())
			return true
		})
		addMedia(p, media.Get("video.ref.$link").String())
	}
}

// addLink adds an address that is not there yet.
func addLink(p *post.Post, address string) {
	if address == "" {
		return
	}
	for _, l := range p.Links {
		if l.Given == address {
			return
		}
	}
	p.Links = append(p.Links, post.Link{Given: address})
}

func addTo(list *[]string, value string) {
	if value != "" {
		*list = append(*list, value)
	}
}

func addMedia(p *post.Post, id string) {
	if id != "" {
		p.Media = append(p.Media, post.Media{ID: id})
	}
}

// shortWord keeps a word of the input short enough to be a counter's name.
func shortWord(s string) string {
	if len(s) > 40 {
		return "other"
	}
	return s
}

// blueskyFormat is what Bluesky's API answers for a post, as many tools store
// it: the record with its author, one a line.
var blueskyFormat = format{
	name: "bluesky", platform: "bluesky",
	about: "Bluesky posts as the API gives them: uri, author, record, one a line or in an array",
	match: func(v gjson.Result) bool {
		return strings.HasPrefix(v.Get("uri").String(), "at://") && v.Get("author.did").Exists() && v.Get("record").IsObject()
	},
	paths: map[role]string{
		roleAccount: "author.did", roleHandle: "author.handle", roleName: "author.displayName", rolePost: "uri", roleTime: "record.createdAt",
		roleText: "record.text", roleLang: "record.langs.0", roleURL: "record.facets, embed.external.uri", roleHashtag: "record.facets, tags",
		roleMention: "record.facets", roleReply: "record.reply.parent.uri", roleQuote: "record.embed.record.uri", roleImage: "record.embed.images",
	},
	read: func(e *entry, v gjson.Result) *rowError {
		uri, did := v.Get("uri").String(), v.Get("author.did").String()
		if uri == "" || did == "" {
			return bad("a post in uri and its account in author.did", "nothing")
		}
		record := v.Get("record")
		p := e.add()
		p.ID = uri
		p.Account = post.Account{ID: did, Handle: v.Get("author.handle").String(), Name: firstText(v, "author.displayName", "author.display_name")}
		p.Lang = record.Get("langs.0").String()
		p.URL = "https://bsky.app/profile/" + did + "/post/" + lastSegment(uri)
		blueskyRecord(p, record)
		return e.when(p, "record.createdAt", record.Get("createdAt"), record.Get("created_at"), v.Get("indexedAt"))
	},
}
