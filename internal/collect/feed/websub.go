package feed

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/fetch"
)

const (
	// maxPush bounds what a hub may push at once, in bytes.
	maxPush = 8 << 20
	// lease is what is asked for; minLease and maxLease bound what a hub's
	// answer makes of it.
	lease    = 5 * 24 * time.Hour
	minLease = 10 * time.Minute
	maxLease = 30 * 24 * time.Hour
)

var linkTag = regexp.MustCompile(`<(?:[A-Za-z0-9]+:)?link\b[^>]{0,1000}>`)
var linkAttr = regexp.MustCompile(`\b(rel|href)\s*=\s*["']([^"']{1,1000})["']`)

// hubLink finds the hub that a document names.
func hubLink(text []byte, base *url.URL) string {
	for _, tag := range linkTag.FindAll(text[:min(len(text), 64<<10)], 200) {
		var rel, href string
		for _, m := range linkAttr.FindAllSubmatch(tag, 4) {
			if string(m[1]) == "rel" {
				rel = string(m[2])
			} else {
				href = string(m[2])
			}
		}
		if rel == "hub" {
			return resolve(base, strings.ReplaceAll(href, "&amp;", "&"))
		}
	}
	return ""
}

// headerLinks finds hub and self in Link headers (RFC 8288), which count
// before those of the document.
func headerLinks(h http.Header, base *url.URL) (hub, self string) {
	for _, v := range h.Values("Link") {
		for part := range strings.SplitSeq(v, ",") {
			target, params, ok := strings.Cut(part, ";")
			target = strings.TrimSpace(target)
			if !ok || !strings.HasPrefix(target, "<") || !strings.HasSuffix(target, ">") {
				continue
			}
			rel := strings.ToLower(strings.ReplaceAll(params, " ", ""))
			to := resolve(base, strings.Trim(target, "<>"))
			if hub == "" && (strings.Contains(rel, `rel="hub"`) || strings.Contains(rel, "rel=hub")) {
				hub = to
			}
			if self == "" && (strings.Contains(rel, `rel="self"`) || strings.Contains(rel, "rel=self")) {
				self = to
			}
		}
	}
	return hub, self
}

// Subscriber receives what hubs push (W3C WebSub). It is the http.Handler of
// the callback addresses, one for each topic. Addresses and secrets are derived
// from a key, so that nothing of them has to be kept.
type Subscriber struct {
	callback *url.URL
	key      []byte
	client   *fetch.Client
	clock    collect.Clock

	mu     sync.Mutex
	topics map[string]*subscription // by token
}

type subscription struct {
	topic, hub string
	until      time.Time // of the lease; zero where the hub has not confirmed
	denied     bool
	deliver    func(ctx context.Context, contentType string, body []byte) error
}

// NewSubscriber makes a subscriber. callback is the public address under which
// it answers, ending with "/"; key is a secret of 32 bytes at least.
func NewSubscriber(callback string, key []byte, client *fetch.Client, clock collect.Clock) (*Subscriber, error) {
	u, err := url.Parse(callback)
	switch {
	case err != nil || u.Host == "" || !strings.HasSuffix(u.Path, "/"):
		return nil, &collect.ConfigError{Err: errors.New("the callback address for WebSub must be absolute and end with a slash")}
	case len(key) < 32:
		return nil, &collect.ConfigError{Err: errors.New("the key for WebSub must have 32 bytes at least")}
	}
	return &Subscriber{callback: u, key: key, client: client, clock: clock, topics: map[string]*subscription{}}, nil
}

func (s *Subscriber) derive(what, topic string) string {
	mac := hmac.New(sha256.New, s.key)
	_, _ = io.WriteString(mac, what+"\x00"+topic)
	return hex.EncodeToString(mac.Sum(nil))
}

// subscribe asks a hub for a topic; the lease begins when the hub confirms.
func (s *Subscriber) subscribe(ctx context.Context, hub, topic string, deliver func(context.Context, string, []byte) error) error {
	token := s.derive("callback", topic)
	s.mu.Lock()
	sub := s.topics[token]
	if sub == nil {
		sub = &subscription{}
		s.topics[token] = sub
	}
	sub.topic, sub.hub, sub.deliver, sub.denied = topic, hub, deliver, false
	s.mu.Unlock()
	form := url.Values{
		"hub.mode": {"subscribe"}, "hub.topic": {topic}, "hub.callback": {s.callback.JoinPath(token).String()},
		"hub.secret": {s.derive("secret", topic)}, "hub.lease_seconds": {strconv.Itoa(int(lease.Seconds()))},
	}
	_, err := s.client.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: hub, NoRobots: true, Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	})
	if err != nil {
		return fmt.Errorf("subscribing at the hub: %w", err)
	}
	return nil
}

// leave stops taking what is pushed for a topic. The hub is not told: the
// lease ends by itself, and a source that was restarted goes on with it.
func (s *Subscriber) leave(topic string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sub := s.topics[s.derive("callback", topic)]; sub != nil {
		sub.deliver = nil
	}
}

// leased gives until when the hub pushes; zero where it does not.
func (s *Subscriber) leased(topic string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sub := s.topics[s.derive("callback", topic)]; sub != nil && !sub.denied {
		return sub.until
	}
	return time.Time{}
}

// ServeHTTP answers a hub: it confirms what was asked for, and takes what is
// pushed once that is in the store.
func (s *Subscriber) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	s.mu.Lock()
	sub := s.topics[token]
	var topic string
	var deliver func(context.Context, string, []byte) error
	if sub != nil {
		topic, deliver = sub.topic, sub.deliver
	}
	s.mu.Unlock()
	switch {
	case sub == nil:
		http.NotFound(w, r)
	case r.Method == http.MethodGet:
		s.confirm(w, r, sub)
	case r.Method != http.MethodPost:
		w.WriteHeader(http.StatusMethodNotAllowed)
	default:
		s.receive(w, r, topic, deliver)
	}
}

// confirm verifies a hub's intent (WebSub section 5.3): only what was asked
// for is confirmed.
func (s *Subscriber) confirm(w http.ResponseWriter, r *http.Request, sub *subscription) {
	q := r.URL.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	if subtle.ConstantTimeCompare([]byte(q.Get("hub.topic")), []byte(sub.topic)) == 0 {
		http.NotFound(w, r)
		return
	}
	switch q.Get("hub.mode") {
	case "subscribe":
		seconds, err := strconv.ParseInt(q.Get("hub.lease_seconds"), 10, 32)
		if err != nil || sub.deliver == nil {
			http.NotFound(w, r)
			return
		}
		granted := min(max(time.Duration(seconds)*time.Second, minLease), maxLease)
		sub.until = s.clock.Now().Add(granted)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = io.WriteString(w, q.Get("hub.challenge")) //nolint:gosec // plain text, as WebSub has it
	case "denied":
		sub.denied, sub.until = true, time.Time{}
		w.WriteHeader(http.StatusOK)
	default:
		http.NotFound(w, r)
	}
}

// receive takes content. A wrong signature is answered like a right one
// (WebSub section 7.1.1), and what it signed is dropped.
func (s *Subscriber) receive(w http.ResponseWriter, r *http.Request, topic string, deliver func(context.Context, string, []byte) error) {
	if deliver == nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPush))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if !Signed(r.Header.Get("X-Hub-Signature"), s.derive("secret", topic), body) {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if err := deliver(r.Context(), r.Header.Get("Content-Type"), body); err != nil {
		if _, ok := errors.AsType[*DocumentError](err); ok {
			w.WriteHeader(http.StatusAccepted) // the same bytes would fail again
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// Signed says whether an X-Hub-Signature header ("sha256=…", "sha384=…",
// "sha512=…") is that of a body under a secret. SHA-1 is not taken.
func Signed(header, secret string, body []byte) bool {
	method, given, ok := strings.Cut(header, "=")
	hashed := map[string]func() hash.Hash{"sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}[strings.ToLower(method)]
	if !ok || hashed == nil {
		return false
	}
	sum, err := hex.DecodeString(given)
	if err != nil {
		return false
	}
	mac := hmac.New(hashed, []byte(secret))
	_, _ = mac.Write(body)
	return hmac.Equal(sum, mac.Sum(nil))
}
