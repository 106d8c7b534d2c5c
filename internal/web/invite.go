package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/akashi-project/akashi/internal/auth"
)

// inviteView is the form for a new person, or, once they are made, their link.
type inviteView struct {
	Login, Name Field
	Roles       []roleChoice
	Lang        string
	Problem     string
	New         *newLink
	Link        string
}

func (s *Server) inviteView(r *http.Request, n auth.NewPerson) *inviteView {
	return &inviteView{
		Name:  Field{ID: "invite-name", Name: "name", Label: s.say(r, "people.column.name"), Help: s.say(r, "people.invite.name.help"), Type: "text", Value: n.Name, Complete: "off", Needed: true, Longest: 80},
		Login: Field{ID: "invite-login", Name: "login", Label: s.say(r, "people.column.login"), Help: s.say(r, "people.invite.login.help"), Type: "text", Value: n.Login, Complete: "off", Needed: true, Longest: 64},
		Roles: s.roleChoices(r, n.Roles...), Lang: n.Lang,
	}
}

// newPersonPage shows the form. Who must first confirm who they are does so before
// anything is typed.
func (s *Server) newPersonPage(w http.ResponseWriter, r *http.Request) error {
	if !s.Auth.Confirmed(r.Context()) {
		http.Redirect(w, r, "/confirm?"+url.Values{"next": {"/people/invite"}}.Encode(), http.StatusSeeOther)
		return nil
	}
	return s.showNewPerson(w, r, 0, s.inviteView(r, auth.NewPerson{Lang: s.Lang}))
}

func (s *Server) showNewPerson(w http.ResponseWriter, r *http.Request, status int, v *inviteView) error {
	return s.page(w, r, "people-invite", Page{Title: s.say(r, "people.invite.title"), Data: v, Status: status, Place: "/people"})
}

// newPerson makes a person and shows the link on which they begin, this once: it is
// kept nowhere but as a hash.
func (s *Server) newPerson(w http.ResponseWriter, r *http.Request) error {
	n := auth.NewPerson{Login: r.PostFormValue("login"), Name: r.PostFormValue("name"), Roles: rolesOf(r), Lang: r.PostFormValue("lang")}
	v := s.inviteView(r, n)
	p, path, err := s.Auth.Invite(r.Context(), n)
	switch {
	case err == nil:
		v.New, v.Link = s.newLinkOf(r, p, path), "/people/"+url.PathEscape(p.ID)
		return s.showNewPerson(w, r, 0, v)
	case errors.Is(err, auth.ErrPreference):
		return invalid("auth.settings.preference.bad")
	}
	field, text := s.fieldProblem(r, err)
	switch field {
	case "login":
		v.Login.Error, v.Login.Focus = text, true
	case "name":
		v.Name.Error, v.Name.Focus = text, true
	default:
		if v.Problem = s.refusal(r, err); v.Problem == "" {
			return err
		}
	}
	return s.showNewPerson(w, r, http.StatusUnprocessableEntity, v)
}
