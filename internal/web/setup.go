package web

import (
	"errors"
	"net/http"

	"github.com/akashi-project/akashi/internal/auth"
)

// linkView is what the pages of links that work once see.
type linkView struct {
	Token    string
	Lead     string
	Problem  string
	Fields   []Field
	Passkeys bool
	OIDC     string
	All      bool
}

// minPassword is what the help beside a new password says: the service tells the
// least number of characters when asked about none.
func (s *Server) minPassword() int {
	if p, ok := errors.AsType[*auth.PasswordError](s.Auth.CheckPassword("", "", "")); ok {
		return p.Least
	}
	return 0
}

// passwordField asks for a new password.
func (s *Server) passwordField(r *http.Request) Field {
	return Field{
		ID: "new-password", Name: "password", Type: "password", Label: s.say(r, "auth.password.new"), Complete: "new-password",
		Help: s.say(r, "auth.password.help", "least", s.minPassword()), Needed: true,
	}
}

// setupPage makes the first administrator.
func (s *Server) setupPage(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	if l, err := s.Auth.CheckLink(r.Context(), token); err != nil || l.Kind != auth.LinkSetup {
		return s.badLink(w, r, err)
	}
	return s.showSetup(w, r, 0, token, nil)
}

func (s *Server) showSetup(w http.ResponseWriter, r *http.Request, status int, token string, wrong error) error {
	v := linkView{Token: token, Passkeys: s.Auth.PasskeysOn(), All: r.PostFormValue("all") != "", Fields: []Field{
		{
			ID: "login", Name: "login", Type: "text", Label: s.say(r, "auth.login.login"), Help: s.say(r, "auth.setup.login.help"),
			Complete: "username", Needed: true, Focus: true, Longest: 64, Value: r.PostFormValue("login"),
		},
		{
			ID: "name", Name: "name", Type: "text", Label: s.say(r, "auth.setup.name"), Help: s.say(r, "auth.setup.name.help"),
			Complete: "name", Needed: true, Longest: 80, Value: r.PostFormValue("name"),
		},
		s.passwordField(r),
	}}
	if wrong != nil && !s.atField(r, v.Fields, wrong) {
		if _, v.Problem = s.loginProblem(r, wrong); v.Problem == "" {
			return wrong
		}
	}
	return s.page(w, r, "setup", Page{Title: s.say(r, "auth.setup.title"), Data: v, Plain: true, Status: status})
}

// atField puts the sentence for an error at its field; false where it has none.
func (s *Server) atField(r *http.Request, fields []Field, err error) bool {
	name, text := s.fieldProblem(r, err)
	for i := range fields {
		if fields[i].Name == name {
			fields[i].Error = text
			return true
		}
	}
	return false
}

// fieldProblem says which field an error is about, and what is wrong there.
func (s *Server) fieldProblem(r *http.Request, err error) (field, text string) {
	var p *auth.PasswordError
	switch {
	case errors.As(err, &p):
		switch p.Reason {
		case "short":
			return "password", s.say(r, "auth.password.short", "least", p.Least)
		case "long":
			return "password", s.say(r, "auth.password.long", "most", p.Most)
		case "login":
			return "password", s.say(r, "auth.password.login")
		}
		return "password", s.say(r, "auth.password.common")
	case errors.Is(err, auth.ErrNoCredential):
		return "password", s.say(r, "auth.credential.none")
	case errors.Is(err, auth.ErrLoginTaken):
		return "login", s.say(r, "auth.name.login.taken")
	case errors.Is(err, auth.ErrLogin):
		return "login", s.say(r, "auth.name.login.bad")
	case errors.Is(err, auth.ErrName):
		return "name", s.say(r, "auth.name.bad")
	}
	return "", ""
}

// credentialOf gives what somebody chose to sign in with.
func credentialOf(r *http.Request) auth.Credential {
	c := auth.Credential{Password: r.PostFormValue("password")}
	if k := r.PostFormValue("credential"); k != "" {
		c = auth.Credential{Passkey: []byte(k), PasskeyName: r.PostFormValue("passkey_name")}
	}
	return c
}

func (s *Server) setup(w http.ResponseWriter, r *http.Request) error {
	n := auth.NewPerson{
		Login: r.PostFormValue("login"), Name: r.PostFormValue("name"), Lang: s.langOf(r),
		Roles: []auth.Role{auth.Administrator},
	}
	if r.PostFormValue("all") != "" {
		n.Roles = append(n.Roles, auth.Lead, auth.Analyst)
	}
	token := r.PostFormValue("token")
	if _, err := s.Auth.FinishSetup(r.Context(), token, n, credentialOf(r)); err != nil {
		if errors.Is(err, auth.ErrNoLink) {
			return s.badLink(w, r, err)
		}
		return s.showSetup(w, r, http.StatusUnprocessableEntity, token, err)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// badLink answers for a link that does not work.
func (s *Server) badLink(_ http.ResponseWriter, _ *http.Request, err error) error {
	if err == nil || errors.Is(err, auth.ErrNoLink) {
		return &Problem{Status: http.StatusGone, Key: "auth.link.bad", Err: err}
	}
	return err
}

// invitePage has somebody who was invited, or got a new link, choose how to
// sign in.
func (s *Server) invitePage(w http.ResponseWriter, r *http.Request) error {
	return s.showInvite(w, r, 0, r.URL.Query().Get("token"), nil)
}

func (s *Server) showInvite(w http.ResponseWriter, r *http.Request, status int, token string, wrong error) error {
	l, err := s.Auth.CheckLink(r.Context(), token)
	if err != nil || l.Kind != auth.LinkInvite && l.Kind != auth.LinkRenew {
		return s.badLink(w, r, err)
	}
	v := linkView{Token: token, Passkeys: s.Auth.PasskeysOn(), Lead: s.say(r, "auth.invite.lead", "name", l.Name), Fields: []Field{s.passwordField(r)}}
	if l.Kind == auth.LinkRenew {
		v.Lead = s.say(r, "auth.invite.renew", "name", l.Name)
	}
	v.OIDC, _ = s.Auth.OIDCName()
	v.Fields[0].Focus = true
	if wrong != nil && !s.atField(r, v.Fields, wrong) {
		if _, v.Problem = s.loginProblem(r, wrong); v.Problem == "" {
			return wrong
		}
	}
	return s.page(w, r, "invite", Page{Title: s.say(r, "auth.invite.title"), Data: v, Plain: true, Status: status})
}

func (s *Server) invite(w http.ResponseWriter, r *http.Request) error {
	token := r.PostFormValue("token")
	if _, err := s.Auth.AcceptLink(r.Context(), token, credentialOf(r)); err != nil {
		return s.showInvite(w, r, http.StatusUnprocessableEntity, token, err)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// beginLinkPasskey gives the options for a passkey of who holds a link.
func (s *Server) beginLinkPasskey(w http.ResponseWriter, r *http.Request) error {
	options, err := s.Auth.BeginPasskey(r.Context(), auth.PasskeyFor{
		Link: r.PostFormValue("token"), Login: r.PostFormValue("login"), Name: r.PostFormValue("name"),
	})
	if err != nil {
		if _, text := s.fieldProblem(r, err); text != "" {
			err = &Problem{Status: http.StatusUnprocessableEntity, Key: "frame.error.refused", Err: err}
		}
		return s.refusedJSON(w, r, err)
	}
	return writeJSON(w, options)
}

// enterPage signs in by a link that a command on this machine gave. It takes a
// click, so that nothing that merely looks at the link uses it up.
func (s *Server) enterPage(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	l, err := s.Auth.CheckLink(r.Context(), token)
	if err != nil || l.Kind != auth.LinkOnce {
		return s.badLink(w, r, err)
	}
	v := linkView{Token: token, Lead: s.say(r, "auth.enter.lead", "name", l.Name)}
	return s.page(w, r, "enter", Page{Title: s.say(r, "auth.enter.title"), Data: v, Plain: true})
}

func (s *Server) enter(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.Auth.EnterOnce(r.Context(), r.PostFormValue("token")); err != nil {
		return s.badLink(w, r, err)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
