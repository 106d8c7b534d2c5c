package query

import (
	"slices"
	"time"
)

// How large a query may be.
const (
	// MaxBytes is the length of a query.
	MaxBytes = 16 << 10
	// MaxTerms is how many words, values and times it may have.
	MaxTerms = 200
	// MaxDepth is how deep brackets and negations may stand in one another.
	MaxDepth = 30
)

// Parse reads a query at this moment, with dates in UTC. See [ParseAt].
func Parse(s string) (Expr, error) { return ParseAt(s, time.Now(), time.UTC) }

// ParseAt reads a query.
//
//	word "a phrase" 「語句」    the text contains it
//	field:value field:"a value"  a field has the value; see Fields
//	field:a,b                   … or the other value
//	#tag                        a hashtag
//	after:2026-11-01            on that day in zone, or later; also a time
//	before:2026-11-01T09:00     before it; without an offset in zone
//	after:7d                    seven days before now, or later (m, h, d, w)
//	-x  NOT x                   not
//	x y  x AND y                both
//	x OR y                      one of them; binds less than AND
//	( )                         together
//
// The operators are written in capitals. Characters in full width, as Japanese
// input methods type them, count as their ASCII counterparts. What stands before
// a colon is a field if it consists of letters of ASCII or is a known name; in
// an address (https://…) and elsewhere (12:30) the colon is text. An empty query
// is an empty And: all posts.
//
// Errors are a *[SyntaxError].
func ParseAt(s string, now time.Time, zone *time.Location) (Expr, error) {
	p := parser{now: now, zone: zone}
	return p.all(s)
}

// parser reads by recursive descent.
type parser struct {
	lexer
	token // the one that is looked at
	now   time.Time
	zone  *time.Location
	terms int
	depth int
	// parts are the conditions outside brackets, with their places;
	// alternatives says that OR stands between some of them.
	parts        []part
	alternatives bool
}

// part is a condition at the top of a query.
type part struct {
	from, to int
	expr     Expr
}

// all reads the whole of a query.
func (p *parser) all(s string) (Expr, error) {
	if len(s) > MaxBytes {
		return nil, &SyntaxError{Expected: ExpectedShorter}
	}
	p.src = []rune(s)
	if err := p.step(); err != nil {
		return nil, err
	}
	if p.kind == end {
		return And{}, nil
	}
	e, err := p.either()
	if err != nil {
		return nil, err
	}
	if p.kind != end { // nothing else ends either at depth 0
		return nil, &SyntaxError{Pos: p.from, Expected: ExpectedOpening, Found: p.found()}
	}
	return e, nil
}

// step goes to the next token.
func (p *parser) step() (err error) {
	p.token, err = p.next()
	return err
}

// found is the token as an error shows it.
func (p *parser) found() string { return shortened(p.src[p.from:p.to]) }

// either reads conditions with OR between them.
func (p *parser) either() (Expr, error) {
	var out Or
	for {
		x, err := p.both()
		if err != nil {
			return nil, err
		}
		if more, ok := x.(Or); ok {
			out = append(out, more...)
		} else {
			out = append(out, x)
		}
		if p.kind != or {
			break
		}
		p.alternatives = p.alternatives || p.depth == 0
		if err := p.step(); err != nil {
			return nil, err
		}
	}
	if len(out) == 1 {
		return out[0], nil
	}
	return out, nil
}

// both reads conditions with AND or nothing between them.
func (p *parser) both() (Expr, error) {
	var out And
	for {
		from := p.from
		x, to, err := p.one()
		if err != nil {
			return nil, err
		}
		if p.depth == 0 {
			p.parts = append(p.parts, part{from: from, to: to, expr: x})
		}
		if more, ok := x.(And); ok {
			out = append(out, more...)
		} else {
			out = append(out, x)
		}
		switch p.kind {
		case and:
			if err := p.step(); err != nil {
				return nil, err
			}
		case end, or, closing:
			if len(out) == 1 {
				return out[0], nil
			}
			return out, nil
		}
	}
}

// one reads one condition and gives where it ends.
func (p *parser) one() (e Expr, to int, err error) {
	switch p.kind {
	case minus, not, opening:
		p.depth++
		defer func() { p.depth-- }()
		if p.depth > MaxDepth {
			return nil, 0, &SyntaxError{Pos: p.from, Expected: ExpectedShallower, Found: p.found()}
		}
		if p.kind == opening {
			return p.group()
		}
		if err := p.step(); err != nil {
			return nil, 0, err
		}
		x, to, err := p.one()
		return Not{x}, to, err
	case text:
		e, err = Text{p.value}, p.count(1)
	case tag:
		e, err = Is{Hashtag, p.value}, p.count(1)
	case field:
		e, err = p.condition()
	default:
		return nil, 0, &SyntaxError{Pos: p.from, Expected: ExpectedCondition, Found: p.found()}
	}
	if err != nil {
		return nil, 0, err
	}
	to = p.to
	return e, to, p.step()
}

// group reads what stands in brackets.
func (p *parser) group() (Expr, int, error) {
	from := p.from
	if err := p.step(); err != nil {
		return nil, 0, err
	}
	e, err := p.either()
	if err != nil {
		return nil, 0, err
	}
	if p.kind != closing {
		return nil, 0, &SyntaxError{Pos: from, Expected: ExpectedClosing, Found: shortened(p.src[from:])}
	}
	to := p.to
	return e, to, p.step()
}

// count refuses a query of too many terms.
func (p *parser) count(n int) error {
	if p.terms += n; p.terms > MaxTerms {
		return &SyntaxError{Pos: p.from, Expected: ExpectedFewer, Found: p.found()}
	}
	return nil
}

// condition gives what a field with its values means.
func (p *parser) condition() (Expr, error) {
	if err := p.count(len(p.items)); err != nil {
		return nil, err
	}
	var out Or
	for _, it := range p.items {
		x, err := p.meaning(it)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	if len(out) == 1 {
		return out[0], nil
	}
	return out, nil
}

// meaning gives what one value of the field means.
func (p *parser) meaning(it item) (Expr, error) {
	wrong := func(e Expected) *SyntaxError {
		return &SyntaxError{Pos: it.from, Expected: e, Found: shortened([]rune(it.value)), Field: p.info.Name}
	}
	if p.info.field == "" {
		t, ok := readTime(it.value, p.now, p.zone)
		switch {
		case !ok:
			return nil, wrong(ExpectedTime)
		case p.info.Name == afterName:
			return Since{t}, nil
		}
		return Until{t}, nil
	}
	v := Canonical(p.info.field, it.value)
	if p.info.Values != nil && !slices.Contains(p.info.Values, v) {
		err := wrong(ExpectedKnown)
		err.Known, err.Nearest = slices.Clone(p.info.Values), nearest(v, p.info.Values)
		return nil, err
	}
	if v == "" && !mayBeEmpty(p.info.field) {
		return nil, wrong(ExpectedValue)
	}
	return Is{p.info.field, v}, nil
}

// mayBeEmpty says that "" asks for posts of which the field is not known.
func mayBeEmpty(f Field) bool {
	switch f {
	case Platform, Source, Account, Channel, Lang:
		return true
	}
	return false
}
