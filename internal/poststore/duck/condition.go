package duck

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// condition is what a query says, in SQL for posts and in Go for blocks.
type condition struct {
	where    string
	args     []any
	items    []uint64          // items asked for; their posts are in tables item0, item1, …
	may      func(*block) bool // nil: every block may
	from, to int64             // from ≤ time < to, in microseconds
	expr     query.Expr        // what is left of the query beside the bounds
}

// compiler makes conditions. Every string goes to DuckDB as an argument; only
// numbers of ours and fixed words stand in the text.
type compiler struct {
	s     *Store
	ctx   context.Context //nolint:containedctx // lives for one call
	c     *sql.Conn
	args  []any
	items []uint64
}

// compile makes the condition of a query. The connection is asked for the
// accounts of a pseudonym.
func (s *Store) compile(ctx context.Context, c *sql.Conn, q poststore.Query) (*condition, error) {
	out := &condition{from: bound(q.From, always), to: bound(q.To, never)}
	out.expr = out.takeBounds(q.Where)
	k := &compiler{s: s, ctx: ctx, c: c}
	where, may, err := k.expr(out.expr)
	if err != nil {
		return nil, fmt.Errorf("translating the condition: %w", err)
	}
	out.where, out.may, out.args, out.items = where, may, k.args, k.items
	if !query.AsksDeleted(q.Where) {
		out.where = "deleted = 0 AND " + out.where
	}
	if out.from > always {
		out.where = "time >= " + number(out.from) + " AND " + out.where
	}
	if out.to < never {
		out.where = "time < " + number(out.to) + " AND " + out.where
	}
	return out, nil
}

// takeBounds makes bounds of the Since and Until that hold for the whole
// condition and gives the rest.
func (c *condition) takeBounds(e query.Expr) query.Expr {
	switch e := e.(type) {
	case query.Since:
		c.from = max(c.from, e.Time.UnixMicro())
		return nil
	case query.Until:
		c.to = min(c.to, e.Time.UnixMicro())
		return nil
	case query.And:
		var rest query.And
		for _, x := range e {
			if left := c.takeBounds(x); left != nil {
				rest = append(rest, left)
			}
		}
		switch len(rest) {
		case 0:
			return nil
		case 1:
			return rest[0]
		}
		return rest
	}
	return e
}

// holds says whether a block may have posts that meet the condition.
func (c *condition) holds(b *block) bool {
	return b.last >= c.from && b.first < c.to && (c.may == nil || c.may(b))
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func (k *compiler) arg(v any) string {
	k.args = append(k.args, v)
	return "$" + strconv.Itoa(len(k.args))
}

func no(*block) bool { return false }

// expr translates a condition.
func (k *compiler) expr(e query.Expr) (where string, may func(*block) bool, err error) {
	switch e := e.(type) {
	case nil:
		return "true", nil, nil
	case query.And:
		return k.and(e)
	case query.Or:
		return k.or(e)
	case query.Not:
		where, _, err := k.expr(e.X)
		return "NOT (" + where + ")", nil, err
	case query.Text:
		where, may := k.text(query.Fold(e.Value))
		return where, may, nil
	case query.Since:
		t := e.Time.UnixMicro()
		return "time >= " + number(t), func(b *block) bool { return b.last >= t }, nil
	case query.Until:
		t := e.Time.UnixMicro()
		return "time < " + number(t), func(b *block) bool { return b.first < t }, nil
	case query.Is:
		return k.is(e)
	}
	return "false", no, nil
}

func (k *compiler) and(es []query.Expr) (string, func(*block) bool, error) {
	wheres := []string{"true"}
	var mays []func(*block) bool
	for _, e := range es {
		where, may, err := k.expr(e)
		if err != nil {
			return "", nil, err
		}
		wheres = append(wheres, where)
		if may != nil {
			mays = append(mays, may)
		}
	}
	return "(" + strings.Join(wheres, " AND ") + ")", all(mays), nil
}

// all says that every one of the tests holds; nil where there are none.
func all(mays []func(*block) bool) func(*block) bool {
	switch len(mays) {
	case 0:
		return nil
	case 1:
		return mays[0]
	}
	return func(b *block) bool {
		for _, may := range mays {
			if !may(b) {
				return false
			}
		}
		return true
	}
}

func (k *compiler) or(es []query.Expr) (string, func(*block) bool, error) {
	wheres := []string{"false"}
	var mays []func(*block) bool
	every := false
	for _, e := range es {
		where, may, err := k.expr(e)
		if err != nil {
			return "", nil, err
		}
		wheres = append(wheres, where)
		mays = append(mays, may)
		every = every || may == nil
	}
	where := "(" + strings.Join(wheres, " OR ") + ")"
	if every {
		return where, nil, nil
	}
	return where, func(b *block) bool {
		return slices.ContainsFunc(mays, func(may func(*block) bool) bool { return may(b) })
	}, nil
}

// text translates "contains" of a folded value.
func (k *compiler) text(v string) (string, func(*block) bool) {
	if v == "" {
		return "true", nil
	}
	var terms []uint64
	grams(v, func(term uint64) {
		if !slices.Contains(terms, term) {
			terms = append(terms, term)
		}
	})
	// Long grams say the most; a long value needs only some of all.
	const most = 64
	if len(terms) > most {
		terms = terms[len(terms)-most:]
	}
	where := "contains(folded, " + k.arg(v) + ")"
	if len(terms) == 0 {
		return where, nil
	}
	return where, func(b *block) bool {
		for _, term := range terms {
			if !b.sig.has(term) {
				return false
			}
		}
		return true
	}
}

// oneOf translates "the column has one of the numbers".
func oneOf(column string, kd kind, ns []int64) (string, func(*block) bool, error) {
	if len(ns) == 0 {
		return "false", no, nil
	}
	texts := make([]string, len(ns))
	terms := make([]uint64, len(ns))
	for i, n := range ns {
		texts[i], terms[i] = number(n), numbered(kd, n)
	}
	may := func(b *block) bool { return slices.ContainsFunc(terms, b.sig.has) }
	return column + " IN (" + strings.Join(texts, ",") + ")", may, nil
}

// kindOf gives the kind of a field.
func kindOf(f query.Field) kind {
	switch f {
	case query.Platform:
		return kindPlatform
	case query.Lang:
		return kindLang
	case query.Source:
		return kindSource
	case query.Channel:
		return kindChannel
	case query.URL:
		return kindURL
	case query.Domain:
		return kindDomain
	case query.Hashtag:
		return kindHashtag
	case query.Mention:
		return kindMention
	case query.Account:
		return kindAccount
	}
	return kindType
}

// namesOf gives the numbers of the names that meet a condition on their field.
func (s *Store) namesOf(f query.Field, value string) []int64 {
	v := query.Canonical(f, value)
	return s.names.where(kindOf(f), func(name string) bool {
		switch f {
		case query.Lang:
			name = query.Fold(name)
			return name == v || v != "" && strings.HasPrefix(name, v+"-")
		case query.Platform:
			return query.Fold(name) == v
		}
		return name == v
	})
}

func (k *compiler) is(e query.Is) (string, func(*block) bool, error) {
	v := query.Canonical(e.Field, e.Value)
	switch e.Field {
	case query.Platform, query.Lang, query.Source, query.Channel:
		return oneOf(columnOf(e.Field), kindOf(e.Field), k.s.namesOf(e.Field, e.Value))
	case query.Account:
		var nos []int64
		err := each(k.ctx, k.c, "SELECT no FROM account WHERE alias_compared = ?", []any{v}, func(r row) error {
			nos = append(nos, r.int(0))
			return nil
		})
		if err != nil {
			return "", nil, err
		}
		return oneOf("account", kindAccount, nos)
	case query.URL, query.Domain, query.Hashtag, query.Mention:
		if v == "" {
			return "false", no, nil
		}
		h := k.s.hash(kindOf(e.Field), v)
		k.items = append(k.items, h)
		return "seq IN (SELECT seq FROM item" + strconv.Itoa(len(k.items)-1) + ")",
			func(b *block) bool { return b.sig.has(h) }, nil
	case query.Type:
		code, known := typeCode[v]
		if !known {
			return "false", no, nil
		}
		return oneOf("type", kindType, []int64{int64(code)})
	case query.Has:
		switch v {
		case "link":
			return flagged(flagLink)
		case "media":
			return flagged(flagMedia)
		case "hashtag":
			return flagged(flagHashtag)
		case "mention":
			return flagged(flagMention)
		case "text":
			return flagged(flagText)
		}
	case query.State:
		switch v {
		case "deleted":
			return "deleted <> 0", nil, nil
		case "edited":
			return "versions > 1", nil, nil
		case "synthetic":
			return flagged(flagSynthetic)
		}
	case query.ID:
		where, may := k.id(v)
		return where, may, nil
	}
	return "false", no, nil
}

func flagged(flag int) (string, func(*block) bool, error) {
	return "(flags & " + strconv.Itoa(flag) + ") > 0", nil, nil
}

// columnOf gives the column of a field that has one.
func columnOf(f query.Field) string {
	if f == query.Source {
		return "source"
	}
	return string(f)
}

// id translates a condition on the id, which may be that of any platform or
// have the platform before it. It looks the keys up.
func (k *compiler) id(v string) (string, func(*block) bool) {
	if v == "" {
		return "false", no
	}
	s := k.s
	var wheres []string
	var found []int64
	look := func(key poststore.Key, cond string) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		if seq := s.keys.find(uint64(key)); seq >= 0 {
			wheres = append(wheres, fmt.Sprintf("(seq = %d AND %s)", seq, cond))
			found = append(found, seq)
		}
	}
	hasID := "(flags & " + strconv.Itoa(flagID) + ") > 0"
	// "platform:id", or an id where no platform is known.
	look(poststore.KeyFor("", v), hasID)
	for _, n := range s.names.where(kindPlatform, func(name string) bool { return name != "" }) {
		look(poststore.KeyFor(s.names.text(kindPlatform, n), v), hasID+" AND platform = "+number(n))
	}
	if len(wheres) == 0 {
		return "false", no
	}
	return "(" + strings.Join(wheres, " OR ") + ")", nil
}
