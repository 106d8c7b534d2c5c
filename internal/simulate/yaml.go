package simulate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// FieldError says what is wrong in a scenario file, and where.
type FieldError struct {
	// File is the name given to Parse; Line is 1-based, 0 where unknown.
	File string
	Line int
	// Key is the path of the key, such as "operations[2].window".
	Key string
	// Message says what was expected.
	Message string
}

// Error gives the error as "file:line: key: message".
func (e *FieldError) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
	}
	return fmt.Sprintf("%s:%d: %s: %s", e.File, e.Line, e.Key, e.Message)
}

// maxFieldErrors is how many errors are collected before reading stops telling.
const maxFieldErrors = 20

// problems collects what is wrong in a file.
type problems struct {
	file string
	errs []error
}

func (p *problems) add(line int, key, format string, args ...any) {
	if len(p.errs) < maxFieldErrors {
		p.errs = append(p.errs, &FieldError{p.file, line, key, fmt.Sprintf(format, args...)})
	}
}

func (p *problems) err() error { return errors.Join(p.errs...) }

// readYAML reads a file that is one mapping.
func readYAML(p *problems, data []byte) (*table, bool) {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		var ye yaml.Error
		if errors.As(err, &ye) && ye.GetToken() != nil {
			p.add(ye.GetToken().Position.Line, "", "not valid YAML: %s", ye.GetMessage())
		} else {
			p.add(1, "", "not valid YAML: %v", err)
		}
		return nil, false
	}
	var docs []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil {
			docs = append(docs, d.Body)
		}
	}
	if len(docs) != 1 {
		p.add(1, "", "expected one YAML document with the scenario's keys, found %d", len(docs))
		return nil, false
	}
	return value{p, docs[0], ""}.table()
}

// value is a YAML value with its place.
type value struct {
	p    *problems
	node ast.Node
	path string
}

func (v value) line() int {
	if t := v.node.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

func (v value) fail(format string, args ...any) {
	v.p.add(v.line(), v.path, format, args...)
}

// found describes a value for an error message.
func (v value) found() string {
	switch n := v.node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.AliasNode, *ast.AnchorNode, *ast.TagNode, *ast.MergeKeyNode:
		return "an anchor, alias, tag or merge key, which scenarios do not use"
	case *ast.StringNode:
		return strconv.Quote(clip(n.Value))
	case *ast.LiteralNode:
		return "a text block"
	}
	return clip(v.node.String())
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// table is a YAML mapping; it remembers which keys were asked for.
type table struct {
	value
	keys  []string
	vals  map[string]value
	lines map[string]int
	asked map[string]bool
}

func (v value) table() (*table, bool) {
	var pairs []*ast.MappingValueNode
	switch n := v.node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		v.fail("expected a mapping (key: value), found %s", v.found())
		return nil, false
	}
	t := &table{value: v, vals: map[string]value{}, lines: map[string]int{}, asked: map[string]bool{}}
	for _, pair := range pairs {
		key := ""
		var line int
		if tok := pair.Key.GetToken(); tok != nil {
			key = tok.Value
			if tok.Position != nil {
				line = tok.Position.Line
			}
		}
		path := key
		if v.path != "" {
			path = v.path + "." + key
		}
		switch pair.Key.(type) {
		case *ast.StringNode, *ast.IntegerNode, *ast.BoolNode:
		default:
			v.p.add(line, path, "expected a plain key")
			continue
		}
		if _, ok := t.vals[key]; ok {
			v.p.add(line, path, "this key stands twice; first on line %d", t.lines[key])
			continue
		}
		t.keys = append(t.keys, key)
		t.vals[key] = value{v.p, pair.Value, path}
		t.lines[key] = line
	}
	return t, true
}

// get returns the value of a key, and whether the file has it.
func (t *table) get(key string) (value, bool) {
	t.asked[key] = true
	v, ok := t.vals[key]
	return v, ok
}

// close reports the keys that nobody asked for.
func (t *table) close() {
	for _, key := range t.keys {
		if !t.asked[key] {
			known := make([]string, 0, len(t.asked))
			for k := range t.asked {
				known = append(known, k)
			}
			slices.Sort(known)
			t.p.add(t.lines[key], t.vals[key].path, "unknown key; expected one of %s", strings.Join(known, ", "))
		}
	}
}

// missing reports a key that must be there.
func (t *table) missing(key, want string) {
	path := key
	if t.path != "" {
		path = t.path + "." + key
	}
	t.p.add(t.line(), path, "missing; expected %s", want)
}

// text reads a string; an empty one is reported when required.
func (t *table) text(key, want string, required bool) string {
	v, ok := t.get(key)
	if !ok {
		if required {
			t.missing(key, want)
		}
		return ""
	}
	return v.text(want)
}

// text reads a scalar as a string.
func (v value) text(want string) string {
	switch n := v.node.(type) {
	case *ast.StringNode:
		if s := strings.TrimSpace(n.Value); s != "" {
			return s
		}
	case *ast.LiteralNode:
		if n.Value != nil {
			if s := strings.TrimSpace(n.Value.Value); s != "" {
				return s
			}
		}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		if tok := n.GetToken(); tok != nil {
			return tok.Value
		}
	}
	v.fail("expected %s, found %s", want, v.found())
	return ""
}

// number reads a number between lo and hi.
func (t *table) number(key string, lo, hi, otherwise float64) float64 {
	v, ok := t.get(key)
	if !ok {
		return otherwise
	}
	return v.number(lo, hi, otherwise)
}

func (v value) number(lo, hi, otherwise float64) float64 {
	switch v.node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		if tok := v.node.GetToken(); tok != nil {
			f, err := strconv.ParseFloat(strings.ReplaceAll(tok.Value, "_", ""), 64)
			if err == nil && f >= lo && f <= hi {
				return f
			}
		}
	}
	v.fail("expected a number from %v to %v, found %s", lo, hi, v.found())
	return otherwise
}

// count reads a whole number between lo and hi.
func (t *table) count(key string, lo, hi, otherwise int) int {
	v, ok := t.get(key)
	if !ok {
		return otherwise
	}
	if _, ok := v.node.(*ast.IntegerNode); ok {
		n, err := strconv.ParseInt(strings.ReplaceAll(v.node.GetToken().Value, "_", ""), 10, 64)
		if err == nil && n >= int64(lo) && n <= int64(hi) {
			return int(n)
		}
	}
	v.fail("expected a whole number from %d to %d, found %s", lo, hi, v.found())
	return otherwise
}

// flag reads true or false.
func (t *table) flag(key string, otherwise bool) bool {
	v, ok := t.get(key)
	if !ok {
		return otherwise
	}
	if b, ok := v.node.(*ast.BoolNode); ok {
		return b.Value
	}
	v.fail("expected true or false, found %s", v.found())
	return otherwise
}

// span reads a duration between lo and hi: "90s", "20m", "2h", "3d", "2d12h".
func (t *table) span(key string, lo, hi, otherwise time.Duration) time.Duration {
	v, ok := t.get(key)
	if !ok {
		return otherwise
	}
	const want = "a duration such as 90s, 20m, 2h or 3d"
	s := v.text(want)
	if s == "" {
		return otherwise
	}
	d, err := parseSpan(s)
	if err != nil {
		v.fail("expected %s, found %q", want, clip(s))
		return otherwise
	}
	if d < lo || d > hi {
		v.fail("expected a duration from %s to %s, found %s", lo, hi, d)
		return otherwise
	}
	return d
}

func parseSpan(s string) (time.Duration, error) {
	days, rest, ok := strings.Cut(s, "d")
	if !ok {
		d, err := time.ParseDuration(s)
		if err != nil {
			return 0, fmt.Errorf("reading a duration: %w", err)
		}
		return d, nil
	}
	n, err := strconv.ParseFloat(days, 64)
	if err != nil || !(math.Abs(n) <= 10_000) {
		return 0, fmt.Errorf("%q is not a number of days", days)
	}
	d := time.Duration(n * 24 * float64(time.Hour))
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil {
		return 0, fmt.Errorf("reading a duration: %w", err)
	}
	return d + more, nil
}

// moment reads a time in UTC: a date, a date and time, or "+3d6h" from start.
func (t *table) moment(key string, start, otherwise time.Time) time.Time {
	v, ok := t.get(key)
	if !ok {
		return otherwise
	}
	const want = "a UTC time such as 2023-08-24, 2023-08-24 04:03 or, counted from the start, +3d6h"
	s := v.text(want)
	if s == "" {
		return otherwise
	}
	if rest, ok := strings.CutPrefix(s, "+"); ok && !start.IsZero() {
		if d, err := parseSpan(rest); err == nil {
			return start.Add(d)
		}
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", time.RFC3339} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC()
		}
	}
	v.fail("expected %s, found %q", want, clip(s))
	return otherwise
}

// each calls f for every element of a list.
func (t *table) each(key string, f func(value)) {
	v, ok := t.get(key)
	if !ok {
		return
	}
	v.each(f)
}

func (v value) each(f func(value)) {
	n, ok := v.node.(*ast.SequenceNode)
	if !ok {
		v.fail("expected a list, found %s", v.found())
		return
	}
	for i, e := range n.Values {
		f(value{v.p, e, fmt.Sprintf("%s[%d]", v.path, i)})
	}
}

// texts reads a list of strings.
func (v value) texts(want string, check func(value, string)) []string {
	var out []string
	v.each(func(e value) {
		if s := e.text(want); s != "" {
			if check != nil {
				check(e, s)
			}
			out = append(out, s)
		}
	})
	return out
}

func (t *table) texts(key, want string, check func(value, string)) []string {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	return v.texts(want, check)
}
