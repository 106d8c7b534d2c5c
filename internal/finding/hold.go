package finding

import (
	"context"
	"fmt"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
)

// Hold is a span of time, ends included, in which an account's posts are kept
// because a finding shows them.
type Hold struct{ From, To time.Time }

// Holds says which posts findings hold, by account key: those of the accounts
// that a snapshot of the finding names, between the snapshot's first and last
// co-action. All snapshots count, so that what a finding has ever shown can be
// looked at. A dismissed finding holds nothing.
func (s *Service) Holds(ctx context.Context) (map[string][]Hold, error) {
	type key struct {
		finding string
		version int64
	}
	var all []key
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		return each(ctx, tx, `SELECT s.finding, s.version FROM finding_snapshots s JOIN findings f ON f.id = s.finding WHERE f.state <> ? ORDER BY s.finding, s.version`,
			[]any{string(StateDismissed)}, func(scan func(...any) error) error {
				var k key
				err := scan(&k.finding, &k.version)
				all = append(all, k)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("listing the snapshots that hold posts: %w", err)
	}
	out := map[string][]Hold{}
	for _, k := range all {
		snap, err := s.Snapshot(ctx, k.finding, k.version)
		if err != nil {
			return nil, fmt.Errorf("what finding %s holds: %w", k.finding, err)
		}
		for _, a := range snap.Accounts {
			out[a.Key] = extend(out[a.Key], Hold{From: snap.First, To: snap.Last})
		}
	}
	return out, nil
}

// extend adds a span; where it touches the last one the two become one.
func extend(spans []Hold, h Hold) []Hold {
	if n := len(spans); n > 0 && !h.From.After(spans[n-1].To) && !h.To.Before(spans[n-1].From) {
		last := &spans[n-1]
		if h.From.Before(last.From) {
			last.From = h.From
		}
		if h.To.After(last.To) {
			last.To = h.To
		}
		return spans
	}
	return append(spans, h)
}
