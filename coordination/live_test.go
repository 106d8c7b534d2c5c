package coordination_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/akashi-project/akashi/coordination"
)

// edge is what both engines must agree on.
type edge struct {
	a, b                          string
	coactions, objects, occasions int64
	first, last                   int64
	vote, expected, p, q          float64
	gaps                          [3]time.Duration
	layers                        string
	evidence                      []time.Duration
	// tested says that each behaviour has more than one object: of others
	// the batch engine computes λ only where their accounts are tested.
	tested bool
}

func edges(n *coordination.Network) []edge {
	var out []edge
	for i, d := range n.Edges() {
		e := edge{
			a: n.Accounts[d.A].Name, b: n.Accounts[d.B].Name, coactions: d.CoActions, objects: d.Objects, occasions: d.Occasions,
			first: d.First.UnixMicro(), last: d.Last.UnixMicro(), vote: d.Vote, expected: d.Expected, p: d.P, q: d.Q,
			gaps: [3]time.Duration{d.GapMin, d.GapMedian, d.GapHigh},
		}
		e.tested = true
		for _, l := range n.Behaviours(i) {
			e.tested = e.tested && l.Objects > 1
			e.layers += fmt.Sprintf("%v %d %d %.9f;", l.Behaviour, l.CoActions, l.Objects, l.Vote)
		}
		for _, m := range n.Evidence(i) {
			e.evidence = append(e.evidence, m.TimeA.Sub(m.TimeB).Abs())
		}
		out = append(out, e)
	}
	return out
}

func near9(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a)) }

func sameEdges(t *testing.T, what string, got, want []edge) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d edges, want %d", what, len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		for k := range w.gaps { // in the same bucket
			if d := (g.gaps[k] - w.gaps[k]).Abs(); d > w.gaps[k]/4+100*time.Millisecond {
				t.Fatalf("%s: %s–%s: gap %d is %v, want %v", what, w.a, w.b, k, g.gaps[k], w.gaps[k])
			}
		}
		if g.a != w.a || g.b != w.b || g.coactions != w.coactions || g.objects != w.objects || g.occasions != w.occasions ||
			g.first != w.first || g.last != w.last || g.layers != w.layers || !slices.Equal(g.evidence, w.evidence) ||
			!near9(g.vote, w.vote) || w.tested && !near9(g.expected, w.expected) || !near9(g.p, w.p) || !near9(g.q, w.q) {
			t.Fatalf("%s:\ngot  %+v\nwant %+v", what, g, w)
		}
	}
}

func feed(t *testing.T, l *coordination.Live, traces []coordination.Trace) {
	t.Helper()
	for _, tr := range traces {
		if err := l.Add(tr); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLiveAgreesWithBatch streams traces in several orders and compares every
// field of every edge with the batch engine's.
func TestLiveAgreesWithBatch(t *testing.T) {
	significant := 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 17)) //nolint:gosec // reproducible
		traces := randomTraces(r, 10+r.IntN(600))
		for i := range traces { // over several days
			traces[i].Time = traces[i].Time.Add(time.Duration(coordination.Key(fmt.Sprint(traces[i].Post))%4) * 23 * time.Hour)
		}
		for page := range 8 { // three that act together
			for a := range 3 {
				traces = append(traces, coordination.Trace{
					Account: fmt.Sprint("twin", a), Behaviour: coordination.URL, Object: fmt.Sprint("page", page),
					Time: traces[0].Time.Add(time.Duration(page)*time.Hour + time.Duration(a)*time.Millisecond),
					Post: coordination.Key(fmt.Sprint("twin", a, page)),
				})
			}
		}
		c := coordination.Config{Window: time.Duration(1+r.IntN(300)) * time.Second, Ceiling: 5 + r.IntN(60)}
		if r.IntN(2) == 0 {
			c.Ceiling = coordination.None
		}
		batch := c
		batch.Anchor = time.Date(2023, 8, 1, 0, 0, 0, 0, time.UTC)
		// A trace that comes twice counts once towards the ceiling of a
		// stream.
		var unique []coordination.Trace
		known := map[coordination.Trace]bool{}
		for _, tr := range traces {
			if !known[tr] {
				known[tr] = true
				unique = append(unique, tr)
			}
		}
		n := detect(t, batch, unique)
		want := edges(n)
		for order := range 3 {
			l, err := coordination.NewLive(c, 30*24*time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			feed(t, l, traces)
			got, err := l.Snapshot(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			sameEdges(t, fmt.Sprintf("seed %d, order %d", seed, order), edges(got), want)
			if again := int64(len(traces) - len(unique)); got.Duplicates != again && len(n.Hot) == 0 {
				t.Fatalf("seed %d: %d duplicates, want %d", seed, got.Duplicates, again)
			}
			some, err := l.Snapshot(t.Context(), 0.05)
			if err != nil {
				t.Fatal(err)
			}
			sameEdges(t, fmt.Sprintf("seed %d, significant", seed), edges(some), slices.DeleteFunc(slices.Clone(want), func(e edge) bool { return e.q > 0.05 }))
			significant += some.Len()
			if order == 0 {
				slices.SortStableFunc(traces, func(a, b coordination.Trace) int { return a.Time.Compare(b.Time) })
			} else {
				r.Shuffle(len(traces), func(i, j int) { traces[i], traces[j] = traces[j], traces[i] })
			}
		}
	}
	if significant < 30 {
		t.Fatalf("only %d significant edges: the test is too easy", significant)
	}
}

// TestLiveForgets compares what is left after the horizon has passed with the
// batch engine on the newer traces alone, also in steps.
func TestLiveForgets(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 23)) //nolint:gosec // reproducible
		traces := randomTraces(r, 400)
		start := traces[0].Time
		for i := range traces {
			traces[i].Time = start.Add(time.Duration(i) * 10 * time.Minute)
		}
		c := coordination.Config{Window: time.Hour, Ceiling: coordination.None}
		l, err := coordination.NewLive(c, 24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for i, tr := range traces {
			feed(t, l, []coordination.Trace{tr})
			if i%37 == 0 {
				l.Expire(tr.Time, 3)
			}
		}
		now := traces[len(traces)-1].Time
		for !l.Expire(now, 5) {
		}
		for !l.Expire(now, 0) {
		}
		cut := now.Add(-24 * time.Hour)
		left := slices.DeleteFunc(slices.Clone(traces), func(tr coordination.Trace) bool { return tr.Time.Before(cut) })
		c.Anchor = time.Date(2023, 8, 1, 0, 0, 0, 0, time.UTC)
		got, err := l.Snapshot(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		sameEdges(t, fmt.Sprintf("seed %d", seed), edges(got), edges(detect(t, c, left)))
		if s := l.Stats(); s.Traces+s.Duplicates < int64(len(left)) || s.Traces > int64(len(left)) || !s.Since.Equal(cut) {
			t.Fatalf("seed %d: %+v after %d traces are left", seed, s, len(left))
		}
		feed(t, l, []coordination.Trace{{Account: "x", Object: "o", Time: cut.Add(-time.Second), Post: 1}})
		if s := l.Stats(); s.Late != 1 {
			t.Fatalf("seed %d: a trace older than what is held was taken: %+v", seed, s)
		}
		for !l.Expire(now.Add(48*time.Hour), 0) {
		}
		if s := l.Stats(); s.Traces+s.Accounts+s.Objects+s.Pairs+s.Shared != 0 {
			t.Fatalf("seed %d: something is left of nothing: %+v", seed, s)
		}
	}
}

// TestLiveStaysWithinItsBudget has far more pairs than fit.
func TestLiveStaysWithinItsBudget(t *testing.T) {
	c := coordination.Config{Window: time.Minute, Ceiling: 200, Budget: 1 << 20}
	l, err := coordination.NewLive(c, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40_000 {
		feed(t, l, []coordination.Trace{{
			Account: fmt.Sprint("a", i%997), Object: fmt.Sprint("o", i/50), Time: at(i), Post: coordination.PostKey(i), //nolint:gosec // small
		}})
		if s := l.Stats(); s.Bytes > c.Budget {
			t.Fatalf("%d bytes held, more than the budget of %d", s.Bytes, c.Budget)
		}
	}
	s := l.Stats()
	if s.Shed == 0 || s.Traces == 0 || s.Since.IsZero() {
		t.Fatalf("nothing was shed, or everything: %+v", s)
	}
}

func TestLiveRefusesWhatCannotBe(t *testing.T) {
	for _, c := range []struct {
		config  coordination.Config
		horizon time.Duration
	}{
		{coordination.Config{Method: coordination.QUT}, time.Hour},
		{coordination.Config{Window: time.Hour}, time.Minute},
		{coordination.Config{}, 90 * 24 * time.Hour},
		{coordination.Config{Window: -2}, time.Hour},
	} {
		if _, err := coordination.NewLive(c.config, c.horizon); err == nil {
			t.Errorf("%+v with a horizon of %v was taken", c.config, c.horizon)
		}
	}
	l, err := coordination.NewLive(coordination.Config{}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range []coordination.Trace{
		{Object: "o", Time: at(0)}, {Account: "a", Time: at(0)}, {Account: "a", Object: "o", Time: at(0), Behaviour: 99}, {Account: "a", Object: "o"},
	} {
		if err := l.Add(tr); tr.Time.IsZero() && tr.Account != "" && tr.Object != "" {
			continue // the year 1 is a time
		} else if err == nil {
			t.Errorf("%+v was taken", tr)
		}
	}
}

// BenchmarkLive streams traces of 20,000 accounts on objects of Zipf's
// popularity, 5,000 a second of the stream, through an hour's horizon with an
// expiry step and a snapshot every ten seconds of it.
func BenchmarkLive(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // reproducible
	z := rand.NewZipf(r, 1.2, 300, 1_000_000)
	accounts, objects := make([]string, 20_000), map[uint64]string{}
	for i := range accounts {
		accounts[i] = fmt.Sprint("sim:account-", i)
	}
	l, err := coordination.NewLive(coordination.Config{Window: 10 * time.Minute}, time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	start := at(0)
	i := 0
	for b.Loop() {
		o := z.Uint64()
		if objects[o] == "" {
			objects[o] = fmt.Sprint("https://news.example/article/", o)
		}
		now := start.Add(time.Duration(i) * 200 * time.Microsecond)
		if err := l.Add(coordination.Trace{Account: accounts[r.IntN(len(accounts))], Object: objects[o], Behaviour: coordination.URL, Time: now, Post: coordination.PostKey(i)}); err != nil { //nolint:gosec // a count
			b.Fatal(err)
		}
		if i++; i%5000 == 0 {
			l.Expire(now, 5000)
		}
		if i%50_000 == 0 {
			if _, err := l.Snapshot(b.Context(), 0.05); err != nil {
				b.Fatal(err)
			}
		}
	}
	s := l.Stats()
	b.ReportMetric(float64(s.Bytes)/1e6, "MB-held")
	b.ReportMetric(float64(s.Pairs), "pairs")
}
