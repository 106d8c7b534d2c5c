package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/mandate"
)

// coordinationRoutes are the pages on networks: a run's groups, one group's
// accounts, and what ties two of them.
func (s *Server) coordinationRoutes() []Route {
	if s.Findings == nil || s.Posts == nil || s.Mandate == nil {
		return nil
	}
	return []Route{
		{Method: "GET", Pattern: "/coordination", Action: auth.FindingRead, Title: "coordination.title", Handler: s.coordinationPage},
		{Method: "GET", Pattern: "/coordination/network", Action: auth.FindingRead, Handler: s.coordinationNetwork},
		{Method: "GET", Pattern: "/coordination/export/{file}", Action: auth.FindingExport, Handler: s.coordinationExport},
		{Method: "GET", Pattern: "/findings/{id}/network", Action: auth.FindingRead, Handler: s.findingNetwork},
		{Method: "GET", Pattern: "/findings/{id}/edges/{a}/{b}", Action: auth.FindingRead, Handler: s.edgePage},
	}
}

// coordinationView is what the page shows.
type coordinationView struct {
	Runs []runChoice
	// Src is the address of the picture's data, Label its name for people
	// who hear the page; Left says what it leaves out.
	Src, Label string
	Empty      Empty
	Counts     string
	Controls   *networkControls
	Groups     Table
	Rows       []groupRow
	Pager      Pager
	Hidden     int // groups that the filter takes out
	Open       *openGroup
	Files      []fileLink
}

// runChoice is a run that can be chosen.
type runChoice struct {
	ID, Name string
	Chosen   bool
}

// groupRow is a group in the table.
type groupRow struct {
	Bubble     finding.Bubble
	Number     int
	Colour     int // 1…8, 9 for grey
	Why        string
	Behaviours []string
	Gap        string
	Link       string
	Open       bool
}

// fileLink leads to a file.
type fileLink struct{ Link, Name string }

// coordinationPage shows a run's network.
func (s *Server) coordinationPage(w http.ResponseWriter, r *http.Request) error {
	run, err := s.chosenRun(r)
	if err != nil {
		return err
	}
	v := coordinationView{}
	p := Page{Title: s.say(r, "coordination.title"), Wide: true}
	if run.ID == "" {
		v.Empty = Empty{Icon: "waypoints", What: s.say(r, "coordination.empty"), Why: s.say(r, "coordination.empty.why")}
		if s.may(auth.Of(r.Context()), http.MethodGet, "/detections") {
			v.Empty.Link, v.Empty.Next = "/detections", s.say(r, "coordination.empty.next")
		}
		p.Data = v
		return s.page(w, r, "coordination", p)
	}
	if run.State != finding.RunDone {
		if v.Runs, err = s.runChoices(r, &run); err != nil {
			return err
		}
		v.Empty = Empty{Icon: "waypoints", What: s.say(r, "coordination.unfinished"), Why: s.say(r, "coordination.unfinished.why")}
		p.Data = v
		return s.page(w, r, "coordination", p)
	}
	n, err := s.Findings.Network(r.Context(), run.ID)
	if err != nil {
		return fmt.Errorf("reading a network: %w", err)
	}
	open := groupOf(&n, r.URL.Query().Get("open"))
	if open < 0 && r.URL.Query().Get("open") != "" {
		return fmt.Errorf("the run has no such group: %w", casestore.ErrNotFound)
	}
	if open >= 0 {
		if v.Open, err = s.openGroup(r, &n, open); err != nil {
			return err
		}
		if err := s.coordinationPanel(r, &n, open, v.Open, &p); err != nil {
			return err
		}
	}
	if !wants(r, "panel") {
		if err := s.fillCoordination(r, &v, &run, &n, open); err != nil {
			return err
		}
	}
	p.Data = v
	return s.page(w, r, "coordination", p)
}

// chosenRun gives the run that the address names, else the newest that is done;
// a run without id where there is none yet.
func (s *Server) chosenRun(r *http.Request) (finding.Run, error) {
	if id := r.URL.Query().Get("run"); id != "" {
		run, err := s.Findings.Run(r.Context(), id)
		if err != nil {
			return run, fmt.Errorf("reading a run: %w", err)
		}
		return run, nil
	}
	runs, err := s.Findings.Runs(r.Context(), finding.RunFilter{States: []finding.RunState{finding.RunDone}, N: 1})
	if err != nil || len(runs) == 0 {
		return finding.Run{}, err
	}
	return runs[0], nil
}

// shownRuns is how many runs can be chosen from; older ones have links from
// their detection.
const shownRuns = 100

// runChoices lists the newest runs, and the one that is shown.
func (s *Server) runChoices(r *http.Request, run *finding.Run) ([]runChoice, error) {
	runs, err := s.Findings.Runs(r.Context(), finding.RunFilter{States: []finding.RunState{finding.RunDone}, N: shownRuns})
	if err != nil {
		return nil, fmt.Errorf("reading runs: %w", err)
	}
	if !slices.ContainsFunc(runs, func(x finding.Run) bool { return x.ID == run.ID }) {
		runs = append(runs, *run)
	}
	out := make([]runChoice, len(runs))
	for i := range runs {
		end := runs[i].Finished
		if end.IsZero() {
			end = runs[i].Created
		}
		at := end.In(location(r)).Format("2006-01-02 15:04")
		out[i] = runChoice{runs[i].ID, s.say(r, "coordination.run.option", "name", oneLine(runs[i].DetectionName), "time", at), runs[i].ID == run.ID}
	}
	return out, nil
}

// fillCoordination fills what stands in the page beside the panel.
func (s *Server) fillCoordination(r *http.Request, v *coordinationView, run *finding.Run, n *finding.Network, open int) (err error) {
	if v.Runs, err = s.runChoices(r, run); err != nil {
		return err
	}
	if len(n.Bubbles) == 0 {
		v.Empty = Empty{Icon: "waypoints", What: s.say(r, "coordination.none"), Why: s.say(r, "coordination.none.why")}
		return nil
	}
	q := url.Values{"run": {run.ID}}
	if v.Open != nil && !v.Open.Gone {
		q.Set("open", n.Bubbles[open].Finding)
	}
	v.Src = "/coordination/network?" + q.Encode()
	accounts := 0
	for i := range n.Bubbles {
		accounts += n.Bubbles[i].Accounts
	}
	v.Counts = s.say(r, "coordination.counts", "count", len(n.Bubbles), "accounts", accounts, "links", len(n.Links))
	v.Label = s.say(r, "coordination.picture", "count", len(n.Bubbles), "accounts", accounts)
	var snap *finding.Snapshot
	if v.Open != nil {
		snap = v.Open.snap
		v.Label = s.say(r, "coordination.picture.open", "short", n.Bubbles[open].Short, "count", n.Bubbles[open].Accounts)
	}
	f := networkFilterOf(r)
	v.Controls = s.controls(r, run.ID, n, snap, f)
	if err := s.groupTable(r, v, n, open, f); err != nil {
		return err
	}
	if v.Open != nil {
		s.edgeTable(r, v.Open, f)
	}
	if s.may(auth.Of(r.Context()), http.MethodGet, "/coordination/export/{file}") {
		for _, file := range runFiles {
			v.Files = append(v.Files, fileLink{"/coordination/export/" + file + "?" + url.Values{"run": {run.ID}}.Encode(), file})
		}
	}
	return nil
}

// groupTable fills the table of groups.
func (s *Server) groupTable(r *http.Request, v *coordinationView, n *finding.Network, open int, f networkFilter) error {
	col := func(key string, number, sorts bool) Column {
		return Column{Key: key, Label: s.say(r, "coordination.col."+key), Number: number, Sorts: sorts, Falls: number && key != "group" && key != "gap"}
	}
	// i18n: coordination.col.*
	v.Groups = tableOf(r, s.say(r, "coordination.groups"), "group",
		col("group", false, true), col("why", false, false), col("accounts", true, true), col("posts", true, true), col("edges", true, true),
		col("risk", true, true), col("behaviours", false, false), col("first", false, true), col("last", false, true), col("gap", true, true))
	var order []int
	for i := range n.Bubbles {
		if f.shows(n.Bubbles[i].First, n.Bubbles[i].Last) {
			order = append(order, i)
		}
	}
	v.Hidden = len(n.Bubbles) - len(order)
	slices.SortStableFunc(order, func(i, j int) int {
		c := compareGroups(v.Groups.Sort, &n.Bubbles[i], &n.Bubbles[j])
		if v.Groups.Sort == "group" {
			c = cmp.Compare(i, j)
		}
		if v.Groups.Falling {
			c = -c
		}
		return c
	})
	pager, skip := pagerOf(r, int64(len(order)), pageSize)
	v.Pager = pager
	for _, i := range order[skip:min(len(order), skip+pageSize)] {
		b := n.Bubbles[i]
		row := groupRow{Bubble: b, Number: i + 1, Colour: colourOf(i + 1), Gap: s.gapText(r, b.MedianGap), Open: i == open}
		row.Link = with(r, "run", n.Run, "open", b.Finding, "edge", "", "edges", "", "panel", "", "q", "", "w", "")
		row.Behaviours = s.behaviourNames(r, b.Behaviours)
		var err error
		if row.Why, err = s.whyOf(r, b.Finding); err != nil {
			return err
		}
		v.Rows = append(v.Rows, row)
	}
	return nil
}

// compareGroups compares two groups by a column.
func compareGroups(by string, a, b *finding.Bubble) int {
	switch by {
	case "accounts":
		return cmp.Compare(a.Accounts, b.Accounts)
	case "posts":
		return cmp.Compare(a.Posts, b.Posts)
	case "edges":
		return cmp.Compare(a.Edges, b.Edges)
	case "risk":
		return cmp.Compare(a.Risk, b.Risk)
	case "first":
		return a.First.Compare(b.First)
	case "last":
		return a.Last.Compare(b.Last)
	case "gap":
		return cmp.Compare(a.MedianGap, b.MedianGap)
	}
	return 0
}

// colourOf gives the colour of a group: eight, and grey from the ninth.
func colourOf(number int) int { return min(number, 9) }

func (s *Server) behaviourNames(r *http.Request, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = s.behaviourName(r, n)
	}
	return out
}

// whyOf gives the sentence on a finding; "" where it is not there any more.
func (s *Server) whyOf(r *http.Request, id string) (string, error) {
	f, err := s.Findings.Get(r.Context(), id)
	if errors.Is(err, casestore.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading a finding: %w", err)
	}
	return f.Why[s.langOf(r)], nil
}

// networkFilter is what of a network is shown: what was active between two
// times, and edges that are significant and strong enough. Zero values ask for
// nothing.
type networkFilter struct {
	From, To  time.Time
	Exponent  float64 // q ≤ 10^−Exponent
	MinWeight float64
}

// networkFilterOf reads the filter from the address; what cannot be read asks
// for nothing.
func networkFilterOf(r *http.Request) networkFilter {
	number := func(name string) float64 {
		x, err := strconv.ParseFloat(r.URL.Query().Get(name), 64)
		if err != nil || math.IsNaN(x) || x < 0 || x > 1e11 {
			return 0
		}
		return x
	}
	f := networkFilter{Exponent: number("q"), MinWeight: number("w")}
	if x := number("from"); x > 0 {
		f.From = time.Unix(int64(x), 0)
	}
	if x := number("to"); x > 0 {
		f.To = time.Unix(int64(x), 0)
	}
	return f
}

// shows says whether something that was active between two times was so within
// the filter's.
func (f networkFilter) shows(first, last time.Time) bool {
	return (f.From.IsZero() || !last.Before(f.From)) && (f.To.IsZero() || !first.After(f.To))
}

// showsEdge says whether an edge is shown.
func (f networkFilter) showsEdge(e *finding.Edge) bool {
	return f.shows(e.First, e.Last) && e.Weight >= f.MinWeight && (f.Exponent == 0 || e.Q <= math.Pow(10, -f.Exponent))
}

// networkControls are the sliders above the picture.
type networkControls struct {
	// Keep are the parameters that the form hands on.
	Keep map[string]string
	// Low, High and Step are the ends and steps of the time sliders, in
	// seconds; From and To where they stand, FromTime and ToTime the same as
	// times.
	Low, High, Step, From, To int64
	FromTime, ToTime          time.Time
	Zone                      string
	// Edges says that the sliders for edges are there: Exponent is 0…Most,
	// Weight 0…Heaviest.
	Edges                   bool
	Exponent, MostExponent  float64
	Weight, HeaviestWeight  float64
	WeightStep              float64
	ExponentSays, WeightSay string
}

// controls makes the sliders for a run, and for the edges of a group.
func (s *Server) controls(r *http.Request, run string, n *finding.Network, snap *finding.Snapshot, f networkFilter) *networkControls {
	first, last := n.Bubbles[0].First, n.Bubbles[0].Last
	for i := range n.Bubbles {
		if n.Bubbles[i].First.Before(first) {
			first = n.Bubbles[i].First
		}
		if n.Bubbles[i].Last.After(last) {
			last = n.Bubbles[i].Last
		}
	}
	if snap != nil {
		first, last = snap.First, snap.Last
	}
	c := &networkControls{Keep: map[string]string{"run": run}, Zone: zoneOf(r)}
	for _, name := range []string{"open", "edge", "sort", "panel"} {
		if v := r.URL.Query().Get(name); v != "" {
			c.Keep[name] = v
		}
	}
	const steps = 200
	c.Step = max(60, (last.Unix()-first.Unix()+steps*60-1)/(steps*60)*60)
	c.Low = first.Unix() / 60 * 60
	c.High = c.Low + (ceilUnix(last)-c.Low+c.Step-1)/c.Step*c.Step
	c.From, c.To = c.Low, c.High
	if !f.From.IsZero() {
		c.From = min(max(f.From.Unix(), c.Low), c.High)
	}
	if !f.To.IsZero() {
		c.To = min(max(f.To.Unix(), c.Low), c.High)
	}
	c.FromTime, c.ToTime = time.Unix(c.From, 0).UTC(), time.Unix(c.To, 0).UTC()
	if snap != nil && len(snap.Edges) > 0 {
		s.edgeControls(r, c, snap, f)
	}
	return c
}

// mostExponent is where the slider for significance ends: what is more
// significant is so for all purposes.
const mostExponent = 30

func (s *Server) edgeControls(r *http.Request, c *networkControls, snap *finding.Snapshot, f networkFilter) {
	c.Edges, c.MostExponent = true, 1
	var heaviest float64
	for i := range snap.Edges {
		heaviest = max(heaviest, snap.Edges[i].Weight)
		if q := snap.Edges[i].Q; q > 0 {
			c.MostExponent = max(c.MostExponent, math.Ceil(-2*math.Log10(q))/2)
		} else {
			c.MostExponent = mostExponent
		}
	}
	c.MostExponent = min(c.MostExponent, mostExponent)
	// A step of the decimal system, a hundred of them or somewhat more.
	c.WeightStep = math.Pow(10, math.Floor(math.Log10(max(heaviest, 1e-9)/100)))
	c.HeaviestWeight = math.Ceil(heaviest/c.WeightStep) * c.WeightStep
	c.Exponent, c.Weight = min(f.Exponent, c.MostExponent), min(f.MinWeight, c.HeaviestWeight)
	c.ExponentSays = s.say(r, "coordination.all")
	if c.Exponent > 0 {
		c.ExponentSays = "≤ " + qText(s.langOf(r), math.Pow(10, -c.Exponent))
	}
	c.WeightSay = s.say(r, "coordination.all")
	if c.Weight > 0 {
		c.WeightSay = "≥ " + strconv.FormatFloat(c.Weight, 'g', 4, 64)
	}
}

// openGroup is a group that is open: its accounts and edges.
type openGroup struct {
	Finding  finding.Finding
	Bubble   finding.Bubble
	Number   int
	Colour   int
	Why      string
	Counter  string
	Gap      string
	Link     string // the finding's page
	Close    string // this page with no group open
	Details  string // this page with the group's panel
	Accounts []accountRow
	// More is how many accounts the panel leaves out.
	More   int
	Strong []edgeRow
	Edges  []edgeRow
	Pager  Pager
	Hidden int   // edges that the filter takes out
	Left   int64 // edges that the snapshot does not hold
	Files  []fileLink
	// Gone says that the evidence of this run is not kept any more.
	Gone bool

	Behaviours []string
	snap       *finding.Snapshot
	names      []mandate.Shown
}

// accountRow is an account of a group.
type accountRow struct {
	Shown    mandate.Shown
	Link     string
	Posts    int64
	Partners int
}

// edgeRow is an edge of a group.
type edgeRow struct {
	Edge       *finding.Edge
	A, B       string
	Page       string // the evidence on a page of its own
	Panel      string // beside this page
	Q, Gap     string
	Weight     string
	Behaviours []string
	Open       bool
}

// panelAccounts and panelEdges are how many the panel lists.
const (
	panelAccounts = 60
	panelEdges    = 8
)

// openGroup reads a group as a run saw it.
func (s *Server) openGroup(r *http.Request, n *finding.Network, at int) (*openGroup, error) {
	ctx := r.Context()
	b := n.Bubbles[at]
	f, err := s.Findings.Get(ctx, b.Finding)
	if err != nil {
		return nil, fmt.Errorf("reading a finding: %w", err)
	}
	lang := s.langOf(r)
	g := &openGroup{
		Finding: f, Bubble: b, Number: at + 1, Colour: colourOf(at + 1), Why: f.Why[lang], Counter: f.Counter[lang],
		Gap: s.gapText(r, b.MedianGap), Link: "/findings/" + url.PathEscape(f.ID), Behaviours: s.behaviourNames(r, b.Behaviours),
		Close:   with(r, "run", n.Run, "open", "", "edge", "", "edges", "", "panel", "", "q", "", "w", ""),
		Details: with(r, "edge", "", "panel", ""),
	}
	snap, err := s.Findings.Snapshot(ctx, b.Finding, b.Snapshot)
	if errors.Is(err, casestore.ErrNotFound) {
		g.Gone = true
		return g, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a group: %w", err)
	}
	g.snap, g.Left = &snap, snap.LeftEdges
	if err := s.nameAccounts(ctx, g); err != nil {
		return nil, err
	}
	if s.policy.May(auth.Of(ctx), auth.FindingExport) {
		for _, file := range groupFiles {
			g.Files = append(g.Files, fileLink{g.Link + "/export/" + file, file})
		}
	}
	for i := range snap.Edges[:min(len(snap.Edges), panelEdges)] {
		g.Strong = append(g.Strong, s.edgeRow(r, g, i))
	}
	return g, nil
}

// groupFiles are the files of a group, at its finding.
var groupFiles = []string{"accounts.csv", "edges.csv", "network.gexf", "network.graphml"}

// nameAccounts veils the accounts that the panel and tables name.
func (s *Server) nameAccounts(ctx context.Context, g *openGroup) (err error) {
	accounts := g.snap.Accounts
	if g.names, err = s.accountNames(ctx, auth.Of(ctx), accounts); err != nil {
		return err
	}
	g.More = max(0, len(accounts)-panelAccounts)
	for i := range accounts[:len(accounts)-g.More] {
		g.Accounts = append(g.Accounts, accountRow{g.names[i], accountLink(accounts[i].Alias), accounts[i].Posts, accounts[i].Partners})
	}
	return nil
}

// edgeRow makes the row of a group's i-th edge.
func (s *Server) edgeRow(r *http.Request, g *openGroup, i int) edgeRow {
	e := &g.snap.Edges[i]
	a, b := g.snap.Accounts[e.A].Alias, g.snap.Accounts[e.B].Alias
	row := edgeRow{
		Edge: e, A: g.names[e.A].Label, B: g.names[e.B].Label, Q: qText(s.langOf(r), e.Q), Gap: s.gapText(r, e.GapMedian),
		Page:   edgeAddress(g.Bubble.Finding, a, b, g.snap.Version),
		Panel:  with(r, "run", g.snap.Run, "open", g.Bubble.Finding, "edge", a+"~"+b, "panel", ""),
		Weight: strconv.FormatFloat(e.Weight, 'g', 3, 64),
	}
	for _, l := range e.By {
		row.Behaviours = append(row.Behaviours, s.behaviourName(r, l.Behaviour))
	}
	open := r.URL.Query().Get("edge")
	row.Open = open == a+"~"+b || open == b+"~"+a
	return row
}

// edgeTable fills the table of an open group's edges.
func (s *Server) edgeTable(r *http.Request, g *openGroup, f networkFilter) {
	if g.Gone {
		return
	}
	var order []int
	for i := range g.snap.Edges {
		if f.showsEdge(&g.snap.Edges[i]) {
			order = append(order, i)
		}
	}
	g.Hidden = len(g.snap.Edges) - len(order)
	pager, skip := edgePager(r, len(order))
	g.Pager = pager
	for _, i := range order[skip:min(len(order), skip+pageSize)] {
		g.Edges = append(g.Edges, s.edgeRow(r, g, i))
	}
}

// edgePager is pagerOf for the table of edges, which stands on a page that has
// the groups' table too: its page is "edges" in the address.
func edgePager(r *http.Request, total int) (Pager, int) {
	n, err := strconv.Atoi(r.URL.Query().Get("edges"))
	last := max(1, (total+pageSize-1)/pageSize)
	if err != nil || n < 1 {
		n = 1
	}
	n = min(n, last)
	skip := (n - 1) * pageSize
	p := Pager{From: int64(min(skip+1, total)), To: int64(min(skip+pageSize, total)), Total: int64(total)}
	if n > 1 {
		p.Previous = with(r, "edges", pageNumber(n-1))
	}
	if n < last {
		p.Next = with(r, "edges", strconv.Itoa(n+1))
	}
	return p, skip
}

// coordinationPanel sets the panel: the evidence of an edge where the address
// names one, else the group; nothing where the address says that it was closed,
// which leaves the group open in the picture.
func (s *Server) coordinationPanel(r *http.Request, n *finding.Network, open int, g *openGroup, p *Page) error {
	edge := r.URL.Query().Get("edge")
	p.Close = with(r, "edge", "", "panel", "closed")
	switch {
	case r.URL.Query().Get("panel") == "closed":
		return nil
	case edge == "" || g.Gone:
		p.Panel, p.PanelData = "coordination-panel", g
		return nil
	}
	a, b, _ := strings.Cut(edge, "~")
	v, err := s.edgeOf(r, g.snap, a, b)
	if err != nil {
		return err
	}
	v.Finding, v.Back = g.Finding.Short, coordinationLink(n.Run, n.Bubbles[open].Finding)
	v.Page = edgeAddress(g.Bubble.Finding, v.A.Alias, v.B.Alias, g.snap.Version)
	p.Panel, p.PanelData = "coordination-edge", v
	return nil
}
