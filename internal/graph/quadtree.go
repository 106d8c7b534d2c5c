package graph

import (
	"math"
)

// quadtree sums up far nodes, after Barnes and Hut. Nodes are sorted along a
// Morton curve, so that each square of the tree is a run of them, and squares
// lie in the order in which they are visited: passing over one is a jump.
type quadtree struct {
	codes, codes2 []uint32
	order, order2 []int32
	sorted        []Point // places in Morton order
	squares       []square
	side          float64
}

type square struct {
	x, y, mass  float64 // centre and number of nodes
	reach       float64 // squared distance beyond which the square is one node
	skip        int32   // the square after this one and all within it
	first, last int32   // nodes, if the square is not divided; else both 0
}

const (
	mortonBits = 16
	leafNodes  = 8
	opening    = 1.2 // Barnes and Hut's θ
)

func newQuadtree(n int) *quadtree {
	return &quadtree{
		codes: make([]uint32, n), codes2: make([]uint32, n),
		order: make([]int32, n), order2: make([]int32, n),
		sorted: make([]Point, n), squares: make([]square, 0, n),
	}
}

func (t *quadtree) build(places []Point) {
	left, top := math.Inf(1), math.Inf(1)
	right, bottom := math.Inf(-1), math.Inf(-1)
	for _, p := range places {
		left, right = min(left, p.X), max(right, p.X)
		top, bottom = min(top, p.Y), max(bottom, p.Y)
	}
	t.side = max(right-left, bottom-top, 1e-9)
	scale := float64(1<<mortonBits-1) / t.side
	for v, p := range places {
		t.codes[v] = interleave(uint32((p.X-left)*scale)) | interleave(uint32((p.Y-top)*scale))<<1
		t.order[v] = int32(v)
	}
	t.sort()
	for i, v := range t.order {
		t.sorted[i] = places[v]
	}
	t.squares = t.squares[:0]
	t.divide(0, int32(len(places)), 2*mortonBits, t.side)
}

// sort orders nodes by code, byte by byte.
func (t *quadtree) sort() {
	for shift := 0; shift < 32; shift += 8 {
		var count [257]int32
		for _, c := range t.codes {
			count[(c>>shift)&0xff+1]++
		}
		for i := range 256 {
			count[i+1] += count[i]
		}
		for i, c := range t.codes {
			b := (c >> shift) & 0xff
			j := count[b]
			count[b]++
			t.codes2[j], t.order2[j] = c, t.order[i]
		}
		t.codes, t.codes2 = t.codes2, t.codes
		t.order, t.order2 = t.order2, t.order
	}
}

// divide adds the square with the nodes lo to hi, whose codes agree above the
// given bit.
func (t *quadtree) divide(lo, hi int32, bit int, side float64) {
	at := len(t.squares)
	t.squares = append(t.squares, square{})
	x, y := 0.0, 0.0
	if hi-lo <= leafNodes || bit == 0 {
		for _, p := range t.sorted[lo:hi] {
			x += p.X
			y += p.Y
		}
		t.squares[at].first, t.squares[at].last = lo, hi
	} else {
		start := lo
		for quarter := range uint32(4) {
			end := t.upTo(start, hi, bit-2, quarter)
			if end > start {
				child := len(t.squares)
				t.divide(start, end, bit-2, side/2)
				c := &t.squares[child]
				x += c.x * c.mass
				y += c.y * c.mass
			}
			start = end
		}
	}
	s := &t.squares[at]
	s.mass = float64(hi - lo)
	s.x, s.y = x/s.mass, y/s.mass
	s.reach = side * side / (opening * opening)
	s.skip = int32(len(t.squares))
}

// upTo finds the end of the nodes whose two bits are at most the quarter.
func (t *quadtree) upTo(lo, hi int32, bit int, quarter uint32) int32 {
	for lo < hi {
		mid := (lo + hi) / 2
		if t.codes[mid]>>bit&3 <= quarter {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// repel sets the force on the nodes lo to hi, in Morton order, to the
// repulsion 1/d of all others.
func (t *quadtree) repel(push []Point, lo, hi int) {
	squares := t.squares
	for i := lo; i < hi; i++ {
		p := t.sorted[i]
		x, y := 0.0, 0.0
		for j := int32(0); j < int32(len(squares)); {
			s := &squares[j]
			dx, dy := p.X-s.x, p.Y-s.y
			d2 := dx*dx + dy*dy
			switch {
			case d2 > s.reach:
				w := s.mass / d2
				x += w * dx
				y += w * dy
				j = s.skip
			case s.last > 0:
				for _, q := range t.sorted[s.first:s.last] {
					dx, dy := p.X-q.X, p.Y-q.Y
					w := 1 / (dx*dx + dy*dy + 1e-4)
					x += w * dx
					y += w * dy
				}
				j = s.skip
			default:
				j++
			}
		}
		push[t.order[i]] = Point{x, y}
	}
}

// interleave puts a zero between the 16 low bits.
func interleave(v uint32) uint32 {
	v = (v | v<<8) & 0x00ff00ff
	v = (v | v<<4) & 0x0f0f0f0f
	v = (v | v<<2) & 0x33333333
	return (v | v<<1) & 0x55555555
}
