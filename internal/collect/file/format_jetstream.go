package file

import (
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/collect/bluesky/record"
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
	if collection != record.Post && collection != record.Repost {
		return bad("", "not a post: "+shortWord(collection))
	}
	if operation == "delete" {
		return bad("", "not a post: deletion")
	}
	r := commit.Get("record")
	rkey := commit.Get("rkey").String()
	switch {
	case did == "":
		return bad("an account in did", "nothing")
	case rkey == "":
		return bad("a key in commit.rkey", "nothing")
	case !r.IsObject():
		return bad("a record in commit.record", "nothing")
	}
	p := e.add()
	p.Account.ID = did
	p.ID = record.URI(did, collection, rkey)
	if e.need.has(NeedMeta) {
		p.Lang = r.Get("langs.0").String()
		if collection == record.Post {
			p.URL = record.Page(did, rkey)
		}
	}
	if collection == record.Post {
		record.FillPost(p, r)
	} else if !record.FillRepost(p, r) {
		return bad("a post in commit.record.subject.uri", "nothing")
	}
	return blueskyTime(e, p, r.Get("createdAt"), v.Get("time_us"))
}

// blueskyTime takes the time that the author's client states. Where that is
// none or cannot be (after the event was seen, as some bots claim), the time
// at which the network saw the event stands.
func blueskyTime(e *entry, p *post.Post, created, seen gjson.Result) *rowError {
	if err := e.when(p, "time_us", seen); err != nil {
		return e.when(p, "commit.record.createdAt", created)
	}
	at := p.Time
	if err := e.when(p, "commit.record.createdAt", created); err != nil {
		p.Time = time.Time{}
	}
	p.Time = record.When(p.Time, at)
	return nil
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
		r := v.Get("record")
		p := e.add()
		p.ID = uri
		p.Account = post.Account{ID: did, Handle: v.Get("author.handle").String(), Name: firstText(v, "author.displayName", "author.display_name")}
		p.Lang = r.Get("langs.0").String()
		p.URL = record.Page(did, lastSegment(uri))
		record.FillPost(p, r)
		return e.when(p, "record.createdAt", r.Get("createdAt"), r.Get("created_at"), v.Get("indexedAt"))
	},
}
