package duck

import (
	"github.com/akashi-project/akashi/internal/query"
)

// rollup counts live posts by hour and what else charts ask for. It answers
// without the file what has no other condition.
type rollup struct {
	cells map[cell]int64
	posts int64
}

// cell is what posts are counted by.
type cell struct {
	hour                   int32
	platform, lang, source int32
	typ                    uint8
}

const hourMicros = 3600 * 1_000_000

func newRollup() rollup { return rollup{cells: make(map[cell]int64)} }

func (r *rollup) add(c cell, n int64) {
	r.posts += n
	if r.cells[c] += n; r.cells[c] == 0 {
		delete(r.cells, c)
	}
}

// hourOf gives the hour of a time in microseconds.
func hourOf(micros int64) int32 { return int32(floorDiv(micros, hourMicros)) } //nolint:gosec // fits for years up to 200,000

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// test says whether a cell's posts meet a condition.
type test func(c cell) bool

// cellTest gives the test of a condition that speaks of nothing but what cells
// have; ok is false for others.
func (s *Store) cellTest(e query.Expr) (t test, ok bool) {
	switch e := e.(type) {
	case nil:
		return func(cell) bool { return true }, true
	case query.And:
		ts, ok := s.cellTests(e)
		return func(c cell) bool {
			for _, t := range ts {
				if !t(c) {
					return false
				}
			}
			return true
		}, ok
	case query.Or:
		ts, ok := s.cellTests(e)
		return func(c cell) bool {
			for _, t := range ts {
				if t(c) {
					return true
				}
			}
			return false
		}, ok
	case query.Not:
		t, ok := s.cellTest(e.X)
		return func(c cell) bool { return !t(c) }, ok
	case query.Is:
		switch e.Field {
		case query.Platform, query.Lang, query.Source:
			k := kindOf(e.Field)
			set := make(map[int64]bool)
			for _, n := range s.namesOf(e.Field, e.Value) {
				set[n] = true
			}
			return func(c cell) bool { return set[c.number(k)] }, true
		case query.Type:
			code, known := typeCode[query.Canonical(query.Type, e.Value)]
			return func(c cell) bool { return known && c.typ == code }, true
		}
	}
	return nil, false
}

func (s *Store) cellTests(es []query.Expr) ([]test, bool) {
	var ts []test
	for _, e := range es {
		t, ok := s.cellTest(e)
		if !ok {
			return nil, false
		}
		ts = append(ts, t)
	}
	return ts, true
}

// number gives a cell's number of a kind.
func (c cell) number(k kind) int64 {
	switch k {
	case kindPlatform:
		return int64(c.platform)
	case kindLang:
		return int64(c.lang)
	case kindSource:
		return int64(c.source)
	}
	return int64(c.typ)
}

// types are the types of posts by their code, typeCode the reverse.
var types = [...]string{"post", "repost", "reply", "quote"} //nolint:gochecknoglobals // a constant

var typeCode = map[string]uint8{"post": 0, "repost": 1, "reply": 2, "quote": 3} //nolint:gochecknoglobals // a constant
