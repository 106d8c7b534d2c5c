package normalise

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Links gives the http and https addresses in a text as they stand there, in
// order, equal ones each time. It is nil if there are none.
//
// An address ends at white space, quotation marks, angle brackets, control
// characters and the punctuation of Chinese and Japanese, without the
// punctuation that closes a sentence. Characters of scripts without spaces end
// it too if they follow a letter or digit of ASCII directly, as in
// "https://t.co/abcを見て"; behind '/', '=' and the like they belong to it. An
// address that the text breaks off with "…" is left out: what it would have
// been is unknown.
func Links(text string) []string {
	var links []string
	for i := 0; ; {
		n := strings.Index(text[i:], "://")
		if n < 0 {
			return links
		}
		i += n
		end := i + len("://")
		if scheme := schemeBefore(text[:i]); scheme > 0 {
			start := i - scheme
			stop, whole := linkEnd(text, i)
			if whole && stop > i+len("://") {
				links = append(links, text[start:stop])
			}
			end = max(end, stop)
		}
		i = end
	}
}

// schemeBefore is the length of "http" or "https" at the end of s, in any
// case, if it begins a word.
func schemeBefore(s string) int {
	n := len(s)
	if n > 0 && s[n-1]|0x20 == 's' {
		n--
	}
	if n < 4 || s[n-1]|0x20 != 'p' || s[n-2]|0x20 != 't' || s[n-3]|0x20 != 't' || s[n-4]|0x20 != 'h' {
		return 0
	}
	if n > 4 && (isLetter(s[n-5]) || isDigit(s[n-5])) {
		return 0
	}
	return len(s) - n + 4
}

// linkAt is the length of the address that begins at i; 0 if there is none.
func linkAt(s string, i int) int {
	n := len("http")
	if len(s)-i < n || s[i+1]|0x20 != 't' || s[i+2]|0x20 != 't' || s[i+3]|0x20 != 'p' {
		return 0
	}
	if i+n < len(s) && s[i+n]|0x20 == 's' {
		n++
	}
	if m := linkTail(s, i+n); m > 0 {
		return n + m
	}
	return 0
}

// linkTail is the length of the address whose ':' is at i, from there on; 0 if
// there is none.
func linkTail(s string, i int) int {
	if !strings.HasPrefix(s[i:], "://") || schemeBefore(s[:i]) == 0 {
		return 0
	}
	end, _ := linkEnd(s, i)
	return end - i
}

// linkEnd gives where the address whose "://" is at i ends, and whether it is
// whole.
func linkEnd(s string, i int) (end int, whole bool) {
	start := i + len("://")
	open := 0 // round brackets not closed
	last := '/'
	whole = true
scan:
	for i = start; i < len(s); {
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case r <= ' ' || r == 0x7f || r == '"' || r == '<' || r == '>' || r == '`' || r == '{' || r == '}' || r == '|' || r == '^':
			break scan
		case r == '\\' || r == '…':
			whole = r != '…'
			break scan
		case r == '(':
			open++
		case r == ')':
			if open--; open < 0 {
				break scan
			}
		case r < utf8.RuneSelf:
		case r == utf8.RuneError && n == 1:
			break scan
		case unspaced(r) && last < utf8.RuneSelf && (isLetter(byte(last)) || isDigit(byte(last))):
			break scan
		case !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r):
			break scan
		}
		last = r
		i += n
	}
	end = i
	for end > start {
		switch s[end-1] {
		case '.', ',', ';', ':', '!', '?', '\'', '*', '_', '~', ']', '(', '[':
			if end == i && s[end-1] == '.' && strings.HasSuffix(s[start:end], "...") {
				whole = false
			}
			end--
			continue
		}
		break
	}
	return end, whole
}

// unspaced says that r is of a script that is written without spaces, or with
// endings attached to foreign words as in Korean.
func unspaced(r rune) bool {
	return eastAsian(r) || r >= 0xE00 && r < 0x1000 || r >= 0x1000 && r < 0x10A0 || r >= 0x1780 && r < 0x1800 ||
		r >= 0x1100 && r < 0x1200 || r >= 0x3130 && r < 0x3190 || r >= 0xAC00 && r < 0xD7B0
}

// Hashtags gives the hashtags in a text without their '#', as they stand
// there, in order. It is nil if there are none.
//
// A hashtag is '#' or '＃' that follows no letter, digit, '_' or '&', and then
// letters, marks, digits and '_' of any script (also the joiners and middle
// dots that occur in words: ・ · ゛ ZWNJ …), with at least one letter among
// them. In Weibo's "#…#" the closing sign begins no hashtag. What lies in an
// address is none.
func Hashtags(text string) []string {
	if strings.IndexByte(text, '#') < 0 && !strings.Contains(text, "＃") {
		return nil
	}
	var tags []string
	last := ' '
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf && c != '#' {
			if c == ':' {
				if n := linkTail(text, i); n > 0 {
					i += n
					last = ' '
					continue
				}
			}
			last = rune(c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		i += n
		if (r == '#' || r == '＃') && last != '&' && last != '_' && !tagRune(last) {
			end, letter := tagEnd(text, i)
			if letter {
				tags = append(tags, text[i:end])
			}
			if end > i {
				i = end
				r = 'x'
			}
		}
		last = r
	}
	return tags
}

// tagEnd gives where the characters of a hashtag from i on end, and whether
// there is a letter among them.
func tagEnd(s string, i int) (end int, letter bool) {
	for i < len(s) {
		c := s[i]
		if c < utf8.RuneSelf {
			if isLetter(c) {
				letter = true
			} else if !isDigit(c) && c != '_' {
				break
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if eastAsian(r) || unicode.IsLetter(r) {
			letter = true
		} else if !tagRune(r) && !tagJoiner(r) {
			break
		}
		i += n
	}
	return i, letter
}

// tagRune says that r is a letter, mark or decimal digit.
func tagRune(r rune) bool {
	if r < utf8.RuneSelf {
		return isLetter(byte(r)) || isDigit(byte(r))
	}
	if r == 0xFE0F || r == 0xFE0E || r == 0x20E3 { // emoji may stand before a tag
		return false
	}
	return eastAsian(r) || unicode.IsLetter(r) || unicode.IsMark(r) || unicode.Is(unicode.Nd, r)
}

// tagJoiner are the other characters that platforms allow inside a hashtag
// (twitter-text, hashtagSpecialChars).
func tagJoiner(r rune) bool {
	switch r {
	case 0x200C, 0x200D, 0xA67E, 0x05BE, 0x05F3, 0x05F4, 0xFF5E, 0x301C, 0x309B, 0x309C,
		0x30A0, 0x30FB, 0x3003, 0x0F0B, 0x0F0C, 0xB7:
		return true
	}
	return false
}

// Mentions gives the accounts that a text names with '@' or '＠', without that
// sign, as they stand there, in order. It is nil if there are none.
//
// A handle is of ASCII letters, digits and '_', and inside it '.' and, in a
// handle that is a domain, '-' (Bluesky). "@user@host" of the fediverse is one
// mention. What follows a letter, a digit or another '@' is none (an e-mail
// address), nor is what lies in an address.
func Mentions(text string) []string {
	if strings.IndexByte(text, '@') < 0 {
		if !strings.Contains(text, "＠") {
			return nil
		}
	}
	var names []string
	for i := 0; i < len(text); {
		switch text[i] {
		case ':':
			i += max(1, linkTail(text, i))
		case '@':
			i += mention(text, i, i+1, &names)
		case "＠"[0]:
			if strings.HasPrefix(text[i:], "＠") {
				i += mention(text, i, i+len("＠"), &names)
			} else {
				i++
			}
		default:
			i++
		}
	}
	return names
}

// mention adds the mention whose sign is text[i:j], if there is one, and says
// how many bytes to go on.
func mention(text string, i, j int, names *[]string) int {
	if n := account(text[j:]); n > 0 && (i == 0 || !beforeHandle(text[i-1])) {
		*names = append(*names, text[j:j+n])
		return j + n - i
	}
	return j - i
}

// handle is the length of the mention whose '@' is at i, with it; 0 if there
// is none.
func handle(s string, i int) int {
	if i > 0 && beforeHandle(s[i-1]) {
		return 0
	}
	if n := account(s[i+1:]); n > 0 {
		return n + 1
	}
	return 0
}

// beforeHandle says that '@' behind c begins no handle.
func beforeHandle(c byte) bool {
	switch c {
	case '_', '@', '!', '#', '$', '%', '&', '*', '+', '-', '/':
		return true
	}
	return isLetter(c) || isDigit(c)
}

// account is the length of the handle, with a host or not, that s begins with.
func account(s string) int {
	n := handleEnd(s)
	if n == 0 || n == len(s) || s[n] != '@' {
		return n
	}
	if m := handleEnd(s[n+1:]); m > 0 && strings.IndexByte(s[n+1:n+1+m], '.') > 0 {
		return n + 1 + m
	}
	return n
}

// handleEnd is the length of a handle or host name at the start of s.
func handleEnd(s string) int {
	n, dot, hyphen := 0, false, 0
	for n < len(s) {
		c := s[n]
		switch {
		case isLetter(c) || isDigit(c) || c == '_':
		case (c == '.' || c == '-') && n > 0 && n+1 < len(s) && (isLetter(s[n+1]) || isDigit(s[n+1]) || s[n+1] == '_'):
			if c == '.' {
				dot = true
			} else if hyphen == 0 {
				hyphen = n
			}
		default:
			if hyphen > 0 && !dot {
				return hyphen
			}
			return n
		}
		n++
	}
	if hyphen > 0 && !dot {
		return hyphen
	}
	return n
}
