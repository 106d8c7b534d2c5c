package graph

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

func layoutOf(t *testing.T, g *Graph, community []int32, o LayoutOptions) []Point {
	t.Helper()
	pts, err := Layout(t.Context(), g, community, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(pts) != g.Order() {
		t.Fatalf("%d places for %d nodes", len(pts), g.Order())
	}
	for v, p := range pts {
		if !(p.X >= 0 && p.X <= 1 && p.Y >= 0 && p.Y <= 1) {
			t.Fatalf("node %d at %v", v, p)
		}
	}
	return pts
}

func TestLayoutStaysInside(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 150 {
		n := rng.IntN(400) + 1
		if i < 5 {
			n = i
		}
		var edges []Edge
		for range rng.IntN(4 * (n + 1)) {
			if n > 0 {
				edges = append(edges, Edge{rng.Int32N(int32(n)), rng.Int32N(int32(n)), math.Exp(10 * rng.NormFloat64())})
			}
		}
		community := make([]int32, n)
		k := rng.IntN(n+1) + 1
		for v := range community {
			community[v] = int32(rng.IntN(k)) - 3
		}
		if i%3 == 0 {
			community = nil
		}
		g := build(t, n, edges)
		pts := layoutOf(t, g, community, LayoutOptions{Seed: uint64(i), Width: float64(i%4 + 1), Height: 2})
		seen := make(map[Point]bool)
		for _, p := range pts {
			if seen[p] {
				t.Errorf("%d nodes: two in one place, %v", n, p)
			}
			seen[p] = true
		}
	}
}

// Whatever the radii and ties, discs do not overlap.
func TestPackDisjoint(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for i := range 60 {
		k := rng.IntN(60) + 1
		if i%10 == 0 {
			k = packClosely + rng.IntN(600)
		}
		radius := make([]float64, k)
		ties := make([][]tie, k)
		for c := range radius {
			radius[c] = math.Sqrt(float64(rng.IntN(5) + 1))
			if rng.IntN(4) == 0 {
				radius[c] = math.Exp(4 * rng.Float64())
			}
			for range rng.IntN(4) {
				if to := rng.IntN(k); to != c {
					ties[c] = append(ties[c], tie{int32(to), 0.25})
				}
			}
		}
		slices.SortFunc(radius, func(a, b float64) int {
			if a > b {
				return -1
			}
			return 1
		})
		discs, err := pack(t.Context(), radius, ties, []float64{1, 1.8, 0.5}[i%3])
		if err != nil {
			t.Fatal(err)
		}
		for a := range discs {
			if discs[a].r != radius[a] || math.IsNaN(discs[a].x+discs[a].y) {
				t.Fatalf("disc %d: %+v", a, discs[a])
			}
			for b := range a {
				if d := math.Hypot(discs[a].x-discs[b].x, discs[a].y-discs[b].y); d < radius[a]+radius[b] {
					t.Fatalf("%d discs: %d and %d are %v apart, radii %v and %v", k, a, b, d, radius[a], radius[b])
				}
			}
		}
	}
}

// Communities lie apart, and those tied together near each other.
func TestLayoutCommunities(t *testing.T) {
	edges, truth := plantedEdges(1, 8, 40, 10, 0)
	for range 20 { // communities 0 and 7 belong together
		edges = append(edges, Edge{0, 7, 1})
	}
	g := build(t, len(truth), edges)
	pts := layoutOf(t, g, truth, LayoutOptions{})
	centre := make([]Point, 8)
	for v, c := range truth {
		centre[c].X += pts[v].X / 40
		centre[c].Y += pts[v].Y / 40
	}
	for v, c := range truth {
		own := math.Hypot(pts[v].X-centre[c].X, pts[v].Y-centre[c].Y)
		for d := range centre {
			if d != int(c) && math.Hypot(pts[v].X-centre[d].X, pts[v].Y-centre[d].Y) < own {
				t.Errorf("node %d of community %d lies nearer to %d", v, c, d)
			}
		}
	}
	together := math.Hypot(centre[0].X-centre[7].X, centre[0].Y-centre[7].Y)
	closer := 0
	for d := 1; d < 7; d++ {
		if math.Hypot(centre[0].X-centre[d].X, centre[0].Y-centre[d].Y) < together*0.99 {
			closer++
		}
	}
	if closer > 0 {
		t.Errorf("%d communities without a tie lie nearer than the one with", closer)
	}
	// Neighbours are nearer than others within a community, too.
	tied, pairs := 0.0, 0.0
	m, k := 0, 0
	for a := range truth {
		for b := range a {
			if truth[a] != truth[b] {
				continue
			}
			d := math.Hypot(pts[a].X-pts[b].X, pts[a].Y-pts[b].Y)
			pairs += d
			k++
			if g.Weight(int32(a), int32(b)) > 0 {
				tied += d
				m++
			}
		}
	}
	if tied/float64(m) > 0.85*pairs/float64(k) {
		t.Errorf("neighbours are %v apart on average, all %v", tied/float64(m), pairs/float64(k))
	}
}

// The same seed gives the same picture on any number of processors.
func TestLayoutDeterministic(t *testing.T) {
	edges, truth := plantedEdges(1, 5, 100, 10, 2)
	edges = append(edges, randomEdges(2, 2500, 6000)...)
	g := build(t, 2500, edges)
	community := make([]int32, 2500)
	copy(community, truth)
	one := layoutOf(t, g, community, LayoutOptions{Seed: 5})
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if !slices.Equal(one, layoutOf(t, g, community, LayoutOptions{Seed: 5})) {
		t.Error("another picture on one processor")
	}
	runtime.GOMAXPROCS(5)
	if !slices.Equal(one, layoutOf(t, g, community, LayoutOptions{Seed: 5})) {
		t.Error("another picture on five processors")
	}
	if slices.Equal(one, layoutOf(t, g, community, LayoutOptions{Seed: 6})) {
		t.Error("the seed makes no difference")
	}
}

func TestLayoutFails(t *testing.T) {
	g := build(t, 2, []Edge{{0, 1, 1}})
	for _, o := range []LayoutOptions{{Iterations: -1}, {Width: -1}, {Height: math.NaN()}, {Width: math.Inf(1)}} {
		if _, err := Layout(t.Context(), g, nil, o); err == nil {
			t.Errorf("%+v: want an error", o)
		}
	}
	if _, err := Layout(t.Context(), g, []int32{1}, LayoutOptions{}); err == nil {
		t.Error("a community missing: want an error")
	}
	if _, err := Layout(t.Context(), nil, nil, LayoutOptions{}); err == nil {
		t.Error("no network: want an error")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Layout(ended, g, nil, LayoutOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}

// The forces of the tree are about those of all pairs.
func TestQuadtree(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	places := make([]Point, 2000)
	for v := range places {
		places[v] = Point{40 * rng.NormFloat64(), 20 * rng.NormFloat64()}
	}
	places[1] = places[0] // two in one place
	f := &forces{places: places, push: make([]Point, len(places))}
	f.repelAll()
	tree := newQuadtree(len(places))
	tree.build(places)
	push := make([]Point, len(places))
	tree.repel(push, 0, len(places))
	off, all := 0.0, 0.0
	for v := range push {
		off += math.Hypot(push[v].X-f.push[v].X, push[v].Y-f.push[v].Y)
		all += math.Hypot(f.push[v].X, f.push[v].Y)
	}
	if off/all > 0.05 {
		t.Errorf("forces are off by %.1f%%", 100*off/all)
	}
}

func BenchmarkLayout(b *testing.B) {
	small, smallTruth := plantedEdges(1, 6, 50, 16, 4)
	planted, truth := plantedEdges(1, 40, 100, 70, 15)
	unequal, groups := unequalEdges(1, 50000, 0.2)
	for _, bb := range []struct {
		name      string
		edges     []Edge
		community []int32
	}{
		{"300_2500", small, smallTruth},
		{"300_2500_one_community", small, make([]int32, 300)},
		{"4k_130k", planted, truth},
		{"4k_170k_one_community", randomEdges(1, 4000, 170000), make([]int32, 4000)},
		{"50k", unequal, groups},
		{"50k_one_community", unequal, make([]int32, 50000)},
	} {
		g := build(b, len(bb.community), bb.edges)
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Layout(b.Context(), g, bb.community, LayoutOptions{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(g.Size()), "edges")
		})
	}
}
