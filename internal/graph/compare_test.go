package graph

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The examples of scikit-learn's documentation of adjusted_rand_score,
// normalized_mutual_info_score and roc_auc_score, and some worked by hand.
func TestPartitionsCompared(t *testing.T) {
	for _, tt := range []struct {
		a, b     []int32
		nmi, ari float64
	}{
		{[]int32{0, 0, 1, 1}, []int32{0, 0, 1, 1}, 1, 1},
		{[]int32{0, 0, 1, 1}, []int32{1, 1, 0, 0}, 1, 1},
		{[]int32{0, 0, 0, 0}, []int32{0, 1, 2, 3}, 0, 0},
		{[]int32{0, 0, 1, 2}, []int32{0, 0, 1, 1}, 0.8, 4.0 / 7},
		{[]int32{0, 0, 1, 1}, []int32{0, 0, 1, 2}, 0.8, 4.0 / 7},
		{[]int32{0, 0, 1, 1}, []int32{0, 1, 0, 1}, 0, -0.5},
		{[]int32{5, 5, -7, -7}, []int32{1 << 30, 1 << 30, 2, 2}, 1, 1},
		{[]int32{3, 3}, []int32{1, 1}, 1, 1},
		{nil, nil, 1, 1},
	} {
		if got := NMI(tt.a, tt.b); math.Abs(got-tt.nmi) > 1e-12 {
			t.Errorf("NMI(%v, %v) = %v, want %v", tt.a, tt.b, got, tt.nmi)
		}
		if got := ARI(tt.a, tt.b); math.Abs(got-tt.ari) > 1e-12 {
			t.Errorf("ARI(%v, %v) = %v, want %v", tt.a, tt.b, got, tt.ari)
		}
	}
}

// Independent partitions agree by chance alone, which ARI takes off.
func TestPartitionsByChance(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	a, b := make([]int32, 20000), make([]int32, 20000)
	for i := range a {
		a[i], b[i] = rng.Int32N(10), rng.Int32N(10)
	}
	if got := ARI(a, b); math.Abs(got) > 0.002 {
		t.Errorf("ARI of chance: %v", got)
	}
	if got := NMI(a, b); got > 0.005 {
		t.Errorf("NMI of chance: %v", got)
	}
	if NMI(a, b) != NMI(a, b) || math.Abs(NMI(a, b)-NMI(b, a)) > 1e-12 || math.Abs(ARI(a, b)-ARI(b, a)) > 1e-12 {
		t.Error("not symmetric")
	}
}

func TestAUC(t *testing.T) {
	inf := math.Inf(1)
	for _, tt := range []struct {
		scores   []float64
		positive []bool
		want     float64
	}{
		{[]float64{0.1, 0.4, 0.35, 0.8}, []bool{false, false, true, true}, 0.75},
		{[]float64{1, 1, 1}, []bool{true, false, true}, 0.5},
		{[]float64{-inf, inf}, []bool{false, true}, 1},
		{[]float64{2, 1}, []bool{false, true}, 0},
		{[]float64{1, 2, 2, 3}, []bool{false, true, false, true}, 0.875},
		{[]float64{1, 2}, []bool{true, true}, math.NaN()},
		{[]float64{1, 2}, []bool{false, false}, math.NaN()},
		{[]float64{1, math.NaN()}, []bool{false, true}, math.NaN()},
		{nil, nil, math.NaN()},
	} {
		if got := AUC(tt.scores, tt.positive); got != tt.want && !(math.IsNaN(got) && math.IsNaN(tt.want)) {
			t.Errorf("AUC(%v, %v) = %v, want %v", tt.scores, tt.positive, got, tt.want)
		}
	}
}

// AUC is what counting all pairs gives.
func TestAUCPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		scores, positive := make([]float64, 60), make([]bool, 60)
		for i := range scores {
			scores[i], positive[i] = float64(rng.IntN(15)), rng.IntN(3) == 0
		}
		positive[0], positive[1] = true, false
		won, pairs := 0.0, 0.0
		for i := range scores {
			for j := range scores {
				if positive[i] && !positive[j] {
					pairs++
					switch {
					case scores[i] > scores[j]:
						won++
					case scores[i] == scores[j]:
						won += 0.5
					}
				}
			}
		}
		if got := AUC(scores, positive); math.Abs(got-won/pairs) > 1e-12 {
			t.Errorf("got %v, want %v", got, won/pairs)
		}
	}
}
