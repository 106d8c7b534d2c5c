package graph

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
)

// layoutGroup places the nodes of one network in the unit disc.
func layoutGroup(ctx context.Context, g *Graph, seed uint64, iterations, workers int) ([]Point, error) {
	n := g.Order()
	switch n {
	case 1:
		return []Point{{}}, ctx.Err()
	case 2:
		return []Point{{X: -0.5}, {X: 0.5}}, ctx.Err()
	}
	if iterations == 0 {
		iterations = layoutIterations(n)
	}
	rng := rand.New(rand.NewPCG(seed, 0x6c61796f7574))
	places := pivotPlaces(g, rng)
	f := newForces(g, places, workers)
	if err := f.run(ctx, iterations); err != nil {
		return nil, err
	}
	fillDisc(places)
	spread(places, rng)
	return places, ctx.Err()
}

// layoutIterations is how many steps a network of n nodes gets.
func layoutIterations(n int) int {
	switch {
	case n <= 100:
		return 120
	case n <= 400:
		return 80
	case n <= 2000:
		return 60
	case n <= 10000:
		return 45
	}
	return 30
}

// forces moves nodes by the forces between them. Distances are in units of
// the length that an edge would best have.
type forces struct {
	g       *Graph
	places  []Point
	push    []Point   // the force on each node
	pull    []float64 // how strongly each edge attracts, beside g.targets
	loose   []bool    // nodes not connected with the largest part; nil if none
	tree    *quadtree
	workers int
}

// exact is the number of nodes up to which all pairs are looked at.
const exact = 160

func newForces(g *Graph, places []Point, workers int) *forces {
	f := &forces{g: g, places: places, push: make([]Point, len(places)), pull: make([]float64, len(g.weights)), workers: workers}
	// Weights differ by orders of magnitude; their roots, bounded, draw well.
	mean := 1.0
	if g.size > 0 && g.total > 0 {
		mean = g.total / float64(g.size)
	}
	for i, w := range g.weights {
		f.pull[i] = min(max(math.Sqrt(w/mean), 0.3), 3)
	}
	for v, c := range g.Components() {
		if c > 0 && f.loose == nil {
			f.loose = make([]bool, len(places))
		}
		if c > 0 {
			f.loose[v] = true
		}
	}
	if len(places) > exact {
		f.tree = newQuadtree(len(places))
	}
	return f
}

// run applies the forces, with steps whose length is bounded by a temperature
// that falls to almost nothing.
func (f *forces) run(ctx context.Context, iterations int) error {
	n := len(f.places)
	hot := 0.25 * math.Sqrt(float64(n))
	for step := range iterations {
		if err := ctx.Err(); err != nil {
			return err
		}
		left := 1 - float64(step)/float64(iterations)
		temperature := hot*left*left + 0.01
		if f.tree == nil {
			f.repelAll()
		} else {
			f.tree.build(f.places)
		}
		f.parallel(n, func(lo, hi int) {
			if f.tree != nil {
				f.tree.repel(f.push, lo, hi)
			}
		})
		f.parallel(n, func(lo, hi int) { f.attract(lo, hi) })
		for v := range f.places {
			p := f.push[v]
			length := math.Hypot(p.X, p.Y)
			if length > temperature {
				p.X *= temperature / length
				p.Y *= temperature / length
			}
			f.places[v].X += p.X
			f.places[v].Y += p.Y
		}
	}
	return nil
}

// parallel divides the work over the nodes among the processors. Each node's
// force is the business of one of them, so the result is always the same.
func (f *forces) parallel(n int, work func(lo, hi int)) {
	if f.workers <= 1 {
		work(0, n)
		return
	}
	chunk := (n + f.workers - 1) / f.workers
	var wait sync.WaitGroup
	for lo := 0; lo < n; lo += chunk {
		wait.Go(func() { work(lo, min(lo+chunk, n)) })
	}
	wait.Wait()
}

// repelAll sets each node's force to the repulsion 1/d of all others.
func (f *forces) repelAll() {
	clear(f.push)
	for a := range f.places {
		pa := f.places[a]
		sx, sy := 0.0, 0.0
		for b := a + 1; b < len(f.places); b++ {
			dx, dy := pa.X-f.places[b].X, pa.Y-f.places[b].Y
			w := 1 / (dx*dx + dy*dy + 1e-4)
			dx *= w
			dy *= w
			sx += dx
			sy += dy
			f.push[b].X -= dx
			f.push[b].Y -= dy
		}
		f.push[a].X += sx
		f.push[a].Y += sy
	}
}

// attract adds to each node's force the attraction d² of its neighbours and a
// slight one of the middle. Nodes that no edge holds are drawn to the middle
// as strongly as an evenly filled disc repels them.
func (f *forces) attract(lo, hi int) {
	g := f.g
	gravity := 0.05 * math.Sqrt(float64(len(f.places)))
	for v := lo; v < hi; v++ {
		p := f.places[v]
		x, y := 0.0, 0.0
		for i := g.offsets[v]; i < g.offsets[v+1]; i++ {
			q := f.places[g.targets[i]]
			dx, dy := q.X-p.X, q.Y-p.Y
			w := f.pull[i] * math.Sqrt(dx*dx+dy*dy)
			x += w * dx
			y += w * dy
		}
		toMiddle := gravity / (1 + math.Hypot(p.X, p.Y))
		if f.loose != nil && f.loose[v] {
			toMiddle = 1.2
		}
		f.push[v].X += x - toMiddle*p.X
		f.push[v].Y += y - toMiddle*p.Y
	}
}

// fillDisc moves and scales the places into the unit disc, and evens out how
// densely rings around the middle are filled, halfway.
func fillDisc(places []Point) {
	n := float64(len(places))
	cx, cy := 0.0, 0.0
	for _, p := range places {
		cx += p.X / n
		cy += p.Y / n
	}
	order := make([]int, len(places))
	far := make([]float64, len(places))
	for v := range places {
		places[v].X -= cx
		places[v].Y -= cy
		far[v] = math.Hypot(places[v].X, places[v].Y)
		order[v] = v
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case far[a] < far[b]:
			return -1
		case far[a] > far[b]:
			return 1
		}
		return a - b
	})
	most := far[order[len(order)*19/20]]
	for rank, v := range order {
		if far[v] == 0 || most == 0 {
			places[v] = Point{}
			continue
		}
		even := math.Sqrt((float64(rank) + 0.5) / n)
		r := 0.5*min(far[v]/most, 1) + 0.5*even
		places[v].X *= r / far[v]
		places[v].Y *= r / far[v]
	}
}

// spread pushes apart nodes that would be drawn over each other.
func spread(places []Point, rng *rand.Rand) {
	n := len(places)
	const rounds = 8
	// Discs of this diameter would cover about a third of the unit disc.
	apart := 1.15 / math.Sqrt(float64(n))
	side := int(2/apart) + 3
	cellOf := func(p Point) int {
		return (int((p.X+1)/apart)+1)*side + int((p.Y+1)/apart) + 1
	}
	head := make([]int32, side*side)
	next := make([]int32, n)
	edge := 1 - min(0.3, apart/2)
	for range rounds {
		for i := range head {
			head[i] = -1
		}
		for v := range places {
			p := &places[v]
			if h := math.Hypot(p.X, p.Y); h > edge {
				p.X *= edge / h
				p.Y *= edge / h
			}
			c := cellOf(*p)
			next[v] = head[c]
			head[c] = int32(v)
		}
		moved := false
		for v := range places {
			c := cellOf(places[v])
			for _, cell := range [9]int{c - side - 1, c - side, c - side + 1, c - 1, c, c + 1, c + side - 1, c + side, c + side + 1} {
				if cell < 0 || cell >= len(head) {
					continue
				}
				for u := head[cell]; u >= 0; u = next[u] {
					if int(u) <= v {
						continue
					}
					dx, dy := places[v].X-places[u].X, places[v].Y-places[u].Y
					d2 := dx*dx + dy*dy
					if d2 >= apart*apart {
						continue
					}
					if d2 < 1e-18 {
						dx, dy = rng.Float64()-0.5, rng.Float64()-0.5
						d2 = dx*dx + dy*dy + 1e-12
					}
					d := math.Sqrt(d2)
					by := 0.5 * max(apart-d, 0) / d
					if d > apart {
						by = 0.5 * apart / d
					}
					places[v].X += by * dx
					places[v].Y += by * dy
					places[u].X -= by * dx
					places[u].Y -= by * dy
					// Stay within the grid.
					keep(&places[v])
					keep(&places[u])
					moved = true
				}
			}
		}
		if !moved {
			break
		}
	}
	for v := range places {
		p := &places[v]
		if h := math.Hypot(p.X, p.Y); h > edge {
			p.X *= edge / h
			p.Y *= edge / h
		}
	}
}

// keep holds a place in the square around the unit disc.
func keep(p *Point) {
	p.X = min(max(p.X, -1), 1)
	p.Y = min(max(p.Y, -1), 1)
}
