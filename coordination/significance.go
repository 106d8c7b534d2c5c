package coordination

import (
	"context"
	"math"
	"math/bits"
	"slices"
	"time"

	"gonum.org/v1/gonum/mathext"
)

// The null model: is this many shared objects surprising, given how active
// each account is, how popular each object is, and when it was popular?
//
// Under the null, accounts choose objects independently, in proportion to
// their activity and the objects' popularity: the bipartite configuration
// model (Chung and Lu 2002; as a null for projections Neal 2014 and Saracco et
// al. 2017, New J. Phys. 19 053022), here for each bin of time on its own. Let
// d be how many objects an account touched in the bin, M = Σ d over accounts,
// and Q how many pairs of accounts co-acted on an object in the bin; Q holds
// both the object's popularity and how close together in time it was used.
// Two accounts a and b then co-act on the object by chance with probability
//
//	1 − exp(−2·Q·d_a·d_b/M²)
//
// An account that acts on the same objects many times meets others there more
// often than one that acts once. The same is therefore computed with shares of
// the bin's traces in place of d/M, and the larger of the two expectations
// counts. Without that, the busiest accounts of purely random data pass.
//
// The number of occasions (objects and bins in which they do) is a sum of
// independent rare events, so nearly Poisson (Le Cam 1960) with the sum λ of
// these over objects and bins as its mean. Bins are days; on a long input,
// wider. A post may show several objects at once, which the model does not
// know; the occasions of a pair are therefore never more than the posts of
// either account.
//
// Only pairs that co-acted are ever looked at, so the p value is conditional
// on that: P(X ≥ s | X ≥ 1). Without the condition the pairs seen would be a
// biased sample of all pairs, and the false-discovery rate would not hold: on
// data whose accounts are shuffled, thousands of edges would pass. A single
// occasion is therefore never significant. Behaviours overlap (a copied
// post shares its link, its tags and its text), so an edge's p is the smallest
// of its behaviours' times the number of behaviours (Bonferroni). The q value
// is Benjamini and Hochberg's (1995) over all pairs that co-acted.
//
// What the model does not know: shared interests and shared language make
// accounts meet more often than activity alone, too. Significant therefore
// means "more than activity and popularity explain", no more.

const (
	day     = 24 * time.Hour
	maxBins = 1024
)

// binWidth gives the width of the null model's bins for traces from first to
// last: a day, or as many days as keep the bins below maxBins.
func binWidth(first, last int64) int64 {
	width := day.Microseconds()
	if last > first {
		width *= max(1, (last-first)/width/maxBins+1)
	}
	return width
}

// bin gives the bin of a time.
func (e *Engine) bin(at int64) uint32 { return uint32((at - e.origin) / e.binWidth) } //nolint:gosec // below maxBins + 1

// null is the model of one behaviour.
type null struct {
	bins  []nullBin
	place map[uint32]uint32 // by account's number: its row in degrees
	// degrees holds, by row and bin, what the account did.
	degrees []activity
}

// activity is what an account did in a bin: how many objects it touched, and
// in how many traces.
type activity struct{ objects, traces uint32 }

// nullBin is the model of one behaviour in one bin of time.
type nullBin struct {
	objects, traces float64 // of all accounts: Σ d, and all traces
	shared          tally   // Q of the objects
}

// tally sums up values by bucket of similar ones.
type tally struct {
	sum, square, most float64
	counts, totals    []float64 // by bucket: how many values, their sum
}

func newNull() *null { return &null{place: map[uint32]uint32{}} }

// buckets is how many buckets values fall into: eight an octave.
const buckets = 32 * 8

func tallyBucket(v uint32) int {
	log := bits.Len32(v) - 1
	if log >= 3 {
		return log*8 + int(v>>(log-3))&7
	}
	return log*8 + int(v<<(3-log))&7
}

func (t *tally) add(v uint32) {
	t.count(v, 1)
	t.most = max(t.most, float64(v))
}

// count adds a value n times; n may be negative. It leaves most alone.
func (t *tally) count(v uint32, n float64) {
	if v == 0 {
		return
	}
	if t.counts == nil {
		t.counts, t.totals = make([]float64, buckets), make([]float64, buckets)
	}
	i := tallyBucket(v)
	x := float64(v)
	t.counts[i] += n
	t.totals[i] += n * x
	t.sum += n * x
	t.square += n * x * x
}

// expected is Σ 1 − exp(−rate·v) over the values v.
func (t *tally) expected(rate float64) float64 {
	if rate*t.most < 0.05 { // 1 − exp(−y) is y − y²/2 to within half a thousandth
		return rate*t.sum - rate*rate*t.square/2
	}
	sum := 0.0
	for i, c := range t.counts {
		if c > 0 {
			sum -= c * math.Expm1(-rate*t.totals[i]/c)
		}
	}
	return sum
}

// add counts an object on which q pairs of accounts co-acted in a bin.
func (n *null) add(bin, q uint32) {
	for uint32(len(n.bins)) <= bin { //nolint:gosec // below maxBins + 1
		n.bins = append(n.bins, nullBin{})
	}
	n.bins[bin].shared.add(q)
}

// expected is the mean number of occasions of two accounts by chance, by
// their numbers.
func (n *null) expected(x, y uint32) float64 {
	rx, okx := n.place[x]
	ry, oky := n.place[y]
	if !okx || !oky {
		return 0
	}
	bins := uint32(len(n.bins)) //nolint:gosec // below maxBins + 1
	ax, ay := n.degrees[rx*bins:][:bins], n.degrees[ry*bins:][:bins]
	byObjects, byTraces := 0.0, 0.0
	for t := range n.bins {
		b := &n.bins[t]
		if ax[t].traces == 0 || ay[t].traces == 0 || b.shared.sum == 0 {
			continue
		}
		byObjects += b.shared.expected(2 * float64(ax[t].objects) * float64(ay[t].objects) / (b.objects * b.objects))
		byTraces += b.shared.expected(2 * float64(ax[t].traces) * float64(ay[t].traces) / (b.traces * b.traces))
	}
	return max(byObjects, byTraces)
}

// leastExpected keeps λ away from nothing, where two accounts co-acted across
// the border of two bins and share none.
const leastExpected = 1e-9

// surprise is P(X ≥ s | X ≥ 1) for X Poisson with mean λ; P(X ≥ s) is the
// regularised lower incomplete gamma function P(s, λ).
func surprise(s int64, lambda float64) float64 {
	if s <= 1 {
		return 1
	}
	lambda = max(lambda, leastExpected)
	return min(1, mathext.GammaIncReg(float64(s), lambda)/-math.Expm1(-lambda))
}

// occasions is the number of objects and bins, but no more than the distinct
// posts of either side, which are counted by a 64-bit sketch (linear counting,
// Whang et al. 1990).
func (x *fold) occasions() int64 {
	return max(1, min(int64(x.meetings), distinct(x.postsA), distinct(x.postsB)))
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
	if x.a == x.b {
		return 0, 1
	}
	lambda = n.nulls[r.kind].expected(x.a, x.b)
	return lambda, surprise(x.occasions(), lambda)
}

// test computes the p and q values of all edges.
func (n *Network) test(ctx context.Context) error {
	e := n.engine
	// Only accounts with an edge that can be significant need degrees.
	for _, r := range n.folds {
		if _, x := n.fold(r); x.meetings > 1 && x.a != x.b {
			m := n.nulls[r.kind]
			for _, a := range []uint32{x.a, x.b} {
				if _, ok := m.place[a]; !ok {
					m.place[a] = uint32(len(m.place)) //nolint:gosec // accounts
				}
			}
		}
	}
	layers := 0.0
	for _, m := range n.nulls {
		if m != nil {
			layers++
			m.degrees = make([]activity, len(m.place)*len(m.bins))
		}
	}
	var none activity                        // of the accounts that are not asked for
	seen := make([]uint64, e.accounts.len()) // by account: the last object and bin counted, plus one
	err := e.eachPartition(ctx, func(s *sweepable) error {
		for g := range s.accounts {
			rs := s.rows[s.starts[g]:s.starts[g+1]]
			kind, _ := e.objects.get(rs[0].object)
			m := n.nulls[kind]
			for _, r := range rs {
				bin := e.bin(r.time)
				did := &none
				if i, ok := m.place[r.account]; ok {
					did = &m.degrees[int(i)*len(m.bins)+int(bin)]
				}
				m.bins[bin].traces++
				did.traces++
				if mark := (uint64(r.object)<<32 | uint64(bin)) + 1; seen[r.account] != mark {
					seen[r.account] = mark
					m.bins[bin].objects++
					did.objects++
				}
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
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
	n.q = falseDiscovery(n.p)
	return nil
}

// falseDiscovery gives Benjamini and Hochberg's adjusted p values.
func falseDiscovery(p []float64) []float64 { return falseDiscoveryAmong(p, len(p)) }

// falseDiscoveryAmong does so where p are the smallest of m values and all
// others are 1.
func falseDiscoveryAmong(p []float64, m int) []float64 {
	sorted := slices.Clone(p)
	slices.Sort(sorted)
	adjusted := make([]float64, len(sorted))
	least := 1.0
	for i := len(sorted) - 1; i >= 0; i-- {
		least = min(least, sorted[i]*float64(m)/float64(i+1))
		adjusted[i] = least
	}
	q := make([]float64, len(p))
	for i, v := range p {
		at, _ := slices.BinarySearch(sorted, v) // adjusted is the same for equal p
		q[i] = adjusted[at]
	}
	return q
}

// sketch is a post's bit.
func sketch(p PostKey) uint64 { return 1 << (uint64(p) * 0x9E3779B97F4A7C15 >> 58) }
