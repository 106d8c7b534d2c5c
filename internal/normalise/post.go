package normalise

import (
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/post"
)

// Parts is a set of what [Post] completes.
type Parts uint8

// The parts of a post.
const (
	PartTime     Parts = 1 << iota // Time in UTC
	PartLinks                      // Links
	PartHashtags                   // Hashtags
	PartMentions                   // Mentions

	// AllParts is everything.
	AllParts = PartTime | PartLinks | PartHashtags | PartMentions
)

// Options say how [Post] completes a post. The zero value completes
// everything and brings it to its normal form.
type Options struct {
	// URLsAsGiven keeps addresses as given but for white space around them.
	URLsAsGiven bool
	// HashtagsAsGiven keeps hashtags as given but for white space around
	// them and '#' before them.
	HashtagsAsGiven bool
	// Parts are the parts to complete; no other part is touched or costs
	// anything. Zero means all.
	Parts Parts
}

// Post completes a post in place.
//
// What the source gave is taken over; what it did not give (a nil list) is
// taken from the text. A list that is empty but not nil says that there is
// nothing, and is believed. Each link gets its canonical address, or the one
// given where that is no http address. Hashtags get their normal form. Handles
// that are taken from the text are in lower case, since platforms do not tell
// them apart by case; those that the source gave, which may be ids, stay. Empty
// entries are left out. The time is brought to UTC.
//
// Completing a post again changes nothing.
func Post(p *post.Post, o Options) {
	parts := o.Parts
	if parts == 0 {
		parts = AllParts
	}
	if parts&PartTime != 0 && p.Time.Location() != time.UTC {
		p.Time = p.Time.UTC()
	}
	if parts&PartLinks != 0 {
		links(p, o.URLsAsGiven)
	}
	if parts&PartHashtags != 0 {
		hashtags(p, o.HashtagsAsGiven)
	}
	if parts&PartMentions != 0 && p.Mentions == nil {
		p.Mentions = Mentions(p.Text)
		for i, m := range p.Mentions {
			p.Mentions[i] = lower(m)
		}
	}
}

// links completes the links.
func links(p *post.Post, asGiven bool) {
	if p.Links == nil {
		if found := Links(p.Text); found != nil {
			p.Links = make([]post.Link, len(found))
			for i, s := range found {
				p.Links[i].Given = s
			}
		}
	}
	missing := false
	for i := range p.Links {
		l := &p.Links[i]
		if l.Given == "" {
			l.Given = l.URL
		}
		l.URL = Address(l.Given, asGiven)
		missing = missing || l.URL == ""
	}
	if missing {
		p.Links = slices.DeleteFunc(p.Links, func(l post.Link) bool { return l.URL == "" })
	}
}

// Address gives the address that stands for given: its canonical form, or
// given itself, trimmed, where the caller wants that or where it has none.
func Address(given string, asGiven bool) string {
	if !asGiven {
		if u, err := URL(given); err == nil {
			return u
		}
	}
	return strings.TrimSpace(given)
}

// Tag gives the hashtag that stands for given: its normal form, or given
// itself without '#' and white space around it.
func Tag(given string, asGiven bool) string {
	if asGiven {
		return trimTag(given)
	}
	return Hashtag(given)
}

// hashtags completes the hashtags.
func hashtags(p *post.Post, asGiven bool) {
	if p.Hashtags == nil {
		p.Hashtags = Hashtags(p.Text)
	}
	missing := false
	for i, t := range p.Hashtags {
		p.Hashtags[i] = Tag(t, asGiven)
		missing = missing || p.Hashtags[i] == ""
	}
	if missing {
		p.Hashtags = slices.DeleteFunc(p.Hashtags, func(t string) bool { return t == "" })
	}
}
