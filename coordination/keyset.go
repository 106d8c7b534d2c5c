package coordination

// keySet is a set of posts: open addressing over the keys themselves, which
// are hashes already. It takes 8 to 16 bytes a post.
type keySet struct {
	slots []PostKey // 0 is empty
	n     int
	zero  bool // whether the key 0 is in the set
}

func (s *keySet) has(k PostKey) bool {
	if k == 0 || len(s.slots) == 0 {
		return k == 0 && s.zero
	}
	mask := uint64(len(s.slots) - 1)
	for i := spread(k) & mask; s.slots[i] != 0; i = (i + 1) & mask {
		if s.slots[i] == k {
			return true
		}
	}
	return false
}

func (s *keySet) add(k PostKey) {
	if k == 0 {
		s.zero = true
		return
	}
	if 4*s.n >= 3*len(s.slots) {
		old := s.slots
		s.slots, s.n = make([]PostKey, max(1024, 2*len(old))), 0
		for _, o := range old {
			if o != 0 {
				s.add(o)
			}
		}
	}
	mask := uint64(len(s.slots) - 1)
	i := spread(k) & mask
	for ; s.slots[i] != 0; i = (i + 1) & mask {
		if s.slots[i] == k {
			return
		}
	}
	s.slots[i] = k
	s.n++
}

// spread makes callers' keys that are small numbers into hashes, too.
func spread(k PostKey) uint64 { return uint64(k) * 0x9E3779B97F4A7C15 >> 20 }
