package simulate

import (
	"math"
	"sort"
	"time"
)

// dayShape is how active people are at each hour of their local day.
var dayShape = [24]float64{
	0.75, 0.42, 0.22, 0.13, 0.12, 0.22, 0.55, 1.05, 1.20, 0.95, 0.90, 0.98,
	1.40, 1.15, 0.92, 0.95, 1.02, 1.15, 1.32, 1.48, 1.65, 1.85, 1.80, 1.30,
}

// weekShape is how active people are from Sunday to Saturday.
var weekShape = [7]float64{1.15, 0.95, 0.94, 0.95, 0.96, 1.00, 1.12}

const (
	hour   = int64(time.Hour / time.Millisecond)
	never  = int64(math.MaxInt64)
	margin = 24 // hours of table before the start and after the end
)

// rhythm is how fast time passes for a kind of account: at a rate of one, a
// whole ordinary day brings one event. Times are milliseconds from the start.
type rhythm struct{ cumulative []float64 }

// newRhythm sums up the intensity of each hour, which is given by the local
// time and the hour's number.
func newRhythm(start time.Time, days int, offset time.Duration, intensity func(local time.Time, n int) float64) *rhythm {
	hours := days*24 + 2*margin
	r := &rhythm{make([]float64, hours+1)}
	for i := range hours {
		n := i - margin
		// The middle of the hour stands for all of it, whatever the offset.
		local := start.Add(time.Duration(n)*time.Hour + 30*time.Minute + offset)
		r.cumulative[i+1] = r.cumulative[i] + intensity(local, n)/24
	}
	return r
}

// people is the intensity of ordinary accounts.
func people(local time.Time) float64 {
	h := local.Hour()
	if d := local.Weekday(); (d == time.Saturday || d == time.Sunday) && h >= 4 && h < 12 {
		h-- // people rise later
	}
	return dayShape[h] * weekShape[local.Weekday()]
}

// at is how much has passed until the time t.
func (r *rhythm) at(t int64) float64 {
	i := t/hour + margin
	if i < 0 {
		return 0
	}
	if i >= int64(len(r.cumulative)-1) {
		return r.cumulative[len(r.cumulative)-1]
	}
	part := float64(t-(i-margin)*hour) / float64(hour)
	return r.cumulative[i] + part*(r.cumulative[i+1]-r.cumulative[i])
}

// when is the time at which so much has passed, or never.
func (r *rhythm) when(passed float64) int64 {
	i := sort.SearchFloat64s(r.cumulative, passed)
	if i == len(r.cumulative) {
		return never
	}
	if i == 0 {
		return -margin * hour
	}
	part := (passed - r.cumulative[i-1]) / (r.cumulative[i] - r.cumulative[i-1])
	return (int64(i-1)-margin)*hour + int64(part*float64(hour))
}

// after is the time of the next event after t, for so much to pass.
func (r *rhythm) after(t int64, much float64) int64 { return r.when(r.at(t) + much) }

// between draws a time from a stretch, given a number from 0 to 1.
func (r *rhythm) between(from, until int64, u float64) int64 {
	a, b := r.at(from), r.at(until)
	if b <= a {
		return from + int64(u*float64(until-from))
	}
	return min(max(r.when(a+u*(b-a)), from), until-1)
}
