package bluesky

import (
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/collect/bluesky/record"
	"github.com/akashi-project/akashi/internal/collect/poll"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// Platform is what posts name as their platform.
const Platform = "bluesky"

// event is what a message says.
type event struct {
	// seq is v2's number, seen when the server saw the event; zero where the
	// message does not say.
	seq  uint64
	seen time.Time
	// post and deleted are set where the event is one that is wanted.
	post    *post.Post
	deleted *poststore.Deletion
	// info is the name of a notice, failure that of an error which ends the
	// stream.
	info, failure string
}

// filter says which posts are wanted.
type filter struct {
	collections []string
	dids        map[string]bool // nil means all
	words       []string        // folded; nil means all
	languages   []string        // primary subtags; nil means all
}

// read reads a message of either dialect. why says what is wrong with a message
// that cannot be read; what it says of the cursor counts all the same.
func (f *filter) read(message []byte) (e event, why string) {
	if !poll.Valid(message) {
		return e, "an event is not JSON"
	}
	v := gjson.ParseBytes(message)
	raw := message
	switch v.Get(`\$type`).String() {
	case "message":
		v = v.Get("payload")
		raw = []byte(v.Raw)
	case "error":
		e.failure = short(firstOf(v, "error", "payload.error", "name", "payload.name"), "unnamed")
		return e, ""
	}
	if !v.IsObject() {
		return e, "an event is no object"
	}
	return f.event(v, raw)
}

func (f *filter) event(v gjson.Result, raw []byte) (e event, why string) {
	var commit gjson.Result
	kind, flat := "", false
	var did string
	v.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "seq":
			e.seq = value.Uint()
		case "time_us":
			if us := value.Int(); us > 0 {
				e.seen = time.UnixMicro(us).UTC()
			}
		case "time":
			if e.seen.IsZero() {
				e.seen = stated(value.String())
			}
		case "witnessedAt":
			if t := stated(value.String()); !t.IsZero() {
				e.seen = t
			}
		case "did":
			did = value.String()
		case "kind":
			kind = value.String()
		case "commit":
			commit = value
		case "$type":
			kind, flat = fragment(value.String()), true
		}
		return true
	})
	switch {
	case flat && kind == "info":
		e.info = short(v.Get("name").String(), "unnamed")
		return e, ""
	case kind == "":
		return e, "an event does not say of what kind it is"
	case kind != "commit":
		return e, "" // identity, account, sync, and what may come
	case flat:
		commit = v
	}
	if !commit.IsObject() {
		return e, "a commit has no content"
	}
	return f.commit(e, did, commit, raw)
}

func (f *filter) commit(e event, did string, c gjson.Result, raw []byte) (event, string) {
	var r gjson.Result
	var operation, collection, rkey string
	c.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "operation":
			operation = value.String()
		case "collection":
			collection = value.String()
		case "rkey":
			rkey = value.String()
		case "record":
			r = value
		}
		return true
	})
	switch {
	case !slices.Contains(f.collections, collection):
		return e, ""
	case did == "" || rkey == "":
		return e, "a commit does not say of which record"
	case f.dids != nil && !f.dids[did]:
		return e, ""
	case operation == "delete":
		e.deleted = &poststore.Deletion{Platform: Platform, ID: record.URI(did, collection, rkey), Time: e.seen}
		return e, ""
	case operation != "create" && operation != "update":
		return e, "a commit does something unknown"
	case !r.IsObject():
		return e, "a commit has no record"
	}
	p := &post.Post{Platform: Platform, ID: record.URI(did, collection, rkey), Account: post.Account{ID: did}, Raw: raw}
	p.Time = record.When(stated(r.Get("createdAt").String()), e.seen)
	if p.Time.IsZero() {
		return e, "a post does not say when it was written"
	}
	if collection == record.Repost {
		if !record.FillRepost(p, r) {
			return e, "a repost does not say of what"
		}
	} else {
		p.Lang = r.Get("langs.0").String()
		p.URL = record.Page(did, rkey)
		record.FillPost(p, r)
	}
	if f.wants(p, r) {
		e.post = p
	}
	return e, ""
}

// wants says whether a post has a wanted word and language. Reposts have
// neither.
func (f *filter) wants(p *post.Post, r gjson.Result) bool {
	if f.languages != nil && !slices.ContainsFunc(r.Get("langs").Array(), func(l gjson.Result) bool {
		return slices.Contains(f.languages, primary(l.String()))
	}) {
		return false
	}
	if f.words == nil {
		return true
	}
	var all strings.Builder
	all.WriteString(p.Text)
	for _, h := range p.Hashtags {
		all.WriteString("\n#" + h)
	}
	for _, l := range p.Links {
		all.WriteString("\n" + l.Given)
	}
	folded := normalise.Folded(all.String())
	return slices.ContainsFunc(f.words, func(w string) bool { return strings.Contains(folded, w) })
}

// primary gives the language of a tag, without script and region.
func primary(tag string) string {
	tag, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	return tag
}

// stated reads a time; zero where there is none.
func stated(s string) time.Time {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC()
	}
	if s == "" {
		return time.Time{}
	}
	t, err := normalise.Time(s, time.UTC) // clients write many forms
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// fragment gives the part of a type behind '#'.
func fragment(s string) string { return s[strings.LastIndexByte(s, '#')+1:] }

// firstOf gives the first text that is there.
func firstOf(v gjson.Result, paths ...string) string {
	for _, path := range paths {
		if s := v.Get(path); s.Type == gjson.String {
			return s.Str
		}
	}
	return ""
}

// short keeps names that come from outside out of logs where they are none.
func short(name, fallback string) string {
	if name == "" || len(name) > 40 || strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return fallback
	}
	return name
}
