package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
	"github.com/akashi-project/akashi/internal/report"
)

// How much of the evidence a page shows at a time.
const (
	objectsShown  = 20
	examplesShown = 4
	// objectLength is how many characters of a text that stands as an object
	// are shown.
	objectLength = 160
)

// testView is the test behind a finding, in numbers.
type testView struct {
	Occasions int64
	Expected  float64
	// Times is how often what was expected was seen; 0 where nothing was
	// expected.
	Times       float64
	FDR         float64
	Window, Gap time.Duration
	Edges       int64
	CoActions   int64
	First, Last time.Time
}

// testView reads the numbers of the test from the snapshot.
func (s *Server) testView(_ *http.Request, v *findingView) testView {
	x := &v.Shown
	t := testView{
		Occasions: x.Occasions, Expected: x.Expected, FDR: x.FDR, Edges: int64(len(x.Edges)) + x.LeftEdges, CoActions: x.CoActions,
		Window: seconds(x.WindowSeconds), Gap: seconds(x.MedianGap), First: x.First, Last: x.Last,
	}
	if x.Expected > 0 {
		t.Times = float64(x.Occasions) / x.Expected
	}
	return t
}

// seconds gives a duration.
func seconds(x float64) time.Duration { return time.Duration(x * float64(time.Second)) }

// measureView is a number that orders the inbox, with what it is computed from.
type measureView struct {
	ID, Name         string
	Level, LevelText string
	Value            float64
	Formula          string
	Parts            []partView
}

type partView struct {
	Name, Means string
	Value       float64
	Weight      float64
}

// measures gives the three numbers with their parts.
//
// i18n: words.measure.*
// i18n: words.level.*
// i18n: finding.formula.*
// i18n: finding.part.*
func (s *Server) measures(r *http.Request, f *finding.Finding) []measureView {
	var out []measureView
	for _, x := range [...]struct {
		id string
		m  *finding.Measure
	}{{"risk", &f.Risk}, {"novelty", &f.Novelty}, {"tempo", &f.Tempo}} {
		v := measureView{ID: x.id, Name: s.say(r, "words.measure."+x.id), Value: x.m.Value, Level: levelOf(x.m.Value), Formula: s.say(r, "finding.formula."+x.id)}
		if v.Level != "" {
			v.LevelText = s.say(r, "words.level."+v.Level)
		}
		for _, p := range x.m.Parts {
			v.Parts = append(v.Parts, partView{s.say(r, "finding.part."+string(p.Name)), p.Means()[s.langOf(r)], p.Value, p.Weight})
		}
		out = append(out, v)
	}
	return out
}

// behaviourRow is how much of one behaviour the group shows.
type behaviourRow struct {
	Name string
	report.Layer
}

// leftOutRow is something that took no part in the run, and how much of it.
type leftOutRow struct {
	What    string
	Count   int64
	Objects []hotRow
}

// hotRow is one of the objects that were too popular to be paired.
type hotRow struct {
	Behaviour, Object string
	Traces            int64
}

// leftOut says what took no part in the run that made the snapshot.
func (s *Server) leftOut(r *http.Request, v *findingView, e *evidence) ([]leftOutRow, error) {
	run, err := s.Findings.Run(r.Context(), v.Shown.Run)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says which run
	}
	var out []leftOutRow
	for _, l := range run.LeftOut {
		if l.Count == 0 {
			continue
		}
		row := leftOutRow{What: l.Kind.Means()[s.langOf(r)], Count: l.Count}
		for i, o := range l.Objects {
			if i == 5 {
				break
			}
			row.Objects = append(row.Objects, hotRow{s.behaviourName(r, o.Behaviour), cut(e.objects.Object(o.Behaviour, o.Object), objectLength), o.Traces})
		}
		out = append(out, row)
	}
	return out, nil
}

// evidence is what the post store knows of what the page shows, with the veils
// under which it is shown.
type evidence struct {
	span     span
	accounts map[string]*poststore.Account // by key
	posts    map[poststore.Key]*poststore.Post
	// cards veils posts and names the accounts of a page of tables, for the
	// reader; objects veils what the group acted on, for anybody.
	cards, names, objects *mandate.Veil
	// edges are the places of those that are shown at all, edgeRows and
	// accountRows of those on this page, the sheets how they are sorted.
	edges, edgeRows, accountRows []int
	edgeSheet, accountSheet      sheet
	objectSheet, exampleSheet    sheet
	examples                     []finding.Example
	only                         int // the account whose edges are shown; -1 for all
}

// unveil chooses what of the snapshot this page shows, and reads the accounts
// and posts of it.
func (s *Server) unveil(r *http.Request, v *findingView, x span) (*evidence, error) {
	e := &evidence{span: x, only: -1}
	snap := &v.Shown
	if alias := r.URL.Query().Get("account"); alias != "" {
		e.only = slices.IndexFunc(snap.Accounts, func(a finding.Account) bool { return a.Alias == alias })
	}
	s.chooseAccounts(r, snap, e)
	s.chooseEdges(r, snap, e)
	e.objectSheet = sheetOf(r, "objects", "", "", len(snap.Objects), objectsShown)
	for _, m := range snap.Examples {
		if x.holds(m.TimeA, m.TimeB) && s.policy.May(auth.Of(r.Context()), auth.PostRead) {
			e.examples = append(e.examples, m)
		}
	}
	e.exampleSheet = sheetOf(r, "examples", "", "", len(e.examples), examplesShown)
	if err := s.readAccounts(r, snap, e); err != nil {
		return nil, err
	}
	return e, s.readPosts(r, snap, e)
}

// readAccounts reads all accounts of the group: what it acted on may name any
// of them. Only those that the page lists count as seen by the reader.
func (s *Server) readAccounts(r *http.Request, snap *finding.Snapshot, e *evidence) error {
	known, err := s.membersOf(r.Context(), snap)
	if err != nil {
		return err
	}
	e.accounts = known
	all := make([]mandate.Account, 0, len(known))
	for _, a := range known {
		all = append(all, mandate.Of(a))
	}
	if e.objects, err = s.Mandate.Veil(r.Context(), nil, all...); err != nil {
		return fmt.Errorf("veiling objects: %w", err)
	}
	var listed []mandate.Account
	seen := map[int]bool{}
	add := func(i int) {
		if a := known[snap.Accounts[i].Key]; a != nil && !seen[i] {
			seen[i] = true
			listed = append(listed, mandate.Of(a))
		}
	}
	for _, i := range e.accountRows {
		add(i)
	}
	for _, i := range e.edgeRows {
		add(snap.Edges[i].A)
		add(snap.Edges[i].B)
	}
	if e.only >= 0 {
		add(e.only)
	}
	if e.names, err = s.Mandate.Veil(r.Context(), auth.Of(r.Context()), listed...); err != nil {
		return fmt.Errorf("veiling accounts: %w", err)
	}
	return nil
}

// readPosts reads the posts that the page shows.
func (s *Server) readPosts(r *http.Request, snap *finding.Snapshot, e *evidence) error {
	want := map[poststore.Key]struct{}{}
	for _, o := range snap.Objects[e.objectSheet.from:e.objectSheet.to] {
		if isText(o.Object) {
			want[o.Post] = struct{}{}
		}
	}
	for _, m := range e.examples[e.exampleSheet.from:e.exampleSheet.to] {
		want[m.PostA], want[m.PostB] = struct{}{}, struct{}{}
	}
	keys := make([]poststore.Key, 0, len(want))
	for k := range want {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	found, err := s.Posts.Get(r.Context(), keys)
	if err != nil {
		return fmt.Errorf("reading the posts of a finding: %w", err)
	}
	if e.cards, err = s.Mandate.VeilPosts(r.Context(), auth.Of(r.Context()), found); err != nil {
		return fmt.Errorf("veiling posts: %w", err)
	}
	e.posts = make(map[poststore.Key]*poststore.Post, len(found))
	for i := range found {
		e.posts[found[i].Key] = &found[i]
	}
	return nil
}

// isText says that an object stands for a text, which the posts hold.
func isText(object string) bool { return strings.HasPrefix(object, "text:") }

// memberView is an account as a table or a heading names it.
type memberView struct {
	Label, Alias, Link string
	Named              bool
}

// member names an account of the group.
func (e *evidence) member(a *finding.Account) memberView {
	m := memberView{Label: a.Alias, Alias: a.Alias, Link: "/accounts/" + url.PathEscape(a.Alias)}
	if known := e.accounts[a.Key]; known != nil {
		shown := e.names.Account(mandate.Of(known))
		m.Label, m.Named = shown.Label, shown.Named
	}
	return m
}

// objectTable is what the group acted on.
type objectTable struct {
	sheet
	Rows []objectRow
	Left int64 // not kept in the snapshot
}

// objectRow is something that the group acted on together. Text says that
// Object is the beginning of a post's text, Gone that the post is not there any
// more.
type objectRow struct {
	Behaviour, Object             string
	Text, Gone                    bool
	Accounts, Everyone, CoActions int64
	Post, Search                  string
}

// object shows an object: a text by the post that has it, all else veiled.
func (e *evidence) object(behaviour, object string, p *poststore.Post) (text string, gone bool) {
	if !isText(object) {
		return cut(e.objects.Object(behaviour, object), objectLength), false
	}
	if p == nil || !p.Deleted.IsZero() {
		return "", true
	}
	shown := e.cards.Post(p)
	return cut(shown.Text, objectLength), false
}

// objectRows lists a page of objects.
func (s *Server) objectRows(r *http.Request, snap *finding.Snapshot, e *evidence) objectTable {
	t := objectTable{sheet: e.objectSheet, Left: snap.LeftObject}
	reads := s.policy.May(auth.Of(r.Context()), auth.PostRead)
	for _, o := range snap.Objects[e.objectSheet.from:e.objectSheet.to] {
		row := objectRow{
			Behaviour: s.behaviourName(r, o.Behaviour), Text: isText(o.Object),
			Accounts: o.Accounts, Everyone: o.Everyone, CoActions: o.CoActions,
		}
		row.Object, row.Gone = e.object(o.Behaviour, o.Object, e.posts[o.Post])
		if reads {
			row.Post = postLink(o.Post)
			row.Search = findingSearch(o.Behaviour, o.Object, e.objects)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// findingSearch gives the search for an object, where posts can be searched for it
// and it names nobody.
func findingSearch(behaviour, object string, veil *mandate.Veil) string {
	field, ok := map[string]query.Field{"url": query.URL, "domain": query.Domain, "hashtag": query.Hashtag}[behaviour]
	if !ok || veil.Object(behaviour, object) != object {
		return ""
	}
	return "/search?" + url.Values{"q": {query.Format(query.Is{Field: field, Value: object})}}.Encode()
}

// timeView is the chart of posts over time with its table.
type timeView struct {
	Chart chartData
	Bin   time.Duration
	Rows  []timeRow
	Posts int64
}

type timeRow struct {
	Time             time.Time
	Posts, CoActions int64
	Link             string // the page with the evidence cut to this time
}

// timeView makes the chart.
func (s *Server) timeView(r *http.Request, v *findingView) timeView {
	x := &v.Shown.Timeline
	t := timeView{Bin: time.Duration(x.Bin) * time.Second, Chart: chartData{Step: x.Bin, Zone: zoneOf(r)}}
	if t.Bin <= 0 {
		return t
	}
	posts := chartSeries{Label: s.say(r, "finding.posts"), Values: make([]int64, len(x.Posts)), Group: 1}
	copy(posts.Values, x.Posts)
	for i, n := range x.Posts {
		at := x.Start.Add(time.Duration(i) * t.Bin)
		t.Chart.X = append(t.Chart.X, at.Unix())
		t.Posts += n
		row := timeRow{Time: at, Posts: n}
		if i < len(x.CoActions) {
			row.CoActions = x.CoActions[i]
		}
		if row.Posts == 0 && row.CoActions == 0 {
			continue
		}
		row.Link = within(r, "examples", "after", at.UTC().Format(time.RFC3339), "before", at.Add(t.Bin).UTC().Format(time.RFC3339),
			"examples-page", "", "edges-page", "")
		t.Rows = append(t.Rows, row)
	}
	t.Chart.Series = []chartSeries{posts}
	return t
}

// exampleList is meetings to read: pairs of posts.
type exampleList struct {
	sheet
	Rows []exampleView
}

// exampleView is two posts on one thing, the earlier first.
type exampleView struct {
	ID, Behaviour, Object string
	Text, Gone            bool
	Gap                   time.Duration
	Posts                 [2]*PostCard // nil where the post is not there any more
	Who                   [2]memberView
	Edge                  string // the page of the two accounts
}

// exampleRows lists a page of meetings.
func (s *Server) exampleRows(r *http.Request, v *findingView, e *evidence) exampleList {
	out := exampleList{sheet: e.exampleSheet}
	for i, m := range e.examples[e.exampleSheet.from:e.exampleSheet.to] {
		a, b := &v.Shown.Accounts[m.A], &v.Shown.Accounts[m.B]
		x := exampleView{
			ID: fmt.Sprintf("example-%d", e.exampleSheet.from+i+1), Behaviour: s.behaviourName(r, m.Behaviour), Text: isText(m.Object),
			Gap: m.TimeB.Sub(m.TimeA), Who: [2]memberView{e.member(a), e.member(b)}, Edge: edgePath(v, a.Alias, b.Alias),
		}
		x.Object, x.Gone = e.object(m.Behaviour, m.Object, e.posts[m.PostA])
		for k, key := range [...]poststore.Key{m.PostA, m.PostB} {
			if p := e.posts[key]; p != nil {
				c := s.card(e.cards, p)
				c.ID = fmt.Sprintf("%s-%d", x.ID, k+1)
				x.Posts[k] = &c
			}
		}
		out.Rows = append(out.Rows, x)
	}
	return out
}

// edgePath is the page of the evidence between two accounts.
func edgePath(v *findingView, a, b string) string {
	return fmt.Sprintf("%s/edges/%s/%s?version=%d", v.Link, url.PathEscape(a), url.PathEscape(b), v.Shown.Version)
}

// sortRows orders places by a number, falling or rising, equal ones as they
// stand.
func sortRows(rows []int, falling bool, by func(i int) float64) {
	slices.SortStableFunc(rows, func(a, b int) int {
		if falling {
			return cmp.Compare(by(b), by(a))
		}
		return cmp.Compare(by(a), by(b))
	})
}
