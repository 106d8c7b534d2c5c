package collect

import (
	"context"
	"time"
)

// Clock tells the time and waits: the real one, or an exercise's, which may
// run faster.
type Clock interface {
	Now() time.Time
	// After gives a channel that receives once d has passed, and what ends
	// the waiting earlier.
	After(d time.Duration) (c <-chan time.Time, stop func())
}

// RealTime is the clock on the wall.
func RealTime() Clock { return wall{} }

type wall struct{}

func (wall) Now() time.Time { return time.Now() }

func (wall) After(d time.Duration) (c <-chan time.Time, stop func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// Sleep waits until d has passed or ctx ends, whose error it then gives.
func Sleep(ctx context.Context, c Clock, d time.Duration) error {
	if d <= 0 {
		return ctx.Err() //nolint:wrapcheck // the caller's own context
	}
	done, stop := c.After(d)
	defer stop()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // the caller's own context
	}
}
