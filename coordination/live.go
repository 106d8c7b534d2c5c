package coordination

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"time"
)

// Live is the engine for a stream that does not end: it takes traces as they
// come and has, at any time, the edges of the last while. It pairs each trace
// once, when it comes, with those of its object that lie within the window on
// either side, so that traces may come late or out of order.
//
// What it gives is what [Engine] gives for the same traces, the same settings
// and [Config.Anchor] at a midnight (UTC); the order of traces does not
// matter. Four things differ: accounts are not scored beyond their significant
// edges; a trace that comes twice counts once towards the ceiling, too; an object
// that went above the ceiling stays left out until
// [Live.Expire] has passed all its traces; and only the method Akashi is there.
//
// It is used from one goroutine.
type Live struct {
	cfg      Config
	window   int64 // µs
	horizon  int64 // µs
	cut      int64 // µs: nothing older is taken or kept
	accounts names[liveAccount]
	objects  names[liveObject]
	pairs    map[uint64]livePair // by both accounts' numbers, the smaller one first
	cells    map[cellKey]uint32  // → its place
	blocks   [][]cell
	used     uint32 // places given out in blocks
	free     []uint32
	nulls    [NumBehaviours]liveNull
	kinds    [NumBehaviours]int64
	rows     int64
	last     int64 // µs
	expiring uint32
	stats    LiveStats
}

// LiveStats says what a [Live] holds and what it left out.
type LiveStats struct {
	// Traces, Accounts, Objects, Pairs and Shared are what it holds: Pairs
	// are pairs of accounts that co-acted, Shared their shared objects.
	Traces, Accounts, Objects, Pairs, Shared int64
	// Bytes is about how much memory that takes.
	Bytes int64
	// Since is the oldest time that is held.
	Since time.Time
	// Duplicates counts traces equal to another one, Late those older than
	// what is held, Hot those of objects above the ceiling; since the start.
	Duplicates, Late, Hot int64
	// Shed counts how often the oldest were dropped before their time, for
	// want of memory.
	Shed int64
}

// liveAccount is what is known of an account.
type liveAccount struct {
	rows int64
	last int64 // µs
	days []accountDay
}

// accountDay is what an account did under one behaviour on a day.
type accountDay struct {
	day  int32 // since 1970
	kind Behaviour
	activity
}

// liveObject holds an object's traces, in the order of time.
type liveObject struct {
	kind   Behaviour
	rows   []liveRow
	shared []dayCount // pairs of accounts that co-acted, by day
	hot    int64      // traces; 0 for an object below the ceiling
	last   int64      // µs
}

type liveRow struct {
	time    int64 // µs
	post    PostKey
	account uint32
}

type dayCount struct {
	day int32
	n   uint32
}

// livePair is a pair of accounts that co-acted.
type livePair struct {
	head     uint32 // its first cell's place
	meetings uint32 // of all cells
}

type cellKey struct {
	pair   uint64
	object uint32
}

// cell is what a pair did on one object.
type cell struct {
	key            cellKey
	prev, next     uint32 // of the same pair, plus one
	coactions      uint32
	more           *histogram
	days           uint64 // bit day%64
	first, last    int64
	now            meeting
	postsA, postsB uint64
	gaps           [exactGaps]uint32
}

// liveNull is the model of one behaviour, by day.
type liveNull struct {
	days map[int32]*nullBin
	// stale says that a value was taken back, so that most may be too high.
	stale bool
}

const (
	cellBlock = 4096
	// maxHorizon is as many days as a cell tells apart, less the day that
	// begins.
	maxHorizon = 62 * day

	rowCost  = 40  // bytes of a trace with its slack
	cellCost = 184 // bytes of a cell with its place in the index
	pairCost = 40
	nameCost = 120
)

// LiveCeiling is the default ceiling of [Live]: a thousand accounts that all
// share one object within a window are half a million pairs.
const LiveCeiling = 1000

// NewLive makes an engine that keeps a time of traces, at most 62 days.
// c.Budget bounds the memory that it takes, about.
func NewLive(c Config, horizon time.Duration) (*Live, error) {
	if c.Ceiling == 0 {
		c.Ceiling = LiveCeiling
	}
	c, err := c.withDefaults()
	switch {
	case err != nil:
		return nil, fmt.Errorf("coordination: %w", err)
	case c.Method != Akashi:
		return nil, fmt.Errorf("coordination: the method %v is not there for streams", c.Method)
	case horizon < c.Window || horizon > maxHorizon:
		return nil, fmt.Errorf("coordination: a horizon of %v: want from the window, %v, to %v", horizon, c.Window, maxHorizon)
	}
	l := &Live{
		cfg: c, window: c.Window.Microseconds(), horizon: horizon.Microseconds(), cut: math.MinInt64, last: math.MinInt64,
		pairs: map[uint64]livePair{}, cells: map[cellKey]uint32{},
	}
	for i := range l.nulls {
		l.nulls[i].days = map[int32]*nullBin{}
	}
	return l, nil
}

// Stats says what is held and what was left out.
func (l *Live) Stats() LiveStats {
	s := l.stats
	s.Traces, s.Accounts, s.Objects = l.rows, int64(l.accounts.len()), int64(l.objects.len())
	s.Pairs, s.Shared, s.Bytes = int64(len(l.pairs)), int64(len(l.cells)), l.bytes()
	if l.cut > math.MinInt64 {
		s.Since = time.UnixMicro(l.cut).UTC()
	}
	return s
}

func (l *Live) bytes() int64 {
	return l.rows*rowCost + int64(len(l.cells))*cellCost + int64(len(l.pairs))*pairCost + int64(l.accounts.len()+l.objects.len())*nameCost
}

func dayOf(at int64) int32 {
	const width = int64(day / time.Microsecond)
	d := at / width
	if at%width < 0 {
		d--
	}
	return int32(d) //nolint:gosec // the years 1 to 9999
}

// Add takes one trace. As with [Engine.Add], a trace that is none is refused
// with an error. One that is older than what is held is counted and left out.
func (l *Live) Add(t Trace) error {
	switch {
	case t.Account == "":
		return errors.New("coordination: a trace has no account")
	case t.Object == "":
		return errors.New("coordination: a trace has no object")
	case int(t.Behaviour) >= NumBehaviours:
		return fmt.Errorf("coordination: a trace has the unknown behaviour %d", t.Behaviour)
	case t.Time.Before(minTime) || t.Time.After(maxTime):
		return fmt.Errorf("coordination: a trace has the time %v: want the years 1 to 9999", t.Time)
	}
	at := t.Time.UnixMicro()
	if at < l.cut {
		l.stats.Late++
		return nil
	}
	account := l.accounts.at(0, t.Account)
	l.accounts.get(account).last = max(l.accounts.get(account).last, at)
	object := l.objects.at(byte(t.Behaviour), t.Object)
	o := l.objects.get(object)
	o.kind, o.last, l.last = t.Behaviour, max(o.last, at), max(l.last, at)
	if o.hot > 0 {
		o.hot++
		l.kinds[o.kind]++
		l.stats.Hot++
		return nil
	}
	l.insert(object, o, liveRow{time: at, post: t.Post, account: account})
	if int64(len(o.rows)) > int64(l.cfg.Ceiling) && l.cfg.Ceiling > 0 {
		n := int64(len(o.rows))
		l.retract(object, o)
		o.hot, o.rows = n, nil
		l.kinds[o.kind] += n
		l.stats.Hot += n
	}
	if l.cfg.Budget > 0 && l.bytes() > l.cfg.Budget {
		l.shed()
	}
	return nil
}

// insert puts a row among its object's and pairs it.
func (l *Live) insert(object uint32, o *liveObject, r liveRow) {
	i, equal := slices.BinarySearchFunc(o.rows, r, compareLive)
	if equal {
		l.stats.Duplicates++
		return
	}
	today := dayOf(r.time)
	fresh := true // the account's first on this object today
	for k := i - 1; k >= 0 && fresh && dayOf(o.rows[k].time) == today; k-- {
		fresh = o.rows[k].account != r.account
	}
	for k := i; k < len(o.rows) && fresh && dayOf(o.rows[k].time) == today; k++ {
		fresh = o.rows[k].account != r.account
	}
	l.active(r.account, today, o.kind, 1, fresh)
	for k := i - 1; k >= 0 && o.rows[k].time >= r.time-l.window; k-- {
		l.pair(object, o, &o.rows[k], &r)
	}
	for k := i; k < len(o.rows) && o.rows[k].time <= r.time+l.window; k++ {
		l.pair(object, o, &r, &o.rows[k])
	}
	o.rows = slices.Insert(o.rows, i, r)
	l.accounts.get(r.account).rows++
	l.kinds[o.kind]++
	l.rows++
}

func compareLive(a, b liveRow) int {
	return byTime(row{time: a.time, account: a.account, post: a.post}, row{time: b.time, account: b.account, post: b.post})
}

// active counts traces of an account on a day, and an object where it is the
// first there; by −1 takes them back.
func (l *Live) active(account uint32, today int32, kind Behaviour, by int, object bool) {
	a := l.accounts.get(account)
	i := slices.IndexFunc(a.days, func(d accountDay) bool { return d.day == today && d.kind == kind })
	if i < 0 {
		i = len(a.days)
		a.days = append(a.days, accountDay{day: today, kind: kind})
	}
	bin := l.null(kind, today)
	a.days[i].traces += uint32(by) //nolint:gosec // wraps back
	bin.traces += float64(by)
	if object {
		a.days[i].objects += uint32(by) //nolint:gosec // wraps back
		bin.objects += float64(by)
	}
	if a.days[i].traces == 0 {
		a.days = slices.Delete(a.days, i, i+1)
	}
	if bin.traces == 0 {
		delete(l.nulls[kind].days, today)
	}
}

func (l *Live) null(kind Behaviour, today int32) *nullBin {
	days := l.nulls[kind].days
	if days[today] == nil {
		days[today] = new(nullBin)
	}
	return days[today]
}

// pair adds a pair of rows, a before b.
func (l *Live) pair(object uint32, o *liveObject, a, b *liveRow) {
	if a.account == b.account || a.post == b.post {
		return
	}
	dt, today := b.time-a.time, dayOf(a.time)
	first, last := a.time, b.time
	if a.account > b.account {
		a, b = b, a
	}
	key := cellKey{uint64(a.account)<<32 | uint64(b.account), object}
	place, there := l.cells[key]
	if !there {
		place = l.place()
		l.cells[key] = place
		c := l.cell(place)
		*c = cell{key: key, first: first, last: last, now: meeting{object, moment{a.time, a.post}, moment{b.time, b.post}}}
		p, known := l.pairs[key.pair]
		if known {
			c.next = p.head + 1
			l.cell(p.head).prev = place + 1
		}
		p.head = place
		l.pairs[key.pair] = p
	}
	c := l.cell(place)
	c.first, c.last = min(c.first, first), max(c.last, last)
	m := meeting{object, moment{a.time, a.post}, moment{b.time, b.post}}
	// Among equally close ones the earliest, and of those the first by post,
	// whatever came first.
	if g, h := dt, c.now.gap(); g < h || g == h && (min(m.a.time, m.b.time) < min(c.now.a.time, c.now.b.time) ||
		min(m.a.time, m.b.time) == min(c.now.a.time, c.now.b.time) && (m.a.post < c.now.a.post || m.a.post == c.now.a.post && m.b.post < c.now.b.post)) {
		c.now = m
	}
	c.postsA |= sketch(a.post)
	c.postsB |= sketch(b.post)
	c.coactions++
	c.addGap(dt, gapUnit(l.window))
	if bit := uint64(1) << (uint32(today) % 64); c.days&bit == 0 { //nolint:gosec // days may be negative
		c.days |= bit
		p := l.pairs[key.pair]
		p.meetings++
		l.pairs[key.pair] = p
		l.share(o, today, 1)
	}
}

func (c *cell) addGap(dt, unit int64) {
	if c.coactions <= exactGaps {
		c.gaps[c.coactions-1] = gapMillis(dt)
		return
	}
	if c.more == nil {
		c.more = new(histogram)
		for _, g := range c.gaps {
			c.more[bucket(int64(g)*1000/unit)]++
		}
	}
	c.more[bucket(dt/unit)]++
}

// share counts a pair that co-acted on an object on a day.
func (l *Live) share(o *liveObject, today int32, by int) {
	i := slices.IndexFunc(o.shared, func(d dayCount) bool { return d.day == today })
	if i < 0 {
		i = len(o.shared)
		o.shared = append(o.shared, dayCount{day: today})
	}
	t := &l.null(o.kind, today).shared
	t.count(o.shared[i].n, -1)
	o.shared[i].n += uint32(by) //nolint:gosec // wraps back
	if by > 0 {
		t.add(o.shared[i].n)
	} else {
		t.count(o.shared[i].n, 1)
		l.nulls[o.kind].stale = true
	}
}

func (l *Live) cell(place uint32) *cell { return &l.blocks[place/cellBlock][place%cellBlock] }

func (l *Live) place() uint32 {
	if n := len(l.free); n > 0 {
		place := l.free[n-1]
		l.free = l.free[:n-1]
		return place
	}
	if l.used/cellBlock == uint32(len(l.blocks)) { //nolint:gosec // memory ends first
		l.blocks = append(l.blocks, make([]cell, cellBlock))
	}
	l.used++
	return l.used - 1
}

// retract takes back all that an object's rows gave. The rows stay.
func (l *Live) retract(object uint32, o *liveObject) {
	for i := range o.rows {
		a := &o.rows[i]
		today := dayOf(a.time)
		fresh := true
		for k := i - 1; k >= 0 && fresh && dayOf(o.rows[k].time) == today; k-- {
			fresh = o.rows[k].account != a.account
		}
		l.active(a.account, today, o.kind, -1, fresh)
		l.accounts.get(a.account).rows--
		for k := i + 1; k < len(o.rows) && o.rows[k].time <= a.time+l.window; k++ {
			b := &o.rows[k]
			l.remove(cellKey{uint64(min(a.account, b.account))<<32 | uint64(max(a.account, b.account)), object})
		}
	}
	for _, d := range o.shared {
		if n := l.nulls[o.kind].days[d.day]; n != nil {
			n.shared.count(d.n, -1)
			l.nulls[o.kind].stale = true
		}
	}
	o.shared = nil
	l.kinds[o.kind] -= int64(len(o.rows))
	l.rows -= int64(len(o.rows))
}

// remove takes a cell away, and its pair with the last one.
func (l *Live) remove(key cellKey) {
	place, ok := l.cells[key]
	if !ok {
		return
	}
	c := l.cell(place)
	p := l.pairs[key.pair]
	p.meetings -= uint32(bits.OnesCount64(c.days)) //nolint:gosec // at most 64
	if c.next > 0 {
		l.cell(c.next - 1).prev = c.prev
	}
	switch {
	case c.prev > 0:
		l.cell(c.prev - 1).next = c.next
		l.pairs[key.pair] = p
	case c.next > 0:
		p.head = c.next - 1
		l.pairs[key.pair] = p
	default:
		delete(l.pairs, key.pair)
	}
	*c = cell{}
	l.free = append(l.free, place)
	delete(l.cells, key)
}

// Expire forgets what is older than the horizon before now. It looks at up to
// most objects (all for 0) and goes on from there the next time, so that no call
// takes long; it says whether it came round.
func (l *Live) Expire(now time.Time, most int) bool {
	l.cut = max(l.cut, now.UnixMicro()-l.horizon)
	all := uint32(l.objects.ids()) //nolint:gosec // numbers of objects
	for n := 0; l.expiring < all; l.expiring++ {
		if n++; most > 0 && n > most {
			return false
		}
		l.expire(l.expiring)
	}
	l.expiring = 0
	for id := range l.accounts.ids() {
		if a := l.accounts.get(uint32(id)); l.accounts.has(uint32(id)) && a.rows == 0 && a.last < l.cut { //nolint:gosec // numbers of accounts
			l.accounts.remove(uint32(id)) //nolint:gosec // numbers of accounts
		}
	}
	return true
}

func (l *Live) expire(object uint32) {
	if !l.objects.has(object) {
		return
	}
	o := l.objects.get(object)
	if o.last < l.cut {
		if o.hot > 0 {
			l.kinds[o.kind] -= o.hot
		} else {
			l.retract(object, o)
		}
		l.objects.remove(object)
		return
	}
	if o.hot > 0 || len(o.rows) == 0 || o.rows[0].time >= l.cut {
		return
	}
	kept := slices.Clone(o.rows[l.older(o.rows):])
	l.retract(object, o)
	o.rows = make([]liveRow, 0, len(kept))
	for _, r := range kept {
		l.insert(object, o, r)
	}
}

// older says how many rows lie before the cut.
func (l *Live) older(rows []liveRow) int {
	i, _ := slices.BinarySearchFunc(rows, l.cut, func(r liveRow, cut int64) int {
		if r.time < cut {
			return -1
		}
		return 1
	})
	return i
}

// shed drops the oldest until the memory falls below nine tenths of the budget.
func (l *Live) shed() {
	l.stats.Shed++
	for l.bytes() > l.cfg.Budget/10*9 {
		oldest := l.last
		for id := range l.objects.ids() {
			if o := l.objects.get(uint32(id)); l.objects.has(uint32(id)) { //nolint:gosec // numbers of objects
				if len(o.rows) > 0 {
					oldest = min(oldest, o.rows[0].time)
				} else {
					oldest = min(oldest, o.last)
				}
			}
		}
		before := l.cut
		l.cut = max(l.cut, oldest+(l.last-oldest)/4+1)
		if l.cut == before || l.cut > l.last {
			l.cut = l.last + 1 // everything: a moment that does not fit
		}
		l.expiring = 0
		l.Expire(time.UnixMicro(l.cut+l.horizon), 0)
		if l.rows == 0 {
			return
		}
	}
}

// names gives values by name small numbers, which are used again.
type names[T any] struct {
	index  map[nameKey]uint32
	keys   []nameKey
	values []*T
	free   []uint32
}

type nameKey struct {
	kind byte
	name string
}

func (t *names[T]) at(kind byte, name string) uint32 {
	if id, ok := t.index[nameKey{kind, name}]; ok {
		return id
	}
	if t.index == nil {
		t.index = map[nameKey]uint32{}
	}
	k := nameKey{kind, string(append([]byte(nil), name...))} // not the post's whole text
	var id uint32
	if n := len(t.free); n > 0 {
		id, t.free = t.free[n-1], t.free[:n-1]
		t.keys[id], t.values[id] = k, new(T)
	} else {
		id = uint32(len(t.keys)) //nolint:gosec // memory ends first
		t.keys, t.values = append(t.keys, k), append(t.values, new(T))
	}
	t.index[k] = id
	return id
}

func (t *names[T]) get(id uint32) *T      { return t.values[id] }
func (t *names[T]) has(id uint32) bool    { return t.values[id] != nil }
func (t *names[T]) name(id uint32) string { return t.keys[id].name }
func (t *names[T]) len() int              { return len(t.index) }
func (t *names[T]) ids() int              { return len(t.keys) }

func (t *names[T]) remove(id uint32) {
	delete(t.index, t.keys[id])
	t.keys[id], t.values[id] = nameKey{}, nil
	t.free = append(t.free, id)
}
