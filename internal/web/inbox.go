package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
)

// inboxRoutes are the list of findings and what people decide on them.
func (s *Server) inboxRoutes() []Route {
	if s.Findings == nil || s.Mandate == nil {
		return nil
	}
	return []Route{
		{Method: "GET", Pattern: "/inbox", Action: auth.FindingRead, Title: "inbox.title", Handler: s.inbox},
		{Method: "POST", Pattern: "/inbox", Action: auth.FindingTriage, Handler: s.inboxBulk},
		{Method: "POST", Pattern: "/findings/{id}/triage", Action: auth.FindingTriage, Handler: s.inboxTriage},
		{Method: "POST", Pattern: "/findings/undo", Action: auth.FindingTriage, Handler: s.inboxUndo},
	}
}

// inboxView is what the page shows.
type inboxView struct {
	Tabs    []inboxLink
	Sorts   []inboxLink
	Form    inboxForm
	Chips   []Chip
	Rows    []Row
	Pager   *Pager
	Empty   Empty
	Reasons []inboxChoice // empty: the reader may change nothing
	Back    string
	Heading string
}

// inboxLink is a tab or an order.
type inboxLink struct {
	Label, Link string
	Count       int64
	Current     bool
}

// inboxChoice is an option of a select.
type inboxChoice struct {
	Value, Label string
	Chosen       bool
}

// inboxForm is the filter: a form that sends GET.
type inboxForm struct {
	Query                           string
	Hidden                          map[string]string
	Owners, Detections, Risks, Ages []inboxChoice
}

// inboxTabs are the states that a tab shows, in the order of the tabs. The
// first is shown where the address names none.
var inboxTabs = []struct {
	name   string
	states []finding.State
}{
	{"open", []finding.State{finding.StateNew, finding.StateTriaged}},
	{"new", []finding.State{finding.StateNew}},
	{"triaged", []finding.State{finding.StateTriaged}},
	{"linked", []finding.State{finding.StateLinked}},
	{"dismissed", []finding.State{finding.StateDismissed}},
	{"all", nil},
}

// inboxAges are the spans of time that can be chosen, in days.
var inboxAges = []int{1, 7, 30, 90}

// inboxSize is how many findings a page has.
const inboxSize = 50

// inbox lists findings.
func (s *Server) inbox(w http.ResponseWriter, r *http.Request) error {
	names, err := s.inboxNames(r)
	if err != nil {
		return err
	}
	p := Page{Title: s.say(r, "inbox.title"), Wide: true}
	if open := r.URL.Query().Get("open"); open != "" {
		if p.PanelData, err = s.inboxPanel(r, names, open, here(r)); err != nil {
			return err
		}
		p.Panel, p.Close = "inbox-panel", with(r, "open", "")
	}
	if wants(r, "panel") && p.Panel != "" {
		return s.page(w, r, "inbox", p)
	}
	v, err := s.inboxList(r, names)
	if err != nil {
		return err
	}
	p.Data = v
	return s.page(w, r, "inbox", p)
}

// inboxNames gives people's names by id.
func (s *Server) inboxNames(r *http.Request) (map[string]auth.Colleague, error) {
	names, err := s.Auth.Colleagues(r.Context())
	if err != nil {
		return nil, fmt.Errorf("asking for people's names: %w", err)
	}
	return names, nil
}

// inboxTab gives the place of the tab that the address names.
func inboxTab(q url.Values) int {
	for i, t := range inboxTabs {
		if t.name == q.Get("state") {
			return i
		}
	}
	return 0
}

// inboxFilter reads the filter from the address. What cannot be read counts as
// not being there, except the place in the list, which the service checks.
func (s *Server) inboxFilter(r *http.Request) finding.Filter {
	q := r.URL.Query()
	f := finding.Filter{
		States: inboxTabs[inboxTab(q)].states, Text: q.Get("q"), Detection: q.Get("detection"), Run: q.Get("run"),
		Sort: finding.Sort(q.Get("sort")), After: q.Get("after"), N: inboxSize,
	}
	if !slices.Contains(inboxSorts, f.Sort) {
		f.Sort = finding.ByRisk
	}
	switch owner := q.Get("owner"); owner {
	case "me":
		f.Owner = auth.Of(r.Context()).ID
	case "none":
		f.Owner = "-"
	default:
		f.Owner = owner
	}
	if kind := q.Get("kind"); kind != "" {
		f.Kinds = []finding.Kind{finding.Kind(kind)}
	}
	if v, err := strconv.ParseFloat(q.Get("risk"), 64); err == nil && v > 0 && v <= 1 {
		f.MinRisk = v
	}
	if days, err := strconv.Atoi(q.Get("since")); err == nil && days > 0 && days <= 36_600 {
		f.Since = s.Now().Add(-time.Duration(days) * 24 * time.Hour)
	} else if day, err := time.ParseInLocation(time.DateOnly, q.Get("since"), location(r)); err == nil {
		f.Since = day
	}
	return f
}

// inboxSorts are the orders, as they are shown.
var inboxSorts = []finding.Sort{finding.ByRisk, finding.ByNovelty, finding.ByTempo, finding.ByUpdated}

// inboxList gathers the list and what stands around it.
func (s *Server) inboxList(r *http.Request, names map[string]auth.Colleague) (*inboxView, error) {
	f := s.inboxFilter(r)
	page, err := s.Findings.List(r.Context(), f)
	if err != nil {
		return nil, inboxProblem(err, "inbox.invalid")
	}
	detections, err := s.Findings.Detections(r.Context())
	if err != nil {
		return nil, err
	}
	v := &inboxView{
		Tabs: s.inboxTabLinks(r, page.Counts), Sorts: s.inboxSortLinks(r, f.Sort), Form: s.inboxFormOf(r, &f, names, detections),
		Back: here(r),
	}
	v.Heading = s.say(r, "inbox.list."+inboxTabs[inboxTab(r.URL.Query())].name)
	if v.Chips, err = s.inboxChips(r, &f); err != nil {
		return nil, err
	}
	if s.policy.May(auth.Of(r.Context()), auth.FindingTriage) {
		v.Reasons = s.inboxReasons(r, "")
	}
	base := r.URL
	for i := range page.Findings {
		v.Rows = append(v.Rows, s.inboxRow(r, base, names, &page.Findings[i], f.Sort))
	}
	if page.Next != "" || f.After != "" {
		v.Pager = &Pager{}
		if page.Next != "" {
			v.Pager.Next = with(r, "after", page.Next, "open", "")
		}
		if f.After != "" {
			v.Pager.Previous = with(r, "after", "", "open", "")
		}
	}
	if len(v.Rows) == 0 {
		v.Empty = s.inboxEmpty(r, detections, page.Counts)
	}
	return v, nil
}

// i18n: inbox.tab.*
// i18n: inbox.list.*

// inboxTabLinks are the tabs with how many findings each holds under the rest
// of the filter.
func (s *Server) inboxTabLinks(r *http.Request, counts map[finding.State]int64) []inboxLink {
	at := inboxTab(r.URL.Query())
	var out []inboxLink
	for i, t := range inboxTabs {
		states := t.states
		if states == nil {
			states = finding.States
		}
		l := inboxLink{Label: s.say(r, "inbox.tab."+t.name), Current: i == at}
		for _, st := range states {
			l.Count += counts[st]
		}
		name := t.name
		if i == 0 {
			name = ""
		}
		l.Link = with(r, "state", name, "after", "", "open", "")
		out = append(out, l)
	}
	return out
}

// i18n: inbox.sort.*

// inboxSortLinks are the orders.
func (s *Server) inboxSortLinks(r *http.Request, now finding.Sort) []inboxLink {
	var out []inboxLink
	for _, o := range inboxSorts {
		name := string(o)
		if o == finding.ByRisk {
			name = ""
		}
		out = append(out, inboxLink{Label: s.say(r, "inbox.sort."+string(o)), Link: with(r, "sort", name, "after", "", "open", ""), Current: o == now})
	}
	return out
}

// inboxFormOf makes the filter's form.
func (s *Server) inboxFormOf(r *http.Request, f *finding.Filter, names map[string]auth.Colleague, detections []finding.Detection) inboxForm {
	q := r.URL.Query()
	form := inboxForm{Query: f.Text, Hidden: map[string]string{}}
	for _, name := range []string{"state", "sort", "run", "kind"} {
		if v := q.Get(name); v != "" {
			form.Hidden[name] = v
		}
	}
	owner := q.Get("owner")
	form.Owners = []inboxChoice{
		{"", s.say(r, "inbox.owner.any"), owner == ""},
		{"me", s.say(r, "inbox.owner.me"), owner == "me"},
		{"none", s.say(r, "inbox.owner.none"), owner == "none"},
	}
	if c, ok := names[owner]; ok {
		form.Owners = append(form.Owners, inboxChoice{owner, c.Name, true})
	}
	form.Detections = []inboxChoice{{"", s.say(r, "inbox.detection.any"), f.Detection == ""}}
	for i := range detections {
		form.Detections = append(form.Detections, inboxChoice{detections[i].ID, detections[i].Name, f.Detection == detections[i].ID})
	}
	form.Risks = []inboxChoice{
		{"", s.say(r, "inbox.risk.any"), f.MinRisk == 0},
		{"0.33", s.say(r, "inbox.risk.middle"), f.MinRisk == 0.33},
		{"0.66", s.say(r, "inbox.risk.high"), f.MinRisk == 0.66},
	}
	since := q.Get("since")
	form.Ages = []inboxChoice{{"", s.say(r, "inbox.since.any"), f.Since.IsZero()}}
	for _, days := range inboxAges {
		v := strconv.Itoa(days)
		form.Ages = append(form.Ages, inboxChoice{v, s.say(r, "inbox.since.days", "count", days), since == v})
	}
	if !f.Since.IsZero() && len(since) == len(time.DateOnly) {
		form.Ages = append(form.Ages, inboxChoice{since, s.say(r, "inbox.since.day", "day", since), true})
	}
	return form
}

// inboxChips are the parts of the filter that no box shows.
func (s *Server) inboxChips(r *http.Request, f *finding.Filter) ([]Chip, error) {
	var out []Chip
	if f.Run != "" {
		text := s.say(r, "inbox.chip.run.unknown")
		run, err := s.Findings.Run(r.Context(), f.Run)
		switch {
		case err == nil:
			text = s.say(r, "inbox.chip.run", "detection", run.DetectionName, "time", run.Created.In(location(r)).Format("2006-01-02 15:04"))
		case !errors.Is(err, casestore.ErrNotFound):
			return nil, err
		}
		out = append(out, Chip{Text: text, Without: with(r, "run", "", "after", "", "open", ""), Icon: "radar"})
	}
	for _, k := range f.Kinds {
		if k == finding.Coordination {
			out = append(out, Chip{Text: s.say(r, "inbox.kind.coordination"), Without: with(r, "kind", "", "after", "", "open", "")})
		}
	}
	return out, nil
}

// inboxEmpty says why nothing is listed.
func (s *Server) inboxEmpty(r *http.Request, detections []finding.Detection, counts map[finding.State]int64) Empty {
	ran := slices.ContainsFunc(detections, func(d finding.Detection) bool { return d.LastRun != nil && d.LastRun.State == finding.RunDone })
	q := r.URL.Query()
	for _, name := range []string{"state", "sort", "open", "after"} {
		q.Del(name)
	}
	var total int64
	for _, n := range counts {
		total += n
	}
	filtered := false
	for _, v := range q {
		filtered = filtered || v[0] != ""
	}
	switch {
	case total > 0:
		return Empty{Icon: "inbox", What: s.say(r, "inbox.empty.state"), Why: s.say(r, "inbox.empty.state.why"), Link: with(r, "state", "all", "after", "", "open", ""), Next: s.say(r, "inbox.empty.all")}
	case filtered:
		return Empty{Icon: "list-filter", What: s.say(r, "inbox.empty.filter"), Why: s.say(r, "inbox.empty.filter.why"), Link: "/inbox", Next: s.say(r, "inbox.empty.filter.next")}
	}
	e := Empty{Icon: "radar", What: s.say(r, "inbox.empty.bare"), Why: s.say(r, "inbox.empty.bare.why")}
	if ran {
		e = Empty{Icon: "inbox", What: s.say(r, "inbox.empty.none"), Why: s.say(r, "inbox.empty.none.why")}
	}
	if s.may(auth.Of(r.Context()), http.MethodGet, "/detections") {
		e.Link, e.Next = "/detections", s.say(r, "inbox.empty.detections")
	}
	return e
}

// inboxReasons are the reasons for dismissing.
func (s *Server) inboxReasons(r *http.Request, chosen finding.Reason) []inboxChoice {
	var out []inboxChoice
	for _, x := range finding.Reasons {
		out = append(out, inboxChoice{string(x), s.reasonName(r, x), x == chosen})
	}
	return out
}
