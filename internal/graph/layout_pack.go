package graph

import (
	"context"
	"math"
	"slices"
)

// packClosely is how many discs are placed one by one; those beyond, which
// are the smallest, go around them in rings.
const packClosely = 200

// pack places discs of the given radii, which do not grow from one to the
// next, without overlap: each where it touches two others, near what it is
// tied to and near the middle. The radii that come back are those given.
func pack(ctx context.Context, radius []float64, ties [][]tie, aspect float64) ([]disc, error) {
	k := len(radius)
	p := &packing{
		discs: make([]disc, k), padded: make([]float64, k), placed: make([]int32, 0, min(k, packClosely)),
		done: make([]bool, k), ties: ties, aspect: aspect,
	}
	for c, r := range radius {
		p.discs[c].r = r
		p.padded[c] = r*1.06 + 0.35
	}
	waiting := make([]int32, k)
	for c := range waiting {
		waiting[c] = int32(c)
	}
	for len(waiting) > 0 && len(p.placed) < packClosely {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		i := p.choose(waiting)
		c := waiting[i]
		waiting = slices.Delete(waiting, i, i+1)
		p.place(c)
		largest := p.padded[c]
		if len(waiting) > 0 {
			largest = p.padded[waiting[0]]
		}
		p.remember(c, largest)
	}
	p.rings(waiting)
	return p.discs, nil
}

type packing struct {
	discs  []disc
	padded []float64 // radii with the gap around
	done   []bool
	placed []int32
	ties   [][]tie
	pairs  []pocket
	aspect float64

	cx, cy, area float64 // the middle of what is placed
}

// pocket is the room beside two discs that lie close together. Each has two
// sides; blocker remembers which disc was last in the way there.
type pocket struct {
	a, b    int32
	blocker [2]int32
}

// choose picks among the next few discs of about the same size the one tied
// most to what is already placed.
func (p *packing) choose(waiting []int32) int {
	best, most := 0, -1.0
	for i, c := range waiting[:min(len(waiting), 16)] {
		if p.discs[c].r < 0.75*p.discs[waiting[0]].r {
			break
		}
		sum := 0.0
		for _, t := range p.ties[c] {
			if p.done[t.to] {
				sum += t.weight
			}
		}
		if sum > most+1e-12 {
			best, most = i, sum
		}
	}
	return best
}

// place puts a disc at the cheapest free place.
func (p *packing) place(c int32) {
	d := &p.discs[c]
	r := p.padded[c]
	switch len(p.placed) {
	case 0:
	case 1:
		first := p.placed[0]
		d.x = p.discs[first].x + p.padded[first] + r
		if p.aspect < 1 {
			d.x, d.y = p.discs[first].x, d.x
		}
	default:
		best := math.Inf(1)
		for i := range p.pairs {
			pair := &p.pairs[i]
			a, b := p.discs[pair.a], p.discs[pair.b]
			ra, rb := p.padded[pair.a]+r, p.padded[pair.b]+r
			dx, dy := b.x-a.x, b.y-a.y
			dist := math.Hypot(dx, dy)
			if dist > ra+rb {
				continue
			}
			along := (ra*ra - rb*rb + dist*dist) / (2 * dist)
			across := math.Sqrt(max(ra*ra-along*along, 0))
			dx, dy = dx/dist, dy/dist
			for side := range 2 {
				x := a.x + along*dx - across*dy
				y := a.y + along*dy + across*dx
				across = -across
				cost := p.cost(c, x, y)
				if cost >= best-1e-9 || !p.free(x, y, r, &pair.blocker[side]) {
					continue
				}
				best, d.x, d.y = cost, x, y
			}
		}
	}
	p.done[c] = true
	p.placed = append(p.placed, c)
	area := d.r * d.r
	p.area += area
	p.cx += (d.x - p.cx) * area / p.area
	p.cy += (d.y - p.cy) * area / p.area
}

// cost is how far a place is from where the disc would best be.
func (p *packing) cost(c int32, x, y float64) float64 {
	toMiddle := math.Hypot((x-p.cx)/p.aspect, y-p.cy)
	toTies, share := 0.0, 0.0
	for _, t := range p.ties[c] {
		if p.done[t.to] {
			toTies += t.weight * math.Hypot(x-p.discs[t.to].x, y-p.discs[t.to].y)
			share += t.weight
		}
	}
	return (1-0.6*share)*toMiddle + 0.6*toTies
}

// free says whether no disc is in the way, asking first the one that was in
// the way last time.
func (p *packing) free(x, y, r float64, blocker *int32) bool {
	inWay := func(o int32) bool {
		dx, dy := x-p.discs[o].x, y-p.discs[o].y
		reach := (r + p.padded[o]) * (1 - 1e-9)
		return dx*dx+dy*dy < reach*reach
	}
	if inWay(*blocker) {
		return false
	}
	for _, o := range p.placed {
		if inWay(o) {
			*blocker = o
			return false
		}
	}
	return true
}

// remember notes the pockets between the disc just placed and the others into
// which a disc of at most the given radius may fit.
func (p *packing) remember(c int32, largest float64) {
	for _, o := range p.placed[:len(p.placed)-1] {
		dist := math.Hypot(p.discs[c].x-p.discs[o].x, p.discs[c].y-p.discs[o].y)
		if dist <= (p.padded[c]+p.padded[o]+2*largest)*(1+1e-9) {
			p.pairs = append(p.pairs, pocket{a: o, b: c, blocker: [2]int32{o, o}})
		}
	}
}

// rings places the rest in rings around all that is placed, each disc as near
// as its ring allows to the direction of what it is tied to.
func (p *packing) rings(rest []int32) {
	if len(rest) == 0 {
		return
	}
	reach := 0.0
	for _, o := range p.placed {
		reach = max(reach, math.Hypot(p.discs[o].x-p.cx, p.discs[o].y-p.cy)+p.padded[o])
	}
	type wish struct {
		c     int32
		angle float64
	}
	golden := math.Pi * (3 - math.Sqrt(5))
	for turn := 0; len(rest) > 0; turn++ {
		thick := p.padded[rest[0]]
		mid := reach + thick
		// How many fit: each takes the angle that it covers.
		var ring []wish
		covered := 0.0
		for _, c := range rest {
			half := 2 * math.Asin(min(1, p.padded[c]/mid))
			// Neighbours of different radii need no more than this.
			if covered+half > 2*math.Pi && len(ring) > 0 {
				break
			}
			covered += half
			x, y := 0.0, 0.0
			for _, t := range p.ties[c] {
				if p.done[t.to] {
					x += t.weight * (p.discs[t.to].x - p.cx)
					y += t.weight * (p.discs[t.to].y - p.cy)
				}
			}
			angle := math.Atan2(y, x)
			if x == 0 && y == 0 {
				angle = math.Remainder(float64(c)*golden, 2*math.Pi)
			}
			ring = append(ring, wish{c, angle})
		}
		rest = rest[len(ring):]
		slices.SortFunc(ring, func(a, b wish) int {
			switch {
			case a.angle < b.angle:
				return -1
			case a.angle > b.angle:
				return 1
			}
			return int(a.c - b.c)
		})
		// A full ring is spread evenly; a last one keeps together.
		gap := 0.0
		if len(rest) > 0 || covered > 1.5*math.Pi {
			gap = max(0, 2*math.Pi-covered) / float64(len(ring))
		}
		at := ring[0].angle
		for _, w := range ring {
			half := math.Asin(min(1, p.padded[w.c]/mid))
			at += half
			p.discs[w.c].x = p.cx + mid*math.Cos(at)
			p.discs[w.c].y = p.cy + mid*math.Sin(at)
			at += half + gap
			p.done[w.c] = true
		}
		reach += 2 * thick
	}
}
