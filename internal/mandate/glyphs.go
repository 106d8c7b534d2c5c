package mandate

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// glyph is one character of a text as a reader or a browser takes it: the
// bytes between from and to stand for r.
type glyph struct {
	r        rune
	from, to int32
}

// glyphs reads a text. What dresses a name up is undone: percent-encoding, also
// of itself; numeric character references of HTML; full-width and styled Latin
// letters; and characters that nobody sees, which are left out. Invalid UTF-8
// stands for itself as U+FFFD. The work is linear in the length of the text.
func glyphs(text string) []glyph {
	out := make([]glyph, 0, len(text))
	for i := 0; i < len(text); {
		r, n := rune(text[i]), 1
		switch {
		case r == '%':
			r, n = percent(text[i:])
		case r == '&':
			r, n = reference(text[i:])
		case r >= utf8.RuneSelf:
			r, n = utf8.DecodeRuneInString(text[i:])
		}
		if r >= 0xA0 {
			if unseen(r) {
				i += n
				continue
			}
			r = plain(r)
		}
		out = append(out, glyph{r: r, from: int32(i), to: int32(i + n)})
		i += n
	}
	return out
}

// percent reads a percent-encoded character at the start of s; without one, it
// reads the '%'. "%2540" is '@' too: addresses are encoded inside each other.
func percent(s string) (r rune, n int) {
	var room [utf8.UTFMax]byte
	b := room[:0]
	for len(b) < len(room) {
		c, m := percentByte(s[n:])
		if m == 0 || len(b) > 0 && c&0xC0 != 0x80 {
			break
		}
		b = append(b, c)
		n += m
		if utf8.FullRune(b) {
			break
		}
	}
	if len(b) == 0 {
		return '%', 1
	}
	r, m := utf8.DecodeRune(b)
	if r == utf8.RuneError || m != len(b) {
		return '%', 1
	}
	return r, n
}

// percentByte reads "%", any number of "25", and two hexadecimal digits.
func percentByte(s string) (c byte, n int) {
	if s == "" || s[0] != '%' {
		return 0, 0
	}
	n = 1
	for n < 16 && strings.HasPrefix(s[n:], "25") && len(s) >= n+4 && hexadecimal(s[n+2]) && hexadecimal(s[n+3]) {
		n += 2
	}
	if len(s) < n+2 {
		return 0, 0
	}
	v, err := strconv.ParseUint(s[n:n+2], 16, 8)
	if err != nil {
		return 0, 0
	}
	return byte(v), n + 2
}

func hexadecimal(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// reference reads a numeric character reference or the few named ones that
// stand for what separates names; without one, it reads the '&'.
func reference(s string) (r rune, n int) {
	end := strings.IndexByte(s[:min(len(s), 12)], ';')
	if end < 2 {
		return '&', 1
	}
	switch name := s[1:end]; name {
	case "commat":
		return '@', end + 1
	case "sol":
		return '/', end + 1
	case "amp":
		return '&', end + 1
	case "lowbar":
		return '_', end + 1
	default:
		if name[0] != '#' || len(name) < 2 {
			return '&', 1
		}
		digits, base := name[1:], 10
		if digits[0]|0x20 == 'x' {
			digits, base = digits[1:], 16
		}
		v, err := strconv.ParseUint(digits, base, 31)
		if err != nil || !utf8.ValidRune(rune(v)) {
			return '&', 1
		}
		return rune(v), end + 1
	}
}

// unseen says that r shows nothing: format characters, variation selectors,
// fillers.
func unseen(r rune) bool {
	switch {
	case r == 0xAD || r == 0x34F || r == 0x115F || r == 0x1160 || r == 0x17B4 || r == 0x17B5 || r == 0x3164 || r == 0xFFA0,
		r >= 0xFE00 && r <= 0xFE0F, r >= 0x180B && r <= 0x180F, r >= 0xE0000 && r <= 0xE0FFF:
		return true
	case r < 0x600 || r >= 0x3000 && r < 0xFE00:
		return false
	}
	return unicode.Is(unicode.Cf, r)
}

// plain gives the ASCII character that a full-width or styled one reads as.
func plain(r rune) rune {
	switch {
	case r >= 0xFF01 && r <= 0xFF5E:
		return r - 0xFEE0
	case r == '﹫':
		return '@'
	case r >= 0x24B6 && r <= 0x24CF:
		return 'A' + r - 0x24B6
	case r >= 0x24D0 && r <= 0x24E9:
		return 'a' + r - 0x24D0
	case r >= 0x1D400 && r < 0x1D6A4: // thirteen alphabets of 52 letters
		k := (r - 0x1D400) % 52
		if k < 26 {
			return 'A' + k
		}
		return 'a' + k - 26
	case r >= 0x1D7CE && r <= 0x1D7FF:
		return '0' + (r-0x1D7CE)%10
	}
	return r
}

// letterOrDigit says that r is an ASCII letter or digit.
func letterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// ofName says that r may stand anywhere in a name of ASCII characters.
func ofName(r rune) bool { return letterOrDigit(r) || r == '_' }

// ofAnyName says that r may stand in a name of any script.
func ofAnyName(r rune) bool {
	if r < utf8.RuneSelf {
		return ofName(r)
	}
	return r == '·' || r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r))
}
