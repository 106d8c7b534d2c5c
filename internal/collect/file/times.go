package file

import (
	"time"

	"github.com/akashi-project/akashi/internal/normalise"
)

// parseTime reads a time as files state it. Plain Unix integers, which long
// tables are full of, are read here; everything else by package normalise,
// with which this agrees.
func parseTime(s string, zone *time.Location) (time.Time, error) {
	if len(s) == 10 && s[0] >= '1' && s[0] <= '3' {
		var v int64
		for i := range 10 {
			c := s[i] - '0'
			if c > 9 {
				return normalise.Time(s, zone)
			}
			v = v*10 + int64(c)
		}
		return time.Unix(v, 0).UTC(), nil
	}
	return normalise.Time(s, zone)
}

// timeWanted is what a bad row's reason asks for.
const timeWanted = "a time with date and clock"
