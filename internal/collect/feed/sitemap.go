package feed

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zeebo/xxh3"
	"golang.org/x/net/html/charset"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
)

const (
	// maxPages is how many addresses one sitemap may have (the protocol says
	// 50,000), maxSitemaps how many sitemaps of an index are read.
	maxPages    = 50_000
	maxSitemaps = 200
	// maxSitemap bounds a sitemap in bytes, unpacked (the protocol's 50 MiB).
	maxSitemap = 50 << 20
)

// Page is one address of a sitemap.
type Page struct {
	URL string
	// Modified is lastmod, or the publication date of a news sitemap; zero
	// where there is neither.
	Modified time.Time
	// Title and Lang are a news sitemap's.
	Title, Lang string
}

// ParseSitemap reads a sitemap or an index of sitemaps (sitemaps.org 0.9, news
// sitemaps), packed with gzip or not. Addresses on other hosts than the
// sitemap's are left out, as the protocol has it.
func ParseSitemap(body []byte, from *url.URL) (pages, sitemaps []Page, err error) {
	bad := func(err error) error { return &DocumentError{from.Scheme + "://" + from.Host + from.Path, err} }
	if bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, nil, bad(err)
		}
		if body, err = io.ReadAll(io.LimitReader(z, maxSitemap+1)); err != nil {
			return nil, nil, bad(err)
		}
		if len(body) > maxSitemap {
			return nil, nil, bad(errors.New("it is too large"))
		}
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = charset.NewReaderLabel
	d.Strict = false
	root := false
	for len(pages) < maxPages && len(sitemaps) < maxPages {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if len(pages)+len(sitemaps) > 0 {
				break // what came before the damage is good
			}
			return nil, nil, bad(err)
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "urlset", "sitemapindex":
			root = true
		case "url", "sitemap":
			var e struct {
				Loc     string `xml:"loc"`
				Lastmod string `xml:"lastmod"`
				News    struct {
					Date  string `xml:"publication_date"`
					Title string `xml:"title"`
					Lang  string `xml:"publication>language"`
				} `xml:"news"`
			}
			if d.DecodeElement(&e, &start) != nil {
				continue
			}
			at := resolve(from, e.Loc)
			u, err := url.Parse(at)
			if at == "" || err != nil || !strings.EqualFold(u.Host, from.Host) {
				continue
			}
			p := Page{URL: at, Title: strings.TrimSpace(e.News.Title), Lang: strings.TrimSpace(e.News.Lang)}
			p.Modified, _ = normalise.Time(strings.TrimSpace(cmp.Or(e.Lastmod, e.News.Date)), nil) // a day alone is its midnight
			if start.Name.Local == "url" {
				pages = append(pages, p)
			} else {
				sitemaps = append(sitemaps, p)
			}
		}
	}
	if !root {
		return nil, nil, bad(errors.New("it is no sitemap"))
	}
	return pages, sitemaps, nil
}

// SitemapConfig says which sitemap is read and how.
type SitemapConfig struct {
	// URL is the sitemap's address, or that of an index.
	URL string
	// Outlet is the account's id; empty means the registrable domain of URL.
	Outlet string
	// Since bounds the first reading: pages that were changed before it are
	// left alone. Pages without a date are read once.
	Since time.Time
	// PerRound is how many pages are read between two readings of the
	// sitemap (200), newest first; Every is how often it is read (1 h).
	PerRound int
	Every    time.Duration
	Client   *fetch.Client
	Clock    collect.Clock
}

// Sitemap is a site as a source of posts: the articles that its sitemap names.
type Sitemap struct {
	c   SitemapConfig
	url *url.URL
}

// NewSitemap makes a source; the error is collect.ConfigError.
func NewSitemap(c SitemapConfig) (*Sitemap, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || c.Client == nil {
		return nil, &collect.ConfigError{Err: errors.New("a sitemap needs an absolute address and a client to fetch with")}
	}
	c.Outlet = cmp.Or(c.Outlet, outletOf(u))
	c.PerRound = cmp.Or(c.PerRound, 200)
	c.Every = cmp.Or(c.Every, time.Hour)
	if c.Clock == nil {
		c.Clock = collect.RealTime()
	}
	return &Sitemap{c, u}, nil
}

// pagesDone is a sitemap's cursor: the forms (address and time) of pages that
// are in, of those that the sitemap still names.
type pagesDone struct {
	Done []uint64 `json:"done"`
}

func form(p *Page) uint64 {
	return xxh3.HashString(p.URL + "\x00" + p.Modified.UTC().Format(time.RFC3339Nano))
}

// Collect reads the sitemap and the pages that are new in it, again and again.
func (s *Sitemap) Collect(ctx context.Context, from []byte, to collect.Sink) error {
	var at pagesDone
	if from != nil {
		if err := json.Unmarshal(from, &at); err != nil {
			return &collect.ConfigError{Err: errors.New("the stored cursor is not a sitemap's")}
		}
	}
	done := map[uint64]bool{}
	for _, h := range at.Done {
		done[h] = true
	}
	for {
		pages, err := s.read(ctx, to)
		if err != nil {
			return err
		}
		if done, err = s.round(ctx, pages, done, to); err != nil {
			return err
		}
		if err := collect.Sleep(ctx, s.c.Clock, s.c.Every); err != nil {
			return err //nolint:wrapcheck // the context's end
		}
	}
}

// read gives all pages of the sitemap, of an index those of its sitemaps.
func (s *Sitemap) read(ctx context.Context, to collect.Sink) ([]Page, error) {
	var all []Page
	next := []Page{{URL: s.c.URL}}
	for n := 0; len(next) > 0 && n < maxSitemaps && len(all) < maxPages; n++ {
		one := next[0]
		next = next[1:]
		resp, err := s.c.Client.Get(ctx, one.URL)
		if err == nil {
			to.Note(collect.Note{Contact: true})
			var pages, more []Page
			if pages, more, err = ParseSitemap(resp.Body, resp.URL); err == nil {
				all = append(all, pages...)
				if one.URL == s.c.URL { // an index of indexes is not allowed
					next = more
				}
				continue
			}
		}
		if one.URL == s.c.URL || ctx.Err() != nil || !collect.RetryAt(err).IsZero() {
			return nil, fmt.Errorf("reading the sitemap: %w", err)
		}
		to.Note(collect.Note{Err: err})
	}
	return all, nil
}

// round reads pages that are not done, newest first, and gives what is done.
func (s *Sitemap) round(ctx context.Context, pages []Page, done map[uint64]bool, to collect.Sink) (map[uint64]bool, error) {
	slices.SortStableFunc(pages, func(a, b Page) int { return b.Modified.Compare(a.Modified) })
	still := make(map[uint64]bool, len(pages))
	for i := range pages {
		if h := form(&pages[i]); done[h] {
			still[h] = true
		}
	}
	n := 0
	for i := range pages {
		p := &pages[i]
		h := form(p)
		if still[h] || !p.Modified.IsZero() && p.Modified.Before(s.c.Since) {
			continue
		}
		if n++; n > s.c.PerRound {
			break
		}
		made, err := s.page(ctx, p)
		var network *fetch.NetworkError
		var status *fetch.StatusError
		switch {
		case err == nil:
		case ctx.Err() != nil, !collect.RetryAt(err).IsZero():
			return nil, err
		case errors.As(err, &network), errors.As(err, &status) && status.Temporary():
			to.Note(collect.Note{Err: err})
			continue // again in the next round
		default:
			to.Note(collect.Note{Err: err})
		}
		still[h] = true
		b, err := json.Marshal(pagesDone{sorted(still)})
		if err != nil {
			return nil, fmt.Errorf("writing the cursor: %w", err)
		}
		if err := to.Put(ctx, collect.Batch{Posts: made, Cursor: b}); err != nil {
			return nil, err //nolint:wrapcheck // the runner's
		}
	}
	return still, nil
}

func sorted(set map[uint64]bool) []uint64 {
	all := make([]uint64, 0, len(set))
	for h := range set {
		all = append(all, h)
	}
	slices.Sort(all)
	return all
}

// page reads one article. Its raw record is what the sitemap says of it and
// the text that was taken from the page.
func (s *Sitemap) page(ctx context.Context, p *Page) ([]post.Post, error) {
	resp, err := s.c.Client.Get(ctx, p.URL)
	if err != nil {
		return nil, err //nolint:wrapcheck // says where and what
	}
	a, err := ReadArticle(resp.Body, resp.Header.Get("Content-Type"), resp.URL)
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(cmp.Or(p.Title, a.Title) + "\n\n" + a.Text)
	raw, err := json.Marshal(map[string]any{"page": p, "article": a})
	if err != nil {
		return nil, fmt.Errorf("keeping the record: %w", err)
	}
	return []post.Post{{
		Platform: Platform, ID: identity("", p.URL, text, s.c.Outlet), Account: post.Account{ID: s.c.Outlet, Handle: s.c.Outlet},
		Time: published(resp.At, nonZero(a.Published), nonZero(p.Modified)), Text: cut(text), Lang: cmp.Or(p.Lang, a.Lang),
		URL: p.URL, Links: a.Links, Raw: raw,
	}}, nil
}

func nonZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
