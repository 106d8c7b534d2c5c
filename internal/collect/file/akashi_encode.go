package file

import (
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/akashi-project/akashi/internal/post"
)

// AppendPost appends p to dst in Akashi's own format: one JSON object and a
// newline. Empty fields are left out, but a list that is empty and not nil, which
// says that there is nothing, is written. What is read back equals what was
// written, but for Origin and Raw, which belong to the file, for the canonical
// addresses of links, which are derived, and for sequences that are not UTF-8,
// which become U+FFFD.
//
// The object's keys are platform, id, account{id, handle, name}, channel,
// time (RFC 3339, UTC), text, lang, url, links, hashtags, mentions,
// media[{id, url, hash}], repost_of, reply_to, quote_of, object, labels and
// synthetic.
func AppendPost(dst []byte, p *post.Post) []byte {
	dst = append(dst, '{')
	start := len(dst)
	dst = appendField(dst, start, "platform", p.Platform)
	dst = appendField(dst, start, "id", p.ID)
	if p.Account != (post.Account{}) {
		dst = appendKey(dst, start, "account")
		dst = append(dst, '{')
		inner := len(dst)
		dst = appendField(dst, inner, "id", p.Account.ID)
		dst = appendField(dst, inner, "handle", p.Account.Handle)
		dst = appendField(dst, inner, "name", p.Account.Name)
		dst = append(dst, '}')
	}
	dst = appendField(dst, start, "channel", p.Channel)
	if !p.Time.IsZero() {
		dst = appendKey(dst, start, "time")
		dst = append(dst, '"')
		dst = p.Time.UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, '"')
	}
	dst = appendField(dst, start, "text", p.Text)
	dst = appendField(dst, start, "lang", p.Lang)
	dst = appendField(dst, start, "url", p.URL)
	if p.Links != nil {
		dst = appendKey(dst, start, "links")
		dst = append(dst, '[')
		for i, l := range p.Links {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, l.Given)
		}
		dst = append(dst, ']')
	}
	dst = appendList(dst, start, "hashtags", p.Hashtags)
	dst = appendList(dst, start, "mentions", p.Mentions)
	if len(p.Media) > 0 {
		dst = appendKey(dst, start, "media")
		dst = append(dst, '[')
		for i, m := range p.Media {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, '{')
			inner := len(dst)
			dst = appendField(dst, inner, "id", m.ID)
			dst = appendField(dst, inner, "url", m.URL)
			dst = appendField(dst, inner, "hash", m.Hash)
			dst = append(dst, '}')
		}
		dst = append(dst, ']')
	}
	dst = appendField(dst, start, "repost_of", p.RepostOf)
	dst = appendField(dst, start, "reply_to", p.ReplyTo)
	dst = appendField(dst, start, "quote_of", p.QuoteOf)
	dst = appendField(dst, start, "object", p.Object)
	dst = appendLabels(dst, start, p.Labels)
	if p.Synthetic {
		dst = appendKey(dst, start, "synthetic")
		dst = append(dst, "true"...)
	}
	return append(dst, '}', '\n')
}

// Encode writes p to w in Akashi's own format, as [AppendPost] gives it.
func Encode(w io.Writer, p *post.Post) error {
	if _, err := w.Write(AppendPost(nil, p)); err != nil {
		return fmt.Errorf("writing post %s: %w", p.ID, err)
	}
	return nil
}

func appendKey(dst []byte, start int, key string) []byte {
	if len(dst) > start {
		dst = append(dst, ',')
	}
	dst = append(dst, '"')
	dst = append(dst, key...)
	return append(dst, '"', ':')
}

func appendField(dst []byte, start int, key, value string) []byte {
	if value == "" {
		return dst
	}
	return appendString(appendKey(dst, start, key), value)
}

func appendList(dst []byte, start int, key string, values []string) []byte {
	if values == nil {
		return dst
	}
	dst = append(appendKey(dst, start, key), '[')
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, v)
	}
	return append(dst, ']')
}

// appendLabels writes the labels sorted by name, so that equal posts give
// equal bytes.
func appendLabels(dst []byte, start int, labels map[string]string) []byte {
	if len(labels) == 0 {
		return dst
	}
	dst = append(appendKey(dst, start, "labels"), '{')
	for i, k := range sortedKeys(labels) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, k), ':')
		dst = appendString(dst, labels[k])
	}
	return append(dst, '}')
}

const hexDigits = "0123456789abcdef"

// appendString writes s as a JSON string.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(dst, s[from:i]...)
				dst = append(dst, "\uFFFD"...)
				from = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

// shorten gives s within n runes, quoted, for a message.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) > n {
		runes := []rune(s[:min(len(s), 4*n)])
		s = string(runes[:min(n, len(runes))]) + "…"
	}
	return strconv.Quote(s)
}
