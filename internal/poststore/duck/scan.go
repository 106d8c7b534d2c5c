package duck

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/enrich"
	"github.com/akashi-project/akashi/internal/poststore"
)

// slicePosts is about how many posts a scan has DuckDB sort at once. A slice
// and the one after it are in memory.
const slicePosts = 100_000

// portion is how many posts are given at once.
const portion = 1024

// slices cuts the time of a condition into pieces of about slicePosts posts.
func (s *Store) slices(c *condition) []span {
	s.mu.RLock()
	hours := make(map[int32]int64)
	for cell, n := range s.counts.cells {
		hours[cell.hour] += n
	}
	s.mu.RUnlock()
	var out []span
	from, posts := c.from, int64(0)
	cut := func(to int64) {
		if to > from && to < c.to {
			out = append(out, span{from, to})
			from, posts = to, 0
		}
	}
	for _, h := range slices.Sorted(maps.Keys(hours)) {
		start := int64(h) * hourMicros
		if posts += hours[h]; posts <= slicePosts {
			continue
		}
		cut(start)
		// An hour of many posts is cut into equal parts of time.
		parts := hours[h]/slicePosts + 1
		for i := range parts - 1 {
			cut(start + hourMicros*(i+1)/parts)
		}
		posts = hours[h] / parts
	}
	return append(out, span{from, c.to})
}

// scan calls take for the rows of a query, oldest first, in portions. The next
// portions are read and prepared while take works: prepare runs on all cores,
// take on one, in order.
func scan[T any](
	ctx context.Context, s *Store, q poststore.Query, columns string,
	prepare func(v *snapshot, rows []row) (T, error), take func(*snapshot, T) error,
) error {
	return s.read(ctx, func(v *snapshot) error {
		c, err := s.compile(ctx, v.c, q)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancelCause(ctx)
		type job struct {
			rows []row
			done chan T
		}
		jobs := make(chan job)                             // to those who prepare
		order := make(chan job, 2*runtime.GOMAXPROCS(0)+2) // to the one who takes
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel(nil)
		for range runtime.GOMAXPROCS(0) {
			wg.Go(func() {
				for j := range jobs {
					t, err := prepare(v, j.rows)
					if err != nil {
						cancel(err)
					}
					j.done <- t
				}
			})
		}
		wg.Go(func() {
			defer close(jobs)
			defer close(order)
			send := func(rows []row) error {
				j := job{rows, make(chan T, 1)}
				select {
				case order <- j:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
				jobs <- j // those who prepare never stop before the end
				return nil
			}
			for _, piece := range s.slices(c) {
				if err := v.piece(ctx, c, piece, columns, send); err != nil {
					cancel(err)
					return
				}
			}
		})
		for j := range order {
			t := <-j.done
			if err := context.Cause(ctx); err != nil {
				return err
			}
			if err := take(v, t); err != nil {
				cancel(err)
				return err
			}
		}
		return context.Cause(ctx)
	})
}

// piece reads the rows of a piece of time.
func (v *snapshot) piece(ctx context.Context, c *condition, piece span, columns string, send func([]row) error) error {
	part := *c
	part.from, part.to = piece.from, piece.to
	if piece.from > always {
		part.where = "time >= " + number(piece.from) + " AND " + part.where
	}
	if piece.to < never {
		part.where = "time < " + number(piece.to) + " AND " + part.where
	}
	runs := v.runs(&part)
	if len(runs) == 0 {
		return nil
	}
	rows := make([]row, 0, portion)
	err := each(ctx, v.c, part.statement("SELECT * FROM %s ORDER BY time, key", columns, runs), c.args, func(r row) error {
		if rows = append(rows, slices.Clone(r)); len(rows) < portion {
			return nil
		}
		full := rows
		rows = make([]row, 0, portion)
		return send(full)
	})
	if err != nil || len(rows) == 0 {
		return err
	}
	return send(rows)
}

// Each gives all posts of a query, oldest first.
func (s *Store) Each(ctx context.Context, q poststore.Query, raw bool, yield func([]poststore.Post) error) error {
	runs := &rawRuns{s: s, runs: make(map[int64][][]byte)}
	type page struct {
		posts []poststore.Post
		rows  []row
	}
	err := scan(ctx, s, q, postColumns, func(_ *snapshot, rows []row) (page, error) {
		p := page{make([]poststore.Post, len(rows)), rows}
		for i, r := range rows {
			if err := s.post(r, &p.posts[i]); err != nil {
				return p, err
			}
		}
		return p, nil
	}, func(v *snapshot, p page) error {
		if raw {
			if err := runs.fill(ctx, v, p.rows, p.posts); err != nil {
				return err
			}
		}
		return yield(p.posts)
	})
	if err != nil {
		return fmt.Errorf("going through posts: %w", err)
	}
	return nil
}

// Traces gives the traces of a query's posts, oldest first.
func (s *Store) Traces(
	ctx context.Context, q poststore.Query, by enrich.Behaviours, o enrich.Options, yield func([]coordination.Trace) error,
) error {
	err := scan(ctx, s, q, "time, key, folded, body", func(_ *snapshot, rows []row) ([]coordination.Trace, error) {
		traces := make([]coordination.Trace, 0, 2*len(rows))
		var p poststore.Post
		for _, r := range rows {
			if err := body(r.string(3), r.string(2), &p.Post); err != nil {
				return nil, err
			}
			p.Time = at(r.int(0))
			account := poststore.AccountKey(p.Platform, p.Account.ID)
			enrich.Traces(&p.Post, by, o, func(b coordination.Behaviour, object string) {
				traces = append(traces, coordination.Trace{
					Account: account, Behaviour: b, Object: object, Time: p.Time, Post: poststore.Key(r.uint(1)),
				})
			})
		}
		return traces, nil
	}, func(_ *snapshot, traces []coordination.Trace) error {
		if len(traces) == 0 {
			return nil
		}
		return yield(traces)
	})
	if err != nil {
		return fmt.Errorf("reading traces: %w", err)
	}
	return nil
}
