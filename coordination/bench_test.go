package coordination_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/akashi-project/akashi/coordination"
)

// benchTraces is a million-scale mix: n traces over accounts and objects of
// uneven popularity, a million a day.
func benchTraces(n int) []coordination.Trace {
	r := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // reproducible
	objects := rand.NewZipf(r, 1.1, 8, uint64(n/5))
	accounts := rand.NewZipf(r, 1.1, 8, uint64(n/20))
	out := make([]coordination.Trace, n)
	for i := range out {
		out[i] = coordination.Trace{
			Account: fmt.Sprintf("a%d", accounts.Uint64()), Behaviour: coordination.URL, Object: fmt.Sprintf("o%d", objects.Uint64()),
			Time: time.Unix(1_690_000_000, int64(i)*86_400_000), Post: coordination.PostKey(i), //nolint:gosec // small
		}
	}
	return out
}

func BenchmarkEngine(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		traces := benchTraces(n)
		for _, m := range []coordination.Method{coordination.Akashi, coordination.CooRTweet, coordination.QUT} {
			b.Run(fmt.Sprintf("%v/%d", m, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					e, err := coordination.New(coordination.Config{Method: m, Window: time.Minute, Ceiling: 20_000})
					if err != nil {
						b.Fatal(err)
					}
					for _, tr := range traces {
						if err := e.Add(tr); err != nil {
							b.Fatal(err)
						}
					}
					if _, err := e.Run(context.Background()); err != nil {
						b.Fatal(err)
					}
					if err := e.Close(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "traces/s")
			})
		}
	}
}
