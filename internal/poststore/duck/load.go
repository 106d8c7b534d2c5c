package duck

import (
	"context"
	"encoding/binary"
	"fmt"
)

// load reads what is held in memory.
func (s *Store) load(ctx context.Context) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"names", s.loadNames}, {"accounts", s.loadAccounts}, {"deletions", s.loadPending},
		{"blocks", s.loadBlocks}, {"the last block", s.loadTail}, {"edited posts", s.loadEdited}, {"counts", s.loadCounts},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("reading %s: %w", step.what, err)
		}
	}
	return nil
}

func (s *Store) loadNames(ctx context.Context) error {
	return each(ctx, s.w, "SELECT kind, no, text FROM name ORDER BY kind, no", nil, func(r row) error {
		k := kind(r.byte(0))
		if s.names.of[k] == nil || s.names.add(k, r.string(2)) != r.int(1) {
			return fmt.Errorf("the names of kind %d have a gap", k)
		}
		return nil
	})
}

func (s *Store) loadAccounts(ctx context.Context) error {
	err := each(ctx, s.w, "SELECT no, hash, named, handle, name FROM account ORDER BY no", nil, func(r row) error {
		if r.int(0) != int64(len(s.accounts.known)) {
			return fmt.Errorf("account %d is missing", len(s.accounts.known))
		}
		s.accounts.number[r.uint(1)] = r.int(0)
		s.accounts.known = append(s.accounts.known, accountState{
			hash: r.uint(1), named: r.int(2), handle: s.hash(0, r.string(3)), name: s.hash(0, r.string(4)),
			folded: s.handleHash(r.string(3)),
		})
		s.accounts.handles.add(s.handleHash(r.string(3)), r.int(0))
		return nil
	})
	if err != nil {
		return err
	}
	return each(ctx, s.w, `SELECT account, count(*), coalesce(max(time) FILTER ((flags & 64) > 0), ?::BIGINT)
		FROM post WHERE deleted = 0 GROUP BY account`, []any{int64(unnamed)}, func(r row) error {
		a := &s.accounts.known[r.int(0)]
		a.posts = r.int(1)
		a.named = max(a.named, r.int(2))
		return nil
	})
}

func (s *Store) loadPending(ctx context.Context) error {
	return each(ctx, s.w, "SELECT key, platform, id, time FROM pending", nil, func(r row) error {
		s.pending[r.uint(0)] = pendingDeletion{r.string(1), r.string(2), r.int(3)}
		return nil
	})
}

func (s *Store) loadBlocks(ctx context.Context) error {
	var posts int
	if err := s.w.QueryRowContext(ctx, "SELECT count(*) FROM post").Scan(&posts); err != nil {
		return err
	}
	s.keys = newKeyTable(posts)
	return each(ctx, s.w, "SELECT no, first, last, keys, signature FROM block ORDER BY no", nil, func(r row) error {
		b := block{first: r.int(1), last: r.int(2), sig: new(signature)}
		keys := r.bytes(3)
		if r.int(0) != int64(len(s.blocks)) || len(keys) != 8*blockRows || !b.sig.load(r.bytes(4)) {
			return fmt.Errorf("block %d is damaged", len(s.blocks))
		}
		for i := range blockRows {
			s.keys.put(binary.LittleEndian.Uint64(keys[8*i:]), s.next)
			s.next++
		}
		s.blocks = append(s.blocks, b)
		return nil
	})
}

// loadTail makes the block that is not full from its posts.
func (s *Store) loadTail(ctx context.Context) error {
	start := s.next
	tail := block{first: never, last: always, sig: new(signature)}
	err := each(ctx, s.w, `SELECT seq, key, time, platform, lang, source, channel, account, type, folded
		FROM post WHERE seq >= ? ORDER BY seq`, []any{start}, func(r row) error {
		if r.int(0) != s.next {
			return fmt.Errorf("post %d is missing", s.next)
		}
		s.keys.put(r.uint(1), s.next)
		s.tail = append(s.tail, r.uint(1))
		s.next++
		tail.first, tail.last = min(tail.first, r.int(2)), max(tail.last, r.int(2))
		tail.sig.addNumbers(r, 3)
		grams(r.string(9), tail.sig.add)
		return nil
	})
	if err != nil || s.next == start {
		return err
	}
	s.blocks = append(s.blocks, tail)
	return each(ctx, s.w, "SELECT hash FROM item WHERE seq >= ?", []any{start}, func(r row) error {
		tail.sig.add(r.uint(0))
		return nil
	})
}

// addNumbers adds the terms of the columns platform, lang, source, channel,
// account and type that stand from column i on.
func (sig *signature) addNumbers(r row, i int) {
	for j, k := range []kind{kindPlatform, kindLang, kindSource, kindChannel, kindAccount, kindType} {
		sig.add(numbered(k, r.int(i+j)))
	}
}

// loadEdited adds to the signatures what posts say since they were edited or
// deleted.
func (s *Store) loadEdited(ctx context.Context) error {
	err := each(ctx, s.w, `SELECT seq, platform, lang, source, channel, account, type, folded
		FROM post WHERE versions > 1 OR deleted <> 0`, nil, func(r row) error {
		sig := s.blocks[r.int(0)>>blockBits].sig
		sig.addNumbers(r, 1)
		grams(r.string(7), sig.add)
		return nil
	})
	if err != nil {
		return err
	}
	return each(ctx, s.w, `SELECT seq, hash FROM item
		WHERE seq IN (SELECT seq FROM post WHERE versions > 1 OR deleted <> 0)`, nil, func(r row) error {
		s.blocks[r.int(0)>>blockBits].sig.add(r.uint(1))
		return nil
	})
}

func (s *Store) loadCounts(ctx context.Context) error {
	if err := s.w.QueryRowContext(ctx, "SELECT count(*) FROM post WHERE deleted <> 0").Scan(&s.deleted); err != nil {
		return err
	}
	return each(ctx, s.w, `SELECT (time - (((time % ?) + ?) % ?)) // ?, platform, lang, source, type, count(*)
		FROM post WHERE deleted = 0 GROUP BY ALL`, []any{int64(hourMicros), int64(hourMicros), int64(hourMicros), int64(hourMicros)},
		func(r row) error {
			s.counts.add(cell{int32(r.int(0)), int32(r.int(1)), int32(r.int(2)), int32(r.int(3)), r.byte(4)}, r.int(5)) //nolint:gosec // columns of these types
			return nil
		})
}
