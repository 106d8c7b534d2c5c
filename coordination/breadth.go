package coordination

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// An account's score says how broadly its behaviour is shared: how many other
// accounts share an unusual part of it, objects weighing more the rarer they
// are and the closer in time they were used; each other account counts at most
// once.
//
//	|a|²     = Σ_o n_ao²/df_o
//	sim(a,b) = Σ_o n_ao·n_bo/df_o · (α + (1−α)·exp(−Δt_o(a,b)/τ)) / (|a|·|b|)
//	e(a,b)   = α · n_a·n_b · Σ_o (n_o/N)²/df_o / (|a|·|b|)
//	score(a) = Σ_b min(1, max(0, sim(a,b) − e(a,b))/θ) + 5·(significant edges of a)
//
// n_ao is how many traces a has on o, df_o how many accounts o has, Δt_o(a,b)
// the shortest time between the two on o; n_a, n_o and N are the traces of a,
// of o and in all. e is what sim would be, but for the part of time, if a and b
// chose objects by popularity alone. It is a cosine of the two accounts'
// behaviour (as in Pacheco et al. 2021 and Luceri et al. 2024), with these
// differences: an object hands out a fixed amount of evidence, divided among
// its accounts (1/df); closeness in time adds and distance never erases, so
// that jitter does not hide an operation; a partner counts at most once, so
// that a few twins do not outweigh a crowd; and it is a sum over partners and
// not an eigenvector, which would rank the accounts of the largest group only.
// All of an account's objects are in |a|, also those that nobody else uses:
// what an account does alone speaks against its acting together.
//
// Where everybody shares with everybody, as among the readers of few sources,
// breadth alone would put a small ring below the crowd. An edge that passes the
// test against chance (significance.go) therefore counts as five partners.
//
// There is no window in sim. Objects with more accounts than a ceiling are not
// compared pair by pair; their part without time goes in as a sum, which
// takes one pass:
//
//	α·x_ao·(Σ_b x_bo − x_ao)/(df_o·θ), x_ao = n_ao/|a|

const (
	// MinRankedTraces is how many traces an account must have for its behaviour
	// to be compared; with fewer, only significant edges count.
	MinRankedTraces = 5

	rankBlind = 0.5            // α
	rankDecay = 12 * time.Hour // τ
	rankFull  = 0.05           // θ
	rankTie   = 5.0            // partners that a significant edge counts as
	rankFDR   = 0.05           // at which an edge is significant here

	rankCeiling  = 2000
	rankWork     = 4e8 // comparisons of account pairs
	rankEntryMem = 32  // bytes of an entry, its times and its place in an account's list
)

// entry is an account on an object.
type entry struct {
	account uint32 // number among the ranked
	weight  float32
	times   uint32 // where its times start; they end where the next entry's start
}

// incidence holds who touched what when, for the objects compared one by one.
type incidence struct {
	starts  []uint32 // by object: its first entry; one more at the end
	popular []uint32 // by object: df
	entries []entry
	times   []uint32   // seconds since the first trace
	of      [][]uint32 // by ranked account: numbers of its entries
	objects [][]uint32 // by ranked account: the objects of these entries
}

// rank scores the accounts.
func (n *Network) rank(ctx context.Context) error {
	e := n.engine
	numbers := make([]uint32, e.accounts.len()) // by account: its number among the ranked, plus one
	var ranked []uint32
	for a, traces := range e.perAccount {
		if traces >= MinRankedTraces {
			ranked = append(ranked, uint32(a)) //nolint:gosec // an account's number
			numbers[a] = uint32(len(ranked))   //nolint:gosec // fewer than accounts
		}
	}
	n.ties()
	if len(ranked) < 2 {
		return ctx.Err()
	}
	counts := make([]uint32, len(ranked))
	var here []uint32
	// tally counts an object's traces by ranked account.
	tally := func(rs []row) []uint32 {
		here = here[:0]
		for _, r := range rs {
			if i := numbers[r.account]; i > 0 {
				if counts[i-1] == 0 {
					here = append(here, i-1)
				}
				counts[i-1]++
			}
		}
		return here
	}
	norms := make([]float64, len(ranked))
	var withAccounts [rankCeiling + 1]int64 // objects by ranked accounts
	chance, all := 0.0, 0.0
	totals := make([]float64, len(ranked))
	err := e.eachPartition(ctx, func(s *sweepable) error {
		for g, df := range s.accounts {
			no := float64(s.starts[g+1] - s.starts[g])
			chance += no * no / float64(df)
			all += no
			list := tally(s.rows[s.starts[g]:s.starts[g+1]])
			for _, i := range list {
				norms[i] += float64(counts[i]) * float64(counts[i]) / float64(df)
				totals[i] += float64(counts[i])
				counts[i] = 0
			}
			if len(list) > 1 && len(list) <= rankCeiling {
				withAccounts[len(list)]++
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	chance *= rankBlind / (all * all)
	for i, v := range norms {
		norms[i] = math.Sqrt(v)
		totals[i] /= norms[i]
	}
	// The ceiling is as high as work and memory allow.
	work, entries := 0.0, int64(0)
	n.RankCeiling = 1
	for k := 2; k <= rankCeiling; k++ {
		work += float64(withAccounts[k]) * float64(k) * float64(k)
		entries += withAccounts[k] * int64(k)
		if work > rankWork || entries*rankEntryMem > e.cfg.Budget {
			break
		}
		n.RankCeiling = k
	}
	scores := make([]float64, len(ranked))
	in := incidence{of: make([][]uint32, len(ranked)), objects: make([][]uint32, len(ranked))}
	perAccount := make([][]uint32, len(ranked)) // times of one object
	err = e.eachPartition(ctx, func(s *sweepable) error {
		for g, df := range s.accounts {
			rs := s.rows[s.starts[g]:s.starts[g+1]]
			list := tally(rs)
			switch {
			case len(list) < 2:
			case len(list) > n.RankCeiling:
				total := 0.0
				for _, i := range list {
					total += float64(counts[i]) / norms[i]
				}
				for _, i := range list {
					x := float64(counts[i]) / norms[i]
					scores[i] += rankBlind * x * (total - x) / float64(df) / rankFull
				}
			default:
				for _, r := range rs {
					if i := numbers[r.account]; i > 0 {
						perAccount[i-1] = append(perAccount[i-1], uint32((r.time-e.first)/1e6)) //nolint:gosec // 136 years
					}
				}
				object := uint32(len(in.popular)) //nolint:gosec // an object's number
				in.popular = append(in.popular, df)
				in.starts = append(in.starts, uint32(len(in.entries))) //nolint:gosec // bounded by the budget
				for _, i := range list {
					in.of[i] = append(in.of[i], uint32(len(in.entries))) //nolint:gosec // bounded by the budget
					in.objects[i] = append(in.objects[i], object)
					in.entries = append(in.entries, entry{
						account: i, weight: float32(float64(counts[i]) / norms[i]), times: uint32(len(in.times)), //nolint:gosec // fewer than traces
					})
					in.times = append(in.times, perAccount[i]...)
					perAccount[i] = perAccount[i][:0]
				}
			}
			for _, i := range list {
				counts[i] = 0
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	in.starts = append(in.starts, uint32(len(in.entries)))               //nolint:gosec // bounded by the budget
	in.entries = append(in.entries, entry{times: uint32(len(in.times))}) //nolint:gosec // fewer than traces
	var wg sync.WaitGroup
	var next atomic.Int64
	for range e.cfg.Workers {
		wg.Go(func() {
			sim := make([]float64, len(ranked))
			var met []uint32
			for {
				i := int(next.Add(1)) - 1
				if i >= len(ranked) || ctx.Err() != nil {
					return
				}
				scores[i] += in.breadth(uint32(i), sim, &met, totals, chance) //nolint:gosec // an account's number
			}
		})
	}
	wg.Wait()
	for i, a := range ranked {
		n.Accounts[n.order[a]].Score += scores[i]
	}
	return ctx.Err()
}

// ties adds to the scores what significant edges count.
func (n *Network) ties() {
	for i := range n.Len() {
		if n.q[i] <= rankFDR {
			a, b := n.Ends(i)
			n.Accounts[a].Score += rankTie
			n.Accounts[b].Score += rankTie
		}
	}
}

// breadth is the part of an account's score that is compared one by one. sim
// is all zero before and after; chance·totals[i]·totals[j] is e.
func (in *incidence) breadth(i uint32, sim []float64, met *[]uint32, totals []float64, chance float64) float64 {
	*met = (*met)[:0]
	for k, number := range in.of[i] {
		o := in.objects[i][k]
		me := in.entries[number]
		mine := in.times[me.times:in.entries[number+1].times]
		scale := float64(me.weight) / float64(in.popular[o])
		for at := in.starts[o]; at < in.starts[o+1]; at++ {
			other := in.entries[at]
			if other.account == i {
				continue
			}
			if sim[other.account] == 0 {
				*met = append(*met, other.account)
			}
			gap := closest(mine, in.times[other.times:in.entries[at+1].times])
			kernel := rankBlind + (1-rankBlind)*math.Exp(-float64(gap)/rankDecay.Seconds())
			sim[other.account] += scale * float64(other.weight) * kernel
		}
	}
	score := 0.0
	for _, j := range *met {
		score += min(1, max(0, sim[j]-chance*totals[i]*totals[j])/rankFull)
		sim[j] = 0
	}
	return score
}

// closest is the smallest difference between a value of x and one of y, both
// sorted and not empty.
func closest(x, y []uint32) uint32 {
	best := uint32(math.MaxUint32)
	for i, j := 0, 0; i < len(x) && j < len(y); {
		if x[i] < y[j] {
			best = min(best, y[j]-x[i])
			i++
		} else {
			best = min(best, x[i]-y[j])
			j++
		}
	}
	return best
}
