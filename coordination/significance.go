package coordination

import (
	"math"
	"math/bits"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// The null model: is this many shared objects surprising, given how active
// each account is, how popular each object is, and when it was popular?
//
// Under the null, accounts choose objects independently, in proportion to
// their activity and the objects' popularity: the bipartite configuration
// model (Chung and Lu 2002; as a null for projections Saracco et al. 2017,
// New J. Phys. 19 053022, and Neal 2014), here with the time of each trace
// held fixed. With d the number of shared objects an account touched, k the
// accounts of an object, M = Σ d = Σ k, two accounts a and b both touch o
// with probability d_a·d_b·k(k−1)/M²; that two of o's accounts fall inside
// the window has the observed frequency Q/(k(k−1)/2), where Q is how many
// pairs of accounts co-acted on o. Together
//
//	P(a and b co-act on o) = 1 − exp(−2·Q·d_a·d_b/M²)
//
// and the number of objects they co-act on is a sum of independent rare
// events, so nearly Poisson (Le Cam 1960) with the sum of these as mean. The
// p value of an edge is the upper tail at the occasions observed. Behaviours
// overlap (a copied post shares its link, its tags and its text), so an
// edge's p is the smallest of its behaviours' times the number of behaviours
// (Bonferroni). Benjamini and Hochberg's procedure (1995) runs over all pairs
// of accounts that could have co-acted, not only those that did.
//
// What the model does not know: shared interests and shared language make
// accounts meet more often than activity alone, too. Significant therefore
// means "more than activity and popularity explain", no more.

// null is the model of one behaviour.
type null struct {
	degree []uint32 // by account's number
	m2     float64  // M²
	sum    float64  // Σ Q
	most   float64  // max Q
	counts []float64
	means  []float64 // Q by bucket: how many objects and their mean Q
}

// newNull builds the model of one behaviour from the degrees of its accounts
// and, by object, the pairs of accounts that co-acted on it.
func newNull(degree []uint32, q func(yield func(uint32) bool)) *null {
	m := 0.0
	for _, d := range degree {
		m += float64(d)
	}
	n := &null{degree: degree, m2: m * m}
	// Objects with a similar Q go together: eight buckets an octave keep the
	// mean within a few percent.
	var count, sum [33 * 8]float64
	for v := range q {
		if v == 0 {
			continue
		}
		log := bits.Len32(v) - 1
		i := log * 8
		if log >= 3 {
			i += int(v>>(log-3)) & 7
		} else {
			i += int(v<<(3-log)) & 7
		}
		count[i]++
		sum[i] += float64(v)
		n.sum += float64(v)
		n.most = max(n.most, float64(v))
	}
	for i, c := range count {
		if c > 0 {
			n.counts = append(n.counts, c)
			n.means = append(n.means, sum[i]/c)
		}
	}
	return n
}

// expected is the mean number of objects two accounts co-act on by chance.
func (n *null) expected(a, b uint32) float64 {
	if n.m2 == 0 {
		return 0
	}
	x := 2 * float64(n.degree[a]) * float64(n.degree[b]) / n.m2
	if x*n.most < 1e-3 { // 1 − exp(−y) is y to within half a thousandth
		return x * n.sum
	}
	lambda := 0.0
	for i, c := range n.counts {
		lambda -= c * math.Expm1(-x*n.means[i])
	}
	return lambda
}

// poissonTail is P(X ≥ s) for X Poisson with mean λ: the regularised lower
// incomplete gamma function P(s, λ).
func poissonTail(s int64, lambda float64) float64 {
	switch {
	case s <= 0:
		return 1
	case lambda <= 0:
		return 0
	}
	return mathext.GammaIncReg(float64(s), lambda)
}

// occasions is the number of objects, but no more than the distinct posts of
// either side, which are counted by a 64-bit sketch (linear counting, Whang
// et al. 1990).
func (x *fold) occasions() int64 {
	n := int64(x.objects)
	return max(1, min(n, distinct(x.postsA), distinct(x.postsB)))
}

func distinct(sketch uint64) int64 {
	zero := 64 - bits.OnesCount64(sketch)
	if zero == 0 {
		return math.MaxInt64
	}
	return int64(math.Round(64 * math.Log(64/float64(zero))))
}

// chance gives the expected objects and the p value of one fold.
func (n *Network) chance(r foldRef, x *fold) (lambda, p float64) {
	model := n.nulls[r.kind]
	if x.a == x.b {
		return 0, 1
	}
	lambda = model.expected(x.a, x.b)
	return lambda, poissonTail(x.occasions(), lambda)
}

// test computes the p and q values of all edges.
func (n *Network) test(e *Engine) {
	layers := 0.0
	active := make([]bool, e.accounts.len())
	for kind, degree := range e.degree {
		if degree == nil {
			continue
		}
		layers++
		for a, d := range degree {
			active[a] = active[a] || d > 0
		}
		n.nulls[kind] = newNull(degree, func(yield func(uint32) bool) {
			for o := range e.perObject {
				if k, _ := e.objects.get(uint32(o)); int(k) == kind && !yield(n.folders[0].shared[o]) { //nolint:gosec // an object's number
					return
				}
			}
		})
	}
	var accounts int64
	for _, is := range active {
		if is {
			accounts++
		}
	}
	n.Tested = accounts * (accounts - 1) / 2
	n.p = make([]float64, len(n.edges))
	n.lambda = make([]float64, len(n.edges))
	for i, ref := range n.edges {
		best := 1.0
		for _, r := range n.folds[ref.from:ref.to] {
			_, x := n.fold(r)
			lambda, p := n.chance(r, x)
			n.lambda[i] += lambda
			best = min(best, p)
		}
		n.p[i] = min(1, best*layers)
	}
	n.q = falseDiscovery(n.p, n.Tested)
}

// falseDiscovery gives Benjamini and Hochberg's adjusted p values, where m
// tests were made and those not listed have p = 1.
func falseDiscovery(p []float64, m int64) []float64 {
	sorted := slices.Clone(p)
	slices.Sort(sorted)
	total := float64(max(m, int64(len(p))))
	adjusted := make([]float64, len(sorted))
	least := 1.0
	for i := len(sorted) - 1; i >= 0; i-- {
		least = min(least, sorted[i]*total/float64(i+1))
		adjusted[i] = least
	}
	q := make([]float64, len(p))
	for i, v := range p {
		at, _ := slices.BinarySearch(sorted, v)
		// The last of equal values has the smallest quotient; adjusted is
		// already its minimum over all from here on.
		q[i] = adjusted[at]
	}
	return q
}
