package graph

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Objective is what a partition is good for.
type Objective uint8

const (
	// ObjectiveModularity seeks communities with more weight inside than
	// their members' strengths lead one to expect; see [Modularity].
	ObjectiveModularity Objective = iota
	// ObjectiveCPM seeks communities denser than the resolution; see
	// [ConstantPotts].
	ObjectiveCPM
)

// Defaults of [LeidenOptions].
const (
	DefaultResolution = 1.0
	DefaultMaxPasses  = 10
	DefaultRandomness = 0.01
)

// LeidenOptions say how [Leiden] works. The zero value is modularity at
// resolution 1.
type LeidenOptions struct {
	// Seed decides every random choice.
	Seed uint64
	// Resolution is γ: larger values give more and smaller communities. 0
	// stands for DefaultResolution; for ObjectiveCPM it is a weight.
	Resolution float64
	// MaxPasses is how often at most the whole algorithm runs, each time on
	// what it found before. It stops earlier when a pass raises the quality
	// by less than a ten-thousandth.
	// 0 stands for DefaultMaxPasses.
	MaxPasses int
	// Restarts is how often the passes begin anew from single nodes; the best
	// result is kept. 0 chooses by size: 10 up to 5,000 edges, where it
	// costs little, fewer for larger networks, 1 beyond 25,000.
	Restarts int
	// Objective is the quality to be raised.
	Objective Objective
	// Randomness is the paper's θ, in units of the mean edge weight: how
	// readily the refinement takes a merger that is not the best. 0 stands
	// for DefaultRandomness.
	Randomness float64
}

func (o LeidenOptions) withDefaults() (LeidenOptions, error) {
	if o.Resolution == 0 {
		o.Resolution = DefaultResolution
	}
	if o.MaxPasses == 0 {
		o.MaxPasses = DefaultMaxPasses
	}
	if o.Randomness == 0 {
		o.Randomness = DefaultRandomness
	}
	switch {
	case !(o.Resolution > 0) || math.IsInf(o.Resolution, 1):
		return o, fmt.Errorf("graph: resolution %v: want a positive number", o.Resolution)
	case o.MaxPasses < 0:
		return o, fmt.Errorf("graph: %d passes: want a positive number", o.MaxPasses)
	case o.Restarts < 0:
		return o, fmt.Errorf("graph: %d restarts: want a positive number", o.Restarts)
	case !(o.Randomness > 0) || math.IsInf(o.Randomness, 1):
		return o, fmt.Errorf("graph: randomness %v: want a positive number", o.Randomness)
	case o.Objective > ObjectiveCPM:
		return o, fmt.Errorf("graph: unknown objective %d", o.Objective)
	}
	return o, nil
}

// Leiden divides the network into communities, after Traag, Waltman and van
// Eck, "From Louvain to Leiden: guaranteeing well-connected communities",
// Scientific Reports 9:5233, 2019: fast local moving with a queue, refinement
// with randomness, aggregation by the refined partition.
//
// Every community it returns is connected within itself. Communities are
// numbered from 0, the largest first, equal ones by their smallest member; a
// node without neighbours is a community of its own. quality is [Modularity]
// or [ConstantPotts] of the result at the resolution asked for. The result
// depends on the network, the options and the seed only. Self loops count in
// strengths, hence in modularity.
//
// It fails if an option is out of range or when ctx ends.
func Leiden(ctx context.Context, g *Graph, o LeidenOptions) (community []int32, quality float64, err error) {
	o, err = o.withDefaults()
	if err != nil {
		return nil, 0, err
	}
	if g == nil {
		return nil, 0, errors.New("graph: no network")
	}
	n := g.Order()
	measure := Modularity
	if o.Objective == ObjectiveCPM {
		measure = ConstantPotts
	}
	base, gamma, unit := leidenBase(g, o)
	l := newLeiden(n, gamma, o.Randomness*unit, 1e-10*unit, rand.New(rand.NewPCG(o.Seed, 0x616b61736869)))
	best := make([]int32, n)
	for v := range best {
		best[v] = int32(v)
	}
	if len(base.targets) == 0 {
		renumber(best, n)
		return best, measure(g, best, o.Resolution), nil
	}
	quality = math.Inf(-1)
	restarts := o.Restarts
	if restarts == 0 {
		restarts = min(max(100_000/len(base.targets), 1), 10)
	}
	for range restarts {
		found, q, err := l.passes(ctx, base, o.MaxPasses, func(c []int32) float64 { return measure(g, c, o.Resolution) })
		if err != nil {
			return nil, 0, fmt.Errorf("graph: leiden: %w", err)
		}
		if q > quality {
			best, quality = found, q
		}
	}
	// The algorithm itself ends with connected communities. Splitting what is
	// not, should a pass have been cut short, can only raise the quality.
	k := splitDisconnected(g, best)
	renumber(best, k)
	return best, measure(g, best, o.Resolution), nil
}

// level is the network at one step of aggregation. Self loops are left out:
// they change no decision.
type level struct {
	offsets []int
	targets []int32
	weights []float64
	mass    []float64 // strength (modularity) or number of nodes (CPM)
}

func (lv *level) order() int { return len(lv.mass) }

// leidenBase gives the network as the lowest level, γ in units of weight per
// mass², and the mean edge weight.
func leidenBase(g *Graph, o LeidenOptions) (base *level, gamma, unit float64) {
	base = &level{offsets: g.offsets, targets: g.targets, weights: g.weights, mass: g.strength}
	gamma = o.Resolution
	if o.Objective == ObjectiveCPM {
		base.mass = make([]float64, g.Order())
		for v := range base.mass {
			base.mass[v] = 1
		}
	} else if g.total > 0 {
		gamma /= 2 * g.total
	}
	unit = 1
	if g.size > 0 {
		unit = g.total / float64(g.size)
	}
	return base, gamma, unit
}

// leiden holds the working memory of a run; every slice is as long as the
// network has nodes.
type leiden struct {
	gamma, theta, least float64
	rng                 *rand.Rand

	queue   []int32
	queued  []bool
	tie     []float64 // weight between the node in hand and each community
	seen    []bool    // whether tie is in use
	touched []int32   // the communities of which it is
	mass    []float64 // of each community
	count   []int32   // members of each community
	empty   []int32   // communities without members

	refined      []int32
	refinedMass  []float64
	refinedCount []int32
	cut          []float64 // weight from a refined community to the rest of its community
	chance       []float64

	rooms [2]struct {
		targets []int32
		weights []float64
	}
	room int // which of the rooms the next level is built in
}

func newLeiden(n int, gamma, theta, least float64, rng *rand.Rand) *leiden {
	return &leiden{
		gamma: gamma, theta: theta, least: least, rng: rng,
		queue: make([]int32, n), queued: make([]bool, n),
		tie: make([]float64, n), seen: make([]bool, n), touched: make([]int32, 0, n),
		mass: make([]float64, n), count: make([]int32, n), empty: make([]int32, 0, n),
		refined: make([]int32, n), refinedMass: make([]float64, n), refinedCount: make([]int32, n),
		cut: make([]float64, n), chance: make([]float64, 0, n),
	}
}

// passes starts from single nodes and runs passes until one adds next to nothing.
func (l *leiden) passes(ctx context.Context, base *level, most int, measure func([]int32) float64) (best []int32, quality float64, err error) {
	best = make([]int32, base.order())
	for v := range best {
		best[v] = int32(v)
	}
	quality = math.Inf(-1)
	for range most {
		found := slices.Clone(best)
		if err := l.pass(ctx, base, found); err != nil {
			return nil, 0, err
		}
		q := measure(found)
		gained := q - quality
		if gained > 0 {
			best, quality = found, q
		}
		if !(gained > 1e-4*math.Abs(q)) {
			break
		}
	}
	return best, quality, nil
}

// pass runs moving, refinement and aggregation until nothing is left to
// aggregate, starting from the communities given and writing the new ones in
// their place.
func (l *leiden) pass(ctx context.Context, base *level, community []int32) error {
	const patience = 3 // levels in a row that may fail to shrink the network
	lv := base
	comm := slices.Clone(community)
	node := make([]int32, len(community)) // which node of lv each node of base is in
	for v := range node {
		node[v] = int32(v)
	}
	for stalled := 0; stalled < patience; {
		if err := l.move(ctx, lv, comm); err != nil {
			return err
		}
		if l.communities(lv) == lv.order() {
			break
		}
		if err := l.refine(ctx, lv, comm); err != nil {
			return err
		}
		next, nextComm := l.aggregate(lv, comm)
		if next.order() == lv.order() {
			stalled++
		} else {
			stalled = 0
		}
		for v := range node {
			node[v] = l.refined[node[v]]
		}
		lv, comm = next, nextComm
	}
	for v := range community {
		community[v] = comm[node[v]]
	}
	return nil
}

// communities counts the communities that have members after move.
func (l *leiden) communities(lv *level) int {
	k := 0
	for _, c := range l.count[:lv.order()] {
		if c > 0 {
			k++
		}
	}
	return k
}

// shuffle fills order with 0 to len-1 at random.
func (l *leiden) shuffle(order []int32) {
	for i := range order {
		j := l.rng.Uint32N(uint32(i + 1))
		order[i] = order[j]
		order[j] = int32(i)
	}
}

// move is the paper's MoveNodesFast: it visits nodes in random order, takes
// each to the community where it adds most, and visits again only those whose
// neighbourhood has changed.
func (l *leiden) move(ctx context.Context, lv *level, comm []int32) error {
	n := lv.order()
	mass, count, tie, seen := l.mass[:n], l.count[:n], l.tie, l.seen
	clear(mass)
	clear(count)
	for v, c := range comm {
		mass[c] += lv.mass[v]
		count[c]++
	}
	l.empty = l.empty[:0]
	for c := n - 1; c >= 0; c-- {
		if count[c] == 0 {
			l.empty = append(l.empty, int32(c))
		}
	}
	queue, queued := l.queue[:n], l.queued[:n]
	l.shuffle(queue)
	for v := range queued {
		queued[v] = true
	}
	head, waiting := 0, n
	for visits := 0; waiting > 0; visits++ {
		if visits&0xfff == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		v := queue[head]
		if head++; head == n {
			head = 0
		}
		waiting--
		queued[v] = false

		from := comm[v]
		row := lv.targets[lv.offsets[v]:lv.offsets[v+1]]
		weights := lv.weights[lv.offsets[v]:lv.offsets[v+1]]
		touched := l.touched[:0]
		for i, t := range row {
			c := comm[t]
			if !seen[c] {
				seen[c] = true
				touched = append(touched, c)
			}
			tie[c] += weights[i]
		}
		own := lv.mass[v]
		count[from]--
		if mass[from] -= own; count[from] == 0 {
			mass[from] = 0
		}
		to := from
		best := tie[from] - l.gamma*own*mass[from]
		for _, c := range touched {
			if gain := tie[c] - l.gamma*own*mass[c]; gain > best+l.least {
				to, best = c, gain
			}
			tie[c] = 0
			seen[c] = false
		}
		if best < -l.least && count[from] > 0 {
			to = l.empty[len(l.empty)-1]
		}
		if count[to] == 0 && to != from {
			l.empty = l.empty[:len(l.empty)-1]
		}
		mass[to] += own
		count[to]++
		if to == from {
			continue
		}
		if count[from] == 0 {
			l.empty = append(l.empty, from)
		}
		comm[v] = to
		for _, t := range row {
			if comm[t] != to && !queued[t] {
				queued[t] = true
				at := head + waiting
				if at >= n {
					at -= n
				}
				queue[at] = t
				waiting++
			}
		}
	}
	return nil
}
