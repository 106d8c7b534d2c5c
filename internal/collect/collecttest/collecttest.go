// Package collecttest checks that a source keeps what package collect asks of
// it: whatever is killed whenever, nothing is lost and nothing is there twice.
//
// A test gives an upstream that it can play as often as it likes, and what
// makes a source on it. Run then has the source collected again and again,
// each time with the process dying at another point: before an append, after
// it but before the source was told, and between.
package collecttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/poststoretest"
)

// Upstream is a scripted upstream and the source that reads it.
type Upstream struct {
	// Source makes a source as a new process would: nothing but the cursor
	// may be known from the one before.
	Source func(t *testing.T) collect.Source
	// Want are the ids of all posts that the upstream has, Deleted those
	// among them that are gone in the end.
	Want, Deleted []string
	// Platform is the platform of the posts.
	Platform string
}

// Held is a mandate that always holds.
type Held struct{}

// Holds says that the mandate holds without an end.
func (Held) Holds(context.Context, string) (time.Time, error) { return time.Time{}, nil }

// point is where a process dies.
type point int

const (
	never  point = iota
	before       // nothing of the batch is stored
	after        // the batch is stored, but nobody was told
)

// errKilled stands for the process's end.
var errKilled = errors.New("killed")

// mortal is a store in a process that dies at its nth append.
type mortal struct {
	poststore.Writer
	mu    sync.Mutex
	left  int
	point point
	died  chan struct{}
}

func (m *mortal) Append(ctx context.Context, b poststore.Batch) (poststore.Appended, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left < 0 {
		return poststore.Appended{}, errKilled
	}
	m.left--
	if m.left >= 0 || m.point == never {
		m.left = max(m.left, 0)
		return m.Writer.Append(ctx, b) //nolint:wrapcheck // stands in for it
	}
	close(m.died)
	if m.point == after {
		if _, err := m.Writer.Append(ctx, b); err != nil {
			return poststore.Appended{}, fmt.Errorf("before dying: %w", err)
		}
	}
	return poststore.Appended{}, errKilled
}

// Run checks a source with a process that dies at each of the first deaths
// appends, before and after it, and then lives until all is there.
func Run(t *testing.T, deaths int, up Upstream) {
	t.Helper()
	for _, p := range []point{before, after} {
		for _, batch := range []int{1, 3, 1000} {
			t.Run(fmt.Sprintf("killed %s each append, %d at once", map[point]string{before: "before", after: "after"}[p], batch), func(t *testing.T) {
				store := poststoretest.NewMemory(poststoretest.Alias)
				for n := range deaths {
					life(t, store, up, batch, p, n)
				}
				life(t, store, up, batch, never, 0)
				check(t, store, up)
			})
		}
	}
}

// life is one process: it ends at its death, or when all posts are there.
func life(t *testing.T, store poststore.Store, up Upstream, batch int, p point, n int) {
	t.Helper()
	m := &mortal{Writer: store, left: n, point: p, died: make(chan struct{})}
	acknowledged := make(chan struct{}, 1)
	r := collect.NewRunner(m, Held{}, collect.Options{BatchPosts: batch, BatchTime: time.Millisecond, MinPause: time.Hour, MaxPause: time.Hour})
	if err := r.Start(collect.Spec{
		ID: "source", Mandate: "m", Source: watched{up.Source(t), acknowledged},
	}); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	timeout := time.NewTimer(30 * time.Second)
	defer timeout.Stop()
	for !complete(t, store, up) {
		select {
		case <-m.died:
			return
		case <-acknowledged:
		case <-timeout.C:
			t.Fatalf("not all posts came: %+v", r.Health())
		}
	}
}

// watched tells when something was stored.
type watched struct {
	collect.Source
	stored chan<- struct{}
}

func (w watched) Collect(ctx context.Context, cursor []byte, to collect.Sink) error {
	return w.Source.Collect(ctx, cursor, teller{to, w.stored}) //nolint:wrapcheck // stands in for it
}

type teller struct {
	collect.Sink
	stored chan<- struct{}
}

func (s teller) Put(ctx context.Context, b collect.Batch) error {
	was := b.Stored
	b.Stored = func() {
		if was != nil {
			was()
		}
		select {
		case s.stored <- struct{}{}:
		default:
		}
	}
	return s.Sink.Put(ctx, b) //nolint:wrapcheck // stands in for it
}

func complete(t *testing.T, store poststore.Store, up Upstream) bool {
	t.Helper()
	span, err := store.Span(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return int(span.Posts) >= len(up.Want)-len(up.Deleted) && int(span.Deleted) >= len(up.Deleted)
}

func check(t *testing.T, store poststore.Store, up Upstream) {
	t.Helper()
	var got []string
	err := store.Each(t.Context(), poststore.Query{}, true, func(posts []poststore.Post) error {
		for i := range posts {
			p := &posts[i]
			got = append(got, p.ID)
			if p.Platform != up.Platform {
				t.Errorf("%s: platform %q, want %q", p.ID, p.Platform, up.Platform)
			}
			if len(p.Raw) == 0 {
				t.Errorf("%s: its raw record was not kept", p.ID)
			}
			if p.Labels[collect.MandateLabel] != "m" {
				t.Errorf("%s: it does not say its mandate", p.ID)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := slices.DeleteFunc(slices.Clone(up.Want), func(id string) bool { return slices.Contains(up.Deleted, id) })
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("posts in the store: %q\nposts upstream:     %q", got, want)
	}
}
