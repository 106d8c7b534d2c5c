package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
)

// peopleRoutes are the pages on who has an account and what they may do.
func (s *Server) peopleRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/people", Action: auth.PeopleRead, Title: "people.title", Handler: s.peoplePage},
		{Method: "GET", Pattern: "/people/roles", Action: auth.PeopleRead, Title: "people.rights.title", Handler: s.rightsPage},
		{Method: "GET", Pattern: "/people/invite", Action: auth.PeopleEdit, Title: "people.invite.title", Handler: s.newPersonPage},
		{Method: "POST", Pattern: "/people/invite", Action: auth.PeopleEdit, Handler: s.newPerson},
		{Method: "GET", Pattern: "/people/{id}", Action: auth.PeopleRead, Handler: s.personPage},
		{Method: "POST", Pattern: "/people/{id}/roles", Action: auth.PeopleEdit, Handler: s.setRoles},
		{Method: "POST", Pattern: "/people/{id}/name", Action: auth.PeopleEdit, Handler: s.renamePerson},
		{Method: "POST", Pattern: "/people/{id}/link", Action: auth.PeopleEdit, Handler: s.renewLink},
		{Method: "POST", Pattern: "/people/{id}/sessions", Action: auth.PeopleEdit, Handler: s.endSessionsOf},
		{Method: "POST", Pattern: "/people/{id}/tokens", Action: auth.PeopleEdit, Handler: s.revokeTokensOf},
		{Method: "POST", Pattern: "/people/{id}/disable", Action: auth.PeopleEdit, Handler: s.disablePerson},
		{Method: "POST", Pattern: "/people/{id}/enable", Action: auth.PeopleEdit, Handler: s.enablePerson},
	}
}

// The states of an account: who was never here waits with an invitation, or it
// has expired.
const (
	stateActive   = "active"
	stateInvited  = "invited"
	stateExpired  = "expired"
	stateDisabled = "disabled"
)

// personRow is a person as the table and their own page show them.
type personRow struct {
	auth.Person
	Roles []string
	State string
	Link  string
}

// personOf puts a person into words.
func (s *Server) personOf(r *http.Request, p auth.Person) personRow {
	out := personRow{Person: p, State: stateActive, Link: "/people/" + url.PathEscape(p.ID)}
	for _, role := range p.Roles {
		out.Roles = append(out.Roles, s.roleName(r, role))
	}
	switch {
	case p.Disabled:
		out.State = stateDisabled
	case p.Seen.IsZero() && !p.LinkUntil.IsZero():
		out.State = stateInvited
	case p.Seen.IsZero() && !p.Password && p.Passkeys == 0 && !p.External:
		out.State = stateExpired
	}
	return out
}

// peopleView is the table of people.
type peopleView struct {
	Table     Table
	Rows      []personRow
	All       int
	Query     string
	Roles     []roleChoice
	States    []Choice
	MayInvite bool
	Empty     Empty
}

// roleChoice is a role to choose, with what it may do.
type roleChoice struct {
	Value       auth.Role
	Name, About string
	Chosen      bool
}

// roleChoices gives all roles.
//
// i18n: people.about.*
func (s *Server) roleChoices(r *http.Request, chosen ...auth.Role) []roleChoice {
	var out []roleChoice
	for _, role := range auth.Roles {
		out = append(out, roleChoice{role, s.roleName(r, role), s.say(r, "people.about."+string(role)), slices.Contains(chosen, role)})
	}
	return out
}

// peoplePage lists who has an account.
//
// i18n: people.state.*
func (s *Server) peoplePage(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Auth.ListPeople(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := peopleView{
		All: len(all), Query: q.Get("q"), Roles: s.roleChoices(r, auth.Role(q.Get("role"))),
		MayInvite: s.may(auth.Of(r.Context()), http.MethodGet, "/people/invite"),
		Empty:     Empty{Icon: "users", What: s.say(r, "people.none"), Why: s.say(r, "people.none.why"), Link: "/people", Next: s.say(r, "people.none.next")},
	}
	for _, state := range []string{stateActive, stateInvited, stateExpired, stateDisabled} {
		v.States = append(v.States, Choice{Value: state, Label: s.say(r, "people.state."+state), Main: state == q.Get("state")})
	}
	for _, p := range all {
		row := s.personOf(r, p)
		role, state := q.Get("role"), q.Get("state")
		if holds(p.Name+"\n"+p.Login, v.Query) && (role == "" || slices.Contains(p.Roles, auth.Role(role))) && (state == "" || state == row.State) {
			v.Rows = append(v.Rows, row)
		}
	}
	v.Table = tableOf(r, s.say(r, "people.title"), "login",
		Column{Key: "name", Label: s.say(r, "people.column.name"), Sorts: true},
		Column{Key: "login", Label: s.say(r, "people.column.login"), Sorts: true},
		Column{Key: "roles", Label: s.say(r, "people.column.roles")},
		Column{Key: "lang", Label: s.say(r, "people.column.lang"), Sorts: true},
		Column{Key: "with", Label: s.say(r, "people.column.with")},
		Column{Key: "seen", Label: s.say(r, "people.column.seen"), Sorts: true, Falls: true},
		Column{Key: "state", Label: s.say(r, "people.column.state"), Sorts: true},
	)
	sortPeople(v.Rows, v.Table)
	return s.page(w, r, "people", Page{Title: s.say(r, "people.title"), Data: v, Wide: true})
}

// holds says that text has what was asked for in it, in whatever case.
func holds(text, want string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(strings.TrimSpace(want)))
}

// sortPeople sorts by the table's column, then by login.
func sortPeople(rows []personRow, t Table) {
	slices.SortStableFunc(rows, func(a, b personRow) int {
		var c int
		switch t.Sort {
		case "name":
			c = strings.Compare(a.Name, b.Name)
		case "lang":
			c = strings.Compare(a.Lang, b.Lang)
		case "seen":
			c = a.Seen.Compare(b.Seen)
		case "state":
			c = strings.Compare(a.State, b.State)
		case "login":
			c = strings.Compare(a.Login, b.Login)
		}
		if t.Falling {
			c = -c
		}
		return cmp.Or(c, strings.Compare(a.Login, b.Login))
	})
}

// personView is one person with what can be changed.
type personView struct {
	Row     personRow
	Choices []roleChoice
	MayEdit bool
	// Self says that the reader looks at their own account.
	Self bool
	// Did and Done lead to the lines of the log by and on the person; empty
	// where the reader may not read it.
	Did, Done string
	Name      Field
	Problem   string
	// New is a link that was made just now; it is shown this once.
	New *newLink
}

// newLink is a link that works once, as it is shown the one time.
type newLink struct {
	Name, Address string
	Expires       time.Time
	Renew         bool
}

// linkAge is how long the links of auth.Service.Invite and NewLink are good.
const linkAge = 72 * time.Hour

// newLinkOf gives the whole address of a link: without a public URL the one by
// which the reader came.
func (s *Server) newLinkOf(r *http.Request, p auth.Person, path string) *newLink {
	to := s.Auth.URL(path)
	if strings.HasPrefix(to, "/") {
		to = "http://" + r.Host + to
	}
	return &newLink{Name: p.Name, Address: to, Expires: s.Now().Add(linkAge), Renew: !p.Seen.IsZero()}
}

// person finds a person.
func (s *Server) person(r *http.Request, id string) (auth.Person, error) {
	all, err := s.Auth.ListPeople(r.Context())
	if err != nil {
		return auth.Person{}, err
	}
	i := slices.IndexFunc(all, func(p auth.Person) bool { return p.ID == id })
	if i < 0 {
		return auth.Person{}, casestore.ErrNotFound
	}
	return all[i], nil
}

func (s *Server) personView(r *http.Request) (*personView, error) {
	p, err := s.person(r, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	me := auth.Of(r.Context())
	v := &personView{
		Row: s.personOf(r, p), Choices: s.roleChoices(r, p.Roles...), Self: me.ID == p.ID,
		MayEdit: s.may(me, http.MethodPost, "/people/{id}/roles"),
		Name:    Field{ID: "person-name", Name: "name", Label: s.say(r, "people.column.name"), Type: "text", Value: p.Name, Complete: "off", Needed: true, Longest: 80},
	}
	if s.may(me, http.MethodGet, "/log") {
		v.Did = "/log?" + url.Values{"actor": {"user:" + p.ID}}.Encode()
		v.Done = "/log?" + url.Values{"object": {"user:" + p.ID}}.Encode()
	}
	return v, nil
}

func (s *Server) personPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.personView(r)
	if err != nil {
		return err
	}
	return s.showPerson(w, r, 0, v)
}

func (s *Server) showPerson(w http.ResponseWriter, r *http.Request, status int, v *personView) error {
	return s.page(w, r, "people-person", Page{Title: v.Row.Name, Data: v, Status: status, Place: "/people"})
}

// rolesOf reads the roles that were chosen: boxes, or, to undo, one text with
// commas.
func rolesOf(r *http.Request) []auth.Role {
	_ = r.ParseForm() // a form that cannot be read has no roles, which is refused
	var out []auth.Role
	for _, v := range r.PostForm["role"] {
		for name := range strings.SplitSeq(v, ",") {
			out = append(out, auth.Role(name))
		}
	}
	return out
}

// refusal gives the sentence for what auth refuses; "" for other errors.
func (s *Server) refusal(r *http.Request, err error) string {
	switch {
	case errors.Is(err, auth.ErrRoles):
		return s.say(r, "people.refused.roles")
	case errors.Is(err, auth.ErrAuditorAlone):
		return s.say(r, "people.refused.auditor")
	case errors.Is(err, auth.ErrLastAdministrator):
		return s.say(r, "people.refused.last")
	case errors.Is(err, auth.ErrDisabled):
		return s.say(r, "people.refused.disabled")
	case errors.Is(err, errSelf):
		return s.say(r, "people.refused.self")
	}
	return ""
}

// errSelf says that this is not done to the own account.
var errSelf = errors.New("not to the own account")

// notSelf refuses what people do not do to themselves here.
func notSelf(r *http.Request) error {
	if auth.Of(r.Context()).ID == r.PathValue("id") {
		return errSelf
	}
	return nil
}

// refusedPerson shows the person's page again with why a change was refused.
func (s *Server) refusedPerson(w http.ResponseWriter, r *http.Request, err error, change func(v *personView)) error {
	why := s.refusal(r, err)
	_, field := s.fieldProblem(r, err)
	if why == "" && field == "" {
		return err
	}
	v, failed := s.personView(r)
	if failed != nil {
		return failed
	}
	v.Problem, v.Name.Error = why, field
	if change != nil {
		change(v)
	}
	return s.showPerson(w, r, http.StatusUnprocessableEntity, v)
}

// setRoles gives a person other roles.
func (s *Server) setRoles(w http.ResponseWriter, r *http.Request) error {
	before, err := s.person(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	roles := rolesOf(r)
	if err := s.Auth.SetRoles(r.Context(), before.ID, roles); err != nil {
		return s.refusedPerson(w, r, err, func(v *personView) { v.Choices = s.roleChoices(r, roles...) })
	}
	to, undo := "/people/"+url.PathEscape(before.ID), "/people/"+url.PathEscape(before.ID)+"/roles"
	if me := auth.Of(r.Context()); me.ID == before.ID {
		after := &auth.Principal{ID: me.ID, Roles: roles}
		if !s.policy.May(after, auth.PeopleRead) {
			to = "/"
		}
		if !s.policy.May(after, auth.PeopleEdit) {
			undo = ""
		}
	}
	was := make([]string, len(before.Roles))
	for i, role := range before.Roles {
		was[i] = string(role)
	}
	return s.done(w, r, Done{
		To: to, Key: "people.roles.done", Args: []any{"name", before.Name},
		Undo: undo, Fields: map[string]string{"role": strings.Join(was, ",")},
	})
}

// renamePerson changes how colleagues see a person.
func (s *Server) renamePerson(w http.ResponseWriter, r *http.Request) error {
	before, err := s.person(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	name := r.PostFormValue("name")
	if err := s.Auth.Rename(r.Context(), before.ID, name); err != nil {
		return s.refusedPerson(w, r, err, func(v *personView) { v.Name.Value, v.Name.Focus = name, true })
	}
	to := "/people/" + url.PathEscape(before.ID)
	return s.done(w, r, Done{To: to, Key: "people.name.done", Undo: to + "/name", Fields: map[string]string{"name": before.Name}})
}

// renewLink makes a link for somebody who cannot sign in, and shows it, this
// once.
func (s *Server) renewLink(w http.ResponseWriter, r *http.Request) error {
	path, err := s.Auth.NewLink(r.Context(), r.PathValue("id"))
	if err != nil {
		return s.refusedPerson(w, r, err, nil)
	}
	v, err := s.personView(r)
	if err != nil {
		return err
	}
	v.New = s.newLinkOf(r, v.Row.Person, path)
	return s.showPerson(w, r, 0, v)
}

// endSessionsOf signs somebody out everywhere.
func (s *Server) endSessionsOf(w http.ResponseWriter, r *http.Request) error {
	return s.counted(w, r, "people.sessions.done", s.Auth.EndSessions)
}

// revokeTokensOf revokes somebody's tokens.
func (s *Server) revokeTokensOf(w http.ResponseWriter, r *http.Request) error {
	return s.counted(w, r, "people.tokens.done", s.Auth.RevokeTokens)
}

// counted does something to a person and says to how many things it was done.
//
// i18n: people.sessions.done
// i18n: people.tokens.done
func (s *Server) counted(w http.ResponseWriter, r *http.Request, key string, f func(ctx context.Context, id string) (int, error)) error {
	id := r.PathValue("id")
	err := notSelf(r)
	n := 0
	if err == nil {
		n, err = f(r.Context(), id)
	}
	if err != nil {
		return s.refusedPerson(w, r, err, nil)
	}
	return s.done(w, r, Done{To: "/people/" + url.PathEscape(id), Key: key, Args: []any{"count", n}})
}

// disablePerson lets somebody in no more.
func (s *Server) disablePerson(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	err := notSelf(r)
	if err == nil {
		err = s.Auth.Disable(r.Context(), id)
	}
	if err != nil {
		return s.refusedPerson(w, r, err, nil)
	}
	to := "/people/" + url.PathEscape(id)
	return s.done(w, r, Done{To: to, Key: "people.disable.done", Undo: to + "/enable"})
}

// enablePerson lets somebody in again.
func (s *Server) enablePerson(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if err := s.Auth.Enable(r.Context(), id); err != nil {
		return s.refusedPerson(w, r, err, nil)
	}
	to := "/people/" + url.PathEscape(id)
	return s.done(w, r, Done{To: to, Key: "people.enable.done", Undo: to + "/disable"})
}
