package fetch

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/temoto/robotstxt"
)

const (
	// maxHosts bounds what is remembered of hosts.
	maxHosts = 4096
	// robotsFor is how long a robots.txt holds (RFC 9309 section 2.4 allows a
	// day), robotsRetry how long a host counts as closed whose robots.txt
	// could not be had.
	robotsFor   = 12 * time.Hour
	robotsRetry = 10 * time.Minute
	// robotsBytes is how much of a robots.txt is read (RFC 9309 section 2.5
	// asks for 500 KiB at least).
	robotsBytes = 512 << 10
	// maxCrawlDelay is the longest Crawl-delay that is kept.
	maxCrawlDelay = 30 * time.Second
)

// hosts remembers how each host wants to be treated.
type hosts struct {
	mu  sync.Mutex
	all map[string]*host
}

type host struct {
	slots chan struct{}

	mu     sync.Mutex
	next   time.Time     // when the next request may begin
	closed time.Time     // Retry-After
	delay  time.Duration // Crawl-delay
	used   time.Time

	robots sync.Mutex // held while robots.txt is read
	rules  *robotstxt.RobotsData
	until  time.Time
}

func (h *hosts) of(c *Client, u *url.URL) *host {
	key := u.Scheme + "://" + strings.ToLower(u.Host)
	h.mu.Lock()
	defer h.mu.Unlock()
	one := h.all[key]
	if one == nil {
		if len(h.all) >= maxHosts {
			h.forget()
		}
		one = &host{slots: make(chan struct{}, c.o.HostConcurrency)}
		h.all[key] = one
	}
	one.mu.Lock()
	one.used = c.o.Now()
	one.mu.Unlock()
	return one
}

// forget removes the host that was least recently asked and has no request.
func (h *hosts) forget() {
	var oldest string
	var at time.Time
	for key, one := range h.all {
		one.mu.Lock()
		used := one.used
		one.mu.Unlock()
		if len(one.slots) == 0 && (oldest == "" || used.Before(at)) {
			oldest, at = key, used
		}
	}
	delete(h.all, oldest)
}

func (h *hosts) closeUntil(u *url.URL, until time.Time) {
	h.mu.Lock()
	one := h.all[u.Scheme+"://"+strings.ToLower(u.Host)]
	h.mu.Unlock()
	if one == nil {
		return
	}
	one.mu.Lock()
	if until.After(one.closed) {
		one.closed = until
	}
	one.mu.Unlock()
}

// enter waits until a host may be asked, and gives what to call afterwards. It
// is RateError where the host wants to be left alone.
func (h *hosts) enter(ctx context.Context, c *Client, u *url.URL) (leave func(), err error) {
	one := h.of(c, u)
	select {
	case one.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, &NetworkError{where(u), ctx.Err()}
	}
	leave = func() { <-one.slots }
	one.mu.Lock()
	now := c.o.Now()
	if one.closed.After(now) {
		until := one.closed
		one.mu.Unlock()
		leave()
		return nil, &RateError{where(u), until}
	}
	begin := now
	if one.next.After(now) {
		begin = one.next
	}
	one.next = begin.Add(max(c.o.HostInterval, one.delay, 0))
	one.mu.Unlock()
	if begin.After(now) {
		select {
		case <-c.o.After(begin.Sub(now)):
		case <-ctx.Done():
			leave()
			return nil, &NetworkError{where(u), ctx.Err()}
		}
	}
	return leave, nil
}

// robots says whether a host's robots.txt allows an address (RFC 9309): a
// file that is not there (4xx) allows all; one that cannot be had (5xx, no
// answer) forbids all for a while.
func (c *Client) robots(ctx context.Context, u *url.URL) error {
	if u.Path == "/robots.txt" {
		return nil
	}
	one := c.hosts.of(c, u)
	one.robots.Lock()
	defer one.robots.Unlock()
	if !c.o.Now().Before(one.until) {
		if err := c.readRobots(ctx, u, one); err != nil {
			return err
		}
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	if one.rules != nil && !one.rules.TestAgent(path, c.product()) {
		return &DisallowedError{where(u)}
	}
	return nil
}

func (c *Client) readRobots(ctx context.Context, u *url.URL, one *host) error {
	at := &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/robots.txt"}
	resp, err := c.Do(ctx, Request{URL: at.String(), NoRobots: true})
	now := c.o.Now()
	body, code := []byte(nil), http.StatusOK
	var status *StatusError
	var limited *RateError
	var large *TooLargeError
	var refused *RefusedError
	switch {
	case err == nil:
		body = resp.Body[:min(len(resp.Body), robotsBytes)]
	case errors.As(err, &status):
		code = status.Code
	case errors.As(err, &limited), errors.As(err, &refused), ctx.Err() != nil:
		return err
	case errors.As(err, &large):
		code = http.StatusNotFound
	default:
		code = http.StatusServiceUnavailable
	}
	rules, err := robotstxt.FromStatusAndBytes(code, body)
	if err != nil { // nothing in it could be read
		rules, _ = robotstxt.FromStatusAndBytes(http.StatusNotFound, nil)
	}
	one.rules = rules
	one.until = now.Add(robotsFor)
	if code >= 500 {
		one.until = now.Add(robotsRetry)
	}
	one.mu.Lock()
	one.delay = min(rules.FindGroup(c.product()).CrawlDelay, maxCrawlDelay)
	one.mu.Unlock()
	return nil
}

// product is the name by which robots.txt knows this client.
func (c *Client) product() string {
	name, _, _ := strings.Cut(c.o.Agent, "/")
	return name
}
