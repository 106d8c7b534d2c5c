package graph

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/quick"

	"gonum.org/v1/gonum/graph/community"
	"gonum.org/v1/gonum/graph/simple"
)

// louvain runs gonum's Louvain and gives the communities' modularity in our
// own reckoning.
func louvain(g *Graph, resolution float64, seed uint64) ([]int32, float64) {
	u := simple.NewWeightedUndirectedGraph(0, 0)
	for v := range int32(g.Order()) {
		u.AddNode(simple.Node(v))
	}
	for v := range int32(g.Order()) {
		targets, weights := g.Neighbours(v)
		for i, t := range targets {
			if v < t {
				u.SetWeightedEdge(simple.WeightedEdge{F: simple.Node(v), T: simple.Node(t), W: weights[i]})
			}
		}
	}
	return louvainOf(g, u, resolution, seed)
}

func louvainOf(g *Graph, u *simple.WeightedUndirectedGraph, resolution float64, seed uint64) ([]int32, float64) {
	labels := make([]int32, g.Order())
	reduced := community.Modularize(u, resolution, rand.NewPCG(seed, 0))
	for c, nodes := range reduced.Communities() {
		for _, v := range nodes {
			labels[v.ID()] = int32(c)
		}
	}
	return labels, Modularity(g, labels, resolution)
}

// The best modularities known, proved best by Aloise et al., Phys. Rev. E 82,
// 046112, 2010 (weights left aside).
func TestLeidenReachesPublishedModularity(t *testing.T) {
	for _, tt := range []struct {
		file         string
		nodes, edges int
		best         float64
		communities  int
	}{
		{"karate.txt", 34, 78, 0.4198, 4},
		{"dolphins.txt", 62, 159, 0.5285, 5},
		{"lesmis.txt", 77, 254, 0.5600, 6},
	} {
		t.Run(tt.file, func(t *testing.T) {
			g := readEdges(t, tt.file, false)
			if g.Order() != tt.nodes || g.Size() != tt.edges {
				t.Fatalf("%d nodes, %d edges: want %d, %d", g.Order(), g.Size(), tt.nodes, tt.edges)
			}
			for seed := range uint64(20) {
				c, q, err := Leiden(t.Context(), g, LeidenOptions{Seed: seed})
				if err != nil {
					t.Fatal(err)
				}
				if q < tt.best-0.0011 || q > tt.best+0.00006 {
					t.Errorf("seed %d: modularity %.5f: want about %.4f, and not more", seed, q, tt.best)
				}
				if seed == 0 && (q < tt.best-0.0001 || int(slices.Max(c))+1 != tt.communities) {
					t.Errorf("modularity %.5f in %d communities: want %.4f in %d", q, slices.Max(c)+1, tt.best, tt.communities)
				}
				checkPartition(t, g, c)
			}
		})
	}
}

// checkPartition fails unless every community is connected within itself and
// the numbers follow the rule.
func checkPartition(t *testing.T, g *Graph, c []int32) {
	t.Helper()
	split := slices.Clone(c)
	k := splitDisconnected(g, split)
	if k != int(slices.Max(c))+1 {
		t.Errorf("%d communities fall into %d connected parts", slices.Max(c)+1, k)
	}
	again := slices.Clone(c)
	renumber(again, k)
	if !slices.Equal(again, c) {
		t.Errorf("communities are not numbered by size, then by smallest member")
	}
}

func TestLeidenAgainstLouvain(t *testing.T) {
	planted, _ := plantedEdges(1, 8, 50, 14, 3)
	unequal, _ := unequalEdges(1, 2000, 0.3)
	mixed, _ := unequalEdges(2, 2000, 0.5)
	for _, tt := range []struct {
		name  string
		n     int
		edges []Edge
	}{
		{"random sparse", 1000, randomEdges(1, 1000, 2000)},
		{"random", 1000, randomEdges(2, 1000, 5000)},
		{"random dense", 300, randomEdges(3, 300, 9000)},
		{"planted", 400, planted},
		{"unequal", 2000, unequal},
		{"unequal, mixed", 2000, mixed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := build(t, tt.n, tt.edges)
			for seed := range uint64(3) {
				c, q, err := Leiden(t.Context(), g, LeidenOptions{Seed: seed})
				if err != nil {
					t.Fatal(err)
				}
				checkPartition(t, g, c)
				_, theirs := louvain(g, 1, seed)
				t.Logf("seed %d: Leiden %.5f, Louvain %.5f", seed, q, theirs)
				if q < theirs-0.002 {
					t.Errorf("seed %d: modularity %.5f, Louvain's %.5f", seed, q, theirs)
				}
			}
		})
	}
}

func TestLeidenRecoversPlanted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		draw  func(seed uint64) ([]Edge, []int32)
		least float64 // NMI
	}{
		{"8 of 60", func(s uint64) ([]Edge, []int32) { return plantedEdges(s, 8, 60, 16, 3) }, 0.99},
		{"20 of 50", func(s uint64) ([]Edge, []int32) { return plantedEdges(s, 20, 50, 16, 3) }, 0.99},
		{"unequal, 20% mixed", func(s uint64) ([]Edge, []int32) { return unequalEdges(s, 3000, 0.2) }, 0.97},
		{"unequal, 40% mixed", func(s uint64) ([]Edge, []int32) { return unequalEdges(s, 3000, 0.4) }, 0.9},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(3) {
				edges, truth := tt.draw(seed)
				g := build(t, len(truth), edges)
				c, _, err := Leiden(t.Context(), g, LeidenOptions{Seed: seed})
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("NMI %.4f, ARI %.4f", NMI(c, truth), ARI(c, truth))
				if got := NMI(c, truth); got < tt.least {
					t.Errorf("seed %d: NMI with what was planted is %.4f: want %.2f", seed, got, tt.least)
				}
			}
		})
	}
}

func TestLeidenProperties(t *testing.T) {
	property := func(seed uint64, nodes, ties uint8, spread uint8, cpm bool) bool {
		n := int(nodes)%60 + 1
		rng := rand.New(rand.NewPCG(seed, 9))
		edges := make([]Edge, int(ties)*2)
		for i := range edges {
			edges[i] = Edge{rng.Int32N(int32(n)), rng.Int32N(int32(n)), math.Exp(rng.NormFloat64() * float64(spread%8))}
		}
		g := build(t, n, edges)
		o := LeidenOptions{Seed: seed, Resolution: 0.2 + 2*rng.Float64()}
		if cpm {
			o.Objective = ObjectiveCPM
		}
		c, q, err := Leiden(context.Background(), g, o)
		if err != nil {
			t.Log(err)
			return false
		}
		c2, q2, _ := Leiden(context.Background(), g, o)
		checkPartition(t, g, c)
		alone := make([]int32, n)
		for v := range alone {
			alone[v] = int32(v)
		}
		measure := Modularity
		if cpm {
			measure = ConstantPotts
		}
		return slices.Equal(c, c2) && q == q2 && q == measure(g, c, o.Resolution) &&
			q >= measure(g, alone, o.Resolution)-1e-9 && q >= measure(g, g.Components(), o.Resolution)-1e-6*math.Abs(q)-0.2
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 400}); err != nil {
		t.Error(err)
	}
}

// The scale of the weights must not matter to modularity.
func TestLeidenScale(t *testing.T) {
	g := readEdges(t, "lesmis.txt", true)
	want, _, err := Leiden(t.Context(), g, LeidenOptions{Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	for _, scale := range []float64{1.0 / (1 << 20), 1 << 30} {
		var edges []Edge
		for v := range int32(g.Order()) {
			targets, weights := g.Neighbours(v)
			for i, u := range targets {
				if v < u {
					edges = append(edges, Edge{v, u, weights[i] * scale})
				}
			}
		}
		got, _, err := Leiden(t.Context(), build(t, g.Order(), edges), LeidenOptions{Seed: 4})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("weights times %v: other communities (%v)", scale, err)
		}
	}
}

func TestLeidenCliques(t *testing.T) {
	// A ring of 30 cliques of 5: modularity at resolution 1 merges pairs
	// (Fortunato and Barthélemy, PNAS 104:36, 2007); CPM keeps them apart.
	var edges []Edge
	for c := range int32(30) {
		for a := range int32(5) {
			for b := range a {
				edges = append(edges, Edge{5*c + a, 5*c + b, 1})
			}
		}
		edges = append(edges, Edge{5 * c, (5*c + 8) % 150, 1})
	}
	g := build(t, 150, edges)
	c, q, err := Leiden(t.Context(), g, LeidenOptions{Objective: ObjectiveCPM, Resolution: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if k := slices.Max(c) + 1; k != 30 || q != 30*(10-0.5*10) {
		t.Errorf("%d communities of quality %v: want 30 of 150", k, q)
	}
	if c, _, _ = Leiden(t.Context(), g, LeidenOptions{}); slices.Max(c)+1 >= 30 {
		t.Errorf("modularity keeps apart %d communities: want fewer than 30", slices.Max(c)+1)
	}
}

func TestLeidenEdgeCases(t *testing.T) {
	for _, tt := range []struct {
		name  string
		n     int
		edges []Edge
		want  []int32
	}{
		{"nothing", 0, nil, []int32{}},
		{"one node", 1, nil, []int32{0}},
		{"no edges", 3, nil, []int32{0, 1, 2}},
		{"only a self loop", 2, []Edge{{1, 1, 5}}, []int32{0, 1}},
		{"one edge", 3, []Edge{{2, 1, 1}}, []int32{1, 0, 0}},
		{"weight 0 is no edge", 2, []Edge{{0, 1, 0}}, []int32{0, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := Leiden(t.Context(), build(t, tt.n, tt.edges), LeidenOptions{})
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("got %v, %v: want %v", got, err, tt.want)
			}
		})
	}
	g := build(t, 2, []Edge{{0, 1, 1}})
	for _, o := range []LeidenOptions{
		{Resolution: -1}, {Resolution: math.NaN()}, {Resolution: math.Inf(1)}, {MaxPasses: -1}, {Restarts: -1}, {Randomness: -1}, {Objective: 7},
	} {
		if _, _, err := Leiden(t.Context(), g, o); err == nil {
			t.Errorf("%+v: want an error", o)
		}
	}
	if _, _, err := Leiden(t.Context(), nil, LeidenOptions{}); err == nil {
		t.Error("no network: want an error")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Leiden(ended, g, LeidenOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}

func BenchmarkLeiden(b *testing.B) {
	planted, truth := plantedEdges(1, 40, 100, 70, 15)
	unequal, _ := unequalEdges(1, 20000, 0.4)
	for _, bb := range []struct {
		name  string
		n     int
		edges []Edge
	}{
		{"random_20k_100k", 20000, randomEdges(1, 20000, 100000)},
		{"unequal_20k", 20000, unequal},
		{"planted_4k_130k", len(truth), planted},
		{"random_4k_170k", 4000, randomEdges(1, 4000, 170000)},
	} {
		g := build(b, bb.n, bb.edges)
		b.Run("Leiden/"+bb.name, func(b *testing.B) {
			b.ReportAllocs()
			q := 0.0
			for i := 0; b.Loop(); i++ {
				var err error
				if _, q, err = Leiden(b.Context(), g, LeidenOptions{Seed: uint64(i)}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(q, "modularity")
			b.ReportMetric(float64(g.Size()), "edges")
		})
		b.Run("Louvain/"+bb.name, func(b *testing.B) {
			u := simple.NewWeightedUndirectedGraph(0, 0)
			for v := range int32(g.Order()) {
				u.AddNode(simple.Node(v))
			}
			for _, e := range bb.edges {
				u.SetWeightedEdge(simple.WeightedEdge{F: simple.Node(e.A), T: simple.Node(e.B), W: g.Weight(e.A, e.B)})
			}
			b.ReportAllocs()
			q := 0.0
			for i := 0; b.Loop(); i++ {
				_, q = louvainOf(g, u, 1, uint64(i))
			}
			b.ReportMetric(q, "modularity")
		})
	}
}
