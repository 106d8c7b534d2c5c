package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Progress says how far a job is.
type Progress struct {
	// Phase names what is being done, for the page to put into words.
	Phase string `json:"phase"`
	// Done of Total; Total is 0 where it is not known.
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
}

// Task is a job while it runs.
type Task[T Args] struct {
	ID int64
	// Attempt counts the attempts that did not end by an interruption, from
	// 1; Last says that no other follows if this one fails.
	Attempt int
	Last    bool
	Args    T
	report  func(Progress)
}

// Progress tells how far the job is.
func (t *Task[T]) Progress(p Progress) { t.report(p) }

// Register says what does the jobs of a kind. It must be called before Start
// and before the first Enqueue. work is idempotent and returns soon after its
// context ended; context.Cause then tells why: ErrCancelled, or something else
// when the queue stops. An error has the job tried again later, one made by
// Final does not.
func Register[T Args](q *Queue, work func(ctx context.Context, t *Task[T]) error) {
	river.AddWorker(q.workers, &worker[T]{queue: q, work: work})
}

// ErrCancelled is the cause of the end of a job's context where somebody
// cancelled it.
var ErrCancelled error = rivertype.ErrJobCancelledRemotely

// Final marks an error after which trying again is of no use.
func Final(err error) error { return &finalError{err} }

type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }

type worker[T Args] struct {
	river.WorkerDefaults[T]
	queue *Queue
	work  func(ctx context.Context, t *Task[T]) error
}

// Work runs a job and translates its end.
func (w *worker[T]) Work(ctx context.Context, j *river.Job[T]) (err error) {
	q := w.queue
	defer func() {
		q.mu.Lock()
		delete(q.progress, j.ID)
		q.mu.Unlock()
	}()
	t := &Task[T]{
		ID: j.ID, Attempt: j.Attempt, Last: j.Attempt >= j.MaxAttempts, Args: j.Args,
		report: func(p Progress) {
			q.mu.Lock()
			q.progress[j.ID] = p
			q.mu.Unlock()
		},
	}
	err = w.run(ctx, t)
	if err == nil {
		return nil
	}
	var final *finalError
	switch {
	case errors.Is(context.Cause(ctx), ErrCancelled):
		return err // River marks it cancelled
	case ctx.Err() != nil && q.isStopping():
		return river.JobSnooze(0) //nolint:wrapcheck // River knows it by its type; the attempt does not count
	case errors.As(err, &final):
		return river.JobCancel(err) //nolint:wrapcheck // River knows it by its type
	}
	return err
}

// run runs the work and turns a panic into an error.
func (w *worker[T]) run(ctx context.Context, t *Task[T]) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the job panicked: %v", p)
		}
	}()
	return w.work(ctx, t)
}

func (q *Queue) isStopping() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stopping
}

// quiet lets River say what is wrong and keeps the rest to itself.
func quiet(l *slog.Logger) *slog.Logger { return slog.New(warnings{l.Handler()}) }

type warnings struct{ slog.Handler }

func (h warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

func (h warnings) WithAttrs(a []slog.Attr) slog.Handler { return warnings{h.Handler.WithAttrs(a)} }
func (h warnings) WithGroup(n string) slog.Handler      { return warnings{h.Handler.WithGroup(n)} }
