package graph

import (
	"cmp"
	"slices"
)

// renumber replaces the labels 0 to k-1 by ranks: the label with most members
// becomes 0, equal ones are ordered by their smallest member. Labels without
// members vanish.
func renumber(labels []int32, k int) {
	type group struct{ label, first, members int32 }
	groups := make([]group, k)
	for i := range groups {
		groups[i].label = int32(i)
	}
	for v, l := range labels {
		if groups[l].members == 0 {
			groups[l].first = int32(v)
		}
		groups[l].members++
	}
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(b.members, a.members), cmp.Compare(a.first, b.first))
	})
	rank := make([]int32, k)
	for i, gr := range groups {
		rank[gr.label] = int32(i)
	}
	for v, l := range labels {
		labels[v] = rank[l]
	}
}

// compact copies labels of any value to the numbers 0 to k-1 in the order in
// which they first appear, and returns k.
func compact(labels []int32) (dense []int32, k int) {
	dense = make([]int32, len(labels))
	n := int32(len(labels))
	// Labels are nearly always small numbers; a slice is then faster than a map.
	small := make([]int32, n)
	var large map[int32]int32
	next := int32(0)
	for v, l := range labels {
		if l >= 0 && l < n {
			if small[l] == 0 {
				next++
				small[l] = next
			}
			dense[v] = small[l] - 1
			continue
		}
		if large == nil {
			large = make(map[int32]int32)
		}
		d, ok := large[l]
		if !ok {
			next++
			d = next
			large[l] = d
		}
		dense[v] = d - 1
	}
	return dense, int(next)
}

// membersOf lists the nodes of each of the groups 0 to k-1: group c is
// members[offsets[c]:offsets[c+1]], in ascending order.
func membersOf(labels []int32, k int) (members []int32, offsets []int) {
	offsets = make([]int, k+1)
	for _, l := range labels {
		offsets[l+1]++
	}
	for c := range k {
		offsets[c+1] += offsets[c]
	}
	members = make([]int32, len(labels))
	next := slices.Clone(offsets[:k])
	for v, l := range labels {
		members[next[l]] = int32(v)
		next[l]++
	}
	return members, offsets
}
