package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// mandateEvery is how often a mandate is looked at, at least.
const mandateEvery = time.Minute

// worker runs one source.
type worker struct {
	Spec
	store    poststore.Writer
	mandates Mandates
	o        *Options
	log      *slog.Logger
	keeper   keeper
	stop     context.CancelFunc
	done     chan struct{}
}

func (w *worker) ended() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// failure is an error of the store or the mandates, not of the source.
type failure struct {
	kind string
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }
func (f *failure) Kind() string  { return f.kind }

// live runs the source again and again until ctx ends or it does.
func (w *worker) live(ctx context.Context) {
	defer close(w.done)
	pause := w.o.MinPause
	for {
		progress, err := w.once(ctx)
		if progress {
			pause = w.o.MinPause
		}
		now := w.o.Clock.Now()
		var wrong *ConfigError
		switch {
		case ctx.Err() != nil:
			w.keeper.state(Stopped, now, time.Time{})
			return
		case err == nil:
			w.keeper.state(Finished, now, time.Time{})
			return
		case errors.As(err, &wrong):
			w.failed(err)
			w.keeper.state(Wrong, now, time.Time{})
			return
		case errors.Is(err, ErrNoMandate):
			w.log.Info("stopped by the mandate", "mandate", w.Mandate)
			w.keeper.state(NoMandate, now, time.Time{})
			if Sleep(ctx, w.o.Clock, mandateEvery) != nil {
				w.keeper.state(Stopped, w.o.Clock.Now(), time.Time{})
				return
			}
		default:
			w.failed(err)
			until := RetryAt(err)
			if !until.After(now) {
				until = now.Add(pause/2 + time.Duration(w.o.Jitter()*float64(pause/2)))
				pause = min(2*pause, w.o.MaxPause)
			}
			w.keeper.state(BackingOff, now, until)
			if Sleep(ctx, w.o.Clock, until.Sub(now)) != nil {
				w.keeper.state(Stopped, w.o.Clock.Now(), time.Time{})
				return
			}
		}
	}
}

func (w *worker) failed(err error) {
	w.log.Warn("source failed", "kind", KindOf(err), "error", err.Error())
	w.keeper.problem(err, w.o.Clock.Now())
}

// holds asks whether the mandate holds, and until when.
func (w *worker) holds(ctx context.Context) (until time.Time, err error) {
	until, err = w.mandates.Holds(ctx, w.Mandate)
	switch {
	case errors.Is(err, ErrNoMandate):
		return until, err //nolint:wrapcheck // known by errors.Is, and said in the health
	case err != nil:
		return until, &failure{"mandate", fmt.Errorf("asking whether the mandate holds: %w", err)}
	case !until.IsZero() && !w.o.Clock.Now().Before(until):
		return until, ErrNoMandate
	}
	return until, nil
}

// once runs the source from the stored cursor until it returns or what it
// brings cannot be stored.
func (w *worker) once(ctx context.Context) (progress bool, err error) {
	if _, err := w.holds(ctx); err != nil {
		return false, err
	}
	cursor, err := w.store.Cursor(ctx, w.ID)
	if err != nil {
		return false, &failure{"store", fmt.Errorf("reading the cursor: %w", err)}
	}
	w.keeper.state(Running, w.o.Clock.Now(), time.Time{})
	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &sink{
		worker: w, running: running, cancel: cancel, cursor: bytes.Clone(cursor),
		room: semaphore.NewWeighted(int64(w.o.MaxPending)),
		in:   make(chan Batch, w.o.MaxPending), // each weighs one at least: sending never blocks
		last: make(chan struct{}), stored: make(chan struct{}),
	}
	go s.keep(context.WithoutCancel(ctx))
	err = w.collect(running, cursor, s)
	close(s.last)
	<-s.stored
	if s.err != nil {
		return s.progress, s.err
	}
	return s.progress, err
}

// collect calls the source; a panic becomes an error.
func (w *worker) collect(ctx context.Context, cursor []byte, s *sink) (err error) {
	defer func() {
		if p := recover(); p != nil {
			// The value may quote a post: it stays out of the log.
			w.log.Error("a source panicked", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			err = &failure{"panic", fmt.Errorf("the collector stopped on an error of its own (%T)", p)}
		}
	}()
	return w.Source.Collect(ctx, cursor, s) //nolint:wrapcheck // its kind and time are asked for
}

// sink takes batches of one run of a source and stores them.
type sink struct {
	*worker
	running context.Context
	cancel  context.CancelCauseFunc
	room    *semaphore.Weighted
	in      chan Batch
	last    chan struct{} // closed when the source has returned
	stored  chan struct{} // closed when keep has

	// Only keep's goroutine touches these until stored is closed.
	cursor   []byte
	progress bool
	err      error
}

func (s *sink) weight(b *Batch) int64 {
	return int64(min(max(1, len(b.Posts)+len(b.Deleted)), s.o.MaxPending))
}

// Put takes a batch.
func (s *sink) Put(ctx context.Context, b Batch) error {
	joint, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.running, func() { cancel(context.Cause(s.running)) })()
	if err := s.room.Acquire(joint, s.weight(&b)); err != nil {
		return fmt.Errorf("waiting for posts to be stored: %w", context.Cause(joint))
	}
	if s.running.Err() != nil {
		return fmt.Errorf("posts are not stored any more: %w", context.Cause(s.running))
	}
	s.in <- b
	s.keeper.contact(s.o.Clock.Now())
	return nil
}

// Note takes news of the source's health.
func (s *sink) Note(n Note) { s.keeper.note(n, s.o.Clock.Now()) }

// keep joins batches and appends them until the source has returned, and looks
// at the mandate. Its context does not end: what was put is stored, also when
// the source is being stopped.
func (s *sink) keep(ctx context.Context) {
	defer close(s.stored)
	look, stopLooking := s.o.Clock.After(0)
	defer func() { stopLooking() }()
	for s.err == nil {
		select {
		case b := <-s.in:
			s.fail(s.append(ctx, s.gather(b)))
		case <-look:
			until, err := s.holds(ctx)
			next := mandateEvery
			if !until.IsZero() {
				next = min(next, until.Sub(s.o.Clock.Now()))
			}
			look, stopLooking = s.o.Clock.After(next)
			s.fail(err)
		case <-s.last:
			for s.err == nil {
				select {
				case b := <-s.in:
					s.fail(s.append(ctx, s.gather(b)))
				default:
					return
				}
			}
		}
	}
}

func (s *sink) fail(err error) {
	if err != nil {
		s.err = err
		s.cancel(err)
	}
}

// gather waits for what comes soon after the first batch.
func (s *sink) gather(first Batch) []Batch {
	all, n := []Batch{first}, s.weight(&first)
	due, stop := s.o.Clock.After(s.o.BatchTime)
	defer stop()
	last := s.last
	for n < int64(s.o.BatchPosts) {
		select {
		case b := <-s.in:
			all, n = append(all, b), n+s.weight(&b)
			continue
		default:
		}
		if last == nil {
			break // the source has returned, and all that it put is here
		}
		select {
		case b := <-s.in:
			all, n = append(all, b), n+s.weight(&b)
		case <-last:
			last = nil
		case <-due:
			return all
		}
	}
	return all
}

// append stores batches in one step, lets detectors see them and acknowledges.
func (s *sink) append(ctx context.Context, all []Batch) error {
	var weight int64
	joined := poststore.Batch{Source: s.ID, Seen: s.o.Clock.Now().UTC()}
	for i := range all {
		b := &all[i]
		weight += s.weight(b)
		if joined.Posts == nil {
			joined.Posts = b.Posts
		} else {
			joined.Posts = append(joined.Posts, b.Posts...)
		}
		joined.Deleted = append(joined.Deleted, b.Deleted...)
		if b.Cursor != nil {
			joined.Cursor = b.Cursor
		}
	}
	defer s.room.Release(weight)
	moved := joined.Cursor != nil && !bytes.Equal(joined.Cursor, s.cursor)
	if len(joined.Posts)+len(joined.Deleted) > 0 || moved {
		if err := s.write(ctx, &joined, moved); err != nil {
			return err
		}
	}
	for i := range all {
		if all[i].Stored != nil {
			all[i].Stored()
		}
	}
	return nil
}

func (s *sink) write(ctx context.Context, b *poststore.Batch, moved bool) error {
	if _, err := s.holds(ctx); err != nil {
		return err
	}
	for i := range b.Posts {
		s.finish(&b.Posts[i])
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.AppendTime)
	defer cancel()
	did, err := s.store.Append(ctx, *b)
	if err != nil {
		return &failure{"store", fmt.Errorf("storing posts: %w", err)}
	}
	if moved {
		s.cursor = bytes.Clone(b.Cursor)
	}
	s.progress = s.progress || moved || did.New+did.Changed+did.Deleted > 0
	s.keeper.stored(b.Posts, did, b.Seen)
	if s.o.Observe != nil && len(b.Posts) > 0 {
		s.o.Observe(s.ID, b.Posts)
	}
	return nil
}

// finish completes a post as the store wants it, without what may not be kept.
func (s *sink) finish(p *post.Post) {
	normalise.Post(p, normalise.Options{})
	if s.Terms != nil {
		s.Terms.apply(p)
	}
	labels := make(map[string]string, len(p.Labels)+1)
	maps.Copy(labels, p.Labels)
	labels[MandateLabel] = s.Mandate
	p.Labels = labels
	p.Synthetic = p.Synthetic || s.Synthetic
}
