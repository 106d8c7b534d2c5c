package finding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
)

// eventDetail is what an event holds beyond its columns.
type eventDetail struct {
	From     *Standing `json:"from,omitempty"`
	To       *Standing `json:"to,omitempty"`
	Run      string    `json:"run,omitempty"`
	Other    string    `json:"other,omitempty"`
	Note     string    `json:"note,omitempty"`
	Accounts [2]int    `json:"accounts,omitzero"`
	Undoes   string    `json:"undoes,omitempty"`
}

// line is the part of a detail that goes to the log: no text that a person
// wrote.
func (d eventDetail) line() map[string]any {
	out := map[string]any{}
	standing := func(s *Standing) map[string]any {
		return map[string]any{"state": s.State, "reason": s.Reason, "link": s.Link, "owner": s.Owner}
	}
	if d.From != nil {
		out["from"] = standing(d.From)
	}
	if d.To != nil {
		out["to"] = standing(d.To)
	}
	for name, v := range map[string]string{"run": d.Run, "other": d.Other, "note": d.Note, "undoes": d.Undoes} {
		if v != "" {
			out[name] = v
		}
	}
	if d.Accounts != [2]int{} {
		out["accounts"] = d.Accounts
	}
	return out
}

func addEvent(ctx context.Context, tx *casestore.Tx, id, finding, batch string, kind EventKind, d eventDetail) error {
	data, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO finding_events (id, finding, batch, time, actor, kind, detail, undone) VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
		id, finding, batch, casestore.Micros(tx.Now()), casestore.ActorOf(ctx), string(kind), string(data))
	return err //nolint:wrapcheck // Exec says what was done
}

func setStanding(ctx context.Context, tx *casestore.Tx, id string, s Standing) error {
	_, err := tx.Exec(ctx, `UPDATE findings SET state = ?, reason = ?, reason_text = ?, link = ?, owner = ?, base = ? WHERE id = ?`,
		string(s.State), string(s.Reason), s.ReasonText, s.Link, s.Owner, s.Base, id)
	return err //nolint:wrapcheck // Exec says what was done
}

// triaged writes a person's change of a standing.
func triaged(ctx context.Context, tx *casestore.Tx, f *Finding, batch string, kind EventKind, to Standing, undoes string) error {
	if err := setStanding(ctx, tx, f.ID, to); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE findings SET updated = ?, version = version + 1 WHERE id = ?`, casestore.Micros(tx.Now()), f.ID); err != nil {
		return err //nolint:wrapcheck // Exec says what was done
	}
	d := eventDetail{From: &f.Standing, To: &to, Undoes: undoes}
	if err := addEvent(ctx, tx, casestore.NewID(), f.ID, batch, kind, d); err != nil {
		return err
	}
	return tx.Log(ctx, casestore.Line{Action: string(auth.FindingTriage), Object: "finding:" + f.ID, Detail: d.line()}) //nolint:wrapcheck // Log says what was done
}

// Triage changes state or owner of findings, given by id or short id: of all of
// them, or none. Findings that are so already are left as they are. Errors are
// ErrInvalid, casestore.ErrNotFound and casestore.ErrConflict (see
// Change.Versions).
func (s *Service) Triage(ctx context.Context, ids []string, c Change) (Result, error) {
	r := Result{Changed: []string{}}
	c.ReasonText = strings.TrimSpace(c.ReasonText)
	if err := c.check(); err != nil {
		return r, err
	}
	if len(ids) == 0 || len(ids) > 5000 {
		return r, invalid("a change of %d findings: want 1 to 5,000", len(ids))
	}
	batch := casestore.NewID()
	err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		for _, id := range ids {
			f, err := getFinding(ctx, tx, id)
			if err != nil {
				return fmt.Errorf("the finding %q: %w", id, err)
			}
			if v, ok := c.Versions[id]; ok && v != f.Version && !slices.Contains(r.Changed, f.ID) {
				return fmt.Errorf("the finding %q: %w", id, casestore.ErrConflict)
			}
			to := c.on(f.Standing, f.Accounts)
			if f.State == to.State && to.State == StateDismissed {
				to.Base = f.Base // dismissing again counts from the first time
			}
			if to == f.Standing {
				continue
			}
			if err := triaged(ctx, tx, &f, batch, EventTriage, to, ""); err != nil {
				return err
			}
			r.Changed = append(r.Changed, f.ID)
		}
		if len(r.Changed) == 0 {
			return errThere
		}
		r.Undo = batch
		return nil
	})
	if errors.Is(err, errThere) {
		return r, nil
	}
	if err != nil {
		return Result{Changed: []string{}}, fmt.Errorf("changing findings: %w", err)
	}
	return r, nil
}

// Undo reverses a change by a person: all of it by the token of its result (an
// event's Batch), or that of one finding by its event's id. casestore.ErrConflict
// where it was undone, or where a later change of the standing stands on it;
// casestore.ErrNotFound where there is none. An undo is not undone: the change
// is made again.
func (s *Service) Undo(ctx context.Context, event string) (Result, error) {
	r := Result{Changed: []string{}}
	err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		events, err := readEvents(ctx, tx, `WHERE (batch = ? OR id = ?) AND kind = ? ORDER BY id`, event, event, string(EventTriage))
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return casestore.ErrNotFound
		}
		batch := casestore.NewID()
		for i := range events {
			e := &events[i]
			f, err := getFinding(ctx, tx, e.Finding)
			if err != nil {
				return err
			}
			top, err := topEvent(ctx, tx, e.Finding)
			if err != nil {
				return err
			}
			if e.Undone || top != e.ID || e.From == nil || e.To == nil || f.Standing != *e.To {
				return casestore.ErrConflict
			}
			if err := triaged(ctx, tx, &f, batch, EventUndo, *e.From, e.ID); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE finding_events SET undone = 1 WHERE id = ?`, e.ID); err != nil {
				return err
			}
			r.Changed = append(r.Changed, f.ID)
		}
		return nil
	})
	if err != nil {
		return Result{Changed: []string{}}, fmt.Errorf("undoing %q: %w", event, err)
	}
	return r, nil
}

// topEvent gives the newest event of a finding's standing that was not undone
// and is no undo; empty where there is none.
func topEvent(ctx context.Context, tx *casestore.Tx, finding string) (string, error) {
	var id string
	err := tx.Get(ctx, `SELECT id FROM finding_events WHERE finding = ? AND undone = 0 AND kind IN (?, ?) ORDER BY time DESC, id DESC LIMIT 1`,
		[]any{finding, string(EventTriage), string(EventReopened)}, []any{&id})
	if errors.Is(err, casestore.ErrNotFound) {
		return "", nil
	}
	return id, err //nolint:wrapcheck // Get says what was done
}

func readEvents(ctx context.Context, tx *casestore.Tx, rest string, args ...any) ([]Event, error) {
	out := []Event{}
	err := each(ctx, tx, `SELECT id, finding, batch, time, actor, kind, detail, undone FROM finding_events `+rest, args, func(scan func(...any) error) error {
		var e Event
		var at int64
		var undone int
		var data string
		if err := scan(&e.ID, &e.Finding, &e.Batch, &at, &e.Actor, &e.Kind, &data, &undone); err != nil {
			return err
		}
		var d eventDetail
		if err := json.Unmarshal([]byte(data), &d); err != nil {
			return fmt.Errorf("the event %s: %w", e.ID, err)
		}
		e.Time, e.Undone = casestore.Time(at), undone == 1
		e.From, e.To, e.Run, e.Other, e.Note, e.Accounts, e.Undoes = d.From, d.To, d.Run, d.Other, d.Note, d.Accounts, d.Undoes
		out = append(out, e)
		return nil
	})
	return out, err
}

// Events gives what happened to a finding, the newest first, up to n (50 where
// 0, at most 500).
func (s *Service) Events(ctx context.Context, id string, n int) ([]Event, error) {
	var out []Event
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		f, err := getFinding(ctx, tx, id)
		if err != nil {
			return err
		}
		if out, err = readEvents(ctx, tx, `WHERE finding = ? ORDER BY time DESC, id DESC LIMIT ?`, f.ID, limit(n)); err != nil {
			return err
		}
		top, err := topEvent(ctx, tx, f.ID)
		for i := range out {
			out[i].CanUndo = out[i].ID == top && out[i].Kind == EventTriage
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("the events of the finding %q: %w", id, err)
	}
	return out, nil
}
