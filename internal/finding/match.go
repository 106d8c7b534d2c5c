package finding

import (
	"cmp"
	"slices"
	"strings"
)

// The same group. A group of a run and the group that a finding had before are
// the same where they share at least
//
//   - two accounts,
//   - half of the smaller one (overlap coefficient ≥ 0.5), so that a group may
//     grow or lose members, and
//   - a tenth of both together (Jaccard ≥ 0.1), so that a few accounts do not
//     stand for a crowd.
//
// Where several pairs qualify, they are taken greedily by Jaccard, then by
// shared accounts, then the older finding first, each group and each finding
// once. A group left over of which at least half is in a finding's former group
// split from it; a finding left over of whose group at least half is in a group
// of the run merged into the finding of that one. Groups of one run share no
// account, so after a run each finding that was seen has exactly its group, and
// the same run again pairs the same (Jaccard 1).

// sized is a set of accounts known by its size: a group by its smallest account
// key, a finding by its id.
type sized struct {
	name string
	size int
}

// common is how many accounts a group and a finding share, by place.
type common struct{ group, finding, accounts int }

// pairing says what became of the groups and findings. Places are −1 for none.
type pairing struct {
	// of gives each group's finding, overlap the Jaccard index of the two.
	of      []int
	overlap []float64
	// splitFrom gives, for groups without a finding, the one they came off;
	// mergedInto, for findings without a group, the group they are part of.
	splitFrom, mergedInto []int
}

// match pairs groups with findings. The order of neither matters.
func match(groups, findings []sized, shared []common) pairing {
	p := pairing{of: none(len(groups)), overlap: make([]float64, len(groups)), splitFrom: none(len(groups)), mergedInto: none(len(findings))}
	union := func(c common) int { return groups[c.group].size + findings[c.finding].size - c.accounts }
	shared = slices.Clone(shared)
	slices.SortFunc(shared, func(a, b common) int {
		return cmp.Or(
			cmp.Compare(b.accounts*union(a), a.accounts*union(b)),
			cmp.Compare(b.accounts, a.accounts),
			strings.Compare(findings[a.finding].name, findings[b.finding].name),
			strings.Compare(groups[a.group].name, groups[b.group].name),
		)
	})
	taken := make([]bool, len(findings))
	for _, c := range shared {
		g, f := groups[c.group].size, findings[c.finding].size
		same := c.accounts >= 2 && 2*c.accounts >= min(g, f) && 10*c.accounts >= union(c)
		if !same || p.of[c.group] >= 0 || taken[c.finding] {
			continue
		}
		p.of[c.group], taken[c.finding] = c.finding, true
		p.overlap[c.group] = rounded(float64(c.accounts)/float64(union(c)), 4)
	}
	// What is left over goes where most of it went.
	slices.SortStableFunc(shared, func(a, b common) int { return cmp.Compare(b.accounts, a.accounts) })
	for _, c := range shared {
		if c.accounts < 2 {
			break
		}
		if p.of[c.group] < 0 && p.splitFrom[c.group] < 0 && 2*c.accounts >= groups[c.group].size {
			p.splitFrom[c.group] = c.finding
		}
		if !taken[c.finding] && p.mergedInto[c.finding] < 0 && 2*c.accounts >= findings[c.finding].size {
			p.mergedInto[c.finding] = c.group
		}
	}
	return p
}

func none(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = -1
	}
	return out
}
