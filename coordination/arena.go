package coordination

import "unsafe"

// arena holds bytes in blocks that never move, so that strings may point into
// them. An item never spans two blocks: where one does not fit, the rest of
// the block stays empty and the item's range starts there all the same.
type arena struct {
	blocks []block
	size   uint64 // of all items together, the gaps not counted
}

type block struct {
	start uint64 // offset of the first byte
	data  []byte
}

const arenaBlock = 1 << 20

func (a *arena) append(kind byte, s string) {
	n := len(s) + 1
	last := len(a.blocks) - 1
	if last < 0 || cap(a.blocks[last].data)-len(a.blocks[last].data) < n {
		size := arenaBlock
		if last < 0 {
			size = arenaBlock / 16
		}
		a.blocks = append(a.blocks, block{start: a.size, data: make([]byte, 0, max(size, n))})
		last++
	}
	b := &a.blocks[last]
	b.data = append(b.data, kind)
	b.data = append(b.data, s...)
	a.size += uint64(n) //nolint:gosec // n > 0
}

func (a *arena) slice(from, to uint64) string {
	lo, hi := 0, len(a.blocks) // the last block that starts at or before from
	for hi-lo > 1 {
		mid := int(uint(lo+hi) >> 1) //nolint:gosec // no overflow
		if a.blocks[mid].start <= from {
			lo = mid
		} else {
			hi = mid
		}
	}
	b := a.blocks[lo]
	p := b.data[from-b.start : to-b.start]
	return unsafe.String(&p[0], len(p))
}
