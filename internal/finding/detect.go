package finding

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/enrich"
	"github.com/akashi-project/akashi/internal/group"
	"github.com/akashi-project/akashi/internal/job"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
	"github.com/akashi-project/akashi/internal/report"
)

// detection is a run while it goes on, before anything is taken in.
type detection struct {
	s        *Service
	run      *Run
	progress func(job.Progress)
	phases   []report.Phase
	name     string
	began    time.Time

	posts    map[string]int64 // by account: posts that act on something
	counts   report.Counts
	deleted  int64
	acting   int64 // posts that act on something
	net      *coordination.Network
	groups   *coordination.Groups
	details  []group.Detail
	times    [][]int64         // by group: of its posts, in microseconds
	sampled  [][]poststore.Key // by group: some of its posts
	accounts map[string]poststore.Account
	known    map[poststore.Key]*poststore.Post
}

// outcome is what a run found, before it is matched with what was known.
type outcome struct {
	groups  []seenGroup
	links   []Link // between groups, by place in groups
	end     time.Time
	counts  report.Counts
	leftOut []LeftOut
	phases  func() []report.Phase
}

// seenGroup is a group as a run saw it.
type seenGroup struct {
	snapshot  Snapshot // without finding, version and places
	members   []string // account keys, sorted
	objects   []string // the strongest, hashed, for novelty
	search    string
	summary   summary
	risk      Measure
	tempo     Measure
	weight    float64
	layoutKey []layoutEdge // edges beyond those that the snapshot keeps
}

type layoutEdge struct {
	a, b   int32
	weight float64
}

// sampleOf is how many posts of a group are looked at for languages.
const sampleOf = 40

// strongest is how many objects novelty and search look at.
const strongest = 12

func (d *detection) phase(name string, total int64) {
	if d.name != "" {
		d.phases = append(d.phases, report.Phase{Name: d.name, Seconds: since(d.began)})
	}
	d.name, d.began = name, time.Now()
	d.progress(job.Progress{Phase: name, Total: total})
}

// detect reads the traces, runs the engine and describes the groups.
func (d *detection) detect(ctx context.Context) (*outcome, error) {
	p := d.run.Params
	behaviours, err := enrich.ParseBehaviours(p.Behaviours)
	if err != nil {
		return nil, invalid("%v", err)
	}
	where, err := p.where(d.run.Started)
	if err != nil {
		return nil, invalid("%v", err)
	}
	q := poststore.Query{Where: where, From: d.run.From, To: d.run.To}
	ceiling := p.Ceiling
	if ceiling < 0 {
		ceiling = coordination.None
	}
	engine, err := coordination.New(coordination.Config{
		Window: p.Window(), Ceiling: ceiling, Dir: d.s.o.Dir, Budget: d.s.o.Budget, Workers: d.s.o.Workers,
		Progress: func(done, total int64) { d.progress(job.Progress{Phase: "pairs", Done: done, Total: total}) },
	})
	if err != nil {
		return nil, invalid("%v", err)
	}
	defer engine.Close() //nolint:errcheck // only temporary files are lost
	if err := d.read(ctx, q, behaviours, engine); err != nil {
		return nil, err
	}
	if err := d.s.crash("read"); err != nil {
		return nil, err
	}
	d.phase("pairs", engine.Traces())
	if d.net, err = engine.Run(ctx); err != nil {
		return nil, fmt.Errorf("finding co-actions: %w", err)
	}
	d.phase("groups", 0)
	if d.groups, err = d.net.Groups(ctx, coordination.GroupConfig{FDR: p.FDR, MinSize: p.MinGroup}); err != nil {
		return nil, fmt.Errorf("finding groups: %w", err)
	}
	return d.outcome(ctx)
}

// outcome gathers the evidence of the groups and describes them.
func (d *detection) outcome(ctx context.Context) (_ *outcome, err error) {
	d.phase("evidence", int64(len(d.groups.Members)))
	n := len(d.groups.Members)
	d.times, d.sampled = make([][]int64, n), make([][]poststore.Key, n)
	d.details, err = group.Gather(ctx, d.net, d.groups, snapshotObjects, func(k int32, a coordination.Action) {
		d.times[k] = append(d.times[k], a.Time.UnixMicro())
		if len(d.sampled[k]) < sampleOf {
			d.sampled[k] = append(d.sampled[k], a.Post)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("gathering evidence: %w", err)
	}
	if err := d.lookUp(ctx); err != nil {
		return nil, err
	}
	return d.describe(ctx)
}

// read streams the traces into the engine.
func (d *detection) read(ctx context.Context, q poststore.Query, by enrich.Behaviours, engine *coordination.Engine) error {
	d.phase("read", 0)
	total, err := d.s.o.Posts.Count(ctx, q)
	if err != nil {
		return fmt.Errorf("counting posts: %w", err)
	}
	gone := q
	gone.Where = query.And{query.Is{Field: query.State, Value: "deleted"}}
	if q.Where != nil {
		gone.Where = query.And{q.Where, query.Is{Field: query.State, Value: "deleted"}}
	}
	if d.deleted, err = d.s.o.Posts.Count(ctx, gone); err != nil {
		return fmt.Errorf("counting deleted posts: %w", err)
	}
	d.counts.Posts, d.posts = total, map[string]int64{}
	var last poststore.Key
	err = d.s.o.Posts.Traces(ctx, q, by, enrich.Options{}, func(batch []coordination.Trace) error {
		for i := range batch {
			t := &batch[i]
			if d.acting == 0 || t.Post != last { // the traces of a post stand together
				d.acting++
				d.posts[t.Account]++
				last = t.Post
			}
			if err := engine.Add(*t); err != nil {
				return fmt.Errorf("taking a trace: %w", err)
			}
		}
		d.progress(job.Progress{Phase: "read", Done: d.acting, Total: total})
		return ctx.Err() //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return fmt.Errorf("reading traces: %w", err)
	}
	return nil
}

// lookUp reads what the post store knows of the groups' accounts and of some of
// their posts.
func (d *detection) lookUp(ctx context.Context) error {
	var names []string
	keys := map[poststore.Key]struct{}{}
	for k, members := range d.groups.Members {
		for _, a := range members {
			names = append(names, d.net.Accounts[a].Name)
		}
		for _, key := range d.sampled[k] {
			keys[key] = struct{}{}
		}
	}
	d.accounts = make(map[string]poststore.Account, len(names))
	for part := range slices.Chunk(names, 1000) {
		found, err := d.s.o.Posts.Accounts(ctx, part)
		if err != nil {
			return fmt.Errorf("looking up accounts: %w", err)
		}
		for _, a := range found {
			d.accounts[a.Key] = a
		}
	}
	d.known = make(map[poststore.Key]*poststore.Post, len(keys))
	for part := range slices.Chunk(slices.Sorted(maps.Keys(keys)), 2000) {
		found, err := d.s.o.Posts.Get(ctx, part)
		if err != nil {
			return fmt.Errorf("looking up posts: %w", err)
		}
		for i := range found {
			// Only what is counted is kept: the texts of many posts are large.
			d.known[found[i].Key] = &poststore.Post{Key: found[i].Key}
			d.known[found[i].Key].Lang, d.known[found[i].Key].Synthetic = found[i].Lang, found[i].Synthetic
		}
	}
	return nil
}

// describe makes what is taken in of all groups.
func (d *detection) describe(ctx context.Context) (*outcome, error) {
	n, g := d.net, d.groups
	out := &outcome{end: n.Last, groups: make([]seenGroup, len(g.Members))}
	place := make([]int, len(n.Accounts)) // within the group
	for _, members := range g.Members {
		for i, a := range members {
			place[a] = i
		}
	}
	var cut int64
	for k := range g.Members {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("describing groups: %w", err)
		}
		out.groups[k] = d.group(k, place)
		cut += out.groups[k].snapshot.LeftEdges
		d.progress(job.Progress{Phase: "evidence", Done: int64(k + 1), Total: int64(len(g.Members))})
	}
	var across int64
	out.links, across = d.between()
	d.counts.Accounts, d.counts.Traces, d.counts.Objects = int64(len(n.Accounts)), n.Traces, n.Objects
	d.counts.Pairs, d.counts.Edges, d.counts.Significant = n.Pairs, int64(n.Len()), g.Significant
	d.counts.Groups = int64(len(g.Members))
	out.counts = d.counts
	out.leftOut = d.leftOut(cut, across)
	out.phases = func() []report.Phase {
		return append(slices.Clone(d.phases), report.Phase{Name: d.name, Seconds: since(d.began)})
	}
	return out, nil
}

// between counts the significant edges between groups, and all that lie in none.
func (d *detection) between() (links []Link, across int64) {
	type pair struct{ a, b int32 }
	at := map[pair]*Link{}
	for i := range d.net.Len() {
		if d.net.Q(i) > d.groups.Config.FDR {
			continue
		}
		a, b := d.net.Ends(i)
		ga, gb := d.groups.Of[a], d.groups.Of[b]
		if ga >= 0 && ga == gb {
			continue
		}
		across++
		if ga < 0 || gb < 0 {
			continue
		}
		p := pair{min(ga, gb), max(ga, gb)}
		l := at[p]
		if l == nil {
			l = &Link{A: int(p.a), B: int(p.b)}
			at[p] = l
		}
		l.Edges++
		l.Weight += d.net.Weight(i)
		l.CoActions += d.net.Edge(i).CoActions
	}
	for _, l := range at {
		l.Weight = rounded(l.Weight, 3)
		links = append(links, *l)
	}
	slices.SortFunc(links, func(x, y Link) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	return links, across
}

func (d *detection) leftOut(cut, across int64) []LeftOut {
	n, g := d.net, d.groups
	var out []LeftOut
	add := func(kind LeftOutKind, count int64, hot ...HotObject) {
		if count > 0 {
			out = append(out, LeftOut{Kind: kind, Count: count, Objects: hot})
		}
	}
	var hot []HotObject
	for _, h := range n.Hot[:min(len(n.Hot), 20)] {
		hot = append(hot, HotObject{Behaviour: h.Behaviour.String(), Object: shownObject(h.Behaviour, h.Object), Traces: h.Traces})
	}
	add(LeftHot, int64(len(n.Hot)), hot...)
	add(LeftDeleted, d.deleted)
	add(LeftSilent, d.counts.Posts-d.acting)
	add(LeftDuplicates, n.Duplicates)
	var small int64
	for a, p := range g.Partners {
		if p > 0 && g.Of[a] < 0 {
			small++
		}
	}
	add(LeftSmall, small)
	add(LeftEdges, cut)
	add(LeftAcross, across)
	return out
}

// shownObject is an object as it is kept: a text stands there by its key, so
// that nothing here outlives the deletion of a post.
func shownObject(b coordination.Behaviour, object string) string {
	if b == coordination.Text {
		return fmt.Sprintf("text:%016x", uint64(coordination.Key(object)))
	}
	return object
}

// group describes group k.
func (d *detection) group(k int, place []int) seenGroup {
	n, g := d.net, d.groups
	det := d.details[k]
	lead := det
	lead.Objects = det.Objects[:min(len(det.Objects), strongest)]
	rep := group.Build(n, g, k, lead)
	s := Snapshot{
		Schema: snapshotSchema, Behaviours: rep.Behaviours, Timeline: det.Timeline, First: rep.First, Last: rep.Last,
		MedianGap: rep.MedianGap, CoActions: rep.CoActions, Occasions: rep.Occasions, Expected: rounded(rep.Expected, 4),
		Posts: det.Posts, FDR: g.Config.FDR, WindowSeconds: n.Config.Window.Seconds(),
		LeftObject: int64(det.All - len(det.Objects)),
	}
	out := seenGroup{}
	platforms, langs := map[string]int64{}, map[string]int64{}
	acts := make([]enrich.Behaviours, len(g.Members[k]))
	for i, e := range g.Edges[k] {
		edge := n.Edge(e)
		a, b := place[edge.A], place[edge.B]
		layers := n.Behaviours(e)
		for _, l := range layers {
			acts[a] |= 1 << l.Behaviour
			acts[b] |= 1 << l.Behaviour
		}
		w := n.Weight(e)
		out.weight += w
		if i >= snapshotEdges {
			s.LeftEdges++
			out.layoutKey = append(out.layoutKey, layoutEdge{int32(a), int32(b), w}) //nolint:gosec // places of accounts
			continue
		}
		s.Edges = append(s.Edges, shownEdge(edge, a, b, w, layers, n.Evidence(e)))
	}
	for i, a := range g.Members[k] {
		key := n.Accounts[a].Name
		known := d.accounts[key]
		s.Accounts = append(s.Accounts, Account{
			Key: key, Alias: known.Alias, Posts: d.posts[key], Score: rounded(n.Accounts[a].Score, 6),
			Centrality: rounded(g.Centrality[a], 6), Strength: rounded(g.Strength[a], 4), Partners: int(g.Partners[a]),
			Behaviours: acts[i].Names(),
		})
		out.members = append(out.members, key)
		if platform := cmp.Or(known.Platform, platformOf(key)); platform != "" {
			platforms[platform]++
		}
	}
	slices.Sort(out.members)
	words := strings.Builder{}
	for i, o := range det.Objects {
		b, _ := coordination.ParseBehaviour(o.Behaviour) // a name that the engine gave
		s.Objects = append(s.Objects, Object{
			Behaviour: o.Behaviour, Object: shownObject(b, o.Object.Object), Accounts: o.Accounts, Everyone: o.Everyone,
			CoActions: o.CoActions, Post: o.Post,
		})
		if i < strongest {
			out.objects = append(out.objects, fmt.Sprintf("%016x", uint64(coordination.Key(o.Behaviour+"\x00"+o.Object.Object))))
			if b == coordination.URL || b == coordination.Domain || b == coordination.Hashtag || b == coordination.HashtagSequence {
				words.WriteByte('\n')
				words.WriteString(query.Fold(o.Object.Object))
			}
		}
	}
	slices.Sort(out.objects)
	out.objects = slices.Compact(out.objects)
	s.Examples = examples(s.Edges)
	synthetic := false
	for _, key := range d.sampled[k] {
		if p := d.known[key]; p != nil {
			synthetic = synthetic || p.Synthetic
			if p.Lang != "" {
				langs[strings.ToLower(p.Lang)]++
			}
		}
	}
	names := make([]string, len(rep.Behaviours))
	common := 0
	for i, l := range rep.Behaviours {
		names[i] = l.Behaviour
		if l.Edges*5 >= rep.Edges {
			common++
		}
	}
	times := d.times[k]
	slices.Sort(times)
	out.snapshot = s
	out.search = strings.Join(names, " ") + words.String()
	out.summary = summary{
		Why: rep.Why, Counter: rep.Counter, Posts: det.Posts, Edges: rep.Edges, CoActions: rep.CoActions, Behaviours: names,
		Platforms: ranked(platforms), Languages: ranked(langs), Synthetic: synthetic, Spark: spark(times), First: rep.First,
	}
	out.risk = riskOf(len(s.Accounts), det.Posts, rep.Occasions, rep.Expected, common, len(platforms)+len(langs))
	const day = int64(24 * time.Hour / time.Microsecond)
	from := n.Last.UnixMicro() - day
	at, _ := slices.BinarySearch(times, from+1)
	hours := 0.0
	if at > 0 {
		hours = time.Duration((from - times[0]) * 1000).Hours()
	}
	out.tempo = tempoOf(int64(len(times)-at), int64(at), hours)
	return out
}

func platformOf(key string) string {
	platform, _, ok := strings.Cut(key, ":")
	if !ok {
		return ""
	}
	return platform
}

// ranked gives the most frequent first.
func ranked(m map[string]int64) []string {
	out := slices.Collect(maps.Keys(m))
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), strings.Compare(a, b)) })
	return out
}

// spark counts sorted times by the hour, up to the last.
func spark(times []int64) Spark {
	out := Spark{Counts: make([]int64, 24)}
	if len(times) == 0 {
		return out
	}
	end := time.UnixMicro(times[len(times)-1]).UTC().Truncate(time.Hour).Add(time.Hour)
	out.Start = end.Add(-24 * time.Hour)
	for _, t := range slices.Backward(times) {
		at := time.UnixMicro(t).Sub(out.Start)
		if at < 0 {
			break
		}
		out.Counts[at/time.Hour]++
	}
	return out
}

func shownEdge(e coordination.Edge, a, b int, weight float64, layers []coordination.LayerEdge, evidence []coordination.Meeting) Edge {
	out := Edge{
		A: a, B: b, Weight: rounded(weight, 4), CoActions: e.CoActions, Objects: e.Objects, Occasions: e.Occasions,
		Expected: e.Expected, P: e.P, Q: e.Q, First: e.First.UTC(), Last: e.Last.UTC(), GapMin: e.GapMin.Seconds(),
		GapMedian: e.GapMedian.Seconds(), GapHigh: e.GapHigh.Seconds(),
	}
	for _, l := range layers {
		out.By = append(out.By, EdgeLayer{Behaviour: l.Behaviour.String(), CoActions: l.CoActions, Objects: l.Objects})
	}
	for _, m := range evidence {
		out.Evidence = append(out.Evidence, Meeting{
			Behaviour: m.Behaviour.String(), Object: shownObject(m.Behaviour, m.Object), PostA: m.PostA, PostB: m.PostB,
			TimeA: m.TimeA.UTC(), TimeB: m.TimeB.UTC(),
		})
	}
	return out
}

// examples picks meetings to read first: of the heaviest edges, each on another
// object and of other accounts as far as there are.
func examples(edges []Edge) []Example {
	var out []Example
	objects, used := map[string]bool{}, map[int]int{}
	for most := range 3 { // how often an account may have been shown before
		for i := range edges[:min(len(edges), 1000)] {
			e := &edges[i]
			if used[e.A] > most || used[e.B] > most {
				continue
			}
			for _, m := range e.Evidence {
				if objects[m.Object] {
					continue
				}
				objects[m.Object] = true
				used[e.A]++
				used[e.B]++
				x := Example{A: e.A, B: e.B, Meeting: m}
				if m.TimeB.Before(m.TimeA) {
					x.A, x.B = e.B, e.A
					x.PostA, x.PostB, x.TimeA, x.TimeB = m.PostB, m.PostA, m.TimeB, m.TimeA
				}
				out = append(out, x)
				break
			}
			if len(out) == snapshotExamples {
				return out
			}
		}
	}
	return out
}
