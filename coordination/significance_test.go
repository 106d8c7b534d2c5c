package coordination

import (
	"math"
	"testing"
)

func TestFalseDiscovery(t *testing.T) {
	// The example of Benjamini and Hochberg (1995), section 3.1: fifteen p
	// values, of which four are significant at 0.05.
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0}
	q := falseDiscovery(p)
	significant := 0
	for i, v := range q {
		if v <= 0.05 {
			significant++
		}
		if i > 0 && v < q[i-1] {
			t.Errorf("q falls from %v to %v", q[i-1], v)
		}
	}
	if significant != 4 {
		t.Errorf("%d significant, want 4", significant)
	}
	if got, want := q[3], 0.0095*15/4; math.Abs(got-want) > 1e-12 {
		t.Errorf("q of the fourth is %v, want %v", got, want)
	}
}

func TestSurprise(t *testing.T) {
	// P(X ≥ s | X ≥ 1) summed term by term.
	for _, lambda := range []float64{1e-6, 0.01, 0.5, 3, 40} {
		for _, s := range []int64{1, 2, 3, 10, 60} {
			below := 0.0
			term := math.Exp(-lambda)
			for k := range s {
				if k > 0 {
					term *= lambda / float64(k)
				}
				below += term
			}
			upper := 0.0
			term *= lambda / float64(s)
			for k := s; k < s+400; k++ {
				upper += term
				term *= lambda / float64(k+1)
			}
			want := upper / -math.Expm1(-lambda)
			if s == 1 {
				want = 1
			}
			if got := surprise(s, lambda); math.Abs(got-want) > 1e-9*want+1e-300 {
				t.Errorf("s %d, λ %g: %g, want %g (below: %g)", s, lambda, got, want, below)
			}
		}
	}
}

func TestExpectedIsTheSumOverObjects(t *testing.T) {
	n := newNull()
	var want float64
	qs := []uint32{1, 2, 3, 7, 8, 9, 40, 500, 3, 1}
	for _, q := range qs {
		n.add(0, q)
	}
	n.bins[0].objects, n.bins[0].traces = 300, 300
	n.place[1], n.place[2] = 0, 1
	n.degrees = []activity{{20, 20}, {30, 30}}
	for _, q := range qs {
		want += 1 - math.Exp(-2*float64(q)*20*30/(300*300))
	}
	if got := n.expected(1, 2); math.Abs(got-want) > 0.01*want {
		t.Errorf("expected %v, want %v", got, want)
	}
	n.bins[0].objects, n.bins[0].traces = 30_000, 30_000
	want = 0
	for _, q := range qs {
		want += 1 - math.Exp(-2*float64(q)*20*30/(30_000*30_000))
	}
	if got := n.expected(1, 2); math.Abs(got-want) > 1e-3*want {
		t.Errorf("expected %v, want %v", got, want)
	}
}

func TestBucketsAreOrderedAndNarrow(t *testing.T) {
	last := -1
	for units := range int64(100_000) {
		b := bucket(units)
		if b < last || b > last+1 && units > 0 {
			t.Fatalf("%d falls into bucket %d after %d", units, b, last)
		}
		last = b
		if middle := bucketMiddle(b); units < 1<<15 && math.Abs(middle-float64(units)) > float64(units)/8 {
			t.Fatalf("%d is shown as %v", units, middle)
		}
	}
}

func TestSymbolsKeepTheirNames(t *testing.T) {
	var s symbols
	long := make([]byte, 3<<20) // longer than a block
	for i := range 50_000 {
		name := string(rune(i%1000)) + string(rune(i))
		if i == 777 {
			name = string(long)
		}
		id, _ := s.lookup(byte(i%3), name)
		if kind, got := s.get(id); int(kind) != i%3 || got != name {
			t.Fatalf("name %d comes back as %d %q", i, kind, got)
		}
		if again, fresh := s.lookup(byte(i%3), name); fresh || again != id {
			t.Fatalf("name %d has two numbers", i)
		}
	}
	if id, fresh := s.lookup(9, ""); !fresh {
		t.Errorf("the empty name is %d", id)
	}
}
