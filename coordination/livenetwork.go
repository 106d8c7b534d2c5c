package coordination

import (
	"context"
	"maps"
	"math"
	"math/bits"
	"slices"
	"time"
)

// Snapshot gives the network as it stands: the edges whose q value is at most
// fdr, all of them for 1. It lists the accounts of these edges only, and
// [Network.EachObject] what these did on the objects that they share. The network
// does not change with the stream.
func (l *Live) Snapshot(ctx context.Context, fdr float64) (*Network, error) {
	l.refresh()
	kept, err := l.test(ctx, fdr)
	if err != nil {
		return nil, err
	}
	e := &Engine{cfg: l.cfg, window: l.window, kinds: l.kinds, traces: l.rows, first: l.last, last: l.last, ran: true}
	e.cfg.Budget = 0
	f := newFolder(e, l.accounts.len())
	number := map[uint32]uint32{} // of accounts
	var accounts []uint32
	for _, k := range kept {
		accounts = append(accounts, uint32(k.pair>>32), uint32(k.pair)) //nolint:gosec // both halves
	}
	slices.Sort(accounts)
	accounts = slices.Compact(accounts)
	for _, a := range accounts { // in the same order, so that sides stay
		number[a], _ = e.accounts.lookup(0, l.accounts.name(a))
		e.perAccount = append(e.perAccount, uint32(l.accounts.get(a).rows)) //nolint:gosec // traces of one account
	}
	objects := map[uint32]liveShare{}
	p, q, lambda := map[[2]uint32]float64{}, map[[2]uint32]float64{}, map[[2]uint32]float64{}
	for _, k := range kept {
		a, b := number[uint32(k.pair>>32)], number[uint32(k.pair)] //nolint:gosec // both halves
		p[[2]uint32{a, b}], q[[2]uint32{a, b}], lambda[[2]uint32{a, b}] = k.p, k.q, k.lambda
		l.build(f, k.pair, a, b, objects)
	}
	e.kept = []*sweepable{l.actions(objects, number)}
	n := &Network{
		Config: l.cfg, Objects: int64(l.objects.len()), Duplicates: l.stats.Duplicates,
		Hot: l.hot(), folders: []*folder{f}, engine: e, Bin: day,
	}
	for _, k := range l.kinds {
		n.Traces += k
	}
	n.First, n.Last = time.UnixMicro(l.cut).UTC(), time.UnixMicro(l.last).UTC()
	if err := n.index(ctx, e, n.folders); err != nil {
		return nil, err
	}
	n.p, n.q, n.lambda = make([]float64, n.Len()), make([]float64, n.Len()), make([]float64, n.Len())
	for i, ref := range n.edges {
		_, x := n.fold(n.folds[ref.from])
		ends := [2]uint32{x.a, x.b}
		n.p[i], n.q[i], n.lambda[i] = p[ends], q[ends], lambda[ends]
	}
	n.ties()
	return n, nil
}

// liveShare is an object as a network names it.
type liveShare struct {
	number   uint32
	accounts uint32
	idf      float64
}

// build makes the folds of a pair of its cells.
func (l *Live) build(f *folder, pair uint64, a, b uint32, objects map[uint32]liveShare) {
	e := f.e
	for _, c := range l.cellsOf(pair) {
		o := l.objects.get(c.key.object)
		s, ok := objects[c.key.object]
		if !ok {
			s.number, _ = e.objects.lookup(byte(o.kind), l.objects.name(c.key.object))
			e.perObject = append(e.perObject, uint32(len(o.rows))) //nolint:gosec // at most the ceiling
			s.accounts = distinctAccounts(o.rows)
			s.idf = f.idf(s.accounts)
			objects[c.key.object] = s
		}
		t := f.layers[o.kind]
		if t == nil {
			t = newTable(false, l.window)
			f.layers[o.kind] = t
		}
		x := t.at(a, b)
		if x.coactions == 0 {
			x.first, x.last = c.first, c.last
		}
		x.first, x.last = min(x.first, c.first), max(x.last, c.last)
		t.mergeGaps(x, c)
		x.coactions += c.coactions
		f.pairs[o.kind] += int64(c.coactions)
		x.objects++
		x.meetings += uint32(bits.OnesCount64(c.days)) //nolint:gosec // at most 64
		x.postsA |= c.postsA
		x.postsB |= c.postsB
		x.vote += s.idf * f.exp(c.now.gap())
		if x.objects == 2 { // now the first one counts among several
			t.keepEvidence(x, l.cfg.Evidence)
		}
		x.now = c.now
		x.now.object = s.number
		if x.objects > 1 {
			t.keepEvidence(x, l.cfg.Evidence)
		}
	}
}

// actions gives what the numbered accounts did on the objects, as
// [Network.EachObject] wants it.
func (l *Live) actions(objects map[uint32]liveShare, number map[uint32]uint32) *sweepable {
	s := &sweepable{}
	of := slices.SortedFunc(maps.Keys(objects), func(a, b uint32) int { return int(int64(objects[a].number) - int64(objects[b].number)) })
	for _, object := range of {
		o := l.objects.get(object)
		s.starts = append(s.starts, len(s.rows))
		s.accounts = append(s.accounts, objects[object].accounts)
		for _, r := range o.rows {
			if a, ok := number[r.account]; ok {
				s.rows = append(s.rows, row{object: objects[object].number, account: a, time: r.time, post: r.post})
			}
		}
	}
	s.starts = append(s.starts, len(s.rows))
	return s
}

// mergeGaps adds a cell's gaps to those of a fold, whose co-actions do not yet
// count the cell's.
func (t *table) mergeGaps(x *fold, c *cell) {
	if x.coactions+c.coactions <= exactGaps {
		copy(x.gaps[x.coactions:], c.gaps[:c.coactions])
		return
	}
	if x.more == 0 {
		h := new(histogram)
		for _, g := range x.gaps[:x.coactions] {
			h[bucket(int64(g)*1000/t.unit)]++
		}
		t.gaps = append(t.gaps, h)
		x.more = uint32(len(t.gaps)) //nolint:gosec // fewer than edges
	}
	h := t.gaps[x.more-1]
	if c.more != nil {
		for i, n := range c.more {
			h[i] += n
		}
		return
	}
	for _, g := range c.gaps[:c.coactions] {
		h[bucket(int64(g)*1000/t.unit)]++
	}
}

// cellsOf gives the cells of a pair in the order of their objects' numbers.
func (l *Live) cellsOf(pair uint64) []*cell {
	var out []*cell
	for place := l.pairs[pair].head + 1; place > 0; {
		c := l.cell(place - 1)
		out = append(out, c)
		place = c.next
	}
	slices.SortFunc(out, func(a, b *cell) int { return int(int64(a.key.object) - int64(b.key.object)) })
	return out
}

func distinctAccounts(rows []liveRow) uint32 {
	seen := make(map[uint32]bool, len(rows))
	for _, r := range rows {
		seen[r.account] = true
	}
	return uint32(len(seen)) //nolint:gosec // at most the ceiling
}

// tested is a pair with its significance.
type tested struct {
	pair         uint64
	p, q, lambda float64
}

// test gives the pairs whose q value is at most fdr.
func (l *Live) test(ctx context.Context, fdr float64) ([]tested, error) {
	var pairs []uint64
	for key, p := range l.pairs {
		if p.meetings > 1 || fdr >= 1 { // a single occasion is never significant
			pairs = append(pairs, key)
		}
	}
	slices.Sort(pairs)
	layers := 0.0
	for _, n := range l.kinds {
		if n > 0 {
			layers++
		}
	}
	out := make([]tested, 0, len(pairs))
	p := make([]float64, 0, len(pairs))
	for i, pair := range pairs {
		if i&1023 == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var folds [NumBehaviours]fold
		for place := l.pairs[pair].head + 1; place > 0; {
			c := l.cell(place - 1)
			x := &folds[l.objects.get(c.key.object).kind]
			x.meetings += uint32(bits.OnesCount64(c.days)) //nolint:gosec // at most 64
			x.postsA |= c.postsA
			x.postsB |= c.postsB
			place = c.next
		}
		best, lambda := 1.0, 0.0
		for kind := range folds {
			x := &folds[kind]
			if x.meetings == 0 {
				continue
			}
			s := x.occasions()
			expected := l.expected(Behaviour(kind), uint32(pair>>32), uint32(pair)) //nolint:gosec // both halves
			lambda += expected
			best = min(best, surprise(s, expected))
		}
		out = append(out, tested{pair: pair, p: min(1, best*layers), lambda: lambda})
		p = append(p, out[len(out)-1].p)
	}
	for i, q := range falseDiscoveryAmong(p, len(l.pairs)) {
		out[i].q = q
	}
	return slices.DeleteFunc(out, func(t tested) bool { return t.q > fdr }), nil
}

// expected is null.expected for what is held.
func (l *Live) expected(kind Behaviour, x, y uint32) float64 {
	byObjects, byTraces := 0.0, 0.0
	theirs := l.accounts.get(y).days
	for _, a := range l.accounts.get(x).days {
		if a.kind != kind {
			continue
		}
		i := slices.IndexFunc(theirs, func(d accountDay) bool { return d.day == a.day && d.kind == kind })
		if i < 0 {
			continue
		}
		b, t := theirs[i], l.nulls[kind].days[a.day]
		if t == nil || t.shared.sum == 0 {
			continue
		}
		byObjects += t.shared.expected(2 * float64(a.objects) * float64(b.objects) / (t.objects * t.objects))
		byTraces += t.shared.expected(2 * float64(a.traces) * float64(b.traces) / (t.traces * t.traces))
	}
	return max(byObjects, byTraces)
}

// refresh finds the largest values of the null model anew where some were
// taken back.
func (l *Live) refresh() {
	stale := false
	for kind := range l.nulls {
		if n := &l.nulls[kind]; n.stale {
			stale = true
			for b := range maps.Values(n.days) {
				b.shared.most = 0
			}
		}
	}
	if !stale {
		return
	}
	for id := range l.objects.ids() {
		o := l.objects.get(uint32(id)) //nolint:gosec // an object's number
		if o == nil || !l.nulls[o.kind].stale {
			continue
		}
		for _, d := range o.shared {
			if b := l.nulls[o.kind].days[d.day]; b != nil {
				b.shared.most = math.Max(b.shared.most, float64(d.n))
			}
		}
	}
	for kind := range l.nulls {
		l.nulls[kind].stale = false
	}
}

// hot lists what the ceiling leaves out, most popular first.
func (l *Live) hot() []Hot {
	var hot []Hot
	for id := range l.objects.ids() {
		if o := l.objects.get(uint32(id)); o != nil && o.hot > 0 { //nolint:gosec // an object's number
			hot = append(hot, Hot{Behaviour: o.kind, Object: l.objects.name(uint32(id)), Traces: o.hot}) //nolint:gosec // an object's number
		}
	}
	sortHot(hot)
	return hot
}
