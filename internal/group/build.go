package group

import (
	"cmp"
	"slices"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/report"
)

// Build builds what is shown of group k, but for its id, the names and posts of
// its accounts, and examples.
func Build(n *coordination.Network, g *coordination.Groups, k int, d Detail) report.Group {
	out := report.Group{Edges: int64(len(g.Edges[k])), Timeline: d.Timeline}
	for _, o := range d.Objects {
		out.Objects = append(out.Objects, o.Object)
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
	for _, a := range g.Members[k] {
		out.Accounts = append(out.Accounts, report.Member{Score: n.Accounts[a].Score, Partners: int(g.Partners[a])})
	}
	out.Why = why(&out, n)
	out.Counter = counter(&out, objects)
	return out
}
