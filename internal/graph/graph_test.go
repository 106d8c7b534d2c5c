package graph

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestNew(t *testing.T) {
	g := build(t, 4, []Edge{{2, 1, 1}, {0, 1, 2}, {1, 0, 0.5}, {2, 2, 3}, {0, 3, 0}, {2, 2, 1}})
	if g.Order() != 4 || g.Size() != 3 || g.TotalWeight() != 7.5 {
		t.Errorf("order %d, size %d, total %v: want 4, 3, 7.5", g.Order(), g.Size(), g.TotalWeight())
	}
	for v, want := range []struct {
		targets  []int32
		weights  []float64
		strength float64
	}{
		{[]int32{1}, []float64{2.5}, 2.5},
		{[]int32{0, 2}, []float64{2.5, 1}, 3.5},
		{[]int32{1}, []float64{1}, 9},
		{nil, nil, 0},
	} {
		targets, weights := g.Neighbours(int32(v))
		if !slices.Equal(targets, want.targets) || !slices.Equal(weights, want.weights) {
			t.Errorf("neighbours of %d: %v, %v: want %v, %v", v, targets, weights, want.targets, want.weights)
		}
		if g.Strength(int32(v)) != want.strength || g.Degree(int32(v)) != len(want.targets) {
			t.Errorf("node %d: strength %v, degree %d", v, g.Strength(int32(v)), g.Degree(int32(v)))
		}
	}
	if g.Loop(2) != 4 || g.Loop(0) != 0 || g.Weight(2, 2) != 4 || g.Weight(0, 1) != 2.5 || g.Weight(1, 0) != 2.5 || g.Weight(0, 3) != 0 || g.Weight(3, 2) != 0 {
		t.Error("weights or loops differ")
	}
}

func TestNewFails(t *testing.T) {
	for _, tt := range []struct {
		name  string
		n     int
		edges []Edge
	}{
		{"negative order", -1, nil},
		{"node beyond", 2, []Edge{{0, 2, 1}}},
		{"negative node", 2, []Edge{{-1, 0, 1}}},
		{"negative weight", 2, []Edge{{0, 1, -1}}},
		{"weight not a number", 2, []Edge{{0, 1, math.NaN()}}},
		{"infinite weight", 2, []Edge{{0, 1, math.Inf(1)}}},
		{"infinite sum", 2, []Edge{{0, 1, math.MaxFloat64}, {0, 1, math.MaxFloat64}}},
		{"loop on no nodes", 0, []Edge{{0, 0, 1}}},
	} {
		if _, err := New(tt.n, tt.edges); err == nil {
			t.Errorf("%s: want an error", tt.name)
		}
	}
}

// Whatever the edges, rows are ascending, without repetition, and symmetric.
func TestNewSymmetric(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for range 100 {
		n := rng.IntN(30) + 1
		edges := make([]Edge, rng.IntN(200))
		sum := 0.0
		for i := range edges {
			edges[i] = Edge{rng.Int32N(int32(n)), rng.Int32N(int32(n)), rng.Float64()}
			sum += edges[i].Weight
		}
		g := build(t, n, edges)
		if math.Abs(g.TotalWeight()-sum) > 1e-9 {
			t.Fatalf("total %v: want %v", g.TotalWeight(), sum)
		}
		for v := range int32(n) {
			targets, weights := g.Neighbours(v)
			for i, u := range targets {
				if i > 0 && u <= targets[i-1] || u == v {
					t.Fatalf("row of %d: %v", v, targets)
				}
				if g.Weight(u, v) != weights[i] {
					t.Fatalf("(%d, %d) weighs %v, (%d, %d) %v", v, u, weights[i], u, v, g.Weight(u, v))
				}
			}
		}
	}
}

func TestComponents(t *testing.T) {
	g := build(t, 8, []Edge{{0, 1, 1}, {5, 3, 1}, {3, 7, 1}, {6, 6, 1}})
	if got, want := g.Components(), []int32{1, 1, 2, 0, 3, 0, 4, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	var none Graph
	if got := none.Components(); len(got) != 0 || none.Order() != 0 {
		t.Errorf("no nodes: %v", got)
	}
}

func TestKCore(t *testing.T) {
	// Reference: networkx.core_number.
	g := readEdges(t, "karate.txt", false)
	want := []int32{4, 4, 4, 4, 3, 3, 3, 4, 4, 2, 3, 1, 2, 4, 2, 2, 2, 2, 2, 3, 2, 2, 2, 3, 3, 3, 2, 3, 3, 3, 4, 3, 4, 4}
	if got := KCore(g); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	sum := int32(0)
	cores := KCore(readEdges(t, "lesmis.txt", true))
	for _, c := range cores {
		sum += c
	}
	if sum != 364 || slices.Max(cores) != 9 {
		t.Errorf("Les Misérables: cores sum to %d, at most %d: want 364 and 9", sum, slices.Max(cores))
	}
	if got := KCore(build(t, 3, []Edge{{1, 1, 1}})); !slices.Equal(got, []int32{0, 0, 0}) {
		t.Errorf("no neighbours: %v", got)
	}
	if got := KCore(build(t, 0, nil)); len(got) != 0 {
		t.Errorf("no nodes: %v", got)
	}
}

func TestModularity(t *testing.T) {
	// Reference: networkx.community.modularity of the two clubs that the
	// karate club fell into.
	g := readEdges(t, "karate.txt", false)
	club := make([]int32, 34)
	for v := range club {
		club[v] = 99
	}
	for _, v := range []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17, 19, 21} {
		club[v] = -5
	}
	for resolution, want := range map[float64]float64{1: 0.3582347140039448, 1.5: 0.10786489151873763} {
		if got := Modularity(g, club, resolution); math.Abs(got-want) > 1e-12 {
			t.Errorf("resolution %v: %v, want %v", resolution, got, want)
		}
	}
	if got := Modularity(build(t, 2, nil), []int32{0, 1}, 1); got != 0 {
		t.Errorf("no edges: %v", got)
	}
	// A triangle and a loop in one community: 3 + 2 inside, 3 pairs.
	if got := ConstantPotts(build(t, 3, []Edge{{0, 1, 1}, {1, 2, 1}, {0, 2, 1}, {0, 0, 2}}), []int32{4, 4, 4}, 0.5); got != 3.5 {
		t.Errorf("constant Potts: %v, want 3.5", got)
	}
}

func BenchmarkNew(b *testing.B) {
	edges := randomEdges(1, 4000, 170000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(4000, edges); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKCore(b *testing.B) {
	g := build(b, 4000, randomEdges(1, 4000, 170000))
	b.ReportAllocs()
	for b.Loop() {
		KCore(g)
	}
}
