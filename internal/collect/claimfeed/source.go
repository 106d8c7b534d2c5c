package claimfeed

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
	"golang.org/x/net/html/charset"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/feed"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/collect/poll"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
)

// Platform is the platform of posts that stand for claims.
const Platform = "claims"

// tries is how often a page is asked for that may be there later.
const tries = 5

// Kind is a publication of reviewed claims as a kind of source.
func Kind() collect.Kind {
	return collect.Kind{
		Name: "claimfeed", Platform: Platform,
		Settings: []collect.Setting{
			{Key: "url", Type: collect.AddressSetting, Required: true},
			{Key: "every", Type: collect.DurationSetting, Default: "30m"},
			{Key: "headings", Type: collect.ListSetting},
		},
		Open: open,
	}
}

func open(env collect.Env, v collect.Values) (collect.Source, error) {
	u, err := url.Parse(v.Text("url"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, &collect.SettingError{Key: "url", Err: errors.New("an address such as https://example.org/feed is needed")}
	}
	if env.Pages == nil {
		return nil, &collect.ConfigError{Err: errors.New("a feed needs a client to fetch with")}
	}
	s := &source{pages: env.Pages, clock: env.Clock, url: u}
	if s.clock == nil {
		s.clock = collect.RealTime()
	}
	if s.every, err = v.Duration("every", 30*time.Minute); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.headings, err = headings(v.List("headings")); err != nil {
		return nil, &collect.SettingError{Key: "headings", Err: err}
	}
	return s, nil
}

// headings adds to the usual headings those of a setting, each as in
// "response=Our verdict".
func headings(list []string) (Headings, error) {
	h := Usual()
	parts := map[string]*[]string{"summary": &h.Summary, "response": &h.Response, "outlet": &h.Outlets, "date": &h.Date, "language": &h.Languages}
	for _, l := range list {
		name, words, _ := strings.Cut(l, "=")
		to, ok := parts[strings.TrimSpace(name)]
		if !ok || heading(words) == "" {
			return h, errors.New("a part and its heading such as response=Our verdict are needed; parts are summary, response, outlet, date and language")
		}
		*to = append(*to, words)
	}
	return h, nil
}

type source struct {
	pages    *fetch.Client
	clock    collect.Clock
	url      *url.URL
	every    time.Duration
	headings Headings
}

// cursor is which forms of which entries have been read, and how often others
// could not be. ETag and Modified are those of an answer all of whose entries
// have been read.
type cursor struct {
	ETag     string         `json:"etag,omitempty"`
	Modified string         `json:"modified,omitempty"`
	Entries  []uint64       `json:"entries,omitempty"`
	Failed   map[uint64]int `json:"failed,omitempty"`
}

type run struct {
	*source
	to collect.Sink
	at cursor
}

// Collect polls the feed and reads the page of each entry that is new.
func (s *source) Collect(ctx context.Context, from []byte, to collect.Sink) error {
	r := &run{source: s, to: to}
	if err := poll.ReadCursor(from, &r.at); err != nil {
		return err //nolint:wrapcheck // a configuration error
	}
	return poll.Loop(ctx, s.clock, to, max(s.every, time.Minute), r.pass) //nolint:wrapcheck // the pass's own
}

func (r *run) pass(ctx context.Context) error {
	resp, err := r.pages.Do(ctx, fetch.Request{
		URL: r.url.String(), ETag: r.at.ETag, LastModified: r.at.Modified, NoRobots: true,
		Header: http.Header{"Accept": {"application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"}},
	})
	if err != nil {
		return r.unread(err)
	}
	r.to.Note(collect.Note{Contact: true})
	if resp.NotModified() {
		return nil
	}
	d, err := feed.Parse(resp.Body, resp.Header.Get("Content-Type"), resp.URL, "", r.clock.Now())
	if err != nil {
		return &poll.FormatError{Where: r.url.Scheme + "://" + r.url.Host + r.url.Path, Why: "the answer is no feed"}
	}
	var all []uint64
	whole := true
	for i := range slices.Backward(d.Posts) { // the newest stands first
		p := &d.Posts[i]
		h := xxh3.HashString(p.ID + "\x00" + p.Text + "\x00" + p.URL)
		all = append(all, h)
		if p.URL == "" || slices.Contains(r.at.Entries, h) {
			continue
		}
		posts, err := r.page(ctx, p)
		switch {
		case err != nil && (ctx.Err() != nil || !collect.RetryAt(err).IsZero()):
			return err
		case err != nil && later(err) && r.at.Failed[h]+1 < tries:
			r.to.Note(collect.Note{Err: err})
			if r.at.Failed == nil {
				r.at.Failed = map[uint64]int{}
			}
			r.at.Failed[h]++
			whole = false
			continue
		case err != nil:
			r.to.Note(collect.Note{Err: err})
		}
		delete(r.at.Failed, h)
		r.at.Entries = append(r.at.Entries, h)
		if err := r.put(ctx, posts); err != nil {
			return err
		}
	}
	slices.Sort(all)
	r.at.Entries = slices.DeleteFunc(r.at.Entries, func(h uint64) bool { _, ok := slices.BinarySearch(all, h); return !ok })
	for h := range r.at.Failed {
		if _, ok := slices.BinarySearch(all, h); !ok {
			delete(r.at.Failed, h)
		}
	}
	r.at.ETag, r.at.Modified = "", ""
	if whole {
		r.at.ETag, r.at.Modified = resp.ETag, resp.LastModified
	}
	return r.put(ctx, nil)
}

// unread gives the error of a feed that could not be fetched: one that ends the
// source, one that may go away, or one to wait for.
func (r *run) unread(err error) error {
	refused, isRefused := errors.AsType[*fetch.RefusedError](err)
	if isRefused {
		return &collect.ConfigError{Err: refused}
	}
	if status, ok := errors.AsType[*fetch.StatusError](err); ok {
		as := &poll.RefusalError{Where: status.Where, Code: status.Code}
		if status.Temporary() {
			return as
		}
		return poll.Configured(as) //nolint:wrapcheck // says where
	}
	return err
}

// later says whether a page that could not be had may be there later.
func later(err error) bool {
	if status, ok := errors.AsType[*fetch.StatusError](err); ok {
		return status.Temporary()
	}
	_, network := errors.AsType[*fetch.NetworkError](err)
	return network
}

func (r *run) put(ctx context.Context, posts []post.Post) error {
	b, err := json.Marshal(r.at)
	if err != nil {
		return fmt.Errorf("writing the cursor: %w", err)
	}
	return r.to.Put(ctx, collect.Batch{Posts: posts, Cursor: b}) //nolint:wrapcheck // the runner's
}

// page reads the claims of an entry's page.
func (r *run) page(ctx context.Context, entry *post.Post) ([]post.Post, error) {
	resp, err := r.pages.Get(ctx, entry.URL)
	if err != nil {
		return nil, err //nolint:wrapcheck // says where and what
	}
	r.to.Note(collect.Note{Contact: true})
	body := resp.Body
	if !utf8.Valid(body) {
		if in, err := charset.NewReader(bytes.NewReader(body), resp.Header.Get("Content-Type")); err == nil {
			if decoded, err := io.ReadAll(in); err == nil {
				body = decoded
			}
		}
	}
	claims, err := ParseWith(body, resp.URL, r.headings)
	if err != nil {
		return nil, err
	}
	return posts(claims, resp.URL, entry.Time, r.clock.Now())
}

// posts makes a post of each claim of a page. A claim without a time of review
// that can be has that of the entry.
func posts(claims []Claim, page *url.URL, entry, now time.Time) ([]post.Post, error) {
	id, err := normalise.URL(page.String())
	if err != nil {
		return nil, &PageError{fmt.Errorf("its address: %w", err)}
	}
	outlet := cmp.Or(normalise.Domain(id), strings.ToLower(page.Hostname()))
	var all []post.Post
	for i, c := range claims {
		raw, err := json.Marshal(c)
		if err != nil {
			return nil, fmt.Errorf("writing a claim: %w", err)
		}
		at := c.Reviewed
		if at.IsZero() || at.After(now.Add(5*time.Minute)) {
			at = entry
		}
		p := post.Post{
			Platform: Platform, ID: fmt.Sprintf("%s#%d", id, i+1), URL: c.URL, Time: at.UTC(), Lang: c.Lang,
			Account: post.Account{ID: outlet, Handle: outlet, Name: c.Publisher},
			Text:    paragraph(c.Statement, c.Summary), Links: []post.Link{}, Hashtags: []string{}, Mentions: []string{}, Raw: raw,
		}
		if c.Summary == "" {
			p.Text = c.Statement
		}
		for _, a := range c.Appearances {
			if a.URL != "" {
				p.Links = append(p.Links, post.Link{Given: a.URL})
			}
		}
		all = append(all, p)
	}
	return all, nil
}
