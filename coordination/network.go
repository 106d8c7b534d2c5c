package coordination

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
)

// Network is the accounts that co-acted and their edges. It is safe for
// concurrent reading.
type Network struct {
	// Config is what the run used, defaults filled in.
	Config Config
	// Accounts are all accounts that gave traces, by name; edges name them
	// by their place here.
	Accounts []Account
	// Layers says how much each behaviour gave, for those that had traces.
	Layers []Layer
	// Traces is how many were added; First and Last are their time range.
	Traces      int64
	First, Last time.Time
	// Objects is how many different objects the traces had.
	Objects int64
	// Pairs is how many co-actions were found.
	Pairs int64
	// Duplicates is how many traces were equal to another one and did not
	// count twice (method Akashi and QUT).
	Duplicates int64
	// Hot are the objects above the popularity ceiling, which took no part.
	Hot []Hot
	// Dropped is how many accounts the minimum participation left out
	// (method CooRTweet).
	Dropped int64
	// Spilled is how many bytes of traces went to disk.
	Spilled int64
	// Bin is the width of the bins of time in which the null model counts
	// activity and popularity.
	Bin time.Duration
	// RankCeiling is how many ranked accounts an object may have for its
	// pairs to be compared one by one when accounts are scored; the more
	// popular ones count by their sum.
	RankCeiling int

	edges   []edgeRef
	folds   []foldRef
	folders []*folder
	order   []uint32 // engine's number of an account → its place in Accounts
	p, q    []float64
	lambda  []float64
	nulls   [NumBehaviours]*null
	engine  *Engine
}

// Account is one account of the network.
type Account struct {
	Name string
	// Traces is how many traces it gave.
	Traces int64
	// Score is how broadly the account's behaviour is shared (see
	// breadth.go); 0 for an account without a significant edge that has
	// fewer traces than [MinRankedTraces] or none that another shares. Only
	// the method Akashi computes it.
	Score float64
}

// Layer is the part of the network that one behaviour makes.
type Layer struct {
	Behaviour Behaviour
	Traces    int64
	Pairs     int64 // co-actions
	Edges     int64
}

// Hot is an object that was too popular to say who acts together.
type Hot struct {
	Behaviour Behaviour
	Object    string
	Traces    int64
}

// Edge joins two accounts that co-acted.
type Edge struct {
	// A and B are places in [Network.Accounts], A ≤ B. They are equal only
	// for QUT's edges from an account to itself.
	A, B int32
	// CoActions is how many pairs of traces lie inside the window.
	CoActions int64
	// Objects is on how many different objects.
	Objects int64
	// Occasions is how many times they met: objects, each counted once in
	// every bin of time (see [Network.Bin]) in which they co-acted on it, but
	// no more than the distinct posts of either account that show it, since a
	// post with five hashtags is one occasion. That limit is
	// estimated, for few posts seldom above and often one below the truth.
	// Occasions are what is tested.
	Occasions int64
	// First and Last are the earliest and latest trace of any pair.
	First, Last time.Time
	// GapMin, GapMedian and GapHigh are the shortest time between two
	// traces of a pair, the median, and the value that nine tenths do not
	// exceed. They are exact to a millisecond up to four co-actions a
	// behaviour, and within an eighth above.
	GapMin, GapMedian, GapHigh time.Duration
	// Vote is Σ over distinct objects of idf(object)·exp(−Δt/τ), with the
	// shortest Δt on that object and idf the logarithm of accounts in all
	// by accounts on the object.
	Vote float64
	// Expected is how many occasions chance would give; P the probability
	// that chance gives as many as Occasions or more, given that there is
	// one; Q the smallest
	// false-discovery rate at which the edge counts as significant. See
	// significance.go for the model.
	Expected, P, Q float64
	// AB and BA are QUT's weights from A to B and from B to A, counted over
	// all behaviours together; zero for other methods.
	AB, BA int64
}

// LayerEdge is the part of an edge that one behaviour makes.
type LayerEdge struct {
	Behaviour Behaviour
	CoActions int64
	Objects   int64
	Vote      float64
}

// Meeting is the evidence of an edge: two traces on the same object, of the
// edge's A and B.
type Meeting struct {
	Behaviour    Behaviour
	Object       string
	Everyone     int64 // traces of the object in all
	PostA, PostB PostKey
	TimeA, TimeB time.Time
}

// edgeRef points to an edge's folds: folds[from:to].
type edgeRef struct{ from, to uint32 }

// foldRef points to a fold: which accounts by place, which worker, behaviour
// and number.
type foldRef struct {
	a, b   uint32
	index  uint32
	worker uint8
	kind   uint8
	swap   bool // the fold's first account comes second by name
}

func (e *Engine) network(ctx context.Context, folders []*folder, nulls [NumBehaviours]*null) (*Network, error) {
	n := &Network{
		Config: e.cfg, Traces: e.traces, Objects: int64(e.objects.len()), Duplicates: e.dropped,
		Hot: e.hotObjects(), Spilled: e.rows.spilled, folders: folders, engine: e, nulls: nulls,
		Bin: time.Duration(e.binWidth) * time.Microsecond,
	}
	if e.traces > 0 {
		n.First, n.Last = time.UnixMicro(e.first).UTC(), time.UnixMicro(e.last).UTC()
	}
	if err := n.index(ctx, e, folders); err != nil {
		return nil, err
	}
	if err := n.test(ctx); err != nil {
		return nil, fmt.Errorf("testing edges against chance: %w", err)
	}
	if e.cfg.Method == Akashi {
		if err := n.rank(ctx); err != nil {
			return nil, fmt.Errorf("scoring accounts: %w", err)
		}
	}
	return n, nil
}

// index brings accounts and edges into the order of their names, and counts.
func (n *Network) index(ctx context.Context, e *Engine, folders []*folder) error {
	n.nameAccounts(e)
	total := 0
	for _, f := range folders {
		for _, t := range f.layers {
			if t != nil {
				total += t.n
			}
		}
	}
	n.folds = make([]foldRef, 0, total)
	for w, f := range folders {
		for kind, t := range f.layers {
			if t == nil {
				continue
			}
			for i := range t.n {
				x := t.get(uint32(i)) //nolint:gosec // a fold's number
				a, b := n.order[x.a], n.order[x.b]
				n.folds = append(n.folds, foldRef{
					a: min(a, b), b: max(a, b), index: uint32(i), //nolint:gosec // a fold's number
					worker: uint8(w), kind: uint8(kind), swap: a > b, //nolint:gosec // both below 256
				})
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	slices.SortFunc(n.folds, func(x, y foldRef) int {
		switch {
		case x.a != y.a:
			return int(int64(x.a) - int64(y.a))
		case x.b != y.b:
			return int(int64(x.b) - int64(y.b))
		}
		return int(x.kind) - int(y.kind)
	})
	count := 0
	for i, f := range n.folds {
		if i == 0 || f.a != n.folds[i-1].a || f.b != n.folds[i-1].b {
			count++
		}
	}
	n.edges = make([]edgeRef, 0, count)
	for i, f := range n.folds {
		if i == 0 || f.a != n.folds[i-1].a || f.b != n.folds[i-1].b {
			n.edges = append(n.edges, edgeRef{from: uint32(i)}) //nolint:gosec // a fold's number
		}
		n.edges[len(n.edges)-1].to = uint32(i) + 1 //nolint:gosec // a fold's number
	}
	for kind := range NumBehaviours {
		l := Layer{Behaviour: Behaviour(kind), Traces: e.kinds[kind]} //nolint:gosec // below NumBehaviours
		for _, f := range folders {
			l.Pairs += f.pairs[kind]
			if f.layers[kind] != nil {
				l.Edges += int64(f.layers[kind].n)
			}
		}
		n.Pairs += l.Pairs
		if l.Traces > 0 {
			n.Layers = append(n.Layers, l)
		}
	}
	return nil
}

// nameAccounts brings the accounts into the order of their names, so that the
// network does not depend on the order in which traces came.
func (n *Network) nameAccounts(e *Engine) {
	numbers := make([]uint32, e.accounts.len())
	for i := range numbers {
		numbers[i] = uint32(i) //nolint:gosec // an account's number
	}
	slices.SortFunc(numbers, func(a, b uint32) int {
		return strings.Compare(e.accounts.name(a), e.accounts.name(b))
	})
	n.order = make([]uint32, len(numbers))
	n.Accounts = make([]Account, len(numbers))
	for place, i := range numbers {
		n.order[i] = uint32(place) //nolint:gosec // an account's number
		n.Accounts[place] = Account{Name: e.accounts.name(i), Traces: int64(e.perAccount[i])}
		if !e.takesPart(i) {
			n.Dropped++
		}
	}
}

// Len is the number of edges.
func (n *Network) Len() int { return len(n.edges) }

// Edges gives all edges in the order of their accounts' names.
func (n *Network) Edges() iter.Seq2[int, Edge] {
	return func(yield func(int, Edge) bool) {
		for i := range n.edges {
			if !yield(i, n.Edge(i)) {
				return
			}
		}
	}
}

func (n *Network) fold(r foldRef) (*table, *fold) {
	t := n.folders[r.worker].layers[r.kind]
	f := t.get(r.index)
	return t, f
}

// Edge gives edge i.
func (n *Network) Edge(i int) Edge {
	refs := n.folds[n.edges[i].from:n.edges[i].to]
	d := Edge{A: int32(refs[0].a), B: int32(refs[0].b)} //nolint:gosec // accounts are fewer than 2³¹ where edges fit
	var first, last int64
	var matched [2]postSet
	for k, r := range refs {
		t, x := n.fold(r)
		d.CoActions += int64(x.coactions)
		d.Objects += int64(x.objects)
		d.Occasions += x.occasions()
		d.Vote += x.vote
		if k == 0 {
			first, last = x.first, x.last
		} else {
			first, last = min(first, x.first), max(last, x.last)
		}
		if x.exact > 0 {
			for side, set := range t.posts[x.exact-1] {
				if r.swap {
					side = 1 - side
				}
				matched[side].posts = append(matched[side].posts, set.posts...)
			}
		}
	}
	d.AB, d.BA = int64(matched[0].count()), int64(matched[1].count())
	d.First, d.Last = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC()
	gaps := n.gaps(refs)
	d.GapMin, d.GapMedian, d.GapHigh = gaps.quantile(0), gaps.quantile(0.5), gaps.quantile(0.9)
	if n.p != nil {
		d.Expected, d.P, d.Q = n.lambda[i], n.p[i], n.q[i]
	}
	return d
}

// Behaviours gives edge i's parts by behaviour.
func (n *Network) Behaviours(i int) []LayerEdge {
	refs := n.folds[n.edges[i].from:n.edges[i].to]
	out := make([]LayerEdge, 0, len(refs))
	for _, r := range refs {
		_, x := n.fold(r)
		out = append(out, LayerEdge{
			Behaviour: Behaviour(r.kind), CoActions: int64(x.coactions), Objects: int64(x.objects),
			Vote: x.vote,
		})
	}
	return out
}

// Evidence gives the pairs of posts that edge i keeps, the closest first.
func (n *Network) Evidence(i int) []Meeting {
	var out []Meeting
	for _, r := range n.folds[n.edges[i].from:n.edges[i].to] {
		t, x := n.fold(r)
		list := []meeting{x.now}
		if x.evidence > 0 {
			list = t.evidence[x.evidence-1]
		}
		for _, m := range list {
			if r.swap {
				m.a, m.b = m.b, m.a
			}
			out = append(out, Meeting{
				Behaviour: Behaviour(r.kind), Object: n.engine.objects.name(m.object),
				Everyone: int64(n.engine.perObject[m.object]),
				PostA:    m.a.post, PostB: m.b.post,
				TimeA: time.UnixMicro(m.a.time).UTC(), TimeB: time.UnixMicro(m.b.time).UTC(),
			})
		}
	}
	return out
}
