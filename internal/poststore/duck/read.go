package duck

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/akashi-project/akashi/internal/poststore"
)

// snapshot is a reading of the store as it was at one moment.
type snapshot struct {
	s      *Store
	c      *sql.Conn
	next   int64
	blocks []block
}

// read calls do with the store as it is now. It changes nothing.
func (s *Store) read(ctx context.Context, do func(*snapshot) error) error {
	return s.readWith(ctx, func() {}, do)
}

// readWith is read with a look at what is held in memory at the same moment.
func (s *Store) readWith(ctx context.Context, look func(), do func(*snapshot) error) (err error) {
	c, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	v, err := s.begin(ctx, c, look)
	if err != nil {
		return err
	}
	defer func() {
		// Not with ctx: the connection goes back to the pool.
		_, _ = c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	}()
	return do(v)
}

// begin begins a transaction whose view of the file agrees with what is held in
// memory.
func (s *Store) begin(ctx context.Context, c *sql.Conn, look func()) (*snapshot, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	// DuckDB takes its view of a file at the first use.
	if _, err := c.ExecContext(ctx, "BEGIN TRANSACTION READ ONLY; SELECT value FROM meta LIMIT 1"); err != nil {
		_, _ = c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return nil, fmt.Errorf("beginning to read: %w", err)
	}
	look()
	return &snapshot{s: s, c: c, next: s.next, blocks: s.blocks}, nil
}

// span is a run of seq, both ends included.
type span struct{ from, to int64 }

// manyRuns is how many runs of blocks are asked for one by one; if there are
// more, those with the smallest gaps between them are joined.
const manyRuns = 48

// runs gives the blocks that may have posts of a condition, as runs.
func (v *snapshot) runs(c *condition) []span {
	var out []span
	for i := range v.blocks {
		if !c.holds(&v.blocks[i]) {
			continue
		}
		from := int64(i) << blockBits
		to := min(from+blockRows, v.next) - 1
		if to < from {
			continue
		}
		if n := len(out); n > 0 && out[n-1].to == from-1 {
			out[n-1].to = to
			continue
		}
		out = append(out, span{from, to})
	}
	return joined(out, manyRuns)
}

// joined joins the runs with the smallest gaps until there are at most n.
func joined(runs []span, n int) []span {
	if len(runs) <= n {
		return runs
	}
	gaps := make([]int64, 0, len(runs)-1)
	for i := range runs[1:] {
		gaps = append(gaps, runs[i+1].from-runs[i].to)
	}
	slices.Sort(gaps)
	limit := gaps[len(gaps)-n] // n-1 gaps at most are larger
	out := runs[:1:1]
	for _, r := range runs[1:] {
		if last := &out[len(out)-1]; r.from-last.to <= limit {
			last.to = r.to
			continue
		}
		out = append(out, r)
	}
	return out
}

// statement makes a statement of a body, in which %s stands for the posts of a
// condition in runs of seq, with some of their columns. Each run is a scan of
// its own, which reads nothing else: DuckDB leaves out what a comparison of seq
// excludes.
func (c *condition) statement(body, columns string, runs []span) string {
	if len(runs) == 0 {
		runs = []span{{-1, -1}}
	}
	var b strings.Builder
	for i, h := range c.items {
		b.WriteString([]string{"WITH ", ", "}[min(i, 1)])
		fmt.Fprintf(&b, "item%d AS MATERIALIZED (SELECT seq FROM item WHERE hash = %d AND seq >= %d AND seq <= %d)",
			i, h, runs[0].from, runs[len(runs)-1].to)
	}
	parts := make([]string, len(runs))
	for i, r := range runs {
		parts[i] = fmt.Sprintf("SELECT %s FROM post WHERE seq >= %d AND seq <= %d AND %s", columns, r.from, r.to, c.where)
	}
	fmt.Fprintf(&b, " "+body, "("+strings.Join(parts, " UNION ALL ")+")")
	return b.String()
}

// closeBy is up to which distance rows are read in one scan.
const closeBy = 512

// bySeq calls use for the rows with the seqs, in no order.
func (s *Store) bySeq(ctx context.Context, c *sql.Conn, columns, table string, seqs []int64, use func(row) error) error {
	seqs = slices.Clone(seqs)
	slices.Sort(seqs)
	seqs = slices.Compact(seqs)
	var runs []span
	for _, q := range seqs {
		if n := len(runs); n > 0 && q-runs[n-1].to <= closeBy {
			runs[n-1].to = q
			continue
		}
		runs = append(runs, span{q, q})
	}
	for part := range slices.Chunk(runs, manyRuns) {
		parts := make([]string, len(part))
		for i, r := range part {
			parts[i] = fmt.Sprintf("SELECT %s FROM %s WHERE seq >= %d AND seq <= %d", columns, table, r.from, r.to)
		}
		err := each(ctx, c, strings.Join(parts, " UNION ALL "), nil, func(r row) error {
			if _, wanted := slices.BinarySearch(seqs, r.int(0)); !wanted {
				return nil
			}
			return use(r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// postColumns are the columns that post reads, in this order, after seq.
const postColumns = "seq, key, time, seen, deleted, source, versions, raw, folded, body"

// post makes a post of a row of postColumns.
func (s *Store) post(r row, p *poststore.Post) error {
	if err := body(r.string(9), r.string(8), &p.Post); err != nil {
		return fmt.Errorf("post %d: %w", r.uint(1), err)
	}
	p.Key = poststore.Key(r.uint(1))
	p.Time, p.Seen = at(r.int(2)), at(r.int(3))
	p.Deleted = deletedAt(r.int(4))
	p.Source = s.names.text(kindSource, r.int(5))
	p.Versions = int(r.int(6))
	p.Version = p.Versions
	p.Alias = s.o.Alias(p.Platform, p.Account.ID)
	return nil
}

// posts reads posts, in the order of the seqs; -1 are left out.
func (v *snapshot) posts(ctx context.Context, seqs []int64) ([]poststore.Post, error) {
	found := make(map[int64]poststore.Post, len(seqs))
	var wanted []int64
	for _, q := range seqs {
		if q >= 0 && q < v.next {
			wanted = append(wanted, q)
		}
	}
	err := v.s.bySeq(ctx, v.c, postColumns, "post", wanted, func(r row) error {
		var p poststore.Post
		if err := v.s.post(r, &p); err != nil {
			return err
		}
		found[r.int(0)] = p
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading posts: %w", err)
	}
	var out []poststore.Post
	for _, q := range seqs {
		if p, have := found[q]; have {
			out = append(out, p)
		}
	}
	return out, nil
}
