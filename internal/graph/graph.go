package graph

import (
	"fmt"
	"math"
)

// Edge is a tie between two nodes. The order of A and B has no meaning; A = B
// is a self loop.
type Edge struct {
	A, B   int32
	Weight float64 // strength of the tie, finite and not negative
}

// Graph is an undirected weighted network in compressed sparse rows: the
// neighbours of all nodes lie in one slice, node after node, in ascending
// order. The zero value is the network without nodes.
type Graph struct {
	offsets  []int     // n+1; the row of v is [offsets[v], offsets[v+1])
	targets  []int32   // each edge twice, self loops not at all
	weights  []float64 // beside targets
	loops    []float64 // weight of each node's self loop; nil if there is none
	strength []float64 // Σ weights of the row + twice the self loop
	total    float64   // Σ weights, each edge and each self loop once
	size     int       // edges and self loops
}

// New builds a network of n nodes. Parallel edges are summed into one, edges
// of weight 0 are left out, self loops are kept apart from the neighbours.
// The edges are only read. It fails if n is negative or beyond 2³¹-1, if an
// end is not a node, or if a weight is negative, infinite or not a number.
//
// Time and memory are linear in nodes and edges.
func New(n int, edges []Edge) (*Graph, error) {
	if n < 0 || n > math.MaxInt32 {
		return nil, fmt.Errorf("graph: %d nodes: want 0 to %d", n, math.MaxInt32)
	}
	starts := make([]int, n+1)
	loops := 0
	for i, e := range edges {
		if e.A < 0 || e.B < 0 || int(e.A) >= n || int(e.B) >= n {
			return nil, fmt.Errorf("graph: edge %d joins %d and %d, but the nodes are 0 to %d", i, e.A, e.B, n-1)
		}
		if !(e.Weight >= 0) || math.IsInf(e.Weight, 1) {
			return nil, fmt.Errorf("graph: edge %d (%d, %d) has weight %v: want a finite number, not negative", i, e.A, e.B, e.Weight)
		}
		switch {
		case e.Weight == 0:
		case e.A == e.B:
			loops++
		default:
			starts[e.A+1]++
			starts[e.B+1]++
		}
	}
	g := &Graph{}
	if loops > 0 {
		g.loops = make([]float64, n)
	}
	for v := range n {
		starts[v+1] += starts[v]
	}
	// Two stable counting sorts give rows in ascending order of neighbour:
	// first the half edges by their target, then, in that order, by source.
	half := starts[n]
	bySource := make([]int32, half)
	byWeight := make([]float64, half)
	next := make([]int, n)
	copy(next, starts)
	for _, e := range edges {
		switch {
		case e.Weight == 0:
		case e.A == e.B:
			g.loops[e.A] += e.Weight
		default:
			i := next[e.B]
			next[e.B]++
			bySource[i], byWeight[i] = e.A, e.Weight
			i = next[e.A]
			next[e.A]++
			bySource[i], byWeight[i] = e.B, e.Weight
		}
	}
	targets := make([]int32, half)
	weights := make([]float64, half)
	copy(next, starts)
	for target := range n {
		for i := starts[target]; i < starts[target+1]; i++ {
			s := bySource[i]
			j := next[s]
			next[s]++
			targets[j], weights[j] = int32(target), byWeight[i]
		}
	}
	// Merge the parallel edges, which now lie side by side, in place.
	g.offsets = make([]int, n+1)
	out := 0
	for v := range n {
		g.offsets[v] = out
		for i := starts[v]; i < starts[v+1]; i++ {
			if out > g.offsets[v] && targets[out-1] == targets[i] {
				weights[out-1] += weights[i]
				continue
			}
			targets[out], weights[out] = targets[i], weights[i]
			out++
		}
	}
	g.offsets[n] = out
	g.targets, g.weights = targets[:out:out], weights[:out:out]
	g.size = out / 2
	g.strength = make([]float64, n)
	for v := range n {
		s := 0.0
		for _, w := range g.weights[g.offsets[v]:g.offsets[v+1]] {
			s += w
		}
		if g.loops != nil && g.loops[v] > 0 {
			s += 2 * g.loops[v]
			g.size++
		}
		g.strength[v] = s
		g.total += s
	}
	g.total /= 2
	if math.IsInf(g.total, 0) {
		return nil, fmt.Errorf("graph: the weights sum to more than a float64 holds")
	}
	return g, nil
}

// Order is the number of nodes.
func (g *Graph) Order() int { return len(g.strength) }

// Size is the number of distinct edges, self loops included.
func (g *Graph) Size() int { return g.size }

// TotalWeight is the sum of all weights, each edge and each self loop once.
func (g *Graph) TotalWeight() float64 { return g.total }

// Neighbours gives the nodes tied to v in ascending order, and beside them
// the weights. A self loop is not among them. The slices are the network's
// own and must not be written to.
func (g *Graph) Neighbours(v int32) (targets []int32, weights []float64) {
	a, b := g.offsets[v], g.offsets[v+1]
	return g.targets[a:b:b], g.weights[a:b:b]
}

// Degree is the number of neighbours of v. A self loop does not count.
func (g *Graph) Degree(v int32) int { return g.offsets[v+1] - g.offsets[v] }

// Strength is the sum of the weights at v; a self loop counts twice, so that
// all strengths sum to twice the total weight.
func (g *Graph) Strength(v int32) float64 { return g.strength[v] }

// Loop is the weight of the self loop at v, 0 if there is none.
func (g *Graph) Loop(v int32) float64 {
	if g.loops == nil {
		return 0
	}
	return g.loops[v]
}

// Weight is the weight of the edge between a and b, 0 if there is none. It
// takes time logarithmic in the degree.
func (g *Graph) Weight(a, b int32) float64 {
	if a == b {
		return g.Loop(a)
	}
	lo, hi := g.offsets[a], g.offsets[a+1]
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if g.targets[mid] < b {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < g.offsets[a+1] && g.targets[lo] == b {
		return g.weights[lo]
	}
	return 0
}
