package auth

import (
	"context"
	"errors"

	"github.com/akashi-project/akashi/internal/casestore"
)

// Login signs a person in by password. [ErrWrongLogin] where it cannot be,
// whatever the reason; *[SlowDown] where there were too many attempts.
//
// What is done, and how long it takes, does not depend on whether the login
// exists: one question to the database, one hash, one line in the log.
func (s *Service) Login(ctx context.Context, login, password string) (*Principal, error) {
	v := visitOf(ctx)
	if v == nil {
		return nil, errNoVisit
	}
	if err := s.admit(ctx, doorLogin); err != nil {
		return nil, err
	}
	key, err := loginKey(login)
	if err != nil {
		key = "\x00" // no login: nobody's
	}
	u, err := s.user(ctx, `u.login_key = ?`, key)
	if err != nil && !errors.Is(err, casestore.ErrNotFound) {
		return nil, err
	}
	if u == nil {
		u = &user{}
	}
	device := s.device.check(s.cookie(v, cookieDevice), u.ID, s.now())
	spent := budget(key, network(v.addr), device)
	if err := s.limits.attempt(spent); err != nil {
		return nil, err
	}
	ok, weak, err := s.matches(ctx, device != "", password, u)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, s.failed(ctx, "password", u)
	}
	s.limits.succeeded(spent)
	hash := u.hash
	if weak {
		if hash, err = s.pass.hash(ctx, password); err != nil {
			return nil, err
		}
	}
	return s.enter(ctx, u, "password", func(tx *casestore.Tx) error {
		// The password that was checked must still be the person's, who may
		// have been disabled meanwhile.
		n, err := tx.Exec(ctx, `UPDATE users SET password = ? WHERE id = ? AND password = ? AND disabled = 0`, hash, u.ID, u.hash)
		if err == nil && n != 1 {
			err = ErrWrongLogin
		}
		return err
	})
}

// matches checks the password of a user, who may be nobody.
func (s *Service) matches(ctx context.Context, known bool, password string, u *user) (ok, weak bool, err error) {
	ok, weak, err = s.pass.matches(ctx, known, password, u.hash)
	return ok && !u.Disabled, weak, err
}

// stillThere refuses who was disabled since they were looked up.
func stillThere(ctx context.Context, tx *casestore.Tx, userID string) error {
	if _, err := getUser(ctx, tx, `u.id = ? AND u.disabled = 0`, userID); err != nil {
		return missing(err, ErrDisabled)
	}
	return nil
}

// failed writes a failed login to the log and gives what to tell. A login that
// does not exist is not written: people type passwords there.
func (s *Service) failed(ctx context.Context, method string, u *user) error {
	l := casestore.Line{Actor: "nobody", Action: "login.failed", Detail: map[string]any{"method": method}}
	if u.ID != "" {
		l.Object = "user:" + u.ID
		l.Detail["login"], l.Detail["disabled"] = u.Login, u.Disabled
	}
	if v := visitOf(ctx); v != nil {
		l.Detail["network"] = network(v.addr)
	}
	if err := s.db.Record(ctx, l); err != nil {
		return err
	}
	return ErrWrongLogin
}

// Confirm has the person who is signed in show again who they are, by password.
// A passkey does the same with FinishPasskeyLogin, the provider with
// FinishOIDC.
func (s *Service) Confirm(ctx context.Context, password string) error {
	p, err := s.own(ctx, OwnSettings, false)
	if err != nil {
		return err
	}
	v := visitOf(ctx)
	if v == nil || p.Session == "" {
		return errNoVisit
	}
	if err := s.admit(ctx, doorLogin); err != nil {
		return err
	}
	u, err := s.user(ctx, `u.id = ?`, p.ID)
	if err != nil {
		return err
	}
	spent := budget("confirm\x00"+p.ID, "", p.Session)
	if err := s.limits.attempt(spent); err != nil {
		return err
	}
	ok, _, err := s.matches(ctx, true, password, u)
	if err != nil {
		return err
	}
	if !ok {
		return s.failed(ctx, "confirm", u)
	}
	s.limits.succeeded(spent)
	s.prove(ctx)
	return nil
}

// user reads a user.
func (s *Service) user(ctx context.Context, where string, args ...any) (u *user, err error) {
	err = s.db.View(ctx, func(tx *casestore.Tx) error {
		u, err = getUser(ctx, tx, where, args...)
		return err
	})
	return u, err
}

// SetPassword gives the person who is signed in another password, and ends
// their other sessions. *[PasswordError] where it will not do, [ErrConfirm]
// where they have not shown a moment ago who they are.
func (s *Service) SetPassword(ctx context.Context, password string) error {
	p, err := s.own(ctx, OwnSettings, true)
	if err != nil {
		return err
	}
	if err := s.pass.check(password, p.Login, p.Name); err != nil {
		return err
	}
	hash, err := s.pass.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *casestore.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE users SET password = ? WHERE id = ?`, hash, p.ID); err != nil {
			return err
		}
		ended, err := endSessions(ctx, tx, p.ID, p.Session)
		if err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{Action: "password.set", Object: "user:" + p.ID, Detail: map[string]any{"sessions_ended": ended}})
	})
}

// SetPreferences sets language ("ja", "en"), theme ("light", "dark", "" as the
// system) and time zone (an IANA name). ErrPreference where there is no such.
func (s *Service) SetPreferences(ctx context.Context, lang, theme, zone string) error {
	p, err := s.own(ctx, OwnSettings, false)
	if err != nil {
		return err
	}
	if err := checkPreferences(lang, theme, zone); err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *casestore.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE users SET lang = ?, theme = ?, zone = ? WHERE id = ?`, lang, theme, zone, p.ID); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{
			Action: string(OwnSettings), Object: "user:" + p.ID,
			Detail: map[string]any{"lang": lang, "theme": theme, "zone": zone},
		})
	})
}

// CheckPassword says whether a password would do for a login and a name, with
// *[PasswordError] where not: for a form that says it early.
func (s *Service) CheckPassword(password, login, name string) error {
	return s.pass.check(password, login, name)
}
