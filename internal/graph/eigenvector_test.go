package graph

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) < 1e-6) {
		t.Errorf("%s: %.9f, want %.9f", what, got, want)
	}
}

func TestEigenvectorKnown(t *testing.T) {
	// References: networkx.eigenvector_centrality, tolerance 1e-14, over
	// its largest value.
	karate := readEdges(t, "karate.txt", false)
	lesmis := readEdges(t, "lesmis.txt", true)
	for _, tt := range []struct {
		name     string
		g        *Graph
		weighted bool
		want     map[int]float64
	}{
		{"karate", karate, false, map[int]float64{33: 1, 0: 0.95213237, 2: 0.8495542, 32: 0.82665886, 1: 0.71233514, 16: 0.06330461, 11: 0.14156633}},
		{"lesmis", lesmis, false, map[int]float64{31: 1, 73: 0.84195041, 24: 0.84061915}},
		{"lesmis weighted", lesmis, true, map[int]float64{73: 1, 49: 0.91890471, 18: 0.82119592, 24: 0.67112638, 21: 0.61972197, 41: 0.00016977, 63: 0.00146475}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Eigenvector(t.Context(), tt.g, EigenvectorOptions{Weighted: tt.weighted})
			if err != nil {
				t.Fatal(err)
			}
			for v, want := range tt.want {
				near(t, tt.name, got[v], want)
			}
			if slices.Max(got) != 1 {
				t.Errorf("largest value %v: want 1", slices.Max(got))
			}
		})
	}
}

// Stars and paths are bipartite: plain power iteration would swing for ever.
func TestEigenvectorBipartite(t *testing.T) {
	for _, leaves := range []int{1, 4, 10000} {
		var edges []Edge
		for i := range leaves {
			edges = append(edges, Edge{0, int32(i + 1), 3})
		}
		got, err := Eigenvector(t.Context(), build(t, leaves+1, edges), EigenvectorOptions{Weighted: true})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "hub", got[0], 1)
		near(t, "leaf", got[leaves], 1/math.Sqrt(float64(leaves)))
	}
	const n = 11
	var edges []Edge
	for i := range int32(n - 1) {
		edges = append(edges, Edge{i, i + 1, 1})
	}
	got, err := Eigenvector(t.Context(), build(t, n, edges), EigenvectorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		near(t, "path", got[i], math.Sin(math.Pi*float64(i+1)/(n+1)))
	}
}

func TestEigenvectorPerComponent(t *testing.T) {
	// A clique of 5 (eigenvalue 4), a triangle (2), a pair (1), one alone.
	var edges []Edge
	for a := range int32(5) {
		for b := range a {
			edges = append(edges, Edge{a, b, 1})
		}
	}
	edges = append(edges, Edge{5, 6, 1}, Edge{6, 7, 1}, Edge{5, 7, 1}, Edge{8, 9, 1})
	g := build(t, 11, edges)
	whole, err := Eigenvector(t.Context(), g, EigenvectorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "clique", whole[3], 1)
	near(t, "triangle in the whole", whole[5], 0)
	each, err := EigenvectorPerComponent(t.Context(), g, nil, EigenvectorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for v, want := range []float64{1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0} {
		near(t, "each", each[v], want)
	}
	// Groups given: the edge between them does not count.
	path := build(t, 5, []Edge{{0, 1, 1}, {1, 2, 1}, {2, 3, 100}, {3, 4, 1}})
	each, err = EigenvectorPerComponent(t.Context(), path, []int32{7, 7, 7, -2, -2}, EigenvectorOptions{Weighted: true})
	if err != nil {
		t.Fatal(err)
	}
	for v, want := range []float64{math.Sqrt2 / 2, 1, math.Sqrt2 / 2, math.Sqrt2 / 2, math.Sqrt2 / 2} {
		near(t, "given groups", each[v], want)
	}
}

func TestEigenvectorEdgeCases(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		g := build(t, n, nil)
		a, err := Eigenvector(t.Context(), g, EigenvectorOptions{})
		b, err2 := EigenvectorPerComponent(t.Context(), g, nil, EigenvectorOptions{})
		if err != nil || err2 != nil || !slices.Equal(a, make([]float64, n)) || !slices.Equal(b, a) {
			t.Errorf("%d nodes without edges: %v, %v, %v, %v", n, a, b, err, err2)
		}
	}
	g := build(t, 2, []Edge{{0, 1, 1}})
	if _, err := EigenvectorPerComponent(t.Context(), g, []int32{0}, EigenvectorOptions{}); err == nil {
		t.Error("a group missing: want an error")
	}
	for _, o := range []EigenvectorOptions{{Tolerance: -1}, {Tolerance: math.NaN()}, {MaxIterations: -1}} {
		if _, err := Eigenvector(t.Context(), g, o); err == nil {
			t.Errorf("%+v: want an error", o)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Eigenvector(ended, g, EigenvectorOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}

func BenchmarkEigenvector(b *testing.B) {
	edges, truth := plantedEdges(1, 40, 100, 70, 15)
	g := build(b, len(truth), edges)
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Eigenvector(b.Context(), g, EigenvectorOptions{Weighted: true}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("each", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := EigenvectorPerComponent(b.Context(), g, truth, EigenvectorOptions{Weighted: true}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
