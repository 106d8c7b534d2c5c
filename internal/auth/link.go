package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
)

// LinkKind is what a link that works once is for.
type LinkKind string

// The kinds of links, and where they lead.
const (
	LinkSetup  LinkKind = "setup"  // /setup: make the first administrator
	LinkInvite LinkKind = "invite" // /invite: begin, with a password or a passkey
	LinkRenew  LinkKind = "renew"  // /invite: begin anew
	LinkOnce   LinkKind = "once"   // /enter: sign in once
)

// linkAges is how long a link waits.
var linkAges = map[LinkKind]time.Duration{
	LinkSetup:  24 * time.Hour,
	LinkInvite: 72 * time.Hour,
	LinkRenew:  72 * time.Hour,
	LinkOnce:   10 * time.Minute,
}

// path gives the path of a link with its token.
func (k LinkKind) path(token string) string {
	switch k {
	case LinkSetup:
		return "/setup?token=" + token
	case LinkOnce:
		return "/enter?token=" + token
	}
	return "/invite?token=" + token
}

// Link is a link that works.
type Link struct {
	Kind    LinkKind
	Expires time.Time
	// Login and Name are of the person it is for; empty for the set-up.
	Login, Name string

	hash, userID string
}

// Credential is what a person will sign in with: a password, or a passkey, as
// the answer of navigator.credentials.create (JSON) to the options that
// BeginPasskey gave, with the name by which the person knows it.
type Credential struct {
	Password    string
	Passkey     []byte
	PasskeyName string
}

// makeLink makes a link; those made before for the same are void.
func (s *Service) makeLink(ctx context.Context, tx *casestore.Tx, kind LinkKind, userID string) (path, id string, err error) {
	token := newSecret()
	id = casestore.NewID()
	now := s.now()
	var owner any // NULL for the set-up, which is for nobody yet
	switch kind {
	case LinkSetup:
		_, err = tx.Exec(ctx, `DELETE FROM links WHERE user_id IS NULL`)
	case LinkOnce:
		owner = userID
		_, err = tx.Exec(ctx, `DELETE FROM links WHERE user_id = ? AND kind = ?`, userID, string(LinkOnce))
	default:
		owner = userID
		_, err = tx.Exec(ctx, `DELETE FROM links WHERE user_id = ? AND kind <> ?`, userID, string(LinkOnce))
	}
	if err != nil {
		return "", "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO links (hash, id, kind, user_id, created, expires, used) VALUES (?, ?, ?, ?, ?, ?, 0)`,
		hashSecret(token), id, string(kind), owner, casestore.Micros(now), casestore.Micros(now.Add(linkAges[kind])))
	return kind.path(token), id, err
}

// burn uses a link up; ErrNoLink where it was already, or has expired.
func (s *Service) burn(ctx context.Context, tx *casestore.Tx, l *Link) error {
	now := casestore.Micros(s.now())
	n, err := tx.Exec(ctx, `UPDATE links SET used = ? WHERE hash = ? AND used = 0 AND expires > ?`, now, l.hash, now)
	if err == nil && n != 1 {
		err = ErrNoLink
	}
	return err
}

// CheckLink says what a link's token is for. ErrNoLink where it is unknown, was
// used, or has expired, or its person is disabled.
func (s *Service) CheckLink(ctx context.Context, token string) (*Link, error) {
	if err := s.admit(ctx, doorLink); err != nil {
		return nil, err
	}
	return s.link(ctx, token)
}

func (s *Service) link(ctx context.Context, token string) (*Link, error) {
	l := &Link{hash: hashSecret(token)}
	var kind string
	var expires int64
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		err := tx.Get(ctx, `SELECT l.kind, l.expires, coalesce(l.user_id, ''), coalesce(u.login, ''), coalesce(u.name, '')
			FROM links l LEFT JOIN users u ON u.id = l.user_id
			WHERE l.hash = ? AND l.used = 0 AND l.expires > ? AND coalesce(u.disabled, 0) = 0`,
			[]any{l.hash, casestore.Micros(s.now())}, []any{&kind, &expires, &l.userID, &l.Login, &l.Name})
		return missing(err, ErrNoLink)
	})
	if err != nil {
		return nil, err
	}
	l.Kind, l.Expires = LinkKind(kind), casestore.Time(expires)
	return l, nil
}

// Setup gives the path of the link by which the first administrator is made,
// for the terminal, while there is none; needed is false where there is one.
// The link works once, for 24 hours, until the next Setup.
func (s *Service) Setup(ctx context.Context) (path string, needed bool, err error) {
	err = s.db.Housekeep(ctx, func(tx *casestore.Tx) error {
		n, err := administrators(ctx, tx, "")
		if err != nil {
			return err
		}
		if needed = n == 0; !needed {
			_, err = tx.Exec(ctx, `DELETE FROM links WHERE user_id IS NULL`)
			return err
		}
		var id string
		if path, id, err = s.makeLink(ctx, tx, LinkSetup, ""); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{Action: "setup.link", Object: "link:" + id})
	})
	if err != nil {
		return "", false, fmt.Errorf("looking for an administrator: %w", err)
	}
	return path, needed, nil
}

// NewPerson is a person to be made.
type NewPerson struct {
	Login, Name string
	Roles       []Role
	// Lang is what they begin with; empty means Config.Lang.
	Lang string
}

// user checks a new person.
func (s *Service) newUser(n NewPerson) (*user, error) {
	u := &user{Person: Person{ID: casestore.NewID(), Login: n.Login, Lang: n.Lang, Zone: s.cfg.Zone}}
	if u.Lang == "" {
		u.Lang = s.cfg.Lang
	}
	key, err := loginKey(n.Login)
	if err != nil {
		return nil, err
	}
	u.Login = key
	if u.Name, err = checkName(n.Name); err != nil {
		return nil, err
	}
	if u.Roles, err = sortRoles(n.Roles); err != nil {
		return nil, err
	}
	return u, checkPreferences(u.Lang, "", u.Zone)
}

// FinishSetup makes the first administrator by the link of Setup, and signs
// them in. Administrator is always among the roles; others may be given with
// it, where one person does everything. Of several who use the link, one makes
// an administrator and the others get ErrNoLink.
func (s *Service) FinishSetup(ctx context.Context, token string, n NewPerson, c Credential) (*Principal, error) {
	if err := s.admit(ctx, doorLink); err != nil {
		return nil, err
	}
	l, err := s.link(ctx, token)
	if err != nil {
		return nil, err
	}
	if l.Kind != LinkSetup {
		return nil, ErrNoLink
	}
	n.Roles = append([]Role{Administrator}, n.Roles...)
	u, err := s.newUser(n)
	if err != nil {
		return nil, err
	}
	keep, err := s.credential(ctx, u, l, c)
	if err != nil {
		return nil, err
	}
	return s.enter(ctx, u, "setup", func(tx *casestore.Tx) error {
		if err := s.burn(ctx, tx, l); err != nil {
			return err
		}
		count, err := administrators(ctx, tx, "")
		if err != nil {
			return err
		}
		if count > 0 {
			return ErrNoLink
		}
		if err := addUser(ctx, tx, u); err != nil {
			return err
		}
		if err := keep(tx); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{
			Actor: "user:" + u.ID, Action: "setup.done", Object: "user:" + u.ID,
			Detail: map[string]any{"login": u.Login, "roles": u.Roles},
		})
	})
}

// AcceptLink has the person whom an invitation or a new link is for begin with
// a password or a passkey, and signs them in. What they signed in with before
// ends with a new link: it may be in other hands; their identity at the
// provider stays, which others answer for.
func (s *Service) AcceptLink(ctx context.Context, token string, c Credential) (*Principal, error) {
	if err := s.admit(ctx, doorLink); err != nil {
		return nil, err
	}
	l, err := s.link(ctx, token)
	if err != nil {
		return nil, err
	}
	if l.Kind != LinkInvite && l.Kind != LinkRenew {
		return nil, ErrNoLink
	}
	u, err := s.user(ctx, `u.id = ?`, l.userID)
	if err != nil {
		return nil, missing(err, ErrNoLink)
	}
	keep, err := s.credential(ctx, u, l, c)
	if err != nil {
		return nil, err
	}
	return s.enter(ctx, u, string(l.Kind), func(tx *casestore.Tx) error {
		if err := s.useLink(ctx, tx, l); err != nil {
			return err
		}
		return keep(tx)
	})
}

// useLink burns an invitation or a new link and ends what its person signed in
// with before.
func (s *Service) useLink(ctx context.Context, tx *casestore.Tx, l *Link) error {
	if err := s.burn(ctx, tx, l); err != nil {
		return err
	}
	if err := stillThere(ctx, tx, l.userID); err != nil {
		return missingDisabled(err)
	}
	if err := s.endAll(ctx, tx, l.userID, true); err != nil {
		return err
	}
	return tx.Log(ctx, casestore.Line{Actor: "user:" + l.userID, Action: "link.used", Object: "user:" + l.userID,
		Detail: map[string]any{"kind": l.Kind}})
}

func missingDisabled(err error) error {
	if errors.Is(err, ErrDisabled) {
		return ErrNoLink
	}
	return err
}

// endAll ends a person's sessions and tokens at once, and, where credentials is
// true, removes password and passkeys.
func (s *Service) endAll(ctx context.Context, tx *casestore.Tx, userID string, credentials bool) error {
	if _, err := endSessions(ctx, tx, userID, ""); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE tokens SET revoked = ? WHERE user_id = ? AND revoked = 0`,
		casestore.Micros(s.now()), userID); err != nil {
		return err
	}
	if !credentials {
		return nil
	}
	if _, err := tx.Exec(ctx, `UPDATE users SET password = '' WHERE id = ?`, userID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM passkeys WHERE user_id = ?`, userID)
	return err
}

// credential checks what a person will sign in with and gives what keeps it,
// within the transaction that burns the link. A passkey for the set-up was
// registered under an id, which the user takes.
func (s *Service) credential(ctx context.Context, u *user, l *Link, c Credential) (keep func(tx *casestore.Tx) error, err error) {
	switch {
	case len(c.Passkey) > 0:
		return s.registered(ctx, u, l.hash, c.PasskeyName, c.Passkey)
	case c.Password == "":
		return nil, ErrNoCredential
	}
	if err := s.pass.check(c.Password, u.Login, u.Name); err != nil {
		return nil, err
	}
	hash, err := s.pass.hash(ctx, c.Password)
	if err != nil {
		return nil, err
	}
	return func(tx *casestore.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE users SET password = ? WHERE id = ?`, hash, u.ID); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{Actor: "user:" + u.ID, Action: "password.set", Object: "user:" + u.ID})
	}, nil
}

// OneTimeLogin gives the path of a link that signs a person in once, within 10
// minutes. Only a command on this machine may: who reads the database could do
// as much.
func (s *Service) OneTimeLogin(ctx context.Context, userID string) (path string, err error) {
	p, err := s.acting(ctx, PeopleEdit, Resource{})
	if err != nil {
		return "", err
	}
	if p != nil {
		return "", ErrNotAllowed
	}
	err = s.db.Change(ctx, func(tx *casestore.Tx) error {
		if err := stillThere(ctx, tx, userID); err != nil {
			return err
		}
		var id string
		if path, id, err = s.makeLink(ctx, tx, LinkOnce, userID); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{Action: "login.link", Object: "user:" + userID, Detail: map[string]any{"link": id}})
	})
	if err != nil {
		return "", err
	}
	return path, nil
}

// EnterOnce signs a person in by the token of OneTimeLogin.
func (s *Service) EnterOnce(ctx context.Context, token string) (*Principal, error) {
	if err := s.admit(ctx, doorLink); err != nil {
		return nil, err
	}
	l, err := s.link(ctx, token)
	if err != nil {
		return nil, err
	}
	if l.Kind != LinkOnce {
		return nil, ErrNoLink
	}
	u, err := s.user(ctx, `u.id = ?`, l.userID)
	if err != nil {
		return nil, missing(err, ErrNoLink)
	}
	return s.enter(ctx, u, "link", func(tx *casestore.Tx) error {
		if err := s.burn(ctx, tx, l); err != nil {
			return err
		}
		return missingDisabled(stillThere(ctx, tx, u.ID))
	})
}
