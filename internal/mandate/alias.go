package mandate

import (
	"errors"
	"strings"
)

// crockford are the digits of Crockford's base 32: no i, l, o or u.
const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

// aliasPrefix begins every pseudonym, so that one is known for what it is;
// aliasDigits is how many digits of five bits follow.
const (
	aliasPrefix = "acc"
	aliasDigits = 12
)

// errAlias says that something is no pseudonym.
var errAlias = errors.New("no pseudonym: one looks like acc-4h7k-92mq-0xw3")

// formatAlias writes the low 60 bits.
func formatAlias(bits uint64) string {
	out := [...]byte{'a', 'c', 'c', '-', 0, 0, 0, 0, '-', 0, 0, 0, 0, '-', 0, 0, 0, 0}
	for i, shift := len(out)-1, uint(0); i > 3; i-- {
		if out[i] == '-' {
			continue
		}
		out[i] = crockford[bits>>shift&31]
		shift += 5
	}
	return string(out[:])
}

// ParseAlias reads a pseudonym as people type it: in either case, full-width
// or not, with or without hyphens, spaces and the prefix, and with the letters
// that look like digits (o for 0, i and l for 1). It gives the one right form.
func ParseAlias(s string) (string, error) {
	const whole = len(aliasPrefix) + aliasDigits
	digits := make([]byte, 0, whole)
	for _, r := range s {
		if r >= 0xFF01 && r <= 0xFF5E {
			r -= 0xFEE0
		}
		switch {
		case r >= 'A' && r <= 'Z':
			r += 'a' - 'A'
		case r == '-' || r == ' ' || r == '\t' || r == '_' || r == '\u3000' || r >= 0x2010 && r <= 0x2015 || r == 0x2212 || r == 'ー':
			continue
		}
		switch r {
		case 'o':
			r = '0'
		case 'i', 'l':
			r = '1'
		}
		if len(digits) == whole || r > 0x7f || strings.IndexByte(crockford, byte(r)) < 0 {
			return "", errAlias
		}
		digits = append(digits, byte(r))
	}
	if len(digits) == whole && string(digits[:len(aliasPrefix)]) == aliasPrefix {
		digits = digits[len(aliasPrefix):]
	}
	if len(digits) != aliasDigits {
		return "", errAlias
	}
	var bits uint64
	for _, c := range digits {
		bits = bits<<5 | uint64(strings.IndexByte(crockford, c))
	}
	return formatAlias(bits), nil
}
