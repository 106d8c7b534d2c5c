package finding

import (
	"context"
	"fmt"
	"math"

	"github.com/akashi-project/akashi/internal/graph"
)

// Where accounts are drawn. Those that had a place keep it while at least seven
// in ten of the group's accounts had one; newcomers then stand at the middle of
// their partners, a little aside. With fewer, the group is laid out anew and
// turned, mirrored and moved as a whole so that those who stayed move least
// (Procrustes).

const keepPlaces = 0.7

// placeAccounts gives the accounts of a snapshot their places.
func placeAccounts(ctx context.Context, s *Snapshot, more []layoutEdge, before map[string]graph.Point) error {
	n := len(s.Accounts)
	had := 0
	for i := range s.Accounts {
		if _, ok := before[s.Accounts[i].Key]; ok {
			had++
		}
	}
	edges := make([]graph.Edge, 0, len(s.Edges)+len(more))
	for i := range s.Edges {
		e := &s.Edges[i]
		edges = append(edges, graph.Edge{A: int32(e.A), B: int32(e.B), Weight: e.Weight}) //nolint:gosec // places of accounts
	}
	for _, e := range more {
		edges = append(edges, graph.Edge{A: e.a, B: e.b, Weight: e.weight})
	}
	g, err := graph.New(n, edges)
	if err != nil {
		return fmt.Errorf("placing accounts: %w", err)
	}
	if float64(had) >= keepPlaces*float64(n) {
		keep(s, g, before)
		return nil
	}
	points, err := graph.Layout(ctx, g, make([]int32, n), graph.LayoutOptions{Seed: 1})
	if err != nil {
		return fmt.Errorf("placing accounts: %w", err)
	}
	var from, to []graph.Point
	for i := range s.Accounts {
		if p, ok := before[s.Accounts[i].Key]; ok {
			from, to = append(from, points[i]), append(to, p)
		}
	}
	if turn(points, from, to) {
		fit(points, make([]float64, n))
	}
	for i, p := range points {
		s.Accounts[i].X, s.Accounts[i].Y = rounded(p.X, 4), rounded(p.Y, 4)
	}
	return nil
}

// keep leaves accounts where they were and puts newcomers beside their partners.
func keep(s *Snapshot, g *graph.Graph, before map[string]graph.Point) {
	for i := range s.Accounts {
		a := &s.Accounts[i]
		if p, ok := before[a.Key]; ok {
			a.X, a.Y = p.X, p.Y
			continue
		}
		var x, y, sum float64
		partners, weights := g.Neighbours(int32(i)) //nolint:gosec // a place of an account
		for j, v := range partners {
			if p, ok := before[s.Accounts[v].Key]; ok {
				x, y, sum = x+p.X*weights[j], y+p.Y*weights[j], sum+weights[j]
			}
		}
		if sum == 0 {
			x, y, sum = 0.5, 0.5, 1
		}
		// The golden angle spreads newcomers evenly, whatever their number.
		angle := float64(i) * math.Pi * (3 - math.Sqrt(5))
		a.X = rounded(min(max(x/sum+0.04*math.Cos(angle), 0), 1), 4)
		a.Y = rounded(min(max(y/sum+0.04*math.Sin(angle), 0), 1), 4)
	}
}

// turn rotates, mirrors and moves points as a whole so that those given as from
// come as near as they can to to, by least squares. With fewer than two pairs it
// does nothing and says so.
func turn(points, from, to []graph.Point) bool {
	if len(from) < 2 {
		return false
	}
	mean := func(p []graph.Point) (m graph.Point) {
		for _, x := range p {
			m.X += x.X / float64(len(p))
			m.Y += x.Y / float64(len(p))
		}
		return m
	}
	a, b := mean(from), mean(to)
	// In complex numbers: the best rotation is the phase of Σ conj(from)·to,
	// the best mirrored one that of Σ from·to; the larger sum fits better.
	var re, im, mre, mim float64
	for i := range from {
		x, y, u, v := from[i].X-a.X, from[i].Y-a.Y, to[i].X-b.X, to[i].Y-b.Y
		re, im = re+x*u+y*v, im+x*v-y*u
		mre, mim = mre+x*u-y*v, mim+x*v+y*u
	}
	sign := 1.0
	if math.Hypot(mre, mim) > math.Hypot(re, im) {
		re, im, sign = mre, mim, -1
	}
	length := math.Hypot(re, im)
	if length == 0 {
		return false
	}
	c, s := re/length, im/length
	for i, p := range points {
		x, y := p.X-a.X, sign*(p.Y-a.Y)
		points[i] = graph.Point{X: b.X + c*x - s*y, Y: b.Y + s*x + c*y}
	}
	return true
}
