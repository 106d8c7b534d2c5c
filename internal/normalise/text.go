package normalise

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text gives the form in which two texts are the same text, whoever sent them
// and however they were dressed: the words, folded, one space between them.
//
//   - Characters are in NFKC with case folded, so that full-width, styled
//     ("𝐛𝐨𝐥𝐝") and plain letters are one.
//   - Addresses (http and https) and @handles are removed, and so is "RT @x:" at
//     the start, as often as it stands there. Of a hashtag the word stays.
//   - Invisible characters (zero-width, bidirectional controls, variation
//     selectors, other format characters) are removed without a trace.
//   - Every run of punctuation, symbols, emoji and white space is one space.
//     Two texts that only differ in emoji are thus one text, and a text of
//     nothing else is empty.
//   - Between two characters of Chinese or Japanese script the space is left
//     out, since those scripts do without.
//
// Letters, combining marks behind them and numbers are all that is left.
// Invalid UTF-8 counts as punctuation. Text(Text(s)) is Text(s).
func Text(s string) string {
	if ascii(s) {
		return words(s)
	}
	for range 8 {
		next := words(fold(strip(s)))
		if next == s {
			break
		}
		s = next
		if stable(s) {
			break
		}
	}
	return s
}

// stable says that another round of Text would change nothing: s, which is the
// result of a round, has no characters that compose with each other only now
// that something between them is gone.
func stable(s string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if !eastAsian(r) && !settled(r) {
			return false
		}
		i += n
	}
	return true
}

// settled says that r is a letter of a common script that no neighbour in that
// script changes under normalisation.
func settled(r rune) bool {
	switch {
	case r >= 0xC0 && r < 0x250, // Latin
		r >= 0x391 && r < 0x460,   // Greek, Cyrillic
		r >= 0x5D0 && r < 0x5EB,   // Hebrew
		r >= 0x621 && r < 0x64B,   // Arabic
		r >= 0xE01 && r < 0xE31,   // Thai
		r >= 0xAC00 && r < 0xD7A4: // Hangul
		return true
	}
	return false
}

// strip removes the invisible characters.
func strip(s string) string {
	for i, r := range s {
		if r >= 0xAD && invisible(r) {
			return strings.Map(func(r rune) rune {
				if r >= 0xAD && invisible(r) {
					return -1
				}
				return r
			}, strings.ToValidUTF8(s[:i], "\ufffd")+strings.ToValidUTF8(s[i:], "\ufffd"))
		}
	}
	return s
}

// invisible says that r is a format character, a variation selector or a
// filler.
func invisible(r rune) bool {
	switch {
	case r < 0x600:
		return r == 0xAD || r == 0x34F
	case r >= 0x2E80 && r < 0xFE00:
		return r == 0x3164 // Hangul filler
	case r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0000 && r <= 0xE0FFF, r >= 0x180B && r <= 0x180F,
		r == 0x34F, r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5, r == 0xFFA0:
		return true
	}
	return unicode.Is(unicode.Cf, r)
}

// words leaves of a folded text what [Text] keeps.
func words(s string) string {
	var room [512]byte
	out := room[:0]
	space := false // a gap lies between the last word and what comes
	var last rune  // the last rune written
	for i := skipRetweets(s); i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c|0x20 == 'h' {
				if n := linkAt(s, i); n > 0 {
					space = true
					i += n
					continue
				}
			}
			switch {
			case c-'a' <= 'z'-'a' || isDigit(c):
			case c-'A' <= 'Z'-'A':
				c += 'a' - 'A'
			case c == '@':
				space = true
				i += max(1, handle(s, i))
				continue
			default:
				space = true
				i++
				continue
			}
			if space && len(out) > 0 {
				out = append(out, ' ')
			}
			space = false
			out = append(out, c)
			last = rune(c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case eastAsian(r) || settled(r) || unicode.IsLetter(r) || unicode.IsNumber(r):
			if space && len(out) > 0 && !(eastAsian(last) && eastAsian(r)) {
				out = append(out, ' ')
			}
			space = false
			out = append(out, s[i:i+n]...)
			last = r
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r):
			if !space && len(out) > 0 {
				out = append(out, s[i:i+n]...)
				last = r
			}
		default:
			space = true
		}
		i += n
	}
	if string(out) == s {
		return s
	}
	return string(out)
}

// eastAsian says that r belongs to the scripts that Chinese and Japanese are
// written in, without spaces: ideographs and kana with their marks.
func eastAsian(r rune) bool {
	switch {
	case r < 0x3005:
		return false
	case r < 0xA000:
		return r >= 0x3400 && (r < 0x4DC0 || r >= 0x4E00) ||
			r >= 0x3041 && r < 0x3100 && r != 0x3099 && r != 0x309A && r != 0x309B && r != 0x309C && r != 0x30A0 && r != 0x30FB ||
			r <= 0x3007 || r >= 0x31F0 && r < 0x3200
	}
	return r >= 0xF900 && r < 0xFB00 || r >= 0x20000 && r < 0x32000
}

// skipRetweets gives the length of the "RT @x:" that s begins with.
func skipRetweets(s string) int {
	done := 0
	for i := 0; ; {
		for i < len(s) && s[i] <= ' ' {
			i++
		}
		if i+2 >= len(s) || s[i]|0x20 != 'r' || s[i+1]|0x20 != 't' {
			return done
		}
		i += 2
		for i < len(s) && s[i] == ' ' {
			i++
		}
		if i >= len(s) || s[i] != '@' {
			return done
		}
		n := handle(s, i)
		if n == 0 {
			return done
		}
		i += n
		if i < len(s) && s[i] == ':' {
			i++
		}
		done = i
	}
}
