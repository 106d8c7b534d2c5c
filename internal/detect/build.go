package detect

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/graph"
	"github.com/akashi-project/akashi/internal/report"
)

// How much the page shows of what there is.
const (
	drawnNodes    = 3000
	drawnEdges    = 12_000
	shownObjects  = 12
	shownExamples = 6
	textLimit     = 500
	timelineBins  = 96
)

func groupID(k int) string { return fmt.Sprintf("G%d", k+1) }

// report builds what the page and report.json show.
func (r *run) report(ctx context.Context) error {
	res := r.result
	n, g := res.Network, res.Groups
	known := r.loadTruth()
	names, err := res.names() // before anything is shown: it makes the veil
	if err != nil {
		return err
	}
	rep := &report.Report{
		Schema: "akashi-report/1", Version: r.o.Version, Generated: time.Now().UTC().Truncate(time.Second),
		Title: r.o.Title, Synthetic: res.synthetic > 0, Marking: r.o.Marking, Named: r.o.Named,
		Params: res.params(r), LeftOut: res.leftOut(),
		Counts: report.Counts{
			Posts: res.posts, Accounts: int64(len(n.Accounts)), Traces: n.Traces, Objects: n.Objects,
			Pairs: n.Pairs, Edges: int64(n.Len()), Significant: g.Significant, Groups: int64(len(g.Members)),
		},
	}
	if rep.Title == "" {
		var files []string
		for _, p := range r.o.Paths {
			files = append(files, filepath.Base(p))
		}
		rep.Title = strings.Join(files, ", ")
	}
	for _, s := range res.Inputs {
		in := report.Input{
			File: s.File, Format: s.Format, Encoding: s.Encoding, Bytes: s.Bytes, Rows: s.Rows, Posts: s.Posts,
			Bad: s.Bad, First: s.First, Last: s.Last,
		}
		for _, b := range s.Reasons {
			in.Reasons = append(in.Reasons, b.String())
		}
		rep.Inputs = append(rep.Inputs, in)
	}
	details, err := res.details(ctx)
	if err != nil {
		return err
	}
	for k := range g.Members {
		res.objects = append(res.objects, details[k].objects)
		rep.Groups = append(rep.Groups, res.group(k, details[k], names, known.labels))
	}
	if known.labels != nil {
		rep.Check = res.check(known)
	}
	r.begin("layout")
	if rep.Network, err = res.draw(ctx, names); err != nil {
		return err
	}
	res.Report = rep
	return nil
}

// names gives what the page calls each account: its name, or a pseudonym that
// means something within this report only.
func (res *Result) names() ([]string, error) {
	out := make([]string, len(res.accounts))
	if res.options.Named {
		for i, a := range res.accounts {
			out[i] = a.shown
			if a.handle != "" && a.handle != a.shown {
				out[i] = a.handle
			}
		}
		return out, nil
	}
	v, err := newVeil()
	if err != nil {
		return nil, err
	}
	for i, a := range res.Network.Accounts {
		out[i] = v.pseudonym(a.Name)
		v.learn(out[i], res.accounts[i].id, res.accounts[i].handle)
	}
	res.veil = v
	return out, nil
}

// detail is what all of a group's actions, not only its evidence, show.
type detail struct {
	objects []report.Object
	start   time.Time
	bin     time.Duration
	posts   []int64
	inStep  []int64
}

// details goes through all objects once and gathers what each group did.
func (res *Result) details(ctx context.Context) ([]detail, error) {
	n, g := res.Network, res.Groups
	out := make([]detail, len(g.Members))
	for k := range out {
		var first, last time.Time
		for i, e := range g.Edges[k] {
			d := n.Edge(e)
			if i == 0 || d.First.Before(first) {
				first = d.First
			}
			if i == 0 || d.Last.After(last) {
				last = d.Last
			}
		}
		out[k].bin = binFor(last.Sub(first))
		out[k].start = first.Truncate(out[k].bin)
		bins := int(last.Sub(out[k].start)/out[k].bin) + 1
		out[k].posts, out[k].inStep = make([]int64, bins), make([]int64, bins)
	}
	posts := make([]map[coordination.PostKey]struct{}, len(out))
	for k := range posts {
		posts[k] = map[coordination.PostKey]struct{}{}
	}
	mine := make([][]coordination.Action, len(out))
	err := n.EachObject(ctx, func(o coordination.ObjectActions) error {
		var touched []int32
		for _, a := range o.Actions {
			k := g.Of[a.Account]
			if k < 0 {
				continue
			}
			if len(mine[k]) == 0 {
				touched = append(touched, k)
			}
			mine[k] = append(mine[k], a)
		}
		for _, k := range touched {
			d := &out[k]
			for _, a := range mine[k] {
				if _, again := posts[k][a.Post]; !again {
					posts[k][a.Post] = struct{}{}
					d.count(d.posts, a.Time)
				}
			}
			if members, steps := inStep(mine[k], n.Config.Window, func(at time.Time) { d.count(d.inStep, at) }); members > 1 && steps > 0 {
				d.objects = append(d.objects, report.Object{
					Behaviour: o.Behaviour.String(), Object: o.Object, Accounts: members, Everyone: o.Accounts, CoActions: steps,
				})
			}
			mine[k] = mine[k][:0]
		}
		return nil
	})
	for k := range out {
		sortObjects(out[k].objects, len(n.Accounts))
		out[k].objects = out[k].objects[:min(len(out[k].objects), shownObjects)]
	}
	if err != nil {
		return nil, fmt.Errorf("gathering what groups did: %w", err)
	}
	return out, nil
}

// sortObjects puts first what many of the group and few others acted on.
func sortObjects(o []report.Object, accounts int) {
	weight := func(x report.Object) float64 {
		return float64(x.Accounts) * math.Log(1+float64(accounts)/float64(x.Everyone))
	}
	slices.SortFunc(o, func(a, b report.Object) int {
		return cmp.Or(cmp.Compare(weight(b), weight(a)), cmp.Compare(b.CoActions, a.CoActions),
			strings.Compare(a.Behaviour, b.Behaviour), strings.Compare(a.Object, b.Object))
	})
}

func (d *detail) count(bins []int64, at time.Time) {
	if i := at.Sub(d.start) / d.bin; at.Compare(d.start) >= 0 && int(i) < len(bins) {
		bins[i]++
	}
}

// inStep counts the accounts of some actions, and the actions that lie no more
// than the window after one of another account.
func inStep(actions []coordination.Action, window time.Duration, each func(time.Time)) (accounts, steps int64) {
	near := map[int32]int{} // by account: actions inside the window
	seen := map[int32]struct{}{}
	from := 0
	for _, a := range actions {
		for ; a.Time.Sub(actions[from].Time) > window; from++ {
			if near[actions[from].Account]--; near[actions[from].Account] == 0 {
				delete(near, actions[from].Account)
			}
		}
		near[a.Account]++
		seen[a.Account] = struct{}{}
		if len(near) > 1 {
			steps++
			each(a.Time)
		}
	}
	return int64(len(seen)), steps
}

// binFor gives a bin of round width that cuts a span into few enough.
func binFor(span time.Duration) time.Duration {
	for _, b := range []time.Duration{
		time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour,
		6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour,
	} {
		if span/b < timelineBins {
			return b
		}
	}
	const day = 24 * time.Hour
	return (span / timelineBins).Truncate(day) + day
}

// group builds what is shown of one group.
func (res *Result) group(k int, d detail, names, labels []string) report.Group {
	n, g := res.Network, res.Groups
	out := report.Group{
		ID: groupID(k), Edges: int64(len(g.Edges[k])), Objects: slices.Clone(d.objects),
		Timeline: report.Timeline{Start: d.start, Bin: int64(d.bin / time.Second), Posts: d.posts, CoActions: d.inStep},
	}
	for i := range out.Objects {
		out.Objects[i].Object = res.veil.object(out.Objects[i].Behaviour, out.Objects[i].Object)
	}
	layers := map[coordination.Behaviour]*report.Layer{}
	var gaps []float64
	objects := int64(0)
	for i, e := range g.Edges[k] {
		edge := n.Edge(e)
		out.CoActions += edge.CoActions
		out.Occasions += edge.Occasions
		objects += edge.Objects
		out.Expected += edge.Expected
		gaps = append(gaps, edge.GapMedian.Seconds())
		if i == 0 || edge.First.Before(out.First) {
			out.First = edge.First
		}
		if i == 0 || edge.Last.After(out.Last) {
			out.Last = edge.Last
		}
		for _, l := range n.Behaviours(e) {
			if layers[l.Behaviour] == nil {
				layers[l.Behaviour] = &report.Layer{Behaviour: l.Behaviour.String()}
			}
			layers[l.Behaviour].Edges++
			layers[l.Behaviour].CoActions += l.CoActions
			layers[l.Behaviour].Objects += l.Objects
		}
	}
	slices.Sort(gaps)
	if len(gaps) > 0 {
		out.MedianGap = gaps[len(gaps)/2]
	}
	for b := range coordination.NumBehaviours {
		if l := layers[coordination.Behaviour(b)]; l != nil { //nolint:gosec // below NumBehaviours
			out.Behaviours = append(out.Behaviours, *l)
		}
	}
	slices.SortStableFunc(out.Behaviours, func(a, b report.Layer) int { return cmp.Compare(b.Edges, a.Edges) })
	count := map[string]int{}
	for _, a := range g.Members[k] {
		m := report.Member{
			Account: names[a], Posts: res.accounts[a].posts, Score: n.Accounts[a].Score, Partners: int(g.Partners[a]),
		}
		if labels != nil {
			m.Truth = labels[a]
			count[m.Truth]++
			if m.Truth != "" && count[m.Truth] > count[out.Truth] {
				out.Truth = m.Truth
			}
		}
		out.Accounts = append(out.Accounts, m)
	}
	out.Examples = res.examples(k, names)
	out.Why = whySentence(&out, n)
	out.Counter = counterSentence(&out, objects)
	return out
}

// examples picks pairs of posts to read: the heaviest edges first, each on
// another object and of other accounts as far as there are.
func (res *Result) examples(k int, names []string) []report.Example {
	var out []report.Example
	objects, used := map[string]bool{}, map[int32]int{}
	for most := range 3 { // how often an account may have been shown before
		for _, e := range res.Groups.Edges[k][:min(len(res.Groups.Edges[k]), 500)] {
			a, b := res.Network.Ends(e)
			if used[a] > most || used[b] > most {
				continue
			}
			for _, m := range res.Network.Evidence(e) {
				pa, pb := res.evidence[m.PostA], res.evidence[m.PostB]
				if objects[m.Object] || pa == nil || pb == nil {
					continue
				}
				objects[m.Object] = true
				used[a]++
				used[b]++
				if m.TimeB.Before(m.TimeA) {
					pa, pb, a, b = pb, pa, b, a
				}
				out = append(out, report.Example{
					Behaviour: m.Behaviour.String(), Object: res.veil.object(m.Behaviour.String(), m.Object),
					Gap:   m.TimeA.Sub(m.TimeB).Abs().Seconds(),
					Posts: [2]report.Excerpt{res.excerpt(pa, names[a]), res.excerpt(pb, names[b])},
				})
				break
			}
			if len(out) == shownExamples {
				return out
			}
		}
	}
	return out
}

func (res *Result) excerpt(k *kept, name string) report.Excerpt {
	text := k.Text
	if r := []rune(text); len(r) > textLimit {
		text = string(r[:textLimit]) + "…"
	}
	return report.Excerpt{
		Account: name, Platform: k.Platform, ID: res.veil.hide(k.ID), Time: k.Time, Lang: k.Lang, Text: text,
		Origin: k.Origin.String(), Synthetic: k.Synthetic,
	}
}

// draw lays out the groups: all of their accounts and edges, or the strongest
// where there are more than a picture bears.
func (res *Result) draw(ctx context.Context, names []string) (report.Network, error) {
	n, g := res.Network, res.Groups
	var out report.Network
	place := map[int32]int32{}
	var community []int32
	for k, members := range g.Members {
		for _, a := range members {
			if len(out.Nodes) == drawnNodes {
				out.LeftNodes++
				continue
			}
			place[a] = int32(len(out.Nodes)) //nolint:gosec // at most drawnNodes
			out.Nodes = append(out.Nodes, report.Node{Label: names[a], Group: k, Score: n.Accounts[a].Score})
			community = append(community, int32(k)) //nolint:gosec // at most drawnNodes
		}
	}
	type candidate struct {
		edge   int
		a, b   int32
		weight float64
	}
	var all []candidate
	for i := range n.Len() {
		if n.Q(i) > g.Config.FDR {
			continue
		}
		a, b := n.Ends(i)
		pa, oka := place[a]
		pb, okb := place[b]
		if !oka || !okb || a == b {
			continue
		}
		all = append(all, candidate{i, pa, pb, n.Weight(i)})
	}
	if len(all) > drawnEdges {
		slices.SortStableFunc(all, func(x, y candidate) int { return cmp.Compare(y.weight, x.weight) })
		out.LeftEdges = int64(len(all) - drawnEdges)
		all = all[:drawnEdges]
	}
	edges := make([]graph.Edge, 0, len(all))
	for _, c := range all {
		edges = append(edges, graph.Edge{A: c.a, B: c.b, Weight: c.weight})
		d := n.Edge(c.edge)
		out.Edges = append(out.Edges, report.Edge{
			A: int(c.a), B: int(c.b), Weight: round(c.weight, 3), Q: d.Q, Note: edgeNote(d),
		})
	}
	if len(out.Nodes) == 0 {
		return out, nil
	}
	net, err := graph.New(len(out.Nodes), edges)
	if err != nil {
		return out, fmt.Errorf("building the picture: %w", err)
	}
	points, err := graph.Layout(ctx, net, community, graph.LayoutOptions{Seed: 1, Width: 3, Height: 2})
	if err != nil {
		return out, fmt.Errorf("laying out the picture: %w", err)
	}
	for i, p := range points {
		out.Nodes[i].X, out.Nodes[i].Y = round(p.X, 4), round(p.Y, 4)
	}
	return out, nil
}

func round(x float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(x*scale) / scale
}
