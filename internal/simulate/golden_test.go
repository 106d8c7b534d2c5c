package simulate

import "testing"

// TestStreamsStay pins the streams of the scenarios with their own seeds: what
// is added to the simulator must leave them as they were, byte for byte.
func TestStreamsStay(t *testing.T) {
	for name, want := range map[string]string{
		"small": "55d19704f169acbaff6a2235e9165ffdbbe7a8c5990333c17e502a63e57ca03d",
		"quiet": "410761086d11308c89ce66817f1b21c3b9745cccb1541be70386d542397d73bb",
	} {
		if got := digest(t, load(t, name)); got != want {
			t.Errorf("%s: the stream changed: digest %s, was %s", name, got, want)
		}
	}
}
