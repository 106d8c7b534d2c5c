package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/akashi-project/akashi/internal/auth"
)

// loginRoutes are the addresses at which people sign in and out.
func (s *Server) loginRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/login", Public: true, Handler: s.loginPage},
		{Method: "POST", Pattern: "/login", Public: true, Handler: s.login},
		{Method: "POST", Pattern: "/login/passkey/begin", Public: true, Handler: s.beginPasskeyLogin},
		{Method: "POST", Pattern: "/login/passkey", Public: true, Handler: s.passkeyLogin},
		{Method: "GET", Pattern: "/login/oidc", Public: true, Handler: s.beginOIDC},
		{Method: "GET", Pattern: auth.CallbackPath, Public: true, Handler: s.finishOIDC},
		{Method: "POST", Pattern: "/logout", Public: true, Handler: s.logout},
		{Method: "GET", Pattern: "/confirm", Action: auth.OwnSettings, Handler: s.confirmPage},
		{Method: "POST", Pattern: "/confirm", Action: auth.OwnSettings, Handler: s.confirm},
		{Method: "GET", Pattern: "/setup", Public: true, Handler: s.setupPage},
		{Method: "POST", Pattern: "/setup", Public: true, Handler: s.setup},
		{Method: "GET", Pattern: "/invite", Public: true, Handler: s.invitePage},
		{Method: "POST", Pattern: "/invite", Public: true, Handler: s.invite},
		{Method: "POST", Pattern: "/invite/passkey/begin", Public: true, Handler: s.beginLinkPasskey},
		{Method: "GET", Pattern: "/enter", Public: true, Handler: s.enterPage},
		{Method: "POST", Pattern: "/enter", Public: true, Handler: s.enter},
	}
}

// loginView is what the pages of signing in see.
type loginView struct {
	Next, Login string
	// Problem says why it did not go.
	Problem string
	// Passkeys and OIDC say which other ways there are; OIDC is the name of
	// the provider.
	Passkeys bool
	OIDC     string
}

func (s *Server) loginView(next string) loginView {
	v := loginView{Next: local(next), Passkeys: s.Auth.PasskeysOn()}
	if name, ok := s.Auth.OIDCName(); ok {
		v.OIDC = name
	}
	return v
}

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) error {
	next := local(r.URL.Query().Get("next"))
	if auth.Of(r.Context()) != nil {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	return s.showLogin(w, r, 0, s.loginView(next))
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request, status int, v loginView) error {
	return s.page(w, r, "login", Page{Title: s.say(r, "auth.login.title"), Data: v, Plain: true, Status: status})
}

// login signs in by password.
func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	_, err := s.Auth.Login(r.Context(), r.PostFormValue("login"), r.PostFormValue("password"))
	return s.entered(w, r, err)
}

// beginPasskeyLogin gives the options for the browser's passkeys.
func (s *Server) beginPasskeyLogin(w http.ResponseWriter, r *http.Request) error {
	options, err := s.Auth.BeginPasskeyLogin(r.Context())
	if err != nil {
		return s.refusedJSON(w, r, err)
	}
	return writeJSON(w, options)
}

// passkeyLogin signs in by passkey, or confirms who it is.
func (s *Server) passkeyLogin(w http.ResponseWriter, r *http.Request) error {
	_, err := s.Auth.FinishPasskeyLogin(r.Context(), []byte(r.PostFormValue("credential")))
	return s.entered(w, r, err)
}

// beginOIDC sends the browser to the provider. It is a GET that changes nothing
// here, as the pages' form-action has no other host.
func (s *Server) beginOIDC(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	to, err := s.Auth.BeginOIDC(r.Context(), auth.OIDCFor{
		Next: local(q.Get("next")), Link: q.Get("token"), Bind: q.Get("bind") == "1" && auth.Of(r.Context()) != nil,
	})
	if err != nil {
		return s.entered(w, r, err)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (s *Server) finishOIDC(w http.ResponseWriter, r *http.Request) error {
	_, next, err := s.Auth.FinishOIDC(r.Context(), r.URL.Query())
	if err != nil {
		return s.entered(w, r, err)
	}
	http.Redirect(w, r, local(next), http.StatusSeeOther)
	return nil
}

// entered goes on after signing in, or shows the login page again with what was
// wrong.
func (s *Server) entered(w http.ResponseWriter, r *http.Request, err error) error {
	next := local(r.FormValue("next"))
	if err == nil {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	status, problem := s.loginProblem(r, err)
	if problem == "" {
		return err
	}
	v := s.loginView(next)
	v.Login, v.Problem = r.PostFormValue("login"), problem
	if auth.Of(r.Context()) != nil {
		return s.showConfirm(w, r, status, v)
	}
	return s.showLogin(w, r, status, v)
}

// loginProblem says what is wrong with an attempt to sign in; "" where it is
// not the attempt that is wrong.
func (s *Server) loginProblem(r *http.Request, err error) (status int, problem string) {
	var slow *auth.SlowDown
	switch {
	case errors.As(err, &slow):
		return http.StatusTooManyRequests, s.say(r, "auth.login.often", "wait", s.duration(s.langOf(r), "frame.dur.", slow.After))
	case errors.Is(err, auth.ErrWrongLogin):
		return http.StatusUnprocessableEntity, s.say(r, "auth.login.wrong")
	case errors.Is(err, auth.ErrDisabled):
		return http.StatusForbidden, s.say(r, "auth.login.disabled")
	case errors.Is(err, auth.ErrPasskey), errors.Is(err, auth.ErrPasskeyUnknown), errors.Is(err, auth.ErrPasskeysOff):
		return http.StatusUnprocessableEntity, s.say(r, "auth.login.passkey.wrong")
	case errors.Is(err, auth.ErrCeremony):
		return http.StatusUnprocessableEntity, s.say(r, "auth.login.ceremony")
	case errors.Is(err, auth.ErrOIDCNoAccount):
		return http.StatusForbidden, s.say(r, "auth.login.oidc.noaccount")
	case errors.Is(err, auth.ErrOIDCNoRoles):
		return http.StatusForbidden, s.say(r, "auth.login.oidc.noroles")
	case errors.Is(err, auth.ErrOIDC), errors.Is(err, auth.ErrOIDCOff):
		return http.StatusBadGateway, s.say(r, "auth.login.oidc.failed")
	case errors.Is(err, auth.ErrNoLink):
		return http.StatusGone, s.say(r, "auth.link.bad")
	case errors.Is(err, auth.ErrNoCredential):
		return http.StatusUnprocessableEntity, s.say(r, "auth.credential.none")
	}
	return 0, ""
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	if err := s.Auth.Logout(r.Context()); err != nil {
		return err
	}
	// The note is for whoever sits there now; it names nobody.
	s.leaveFlash(w, note{Key: "auth.logout.done"})
	http.Redirect(w, r, "/login", http.StatusSeeOther)
	return nil
}

// confirmPage asks somebody who is signed in to show again who they are.
func (s *Server) confirmPage(w http.ResponseWriter, r *http.Request) error {
	return s.showConfirm(w, r, 0, s.loginView(r.URL.Query().Get("next")))
}

func (s *Server) showConfirm(w http.ResponseWriter, r *http.Request, status int, v loginView) error {
	return s.page(w, r, "confirm", Page{Title: s.say(r, "auth.confirm.title"), Data: v, Status: status})
}

func (s *Server) confirm(w http.ResponseWriter, r *http.Request) error {
	return s.entered(w, r, s.Auth.Confirm(r.Context(), r.PostFormValue("password")))
}

// writeJSON answers a script.
func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

// refusedJSON tells a script that it does not go, in a sentence.
func (s *Server) refusedJSON(w http.ResponseWriter, r *http.Request, err error) error {
	status, problem := s.loginProblem(r, err)
	if errors.Is(err, auth.ErrConfirm) {
		status, problem = http.StatusForbidden, s.say(r, "auth.confirm.why")
	}
	if problem == "" {
		return err
	}
	visitOf(r.Context()).refused = err
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(map[string]string{"problem": problem}); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}
