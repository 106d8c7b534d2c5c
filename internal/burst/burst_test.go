package burst_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/burst"
)

var start = time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC) // a Monday

// daily is how many posts an hour of the day has, of which the nights have few.
func daily(t time.Time) float64 { return 1 + 0.9*math.Sin(float64(t.Hour()-6)/24*2*math.Pi) }

func poisson(r *rand.Rand, mean float64) (n int) {
	for p := r.Float64(); p > math.Exp(-mean); n++ {
		p *= r.Float64()
	}
	return n
}

// live plays days of ordinary tags, and looks every half hour of the last two
// days; it gives the bursts by tag.
func live(t *testing.T, seed uint64, days int, plant func(at time.Time) map[string]int) map[string][]burst.Burst {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // reproducible
	d := burst.New(burst.Options{})
	out := map[string][]burst.Burst{}
	for bin := range days * 144 {
		at := start.Add(time.Duration(bin) * burst.Bin)
		for tag := range 60 {
			level := 0.3 + float64(tag)/4
			if tag%7 == 0 && (bin/3)%50 == tag%50 { // waves of their own
				level *= 4
			}
			for range poisson(r, level*daily(at)) {
				d.Add(coordination.Hashtag, fmt.Sprint("tag", tag), at.Add(time.Duration(r.IntN(600))*time.Second))
			}
		}
		for tag, n := range plant(at) {
			for range n {
				d.Add(coordination.Hashtag, tag, at)
			}
		}
		if bin >= (days-2)*144 && bin%3 == 2 {
			for _, b := range d.Look(at.Add(burst.Bin - time.Second)) {
				out[b.Object] = append(out[b.Object], b)
			}
		}
	}
	return out
}

func none(time.Time) map[string]int { return nil }

// TestQuietDays looks at ordinary days with nights, weekends and waves.
func TestQuietDays(t *testing.T) {
	false1 := 0
	for seed := range uint64(10) {
		for _, found := range live(t, seed, 21, none) {
			false1 += len(found)
		}
	}
	// 20 days of looking at 60 tags.
	if false1 > 10 {
		t.Errorf("%d bursts in 20 days in which nothing happened", false1)
	}
}

// TestPlanted has a tag flare up that was quiet before, a busy one that rises,
// and one that is new.
func TestPlanted(t *testing.T) {
	when := start.Add(20*24*time.Hour + 3*time.Hour) // at night
	got := live(t, 1, 21, func(at time.Time) map[string]int {
		if at.Before(when) || !at.Before(when.Add(burst.Window)) {
			return nil
		}
		return map[string]int{"tag1": 30, "tag59": 60, "new": 20}
	})
	for _, tag := range []string{"tag1", "tag59", "new"} {
		if len(got[tag]) == 0 {
			t.Errorf("%s was not found", tag)
			continue
		}
		b := got[tag][0]
		if b.From.Before(when.Add(-burst.Window)) || b.From.After(when.Add(burst.Window)) || float64(b.Posts) < 3*b.Expected || b.Q > 0.01 || b.Q < b.P {
			t.Errorf("%s: %+v, planted at %v", tag, b, when)
		}
	}
}

// TestSeason: what is usual at noon is not usual at night.
func TestSeason(t *testing.T) {
	noon, night := start.Add(20*24*time.Hour+12*time.Hour), start.Add(20*24*time.Hour+20*time.Hour)
	for at, want := range map[time.Time]bool{noon: false, night: true} {
		got := live(t, 5, 21, func(now time.Time) map[string]int {
			if now.Before(at) || !now.Before(at.Add(burst.Window)) {
				return nil
			}
			return map[string]int{"tag40": 8}
		})
		found := false
		for _, b := range got["tag40"] {
			found = found || !b.From.Before(at.Add(-burst.Bin)) && b.From.Before(at.Add(burst.Window))
		}
		if found != want {
			t.Errorf("at %v: found is %v", at, found)
		}
	}
}

func TestTooLittlePast(t *testing.T) {
	d := burst.New(burst.Options{})
	if got := d.Look(start); len(got) != 0 {
		t.Errorf("%+v without a post", got)
	}
	for range 1000 {
		d.Add(coordination.URL, "x", start)
	}
	if got := d.Look(start.Add(time.Minute)); len(got) != 0 {
		t.Errorf("%+v without a past", got)
	}
}

func TestForgetsTheQuietest(t *testing.T) {
	d := burst.New(burst.Options{Objects: 100})
	for i := range 1000 {
		d.Add(coordination.URL, fmt.Sprint("u", i), start.Add(time.Duration(i)*burst.Bin))
	}
	if d.Dropped() < 800 {
		t.Errorf("%d were forgotten", d.Dropped())
	}
}

func BenchmarkAdd(b *testing.B) {
	d := burst.New(burst.Options{})
	r := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // reproducible
	z := rand.NewZipf(r, 1.1, 10, 100_000)
	names := make([]string, 100_001)
	for i := range names {
		names[i] = fmt.Sprint("tag", i)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		d.Add(coordination.Hashtag, names[z.Uint64()], start.Add(time.Duration(i)*time.Millisecond))
		i++
	}
}
