package duck

import "math"

// keyTable finds the seq of a post by its key: a hash table with open
// addressing. Keys are hashes already.
type keyTable struct {
	keys []uint64
	seqs []uint32 // seq+1; 0 is an empty place
	n    int
}

// maxPosts is how many posts a store holds.
const maxPosts = math.MaxUint32 - 1

func newKeyTable(room int) *keyTable {
	size := 1 << 12
	for size*3/4 < room {
		size *= 2
	}
	return &keyTable{keys: make([]uint64, size), seqs: make([]uint32, size)}
}

// find gives the seq of a key, -1 where it is not there.
func (t *keyTable) find(key uint64) int64 {
	mask := uint64(len(t.keys) - 1)
	for i := key & mask; t.seqs[i] != 0; i = (i + 1) & mask {
		if t.keys[i] == key {
			return int64(t.seqs[i]) - 1
		}
	}
	return -1
}

// put adds a key that is not there.
func (t *keyTable) put(key uint64, seq int64) {
	if t.n >= len(t.keys)*3/4 {
		bigger := newKeyTable(len(t.keys))
		for i, s := range t.seqs {
			if s != 0 {
				bigger.put(t.keys[i], int64(s)-1)
			}
		}
		*t = *bigger
	}
	mask := uint64(len(t.keys) - 1)
	i := key & mask
	for t.seqs[i] != 0 {
		i = (i + 1) & mask
	}
	t.keys[i], t.seqs[i] = key, uint32(seq)+1 //nolint:gosec // seq < maxPosts
	t.n++
}
