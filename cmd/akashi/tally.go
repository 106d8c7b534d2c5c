package main

import (
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/enrich"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
)

// tallies count what a file holds. What is costly to find is counted by the
// goroutines that parse, the rest by the one that reads.
type tallies struct {
	free chan *derived
	all  []*derived

	accounts  map[account]int64
	platforms map[string]int64
	languages map[string]int64
	hours     map[int64]int64
	synthetic int64
}

// account is an account on its platform.
type account struct{ platform, id string }

// derived counts what posts show once they are completed. It is used by one
// goroutine at a time.
type derived struct {
	scripts enrich.Scripts
	posts   [coordination.NumBehaviours]int64
	objects [coordination.NumBehaviours]int64
}

func newTallies(workers int) *tallies {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	t := &tallies{
		free:      make(chan *derived, workers),
		accounts:  map[account]int64{},
		platforms: map[string]int64{},
		languages: map[string]int64{},
		hours:     map[int64]int64{},
	}
	for range workers {
		d := new(derived)
		t.all = append(t.all, d)
		t.free <- d
	}
	return t
}

// prepare completes a post and counts what it shows; many may run at a time.
func (t *tallies) prepare(p *post.Post) {
	normalise.Post(p, normalise.Options{})
	d := <-t.free
	if p.Text != "" {
		d.scripts.Add(p.Text)
	}
	var seen enrich.Behaviours
	enrich.Traces(p, enrich.All, enrich.Options{}, func(b coordination.Behaviour, _ string) {
		d.objects[b]++
		if !seen.Has(b) {
			seen |= enrich.Of(b)
			d.posts[b]++
		}
	})
	t.free <- d
}

// add counts the rest.
func (t *tallies) add(batch []post.Post) error {
	for i := range batch {
		p := &batch[i]
		who := account{p.Platform, p.Account.ID}
		if n, ok := t.accounts[who]; ok {
			t.accounts[who] = n + 1
		} else {
			// A copy, since the post's strings share its whole memory.
			t.accounts[account{strings.Clone(who.platform), strings.Clone(who.id)}] = 1
		}
		bump(t.platforms, p.Platform)
		bump(t.languages, p.Lang)
		t.hours[p.Time.Unix()/int64(time.Hour/time.Second)]++
		if p.Synthetic {
			t.synthetic++
		}
	}
	return nil
}

// bump counts a name, and keeps a copy of it.
func bump(m map[string]int64, name string) {
	if _, ok := m[name]; !ok {
		name = strings.Clone(name)
	}
	m[name]++
}

// derived joins what the goroutines counted.
func (t *tallies) derived() *derived {
	sum := new(derived)
	for _, d := range t.all {
		sum.scripts.Merge(&d.scripts)
		for b := range coordination.NumBehaviours {
			sum.posts[b] += d.posts[b]
			sum.objects[b] += d.objects[b]
		}
	}
	return sum
}

// ranked gives names by how often they occur; the empty name is left out.
func ranked(m map[string]int64) []named {
	var out []named
	for name, n := range m {
		if name != "" {
			out = append(out, named{name, n})
		}
	}
	slices.SortFunc(out, func(a, b named) int {
		if a.Count != b.Count {
			return int(max(-1, min(1, b.Count-a.Count)))
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// activity sums the posts of each hour into at most so many equal spans from
// first to last.
func (t *tallies) activity(first, last time.Time, most int64) (spans []int64, span time.Duration) {
	if len(t.hours) == 0 {
		return nil, 0
	}
	const hour = int64(time.Hour / time.Second)
	from, to := first.Unix()/hour, last.Unix()/hour
	step := (to-from)/most + 1
	spans = make([]int64, (to-from)/step+1)
	for h, n := range t.hours {
		spans[(h-from)/step] += n
	}
	return spans, time.Duration(step) * time.Hour
}
