package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// ErrNoMandate is what [Mandates] gives for a mandate that does not hold: it
// is not there, not approved, not begun, withdrawn or over.
var ErrNoMandate = errors.New("the mandate does not hold")

// ErrRunning says that a source of that id is there already.
var ErrRunning = errors.New("a source with this id is running already")

// MandateLabel is the label (see post.Post) under which each post carries the
// id of the mandate that it was collected under.
const MandateLabel = "mandate"

// Mandates says what may be collected.
type Mandates interface {
	// Holds gives until when a mandate holds; zero means without an end. The
	// error is ErrNoMandate where it does not hold now.
	Holds(ctx context.Context, mandate string) (until time.Time, err error)
}

// Spec is a source and what it runs under.
type Spec struct {
	// ID names the source in the store (poststore.Batch.Source), and its
	// cursor with it: it must stay the same from start to start.
	ID string
	// Mandate is the id of the mandate that it runs under.
	Mandate string
	Source  Source
	// Terms are the platform's rules; nil where there are none.
	Terms *Terms
	// Synthetic marks all posts as made up: the source is an exercise's.
	Synthetic bool
}

// Options say how sources are run. Zero values mean what is said beside them.
type Options struct {
	// BatchPosts and BatchTime are when a batch is appended: at so many
	// posts (1,000) or so long after its first one came (1 s).
	BatchPosts int
	BatchTime  time.Duration
	// MaxPending is how many posts of one source wait at most (4,000).
	MaxPending int
	// MinPause and MaxPause bound the pauses after errors (1 s, 5 min).
	MinPause, MaxPause time.Duration
	// AppendTime is how long an append may take (1 min).
	AppendTime time.Duration
	// Observe is given what has been stored, and before it is acknowledged:
	// posts of one source in order and one call at a time, those of several
	// at once. Posts that the store knew already are among them, and posts
	// of a batch whose append was the last thing that a killed process did
	// never come: whoever keeps state replays it from the store at the
	// start, and takes posts by their key. It must not change the posts nor
	// keep the slice.
	Observe func(source string, posts []post.Post)
	// Clock is the time that sources live in (the real one).
	Clock Clock
	// Jitter gives a random number in [0,1).
	Jitter func() float64
	// Log takes what operators want to know; nil discards it.
	Log *slog.Logger
}

func (o Options) complete() Options {
	o.BatchPosts = cmp.Or(o.BatchPosts, 1000)
	o.BatchTime = cmp.Or(o.BatchTime, time.Second)
	o.MaxPending = max(cmp.Or(o.MaxPending, 4000), o.BatchPosts)
	o.MinPause = cmp.Or(o.MinPause, time.Second)
	o.MaxPause = max(cmp.Or(o.MaxPause, 5*time.Minute), o.MinPause)
	o.AppendTime = cmp.Or(o.AppendTime, time.Minute)
	if o.Clock == nil {
		o.Clock = RealTime()
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Runner looks after sources. See the package comment for what it guarantees.
type Runner struct {
	store    poststore.Writer
	mandates Mandates
	o        Options

	mu      sync.Mutex
	closed  bool
	workers map[string]*worker
}

// NewRunner makes a runner that has no sources yet.
func NewRunner(store poststore.Writer, mandates Mandates, o Options) *Runner {
	return &Runner{store: store, mandates: mandates, o: o.complete(), workers: map[string]*worker{}}
}

// Start begins a source. A source of the same id that has ended by itself is
// replaced; ErrRunning where it has not.
func (r *Runner) Start(s Spec) error {
	switch {
	case s.ID == "":
		return &ConfigError{errors.New("a source needs an id")}
	case s.Source == nil:
		return &ConfigError{fmt.Errorf("source %q has nothing to collect with", s.ID)}
	case s.Mandate == "":
		return &ConfigError{fmt.Errorf("source %q has no mandate", s.ID)}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return errors.New("sources are being stopped")
	}
	if w := r.workers[s.ID]; w != nil && !w.ended() {
		return fmt.Errorf("source %q: %w", s.ID, ErrRunning)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &worker{
		Spec: s, store: r.store, mandates: r.mandates, o: &r.o,
		log:  r.o.Log.With("source", s.ID),
		stop: cancel, done: make(chan struct{}),
	}
	w.keeper.now = Health{ID: s.ID, Mandate: s.Mandate, State: Starting, Since: r.o.Clock.Now()}
	r.workers[s.ID] = w
	go w.live(ctx)
	return nil
}

// Stop ends a source once what it has put is stored, and forgets its health.
// It does nothing where there is no such source.
func (r *Runner) Stop(id string) {
	r.mu.Lock()
	w := r.workers[id]
	r.mu.Unlock()
	if w == nil {
		return
	}
	w.stop()
	<-w.done
	r.mu.Lock()
	if r.workers[id] == w {
		delete(r.workers, id)
	}
	r.mu.Unlock()
}

// Close ends all sources once what they have put is stored.
func (r *Runner) Close() {
	r.mu.Lock()
	r.closed = true
	workers := make([]*worker, 0, len(r.workers))
	for _, w := range r.workers {
		workers = append(workers, w)
		w.stop()
	}
	r.mu.Unlock()
	for _, w := range workers {
		<-w.done
	}
}

// Health says how all sources are, by id.
func (r *Runner) Health() []Health {
	r.mu.Lock()
	all := make([]Health, 0, len(r.workers))
	for _, w := range r.workers {
		all = append(all, w.keeper.snapshot(r.o.Clock.Now()))
	}
	r.mu.Unlock()
	slices.SortFunc(all, func(a, b Health) int { return cmp.Compare(a.ID, b.ID) })
	return all
}
