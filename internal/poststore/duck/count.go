package duck

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// group is what a tally counts by: the bin, from the year 1 on, and the number
// of a value. Either is 0 where it is not asked for.
type group struct{ bin, value int64 }

// yearOne is 1 January of the year 1 in microseconds, where bins begin.
const yearOne = -62135596800 * 1_000_000

// tally counts the posts of a query by bin and value. What the counts by hour
// can answer they do; the hours at the ends that a bound cuts, and all else, are
// read from the file.
func (s *Store) tally(ctx context.Context, q poststore.Query, bin time.Duration, by query.Field) (map[group]int64, error) {
	out := make(map[group]int64)
	width := bin.Microseconds()
	var bounds condition
	bounds.from, bounds.to = bound(q.From, always), bound(q.To, never)
	test, ok := s.cellTest(bounds.takeBounds(q.Where))
	from, to := wholeHours(bounds.from, bounds.to)
	if !ok || query.AsksDeleted(q.Where) || width%hourMicros != 0 || from >= to {
		err := s.read(ctx, func(v *snapshot) error { return v.tally(ctx, q, width, by, out) })
		return out, err
	}
	k := kindOf(by)
	look := func() {
		for c, n := range s.counts.cells {
			h := int64(c.hour)
			if h < from || h >= to || !test(c) {
				continue
			}
			var g group
			if width > 0 {
				g.bin = floorDiv(h*hourMicros-yearOne, width)
			}
			if by != "" {
				g.value = c.number(k)
			}
			out[g] += n
		}
	}
	before, after := bounds.from > always && bounds.from < from*hourMicros, bounds.to < never && bounds.to > to*hourMicros
	if !before && !after {
		s.mu.RLock()
		defer s.mu.RUnlock()
		look()
		return out, ctx.Err()
	}
	err := s.readWith(ctx, look, func(v *snapshot) error {
		if before {
			edge := q
			edge.From, edge.To = at(bounds.from), at(from*hourMicros)
			if err := v.tally(ctx, edge, width, by, out); err != nil {
				return err
			}
		}
		if after {
			edge := q
			edge.From, edge.To = at(to*hourMicros), at(bounds.to)
			return v.tally(ctx, edge, width, by, out)
		}
		return nil
	})
	return out, err
}

// wholeHours gives the hours that lie wholly within bounds.
func wholeHours(from, to int64) (first, end int64) {
	const far = 1 << 31
	first, end = -far, far
	if from > always {
		first = floorDiv(from, hourMicros)
		if first*hourMicros < from {
			first++
		}
	}
	if to < never {
		end = floorDiv(to, hourMicros)
	}
	return first, end
}

// tally counts from the file, onto what out has.
func (v *snapshot) tally(ctx context.Context, q poststore.Query, width int64, by query.Field, out map[group]int64) error {
	c, err := v.s.compile(ctx, v.c, q)
	if err != nil {
		return err
	}
	column, b := "0::INTEGER", "0::BIGINT"
	if by != "" {
		column = columnOf(by)
	}
	if width > 0 {
		b = fmt.Sprintf("(time - (%d)) // %d", int64(yearOne), width)
	}
	return each(ctx, v.c, c.statement("SELECT b, v, count(*) FROM %s GROUP BY ALL", b+" AS b, "+column+" AS v", v.runs(c)), c.args,
		func(r row) error {
			out[group{r.int(0), r.int(1)}] += r.int(2)
			return nil
		})
}

// Count counts posts.
func (s *Store) Count(ctx context.Context, q poststore.Query) (int64, error) {
	groups, err := s.tally(ctx, q, 0, "")
	if err != nil {
		return 0, fmt.Errorf("counting posts: %w", err)
	}
	return groups[group{}], nil
}

// Histogram counts posts in bins of time.
func (s *Store) Histogram(
	ctx context.Context, q poststore.Query, bin time.Duration, by query.Field, n int,
) (poststore.Histogram, error) {
	h := poststore.Histogram{Bin: bin}
	switch by {
	case "", query.Platform, query.Lang, query.Type, query.Source:
	default:
		return h, fmt.Errorf("%w: %q", poststore.ErrField, by)
	}
	if _, _, err := poststore.Bins(time.Time{}, time.Time{}, bin); err != nil {
		return h, err
	}
	groups, err := s.tally(ctx, q, bin, by)
	if err != nil {
		return h, fmt.Errorf("counting posts over time: %w", err)
	}
	first, last := q.From, q.To
	if !last.IsZero() {
		last = at(last.UnixMicro() - 1)
	}
	width := bin.Microseconds()
	for g := range groups {
		start, end := at(g.bin*width+yearOne), at((g.bin+1)*width+yearOne-1)
		if q.From.IsZero() && (first.IsZero() || start.Before(first)) {
			first = start
		}
		if q.To.IsZero() && (last.IsZero() || end.After(last)) {
			last = end
		}
	}
	bins, start, err := poststore.Bins(first, last, bin)
	if err != nil {
		return h, err
	}
	h.Start = start
	counts := make(map[string][]int64)
	if by == "" && bins > 0 {
		counts[""] = make([]int64, bins)
	}
	for g, n := range groups {
		value := s.valueText(by, g.value)
		if counts[value] == nil {
			counts[value] = make([]int64, bins)
		}
		counts[value][g.bin-(start.UnixMicro()-yearOne)/width] += n
	}
	h.Series = poststore.TopSeries(counts, by, n)
	return h, nil
}

// valueText gives the value of a number of a field, as query.Values has it.
func (s *Store) valueText(by query.Field, n int64) string {
	switch by {
	case "":
		return ""
	case query.Type:
		return types[n]
	case query.Platform, query.Lang:
		return query.Fold(s.names.text(kindOf(by), n))
	}
	return s.names.text(kindOf(by), n)
}

// Span gives the extent of the store.
func (s *Store) Span(ctx context.Context) (poststore.Span, error) {
	var out poststore.Span
	var first, last int64 = never, always // hours
	look := func() {
		out.Posts, out.Deleted = s.counts.posts, s.deleted
		for i := range s.accounts.known {
			if s.accounts.known[i].posts > 0 {
				out.Accounts++
			}
		}
		for c := range s.counts.cells {
			first, last = min(first, int64(c.hour)), max(last, int64(c.hour))
		}
	}
	err := s.readWith(ctx, look, func(v *snapshot) error {
		if out.Posts == 0 {
			return nil
		}
		for _, end := range []struct {
			hour int64
			of   string
			to   *time.Time
		}{{first, "min", &out.First}, {last, "max", &out.Last}} {
			q := poststore.Query{From: at(end.hour * hourMicros), To: at((end.hour + 1) * hourMicros)}
			c, err := s.compile(ctx, v.c, q)
			if err != nil {
				return err
			}
			if err := each(ctx, v.c, c.statement("SELECT "+end.of+"(time) FROM %s", "time", v.runs(c)), nil, func(r row) error {
				*end.to = at(r.int(0))
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return out, fmt.Errorf("reading the extent of the store: %w", err)
	}
	out.Bytes = size(s.path) + size(s.path+".wal")
	return out, nil
}

// Sources says what came by which source.
func (s *Store) Sources(ctx context.Context) ([]poststore.Source, error) {
	var out []poststore.Source
	err := s.read(ctx, func(v *snapshot) error {
		posts := make(map[string]poststore.Source)
		c, err := s.compile(ctx, v.c, poststore.Query{})
		if err != nil {
			return err
		}
		err = each(ctx, v.c, c.statement("SELECT source, count(*), min(time), max(time) FROM %s GROUP BY source", "source, time", v.runs(c)),
			nil, func(r row) error {
				posts[s.names.text(kindSource, r.int(0))] = poststore.Source{Posts: r.int(1), First: at(r.int(2)), Last: at(r.int(3))}
				return nil
			})
		if err != nil {
			return err
		}
		return each(ctx, v.c, "SELECT name, seen, cursor, has_cursor FROM source ORDER BY name", nil, func(r row) error {
			src := posts[r.string(0)]
			src.Name, src.Seen = r.string(0), at(r.int(1))
			if has, _ := r[3].(bool); has {
				src.Cursor = slices.Concat(make([]byte, 0, 1), r.bytes(2))
			}
			out = append(out, src)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading the sources: %w", err)
	}
	return out, nil
}

// Cursor gives where a source stands.
func (s *Store) Cursor(ctx context.Context, source string) ([]byte, error) {
	var out []byte
	err := s.read(ctx, func(v *snapshot) error {
		return each(ctx, v.c, "SELECT cursor, has_cursor FROM source WHERE name = ?", []any{clean(source)}, func(r row) error {
			if has, _ := r[1].(bool); has {
				out = append(make([]byte, 0, 1), r.bytes(0)...)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading the cursor of %s: %w", source, err)
	}
	return out, nil
}
