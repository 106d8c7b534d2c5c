package main

import (
	"strings"
	"unicode"
)

// plain gives a text from outside as one line that can do nothing to a
// terminal: controls, and characters that turn directions or are not seen, are
// replaced.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == unicode.ReplacementChar:
			return '\ufffd'
		}
		return r
	}, s)
}

// short cuts a text to so many characters.
func short(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
