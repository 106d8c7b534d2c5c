package normalise

import (
	"errors"
	"fmt"
	"math/big"
	"time"
)

// numeric says that s is a plain number: digits with at most one point, or in
// scientific notation, with or without a sign.
func numeric(s string) bool {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	if i >= len(s) || !isDigit(s[i]) {
		return false
	}
	point := false
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case isDigit(c):
		case c == '.' && !point:
			point = true
		case (c == 'e' || c == 'E') && i+1 < len(s):
			i++
			if s[i] == '+' || s[i] == '-' {
				i++
			}
			if i >= len(s) || len(s)-i > 2 {
				return false
			}
			for ; i < len(s); i++ {
				if !isDigit(s[i]) {
					return false
				}
			}
		default:
			return false
		}
	}
	return true
}

// unixTime reads a numeric value: Unix time, or a date and time written
// without separators.
func unixTime(s string, loc *time.Location) (time.Time, error) {
	i := 0
	if s[0] == '+' {
		i++
	}
	start := i
	var v int64
	for i < len(s) && isDigit(s[i]) {
		if i-start >= 19 {
			return time.Time{}, timeError(s, errors.New("the number is too large for a Unix time"))
		}
		v = v*10 + int64(s[i]-'0')
		i++
	}
	whole := s[start:i]
	frac := ""
	if i < len(s) && s[i] == '.' {
		i++
		start = i
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		frac = s[start:i]
	}
	if i < len(s) {
		return scientificTime(s)
	}
	if t, ok := unixUnits(v, frac); ok {
		return t, nil
	}
	if frac == "" && (len(whole) == 8 || len(whole) == 12 || len(whole) == 14) {
		return formTime(whole, loc)
	}
	return time.Time{}, timeError(s, errNoUnit)
}

var errNoUnit = errors.New("as Unix time the number is outside 1990 to 2100 in seconds, milliseconds, microseconds and nanoseconds")

// unixUnits gives the time that lies v and a decimal fraction after 1970 in
// the only unit that puts it in the accepted years.
func unixUnits(v int64, frac string) (time.Time, bool) {
	per := int64(1) // units in a second
	for ; per <= 1e9; per *= 1000 {
		// Comparing quotients avoids overflow at nanoseconds.
		if sec := v / per; sec >= minUnix && sec < maxUnix {
			nsec := v % per * (1e9 / per)
			f, _ := fraction(frac)
			return time.Unix(sec, nsec+int64(f)/per).UTC(), true
		}
	}
	return time.Time{}, false
}

// scientificTime reads a number with an exponent, which spreadsheets write for
// long integers, if its digits reach down to the second.
func scientificTime(s string) (time.Time, error) {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return time.Time{}, timeError(s, errors.New("it is no number"))
	}
	// The last digit of the mantissa stands for 10^scale units.
	scale, point := 0, false
	for i := range len(s) {
		if s[i] == '.' {
			point = true
		} else if s[i] == 'e' || s[i] == 'E' {
			e := 0
			if _, err := fmt.Sscanf(s[i+1:], "%d", &e); err != nil {
				return time.Time{}, timeError(s, fmt.Errorf("reading its exponent: %w", err))
			}
			scale += e
			break
		} else if point {
			scale--
		}
	}
	per := big.NewRat(1, 1)
	for unit := 0; unit <= 9; unit += 3 {
		sec := new(big.Rat).Quo(r, per)
		if f, _ := sec.Float64(); f >= minUnix && f < maxUnix {
			if scale > unit {
				return time.Time{}, timeError(s, errors.New("the number was rounded and no longer says which second"))
			}
			nsec := sec.Mul(sec, big.NewRat(1e9, 1))
			n := new(big.Int).Quo(nsec.Num(), nsec.Denom())
			return time.Unix(0, n.Int64()).UTC(), nil
		}
		per.Mul(per, big.NewRat(1000, 1))
	}
	return time.Time{}, timeError(s, errNoUnit)
}
