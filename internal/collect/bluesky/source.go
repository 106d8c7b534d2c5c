package bluesky

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/fetch"
)

const (
	// full and soon are when a batch is put: at so many events, or so long
	// after its first.
	full = 500
	soon = 200 * time.Millisecond
	// rewindTime and rewindSeq are how far before the cursor a stream is taken
	// up again. What comes twice is known by its id; what came out of order,
	// or was seen a moment earlier by another server, is not missed.
	rewindTime = 5 * time.Second
	rewindSeq  = 100
	// ahead is how far a server's clock may be before ours for its times to
	// move the cursor.
	ahead = 24 * time.Hour
	// attempts is how often a lost stream is taken up again before the runner
	// is told, first after firstPause, then twice as long each time.
	attempts   = 4
	firstPause = 250 * time.Millisecond
)

// source is a Jetstream as a source of posts.
type source struct {
	address  *url.URL
	version  string
	http     *http.Client
	clock    collect.Clock
	filter   filter
	backfill time.Duration
	// patience is how long a server may take to say that it is there.
	patience time.Duration
}

// cursor is where a stream stands: the time of the newest event and, in v2, its
// number, which only the server at Host knows while its Boot is the same.
type cursor struct {
	TimeUS int64  `json:"time_us"`
	Seq    uint64 `json:"seq,omitempty"`
	Host   string `json:"host,omitempty"`
	Boot   string `json:"boot,omitempty"`
}

func (c cursor) time() time.Time { return time.UnixMicro(c.TimeUS).UTC() }

func readCursor(b []byte) (c cursor, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil || c.TimeUS <= 0 || d.More() {
		return c, &collect.ConfigError{Err: errors.New("the stored cursor is not a Jetstream's")}
	}
	return c, nil
}

// GapError says that events of a time were not to be had any more.
type GapError struct {
	// From and To bound the time.
	From, To time.Time
}

func (e *GapError) Error() string {
	return fmt.Sprintf("the stream does not remember as far back as %s: %s until %s are missing",
		e.From.Format(time.RFC3339), e.To.Sub(e.From).Round(time.Second), e.To.Format(time.RFC3339))
}

// Kind is "gap".
func (*GapError) Kind() string { return "gap" }

// run is one call of Collect.
type run struct {
	*source
	to collect.Sink
	at cursor // what has been put
	// byTime resumes by time although there is a number: another server's, or
	// one that is too old.
	byTime bool
	// lost is set from a refused cursor to the first event, which says how
	// much is missing.
	lost      bool
	connected bool
}

// Collect follows the stream.
func (s *source) Collect(ctx context.Context, from []byte, to collect.Sink) error {
	r := &run{source: s, to: to}
	if from != nil {
		var err error
		if r.at, err = readCursor(from); err != nil {
			return err
		}
		r.byTime = r.at.Host != s.address.Host
	} else if s.backfill > 0 {
		r.at.TimeUS = s.clock.Now().Add(-s.backfill).Add(rewindTime).UnixMicro()
		r.byTime = true
	}
	for failures := 0; ; {
		progress, err := r.follow(ctx)
		if ctx.Err() != nil {
			return ctx.Err() //nolint:wrapcheck // the caller's own
		}
		if progress {
			failures = 0
		}
		var wrong *collect.ConfigError
		var limited *fetch.RateError
		var put *putError
		var old *tooOldError
		switch {
		case errors.As(err, &put), errors.As(err, &wrong), errors.As(err, &limited):
			return err
		case errors.As(err, &old):
			// From the time on instead, which the server moves to where its
			// memory begins.
			if r.byTime {
				return err
			}
			r.byTime, r.lost = true, true
			continue
		case errors.Is(err, errRestarted):
			r.byTime = true
			continue
		}
		if failures++; failures > attempts {
			return err
		}
		to.Note(collect.Note{Err: err})
		if err := collect.Sleep(ctx, s.clock, firstPause<<(failures-1)); err != nil {
			return err //nolint:wrapcheck // the caller's own
		}
	}
}

// forgotten notes what v1 leaves out without a word.
func (r *run) forgotten() {
	if r.version != v1 || r.at.TimeUS == 0 {
		return
	}
	if begins := r.clock.Now().Add(-memory); r.at.time().Before(begins) {
		r.to.Note(collect.Note{Err: &GapError{From: r.at.time(), To: begins.UTC()}})
	}
}

// resume gives the cursor to begin with; empty means now.
func (r *run) resume() string {
	switch {
	case r.at.TimeUS == 0:
		return ""
	case r.version == v2 && r.at.Seq > 0 && !r.byTime:
		return fmt.Sprint(r.at.Seq - min(rewindSeq, r.at.Seq-1))
	}
	return fmt.Sprint(max(1, r.at.TimeUS-rewindTime.Microseconds()))
}

// request gives the address to connect to.
func (r *run) request() string {
	u, q := *r.address, url.Values{}
	collections, dids := "wantedCollections", "wantedDids"
	if r.version == v2 {
		collections, dids = "collections", "dids"
	}
	q[collections] = r.filter.collections
	if len(r.filter.dids) <= maxAsked {
		for d := range r.filter.dids {
			q.Add(dids, d)
		}
		slices.Sort(q[dids])
	}
	q.Set("maxMessageSizeBytes", fmt.Sprint(maxEvent))
	if c := r.resume(); c != "" {
		q.Set("cursor", c)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// putError says that the runner takes no more.
type putError struct{ err error }

func (e *putError) Error() string { return e.err.Error() }
func (e *putError) Unwrap() error { return e.err }
