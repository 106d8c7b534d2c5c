// Package burst finds objects (a hashtag, an address, a copied text) about which
// far more is posted than their own past explains.
//
// # The model
//
// Posts about an object are counted in bins of ten minutes. Its rate is taken to
// be its own level times a season that all posts share: the share of posts in
// each hour of the week, or of the day while there are less than two weeks of
// posts, or none while there are less than two days. With C posts in a past of
// exposure E (the sum of the season over its bins) and a window of exposure e,
// and a gamma prior of shape 1/2 for the level (Jeffreys), the number of posts
// in the window is negative binomial,
//
//	P(X ≥ x) = I(e/(e+E); x, C+1/2)
//
// with I the regularised incomplete beta function. Attention comes in waves by
// itself, so that counts vary more than that: x and C+1/2 are divided by the
// dispersion of the object's own past, the mean of (n−λE)²/(λE) over its windows,
// where that is above 1 (quasi-likelihood, Wedderburn 1974); and a window counts
// only where none of its past had as many for its season. An object without a past is measured against an exposure of the whole past with nothing
// in it. The q value is Benjamini and Hochberg's (1995) over all objects of the
// window.
//
// A burst says that something is much talked about, not that it is not genuine.
package burst

import (
	"cmp"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mathext"

	"github.com/akashi-project/akashi/coordination"
)

const (
	// Bin is how long a bin of counts is.
	Bin = 10 * time.Minute
	// Window is how long what is tested is.
	Window = 30 * time.Minute
	// Past is how far back counts are kept.
	Past = 28 * 24 * time.Hour

	binsOfWindow = int64(Window / Bin)
	binsOfHour   = int64(time.Hour / Bin)
	hoursOfWeek  = 7 * 24
	maxPerObject = 4096 // bins; more than Past has
)

// Options say what counts. The zero value of a field means what is said.
type Options struct {
	// Least is how many posts a burst has at least (20), FDR at which q value
	// it counts (0.01).
	Least int64
	FDR   float64
	// Objects is how many objects are kept at most (200,000); beyond it those
	// that are quiet longest are forgotten.
	Objects int
}

// Burst is an object about which more is posted than its past explains.
type Burst struct {
	Behaviour coordination.Behaviour
	// Object may name an account: show it veiled.
	Object string
	// From ≤ time < To is when.
	From, To time.Time
	// Posts were counted where Expected were to be expected; Past is how many
	// there were before, since Since.
	Posts, Past int64
	Expected    float64
	Since       time.Time
	P, Q        float64
}

// Detector counts and tests. It is used from one goroutine.
type Detector struct {
	o       Options
	objects map[key]*series
	all     [hoursOfWeek]float64 // posts by hour of the week
	first   int64                // the first bin; maxInt where there is none
	last    int64
	dropped int64
}

type key struct {
	behaviour coordination.Behaviour
	object    string
}

// series are an object's counts by bin, in order.
type series struct{ bins []count }

type count struct {
	bin int64
	n   int64
}

// New makes a detector.
func New(o Options) *Detector {
	o.Least = cmp.Or(o.Least, 20)
	o.FDR = cmp.Or(o.FDR, 0.01)
	o.Objects = cmp.Or(o.Objects, 200_000)
	return &Detector{o: o, objects: map[key]*series{}, first: math.MaxInt64, last: math.MinInt64}
}

func binOf(t time.Time) int64 { return t.Unix() / int64(Bin/time.Second) }

func timeOf(bin int64) time.Time { return time.Unix(bin*int64(Bin/time.Second), 0).UTC() }

func hourOf(bin int64) int {
	h := (bin/binsOfHour + 3*24) % hoursOfWeek // 1970 began on a Thursday
	return int((h + hoursOfWeek) % hoursOfWeek)
}

// Add counts a post about an object.
func (d *Detector) Add(b coordination.Behaviour, object string, at time.Time) {
	bin := binOf(at)
	if d.last > math.MinInt64 && bin < d.last-int64(Past/Bin) {
		return
	}
	d.first, d.last = min(d.first, bin), max(d.last, bin)
	d.all[hourOf(bin)]++
	k := key{b, object}
	s := d.objects[k]
	if s == nil {
		if len(d.objects) >= d.o.Objects {
			d.forget()
		}
		s = &series{}
		d.objects[k] = s
	}
	i, there := slices.BinarySearchFunc(s.bins, bin, func(c count, bin int64) int { return cmp.Compare(c.bin, bin) })
	if there {
		s.bins[i].n++
		return
	}
	s.bins = slices.Insert(s.bins, i, count{bin, 1})
	if len(s.bins) > maxPerObject {
		s.bins = slices.Delete(s.bins, 0, 1)
	}
}

// forget drops the half of the objects that are quiet longest.
func (d *Detector) forget() {
	last := make([]int64, 0, len(d.objects))
	for _, s := range d.objects {
		last = append(last, s.bins[len(s.bins)-1].bin)
	}
	slices.Sort(last)
	middle := last[len(last)/2]
	for k, s := range d.objects {
		if s.bins[len(s.bins)-1].bin <= middle && len(d.objects) > d.o.Objects/2 {
			delete(d.objects, k)
			d.dropped++
		}
	}
}

// Dropped says how many objects were forgotten for want of room.
func (d *Detector) Dropped() int64 { return d.dropped }

// season gives the relative rate of each hour of the week, 1 on average.
func (d *Detector) season() (out [hoursOfWeek]float64) {
	days := (d.last - d.first) / (24 * binsOfHour)
	var sums [hoursOfWeek]float64
	total := 0.0
	for h := range sums {
		switch {
		case days >= 14:
			sums[h] = d.all[h]
		case days >= 2:
			for w := h % 24; w < hoursOfWeek; w += 24 {
				sums[h] += d.all[w]
			}
		}
		total += sums[h]
	}
	for h := range out {
		// Shrunk towards none, so that an hour never seen is not impossible.
		out[h] = (sums[h] + 1 + total/hoursOfWeek/10) / (total/hoursOfWeek*1.1 + 1)
	}
	return out
}

// Look tests the window that ends now.
func (d *Detector) Look(now time.Time) []Burst {
	end := binOf(now) + 1
	start := end - binsOfWindow
	oldest := max(d.first, end-int64(Past/Bin))
	if oldest >= start {
		return nil // no past
	}
	season := d.season()
	exposure := func(from, to int64) (sum float64) {
		for ; from < to && from%binsOfHour != 0; from++ {
			sum += season[hourOf(from)]
		}
		for ; from+binsOfHour <= to; from += binsOfHour {
			sum += season[hourOf(from)] * float64(binsOfHour)
		}
		for ; from < to; from++ {
			sum += season[hourOf(from)]
		}
		return sum
	}
	past, here := exposure(oldest, start), exposure(start, end)
	if past <= here {
		return nil // too little of a past to say anything
	}
	var exposures []float64 // of the past's windows
	for w := oldest; w+binsOfWindow <= start; w += binsOfWindow {
		exposures = append(exposures, exposure(w, w+binsOfWindow))
	}
	var out []Burst
	tested := 0
	for k, s := range d.objects {
		var x, before int64
		for _, c := range slices.Backward(s.bins) {
			if c.bin < start {
				break
			}
			if c.bin < end {
				x += c.n
			}
		}
		if x == 0 {
			continue
		}
		tested++
		if x < d.o.Least {
			continue
		}
		for _, c := range s.bins {
			if c.bin >= oldest && c.bin < start {
				before += c.n
			}
		}
		level := float64(before) + 0.5
		fano, record := s.usual(oldest, exposures, level/past, past, before)
		if float64(x)/here <= record {
			continue // it has been as much before
		}
		p := mathext.RegIncBeta(max(1, float64(x)/fano), max(0.5, level/fano), here/(here+past))
		out = append(out, Burst{
			Behaviour: k.behaviour, Object: k.object, From: timeOf(start), To: timeOf(end), Posts: x, Past: before,
			Expected: level / past * here, Since: timeOf(oldest), P: p,
		})
	}
	slices.SortFunc(out, func(a, b Burst) int {
		return cmp.Or(cmp.Compare(a.P, b.P), cmp.Compare(b.Posts, a.Posts), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Behaviour, b.Behaviour))
	})
	least := 1.0
	for i := len(out) - 1; i >= 0; i-- {
		least = min(least, out[i].P*float64(tested)/float64(i+1))
		out[i].Q = least
	}
	return slices.DeleteFunc(out, func(b Burst) bool { return b.Q > d.o.FDR })
}

// usual says how an object's past windows vary: the mean of (n−λE)²/(λE) over
// windows with n posts and an exposure of E, for a level λ, at least 1; and the
// greatest n/E of them.
func (s *series) usual(from int64, exposures []float64, level, past float64, total int64) (fano, record float64) {
	if len(exposures) < 2 || total == 0 {
		return 1, 0
	}
	sum, current, at := 0.0, 0.0, int64(-1)
	window := func() {
		if at >= 0 {
			sum += current * current / (level * exposures[at])
			record = max(record, current/exposures[at])
		}
	}
	for _, c := range s.bins {
		w := (c.bin - from) / binsOfWindow
		if c.bin < from || w >= int64(len(exposures)) {
			continue
		}
		if w != at {
			window()
			current, at = 0, w
		}
		current += float64(c.n)
	}
	window()
	return max(1, (sum-2*float64(total)+level*past)/float64(len(exposures)-1)), record
}
