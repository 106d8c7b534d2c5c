package query

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// layouts are the forms of dates and times without an offset.
var layouts = []string{
	"2006-1-2", "2006/1/2", "2006年1月2日", "2006-1", "2006/1", "2006年1月",
	"2006-1-2T15:04", "2006-1-2T15:04:05", "2006-1-2 15:04", "2006-1-2 15:04:05",
	"2006/1/2 15:04", "2006/1/2 15:04:05",
}

// spans are the units of a time before now.
var spans = map[byte]time.Duration{
	'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

// readTime reads the value of after: and before:, in UTC.
func readTime(s string, now time.Time, zone *time.Location) (time.Time, bool) {
	s = strings.TrimSpace(norm.NFKC.String(s))
	t, ok := anyTime(s, now, zone)
	t = t.UTC()
	return t, ok && t.Year() >= 1 && t.Year() <= 9999
}

func anyTime(s string, now time.Time, zone *time.Location) (time.Time, bool) {
	switch strings.ToLower(s) {
	case "today", "今日":
		return midnight(now, zone, 0), true
	case "yesterday", "昨日":
		return midnight(now, zone, -1), true
	}
	if n := len(s) - 1; n > 0 && n <= 5 {
		if unit, ok := spans[s[n]|0x20]; ok {
			count, err := strconv.ParseUint(s[:n], 10, 32)
			if err != nil {
				return time.Time{}, false
			}
			return now.Add(-time.Duration(count) * unit).Truncate(time.Second), true //nolint:gosec // five digits at most
		}
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// midnight gives the beginning of a day.
func midnight(t time.Time, zone *time.Location, days int) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, zone)
}

// writeTime gives a time as readTime reads it: a date where a day begins.
func writeTime(t time.Time, zone *time.Location) string {
	day := t.In(zone).Format("2006-01-02")
	if read, ok := readTime(day, time.Time{}, zone); ok && read.Equal(t) {
		return day
	}
	return t.UTC().Format(time.RFC3339Nano)
}
