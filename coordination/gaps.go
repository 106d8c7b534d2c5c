package coordination

import (
	"math/bits"
	"slices"
	"time"
)

// Times between co-actions are kept exactly while an edge has few of them and
// in a histogram after that, so that an edge with a million co-actions takes
// no more room than one with five.

// histogram counts gaps in buckets that are exact up to 4 units and no wider
// than a quarter of their value above.
type histogram [64]uint32

// gapUnit is the width of the finest bucket, so that the longest window has
// one: the window's 8,192nd part, at least a millisecond.
func gapUnit(window int64) int64 { return max(window/8192, 1000) }

func bucket(units int64) int {
	if units < 4 {
		return int(units)
	}
	log := 63 - bits.LeadingZeros64(uint64(units)) //nolint:gosec // not negative
	return min(log*4-4+int(units>>(log-2))-4, len(histogram{})-1)
}

// bucketMiddle is the inverse of bucket.
func bucketMiddle(i int) float64 {
	if i < 4 {
		return float64(i)
	}
	log := i/4 + 1
	low := int64(4+i%4) << (log - 2)
	return float64(low) + float64(int64(1)<<(log-2)-1)/2
}

const exactGaps = 4

// addGap counts a time between two traces of an edge.
func (t *table) addGap(x *fold, dt int64) {
	if x.coactions <= exactGaps {
		x.gaps[x.coactions-1] = gapMillis(dt)
		return
	}
	if x.more == 0 {
		h := new(histogram)
		for _, g := range x.gaps {
			h[bucket(int64(g)*1000/t.unit)]++
		}
		t.gaps = append(t.gaps, h)
		x.more = uint32(len(t.gaps)) //nolint:gosec // fewer than edges
	}
	t.gaps[x.more-1][bucket(dt/t.unit)]++
}

// gapMillis rounds to milliseconds; the longest window has 2.6 billion.
func gapMillis(dt int64) uint32 { return uint32((dt + 500) / 1000) } //nolint:gosec // see above

// postSet collects distinct posts; it is compacted whenever it doubles.
type postSet struct {
	posts []PostKey
	clean int
}

func (s *postSet) add(p PostKey) {
	if n := len(s.posts); n > 0 && s.posts[n-1] == p {
		return
	}
	if len(s.posts) == cap(s.posts) && len(s.posts) >= 2*s.clean {
		s.count()
	}
	s.posts = append(s.posts, p)
}

func (s *postSet) count() int {
	slices.Sort(s.posts)
	s.posts = slices.Compact(s.posts)
	s.clean = len(s.posts)
	return s.clean
}

// addPosts notes that post a of the edge's first account matches b of its second.
func (t *table) addPosts(x *fold, a, b PostKey) {
	if x.exact == 0 {
		t.posts = append(t.posts, [2]postSet{})
		x.exact = uint32(len(t.posts)) //nolint:gosec // fewer than edges
	}
	sets := &t.posts[x.exact-1]
	sets[0].add(a)
	sets[1].add(b)
}

// gapSet is the gaps of all behaviours of an edge.
type gapSet struct {
	exact []uint32 // ms, sorted; where the histogram is nil
	all   *histogram
	unit  int64
	n     uint32
	most  time.Duration // the window, which no gap exceeds
}

func (n *Network) gaps(refs []foldRef) gapSet {
	s := gapSet{most: n.Config.Window}
	for _, r := range refs {
		t, x := n.fold(r)
		s.unit = t.unit
		s.n += x.coactions
		if x.more > 0 && s.all == nil {
			s.all = new(histogram)
		}
	}
	for _, r := range refs {
		t, x := n.fold(r)
		switch {
		case s.all == nil:
			s.exact = append(s.exact, x.gaps[:x.coactions]...)
		case x.more > 0:
			for i, c := range t.gaps[x.more-1] {
				s.all[i] += c
			}
		default:
			for _, g := range x.gaps[:x.coactions] {
				s.all[bucket(int64(g)*1000/s.unit)]++
			}
		}
	}
	slices.Sort(s.exact)
	return s
}

// quantile gives the time below which the share q of the gaps lie: a value
// that occurred where there are few, the middle of its bucket else.
func (s *gapSet) quantile(q float64) time.Duration {
	rank := uint32(q * float64(s.n-1))
	if s.all == nil {
		return time.Duration(s.exact[rank]) * time.Millisecond
	}
	var seen uint32
	for i, c := range s.all {
		if seen += c; seen > rank {
			us := bucketMiddle(i) * float64(s.unit)
			return min((time.Duration(us) * time.Microsecond).Round(time.Millisecond), s.most)
		}
	}
	return 0 // not reached: the histogram holds all co-actions
}
