package api

import (
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// FuzzCursor reads any text as a cursor, and every cursor that is given.
func FuzzCursor(f *testing.F) {
	f.Add("", int64(0), uint64(0))
	f.Add("1793500000000000.00a1b2c3d4e5f607", int64(1793500000000000), uint64(1))
	f.Add("9223372036854775807.ffffffffffffffff", int64(-1), ^uint64(0))
	f.Add("1.2", int64(1), uint64(2))
	f.Fuzz(func(t *testing.T, text string, micros int64, key uint64) {
		if at, err := parseCursor(text); err == nil && text != "" {
			p := poststore.Post{Post: post.Post{Time: at.Time}, Key: at.Key}
			if again, err := parseCursor(cursorAt(&p)); err != nil || again != at {
				t.Errorf("%q is %v, then %v: %v", text, at, again, err)
			}
		}
		want := poststore.Position{Time: time.UnixMicro(micros % (1 << 55)).UTC(), Key: poststore.Key(key)}
		p := poststore.Post{Post: post.Post{Time: want.Time}, Key: want.Key}
		if got, err := parseCursor(cursorAt(&p)); err != nil || got != want {
			t.Errorf("%v is read as %v: %v", want, got, err)
		}
	})
}

// Zones are names or offsets; what else there is, is refused.
func TestParseZone(t *testing.T) {
	for text, offset := range map[string]int{"UTC": 0, "": 0, "Asia/Tokyo": 9 * 3600, "+09:00": 9 * 3600, "-03:30": -12600} {
		zone, err := parseZone(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if _, got := time.Date(2026, 11, 1, 0, 0, 0, 0, zone).Zone(); got != offset {
			t.Errorf("%q is %d seconds", text, got)
		}
	}
	for _, text := range []string{"Local", "Nowhere/Here", "../etc/passwd", "+9"} {
		if zone, err := parseZone(text); err == nil {
			t.Errorf("%q is read as %v", text, zone)
		}
	}
}
