package normalise

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// parse finds the fields in s, which is in NFKC, from left to right.
func (f *fields) parse(s string) error {
	*f = fields{year: -1, month: -1, day: -1, hour: -1, minute: -1, sec: -1}
	if s == "" {
		return errors.New("it is empty")
	}
	for i := 0; i < len(s); {
		n, err := f.step(s, i)
		if err != nil {
			return err
		}
		i += n
	}
	return nil
}

// step reads what stands at s[i:] and says how many bytes it took.
func (f *fields) step(s string, i int) (int, error) {
	switch c := s[i]; {
	case c == ' ' || c == ',' || c == '\t':
		return 1, nil
	case isDigit(c):
		return f.number(s[i:])
	case c == '+' || c == '-':
		return f.sign(s[i:])
	case isLetter(c):
		return f.word(s[i:])
	case c == '(':
		return f.bracket(s[i:])
	case c == '[' && f.zoned && s[len(s)-1] == ']': // "+09:00[Asia/Tokyo]"
		return len(s) - i, nil
	case c < utf8.RuneSelf:
		return 0, fmt.Errorf("%q is not expected at byte %d", c, i+1)
	}
	return f.eastAsian(s[i:])
}

// number reads a number together with what makes clear what it counts.
func (f *fields) number(s string) (int, error) {
	v, n := digits(s)
	if n > 4 {
		return f.compact(s, n)
	}
	rest := s[n:]
	if rest != "" {
		switch c := rest[0]; {
		case c == ':':
			return f.clock(s)
		case c == '/' || c == '-' || c == '.':
			if f.year < 0 && f.day < 0 && f.month < 0 {
				if m, err := f.date(s, c); m > 0 || err != nil {
					return m, err
				}
			}
			if c == '.' { // "24. August 2023"
				n++
			}
		case c >= utf8.RuneSelf:
			if m, err := f.unit(rest, v); m > 0 || err != nil {
				return n + m, err
			}
		case isLetter(c):
			if ordinal(rest) {
				n += 2
			}
		}
	}
	if _, m := halfOfDay(s[n:]); m > 0 && f.hour < 0 { // "1 PM"
		f.hour = v
		return n, nil
	}
	_, width := digits(s)
	switch {
	case width == 4 && f.year < 0:
		f.year = v
	case width <= 2 && f.day < 0:
		f.day = v
	case width == 2 && f.year < 0 && f.month > 0:
		f.year = 2000 + v
		if v >= 90 {
			f.year = 1900 + v
		}
	default:
		return 0, fmt.Errorf("it is unclear what %s counts", s[:width])
	}
	return n, nil
}

// digits reads the digits that s begins with. The value is right for up to
// nine of them.
func digits(s string) (v, n int) {
	for n < len(s) && isDigit(s[n]) {
		if n < 9 {
			v = v*10 + int(s[n]-'0')
		}
		n++
	}
	return v, n
}

// compact reads YYYYMMDD[hhmm[ss]] and, after a 'T', hhmm[ss].
func (f *fields) compact(s string, n int) (int, error) {
	at := func(i, j int) int { v, _ := digits(s[i:j]); return v }
	switch {
	case f.year < 0 && (n == 8 || n == 12 || n == 14):
		f.year, f.month, f.day = at(0, 4), at(4, 6), at(6, 8)
		if n > 8 {
			f.hour, f.minute = at(8, 10), at(10, 12)
		} else if n < len(s)-4 && (s[n] == 'T' || s[n] == 't') {
			_, m := digits(s[n+1:])
			if m == 4 || m == 6 {
				f.hour, f.minute = at(n+1, n+3), at(n+3, n+5)
				if m == 6 {
					f.sec = at(n+5, n+7)
				}
				n += 1 + m
			}
		}
		if n == 14 {
			f.sec = at(12, 14)
		}
		return n, nil
	}
	return 0, fmt.Errorf("it is unclear what %s counts", s[:n])
}

// date reads three numbers with the separator c between them. It takes
// nothing where s does not begin like one.
func (f *fields) date(s string, c byte) (int, error) {
	var v, w [3]int
	i := 0
	for k := range v {
		if k > 0 {
			if i >= len(s) || s[i] != c {
				return 0, nil
			}
			i++
			for c == '.' && i < len(s) && s[i] == ' ' { // "2023. 8. 24."
				i++
			}
		}
		v[k], w[k] = digits(s[i:])
		if w[k] == 0 || w[k] > 4 || w[k] == 3 {
			return 0, nil
		}
		i += w[k]
	}
	if c == '.' && i < len(s) && s[i] == '.' {
		i++
	}
	switch {
	case w[0] == 4 && w[1] <= 2 && w[2] <= 2:
		f.year, f.month, f.day = v[0], v[1], v[2]
	case w[2] == 4 && w[0] <= 2 && w[1] <= 2:
		f.year = v[2]
		monthFirst := c == '/' && v[0] <= 12 || c == '-' && v[1] > 12
		if monthFirst {
			f.month, f.day = v[0], v[1]
		} else {
			f.day, f.month = v[0], v[1]
		}
	default:
		return 0, fmt.Errorf("the order of %s is unclear without a four-digit year", s[:i])
	}
	return i, nil
}

// clock reads hh:mm[:ss[.frac]].
func (f *fields) clock(s string) (int, error) {
	if f.hour >= 0 {
		return 0, errors.New("it states two times of day")
	}
	var n, w int
	if f.hour, n = digits(s); n > 2 {
		return 0, fmt.Errorf("there is no hour %s", s[:n])
	}
	f.minute, w = digits(s[n+1:])
	n += 1 + w
	if w != 2 {
		return 0, errors.New("minutes want two digits")
	}
	if n < len(s) && s[n] == ':' {
		f.sec, w = digits(s[n+1:])
		if w != 2 {
			return 0, errors.New("seconds want two digits")
		}
		n += 1 + w
		if n+1 < len(s) && (s[n] == '.' || s[n] == ',') && isDigit(s[n+1]) {
			f.nsec, w = fraction(s[n+1:])
			n += 1 + w
		}
	}
	if n < len(s) && isDigit(s[n]) {
		return 0, errors.New("the time of day has too many digits")
	}
	return n, nil
}

// sign reads a zone's offset, or skips a dash between parts.
func (f *fields) sign(s string) (int, error) {
	if len(s) > 1 && isDigit(s[1]) && f.hour >= 0 {
		z, n := offset(s)
		if n == 0 {
			return 0, fmt.Errorf("there is no zone %s", cut(s, 6))
		}
		if f.zoned && f.zone != 0 && f.zone != z {
			return 0, errors.New("it states two zones")
		}
		f.zone, f.zoned = z, true
		return n, nil
	}
	if s[0] == '-' && len(s) > 1 && (s[1] == ' ' || isLetter(s[1]) || f.month > 0 && f.year < 0) { // "24-Aug-2023"
		return 1, nil
	}
	return 0, fmt.Errorf("%q is not expected", s[0])
}

// bracket skips a remark in brackets, unless it is the only zone.
func (f *fields) bracket(s string) (int, error) {
	end := strings.IndexByte(s, ')')
	if end < 0 {
		return 0, errors.New("a bracket is not closed")
	}
	in := s[1:end]
	if n := letters(in); !f.zoned && n == len(in) && n >= 2 && n <= 5 && !weekday(in) {
		if _, err := f.abbreviation(in); err != nil {
			return 0, err
		}
	}
	return end + 1, nil
}

// letters is how many ASCII letters s begins with.
func letters(s string) int {
	n := 0
	for n < len(s) && isLetter(s[n]) {
		n++
	}
	return n
}

// word reads a name: month, weekday, half of the day, zone.
func (f *fields) word(s string) (int, error) {
	if h, n := halfOfDay(s); n > 0 && (f.half == wholeDay) {
		f.half = h
		return n, nil
	}
	n := letters(s)
	w := s[:n]
	if m := month(w); m > 0 && f.month < 0 {
		f.month = m
		if n < len(s) && s[n] == '.' { // "Aug. 24"
			n++
		}
		return n, nil
	}
	if weekday(w) {
		if n < len(s) && s[n] == '.' {
			n++
		}
		return n, nil
	}
	if (w == "T" || w == "t") && f.year >= 0 && f.hour < 0 || strings.EqualFold(w, "at") {
		return n, nil
	}
	return f.abbreviation(w)
}

// abbreviation takes a zone's short name.
func (f *fields) abbreviation(w string) (int, error) {
	var buf [5]byte
	z, single, known := 0, false, false
	if len(w) <= len(buf) {
		for i := range len(w) {
			buf[i] = w[i] &^ 0x20
		}
		z, single, known = zoneOffset(string(buf[:len(w)]))
	}
	switch {
	case !known:
		return 0, fmt.Errorf("%s is no zone or month known here: give the zone as an offset such as +09:00", quote(w))
	case !single:
		return 0, fmt.Errorf("the zone %s means several zones: give an offset such as +09:00", quote(w))
	case f.hour < 0:
		return 0, fmt.Errorf("the zone %s stands before the time of day", quote(w))
	}
	if !f.zoned { // "+0900 JST" repeats what the offset said
		f.zone, f.zoned = z, true
	}
	return len(w), nil
}

// halfOfDay reads am, pm, a.m. or p.m. in any case after optional spaces.
func halfOfDay(s string) (half, int) {
	i := 0
	for i < len(s) && s[i] == ' ' {
		i++
	}
	if i >= len(s) || s[i]|0x20 != 'a' && s[i]|0x20 != 'p' {
		return wholeDay, 0
	}
	h := am
	if s[i]|0x20 == 'p' {
		h = pm
	}
	i++
	dotted := i < len(s) && s[i] == '.'
	if dotted {
		i++
	}
	if i >= len(s) || s[i]|0x20 != 'm' {
		return wholeDay, 0
	}
	i++
	if dotted && i < len(s) && s[i] == '.' {
		i++
	}
	if i < len(s) && isLetter(s[i]) {
		return wholeDay, 0
	}
	return h, i
}

// ordinal says that s begins with the ending of an English ordinal.
func ordinal(s string) bool {
	if letters(s) != 2 {
		return false
	}
	switch (uint16(s[0])<<8 | uint16(s[1])) | 0x2020 {
	case 's'<<8 | 't', 'n'<<8 | 'd', 'r'<<8 | 'd', 't'<<8 | 'h':
		return true
	}
	return false
}

var monthNames = [12]string{
	"january", "february", "march", "april", "may", "june",
	"july", "august", "september", "october", "november", "december",
}

// month gives the number of an English month, full or its first three letters
// ("Sept" too); 0 for any other word.
func month(w string) int { return name(w, monthNames[:]) }

var weekdayNames = [7]string{
	"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
}

// weekday says that w is an English weekday, full or abbreviated to three
// letters or more.
func weekday(w string) bool { return name(w, weekdayNames[:]) > 0 }

// name gives the 1-based place of the name that w abbreviates to no less than
// three letters.
func name(w string, names []string) int {
	if len(w) < 3 {
		return 0
	}
	for k, full := range names {
		if w[0]|0x20 == full[0] && len(w) <= len(full) && strings.EqualFold(w, full[:len(w)]) {
			return k + 1
		}
	}
	return 0
}

// cut is the first n bytes of s, or all.
func cut(s string, n int) string { return s[:min(n, len(s))] }
