package graph

import (
	"math"
	"math/rand/v2"
	"slices"
)

// pivotPlaces gives first places in which distances resemble those in the
// network, by pivot multidimensional scaling: the two leading directions of
// the distances to a few nodes far from each other. A little noise tells
// apart nodes that have the same distances.
func pivotPlaces(g *Graph, rng *rand.Rand) []Point {
	n := g.Order()
	pivots := min(n, 12)
	column := make([][]float64, pivots)
	nearest := make([]int32, n)
	for v := range nearest {
		nearest[v] = math.MaxInt32
	}
	steps := make([]int32, n)
	queue := make([]int32, 0, n)
	pivot := slices.Index(g.Components(), 0) // a node of the largest part
	for i := range column {
		furthest := breadthFirst(g, int32(pivot), steps, queue)
		column[i] = make([]float64, n)
		far := -1
		for v, s := range steps {
			if s < 0 { // not connected: neither near nor far
				column[i][v] = 0.7 * float64(furthest)
				continue
			}
			column[i][v] = float64(s)
			nearest[v] = min(nearest[v], s)
			if far < 0 || nearest[v] > nearest[far] {
				far = v // of the part that the first pivot is in
			}
		}
		pivot = far
	}
	// Centre the squared distances both ways.
	rows := make([]float64, n)
	all := 0.0
	for _, col := range column {
		for v := range col {
			col[v] *= col[v]
			rows[v] += col[v] / float64(pivots)
		}
	}
	for _, r := range rows {
		all += r / float64(n)
	}
	for _, col := range column {
		mean := 0.0
		for _, d := range col {
			mean += d / float64(n)
		}
		for v := range col {
			col[v] = -0.5 * (col[v] - rows[v] - mean + all)
		}
	}
	cross := make([][]float64, pivots)
	for i := range cross {
		cross[i] = make([]float64, pivots)
		for j := range i + 1 {
			sum := 0.0
			for v := range n {
				sum += column[i][v] * column[j][v]
			}
			cross[i][j], cross[j][i] = sum, sum
		}
	}
	first := leadingOf(cross, nil, rng)
	second := leadingOf(cross, first, rng)
	places := make([]Point, n)
	spreadX, spreadY := 0.0, 0.0
	for v := range places {
		for i, col := range column {
			places[v].X += col[v] * first[i]
			places[v].Y += col[v] * second[i]
		}
		spreadX += places[v].X * places[v].X
		spreadY += places[v].Y * places[v].Y
	}
	// Both directions get the extent that the network will about have.
	size := 0.5 * math.Sqrt(float64(n))
	scaleX, scaleY := 0.0, 0.0
	if spreadX > 1e-9 {
		scaleX = size / math.Sqrt(spreadX/float64(n))
	}
	if spreadY > 1e-9 {
		scaleY = size / math.Sqrt(spreadY/float64(n))
	}
	for v := range places {
		places[v].X = places[v].X*scaleX + size*0.3*(rng.Float64()-0.5)
		places[v].Y = places[v].Y*scaleY + size*0.3*(rng.Float64()-0.5)
	}
	return places
}

// breadthFirst writes each node's number of steps from start, -1 where there
// is no way, and returns the largest.
func breadthFirst(g *Graph, start int32, steps, queue []int32) int32 {
	for v := range steps {
		steps[v] = -1
	}
	steps[start] = 0
	queue = append(queue[:0], start)
	for head := 0; head < len(queue); head++ {
		v := queue[head]
		for _, t := range g.targets[g.offsets[v]:g.offsets[v+1]] {
			if steps[t] < 0 {
				steps[t] = steps[v] + 1
				queue = append(queue, t)
			}
		}
	}
	return steps[queue[len(queue)-1]]
}

// leadingOf is the leading eigenvector of a small symmetric matrix without
// negative eigenvalues, among those at right angles to another one.
func leadingOf(m [][]float64, other []float64, rng *rand.Rand) []float64 {
	x := make([]float64, len(m))
	y := make([]float64, len(m))
	for i := range x {
		x[i] = rng.Float64() - 0.5
	}
	for range 100 {
		dot := 0.0
		for i := range other {
			dot += x[i] * other[i]
		}
		for i := range other {
			x[i] -= dot * other[i]
		}
		norm := 0.0
		for i, row := range m {
			y[i] = 0
			for j, a := range row {
				y[i] += a * x[j]
			}
			norm += y[i] * y[i]
		}
		norm = math.Sqrt(norm)
		if norm < 1e-12 {
			break
		}
		for i := range x {
			x[i] = y[i] / norm
		}
	}
	return x
}
