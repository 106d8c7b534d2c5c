package coordination

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// row is a trace as the engine keeps it.
type row struct {
	object, account uint32
	time            int64 // µs since 1970
	post            PostKey
}

const (
	rowBytes   = 24
	partitions = 64 // rows lie in partition object % partitions
	chunkRows  = 1024
)

// rows holds all traces by partition: the newest in memory, the rest in files.
type rows struct {
	dir     string
	budget  int64
	held    int64 // bytes in memory
	spilled int64 // bytes in files
	parts   [partitions]partition
	free    [][]row
	buf     []byte
}

type partition struct {
	chunks [][]row
	n      int64
	file   *os.File
	inFile int64 // rows in file
}

func (s *rows) add(r row) error {
	p := &s.parts[r.object%partitions]
	last := len(p.chunks) - 1
	if last < 0 || len(p.chunks[last]) == cap(p.chunks[last]) {
		if s.held+chunkRows*rowBytes > s.budget {
			if err := s.spill(); err != nil {
				return err
			}
		}
		p.chunks = append(p.chunks, s.chunk(last < 0 && p.n == 0))
		last = len(p.chunks) - 1
	}
	p.chunks[last] = append(p.chunks[last], r)
	p.n++
	return nil
}

// chunk gives an empty chunk; the first of a partition is small, since most
// inputs are.
func (s *rows) chunk(first bool) []row {
	if n := len(s.free); n > 0 {
		c := s.free[n-1]
		s.free = s.free[:n-1]
		s.held += int64(cap(c)) * rowBytes
		return c[:0]
	}
	n := chunkRows
	if first {
		n = chunkRows / 16
	}
	s.held += int64(n) * rowBytes
	return make([]row, 0, n)
}

// spill writes everything in memory to the partitions' files.
func (s *rows) spill() error {
	for i := range s.parts {
		p := &s.parts[i]
		if len(p.chunks) == 0 {
			continue
		}
		if p.file == nil {
			f, err := os.CreateTemp(s.dir, "akashi-traces-*")
			if err != nil {
				return fmt.Errorf("making a file for traces beyond the memory budget: %w", err)
			}
			p.file = f
			// Nameless from the start: the system takes the space back
			// even when the program is killed. Where that does not work,
			// close removes it.
			_ = os.Remove(f.Name())
		}
		for _, c := range p.chunks {
			s.buf = encodeRows(s.buf[:0], c)
			if _, err := p.file.Write(s.buf); err != nil {
				return fmt.Errorf("writing traces beyond the memory budget to %s (free space, or name another folder): %w", s.dir, err)
			}
			p.inFile += int64(len(c))
			s.spilled += int64(len(s.buf))
			if cap(c) == chunkRows {
				s.free = append(s.free, c)
			}
		}
		p.chunks = nil
	}
	s.held = 0
	return nil
}

func (s *rows) close() error {
	var first error
	for i := range s.parts {
		if f := s.parts[i].file; f != nil {
			if err := f.Close(); err != nil && first == nil {
				first = fmt.Errorf("closing a file of traces: %w", err)
			}
			_ = os.Remove(f.Name())
			s.parts[i].file = nil
		}
		s.parts[i].chunks = nil
	}
	s.free = nil
	return first
}

func encodeRows(dst []byte, rs []row) []byte {
	for _, r := range rs {
		dst = binary.LittleEndian.AppendUint32(dst, r.object)
		dst = binary.LittleEndian.AppendUint32(dst, r.account)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(r.time)) //nolint:gosec // bits
		dst = binary.LittleEndian.AppendUint64(dst, uint64(r.post))
	}
	return dst
}

func decodeRow(b []byte) row {
	_ = b[rowBytes-1]
	return row{
		object:  binary.LittleEndian.Uint32(b),
		account: binary.LittleEndian.Uint32(b[4:]),
		time:    int64(binary.LittleEndian.Uint64(b[8:])), //nolint:gosec // bits
		post:    PostKey(binary.LittleEndian.Uint64(b[16:])),
	}
}

// each gives every row of a partition, in the order of arrival.
func (p *partition) each(f func(row)) error {
	if p.inFile > 0 {
		b := make([]byte, min(p.inFile, chunkRows*16)*rowBytes)
		for at := int64(0); at < p.inFile*rowBytes; {
			n := min(int64(len(b)), p.inFile*rowBytes-at)
			if _, err := p.file.ReadAt(b[:n], at); err != nil && err != io.EOF { //nolint:errorlint // ReadAt's contract
				return fmt.Errorf("reading traces back: %w", err)
			}
			for i := int64(0); i < n; i += rowBytes {
				f(decodeRow(b[i:]))
			}
			at += n
		}
	}
	for _, c := range p.chunks {
		for _, r := range c {
			f(r)
		}
	}
	return nil
}

// sweepable is a partition made ready: rows by object, each object's by time,
// then account, then post. Objects that cannot matter are not in it.
type sweepable struct {
	rows     []row
	starts   []int    // where each object's rows start, and the end of the last
	accounts []uint32 // how many accounts each object has
	slots    []int    // where each object's slots start: one for each bin of time it has rows in
	bins     []uint32 // by slot: the bin
	shared   []uint32 // by slot: pairs of accounts that co-acted then; workers add atomically
	all      int64    // rows of the partition before anything was left out
	stamps   []uint32 // by account: the last object it was seen on, plus one
}

// prepare loads and sorts a partition. Rows for which keep is false are left
// out. Equal rows are kept only where duplicates is set; those dropped are
// counted.
func (e *Engine) prepare(p int, into *sweepable) (dropped int64, err error) {
	part := &e.rows.parts[p]
	objects := (e.objects.len() - p + partitions - 1) / partitions
	starts := slices.Grow(into.starts[:0], objects+1)[:objects+1]
	clear(starts)
	for i := range objects {
		o := i*partitions + p
		if !e.hot(uint32(o)) { //nolint:gosec // an object's number
			starts[i+1] = int(e.perObject[o])
		}
	}
	for i := range objects {
		starts[i+1] += starts[i]
	}
	n := starts[objects]
	rs := slices.Grow(into.rows[:0], n)[:n]
	next := make([]int, objects)
	copy(next, starts)
	into.all = part.n
	err = part.each(func(r row) {
		if e.hot(r.object) || !e.takesPart(r.account) {
			return
		}
		i := int(r.object / partitions)
		rs[next[i]] = r
		next[i]++
	})
	if err != nil {
		return 0, err
	}
	// Sort each object's rows; drop duplicates and objects without a pair,
	// closing the gaps.
	if len(into.stamps) < e.accounts.len() {
		into.stamps = make([]uint32, e.accounts.len())
	} else {
		clear(into.stamps)
	}
	into.accounts, into.slots, into.bins = into.accounts[:0], into.slots[:0], into.bins[:0]
	w, out := 0, starts[:0]
	for i := range objects {
		group := rs[starts[i]:next[i]]
		slices.SortFunc(group, byTime)
		if !e.duplicates {
			short := slices.Compact(group)
			dropped += int64(len(group) - len(short))
			group = short
		}
		if len(group) == 0 {
			continue
		}
		var accounts uint32
		into.slots = append(into.slots, len(into.bins))
		for k, r := range group {
			if into.stamps[r.account] != r.object+1 {
				into.stamps[r.account] = r.object + 1
				accounts++
			}
			if bin := e.bin(r.time); k == 0 || into.bins[len(into.bins)-1] != bin {
				into.bins = append(into.bins, bin)
			}
		}
		into.accounts = append(into.accounts, accounts)
		out = append(out, w) // len(out) ≤ i: the starts still to be read lie behind
		w += copy(rs[w:], group)
	}
	into.slots = append(into.slots, len(into.bins))
	into.shared = slices.Grow(into.shared[:0], len(into.bins))[:len(into.bins)]
	clear(into.shared)
	into.rows, into.starts = rs[:w], append(out, w)
	return dropped, nil
}

func byTime(a, b row) int {
	switch {
	case a.time != b.time:
		if a.time < b.time {
			return -1
		}
		return 1
	case a.account != b.account:
		if a.account < b.account {
			return -1
		}
		return 1
	case a.post != b.post:
		if a.post < b.post {
			return -1
		}
		return 1
	}
	return 0
}

// eachPartition prepares the partitions on all cores and hands them to f
// one after the other.
func (e *Engine) eachPartition(ctx context.Context, f func(*sweepable) error) error {
	if e.kept != nil {
		for _, s := range e.kept {
			if err := f(s); err != nil {
				return err
			}
		}
		return nil
	}
	// What is in memory anyway is prepared once, for all passes.
	keep := e.rows.spilled == 0
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type ready struct {
		s       *sweepable
		dropped int64
		err     error
	}
	ahead := min(e.cfg.Workers, 4)
	results := make([]chan ready, partitions)
	for i := range results {
		results[i] = make(chan ready, 1)
	}
	pool := sync.Pool{New: func() any { return new(sweepable) }}
	tickets := make(chan struct{}, ahead)
	var next = make(chan int)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(next)
		for p := range partitions {
			select {
			case tickets <- struct{}{}:
			case <-ctx.Done():
				return
			}
			next <- p
		}
	})
	for range ahead {
		wg.Go(func() {
			for p := range next {
				s, _ := pool.Get().(*sweepable) // New makes nothing else
				dropped, err := e.prepare(p, s)
				results[p] <- ready{s, dropped, err}
			}
		})
	}
	defer wg.Wait()
	defer cancel()
	var all []*sweepable
	e.dropped = 0
	for p := range partitions {
		var r ready
		select {
		case r = <-results[p]:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if r.err != nil {
			return r.err
		}
		e.dropped += r.dropped
		if err := f(r.s); err != nil {
			return err
		}
		if keep {
			all = append(all, r.s)
		} else {
			pool.Put(r.s)
		}
		<-tickets
	}
	if keep {
		e.kept = all
		return e.rows.close() // the prepared rows stand for them
	}
	return nil
}
