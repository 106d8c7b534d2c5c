package collect_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/collecttest"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/poststoretest"
)

// source is a function as a source.
type source func(ctx context.Context, cursor []byte, to collect.Sink) error

func (f source) Collect(ctx context.Context, cursor []byte, to collect.Sink) error {
	return f(ctx, cursor, to)
}

func numbered(n int) post.Post {
	return post.Post{
		Platform: "test", ID: fmt.Sprint(n), Account: post.Account{ID: "a", Handle: "h", Name: "n"},
		Time: time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC), Text: fmt.Sprintf("post %d @someone", n), Raw: []byte("{}"),
	}
}

// stream brings the posts 0 to n-1 one by one, and again the one at the cursor,
// as a log that is read from its cursor does.
func stream(n int) source {
	return func(ctx context.Context, cursor []byte, to collect.Sink) error {
		next := 0
		if cursor != nil {
			if err := json.Unmarshal(cursor, &next); err != nil {
				return &collect.ConfigError{Err: err}
			}
		}
		for i := max(0, next-1); i < n; i++ {
			if err := to.Put(ctx, collect.Batch{Posts: []post.Post{numbered(i)}, Cursor: fmt.Append(nil, i+1)}); err != nil {
				return err
			}
		}
		<-ctx.Done()
		return ctx.Err()
	}
}

func TestConformance(t *testing.T) {
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprint(i))
	}
	collecttest.Run(t, 6, collecttest.Upstream{
		Source: func(*testing.T) collect.Source { return stream(20) }, Want: want, Platform: "test",
	})
}

// counting counts appends, fails where told, and may wait.
type counting struct {
	poststore.Writer
	mu      sync.Mutex
	batches []int
	fail    error
	wait    chan struct{}
}

func (c *counting) Append(ctx context.Context, b poststore.Batch) (poststore.Appended, error) {
	if c.wait != nil {
		<-c.wait
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return poststore.Appended{}, c.fail
	}
	c.batches = append(c.batches, len(b.Posts))
	return c.Writer.Append(ctx, b)
}

func memory() poststore.Store { return poststoretest.NewMemory(poststoretest.Alias) }

func start(t *testing.T, r *collect.Runner, s collect.Source) {
	t.Helper()
	if err := r.Start(collect.Spec{ID: "s", Mandate: "m", Source: s}); err != nil {
		t.Fatal(err)
	}
}

func TestBatchesBySizeAndTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counting{Writer: memory()}
		var observed int
		r := collect.NewRunner(store, collecttest.Held{}, collect.Options{
			BatchPosts: 10, BatchTime: time.Second, Observe: func(_ string, p []post.Post) { observed += len(p) },
		})
		start(t, r, stream(25))
		synctest.Wait()
		if fmt.Sprint(store.batches) != "[10 10]" {
			t.Errorf("before the time was up: %v, want two full batches", store.batches)
		}
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if fmt.Sprint(store.batches) != "[10 10 5]" {
			t.Errorf("after the time was up: %v", store.batches)
		}
		h := r.Health()[0]
		if h.State != collect.Running || h.Counts.New != 25 || observed != 25 || h.PerSecond != 25.0/60 ||
			!h.LastPost.Equal(numbered(24).Time) {
			t.Errorf("health %+v, observed %d", h, observed)
		}
		r.Close()
		if h := r.Health()[0]; h.State != collect.Stopped {
			t.Errorf("state after Close: %s", h.State)
		}
	})
}

func TestWhatWasPutIsStoredAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counting{Writer: memory()}
		r := collect.NewRunner(store, collecttest.Held{}, collect.Options{BatchTime: time.Hour})
		start(t, r, stream(7))
		synctest.Wait()
		r.Close()
		if fmt.Sprint(store.batches) != "[7]" {
			t.Errorf("appended %v, want all seven at once", store.batches)
		}
	})
}

func TestPutBlocksWhileTheStoreIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counting{Writer: memory(), wait: make(chan struct{})}
		r := collect.NewRunner(store, collecttest.Held{}, collect.Options{BatchPosts: 5, MaxPending: 20})
		put := 0
		start(t, r, source(func(ctx context.Context, _ []byte, to collect.Sink) error {
			for {
				if err := to.Put(ctx, collect.Batch{Posts: []post.Post{numbered(put)}}); err != nil {
					return err
				}
				put++
			}
		}))
		synctest.Wait()
		if put != 20 {
			t.Errorf("%d posts wait, want no more than 20", put)
		}
		go r.Close()
		synctest.Wait()
		close(store.wait)
		synctest.Wait()
	})
}

type limited struct{ until time.Time }

func (e limited) Error() string      { return "too many requests" }
func (e limited) Kind() string       { return "rate limit" }
func (e limited) RetryAt() time.Time { return e.until }

func TestPausesAfterErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		r := collect.NewRunner(memory(), collecttest.Held{}, collect.Options{
			MinPause: 2 * time.Second, MaxPause: 8 * time.Second, Jitter: func() float64 { return 1 },
		})
		start(t, r, source(func(_ context.Context, _ []byte, _ collect.Sink) error {
			at = append(at, time.Since(began))
			switch len(at) {
			case 1, 2, 3:
				return errors.New("no answer")
			case 4:
				panic("a post's text")
			case 5:
				return limited{time.Now().Add(time.Hour)}
			}
			return nil
		}))
		time.Sleep(30 * time.Minute)
		h := r.Health()[0]
		if h.State != collect.BackingOff || !h.Until.Equal(began.Add(22*time.Second+time.Hour)) {
			t.Errorf("state %s until %v", h.State, h.Until.Sub(began))
		}
		time.Sleep(time.Hour)
		want := []time.Duration{0, 2 * time.Second, 6 * time.Second, 14 * time.Second, 22 * time.Second, 22*time.Second + time.Hour}
		if fmt.Sprint(at) != fmt.Sprint(want) {
			t.Errorf("started at %v, want %v", at, want)
		}
		h = r.Health()[0]
		if h.State != collect.Finished || h.Errors["other"] != 3 || h.Errors["panic"] != 1 || h.Errors["rate limit"] != 1 {
			t.Errorf("health %+v", h)
		}
		r.Close()
	})
}

func TestMisconfiguredEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := collect.NewRunner(memory(), collecttest.Held{}, collect.Options{})
		calls := 0
		s := source(func(context.Context, []byte, collect.Sink) error {
			calls++
			return &collect.ConfigError{Err: errors.New("no such feed")}
		})
		start(t, r, s)
		time.Sleep(24 * time.Hour)
		if h := r.Health()[0]; calls != 1 || h.State != collect.Wrong || h.LastError != "no such feed" {
			t.Errorf("%d calls, health %+v", calls, h)
		}
		start(t, r, s) // it may be started again
		synctest.Wait()
		if calls != 2 {
			t.Errorf("%d calls after it was started again", calls)
		}
		r.Close()
	})
}

func TestStoreFailureBringsTheSourceBackToItsCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memory()
		store := &counting{Writer: db, fail: errors.New("disk full")}
		r := collect.NewRunner(store, collecttest.Held{}, collect.Options{BatchPosts: 4})
		start(t, r, stream(10))
		time.Sleep(time.Minute)
		h := r.Health()[0]
		if h.Errors["store"] < 3 || h.Counts.New != 0 {
			t.Errorf("health %+v", h)
		}
		store.mu.Lock()
		store.fail = nil
		store.mu.Unlock()
		time.Sleep(10 * time.Minute)
		if span, err := db.Span(t.Context()); err != nil || span.Posts != 10 {
			t.Errorf("%d posts, %v; want 10", span.Posts, err)
		}
		r.Close()
	})
}

// untilThen is a mandate that ends.
type untilThen struct {
	mu  sync.Mutex
	end time.Time
}

func (m *untilThen) Holds(context.Context, string) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !time.Now().Before(m.end) {
		return m.end, collect.ErrNoMandate
	}
	return m.end, nil
}

func TestStopsAtTheEndOfTheMandate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memory()
		m := &untilThen{end: time.Now().Add(90 * time.Second)}
		r := collect.NewRunner(db, m, collect.Options{BatchPosts: 1})
		n, stored := 0, 0
		start(t, r, source(func(ctx context.Context, _ []byte, to collect.Sink) error {
			for {
				err := to.Put(ctx, collect.Batch{Posts: []post.Post{numbered(n)}, Stored: func() { stored++ }})
				if err != nil {
					return err
				}
				n++
				if err := collect.Sleep(ctx, collect.RealTime(), time.Second); err != nil {
					return err
				}
			}
		}))
		time.Sleep(10 * time.Minute)
		h := r.Health()[0]
		span, err := db.Span(t.Context())
		if err != nil || h.State != collect.NoMandate || span.Posts != 90 || stored != 90 {
			t.Errorf("state %s, %d posts, %d acknowledged, %v; want 90, one for each second of the mandate", h.State, span.Posts, stored, err)
		}
		m.mu.Lock()
		m.end = time.Now().Add(time.Hour)
		m.mu.Unlock()
		time.Sleep(2 * time.Minute)
		if h := r.Health()[0]; h.State != collect.Running {
			t.Errorf("state %s after the mandate was renewed", h.State)
		}
		r.Close()
	})
}

func TestTermsAndMandateOnEachPost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memory()
		r := collect.NewRunner(db, collecttest.Held{}, collect.Options{})
		err := r.Start(collect.Spec{
			ID: "s", Mandate: "m-1", Synthetic: true,
			Terms:  &collect.Terms{Omit: []collect.Field{collect.FieldNames, collect.FieldMentions}},
			Source: stream(1),
		})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		r.Close()
		got, err := db.Versions(t.Context(), poststore.KeyFor("test", "0"))
		if err != nil {
			t.Fatal(err)
		}
		p := got[0]
		if p.Labels["mandate"] != "m-1" || !p.Synthetic || p.Account.Handle != "" || p.Account.Name != "" || len(p.Mentions) > 0 || len(p.Raw) > 0 {
			t.Errorf("stored %+v", p.Post)
		}
	})
}

func TestStartRefuses(t *testing.T) {
	r := collect.NewRunner(memory(), collecttest.Held{}, collect.Options{})
	defer r.Close()
	for _, s := range []collect.Spec{{}, {ID: "s"}, {ID: "s", Source: stream(1)}} {
		var wrong *collect.ConfigError
		if err := r.Start(s); !errors.As(err, &wrong) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	start(t, r, stream(1))
	if err := r.Start(collect.Spec{ID: "s", Mandate: "m", Source: stream(1)}); !errors.Is(err, collect.ErrRunning) {
		t.Errorf("a second one: %v", err)
	}
}
