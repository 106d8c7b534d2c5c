package query

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/akashi-project/akashi/internal/normalise"
)

// kind is what a token is.
type kind uint8

const (
	end kind = iota
	opening
	closing
	minus
	and
	or
	not
	text  // value
	tag   // value, in canonical form
	field // info and items
)

// token is a piece of a query. Places count characters.
type token struct {
	kind     kind
	from, to int
	value    string
	info     FieldInfo
	items    []item
}

// item is one value of a field.
type item struct {
	from, to int
	value    string
}

// lexer cuts a query into tokens. What Japanese input methods type in full
// width (：（）＃「」　) counts as its ASCII counterpart.
type lexer struct {
	src []rune
	i   int
}

// at gives the character at i in its plain form, 0 at the end.
func (l *lexer) at(i int) rune {
	if i >= len(l.src) {
		return 0
	}
	return plain(l.src[i])
}

// plain gives the ASCII form of a character in full width.
func plain(r rune) rune {
	switch {
	case r >= '！' && r <= '～':
		return r - '！' + '!'
	case r == '−':
		return '-'
	}
	return r
}

// closers gives the characters that close a quotation which r opens; empty
// where r opens none.
func closers(r rune) string {
	switch r {
	case '"', '＂':
		return `"＂`
	case '“', '”', '„':
		return "“”"
	case '「':
		return "」"
	case '『':
		return "』"
	}
	return ""
}

// breaks says that no word goes on at r, though without looking at round
// brackets, which may be part of an address.
func breaks(r rune) bool {
	return unicode.IsSpace(r) || closers(r) != "" || r == '」' || r == '』'
}

// next gives the next token.
func (l *lexer) next() (token, error) {
	for l.i < len(l.src) && unicode.IsSpace(l.src[l.i]) {
		l.i++
	}
	from := l.i
	if from == len(l.src) {
		return token{kind: end, from: from, to: from}, nil
	}
	single := func(k kind) (token, error) {
		l.i++
		return token{kind: k, from: from, to: l.i}, nil
	}
	switch c := l.at(from); {
	case c == '(':
		return single(opening)
	case c == ')':
		return single(closing)
	case c == '」' || c == '』':
		return token{}, &SyntaxError{Pos: from, Expected: ExpectedCondition, Found: string(l.src[from])}
	case closers(l.src[from]) != "":
		value, err := l.phrase()
		return token{kind: text, from: from, to: l.i, value: value}, err
	case c == '-' && l.goesOn(from+1):
		return single(minus)
	case c == '#' && l.goesOn(from+1):
		l.i++
		raw := l.bare(false)
		if value := normalise.Hashtag(raw); value != "" {
			return token{kind: tag, from: from, to: l.i, value: value}, nil
		}
		l.i = from
	}
	return l.word()
}

// goesOn says that something stands at i that is no white space or bracket.
func (l *lexer) goesOn(i int) bool {
	return i < len(l.src) && !unicode.IsSpace(l.src[i]) && plain(l.src[i]) != ')' && l.src[i] != '」' && l.src[i] != '』'
}

// phrase reads a quotation, which begins here. In ASCII quotation marks a
// backslash takes its meaning from one that follows it and from a backslash.
func (l *lexer) phrase() (string, error) {
	from := l.i
	closing := closers(l.src[from])
	escapes := closing == `"＂`
	var b strings.Builder
	for l.i++; l.i < len(l.src); l.i++ {
		r := l.src[l.i]
		if escapes && r == '\\' && l.i+1 < len(l.src) && strings.ContainsRune(`"＂\`, l.src[l.i+1]) {
			l.i++
			b.WriteRune(l.src[l.i])
			continue
		}
		if strings.ContainsRune(closing, r) {
			l.i++
			return b.String(), nil
		}
		b.WriteRune(r)
	}
	return "", &SyntaxError{Pos: from, Expected: ExpectedQuote, Found: shortened(l.src[from:])}
}

// bare reads what stands without quotation marks, up to a comma where it may be
// a list. Round brackets that are closed belong to an address.
func (l *lexer) bare(list bool) string {
	from, open := l.i, 0
	address := false
scan:
	for ; l.i < len(l.src); l.i++ {
		r := l.src[l.i]
		switch c := plain(r); {
		case breaks(r):
			break scan
		case c == ':' && l.at(l.i+1) == '/' && l.at(l.i+2) == '/':
			address = true
		case c == '(' && address:
			open++
		case c == ')' && open > 0:
			open--
		case c == '(' || c == ')':
			break scan
		case list && (c == ',' || c == '、'):
			break scan
		}
	}
	return string(l.src[from:l.i])
}

// word reads a word, an operator, or a field with its values.
func (l *lexer) word() (token, error) {
	from := l.i
	value := l.bare(false)
	stop := l.i
	if n := colon(l.src[from:stop]); n > 0 && !(l.at(from+n+1) == '/' && l.at(from+n+2) == '/') {
		name := l.src[from : from+n]
		if info, ok := fieldNamed(string(name)); ok {
			l.i = from + n + 1
			return l.values(token{kind: field, from: from, info: info})
		}
		if letters(name) {
			return token{}, &SyntaxError{
				Pos: from, Expected: ExpectedField, Found: shortened(name), Nearest: nearestField(string(name)),
			}
		}
	}
	t := token{kind: text, from: from, to: stop, value: value}
	if len(value) <= len("ＡＮＤ") {
		switch norm.NFKC.String(value) {
		case "AND":
			t.kind = and
		case "OR":
			t.kind = or
		case "NOT":
			t.kind = not
		}
	}
	return t, nil
}

// colon gives the place of the first colon, -1 where there is none.
func colon(word []rune) int {
	for i, r := range word {
		if plain(r) == ':' {
			return i
		}
	}
	return -1
}

// letters says that a name consists of letters of ASCII.
func letters(name []rune) bool {
	for _, r := range name {
		if c := plain(r) | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// values reads the values of a field, which begin here.
func (l *lexer) values(t token) (token, error) {
	for {
		it := item{from: l.i}
		switch {
		case l.i < len(l.src) && closers(l.src[l.i]) != "":
			var err error
			if it.value, err = l.phrase(); err != nil {
				return token{}, err
			}
		default:
			if it.value = l.bare(t.info.field != URL); it.value == "" {
				return token{}, &SyntaxError{Pos: l.i, Expected: ExpectedValue, Field: t.info.Name}
			}
		}
		it.to = l.i
		t.items = append(t.items, it)
		if c := l.at(l.i); c != ',' && c != '、' {
			t.to = l.i
			return t, nil
		}
		l.i++
	}
}
