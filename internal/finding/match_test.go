package finding

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMatch(t *testing.T) {
	g := func(name string, size int) sized { return sized{name, size} }
	for _, c := range []struct {
		name             string
		groups, findings []sized
		shared           []common
		of, split, merge []int
	}{
		{"nothing", nil, nil, nil, []int{}, []int{}, []int{}},
		{"new", []sized{g("a", 5)}, []sized{g("F1", 5)}, nil, []int{-1}, []int{-1}, []int{-1}},
		{"same", []sized{g("a", 5)}, []sized{g("F1", 5)}, []common{{0, 0, 5}}, []int{0}, []int{-1}, []int{-1}},
		{"one account in common", []sized{g("a", 2)}, []sized{g("F1", 2)}, []common{{0, 0, 1}}, []int{-1}, []int{-1}, []int{-1}},
		{"half of the smaller", []sized{g("a", 8)}, []sized{g("F1", 4)}, []common{{0, 0, 2}}, []int{0}, []int{-1}, []int{-1}},
		{"less than half of the smaller", []sized{g("a", 8)}, []sized{g("F1", 5)}, []common{{0, 0, 2}}, []int{-1}, []int{-1}, []int{-1}},
		{"a few of a crowd", []sized{g("a", 3)}, []sized{g("F1", 100)}, []common{{0, 0, 3}}, []int{-1}, []int{0}, []int{-1}},
		{"a crowd around a few", []sized{g("a", 100)}, []sized{g("F1", 3)}, []common{{0, 0, 3}}, []int{-1}, []int{-1}, []int{0}},
		{"split", []sized{g("a", 6), g("b", 4)}, []sized{g("F1", 10)}, []common{{0, 0, 6}, {1, 0, 4}}, []int{0, -1}, []int{-1, 0}, []int{-1}},
		{"merged", []sized{g("a", 10)}, []sized{g("F1", 4), g("F2", 6)}, []common{{0, 0, 4}, {0, 1, 6}}, []int{1}, []int{-1}, []int{0, -1}},
		{"equal ones go to the older", []sized{g("a", 5)}, []sized{g("F2", 5), g("F1", 5)}, []common{{0, 0, 5}, {0, 1, 5}}, []int{1}, []int{-1}, []int{0, -1}},
		{"crossed", []sized{g("a", 10), g("b", 10)}, []sized{g("F1", 10), g("F2", 10)}, []common{{0, 0, 6}, {0, 1, 4}, {1, 0, 4}, {1, 1, 6}}, []int{0, 1}, []int{-1, -1}, []int{-1, -1}},
	} {
		p := match(c.groups, c.findings, c.shared)
		if !slices.Equal(p.of, c.of) || !slices.Equal(p.splitFrom, c.split) || !slices.Equal(p.mergedInto, c.merge) {
			t.Errorf("%s: of %v, split from %v, merged into %v; want %v, %v, %v", c.name, p.of, p.splitFrom, p.mergedInto, c.of, c.split, c.merge)
		}
	}
}

// life plays runs of random groups over the same accounts and keeps findings as
// takeIn does. It gives each account's finding after the last run.
type life struct {
	members map[string][]string // finding → accounts
	order   []string
}

func (l *life) run(groups [][]string, r *rand.Rand) (assigned map[string]string, made int) {
	of := map[string]int{}
	sizes := make([]sized, len(groups))
	for i, g := range groups {
		sizes[i] = sized{slices.Min(g), len(g)}
		for _, a := range g {
			of[a] = i
		}
	}
	findings := make([]sized, len(l.order))
	shared := map[[2]int]int{}
	order := slices.Clone(l.order)
	if r != nil { // the order in which findings are read does not matter
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	for i, f := range order {
		findings[i] = sized{f, len(l.members[f])}
		for _, a := range l.members[f] {
			if g, ok := of[a]; ok {
				shared[[2]int{g, i}]++
			}
		}
	}
	var list []common
	for at, n := range shared {
		list = append(list, common{at[0], at[1], n})
	}
	p := match(sizes, findings, list)
	assigned = map[string]string{}
	used := map[string]bool{}
	// New findings are numbered by name here, for two orders to be compared.
	for _, i := range byName(sizes) {
		var id string
		if p.of[i] >= 0 {
			id = order[p.of[i]]
		} else {
			id = fmt.Sprintf("F%04d", len(l.order))
			l.order = append(l.order, id)
			made++
		}
		if used[id] {
			panic("one finding for two groups")
		}
		used[id] = true
		l.members[id] = slices.Sorted(slices.Values(groups[i]))
		for _, a := range groups[i] {
			assigned[a] = id
		}
	}
	return assigned, made
}

func byName(s []sized) []int {
	out := make([]int, len(s))
	for i := range out {
		out[i] = i
	}
	slices.SortFunc(out, func(a, b int) int { return slices.Compare([]byte(s[a].name), []byte(s[b].name)) })
	return out
}

func (l *life) clone() *life {
	c := &life{members: map[string][]string{}, order: slices.Clone(l.order)}
	for f, m := range l.members {
		c.members[f] = slices.Clone(m)
	}
	return c
}

// Whatever groups come: no finding has two groups, no group two findings; the
// order of groups and findings is irrelevant; the same groups again are all
// known.
func TestMatchingOverManyRuns(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		l := &life{members: map[string][]string{}}
		accounts := make([]string, 60)
		home := make([]int, len(accounts))
		for i := range accounts {
			accounts[i], home[i] = fmt.Sprintf("a%02d", i), r.IntN(8)
		}
		for range 8 {
			for i := range home { // some move, groups grow, split and merge
				if r.IntN(6) == 0 {
					home[i] = r.IntN(10)
				}
			}
			by := map[int][]string{}
			for i, h := range home {
				if h < 8 { // 8 and 9 are in no group
					by[h] = append(by[h], accounts[i])
				}
			}
			var groups [][]string
			for h := range 8 {
				if len(by[h]) >= 2 {
					groups = append(groups, by[h])
				}
			}
			other := l.clone()
			want, _ := l.run(groups, nil)
			shuffled := slices.Clone(groups)
			r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			got, _ := other.run(shuffled, r)
			for a, f := range want {
				if got[a] != f {
					t.Fatalf("%s is in %s in one order and %s in another", a, f, got[a])
				}
			}
			again, made := l.run(shuffled, r)
			if made != 0 {
				t.Fatalf("the same groups again made %d findings", made)
			}
			for a, f := range want {
				if again[a] != f {
					t.Fatalf("%s is in %s, then in %s", a, f, again[a])
				}
			}
		}
	}
}
