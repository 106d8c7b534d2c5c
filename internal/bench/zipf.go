package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/akashi-project/akashi/coordination"
)

// stream is a reproducible source of chance (SplitMix64, Steele et al. 2014).
type stream struct{ state uint64 }

func (s *stream) next() uint64 {
	s.state += 0x9E3779B97F4A7C15
	z := s.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func (s *stream) below(n uint64) uint64 { return s.next() % n }

func (s *stream) unit() float64 { return float64(s.next()>>11) / (1 << 53) }

// rank draws from 1 to n with a probability near rank^-1.1: the continuous
// Zipf distribution, cut off to whole numbers.
func (s *stream) rank(n int) int {
	const e = 1 - 1.1
	top := math.Pow(float64(n)+1, e)
	return int(math.Pow(1+s.unit()*(top-1), 1/e))
}

// zipf makes n traces in the order of time: accounts and objects of Zipf
// popularity, a million traces a day, one object a trace.
type zipf struct {
	s                 stream
	n, made           int
	accounts, objects int
	a, o              []byte
}

func newZipf(n int) *zipf {
	return &zipf{s: stream{state: 1}, n: n, accounts: n/20 + 1, objects: n/5 + 1}
}

func (z *zipf) next() coordination.Trace {
	at := time.Unix(1_690_000_000, int64(z.made)*86_400_000)
	z.made++
	z.a = strconv.AppendInt(append(z.a[:0], "account-"...), int64(z.s.rank(z.accounts)), 36)
	z.o = strconv.AppendInt(append(z.o[:0], "https://example.org/"...), int64(z.s.rank(z.objects)), 36)
	return coordination.Trace{
		Account: string(z.a), Behaviour: coordination.URL, Object: string(z.o),
		Time: at, Post: coordination.PostKey(z.made), //nolint:gosec // not negative
	}
}

// zipfOne runs the engine on one size and prints a row of the table; PEAK is
// filled in by whoever started the process.
func zipfOne(ctx context.Context, args []string) error {
	millions, err := strconv.ParseFloat(args[0], 64)
	if err != nil {
		return fmt.Errorf("reading the size: %w", err)
	}
	n := int(millions * 1e6)
	e, err := coordination.New(coordination.Config{Window: time.Minute, Budget: 512 << 20})
	if err != nil {
		return fmt.Errorf("setting up the engine: %w", err)
	}
	defer e.Close() //nolint:errcheck // temporary files
	z := newZipf(n)
	start := time.Now()
	for range n {
		if err := e.Add(z.next()); err != nil {
			return fmt.Errorf("adding a trace: %w", err)
		}
	}
	added := time.Since(start)
	start = time.Now()
	network, err := e.Run(ctx)
	if err != nil {
		return fmt.Errorf("running the engine: %w", err)
	}
	ran := time.Since(start)
	fmt.Printf("| %d | %.2f | %.2f | %.0f | %d | %d | PEAK | %.0f | %.2f |\n", n, added.Seconds(), ran.Seconds(),
		float64(n)/(added+ran).Seconds(), network.Pairs, network.Len(), float64(network.Spilled)/1e6, floor(n, network.Pairs).Seconds())
	return nil
}

// floor is the least that any sorting and pairing could take here: sorting
// the rows by object and time, of which it measures a sample, and touching a
// counter for each pair.
func floor(n int, pairs int64) time.Duration {
	const sample = 1 << 20
	s := stream{state: 3}
	keys := make([]uint64, sample)
	for i := range keys {
		keys[i] = s.next()
	}
	start := time.Now()
	slices.Sort(keys)
	sorting := time.Since(start).Seconds() / sample / math.Log2(sample) * float64(n) * math.Log2(float64(max(n, 2)))
	counters := make([]uint32, 1<<22)
	start = time.Now()
	for range sample {
		counters[s.next()&(1<<22-1)]++
	}
	touching := time.Since(start).Seconds() / sample * float64(pairs)
	return time.Duration((sorting + touching) * float64(time.Second))
}
