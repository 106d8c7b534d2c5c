package auth

import (
	"context"
	"fmt"
	"slices"

	"github.com/akashi-project/akashi/internal/casestore"
)

// ListPeople gives everybody who has an account, by login; those who are
// disabled last.
func (s *Service) ListPeople(ctx context.Context) ([]Person, error) {
	if _, err := s.acting(ctx, PeopleRead, Resource{}); err != nil {
		return nil, err
	}
	var out []Person
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+userColumns+`,
				(SELECT count(*) FROM passkeys k WHERE k.user_id = u.id),
				(SELECT count(*) FROM identities i WHERE i.user_id = u.id),
				coalesce((SELECT max(l.expires) FROM links l
					WHERE l.user_id = u.id AND l.used = 0 AND l.expires > ?), 0)
			FROM users u ORDER BY u.disabled, u.login_key`, casestore.Micros(s.now()))
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err says it
		for rows.Next() {
			u := &user{}
			var external int
			var until int64
			dest, done := userRow(u)
			if err := rows.Scan(append(dest, &u.Passkeys, &external, &until)...); err != nil {
				return fmt.Errorf("reading a person: %w", err)
			}
			if err := done(); err != nil {
				return err
			}
			u.External, u.LinkUntil = external > 0, casestore.Time(until)
			out = append(out, u.Person)
		}
		return rows.Err() //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return nil, fmt.Errorf("listing people: %w", err)
	}
	return out, nil
}

// Invite makes a person and the path of the link, good for 72 hours, on which
// they begin with a password, a passkey, or at the provider.
func (s *Service) Invite(ctx context.Context, n NewPerson) (p Person, path string, err error) {
	if _, err := s.confirmed(ctx, PeopleEdit, Resource{}); err != nil {
		return Person{}, "", err
	}
	u, err := s.newUser(n)
	if err != nil {
		return Person{}, "", err
	}
	err = s.db.Change(ctx, func(tx *casestore.Tx) error {
		if err := addUser(ctx, tx, u); err != nil {
			return err
		}
		if path, _, err = s.makeLink(ctx, tx, LinkInvite, u.ID); err != nil {
			return err
		}
		u.Created, u.LinkUntil = tx.Now(), s.now().Add(linkAges[LinkInvite])
		return tx.Log(ctx, casestore.Line{
			Action: "people.invite", Object: "user:" + u.ID,
			Detail: map[string]any{"login": u.Login, "roles": u.Roles},
		})
	})
	if err != nil {
		return Person{}, "", err
	}
	return u.Person, path, nil
}

// NewLink makes the path of a link, good for 72 hours, on which a person begins
// anew who cannot sign in any more. Until it is used, what they have stays
// good: a link made in error, or never opened, changes nothing.
func (s *Service) NewLink(ctx context.Context, userID string) (path string, err error) {
	err = s.edit(ctx, userID, "people.link", func(tx *casestore.Tx, u *user) (map[string]any, error) {
		if u.Disabled {
			return nil, ErrDisabled
		}
		kind := LinkRenew
		if u.Seen.IsZero() {
			kind = LinkInvite
		}
		var id string
		path, id, err = s.makeLink(ctx, tx, kind, userID)
		return map[string]any{"link": id}, err
	})
	if err != nil {
		return "", err
	}
	return path, nil
}

// SetRoles gives a person other roles, from their next request on.
// ErrLastAdministrator where nobody would be left to administer.
func (s *Service) SetRoles(ctx context.Context, userID string, roles []Role) error {
	roles, err := sortRoles(roles)
	if err != nil {
		return err
	}
	return s.edit(ctx, userID, "people.roles", func(tx *casestore.Tx, u *user) (map[string]any, error) {
		if !slices.Contains(roles, Administrator) {
			if err := othersAdminister(ctx, tx, u); err != nil {
				return nil, err
			}
		}
		_, err := tx.Exec(ctx, `UPDATE users SET roles = ? WHERE id = ?`, asJSON(roles), userID)
		return map[string]any{"before": u.Roles, "after": roles}, err
	})
}

// Rename changes how a person is shown to colleagues.
func (s *Service) Rename(ctx context.Context, userID, name string) error {
	name, err := checkName(name)
	if err != nil {
		return err
	}
	return s.edit(ctx, userID, "people.rename", func(tx *casestore.Tx, u *user) (map[string]any, error) {
		_, err := tx.Exec(ctx, `UPDATE users SET name = ? WHERE id = ?`, name, userID)
		return map[string]any{"before": u.Name, "after": name}, err
	})
}

// Disable ends a person's sessions, tokens and links at once and lets them in
// no more. ErrLastAdministrator where nobody would be left to administer.
func (s *Service) Disable(ctx context.Context, userID string) error {
	return s.edit(ctx, userID, "people.disable", func(tx *casestore.Tx, u *user) (map[string]any, error) {
		if err := othersAdminister(ctx, tx, u); err != nil {
			return nil, err
		}
		if _, err := tx.Exec(ctx, `UPDATE users SET disabled = 1 WHERE id = ?`, userID); err != nil {
			return nil, err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM links WHERE user_id = ?`, userID); err != nil {
			return nil, err
		}
		return nil, s.endAll(ctx, tx, userID, false)
	})
}

// Enable lets a person in again, with what they signed in with before. Tokens
// stay revoked.
func (s *Service) Enable(ctx context.Context, userID string) error {
	return s.edit(ctx, userID, "people.enable", func(tx *casestore.Tx, _ *user) (map[string]any, error) {
		_, err := tx.Exec(ctx, `UPDATE users SET disabled = 0 WHERE id = ?`, userID)
		return nil, err
	})
}

// EndSessions ends all sessions of a person, who may sign in again, and gives
// how many there were.
func (s *Service) EndSessions(ctx context.Context, userID string) (n int, err error) {
	err = s.edit(ctx, userID, "people.sessions", func(tx *casestore.Tx, _ *user) (map[string]any, error) {
		n, err = endSessions(ctx, tx, userID, "")
		return map[string]any{"sessions": n}, err
	})
	return n, err
}

// RevokeTokens revokes all tokens of a person, and gives how many worked until
// then.
func (s *Service) RevokeTokens(ctx context.Context, userID string) (n int, err error) {
	err = s.edit(ctx, userID, "people.tokens", func(tx *casestore.Tx, _ *user) (map[string]any, error) {
		now := casestore.Micros(s.now())
		revoked, err := tx.Exec(ctx, `UPDATE tokens SET revoked = ? WHERE user_id = ? AND revoked = 0 AND expires > ?`, now, userID, now)
		n = int(revoked)
		return map[string]any{"tokens": n}, err
	})
	return n, err
}

// edit changes a person, if the policies allow it and who does it has shown a
// moment ago who they are, and writes it to the log.
func (s *Service) edit(ctx context.Context, userID, event string, f func(tx *casestore.Tx, u *user) (map[string]any, error)) error {
	p, err := s.confirmed(ctx, PeopleEdit, Resource{Kind: "user", ID: userID})
	if err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *casestore.Tx) error {
		u, err := getUser(ctx, tx, `u.id = ?`, userID)
		if err != nil {
			return err
		}
		detail, err := f(tx, u)
		if err != nil {
			return err
		}
		if detail == nil {
			detail = map[string]any{}
		}
		detail["login"] = u.Login
		if p != nil && p.ID == userID {
			detail["self"] = true // who raises themselves is easily found
		}
		return tx.Log(ctx, casestore.Line{Action: event, Object: "user:" + userID, Detail: detail})
	})
}

// othersAdminister says whether somebody would administer without u, if u does.
func othersAdminister(ctx context.Context, tx *casestore.Tx, u *user) error {
	if !slices.Contains(u.Roles, Administrator) {
		return nil
	}
	n, err := administrators(ctx, tx, u.ID)
	if err == nil && n == 0 {
		err = ErrLastAdministrator
	}
	return err
}

// Colleague is how a person is shown beside what they did.
type Colleague struct{ ID, Name string }

// Colleagues gives everybody's name by id, disabled or not: for "who did it"
// on pages that others may read. It asks for no right beyond being signed in.
func (s *Service) Colleagues(ctx context.Context) (map[string]Colleague, error) {
	if _, err := s.acting(ctx, OwnSettings, Resource{}); err != nil {
		return nil, err
	}
	out := map[string]Colleague{}
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id, name FROM users`)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err says it
		for rows.Next() {
			var c Colleague
			if err := rows.Scan(&c.ID, &c.Name); err != nil {
				return fmt.Errorf("reading a name: %w", err)
			}
			out[c.ID] = c
		}
		return rows.Err() //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return nil, fmt.Errorf("listing names: %w", err)
	}
	return out, nil
}
