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

	"github.com/akashi-project/akashi/internal/graph"
	"github.com/akashi-project/akashi/internal/group"
	"github.com/akashi-project/akashi/internal/report"
)

// How much the page shows of what there is.
const (
	drawnNodes    = 3000
	drawnEdges    = 12_000
	shownObjects  = 12
	shownExamples = 6
	textLimit     = 500
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
	details, err := group.Gather(ctx, n, g, shownObjects, nil)
	if err != nil {
		return fmt.Errorf("building the report: %w", err)
	}
	for k := range g.Members {
		var objects []report.Object
		for _, o := range details[k].Objects {
			objects = append(objects, o.Object)
		}
		res.objects = append(res.objects, objects)
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

// group builds what is shown of one group.
func (res *Result) group(k int, d group.Detail, names, labels []string) report.Group {
	n, g := res.Network, res.Groups
	out := group.Build(n, g, k, d)
	out.ID = groupID(k)
	for i := range out.Objects {
		out.Objects[i].Object = res.veil.object(out.Objects[i].Behaviour, out.Objects[i].Object)
	}
	count := map[string]int{}
	for i, a := range g.Members[k] {
		m := &out.Accounts[i]
		m.Account, m.Posts = names[a], res.accounts[a].posts
		if labels != nil {
			m.Truth = labels[a]
			count[m.Truth]++
			if m.Truth != "" && count[m.Truth] > count[out.Truth] {
				out.Truth = m.Truth
			}
		}
	}
	out.Examples = res.examples(k, names)
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
			A: int(c.a), B: int(c.b), Weight: round(c.weight, 3), Q: d.Q, Note: group.EdgeNote(d),
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
