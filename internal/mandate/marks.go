package mandate

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
)

// Mark says that an account is shown by its name, and why.
type Mark struct {
	ID    string
	Alias string
	Account
	Class Class
	// Reason is why, in words; SourceURL where it can be checked. One of
	// them is there.
	Reason, SourceURL string
	// By is the id of the person who marked the account, At when.
	By string
	At time.Time
	// RemovedBy, Removed and RemovedWhy are who took the mark away, when
	// and why; empty where it holds.
	RemovedBy  string
	Removed    time.Time
	RemovedWhy string
}

// markSet is the marks that hold, for looking up.
type markSet struct {
	byID, byHandle map[accountKey]*Mark
}

// loadedMarks is a mark set and the change that it is of.
type loadedMarks struct {
	markSet
	change int64
}

const markColumns = `id, platform, account, alias, handle, name, class, reason, source_url, marked_by, marked, removed_by, removed, removed_why`

// loadMarks gives the marks that hold. They are few, and kept in memory until
// one changes.
func (s *Service) loadMarks(ctx context.Context, tx *casestore.Tx) (*markSet, error) {
	var change int64
	if err := tx.Get(ctx, `SELECT coalesce(max(change), 0) FROM account_marks`, nil, []any{&change}); err != nil {
		return nil, err
	}
	if have := s.marks.Load(); have != nil && have.change == change {
		return &have.markSet, nil
	}
	marks, err := selectMarks(ctx, tx, `removed = 0`)
	if err != nil {
		return nil, err
	}
	l := &loadedMarks{change: change, markSet: markSet{byID: map[accountKey]*Mark{}, byHandle: map[accountKey]*Mark{}}}
	for i := range marks {
		m := &marks[i]
		family := family(m.Platform)
		l.byID[accountKey{family, m.Account.ID}] = m
		if m.Handle != "" {
			l.byHandle[accountKey{family, fold(m.Handle)}] = m
		}
	}
	s.marks.Store(l)
	return &l.markSet, nil
}

func selectMarks(ctx context.Context, tx *casestore.Tx, where string, args ...any) ([]Mark, error) {
	rows, err := tx.Query(ctx, `SELECT `+markColumns+` FROM account_marks WHERE `+where+` ORDER BY marked DESC, id DESC`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	var out []Mark
	for rows.Next() {
		var m Mark
		var at, removed int64
		if err := rows.Scan(&m.ID, &m.Platform, &m.Account.ID, &m.Alias, &m.Handle, &m.Name, &m.Class, &m.Reason,
			&m.SourceURL, &m.By, &at, &m.RemovedBy, &removed, &m.RemovedWhy); err != nil {
			return nil, fmt.Errorf("reading a mark: %w", err)
		}
		m.At, m.Removed = casestore.Time(at), casestore.Time(removed)
		out = append(out, m)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading marks: %w", err)
	}
	return out, nil
}

// nextChange gives the number of the change that is being made.
func nextChange(ctx context.Context, tx *casestore.Tx) (int64, error) {
	var n int64
	err := tx.Get(ctx, `SELECT coalesce(max(change), 0) + 1 FROM account_marks`, nil, []any{&n})
	return n, err
}

// MarkAccount marks an account, which is then shown by its name to everybody.
// A mark that it has is replaced and stays in the history. There must be a
// reason or a source, and an id.
func (s *Service) MarkAccount(ctx context.Context, p *auth.Principal, a Account, class Class, reason, sourceURL string) (Mark, error) {
	reason, sourceURL = strings.TrimSpace(reason), strings.TrimSpace(sourceURL)
	switch {
	case p == nil:
		return Mark{}, ErrPerson
	case a.ID == "":
		return Mark{}, fmt.Errorf("marking an account: %w: its id", ErrIncomplete)
	case !slices.Contains(Classes, class):
		return Mark{}, fmt.Errorf("marking an account: %w: what it speaks for", ErrIncomplete)
	case reason == "" && sourceURL == "":
		return Mark{}, fmt.Errorf("marking an account: %w: a reason or a source", ErrIncomplete)
	}
	if sourceURL != "" {
		if u, err := url.Parse(sourceURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return Mark{}, fmt.Errorf("marking an account: %w: the source is no web address", ErrIncomplete)
		}
	}
	m := Mark{
		ID: casestore.NewID(), Alias: s.names.Alias(a.Platform, a.ID), Account: a, Class: class,
		Reason: reason, SourceURL: sourceURL, By: p.ID,
	}
	err := s.db.Change(casestore.WithActor(ctx, p.Actor()), func(tx *casestore.Tx) error {
		m.At = tx.Now()
		change, err := nextChange(ctx, tx)
		if err != nil {
			return err
		}
		var before string
		err = tx.Get(ctx, `SELECT class FROM account_marks WHERE platform = ? AND account = ? AND removed = 0`,
			[]any{a.Platform, a.ID}, []any{&before})
		if err != nil && !errors.Is(err, casestore.ErrNotFound) {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE account_marks SET removed_by = ?, removed = ?, removed_why = ?, change = ?
			WHERE platform = ? AND account = ? AND removed = 0`,
			p.ID, casestore.Micros(m.At), "", change, a.Platform, a.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO account_marks (id, platform, account, alias, handle, handle_fold, name, class,
			reason, source_url, marked_by, marked, change) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			m.ID, a.Platform, a.ID, m.Alias, a.Handle, fold(a.Handle), a.Name, string(class), reason, sourceURL,
			p.ID, casestore.Micros(m.At), change); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{
			Actor: p.Actor(), Action: string(auth.AccountMark), Object: object(m.Alias),
			Detail: map[string]any{"from": before, "to": class, "reason": s.veiledReason(a, reason), "source": s.veiledReason(a, sourceURL)},
		})
	})
	if err != nil {
		return Mark{}, fmt.Errorf("marking an account: %w", err)
	}
	return m, nil
}

// RemoveMark takes the mark that holds from an account, which then has its
// pseudonym again. It gives ErrNotFound of package casestore where there is
// none.
func (s *Service) RemoveMark(ctx context.Context, p *auth.Principal, alias, why string) error {
	why = strings.TrimSpace(why)
	switch {
	case p == nil:
		return ErrPerson
	case why == "":
		return fmt.Errorf("removing a mark: %w: a reason", ErrIncomplete)
	}
	err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		held, err := selectMarks(ctx, tx, `alias = ? AND removed = 0`, alias)
		if err != nil {
			return err
		}
		if len(held) == 0 {
			return casestore.ErrNotFound
		}
		// The reason may say what the account was called, or is called now.
		now, err := s.lookUp(ctx, held[0].Account)
		if err != nil {
			return err
		}
		change, err := nextChange(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE account_marks SET removed_by = ?, removed = ?, removed_why = ?, change = ?
			WHERE alias = ? AND removed = 0`, p.ID, casestore.Micros(tx.Now()), why, change, alias); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{
			Actor: p.Actor(), Action: string(auth.AccountMark), Object: object(alias),
			Detail: map[string]any{"from": held[0].Class, "to": "", "reason": s.veiledReason(now, s.veiledReason(held[0].Account, why))},
		})
	})
	if err != nil {
		return fmt.Errorf("removing a mark: %w", err)
	}
	return nil
}

// Marks gives the marks that hold, the newest first.
func (s *Service) Marks(ctx context.Context) ([]Mark, error) {
	return s.marksWhere(ctx, `removed = 0`)
}

// MarkHistory gives all marks that an account has or had, the newest first.
func (s *Service) MarkHistory(ctx context.Context, alias string) ([]Mark, error) {
	return s.marksWhere(ctx, `alias = ?`, alias)
}

func (s *Service) marksWhere(ctx context.Context, where string, args ...any) (out []Mark, err error) {
	err = s.db.View(ctx, func(tx *casestore.Tx) error {
		out, err = selectMarks(ctx, tx, where, args...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading marks: %w", err)
	}
	return out, nil
}
