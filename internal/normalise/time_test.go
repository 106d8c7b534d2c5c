package normalise

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // zones by name also where the system has none
)

var tokyo = time.FixedZone("JST", 9*3600)

func TestTime(t *testing.T) {
	at := func(s string) time.Time {
		t.Helper()
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UTC()
	}
	for _, c := range []struct {
		in   string
		loc  *time.Location
		want string
	}{
		// Unix time.
		{"1692882183", nil, "2023-08-24T13:03:03Z"},
		{"1692882183", tokyo, "2023-08-24T13:03:03Z"},
		{" 1692882183\n", nil, "2023-08-24T13:03:03Z"},
		{"1692882183.25", nil, "2023-08-24T13:03:03.25Z"},
		{"1692882183.0", nil, "2023-08-24T13:03:03Z"},
		{"1692882183250", nil, "2023-08-24T13:03:03.25Z"},
		{"1692882183250.5", nil, "2023-08-24T13:03:03.2505Z"},
		{"1692882183250001", nil, "2023-08-24T13:03:03.250001Z"},
		{"1692882183250000001", nil, "2023-08-24T13:03:03.250000001Z"},
		{"1692882183.123456789123", nil, "2023-08-24T13:03:03.123456789Z"},
		{"631152000", nil, "1990-01-01T00:00:00Z"},
		{"4133980799", nil, "2100-12-31T23:59:59Z"},
		{"4133980799999999999", nil, "2100-12-31T23:59:59.999999999Z"},
		{"1.692882183e9", nil, "2023-08-24T13:03:03Z"},
		{"1.69288218325E+12", nil, "2023-08-24T13:03:03.25Z"},
		{"1.692882183e+12", nil, "2023-08-24T13:03:03Z"},
		// Without separators.
		{"20230824130303", nil, "2023-08-24T13:03:03Z"},
		{"202308241303", tokyo, "2023-08-24T04:03:00Z"},
		{"20230824T130303Z", tokyo, "2023-08-24T13:03:03Z"},
		{"20230824T1303+0900", nil, "2023-08-24T04:03:00Z"},
		// ISO 8601.
		{"2023-08-24T13:03:03Z", tokyo, "2023-08-24T13:03:03Z"},
		{"2023-08-24t13:03:03z", tokyo, "2023-08-24T13:03:03Z"},
		{"2023-08-24T13:03:03.123456789+09:00", nil, "2023-08-24T04:03:03.123456789Z"},
		{"2023-08-24T13:03:03,5-0330", nil, "2023-08-24T16:33:03.5Z"},
		{"2023-08-24 13:03", nil, "2023-08-24T13:03:00Z"},
		{"2023-08-24 13:03", tokyo, "2023-08-24T04:03:00Z"},
		{"2023-08-24 13:03:03.000", nil, "2023-08-24T13:03:03Z"},
		{"2023-08-24 13:03:03 +0900", nil, "2023-08-24T04:03:03Z"},
		{"2023-08-24 13:03:03+00", tokyo, "2023-08-24T13:03:03Z"},
		{"2023-08-24 13:03:03 +0900 JST", nil, "2023-08-24T04:03:03Z"},
		{"2023-08-24 13:03:03 UTC", tokyo, "2023-08-24T13:03:03Z"},
		{"2023-08-24 13:03:03 JST", nil, "2023-08-24T04:03:03Z"},
		{"2023-08-24 13:03:03 EDT", nil, "2023-08-24T17:03:03Z"},
		{"2023-08-24 13:03:03 est", nil, "2023-08-24T18:03:03Z"},
		{"2023-08-24 13:03:03 UTC+09:00", nil, "2023-08-24T04:03:03Z"},
		{"2023-08-24 13:03 GMT+9", nil, "2023-08-24T04:03:00Z"},
		{"2023-08-24T13:03:03+09:00[Asia/Tokyo]", nil, "2023-08-24T04:03:03Z"},
		{"2023-08-24 01:03 PM", nil, "2023-08-24T13:03:00Z"},
		{"2023-08-24  13:03", nil, "2023-08-24T13:03:00Z"},
		{"2016-12-31T23:59:60Z", nil, "2017-01-01T00:00:00Z"},
		{"2023-08-24T24:00:00Z", nil, "2023-08-25T00:00:00Z"},
		{"2024-02-29 00:00", nil, "2024-02-29T00:00:00Z"},
		{"2023-8-4 3:03", nil, "2023-08-04T03:03:00Z"},
		// Slashes and dots.
		{"10/1/2017 19:58", nil, "2017-10-01T19:58:00Z"},
		{"13/1/2017 19:58", nil, "2017-01-13T19:58:00Z"},
		{"1/13/2017 7:58:01 PM", nil, "2017-01-13T19:58:01Z"},
		{"10/01/2017, 7:58 p.m.", nil, "2017-10-01T19:58:00Z"},
		{"2023/8/24 13:03", tokyo, "2023-08-24T04:03:00Z"},
		{"2023/08/24 13:03:03", nil, "2023-08-24T13:03:03Z"},
		{"24.08.2023 13:03", nil, "2023-08-24T13:03:00Z"},
		{"4.8.2023, 13:03:03", nil, "2023-08-04T13:03:03Z"},
		{"2023. 8. 24. 오후 1:03:03", nil, "2023-08-24T13:03:03Z"},
		{"2023.08.24 13:03", nil, "2023-08-24T13:03:00Z"},
		{"24-08-2023 13:03", nil, "2023-08-24T13:03:00Z"},
		{"04-08-2023 13:03", nil, "2023-08-04T13:03:00Z"},
		{"08-24-2023 13:03", nil, "2023-08-24T13:03:00Z"},
		{"13:03 24.08.2023", nil, "2023-08-24T13:03:00Z"},
		// Names.
		{"Wed Aug 27 13:08:45 +0000 2008", tokyo, "2008-08-27T13:08:45Z"},
		{"Mon, 02 Jan 2006 15:04:05 MST", nil, "2006-01-02T22:04:05Z"},
		{"Mon, 02 Jan 2006 15:04:05 -0700", nil, "2006-01-02T22:04:05Z"},
		{"Sunday, 06-Nov-94 08:49:37 GMT", nil, "1994-11-06T08:49:37Z"},
		{"Sun Nov  6 08:49:37 1994", nil, "1994-11-06T08:49:37Z"},
		{"Aug 24, 2023 1:03 PM", nil, "2023-08-24T13:03:00Z"},
		{"Aug. 24, 2023 at 1:03 a.m.", nil, "2023-08-24T01:03:00Z"},
		{"August 24th, 2023 12:03 AM", nil, "2023-08-24T00:03:00Z"},
		{"Sept 4 2023 12:03pm", nil, "2023-09-04T12:03:00Z"},
		{"24 August 2023 13:03", nil, "2023-08-24T13:03:00Z"},
		{"24. August 2023 13:03", nil, "2023-08-24T13:03:00Z"},
		{"24-Aug-2023 13:03:03", nil, "2023-08-24T13:03:03Z"},
		{"1:03 PM · Aug 24, 2023", nil, "2023-08-24T13:03:00Z"},
		{"1:03 PM - 24 Aug 2023", nil, "2023-08-24T13:03:00Z"},
		{"Aug 24, 2023, 1:03\u202fPM", nil, "2023-08-24T13:03:00Z"},
		{"1 PM 24 Aug 2023", nil, "2023-08-24T13:00:00Z"},
		{"Thu Aug 24 2023 13:03:03 GMT+0900 (Japan Standard Time)", nil, "2023-08-24T04:03:03Z"},
		{"Thu, 24 Aug 2023 13:03:03 +0900 (JST)", nil, "2023-08-24T04:03:03Z"},
		{"2023/8/24 13:03 (JST)", nil, "2023-08-24T04:03:00Z"},
		// Chinese, Japanese, Korean.
		{"2023年8月24日 13時03分", tokyo, "2023-08-24T04:03:00Z"},
		{"2023年8月24日13時03分05秒", nil, "2023-08-24T13:03:05Z"},
		{"2023年8月24日(木) 午後1時3分", nil, "2023-08-24T13:03:00Z"},
		{"２０２３年８月２４日（木）１３：０３", nil, "2023-08-24T13:03:00Z"},
		{"2023年8月24日木曜日 午前0時3分", nil, "2023-08-24T00:03:00Z"},
		{"午後1:03 · 2023年8月24日", nil, "2023-08-24T13:03:00Z"},
		{"2023年8月24日 星期四 下午1点3分", nil, "2023-08-24T13:03:00Z"},
		{"2023년 8월 24일 목요일 오후 1시 3분", nil, "2023-08-24T13:03:00Z"},
	} {
		got, err := Time(c.in, c.loc)
		if err != nil {
			t.Errorf("Time(%q): %v", c.in, err)
			continue
		}
		if want := at(c.want); !got.Equal(want) {
			t.Errorf("Time(%q) = %v, want %v", c.in, got, want)
		}
		if got.Location() != time.UTC {
			t.Errorf("Time(%q) is in %v, want UTC", c.in, got.Location())
		}
	}
}

func TestTimeErrors(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "found nothing",
		"yesterday":               "offset",
		"2023-08-24 13:03 XYZ":    "give the zone as an offset",
		"2023-08-24 13:03 CST":    "several zones",
		"2023-08-24 13:03 IST":    "several zones",
		"2023-08-24 25:03":        "time of day",
		"2023-08-24 13:60":        "time of day",
		"2023-02-29 13:03":        "no day 29",
		"2023-13-01 13:03":        "no month 13",
		"1989-12-31 13:03":        "1990 to 2100",
		"2101-01-01 13:03":        "1990 to 2100",
		"1970-01-01T00:00:00Z":    "1990 to 2100",
		"1990-01-01 00:00+0900":   "1990 to 2100",
		"0":                       "Unix time",
		"-1692882183":             "",
		"45162.54":                "Unix time",
		"123456789012345678901":   "too large",
		"1.69E+12":                "rounded",
		"8/24/23 13:03":           "four-digit year",
		"13/13/2023 13:03":        "month 13",
		"Aug 24 13:03":            "lacks",
		"2023-08-24 13:03 +25:00": "zone",
		"2023-08-24 13:03 am":     "before noon",
		"13:03 2023-08-24 13:04":  "two times",
		"<b>":                     "not expected",
		strings.Repeat("é", 500):  "…",
		"2023-08-24 13:03 \xff":   "",
	} {
		got, err := Time(in, nil)
		if err == nil {
			t.Errorf("Time(%q) = %v, want an error", in, got)
			continue
		}
		if !strings.Contains(err.Error(), want) || len(err.Error()) > 400 {
			t.Errorf("Time(%q): %v; want it to say %q", in, err, want)
		}
		if !got.IsZero() {
			t.Errorf("Time(%q) = %v beside its error", in, got)
		}
	}
}

func TestTimeWithoutClock(t *testing.T) {
	want := time.Date(2023, 8, 23, 15, 0, 0, 0, time.UTC)
	for _, in := range []string{"2023-08-24", "20230824", "8/24/2023", "24.08.2023", "2023年8月24日", "Aug 24, 2023"} {
		got, err := Time(in, tokyo)
		if !errors.Is(err, ErrNoClock) || !got.Equal(want) {
			t.Errorf("Time(%q) = %v, %v; want %v with ErrNoClock", in, got, err, want)
		}
	}
}

func TestTimeInLocation(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]int{"2023-08-24 13:03": 11, "2023-12-24 13:03": 12, "24.12.2023 13:03": 12} {
		got, err := Time(in, berlin)
		if err != nil || got.Hour() != want {
			t.Errorf("Time(%q) = %v, %v; want hour %d", in, got, err, want)
		}
	}
}

// Every layout that the documentation names gives back the time it wrote.
func TestTimeRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	layouts := []string{
		time.RFC3339Nano, time.RFC1123, time.RFC1123Z, time.RFC850, time.ANSIC, time.UnixDate, time.RubyDate,
		"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.000Z07:00", "2006-01-02 15:04:05 -0700",
		"2006/1/2 15:04:05", "02.01.2006 15:04:05", "1/2/2006 15:04:05", "2006年1月2日 15時04分05秒",
		"Jan 2, 2006 3:04:05 PM", "20060102150405", "2006-01-02 15:04:05 MST",
	}
	for range 20000 {
		sec := minUnix + r.Int64N(maxUnix-minUnix)
		tm := time.Unix(sec, 0).UTC()
		for _, l := range layouts {
			in := tm.Format(l)
			if l == time.RFC850 && (tm.Year() < 1990 || tm.Year() > 2089) {
				continue
			}
			if got, err := Time(in, nil); err != nil || !got.Equal(tm) {
				t.Fatalf("Time(%q) = %v, %v; want %v", in, got, err, tm)
			}
		}
		for k, per := 0, int64(1); k < 4; k++ {
			in := fmt.Sprint(sec * per)
			if got, err := Time(in, nil); err != nil || !got.Equal(tm) {
				t.Fatalf("Time(%q) = %v, %v; want %v", in, got, err, tm)
			}
			per *= 1000
		}
	}
}

func TestTimeAllocs(t *testing.T) {
	for _, in := range []string{"1692882183", "1692882183250", "2023-08-24T13:03:03Z", "2023-08-24 13:03:03", "10/1/2017 19:58"} {
		if n := testing.AllocsPerRun(100, func() { _, _ = Time(in, nil) }); n != 0 {
			t.Errorf("Time(%q) allocates %v times", in, n)
		}
	}
}

func FuzzTime(f *testing.F) {
	for _, s := range []string{
		"1692882183.25", "1.692882183e9", "2023-08-24T13:03:03.5+09:00", "10/1/2017 7:58 PM", "24.08.2023 13:03",
		"2023年8月24日(木) 午後1時3分", "Wed Aug 27 13:08:45 +0000 2008", "20230824T130303Z", "Sunday, 06-Nov-94 08:49:37 GMT",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Time(s, nil)
		if err != nil && !errors.Is(err, ErrNoClock) {
			if !got.IsZero() {
				t.Fatalf("Time(%q) = %v with %v", s, got, err)
			}
			return
		}
		if got.Location() != time.UTC || got.Year() < 1990 || got.Year() > 2100 {
			t.Fatalf("Time(%q) = %v", s, got)
		}
		again, err := Time(got.Format(time.RFC3339Nano), nil)
		if err != nil || !again.Equal(got) {
			t.Fatalf("Time(%q) = %v, which reads back as %v, %v", s, got, again, err)
		}
		// The fast path reads nothing otherwise than the general one.
		if fast, ok := isoTime(strings.TrimSpace(s), nil); ok {
			slow, err := formTime(strings.TrimSpace(s), nil)
			if err != nil || !slow.Equal(fast) {
				t.Fatalf("%q: fast %v, general %v, %v", s, fast, slow, err)
			}
		}
	})
}

func BenchmarkTime(b *testing.B) {
	for _, c := range []struct{ name, in string }{
		{"unix", "1692882183"}, {"unix-ms", "1692882183250"}, {"rfc3339", "2023-08-24T13:03:03Z"},
		{"iso-offset", "2023-08-24 13:03:03.25+09:00"}, {"us", "10/1/2017 19:58"},
		{"twitter", "Wed Aug 27 13:08:45 +0000 2008"}, {"crowdtangle", "2023-08-24 13:03:00 JST"},
		{"japanese", "2023年8月24日 13時03分05秒"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Time(c.in, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
