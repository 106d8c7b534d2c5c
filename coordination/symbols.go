package coordination

import "github.com/zeebo/xxh3"

// symbols gives strings small numbers, in the order in which they come. It
// takes about 12 bytes a string beside the string itself, where a Go map takes
// 60; names of objects are what fills the memory on large inputs.
type symbols struct {
	slots []uint32 // number + 1, or 0; length is a power of two
	ends  []uint64 // where string i ends in the arena
	arena arena
}

// lookup returns the number of s in the space named by kind, and whether it is new.
func (t *symbols) lookup(kind byte, s string) (id uint32, fresh bool) {
	if len(t.ends)*4 >= len(t.slots)*3 {
		t.grow()
	}
	mask := uint64(len(t.slots) - 1)
	for i := xxh3.HashStringSeed(s, uint64(kind)) & mask; ; i = (i + 1) & mask {
		n := t.slots[i]
		if n == 0 {
			id = uint32(len(t.ends)) //nolint:gosec // Engine.Add refuses more
			t.slots[i] = id + 1
			t.arena.append(kind, s)
			t.ends = append(t.ends, t.arena.size)
			return id, true
		}
		if k, v := t.get(n - 1); k == kind && v == s {
			return n - 1, false
		}
	}
}

// get returns a string by its number. It is valid as long as the table.
func (t *symbols) get(id uint32) (kind byte, s string) {
	var from uint64
	if id > 0 {
		from = t.ends[id-1]
	}
	b := t.arena.slice(from, t.ends[id])
	return b[0], b[1:]
}

// name returns a string by its number.
func (t *symbols) name(id uint32) string { _, s := t.get(id); return s }

func (t *symbols) len() int { return len(t.ends) }

func (t *symbols) grow() {
	t.slots = make([]uint32, max(1024, 2*len(t.slots)))
	mask := uint64(len(t.slots) - 1)
	for id := range t.ends {
		kind, s := t.get(uint32(id)) //nolint:gosec // as in lookup
		i := xxh3.HashStringSeed(s, uint64(kind)) & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint32(id) + 1 //nolint:gosec // as in lookup
	}
}
