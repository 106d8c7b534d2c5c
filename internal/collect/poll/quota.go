package poll

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/fetch"
)

// ExhaustedError says that an allowance is used up until a time.
type ExhaustedError struct {
	Endpoint string
	Until    time.Time
}

func (e *ExhaustedError) Error() string {
	return fmt.Sprintf("the allowance of %s is used up until %s", e.Endpoint, e.Until.UTC().Format(time.RFC3339))
}

// Kind is "rate limit".
func (*ExhaustedError) Kind() string { return "rate limit" }

// RetryAt is when there is a new allowance.
func (e *ExhaustedError) RetryAt() time.Time { return e.Until }

// Window is an allowance of requests in a window of time that the upstream
// states in its answers' headers.
type Window struct {
	mu    sync.Mutex
	known bool
	now   collect.Quota
}

// State takes what an answer said.
func (w *Window) State(q collect.Quota, to collect.Sink) {
	w.mu.Lock()
	w.known, w.now = true, q
	w.mu.Unlock()
	to.Note(collect.Note{Contact: true, Quota: &q})
}

// Check is ExhaustedError where nothing is left before the window's end.
func (w *Window) Check(now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known && w.now.Left <= 0 && now.Before(w.now.Reset) {
		return &ExhaustedError{w.now.Endpoint, w.now.Reset}
	}
	return nil
}

// EpochHeaders reads the headers PREFIXlimit, PREFIXremaining and PREFIXreset,
// the last of which is a Unix time; ok is false where they are not there or
// are no numbers. A window's end is at most a day away, whatever the upstream's
// clock says: it is counted from the answer's Date where that is there.
func EpochHeaders(h http.Header, prefix, endpoint string, now time.Time) (q collect.Quota, ok bool) {
	left, err1 := strconv.ParseInt(h.Get(prefix+"remaining"), 10, 64)
	limit, err2 := strconv.ParseInt(h.Get(prefix+"limit"), 10, 64)
	reset, err3 := strconv.ParseInt(h.Get(prefix+"reset"), 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return q, false
	}
	theirs := now
	if d, err := http.ParseTime(h.Get("Date")); err == nil {
		theirs = d
	}
	wait := min(max(time.Unix(reset, 0).Sub(theirs), 0), 24*time.Hour)
	return collect.Quota{Endpoint: endpoint, Left: left, Limit: limit, Reset: now.Add(wait)}, true
}

// Pace keeps requests a least time apart.
type Pace struct {
	mu    sync.Mutex
	Every time.Duration
	next  time.Time
}

// Wait returns when the next request may begin.
func (p *Pace) Wait(ctx context.Context, clock collect.Clock) error {
	p.mu.Lock()
	now := clock.Now()
	begin := now
	if p.next.After(now) {
		begin = p.next
	}
	p.next = begin.Add(p.Every)
	p.mu.Unlock()
	if err := collect.Sleep(ctx, clock, begin.Sub(now)); err != nil {
		return &fetch.NetworkError{Where: "waiting for the next request", Err: err}
	}
	return nil
}
