package simulate

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/akashi-project/akashi/internal/post"
)

// ref is what must be known of a post to answer or repeat it.
type ref struct {
	id, handle, text string
	account          int32
	platform         int
	rate             float64
	lang             *language
	links            []string
}

// draft is what a post has beside the text in the engine's buffer.
type draft struct {
	links   []string
	image   string // hash of an image
	replyTo *ref
	repost  *ref
}

// publish makes the post whose text is in e.buf and hands it over. It returns
// what is needed to refer to it.
func (e *engine) publish(at int64, who int32, d draft) (ref, error) {
	a := &e.accounts[who]
	a.posts++
	e.posts++
	p := &post.Post{
		Platform:  e.platforms[a.platform],
		Account:   a.Account,
		Time:      e.sc.Start.Add(e.sc.Shift + time.Duration(at)*time.Millisecond).Truncate(time.Second).UTC(),
		Lang:      a.lang.code,
		Synthetic: true,
	}
	e.address(p, a, at)
	switch {
	case d.repost != nil:
		e.repeat(p, d.repost)
	default:
		e.compose(p, d)
	}
	if d.image != "" {
		p.Media = []post.Media{e.media(p, d.image)}
	}
	if d.replyTo != nil {
		p.ReplyTo = d.replyTo.id
		p.Mentions = []string{d.replyTo.handle}
	}
	made := ref{p.ID, a.Handle, p.Text, who, a.platform, a.rate, a.lang, d.links}
	if d.repost == nil && d.replyTo == nil {
		a.lang.recent[a.platform].add(made)
	}
	if p.Platform == "sim-telegram" {
		p.Lang = "" // this kind of platform does not declare a language
	}
	return made, e.yield(p)
}

// address gives a post its id and its permalink.
func (e *engine) address(p *post.Post, a *account, at int64) {
	number := uint64(1)<<60 | uint64(at)<<20 | uint64(e.posts)&(1<<20-1)
	b := make([]byte, 0, 96)
	switch p.Platform {
	case "sim-bluesky":
		var key [13]byte
		for i := range key {
			key[i] = base32Digits[number>>(60-5*i)&31]
		}
		b = append(b, "at://"...)
		b = append(b, a.ID...)
		b = append(b, "/app.sim.feed.post/"...)
		b = append(b, key[:]...)
		p.ID = string(b)
		b = append(b[:0], "https://sim-bluesky.example/profile/"...)
		b = append(b, a.Handle...)
		b = append(b, "/post/"...)
		b = append(b, key[:]...)
		p.URL = string(b)
	case "sim-telegram":
		b = append(b, "https://sim-telegram.example/"...)
		from := len(b)
		b = append(b, a.Handle...)
		b = append(b, '/')
		b = strconv.AppendInt(b, int64(a.posts), 10)
		p.URL = string(b)
		p.ID = p.URL[from:]
	default:
		b = append(b, "https://"...)
		b = append(b, p.Platform...)
		b = append(b, ".example/"...)
		b = append(b, a.Handle...)
		b = append(b, "/status/"...)
		from := len(b)
		b = strconv.AppendUint(b, number, 10)
		p.URL = string(b)
		p.ID = p.URL[from:]
	}
}

// compose finishes the text with the links and reads the hashtags from it.
func (e *engine) compose(p *post.Post, d draft) {
	for _, link := range d.links {
		if len(e.buf) > 0 {
			e.buf = append(e.buf, ' ')
		}
		e.buf = append(e.buf, link...)
	}
	p.Links = given(d.links)
	p.Text = string(e.buf)
	e.buf = e.buf[:0]
	p.Hashtags = hashtags(p.Text)
}

// repeat makes a repost as each platform tells it.
func (e *engine) repeat(p *post.Post, of *ref) {
	e.buf = e.buf[:0]
	p.RepostOf = of.id
	switch p.Platform {
	case "sim-bluesky": // carries nothing but the reference
	case "sim-telegram":
		p.Text = of.text
		p.Links, p.Hashtags = given(of.links), hashtags(of.text)
	default:
		p.Text = "RT @" + of.handle + ": " + of.text
		p.Links, p.Hashtags = given(of.links), hashtags(of.text)
	}
}

// given makes links of addresses; posts share none, so that a reader may
// change what it was handed.
func given(links []string) []post.Link {
	if len(links) == 0 {
		return nil
	}
	out := make([]post.Link, len(links))
	for i, link := range links {
		out[i].Given = link
	}
	return out
}

func (e *engine) media(p *post.Post, hash string) post.Media {
	id := "m" + strconv.FormatInt(int64(e.posts), 36)
	return post.Media{ID: id, URL: fmt.Sprintf("https://media.%s.example/%s.png", p.Platform, id), Hash: hash}
}

// hashtags finds the tags in a text, in order.
func hashtags(text string) []string {
	var tags []string
	for rest := text; ; {
		i := strings.IndexByte(rest, '#')
		if i < 0 {
			return tags
		}
		rest = rest[i+1:]
		if n := tagLen(rest); n > 0 {
			if tags == nil {
				tags = make([]string, 0, 4)
			}
			tags = append(tags, rest[:n])
			rest = rest[n:]
		}
	}
}

// tagLen is the length of the hashtag at the start of s.
func tagLen(s string) int {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError || r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) {
			return i
		}
		i += n
	}
	return len(s)
}

// addTags appends hashtags to the text.
func (e *engine) addTags(tags ...string) {
	for _, tag := range tags {
		if len(e.buf) > 0 && !bytes.HasSuffix(e.buf, []byte(" ")) {
			e.buf = append(e.buf, ' ')
		}
		e.buf = append(e.buf, '#')
		e.buf = append(e.buf, tag...)
	}
}
