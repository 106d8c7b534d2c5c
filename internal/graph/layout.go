package graph

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Point is a place in the plane.
type Point struct{ X, Y float64 }

// LayoutOptions say how [Layout] draws. The zero value draws a square picture.
type LayoutOptions struct {
	// Seed decides every random choice.
	Seed uint64
	// Iterations is how often forces are applied inside each community; 0
	// chooses by size, fewer for larger ones.
	Iterations int
	// Width and Height are those of the picture, in any unit: only their
	// ratio counts. 0 stands for 1.
	Width, Height float64
}

func (o LayoutOptions) withDefaults() (LayoutOptions, error) {
	if o.Width == 0 {
		o.Width = 1
	}
	if o.Height == 0 {
		o.Height = 1
	}
	if !(o.Width > 0) || !(o.Height > 0) || !finite(o.Width) || !finite(o.Height) {
		return o, fmt.Errorf("graph: layout: picture of %v by %v: want positive numbers", o.Width, o.Height)
	}
	if o.Iterations < 0 {
		return o, fmt.Errorf("graph: layout: %d iterations: want a positive number", o.Iterations)
	}
	return o, nil
}

// Layout gives each node a place in [0, 1]²: X as a share of the picture's
// width, Y of its height. Each community is drawn in a disc of its own, of an
// area that grows with the number of its members; discs do not overlap, and
// communities with much weight between them lie near each other. Inside a disc
// neighbours attract and all nodes repel each other (Fruchterman and Reingold,
// Software: Practice and Experience 21:1129, 1991, with the approximation of
// Barnes and Hut, Nature 324:446, 1986), from a start by pivot
// multidimensional scaling (Brandes and Pich, Graph Drawing 2006); discs are
// then turned to face what they are tied to.
//
// community gives each node's community, with any numbers; where it is nil,
// the connected components are drawn. The result depends on the network, the
// communities and the options only. It fails if an option is out of range, if
// there is not one community for each node, or when ctx ends.
func Layout(ctx context.Context, g *Graph, community []int32, o LayoutOptions) ([]Point, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if g == nil {
		return nil, errors.New("graph: layout: no network")
	}
	if community == nil {
		community = g.Components()
	}
	n := g.Order()
	if len(community) != n {
		return nil, fmt.Errorf("graph: layout: %d communities given for %d nodes", len(community), n)
	}
	if n == 0 {
		return []Point{}, nil
	}
	group, k := compact(community)
	renumber(group, k)
	members, starts := membersOf(group, k)

	places, err := layoutGroups(ctx, g, group, members, starts, o)
	if err != nil {
		return nil, fmt.Errorf("graph: layout: %w", err)
	}
	radius := make([]float64, k)
	for c := range radius {
		radius[c] = math.Sqrt(float64(starts[c+1] - starts[c]))
	}
	ties := groupTies(g, group, members, starts)
	discs, err := pack(ctx, radius, ties, o.Width/o.Height)
	if err != nil {
		return nil, fmt.Errorf("graph: layout: %w", err)
	}
	turn(g, group, places, discs)
	return frame(group, places, discs, o.Width/o.Height), nil
}

// disc is where a community is drawn.
type disc struct{ x, y, r float64 }

// layoutGroups places the members of each group in the unit disc.
func layoutGroups(ctx context.Context, g *Graph, group, members []int32, starts []int, o LayoutOptions) ([]Point, error) {
	// Beyond this many members the processors share one group's work; up to
	// it they share the groups. Neither changes the result.
	const large = 1500
	k := len(starts) - 1
	places := make([]Point, len(members))
	in := newInducer(g, group, k)
	workers := runtime.GOMAXPROCS(0)
	draw := func(c, workers int) error {
		nodes := members[starts[c]:starts[c+1]]
		seed := o.Seed + uint64(c)*0x9e3779b97f4a7c15
		pts, err := layoutGroup(ctx, in.graph(nodes), seed, o.Iterations, workers)
		for i := range pts {
			places[nodes[i]] = pts[i]
		}
		return err
	}
	first := 0 // groups are ordered by size
	for ; first < k && starts[first+1]-starts[first] > large; first++ {
		if err := draw(first, workers); err != nil {
			return nil, err
		}
	}
	var next atomic.Int64
	next.Store(int64(first))
	errs := make([]error, workers)
	var wait sync.WaitGroup
	for w := range min(workers, k-first) {
		wait.Go(func() {
			for errs[w] == nil {
				c := int(next.Add(1)) - 1
				if c >= k {
					return
				}
				errs[w] = draw(c, 1)
			}
		})
	}
	wait.Wait()
	return places, errors.Join(errs...)
}

// tie is the weight between a group and another.
type tie struct {
	to     int32
	weight float64
}

// groupTies gives each group its strongest ties, the strongest first, as
// shares of all its weight to other groups.
func groupTies(g *Graph, group, members []int32, starts []int) [][]tie {
	const most = 8
	k := len(starts) - 1
	ties := make([][]tie, k)
	weight := make([]float64, k)
	var touched []int32
	for c := range k {
		touched = touched[:0]
		sum := 0.0
		for _, v := range members[starts[c]:starts[c+1]] {
			targets, weights := g.Neighbours(v)
			for i, t := range targets {
				d := group[t]
				if int(d) == c {
					continue
				}
				if weight[d] == 0 {
					touched = append(touched, d)
				}
				weight[d] += weights[i]
				sum += weights[i]
			}
		}
		for _, d := range touched {
			ties[c] = append(ties[c], tie{d, weight[d] / sum})
			weight[d] = 0
		}
		slices.SortFunc(ties[c], func(a, b tie) int {
			if a.weight != b.weight {
				if a.weight > b.weight {
					return -1
				}
				return 1
			}
			return int(a.to) - int(b.to)
		})
		if len(ties[c]) > most {
			ties[c] = slices.Clone(ties[c][:most])
		}
	}
	return ties
}

// turn rotates, and where better mirrors, the places in each disc such that
// nodes tied to other communities lie on the side of those.
func turn(g *Graph, group []int32, places []Point, discs []disc) {
	type sum struct{ re, im, mirrorRe, mirrorIm float64 }
	sums := make([]sum, len(discs))
	for v, c := range group {
		targets, weights := g.Neighbours(int32(v))
		x, y := 0.0, 0.0
		for i, t := range targets {
			d := group[t]
			if d == c {
				continue
			}
			dx, dy := discs[d].x-discs[c].x, discs[d].y-discs[c].y
			w := weights[i] / math.Hypot(dx, dy)
			x += w * dx
			y += w * dy
		}
		p, s := places[v], &sums[c]
		s.re += x*p.X + y*p.Y
		s.im += y*p.X - x*p.Y
		s.mirrorRe += x*p.X - y*p.Y
		s.mirrorIm += y*p.X + x*p.Y
	}
	for v, c := range group {
		p, s := &places[v], sums[c]
		re, im := s.re, s.im
		if math.Hypot(s.mirrorRe, s.mirrorIm) > math.Hypot(s.re, s.im)*(1+1e-9) {
			p.Y = -p.Y
			re, im = s.mirrorRe, s.mirrorIm
		}
		if h := math.Hypot(re, im); h > 0 {
			re, im = re/h, im/h
			p.X, p.Y = p.X*re-p.Y*im, p.X*im+p.Y*re
		}
	}
}

// frame fits the discs into the picture and the nodes into their discs.
func frame(group []int32, places []Point, discs []disc, aspect float64) []Point {
	const margin = 0.02
	left, right := math.Inf(1), math.Inf(-1)
	top, bottom := math.Inf(1), math.Inf(-1)
	for _, d := range discs {
		left, right = min(left, d.x-d.r), max(right, d.x+d.r)
		top, bottom = min(top, d.y-d.r), max(bottom, d.y+d.r)
	}
	unit := max((right-left)/aspect, bottom-top) / (1 - 2*margin)
	cx, cy := (left+right)/2, (top+bottom)/2
	out := make([]Point, len(places))
	for v, p := range places {
		d := discs[group[v]]
		x := 0.5 + (d.x+p.X*d.r-cx)/(unit*aspect)
		y := 0.5 + (d.y+p.Y*d.r-cy)/unit
		out[v] = Point{min(max(x, 0), 1), min(max(y, 0), 1)}
	}
	return out
}
