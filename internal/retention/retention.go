// Package retention deletes what a mandate no longer allows to keep. Posts that
// were collected longer ago than their mandate's period are deleted, unless a
// finding holds them: those stay under legal hold until it no longer does.
//
// A post is deleted as one that its platform deleted is (see package
// poststore): text, names, links, media and the raw record are gone for ever,
// and a tombstone keeps the post from being collected again. The period counts
// from when the post was collected, since old posts are found late. Posts that
// people imported from files carry no mandate; they are not touched.
package retention

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/poststore"
)

// Source is the name under which deletions stand in the store.
const Source = "retention"

// deleteAtOnce is how many posts are deleted in one step.
const deleteAtOnce = 1000

// Posts is what is needed of the post store.
type Posts interface {
	Append(ctx context.Context, b poststore.Batch) (poststore.Appended, error)
	Each(ctx context.Context, q poststore.Query, raw bool, yield func([]poststore.Post) error) error
}

// Holder says which posts must stay, by account key.
type Holder interface {
	Holds(ctx context.Context) (map[string][]finding.Hold, error)
}

// Periods says how long posts may be kept, by mandate.
type Periods interface {
	Periods(ctx context.Context) (map[string]time.Duration, error)
}

// Sweeper deletes what is over.
type Sweeper struct {
	Posts    Posts
	Findings Holder
	Mandates Periods
	Log      *slog.Logger
	// Record writes a line of the log for what a sweep did; nil leaves it
	// out.
	Record func(ctx context.Context, r Result) error
}

// Result counts what a sweep did, by mandate.
type Result map[string]Count

// deleted is how many posts were deleted in all.
func (r Result) deleted() (n int64) {
	for _, c := range r {
		n += c.Deleted
	}
	return n
}

// Count is what became of the posts of a mandate whose period was over.
type Count struct {
	Deleted int64 `json:"deleted"`
	Held    int64 `json:"held"`
}

// Sweep deletes what is over at a time. A post whose mandate is not known is
// kept, counted as held, and warned of: nothing says how long it may stay.
func (s *Sweeper) Sweep(ctx context.Context, now time.Time) (Result, error) {
	periods, err := s.Mandates.Periods(ctx)
	if err != nil {
		return nil, fmt.Errorf("how long posts may be kept: %w", err)
	}
	if len(periods) == 0 {
		return Result{}, nil
	}
	shortest := time.Duration(1<<63 - 1)
	for _, p := range periods {
		shortest = min(shortest, p)
	}
	holds, err := s.Findings.Holds(ctx)
	if err != nil {
		return nil, fmt.Errorf("what findings hold: %w", err)
	}
	out := Result{}
	var gone []poststore.Deletion
	unknown := map[string]int64{}
	err = s.Posts.Each(ctx, poststore.Query{To: now.Add(-shortest)}, false, func(posts []poststore.Post) error {
		for i := range posts {
			p := &posts[i]
			id := p.Labels[collect.MandateLabel]
			if id == "" {
				continue
			}
			period, known := periods[id]
			switch {
			case !known:
				unknown[id]++
				continue
			case p.Seen.After(now.Add(-period)):
				continue
			}
			n := out[id]
			if held(holds[poststore.AccountKey(p.Platform, p.Account.ID)], p.Time) {
				n.Held++
			} else {
				n.Deleted++
				gone = append(gone, poststore.Deletion{Platform: p.Platform, ID: p.ID, Time: now})
			}
			out[id] = n
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for posts whose time is over: %w", err)
	}
	for id, n := range unknown {
		s.Log.WarnContext(ctx, "posts of a mandate that is not known are kept", "mandate", id, "posts", n)
	}
	for len(gone) > 0 {
		n := min(len(gone), deleteAtOnce)
		if _, err := s.Posts.Append(ctx, poststore.Batch{Source: Source, Deleted: gone[:n], Seen: now}); err != nil {
			return nil, fmt.Errorf("deleting posts whose time is over: %w", err)
		}
		gone = gone[n:]
	}
	if s.Record != nil && out.deleted() > 0 {
		if err := s.Record(ctx, out); err != nil {
			return out, fmt.Errorf("logging what was deleted: %w", err)
		}
	}
	return out, nil
}

// held says whether a time lies in one of the spans, ends included.
func held(spans []finding.Hold, t time.Time) bool {
	for _, h := range spans {
		if !t.Before(h.From) && !t.After(h.To) {
			return true
		}
	}
	return false
}
