package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/poststore"
)

// namesTyped is what somebody typed into a form about an account's name, and what
// is wrong with it.
type namesTyped struct {
	Finding, Other, Reason string
	For                    []string
	AskProblem             string

	Class, MarkReason, Source string
	MarkProblem               string

	Why, UnmarkProblem string
}

// accountNames is the part of an account's page about its name: requests to see
// it, and marks.
type accountNames struct {
	namesTyped
	Alias string
	// Named says that the reader sees the name, Public that everybody does.
	Named, Public bool
	Shown         mandate.Shown
	// Requests are those that wait or hold, and the newest of the past.
	Requests []requestRow
	// MayAsk says that the form is shown; Asked that the reader's own request
	// waits.
	MayAsk, Asked bool
	Days          int
	Findings      []Choice
	People        []personChoice
	// Marks is the history, the newest first; Mark is the one that holds.
	Marks   []markRow
	Mark    *markRow
	MayMark bool
	Classes []Choice
}

// personChoice is a colleague who can be named in a request.
type personChoice struct {
	ID, Name string
	Checked  bool
}

// requestsShown is how many past requests an account's page shows.
const requestsShown = 5

// namesPart gathers the part; nil where the pages of names are not there or
// the reader has nothing to do with them.
func (s *Server) namesPart(r *http.Request, a *poststore.Account, shown mandate.Shown, typed namesTyped) (*accountNames, error) {
	ctx := r.Context()
	p := auth.Of(ctx)
	if !s.may(p, http.MethodGet, "/marks") {
		return nil, nil //nolint:nilnil // there is no such part
	}
	v := &accountNames{
		namesTyped: typed, Alias: shown.Alias, Named: shown.Named, Public: shown.Named && shown.Class != mandate.Unmasked,
		Shown: shown, MayMark: s.may(p, http.MethodPost, "/accounts/{alias}/mark"), Days: s.grantDays(),
	}
	if err := s.addMarks(r, a, v); err != nil {
		return nil, err
	}
	if !s.may(p, http.MethodGet, "/unmasking") {
		return v, nil
	}
	list, err := s.Mandate.RequestsFor(ctx, shown.Alias)
	if err != nil {
		return nil, err
	}
	past := 0
	list = slices.DeleteFunc(list, func(q mandate.Request) bool {
		if q.State == mandate.Open && q.By == p.ID {
			v.Asked = true
		}
		if q.Standing(s.Now()) == mandate.Past {
			past++
			return past > requestsShown
		}
		return false
	})
	if v.Requests, err = s.requestRows(r, list); err != nil {
		return nil, err
	}
	v.MayAsk = !v.Named && !v.Asked && s.may(p, http.MethodPost, "/accounts/{alias}/unmasking")
	if v.MayAsk {
		return v, s.addChoices(r, a, v)
	}
	return v, nil
}

// addChoices adds the findings and people that the form offers.
func (s *Server) addChoices(r *http.Request, a *poststore.Account, v *accountNames) error {
	ctx := r.Context()
	holding, err := s.Findings.Holding(ctx, a.Key)
	if err != nil {
		return fmt.Errorf("reading the findings of the account: %w", err)
	}
	if v.Finding == "" {
		v.Finding = r.URL.Query().Get("finding")
	}
	for _, f := range holding {
		v.Findings = append(v.Findings, Choice{
			Value: f.ID, Main: v.Finding == f.ID || v.Finding == f.Short,
			Label: s.say(r, "unmasking.ask.finding.of", "short", f.Short, "count", f.Accounts),
		})
	}
	people, err := s.Auth.Colleagues(ctx)
	if err != nil {
		return err
	}
	for id, c := range people {
		if id != auth.Of(ctx).ID {
			v.People = append(v.People, personChoice{ID: id, Name: c.Name, Checked: slices.Contains(v.For, id)})
		}
	}
	slices.SortFunc(v.People, func(a, b personChoice) int {
		return strings.Compare(a.Name+"\x00"+a.ID, b.Name+"\x00"+b.ID)
	})
	return nil
}

// accountOf finds the account of the address.
func (s *Server) accountOf(r *http.Request) (poststore.Account, error) {
	alias, err := mandate.ParseAlias(r.PathValue("alias"))
	if err != nil {
		return poststore.Account{}, poststore.ErrNotFound
	}
	a, err := s.Posts.AccountByAlias(r.Context(), alias)
	if err != nil {
		return a, fmt.Errorf("finding the account: %w", err)
	}
	return a, nil
}

// askUnmasking asks to see the name of an account.
func (s *Server) askUnmasking(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, err := s.accountOf(r)
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return invalid("unmasking.ask.form")
	}
	typed := namesTyped{
		Finding: r.PostForm.Get("finding"), Other: strings.TrimSpace(r.PostForm.Get("other")),
		Reason: strings.TrimSpace(r.PostForm.Get("reason")), For: r.PostForm["for"],
	}
	wrong := func(key string, args ...any) error {
		typed.AskProblem = s.say(r, key, args...)
		return s.showAccount(w, r, http.StatusUnprocessableEntity, typed)
	}
	name := typed.Other
	if name == "" {
		name = typed.Finding
	}
	people, err := s.Auth.Colleagues(ctx)
	if err != nil {
		return err
	}
	for _, id := range typed.For {
		if _, there := people[id]; !there {
			return wrong("unmasking.ask.people")
		}
	}
	if !reasonEnough(typed.Reason) {
		return wrong("unmasking.ask.reason.wrong")
	}
	f, err := s.Findings.Get(ctx, name)
	if errors.Is(err, casestore.ErrNotFound) {
		return wrong("unmasking.ask.finding.wrong")
	}
	if err != nil {
		return fmt.Errorf("reading the finding: %w", err)
	}
	q, err := s.Mandate.RequestUnmasking(ctx, auth.Of(ctx), mandate.Of(&a), f.ID, typed.Reason, typed.For...)
	if errors.Is(err, casestore.ErrConflict) {
		return wrong("unmasking.ask.twice")
	}
	if err != nil {
		return unmaskingProblem(err)
	}
	return s.done(w, r, Done{To: "/accounts/" + q.Alias, Key: "unmasking.asked", Undo: "/unmasking/" + q.ID + "/withdraw", Fields: map[string]string{"from": "account"}})
}
