package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/akashi-project/akashi/internal/casestore"
)

// State is where a job stands.
type State string

// The states of a job.
const (
	Waiting   State = "waiting"   // to run as soon as there is room
	Scheduled State = "scheduled" // to run at a time
	Running   State = "running"
	Retrying  State = "retrying" // failed, to be tried again at a time
	Completed State = "completed"
	Cancelled State = "cancelled"
	Discarded State = "discarded" // failed as often as it may
)

// Job is a job as a page shows it. Args are ids only.
type Job struct {
	ID       int64           `json:"id"`
	Kind     string          `json:"kind"`
	Args     json.RawMessage `json:"args"`
	State    State           `json:"state"`
	Attempt  int             `json:"attempt"`
	Attempts int             `json:"attempts"` // at most
	// Error is that of the last attempt that failed.
	Error string `json:"error,omitempty"`
	// Created is when it was put in the queue; At when it runs, or may run
	// first; Started and Ended belong to the last attempt.
	Created  time.Time `json:"created"`
	At       time.Time `json:"at"`
	Started  time.Time `json:"started,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	Progress *Progress `json:"progress,omitempty"`
}

// Filter says which jobs are listed; the zero value means the newest 50.
type Filter struct {
	Kinds  []string
	States []State
	// Before is the id of the last job of the page before.
	Before int64
	// N is at most how many, up to 500.
	N int
}

var states = map[State]rivertype.JobState{
	Waiting: rivertype.JobStateAvailable, Scheduled: rivertype.JobStateScheduled, Running: rivertype.JobStateRunning,
	Retrying: rivertype.JobStateRetryable, Completed: rivertype.JobStateCompleted,
	Cancelled: rivertype.JobStateCancelled, Discarded: rivertype.JobStateDiscarded,
}

// List gives jobs, the newest first.
func (q *Queue) List(ctx context.Context, f Filter) ([]Job, error) {
	client, err := q.connect()
	if err != nil {
		return nil, err
	}
	if f.N <= 0 {
		f.N = 50
	}
	p := river.NewJobListParams().OrderBy(river.JobListOrderByID, river.SortOrderDesc).First(min(f.N, 500))
	want := make([]rivertype.JobState, 0, len(states))
	for _, s := range f.States {
		r, ok := states[s]
		if !ok {
			return nil, fmt.Errorf("listing jobs: no state %q", s)
		}
		want = append(want, r)
	}
	if len(want) == 0 {
		want = rivertype.JobStates()
	}
	p = p.States(want...)
	if len(f.Kinds) > 0 {
		p = p.Kinds(f.Kinds...)
	}
	if f.Before > 0 {
		p = p.After(river.JobListCursorFromJob(&rivertype.JobRow{ID: f.Before}))
	}
	r, err := client.JobList(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("listing jobs: %w", err)
	}
	out := make([]Job, len(r.Jobs))
	for i, j := range r.Jobs {
		out[i] = q.shown(j)
	}
	return out, nil
}

// Get gives a job; casestore.ErrNotFound where there is none, since ended jobs
// are removed after some days.
func (q *Queue) Get(ctx context.Context, id int64) (Job, error) {
	client, err := q.connect()
	if err != nil {
		return Job{}, err
	}
	j, err := client.JobGet(ctx, id)
	if errors.Is(err, rivertype.ErrNotFound) {
		return Job{}, casestore.ErrNotFound
	}
	if err != nil {
		return Job{}, fmt.Errorf("reading job %d: %w", id, err)
	}
	return q.shown(j), nil
}

// ProgressOf says how far a job is; nil where it does not run here.
func (q *Queue) ProgressOf(id int64) *Progress {
	q.mu.Lock()
	defer q.mu.Unlock()
	if p, ok := q.progress[id]; ok {
		return &p
	}
	return nil
}

func (q *Queue) shown(j *rivertype.JobRow) Job {
	out := Job{
		ID: j.ID, Kind: j.Kind, Args: json.RawMessage(j.EncodedArgs), Attempt: j.Attempt, Attempts: j.MaxAttempts,
		Created: j.CreatedAt.UTC(), At: j.ScheduledAt.UTC(), Progress: q.ProgressOf(j.ID),
	}
	for s, r := range states {
		if r == j.State {
			out.State = s
		}
	}
	if j.AttemptedAt != nil {
		out.Started = j.AttemptedAt.UTC()
	}
	if j.FinalizedAt != nil {
		out.Ended = j.FinalizedAt.UTC()
	}
	if n := len(j.Errors); n > 0 {
		out.Error = j.Errors[n-1].Error
	}
	return out
}

// cancelRequested says that somebody cancelled a job while it ran.
func cancelRequested(j *rivertype.JobRow) bool {
	var m struct {
		At string `json:"cancel_attempted_at"`
	}
	return json.Unmarshal(j.Metadata, &m) == nil && m.At != ""
}
