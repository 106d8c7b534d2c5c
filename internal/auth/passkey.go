package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/akashi-project/akashi/internal/casestore"
)

// Passkey is a passkey of the person who looks at it.
type Passkey struct {
	ID, Name      string
	Created, Used time.Time
}

// passkeysMost is how many passkeys a person may have.
const passkeysMost = 20

// Plain names of the cookies that tie a ceremony to its browser.
const (
	cookieRegister = "akashi-register"
	cookiePasskey  = "akashi-passkey"
)

// newPasskeys makes the relying party of a public URL; nil where browsers allow
// it no passkeys: without a host's name, or by plain http elsewhere than on
// localhost.
func newPasskeys(public *url.URL) (*webauthn.WebAuthn, error) {
	name := public.Hostname()
	if name == "" || net.ParseIP(name) != nil || public.Scheme != "https" && name != "localhost" {
		return nil, nil //nolint:nilnil // the doc comment says what it means
	}
	required := true
	w, err := webauthn.New(&webauthn.Config{
		RPID: name, RPDisplayName: "Akashi", RPOrigins: []string{public.Scheme + "://" + public.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		// The passkey is all that is asked: it names its person and has the
		// device verify them.
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: &required,
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			UserVerification:   protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{
			Login:        webauthn.TimeoutConfig{Enforce: true, Timeout: ceremonyAge, TimeoutUVD: ceremonyAge},
			Registration: webauthn.TimeoutConfig{Enforce: true, Timeout: ceremonyAge, TimeoutUVD: ceremonyAge},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("preparing passkeys: %w", err)
	}
	return w, nil
}

// keyholder is a user as the library sees one.
type keyholder struct {
	*user
	credentials []webauthn.Credential
}

// WebAuthnID gives the user's handle: the id.
func (k *keyholder) WebAuthnID() []byte { return []byte(k.ID) }

// WebAuthnName gives what tells accounts apart.
func (k *keyholder) WebAuthnName() string { return k.Login }

// WebAuthnDisplayName gives the name.
func (k *keyholder) WebAuthnDisplayName() string { return k.Name }

// WebAuthnCredentials gives the passkeys there are.
func (k *keyholder) WebAuthnCredentials() []webauthn.Credential { return k.credentials }

// keyholder reads a user's passkeys.
func (s *Service) keyholder(ctx context.Context, tx *casestore.Tx, u *user) (*keyholder, error) {
	k := &keyholder{user: u}
	rows, err := tx.Query(ctx, `SELECT data FROM passkeys WHERE user_id = ? ORDER BY id`, u.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	for rows.Next() {
		var data string
		var c webauthn.Credential
		if err := rows.Scan(&data); err != nil {
			return nil, fmt.Errorf("reading a passkey: %w", err)
		}
		if err := json.Unmarshal([]byte(data), &c); err != nil {
			return nil, fmt.Errorf("reading a passkey: %w", err)
		}
		k.credentials = append(k.credentials, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading passkeys: %w", err)
	}
	return k, nil
}

// PasskeyFor says whom a passkey is registered for: who holds a link, or, where
// Link is empty, who is signed in. Login and Name are for the link of the
// set-up, whose person is not made yet.
type PasskeyFor struct{ Link, Login, Name string }

// registration is a passkey that is being registered. link is the hash of the
// link's token where there is one.
type registration struct {
	userID, link string
	session      webauthn.SessionData
}

// BeginPasskey gives the options for navigator.credentials.create, as JSON with
// the member "publicKey". The answer goes to AddPasskey, AcceptLink or
// FinishSetup within 10 minutes.
func (s *Service) BeginPasskey(ctx context.Context, f PasskeyFor) (options json.RawMessage, err error) {
	if s.passkeys == nil {
		return nil, ErrPasskeysOff
	}
	v := visitOf(ctx)
	if v == nil {
		return nil, errNoVisit
	}
	if err := s.admit(ctx, doorPasskey); err != nil {
		return nil, err
	}
	var k *keyholder
	var link string
	if f.Link == "" {
		p, err := s.own(ctx, OwnSettings, true)
		if err != nil {
			return nil, err
		}
		err = s.db.View(ctx, func(tx *casestore.Tx) error {
			u, err := getUser(ctx, tx, `u.id = ?`, p.ID)
			if err != nil {
				return err
			}
			k, err = s.keyholder(ctx, tx, u)
			return err
		})
		if err != nil {
			return nil, err
		}
	} else if k, link, err = s.linkholder(ctx, f); err != nil {
		return nil, err
	}
	exclude := make([]protocol.CredentialDescriptor, len(k.credentials))
	for i := range k.credentials {
		exclude[i] = k.credentials[i].Descriptor()
	}
	creation, session, err := s.passkeys.BeginRegistration(k, webauthn.WithExclusions(exclude))
	if err != nil {
		return nil, fmt.Errorf("beginning to register a passkey: %w", err)
	}
	s.begin(v, cookieRegister, registration{userID: k.ID, link: link, session: *session})
	return asOptions(creation)
}

// linkholder gives the person whom a link is for. What they have is not looked
// at: it ends when the link is used.
func (s *Service) linkholder(ctx context.Context, f PasskeyFor) (*keyholder, string, error) {
	l, err := s.CheckLink(ctx, f.Link)
	if err != nil {
		return nil, "", err
	}
	switch l.Kind {
	case LinkSetup:
		u, err := s.newUser(NewPerson{Login: f.Login, Name: f.Name, Roles: []Role{Administrator}})
		return &keyholder{user: u}, l.hash, err
	case LinkInvite, LinkRenew:
		u, err := s.user(ctx, `u.id = ?`, l.userID)
		return &keyholder{user: u}, l.hash, err
	}
	return nil, "", ErrNoLink
}

func asOptions(options any) (json.RawMessage, error) {
	b, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("writing options for passkeys: %w", err)
	}
	return b, nil
}

// registered checks an authenticator's answer to BeginPasskey and gives what
// keeps the passkey. link is the hash of the link's token by which it was
// begun, or empty. The user of a set-up takes the id under which it was begun.
func (s *Service) registered(ctx context.Context, u *user, link, name string, answer []byte) (keep func(tx *casestore.Tx) error, err error) {
	v := visitOf(ctx)
	switch {
	case s.passkeys == nil:
		return nil, ErrPasskeysOff
	case v == nil:
		return nil, errNoVisit
	}
	if name, err = checkName(name); err != nil {
		return nil, err
	}
	r, err := finish[registration](s, v, cookieRegister)
	if err != nil {
		return nil, err
	}
	if r.link != link || link == "" && r.userID != u.ID {
		return nil, ErrCeremony
	}
	u.ID = r.userID
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, s.badPasskey(ctx, err)
	}
	credential, err := s.passkeys.CreateCredential(&keyholder{user: u}, r.session, parsed)
	if err != nil {
		return nil, s.badPasskey(ctx, err)
	}
	data, err := json.Marshal(credential)
	if err != nil {
		return nil, fmt.Errorf("writing a passkey: %w", err)
	}
	id, key := casestore.NewID(), credentialKey(credential.ID)
	return func(tx *casestore.Tx) error {
		var owner string
		err := tx.Get(ctx, `SELECT user_id FROM passkeys WHERE credential = ?`, []any{key}, []any{&owner})
		if err == nil {
			return ErrPasskey // an authenticator never repeats an id
		}
		if !errors.Is(err, casestore.ErrNotFound) {
			return err
		}
		var n int
		if err := tx.Get(ctx, `SELECT count(*) FROM passkeys WHERE user_id = ?`, []any{u.ID}, []any{&n}); err != nil {
			return err
		}
		if n >= passkeysMost {
			return ErrPasskey
		}
		if _, err := tx.Exec(ctx, `INSERT INTO passkeys (id, user_id, credential, name, data, created, used)
			VALUES (?, ?, ?, ?, ?, ?, 0)`, id, u.ID, key, name, string(data), casestore.Micros(s.now())); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{Actor: "user:" + u.ID, Action: "passkey.add", Object: "passkey:" + id,
			Detail: map[string]any{"user": u.ID}})
	}, nil
}

// badPasskey says in the program's log why an answer does not hold, which the
// library puts into words for developers.
func (s *Service) badPasskey(ctx context.Context, err error) error {
	if told, ok := errors.AsType[*protocol.Error](err); ok {
		s.cfg.Log.InfoContext(ctx, "a passkey's answer does not hold", "type", told.Type, "reason", told.DevInfo)
	}
	return ErrPasskey
}

func credentialKey(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

// AddPasskey gives the person who is signed in a passkey: answer is what
// navigator.credentials.create gave to the options of BeginPasskey, as JSON.
func (s *Service) AddPasskey(ctx context.Context, name string, answer []byte) error {
	p, err := s.own(ctx, OwnSettings, true)
	if err != nil {
		return err
	}
	if err := s.admit(ctx, doorPasskey); err != nil {
		return err
	}
	keep, err := s.registered(ctx, &user{Person: Person{ID: p.ID, Login: p.Login, Name: p.Name}}, "", name, answer)
	if err != nil {
		return err
	}
	return s.db.Change(ctx, keep)
}

// Passkeys gives the own passkeys, oldest first.
func (s *Service) Passkeys(ctx context.Context) ([]Passkey, error) {
	p, err := s.own(ctx, OwnSettings, false)
	if err != nil {
		return nil, err
	}
	var out []Passkey
	err = s.db.View(ctx, func(tx *casestore.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id, name, created, used FROM passkeys WHERE user_id = ? ORDER BY created, id`, p.ID)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err says it
		for rows.Next() {
			var k Passkey
			var created, used int64
			if err := rows.Scan(&k.ID, &k.Name, &created, &used); err != nil {
				return fmt.Errorf("reading a passkey: %w", err)
			}
			k.Created, k.Used = casestore.Time(created), casestore.Time(used)
			out = append(out, k)
		}
		return rows.Err() //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return nil, fmt.Errorf("listing passkeys: %w", err)
	}
	return out, nil
}

// RemovePasskey removes one of the own passkeys. ErrLastCredential where the
// person would have nothing left to sign in with.
func (s *Service) RemovePasskey(ctx context.Context, id string) error {
	p, err := s.own(ctx, OwnSettings, true)
	if err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *casestore.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM passkeys WHERE id = ? AND user_id = ?`, id, p.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return casestore.ErrNotFound
		}
		var left int
		err = tx.Get(ctx, `SELECT count(*) FROM users u WHERE u.id = ? AND (u.password <> ''
			OR u.id IN (SELECT user_id FROM passkeys) OR u.id IN (SELECT user_id FROM identities))`,
			[]any{p.ID}, []any{&left})
		if err != nil {
			return err
		}
		if left == 0 {
			return ErrLastCredential
		}
		return tx.Log(ctx, casestore.Line{Action: "passkey.remove", Object: "passkey:" + id, Detail: map[string]any{"user": p.ID}})
	})
}

// BeginPasskeyLogin gives the options for navigator.credentials.get, as JSON
// with the member "publicKey", for whoever holds a passkey of this instance.
func (s *Service) BeginPasskeyLogin(ctx context.Context) (options json.RawMessage, err error) {
	if s.passkeys == nil {
		return nil, ErrPasskeysOff
	}
	v := visitOf(ctx)
	if v == nil {
		return nil, errNoVisit
	}
	if err := s.admit(ctx, doorPasskey); err != nil {
		return nil, err
	}
	assertion, session, err := s.passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, fmt.Errorf("beginning to sign in by passkey: %w", err)
	}
	s.begin(v, cookiePasskey, *session)
	return asOptions(assertion)
}

// FinishPasskeyLogin signs a person in by what navigator.credentials.get gave
// to the options of BeginPasskeyLogin, as JSON. No password is asked besides:
// the device has verified the person. Who is signed in has thereby confirmed
// who they are.
func (s *Service) FinishPasskeyLogin(ctx context.Context, answer []byte) (*Principal, error) {
	v := visitOf(ctx)
	switch {
	case s.passkeys == nil:
		return nil, ErrPasskeysOff
	case v == nil:
		return nil, errNoVisit
	}
	if err := s.admit(ctx, doorPasskey); err != nil {
		return nil, err
	}
	session, err := finish[webauthn.SessionData](s, v, cookiePasskey)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, s.badPasskey(ctx, err)
	}
	var k *keyholder
	_, credential, err := s.passkeys.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		err := s.db.View(ctx, func(tx *casestore.Tx) error {
			u, err := getUser(ctx, tx, `u.id = ?`, string(handle))
			if err != nil {
				return missing(err, ErrPasskeyUnknown)
			}
			k, err = s.keyholder(ctx, tx, u)
			return err
		})
		return k, err
	}, session, parsed)
	switch {
	case k == nil:
		_ = s.badPasskey(ctx, err)
		return nil, orElse(s.failed(ctx, "passkey", &user{}), ErrPasskeyUnknown)
	case err != nil:
		return nil, orElse(s.failed(ctx, "passkey", k.user), s.badPasskey(ctx, err))
	case credential.Authenticator.CloneWarning:
		s.cfg.Log.WarnContext(ctx, "a passkey's counter went back: it may have been copied", "user", k.ID)
		return nil, orElse(s.failed(ctx, "passkey", k.user), ErrPasskey)
	case k.Disabled:
		return nil, orElse(s.failed(ctx, "passkey", k.user), ErrDisabled)
	}
	data, err := json.Marshal(credential)
	if err != nil {
		return nil, fmt.Errorf("writing a passkey: %w", err)
	}
	keep := func(tx *casestore.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE passkeys SET data = ?, used = ? WHERE credential = ? AND user_id = ?`,
			string(data), casestore.Micros(s.now()), credentialKey(credential.ID), k.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrPasskeyUnknown // removed meanwhile
		}
		return stillThere(ctx, tx, k.ID)
	}
	if p := Of(ctx); p != nil && p.ID == k.ID && p.Session != "" {
		if err := s.db.Housekeep(ctx, keep); err != nil {
			return nil, err
		}
		s.prove(ctx)
		return p, nil
	}
	return s.enter(ctx, k.user, "passkey", keep)
}

// orElse gives what to tell once a failed login is in the log: what, unless
// writing it failed.
func orElse(logged, what error) error {
	if errors.Is(logged, ErrWrongLogin) {
		return what
	}
	return logged
}
