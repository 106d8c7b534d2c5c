package duck

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/akashi-project/akashi/internal/post"
)

// errBody says that a stored post cannot be read: the file is damaged.
var errBody = errors.New("a stored post is damaged")

// bodyVersion stands first in every body.
const bodyVersion = 1

// Marks of a body.
const (
	bodySynthetic = 1 << iota
	bodyTextIsFolded
)

// appendBody encodes a post but for its time and raw record. The text is left
// out where it is its own folded form, which stands beside it.
func appendBody(b []byte, p *post.Post, folded string) []byte {
	var marks byte
	if p.Synthetic {
		marks |= bodySynthetic
	}
	if p.Text == folded {
		marks |= bodyTextIsFolded
	}
	b = append(b, bodyVersion, marks)
	for _, s := range []string{
		p.Platform, p.ID, p.Account.ID, p.Account.Handle, p.Account.Name, p.Channel, p.Lang, p.URL,
		p.RepostOf, p.ReplyTo, p.QuoteOf, p.Object, p.Origin.File,
	} {
		b = appendString(b, s)
	}
	b = binary.AppendVarint(b, p.Origin.Line)
	b = appendCount(b, len(p.Links), p.Links == nil)
	for _, l := range p.Links {
		b = appendString(b, l.Given)
		if l.URL == l.Given {
			b = append(b, 0)
			continue
		}
		b = appendString(append(b, 1), l.URL)
	}
	for _, list := range [][]string{p.Hashtags, p.Mentions} {
		b = appendCount(b, len(list), list == nil)
		for _, s := range list {
			b = appendString(b, s)
		}
	}
	b = appendCount(b, len(p.Media), p.Media == nil)
	for _, m := range p.Media {
		b = appendString(appendString(appendString(b, m.ID), m.URL), m.Hash)
	}
	b = appendCount(b, len(p.Labels), p.Labels == nil)
	if len(p.Labels) > 0 {
		for _, k := range slices.Sorted(maps.Keys(p.Labels)) {
			b = appendString(appendString(b, k), p.Labels[k])
		}
	}
	if marks&bodyTextIsFolded == 0 {
		b = appendString(b, p.Text)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendCount encodes the length of a list that may be nil.
func appendCount(b []byte, n int, none bool) []byte {
	if none {
		return append(b, 0)
	}
	return binary.AppendUvarint(b, uint64(n)+1) //nolint:gosec // lengths are not negative
}

// body decodes what appendBody made. The post's strings are parts of s.
func body(s, folded string, p *post.Post) error {
	r := reader{s: s}
	if r.byte() != bodyVersion {
		return errBody
	}
	marks := r.byte()
	*p = post.Post{Synthetic: marks&bodySynthetic != 0}
	for _, to := range []*string{
		&p.Platform, &p.ID, &p.Account.ID, &p.Account.Handle, &p.Account.Name, &p.Channel, &p.Lang, &p.URL,
		&p.RepostOf, &p.ReplyTo, &p.QuoteOf, &p.Object, &p.Origin.File,
	} {
		*to = r.string()
	}
	p.Origin.Line = r.varint()
	if n, some := r.count(); some {
		p.Links = make([]post.Link, n)
		for i := range p.Links {
			l := &p.Links[i]
			l.Given = r.string()
			if l.URL = l.Given; r.byte() == 1 {
				l.URL = r.string()
			}
		}
	}
	for _, to := range []*[]string{&p.Hashtags, &p.Mentions} {
		if n, some := r.count(); some {
			*to = make([]string, n)
			for i := range *to {
				(*to)[i] = r.string()
			}
		}
	}
	if n, some := r.count(); some {
		p.Media = make([]post.Media, n)
		for i := range p.Media {
			p.Media[i] = post.Media{ID: r.string(), URL: r.string(), Hash: r.string()}
		}
	}
	if n, some := r.count(); some {
		p.Labels = make(map[string]string, n)
		for range n {
			k := r.string()
			p.Labels[k] = r.string()
		}
	}
	if p.Text = folded; marks&bodyTextIsFolded == 0 {
		p.Text = r.string()
	}
	if r.bad || r.s != "" {
		return errBody
	}
	return nil
}

// reader takes values from the front of a body.
type reader struct {
	s   string
	bad bool
}

func (r *reader) byte() byte {
	if r.s == "" {
		r.bad = true
		return 0
	}
	b := r.s[0]
	r.s = r.s[1:]
	return b
}

func (r *reader) uvarint() uint64 {
	var x uint64
	for shift := 0; shift < 64; shift += 7 {
		b := r.byte()
		x |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return x
		}
	}
	r.bad = true
	return 0
}

func (r *reader) varint() int64 {
	x := r.uvarint()
	return int64(x>>1) ^ -int64(x&1) //nolint:gosec // zigzag, as encoding/binary
}

func (r *reader) string() string {
	n := r.uvarint()
	if n > uint64(len(r.s)) {
		r.bad = true
		return ""
	}
	s := r.s[:n]
	r.s = r.s[n:]
	return s
}

// count reads the length of a list; some is false where the list is nil. A list
// has at least a byte for each entry.
func (r *reader) count() (n int, some bool) {
	c := r.uvarint()
	if c == 0 {
		return 0, false
	}
	if c-1 > uint64(len(r.s)) {
		r.bad = true
		return 0, false
	}
	return int(c - 1), true //nolint:gosec // checked above
}
