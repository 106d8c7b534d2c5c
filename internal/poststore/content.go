package poststore

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/akashi-project/akashi/internal/post"
)

// SameContent says that two forms of a post say the same, so that the later one
// is no edit: text, language, address, links as given, hashtags, mentions,
// media, references, channel and object are equal. The account's handle and
// name, labels, the origin and the raw record do not count: another collector
// may bring the same post in another dress. The time is the post's own and does
// not count either; the first one stands.
func SameContent(a, b *post.Post) bool {
	return a.Text == b.Text && a.Lang == b.Lang && a.URL == b.URL && a.Channel == b.Channel && a.Object == b.Object &&
		a.RepostOf == b.RepostOf && a.ReplyTo == b.ReplyTo && a.QuoteOf == b.QuoteOf &&
		slices.EqualFunc(a.Links, b.Links, func(x, y post.Link) bool { return x.Given == y.Given }) &&
		slices.Equal(a.Hashtags, b.Hashtags) && slices.Equal(a.Mentions, b.Mentions) && slices.Equal(a.Media, b.Media)
}

// Clean brings a post to the form in which stores keep it: strings are valid
// UTF-8, with one U+FFFD for each run of bytes that is none, and the time is in
// UTC in whole microseconds. What is clean already is neither changed nor
// copied; what must be changed is copied first, so that slices shared with
// others stay as they are.
func Clean(p *post.Post) {
	for _, s := range []*string{
		&p.Platform, &p.ID, &p.Account.ID, &p.Account.Handle, &p.Account.Name, &p.Channel, &p.Text, &p.Lang, &p.URL,
		&p.RepostOf, &p.ReplyTo, &p.QuoteOf, &p.Object, &p.Origin.File,
	} {
		*s = valid(*s)
	}
	p.Hashtags, p.Mentions = cleanAll(p.Hashtags), cleanAll(p.Mentions)
	if slices.ContainsFunc(p.Links, func(l post.Link) bool { return !utf8.ValidString(l.Given) || !utf8.ValidString(l.URL) }) {
		p.Links = slices.Clone(p.Links)
		for i := range p.Links {
			p.Links[i].Given, p.Links[i].URL = valid(p.Links[i].Given), valid(p.Links[i].URL)
		}
	}
	if slices.ContainsFunc(p.Media, func(m post.Media) bool {
		return !utf8.ValidString(m.ID) || !utf8.ValidString(m.URL) || !utf8.ValidString(m.Hash)
	}) {
		p.Media = slices.Clone(p.Media)
		for i := range p.Media {
			m := &p.Media[i]
			m.ID, m.URL, m.Hash = valid(m.ID), valid(m.URL), valid(m.Hash)
		}
	}
	for k, v := range p.Labels {
		if utf8.ValidString(k) && utf8.ValidString(v) {
			continue
		}
		clean := make(map[string]string, len(p.Labels))
		for _, k := range slices.Sorted(maps.Keys(p.Labels)) {
			clean[valid(k)] = valid(p.Labels[k])
		}
		p.Labels = clean
		break
	}
	p.Time = micros(p.Time)
}

// cleanAll gives the strings in valid UTF-8, in a new slice if one changes.
func cleanAll(in []string) []string {
	if !slices.ContainsFunc(in, func(s string) bool { return !utf8.ValidString(s) }) {
		return in
	}
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = valid(s)
	}
	return out
}

// valid gives s in valid UTF-8.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// micros gives t in UTC in whole microseconds.
func micros(t time.Time) time.Time {
	if t.Location() == time.UTC && t.Nanosecond()%1000 == 0 {
		return t
	}
	return time.UnixMicro(t.UnixMicro()).UTC()
}

// Tombstone gives what is left of a post once it is deleted: where it stood, who
// published it by id, when, and whether it was made up.
func Tombstone(p *post.Post) post.Post {
	return post.Post{
		Platform: p.Platform, ID: p.ID, Account: post.Account{ID: p.Account.ID}, Time: p.Time, Synthetic: p.Synthetic,
	}
}

// BinStart gives the start of the bin that t lies in. Bins are counted from
// Monday, 1 January of the year 1, 00:00 UTC, so that bins of a week begin on
// Mondays.
func BinStart(t time.Time, bin time.Duration) time.Time { return t.UTC().Truncate(bin) }
