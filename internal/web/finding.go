package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
)

// findingRoutes are the pages of one finding: its permalink, its notes and its
// files.
func (s *Server) findingRoutes() []Route {
	if s.Findings == nil || s.Posts == nil || s.Mandate == nil {
		return nil
	}
	return []Route{
		{Method: "GET", Pattern: "/findings/{id}", Action: auth.FindingRead, Handler: s.findingPage},
		{Method: "POST", Pattern: "/findings/{id}/notes", Action: auth.FindingNote, Handler: s.addNote},
		{Method: "POST", Pattern: "/findings/{id}/notes/{note}", Action: auth.FindingNote, Handler: s.editNote},
		{Method: "GET", Pattern: "/findings/{id}/export/{file}", Action: auth.FindingExport, Handler: s.findingFile, Timeout: 5 * time.Minute},
	}
}

// findingView is what a finding's page shows: the claim, then why, then the
// evidence.
type findingView struct {
	Finding    finding.Finding
	Link       string // the permalink
	Why        string
	Counter    string
	State      string // in the reader's language
	Reason     string
	Owner      string
	Merged     *findingRef // the finding that it became a part of
	Shown      finding.Snapshot
	Older      bool // a snapshot before the newest
	Triage     *triageForms
	Test       testView
	LeftOut    []leftOutRow
	Measures   []measureView
	Behaviours []behaviourRow
	Objects    objectTable
	Time       timeView
	Examples   exampleList
	Accounts   accountTable
	Network    string // where the picture's JSON is; empty where nothing draws it
	Group      string // the group among the others of its run
	Edges      edgeTable
	Notes      notesView
	Events     []eventView
	MoreEvents string
	Runs       []runRow
	Others     []otherFinding
	Asked      int // of how many accounts the other findings were asked for
	Exports    []string
	Detection  string // where the detection is shown; empty where nothing does
	Span       []Chip // the span of time that the evidence is cut to
}

// findingRef leads to a finding.
type findingRef struct{ Short, Link string }

// findingPath is a finding's permanent address.
func findingPath(short string) string { return "/findings/" + url.PathEscape(short) }

// findingPage shows a finding.
func (s *Server) findingPage(w http.ResponseWriter, r *http.Request) error {
	return s.showFinding(w, r, r.PathValue("id"), nil)
}

// showFinding shows a finding, with a note that could not be taken where draft
// is not nil.
func (s *Server) showFinding(w http.ResponseWriter, r *http.Request, id string, draft *noteDraft) error {
	f, err := s.Findings.Get(r.Context(), id)
	if err != nil {
		return err //nolint:wrapcheck // it says which finding
	}
	version, err := versionOf(r)
	if err != nil {
		return err
	}
	v := &findingView{Finding: f, Link: findingPath(f.Short)}
	// The links of the page lead to the permalink, not to another name of the
	// finding or to where a note was sent.
	here := &url.URL{Path: v.Link}
	if draft == nil {
		here.RawQuery = r.URL.RawQuery
	}
	r = r.WithContext(r.Context())
	r.URL = here
	if v.Shown, err = s.Findings.Snapshot(r.Context(), f.ID, version); err != nil {
		return err //nolint:wrapcheck // it says which snapshot
	}
	span, err := spanOf(r)
	if err != nil {
		return err
	}
	if err := s.fillFinding(r, v, draft); err != nil {
		return err
	}
	if err := s.fillEvidence(r, v, span); err != nil {
		return err
	}
	p := Page{Title: f.Short, Data: v, Place: "/inbox", Wide: true}
	if draft != nil {
		p.Status = draft.Status
	}
	return s.page(w, r, "finding", p)
}

// versionOf reads which snapshot is asked for ("version=3"); 0 is the newest.
func versionOf(r *http.Request) (int64, error) {
	text := r.URL.Query().Get("version")
	if text == "" {
		return 0, nil
	}
	n, err := parseVersion(text)
	if err != nil || n < 1 {
		return 0, casestore.ErrNotFound
	}
	return n, nil
}

// parseVersion reads the number of a version.
func parseVersion(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, invalid("finding.version.wrong")
	}
	return n, nil
}

// fillFinding fills in what is said of the finding itself and of its life.
func (s *Server) fillFinding(r *http.Request, v *findingView, draft *noteDraft) error {
	f, lang, who := &v.Finding, s.langOf(r), auth.Of(r.Context())
	v.Why, v.Counter = f.Why[lang], f.Counter[lang]
	v.State, v.Older = s.stateName(r, f.State), v.Shown.Version != f.Snapshot
	if f.Reason != "" {
		v.Reason = s.reasonName(r, f.Reason)
	}
	names, err := s.Auth.Colleagues(r.Context())
	if err != nil {
		return err //nolint:wrapcheck // answered in one place
	}
	if f.Owner != "" {
		v.Owner = s.colleague(r, names, f.Owner)
	}
	if f.Merged != "" {
		if v.Merged, err = s.linkTo(r, f.Merged); err != nil {
			return err
		}
	}
	if s.has(http.MethodGet, "/detections/{id}") && s.policy.May(who, auth.DetectionRead) {
		v.Detection = "/detections/" + url.PathEscape(f.Detection)
	}
	if s.policy.May(who, auth.FindingExport) {
		v.Exports = findingFiles
	}
	v.Measures = s.measures(r, f)
	events, err := s.fillEvents(r, v, names)
	if err != nil {
		return err
	}
	if s.policy.May(who, auth.FindingTriage) {
		v.Triage = s.triageForms(r, f, events)
	}
	if err := s.fillNotes(r, v, names, draft); err != nil {
		return err
	}
	if err := s.fillRuns(r, v); err != nil {
		return err
	}
	return s.fillOthers(r, v)
}

// has says that a route is there.
func (s *Server) has(method, pattern string) bool {
	_, ok := s.routes[method+" "+pattern]
	return ok
}

// colleague names a person by id.
func (s *Server) colleague(r *http.Request, names map[string]auth.Colleague, id string) string {
	if c, ok := names[id]; ok {
		return c.Name
	}
	return s.say(r, "finding.nobody.known")
}

// linkTo gives the link to a finding by its id; nil where it is gone.
func (s *Server) linkTo(r *http.Request, id string) (*findingRef, error) {
	f, err := s.Findings.Get(r.Context(), id)
	if errors.Is(err, casestore.ErrNotFound) {
		return nil, nil //nolint:nilnil // a link that leads nowhere is none
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // it says which finding
	}
	return &findingRef{f.Short, findingPath(f.Short)}, nil
}

// triageForms is what the reader can decide, each a form.
type triageForms struct {
	Action, Back string
	Version      int64
	Mine         bool // the reader is the owner
	Owned        bool
	// Takes is the state that taking it on brings; empty leaves it.
	Takes   finding.State
	Triage  bool // it can be marked as being looked at
	Reopen  bool
	Dismiss bool
	Reasons []Choice
	// Undo is the token of the reader's or another's last change.
	Undo string
}

// triageForms says what can be decided on a finding as it stands.
func (s *Server) triageForms(r *http.Request, f *finding.Finding, events []finding.Event) *triageForms {
	t := &triageForms{
		Action: findingPath(f.Short) + "/triage", Back: findingPath(f.Short), Version: f.Version,
		Mine: f.Owner == auth.Of(r.Context()).ID, Owned: f.Owner != "",
		Triage: f.State == finding.StateNew, Reopen: f.State == finding.StateDismissed, Dismiss: f.State != finding.StateDismissed,
	}
	if f.State == finding.StateNew {
		t.Takes = finding.StateTriaged
	}
	for _, x := range finding.Reasons {
		t.Reasons = append(t.Reasons, Choice{Value: string(x), Label: s.reasonName(r, x)})
	}
	if i := slices.IndexFunc(events, func(e finding.Event) bool { return e.CanUndo }); i >= 0 {
		t.Undo = events[i].Batch
	}
	return t
}

// span is a part of the time that the evidence is cut to; zero is no bound.
type span struct{ from, to time.Time }

// holds says whether anything from first to last lies in it.
func (x span) holds(first, last time.Time) bool {
	return (x.from.IsZero() || !last.Before(x.from)) && (x.to.IsZero() || first.Before(x.to))
}

// spanOf reads the span that was drawn on the chart.
func spanOf(r *http.Request) (span, error) {
	var x span
	for name, to := range map[string]*time.Time{"after": &x.from, "before": &x.to} {
		text := r.URL.Query().Get(name)
		if text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return x, invalid("finding.time.wrong", "value", text)
		}
		*to = t
	}
	return x, nil
}

// spanChips says which span the evidence is cut to.
func (s *Server) spanChips(r *http.Request) []Chip {
	var out []Chip
	for _, x := range [...]struct{ name, key string }{{"after", "finding.after"}, {"before", "finding.before"}} {
		t, err := time.Parse(time.RFC3339, r.URL.Query().Get(x.name))
		if err != nil {
			continue
		}
		out = append(out, Chip{
			Text: s.say(r, x.key, "time", t.In(location(r)).Format("2006-01-02 15:04")), Icon: "clock",
			Without: with(r, x.name, "", "accounts-page", "", "edges-page", "", "examples-page", ""),
		})
	}
	return out
}

// fillEvidence fills in what the snapshot shows, cut to a span of time.
func (s *Server) fillEvidence(r *http.Request, v *findingView, x span) error {
	e, err := s.unveil(r, v, x)
	if err != nil {
		return err
	}
	v.Span = s.spanChips(r)
	v.Test = s.testView(r, v)
	if v.LeftOut, err = s.leftOut(r, v, e); err != nil {
		return err
	}
	for _, l := range v.Shown.Behaviours {
		v.Behaviours = append(v.Behaviours, behaviourRow{s.behaviourName(r, l.Behaviour), l})
	}
	v.Time = s.timeView(r, v)
	s.fillTables(r, v, e)
	base := findingPath(v.Finding.Short)
	if s.has(http.MethodGet, "/findings/{id}/network") {
		v.Network = fmt.Sprintf("%s/network?version=%d", base, v.Shown.Version)
	}
	if s.may(auth.Of(r.Context()), http.MethodGet, "/coordination") {
		v.Group = "/coordination?" + url.Values{"run": {v.Shown.Run}, "open": {v.Finding.ID}}.Encode()
	}
	return nil
}

// cut shortens a text to so many characters.
func cut(text string, most int) string {
	text = strings.TrimSpace(text)
	head, rest := fold(text, most)
	if rest != "" {
		return head + "…"
	}
	return head
}
