// Package record reads the records of Bluesky's lexicons app.bsky.feed.post and
// app.bsky.feed.repost as posts. Files and live sources share it, so that the
// same record is the same post wherever it came from.
package record

import (
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/post"
)

// The collections whose records are posts.
const (
	Post   = "app.bsky.feed.post"
	Repost = "app.bsky.feed.repost"
)

// URI gives the address of a record, which is the id of its post.
func URI(did, collection, rkey string) string {
	return "at://" + did + "/" + collection + "/" + rkey
}

// Page gives the address of a post for readers.
func Page(did, rkey string) string { return "https://bsky.app/profile/" + did + "/post/" + rkey }

// earliest is before what any client states in earnest: old posts of other
// platforms are brought along with their dates, but none of before they began.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// When gives the time of a post from the time that its author's client states
// and that at which the network saw it. The author's stands where it can be:
// where it is stated, and not after the post was seen, as some bots claim. It
// is what Bluesky itself sorts by. Either may be zero.
func When(created, seen time.Time) time.Time {
	if created.Before(earliest) || !seen.IsZero() && created.After(seen) {
		return seen
	}
	return created
}

// FillRepost gives a post what the record of a repost says; false where it does
// not say of what.
func FillRepost(p *post.Post, v gjson.Result) bool {
	p.RepostOf = v.Get("subject.uri").String()
	return p.RepostOf != ""
}

// FillPost gives a post what the record of a post says: its text, what it
// answers and quotes, and its links, hashtags, mentions and media.
func FillPost(p *post.Post, v gjson.Result) {
	p.Links, p.Hashtags, p.Mentions = []post.Link{}, []string{}, []string{}
	v.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "text":
			p.Text = value.String()
		case "reply":
			p.ReplyTo = value.Get("parent.uri").String()
		case "facets":
			facets(p, value)
		case "embed":
			embed(p, value)
		}
		return true
	})
	v.Get("tags").ForEach(func(_, t gjson.Result) bool {
		addTo(&p.Hashtags, t.String())
		return true
	})
}

func facets(p *post.Post, list gjson.Result) {
	list.ForEach(func(_, facet gjson.Result) bool {
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
}

func embed(p *post.Post, v gjson.Result) {
	if r := v.Get("record"); r.Exists() {
		// A quote alone, or with media beside it.
		if p.QuoteOf = r.Get("uri").String(); p.QuoteOf == "" {
			p.QuoteOf = r.Get("record.uri").String()
		}
	}
	for _, media := range []gjson.Result{v, v.Get("media")} {
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
