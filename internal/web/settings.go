package web

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
)

// settingsRoutes are the own settings of whoever is signed in.
func (s *Server) settingsRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/settings", Action: auth.OwnSettings, Title: "auth.settings.title", Handler: s.settings},
		{Method: "POST", Pattern: "/settings/preferences", Action: auth.OwnSettings, Handler: s.setPreferences},
		{Method: "POST", Pattern: "/settings/password", Action: auth.OwnSettings, Handler: s.setPassword},
		{Method: "POST", Pattern: "/settings/passkeys/begin", Action: auth.OwnSettings, Handler: s.beginPasskey},
		{Method: "POST", Pattern: "/settings/passkeys", Action: auth.OwnSettings, Handler: s.addPasskey},
		{Method: "POST", Pattern: "/settings/passkeys/{id}/remove", Action: auth.OwnSettings, Handler: s.removePasskey},
		{Method: "POST", Pattern: "/settings/sessions/end", Action: auth.OwnSettings, Handler: s.endOtherSessions},
		{Method: "POST", Pattern: "/settings/sessions/{id}/end", Action: auth.OwnSettings, Handler: s.endSession},
		{Method: "POST", Pattern: "/settings/tokens", Action: auth.OwnTokens, Handler: s.makeToken},
		{Method: "POST", Pattern: "/settings/tokens/{id}/revoke", Action: auth.OwnTokens, Handler: s.revokeToken},
	}
}

// zones are offered before the browser's own list takes their place.
func zones() []string {
	return []string{
		"Asia/Tokyo", "UTC", "America/Los_Angeles", "America/New_York", "Asia/Bangkok", "Asia/Beirut", "Asia/Dhaka",
		"Asia/Ho_Chi_Minh", "Asia/Hong_Kong", "Asia/Jakarta", "Asia/Kolkata", "Asia/Manila", "Asia/Seoul", "Asia/Shanghai",
		"Asia/Singapore", "Asia/Taipei", "Australia/Sydney", "Europe/Brussels", "Europe/Kyiv", "Europe/London",
		"Europe/Moscow", "Europe/Paris", "Europe/Vilnius", "Europe/Warsaw", "Pacific/Honolulu",
	}
}

// tokenDays are the lives that a token may be given.
func tokenDays() []int { return []int{7, 30, 90, 365} }

// settingsView is what the page of own settings sees.
type settingsView struct {
	Person *auth.Principal
	// Roles are the person's, in words.
	Roles    []string
	Zones    []string
	Password Field
	Passkeys []auth.Passkey
	// PasskeysOn says whether this address may have passkeys; OIDC names the
	// provider where there is one.
	PasskeysOn bool
	OIDC       string
	Sessions   []auth.Session
	Others     int
	MayTokens  bool
	Tokens     []tokenRow
	Scopes     []scope
	Days       []int
	TokenName  string
	// Secret is the token that was made just now.
	Secret       string
	TokenProblem string
}

type tokenRow struct {
	auth.Token
	Dead string
}

type scope struct {
	Action  auth.Action
	Label   string
	Checked bool
}

// settingsView gathers everything of the page.
func (s *Server) settingsView(r *http.Request) (*settingsView, error) {
	ctx := r.Context()
	v := &settingsView{
		Person: auth.Of(ctx), Zones: zones(), Password: s.passwordField(r), PasskeysOn: s.Auth.PasskeysOn(),
		MayTokens: s.policy.May(auth.Of(ctx), auth.OwnTokens), Days: tokenDays(),
	}
	for _, role := range v.Person.Roles {
		v.Roles = append(v.Roles, s.roleName(r, role))
	}
	v.OIDC, _ = s.Auth.OIDCName()
	var err error
	if v.Passkeys, err = s.Auth.Passkeys(ctx); err != nil {
		return nil, err
	}
	if v.Sessions, err = s.Auth.Sessions(ctx); err != nil {
		return nil, err
	}
	for _, o := range v.Sessions {
		if !o.Current {
			v.Others++
		}
	}
	if !v.MayTokens {
		return v, nil
	}
	tokens, err := s.Auth.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		row := tokenRow{Token: t}
		switch {
		case !t.Revoked.IsZero():
			row.Dead = s.say(r, "auth.settings.tokens.is.revoked")
		case t.Expires.Before(s.Now()):
			row.Dead = s.say(r, "auth.settings.tokens.is.expired")
		}
		v.Tokens = append(v.Tokens, row)
	}
	for _, a := range s.Auth.TokenScopes(ctx) {
		v.Scopes = append(v.Scopes, scope{Action: a, Label: s.actionName(r, a)})
	}
	return v, nil
}

// actionName names a right in the reader's language.
//
// i18n: auth.action.*
func (s *Server) actionName(r *http.Request, a auth.Action) string {
	return s.say(r, "auth.action."+string(a))
}

// roleName names a role in the reader's language.
//
// i18n: auth.role.*
func (s *Server) roleName(r *http.Request, role auth.Role) string {
	return s.say(r, "auth.role."+string(role))
}

func (s *Server) settings(w http.ResponseWriter, r *http.Request) error {
	v, err := s.settingsView(r)
	if err != nil {
		return err
	}
	return s.showSettings(w, r, 0, v)
}

func (s *Server) showSettings(w http.ResponseWriter, r *http.Request, status int, v *settingsView) error {
	return s.page(w, r, "settings", Page{Title: s.say(r, "auth.settings.title"), Data: v, Status: status, Place: "/settings"})
}

func (s *Server) setPreferences(w http.ResponseWriter, r *http.Request) error {
	err := s.Auth.SetPreferences(r.Context(), r.PostFormValue("lang"), r.PostFormValue("theme"), r.PostFormValue("zone"))
	if errors.Is(err, auth.ErrPreference) {
		return invalid("auth.settings.preference.bad")
	}
	if err != nil {
		return err
	}
	return s.done(w, r, Done{To: "/settings", Key: "auth.settings.saved"})
}

func (s *Server) setPassword(w http.ResponseWriter, r *http.Request) error {
	err := s.Auth.SetPassword(r.Context(), r.PostFormValue("password"))
	if err == nil {
		return s.done(w, r, Done{To: "/settings", Key: "auth.settings.password.done"})
	}
	_, text := s.fieldProblem(r, err)
	if text == "" {
		return err
	}
	v, err := s.settingsView(r)
	if err != nil {
		return err
	}
	v.Password.Error, v.Password.Focus = text, true
	return s.showSettings(w, r, http.StatusUnprocessableEntity, v)
}

func (s *Server) beginPasskey(w http.ResponseWriter, r *http.Request) error {
	options, err := s.Auth.BeginPasskey(r.Context(), auth.PasskeyFor{})
	if errors.Is(err, auth.ErrConfirm) {
		// The script follows: the page that asks, and then back.
		http.Redirect(w, r, "/confirm?next=/settings", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return s.refusedJSON(w, r, err)
	}
	return writeJSON(w, options)
}

func (s *Server) addPasskey(w http.ResponseWriter, r *http.Request) error {
	err := s.Auth.AddPasskey(r.Context(), r.PostFormValue("passkey_name"), []byte(r.PostFormValue("credential")))
	switch {
	case errors.Is(err, auth.ErrName):
		return invalid("auth.name.bad")
	case errors.Is(err, auth.ErrPasskey), errors.Is(err, auth.ErrCeremony), errors.Is(err, auth.ErrPasskeysOff):
		return invalid("auth.settings.passkeys.failed")
	case err != nil:
		return err
	}
	return s.done(w, r, Done{To: "/settings", Key: "auth.settings.passkeys.added"})
}

func (s *Server) removePasskey(w http.ResponseWriter, r *http.Request) error {
	err := s.Auth.RemovePasskey(r.Context(), r.PathValue("id"))
	if errors.Is(err, auth.ErrLastCredential) {
		return invalid("auth.settings.passkeys.last")
	}
	if err != nil {
		return err
	}
	return s.done(w, r, Done{To: "/settings", Key: "auth.settings.passkeys.removed"})
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := s.Auth.RevokeSession(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return s.done(w, r, Done{To: "/settings", Key: "auth.settings.sessions.ended", Args: []any{"count", 1}})
}

func (s *Server) endOtherSessions(w http.ResponseWriter, r *http.Request) error {
	n, err := s.Auth.RevokeOtherSessions(r.Context())
	if err != nil {
		return err
	}
	return s.done(w, r, Done{To: "/settings", Key: "auth.settings.sessions.ended", Args: []any{"count", n}})
}

// makeToken makes a token and shows it, this once.
func (s *Server) makeToken(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return invalid("auth.settings.tokens.bad")
	}
	var scopes []auth.Action
	chosen := map[auth.Action]bool{}
	for _, a := range r.PostForm["scope"] {
		scopes = append(scopes, auth.Action(a))
		chosen[auth.Action(a)] = true
	}
	days, _ := strconv.Atoi(r.PostForm.Get("days"))
	name := r.PostForm.Get("name")
	secret, _, err := s.Auth.MakeToken(r.Context(), name, scopes, s.Now().Add(time.Duration(days)*24*time.Hour))
	wrong := errors.Is(err, auth.ErrName) || errors.Is(err, auth.ErrScopes) || errors.Is(err, auth.ErrExpiry)
	if err != nil && !wrong {
		return err
	}
	v, failed := s.settingsView(r)
	if failed != nil {
		return failed
	}
	v.Secret = secret
	if !wrong {
		return s.showSettings(w, r, 0, v)
	}
	v.TokenName, v.TokenProblem = name, s.say(r, "auth.settings.tokens.bad")
	for i := range v.Scopes {
		v.Scopes[i].Checked = chosen[v.Scopes[i].Action]
	}
	return s.showSettings(w, r, http.StatusUnprocessableEntity, v)
}

func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request) error {
	if err := s.Auth.RevokeToken(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return s.done(w, r, Done{To: "/settings", Key: "auth.settings.tokens.revoked"})
}
