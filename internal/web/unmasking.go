package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/poststore"
)

// unmaskingRoutes are the pages of requests to see a name, and of marks.
func (s *Server) unmaskingRoutes() []Route {
	if s.Mandate == nil || s.Posts == nil || s.Findings == nil {
		return nil
	}
	return []Route{
		{Method: "GET", Pattern: "/unmasking", Action: auth.UnmaskRead, Title: "unmasking.title", Handler: s.unmasking},
		{Method: "GET", Pattern: "/unmasking/{id}", Action: auth.UnmaskRead, Handler: s.unmaskingRequest},
		{Method: "POST", Pattern: "/unmasking/{id}/decide", Action: auth.UnmaskApprove, Handler: s.decideUnmasking},
		{Method: "POST", Pattern: "/unmasking/{id}/withdraw", Action: auth.UnmaskRequest, Handler: s.withdrawUnmasking},
		{Method: "POST", Pattern: "/accounts/{alias}/unmasking", Action: auth.UnmaskRequest, Handler: s.askUnmasking},
		{Method: "GET", Pattern: "/marks", Action: auth.PostRead, Title: "unmasking.marks.title", Handler: s.marks},
		{Method: "POST", Pattern: "/accounts/{alias}/mark", Action: auth.AccountMark, Handler: s.markAccount},
		{Method: "POST", Pattern: "/accounts/{alias}/unmark", Action: auth.AccountMark, Handler: s.unmarkAccount},
	}
}

// reasonLeast is how many letters and figures a reason has at least: a few words,
// in Japanese too. reasonMost is how long it is at most.
const (
	reasonLeast = 10
	reasonMost  = 2000
)

// reasonEnough says that a text can be a reason.
func reasonEnough(text string) bool {
	n := 0
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n >= reasonLeast && len([]rune(text)) <= reasonMost
}

// requestRow is a request as pages show it. What people wrote about the account
// is without its names.
type requestRow struct {
	mandate.Request
	Link, Account string
	Standing      mandate.Standing
	// State says where it stands, in words.
	State string
	// Finding is the finding's short name, FindingLink its page; the link is
	// empty where the finding is not there.
	Finding, FindingLink string
	Asker, Decider       string
	Withdrawer           string
	Others               []string
	// Cannot says why the reader cannot decide; empty where nothing speaks
	// against it. MayDecide says that the reader is asked to.
	MayDecide   bool
	Cannot      string
	MayWithdraw bool
}

// Ended is when a grant ended by itself; zero for others.
func (v *requestRow) Ended() time.Time {
	if v.Request.State == mandate.Approved && v.Standing == mandate.Past {
		return v.Until
	}
	return time.Time{}
}

// requestRows shows requests.
func (s *Server) requestRows(r *http.Request, list []mandate.Request) ([]requestRow, error) {
	ctx := r.Context()
	people, err := s.Auth.Colleagues(ctx)
	if err != nil {
		return nil, err
	}
	accounts, err := s.accountsOf(r, list)
	if err != nil {
		return nil, err
	}
	out := make([]requestRow, len(list))
	for i, q := range list {
		a := accounts[poststore.AccountKey(q.Platform, q.AccountID)]
		q.Reason, q.Decision = s.Mandate.Withheld(a, q.Reason), s.Mandate.Withheld(a, q.Decision)
		v := requestRow{
			Request: q, Link: "/unmasking/" + q.ID, Account: "/accounts/" + q.Alias, Standing: q.Standing(s.Now()),
			Finding: q.Finding, Asker: people[q.By].Name, Decider: people[q.DecidedBy].Name, Withdrawer: people[q.WithdrawnBy].Name,
		}
		v.State = s.requestState(r, &v)
		for _, o := range q.For {
			v.Others = append(v.Others, people[o].Name)
		}
		f, err := s.Findings.Get(ctx, q.Finding)
		switch {
		case err == nil:
			v.Finding = f.Short
			if s.may(auth.Of(ctx), http.MethodGet, "/findings/{id}") {
				v.FindingLink = "/findings/" + f.ID
			}
		case !errors.Is(err, casestore.ErrNotFound):
			return nil, fmt.Errorf("reading the finding of a request: %w", err)
		}
		s.setDoable(r, &v)
		out[i] = v
	}
	return out, nil
}

// accountsOf gives the accounts of requests by key: what the store knows of them,
// or their ids.
func (s *Server) accountsOf(r *http.Request, list []mandate.Request) (map[string]mandate.Account, error) {
	out := map[string]mandate.Account{}
	keys := make([]string, 0, len(list))
	for _, q := range list {
		a := mandate.Account{Platform: q.Platform}
		a.ID = q.AccountID
		key := poststore.AccountKey(q.Platform, q.AccountID)
		if _, have := out[key]; !have {
			keys = append(keys, key)
		}
		out[key] = a
	}
	found, err := s.Posts.Accounts(r.Context(), keys)
	if err != nil {
		return nil, fmt.Errorf("reading the accounts of requests: %w", err)
	}
	for i := range found {
		out[found[i].Key] = mandate.Of(&found[i])
	}
	return out, nil
}

// requestState says where a request stands.
//
// i18n: unmasking.state.*
func (s *Server) requestState(r *http.Request, v *requestRow) string {
	key := string(v.Request.State)
	switch {
	case !v.Ended().IsZero():
		key = "ended"
	case v.Request.State == mandate.Withdrawn && !v.Decided.IsZero():
		key = "stopped"
	}
	return s.say(r, "unmasking.state."+key)
}

// setDoable says what the reader may do with a request.
func (s *Server) setDoable(r *http.Request, v *requestRow) {
	p := auth.Of(r.Context())
	if s.may(p, http.MethodPost, "/unmasking/{id}/withdraw") {
		v.MayWithdraw = v.Request.MayWithdraw(p.ID, s.Now())
	}
	if v.Standing != mandate.Waiting {
		return
	}
	switch {
	case v.By == p.ID:
		v.Cannot = s.say(r, "unmasking.cannot.own")
	case slices.Contains(v.For, p.ID):
		v.Cannot = s.say(r, "unmasking.cannot.for")
	case !s.mayDecide(p, &v.Request):
		v.Cannot = s.say(r, "unmasking.cannot.right")
	default:
		v.MayDecide = true
	}
}

// mayDecide asks the policies about one request.
func (s *Server) mayDecide(p *auth.Principal, q *mandate.Request) bool {
	return s.policy.Allow(p, auth.UnmaskApprove, auth.Resource{Kind: "unmasking", ID: q.ID, RequestedBy: q.By})
}

// grantDays is how many days a grant lasts, at least one.
func (s *Server) grantDays() int { return max(1, int(s.Mandate.Grant()/(24*time.Hour))) }

// tab is one of several views of a page.
type tab struct {
	Label, Link string
	Count       int64
	Current     bool
}

// unmaskingView is the list of requests.
type unmaskingView struct {
	Tabs     []tab
	Standing mandate.Standing
	Rows     []requestRow
	Pager    Pager
	Empty    Empty
	Marks    bool
}

// unmasking lists requests of one standing.
func (s *Server) unmasking(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	counts, err := s.Mandate.CountStandings(ctx)
	if err != nil {
		return err
	}
	v := unmaskingView{Standing: mandate.Standing(r.URL.Query().Get("state")), Marks: s.may(auth.Of(ctx), http.MethodGet, "/marks")}
	if !slices.Contains(mandate.Standings, v.Standing) {
		v.Standing = mandate.Waiting
	}
	for _, t := range mandate.Standings {
		// i18n: unmasking.tab.*
		v.Tabs = append(v.Tabs, tab{
			Label: s.say(r, "unmasking.tab."+string(t)), Link: "/unmasking?state=" + string(t), Count: counts[t], Current: t == v.Standing,
		})
	}
	pager, skip := pagerOf(r, counts[v.Standing], pageSize)
	list, err := s.Mandate.Standing(ctx, v.Standing, skip, pageSize)
	if err != nil {
		return err
	}
	if v.Rows, err = s.requestRows(r, list); err != nil {
		return err
	}
	v.Pager = pager
	// i18n: unmasking.empty.*
	v.Empty = Empty{Icon: "eye-off", What: s.say(r, "unmasking.empty."+string(v.Standing)), Why: s.say(r, "unmasking.empty.why")}
	return s.page(w, r, "unmasking", Page{Title: s.say(r, "unmasking.title"), Data: v})
}

// unmaskingDetail is one request.
type unmaskingDetail struct {
	requestRow
	Days    int
	Typed   string
	Problem string
}

// unmaskingRequest shows one request with its history.
func (s *Server) unmaskingRequest(w http.ResponseWriter, r *http.Request) error {
	return s.showRequest(w, r, 0, "", "")
}

func (s *Server) showRequest(w http.ResponseWriter, r *http.Request, status int, typed, problem string) error {
	q, err := s.Mandate.Request(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	rows, err := s.requestRows(r, []mandate.Request{q})
	if err != nil {
		return err
	}
	v := unmaskingDetail{requestRow: rows[0], Days: s.grantDays(), Typed: typed, Problem: problem}
	return s.page(w, r, "unmasking-request", Page{
		Title: s.say(r, "unmasking.request.title"), Data: &v, Place: "/unmasking", Status: status,
	})
}

// decideUnmasking says yes or no. That another person than who asked does so is
// asked of the policies here, and checked by package mandate beside.
func (s *Server) decideUnmasking(w http.ResponseWriter, r *http.Request) error {
	ctx, id := r.Context(), r.PathValue("id")
	p := auth.Of(ctx)
	q, err := s.Mandate.Request(ctx, id)
	if err != nil {
		return err
	}
	if !s.mayDecide(p, &q) || slices.Contains(q.For, p.ID) {
		return &Problem{Status: http.StatusForbidden, Key: "unmasking.second", Err: mandate.ErrSecondPerson}
	}
	why := strings.TrimSpace(r.PostFormValue("reason"))
	decision := r.PostFormValue("decision")
	switch {
	case decision != "yes" && decision != "no":
		return invalid("unmasking.decide.which")
	case decision == "no" && !reasonEnough(why):
		return s.showRequest(w, r, http.StatusUnprocessableEntity, why, s.say(r, "unmasking.decide.why"))
	case len([]rune(why)) > reasonMost:
		return s.showRequest(w, r, http.StatusUnprocessableEntity, why, s.say(r, "unmasking.reason.long", "most", reasonMost))
	}
	if _, err = s.Mandate.DecideUnmasking(ctx, p, id, decision == "yes", why); err != nil {
		return unmaskingProblem(err)
	}
	key := "unmasking.refused"
	if decision == "yes" {
		key = "unmasking.approved"
	}
	return s.done(w, r, Done{To: "/unmasking/" + id, Key: key})
}

// unmaskingProblem says how the errors of package mandate are answered.
func unmaskingProblem(err error) error {
	switch {
	case errors.Is(err, mandate.ErrSecondPerson):
		return &Problem{Status: http.StatusForbidden, Key: "unmasking.second", Err: err}
	case errors.Is(err, mandate.ErrPerson):
		return &Problem{Status: http.StatusForbidden, Key: "unmasking.person", Err: err}
	case errors.Is(err, mandate.ErrState):
		return &Problem{Status: http.StatusConflict, Key: "unmasking.past", Err: err}
	}
	return err
}

// withdrawUnmasking takes a request back, or ends its grant.
func (s *Server) withdrawUnmasking(w http.ResponseWriter, r *http.Request) error {
	q, err := s.Mandate.WithdrawUnmasking(r.Context(), auth.Of(r.Context()), r.PathValue("id"))
	if err != nil {
		return unmaskingProblem(err)
	}
	to, key := "/unmasking/"+q.ID, "unmasking.withdrawn"
	if !q.Decided.IsZero() {
		key = "unmasking.ended"
	}
	if r.PostFormValue("from") == "account" {
		to = "/accounts/" + q.Alias
	}
	return s.done(w, r, Done{To: to, Key: key})
}
