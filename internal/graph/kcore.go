package graph

// KCore gives each node its core number: the largest k such that the node
// belongs to a part of the network in which every node has at least k
// neighbours. Weights and self loops play no part. Linear time, after
// Batagelj and Zaveršnik, "An O(m) algorithm for cores decomposition of
// networks", 2003, arXiv:cs/0310049.
func KCore(g *Graph) []int32 {
	n := g.Order()
	core := make([]int32, n)
	most := 0
	for v := range n {
		d := g.Degree(int32(v))
		core[v] = int32(d)
		most = max(most, d)
	}
	// order lists the nodes by remaining degree; bin[d] is where degree d starts.
	bin := make([]int, most+2)
	for _, d := range core {
		bin[d+1]++
	}
	for d := range most + 1 {
		bin[d+1] += bin[d]
	}
	order := make([]int32, n)
	place := make([]int, n)
	next := append([]int(nil), bin...)
	for v := range n {
		place[v] = next[core[v]]
		next[core[v]]++
		order[place[v]] = int32(v)
	}
	for i := range n {
		v := order[i]
		targets, _ := g.Neighbours(v)
		for _, u := range targets {
			if core[u] <= core[v] {
				continue
			}
			// u loses a neighbour: swap it to the front of its bin and move
			// the border of the bin past it.
			d := core[u]
			at, front := place[u], bin[d]
			w := order[front]
			order[at], order[front] = w, u
			place[u], place[w] = front, at
			bin[d]++
			core[u]--
		}
	}
	return core
}
