package simulate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// template is a text with slots, ready to be filled in.
type template struct{ segments []segment }

// segment is literal text, a choice between templates, or a number.
type segment struct {
	literal string
	choice  *slot
	lo, hi  int
}

// slot holds the templates that may stand in one place.
type slot struct{ values []template }

// append fills the template in at the end of buf.
func (t template) append(buf []byte, r *rand.Rand) []byte {
	for i := range t.segments {
		s := &t.segments[i]
		switch {
		case s.choice != nil:
			buf = s.choice.values[r.IntN(len(s.choice.values))].append(buf, r)
		case s.hi > 0:
			buf = strconv.AppendInt(buf, int64(s.lo+r.IntN(s.hi-s.lo+1)), 10)
		default:
			buf = append(buf, s.literal...)
		}
	}
	return buf
}

// lexicon knows the words of a language, and those that a topic adds.
type lexicon struct {
	bank  *bank
	words map[string][]string
	ready map[string]*slot
	depth int
}

func newLexicon(b *bank, words map[string][]string) *lexicon {
	return &lexicon{bank: b, words: words, ready: map[string]*slot{}}
}

// maxNesting bounds slots within slots and alternatives within alternatives.
const maxNesting = 12

// compile reads a text with slots: {name} is a slot, {a|b} a choice, {2-9} a
// number.
func (x *lexicon) compile(text string) (template, error) {
	var t template
	if x.depth++; x.depth > maxNesting {
		x.depth--
		return t, errors.New("slots are nested too deeply or refer to themselves")
	}
	defer func() { x.depth-- }()
	for text != "" {
		open := strings.IndexAny(text, "{}")
		if open < 0 {
			t.segments = append(t.segments, segment{literal: text})
			break
		}
		if text[open] == '}' {
			return t, errors.New("a closing brace without an opening one")
		}
		if open > 0 {
			t.segments = append(t.segments, segment{literal: text[:open]})
		}
		body, parts, ok := braces(text[open:])
		if !ok {
			return t, errors.New("an opening brace without a closing one")
		}
		text = text[open+len(body)+2:]
		s, err := x.segment(body, parts)
		if err != nil {
			return t, err
		}
		t.segments = append(t.segments, s)
	}
	return t, nil
}

// compileAll reads several texts.
func (x *lexicon) compileAll(texts []string) ([]template, error) {
	ts := make([]template, 0, len(texts))
	for _, text := range texts {
		t, err := x.compile(text)
		if err != nil {
			return nil, fmt.Errorf("reading the phrase %q: %w", text, err)
		}
		ts = append(ts, t)
	}
	return ts, nil
}

// braces returns what stands between the brace that opens s and the one that
// closes it, whole and cut at its own bars.
func braces(s string) (body string, parts []string, ok bool) {
	depth, from := 0, 1
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return s[1:i], append(parts, s[from:i]), true
			}
		case '|':
			if depth == 1 {
				parts = append(parts, s[from:i])
				from = i + 1
			}
		}
	}
	return "", nil, false
}

func (x *lexicon) segment(body string, parts []string) (segment, error) {
	if len(parts) > 1 {
		values, err := x.compileAll(parts)
		return segment{choice: &slot{values}}, err
	}
	if a, b, ok := strings.Cut(body, "-"); ok {
		lo, err1 := strconv.Atoi(a)
		hi, err2 := strconv.Atoi(b)
		if err1 == nil && err2 == nil {
			if lo < 0 || hi < lo || hi == 0 || hi > 1_000_000_000 {
				return segment{}, fmt.Errorf("the range {%s} must go from a smaller to a larger number", body)
			}
			return segment{lo: lo, hi: hi}, nil
		}
	}
	s, err := x.slot(body)
	return segment{choice: s}, err
}

// slot finds a slot by its name, the topic's own words first.
func (x *lexicon) slot(name string) (*slot, error) {
	if s, ok := x.ready[name]; ok {
		return s, nil
	}
	texts := x.words[name]
	if len(texts) == 0 && x.bank != nil {
		texts = x.bank.sections["slot "+name]
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("no words for the slot {%s}", name)
	}
	values, err := x.compileAll(texts)
	if err != nil {
		return nil, err
	}
	s := &slot{values}
	x.ready[name] = s
	return s, nil
}
