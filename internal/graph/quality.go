package graph

// Modularity is how much more of the weight lies inside the communities than
// would by chance at the same strengths: Q = Σ_c [e_c/m - γ (K_c/2m)²], where
// m is the total weight, e_c the weight inside community c, K_c the sum of its
// members' strengths and γ the resolution (1 in Newman and Girvan's
// definition, Phys. Rev. E 69, 026113, 2004; Reichardt and Bornholdt 2006 for
// other γ). It is at most 1; a network without edges has 0. Labels may be any
// numbers. It panics if there is not one label for each node.
func Modularity(g *Graph, community []int32, resolution float64) float64 {
	inside, _, strength := tally(g, community)
	if g.total == 0 {
		return 0
	}
	q := 0.0
	for c := range inside {
		share := strength[c] / (2 * g.total)
		q += inside[c]/g.total - resolution*share*share
	}
	return q
}

// ConstantPotts is the quality of the constant Potts model of Traag, Van
// Dooren and Nesterov, Phys. Rev. E 84, 016114, 2011: H = Σ_c [e_c - γ n_c
// (n_c-1)/2], where e_c is the weight inside community c, n_c the number of
// its members and γ the resolution, in units of weight. Communities of higher
// inner density than γ add to it. It panics if there is not one label for
// each node.
func ConstantPotts(g *Graph, community []int32, resolution float64) float64 {
	inside, members, _ := tally(g, community)
	h := 0.0
	for c := range inside {
		h += inside[c] - resolution*members[c]*(members[c]-1)/2
	}
	return h
}

// tally sums, for each community, the weight inside it, its members and their
// strengths.
func tally(g *Graph, community []int32) (inside, members, strength []float64) {
	if len(community) != g.Order() {
		panic("graph: not one community for each node")
	}
	dense, k := compact(community)
	inside = make([]float64, k)
	members = make([]float64, k)
	strength = make([]float64, k)
	for v, c := range dense {
		members[c]++
		strength[c] += g.strength[v]
		twice := 0.0
		targets, weights := g.Neighbours(int32(v))
		for i, t := range targets {
			if dense[t] == c {
				twice += weights[i]
			}
		}
		inside[c] += twice/2 + g.Loop(int32(v))
	}
	return inside, members, strength
}
