package finding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/job"
)

// LiveDetection is the id of the detection that follows the stream: its
// parameters are those of the detector, and its findings are taken in while
// their groups act. Where it is disabled or deleted nothing is taken in.
const LiveDetection = "live"

// Live gives the detection that follows the stream, and makes it the first time;
// casestore.ErrNotFound where somebody deleted it.
func (s *Service) Live(ctx context.Context) (Detection, error) {
	ctx = casestore.WithActor(ctx, "system")
	d := Detection{ID: LiveDetection, Name: "常時監視 (live)", Enabled: true, Version: 1, Parameters: 1}
	d.Ceiling, d.Range.LastDays = coordination.LiveCeiling, 1
	if err := d.check(s.o.Defaults); err != nil {
		return d, err
	}
	params, err := json.Marshal(d.Params)
	if err != nil {
		return d, fmt.Errorf("writing parameters: %w", err)
	}
	err = s.db.Change(ctx, func(tx *casestore.Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO detections (id, name, schedule, enabled, owner, parameters, version, created, changed, scheduled, deleted)
			VALUES (?, ?, '', 1, '', 1, 1, ?, ?, ?, 0) ON CONFLICT (id) DO NOTHING`, d.ID, d.Name,
			casestore.Micros(tx.Now()), casestore.Micros(tx.Now()), casestore.Micros(tx.Now()))
		if err != nil {
			return err
		}
		if n == 0 {
			return errThere
		}
		if err := addParameters(ctx, tx, &d, string(params)); err != nil {
			return err
		}
		return logDetection(ctx, tx, &d, "added", string(params))
	})
	if err != nil && !errors.Is(err, errThere) {
		return d, fmt.Errorf("making the detection that follows the stream: %w", err)
	}
	return s.Detection(ctx, LiveDetection)
}

// TakeInLive takes in the groups that the detector of the stream sees, as a run
// of [LiveDetection] does. It gives the run.
func (s *Service) TakeInLive(ctx context.Context, n *coordination.Network, g *coordination.Groups) (Run, error) {
	ctx = casestore.WithActor(ctx, "system")
	var id string
	err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		d, err := getDetection(ctx, tx, LiveDetection)
		if err != nil {
			return err
		}
		if id, err = addRun(ctx, tx, &d, 0, s.o.Program); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE runs SET state = ?, attempt = 1, started = ?, from_time = ?, to_time = ? WHERE id = ?`,
			string(RunRunning), casestore.Micros(tx.Now()), casestore.Micros(n.First), casestore.Micros(n.Last), id)
		return err
	})
	if err != nil {
		return Run{}, fmt.Errorf("beginning a run on the stream: %w", err)
	}
	r, err := s.Run(ctx, id)
	if err != nil {
		return r, err
	}
	d := detection{s: s, run: &r, progress: func(job.Progress) {}, began: time.Now(), net: n, groups: g, posts: map[string]int64{}}
	for _, a := range n.Accounts {
		d.posts[a.Name] = a.Traces
	}
	out, err := d.outcome(ctx)
	if err == nil {
		err = s.takeIn(ctx, &r, out)
	}
	if err != nil {
		err = fmt.Errorf("taking in what the stream shows: %w", err)
		return r, errors.Join(err, s.end(context.WithoutCancel(ctx), id, RunFailed, err.Error()))
	}
	return s.Run(ctx, id)
}

// Activity is whether the group of a finding still acts.
type Activity string

// The activities.
const (
	Growing Activity = "growing" // acted within the last three windows
	Cooling Activity = "cooling" // within the last day
	Closed  Activity = "closed"  // longer ago
)

// ActivityAt says whether a group acts at a time, by its last co-action.
func (f *Finding) ActivityAt(now time.Time) Activity {
	switch quiet := now.Sub(f.Last); {
	case quiet <= 3*coordination.DefaultWindow:
		return Growing
	case quiet <= 24*time.Hour:
		return Cooling
	}
	return Closed
}
