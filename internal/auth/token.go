package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
)

// TokenPrefix is how tokens begin, so that people and scanners of secrets
// recognise them.
const TokenPrefix = "aka_"

// longestToken is how long a token may live.
const longestToken = 366 * 24 * time.Hour

// Token is a token for the API, without its secret.
type Token struct {
	ID, Name string
	// Scopes are all that it may do, of what its person may.
	Scopes                 []Action
	Created, Expires, Used time.Time
	// Revoked is when it was revoked; zero where it was not.
	Revoked time.Time
}

// TokenScopes gives the rights that a token of the person who is signed in may
// have: theirs, but for what only people do.
func (s *Service) TokenScopes(ctx context.Context) []Action {
	p := Of(ctx)
	if p == nil {
		return nil
	}
	var out []Action
	for _, a := range Actions {
		if s.tokenMay(p, a) {
			out = append(out, a)
		}
	}
	return out
}

// tokenMay says whether a token of p with the scope a could do it.
func (s *Service) tokenMay(p *Principal, a Action) bool {
	q := *p
	q.Token, q.Scopes = "new", []Action{a}
	return s.policy.Allow(&q, a, Resource{})
}

// Tokens gives the own tokens, newest first.
func (s *Service) Tokens(ctx context.Context) ([]Token, error) {
	p, err := s.own(ctx, OwnTokens, false)
	if err != nil {
		return nil, err
	}
	var out []Token
	err = s.db.View(ctx, func(tx *casestore.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id, name, scopes, created, expires, used, revoked FROM tokens
			WHERE user_id = ? ORDER BY created DESC, id DESC`, p.ID)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err says it
		for rows.Next() {
			var t Token
			var scopes string
			var created, expires, used, revoked int64
			if err := rows.Scan(&t.ID, &t.Name, &scopes, &created, &expires, &used, &revoked); err != nil {
				return fmt.Errorf("reading a token: %w", err)
			}
			if err := json.Unmarshal([]byte(scopes), &t.Scopes); err != nil {
				return fmt.Errorf("reading the scopes of token %s: %w", t.ID, err)
			}
			t.Created, t.Expires = casestore.Time(created), casestore.Time(expires)
			t.Used, t.Revoked = casestore.Time(used), casestore.Time(revoked)
			out = append(out, t)
		}
		return rows.Err() //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return nil, fmt.Errorf("listing tokens: %w", err)
	}
	return out, nil
}

// MakeToken makes a token and gives its secret, which is shown once and kept
// nowhere. ErrName, ErrScopes and ErrExpiry say what is wrong: it needs a name,
// at least one of TokenScopes, and an end within 366 days.
func (s *Service) MakeToken(ctx context.Context, name string, scopes []Action, expires time.Time) (secret string, t Token, err error) {
	p, err := s.own(ctx, OwnTokens, true)
	if err != nil {
		return "", Token{}, err
	}
	if name, err = checkName(name); err != nil {
		return "", Token{}, err
	}
	for _, a := range Actions {
		if slices.Contains(scopes, a) {
			t.Scopes = append(t.Scopes, a)
		}
	}
	for _, a := range scopes {
		if !s.tokenMay(p, a) {
			return "", Token{}, ErrScopes
		}
	}
	if len(t.Scopes) == 0 {
		return "", Token{}, ErrScopes
	}
	now := s.now()
	if !expires.After(now) || expires.Sub(now) > longestToken {
		return "", Token{}, ErrExpiry
	}
	secret = TokenPrefix + newSecret()
	t.ID, t.Name, t.Created, t.Expires = casestore.NewID(), name, now, expires.UTC().Truncate(time.Microsecond)
	err = s.db.Change(ctx, func(tx *casestore.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO tokens (id, hash, user_id, name, scopes, created, expires, used, revoked)
			VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0)`, t.ID, hashSecret(secret), p.ID, t.Name, asJSON(t.Scopes),
			casestore.Micros(t.Created), casestore.Micros(t.Expires)); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{
			Action: "token.make", Object: "token:" + t.ID,
			Detail: map[string]any{"scopes": t.Scopes, "expires": t.Expires},
		})
	})
	if err != nil {
		return "", Token{}, err
	}
	return secret, t, nil
}

// RevokeToken ends one of the own tokens. casestore.ErrNotFound where there is
// none of that id, or it is revoked.
func (s *Service) RevokeToken(ctx context.Context, id string) error {
	p, err := s.own(ctx, OwnTokens, false)
	if err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *casestore.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE tokens SET revoked = ? WHERE id = ? AND user_id = ? AND revoked = 0`,
			casestore.Micros(s.now()), id, p.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return casestore.ErrNotFound
		}
		return tx.Log(ctx, casestore.Line{Action: "token.revoke", Object: "token:" + id})
	})
}

// byToken gives who a token acts for. ErrToken where it is unknown, revoked or
// expired, or its person disabled; *SlowDown where an address shows too many
// such.
func (s *Service) byToken(ctx context.Context, secret string) (*Principal, error) {
	p, err := s.token(ctx, secret)
	if errors.Is(err, ErrToken) {
		if slow := s.admit(ctx, doorToken); slow != nil {
			return nil, slow
		}
	}
	return p, err
}

func (s *Service) token(ctx context.Context, secret string) (*Principal, error) {
	if !strings.HasPrefix(secret, TokenPrefix) {
		return nil, ErrToken
	}
	u := &user{}
	var id, scopes string
	var used int64
	now := s.now()
	dest, done := userRow(u)
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		return tx.Get(ctx, `SELECT t.id, t.scopes, t.used, `+userColumns+`
			FROM tokens t JOIN users u ON u.id = t.user_id
			WHERE t.hash = ? AND t.revoked = 0 AND t.expires > ? AND u.disabled = 0`,
			[]any{hashSecret(secret), casestore.Micros(now)}, append([]any{&id, &scopes, &used}, dest...))
	})
	if err != nil {
		return nil, missing(err, ErrToken)
	}
	if err := done(); err != nil {
		return nil, err
	}
	p := u.principal()
	p.Token = id
	if err := json.Unmarshal([]byte(scopes), &p.Scopes); err != nil {
		return nil, fmt.Errorf("reading the scopes of token %s: %w", id, err)
	}
	if now.Sub(casestore.Time(used)) >= seenEvery {
		err := s.db.Housekeep(ctx, func(tx *casestore.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE tokens SET used = ? WHERE id = ?`, casestore.Micros(now), id)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("noting that token %s was used: %w", id, err)
		}
	}
	return p, nil
}
