package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/mandate"
)

// mandateRoutes are the pages of the mandates that collections run under.
func (s *Server) mandateRoutes() []Route {
	if s.Collections == nil || s.Watch == nil {
		return nil
	}
	return []Route{
		{Method: "GET", Pattern: "/mandates", Action: auth.MandateRead, Title: "mandates.title", Handler: s.mandatesPage},
		{Method: "GET", Pattern: "/mandates/new", Action: auth.MandateEdit, Title: "mandates.new", Handler: s.newMandatePage},
		{Method: "POST", Pattern: "/mandates/new", Action: auth.MandateEdit, Handler: s.draftMandate},
		{Method: "GET", Pattern: "/mandates/{id}", Action: auth.MandateRead, Handler: s.mandatePage},
		{Method: "GET", Pattern: "/mandates/{id}/edit", Action: auth.MandateEdit, Handler: s.editMandatePage},
		{Method: "POST", Pattern: "/mandates/{id}/edit", Action: auth.MandateEdit, Handler: s.editMandate},
		{Method: "POST", Pattern: "/mandates/{id}/submit", Action: auth.MandateEdit, Handler: s.submitMandate},
		{Method: "POST", Pattern: "/mandates/{id}/decide", Action: auth.MandateApprove, Handler: s.decideMandate},
		{Method: "POST", Pattern: "/mandates/{id}/withdraw", Action: auth.MandateEdit, Handler: s.withdrawMandate},
	}
}

// mandatesPlace is the entry of the rail that these pages belong to.
const mandatesPlace = "/mandates"

// mandateRow is a mandate as pages show it.
type mandateRow struct {
	mandate.Collection
	Link, State, Tone string
	// Days is how many days are left, begun ones counted; 0 where it does
	// not hold.
	Days int
	// Sources is how many live sources run under it, SourcesLink lists them.
	Sources     int
	SourcesLink string
	KindNames   []string
}

// mandateRow puts a mandate into words.
func (s *Server) mandateRow(r *http.Request, c mandate.Collection) mandateRow {
	now := s.Now()
	v := mandateRow{Collection: c, Link: "/mandates/" + c.ID}
	key := string(c.State)
	switch {
	case c.Holds(now):
		key, v.Tone = "holds", "good"
		v.Days = int((c.End.Sub(now) + 24*time.Hour - 1) / (24 * time.Hour))
	case c.State == mandate.CollectionApproved && now.Before(c.Start):
		key = "ahead"
	case c.State == mandate.CollectionApproved:
		key = "over"
	case c.State == mandate.CollectionSubmitted:
		v.Tone = "warn"
	}
	// i18n: mandates.state.*
	v.State = s.say(r, "mandates.state."+key)
	for _, k := range c.Kinds {
		v.KindNames = append(v.KindNames, s.kindName(r, k))
	}
	return v
}

// mandatesView is the list of mandates.
type mandatesView struct {
	MayEdit bool
	Rows    []mandateRow
	Pager   Pager
	Empty   Empty
}

func (s *Server) mandatesPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	all, err := s.Collections.List(ctx)
	if err != nil {
		return err
	}
	sources, err := s.Watch.List(ctx)
	if err != nil {
		return err
	}
	under := map[string]int{}
	for i := range sources {
		under[sources[i].Mandate]++
	}
	v := mandatesView{
		MayEdit: s.policy.May(auth.Of(ctx), auth.MandateEdit),
		Empty:   Empty{Icon: "file-check-2", What: s.say(r, "mandates.empty"), Why: s.say(r, "mandates.empty.why")},
	}
	if v.MayEdit {
		v.Empty.Link, v.Empty.Next = "/mandates/new", s.say(r, "mandates.new")
	}
	var skip int
	v.Pager, skip = pagerOf(r, int64(len(all)), pageSize)
	for _, c := range all[skip:min(skip+pageSize, len(all))] {
		row := s.mandateRow(r, c)
		row.Sources = under[c.ID]
		row.SourcesLink = s.liveUnder(r, c.ID)
		v.Rows = append(v.Rows, row)
	}
	return s.page(w, r, "mandates", Page{Title: s.say(r, "mandates.title"), Data: &v, Wide: true})
}

// liveUnder is the address of the sources of a mandate; empty for readers who
// may not see sources.
func (s *Server) liveUnder(r *http.Request, id string) string {
	if !s.may(auth.Of(r.Context()), http.MethodGet, "/sources/live") {
		return ""
	}
	return "/sources/live?mandate=" + id
}

// mandateView is one mandate with its history and what the reader may do.
type mandateView struct {
	mandateRow
	Writers                       []string
	Creator, Submitter, Decider   string
	Withdrawer                    string
	MayEdit, MaySubmit, MayDecide bool
	MayWithdraw                   bool
	// Cannot says why the reader cannot decide.
	Cannot string
	// Typed and Problem are of the form that was sent last: "decide" or
	// "withdraw".
	Typed, Problem, Form string
	// Last is the last day on which it holds.
	Last time.Time
}

func (s *Server) mandatePage(w http.ResponseWriter, r *http.Request) error {
	return s.showMandate(w, r, "", "", "")
}

// showMandate shows a mandate, with what is wrong in one of its forms.
func (s *Server) showMandate(w http.ResponseWriter, r *http.Request, form, typed, problem string) error {
	ctx := r.Context()
	c, err := s.Collections.Collection(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	people, err := s.Auth.Colleagues(ctx)
	if err != nil {
		return err
	}
	p := auth.Of(ctx)
	v := mandateView{
		mandateRow: s.mandateRow(r, c), Creator: people[c.CreatedBy].Name, Submitter: people[c.SubmittedBy].Name,
		Decider: people[c.DecidedBy].Name, Withdrawer: people[c.WithdrawnBy].Name, Typed: typed, Problem: problem, Form: form,
		Last: c.End.Add(-time.Microsecond),
	}
	for _, id := range c.Authors {
		v.Writers = append(v.Writers, people[id].Name)
	}
	sources, err := s.Watch.List(ctx)
	if err != nil {
		return err
	}
	for i := range sources {
		if sources[i].Mandate == c.ID {
			v.Sources++
		}
	}
	v.SourcesLink = s.liveUnder(r, c.ID)
	if edits := s.policy.May(p, auth.MandateEdit); edits {
		v.MaySubmit = c.State == mandate.CollectionDraft
		v.MayWithdraw = c.State != mandate.CollectionWithdrawn
		v.MayEdit = v.MayWithdraw && c.State != mandate.CollectionApproved
	}
	if c.State == mandate.CollectionSubmitted {
		switch {
		case !s.policy.May(p, auth.MandateApprove):
			v.Cannot = s.say(r, "mandates.cannot.right")
		case slices.Contains(c.Authors, p.ID):
			v.Cannot = s.say(r, "mandates.cannot.own")
		default:
			v.MayDecide = true
		}
	}
	status := 0
	if problem != "" {
		status = http.StatusUnprocessableEntity
	}
	return s.page(w, r, "mandates-one", Page{Title: c.Title, Data: &v, Place: mandatesPlace, Status: status})
}

// mandateForm is what people write of a mandate.
type mandateForm struct {
	Action, Back              string
	Version                   int64
	Title, Purpose, Topics    string
	LegalBasis                string
	Start, End, Retention     string
	Kinds                     []mandateKind
	Problem                   string
	TitleError, PurposeError  string
	TopicsError, LegalError   string
	KindsError, StartError    string
	EndError, RetentionError  string
	MaxRetention, DefaultDays int
}

// mandateKind is a kind of source that may be ticked.
type mandateKind struct {
	Value, Label, About string
	Checked             bool
}

func (s *Server) newMandatePage(w http.ResponseWriter, r *http.Request) error {
	now := s.Now().In(s.zone(r))
	f := &mandateForm{
		Action: "/mandates/new", Back: "/mandates", Start: now.Format(time.DateOnly), End: now.AddDate(0, 3, 0).Format(time.DateOnly),
		Retention: strconv.Itoa(mandate.DefaultRetention), Kinds: s.mandateKinds(r, nil),
	}
	return s.showMandateForm(w, r, f, 0)
}

func (s *Server) editMandatePage(w http.ResponseWriter, r *http.Request) error {
	c, err := s.Collections.Collection(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	zone := s.zone(r)
	f := &mandateForm{
		Action: "/mandates/" + c.ID + "/edit", Back: "/mandates/" + c.ID, Version: c.Version, Title: c.Title, Purpose: c.Purpose,
		Topics: strings.Join(c.Topics, "\n"), LegalBasis: c.LegalBasis, Start: c.Start.In(zone).Format(time.DateOnly),
		End: c.End.Add(-time.Microsecond).In(zone).Format(time.DateOnly), Retention: strconv.Itoa(c.Retention), Kinds: s.mandateKinds(r, c.Kinds),
	}
	return s.showMandateForm(w, r, f, 0)
}

// mandateKinds are the kinds that the program has, and those that a mandate
// names beyond them.
func (s *Server) mandateKinds(r *http.Request, checked []string) []mandateKind {
	var out []mandateKind
	names := make([]string, 0, len(checked))
	for _, k := range s.Watch.Kinds() {
		names = append(names, k.Name)
	}
	for _, k := range checked {
		if !slices.Contains(names, k) {
			names = append(names, k)
		}
	}
	for _, k := range names {
		out = append(out, mandateKind{Value: k, Label: s.kindName(r, k), About: s.kindAbout(r, k), Checked: slices.Contains(checked, k)})
	}
	return out
}

func (s *Server) showMandateForm(w http.ResponseWriter, r *http.Request, f *mandateForm, status int) error {
	f.MaxRetention, f.DefaultDays = mandate.MaxRetention, mandate.DefaultRetention
	title := s.say(r, "mandates.new")
	if f.Version > 0 {
		title = s.say(r, "mandates.edit")
	}
	return s.page(w, r, "mandates-form", Page{Title: title, Data: f, Place: mandatesPlace, Status: status})
}

// zone is the reader's zone: a mandate's days are theirs.
func (s *Server) zone(r *http.Request) *time.Location {
	z, err := time.LoadLocation(zoneOf(r))
	if err != nil {
		return time.UTC
	}
	return z
}

// mandateText reads the form, and says at each field what is wrong with it.
func (s *Server) mandateText(r *http.Request) (mandate.CollectionText, *mandateForm, bool) {
	f := &mandateForm{
		Title: r.FormValue("title"), Purpose: r.FormValue("purpose"), Topics: r.FormValue("topics"), LegalBasis: r.FormValue("legal_basis"),
		Start: r.FormValue("start"), End: r.FormValue("end"), Retention: strings.TrimSpace(r.FormValue("retention")),
		Kinds: s.mandateKinds(r, r.Form["kind"]),
	}
	f.Version, _ = strconv.ParseInt(r.FormValue("version"), 10, 64) // a wrong one is no version
	text := mandate.CollectionText{
		Title: f.Title, Purpose: f.Purpose, Topics: strings.Split(f.Topics, "\n"), LegalBasis: f.LegalBasis, Kinds: r.Form["kind"],
	}
	ok := true
	wrong := func(at *string, key string, args ...any) {
		*at, ok = s.say(r, key, args...), false
	}
	for at, v := range map[*string]string{&f.TitleError: f.Title, &f.PurposeError: f.Purpose, &f.TopicsError: f.Topics, &f.LegalError: f.LegalBasis} {
		switch {
		case strings.TrimSpace(v) == "":
			wrong(at, "mandates.wrong.needed")
		case len(v) > 4000:
			wrong(at, "mandates.wrong.long")
		}
	}
	if len(text.Kinds) == 0 {
		wrong(&f.KindsError, "mandates.wrong.kinds")
	}
	var err error
	if text.Start, err = time.ParseInLocation(time.DateOnly, f.Start, s.zone(r)); err != nil {
		wrong(&f.StartError, "mandates.wrong.day")
	}
	last, err := time.ParseInLocation(time.DateOnly, f.End, s.zone(r))
	text.End = last.AddDate(0, 0, 1)
	switch {
	case err != nil:
		wrong(&f.EndError, "mandates.wrong.day")
	case f.StartError != "":
	case last.Before(text.Start):
		wrong(&f.EndError, "mandates.wrong.order")
	case text.End.Sub(text.Start) > mandate.MaxTerm:
		wrong(&f.EndError, "mandates.wrong.term")
	}
	if text.Retention, err = strconv.Atoi(f.Retention); err != nil || text.Retention < 1 || text.Retention > mandate.MaxRetention {
		wrong(&f.RetentionError, "mandates.wrong.retention", "most", mandate.MaxRetention)
	}
	return text, f, ok
}

func (s *Server) draftMandate(w http.ResponseWriter, r *http.Request) error {
	text, f, ok := s.mandateText(r)
	f.Action, f.Back, f.Version = "/mandates/new", "/mandates", 0
	if !ok {
		return s.showMandateForm(w, r, f, http.StatusUnprocessableEntity)
	}
	c, err := s.Collections.Draft(r.Context(), auth.Of(r.Context()), text)
	if errors.Is(err, mandate.ErrIncomplete) {
		f.Problem = s.say(r, "mandates.wrong")
		return s.showMandateForm(w, r, f, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return mandateProblem(err)
	}
	return s.done(w, r, Done{To: "/mandates/" + c.ID, Key: "mandates.drafted"})
}

func (s *Server) editMandate(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if _, err := s.Collections.Collection(r.Context(), id); err != nil {
		return err
	}
	text, f, ok := s.mandateText(r)
	f.Action, f.Back = "/mandates/"+id+"/edit", "/mandates/"+id
	if !ok {
		return s.showMandateForm(w, r, f, http.StatusUnprocessableEntity)
	}
	_, err := s.Collections.Edit(r.Context(), auth.Of(r.Context()), id, f.Version, text)
	if errors.Is(err, mandate.ErrIncomplete) {
		f.Problem = s.say(r, "mandates.wrong")
		return s.showMandateForm(w, r, f, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return mandateProblem(err)
	}
	return s.done(w, r, Done{To: "/mandates/" + id, Key: "mandates.edited"})
}

// mandateProblem says which status and sentence an error of a mandate has.
func mandateProblem(err error) error {
	switch {
	case errors.Is(err, mandate.ErrSecondPerson):
		return &Problem{Status: http.StatusForbidden, Key: "mandates.cannot.own", Err: err}
	case errors.Is(err, mandate.ErrPerson):
		return &Problem{Status: http.StatusForbidden, Key: "mandates.cannot.token", Err: err}
	case errors.Is(err, mandate.ErrState):
		return &Problem{Status: http.StatusConflict, Key: "mandates.wrong.state", Err: err}
	}
	return err
}

// version is the version of a thing that a form was made from; 0, which is
// none's, where it says no number.
func version(r *http.Request) int64 {
	n, _ := strconv.ParseInt(r.FormValue("version"), 10, 64)
	return n
}

func (s *Server) submitMandate(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	_, err := s.Collections.Submit(r.Context(), auth.Of(r.Context()), id, version(r))
	if errors.Is(err, mandate.ErrIncomplete) {
		return &Problem{Status: http.StatusUnprocessableEntity, Key: "mandates.wrong.past", Err: err}
	}
	if err != nil {
		return mandateProblem(err)
	}
	return s.done(w, r, Done{To: "/mandates/" + id, Key: "mandates.submitted"})
}

func (s *Server) decideMandate(w http.ResponseWriter, r *http.Request) error {
	ctx, id, why := r.Context(), r.PathValue("id"), strings.TrimSpace(r.FormValue("reason"))
	c, err := s.Collections.Collection(ctx, id)
	if err != nil {
		return err
	}
	yes := r.FormValue("decision") == "yes"
	switch {
	case !yes && r.FormValue("decision") != "no":
		return invalid("mandates.wrong.decision")
	case slices.Contains(c.Authors, auth.Of(ctx).ID):
		return mandateProblem(mandate.ErrSecondPerson)
	case !yes && why == "":
		return s.showMandate(w, r, "decide", why, s.say(r, "mandates.wrong.reason"))
	}
	if _, err := s.Collections.Decide(ctx, auth.Of(ctx), id, version(r), yes, why); err != nil {
		return mandateProblem(err)
	}
	key := "mandates.refused"
	if yes {
		key = "mandates.approved"
	}
	return s.done(w, r, Done{To: "/mandates/" + id, Key: key})
}

func (s *Server) withdrawMandate(w http.ResponseWriter, r *http.Request) error {
	id, why := r.PathValue("id"), strings.TrimSpace(r.FormValue("reason"))
	if why == "" {
		return s.showMandate(w, r, "withdraw", why, s.say(r, "mandates.wrong.reason"))
	}
	if _, err := s.Collections.Withdraw(r.Context(), auth.Of(r.Context()), id, version(r), why); err != nil {
		return mandateProblem(err)
	}
	return s.done(w, r, Done{To: "/mandates/" + id, Key: "mandates.withdrawn"})
}
