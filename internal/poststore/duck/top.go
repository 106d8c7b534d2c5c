package duck

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// Top counts the most frequent values of a field.
func (s *Store) Top(ctx context.Context, q poststore.Query, field query.Field, n int) ([]poststore.Counted, error) {
	var out []poststore.Counted
	var err error
	n = max(n, 0)
	switch field {
	case query.Platform, query.Source, query.Lang, query.Type:
		out, err = s.topNumbers(ctx, q, field)
	case query.Channel, query.Account:
		err = s.read(ctx, func(v *snapshot) (err error) {
			out, err = v.topNames(ctx, q, field, n)
			return err
		})
	case query.URL, query.Domain, query.Hashtag:
		err = s.read(ctx, func(v *snapshot) (err error) {
			out, err = v.topItems(ctx, q, field, n)
			return err
		})
	default:
		return nil, fmt.Errorf("%w: %q", poststore.ErrField, field)
	}
	if err != nil {
		return nil, fmt.Errorf("counting by %s: %w", field, err)
	}
	slices.SortFunc(out, func(a, b poststore.Counted) int {
		return cmp.Or(cmp.Compare(b.Posts, a.Posts), cmp.Compare(a.Value, b.Value))
	})
	return out[:min(n, len(out))], nil
}

// topNumbers counts by a field of few values.
func (s *Store) topNumbers(ctx context.Context, q poststore.Query, field query.Field) ([]poststore.Counted, error) {
	groups, err := s.tally(ctx, q, 0, field)
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int64)
	for g, n := range groups {
		counts[s.valueText(field, g.value)] += n
	}
	delete(counts, "")
	var out []poststore.Counted
	for v, n := range counts {
		out = append(out, poststore.Counted{Value: v, Posts: n})
	}
	return out, nil
}

// topNames counts by a field whose values stand in another table.
func (v *snapshot) topNames(ctx context.Context, q poststore.Query, field query.Field, n int) ([]poststore.Counted, error) {
	c, err := v.s.compile(ctx, v.c, q)
	if err != nil {
		return nil, err
	}
	column, table, text := "channel", "name ON name.no = g.v AND name.kind = "+strconv.Itoa(int(kindChannel)), "name.text"
	if field == query.Account {
		column, table, text = "account", "account ON account.no = g.v", "account.alias"
	}
	var out []poststore.Counted
	err = each(ctx, v.c, c.statement("SELECT "+text+" AS t, sum(g.n)::BIGINT AS n FROM (SELECT v, count(*) AS n FROM %s GROUP BY v) g JOIN "+
		table+" WHERE t <> '' GROUP BY t ORDER BY n DESC, t LIMIT "+strconv.Itoa(n), column+" AS v", v.runs(c)), c.args, func(r row) error {
		out = append(out, poststore.Counted{Value: r.string(0), Posts: r.int(1)})
		return nil
	})
	return out, err
}

// topItems counts by a field of which a post may have several values. They are
// counted by hash; what they say is then read from one post each. Of values that
// are equally frequent at the end of the list all are read, since they come in
// the order of what they say.
func (v *snapshot) topItems(ctx context.Context, q poststore.Query, field query.Field, n int) ([]poststore.Counted, error) {
	if n == 0 {
		return nil, nil
	}
	c, err := v.s.compile(ctx, v.c, q)
	if err != nil {
		return nil, err
	}
	k := kindOf(field)
	runs := v.runs(c)
	if len(runs) == 0 {
		return nil, nil
	}
	statement := fmt.Sprintf(`SELECT hash, n, s FROM (SELECT hash, count(*) AS n, max(seq) AS s FROM item
		WHERE kind = %d AND seq >= %d AND seq <= %d`, k, runs[0].from, runs[len(runs)-1].to)
	if c.expr != nil {
		statement = c.statement(statement+" AND seq IN (SELECT seq FROM %s)", "seq", runs)
	} else { // nothing but time, which items have too
		if c.from > always {
			statement += " AND time >= " + number(c.from)
		}
		if c.to < never {
			statement += " AND time < " + number(c.to)
		}
	}
	statement += fmt.Sprintf(" GROUP BY hash) QUALIFY rank() OVER (ORDER BY n DESC) <= %d", n)
	counts := make(map[uint64]int64)
	wanted := make(map[int64][]uint64)
	var seqs []int64
	err = each(ctx, v.c, statement, c.args, func(r row) error {
		counts[r.uint(0)] = r.int(1)
		if wanted[r.int(2)] == nil {
			seqs = append(seqs, r.int(2))
		}
		wanted[r.int(2)] = append(wanted[r.int(2)], r.uint(0))
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []poststore.Counted
	err = v.s.bySeq(ctx, v.c, "seq, folded, body", "post", seqs, func(r row) error {
		var d query.Doc
		var p poststore.Post
		if err := body(r.string(2), r.string(1), &p.Post); err != nil {
			return err
		}
		d.Post = &p.Post
		for _, value := range query.Values(field, &d) {
			if h := v.s.hash(k, value); slices.Contains(wanted[r.int(0)], h) {
				out = append(out, poststore.Counted{Value: value, Posts: counts[h]})
			}
		}
		return nil
	})
	return out, err
}
