package mandate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/collect"
)

// Bounds of collections.
const (
	// MaxTerm is how long a mandate runs at most; going on takes another.
	MaxTerm = 366 * 24 * time.Hour
	// DefaultRetention and MaxRetention are days.
	DefaultRetention = 120
	MaxRetention     = 3650

	maxMandateText = 4000
	maxMandateList = 200
)

// CollectionState is where the mandate of a collection stands.
type CollectionState string

// The states. An approved mandate holds from its start to its end and not
// beyond: see Collection.Holds.
const (
	CollectionDraft     CollectionState = "draft"
	CollectionSubmitted CollectionState = "submitted"
	CollectionApproved  CollectionState = "approved"
	CollectionRefused   CollectionState = "refused"
	CollectionWithdrawn CollectionState = "withdrawn"
)

// CollectionText is what a mandate says: the part that people write.
type CollectionText struct {
	Title string `json:"title"`
	// Purpose says what the collection is for, Topics what it is about,
	// LegalBasis what allows it. They speak of subjects, never of persons.
	Purpose    string   `json:"purpose"`
	Topics     []string `json:"topics"`
	LegalBasis string   `json:"legal_basis"`
	// Kinds are the kinds of sources that may be used (see collect.Kind);
	// at least one.
	Kinds []string `json:"kinds"`
	// Start ≤ time < End is when it may be collected.
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	// Retention is for how many days after it was collected a post is kept
	// that nothing holds; 0 means DefaultRetention.
	Retention int `json:"retention_days"`
}

// Collection is the mandate of a collection: nothing is collected without one.
type Collection struct {
	ID string
	CollectionText
	State CollectionState
	// Version grows with every change.
	Version          int64
	CreatedBy        string
	Created, Changed time.Time
	SubmittedBy      string
	Submitted        time.Time
	// DecidedBy, Decided and Decision are who said yes or no, when, why.
	DecidedBy string
	Decided   time.Time
	Decision  string
	// WithdrawnBy, Withdrawn and Withdrawal are who ended it before its
	// time, when, why.
	WithdrawnBy string
	Withdrawn   time.Time
	Withdrawal  string
	// Authors are the ids of all who wrote or submitted it. None of them
	// may decide it.
	Authors []string
}

// Holds says that something may be collected under the mandate now.
func (c *Collection) Holds(now time.Time) bool {
	return c.State == CollectionApproved && !now.Before(c.Start) && now.Before(c.End)
}

// Permits says that a kind of source may be used under the mandate.
func (c *Collection) Permits(kind string) bool { return slices.Contains(c.Kinds, kind) }

// Collections keeps the mandates of collections.
type Collections struct {
	db *casestore.DB
}

// NewCollections makes the service.
func NewCollections(db *casestore.DB) *Collections { return &Collections{db: db} }

// check brings what people wrote to its form and says what is missing.
func (t *CollectionText) check() error {
	var errs []error
	missing := func(what string) { errs = append(errs, fmt.Errorf("%w: %s", ErrIncomplete, what)) }
	for what, s := range map[string]*string{"title": &t.Title, "purpose": &t.Purpose, "legal_basis": &t.LegalBasis} {
		*s = strings.TrimSpace(*s)
		if *s == "" || !utf8.ValidString(*s) || len(*s) > maxMandateText {
			missing(what)
		}
	}
	t.Topics, t.Kinds = cleanList(t.Topics), cleanList(t.Kinds)
	if len(t.Topics) == 0 || len(t.Topics) > maxMandateList {
		missing("topics")
	}
	if len(t.Kinds) == 0 || len(t.Kinds) > maxMandateList {
		missing("kinds")
	}
	t.Start, t.End = t.Start.UTC().Truncate(time.Microsecond), t.End.UTC().Truncate(time.Microsecond)
	switch {
	case t.Start.Year() < 2000 || t.Start.Year() > 9000:
		missing("start")
	case !t.End.After(t.Start) || t.End.Sub(t.Start) > MaxTerm:
		missing("end")
	}
	if t.Retention == 0 {
		t.Retention = DefaultRetention
	}
	if t.Retention < 1 || t.Retention > MaxRetention {
		missing("retention_days")
	}
	return errors.Join(errs...)
}

// cleanList gives the entries without spaces around them, each once.
func cleanList(in []string) []string {
	out := make([]string, 0, len(in))
	for _, s := range in {
		if s = strings.TrimSpace(s); s != "" && utf8.ValidString(s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Draft writes a new mandate. It holds nothing until it is submitted and
// approved.
func (s *Collections) Draft(ctx context.Context, p *auth.Principal, text CollectionText) (Collection, error) {
	if p == nil || p.Token != "" {
		return Collection{}, ErrPerson
	}
	if err := text.check(); err != nil {
		return Collection{}, fmt.Errorf("drafting a mandate: %w", err)
	}
	c := Collection{ID: casestore.NewID(), CollectionText: text, State: CollectionDraft, Version: 1, CreatedBy: p.ID, Authors: []string{p.ID}}
	err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		c.Created = tx.Now()
		c.Changed = c.Created
		if _, err := tx.Exec(ctx, `INSERT INTO collection_mandates
			(id, title, purpose, topics, legal_basis, kinds, starts, ends, retention, state, version, created_by, created, changed)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			c.ID, c.Title, c.Purpose, list(c.Topics), c.LegalBasis, list(c.Kinds), casestore.Micros(c.Start), casestore.Micros(c.End),
			c.Retention, string(c.State), c.Version, c.CreatedBy, casestore.Micros(c.Created), casestore.Micros(c.Changed)); err != nil {
			return err
		}
		if err := author(ctx, tx, c.ID, p.ID); err != nil {
			return err
		}
		return c.log(ctx, tx, p, auth.MandateEdit, map[string]any{"to": c.State, "text": c.CollectionText})
	})
	if err != nil {
		return Collection{}, fmt.Errorf("drafting a mandate: %w", err)
	}
	return c, nil
}

// Edit changes what a mandate says that is not approved: it is a draft again,
// and whoever edits it cannot decide it. version is that of the mandate which
// was edited; ErrConflict of package casestore where it is another by now.
func (s *Collections) Edit(ctx context.Context, p *auth.Principal, id string, version int64, text CollectionText) (Collection, error) {
	if err := text.check(); err != nil {
		return Collection{}, fmt.Errorf("editing a mandate: %w", err)
	}
	return s.change(ctx, p, "editing a mandate", id, version, func(ctx context.Context, tx *casestore.Tx, c *Collection) error {
		if c.State == CollectionApproved || c.State == CollectionWithdrawn {
			return ErrState
		}
		c.CollectionText, c.State = text, CollectionDraft
		c.SubmittedBy, c.Submitted = "", time.Time{}
		c.DecidedBy, c.Decided, c.Decision = "", time.Time{}, ""
		if err := author(ctx, tx, id, p.ID); err != nil {
			return err
		}
		return c.log(ctx, tx, p, auth.MandateEdit, map[string]any{"to": c.State, "text": text})
	})
}

// Submit puts a draft before those who decide.
func (s *Collections) Submit(ctx context.Context, p *auth.Principal, id string, version int64) (Collection, error) {
	return s.change(ctx, p, "submitting a mandate", id, version, func(ctx context.Context, tx *casestore.Tx, c *Collection) error {
		switch {
		case c.State != CollectionDraft:
			return ErrState
		case !c.End.After(tx.Now()):
			return fmt.Errorf("%w: end", ErrIncomplete)
		}
		c.State, c.SubmittedBy, c.Submitted = CollectionSubmitted, p.ID, tx.Now()
		if err := author(ctx, tx, id, p.ID); err != nil {
			return err
		}
		return c.log(ctx, tx, p, auth.MandateEdit, map[string]any{"to": c.State})
	})
}

// Decide says yes or no to a submitted mandate, in the version that was read.
// It takes a person who is none of the mandate's authors (ErrSecondPerson), and
// a reason where it is no.
func (s *Collections) Decide(ctx context.Context, p *auth.Principal, id string, version int64, yes bool, why string) (Collection, error) {
	if why = strings.TrimSpace(why); !yes && why == "" {
		return Collection{}, fmt.Errorf("refusing a mandate: %w: a reason", ErrIncomplete)
	}
	return s.change(ctx, p, "deciding on a mandate", id, version, func(ctx context.Context, tx *casestore.Tx, c *Collection) error {
		switch {
		case slices.Contains(c.Authors, p.ID):
			return ErrSecondPerson
		case c.State != CollectionSubmitted:
			return ErrState
		}
		c.State, c.DecidedBy, c.Decided, c.Decision = CollectionRefused, p.ID, tx.Now(), why
		if yes {
			c.State = CollectionApproved
		}
		return c.log(ctx, tx, p, auth.MandateApprove, map[string]any{"to": c.State, "reason": why, "text": c.CollectionText, "authors": c.Authors})
	})
}

// Withdraw ends a mandate before its time, for a reason: one person is enough
// to stop a collection. What was collected stays until its time is over.
func (s *Collections) Withdraw(ctx context.Context, p *auth.Principal, id string, version int64, why string) (Collection, error) {
	if why = strings.TrimSpace(why); why == "" {
		return Collection{}, fmt.Errorf("withdrawing a mandate: %w: a reason", ErrIncomplete)
	}
	return s.change(ctx, p, "withdrawing a mandate", id, version, func(ctx context.Context, tx *casestore.Tx, c *Collection) error {
		if c.State == CollectionWithdrawn {
			return ErrState
		}
		c.State, c.WithdrawnBy, c.Withdrawn, c.Withdrawal = CollectionWithdrawn, p.ID, tx.Now(), why
		return c.log(ctx, tx, p, auth.MandateEdit, map[string]any{"to": c.State, "reason": why})
	})
}

// change reads a mandate, lets f change it, and writes it.
func (s *Collections) change(ctx context.Context, p *auth.Principal, doing, id string, version int64, f func(context.Context, *casestore.Tx, *Collection) error) (c Collection, err error) {
	if p == nil || p.Token != "" {
		return Collection{}, ErrPerson
	}
	err = s.db.Change(ctx, func(tx *casestore.Tx) error {
		if c, err = collectionByID(ctx, tx, id); err != nil {
			return err
		}
		if c.Version != version {
			return casestore.ErrConflict
		}
		c.Version++
		c.Changed = tx.Now()
		if err := f(ctx, tx, &c); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE collection_mandates SET title = ?, purpose = ?, topics = ?, legal_basis = ?, kinds = ?, starts = ?, ends = ?,
			retention = ?, state = ?, version = ?, changed = ?, submitted_by = ?, submitted = ?, decided_by = ?, decided = ?, decision = ?,
			withdrawn_by = ?, withdrawn = ?, withdrawal = ? WHERE id = ?`,
			c.Title, c.Purpose, list(c.Topics), c.LegalBasis, list(c.Kinds), casestore.Micros(c.Start), casestore.Micros(c.End),
			c.Retention, string(c.State), c.Version, casestore.Micros(c.Changed), c.SubmittedBy, casestore.Micros(c.Submitted),
			c.DecidedBy, casestore.Micros(c.Decided), c.Decision, c.WithdrawnBy, casestore.Micros(c.Withdrawn), c.Withdrawal, id)
		return err
	})
	if err != nil {
		return Collection{}, fmt.Errorf("%s: %w", doing, err)
	}
	return s.Collection(ctx, id)
}

// Collection gives a mandate; ErrNotFound of package casestore where there is
// none.
func (s *Collections) Collection(ctx context.Context, id string) (c Collection, err error) {
	err = s.db.View(ctx, func(tx *casestore.Tx) error {
		c, err = collectionByID(ctx, tx, id)
		return err
	})
	if err != nil {
		return Collection{}, fmt.Errorf("reading a mandate: %w", err)
	}
	return c, nil
}

// List gives all mandates, the newest first.
func (s *Collections) List(ctx context.Context) ([]Collection, error) {
	var ids []string
	all := []Collection{}
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id FROM collection_mandates ORDER BY id DESC`)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // only read
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return fmt.Errorf("reading an id: %w", err)
			}
			ids = append(ids, id)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		for _, id := range ids {
			c, err := collectionByID(ctx, tx, id)
			if err != nil {
				return err
			}
			all = append(all, c)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing mandates: %w", err)
	}
	return all, nil
}

// Holds is collect.Mandates: until when something may be collected under a
// mandate.
func (s *Collections) Holds(ctx context.Context, id string) (time.Time, error) {
	c, err := s.Collection(ctx, id)
	switch {
	case errors.Is(err, casestore.ErrNotFound):
		return time.Time{}, collect.ErrNoMandate
	case err != nil:
		return time.Time{}, err
	case !c.Holds(s.db.Now()):
		return time.Time{}, collect.ErrNoMandate
	}
	return c.End, nil
}

// Periods says how long posts may be kept, by mandate, whatever its state: a
// mandate that is over still says when its posts go.
func (s *Collections) Periods(ctx context.Context) (map[string]time.Duration, error) {
	all, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]time.Duration, len(all))
	for i := range all {
		out[all[i].ID] = time.Duration(all[i].Retention) * 24 * time.Hour
	}
	return out, nil
}

func (c *Collection) log(ctx context.Context, tx *casestore.Tx, p *auth.Principal, did auth.Action, detail map[string]any) error {
	return tx.Log(ctx, casestore.Line{Actor: p.Actor(), Action: string(did), Object: "mandate:" + c.ID, Detail: detail})
}

func author(ctx context.Context, tx *casestore.Tx, id, person string) error {
	_, err := tx.Exec(ctx, `INSERT INTO collection_authors (mandate, person) VALUES (?, ?) ON CONFLICT (mandate, person) DO NOTHING`, id, person)
	return err
}

// list writes a list for the database.
func list(in []string) string {
	data, err := json.Marshal(in)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(data)
}

func collectionByID(ctx context.Context, tx *casestore.Tx, id string) (c Collection, err error) {
	c.ID = id
	var topics, kinds, state string
	var starts, ends, created, changed, submitted, decided, withdrawn int64
	if err := tx.Get(ctx, `SELECT title, purpose, topics, legal_basis, kinds, starts, ends, retention, state, version, created_by, created, changed,
		submitted_by, submitted, decided_by, decided, decision, withdrawn_by, withdrawn, withdrawal FROM collection_mandates WHERE id = ?`, []any{id},
		[]any{
			&c.Title, &c.Purpose, &topics, &c.LegalBasis, &kinds, &starts, &ends, &c.Retention, &state, &c.Version, &c.CreatedBy, &created, &changed,
			&c.SubmittedBy, &submitted, &c.DecidedBy, &decided, &c.Decision, &c.WithdrawnBy, &withdrawn, &c.Withdrawal,
		}); err != nil {
		return Collection{}, err
	}
	c.State = CollectionState(state)
	c.Start, c.End, c.Created, c.Changed = casestore.Time(starts), casestore.Time(ends), casestore.Time(created), casestore.Time(changed)
	c.Submitted, c.Decided, c.Withdrawn = casestore.Time(submitted), casestore.Time(decided), casestore.Time(withdrawn)
	if err := errors.Join(json.Unmarshal([]byte(topics), &c.Topics), json.Unmarshal([]byte(kinds), &c.Kinds)); err != nil {
		return Collection{}, fmt.Errorf("a mandate's lists: %w", err)
	}
	rows, err := tx.Query(ctx, `SELECT person FROM collection_authors WHERE mandate = ? ORDER BY person`, id)
	if err != nil {
		return Collection{}, err
	}
	defer rows.Close() //nolint:errcheck // only read
	for rows.Next() {
		var person string
		if err := rows.Scan(&person); err != nil {
			return Collection{}, fmt.Errorf("reading an author: %w", err)
		}
		c.Authors = append(c.Authors, person)
	}
	if err := rows.Err(); err != nil {
		return Collection{}, fmt.Errorf("reading the authors: %w", err)
	}
	return c, nil
}
