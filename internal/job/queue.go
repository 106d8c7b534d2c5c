package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/akashi-project/akashi/internal/casestore"
)

// Args are the arguments of a job: a struct that JSON keeps. They hold ids,
// never names or text, since they are shown and logged. Fields that make jobs
// equal are tagged `river:"unique"`; without any, all fields do.
type Args interface {
	// Kind names the kind of job, for ever.
	Kind() string
}

// Options say how a queue works.
type Options struct {
	// Workers is how many jobs run at once; 0 means 2.
	Workers int
	// Log takes what River and the queue have to say; nil discards it.
	Log *slog.Logger
	// Grace is how long Stop lets jobs run before their contexts end; 0
	// means 5 seconds.
	Grace time.Duration
	// Retry is how long to wait before the attempt after the given one; nil
	// means River's policy (attempt⁴ seconds, with jitter).
	Retry func(attempt int) time.Duration
}

// Queue keeps and runs jobs. Make it, register workers, start it.
type Queue struct {
	db      *casestore.DB
	o       Options
	driver  *riversqlite.Driver
	workers *river.Workers
	client  *river.Client[*sql.Tx]

	mu       sync.Mutex
	progress map[int64]Progress
	wanted   map[string]schedule // schedules, by name
	started  bool
	stopping bool
}

// ErrStopping is the cause of the end of a job's context when the queue stops:
// the job runs again when a queue starts.
var ErrStopping = errors.New("the queue stops")

// New makes a queue and brings its tables up to date.
func New(ctx context.Context, db *casestore.DB, o Options) (*Queue, error) {
	if db.Engine() != "sqlite" {
		return nil, fmt.Errorf("no job queue for the engine %q", db.Engine())
	}
	if o.Workers == 0 {
		o.Workers = 2
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Grace == 0 {
		o.Grace = 5 * time.Second
	}
	q := &Queue{
		db: db, o: o, driver: riversqlite.New(db.Pool()), workers: river.NewWorkers(),
		progress: map[int64]Progress{}, wanted: map[string]schedule{},
	}
	m, err := rivermigrate.New(q.driver, &rivermigrate.Config{Logger: quiet(o.Log)})
	if err != nil {
		return nil, fmt.Errorf("reading the job queue's migrations: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, fmt.Errorf("migrating the job queue: %w", err)
	}
	return q, nil
}

// connect makes the client once all workers are there.
func (q *Queue) connect() (*river.Client[*sql.Tx], error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.client != nil {
		return q.client, nil
	}
	c, err := river.NewClient(q.driver, &river.Config{
		Queues:          map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: q.o.Workers}},
		Workers:         q.workers,
		Logger:          quiet(q.o.Log),
		JobTimeout:      -1,
		SoftStopTimeout: q.o.Grace,
		// The rescue of what another process left is not for one process.
		RescueStuckJobsAfter:        10 * 365 * 24 * time.Hour,
		RetryPolicy:                 retry(q.o.Retry),
		CompletedJobRetentionPeriod: 7 * 24 * time.Hour,
		CancelledJobRetentionPeriod: 7 * 24 * time.Hour,
		DiscardedJobRetentionPeriod: 30 * 24 * time.Hour,
	})
	if err != nil {
		return nil, fmt.Errorf("setting up the job queue: %w", err)
	}
	q.client = c
	return c, nil
}

// retry is River's retry policy by a function of the attempt.
type retry func(attempt int) time.Duration

func (r retry) NextRetry(j *rivertype.JobRow) time.Time {
	if r == nil {
		return (&river.DefaultClientRetryPolicy{}).NextRetry(j)
	}
	return time.Now().Add(r(len(j.Errors) + 1))
}

// Start takes up what was interrupted and begins to run jobs. It returns at
// once; ending ctx does not stop the queue, Stop does.
func (q *Queue) Start(ctx context.Context) error {
	client, err := q.connect()
	if err != nil {
		return err
	}
	if err := q.resume(ctx); err != nil {
		return err
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("starting the job queue: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.started = true
	return q.scheduleAll()
}

// Stop stops taking up jobs, gives those that run the time of grace to end,
// then ends their contexts (they run again at the next start), and waits until
// ctx ends at most.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	client, started := q.client, q.started
	q.started, q.stopping = false, true
	q.mu.Unlock()
	if !started {
		return nil
	}
	if err := client.Stop(ctx); err != nil {
		return fmt.Errorf("stopping the job queue: %w", err)
	}
	return nil
}

// most is how often a job may be interrupted before it is given up: one that
// takes the whole program down each time would else do so for ever.
const most = 500

// resume makes available what was running when the last process ended.
func (q *Queue) resume(ctx context.Context) error {
	exec := q.driver.GetExecutor()
	now := time.Now().UTC()
	for after := int64(0); ; {
		rows, err := exec.JobGetStuck(ctx, &riverdriver.JobGetStuckParams{AfterID: after, Max: 100, StuckHorizon: now.Add(time.Hour)})
		if err != nil {
			return fmt.Errorf("looking for interrupted jobs: %w", err)
		}
		for _, j := range rows {
			after = j.ID
			p := &riverdriver.JobUpdateFullParams{ID: j.ID, StateDoUpdate: true, State: rivertype.JobStateAvailable}
			if len(j.AttemptedBy) < most {
				p.AttemptDoUpdate, p.Attempt = true, max(0, j.Attempt-1)
			}
			switch {
			case cancelRequested(j):
				p.State, p.FinalizedAtDoUpdate, p.FinalizedAt = rivertype.JobStateCancelled, true, &now
			case len(j.AttemptedBy) >= most && j.Attempt >= j.MaxAttempts:
				p.State, p.FinalizedAtDoUpdate, p.FinalizedAt = rivertype.JobStateDiscarded, true, &now
			}
			if _, err := exec.JobUpdateFull(ctx, p); err != nil {
				return fmt.Errorf("taking up the interrupted job %d: %w", j.ID, err)
			}
			q.o.Log.InfoContext(ctx, "job was interrupted", "job", j.ID, "kind", j.Kind, "state", p.State)
		}
		if len(rows) == 0 {
			return nil
		}
	}
}

// Once says how a job is put in the queue.
type Once struct {
	// Unique leaves out a job that is equal to one that waits or runs.
	Unique bool
	// Attempts is how often it is tried; 0 means 5.
	Attempts int
	// At is when it may run first; zero means now.
	At time.Time
}

// Enqueue puts a job in the queue as part of a change: it is there when the
// change is, and not before. It gives the job's id, and false with the id of
// the job that is there where Unique left this one out.
func (q *Queue) Enqueue(ctx context.Context, tx *casestore.Tx, args Args, o Once) (id int64, fresh bool, err error) {
	client, err := q.connect()
	if err != nil {
		return 0, false, err
	}
	r, err := client.InsertTx(ctx, tx.SQL(), args, o.insert())
	if err != nil {
		return 0, false, fmt.Errorf("putting a job %q in the queue: %w", args.Kind(), err)
	}
	return r.Job.ID, !r.UniqueSkippedAsDuplicate, nil
}

func (o Once) insert() *river.InsertOpts {
	in := &river.InsertOpts{MaxAttempts: o.Attempts, ScheduledAt: o.At}
	if in.MaxAttempts == 0 {
		in.MaxAttempts = 5
	}
	if o.Unique {
		in.UniqueOpts = river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
			rivertype.JobStateRetryable, rivertype.JobStateScheduled,
		}}
	}
	return in
}

// Cancel ends a job: at once where it waits, by the end of its context where
// it runs, and not at all where it has ended. casestore.ErrNotFound where there
// is none.
func (q *Queue) Cancel(ctx context.Context, id int64) error {
	client, err := q.connect()
	if err != nil {
		return err
	}
	_, err = client.JobCancel(ctx, id)
	return cancelled(id, err)
}

// CancelIn is Cancel as part of a change.
func (q *Queue) CancelIn(ctx context.Context, tx *casestore.Tx, id int64) error {
	client, err := q.connect()
	if err != nil {
		return err
	}
	_, err = client.JobCancelTx(ctx, tx.SQL(), id)
	return cancelled(id, err)
}

func cancelled(id int64, err error) error {
	if errors.Is(err, rivertype.ErrNotFound) {
		return casestore.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("cancelling job %d: %w", id, err)
	}
	return nil
}
