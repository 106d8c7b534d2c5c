package finding

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/enrich"
	"github.com/akashi-project/akashi/internal/job"
	"github.com/akashi-project/akashi/internal/poststore"
)

// Posts is what detections need of a post store.
type Posts interface {
	Traces(ctx context.Context, q poststore.Query, by enrich.Behaviours, o enrich.Options, yield func([]coordination.Trace) error) error
	Count(ctx context.Context, q poststore.Query) (int64, error)
	Get(ctx context.Context, keys []poststore.Key) ([]poststore.Post, error)
	Accounts(ctx context.Context, keys []string) ([]poststore.Account, error)
}

// Options say how a service works. DB, Posts and Jobs are needed.
type Options struct {
	DB    *casestore.DB
	Posts Posts
	Jobs  *job.Queue
	// Log takes what goes wrong; nil discards it.
	Log *slog.Logger
	// Program is the program's version, kept with each run.
	Program string
	// Dir is where the engine puts what outgrows Budget bytes of memory; ""
	// means the system's folder, 0 means 256 MiB.
	Dir    string
	Budget int64
	// Workers is how many goroutines the engine uses; 0 means all cores.
	Workers int
	// Defaults are the behaviours, window and ceiling of detections that say
	// nothing of them; see Params for where they are zero.
	Defaults Params
}

// Service keeps detections, runs and findings. It checks no rights: its caller
// does, and has ctx carry who acts (casestore.WithActor).
type Service struct {
	o  Options
	db *casestore.DB
	packer
	// taking has runs taken in one after another.
	taking sync.Mutex
	// crash, in tests, stands for a process that dies at a named point.
	crash func(point string) error
}

// runArgs are the arguments of a run's job. A detection has one run at a time: one
// that waits or runs is in the table of runs, and no other begins beside it.
type runArgs struct {
	Detection string `json:"detection" river:"unique"`
}

// Kind names the job.
func (runArgs) Kind() string { return "detection-run" }

// New makes a service and registers its worker, before the queue starts.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Budget == 0 {
		o.Budget = 256 << 20
	}
	s := &Service{o: o, db: o.DB, crash: func(string) error { return nil }}
	job.Register(o.Jobs, s.work)
	return s
}

// Start sets the schedules of all detections and settles runs whose job has
// ended without them. It must be called after the queue was started.
func (s *Service) Start(ctx context.Context) error {
	if err := s.settle(ctx); err != nil {
		return err
	}
	all, err := s.Detections(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		if err := s.schedule(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

// schedule sets or ends a detection's schedule in the queue.
func (s *Service) schedule(d *Detection) error {
	name := "detection:" + d.ID
	if !d.Enabled || d.Schedule == "" {
		s.o.Jobs.Unschedule(name)
		return nil
	}
	since := d.scheduled
	if d.LastRun != nil && d.LastRun.Created.After(since) {
		since = d.LastRun.Created
	}
	if err := s.o.Jobs.Schedule(name, d.Schedule, since, runArgs{Detection: d.ID}); err != nil {
		return fmt.Errorf("scheduling the detection %s: %w", d.ID, err)
	}
	return nil
}

// settle marks runs whose job was ended by the queue alone: cancelled or given
// up while the program was not there to see it.
func (s *Service) settle(ctx context.Context) error {
	open, err := s.Runs(ctx, RunFilter{States: []RunState{RunQueued, RunRunning}, N: 500})
	if err != nil {
		return err
	}
	for _, r := range open {
		j, err := s.o.Jobs.Get(ctx, r.job)
		state := RunFailed
		switch {
		case errors.Is(err, casestore.ErrNotFound):
		case err != nil:
			return fmt.Errorf("looking for the job of run %s: %w", r.ID, err)
		case j.State == job.Cancelled:
			state = RunCancelled
		case j.State != job.Discarded:
			continue
		}
		if err := s.end(ctx, r.ID, state, "the job ended without the run"); err != nil {
			return err
		}
	}
	return nil
}

// Prune removes all but the newest keep snapshots of each finding, and says how
// many. The list of runs that saw a finding stays.
func (s *Service) Prune(ctx context.Context, keep int) (int64, error) {
	if keep < 1 {
		return 0, invalid("keeping %d snapshots: want 1 or more", keep)
	}
	var n int64
	err := s.db.Change(ctx, func(tx *casestore.Tx) (err error) {
		n, err = tx.Exec(ctx, `DELETE FROM finding_snapshots WHERE version <=
			(SELECT f.snapshot FROM findings f WHERE f.id = finding_snapshots.finding) - ?`, keep)
		if err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{Action: "finding.prune", Detail: map[string]any{"keep": keep, "removed": n}})
	})
	if err != nil {
		return 0, fmt.Errorf("removing old snapshots: %w", err)
	}
	return n, nil
}
