package graph

import (
	"context"
	"fmt"
	"math"
)

// Defaults of [EigenvectorOptions].
const (
	DefaultTolerance     = 1e-9
	DefaultMaxIterations = 2000
)

// EigenvectorOptions say how eigenvector centrality is computed. The zero
// value ignores weights.
type EigenvectorOptions struct {
	// Weighted uses the weights of the edges; otherwise each counts as 1.
	Weighted bool
	// Tolerance is the largest change of any node's value, where the largest
	// value is 1, at which the iteration stops. 0 stands for
	// DefaultTolerance.
	Tolerance float64
	// MaxIterations bounds the iteration; 0 stands for
	// DefaultMaxIterations. A network whose two leading eigenvalues nearly
	// coincide (a very long chain) may reach it; the values are then those
	// of the last step.
	MaxIterations int
}

func (o EigenvectorOptions) withDefaults() (EigenvectorOptions, error) {
	if o.Tolerance == 0 {
		o.Tolerance = DefaultTolerance
	}
	if o.MaxIterations == 0 {
		o.MaxIterations = DefaultMaxIterations
	}
	if !(o.Tolerance > 0) || o.MaxIterations < 0 {
		return o, fmt.Errorf("graph: eigenvector centrality: tolerance %v, %d iterations: want positive numbers", o.Tolerance, o.MaxIterations)
	}
	return o, nil
}

// Eigenvector gives each node its eigenvector centrality (Bonacich, Journal of
// Mathematical Sociology 2:113, 1972): a node is central as far as its
// neighbours are. Values are from 0 to 1 and the largest is 1; where there is
// no edge at all, all are 0. Self loops do not count.
//
// It is the leading eigenvector of the whole network's adjacency matrix, by
// power iteration. Half the current estimate of the eigenvalue is added to the
// diagonal at each step, which changes no eigenvector and makes the iteration
// converge on bipartite networks such as stars. In a network of several
// components all but the one with the largest eigenvalue come to nothing:
// [EigenvectorPerComponent] is for that.
//
// It fails if an option is out of range or when ctx ends.
func Eigenvector(ctx context.Context, g *Graph, o EigenvectorOptions) ([]float64, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	value, _, err := leadingVector(ctx, g, o)
	return value, err
}

// EigenvectorPerComponent gives each node its eigenvector centrality among
// the members of its own group alone. group gives each node's group, such as
// Leiden's communities, and edges between groups do not count; where it is
// nil, the connected components are the groups. The values of a group are
// scaled so that its largest is the group's leading eigenvalue as a share of
// the largest eigenvalue of all groups: densely tied groups stand above loose
// ones, none vanishes, and 1 is the largest value overall. Divide by the
// largest value in a group to rank within it. Nodes without neighbours in
// their group have 0.
//
// It fails if an option is out of range, if there is not one group for each
// node, or when ctx ends.
func EigenvectorPerComponent(ctx context.Context, g *Graph, group []int32, o EigenvectorOptions) ([]float64, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if group == nil {
		group = g.Components()
	}
	if len(group) != g.Order() {
		return nil, fmt.Errorf("graph: eigenvector centrality: %d groups given for %d nodes", len(group), g.Order())
	}
	dense, k := compact(group)
	members, starts := membersOf(dense, k)
	value := make([]float64, g.Order())
	lambda := make([]float64, k)
	most := 0.0
	in := newInducer(g, dense, k)
	for c := range k {
		nodes := members[starts[c]:starts[c+1]]
		if len(nodes) == 1 {
			continue
		}
		part, l, err := leadingVector(ctx, in.graph(nodes), o)
		if err != nil {
			return nil, err
		}
		lambda[c] = l
		most = max(most, l)
		for i, v := range nodes {
			value[v] = part[i]
		}
	}
	if most > 0 {
		for v, c := range dense {
			value[v] *= lambda[c] / most
		}
	}
	return value, nil
}

// leadingVector gives the leading eigenvector, scaled to a largest value of 1,
// and its eigenvalue.
func leadingVector(ctx context.Context, g *Graph, o EigenvectorOptions) (x []float64, lambda float64, err error) {
	n := g.Order()
	x = make([]float64, n)
	if len(g.targets) == 0 {
		return x, 0, nil
	}
	for v := range x {
		if g.Degree(int32(v)) > 0 {
			x[v] = 1
		}
	}
	y := make([]float64, n)
	for step := range o.MaxIterations {
		if err := ctx.Err(); err != nil {
			return nil, 0, fmt.Errorf("graph: eigenvector centrality: %w", err)
		}
		xy, xx := 0.0, 0.0
		for v := range n {
			sum := 0.0
			row := g.targets[g.offsets[v]:g.offsets[v+1]]
			if o.Weighted {
				weights := g.weights[g.offsets[v]:g.offsets[v+1]]
				weights = weights[:len(row)]
				for i, t := range row {
					sum += weights[i] * x[t]
				}
			} else {
				for _, t := range row {
					sum += x[t]
				}
			}
			y[v] = sum
			xy += sum * x[v]
			xx += x[v] * x[v]
		}
		lambda = xy / xx // the Rayleigh quotient
		most := 0.0
		for v := range y {
			y[v] += lambda / 2 * x[v]
			most = max(most, y[v])
		}
		change := 0.0
		for v := range y {
			y[v] /= most
			change = max(change, math.Abs(y[v]-x[v]))
		}
		x, y = y, x
		if change < o.Tolerance && step > 0 {
			break
		}
	}
	for v := range x {
		if x[v] < math.SmallestNonzeroFloat64*1e16 {
			x[v] = 0
		}
	}
	return x, lambda, nil
}
