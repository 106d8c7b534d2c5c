package query

import (
	"strings"
	"time"
)

// Chip is one of the conditions that a query asks for together.
type Chip struct {
	// Text is the condition as it was written.
	Text string
	// Rest is the query without it, as it was written.
	Rest string
	// Expr is what it means now, in UTC.
	Expr Expr
}

// Chips gives the conditions at the top of a query, in its order, so that a
// page can show each with a way to take it away. A query with OR at its top is
// one condition. What was written stays as it was: "after:7d" does not become a
// date. Errors are those of Parse.
func Chips(s string) ([]Chip, error) {
	p := parser{now: time.Now(), zone: time.UTC}
	e, err := p.all(s)
	if err != nil {
		return nil, err
	}
	if and, ok := e.(And); ok && len(and) == 0 {
		return nil, nil
	}
	if p.alternatives {
		return []Chip{{Text: strings.TrimSpace(s), Expr: e}}, nil
	}
	out := make([]Chip, len(p.parts))
	texts := make([]string, len(p.parts))
	for i, part := range p.parts {
		texts[i] = string(p.src[part.from:part.to])
	}
	for i, part := range p.parts {
		rest := append(append(make([]string, 0, len(texts)), texts[:i]...), texts[i+1:]...)
		out[i] = Chip{Text: texts[i], Rest: strings.Join(rest, " "), Expr: part.expr}
	}
	return out, nil
}
