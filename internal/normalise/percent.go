package normalise

// component is a part of an address, by the characters that it may contain
// as they are.
type component uint8

const (
	inPath  component = iota // pchar and '/' (RFC 3986 section 3.3)
	inQuery                  // pchar, '/' and '?' (RFC 3986 section 3.4)
)

// plain says that c stands for itself in the component.
func (k component) plain(c byte) bool {
	switch c {
	case '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=', ':', '@', '/':
		return true
	case '?':
		return k == inQuery
	}
	return unreserved(c)
}

// unreserved are the characters that are never encoded (RFC 3986 section 2.3).
func unreserved(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

const hexDigits = "0123456789ABCDEF"

// encode normalises percent-encoding: see [URL]. A '%' that begins no
// encoding is encoded itself.
func encode(s string, k component) string {
	i := 0
	for i < len(s) && k.plain(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	out := make([]byte, i, len(s)+32)
	copy(out, s)
	for ; i < len(s); i++ {
		c := s[i]
		if k.plain(c) {
			out = append(out, c)
			continue
		}
		if c == '%' {
			if v, ok := hexPair(s, i+1); ok {
				i += 2
				if unreserved(v) {
					out = append(out, v)
					continue
				}
				c = v
			}
		}
		out = append(out, '%', hexDigits[c>>4], hexDigits[c&15])
	}
	return string(out)
}

// unescape decodes percent-encoding, and '+' as a space where asked.
func unescape(s string, plus bool) string {
	i := 0
	for i < len(s) && s[i] != '%' && s[i] != '+' {
		i++
	}
	if i == len(s) {
		return s
	}
	out := make([]byte, i, len(s))
	copy(out, s)
	for ; i < len(s); i++ {
		c := s[i]
		if c == '+' && plus {
			c = ' '
		} else if c == '%' {
			if v, ok := hexPair(s, i+1); ok {
				c = v
				i += 2
			}
		}
		out = append(out, c)
	}
	return string(out)
}

// hexPair reads two hexadecimal digits at i.
func hexPair(s string, i int) (byte, bool) {
	if i+2 > len(s) {
		return 0, false
	}
	a, ok1 := hexDigit(s[i])
	b, ok2 := hexDigit(s[i+1])
	return a<<4 | b, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case c|0x20-'a' <= 'f'-'a':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
