package normalise

import "time"

// isoTime reads YYYY-MM-DD, 'T' or a space, hh:mm[:ss[.frac]] and an optional
// numeric zone or 'Z'. It is the fast path: whatever it refuses is left to
// formTime, which reads the same forms and says what is wrong.
func isoTime(s string, loc *time.Location) (time.Time, bool) {
	if len(s) < len("2006-01-02 15:04") || s[4] != '-' || s[7] != '-' || s[13] != ':' ||
		s[10] != 'T' && s[10] != ' ' && s[10] != 't' {
		return time.Time{}, false
	}
	y1, ok1 := two(s, 0)
	y2, ok2 := two(s, 2)
	month, ok3 := two(s, 5)
	day, ok4 := two(s, 8)
	hour, ok5 := two(s, 11)
	minute, ok6 := two(s, 14)
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6) {
		return time.Time{}, false
	}
	f := fields{year: y1*100 + y2, month: month, day: day, hour: hour, minute: minute}
	if month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 ||
		day > 28 && day > monthDays(f.year, month) {
		return time.Time{}, false
	}
	i := 16
	if i < len(s) && s[i] == ':' {
		sec, ok := two(s, i+1)
		if !ok || sec > 59 {
			return time.Time{}, false
		}
		f.sec = sec
		i += 3
		if i < len(s) && (s[i] == '.' || s[i] == ',') {
			var n int
			f.nsec, n = fraction(s[i+1:])
			if n == 0 {
				return time.Time{}, false
			}
			i += 1 + n
		}
	}
	if i < len(s) {
		if s[i] == ' ' {
			i++
		}
		rest := s[i:]
		n := 0
		switch {
		case rest == "Z" || rest == "z" || rest == "UTC":
			n = len(rest)
		case rest != "" && (rest[0] == '+' || rest[0] == '-'):
			f.zone, n = offset(rest)
		}
		if n == 0 || n < len(rest) {
			return time.Time{}, false
		}
		f.zoned = true
	}
	if !f.zoned && !utc(loc) {
		t, err := f.time(loc)
		return t, err == nil
	}
	u := f.unix()
	if u < minUnix || u >= maxUnix {
		return time.Time{}, false
	}
	return time.Unix(u, int64(f.nsec)).UTC(), true
}

// two reads two digits at i.
func two(s string, i int) (int, bool) {
	if i+2 > len(s) {
		return 0, false
	}
	a, b := s[i]-'0', s[i+1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

// fraction reads the digits after a decimal point as nanoseconds and says how
// many there were; those past the ninth do not count.
func fraction(s string) (nsec, n int) {
	unit := 100_000_000
	for n < len(s) && isDigit(s[n]) {
		nsec += int(s[n]-'0') * unit
		unit /= 10
		n++
	}
	return nsec, n
}

// offset reads a zone as ±hh, ±hhmm or ±hh:mm, giving seconds east of UTC and
// the bytes it took; 0 bytes where there is none. ISO 8601 has no zone beyond
// 14 hours.
func offset(s string) (sec, n int) {
	h, ok := two(s, 1)
	if !ok {
		// Some write "GMT+9".
		if len(s) < 2 || !isDigit(s[1]) || len(s) > 2 && s[2] == ':' {
			return 0, 0
		}
		h = int(s[1] - '0')
		n = 2
	} else {
		n = 3
		i := 3
		if i < len(s) && s[i] == ':' {
			i++
		}
		if m, ok := two(s, i); ok {
			if m > 59 {
				return 0, 0
			}
			sec = m * 60
			n = i + 2
		} else if i > 3 {
			return 0, 0
		}
	}
	if n < len(s) && isDigit(s[n]) {
		return 0, 0
	}
	sec += h * 3600
	if sec > 14*3600 {
		return 0, 0
	}
	if s[0] == '-' {
		sec = -sec
	}
	return sec, n
}
