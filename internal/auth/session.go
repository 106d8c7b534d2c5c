package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/akashi-project/akashi/internal/casestore"
)

// seenEvery is how finely it is kept when a session was last used: a page does
// not wait for a write.
const seenEvery = time.Minute

// Keys of a session's values. Sessions exist only for people who are signed in.
const (
	keyUser   = "user"   // the user's id
	keyID     = "id"     // the session's id
	keyProven = "proven" // when the person last showed who they are, microseconds
)

// Session is a session of the person who looks at it.
type Session struct {
	ID string
	// Client says roughly which program it is ("Firefox, Linux"), Network
	// from where: a /24 or /48.
	Client, Network        string
	Created, Seen, Expires time.Time
	// Current says that it is the one in which this is asked.
	Current bool
}

func (s *Service) newSessions() *scs.SessionManager {
	m := scs.New()
	m.IdleTimeout, m.Lifetime = s.cfg.Idle, s.cfg.Lifetime
	m.Store = &sessionStore{s: s}
	m.HashTokenInStore = true
	m.Codec = sessionCodec{}
	m.Cookie = scs.SessionCookie{
		Name: s.cookieName("akashi"), Path: "/", HttpOnly: true, Secure: s.Secure(),
		SameSite: http.SameSiteLaxMode, Persist: true,
	}
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		s.cfg.Log.ErrorContext(r.Context(), "keeping a session", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
	return m
}

// enter signs a person in: a new session under a new token, whatever came with
// the request, and a browser that is known from now on. more is done in the
// same transaction as the line for the log.
func (s *Service) enter(ctx context.Context, u *user, method string, more func(tx *casestore.Tx) error) (*Principal, error) {
	v := visitOf(ctx)
	if v == nil {
		return nil, errNoVisit
	}
	err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		if more != nil {
			if err := more(tx); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE users SET seen = ? WHERE id = ?`, casestore.Micros(s.now()), u.ID); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{
			Actor: "user:" + u.ID, Action: "login", Object: "user:" + u.ID,
			Detail: map[string]any{"method": method, "network": network(v.addr), "client": v.client},
		})
	})
	if err != nil {
		return nil, err
	}
	if err := s.sessions.Clear(ctx); err != nil {
		return nil, fmt.Errorf("beginning a session: %w", err)
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return nil, fmt.Errorf("beginning a session: %w", err)
	}
	p := u.principal()
	p.Session = casestore.NewID()
	s.sessions.Put(ctx, keyUser, u.ID)
	s.sessions.Put(ctx, keyID, p.Session)
	s.prove(ctx)
	s.rememberDevice(v, u.ID)
	return p, nil
}

// prove notes that the person has just shown who they are.
func (s *Service) prove(ctx context.Context) {
	s.sessions.Put(ctx, keyProven, strconv.FormatInt(casestore.Micros(s.now()), 10))
}

// Confirmed says whether the person has shown a moment ago who they are (see
// Config.Confirm).
func (s *Service) Confirmed(ctx context.Context) bool {
	p := Of(ctx)
	if p == nil || p.Session == "" || visitOf(ctx) == nil {
		return false
	}
	at, err := strconv.ParseInt(s.sessions.GetString(ctx, keyProven), 10, 64)
	return err == nil && s.now().Sub(casestore.Time(at)) < s.cfg.Confirm
}

// Logout ends the session of ctx. Without one it does nothing.
func (s *Service) Logout(ctx context.Context) error {
	p := Of(ctx)
	if p == nil || p.Session == "" || visitOf(ctx) == nil {
		return nil
	}
	err := s.db.Record(ctx, casestore.Line{Actor: p.Actor(), Action: "logout", Object: "user:" + p.ID})
	if err != nil {
		return err
	}
	if err := s.sessions.Destroy(ctx); err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	return nil
}

// Sessions gives the own sessions, the one last used first.
func (s *Service) Sessions(ctx context.Context) ([]Session, error) {
	p, err := s.own(ctx, OwnSettings, false)
	if err != nil {
		return nil, err
	}
	var out []Session
	err = s.db.View(ctx, func(tx *casestore.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id, client, network, created, seen, expires FROM sessions
			WHERE user_id = ? AND expires > ? ORDER BY seen DESC, id`, p.ID, casestore.Micros(s.now()))
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err says it
		for rows.Next() {
			var n Session
			var created, seen, expires int64
			if err := rows.Scan(&n.ID, &n.Client, &n.Network, &created, &seen, &expires); err != nil {
				return fmt.Errorf("reading a session: %w", err)
			}
			n.Created, n.Seen, n.Expires = casestore.Time(created), casestore.Time(seen), casestore.Time(expires)
			n.Current = n.ID == p.Session
			out = append(out, n)
		}
		return rows.Err() //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return nil, fmt.Errorf("listing sessions: %w", err)
	}
	return out, nil
}

// RevokeSession ends one of the own sessions. casestore.ErrNotFound where there
// is none of that id.
func (s *Service) RevokeSession(ctx context.Context, id string) error {
	p, err := s.own(ctx, OwnSettings, false)
	if err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *casestore.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM sessions WHERE id = ? AND user_id = ?`, id, p.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return casestore.ErrNotFound
		}
		return tx.Log(ctx, casestore.Line{Action: "session.end", Object: "session:" + id})
	})
}

// RevokeOtherSessions ends all own sessions but the one in which this is asked,
// and gives how many there were.
func (s *Service) RevokeOtherSessions(ctx context.Context) (n int, err error) {
	p, err := s.own(ctx, OwnSettings, false)
	if err != nil {
		return 0, err
	}
	err = s.db.Change(ctx, func(tx *casestore.Tx) error {
		if n, err = endSessions(ctx, tx, p.ID, p.Session); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{Action: "session.end", Object: "user:" + p.ID, Detail: map[string]any{"sessions": n}})
	})
	return n, err
}

// endSessions ends the sessions of a user but one.
func endSessions(ctx context.Context, tx *casestore.Tx, userID, but string) (int, error) {
	n, err := tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = ? AND id <> ?`, userID, but)
	return int(n), err
}

// sessionStore keeps sessions in the casework database, for scs, which gives
// it hashes of tokens.
type sessionStore struct{ s *Service }

// sessionCodec writes a session as JSON. All values are texts.
type sessionCodec struct{}

type sessionRecord struct {
	Deadline time.Time         `json:"deadline"`
	Values   map[string]string `json:"values"`
}

// Encode writes a session.
func (sessionCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	r := sessionRecord{Deadline: deadline.UTC(), Values: map[string]string{}}
	for k, v := range values {
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("a session's value %s is a %T", k, v)
		}
		r.Values[k] = text
	}
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("writing a session: %w", err)
	}
	return b, nil
}

// Decode reads a session.
func (sessionCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	var r sessionRecord
	if err := json.Unmarshal(b, &r); err != nil {
		return time.Time{}, nil, fmt.Errorf("reading a session: %w", err)
	}
	values := make(map[string]any, len(r.Values))
	for k, v := range r.Values {
		values[k] = v
	}
	return r.Deadline, values, nil
}

// FindCtx gives the session whose token has the hash, unless it expired or its
// person is disabled.
func (st *sessionStore) FindCtx(ctx context.Context, hash string) ([]byte, bool, error) {
	l := &loadedSession{hash: hash, user: &user{}}
	var seen int64
	dest, done := userRow(l.user)
	err := st.s.db.View(ctx, func(tx *casestore.Tx) error {
		return tx.Get(ctx, `SELECT s.id, s.data, s.seen, `+userColumns+`
			FROM sessions s JOIN users u ON u.id = s.user_id
			WHERE s.hash = ? AND s.expires > ? AND u.disabled = 0`,
			[]any{hash, casestore.Micros(st.s.now())}, append([]any{&l.id, &l.data, &seen}, dest...))
	})
	if errors.Is(err, casestore.ErrNotFound) {
		return nil, false, nil
	}
	if err == nil {
		err = done()
	}
	if err != nil {
		return nil, false, fmt.Errorf("finding a session: %w", err)
	}
	l.seen = casestore.Time(seen)
	if v := visitOf(ctx); v != nil {
		v.loaded = l
	}
	return []byte(l.data), true, nil
}

// CommitCtx keeps a session. One that came with the request is changed and
// never made again: had it been ended meanwhile, it would come back.
func (st *sessionStore) CommitCtx(ctx context.Context, hash string, b []byte, expiry time.Time) error {
	v := visitOf(ctx)
	if v == nil {
		return errNoVisit
	}
	now := st.s.now()
	if l := v.loaded; l != nil && l.hash == hash {
		same := l.data == string(b)
		if same && now.Sub(l.seen) < seenEvery {
			return nil
		}
		err := st.s.db.Housekeep(ctx, func(tx *casestore.Tx) error {
			q, args := `UPDATE sessions SET seen = ?, expires = ?`, []any{casestore.Micros(now), casestore.Micros(expiry)}
			if !same {
				q, args = q+`, data = ?`, append(args, string(b))
			}
			if _, err := tx.Exec(ctx, q+` WHERE hash = ?`, append(args, hash)...); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `UPDATE users SET seen = ? WHERE id = ?`, casestore.Micros(now), l.user.ID)
			return err
		})
		if err != nil {
			return fmt.Errorf("keeping a session: %w", err)
		}
		return nil
	}
	_, values, err := (sessionCodec{}).Decode(b)
	if err != nil {
		return err
	}
	userID, _ := values[keyUser].(string)
	id, _ := values[keyID].(string)
	if userID == "" {
		return nil // nobody is signed in: nothing is kept
	}
	err = st.s.db.Housekeep(ctx, func(tx *casestore.Tx) error {
		if err := stillThere(ctx, tx, userID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO sessions (hash, id, user_id, data, client, network, created, seen, expires)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			hash, id, userID, string(b), v.client, network(v.addr),
			casestore.Micros(now), casestore.Micros(now), casestore.Micros(expiry))
		return err
	})
	if err != nil {
		return fmt.Errorf("beginning a session: %w", err)
	}
	return nil
}

// DeleteCtx ends a session.
func (st *sessionStore) DeleteCtx(ctx context.Context, hash string) error {
	err := st.s.db.Housekeep(ctx, func(tx *casestore.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE hash = ?`, hash)
		return err
	})
	if err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	return nil
}

// The forms without a context are part of scs's contract and never called: it
// prefers those with one.

// Find is FindCtx.
func (st *sessionStore) Find(hash string) ([]byte, bool, error) {
	return st.FindCtx(context.Background(), hash)
}

// Commit is CommitCtx.
func (st *sessionStore) Commit(hash string, b []byte, expiry time.Time) error {
	return st.CommitCtx(context.Background(), hash, b, expiry)
}

// Delete is DeleteCtx.
func (st *sessionStore) Delete(hash string) error { return st.DeleteCtx(context.Background(), hash) }
