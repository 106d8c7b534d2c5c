package coordination_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/akashi-project/akashi/coordination"
)

// line is what a test compares of an edge.
type line struct {
	from, to string
	weight   int64
}

func sortLines(l []line) []line {
	slices.SortFunc(l, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	return l
}

// detect runs the engine.
func detect(t testing.TB, c coordination.Config, traces []coordination.Trace) *coordination.Network {
	t.Helper()
	c.Dir = t.TempDir()
	e, err := coordination.New(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range traces {
		if err := e.Add(tr); err != nil {
			t.Fatal(err)
		}
	}
	n, err := e.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return n
}

// lines gives a network's edges: directed ones for QUT.
func lines(n *coordination.Network) []line {
	var out []line
	for _, d := range n.Edges() {
		a, b := n.Accounts[d.A].Name, n.Accounts[d.B].Name
		if n.Config.Method != coordination.QUT {
			out = append(out, line{a, b, d.CoActions})
			continue
		}
		out = append(out, line{a, b, d.AB})
		if a != b {
			out = append(out, line{b, a, d.BA})
		}
	}
	return sortLines(out)
}

// same says whether two traces are of one object.
func same(a, b coordination.Trace) bool {
	return a.Behaviour == b.Behaviour && a.Object == b.Object
}

func near(a, b coordination.Trace, window time.Duration) bool {
	return a.Time.Sub(b.Time).Abs() <= window
}

type pair [2]int

// naive enumerates all pairs of traces, by the words of each method's rules.
func naive(c coordination.Config, traces []coordination.Trace) []line {
	perObject := map[string]int{}
	rows := map[string]int{}
	for _, t := range traces {
		perObject[fmt.Sprint(t.Behaviour, t.Object)]++
		rows[t.Account]++
	}
	if c.Method != coordination.CooRTweet {
		seen := map[coordination.Trace]bool{}
		traces = slices.DeleteFunc(slices.Clone(traces), func(t coordination.Trace) bool {
			again := seen[t]
			seen[t] = true
			return again
		})
	}
	switch c.Method {
	case coordination.Akashi:
		traces = slices.DeleteFunc(slices.Clone(traces), func(t coordination.Trace) bool {
			return c.Ceiling > 0 && perObject[fmt.Sprint(t.Behaviour, t.Object)] > c.Ceiling
		})
	case coordination.CooRTweet:
		traces = slices.DeleteFunc(slices.Clone(traces), func(t coordination.Trace) bool {
			return rows[t.Account] < c.MinParticipation
		})
	case coordination.QUT:
		posts := map[pair]map[coordination.PostKey]bool{}
		ids, names := map[string]int{}, []string{}
		for _, t := range traces {
			if _, ok := ids[t.Account]; !ok {
				ids[t.Account] = len(names)
				names = append(names, t.Account)
			}
		}
		for _, a := range traces {
			for _, b := range traces {
				if same(a, b) && a.Post != b.Post && near(a, b, c.Window) {
					k := pair{ids[a.Account], ids[b.Account]}
					if posts[k] == nil {
						posts[k] = map[coordination.PostKey]bool{}
					}
					posts[k][a.Post] = true
				}
			}
		}
		var out []line
		for k, p := range posts {
			out = append(out, line{names[k[0]], names[k[1]], int64(len(p))})
		}
		return sortLines(out)
	}
	var pairs []pair
	for i, a := range traces {
		for j, b := range traces[:i] {
			if !same(a, b) || a.Account == b.Account || a.Post == b.Post || !near(a, b, c.Window) {
				continue
			}
			self := coordination.Key(a.Object)
			if c.Method == coordination.CooRTweet && (a.Post == self || b.Post == self) {
				continue
			}
			pairs = append(pairs, pair{i, j})
		}
	}
	if c.Method == coordination.CooRTweet {
		paired := map[coordination.PostKey]bool{}
		for _, p := range pairs {
			paired[traces[p[0]].Post], paired[traces[p[1]].Post] = true, true
		}
		taking := map[string]int{}
		for _, t := range traces {
			if paired[t.Post] {
				taking[t.Account]++
			}
		}
		good := map[coordination.PostKey]bool{}
		for _, t := range traces {
			if paired[t.Post] && taking[t.Account] >= c.MinParticipation {
				good[t.Post] = true
			}
		}
		pairs = slices.DeleteFunc(pairs, func(p pair) bool {
			return !good[traces[p[0]].Post] && !good[traces[p[1]].Post]
		})
	}
	weights := map[[2]string]int64{}
	for _, p := range pairs {
		a, b := traces[p[0]].Account, traces[p[1]].Account
		weights[[2]string{min(a, b), max(a, b)}]++
	}
	var out []line
	for k, w := range weights {
		out = append(out, line{k[0], k[1], w})
	}
	return sortLines(out)
}

// randomTraces makes traces that collide often: few accounts, few objects,
// posts with several objects, equal times, duplicates, contents that several
// accounts share, and contents that are their own object.
func randomTraces(r *rand.Rand, n int) []coordination.Trace {
	start := time.Date(2023, 8, 24, 0, 0, 0, 0, time.UTC)
	accounts, objects, span := 2+r.IntN(30), 1+r.IntN(40), 1+r.IntN(4000)
	var out []coordination.Trace
	for len(out) < n {
		account := fmt.Sprintf("a%d", int(float64(accounts)*r.Float64()*r.Float64()))
		at := start.Add(time.Duration(r.IntN(span)) * time.Second)
		if r.IntN(10) == 0 {
			at = at.Add(time.Duration(r.IntN(1000)) * time.Millisecond)
		}
		post := coordination.Key(fmt.Sprintf("p%d", len(out)))
		if r.IntN(20) == 0 {
			post = coordination.Key(fmt.Sprintf("o%d", r.IntN(objects)))
		}
		for range 1 + r.IntN(3) {
			out = append(out, coordination.Trace{
				Account: account, Behaviour: coordination.Behaviour(r.IntN(3)), //nolint:gosec // below 3
				Object: fmt.Sprintf("o%d", r.IntN(objects)), Time: at, Post: post,
			})
			if r.IntN(15) == 0 {
				out = append(out, out[len(out)-1])
			}
		}
	}
	return out
}

func TestEngineAgreesWithAllPairs(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // reproducible
		traces := randomTraces(r, 10+r.IntN(400))
		window := time.Duration(1+r.IntN(300)) * time.Second
		for _, c := range []coordination.Config{
			{Method: coordination.Akashi, Ceiling: 5 + r.IntN(60)},
			{Method: coordination.Akashi, Ceiling: coordination.None},
			{Method: coordination.CooRTweet, MinParticipation: 1 + r.IntN(4)},
			{Method: coordination.QUT},
		} {
			c.Window = window
			want := naive(c, traces)
			for _, c.Workers = range []int{1, 2, 3, 8} {
				got := lines(detect(t, c, traces))
				if !slices.Equal(got, want) {
					t.Fatalf("seed %d, %v, %d workers, %d traces, window %v: got %d edges, want %d\ngot  %v\nwant %v",
						seed, c.Method, c.Workers, len(traces), window, len(got), len(want), got, want)
				}
			}
		}
	}
}

// TestEdgesKeepWhatTheySay checks every field of an edge against all pairs.
func TestEdgesKeepWhatTheySay(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 11)) //nolint:gosec // reproducible
		traces := randomTraces(r, 10+r.IntN(400))
		c := coordination.Config{Window: 2 * time.Minute, Ceiling: coordination.None, Decay: 30 * time.Second, Evidence: 5}
		n := detect(t, c, traces)
		seen := map[coordination.Trace]bool{}
		unique := slices.DeleteFunc(slices.Clone(traces), func(tr coordination.Trace) bool {
			again := seen[tr]
			seen[tr] = true
			return again
		})
		sharers := map[string]map[string]bool{}
		for _, tr := range unique {
			k := fmt.Sprint(tr.Behaviour, tr.Object)
			if sharers[k] == nil {
				sharers[k] = map[string]bool{}
			}
			sharers[k][tr.Account] = true
		}
		for i, d := range n.Edges() {
			a, b := n.Accounts[d.A].Name, n.Accounts[d.B].Name
			best := map[string]time.Duration{}
			var gaps []time.Duration
			var first, last time.Time
			for _, x := range unique {
				for _, y := range unique {
					if x.Account != a || y.Account != b || x.Post == y.Post || !same(x, y) || !near(x, y, c.Window) {
						continue
					}
					gap := x.Time.Sub(y.Time).Abs()
					gaps = append(gaps, gap)
					k := fmt.Sprint(x.Behaviour, x.Object)
					if old, ok := best[k]; !ok || gap < old {
						best[k] = gap
					}
					for _, at := range []time.Time{x.Time, y.Time} {
						if first.IsZero() || at.Before(first) {
							first = at
						}
						if at.After(last) {
							last = at
						}
					}
				}
			}
			vote := 0.0
			for k, gap := range best {
				idf := max(math.Log(float64(len(n.Accounts))/float64(len(sharers[k]))), 0.01)
				vote += idf * math.Exp(-gap.Seconds()/30)
			}
			if int(d.Objects) != len(best) || int(d.CoActions) != len(gaps) || !d.First.Equal(first) || !d.Last.Equal(last) || math.Abs(d.Vote-vote) > 1e-9 {
				t.Fatalf("seed %d, %s–%s: got %+v, want %d objects, %d co-actions, %v to %v, vote %v", seed, a, b, d, len(best), len(gaps), first, last, vote)
			}
			slices.Sort(gaps)
			for _, q := range []struct {
				got time.Duration
				at  float64
			}{{d.GapMin, 0}, {d.GapMedian, 0.5}, {d.GapHigh, 0.9}} {
				want := gaps[int(q.at*float64(len(gaps)-1))]
				if math.Abs((q.got - want).Seconds()) > want.Seconds()/8+0.016 {
					t.Fatalf("seed %d, %s–%s: gap quantile %v is %v, want %v", seed, a, b, q.at, q.got, want)
				}
			}
			ev := n.Evidence(i)
			if len(ev) == 0 {
				t.Fatalf("seed %d, %s–%s: no evidence", seed, a, b)
			}
			for _, m := range ev {
				if gap := m.TimeA.Sub(m.TimeB).Abs(); gap != best[fmt.Sprint(m.Behaviour, m.Object)] {
					t.Fatalf("seed %d, %s–%s: evidence on %s has gap %v, want the closest %v", seed, a, b, m.Object, gap, best[fmt.Sprint(m.Behaviour, m.Object)])
				}
				if !slices.ContainsFunc(unique, func(x coordination.Trace) bool {
					return x.Account == a && x.Post == m.PostA && x.Time.Equal(m.TimeA) && x.Object == m.Object
				}) {
					t.Fatalf("seed %d: evidence %+v names no trace of %s", seed, m, a)
				}
			}
		}
	}
}

// TestSameForAnyWorkersAndBudget compares whole edges, to the last bit.
func TestSameForAnyWorkersAndBudget(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5)) //nolint:gosec // reproducible
	traces := randomTraces(r, 90_000)
	for i := range traces {
		traces[i].Account += fmt.Sprint(i % 40)
	}
	var want []coordination.Edge
	for _, c := range []coordination.Config{
		{Workers: 1},
		{Workers: 2},
		{Workers: 7},
		{Workers: 2, Budget: 1}, // everything beyond the smallest chunks goes to disk
	} {
		c.Window, c.Ceiling = 2*time.Second, coordination.None
		n := detect(t, c, traces)
		if spilled := n.Spilled > 0; spilled != (c.Budget == 1) {
			t.Fatalf("%+v: spilled %d bytes", c, n.Spilled)
		}
		var got []coordination.Edge
		for _, d := range n.Edges() {
			got = append(got, d)
		}
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%d workers, budget %d: other edges than with one worker in memory", c.Workers, c.Budget)
		}
	}
	if len(want) < 100 {
		t.Fatalf("only %d edges: the test is too easy", len(want))
	}
}

func TestOrderOfTracesDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 5)) //nolint:gosec // reproducible
	traces := randomTraces(r, 500)
	for _, m := range []coordination.Method{coordination.Akashi, coordination.CooRTweet, coordination.QUT} {
		c := coordination.Config{Method: m, Window: time.Minute}
		want := lines(detect(t, c, traces))
		r.Shuffle(len(traces), func(i, j int) { traces[i], traces[j] = traces[j], traces[i] })
		if got := lines(detect(t, c, traces)); !slices.Equal(got, want) {
			t.Errorf("%v: shuffled traces give other edges", m)
		}
	}
}
