package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/job"
)

// Health is how an instance does.
type Health struct {
	Version  string    `json:"version"`
	Posts    int64     `json:"posts" doc:"Posts in the store, without deleted ones."`
	Accounts int64     `json:"accounts"`
	Deleted  int64     `json:"deleted"`
	Bytes    int64     `json:"bytes" doc:"Size of the post store on disk."`
	First    time.Time `json:"first,omitzero" doc:"The time of the first post."`
	Last     time.Time `json:"last,omitzero"`
	LogLines int64     `json:"log_lines" doc:"Signed lines of the log."`
	Waiting  int64     `json:"log_waiting" doc:"Lines that wait for the log."`
	Jobs     JobCounts `json:"jobs"`
}

// JobCounts counts jobs that have not ended, 500 of each at most.
type JobCounts struct {
	Waiting  int `json:"waiting"`
	Running  int `json:"running"`
	Retrying int `json:"retrying"`
}

// backupType is the media type of a backup.
const backupType = "application/zstd"

func (a *API) addOperation() {
	const tag = "operation"
	if a.Posts != nil && a.Audit != nil {
		add(a, Operation{
			ID: "health", Method: http.MethodGet, Path: "/health", Action: auth.OperateRead, Tag: tag,
			Summary: "Say how large the instance is and how it does",
		}, a.health)
	}
	if a.Backup != nil {
		add(a, Operation{
			ID: "backup", Method: http.MethodPost, Path: "/backup", Action: auth.OperateBackup, Tag: tag, Long: true,
			Answer: []string{backupType}, Summary: "Write a backup while the service runs",
			Description: "All of the instance in one file: posts, casework, log, keys. It holds names and keys: keep it as you keep the data. " +
				"The copies are made first, so the answer begins late. Where the connection ends before the answer does, the file is not whole; restoring checks every byte.",
		}, a.backup)
	}
}

func (a *API) health(ctx context.Context, _ *struct{}) (*body[Health], error) {
	span, err := a.Posts.Span(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking for the store's extent: %w", err)
	}
	out := Health{
		Version: a.Version, Posts: span.Posts, Accounts: span.Accounts, Deleted: span.Deleted, Bytes: span.Bytes,
		First: span.First, Last: span.Last, LogLines: a.Audit.Size(), Waiting: a.Audit.Waiting(),
	}
	if a.Jobs == nil {
		return &body[Health]{out}, nil
	}
	for state, n := range map[job.State]*int{job.Waiting: &out.Jobs.Waiting, job.Running: &out.Jobs.Running, job.Retrying: &out.Jobs.Retrying} {
		list, err := a.Jobs.List(ctx, job.Filter{States: []job.State{state}, N: shownMost})
		if err != nil {
			return nil, err //nolint:wrapcheck // says it all
		}
		*n = len(list)
	}
	return &body[Health]{out}, nil
}

func (a *API) backup(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	// Before anything leaves.
	if err := a.Casework.Record(ctx, casestore.Line{Action: string(auth.OperateBackup)}); err != nil {
		return nil, fmt.Errorf("noting the backup: %w", err)
	}
	return &huma.StreamResponse{Body: func(h huma.Context) {
		w := &begun{Context: h, name: "akashi-" + a.Now().UTC().Format("20060102-150405") + ".tar.zst"}
		err := a.Backup(h.Context(), w)
		switch {
		case err == nil:
		case w.sent:
			a.breakOff(h.Context(), "writing a backup", err)
		default:
			visitOf(h.Context()).err = err
			if err := huma.WriteErr(a.huma, h, http.StatusInternalServerError, ""); err != nil {
				a.breakOff(h.Context(), "writing a backup", err)
			}
		}
	}}, nil
}

// begun sends the headers of a file with its first bytes, so that what goes
// wrong before can still be said.
type begun struct {
	huma.Context
	name string
	sent bool
}

// Write sends a part of the file.
func (b *begun) Write(p []byte) (int, error) {
	if !b.sent {
		b.sent = true
		b.SetHeader("Content-Type", backupType)
		b.SetHeader("Content-Disposition", "attachment; filename="+b.name)
	}
	return b.BodyWriter().Write(p) //nolint:wrapcheck // it passes on
}
