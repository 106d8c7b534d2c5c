// Package push takes posts that other programs send: POST /push/{source} with a
// bearer token and posts in Akashi's own format, one a line or in an array. See
// docs/push.md.
//
// A request is answered with 200 only when its posts are stored. Whoever gets
// any other answer, or none, sends the same again: posts are known by platform
// and id.
package push

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/akashi-project/akashi/internal/collect"
)

// minToken is how long a token must be, in bytes: too long to be guessed.
const minToken = 24

// atOnce is how many requests of a source are read at once; further ones are
// asked to come again.
const atOnce = 4

// Receiver hands requests to the sources that run. It is safe for use by many
// goroutines.
type Receiver struct {
	mu   sync.Mutex
	runs map[string]*run
}

// NewReceiver makes a receiver without sources.
func NewReceiver() *Receiver { return &Receiver{runs: map[string]*run{}} }

// Kind is what other programs push as a kind of source. Its settings are the
// token that they show, and the platform of posts that name none.
func Kind(at *Receiver) collect.Kind {
	return collect.Kind{
		Name: "push",
		Settings: []collect.Setting{
			{Key: "token", Type: collect.TextSetting, Required: true, Secret: true},
			{Key: "platform", Type: collect.TextSetting},
		},
		Open: func(env collect.Env, v collect.Values) (collect.Source, error) {
			token := v.Text("token")
			if len(token) < minToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
				return nil, &collect.SettingError{Key: "token", Err: errors.New("at least 24 letters, digits or signs of ASCII are needed")}
			}
			clock := env.Clock
			if clock == nil {
				clock = collect.RealTime()
			}
			return &source{at: at, id: env.ID, token: sha256.Sum256([]byte(token)), platform: v.Text("platform"), clock: clock}, nil
		},
	}
}

// source is what is pushed to one address.
type source struct {
	at       *Receiver
	id       string
	token    [sha256.Size]byte
	platform string
	clock    collect.Clock
}

// run is one call of Collect: while it lasts, requests reach it.
type run struct {
	*source
	ctx  context.Context
	to   collect.Sink
	room chan struct{}
	// open counts the requests that are being answered.
	open sync.WaitGroup
}

// Collect has requests reach the sink until ctx ends.
func (s *source) Collect(ctx context.Context, cursor []byte, to collect.Sink) error {
	if cursor != nil {
		return &collect.ConfigError{Err: errors.New("the stored cursor is another source's: what is pushed has none")}
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &run{source: s, ctx: ctx, to: to, room: make(chan struct{}, atOnce)}
	if !s.at.add(s.id, r) {
		cancel()
		return &collect.ConfigError{Err: errors.New("this address has a source already")}
	}
	defer r.open.Wait()
	defer s.at.remove(s.id)
	defer cancel()
	<-ctx.Done()
	return ctx.Err() //nolint:wrapcheck // the caller's own
}

func (at *Receiver) add(id string, r *run) bool {
	at.mu.Lock()
	defer at.mu.Unlock()
	if at.runs[id] != nil {
		return false
	}
	at.runs[id] = r
	return true
}

func (at *Receiver) remove(id string) {
	at.mu.Lock()
	defer at.mu.Unlock()
	delete(at.runs, id)
}

// enter gives the running source of an id; its open is to be done.
func (at *Receiver) enter(id string) *run {
	at.mu.Lock()
	defer at.mu.Unlock()
	r := at.runs[id]
	if r != nil {
		r.open.Add(1)
	}
	return r
}

// admits says whether a request shows the token.
func (s *source) admits(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	given := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return subtle.ConstantTimeCompare(given[:], s.token[:]) == 1 && strings.EqualFold(scheme, "bearer")
}
