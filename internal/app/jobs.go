package app

import (
	"context"
	"errors"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/intake"
	"github.com/akashi-project/akashi/internal/job"
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
}

// startJobs begins to run jobs.
func (a *App) startJobs(ctx context.Context) error {
	if err := a.Jobs.Start(ctx); err != nil {
		return err
	}
	if err := a.Findings.Start(ctx); err != nil {
		return err
	}
	return a.Jobs.Schedule("tidy", "17 3 * * *", time.Time{}, tidyArgs{})
}
