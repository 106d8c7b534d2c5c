package watchlist

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
)

// State is whether something is watched.
type State string

// The states.
const (
	Active   State = "active"
	Archived State = "archived"
)

// Item is a list or a protected event with its life.
type Item[T any] struct {
	ID                   string
	Text                 T
	State                State
	Version              int64
	CreatedBy, ChangedBy string
	Created, Changed     time.Time
}

// Content is what people may say of an item.
type Content[T any] interface {
	// Clean gives it in its one form, or says what is wrong with it.
	Clean() (T, error)
	// Said is what the log holds of it: neither secrets nor queries.
	Said() map[string]any
}

// Shelf keeps items of one sort. Whoever calls it has looked at the caller's
// rights; it refuses tokens by itself.
type Shelf[T Content[T]] struct {
	db            *casestore.DB
	table, object string
	action        string
}

// Lists gives the watchlists.
func Lists(db *casestore.DB) *Shelf[Text] {
	return &Shelf[Text]{db: db, table: "watchlists", object: "watchlist", action: "watchlist.edit"}
}

// Events gives the protected events.
func Events(db *casestore.DB) *Shelf[Event] {
	return &Shelf[Event]{db: db, table: "protected_events", object: "protected-event", action: "watchlist.edit"}
}

// NewShelf makes a shelf of a package's own: its items lie in a table with the
// columns of watchlists, and changes are lines of the action about the object.
func NewShelf[T Content[T]](db *casestore.DB, table, object, action string) *Shelf[T] {
	return &Shelf[T]{db: db, table: table, object: object, action: action}
}

// Draft adds an item, watched from now on.
func (s *Shelf[T]) Draft(ctx context.Context, p *auth.Principal, in T) (Item[T], error) {
	if p == nil || p.Token != "" {
		return Item[T]{}, ErrPerson
	}
	in, err := in.Clean()
	if err != nil {
		return Item[T]{}, err //nolint:wrapcheck // an error of this package
	}
	it := Item[T]{ID: casestore.NewID(), Text: in, State: Active, Version: 1, CreatedBy: p.ID, ChangedBy: p.ID}
	err = s.db.Change(ctx, func(tx *casestore.Tx) error {
		it.Created = tx.Now()
		it.Changed = it.Created
		body, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("writing it: %w", err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO `+s.table+` (id, body, state, version, created_by, created, changed_by, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			it.ID, string(body), string(it.State), it.Version, p.ID, casestore.Micros(it.Created), p.ID, casestore.Micros(it.Changed)); err != nil {
			return err
		}
		return s.log(ctx, tx, p, it)
	})
	if err != nil {
		return Item[T]{}, fmt.Errorf("adding a %s: %w", s.object, err)
	}
	return it, nil
}

// Edit changes what is said of an item. version is that which was edited;
// ErrConflict of package casestore where it is another by now.
func (s *Shelf[T]) Edit(ctx context.Context, p *auth.Principal, id string, version int64, in T) (Item[T], error) {
	in, err := in.Clean()
	if err != nil {
		return Item[T]{}, err //nolint:wrapcheck // an error of this package
	}
	return s.change(ctx, p, id, version, func(it *Item[T]) { it.Text = in })
}

// Archive ends the watching. What was archived stays readable and does not
// come back.
func (s *Shelf[T]) Archive(ctx context.Context, p *auth.Principal, id string, version int64) (Item[T], error) {
	return s.change(ctx, p, id, version, func(it *Item[T]) { it.State = Archived })
}

func (s *Shelf[T]) change(ctx context.Context, p *auth.Principal, id string, version int64, f func(*Item[T])) (it Item[T], err error) {
	if p == nil || p.Token != "" {
		return it, ErrPerson
	}
	err = s.db.Change(ctx, func(tx *casestore.Tx) error {
		found, err := s.rows(ctx, tx, `WHERE id = ?`, id)
		switch {
		case err != nil:
			return err
		case len(found) == 0:
			return casestore.ErrNotFound
		case found[0].State == Archived:
			return ErrArchived
		case found[0].Version != version:
			return casestore.ErrConflict
		}
		it = found[0]
		f(&it)
		it.Version, it.ChangedBy, it.Changed = version+1, p.ID, tx.Now()
		body, err := json.Marshal(it.Text)
		if err != nil {
			return fmt.Errorf("writing it: %w", err)
		}
		if _, err := tx.Exec(ctx, `UPDATE `+s.table+` SET body = ?, state = ?, version = ?, changed_by = ?, changed = ? WHERE id = ?`,
			string(body), string(it.State), it.Version, p.ID, casestore.Micros(it.Changed), id); err != nil {
			return err
		}
		return s.log(ctx, tx, p, it)
	})
	if err != nil {
		return Item[T]{}, fmt.Errorf("changing a %s: %w", s.object, err)
	}
	return it, nil
}

// log writes what an item became.
func (s *Shelf[T]) log(ctx context.Context, tx *casestore.Tx, p *auth.Principal, it Item[T]) error {
	detail := it.Text.Said()
	detail["to"], detail["version"] = it.State, it.Version
	return tx.Log(ctx, casestore.Line{Actor: p.Actor(), Action: s.action, Object: s.object + ":" + it.ID, Detail: detail})
}

// Get gives an item; ErrNotFound of package casestore where there is none.
func (s *Shelf[T]) Get(ctx context.Context, id string) (it Item[T], err error) {
	err = s.db.View(ctx, func(tx *casestore.Tx) error {
		found, err := s.rows(ctx, tx, `WHERE id = ?`, id)
		if err == nil && len(found) == 0 {
			err = casestore.ErrNotFound
		}
		if err == nil {
			it = found[0]
		}
		return err
	})
	if err != nil {
		return it, fmt.Errorf("reading %s %q: %w", s.object, id, err)
	}
	return it, nil
}

// List gives the items in a state, in the order of their making.
func (s *Shelf[T]) List(ctx context.Context, state State) (out []Item[T], err error) {
	err = s.db.View(ctx, func(tx *casestore.Tx) error {
		out, err = s.rows(ctx, tx, `WHERE state = ? ORDER BY id`, string(state))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading all of %s: %w", s.object, err)
	}
	return out, nil
}

func (s *Shelf[T]) rows(ctx context.Context, tx *casestore.Tx, rest string, args ...any) (out []Item[T], err error) {
	found, err := tx.Query(ctx, `SELECT id, body, state, version, created_by, created, changed_by, changed FROM `+s.table+` `+rest, args...)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller says what it was
	}
	defer found.Close() //nolint:errcheck // only read
	for found.Next() {
		var it Item[T]
		var body string
		var created, changed int64
		if err := found.Scan(&it.ID, &body, &it.State, &it.Version, &it.CreatedBy, &created, &it.ChangedBy, &changed); err != nil {
			return nil, fmt.Errorf("reading a row: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &it.Text); err != nil {
			return nil, fmt.Errorf("reading %s: %w", it.ID, err)
		}
		it.Created, it.Changed = casestore.Time(created), casestore.Time(changed)
		out = append(out, it)
	}
	return out, found.Err() //nolint:wrapcheck // the caller says what it was
}
