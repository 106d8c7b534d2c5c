package group

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/report"
)

// timelineBins is how many bins a timeline has at most.
const timelineBins = 96

// Detail is what all of a group's actions, not only its evidence, show.
type Detail struct {
	// Objects are what at least two of the group acted on in step, strongest
	// first; All is how many there were before the limit.
	Objects []Object
	All     int
	// Timeline counts the group's posts, and its actions in step with
	// another member, in bins of round width.
	Timeline report.Timeline
	// Posts is how many posts of the group acted on an object.
	Posts int64
}

// Object is something that a group acted on together, with a post of the group
// that shows it.
type Object struct {
	report.Object
	Post coordination.PostKey
}

// Gather goes through all objects once and gathers what each group did. It
// keeps up to limit objects of each, and calls post, where given, once for each
// post of a group that acts on an object. It must be called before the engine
// is closed.
func Gather(ctx context.Context, n *coordination.Network, g *coordination.Groups, limit int, post func(group int32, a coordination.Action)) ([]Detail, error) {
	out := make([]Detail, len(g.Members))
	for k := range out {
		var first, last time.Time
		for i, e := range g.Edges[k] {
			d := n.Edge(e)
			if i == 0 || d.First.Before(first) {
				first = d.First
			}
			if i == 0 || d.Last.After(last) {
				last = d.Last
			}
		}
		bin := binFor(last.Sub(first))
		start := first.Truncate(bin)
		bins := int(last.Sub(start)/bin) + 1
		out[k].Timeline = report.Timeline{
			Start: start, Bin: int64(bin / time.Second), Posts: make([]int64, bins), CoActions: make([]int64, bins),
		}
	}
	posts := make([]map[coordination.PostKey]struct{}, len(out))
	for k := range posts {
		posts[k] = map[coordination.PostKey]struct{}{}
	}
	mine := make([][]coordination.Action, len(out))
	err := n.EachObject(ctx, func(o coordination.ObjectActions) error {
		var touched []int32
		for _, a := range o.Actions {
			k := g.Of[a.Account]
			if k < 0 {
				continue
			}
			if len(mine[k]) == 0 {
				touched = append(touched, k)
			}
			mine[k] = append(mine[k], a)
		}
		for _, k := range touched {
			d := &out[k]
			for _, a := range mine[k] {
				if _, again := posts[k][a.Post]; !again {
					posts[k][a.Post] = struct{}{}
					d.Posts++
					count(&d.Timeline, d.Timeline.Posts, a.Time)
					if post != nil {
						post(k, a)
					}
				}
			}
			if members, steps := inStep(mine[k], n.Config.Window, func(at time.Time) { count(&d.Timeline, d.Timeline.CoActions, at) }); members > 1 && steps > 0 {
				d.Objects = append(d.Objects, Object{Post: mine[k][0].Post, Object: report.Object{
					Behaviour: o.Behaviour.String(), Object: o.Object, Accounts: members, Everyone: o.Accounts, CoActions: steps,
				}})
			}
			mine[k] = mine[k][:0]
		}
		return nil
	})
	for k := range out {
		sortObjects(out[k].Objects, len(n.Accounts))
		out[k].All = len(out[k].Objects)
		out[k].Objects = out[k].Objects[:min(out[k].All, limit)]
	}
	if err != nil {
		return nil, fmt.Errorf("gathering what groups did: %w", err)
	}
	return out, nil
}

// sortObjects puts first what many of the group and few others acted on.
func sortObjects(o []Object, accounts int) {
	weight := func(x Object) float64 {
		return float64(x.Accounts) * math.Log(1+float64(accounts)/float64(x.Everyone))
	}
	slices.SortFunc(o, func(a, b Object) int {
		return cmp.Or(cmp.Compare(weight(b), weight(a)), cmp.Compare(b.CoActions, a.CoActions),
			strings.Compare(a.Behaviour, b.Behaviour), strings.Compare(a.Object.Object, b.Object.Object))
	})
}

func count(t *report.Timeline, bins []int64, at time.Time) {
	if i := at.Sub(t.Start) / (time.Duration(t.Bin) * time.Second); at.Compare(t.Start) >= 0 && int(i) < len(bins) {
		bins[i]++
	}
}

// inStep counts the accounts of some actions, and the actions that lie no more
// than the window after one of another account.
func inStep(actions []coordination.Action, window time.Duration, each func(time.Time)) (accounts, steps int64) {
	near := map[int32]int{} // by account: actions inside the window
	seen := map[int32]struct{}{}
	from := 0
	for _, a := range actions {
		for ; a.Time.Sub(actions[from].Time) > window; from++ {
			if near[actions[from].Account]--; near[actions[from].Account] == 0 {
				delete(near, actions[from].Account)
			}
		}
		near[a.Account]++
		seen[a.Account] = struct{}{}
		if len(near) > 1 {
			steps++
			each(a.Time)
		}
	}
	return int64(len(seen)), steps
}

// binFor gives a bin of round width that cuts a span into few enough.
func binFor(span time.Duration) time.Duration {
	for _, b := range []time.Duration{
		time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour,
		6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour,
	} {
		if span/b < timelineBins {
			return b
		}
	}
	const day = 24 * time.Hour
	return (span / timelineBins).Truncate(day) + day
}
