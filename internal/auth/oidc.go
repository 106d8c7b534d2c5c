package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/akashi-project/akashi/internal/casestore"
)

// CallbackPath is where the provider sends people back to.
const CallbackPath = "/login/oidc/callback"

// cookieOIDC is the plain name of the cookie that ties a login at the provider
// to its browser.
const cookieOIDC = "akashi-oidc"

// provider is a provider of OpenID Connect, asked for its settings when it is
// first needed: that it is down does not keep Akashi from starting.
type provider struct {
	cfg    OIDC
	back   string
	client *http.Client

	mu    sync.Mutex
	found *oidc.Provider
}

func newProvider(cfg OIDC, public *url.URL) *provider {
	if cfg.Scopes == nil {
		cfg.Scopes = []string{"profile"}
	}
	return &provider{
		cfg: cfg, back: public.Scheme + "://" + public.Host + CallbackPath,
		client: &http.Client{Timeout: 15 * time.Second},
	}
}

// discover asks the provider for its settings, once.
func (o *provider) discover(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.found == nil {
		// The keys are fetched with this context later on: it must outlive
		// the request.
		found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), o.client), o.cfg.Issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("asking %s for its settings: %w", o.cfg.Issuer, err)
		}
		o.found = found
	}
	return o.found, &oauth2.Config{
		ClientID: o.cfg.ClientID, ClientSecret: o.cfg.ClientSecret,
		Endpoint: o.found.Endpoint(), RedirectURL: o.back,
		Scopes: append([]string{oidc.ScopeOpenID}, o.cfg.Scopes...),
	}, nil
}

// OIDCFor says what a login at the provider is for.
type OIDCFor struct {
	// Next is where to go afterwards: a path.
	Next string
	// Link is the token of an invitation or a new link, whose person will
	// sign in at the provider from then on.
	Link string
	// Bind has the person who is signed in sign in at the provider as well
	// from then on. To confirm who they are they leave it false.
	Bind bool
}

// flow is a login at the provider that has begun.
type flow struct {
	state, nonce, verifier string
	next                   string
	link                   *Link
	bind                   string // a user's id
}

// BeginOIDC gives the URL at the provider to send the browser to, with a GET (a
// redirect after a form would need the provider in the pages' form-action).
// ErrOIDCOff where none is configured, ErrOIDC where it cannot be reached.
func (s *Service) BeginOIDC(ctx context.Context, f OIDCFor) (to string, err error) {
	if s.oidc == nil {
		return "", ErrOIDCOff
	}
	v := visitOf(ctx)
	if v == nil {
		return "", errNoVisit
	}
	if err := s.admit(ctx, doorOIDC); err != nil {
		return "", err
	}
	w := flow{state: newSecret(), nonce: newSecret(), verifier: oauth2.GenerateVerifier(), next: SafeNext(f.Next)}
	if f.Link != "" {
		if w.link, err = s.CheckLink(ctx, f.Link); err != nil {
			return "", err
		}
		if w.link.Kind != LinkInvite && w.link.Kind != LinkRenew {
			return "", ErrNoLink
		}
	}
	if f.Bind {
		p, err := s.own(ctx, OwnSettings, true)
		if err != nil {
			return "", err
		}
		w.bind = p.ID
	}
	_, client, err := s.oidc.discover(ctx)
	if err != nil {
		return "", s.badOIDC(ctx, err)
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(w.nonce), oauth2.S256ChallengeOption(w.verifier)}
	if Of(ctx) != nil {
		// To confirm who one is, one shows it to the provider again.
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	s.begin(v, cookieOIDC, w)
	return client.AuthCodeURL(w.state, options...), nil
}

// identity is who the provider says somebody is.
type identity struct {
	issuer, subject string
	claims          map[string]any
}

// FinishOIDC signs a person in by the query with which the provider sent the
// browser back, and gives where to go. Who is signed in already, as the same
// person, has thereby confirmed who they are.
func (s *Service) FinishOIDC(ctx context.Context, query url.Values) (p *Principal, next string, err error) {
	if s.oidc == nil {
		return nil, "", ErrOIDCOff
	}
	v := visitOf(ctx)
	if v == nil {
		return nil, "", errNoVisit
	}
	if err := s.admit(ctx, doorOIDC); err != nil {
		return nil, "", err
	}
	w, err := finish[flow](s, v, cookieOIDC)
	if err != nil {
		return nil, "", err
	}
	if subtle.ConstantTimeCompare([]byte(w.state), []byte(query.Get("state"))) != 1 {
		return nil, "", ErrCeremony
	}
	who, err := s.identify(ctx, w, query)
	if err != nil {
		return nil, "", orElse(s.failed(ctx, "oidc", &user{}), s.badOIDC(ctx, err))
	}
	switch {
	case w.bind != "":
		p, err = s.bind(ctx, w.bind, who)
	case w.link != nil:
		p, err = s.acceptAt(ctx, w.link, who)
	default:
		p, err = s.enterAt(ctx, who)
	}
	return p, w.next, err
}

// badOIDC says in the program's log what went wrong at the provider. No code
// and no token is in the errors that are said.
func (s *Service) badOIDC(ctx context.Context, err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		err = fmt.Errorf("the provider answered %s %s", refused.ErrorCode, refused.ErrorDescription)
	}
	s.cfg.Log.WarnContext(ctx, "signing in at the provider", "issuer", s.oidc.cfg.Issuer, "error", err)
	return ErrOIDC
}

// identify exchanges the code for a token and checks it: issuer, audience,
// signature and time by go-oidc, the nonce here.
func (s *Service) identify(ctx context.Context, w flow, query url.Values) (identity, error) {
	if e := query.Get("error"); e != "" {
		return identity{}, fmt.Errorf("the provider refused: %q", e)
	}
	// RFC 9207: where the provider says who it is, it must be the right one.
	if iss := query.Get("iss"); iss != "" && iss != s.oidc.cfg.Issuer {
		return identity{}, fmt.Errorf("the answer is another provider's")
	}
	found, client, err := s.oidc.discover(ctx)
	if err != nil {
		return identity{}, err
	}
	ctx = oidc.ClientContext(ctx, s.oidc.client)
	token, err := client.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(w.verifier))
	if err != nil {
		return identity{}, fmt.Errorf("exchanging the code: %w", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return identity{}, fmt.Errorf("there is no ID token")
	}
	id, err := found.Verifier(&oidc.Config{ClientID: client.ClientID}).Verify(ctx, raw)
	if err != nil {
		return identity{}, fmt.Errorf("checking the ID token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(w.nonce)) != 1 {
		return identity{}, fmt.Errorf("the ID token is not for this login")
	}
	who := identity{issuer: id.Issuer, subject: id.Subject, claims: map[string]any{}}
	if found.UserInfoEndpoint() != "" {
		info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return identity{}, fmt.Errorf("asking who it is: %w", err)
		}
		if info.Subject != id.Subject {
			return identity{}, fmt.Errorf("the user info is somebody else's")
		}
		if err := info.Claims(&who.claims); err != nil {
			return identity{}, fmt.Errorf("reading the user info: %w", err)
		}
	}
	// What is signed counts more than what is only told.
	if err := id.Claims(&who.claims); err != nil {
		return identity{}, fmt.Errorf("reading the ID token: %w", err)
	}
	return who, nil
}

// roles gives the roles that the claim gives. ErrOIDCNoRoles where there are
// none.
func (o *OIDC) roles(claims map[string]any) ([]Role, error) {
	at, ok := claims[o.RoleClaim] // names of claims may hold dots themselves
	if !ok {
		at = claims
		for part := range strings.SplitSeq(o.RoleClaim, ".") {
			m, _ := at.(map[string]any)
			at = m[part]
		}
	}
	var values []any
	switch x := at.(type) {
	case string:
		values = []any{x}
	case []any:
		values = x
	}
	var roles []Role
	for _, v := range values {
		if text, ok := v.(string); ok {
			if r, ok := o.Roles[text]; ok {
				roles = append(roles, r)
			}
		}
	}
	if len(roles) == 0 {
		return nil, ErrOIDCNoRoles
	}
	return sortRoles(roles)
}

// identified gives the user who an identity is, and whether its claims decide
// the roles; casestore.ErrNotFound where nobody is.
func identified(ctx context.Context, tx *casestore.Tx, who identity) (u *user, managed bool, err error) {
	var id string
	var m int
	err = tx.Get(ctx, `SELECT user_id, managed FROM identities WHERE issuer = ? AND subject = ?`,
		[]any{who.issuer, who.subject}, []any{&id, &m})
	if err != nil {
		return nil, false, err
	}
	u, err = getUser(ctx, tx, `u.id = ?`, id)
	return u, m != 0, err
}

// addIdentity has a user be an identity from now on. ErrLoginTaken where
// somebody else is.
func (s *Service) addIdentity(ctx context.Context, tx *casestore.Tx, userID string, who identity, managed bool) error {
	u, _, err := identified(ctx, tx, who)
	switch {
	case err == nil && u.ID != userID:
		return ErrLoginTaken
	case err == nil:
		return tx.Log(ctx, casestore.Line{Actor: "user:" + userID, Action: "identity.keep", Object: "user:" + userID})
	case !errors.Is(err, casestore.ErrNotFound):
		return err
	}
	m := 0
	if managed {
		m = 1
	}
	if _, err := tx.Exec(ctx, `INSERT INTO identities (issuer, subject, user_id, managed, created) VALUES (?, ?, ?, ?, ?)`,
		who.issuer, who.subject, userID, m, casestore.Micros(s.now())); err != nil {
		return err
	}
	return tx.Log(ctx, casestore.Line{
		Actor: "user:" + userID, Action: "identity.add", Object: "user:" + userID,
		Detail: map[string]any{"issuer": who.issuer},
	})
}

// bind adds an identity to the person who is signed in.
func (s *Service) bind(ctx context.Context, userID string, who identity) (*Principal, error) {
	p, err := s.own(ctx, OwnSettings, false)
	if err != nil {
		return nil, err
	}
	if p.ID != userID {
		return nil, ErrCeremony
	}
	err = s.db.Change(ctx, func(tx *casestore.Tx) error { return s.addIdentity(ctx, tx, userID, who, false) })
	return p, err
}

// acceptAt has the person whom a link is for sign in at the provider from now
// on.
func (s *Service) acceptAt(ctx context.Context, l *Link, who identity) (*Principal, error) {
	u, err := s.user(ctx, `u.id = ?`, l.userID)
	if err != nil {
		return nil, missing(err, ErrNoLink)
	}
	return s.enter(ctx, u, "oidc", func(tx *casestore.Tx) error {
		if err := s.useLink(ctx, tx, l); err != nil {
			return err
		}
		return s.addIdentity(ctx, tx, u.ID, who, false)
	})
}

// enterAt signs in who an identity is, and makes an account where that is
// allowed.
func (s *Service) enterAt(ctx context.Context, who identity) (*Principal, error) {
	var u *user
	var managed bool
	err := s.db.View(ctx, func(tx *casestore.Tx) (err error) {
		u, managed, err = identified(ctx, tx, who)
		return err
	})
	switch {
	case errors.Is(err, casestore.ErrNotFound):
		return s.welcome(ctx, who)
	case err != nil:
		return nil, err
	case u.Disabled:
		return nil, orElse(s.failed(ctx, "oidc", u), ErrDisabled)
	}
	if p := Of(ctx); p != nil && p.ID == u.ID && p.Session != "" {
		s.prove(ctx)
		return p, nil
	}
	before := u.Roles
	if managed && s.oidc.cfg.RoleClaim != "" {
		if u.Roles, err = s.oidc.cfg.roles(who.claims); err != nil {
			return nil, orElse(s.failed(ctx, "oidc", u), err)
		}
	}
	return s.enter(ctx, u, "oidc", func(tx *casestore.Tx) error {
		if err := stillThere(ctx, tx, u.ID); err != nil {
			return err
		}
		if asJSON(before) == asJSON(u.Roles) {
			return nil
		}
		if _, err := tx.Exec(ctx, `UPDATE users SET roles = ? WHERE id = ?`, asJSON(u.Roles), u.ID); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{
			Actor: "system", Action: "people.roles", Object: "user:" + u.ID,
			Detail: map[string]any{"before": before, "after": u.Roles, "issuer": who.issuer},
		})
	})
}

// welcome makes an account for an identity that has none.
func (s *Service) welcome(ctx context.Context, who identity) (*Principal, error) {
	if !s.oidc.cfg.AllowNew {
		return nil, orElse(s.failed(ctx, "oidc", &user{}), ErrOIDCNoAccount)
	}
	roles, err := s.oidc.cfg.roles(who.claims)
	if err != nil {
		return nil, orElse(s.failed(ctx, "oidc", &user{}), err)
	}
	text := func(names ...string) string {
		for _, n := range names {
			if t, ok := who.claims[n].(string); ok && t != "" {
				return t
			}
		}
		return ""
	}
	n := NewPerson{Login: text("preferred_username", "sub"), Roles: roles}
	if n.Name = text("name", "preferred_username"); n.Name == "" {
		n.Name = n.Login
	}
	u, err := s.newUser(n)
	if err != nil {
		return nil, err
	}
	return s.enter(ctx, u, "oidc", func(tx *casestore.Tx) error {
		if err := addUser(ctx, tx, u); err != nil {
			return err
		}
		if err := tx.Log(ctx, casestore.Line{
			Actor: "system", Action: "people.new", Object: "user:" + u.ID,
			Detail: map[string]any{"login": u.Login, "roles": u.Roles, "issuer": who.issuer},
		}); err != nil {
			return err
		}
		return s.addIdentity(ctx, tx, u.ID, who, true)
	})
}
