package poststore

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/akashi-project/akashi/internal/query"
)

// Bins gives how many bins a histogram has from the bin of first to that of
// last and when the first one starts. There are none where first or last is the
// zero time or last is before first. It is for engines.
func Bins(first, last time.Time, bin time.Duration) (n int64, start time.Time, err error) {
	if bin < time.Microsecond || bin%time.Microsecond != 0 {
		return 0, time.Time{}, fmt.Errorf("%w: bins of %v", ErrBins, bin)
	}
	if first.IsZero() || last.IsZero() || last.Before(first) {
		return 0, time.Time{}, nil
	}
	start = BinStart(first, bin)
	if n = (last.UnixMicro()-start.UnixMicro())/bin.Microseconds() + 1; n > MaxBins {
		return 0, time.Time{}, fmt.Errorf("%w: %d of %v", ErrBins, n, bin)
	}
	return n, start, nil
}

// TopSeries makes a histogram's series of the counts by value: the n with most
// posts, then "other". Without a field nothing is put together. It is for
// engines.
func TopSeries(counts map[string][]int64, by query.Field, n int) []Series {
	total := make(map[string]int64, len(counts))
	for v, c := range counts {
		for _, x := range c {
			total[v] += x
		}
	}
	values := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(total[b], total[a]), cmp.Compare(a, b))
	})
	if by == "" {
		n = len(values)
	}
	n = min(max(n, 0), len(values))
	var out []Series
	for _, v := range values[:n] {
		out = append(out, Series{Value: v, Counts: counts[v]})
	}
	if n == len(values) {
		return out
	}
	other := make([]int64, len(counts[values[0]]))
	for _, v := range values[n:] {
		for i, c := range counts[v] {
			other[i] += c
		}
	}
	return append(out, Series{Value: "other", Counts: other})
}
