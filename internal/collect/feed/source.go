package feed

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/post"
)

// Config says what a feed is and how it is read.
type Config struct {
	// URL is the feed's address.
	URL string
	// Outlet is the account's id; empty means the registrable domain of URL.
	Outlet string
	// MinEvery and MaxEvery bound how often the feed is polled (5 min, 6 h);
	// between them it follows how often something is new.
	MinEvery, MaxEvery time.Duration
	// FullText fetches the page of each new entry and takes the article's
	// text from it, where robots.txt allows.
	FullText bool
	// Client fetches; it is needed.
	Client *fetch.Client
	// WebSub receives what the feed's hub pushes; nil leaves hubs alone.
	WebSub *Subscriber
	// Clock is the time (the real one).
	Clock collect.Clock
}

// Source is a feed as a source of posts.
type Source struct {
	c   Config
	url *url.URL
}

// New makes a source; the error is collect.ConfigError.
func New(c Config) (*Source, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, &collect.ConfigError{Err: errors.New("the feed's address must begin with http:// or https://")}
	}
	if c.Client == nil {
		return nil, &collect.ConfigError{Err: errors.New("a feed needs a client to fetch with")}
	}
	c.Outlet = cmp.Or(c.Outlet, outletOf(u))
	c.MinEvery = cmp.Or(c.MinEvery, 5*time.Minute)
	c.MaxEvery = max(cmp.Or(c.MaxEvery, 6*time.Hour), c.MinEvery)
	if c.Clock == nil {
		c.Clock = collect.RealTime()
	}
	return &Source{c, u}, nil
}

// Account is the account that all posts have: the outlet, to be marked as one.
func (s *Source) Account() post.Account { return post.Account{ID: s.c.Outlet, Handle: s.c.Outlet} }

// cursor is where a feed stands: what the server said of the last answer, and
// which forms of which entries it had.
type cursor struct {
	ETag     string   `json:"etag,omitempty"`
	Modified string   `json:"modified,omitempty"`
	Body     string   `json:"body,omitempty"`
	Entries  []uint64 `json:"entries,omitempty"`
}

// state is a run's.
type state struct {
	*Source
	to collect.Sink

	mu    sync.Mutex // one document at a time: polled or pushed
	at    cursor
	every time.Duration
}

// Collect polls the feed, and takes what its hub pushes.
func (s *Source) Collect(ctx context.Context, from []byte, to collect.Sink) error {
	run := &state{Source: s, to: to, every: s.c.MinEvery}
	if from != nil {
		if err := json.Unmarshal(from, &run.at); err != nil {
			return &collect.ConfigError{Err: errors.New("the stored cursor is not a feed's")}
		}
	}
	var asked time.Time // when the hub was last asked
	var topic string
	defer func() {
		if topic != "" {
			s.c.WebSub.leave(topic)
		}
	}()
	for {
		hub, self, wait, err := run.poll(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			if err := s.lasting(err); err != nil {
				return err
			}
			to.Note(collect.Note{Err: err})
			run.every = min(2*run.every, s.c.MaxEvery)
		}
		now := s.c.Clock.Now()
		if s.c.WebSub != nil && hub != "" {
			topic = cmp.Or(self, s.c.URL)
			if until := s.c.WebSub.leased(topic); now.Add(s.c.MaxEvery).After(until) && now.Sub(asked) > minLease/2 {
				asked = now
				if err := s.c.WebSub.subscribe(ctx, hub, topic, run.pushed); err != nil {
					to.Note(collect.Note{Err: err})
				}
			}
		}
		pause := max(run.pause(), wait)
		if topic != "" && s.c.WebSub.leased(topic).After(now) {
			pause = s.c.MaxEvery // only to see what a push may have missed
		}
		if err := collect.Sleep(ctx, s.c.Clock, pause); err != nil {
			return err //nolint:wrapcheck // the context's end
		}
	}
}

// lasting gives the error that ends the run: the host wants to be left alone,
// or the feed is not there for us.
func (s *Source) lasting(err error) error {
	var limited *fetch.RateError
	var refused *fetch.RefusedError
	var disallowed *fetch.DisallowedError
	var status *fetch.StatusError
	switch {
	case errors.As(err, &limited):
		return err
	case errors.As(err, &refused), errors.As(err, &disallowed),
		errors.As(err, &status) && (status.Code == http.StatusGone || status.Code == http.StatusUnauthorized):
		return &collect.ConfigError{Err: err}
	}
	return nil
}

func (s *state) pause() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.every
}

// poll asks once. wait is how long the server says that its answer holds.
func (s *state) poll(ctx context.Context) (hub, self string, wait time.Duration, err error) {
	s.mu.Lock()
	at := s.at
	s.mu.Unlock()
	resp, err := s.c.Client.Do(ctx, fetch.Request{
		URL: s.c.URL, ETag: at.ETag, LastModified: at.Modified, NoRobots: true,
		Header: http.Header{"Accept": {"application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"}},
	})
	if err != nil {
		return "", "", 0, err //nolint:wrapcheck // says where and what
	}
	s.to.Note(collect.Note{Contact: true})
	wait = min(maxAge(resp.Header), s.c.MaxEvery)
	hub, self = headerLinks(resp.Header, resp.URL)
	if resp.NotModified() {
		s.adapt(false)
		return hub, self, wait, nil
	}
	d, err := s.take(ctx, resp.Body, resp.Header.Get("Content-Type"), resp.URL, func(c *cursor) {
		c.ETag, c.Modified = resp.ETag, resp.LastModified
	}, nil)
	if d != nil {
		hub, self = cmp.Or(hub, d.Hub), cmp.Or(self, d.Self)
	}
	return hub, self, wait, err
}

func maxAge(h http.Header) time.Duration {
	for part := range strings.SplitSeq(h.Get("Cache-Control"), ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "max-age="); ok {
			if n, err := strconv.ParseUint(v, 10, 31); err == nil {
				return time.Duration(n) * time.Second
			}
		}
	}
	return 0
}

// adapt moves the interval: twice as often where something was new, half as
// often again where nothing was.
func (s *state) adapt(fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.adaptLocked(fresh)
}

func (s *state) adaptLocked(fresh bool) {
	if fresh {
		s.every = max(s.every/2, s.c.MinEvery)
	} else {
		s.every = min(s.every+s.every/2, s.c.MaxEvery)
	}
}

// pushed takes a document from the hub and returns when it is stored.
func (s *state) pushed(ctx context.Context, contentType string, body []byte) error {
	stored := make(chan struct{})
	if _, err := s.take(ctx, body, contentType, s.url, func(*cursor) {}, func() { close(stored) }); err != nil {
		return err
	}
	select {
	case <-stored:
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // the hub went away
	}
}

// take puts what is new in a document. note adds to the new cursor what the
// answer said; stored is called in any case where there is no error.
func (s *state) take(ctx context.Context, body []byte, contentType string, from *url.URL, note func(*cursor), stored func()) (*Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.at
	note(&next)
	sum := sha256.Sum256(body)
	next.Body = hex.EncodeToString(sum[:8])
	d := &Document{}
	var posts []post.Post
	if next.Body != s.at.Body { // else: the server has new marks for old bytes
		var err error
		if d, err = Parse(body, contentType, from, s.c.Outlet, s.c.Clock.Now()); err != nil {
			return nil, err
		}
		posts = s.fresh(d.Posts, &next)
		if s.c.FullText {
			s.fullText(ctx, posts)
		}
	}
	s.adaptLocked(len(posts) > 0)
	b, err := json.Marshal(next)
	if err != nil {
		return nil, fmt.Errorf("writing the cursor: %w", err)
	}
	if err := s.to.Put(ctx, collect.Batch{Posts: posts, Cursor: b, Stored: stored}); err != nil {
		return nil, err //nolint:wrapcheck // the runner's
	}
	s.at = next
	return d, nil
}

// fresh gives the posts whose form was not in the document before, and notes
// all forms in the cursor.
func (s *state) fresh(all []post.Post, next *cursor) []post.Post {
	known := make(map[uint64]bool, len(s.at.Entries)+len(all))
	for _, h := range s.at.Entries {
		known[h] = true
	}
	next.Entries = make([]uint64, 0, len(all))
	var posts []post.Post
	for i := range all {
		p := &all[i]
		h := xxh3.HashString(p.ID + "\x00" + p.Text + "\x00" + p.URL)
		next.Entries = append(next.Entries, h)
		if !known[h] {
			known[h] = true
			posts = append(posts, *p)
		}
	}
	return posts
}

// fullText takes the articles' text from their pages. What cannot be had
// leaves the entry as the feed has it.
func (s *state) fullText(ctx context.Context, posts []post.Post) {
	for i := range posts {
		p := &posts[i]
		if p.URL == "" || ctx.Err() != nil {
			continue
		}
		resp, err := s.c.Client.Get(ctx, p.URL)
		if err != nil {
			s.to.Note(collect.Note{Err: err})
			continue
		}
		a, err := ReadArticle(resp.Body, resp.Header.Get("Content-Type"), resp.URL)
		if err != nil {
			s.to.Note(collect.Note{Err: err})
			continue
		}
		if len(a.Text) > len(p.Text) {
			p.Text = cut(strings.TrimSpace(a.Title + "\n\n" + a.Text))
			p.Links = a.Links
		}
	}
}
