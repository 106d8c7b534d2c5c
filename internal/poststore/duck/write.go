package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/akashi-project/akashi/internal/query"
)

// write writes the rows of a batch.
func (t *batch) write(ctx context.Context, news, edits []*state, cursor []byte) error {
	for _, step := range []func() error{
		func() error { return t.writeNames() },
		func() error { return t.writeAccounts(ctx) },
		func() error { return t.writePosts(news) },
		func() error { return t.writeEdits(ctx, edits) },
		func() error { return t.writeVersions(news, edits) },
		func() error { return t.writeItems(news, edits) },
		func() error { return t.writePending(ctx) },
		func() error { return t.writeSource(ctx, cursor) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (t *batch) writeNames() error {
	s := t.s
	fresh := false
	for k, had := range t.had {
		fresh = fresh || s.names.count(k) > had
	}
	if !fresh {
		return nil
	}
	return s.rows("", "name", func(add func(...driver.Value) error) error {
		for k, had := range t.had {
			for n := had; n < s.names.count(k); n++ {
				if err := add(uint8(k), int32(n), s.names.text(k, int64(n))); err != nil { //nolint:gosec // names are few
					return err
				}
			}
		}
		return nil
	})
}

func (t *batch) writeAccounts(ctx context.Context) error {
	s := t.s
	if len(t.fresh) > 0 {
		err := s.rows("", "account", func(add func(...driver.Value) error) error {
			for _, a := range t.fresh {
				alias := s.o.Alias(a.platform, a.id)
				if err := add(int32(a.no), a.hash, a.platform, a.id, a.handleText, a.nameText, a.named, //nolint:gosec // fewer than posts
					clean(alias), clean(query.Canonical(query.Account, alias))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	var all []*accountChange
	for _, a := range t.changes {
		if !a.fresh && (a.keep || a.setHandle || a.setName) {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b *accountChange) int { return int(a.no - b.no) })
	// DuckDB plans a statement anew for each execution; many at once are one.
	for part := range slices.Chunk(all, 500) {
		var b strings.Builder
		var args []any
		b.WriteString("UPDATE account SET named = c.named, handle = CASE WHEN c.h THEN c.handle ELSE account.handle END," +
			" name = CASE WHEN c.n THEN c.name ELSE account.name END FROM (VALUES ")
		for i, a := range part {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString("(?::INTEGER,?::BIGINT,?::BOOLEAN,?::VARCHAR,?::BOOLEAN,?::VARCHAR)")
			args = append(args, a.no, a.named, a.setHandle, a.handleText, a.setName, a.nameText)
		}
		b.WriteString(") c(no, named, h, handle, n, name) WHERE account.no = c.no")
		if _, err := s.w.ExecContext(ctx, b.String(), args...); err != nil {
			return fmt.Errorf("changing accounts: %w", err)
		}
	}
	return nil
}

// rawRun is how many raw records are packed together.
const rawRun = 256

// rawPack is a run of raw records, packed.
type rawPack struct {
	first int64
	data  []byte
}

// packRaw packs the raw records of new posts. A run lies within one batch.
func (t *batch) packRaw(news []*state) {
	t.packed = make([]rawPack, (len(news)+rawRun-1)/rawRun)
	parallel(len(t.packed), 1, func(i int) {
		run := news[i*rawRun : min((i+1)*rawRun, len(news))]
		raws := make([][]byte, len(run))
		for j, st := range run {
			if st.deleted == 0 {
				raws[j] = st.added[0].Raw
			}
		}
		t.packed[i] = rawPack{run[0].seq, t.s.zip.EncodeAll(joinRaw(raws), nil)}
	})
}

func (t *batch) writeRaw() error {
	if len(t.packed) == 0 {
		return nil
	}
	return t.s.rows("", "raw", func(add func(...driver.Value) error) error {
		for _, p := range t.packed {
			if err := add(p.first, p.data); err != nil {
				return err
			}
		}
		return nil
	})
}

// joinRaw puts records together, each with its length plus one, 0 for none.
func joinRaw(raws [][]byte) []byte {
	size := 0
	for _, r := range raws {
		size += len(r) + 4
	}
	b := make([]byte, 0, size)
	for _, r := range raws {
		b = append(appendCount(b, len(r), r == nil), r...)
	}
	return b
}

// splitRaw takes apart what joinRaw put together.
func splitRaw(b []byte) ([][]byte, error) {
	var out [][]byte
	for len(b) > 0 {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size)+1 {
			return nil, errBody
		}
		b = b[size:]
		if n == 0 {
			out = append(out, nil)
			continue
		}
		out = append(out, b[:n-1:n-1])
		b = b[n-1:]
	}
	return out, nil
}

func (t *batch) writePosts(news []*state) error {
	if len(news) == 0 {
		return nil
	}
	return t.s.rows("", "post", func(add func(...driver.Value) error) error {
		for _, st := range news {
			f := &st.row
			if err := add(st.seq, st.key, st.identity, f.content, st.time, f.seen, st.deleted,
				int32(f.platform), int32(f.lang), int32(f.source), int32(f.channel), int32(st.account.no), //nolint:gosec // names and accounts are fewer
				f.typ, f.flags, int32(st.versions), f.raw, f.folded, f.body); err != nil { //nolint:gosec // so are versions
				return err
			}
		}
		return nil
	})
}

// writeEdits changes rows in place and empties those of deleted posts together
// with their versions and raw records.
func (t *batch) writeEdits(ctx context.Context, edits []*state) error {
	if len(edits) == 0 {
		return nil
	}
	s := t.s
	if err := s.rows("temp", "edit", func(add func(...driver.Value) error) error {
		for _, st := range edits {
			f := &st.row
			if err := add(st.seq, f.content, f.seen, st.deleted, int32(f.lang), int32(f.channel), f.typ, f.flags, //nolint:gosec // names are few
				int32(st.versions), f.folded, f.body); err != nil { //nolint:gosec // versions are few
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	gone := false
	for _, st := range edits {
		gone = gone || st.deleted != 0
	}
	span := fmt.Sprintf("BETWEEN %d AND %d", edits[0].seq, edits[len(edits)-1].seq)
	steps := []string{
		// The first edit of a post makes its first version one of several.
		`INSERT INTO version SELECT p.seq, 1, p.content, p.seen, p.folded, p.body, ''::BLOB
			FROM post p JOIN edit e USING (seq) WHERE p.versions = 1 AND e.deleted = 0 AND p.seq ` + span,
		`UPDATE post SET content = e.content, seen = e.seen, deleted = e.deleted, lang = e.lang, channel = e.channel,
			type = e.type, flags = e.flags, versions = e.versions, folded = e.folded, body = e.body
			FROM edit e WHERE post.seq = e.seq AND post.seq ` + span,
		"DELETE FROM item WHERE seq IN (SELECT seq FROM edit) AND seq " + span,
	}
	if gone {
		s.emptied = true
		steps = append(steps, `UPDATE version SET folded = '', body = ''::BLOB, raw = ''::BLOB, content = 0
			WHERE seq IN (SELECT seq FROM edit WHERE deleted <> 0)`)
	}
	for _, step := range append(steps, "DELETE FROM edit") {
		if _, err := s.w.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("changing posts: %w", err)
		}
	}
	return t.emptyRaw(ctx, edits)
}

// emptyRaw packs anew the raw records that deleted posts were among.
func (t *batch) emptyRaw(ctx context.Context, edits []*state) error {
	s := t.s
	gone := make(map[int64][]int64) // by run
	for _, st := range edits {
		if st.deleted != 0 {
			gone[st.was.raw] = append(gone[st.was.raw], st.seq)
		}
	}
	for first, seqs := range gone {
		raws, err := s.rawRun(ctx, s.w, first)
		if err != nil {
			return err
		}
		for _, seq := range seqs {
			if i := seq - first; i < int64(len(raws)) {
				raws[i] = nil
			}
		}
		if _, err := s.w.ExecContext(ctx, "UPDATE raw SET data = ? WHERE first = ?", s.zip.EncodeAll(joinRaw(raws), nil), first); err != nil {
			return fmt.Errorf("emptying raw records: %w", err)
		}
	}
	return nil
}

// rawRun reads a run of raw records.
func (s *Store) rawRun(ctx context.Context, c *sql.Conn, first int64) ([][]byte, error) {
	var raws [][]byte
	err := each(ctx, c, "SELECT data FROM raw WHERE first = "+strconv.FormatInt(first, 10), nil, func(r row) error {
		var err error
		raws, err = s.decodeRaw(r.bytes(0))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading raw records: %w", err)
	}
	return raws, nil
}

func (s *Store) decodeRaw(data []byte) ([][]byte, error) {
	b, err := s.unzip.DecodeAll(data, nil)
	if err != nil {
		return nil, err
	}
	return splitRaw(b)
}

// writeVersions writes the versions that the batch brought of posts that now
// have several.
func (t *batch) writeVersions(news, edits []*state) error {
	several := func(st *state) bool { return st.versions > 1 && st.deleted == 0 && len(st.added) > 0 }
	if !slices.ContainsFunc(news, several) && !slices.ContainsFunc(edits, several) {
		return nil
	}
	return t.s.rows("", "version", func(add func(...driver.Value) error) error {
		for _, st := range slices.Concat(news, edits) {
			if !several(st) {
				continue
			}
			for i, in := range st.added {
				no := st.versions - len(st.added) + i + 1
				raw := []byte{}
				if no > 1 { // the first one's is packed with others
					raw = joinRaw([][]byte{in.Raw})
				}
				folded := query.Fold(in.Text)
				if err := add(st.seq, int32(no), t.s.content(&in.Post), t.seen, folded, //nolint:gosec // versions are few
					appendBody(nil, &in.Post, folded), raw); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (t *batch) writeItems(news, edits []*state) error {
	return t.s.rows("", "item", func(add func(...driver.Value) error) error {
		for _, all := range [][]*state{news, edits} {
			for _, st := range all {
				for _, it := range st.row.items {
					if err := add(st.seq, st.time, uint8(it.kind), it.hash); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

func (t *batch) writePending(ctx context.Context) error {
	for _, k := range t.arrived {
		if _, err := t.s.w.ExecContext(ctx, "DELETE FROM pending WHERE key = "+strconv.FormatUint(k, 10)); err != nil {
			return fmt.Errorf("taking a deletion: %w", err)
		}
	}
	if len(t.pending) == 0 {
		return nil
	}
	return t.s.rows("", "pending", func(add func(...driver.Value) error) error {
		for _, d := range t.pending {
			if err := add(d.key, d.platform, d.id, d.time); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *batch) writeSource(ctx context.Context, cursor []byte) error {
	has := cursor != nil
	if !has {
		cursor = []byte{}
	}
	res, err := t.s.w.ExecContext(ctx, `UPDATE source SET seen = greatest(seen, ?::BIGINT),
		cursor = CASE WHEN ? THEN ?::BLOB ELSE cursor END, has_cursor = has_cursor OR ? WHERE name = ?`,
		t.seen, has, cursor, has, t.source)
	if err == nil {
		var n int64
		if n, err = res.RowsAffected(); err == nil && n == 0 {
			_, err = t.s.w.ExecContext(ctx, "INSERT INTO source VALUES (?, ?, ?::BLOB, ?)", t.source, t.seen, cursor, has)
		}
	}
	if err != nil {
		return fmt.Errorf("writing the source: %w", err)
	}
	return nil
}

// writeBlocks writes the blocks that the batch filled.
func (t *batch) writeBlocks(blocks []block, news []*state) error {
	s := t.s
	from, to := s.next>>blockBits, (s.next+int64(len(news)))>>blockBits
	if from == to {
		return nil
	}
	return s.rows("", "block", func(add func(...driver.Value) error) error {
		for no := from; no < to; no++ {
			keys := make([]byte, 0, 8*blockRows)
			for seq := no << blockBits; seq < (no+1)<<blockBits; seq++ {
				var k uint64
				if seq < s.next {
					k = s.tail[seq&(blockRows-1)]
				} else {
					k = news[seq-s.next].key
				}
				keys = binary.LittleEndian.AppendUint64(keys, k)
			}
			b := &blocks[no]
			if err := add(int32(no), b.first, b.last, keys, b.sig.bytes()); err != nil { //nolint:gosec // fewer than posts
				return err
			}
		}
		return nil
	})
}
