package finding

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/report"
)

// madeUp is the outcome of a run with n groups of so many accounts, each pair of
// which has an edge with three meetings.
func madeUp(n, accounts int, seed uint64) *outcome {
	r := rand.New(rand.NewPCG(seed, 1))
	out := &outcome{end: day0, phases: func() []report.Phase { return nil }, groups: make([]seenGroup, n)}
	for k := range out.groups {
		g := &out.groups[k]
		g.snapshot = Snapshot{Schema: snapshotSchema, First: day0, Last: day0}
		for i := range accounts {
			key := fmt.Sprintf("sim-x:%d-%06d-%03d", seed, k, i)
			g.members = append(g.members, key)
			g.snapshot.Accounts = append(g.snapshot.Accounts, Account{Key: key, Alias: key, Posts: r.Int64N(50), Score: r.Float64()})
			for j := range i {
				e := Edge{A: j, B: i, Weight: r.Float64(), CoActions: r.Int64N(9), P: r.Float64(), Q: r.Float64(), First: day0, Last: day0}
				for range 3 {
					e.Evidence = append(e.Evidence, Meeting{Behaviour: "url", Object: fmt.Sprintf("https://a.example/%d", r.Uint32()), PostA: 1, PostB: 2, TimeA: day0, TimeB: day0})
				}
				g.snapshot.Edges = append(g.snapshot.Edges, e)
			}
		}
		for range strongest {
			g.objects = append(g.objects, fmt.Sprintf("%016x", r.Uint64()))
		}
		slices.Sort(g.objects)
		why := report.Sentence{"en": fmt.Sprintf("%d accounts acted on the same addresses", accounts), "ja": fmt.Sprintf("%d件のアカウントが同じURLについて行動しました", accounts)}
		g.summary = summary{Why: why, Counter: why, Behaviours: []string{"url"}, Spark: Spark{Counts: make([]int64, 24)}, First: day0}
		g.risk, g.tempo = riskOf(accounts, r.Int64N(9999), r.Int64N(1000), r.Float64(), 1, 2), tempoOf(r.Int64N(100), r.Int64N(1000), 99)
	}
	return out
}

// openRun writes down a run that is under way, without a job.
func (w *world) openRun(d *Detection, jobID int64) *Run {
	w.t.Helper()
	var r Run
	err := w.db.Change(w.ctx(), func(tx *casestore.Tx) error {
		id, err := addRun(w.ctx(), tx, d, jobID, "bench")
		if err != nil {
			return err
		}
		if _, err := tx.Exec(w.ctx(), `UPDATE runs SET state = ? WHERE id = ?`, string(RunRunning), id); err != nil {
			return err
		}
		r, err = w.s.readRun(w.ctx(), tx, id)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return &r
}

func benchWorld(b *testing.B) *world {
	b.Helper()
	db, err := casestoretest.Engines["sqlite"](b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return newWorld(b, db)
}

// Taking in a run with 1,000 groups of 20 accounts: all new, then the same
// again, then each with one more account.
func BenchmarkTakeIn(b *testing.B) {
	for _, kind := range []string{"new", "same", "changed"} {
		b.Run(kind, func(b *testing.B) {
			w := benchWorld(b)
			var held time.Duration
			n := int64(0)
			for b.Loop() {
				b.StopTimer()
				n++
				d := w.detection(Params{})
				if kind != "new" {
					if err := w.s.takeIn(w.ctx(), w.openRun(&d, 2*n), madeUp(1000, 20, uint64(n))); err != nil {
						b.Fatal(err)
					}
				}
				out := madeUp(1000, map[string]int{"new": 20, "same": 20, "changed": 21}[kind], uint64(n))
				if kind == "same" { // the same numbers too, but for the run
					out = madeUp(1000, 20, uint64(n))
				}
				r := w.openRun(&d, 2*n+1)
				stop, longest := make(chan struct{}), make(chan time.Duration)
				go func() { longest <- longestWait(w.db, stop) }()
				b.StartTimer()
				if err := w.s.takeIn(w.ctx(), r, out); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				close(stop)
				held = max(held, <-longest)
				b.StartTimer()
			}
			b.ReportMetric(float64(held.Milliseconds()), "longest-wait-ms")
		})
	}
}

// longestWait makes small changes until it is stopped, and gives how long the
// slowest took.
func longestWait(db *casestore.DB, stop <-chan struct{}) (longest time.Duration) {
	for {
		select {
		case <-stop:
			return longest
		default:
		}
		began := time.Now()
		if err := db.Record(context.Background(), casestore.Line{Action: "bench"}); err != nil {
			return longest
		}
		longest = max(longest, time.Since(began))
		time.Sleep(time.Millisecond)
	}
}

// A page of 50 of 10,000 findings, by each order, the first and one in the
// middle.
func BenchmarkPage(b *testing.B) {
	w := benchWorld(b)
	for i := range 10 {
		d := w.detection(Params{})
		if err := w.s.takeIn(w.ctx(), w.openRun(&d, int64(i)), madeUp(1000, 4, uint64(i))); err != nil {
			b.Fatal(err)
		}
	}
	for name, f := range map[string]Filter{
		"risk": {}, "updated": {Sort: ByUpdated}, "new by tempo": {Sort: ByTempo, States: []State{StateNew}},
		"middle": {After: "0.4~Z"}, "text": {Text: "f-2026-09"}, "nobody's since": {Owner: "-", Since: day0.Add(-time.Hour)},
	} {
		f.N = 50
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if p, err := w.s.List(b.Context(), f); err != nil || len(p.Findings) != 50 {
					b.Fatal(len(p.Findings), err)
				}
			}
		})
	}
}
