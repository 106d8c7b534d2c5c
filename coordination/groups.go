package coordination

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/akashi-project/akashi/internal/graph"
)

// GroupConfig says how groups are made. The zero value means the defaults.
type GroupConfig struct {
	// FDR is the false-discovery rate up to which an edge counts as
	// significant. Default 0.05.
	FDR float64
	// MinSize is how many accounts a group has at least. Default 3.
	MinSize int
	// Resolution and Seed are Leiden's. Defaults 1 and 1.
	Resolution float64
	Seed       uint64
}

func (c GroupConfig) withDefaults() GroupConfig {
	c.FDR = cmp.Or(c.FDR, 0.05)
	c.MinSize = cmp.Or(c.MinSize, 3)
	c.Resolution = cmp.Or(c.Resolution, 1)
	c.Seed = cmp.Or(c.Seed, 1)
	return c
}

// Groups are the accounts that act together: communities of the significant
// network, found by the Leiden algorithm (Traag et al. 2019).
type Groups struct {
	Config GroupConfig
	// Members are the groups, the one with the greatest weight first; in
	// each the places of its accounts in [Network.Accounts], the most
	// central first.
	Members [][]int32
	// Edges are, for each group, its significant edges' numbers, the
	// heaviest first.
	Edges [][]int
	// Of gives each account's group, or −1.
	Of []int32
	// Centrality is each account's eigenvector centrality in its group,
	// where the most central has 1. Strength is the summed weight, and
	// Partners the number, of its significant edges.
	Centrality, Strength []float64
	Partners             []int32
	// Significant is how many edges passed the test.
	Significant int64
}

// Weight gives edge i's weight in the network: its vote, or for the methods
// of other tools its co-actions.
func (n *Network) Weight(i int) float64 {
	w := 0.0
	for _, r := range n.folds[n.edges[i].from:n.edges[i].to] {
		_, x := n.fold(r)
		if n.Config.Method == Akashi {
			w += x.vote
		} else {
			w += float64(x.coactions)
		}
	}
	return w
}

// Ends gives the accounts of edge i by their places in [Network.Accounts].
func (n *Network) Ends(i int) (a, b int32) {
	r := n.folds[n.edges[i].from]
	return int32(r.a), int32(r.b) //nolint:gosec // as in Edge
}

// Q gives edge i's q value.
func (n *Network) Q(i int) float64 { return n.q[i] }

// Groups finds the groups.
func (n *Network) Groups(ctx context.Context, c GroupConfig) (*Groups, error) {
	c = c.withDefaults()
	g := &Groups{
		Config: c, Of: make([]int32, len(n.Accounts)), Centrality: make([]float64, len(n.Accounts)),
		Strength: make([]float64, len(n.Accounts)), Partners: make([]int32, len(n.Accounts)),
	}
	place := make(map[int32]int32) // account → node
	var nodes []int32
	node := func(a int32) int32 {
		i, ok := place[a]
		if !ok {
			i = int32(len(nodes)) //nolint:gosec // accounts
			place[a] = i
			nodes = append(nodes, a)
		}
		return i
	}
	var edges []graph.Edge
	var numbers []int
	for i := range n.Len() {
		a, b := n.Ends(i)
		if n.q[i] > c.FDR || a == b {
			continue
		}
		w := n.Weight(i)
		edges = append(edges, graph.Edge{A: node(a), B: node(b), Weight: w})
		numbers = append(numbers, i)
		for _, v := range []int32{a, b} {
			g.Strength[v] += w
			g.Partners[v]++
		}
	}
	g.Significant = int64(len(edges))
	for i := range g.Of {
		g.Of[i] = -1
	}
	if len(edges) == 0 {
		return g, ctx.Err()
	}
	net, err := graph.New(len(nodes), edges)
	if err != nil {
		return nil, fmt.Errorf("building the significant network: %w", err)
	}
	community, _, err := graph.Leiden(ctx, net, graph.LeidenOptions{Seed: c.Seed, Resolution: c.Resolution})
	if err != nil {
		return nil, fmt.Errorf("finding groups: %w", err)
	}
	central, err := graph.EigenvectorPerComponent(ctx, net, community, graph.EigenvectorOptions{Weighted: true})
	if err != nil {
		return nil, fmt.Errorf("ranking accounts: %w", err)
	}
	g.collect(n, c, nodes, community, central, edges, numbers)
	return g, nil
}

// collect turns communities into ranked groups.
func (g *Groups) collect(n *Network, c GroupConfig, nodes, community []int32, central []float64, edges []graph.Edge, numbers []int) {
	count := int(slices.Max(community)) + 1
	members := make([][]int32, count)
	most := make([]float64, count)
	for i, k := range community {
		members[k] = append(members[k], nodes[i])
		most[k] = max(most[k], central[i])
	}
	for i, k := range community {
		if most[k] > 0 {
			g.Centrality[nodes[i]] = central[i] / most[k]
		}
	}
	weight := make([]float64, count)
	within := make([][]int, count)
	byWeight := make([]float64, n.Len())
	for i, d := range edges {
		if k := community[d.A]; k == community[d.B] {
			weight[k] += d.Weight
			within[k] = append(within[k], numbers[i])
			byWeight[numbers[i]] = d.Weight
		}
	}
	order := make([]int, 0, count)
	for k := range count {
		if len(members[k]) >= c.MinSize {
			order = append(order, k)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weight[b], weight[a]) })
	for rank, k := range order {
		for _, a := range members[k] {
			g.Of[a] = int32(rank) //nolint:gosec // fewer than accounts
		}
		slices.SortFunc(members[k], func(a, b int32) int {
			return cmp.Or(cmp.Compare(g.Centrality[b], g.Centrality[a]), cmp.Compare(a, b))
		})
		slices.SortFunc(within[k], func(a, b int) int {
			return cmp.Or(cmp.Compare(byWeight[b], byWeight[a]), cmp.Compare(a, b))
		})
		g.Members = append(g.Members, members[k])
		g.Edges = append(g.Edges, within[k])
	}
}

// Action is a trace of an object, by the account's place in [Network.Accounts].
type Action struct {
	Account int32
	Time    time.Time
	Post    PostKey
}

// ObjectActions is what was done on one object.
type ObjectActions struct {
	Behaviour Behaviour
	Object    string
	// Accounts is how many accounts acted on it.
	Accounts int64
	// Actions are in the order of time. They are valid until the next object.
	Actions []Action
}

// EachObject calls f for every object that took part, with its actions. It must
// be called before the engine is closed.
func (n *Network) EachObject(ctx context.Context, f func(ObjectActions) error) error {
	e := n.engine
	var actions []Action
	err := e.eachPartition(ctx, func(s *sweepable) error {
		for g, accounts := range s.accounts {
			rs := s.rows[s.starts[g]:s.starts[g+1]]
			actions = actions[:0]
			for _, r := range rs {
				actions = append(actions, Action{
					Account: int32(n.order[r.account]), Time: time.UnixMicro(r.time).UTC(), Post: r.post, //nolint:gosec // as in Edge
				})
			}
			kind, name := e.objects.get(rs[0].object)
			if err := f(ObjectActions{Behaviour: Behaviour(kind), Object: name, Accounts: int64(accounts), Actions: actions}); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return fmt.Errorf("coordination: going through the objects: %w", err)
	}
	return nil
}
