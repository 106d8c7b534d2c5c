package graph

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// readEdges reads a test network: two nodes and perhaps a weight a line.
func readEdges(t testing.TB, name string, weighted bool) *Graph {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var edges []Edge
	n := int32(0)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		e := Edge{Weight: 1}
		if _, err := fmt.Sscan(lines.Text()+" 1", &e.A, &e.B, &e.Weight); err != nil {
			t.Fatal(err)
		}
		if !weighted {
			e.Weight = 1
		}
		n = max(n, e.A+1, e.B+1)
		edges = append(edges, e)
	}
	return build(t, int(n), edges)
}

func build(t testing.TB, n int, edges []Edge) *Graph {
	t.Helper()
	g, err := New(n, edges)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// randomEdges draws m ties between n nodes, some of them parallel.
func randomEdges(seed uint64, n, m int) []Edge {
	rng := rand.New(rand.NewPCG(seed, 1))
	edges := make([]Edge, 0, m)
	for len(edges) < m {
		a, b := rng.Int32N(int32(n)), rng.Int32N(int32(n))
		if a != b {
			edges = append(edges, Edge{a, b, 1})
		}
	}
	return edges
}

// plantedEdges draws a network of k equal communities in which each node has
// about inside neighbours in its own community and outside in others.
func plantedEdges(seed uint64, k, size int, inside, outside float64) (edges []Edge, truth []int32) {
	rng := rand.New(rand.NewPCG(seed, 2))
	n := k * size
	truth = make([]int32, n)
	for v := range truth {
		truth[v] = int32(v % k)
	}
	for range int(inside * float64(n) / 2) {
		c := rng.IntN(k)
		a, b := int32(rng.IntN(size)*k+c), int32(rng.IntN(size)*k+c)
		if a != b {
			edges = append(edges, Edge{a, b, 1})
		}
	}
	for range int(outside * float64(n) / 2) {
		a, b := rng.Int32N(int32(n)), rng.Int32N(int32(n))
		if truth[a] != truth[b] {
			edges = append(edges, Edge{a, b, 1})
		}
	}
	return edges, truth
}

// unequalEdges draws a network with communities and degrees of very different
// sizes, in the manner of Lancichinetti, Fortunato and Radicchi's benchmark
// (Phys. Rev. E 78, 046110, 2008): degrees fall with exponent 2.5 from least
// to most, community sizes with exponent 1.5 from 20 to 200, and a share
// mixing of each node's ties leads out of its community.
func unequalEdges(seed uint64, n int, mixing float64) (edges []Edge, truth []int32) {
	rng := rand.New(rand.NewPCG(seed, 3))
	power := func(least, most, exponent float64) float64 {
		e := 1 - exponent
		lo, hi := math.Pow(least, e), math.Pow(most, e)
		return math.Pow(lo+(hi-lo)*rng.Float64(), 1/e)
	}
	truth = make([]int32, n)
	var groups [][]int32
	for v := 0; v < n; {
		size := min(int(power(20, 200, 1.5)), n-v)
		var group []int32
		for range size {
			truth[v] = int32(len(groups))
			group = append(group, int32(v))
			v++
		}
		groups = append(groups, group)
	}
	stubs := make([][]int32, len(groups)) // for ties inside
	var out []int32
	for v := range n {
		for range int(power(5, 60, 2.5)) {
			if rng.Float64() < mixing {
				out = append(out, int32(v))
			} else {
				stubs[truth[v]] = append(stubs[truth[v]], int32(v))
			}
		}
	}
	join := func(stubs []int32) {
		rng.Shuffle(len(stubs), func(i, j int) { stubs[i], stubs[j] = stubs[j], stubs[i] })
		for i := 0; i+1 < len(stubs); i += 2 {
			if stubs[i] != stubs[i+1] {
				edges = append(edges, Edge{stubs[i], stubs[i+1], 1})
			}
		}
	}
	for _, s := range stubs {
		join(s)
	}
	join(out)
	return edges, truth
}
