package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzPlain has nothing left in a text that acts on a terminal.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"", "普通の文", "\x1b[31mred\x07", "a\nb\tc", "\u202eevil\u202c", "\u009b2J", "\xff\xfe"} {
		f.Add(s, 5)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		got := plain(s)
		if strings.ContainsAny(got, "\x1b\n\r\t\x07\u202e\u2066\u009b") || !utf8.ValidString(got) {
			t.Errorf("%q becomes %q", s, got)
		}
		if n %= 100; n > 0 && utf8.RuneCountInString(short(got, n)) > n {
			t.Errorf("%q is longer than %d", short(got, n), n)
		}
	})
}
