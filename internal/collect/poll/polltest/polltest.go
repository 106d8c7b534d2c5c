// Package polltest gives tests of polling collectors a clock that does not
// wait, an environment that reaches loopback, and a server that misbehaves.
package polltest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/fetch"
)

// Clock begins where it is told; whoever waits for it moves it on.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that shows start.
func NewClock(start time.Time) *Clock { return &Clock{now: start} }

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After moves the clock on, a millisecond later.
func (c *Clock) After(d time.Duration) (<-chan time.Time, func()) {
	done := make(chan time.Time, 1)
	t := time.AfterFunc(time.Millisecond, func() {
		c.mu.Lock()
		c.now = c.now.Add(d)
		now := c.now
		c.mu.Unlock()
		done <- now
	})
	return done, func() { t.Stop() }
}

// Env is what a source is opened with; it reaches loopback.
func Env(clock collect.Clock) collect.Env {
	return collect.Env{ID: "s", Clock: clock, Programs: fetch.New(fetch.Options{
		Allow: fetch.Allow([]string{"127.0.0.1"}), IgnoreRobots: true, HostInterval: -1,
	})}
}

// Serve serves on loopback and gives the address. Where unruly, every third
// request goes wrong, each time in another way: dropped, refused with
// Retry-After, cut short, answered with what is no JSON, or with an error of
// the server; and its clock is an hour wrong.
func Serve(t *testing.T, unruly bool, h http.Handler) string {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !unruly {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		i := n.Add(1)
		if i%3 != 0 {
			h.ServeHTTP(w, r)
			return
		}
		switch i / 3 % 5 {
		case 0:
			panic(http.ErrAbortHandler)
		case 1:
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusTooManyRequests)
		case 2:
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"data":[`))
		case 3:
			_, _ = w.Write([]byte("<html>{"))
		case 4:
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Sink takes what a source puts, and ends the source at a time.
type Sink struct {
	mu      sync.Mutex
	Batches []collect.Batch
	Notes   []collect.Note
	// Done, asked after each batch, says that it is enough.
	Done func(*Sink) bool
	stop context.CancelFunc
}

// Collect runs a source until done says that it is enough or it ends.
func Collect(t *testing.T, s collect.Source, cursor []byte, done func(*Sink) bool) (*Sink, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	to := &Sink{Done: done, stop: cancel}
	return to, s.Collect(ctx, cursor, to) //nolint:wrapcheck // what is tested
}

// Put takes a batch.
func (s *Sink) Put(_ context.Context, b collect.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Batches = append(s.Batches, b)
	if b.Stored != nil {
		b.Stored()
	}
	if s.Done != nil && s.Done(s) {
		s.stop()
	}
	return nil
}

// Note takes a note.
func (s *Sink) Note(n collect.Note) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Notes = append(s.Notes, n)
}
