package report

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks in a row are shown on one letter. No
// living script needs more; text that piles them up paints over its neighbours.
const maxMarks = 4

// clean makes foreign text fit to be shown: valid UTF-8, no control characters
// but line feed and tab (they become visible pictures), no towers of combining
// marks, and at most limit characters, cut with an ellipsis.
func clean(s string, limit int) string {
	if plain(s, limit) {
		return s
	}
	var b strings.Builder
	b.Grow(min(len(s), limit*4))
	n, marks := 0, 0
	for i, r := range s {
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			if marks++; marks > maxMarks {
				if i > limit*64 { // nothing but marks: stop looking
					b.WriteRune('…')
					break
				}
				continue
			}
		} else {
			marks = 0
		}
		if n == limit {
			b.WriteRune('…')
			break
		}
		n++
		switch {
		case r == '\n' || r == '\t':
		case r == '\r':
			n--
			continue
		case r < 0x20:
			r += 0x2400
		case r == 0x7f:
			r = 0x2421
		case r >= 0x80 && r < 0xa0, r >= 0xfff0 && r < 0xfff9, r == 0xfffe, r == 0xffff:
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plain reports whether clean would leave s as it is: the usual case, told
// without writing anything.
func plain(s string, limit int) bool {
	n := 0
	for i, r := range s {
		if n++; n > limit || r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || odd(r) {
			return false
		}
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return false
		}
	}
	return true
}

// odd reports whether r may need a closer look: a combining mark, or no
// character at all. Most of Latin, kana, Chinese characters and Hangul are let
// through by their range.
func odd(r rune) bool {
	switch {
	case r < 0x300, r > 0x309a && r < 0xa66f, r >= 0xac00 && r < 0xfb1e:
		return false
	case r >= 0xfff0 && r < 0xfff9, r == 0xfffe, r == 0xffff:
		return true
	}
	return unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r)
}

// integer is any whole number of the model.
type integer interface{ ~int | ~int64 }

// number writes n with separators between thousands.
func number[T integer](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "−", s[1:]
	}
	if len(s) < 4 {
		return sign + s
	}
	b := make([]byte, 0, len(s)+len(s)/3)
	for i := range len(s) {
		if i > 0 && (len(s)-i)%3 == 0 {
			b = append(b, ',')
		}
		b = append(b, s[i])
	}
	return sign + string(b)
}

// decimal writes f with a number of digits after the point, and separators
// before it.
func decimal(f float64, digits int) string {
	if math.IsNaN(f) {
		return "–"
	}
	if math.IsInf(f, 0) {
		return "∞"
	}
	s := strconv.FormatFloat(math.Abs(f), 'f', digits, 64)
	whole, rest, _ := strings.Cut(s, ".")
	if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
		whole = number(n)
	}
	if f < 0 && strings.Trim(s, "0.") != "" {
		whole = "−" + whole
	}
	if rest != "" {
		whole += "." + rest
	}
	return whole
}

// amount writes f with as many digits as it deserves.
func amount(f float64) string {
	switch a := math.Abs(f); {
	case a == 0:
		return "0"
	case a < 0.001:
		return tiny(f)
	case a < 1:
		return decimal(f, 3)
	case a < 100:
		return decimal(f, 1)
	}
	return decimal(f, 0)
}

// percent writes a share as a percentage.
func percent(f float64) string {
	if math.IsNaN(f) {
		return "–"
	}
	return decimal(f*100, 1) + "%"
}

var raised = strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴",
	"5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹")

// tiny writes small numbers as a product with a power of ten.
func tiny(f float64) string {
	if f == 0 {
		return "0"
	}
	if f >= 0.001 || f < 0 || math.IsNaN(f) {
		return decimal(f, 3)
	}
	s := strconv.FormatFloat(f, 'e', 1, 64)
	lead, power, _ := strings.Cut(s, "e")
	p, err := strconv.Atoi(power)
	if err != nil {
		return s
	}
	return lead + "×10" + raised.Replace(strconv.Itoa(p))
}

// span writes seconds as a length of time with its unit, the same in both
// languages.
func span(seconds float64) string {
	switch {
	case math.IsNaN(seconds):
		return "–"
	case seconds < 1 && seconds > 0:
		return decimal(seconds*1000, 0) + " ms"
	case seconds < 120:
		return strings.TrimSuffix(decimal(seconds, 1), ".0") + " s"
	case seconds < 2*3600:
		return strings.TrimSuffix(decimal(seconds/60, 1), ".0") + " min"
	case seconds < 2*86400:
		return strings.TrimSuffix(decimal(seconds/3600, 1), ".0") + " h"
	}
	return strings.TrimSuffix(decimal(seconds/86400, 1), ".0") + " d"
}

// spanIn writes seconds as a length of time for a sentence.
func spanIn(lang string, seconds float64) string {
	s := span(seconds)
	if lang != "ja" {
		return s
	}
	n, unit, ok := strings.Cut(s, " ")
	if !ok {
		return s
	}
	return n + " " + map[string]string{"ms": "ミリ秒", "s": "秒", "min": "分", "h": "時間", "d": "日"}[unit]
}

// minute writes a time for tables, to the minute, in UTC.
func minute(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

// second writes a time exactly, in UTC, with fractions only where there are any.
func second(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02T15:04:05.999999999Z07:00")
}

// date writes a day for prose.
func date(lang string, t time.Time) string {
	if lang == "ja" {
		return t.UTC().Format("2006年1月2日")
	}
	return t.UTC().Format("2 January 2006")
}

var tag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}$`)

// language is s where it can be a language tag, else empty.
func language(s string) string {
	if s == "und" || !tag.MatchString(s) {
		return ""
	}
	return s
}
