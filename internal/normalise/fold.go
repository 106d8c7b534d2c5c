package normalise

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// fold gives s in NFKC with its case folded (Unicode 15, sections 3.11 and
// 3.13), with U+FFFD for what is not UTF-8. Folding a folded string changes
// nothing.
func fold(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	s = nfkc(s)
	if !cased(s) {
		return s
	}
	if quick, ok := quickFold(s); ok && nfkc(quick) == quick {
		return quick
	}
	return fullFold(s)
}

// quickFold folds ASCII, Latin-1, Greek and Cyrillic letters, whose foldings are
// one letter each; ok is false if s has others that may fold.
func quickFold(s string) (folded string, ok bool) {
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if casedScript(r) && quickLower(r) == 0 {
			return s, false
		}
		i += n
	}
	// Every folding is as long as its letter.
	var out []byte
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c-'A' <= 'Z'-'A' {
				if out == nil {
					out = []byte(s)
				}
				out[i] = c + ('a' - 'A')
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if f := quickLower(r); f != 0 && f != r {
			if out == nil {
				out = []byte(s)
			}
			utf8.EncodeRune(out[i:], f)
		}
		i += n
	}
	if out == nil {
		return s, true
	}
	return string(out), true
}

// quickLower is the folding of the letters that quickFold knows, 0 for others.
// The folding takes as many bytes in UTF-8 as the letter.
func quickLower(r rune) rune {
	switch {
	case r >= 0x430 && r < 0x460, // Cyrillic, small
		r >= 0xE0 && r < 0x100,                 // Latin-1, small (ÿ too)
		r >= 0x3B1 && r <= 0x3C9 && r != 0x3C2, // Greek, small, without ς
		r >= 0x3AC && r <= 0x3AF, r >= 0x3CC && r <= 0x3CE:
		return r
	case r >= 0x410 && r < 0x430, r >= 0xC0 && r < 0xDF && r != 0xD7, r >= 0x391 && r <= 0x3A9 && r != 0x3A2:
		return r + 32
	case r >= 0x400 && r < 0x410:
		return r + 80
	case r == 0x3C2:
		return 0x3C3
	}
	return 0
}

// fullFold folds any string in NFKC.
func fullFold(s string) string {
	// Folding can undo the normal form and the other way round; two rounds
	// are enough for all but contrived strings.
	for range 8 {
		next := norm.NFKC.String(cases.Fold().String(s))
		if next == s {
			break
		}
		s = next
	}
	return s
}

// cased says that folding may change s, which is in NFKC.
func cased(s string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c-'A' <= 'Z'-'A' {
				return true
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if casedScript(r) {
			return true
		}
		i += n
	}
	return false
}

// casedScript says that r lies among characters that may have case. Where it
// says no, r is its own folding.
func casedScript(r rune) bool {
	switch {
	case r < 0xC0:
		return r == 0xB5
	case r < 0x590: // Latin, Greek, Cyrillic, Armenian
		return true
	case r < 0x10A0: // Hebrew to Myanmar
		return false
	case r < 0x1100, // Georgian
		r >= 0x13A0 && r < 0x1400, // Cherokee
		r >= 0x1C80 && r < 0x1CC0, // more Cyrillic and Georgian
		r >= 0x1D00 && r < 0x2000, // phonetic, more Latin and Greek
		r >= 0x2100 && r < 0x2190, // letterlike
		r >= 0x24B0 && r < 0x2500, // circled
		r >= 0x2C00 && r < 0x2E00, // Glagolitic, Coptic
		r >= 0xA640 && r < 0xABC0, // more of all
		r >= 0xFB00 && r < 0xFB20, // ligatures
		r >= 0xFF20 && r < 0xFF60, // full width
		r >= 0x10400 && r < 0x20000:
		return true
	}
	return false
}

// Hashtag gives the form in which two hashtags are the same: NFKC, case
// folded, without white space around it and '#' before it (＃ is '#' in NFKC).
// It is empty if nothing is left.
func Hashtag(s string) string {
	s = trimTag(s)
	if plainTag(s) {
		return s
	}
	for {
		next := trimTag(fold(s))
		if next == s {
			return s
		}
		s = next
	}
}

func trimTag(s string) string {
	if s != "" && isLetter(s[0]) && isLetter(s[len(s)-1]) {
		return s
	}
	s = strings.TrimLeftFunc(s, func(r rune) bool { return r == '#' || r == '＃' || unicode.IsSpace(r) })
	return strings.TrimRightFunc(s, unicode.IsSpace)
}

// plainTag says that s is ASCII without capitals.
func plainTag(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c-'A' <= 'Z'-'A' {
			return false
		}
	}
	return true
}
