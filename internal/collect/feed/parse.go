package feed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"

	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
)

// Platform is the platform of posts from the web.
const Platform = "web"

const (
	// maxEntries bounds how many entries of one document are read.
	maxEntries = 5000
	// maxText bounds a post's text in bytes.
	maxText = 1 << 20
	// skew is how far ahead of the collector an outlet's clock may be.
	skew = 5 * time.Minute
)

var earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// DocumentError says that a document could not be read as what it should be.
type DocumentError struct {
	Where string
	Err   error
}

func (e *DocumentError) Error() string { return e.Where + " is no feed or sitemap that can be read" }

func (e *DocumentError) Unwrap() error { return e.Err }

// Kind is "bad data".
func (*DocumentError) Kind() string { return "bad data" }

// Document is a feed as it was read once.
type Document struct {
	Posts []post.Post
	// Skipped counts entries that say nothing at all, and those beyond the
	// bound.
	Skipped int
	// Hub and Self are what the document states for WebSub.
	Hub, Self string
}

// Parse reads a feed that came from an address at a time. outlet is the
// account's id; empty means the registrable domain of the address.
func Parse(body []byte, contentType string, from *url.URL, outlet string, at time.Time) (*Document, error) {
	parser := gofeed.NewParser()
	parser.KeepOriginalFeed = false
	text := decode(body, contentType)
	read, err := safely(parser, text)
	if err != nil {
		return nil, &DocumentError{from.Scheme + "://" + from.Host + from.Path, err}
	}
	if outlet == "" {
		outlet = outletOf(from)
	}
	d := &Document{}
	base := from
	if u := resolve(from, read.Link); u != "" {
		base, _ = url.Parse(u)
	}
	d.Self = resolve(from, read.FeedLink)
	d.Hub = hubLink(text, from)
	for i, item := range read.Items {
		if i >= maxEntries {
			d.Skipped += len(read.Items) - i
			break
		}
		if item == nil {
			d.Skipped++
			continue
		}
		p, ok := entry(item, read, base, outlet, at)
		if !ok {
			d.Skipped++
			continue
		}
		d.Posts = append(d.Posts, p)
	}
	return d, nil
}

// safely keeps a panic of the parser on strange input from ending more than
// the reading of that input.
func safely(p *gofeed.Parser, text []byte) (f *gofeed.Feed, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the parser gave up (%T)", r)
		}
	}()
	return p.Parse(bytes.NewReader(text)) //nolint:wrapcheck // wrapped by the caller
}

func outletOf(u *url.URL) string {
	if d := normalise.Domain(u.String()); d != "" {
		return d
	}
	return strings.ToLower(u.Hostname())
}

// entry makes a post of an entry.
func entry(item *gofeed.Item, of *gofeed.Feed, base *url.URL, outlet string, at time.Time) (post.Post, bool) {
	content := item.Content
	if content == "" {
		content = item.Description
	}
	title, _, _ := plain(item.Title, nil)
	body, links, media := plain(content, base)
	address := resolve(base, item.Link)
	if title == "" && body == "" && address == "" {
		return post.Post{}, false
	}
	text := title
	if body != "" && body != title {
		text = strings.TrimSpace(title + "\n\n" + body)
	}
	p := post.Post{
		Platform: Platform, ID: identity(item.GUID, address, text, outlet),
		Account: post.Account{ID: outlet, Handle: outlet},
		Time:    published(at, item.PublishedParsed, item.UpdatedParsed),
		Text:    cut(text), Lang: of.Language, URL: address, Links: links, Media: media,
	}
	if item.Image != nil {
		p.Media = append(p.Media, post.Media{URL: resolve(base, item.Image.URL)})
	}
	for _, e := range item.Enclosures {
		if e != nil && len(p.Media) < maxLinks {
			p.Media = append(p.Media, post.Media{URL: resolve(base, e.URL)})
		}
	}
	p.Media = withoutEmpty(p.Media)
	if raw, err := json.Marshal(item); err == nil { // a year beyond 9999 cannot be written
		p.Raw = raw
	}
	return p, true
}

func withoutEmpty(all []post.Media) []post.Media {
	seen := map[string]bool{"": true}
	kept := all[:0]
	for _, m := range all {
		if !seen[m.URL] {
			seen[m.URL] = true
			kept = append(kept, m)
		}
	}
	return kept
}

// identity gives the id of an entry. Only an address of the outlet's own
// domain stands for itself: nobody can bring a new version of another's post.
func identity(guid, address, text, outlet string) string {
	guid = strings.TrimSpace(guid)
	if guid == "" && address != "" {
		guid = address
		if u, err := normalise.URL(address); err == nil {
			guid = u
		}
	}
	if guid == "" {
		sum := sha256.Sum256([]byte(normalise.Text(text)))
		guid = "sha256:" + hex.EncodeToString(sum[:16])
	}
	if u, err := url.Parse(guid); err == nil && (u.Scheme == "http" || u.Scheme == "https") && outletOf(u) == outlet {
		return guid
	}
	return outlet + " " + guid
}

// published gives the first of the times that can be true, else when the entry
// was seen: it may be neither before the web nor ahead of the clock.
func published(at time.Time, stated ...*time.Time) time.Time {
	for _, t := range stated {
		if t != nil && t.After(earliest) && !t.After(at.Add(skew)) {
			return t.UTC()
		}
	}
	return at.UTC()
}

func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "")
}
