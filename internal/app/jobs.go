package app

import (
	"context"
	"errors"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/intake"
	"github.com/akashi-project/akashi/internal/job"
	"github.com/akashi-project/akashi/internal/retention"
)

// importArgs are the arguments of the job that brings an upload in.
type importArgs struct {
	Import string `json:"import"`
}

// Kind names the job.
func (importArgs) Kind() string { return "import" }

// queueImport has an upload brought in, as part of the change that notes it.
func (a *App) queueImport(ctx context.Context, tx *casestore.Tx, id string) error {
	_, _, err := a.Jobs.Enqueue(ctx, tx, importArgs{Import: id}, job.Once{Unique: true})
	return err
}

// tidyArgs are those of the job that removes what has expired.
type tidyArgs struct{}

// Kind names the job.
func (tidyArgs) Kind() string { return "tidy" }

// retentionArgs are those of the job that deletes posts whose time is over.
type retentionArgs struct{}

// Kind names the job.
func (retentionArgs) Kind() string { return "retention" }

// sweep deletes the posts whose mandate's period is over, and logs how many.
func (a *App) sweep(ctx context.Context) error {
	s := &retention.Sweeper{Posts: a.Posts, Findings: a.Findings, Mandates: a.Collections, Log: a.log, Record: func(ctx context.Context, r retention.Result) error {
		return a.DB.Change(ctx, func(tx *casestore.Tx) error {
			return tx.Log(ctx, casestore.Line{Action: "retention.sweep", Detail: map[string]any{"mandates": r}})
		})
	}}
	_, err := s.Sweep(ctx, a.DB.Now())
	return err
}

// registerJobs says what does the jobs that belong to no package of their own.
func (a *App) registerJobs() {
	job.Register(a.Jobs, func(ctx context.Context, t *job.Task[importArgs]) error {
		err := a.Intake.Run(ctx, t.Args.Import, func(p intake.Progress) {
			t.Progress(job.Progress{Phase: "import", Done: p.Read, Total: p.Total})
		})
		if errors.Is(err, intake.ErrFile) || errors.Is(err, intake.ErrCancelled) {
			return job.Final(err)
		}
		return err
	})
	job.Register(a.Jobs, func(ctx context.Context, _ *job.Task[tidyArgs]) error {
		return errors.Join(a.Auth.Prune(ctx), a.Intake.Sweep(ctx))
	})
	job.Register(a.Jobs, func(ctx context.Context, _ *job.Task[retentionArgs]) error { return a.sweep(ctx) })
}

// startJobs begins to run jobs.
func (a *App) startJobs(ctx context.Context) error {
	if err := a.Jobs.Start(ctx); err != nil {
		return err
	}
	if err := a.Findings.Start(ctx); err != nil {
		return err
	}
	return errors.Join(
		a.Jobs.Schedule("tidy", "17 3 * * *", time.Time{}, tidyArgs{}),
		a.Jobs.Schedule("retention", "41 3 * * *", time.Time{}, retentionArgs{}),
	)
}
