package group

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/akashi-project/akashi/coordination"
)

func TestInStepAgainstANaiveCount(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	start := time.Date(2023, 8, 24, 0, 0, 0, 0, time.UTC)
	for range 300 {
		window := time.Duration(r.IntN(20)) * time.Second
		actions := make([]coordination.Action, r.IntN(40))
		for i := range actions {
			actions[i] = coordination.Action{Account: int32(r.IntN(5)), Time: start.Add(time.Duration(r.IntN(100)) * time.Second)}
		}
		slices.SortStableFunc(actions, func(a, b coordination.Action) int { return a.Time.Compare(b.Time) })
		accounts := map[int32]bool{}
		var want []time.Time
		for i, a := range actions {
			accounts[a.Account] = true
			if slices.ContainsFunc(actions[:i], func(b coordination.Action) bool {
				return b.Account != a.Account && a.Time.Sub(b.Time) <= window
			}) {
				want = append(want, a.Time)
			}
		}
		var got []time.Time
		n, steps := inStep(actions, window, func(at time.Time) { got = append(got, at) })
		if n != int64(len(accounts)) || steps != int64(len(want)) || !slices.Equal(got, want) {
			t.Fatalf("window %v, %v: %d accounts, %d in step at %v; want %d, %v", window, actions, n, steps, got, len(accounts), want)
		}
	}
}

func TestBinFor(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct{ span, want time.Duration }{
		{0, time.Minute},
		{95 * time.Minute, time.Minute},
		{96 * time.Minute, 5 * time.Minute},
		{day, 30 * time.Minute},
		{6 * day, 2 * time.Hour},
		{95 * day, day},
		{96 * day, 2 * day},
		{365 * day, 7 * day},
		{10 * 365 * day, 39 * day},
		{100 * 365 * day, 381 * day},
	} {
		got := binFor(c.span)
		if got != c.want {
			t.Errorf("binFor(%v) = %v, want %v", c.span, got, c.want)
		}
		if c.span/got >= timelineBins {
			t.Errorf("binFor(%v) = %v gives %d bins", c.span, got, c.span/got+1)
		}
	}
}

func TestSentencesOfNumbers(t *testing.T) {
	for x, want := range map[float64]string{0: "less than 0.01", 0.012: "0.012", 1.26: "1.3", 17.9: "18", 1234567: "1,234,567"} {
		if got := brief(x); got != want {
			t.Errorf("brief(%v) = %q, want %q", x, got, want)
		}
	}
	for x, want := range map[float64]string{0: "0 s", 7.58: "7.6 s", 60: "1 min", 600: "10 min", 5400: "1.5 h", 90_000: "1 d"} {
		if got := Span(x)["en"]; got != want {
			t.Errorf("Span(%v) = %q, want %q", x, got, want)
		}
	}
}
