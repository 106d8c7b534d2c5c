package finding

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/job"
)

// work does a run: the worker of the queue.
func (s *Service) work(ctx context.Context, t *job.Task[runArgs]) error {
	r, err := s.begin(ctx, t.ID, t.Args.Detection)
	if err != nil {
		return err
	}
	if r == nil {
		return nil
	}
	err = s.detectAndTake(ctx, r, t.Progress)
	if err == nil {
		return nil
	}
	// What became of it must be written although ctx may have ended.
	free := context.WithoutCancel(ctx)
	switch {
	case errors.Is(context.Cause(ctx), job.ErrCancelled):
		return errors.Join(err, s.end(free, r.ID, RunCancelled, ""))
	case ctx.Err() != nil:
		return errors.Join(err, s.wait(free, r.ID, ""))
	case errors.Is(err, ErrInvalid) || t.Last:
		return errors.Join(job.Final(err), s.end(free, r.ID, RunFailed, err.Error()))
	}
	return errors.Join(err, s.wait(free, r.ID, err.Error()))
}

// detectAndTake does a run's work: all of it, or nothing that lasts.
func (s *Service) detectAndTake(ctx context.Context, r *Run, progress func(job.Progress)) error {
	d := detection{s: s, run: r, progress: progress, began: time.Now()}
	out, err := d.detect(ctx)
	if err != nil {
		return fmt.Errorf("running the detection %s: %w", r.Detection, err)
	}
	if err := s.crash("detected"); err != nil {
		return err
	}
	d.phase("save", int64(len(out.groups)))
	if err := s.takeIn(ctx, r, out); err != nil {
		return fmt.Errorf("taking in the run %s: %w", r.ID, err)
	}
	return s.crash("taken in")
}

// begin finds or makes the run of a job and marks it running; nil where there is
// nothing to do any more.
func (s *Service) begin(ctx context.Context, jobID int64, detection string) (*Run, error) {
	// A job that the schedule put there has no run yet.
	ctx = casestore.WithActor(ctx, "system")
	err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		runs, err := s.readRuns(ctx, tx, `WHERE r.job = ?`, jobID)
		if err != nil {
			return err
		}
		open, err := s.openRuns(ctx, tx, detection)
		if err != nil {
			return err
		}
		if len(runs)+len(open) > 0 {
			return errThere
		}
		d, err := getDetection(ctx, tx, detection)
		if errors.Is(err, casestore.ErrNotFound) {
			return errThere // deleted in between
		}
		if err != nil {
			return err
		}
		_, err = addRun(ctx, tx, &d, jobID, s.o.Program)
		return err
	})
	if err != nil && !errors.Is(err, errThere) {
		return nil, fmt.Errorf("beginning a run: %w", err)
	}
	var r *Run
	err = s.db.Housekeep(ctx, func(tx *casestore.Tx) error {
		runs, err := s.readRuns(ctx, tx, `WHERE r.job = ?`, jobID)
		if err != nil || len(runs) == 0 || runs[0].State != RunQueued && runs[0].State != RunRunning {
			return err
		}
		r = &runs[0]
		if r.Started.IsZero() {
			q, err := r.Params.posts(tx.Now())
			if err != nil {
				return err
			}
			r.Started, r.From, r.To = tx.Now(), q.From, q.To
		}
		r.State, r.Attempt, r.Program = RunRunning, r.Attempt+1, s.o.Program
		_, err = tx.Exec(ctx, `UPDATE runs SET state = ?, attempt = ?, started = ?, from_time = ?, to_time = ?, program = ?, error = '' WHERE id = ?`,
			string(RunRunning), r.Attempt, casestore.Micros(r.Started), casestore.Micros(r.From), casestore.Micros(r.To), r.Program, r.ID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("beginning a run: %w", err)
	}
	return r, nil
}

// wait marks a run as one that waits to be taken up again.
func (s *Service) wait(ctx context.Context, id, why string) error {
	err := s.db.Housekeep(ctx, func(tx *casestore.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE runs SET state = ?, error = ? WHERE id = ? AND state = ?`, string(RunQueued), why, id, string(RunRunning))
		return err
	})
	if err != nil {
		return fmt.Errorf("setting the run %s back: %w", id, err)
	}
	return nil
}
