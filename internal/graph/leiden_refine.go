package graph

import (
	"context"
	"math"
)

// refine is the paper's RefinePartition: within each community it starts from
// single nodes and merges a node that is alone and well connected into a well
// connected part, chosen at random among those that do not lower the quality,
// with probability proportional to exp(gain/θ). The parts, which are connected
// by construction, are left in l.refined.
func (l *leiden) refine(ctx context.Context, lv *level, comm []int32) error {
	n := lv.order()
	refined, mass, count, cut := l.refined[:n], l.refinedMass[:n], l.refinedCount[:n], l.cut[:n]
	tie, seen := l.tie, l.seen
	for v := range n {
		refined[v] = int32(v)
		mass[v] = lv.mass[v]
		count[v] = 1
		inside := 0.0
		for i := lv.offsets[v]; i < lv.offsets[v+1]; i++ {
			if comm[lv.targets[i]] == comm[v] {
				inside += lv.weights[i]
			}
		}
		cut[v] = inside
	}
	order := l.queue[:n]
	l.shuffle(order)
	for visits, v := range order {
		if visits&0xfff == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if count[v] != 1 || refined[v] != v {
			continue // no longer alone
		}
		community := comm[v]
		whole := l.mass[community]
		own := lv.mass[v]
		if cut[v] < l.gamma*own*(whole-own)-l.least {
			continue
		}
		touched := l.touched[:0]
		for i := lv.offsets[v]; i < lv.offsets[v+1]; i++ {
			t := lv.targets[i]
			if comm[t] != community {
				continue
			}
			c := refined[t]
			if !seen[c] {
				seen[c] = true
				touched = append(touched, c)
			}
			tie[c] += lv.weights[i]
		}
		to := l.choose(touched, v, own, whole)
		if to != v {
			cut[to] = cut[to] + cut[v] - 2*tie[to]
			mass[to] += own
			count[to]++
			count[v] = 0
			refined[v] = to
		}
		for _, c := range touched {
			tie[c] = 0
			seen[c] = false
		}
	}
	return nil
}

// choose draws the part that v joins; to stay alone is one of the choices and
// gains nothing.
func (l *leiden) choose(parts []int32, v int32, own, whole float64) int32 {
	best := 0.0
	gains := l.chance[:0]
	for _, c := range parts {
		gain := l.tie[c] - l.gamma*own*l.refinedMass[c]
		m := l.refinedMass[c]
		if gain < 0 || l.cut[c] < l.gamma*m*(whole-m)-l.least {
			gain = math.Inf(-1)
		}
		best = max(best, gain)
		gains = append(gains, gain)
	}
	if best == 0 {
		return v
	}
	const negligible = -40 // exp(-40) is 4e-18
	sum := 0.0
	for i, gain := range gains {
		if d := (gain - best) / l.theta; d > negligible {
			sum += math.Exp(d)
		}
		gains[i] = sum
	}
	if d := -best / l.theta; d > negligible {
		sum += math.Exp(d)
	}
	draw := l.rng.Float64() * sum
	for i, upTo := range gains {
		if draw < upTo {
			return parts[i]
		}
	}
	return v
}

// aggregate makes each refined part a node and gives it the community of its
// members. It leaves the number of each node's part in l.refined.
func (l *leiden) aggregate(lv *level, comm []int32) (*level, []int32) {
	n := lv.order()
	refined := l.refined[:n]
	number := l.queue[:n] // free at this point
	for v := range number {
		number[v] = -1
	}
	k := int32(0)
	for v, r := range refined {
		if number[r] < 0 {
			number[r] = k
			k++
		}
		refined[v] = number[r]
	}
	members, starts := membersOf(refined, int(k))
	// The level before last is no longer needed; its memory serves again.
	room := &l.rooms[l.room]
	l.room = 1 - l.room
	next := &level{offsets: make([]int, k+1), mass: make([]float64, k), targets: room.targets[:0], weights: room.weights[:0]}
	nextComm := make([]int32, k)
	// Communities are renumbered too, to stay below the new number of nodes.
	for v := range number {
		number[v] = -1
	}
	named := int32(0)
	tie, seen := l.tie, l.seen
	for part := range k {
		touched := l.touched[:0]
		for _, v := range members[starts[part]:starts[part+1]] {
			next.mass[part] += lv.mass[v]
			for i := lv.offsets[v]; i < lv.offsets[v+1]; i++ {
				c := refined[lv.targets[i]]
				if c == part {
					continue
				}
				if !seen[c] {
					seen[c] = true
					touched = append(touched, c)
				}
				tie[c] += lv.weights[i]
			}
		}
		for _, c := range touched {
			next.targets = append(next.targets, c)
			next.weights = append(next.weights, tie[c])
			tie[c] = 0
			seen[c] = false
		}
		next.offsets[part+1] = len(next.targets)
		c := comm[members[starts[part]]]
		if number[c] < 0 {
			number[c] = named
			named++
		}
		nextComm[part] = number[c]
	}
	room.targets, room.weights = next.targets, next.weights
	return next, nextComm
}

// splitDisconnected makes each connected part of a community a community, in
// place, and returns how many there are.
func splitDisconnected(g *Graph, community []int32) int {
	n := g.Order()
	part := make([]int32, n)
	for v := range part {
		part[v] = -1
	}
	k := int32(0)
	stack := make([]int32, 0, n)
	for start := range n {
		if part[start] >= 0 {
			continue
		}
		part[start] = k
		stack = append(stack[:0], int32(start))
		for len(stack) > 0 {
			v := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			for _, t := range g.targets[g.offsets[v]:g.offsets[v+1]] {
				if part[t] < 0 && community[t] == community[v] {
					part[t] = k
					stack = append(stack, t)
				}
			}
		}
		k++
	}
	copy(community, part)
	return int(k)
}
