package web

import (
	"net/http"

	"github.com/akashi-project/akashi/internal/auth"
)

// rightsView is the table of who may do what.
type rightsView struct {
	Roles []roleChoice
	Rows  []rightsRow
}

type rightsRow struct {
	Action auth.Action
	Name   string
	Cells  []rightsCell
}

// rightsCell is "yes", "no", or "if" where it hangs on the thing itself.
type rightsCell struct{ Role, Value string }

// rightsPage shows what each role may do, as the policies answer.
func (s *Server) rightsPage(w http.ResponseWriter, r *http.Request) error {
	v := rightsView{Roles: s.roleChoices(r)}
	for _, a := range auth.Actions {
		row := rightsRow{Action: a, Name: s.actionName(r, a)}
		for _, role := range v.Roles {
			row.Cells = append(row.Cells, rightsCell{role.Name, rightOf(s.policy, role.Value, a)})
		}
		v.Rows = append(v.Rows, row)
	}
	return s.page(w, r, "people-rights", Page{Title: s.say(r, "people.rights.title"), Data: v, Wide: true, Place: "/people"})
}

// rightOf asks the policies twice: for a thing of which nothing is known, and
// for one of which everything holds that could be asked for.
func rightOf(y *auth.Policy, role auth.Role, a auth.Action) string {
	p := &auth.Principal{ID: "reader", Roles: []auth.Role{role}}
	bare := y.Allow(p, a, auth.Resource{Kind: "thing", ID: "one"})
	best := y.Allow(p, a, auth.Resource{Kind: "thing", ID: "one", Owner: p.ID, RequestedBy: "colleague", Unmasked: true})
	switch {
	case bare && best && y.May(p, a):
		return "yes"
	case best:
		return "if"
	}
	return "no"
}
