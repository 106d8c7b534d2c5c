package poll

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/fetch"
)

const (
	// maxPause bounds the pause after passes that failed.
	maxPause = time.Hour
	// shortWait is how long a wait that the upstream asks for may be to be
	// kept here; longer ones are the runner's, which shows them.
	shortWait = time.Minute
)

// Loop makes one pass after another, every so long with up to a tenth of jitter.
// A pass that failed for a reason that may go away is noted, and the pause after
// it doubles, to an hour; so is a wait of less than a minute that the upstream
// asks for. Other errors end the loop: the upstream says until when to wait (see
// collect.RetryAt), or the source cannot work as it is.
func Loop(ctx context.Context, clock collect.Clock, to collect.Sink, every time.Duration, pass func(context.Context) error) error {
	pause := every
	for {
		err := pass(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err() //nolint:wrapcheck // the caller's own context
		case err == nil:
			pause = every
		case short(err, clock.Now()):
			to.Note(collect.Note{Err: err})
			pause = max(collect.RetryAt(err).Sub(clock.Now()), time.Second)
		case !passing(err):
			return err
		default:
			to.Note(collect.Note{Err: err})
			pause = min(2*max(pause, time.Second), max(maxPause, every))
		}
		jitter := time.Duration(rand.Float64() * float64(pause) / 10) //nolint:gosec // only spreads requests
		if err := collect.Sleep(ctx, clock, pause+jitter); err != nil {
			return err //nolint:wrapcheck // the caller's own context
		}
	}
}

func short(err error, now time.Time) bool {
	until := collect.RetryAt(err)
	return !until.IsZero() && until.Sub(now) < shortWait
}

// passing says whether an error may go away by itself soon: the server broke
// off, had an error of its own, or answered what is no answer.
func passing(err error) bool {
	if !collect.RetryAt(err).IsZero() {
		return false
	}
	if r, ok := errors.AsType[*RefusalError](err); ok {
		return r.Code >= 500 || r.Code == http.StatusRequestTimeout || r.Code == http.StatusTooEarly
	}
	for _, is := range []bool{is[*fetch.NetworkError](err), is[*fetch.TooLargeError](err), is[*FormatError](err)} {
		if is {
			return true
		}
	}
	return false
}

func is[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

// Configured gives the errors that no repetition mends as collect.ConfigError:
// what may not be reached, and answers that the key or the request is no good
// (400, 401, 402, 403, 404, 410).
func Configured(err error) error {
	if is[*fetch.RefusedError](err) {
		return &collect.ConfigError{Err: err}
	}
	if r, ok := errors.AsType[*RefusalError](err); ok && !is[*WaitError](err) {
		switch r.Code {
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
			return &collect.ConfigError{Err: err}
		}
	}
	return err
}

// ReadCursor reads a cursor into what to points at, and leaves that alone where
// there is none.
func ReadCursor(from []byte, to any) error {
	if from == nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(from))
	d.DisallowUnknownFields()
	if d.Decode(to) != nil {
		return &collect.ConfigError{Err: errors.New("the stored cursor is not one of this source")}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &collect.ConfigError{Err: errors.New("the stored cursor is followed by something else")}
	}
	return nil
}
