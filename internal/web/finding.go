package web

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/i18n"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/report"
)

// findingRoutes are a finding's own page, what is written on it, and its files.
func (s *Server) findingRoutes() []Route {
	if s.Findings == nil || s.Posts == nil || s.Mandate == nil {
		return nil
	}
	return []Route{
		{Method: "GET", Pattern: "/findings/{id}", Action: auth.FindingRead, Handler: s.findingPage},
		{Method: "POST", Pattern: "/findings/{id}/notes", Action: auth.FindingNote, Handler: s.addNote},
		{Method: "POST", Pattern: "/notes/{id}", Action: auth.FindingNote, Handler: s.editNote},
		{Method: "GET", Pattern: "/findings/{id}/export/{file}", Action: auth.FindingExport, Timeout: 5 * time.Minute, Handler: s.findingFile},
	}
}

// findingView is what a finding's page shows: what is said of it and whom it
// waits for, how it is known, and what it is known from.
type findingView struct {
	*inboxPanelView
	Snapshot *finding.Snapshot
	// Older is the address of the newest snapshot where another is shown;
	// Gone says that there is none.
	Older string
	Gone  bool
	// Test is the claim in numbers; Facts are its parts.
	Test  string
	Facts []Fact
	// LeftOut is what the run did not look at, in sentences with counts.
	LeftOut    []leftOutRow
	Run        string
	Objects    []objectRow
	Timeline   *timelineView
	Pairs      []postPair
	Accounts   accountTable
	Edges      edgeTableView
	Network    string
	Notes      []noteRow
	MayNote    bool
	History    []eventRow
	Seen       []seenRow
	Files      []fileLink
	Neighbours []neighbour
}

// leftOutRow says what took no part, and how much of it.
type leftOutRow struct {
	Text  string
	Count int64
}

// objectRow is something that the group acted on together.
type objectRow struct {
	finding.Object
	Behaviour, Text string
	Post            string
}

// timelineView is the group's posts and joint actions over time.
type timelineView struct {
	Chart chartData
	Bin   time.Duration
	Rows  []timelineRow
}

type timelineRow struct {
	Time             time.Time
	Posts, CoActions int64
}

// accountTable is a page of the group's accounts.
type accountTable struct {
	Head  Table
	Rows  []findingAccount
	Pager Pager
}

type findingAccount struct {
	finding.Account
	Shown      mandate.Shown
	Link       string
	Behaviours []string
}

// edgeTableView is a page of the group's edges.
type edgeTableView struct {
	Head  Table
	Rows  []edgeRow
	Pager Pager
	Left  int64
}

// noteRow is a note with who wrote it; Edit is where a change of it goes.
type noteRow struct {
	finding.Note
	Who, Edit string
}

// eventRow is something that happened to the finding, in a sentence.
type eventRow struct {
	finding.Event
	Who, Text string
	// Token takes it back; empty where nothing can or may.
	Token string
	Run   string
}

// seenRow is a run that saw the group.
type seenRow struct {
	finding.Seen
	Link, Network string
	Shown         bool
}

// neighbour is another finding in which accounts of this one are.
type neighbour struct {
	Short, Link, Why string
	Accounts         int
}

// findingPage shows a finding.
func (s *Server) findingPage(w http.ResponseWriter, r *http.Request) error {
	names, err := s.inboxNames(r)
	if err != nil {
		return err
	}
	panel, err := s.inboxPanel(r, names, r.PathValue("id"), here(r))
	if err != nil {
		return err
	}
	v := &findingView{inboxPanelView: panel}
	f := panel.Finding
	snap, err := s.snapshotOf(r, f.ID)
	switch {
	case errors.Is(err, casestore.ErrNotFound) && r.URL.Query().Get("version") == "":
		v.Gone = true
	case err != nil:
		return err
	default:
		v.Snapshot = &snap
		if err := s.fillEvidence(r, v); err != nil {
			return err
		}
	}
	if err := s.fillLife(r, v, names); err != nil {
		return err
	}
	return s.page(w, r, "finding", Page{Title: f.Short + " " + s.say(r, "finding.title"), Data: v, Wide: true, Place: "/inbox"})
}

// fillEvidence adds all that a snapshot holds.
func (s *Server) fillEvidence(r *http.Request, v *findingView) error {
	f, snap, lang := v.Finding, v.Snapshot, s.langOf(r)
	if snap.Version != f.Snapshot {
		v.Older = "/findings/" + url.PathEscape(f.Short)
	}
	v.Test = s.say(r, "finding.test", "count", snap.Occasions, "expected", i18n.Decimal(lang, snap.Expected, 1),
		"pairs", len(snap.Edges)+int(snap.LeftEdges), "window", s.gapText(r, snap.WindowSeconds), "fdr", i18n.Decimal(lang, snap.FDR*100, 0))
	number := func(n int64) template.HTML { return template.HTML(template.HTMLEscapeString(i18n.Number(lang, n))) } //nolint:gosec // escaped
	text := func(t string) template.HTML { return template.HTML(template.HTMLEscapeString(t)) }                     //nolint:gosec // escaped
	v.Facts = []Fact{
		{Name: s.say(r, "finding.fact.occasions"), Value: number(snap.Occasions)},
		{Name: s.say(r, "finding.fact.expected"), Value: text(i18n.Decimal(lang, snap.Expected, 1))},
		{Name: s.say(r, "finding.fact.accounts"), Value: number(int64(len(snap.Accounts))), Link: "#accounts"},
		{Name: s.say(r, "finding.fact.pairs"), Value: number(int64(len(snap.Edges)) + snap.LeftEdges), Link: "#network"},
		{Name: s.say(r, "finding.fact.coactions"), Value: number(snap.CoActions), Link: "#evidence"},
		{Name: s.say(r, "finding.fact.posts"), Value: number(snap.Posts), Link: "#timeline"},
		{Name: s.say(r, "finding.fact.gap"), Value: text(s.gapText(r, snap.MedianGap))},
		{Name: s.say(r, "finding.fact.window"), Value: text(s.gapText(r, snap.WindowSeconds))},
	}
	v.Network = coordinationLink(snap.Run, f.ID)
	if s.may(auth.Of(r.Context()), http.MethodGet, "/detections/runs/{id}") {
		v.Run = "/detections/runs/" + url.PathEscape(snap.Run)
	}
	run, err := s.Findings.Run(r.Context(), snap.Run)
	if err != nil && !errors.Is(err, casestore.ErrNotFound) {
		return fmt.Errorf("reading the run: %w", err)
	}
	for _, l := range run.LeftOut {
		v.LeftOut = append(v.LeftOut, leftOutRow{l.Kind.Means()[lang], l.Count})
	}
	if err := s.fillPairs(r, v); err != nil {
		return err
	}
	v.Timeline = s.timelineOf(r, &snap.Timeline)
	if err := s.fillAccounts(r, v); err != nil {
		return err
	}
	if s.may(auth.Of(r.Context()), http.MethodGet, "/findings/{id}/export/{file}") {
		v.Files = findingFiles(f.Short, snap.Version)
	}
	return nil
}

// findingFiles are the addresses of a snapshot's files.
func findingFiles(id string, version int64) []fileLink {
	var out []fileLink
	for _, x := range []fileLink{
		{"accounts.csv", "CSV"}, {"edges.csv", "CSV"}, {"network.gexf", "GEXF"}, {"network.graphml", "GraphML"}, {"evidence.json", "JSON"},
	} {
		out = append(out, fileLink{"/findings/" + url.PathEscape(id) + "/export/" + x.Link + "?version=" + strconv.FormatInt(version, 10), x.Link})
	}
	return out
}

// shownObjects is how many objects and examples a page lists.
const (
	shownObjects  = 25
	shownExamples = 10
)

// fillPairs adds the meetings to read first, and the objects.
func (s *Server) fillPairs(r *http.Request, v *findingView) error {
	snap := v.Snapshot
	examples := snap.Examples[:min(len(snap.Examples), shownExamples)]
	meetings := make([]finding.Meeting, 0, len(examples)+shownObjects)
	for i := range examples {
		meetings = append(meetings, examples[i].Meeting)
	}
	objects := snap.Objects[:min(len(snap.Objects), shownObjects)]
	for _, o := range objects { // their posts are fetched with the others
		meetings = append(meetings, finding.Meeting{Behaviour: o.Behaviour, Object: o.Object, PostA: o.Post, PostB: o.Post})
	}
	cards, names, err := s.meetingPosts(r, meetings)
	if err != nil {
		return err
	}
	shown, err := s.accountNames(r.Context(), auth.Of(r.Context()), snap.Accounts)
	if err != nil {
		return err
	}
	for i := range examples {
		m := &examples[i]
		v.Pairs = append(v.Pairs, postPair{
			Number: i + 1, Behaviour: s.behaviourName(r, m.Behaviour), Object: names[i],
			Gap: s.gapText(r, m.TimeB.Sub(m.TimeA).Abs().Seconds()),
			A:   cards(m.PostA, i, "a"), B: cards(m.PostB, i, "b"),
			AuthorA: shown[m.A].Label, AuthorB: shown[m.B].Label, TimeA: m.TimeA, TimeB: m.TimeB,
		})
	}
	for i, o := range objects {
		row := objectRow{Object: o, Behaviour: s.behaviourName(r, o.Behaviour), Text: names[len(examples)+i], Post: postLink(o.Post)}
		if row.Text == "" {
			if c := cards(o.Post, len(examples)+i, "a"); c != nil {
				row.Text, _ = fold(c.Head, 120)
			}
		}
		v.Objects = append(v.Objects, row)
	}
	return nil
}

// timelineOf is the group over time.
func (s *Server) timelineOf(r *http.Request, t *report.Timeline) *timelineView {
	if t.Bin <= 0 || len(t.Posts) == 0 {
		return nil
	}
	v := &timelineView{Bin: time.Duration(t.Bin) * time.Second, Chart: chartData{
		Step: t.Bin, Zone: zoneOf(r),
		Series: []chartSeries{{s.say(r, "finding.fact.posts"), t.Posts, 1}},
	}}
	for i, n := range t.Posts {
		at := t.Start.Add(time.Duration(i) * v.Bin)
		v.Chart.X = append(v.Chart.X, at.Unix())
		var together int64
		if i < len(t.CoActions) {
			together = t.CoActions[i]
		}
		if n > 0 || together > 0 {
			v.Rows = append(v.Rows, timelineRow{at, n, together})
		}
	}
	return v
}

// fillAccounts adds a page of accounts and one of edges.
func (s *Server) fillAccounts(r *http.Request, v *findingView) error {
	snap := v.Snapshot
	v.Accounts.Head = tableOf(r, s.say(r, "finding.accounts"), "-centrality",
		Column{Key: "account", Label: s.say(r, "finding.account")},
		Column{Key: "posts", Label: s.say(r, "finding.fact.posts"), Number: true, Sorts: true, Falls: true},
		Column{Key: "partners", Label: s.say(r, "finding.partners"), Number: true, Sorts: true, Falls: true},
		Column{Key: "strength", Label: s.say(r, "finding.strength"), Number: true, Sorts: true, Falls: true},
		Column{Key: "centrality", Label: s.say(r, "finding.centrality"), Number: true, Sorts: true, Falls: true},
		Column{Key: "score", Label: s.say(r, "finding.score"), Number: true, Sorts: true, Falls: true},
		Column{Key: "behaviours", Label: s.say(r, "inbox.behaviours")},
	)
	order := sortedAccounts(snap, v.Accounts.Head.Sort, v.Accounts.Head.Falling)
	pager, skip := pagerOf(r, int64(len(order)), pageSize)
	v.Accounts.Pager = pager
	some := order[skip:min(len(order), skip+pageSize)]
	shown, err := s.accountNames(r.Context(), auth.Of(r.Context()), snap.Accounts)
	if err != nil {
		return err
	}
	for _, i := range some {
		row := findingAccount{Account: snap.Accounts[i], Shown: shown[i], Link: accountLink(snap.Accounts[i].Alias)}
		row.Behaviours = s.behaviourNames(r, snap.Accounts[i].Behaviours)
		v.Accounts.Rows = append(v.Accounts.Rows, row)
	}
	s.fillEdges(r, v, shown)
	return s.fillNeighbours(r, v)
}

// sortedAccounts gives the places of a snapshot's accounts in an order.
func sortedAccounts(snap *finding.Snapshot, by string, falling bool) []int {
	key := func(a *finding.Account) float64 {
		switch by {
		case "posts":
			return float64(a.Posts)
		case "partners":
			return float64(a.Partners)
		case "strength":
			return a.Strength
		case "score":
			return a.Score
		}
		return a.Centrality
	}
	return sortedPlaces(len(snap.Accounts), falling, func(i int) float64 { return key(&snap.Accounts[i]) })
}

// sortedPlaces gives 0…n−1 in the order of a key; equal ones keep their order.
func sortedPlaces(n int, falling bool, key func(int) float64) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := key(a), key(b)
		if falling {
			x, y = y, x
		}
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return order
}

// edgeColumns are the columns that edges are sorted by, with the order of the
// first click.
var edgeColumns = []struct {
	key, label string
	falls      bool
	of         func(*finding.Edge) float64
}{
	{"weight", "coordination.weight", true, func(e *finding.Edge) float64 { return e.Weight }},
	{"occasions", "coordination.occasions", true, func(e *finding.Edge) float64 { return float64(e.Occasions) }},
	{"expected", "coordination.expected", true, func(e *finding.Edge) float64 { return e.Expected }},
	{"q", "coordination.qvalue", false, func(e *finding.Edge) float64 { return e.Q }},
	{"gap", "coordination.col.gap", false, func(e *finding.Edge) float64 { return e.GapMedian }},
}

// fillEdges adds a page of edges: it is sorted by "by" and paged by "edges" in
// the address, since the accounts' table has the usual names.
func (s *Server) fillEdges(r *http.Request, v *findingView, shown []mandate.Shown) {
	snap := v.Snapshot
	by := r.URL.Query().Get("by")
	chosen, falling := 0, true
	v.Edges.Head = Table{Caption: s.say(r, "coordination.edges"), Columns: []Column{{Key: "pair", Label: s.say(r, "coordination.pair")}}}
	for i, c := range edgeColumns {
		if by == c.key || by == "-"+c.key {
			chosen, falling = i, by[0] == '-'
		}
	}
	for i, c := range edgeColumns {
		column := Column{Key: c.key, Label: s.say(r, c.label), Number: true, Sorts: true, Order: "none"}
		falls := c.falls
		if i == chosen {
			falls, column.Order = !falling, "ascending"
			if falling {
				column.Order = "descending"
			}
		}
		column.Next = c.key
		if falls {
			column.Next = "-" + c.key
		}
		column.Link = with(r, "by", column.Next, "edges", "") + "#network"
		v.Edges.Head.Columns = append(v.Edges.Head.Columns, column)
	}
	v.Edges.Head.Columns = append(v.Edges.Head.Columns, Column{Key: "behaviours", Label: s.say(r, "coordination.col.behaviours")})
	order := sortedPlaces(len(snap.Edges), falling, func(i int) float64 { return edgeColumns[chosen].of(&snap.Edges[i]) })
	pager, skip := edgePager(r, len(order))
	v.Edges.Pager, v.Edges.Left = pager, snap.LeftEdges
	g := &openGroup{snap: snap, names: shown, Bubble: finding.Bubble{Finding: v.Finding.ID}}
	for _, i := range order[skip:min(len(order), skip+pageSize)] {
		v.Edges.Rows = append(v.Edges.Rows, s.edgeRow(r, g, i))
	}
}

// fillNeighbours adds the other findings in which the most central accounts are.
func (s *Server) fillNeighbours(r *http.Request, v *findingView) error {
	at := map[string]int{}
	for _, a := range v.Snapshot.Accounts[:min(len(v.Snapshot.Accounts), 10)] {
		holding, err := s.Findings.Holding(r.Context(), a.Key)
		if err != nil {
			return fmt.Errorf("asking for an account's findings: %w", err)
		}
		for i := range holding {
			f := &holding[i]
			if f.ID == v.Finding.ID {
				continue
			}
			if _, ok := at[f.ID]; !ok {
				at[f.ID] = len(v.Neighbours)
				v.Neighbours = append(v.Neighbours, neighbour{Short: f.Short, Link: findingLink(f), Why: f.Why[s.langOf(r)]})
			}
			v.Neighbours[at[f.ID]].Accounts++
		}
	}
	return nil
}
