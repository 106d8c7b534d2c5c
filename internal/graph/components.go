package graph

// Components gives each node the number of its connected component. The
// largest component is 0; equal ones are ordered by their smallest node.
func (g *Graph) Components() []int32 {
	n := g.Order()
	component := make([]int32, n)
	for v := range component {
		component[v] = -1
	}
	queue := make([]int32, 0, n)
	found := int32(0)
	for start := range n {
		if component[start] >= 0 {
			continue
		}
		component[start] = found
		queue = append(queue[:0], int32(start))
		for len(queue) > 0 {
			v := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			for _, t := range g.targets[g.offsets[v]:g.offsets[v+1]] {
				if component[t] < 0 {
					component[t] = found
					queue = append(queue, t)
				}
			}
		}
		found++
	}
	renumber(component, int(found))
	return component
}
