package feed

import (
	"bytes"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/saintfish/chardet"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
)

var (
	declaration = regexp.MustCompile(`^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["'][^>]*\?>`)
	xmlHead     = regexp.MustCompile(`^\s*<\?xml[^>]{0,200}\?>`)
)

// decode brings a document to UTF-8, whatever it declares: what is valid UTF-8
// is taken as that. Else the declared encoding, that of the Content-Type and a
// guess from the bytes are tried, and the one wins that leaves the fewest
// characters that no text has; of equals the first. The declaration of an XML
// document is removed, since it holds no longer.
func decode(body []byte, contentType string) []byte {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	var names []string
	if m := declaration.FindSubmatch(body[:min(len(body), 1024)]); m != nil {
		names = append(names, string(m[1]))
	}
	if _, params, err := mime.ParseMediaType(contentType); err == nil && params["charset"] != "" {
		names = append(names, params["charset"])
	}
	switch {
	case bytes.HasPrefix(body, []byte("\xff\xfe")) || bytes.HasPrefix(body, []byte("\xfe\xff")):
		names = append([]string{"utf-16"}, names...)
	case utf8.Valid(body) && bytes.Contains(body, []byte("\x1b$")):
		if out, err := japanese.ISO2022JP.NewDecoder().Bytes(body); err == nil {
			body = out
		}
		names = nil
	case utf8.Valid(body):
		names = nil
	default:
		if guess, err := chardet.NewTextDetector().DetectBest(body[:min(len(body), 64<<10)]); err == nil {
			names = append(names, guess.Charset)
		}
		names = append(names, "utf-8")
	}
	if len(names) > 0 {
		body = fewestStrange(body, names)
	}
	return xmlHead.ReplaceAll(body, nil)
}

func fewestStrange(body []byte, names []string) []byte {
	best, least := bytes.ToValidUTF8(body, []byte("\uFFFD")), -1
	for _, name := range names {
		var e encoding.Encoding
		if e, _ = charset.Lookup(name); e == nil {
			continue
		}
		out, err := e.NewDecoder().Bytes(body)
		if err != nil {
			continue
		}
		if n := strange(out); least < 0 || n < least {
			best, least = out, n
		}
	}
	return bytes.ToValidUTF8(best, []byte("\uFFFD"))
}

// strange counts characters that stand for an encoding that is not the one:
// replacements and control characters.
func strange(b []byte) (n int) {
	for _, r := range string(b) {
		if r == utf8.RuneError || r >= 0x7f && r < 0xa0 || r < ' ' && !strings.ContainsRune("\t\n\r", r) {
			n++
		}
	}
	return n
}
