package normalise

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// nfkc gives s, which is valid UTF-8, in normalisation form KC (UAX 15). It
// spares what most texts consist of the general algorithm.
func nfkc(s string) string {
	wide := -1 // the first character that changes
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if !inert(r) {
			if narrow(r) == 0 {
				return norm.NFKC.String(s)
			}
			if wide < 0 {
				wide = i
			}
		}
		i += n
	}
	if wide < 0 {
		return s
	}
	out := make([]byte, wide, len(s))
	copy(out, s)
	for i := wide; i < len(s); {
		if s[i] < utf8.RuneSelf {
			out = append(out, s[i])
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if c := narrow(r); c != 0 {
			out = append(out, c)
		} else {
			out = append(out, s[i:i+n]...)
		}
		i += n
	}
	return string(out)
}

// narrow gives the ASCII character that a full-width one becomes, 0 for
// others.
func narrow(r rune) byte {
	switch {
	case r >= 0xFF01 && r <= 0xFF5E:
		return byte(r - 0xFEE0) //nolint:gosec // within ASCII
	case r == 0x3000:
		return ' '
	}
	return 0
}

// inert says that r is the same in NFKC whatever stands beside it, as long as
// that is inert, ASCII or full-width ASCII too. It knows the most frequent
// such characters.
func inert(r rune) bool {
	switch {
	case r >= 0x4E00 && r < 0x9FFF, // Chinese and Japanese
		r >= 0x3041 && r < 0x3097, r >= 0x30A1 && r < 0x30FF, r >= 0x3001 && r < 0x3012,
		r >= 0xAC00 && r < 0xD7A4,             // Hangul
		r >= 0xC0 && r < 0x100,                // Latin
		r >= 0x391 && r < 0x3CF && r != 0x3A2, // Greek
		r >= 0x400 && r < 0x460,               // Cyrillic
		r >= 0x5D0 && r < 0x5EB,               // Hebrew
		r >= 0x620 && r < 0x64B,               // Arabic
		r >= 0xE01 && r < 0xE31,               // Thai
		r == 0xAB, r == 0xBB,
		r >= 0x2018 && r < 0x2020, r == 0x2013, r == 0x2014, r == 0x2022, // quotation marks, dashes, bullet
		r >= 0x2190 && r < 0x21D0 && r != 0x219A && r != 0x219B, // arrows
		r >= 0x2600 && r < 0x27C0, r >= 0x1F300 && r < 0x1FAF0:  // pictographs, emoji
		return true
	}
	return false
}
