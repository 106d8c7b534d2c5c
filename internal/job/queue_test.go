package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
)

type countArgs struct {
	Number string `json:"number" river:"unique"`
	More   string `json:"more"`
}

func (countArgs) Kind() string { return "count" }

func queue(t testing.TB, db *casestore.DB, o Options) *Queue {
	t.Helper()
	if o.Retry == nil {
		o.Retry = func(int) time.Duration { return 0 }
	}
	o.Log = slog.New(slog.DiscardHandler)
	q, err := New(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func start(t testing.TB, q *Queue) {
	t.Helper()
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, q) })
}

func stop(t testing.TB, q *Queue) {
	t.Helper()
	if err := q.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// put puts a job in the queue in a change of its own.
func put(t testing.TB, db *casestore.DB, q *Queue, a Args, o Once) (id int64, fresh bool) {
	t.Helper()
	err := db.Housekeep(t.Context(), func(tx *casestore.Tx) (err error) {
		id, fresh, err = q.Enqueue(t.Context(), tx, a, o)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id, fresh
}

// until asks again until it is so; the queue writes a job's end after its work.
func until(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func inState(t testing.TB, q *Queue, id int64, s State) Job {
	t.Helper()
	var j Job
	until(t, fmt.Sprintf("job %d %s", id, s), func() bool {
		var err error
		if j, err = q.Get(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		return j.State == s
	})
	return j
}

func TestAJobIsThereWithItsChangeOnly(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		q := queue(t, db, Options{})
		ran := make(chan string, 10)
		Register(q, func(_ context.Context, j *Task[countArgs]) error { ran <- j.Args.Number; return nil })
		undone := errors.New("undone")
		err := db.Housekeep(t.Context(), func(tx *casestore.Tx) error {
			if _, _, err := q.Enqueue(t.Context(), tx, countArgs{Number: "never"}, Once{}); err != nil {
				return err
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		id, _ := put(t, db, q, countArgs{Number: "once"}, Once{})
		start(t, q)
		if got := <-ran; got != "once" {
			t.Errorf("ran %q", got)
		}
		j := inState(t, q, id, Completed)
		if j.Attempt != 1 || j.Kind != "count" || string(j.Args) != `{"number":"once","more":""}` || j.Ended.IsZero() {
			t.Errorf("shown as %+v", j)
		}
		all, err := q.List(t.Context(), Filter{})
		if err != nil || len(all) != 1 {
			t.Errorf("%d jobs, %v", len(all), err)
		}
	})
}

func TestEqualJobsWaitOnce(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		q := queue(t, db, Options{})
		gate, began := make(chan struct{}), make(chan struct{}, 10)
		Register(q, func(context.Context, *Task[countArgs]) error { began <- struct{}{}; <-gate; return nil })
		first, fresh := put(t, db, q, countArgs{Number: "1", More: "a"}, Once{Unique: true})
		again, stale := put(t, db, q, countArgs{Number: "1", More: "b"}, Once{Unique: true})
		if !fresh || stale || again != first {
			t.Errorf("%d %v, then %d %v", first, fresh, again, stale)
		}
		start(t, q)
		<-began
		if id, fresh := put(t, db, q, countArgs{Number: "1"}, Once{Unique: true}); fresh || id != first {
			t.Errorf("while it runs: %d %v", id, fresh)
		}
		if _, fresh := put(t, db, q, countArgs{Number: "2"}, Once{Unique: true}); !fresh {
			t.Error("another one was left out")
		}
		close(gate)
		inState(t, q, first, Completed)
		if id, fresh := put(t, db, q, countArgs{Number: "1"}, Once{Unique: true}); !fresh || id == first {
			t.Errorf("after it ended: %d %v", id, fresh)
		}
	})
}

func TestFailuresAreTriedAgain(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		q := queue(t, db, Options{})
		var tries, last atomic.Int64
		Register(q, func(_ context.Context, j *Task[countArgs]) error {
			if j.Last {
				last.Store(int64(j.Attempt))
			}
			switch n := tries.Add(1); {
			case j.Args.Number == "final":
				return fmt.Errorf("no use: %w", Final(errors.New("broken for ever")))
			case j.Args.Number == "panic" && n == 1:
				panic("at the first")
			case j.Args.Number == "always", n < 3:
				return errors.New("not yet")
			}
			return nil
		})
		start(t, q)
		for _, c := range []struct {
			number   string
			state    State
			attempts int
			err      string
		}{
			{"third", Completed, 3, "not yet"},
			{"panic", Completed, 3, "not yet"},
			{"always", Discarded, 3, "not yet"},
			{"final", Cancelled, 1, "no use: broken for ever"},
		} {
			tries.Store(0)
			last.Store(0)
			id, _ := put(t, db, q, countArgs{Number: c.number}, Once{Attempts: 3})
			j := inState(t, q, id, c.state)
			if j.Attempt != c.attempts || int(tries.Load()) != c.attempts {
				t.Errorf("%s: %d attempts, want %d", c.number, j.Attempt, c.attempts)
			}
			if c.state == Discarded && last.Load() != 3 {
				t.Errorf("%s: told at attempt %d that it is the last", c.number, last.Load())
			}
			if c.number != "final" && j.Error != c.err {
				t.Errorf("%s: error %q, want %q", c.number, j.Error, c.err)
			}
		}
	})
}

func TestCancel(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		q := queue(t, db, Options{Workers: 1})
		began := make(chan struct{})
		var cause atomic.Value
		Register(q, func(ctx context.Context, j *Task[countArgs]) error {
			j.Progress(Progress{Phase: "waiting", Done: 3, Total: 4})
			close(began)
			<-ctx.Done()
			cause.Store(context.Cause(ctx).Error())
			return fmt.Errorf("stopped: %w", ctx.Err())
		})
		running, _ := put(t, db, q, countArgs{Number: "1"}, Once{})
		waiting, _ := put(t, db, q, countArgs{Number: "2"}, Once{})
		start(t, q)
		<-began
		if j, err := q.Get(t.Context(), running); err != nil || j.Progress == nil || j.Progress.Done != 3 {
			t.Errorf("progress %+v, %v", j.Progress, err)
		}
		if err := q.Cancel(t.Context(), waiting); err != nil {
			t.Fatal(err)
		}
		if err := db.Housekeep(t.Context(), func(tx *casestore.Tx) error { return q.CancelIn(t.Context(), tx, running) }); err != nil {
			t.Fatal(err)
		}
		inState(t, q, waiting, Cancelled)
		if j := inState(t, q, running, Cancelled); j.Progress != nil {
			t.Error("progress after the end")
		}
		if cause.Load() != ErrCancelled.Error() {
			t.Errorf("cause %v", cause.Load())
		}
		if err := q.Cancel(t.Context(), 12345); !errors.Is(err, casestore.ErrNotFound) {
			t.Errorf("cancelling none: %v", err)
		}
		if _, err := q.Get(t.Context(), 12345); !errors.Is(err, casestore.ErrNotFound) {
			t.Errorf("reading none: %v", err)
		}
	})
}

// A queue that stops gives its jobs back; one whose process was killed finds
// them running, and takes them up too. Neither costs an attempt.
func TestInterruptedJobsRunAgain(t *testing.T) {
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprintf("killed %v", killed), func(t *testing.T) {
			casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
				q := queue(t, db, Options{Grace: time.Millisecond})
				began, release := make(chan struct{}), make(chan struct{})
				Register(q, func(ctx context.Context, _ *Task[countArgs]) error {
					close(began)
					if killed { // one that never comes back
						<-release
						return nil
					}
					<-ctx.Done()
					return ctx.Err()
				})
				id, _ := put(t, db, q, countArgs{Number: "1"}, Once{Attempts: 1})
				start(t, q)
				<-began
				if killed {
					defer close(release)
				} else {
					stop(t, q)
				}
				next := queue(t, db, Options{})
				ran := make(chan int, 1)
				Register(next, func(_ context.Context, j *Task[countArgs]) error { ran <- j.Attempt; return nil })
				start(t, next)
				if a := <-ran; a != 1 {
					t.Errorf("attempt %d", a)
				}
				inState(t, next, id, Completed)
			})
		})
	}
}

func TestCancelledWhileInterruptedStaysCancelled(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		q := queue(t, db, Options{})
		began, release := make(chan struct{}), make(chan struct{})
		defer close(release)
		Register(q, func(context.Context, *Task[countArgs]) error { close(began); <-release; return nil })
		id, _ := put(t, db, q, countArgs{Number: "1"}, Once{})
		start(t, q)
		<-began
		if err := q.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		next := queue(t, db, Options{})
		Register(next, func(context.Context, *Task[countArgs]) error { t.Error("ran"); return nil })
		start(t, next)
		inState(t, next, id, Cancelled)
	})
}

func TestSchedules(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		q := queue(t, db, Options{})
		ran := make(chan string, 10)
		Register(q, func(_ context.Context, j *Task[countArgs]) error { ran <- j.Args.Number; return nil })
		const yearly = "0 0 1 1 *"
		long := time.Now().Add(-3 * 366 * 24 * time.Hour)
		for name, since := range map[string]time.Time{"missed": long, "kept": time.Now(), "fresh": {}} {
			if err := q.Schedule(name, yearly, since, countArgs{Number: name}); err != nil {
				t.Fatal(err)
			}
		}
		start(t, q)
		if got := <-ran; got != "missed" {
			t.Errorf("ran %q", got)
		}
		// Replaced and added while it runs.
		if err := q.Schedule("kept", yearly, long, countArgs{Number: "replaced"}); err != nil {
			t.Fatal(err)
		}
		if got := <-ran; got != "replaced" {
			t.Errorf("ran %q", got)
		}
		q.Unschedule("kept")
		q.Unschedule("never set")
		if err := q.Schedule("wrong", "every day", time.Time{}, countArgs{}); err == nil {
			t.Error("a wrong schedule was taken")
		}
		all, err := q.List(t.Context(), Filter{Kinds: []string{"count"}, N: 10})
		if err != nil || len(all) != 2 {
			t.Errorf("%d jobs, %v", len(all), err)
		}
	})
}

func TestNextIsInUTCOrTheZoneSaid(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.FixedZone("", -8*3600))
	for _, c := range []struct{ expr, want string }{
		{"0 6 * * *", "2026-11-24T06:00:00Z"},
		{"CRON_TZ=Asia/Tokyo 0 6 * * *", "2026-11-23T21:00:00Z"},
		{"@hourly", "2026-11-23T21:00:00Z"},
		{"0 0 30 2 *", "0001-01-01T00:00:00Z"},
	} {
		s, err := ParseSchedule(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		if got := Next(s, at).Format(time.RFC3339); got != c.want {
			t.Errorf("%s: %s, want %s", c.expr, got, c.want)
		}
	}
}

func TestList(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		q := queue(t, db, Options{})
		Register(q, func(context.Context, *Task[countArgs]) error { return nil })
		for i := range 5 {
			put(t, db, q, countArgs{Number: fmt.Sprint(i)}, Once{At: time.Now().Add(time.Hour)})
		}
		var got []int64
		f := Filter{N: 2, States: []State{Scheduled}}
		for {
			page, err := q.List(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, j := range page {
				got = append(got, j.ID)
			}
			f.Before = got[len(got)-1]
		}
		if !slices.Equal(got, []int64{5, 4, 3, 2, 1}) {
			t.Errorf("listed %v", got)
		}
		if page, err := q.List(t.Context(), Filter{States: []State{Running}}); err != nil || len(page) != 0 {
			t.Errorf("%d run, %v", len(page), err)
		}
		if _, err := q.List(t.Context(), Filter{States: []State{"nowhere"}}); err == nil {
			t.Error("listed a state that does not exist")
		}
	})
}

// What the queue's polling costs a writer that shares its connection.
func BenchmarkChangesBesideTheQueue(b *testing.B) {
	for _, beside := range []bool{false, true} {
		b.Run(fmt.Sprintf("queue %v", beside), func(b *testing.B) {
			db, err := casestoretest.Engines["sqlite"](b.Context(), b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close() //nolint:errcheck // a benchmark
			q := queue(b, db, Options{})
			Register(q, func(context.Context, *Task[countArgs]) error { return nil })
			if beside {
				if err := q.Start(b.Context()); err != nil {
					b.Fatal(err)
				}
				defer stop(b, q)
			}
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				if err := db.Record(b.Context(), casestore.Line{Action: "bench"}); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
			b.ReportMetric(float64(took[len(took)-1].Microseconds()), "max-µs")
		})
	}
}
