package normalise

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ErrNoClock is what [Time] reports, beside the midnight it found, for a value
// that states a day but no time of day. Everything that happened on such a day
// would seem to have happened at one instant, so whoever takes the midnight
// must do so knowingly.
var ErrNoClock = errors.New("states a day but no time of day")

// The years that Time accepts, as Unix seconds: [1990-01-01, 2101-01-01).
const (
	minUnix = 631152000
	maxUnix = 4133980800
)

// Time reads a point in time in any common form and gives it in UTC. Where the
// text states no zone, loc says which one is meant; nil is UTC. (A wall-clock
// time that loc skips or repeats is resolved as [time.Date] does it.)
//
// The forms, tried in this order:
//
//   - Unix time as an integer or decimal, in seconds, milliseconds,
//     microseconds or nanoseconds. The unit is the one that puts the value in
//     the years 1990 to 2100; no value does so in two units. Scientific
//     notation ("1.692882183e12") is read as long as it is exact to the
//     second; a spreadsheet's "1.69E+12" is not and is an error.
//   - YYYYMMDDhhmm[ss], with or without a 'T' and a zone. Such a number
//     is never a Unix time in the range above.
//   - RFC 3339 and ISO 8601: "2023-08-24T13:03:00.5+09:00", with 'T' or a
//     space, seconds and fraction (point or comma) optional; the zone may be
//     Z, +09:00, +0900, +09, an abbreviation, or missing.
//   - Year first with '/' or '.': "2023/8/24 13:03", "2023. 8. 24. 13:03".
//   - "10/1/2017 19:58": month first, as in the United States, unless the
//     first number is above 12; then day first.
//   - "24.08.2023 13:03" and "24-08-2023 13:03": day first; with hyphens month
//     first where the second number is above 12.
//   - Month names in English, full or three letters: "Aug 24, 2023 1:03 PM",
//     "Wed Aug 27 13:08:45 +0000 2008", RFC 1123, RFC 850, RFC 5322, ctime,
//     JavaScript's Date.toString. Two-digit years only here ("06-Nov-94"):
//     90 to 99 are the nineties, the rest follow 2000.
//   - "2023年8月24日 午後1時3分", with hours also as "13:03", and the same in
//     Chinese and Korean; full-width digits count as digits.
//
// A time of day may stand before its date. Weekday names are skipped and not
// checked. Zone abbreviations are those of zone.go; one that means several
// zones (CST, IST, BST) or is unknown is an error that asks for an offset. A
// leap second is the second after it, 24:00 is midnight of the next day, and
// digits beyond nanoseconds are cut off.
//
// Years outside 1990 to 2100 are errors. A day without a time of day gives
// that day's midnight together with [ErrNoClock].
func Time(s string, loc *time.Location) (time.Time, error) {
	s = strings.TrimSpace(s)
	if t, ok := isoTime(s, loc); ok {
		return t, nil
	}
	if numeric(s) {
		return unixTime(s, loc)
	}
	return formTime(s, loc)
}

// formTime reads every form but plain numbers.
func formTime(s string, loc *time.Location) (time.Time, error) {
	given := s
	if !ascii(s) {
		s = norm.NFKC.String(s)
	}
	var f fields
	if err := f.parse(s); err != nil {
		return time.Time{}, timeError(given, err)
	}
	t, err := f.time(loc)
	if err != nil {
		return t, timeError(given, err)
	}
	return t, nil
}

// fields are the parts of a time as they were found. Numbers are -1 while
// they have not been.
type fields struct {
	year, month, day  int
	hour, minute, sec int
	nsec              int
	half              half
	zone              int // seconds east of UTC
	zoned             bool
}

// half is the half of the day that a text states.
type half uint8

const (
	wholeDay half = iota
	am
	pm
)

// time assembles the fields.
func (f *fields) time(loc *time.Location) (time.Time, error) {
	switch {
	case f.year < 0 || f.month < 0 || f.day < 0:
		return time.Time{}, errors.New("it lacks a year, month or day")
	case f.year < 1989 || f.year > 2101: // the exact test is on the result
		return time.Time{}, errYear(f.year)
	case f.month < 1 || f.month > 12:
		return time.Time{}, fmt.Errorf("there is no month %d", f.month)
	case f.day < 1 || f.day > monthDays(f.year, f.month):
		return time.Time{}, fmt.Errorf("there is no day %d in month %d of %d", f.day, f.month, f.year)
	}
	clock := f.hour >= 0
	if !clock {
		f.hour, f.minute, f.sec, f.nsec = 0, 0, 0, 0
	}
	f.minute, f.sec = max(f.minute, 0), max(f.sec, 0)
	switch {
	case f.half == pm && f.hour < 12:
		f.hour += 12
	case f.half == am && f.hour == 12:
		f.hour = 0
	case f.half == am && f.hour > 12:
		return time.Time{}, fmt.Errorf("hour %d is not before noon", f.hour)
	}
	whole := f.hour == 24 && f.minute == 0 && f.sec == 0 && f.nsec == 0
	if f.hour > 23 && !whole || f.minute > 59 || f.sec > 60 {
		return time.Time{}, fmt.Errorf("there is no time of day %02d:%02d:%02d", f.hour, f.minute, f.sec)
	}
	var t time.Time
	if f.zoned || utc(loc) {
		t = time.Unix(f.unix(), int64(f.nsec)).UTC()
	} else {
		t = time.Date(f.year, time.Month(f.month), f.day, f.hour, f.minute, f.sec, f.nsec, loc).UTC()
	}
	if u := t.Unix(); u < minUnix || u >= maxUnix {
		return time.Time{}, errYear(t.Year())
	}
	if !clock {
		return t, ErrNoClock
	}
	return t, nil
}

// unix gives the Unix seconds of the fields in their zone.
func (f *fields) unix() int64 {
	// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in
	// years that begin in March so that the leap day is the last.
	y, m := f.year, f.month
	if m <= 2 {
		y--
		m += 12
	}
	days := 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + f.day - 1 - 719468
	return int64(days)*86400 + int64(f.hour*3600+f.minute*60+f.sec-f.zone)
}

// utc says that a wall-clock time in loc is one in UTC.
func utc(loc *time.Location) bool { return loc == nil || loc == time.UTC }

// monthDays is the number of days of a month.
func monthDays(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func errYear(y int) error {
	return fmt.Errorf("the year %d is outside 1990 to 2100", y)
}

// timeError says what was expected and what was found.
func timeError(s string, err error) error {
	if s == "" {
		return errors.New("time: want a date and time such as 2023-08-24T13:03:00Z, found nothing")
	}
	if errors.Is(err, ErrNoClock) {
		return fmt.Errorf("time %s: %w; want a date and time such as 2023-08-24T13:03:00Z", quote(s), err)
	}
	return fmt.Errorf("time %s: %w; want a form such as 2023-08-24T13:03:00Z, 2023-08-24 13:03 +0900 or Unix seconds", quote(s), err)
}

// quote quotes a value for an error, cut where it is long.
func quote(s string) string {
	const most = 60
	if len(s) <= most {
		return fmt.Sprintf("%q", s)
	}
	end := most
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return fmt.Sprintf("%q…", s[:end])
}

// ascii says that s is all ASCII.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func isLetter(c byte) bool { return c|0x20-'a' <= 'z'-'a' }
