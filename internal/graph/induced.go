package graph

// inducer cuts groups out of a network, one after the other, with working
// memory that they share.
type inducer struct {
	g     *Graph
	group []int32
	local []int32 // number of each node within its group
}

// newInducer takes groups numbered 0 to k-1.
func newInducer(g *Graph, group []int32, k int) *inducer {
	in := &inducer{g: g, group: group, local: make([]int32, g.Order())}
	size := make([]int32, k)
	for v, c := range group {
		in.local[v] = size[c]
		size[c]++
	}
	return in
}

// graph is the network of the members of one group, in ascending order,
// numbered from 0 in that order, with the edges among them and without self
// loops. Calls for different groups may run at the same time.
func (in *inducer) graph(nodes []int32) *Graph {
	g := in.g
	half := 0
	for _, v := range nodes {
		for _, t := range g.targets[g.offsets[v]:g.offsets[v+1]] {
			if in.group[t] == in.group[v] {
				half++
			}
		}
	}
	sub := &Graph{
		offsets:  make([]int, len(nodes)+1),
		targets:  make([]int32, 0, half),
		weights:  make([]float64, 0, half),
		strength: make([]float64, len(nodes)),
		size:     half / 2,
	}
	for i, v := range nodes {
		targets, weights := g.Neighbours(v)
		for j, t := range targets {
			if in.group[t] == in.group[v] {
				sub.targets = append(sub.targets, in.local[t])
				sub.weights = append(sub.weights, weights[j])
				sub.strength[i] += weights[j]
			}
		}
		sub.offsets[i+1] = len(sub.targets)
		sub.total += sub.strength[i]
	}
	sub.total /= 2
	return sub
}
