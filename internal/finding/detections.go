package finding

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/job"
	"github.com/akashi-project/akashi/internal/report"
)

const detectionColumns = `d.id, d.name, d.schedule, d.enabled, d.owner, d.parameters, d.version, d.created, d.changed,
	d.scheduled, p.params FROM detections d JOIN detection_parameters p ON p.detection = d.id AND p.version = d.parameters`

func scanDetection(scan func(...any) error) (Detection, error) {
	var d Detection
	var enabled int
	var created, changed, scheduled int64
	var params string
	if err := scan(&d.ID, &d.Name, &d.Schedule, &enabled, &d.Owner, &d.Parameters, &d.Version, &created, &changed,
		&scheduled, &params); err != nil {
		return d, fmt.Errorf("reading a detection: %w", err)
	}
	if err := json.Unmarshal([]byte(params), &d.Params); err != nil {
		return d, fmt.Errorf("reading the parameters of the detection %s: %w", d.ID, err)
	}
	d.Enabled, d.Created, d.Changed, d.scheduled = enabled == 1, casestore.Time(created), casestore.Time(changed), casestore.Time(scheduled)
	return d, nil
}

// Detections gives the saved detections, by name.
func (s *Service) Detections(ctx context.Context) ([]Detection, error) {
	var out []Detection
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+detectionColumns+` WHERE d.deleted = 0 ORDER BY d.name, d.id`)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err says it
		for rows.Next() {
			d, err := scanDetection(rows.Scan)
			if err != nil {
				return err
			}
			out = append(out, d)
		}
		if err := rows.Err(); err != nil {
			return fmt.Errorf("reading rows: %w", err)
		}
		for i := range out {
			if err := s.complete(ctx, tx, &out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing detections: %w", err)
	}
	return out, nil
}

// Detection gives a saved detection; casestore.ErrNotFound where there is none.
func (s *Service) Detection(ctx context.Context, id string) (Detection, error) {
	var d Detection
	err := s.db.View(ctx, func(tx *casestore.Tx) (err error) {
		if d, err = getDetection(ctx, tx, id); err != nil {
			return err
		}
		return s.complete(ctx, tx, &d)
	})
	if err != nil {
		return d, fmt.Errorf("the detection %q: %w", id, err)
	}
	return d, nil
}

func getDetection(ctx context.Context, tx *casestore.Tx, id string) (Detection, error) {
	return scanDetection(func(dest ...any) error {
		return tx.Get(ctx, `SELECT `+detectionColumns+` WHERE d.id = ? AND d.deleted = 0`, []any{id}, dest)
	})
}

// complete adds the last run and when the next is due.
func (s *Service) complete(ctx context.Context, tx *casestore.Tx, d *Detection) error {
	runs, err := s.readRuns(ctx, tx, `WHERE r.detection = ? ORDER BY r.id DESC LIMIT 1`, d.ID)
	if err != nil {
		return err
	}
	if len(runs) == 1 {
		d.LastRun = &runs[0]
	}
	if d.Enabled && d.Schedule != "" {
		when, err := job.ParseSchedule(d.Schedule)
		if err != nil {
			return fmt.Errorf("the detection %s: %w", d.ID, err)
		}
		d.Next = job.Next(when, s.db.Now())
	}
	return nil
}

// Parameters gives all versions of a detection's parameters, the newest first.
func (s *Service) Parameters(ctx context.Context, id string) ([]ParameterVersion, error) {
	var out []ParameterVersion
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		rows, err := tx.Query(ctx, `SELECT version, params, actor, created FROM detection_parameters WHERE detection = ? ORDER BY version DESC`, id)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err says it
		for rows.Next() {
			var v ParameterVersion
			var params string
			var created int64
			if err := rows.Scan(&v.Version, &params, &v.Actor, &created); err != nil {
				return fmt.Errorf("reading parameters: %w", err)
			}
			if err := json.Unmarshal([]byte(params), &v.Params); err != nil {
				return fmt.Errorf("reading parameters: %w", err)
			}
			v.Created = casestore.Time(created)
			out = append(out, v)
		}
		return rows.Err() //nolint:wrapcheck // wrapped below
	})
	if err == nil && len(out) == 0 {
		err = casestore.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("the parameters of the detection %q: %w", id, err)
	}
	return out, nil
}

// AddDetection saves a new detection. ID, times and versions are set here.
// ErrInvalid where it cannot be.
func (s *Service) AddDetection(ctx context.Context, d Detection) (Detection, error) {
	if err := d.check(s.o.Defaults); err != nil {
		return d, err
	}
	params, err := json.Marshal(d.Params)
	if err != nil {
		return d, fmt.Errorf("writing parameters: %w", err)
	}
	d.ID, d.Version, d.Parameters, d.LastRun = casestore.NewID(), 1, 1, nil
	err = s.db.Change(ctx, func(tx *casestore.Tx) error {
		d.Created = tx.Now()
		d.Changed, d.scheduled = d.Created, d.Created
		if _, err := tx.Exec(ctx, `INSERT INTO detections (id, name, schedule, enabled, owner, parameters, version, created, changed, scheduled, deleted)
			VALUES (?, ?, ?, ?, ?, 1, 1, ?, ?, ?, 0)`, d.ID, d.Name, d.Schedule, bit(d.Enabled), d.Owner,
			casestore.Micros(d.Created), casestore.Micros(d.Changed), casestore.Micros(d.scheduled)); err != nil {
			return err
		}
		if err := addParameters(ctx, tx, &d, string(params)); err != nil {
			return err
		}
		return logDetection(ctx, tx, &d, "added", string(params))
	})
	if err != nil {
		return d, fmt.Errorf("saving a detection: %w", err)
	}
	return s.rescheduled(ctx, d)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func addParameters(ctx context.Context, tx *casestore.Tx, d *Detection, params string) error {
	_, err := tx.Exec(ctx, `INSERT INTO detection_parameters (detection, version, params, actor, created) VALUES (?, ?, ?, ?, ?)`,
		d.ID, d.Parameters, params, casestore.ActorOf(ctx), casestore.Micros(tx.Now()))
	return err //nolint:wrapcheck // Exec says what was done
}

func logDetection(ctx context.Context, tx *casestore.Tx, d *Detection, what, params string) error {
	detail := map[string]any{"what": what, "version": d.Version}
	if params != "" {
		detail["parameters"] = json.RawMessage(params)
	}
	return tx.Log(ctx, casestore.Line{Action: string(auth.DetectionEdit), Object: "detection:" + d.ID, Detail: detail}) //nolint:wrapcheck // Log says what was done
}

// rescheduled sets the schedule anew and gives the detection complete.
func (s *Service) rescheduled(ctx context.Context, d Detection) (Detection, error) {
	out, err := s.Detection(ctx, d.ID)
	if err != nil {
		return d, err
	}
	err = s.schedule(&out)
	return out, err
}

// ChangeDetection saves a detection's name, parameters, schedule, owner and
// whether it is enabled. Version must be the one that was read:
// casestore.ErrConflict where it is another by now.
func (s *Service) ChangeDetection(ctx context.Context, d Detection) (Detection, error) {
	if err := d.check(s.o.Defaults); err != nil {
		return d, err
	}
	params, err := json.Marshal(d.Params)
	if err != nil {
		return d, fmt.Errorf("writing parameters: %w", err)
	}
	err = s.db.Change(ctx, func(tx *casestore.Tx) error {
		was, err := getDetection(ctx, tx, d.ID)
		if err != nil {
			return err
		}
		if was.Version != d.Version {
			return casestore.ErrConflict
		}
		d.Version, d.Parameters, d.scheduled = was.Version+1, was.Parameters, was.scheduled
		changed := ""
		if old, err := json.Marshal(was.Params); err != nil {
			return fmt.Errorf("writing parameters: %w", err)
		} else if !bytes.Equal(old, params) {
			d.Parameters, changed = was.Parameters+1, string(params)
			if err := addParameters(ctx, tx, &d, changed); err != nil {
				return err
			}
		}
		if was.Schedule != d.Schedule || was.Enabled != d.Enabled {
			d.scheduled = tx.Now()
		}
		if _, err := tx.Exec(ctx, `UPDATE detections SET name = ?, schedule = ?, enabled = ?, owner = ?, parameters = ?, version = ?, changed = ?, scheduled = ? WHERE id = ?`,
			d.Name, d.Schedule, bit(d.Enabled), d.Owner, d.Parameters, d.Version, casestore.Micros(tx.Now()), casestore.Micros(d.scheduled), d.ID); err != nil {
			return err
		}
		return logDetection(ctx, tx, &d, "changed", changed)
	})
	if err != nil {
		return d, fmt.Errorf("changing the detection %q: %w", d.ID, err)
	}
	return s.rescheduled(ctx, d)
}

// DeleteDetection removes a detection. Its runs and findings stay; runs that
// wait or run are cancelled.
func (s *Service) DeleteDetection(ctx context.Context, id string, version int64) error {
	err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		d, err := getDetection(ctx, tx, id)
		if err != nil {
			return err
		}
		if d.Version != version {
			return casestore.ErrConflict
		}
		open, err := s.openRuns(ctx, tx, id)
		if err != nil {
			return err
		}
		for i := range open {
			if err := s.cancelRun(ctx, tx, &open[i]); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE detections SET deleted = ?, enabled = 0, version = version + 1 WHERE id = ?`, casestore.Micros(tx.Now()), id); err != nil {
			return err
		}
		return logDetection(ctx, tx, &d, "deleted", "")
	})
	if err != nil {
		return fmt.Errorf("deleting the detection %q: %w", id, err)
	}
	s.o.Jobs.Unschedule("detection:" + id)
	return nil
}

const runColumns = `r.id, r.detection, d.name, r.parameters, r.params, r.job, r.state, r.actor, r.program, r.attempt,
	r.from_time, r.to_time, r.created, r.started, r.finished, r.result, r.error FROM runs r JOIN detections d ON d.id = r.detection `

// runResult is what a run writes down when it is taken in.
type runResult struct {
	Counts    report.Counts  `json:"counts"`
	LeftOut   []LeftOut      `json:"left_out"`
	Phases    []report.Phase `json:"phases"`
	New       int64          `json:"new"`
	Updated   int64          `json:"updated"`
	Unchanged int64          `json:"unchanged"`
}

// readRuns reads the runs that the rest of a statement means.
func (s *Service) readRuns(ctx context.Context, tx *casestore.Tx, rest string, args ...any) ([]Run, error) {
	rows, err := tx.Query(ctx, `SELECT `+runColumns+rest, args...)
	if err != nil {
		return nil, err //nolint:wrapcheck // Query says what was done
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	var out []Run
	for rows.Next() {
		var r Run
		var from, to, created, started, finished int64
		var params, result string
		if err := rows.Scan(&r.ID, &r.Detection, &r.DetectionName, &r.Parameters, &params, &r.job, &r.State, &r.Actor, &r.Program,
			&r.Attempt, &from, &to, &created, &started, &finished, &result, &r.Error); err != nil {
			return nil, fmt.Errorf("reading a run: %w", err)
		}
		r.From, r.To = casestore.Time(from), casestore.Time(to)
		r.Created, r.Started, r.Finished = casestore.Time(created), casestore.Time(started), casestore.Time(finished)
		if err := json.Unmarshal([]byte(params), &r.Params); err != nil {
			return nil, fmt.Errorf("reading the parameters of run %s: %w", r.ID, err)
		}
		if result != "" {
			if err := json.Unmarshal([]byte(result), &r); err != nil {
				return nil, fmt.Errorf("reading the result of run %s: %w", r.ID, err)
			}
		}
		if r.State == RunRunning {
			r.Progress = s.o.Jobs.ProgressOf(r.job)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading runs: %w", err)
	}
	return out, nil
}

// Runs lists runs, the newest first.
func (s *Service) Runs(ctx context.Context, f RunFilter) ([]Run, error) {
	var where []string
	var args []any
	if f.Detection != "" {
		where, args = append(where, `r.detection = ?`), append(args, f.Detection)
	}
	if len(f.States) > 0 {
		where = append(where, `r.state IN (`+marks(len(f.States))+`)`)
		for _, st := range f.States {
			args = append(args, string(st))
		}
	}
	if f.After != "" {
		where, args = append(where, `r.id < ?`), append(args, f.After)
	}
	rest := ``
	if len(where) > 0 {
		rest = `WHERE ` + strings.Join(where, ` AND `)
	}
	var out []Run
	err := s.db.View(ctx, func(tx *casestore.Tx) (err error) {
		out, err = s.readRuns(ctx, tx, rest+` ORDER BY r.id DESC LIMIT ?`, append(args, limit(f.N))...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing runs: %w", err)
	}
	return out, nil
}

// limit gives how many rows a page has.
func limit(n int) int {
	if n <= 0 {
		return 50
	}
	return min(n, 500)
}

// marks gives n placeholders.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// Run gives a run; casestore.ErrNotFound where there is none.
func (s *Service) Run(ctx context.Context, id string) (Run, error) {
	var r Run
	err := s.db.View(ctx, func(tx *casestore.Tx) (err error) {
		r, err = s.readRun(ctx, tx, id)
		return err
	})
	if err != nil {
		return r, fmt.Errorf("the run %q: %w", id, err)
	}
	return r, nil
}

func (s *Service) readRun(ctx context.Context, tx *casestore.Tx, id string) (Run, error) {
	runs, err := s.readRuns(ctx, tx, `WHERE r.id = ?`, id)
	if err != nil {
		return Run{}, err
	}
	if len(runs) == 0 {
		return Run{}, casestore.ErrNotFound
	}
	return runs[0], nil
}

// errThere says that a change is not needed.
var errThere = errors.New("it is there")

// StartRun puts a run of a detection in the queue. Where one waits or runs
// already, it gives that one.
func (s *Service) StartRun(ctx context.Context, detection string) (Run, error) {
	var id string
	err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		d, err := getDetection(ctx, tx, detection)
		if err != nil {
			return err
		}
		open, err := s.openRuns(ctx, tx, d.ID)
		if err != nil {
			return err
		}
		if len(open) > 0 {
			id = open[0].ID
			return errThere
		}
		n, _, err := s.o.Jobs.Enqueue(ctx, tx, runArgs{Detection: d.ID}, job.Once{})
		if err != nil {
			return fmt.Errorf("the queue: %w", err)
		}
		id, err = addRun(ctx, tx, &d, n, s.o.Program)
		return err
	})
	if err != nil && !errors.Is(err, errThere) {
		return Run{}, fmt.Errorf("running the detection %q: %w", detection, err)
	}
	return s.Run(ctx, id)
}

// openRuns gives a detection's run that waits or runs: one at most.
func (s *Service) openRuns(ctx context.Context, tx *casestore.Tx, detection string) ([]Run, error) {
	return s.readRuns(ctx, tx, `WHERE r.detection = ? AND r.state IN (?, ?)`, detection, string(RunQueued), string(RunRunning))
}

// addRun writes down a run for a job.
func addRun(ctx context.Context, tx *casestore.Tx, d *Detection, jobID int64, program string) (string, error) {
	params, err := json.Marshal(d.Params)
	if err != nil {
		return "", fmt.Errorf("writing parameters: %w", err)
	}
	id := casestore.NewID()
	if _, err := tx.Exec(ctx, `INSERT INTO runs (id, detection, parameters, params, job, state, actor, program, attempt, from_time, to_time, created, started, finished, result, error)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, 0, 0, '', '')`, id, d.ID, d.Parameters, string(params), jobID, string(RunQueued),
		casestore.ActorOf(ctx), program, casestore.Micros(tx.Now())); err != nil {
		return "", err //nolint:wrapcheck // Exec says what was done
	}
	return id, tx.Log(ctx, casestore.Line{ //nolint:wrapcheck // Log says what was done
		Action: string(auth.DetectionRun), Object: "detection:" + d.ID,
		Detail: map[string]any{"run": id, "state": RunQueued, "parameters": d.Parameters},
	})
}

// CancelRun ends a run that waits or runs, and leaves one that has ended.
func (s *Service) CancelRun(ctx context.Context, id string) error {
	err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		r, err := s.readRun(ctx, tx, id)
		if err != nil {
			return err
		}
		if r.State != RunQueued && r.State != RunRunning {
			return errThere
		}
		return s.cancelRun(ctx, tx, &r)
	})
	if err != nil && !errors.Is(err, errThere) {
		return fmt.Errorf("cancelling the run %q: %w", id, err)
	}
	return nil
}

// cancelRun cancels a run and its job. Work under way sees it at the latest when
// it wants to write down what it found.
func (s *Service) cancelRun(ctx context.Context, tx *casestore.Tx, r *Run) error {
	if err := s.o.Jobs.CancelIn(ctx, tx, r.job); err != nil && !errors.Is(err, casestore.ErrNotFound) {
		return fmt.Errorf("the job of the run %s: %w", r.ID, err)
	}
	return endRun(ctx, tx, r, RunCancelled, "")
}

// endRun writes down that a run ended without a result.
func endRun(ctx context.Context, tx *casestore.Tx, r *Run, state RunState, why string) error {
	if _, err := tx.Exec(ctx, `UPDATE runs SET state = ?, finished = ?, error = ? WHERE id = ?`,
		string(state), casestore.Micros(tx.Now()), why, r.ID); err != nil {
		return err //nolint:wrapcheck // Exec says what was done
	}
	return tx.Log(ctx, casestore.Line{ //nolint:wrapcheck // Log says what was done
		Action: string(auth.DetectionRun), Object: "detection:" + r.Detection, Detail: map[string]any{"run": r.ID, "state": state},
	})
}

// end ends a run that has not ended.
func (s *Service) end(ctx context.Context, id string, state RunState, why string) error {
	err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		r, err := s.readRun(ctx, tx, id)
		if err != nil {
			return err
		}
		if r.State != RunQueued && r.State != RunRunning {
			return errThere
		}
		return endRun(ctx, tx, &r, state, why)
	})
	if err != nil && !errors.Is(err, errThere) {
		return fmt.Errorf("ending the run %q: %w", id, err)
	}
	return nil
}

// since gives how long something took, in seconds.
func since(t time.Time) float64 { return rounded(time.Since(t).Seconds(), 3) }
