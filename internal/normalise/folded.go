package normalise

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Folded gives the form in which a part of a text is looked for: everything
// that is seen stays, how it was written does not matter.
//
//   - Characters are in NFKC with case folded, so that full-width, half-width,
//     styled and plain letters are one.
//   - Invisible characters (zero-width, bidirectional controls, variation
//     selectors, other format characters) are removed.
//   - What is not UTF-8 is U+FFFD.
//   - Every run of white space is one space; there is none at the ends.
//
// Punctuation, symbols and addresses stay, unlike in [Text]. Folded(Folded(s))
// is Folded(s).
func Folded(s string) string {
	if ascii(s) {
		return spaces(lower(s))
	}
	if common(s) {
		return spaces(fold(s))
	}
	for range 8 {
		next := spaces(fold(strip(s)))
		if next == s || common(next) {
			return next
		}
		s = next
	}
	return s
}

// common says that s has only characters that are seen and that no neighbour
// among them changes under normalisation, as most texts do.
func common(s string) bool {
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if !inert(r) && narrow(r) == 0 {
			return false
		}
		i += n
	}
	return true
}

// spaces makes every run of white space one space and removes those at the
// ends.
func spaces(s string) string {
	if single(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	for _, r := range s {
		if unicode.IsSpace(r) {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteRune(r)
	}
	return b.String()
}

// single says that spaces would change nothing.
func single(s string) bool {
	last := true // the beginning counts as a space
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			space := c == ' '
			if space && last || c >= '\t' && c <= '\r' {
				return false
			}
			last = space
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r <= 0x3000 && unicode.IsSpace(r) {
			return false
		}
		last = false
		i += n
	}
	return s == "" || !last
}
