package file

import "bytes"

// Cells often hold lists: "a b", "a,b", "['a', 'b']", "a|b". The functions
// here take them apart without copying.

var (
	spaceByte = [256]bool{' ': true, '\t': true, '\n': true, '\r': true}
	wordEnd   = [256]bool{' ': true, '\t': true, '\n': true, '\r': true, ',': true, ';': true, '|': true,
		'[': true, ']': true, '\'': true, '"': true, '{': true, '}': true}
)

// eachWord calls f with the words of a list of hashtags or handles, without
// the mark in front. A word that is empty, or "[]", is none.
func eachWord(b []byte, mark byte, f func([]byte)) {
	for i := 0; i < len(b); {
		for i < len(b) && wordEnd[b[i]] {
			i++
		}
		from := i
		for i < len(b) && !wordEnd[b[i]] {
			i++
		}
		w := b[from:i]
		for len(w) > 0 && w[0] == mark {
			w = w[1:]
		}
		if mark == '#' {
			w = bytes.TrimPrefix(w, []byte("＃"))
		}
		if len(w) > 0 {
			f(w)
		}
	}
}

// eachAddress calls f with the addresses of a list. They are separated by
// white space or '|', or by commas or semicolons behind which another address
// begins; a comma within an address is part of it.
func eachAddress(b []byte, f func([]byte)) {
	b = trim(b)
	if len(b) > 1 && b[0] == '[' {
		b = bytes.Trim(b, "[]")
	}
	for len(b) > 0 {
		i := 0
		for i < len(b) {
			c := b[i]
			if spaceByte[c] || c == '|' || c == '"' || c == '\'' && (i == 0 || i+1 == len(b) || b[i+1] == ',' || b[i+1] == ' ') {
				break
			}
			if (c == ',' || c == ';') && (i+1 == len(b) || startsAddress(bytes.TrimLeft(b[i+1:], " \"'"))) {
				break
			}
			i++
		}
		if w := b[:i]; len(w) > 1 || len(w) == 1 && w[0] != ',' && w[0] != '-' {
			f(w)
		}
		if i == len(b) {
			return
		}
		b = b[i+1:]
	}
}

func startsAddress(b []byte) bool {
	return bytes.HasPrefix(b, []byte("http")) || bytes.HasPrefix(b, []byte("www.")) || bytes.HasPrefix(b, []byte("t.me/"))
}

// trim cuts ASCII white space off both ends; unlike bytes.TrimSpace it is made
// for values that mostly have none.
func trim(b []byte) []byte {
	for len(b) > 0 && spaceByte[b[0]] {
		b = b[1:]
	}
	for len(b) > 0 && spaceByte[b[len(b)-1]] {
		b = b[:len(b)-1]
	}
	return b
}
