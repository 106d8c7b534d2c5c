package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"

	"github.com/akashi-project/akashi/internal/casestore"
)

// Person is somebody who has an account, as colleagues and administrators see
// them. Nothing more is known here about a person.
type Person struct {
	ID, Login, Name   string
	Roles             []Role
	Lang, Theme, Zone string
	Disabled          bool
	// Created is when the account was made; Seen when the person was last
	// here, zero for never.
	Created, Seen time.Time
	// Password says that there is one, Passkeys how many there are, External
	// that the person signs in elsewhere (OIDC).
	Password bool
	Passkeys int
	External bool
	// LinkUntil is when the link that waits for the person expires; zero
	// where none waits.
	LinkUntil time.Time
}

// user is a row of users.
type user struct {
	Person
	hash string
}

// principal is who the user is when they act.
func (u *user) principal() *Principal {
	return &Principal{
		ID: u.ID, Login: u.Login, Name: u.Name, Roles: slices.Clone(u.Roles),
		Lang: u.Lang, Theme: u.Theme, Zone: u.Zone,
	}
}

// userColumns are the columns that scanUser reads.
const userColumns = `u.id, u.login, u.name, u.roles, u.lang, u.theme, u.zone, u.password, u.disabled, u.created, u.seen`

// userRow gives where to scan userColumns to, and what to do with it after.
func userRow(u *user) (dest []any, done func() error) {
	var roles string
	var disabled, created, seen int64
	return []any{&u.ID, &u.Login, &u.Name, &roles, &u.Lang, &u.Theme, &u.Zone, &u.hash, &disabled, &created, &seen},
		func() error {
			if err := json.Unmarshal([]byte(roles), &u.Roles); err != nil {
				return fmt.Errorf("reading the roles of user %s: %w", u.ID, err)
			}
			u.Disabled, u.Password = disabled != 0, u.hash != ""
			u.Created, u.Seen = casestore.Time(created), casestore.Time(seen)
			return nil
		}
}

// getUser reads the user for which where holds; casestore.ErrNotFound where
// there is none.
func getUser(ctx context.Context, tx *casestore.Tx, where string, args ...any) (*user, error) {
	u := &user{}
	dest, done := userRow(u)
	if err := tx.Get(ctx, `SELECT `+userColumns+` FROM users u WHERE `+where, args, dest); err != nil {
		return nil, err
	}
	return u, done()
}

// addUser writes a new user; ErrLoginTaken where the login is somebody's.
func addUser(ctx context.Context, tx *casestore.Tx, u *user) error {
	key, err := loginKey(u.Login)
	if err != nil {
		return err
	}
	switch _, err := getUser(ctx, tx, `u.login_key = ?`, key); {
	case err == nil:
		return ErrLoginTaken
	case !errors.Is(err, casestore.ErrNotFound):
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO users (id, login, login_key, name, roles, lang, theme, zone, password, disabled, created, seen)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0)`,
		u.ID, u.Login, key, u.Name, asJSON(u.Roles), u.Lang, u.Theme, u.Zone, u.hash, casestore.Micros(tx.Now()))
	return err
}

// administrators counts those, beside the user whose id is given, who can sign
// in and administer. An auditor cannot, whatever else they are.
func administrators(ctx context.Context, tx *casestore.Tx, beside string) (n int, err error) {
	err = tx.Get(ctx, `SELECT count(*) FROM users u WHERE u.disabled = 0 AND u.id <> ?
		AND u.roles LIKE '%"administrator"%' AND u.roles NOT LIKE '%"auditor"%'
		AND (u.password <> '' OR u.id IN (SELECT user_id FROM passkeys) OR u.id IN (SELECT user_id FROM identities))`,
		[]any{beside}, []any{&n})
	return n, err
}

// loginKey gives a login as it is compared: RFC 8265, UsernameCaseMapped, so
// that neither case nor width makes a difference.
func loginKey(login string) (string, error) {
	if !utf8.ValidString(login) || len(login) > 256 {
		return "", ErrLogin
	}
	key, err := precis.UsernameCaseMapped.String(strings.TrimSpace(login))
	if err != nil || key == "" || utf8.RuneCountInString(key) > 64 || strings.ContainsAny(key, `:"'<>&/\`) {
		return "", ErrLogin
	}
	return key, nil
}

// checkName gives a name as it is kept (RFC 8266: no controls, single spaces),
// at most 80 characters.
func checkName(name string) (string, error) {
	if !utf8.ValidString(name) || len(name) > 1024 {
		return "", ErrName
	}
	n, err := precis.Nickname.String(name)
	if err != nil || n == "" || utf8.RuneCountInString(n) > 80 {
		return "", ErrName
	}
	return n, nil
}

// sortRoles gives roles in their order, each once, or says what is wrong.
func sortRoles(roles []Role) ([]Role, error) {
	var out []Role
	for _, r := range Roles {
		if slices.Contains(roles, r) {
			out = append(out, r)
		}
	}
	for _, r := range roles {
		if !slices.Contains(Roles, r) {
			return nil, ErrRoles
		}
	}
	switch {
	case len(out) == 0:
		return nil, ErrRoles
	case len(out) > 1 && slices.Contains(out, Auditor):
		return nil, ErrAuditorAlone
	}
	return out, nil
}

// checkPreferences says whether there are such a language, theme and zone.
func checkPreferences(lang, theme, zone string) error {
	if lang != "ja" && lang != "en" || theme != "" && theme != "light" && theme != "dark" || zone == "" || zone == "Local" {
		return ErrPreference
	}
	if _, err := time.LoadLocation(zone); err != nil {
		return ErrPreference
	}
	return nil
}

// asJSON writes a list of texts, which cannot fail.
func asJSON[T ~string](list []T) string {
	if list == nil {
		list = []T{}
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // texts are always written
	}
	return string(b)
}
