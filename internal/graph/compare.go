package graph

import (
	"math"
	"slices"
)

// NMI is the normalised mutual information of two partitions of the same
// things: 1 if they are the same up to the names of the groups, 0 if knowing
// one tells nothing of the other. Mutual information and entropies are in
// nats, the normalisation is the arithmetic mean of the two entropies (Danon
// et al., J. Stat. Mech. P09008, 2005). Where both partitions are a single
// group, or empty, it is 1. It is not corrected for chance: partitions into
// many small groups score above 0 by accident. It panics if the lengths
// differ.
func NMI(a, b []int32) float64 {
	cells, sizesA, sizesB := contingency(a, b)
	if len(sizesA) <= 1 && len(sizesB) <= 1 {
		return 1
	}
	n := float64(len(a))
	entropy := func(sizes []int64) float64 {
		h := 0.0
		for _, s := range sizes {
			p := float64(s) / n
			h -= p * math.Log(p)
		}
		return h
	}
	mutual := 0.0
	for _, c := range cells {
		p := float64(c.n) / n
		mutual += p * math.Log(float64(c.n)*n/(float64(sizesA[c.a])*float64(sizesB[c.b])))
	}
	mean := (entropy(sizesA) + entropy(sizesB)) / 2
	return min(max(mutual/mean, 0), 1)
}

// ARI is the adjusted Rand index of two partitions of the same things (Hubert
// and Arabie, Journal of Classification 2:193, 1985): of all pairs, how many
// are put together or apart by both, corrected so that chance gives 0 and
// agreement 1. It may be negative. Where neither partition tells anything
// apart, or both put everything apart, it is 1. It panics if the lengths
// differ.
func ARI(a, b []int32) float64 {
	cells, sizesA, sizesB := contingency(a, b)
	pairs := func(n int64) float64 { return float64(n) * float64(n-1) / 2 }
	both, inA, inB := 0.0, 0.0, 0.0
	for _, c := range cells {
		both += pairs(c.n)
	}
	for _, s := range sizesA {
		inA += pairs(s)
	}
	for _, s := range sizesB {
		inB += pairs(s)
	}
	all := pairs(int64(len(a)))
	if both == inA && both == inB {
		return 1
	}
	expected := inA * inB / all
	return (both - expected) / ((inA+inB)/2 - expected)
}

type cell struct {
	a, b int32
	n    int64
}

// contingency counts how many things are in each pair of groups, and in each
// group. The order of the cells does not depend on chance, so sums over them
// are always rounded alike.
func contingency(a, b []int32) (cells []cell, sizesA, sizesB []int64) {
	if len(a) != len(b) {
		panic("graph: partitions of different lengths")
	}
	denseA, ka := compact(a)
	denseB, kb := compact(b)
	sizesA, sizesB = make([]int64, ka), make([]int64, kb)
	keys := make([]uint64, len(a))
	for i := range keys {
		sizesA[denseA[i]]++
		sizesB[denseB[i]]++
		keys[i] = uint64(denseA[i])<<32 | uint64(denseB[i])
	}
	slices.Sort(keys)
	for i, key := range keys {
		if i == 0 || key != keys[i-1] {
			cells = append(cells, cell{a: int32(key >> 32), b: int32(uint32(key))})
		}
		cells[len(cells)-1].n++
	}
	return cells, sizesA, sizesB
}
