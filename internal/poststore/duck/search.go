package duck

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/akashi-project/akashi/internal/poststore"
)

// deletedAt gives the time of a deletion, the zero time where there is none.
func deletedAt(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return at(micros)
}

// hit is a post that was found.
type hit struct {
	time int64
	key  uint64
	seq  int64
}

// newer orders hits, newest first.
func newer(a, b hit) int { return cmp.Or(cmp.Compare(b.time, a.time), cmp.Compare(b.key, a.key)) }

// Search gives up to n posts, newest first. It goes through the blocks that may
// have such posts, those with the latest posts first, in steps that grow, and
// ends once no other block can have a later post than those found.
func (s *Store) Search(ctx context.Context, q poststore.Query, after poststore.Position, n int) ([]poststore.Post, error) {
	var out []poststore.Post
	if n <= 0 {
		return nil, ctx.Err()
	}
	err := s.read(ctx, func(v *snapshot) error {
		c, err := s.compile(ctx, v.c, q)
		if err != nil {
			return err
		}
		hits, err := v.search(ctx, c, after, n)
		if err != nil {
			return err
		}
		seqs := make([]int64, len(hits))
		for i, h := range hits {
			seqs[i] = h.seq
		}
		out, err = v.posts(ctx, seqs)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("searching: %w", err)
	}
	return out, nil
}

func (v *snapshot) search(ctx context.Context, c *condition, after poststore.Position, n int) ([]hit, error) {
	var limit *hit
	if after != (poststore.Position{}) {
		limit = &hit{time: after.Time.UnixMicro(), key: uint64(after.Key)}
		c.where = fmt.Sprintf("time <= %d AND (time < %d OR key < %d) AND %s", limit.time, limit.time, limit.key, c.where)
	}
	var candidates []int
	for i := range v.blocks {
		b := &v.blocks[i]
		if (limit == nil || b.first <= limit.time) && c.holds(b) {
			candidates = append(candidates, i)
		}
	}
	// Stable, so that neighbours stay neighbours and are read in one run.
	slices.SortStableFunc(candidates, func(a, b int) int { return cmp.Compare(v.blocks[b].last, v.blocks[a].last) })
	var hits []hit
	for step := 4; len(candidates) > 0; step = min(step*2, 1024) {
		if len(hits) == n && hits[n-1].time > v.blocks[candidates[0]].last {
			break
		}
		take := min(step, len(candidates))
		found, err := v.newest(ctx, c, candidates[:take], hits, n)
		if err != nil {
			return nil, err
		}
		candidates = candidates[take:]
		hits = append(hits, found...)
		slices.SortFunc(hits, newer)
		hits = hits[:min(n, len(hits))]
	}
	return hits, nil
}

// newest gives the n newest posts of some blocks that are newer than those found
// before, if those are n.
func (v *snapshot) newest(ctx context.Context, c *condition, blocks []int, before []hit, n int) ([]hit, error) {
	blocks = slices.Sorted(slices.Values(blocks))
	var runs []span
	for _, b := range blocks {
		first := int64(b) << blockBits
		last := min(first+blockRows, v.next) - 1
		if k := len(runs); k > 0 && runs[k-1].to == first-1 {
			runs[k-1].to = last
			continue
		}
		if last >= first {
			runs = append(runs, span{first, last})
		}
	}
	bounded := *c
	if len(before) == n {
		bounded.where = fmt.Sprintf("time >= %d AND %s", before[n-1].time, c.where)
	}
	// Runs are not joined: blocks between them were read before or cannot have
	// such posts, and a post must not be found twice.
	var out []hit
	for part := range slices.Chunk(runs, manyRuns) {
		err := each(ctx, v.c, bounded.statement(
			"SELECT time, key, seq FROM %s ORDER BY time DESC, key DESC LIMIT "+strconv.Itoa(n), "time, key, seq", part), c.args, func(r row) error {
			out = append(out, hit{r.int(0), r.uint(1), r.int(2)})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Get gives the newest versions of posts, in the order of the keys.
func (s *Store) Get(ctx context.Context, keys []poststore.Key) ([]poststore.Post, error) {
	var out []poststore.Post
	err := s.read(ctx, func(v *snapshot) (err error) {
		out, err = v.posts(ctx, v.find(keys))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("getting posts: %w", err)
	}
	return out, nil
}

// find gives the seqs of keys, -1 for those that are not there.
func (v *snapshot) find(keys []poststore.Key) []int64 {
	v.s.mu.RLock()
	defer v.s.mu.RUnlock()
	seqs := make([]int64, len(keys))
	for i, k := range keys {
		if seqs[i] = v.s.keys.find(uint64(k)); seqs[i] >= v.next {
			seqs[i] = -1
		}
	}
	return seqs
}

// Versions gives all versions of a post, the first first, with Raw.
func (s *Store) Versions(ctx context.Context, key poststore.Key) ([]poststore.Post, error) {
	var out []poststore.Post
	err := s.read(ctx, func(v *snapshot) error {
		seq := v.find([]poststore.Key{key})[0]
		if seq < 0 {
			return poststore.ErrNotFound
		}
		var newest poststore.Post
		run := int64(0)
		err := s.bySeq(ctx, v.c, postColumns, "post", []int64{seq}, func(r row) error {
			run = r.int(7)
			return s.post(r, &newest)
		})
		if err != nil {
			return err
		}
		out = []poststore.Post{newest}
		if !newest.Deleted.IsZero() {
			return nil
		}
		if newest.Versions > 1 {
			if out, err = v.versions(ctx, seq, &newest); err != nil {
				return err
			}
		}
		raws, err := s.rawRun(ctx, v.c, run)
		if err != nil {
			return err
		}
		if i := seq - run; i < int64(len(raws)) {
			out[0].Raw = raws[i]
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the versions of post %d: %w", key, err)
	}
	return out, nil
}

// versions reads the versions of a post that has several.
func (v *snapshot) versions(ctx context.Context, seq int64, newest *poststore.Post) ([]poststore.Post, error) {
	var out []poststore.Post
	err := each(ctx, v.c, "SELECT no, seen, folded, body, raw FROM version WHERE seq = "+number(seq)+" ORDER BY no", nil,
		func(r row) error {
			p := *newest
			if err := body(r.string(3), r.string(2), &p.Post); err != nil {
				return err
			}
			p.Time, p.Seen, p.Version = newest.Time, at(r.int(1)), int(r.int(0))
			raws, err := splitRaw(r.bytes(4))
			if err != nil {
				return err
			}
			if len(raws) > 0 {
				p.Raw = raws[0]
			}
			out = append(out, p)
			return nil
		})
	if err == nil && len(out) != newest.Versions {
		err = errBody
	}
	return out, err
}
