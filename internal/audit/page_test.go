package audit

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// BenchmarkPage reads a page of a log of a million lines with a filter that
// nothing matches, as far as a page of the program looks, and says how long the
// slowest twentieth took (ms).
func BenchmarkPage(b *testing.B) {
	l := openBench(b, b.TempDir())
	const lines, step = 1_000_000, 50_000
	for n := 0; n < lines; n += step {
		l.record(b, n, n+step)
		l.drain(b)
	}
	for _, scan := range []int64{5_000, 10_000, 20_000} {
		b.Run(fmt.Sprint(scan), func(b *testing.B) {
			took := make([]float64, 0, b.N)
			for b.Loop() {
				begin := time.Now()
				p, err := l.log.Page(b.Context(), -1, Filter{Action: "nothing.such"}, 50, scan)
				if err != nil || p.Scanned != scan || len(p.Entries) != 0 || p.Done {
					b.Fatal(err, p)
				}
				took = append(took, float64(time.Since(begin).Microseconds())/1000)
			}
			slices.Sort(took)
			b.ReportMetric(took[len(took)*19/20], "p95-ms")
		})
	}
}
