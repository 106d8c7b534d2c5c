package web

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// stretch is a part of a text from outside: plain text, or the name of a
// character that would do something unseen.
type stretch struct {
	Text string
	Mark string // "U+202E"
}

// visible cuts a text at characters that are not seen but do something
// (directions, controls, tags, what is no UTF-8), so that the page shows them
// by name in place of letting them act. What languages need stays: marks that
// shape Arabic or join emoji.
func visible(s string) []stretch {
	var out []stretch
	from := 0
	flag := false // within a flag that is spelt by tags: England's, Scotland's
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		flag = r == '\U0001F3F4' || flag && r >= 0xe0020 && r <= 0xe007f
		if flag || !acts(r, n) {
			i += n
			continue
		}
		if from < i {
			out = append(out, stretch{Text: s[from:i]})
		}
		mark := fmt.Sprintf("U+%04X", r)
		if r == utf8.RuneError && n == 1 {
			mark = fmt.Sprintf("0x%02X", s[i])
		}
		out = append(out, stretch{Mark: mark})
		i += n
		from = i
	}
	if from < len(s) {
		out = append(out, stretch{Text: s[from:]})
	}
	return out
}

// acts says whether a character does something without being seen.
func acts(r rune, size int) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r == '\r':
		return false // a line's end, shown as nothing
	case r == utf8.RuneError && size <= 1, unicode.IsControl(r):
		return true
	case r == '\u200c' || r == '\u200d' || r == '\u200e' || r == '\u200f' || r == '\u061c':
		return false // joiners and direction marks that writing needs
	case r >= '\u202a' && r <= '\u202e', r >= '\u2060' && r <= '\u206f', r == '\u200b', r == '\ufeff', r == '\u00ad', r == '\u034f':
		return true
	case r >= 0xe0000 && r <= 0xe0fff:
		return r < 0xe0100 || r > 0xe01ef // tags, not variants of characters
	case r >= '\ufff0' && r <= '\ufffb', unicode.Is(unicode.Co, r), unicode.Is(unicode.Noncharacter_Code_Point, r):
		return true
	case r == '\u2028' || r == '\u2029':
		return true
	}
	return false
}

// fold cuts a text after so many characters, at the end of a word where one is
// near, and gives the rest.
func fold(s string, n int) (head, rest string) {
	count := 0
	space := -1
	for i, r := range s {
		if count >= n {
			if space > i-40 && space > 0 {
				i = space
			}
			return s[:i], s[i:]
		}
		if unicode.IsSpace(r) {
			space = i
		}
		count++
	}
	return s, ""
}
