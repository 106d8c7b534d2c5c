package graph

import (
	"cmp"
	"math"
	"slices"
)

// AUC is the area under the receiver operating characteristic: the probability
// that a positive drawn at random scores above a negative drawn at random,
// ties counted half (Mann and Whitney's U over the number of pairs; Hanley and
// McNeil, Radiology 143:29, 1982). 0.5 is chance. It is not a number where
// there are no positives, no negatives, or a score that is not a number. It
// panics if the lengths differ.
func AUC(scores []float64, positive []bool) float64 {
	if len(scores) != len(positive) {
		panic("graph: not one score for each truth")
	}
	order := make([]int, len(scores))
	for i, s := range scores {
		if math.IsNaN(s) {
			return math.NaN()
		}
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	// Twice the pairs won, in whole numbers, so that nothing is rounded.
	var won, below, negatives, positives uint64
	for i := 0; i < len(order); {
		var pos, neg uint64
		j := i
		for ; j < len(order) && scores[order[j]] == scores[order[i]]; j++ {
			if positive[order[j]] {
				pos++
			} else {
				neg++
			}
		}
		won += pos * (2*below + neg)
		below += neg
		positives += pos
		negatives += neg
		i = j
	}
	return float64(won) / (2 * float64(positives) * float64(negatives))
}
