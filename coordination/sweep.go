package coordination

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// folder is one worker: it sweeps all objects and folds the pairs of the
// account pairs it owns into edges.
type folder struct {
	e       *Engine
	me, of  uint32
	stays   func(a, b row) bool // nil: every pair stays
	layers  [NumBehaviours]*table
	pairs   [NumBehaviours]int64
	weights [maxIDF]float64
	decay   []float64 // exp(−Δt/τ) for small whole seconds
	tau     float64   // µs
	logN    float64   // ln of the number of accounts
}

const (
	maxIDF     = 1024
	decayTable = 4096
)

// owner says which of n workers folds the pairs of two accounts.
func ownerClass(account, n uint32) uint32 {
	return uint32(uint64(account*0x9E3779B1) * uint64(n) >> 32) //nolint:gosec // below n
}

// idf is the weight of an object that k accounts share: ln(N/k), never below
// a hundredth so that each shared object says something.
func (f *folder) idf(k uint32) float64 {
	if k < maxIDF {
		return f.weights[k]
	}
	return max(f.logN-math.Log(float64(k)), minIDF)
}

const minIDF = 0.01

func (f *folder) exp(dt int64) float64 {
	const second = 1_000_000
	if s := dt / second; s < int64(len(f.decay)) && s*second == dt {
		return f.decay[s]
	}
	return math.Exp(-float64(dt) / f.tau)
}

// newFolder makes a worker for an input with a number of accounts.
func newFolder(e *Engine, accounts int) *folder {
	f := &folder{e: e, tau: float64(e.cfg.Decay.Microseconds()), logN: math.Log(float64(accounts))}
	for k := 1; k < maxIDF; k++ {
		f.weights[k] = max(f.logN-math.Log(float64(k)), minIDF)
	}
	f.decay = make([]float64, min(decayTable, e.window/1_000_000+1))
	for s := range f.decay {
		f.decay[s] = math.Exp(-float64(s) * 1e6 / f.tau)
	}
	return f
}

// sweep pairs everything once and returns the workers with their edges.
func (e *Engine) sweep(ctx context.Context, stays func(a, b row) bool, nulls *[NumBehaviours]*null) ([]*folder, error) {
	of := uint32(e.cfg.Workers) //nolint:gosec // at most maxWorkers
	folders := make([]*folder, of)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	feeds := make([]chan func(*folder), of)
	for i := range folders {
		f := newFolder(e, e.accounts.len())
		f.me, f.of, f.stays = uint32(i), of, stays //nolint:gosec // at most maxWorkers
		folders[i] = f
		feeds[i] = make(chan func(*folder))
		wg.Go(func() {
			for work := range feeds[i] {
				work(f)
			}
		})
	}
	var done int64
	err := e.eachPartition(ctx, func(s *sweepable) error {
		var round sync.WaitGroup
		round.Add(len(feeds))
		for _, feed := range feeds {
			feed <- func(f *folder) {
				defer round.Done()
				f.sweep(ctx, s)
			}
		}
		round.Wait()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for g := range s.accounts {
			kind, _ := e.objects.get(s.rows[s.starts[g]].object)
			for slot := s.slots[g]; slot < s.slots[g+1]; slot++ {
				nulls[kind].add(s.bins[slot], s.shared[slot])
			}
		}
		done += s.all
		if e.cfg.Progress != nil {
			e.cfg.Progress(done, e.traces)
		}
		return nil
	})
	for _, feed := range feeds {
		close(feed)
	}
	wg.Wait()
	if err != nil {
		return nil, err
	}
	for _, f := range folders {
		for _, t := range f.layers {
			if t != nil {
				t.each(func(x *fold) {
					x.vote += x.nowIDF * f.exp(x.now.gap())
					if x.objects > 1 { // else the evidence is x.now itself
						t.keepEvidence(x, e.cfg.Evidence)
					}
				})
			}
		}
	}
	return folders, nil
}

// sweep runs two pointers over every object of a partition.
func (f *folder) sweep(ctx context.Context, s *sweepable) {
	e := f.e
	window, self := e.window, e.cfg.Method == QUT
	classes := make([]uint32, 0, 256)
	steps := 0
	for g, k := range s.accounts {
		rs := s.rows[s.starts[g]:s.starts[g+1]]
		if len(rs) < 2 || (k < 2 && !self) {
			continue
		}
		kind, _ := e.objects.get(rs[0].object)
		layer := f.layers[kind]
		if layer == nil {
			layer = newTable(e.cfg.Method == QUT, window)
			f.layers[kind] = layer
		}
		idf := f.idf(k)
		classes = classes[:0]
		for _, r := range rs {
			classes = append(classes, ownerClass(r.account, f.of))
		}
		var pairs int64
		var fresh uint32
		slot := s.slots[g]
		for i := range rs {
			a := &rs[i]
			if bin := e.bin(a.time); bin != s.bins[slot] {
				if fresh > 0 {
					atomic.AddUint32(&s.shared[slot], fresh)
					fresh = 0
				}
				slot++
			}
			if steps++; steps&1023 == 0 && ctx.Err() != nil {
				return
			}
			// The worker owns a pair when the classes add up to it.
			want := f.me + f.of - classes[i]
			if want >= f.of {
				want -= f.of
			}
			until := a.time + window
			for j := i + 1; j < len(rs) && rs[j].time <= until; j++ {
				if classes[j] != want {
					continue
				}
				b := &rs[j]
				if (a.account == b.account && !self) || a.post == b.post {
					continue
				}
				if f.stays != nil && !f.stays(*a, *b) {
					continue
				}
				pairs++
				if f.fold(layer, a, b, idf, s.bins[slot]) {
					fresh++
				}
			}
			steps += len(rs) >> 6 // long scans count as more
		}
		f.pairs[kind] += pairs
		if fresh > 0 {
			atomic.AddUint32(&s.shared[slot], fresh)
		}
	}
}

// fold adds a pair, a before b in time, to its edge and says whether it is
// the first of these two accounts on the object in this bin of time.
func (f *folder) fold(t *table, a, b *row, idf float64, bin uint32) (fresh bool) {
	dt := b.time - a.time
	first, last := a.time, b.time
	if a.account > b.account {
		a, b = b, a
	}
	x := t.at(a.account, b.account)
	if x.coactions == 0 {
		x.first, x.last = first, last
	} else {
		x.first, x.last = min(x.first, first), max(x.last, last)
	}
	x.coactions++
	x.postsA |= sketch(a.post)
	x.postsB |= sketch(b.post)
	t.addGap(x, dt)
	if t.exact {
		t.addPosts(x, a.post, b.post)
		if a.account == b.account { // an edge to itself matches both ways
			t.addPosts(x, b.post, a.post)
		}
	}
	if x.objects == 0 || x.now.object != a.object {
		if x.objects > 0 { // count the vote for the object before, keep its closest pair
			x.vote += x.nowIDF * f.exp(x.now.gap())
			t.keepEvidence(x, f.e.cfg.Evidence)
		}
		x.objects++
		x.meetings++
		x.nowIDF, x.bin = idf, bin
		x.now = meeting{object: a.object, a: a.moment(), b: b.moment()}
		return true
	}
	if dt < x.now.gap() {
		x.now.a, x.now.b = a.moment(), b.moment()
	}
	if x.bin == bin {
		return false
	}
	x.bin = bin
	x.meetings++
	return true
}

// moment is one side of a pair.
type moment struct {
	time int64
	post PostKey
}

func (r *row) moment() moment { return moment{r.time, r.post} }

// meeting is a pair of traces on an object.
type meeting struct {
	object uint32
	a, b   moment
}

func (m *meeting) gap() int64 {
	if m.a.time > m.b.time {
		return m.a.time - m.b.time
	}
	return m.b.time - m.a.time
}

// closer orders meetings by what makes better evidence: closer in time, then
// earlier, then by object.
func closer(m, n meeting) int {
	switch {
	case m.gap() != n.gap():
		return int(min(max(m.gap()-n.gap(), -1), 1))
	case m.a.time != n.a.time:
		return int(min(max(m.a.time-n.a.time, -1), 1))
	}
	return int(int64(m.object) - int64(n.object))
}

// fold is an edge of one behaviour as it grows.
type fold struct {
	a, b           uint32
	coactions      uint32
	objects        uint32 // distinct
	bin            uint32 // of time, in which the pair last co-acted
	meetings       uint32 // distinct objects and bins
	first, last    int64
	vote, nowIDF   float64
	now            meeting // the closest pair on the object seen last
	postsA, postsB uint64  // sketches of the distinct posts of either side
	gaps           [4]uint32
	more           uint32 // index + 1 into the table's histograms
	evidence       uint32 // index + 1 into the table's evidence
	exact          uint32 // index + 1 into the table's exact posts
}

// table maps account pairs to their edges.
type table struct {
	slots    []uint32 // index + 1, or 0
	blocks   [][]fold
	n        int
	gaps     []*histogram
	evidence [][]meeting
	exact    bool  // keep the distinct posts of either side
	unit     int64 // µs of the finest bucket of gaps
	posts    [][2]postSet
}

const foldBlock = 1024

func newTable(exact bool, window int64) *table {
	return &table{slots: make([]uint32, 256), exact: exact, unit: gapUnit(window)}
}

func (t *table) get(i uint32) *fold { return &t.blocks[i/foldBlock][i%foldBlock] }

func (t *table) each(f func(*fold)) {
	for _, b := range t.blocks {
		for i := range b {
			f(&b[i])
		}
	}
}

func pairHash(a, b uint32) uint64 {
	h := (uint64(a)<<32 | uint64(b)) * 0x9E3779B97F4A7C15
	return h ^ h>>29
}

// at gives the edge of two accounts, a new one where there is none.
func (t *table) at(a, b uint32) *fold {
	if t.n*4 >= len(t.slots)*3 {
		t.grow()
	}
	mask := uint64(len(t.slots) - 1)
	for i := pairHash(a, b) & mask; ; i = (i + 1) & mask {
		s := t.slots[i]
		if s == 0 {
			last := len(t.blocks) - 1
			if last < 0 || len(t.blocks[last]) == foldBlock {
				size := foldBlock
				t.blocks = append(t.blocks, make([]fold, 0, size))
				last++
			}
			t.blocks[last] = append(t.blocks[last], fold{a: a, b: b})
			t.n++
			t.slots[i] = uint32(t.n) //nolint:gosec // an edge takes 150 bytes: memory ends first
			return &t.blocks[last][len(t.blocks[last])-1]
		}
		if x := t.get(s - 1); x.a == a && x.b == b {
			return x
		}
	}
}

func (t *table) grow() {
	t.slots = make([]uint32, 2*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for n := range t.n {
		x := t.get(uint32(n)) //nolint:gosec // as in at
		i := pairHash(x.a, x.b) & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint32(n) + 1 //nolint:gosec // as in at
	}
}

// keepEvidence puts the closest pair of the object seen last among the edge's
// evidence if it is among the best.
func (t *table) keepEvidence(x *fold, most int) {
	if x.evidence == 0 {
		t.evidence = append(t.evidence, make([]meeting, 0, min(most, 2)))
		x.evidence = uint32(len(t.evidence)) //nolint:gosec // as in at
	}
	list := t.evidence[x.evidence-1]
	i, _ := slices.BinarySearchFunc(list, x.now, closer)
	if i >= most {
		return
	}
	if len(list) == most {
		list = list[:most-1]
	}
	t.evidence[x.evidence-1] = slices.Insert(list, i, x.now)
}
