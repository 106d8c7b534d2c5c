package query

import (
	"strings"
	"time"
)

// Format writes a condition as a query, with times in UTC: Parse(Format(e))
// is e for every e that Parse gives, as long as it is no longer than MaxBytes.
func Format(e Expr) string { return FormatIn(e, time.UTC) }

// FormatIn writes a condition as a query that is read by ParseAt in the zone.
func FormatIn(e Expr, zone *time.Location) string {
	if and, ok := e.(And); e == nil || ok && len(and) == 0 {
		return ""
	}
	f := formatter{zone: zone}
	f.expr(e, loose)
	return f.String()
}

// place is what stands around a condition and thus whether it needs brackets.
type place uint8

const (
	loose    place = iota // nothing
	inOr                  // OR
	inAnd                 // other conditions
	inNegate              // a minus before it
)

type formatter struct {
	strings.Builder
	zone *time.Location
}

// everything is a condition that is always met.
const everything = `""`

func (f *formatter) expr(e Expr, in place) {
	switch e := e.(type) {
	case nil:
		f.WriteString(everything)
	case And:
		f.join(e, everything, " ", in, inAnd)
	case Or:
		if f.list(e) {
			return
		}
		f.join(e, "-"+everything, " OR ", in, inOr)
	case Not:
		f.WriteByte('-')
		f.expr(e.X, inNegate)
	case Text:
		f.WriteString(word(e.Value))
	case Since:
		f.WriteString(afterName + ":" + writeTime(e.Time, f.zone))
	case Until:
		f.WriteString(beforeName + ":" + writeTime(e.Time, f.zone))
	case Is:
		if e.Field == Hashtag && lexesTo("#"+e.Value, tag, e.Value) {
			f.WriteString("#" + e.Value)
			return
		}
		f.WriteString(string(e.Field) + ":" + value(e.Field, e.Value))
	}
}

// join writes parts with a word between them, in brackets where they would
// otherwise be taken apart.
func (f *formatter) join(parts []Expr, none, between string, in, within place) {
	switch {
	case len(parts) == 0:
		f.WriteString(none)
		return
	case len(parts) == 1:
		f.expr(parts[0], in)
		return
	}
	brackets := in != loose
	if brackets {
		f.WriteByte('(')
	}
	for i, x := range parts {
		if i > 0 {
			f.WriteString(between)
		}
		f.expr(x, within)
	}
	if brackets {
		f.WriteByte(')')
	}
}

// list writes several values of one field, if that is what the parts are.
func (f *formatter) list(parts Or) bool {
	if len(parts) < 2 {
		return false
	}
	first, ok := parts[0].(Is)
	if !ok || first.Field == URL {
		return false
	}
	for _, x := range parts {
		if is, ok := x.(Is); !ok || is.Field != first.Field {
			return false
		}
	}
	f.WriteString(string(first.Field) + ":")
	for i, x := range parts {
		if i > 0 {
			f.WriteByte(',')
		}
		f.WriteString(value(first.Field, x.(Is).Value)) //nolint:forcetypeassert // seen above
	}
	return true
}

// word writes a text, in quotation marks where it must.
func word(s string) string {
	if lexesTo(s, text, s) {
		return s
	}
	return quote(s)
}

// value writes the value of a field, in quotation marks where it must.
func value(f Field, s string) string {
	if lexesTo(string(f)+":"+s, field, s) {
		return s
	}
	return quote(s)
}

// quoter escapes what would end a quotation.
var quoter = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `＂`, `\＂`)

func quote(s string) string { return `"` + quoter.Replace(s) + `"` }

// lexesTo says that a query is read as a single token with this one value, also
// in brackets.
func lexesTo(query string, k kind, value string) bool {
	l := lexer{src: []rune(query + ")")}
	t, err := l.next()
	if err != nil || t.kind != k || t.to != len(l.src)-1 || t.from != 0 {
		return false
	}
	if k == field {
		return len(t.items) == 1 && t.items[0].value == value
	}
	return t.value == value
}
