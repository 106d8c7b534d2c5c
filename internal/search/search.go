// Package search keeps the searches that people save: a name and a query, seen
// by their owner alone or by everybody.
//
// A query is kept as it was written, so that "after:7d" goes on meaning the
// last seven days. The log says that a search was changed and in what, but
// holds neither names nor queries: people search for names.
package search

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/query"
)

// MaxName is how many characters a name may have.
const MaxName = 100

var (
	// ErrName says that a name is empty or longer than MaxName.
	ErrName = errors.New("a saved search needs a name of at most 100 characters")
	// ErrOwner says that a shared search belongs to somebody else.
	ErrOwner = errors.New("only its owner can change a saved search")
)

// Saved is a saved search.
type Saved struct {
	ID string
	// Owner is the id of the person it belongs to.
	Owner string
	Name  string
	// Query is what query.Parse reads.
	Query string
	// Shared says that everybody may use it.
	Shared           bool
	Created, Changed time.Time
}

// Service keeps saved searches. Who may save at all (auth.SearchSave) is
// decided by the caller; whose a search is, here.
type Service struct{ db *casestore.DB }

// New makes the service.
func New(db *casestore.DB) *Service { return &Service{db: db} }

// Create saves a search. A query that cannot be read gives a
// *query.SyntaxError, a name that its owner has already
// casestore.ErrConflict.
func (s *Service) Create(ctx context.Context, p *auth.Principal, name, q string, shared bool) (Saved, error) {
	out := Saved{ID: casestore.NewID(), Owner: p.ID, Name: strings.TrimSpace(name), Query: strings.TrimSpace(q), Shared: shared}
	if err := out.check(); err != nil {
		return Saved{}, fmt.Errorf("saving a search: %w", err)
	}
	err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		out.Created = tx.Now()
		out.Changed = out.Created
		if err := free(ctx, tx, &out); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO saved_searches (id, owner, name, name_fold, query, shared, created, changed)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, out.ID, out.Owner, out.Name, query.Fold(out.Name), out.Query, truth(shared),
			casestore.Micros(out.Created), casestore.Micros(out.Changed)); err != nil {
			return err
		}
		return log(ctx, tx, p, &out, "create")
	})
	if err != nil {
		return Saved{}, fmt.Errorf("saving a search: %w", err)
	}
	return out, nil
}

// Edit is what Update changes; nil leaves what is there.
type Edit struct {
	Name, Query *string
	Shared      *bool
}

// Rename gives a search another name. Errors are those of Update.
func (s *Service) Rename(ctx context.Context, p *auth.Principal, id, name string) (Saved, error) {
	return s.Update(ctx, p, id, Edit{Name: &name})
}

// Update changes a search of one's own. It gives casestore.ErrNotFound where
// there is none that the person may see, ErrOwner where it is another's, and
// the errors of Create.
func (s *Service) Update(ctx context.Context, p *auth.Principal, id string, e Edit) (Saved, error) {
	var out Saved
	err := s.db.Change(ctx, func(tx *casestore.Tx) (err error) {
		if out, err = own(ctx, tx, p, id); err != nil {
			return err
		}
		var changed []string
		if e.Name != nil {
			out.Name, changed = strings.TrimSpace(*e.Name), append(changed, "name")
		}
		if e.Query != nil {
			out.Query, changed = strings.TrimSpace(*e.Query), append(changed, "query")
		}
		if e.Shared != nil {
			out.Shared, changed = *e.Shared, append(changed, "shared")
		}
		if err := out.check(); err != nil {
			return err
		}
		if err := free(ctx, tx, &out); err != nil {
			return err
		}
		out.Changed = tx.Now()
		if _, err := tx.Exec(ctx, `UPDATE saved_searches SET name = ?, name_fold = ?, query = ?, shared = ?, changed = ? WHERE id = ?`,
			out.Name, query.Fold(out.Name), out.Query, truth(out.Shared), casestore.Micros(out.Changed), id); err != nil {
			return err
		}
		return log(ctx, tx, p, &out, "update", changed...)
	})
	if err != nil {
		return Saved{}, fmt.Errorf("changing a saved search: %w", err)
	}
	return out, nil
}

// Delete removes a search of one's own; errors are those of Update.
func (s *Service) Delete(ctx context.Context, p *auth.Principal, id string) error {
	err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		found, err := own(ctx, tx, p, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM saved_searches WHERE id = ?`, id); err != nil {
			return err
		}
		return log(ctx, tx, p, &found, "delete")
	})
	if err != nil {
		return fmt.Errorf("deleting a saved search: %w", err)
	}
	return nil
}

// Get gives a search that the person owns or that is shared;
// casestore.ErrNotFound where there is none.
func (s *Service) Get(ctx context.Context, p *auth.Principal, id string) (out Saved, err error) {
	err = s.db.View(ctx, func(tx *casestore.Tx) error {
		out, err = seen(ctx, tx, p, id)
		return err
	})
	if err != nil {
		return Saved{}, fmt.Errorf("reading a saved search: %w", err)
	}
	return out, nil
}

// List gives the searches that a person owns and those that others share: the
// own ones first, then by name.
func (s *Service) List(ctx context.Context, p *auth.Principal) ([]Saved, error) {
	var own, shared []Saved
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+columns+` FROM saved_searches WHERE owner = ? OR shared = 1 ORDER BY name_fold, id`, p.ID)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err says it
		for rows.Next() {
			var x Saved
			if err := rows.Scan(x.dest()...); err != nil {
				return err //nolint:wrapcheck // wrapped below
			}
			if x.Owner == p.ID {
				own = append(own, x)
			} else {
				shared = append(shared, x)
			}
		}
		return rows.Err() //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return nil, fmt.Errorf("listing saved searches: %w", err)
	}
	return append(own, shared...), nil
}

// check says what is wrong with a name or query.
func (x *Saved) check() error {
	if n := utf8.RuneCountInString(x.Name); n == 0 || n > MaxName || query.Fold(x.Name) == "" {
		return ErrName
	}
	_, err := query.Parse(x.Query)
	return err //nolint:wrapcheck // wrapped by the callers
}

const columns = `id, owner, name, query, shared, created, changed`

// dest is where a row of columns goes.
func (x *Saved) dest() []any {
	return []any{&x.ID, &x.Owner, &x.Name, &x.Query, &x.Shared, micros{&x.Created}, micros{&x.Changed}}
}

// micros scans a time.
type micros struct{ t *time.Time }

// Scan is sql.Scanner's.
func (m micros) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a time is %T", v)
	}
	*m.t = casestore.Time(n)
	return nil
}

// seen gives a search that the person may see.
func seen(ctx context.Context, tx *casestore.Tx, p *auth.Principal, id string) (x Saved, err error) {
	err = tx.Get(ctx, `SELECT `+columns+` FROM saved_searches WHERE id = ? AND (owner = ? OR shared = 1)`, []any{id, p.ID}, x.dest())
	return x, err //nolint:wrapcheck // wrapped by the callers
}

// own gives a search that the person may change.
func own(ctx context.Context, tx *casestore.Tx, p *auth.Principal, id string) (Saved, error) {
	x, err := seen(ctx, tx, p, id)
	if err == nil && x.Owner != p.ID {
		err = ErrOwner
	}
	return x, err
}

// free says whether the owner has no other search of the name.
func free(ctx context.Context, tx *casestore.Tx, x *Saved) error {
	var other string
	err := tx.Get(ctx, `SELECT id FROM saved_searches WHERE owner = ? AND name_fold = ? AND id <> ?`,
		[]any{x.Owner, query.Fold(x.Name), x.ID}, []any{&other})
	switch {
	case errors.Is(err, casestore.ErrNotFound):
		return nil
	case err == nil:
		return fmt.Errorf("there is one of that name: %w", casestore.ErrConflict)
	}
	return err //nolint:wrapcheck // wrapped by the callers
}

func log(ctx context.Context, tx *casestore.Tx, p *auth.Principal, x *Saved, did string, changed ...string) error {
	detail := map[string]any{"did": did, "shared": x.Shared}
	if len(changed) > 0 {
		detail["changed"] = changed
	}
	//nolint:wrapcheck // wrapped by the callers
	return tx.Log(ctx, casestore.Line{Actor: p.Actor(), Action: string(auth.SearchSave), Object: "search:" + x.ID, Detail: detail})
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
