package normalise

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// nestings is how many redirecting addresses may lie inside each other.
const nestings = 16

// URL gives the canonical form of an address: the one string that stands for
// all addresses of a page. It is meant for comparing; what was given is kept
// beside it.
//
//   - Scheme: https for http and https alike. Nearly every site serves one
//     page under both, and posts mix them.
//   - Host: lower case, ASCII (UTS 46, RFC 5891), without user information,
//     final dot, default port and "www."; some sites' mobile and former hosts
//     become one (see canonicalHost: twitter.com is x.com).
//   - Path: dot segments removed (RFC 3986 section 5.2.4), "/" where empty,
//     otherwise without a slash at its end.
//   - Query: tracking parameters removed (see tracking), the others sorted by
//     name; equal names keep their order.
//   - Percent-encoding: as RFC 3986 section 6.2.2 has it, upper-case
//     hexadecimal, nothing unreserved encoded; what may not stand in an address
//     is encoded.
//   - Fragment: removed, unless it begins with '!' and so names a page.
//   - Redirecting addresses that carry their target become the target (see
//     target), also inside each other. Shorteners stay: nothing is looked up.
//   - Videos on YouTube become youtube.com/watch?v=ID.
//
// It is an error if s is no absolute http or https address with a host.
// The canonical form of a canonical form is itself.
func URL(s string) (string, error) {
	if simple(s) {
		return s, nil
	}
	c, err := canonical(strings.TrimFunc(s, blank), nestings)
	if err != nil {
		return "", fmt.Errorf("address %s: %w", quote(s), err)
	}
	return c, nil
}

// simple says that s is canonical already, for the most frequent forms. It may
// say no where yes is true, never the other way round.
func simple(s string) bool {
	const scheme = "https://"
	if !strings.HasPrefix(s, scheme) {
		return false
	}
	i := len(scheme)
	last, dots := byte('.'), 0
	for ; i < len(s) && s[i] != '/'; i++ {
		c := s[i]
		switch {
		case c-'a' <= 'z'-'a' || isDigit(c) || c == '-':
		case c == '.' && last != '.':
			dots++
		default:
			return false
		}
		last = c
	}
	// The last letter of the host excludes IP addresses and final dots.
	if i == len(s) || dots == 0 || last-'a' > 'z'-'a' || !plainHost(s[len(scheme):i]) {
		return false
	}
	path := s[i:]
	if len(path) == 1 {
		return true
	}
	last = 0
	for i := range len(path) {
		c := path[i]
		switch {
		case isLetter(c) || isDigit(c) || c == '/' || c == '-' || c == '_':
		case c == '.' && last != '/':
		default:
			return false
		}
		last = c
	}
	return last != '/'
}

// blank says that a rune is white space or invisible, and so no part of an
// address that it stands beside.
func blank(r rune) bool {
	return r == ' ' || r > 0x7f && (unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)) || r <= 0x7f && r < ' '
}

// canonical does the work of [URL]. It unwraps at most depth redirections.
func canonical(s string, depth int) (string, error) {
	host, port, path, query, fragment, err := split(s)
	if err != nil {
		return "", err
	}
	if host, err = hostName(host); err != nil {
		return "", err
	}
	if port, err = portNumber(port); err != nil {
		return "", err
	}
	host = canonicalHost(host)
	path = cleanPath(path)
	if opaqueQuery(host) {
		query = encode(query, inQuery)
	} else {
		query = cleanQuery(host, query)
	}
	if to, ok := target(host, path, query); ok {
		if depth == 0 {
			return "", errNested
		}
		if c, err := canonical(strings.TrimFunc(to, blank), depth-1); err == nil {
			return c, nil
		} else if errors.Is(err, errNested) {
			return "", err
		}
	}
	host, path, query = rewrite(host, path, query)
	if fragment != "" && fragment[0] == '!' {
		fragment = encode(fragment, inQuery)
	} else {
		fragment = ""
	}
	return join(host, port, path, query, fragment), nil
}

// errNested says that there are more than nestings redirections. An outer
// redirection must not take it for "the target is no address".
var errNested = errors.New("it has too many redirections inside each other")

// split cuts an address into its parts (RFC 3986 section 3), where a backslash
// counts as a slash before the query, as it does in browsers.
func split(s string) (host, port, path, query, fragment string, err error) {
	i := strings.IndexByte(s, ':')
	if i < 0 || !strings.EqualFold(s[:i], "https") && !strings.EqualFold(s[:i], "http") {
		err = errors.New("it does not begin with http:// or https://")
		return
	}
	rest := s[i+1:]
	if len(rest) < 2 || rest[0] != '/' && rest[0] != '\\' || rest[1] != '/' && rest[1] != '\\' {
		err = errors.New("the scheme is not followed by //")
		return
	}
	rest = rest[2:]
	rest, fragment, _ = strings.Cut(rest, "#")
	rest, query, _ = strings.Cut(rest, "?")
	if i = strings.IndexAny(rest, `/\`); i >= 0 {
		rest, path = rest[:i], rest[i:]
	}
	if strings.IndexByte(path, '\\') >= 0 {
		path = strings.ReplaceAll(path, `\`, "/")
	}
	host = rest[strings.LastIndexByte(rest, '@')+1:]
	if i = strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host, port = host[:i], host[i+1:]
	}
	return
}

// hostName gives a host in lower case and ASCII.
func hostName(h string) (string, error) {
	if strings.IndexByte(h, '%') >= 0 {
		h = unescape(h, false)
	}
	if !ascii(h) {
		var err error
		if h, err = domainNames.ToASCII(h); err != nil {
			return "", fmt.Errorf("host in ASCII: %w", err)
		}
	}
	if strings.HasPrefix(h, "[") && strings.HasSuffix(h, "]") {
		a, err := netip.ParseAddr(h[1 : len(h)-1])
		if err != nil || !a.Is6() || a.Zone() != "" {
			return "", errors.New("the host is no IPv6 address")
		}
		return "[" + a.String() + "]", nil
	}
	h = strings.ToLower(strings.TrimSuffix(h, "."))
	if h == "" {
		return "", errors.New("it has no host")
	}
	last := byte('.')
	for i := range len(h) {
		switch c := h[i]; {
		case c == '.' && last == '.':
			return "", errors.New("its host has an empty label")
		case c != '.' && c != '-' && c != '_' && !isLetter(c) && !isDigit(c):
			return "", fmt.Errorf("its host has the character %q", c)
		}
		last = h[i]
	}
	if last == '.' {
		return "", errors.New("its host has an empty label")
	}
	if label := h[strings.LastIndexByte(h, '.')+1:]; numeral(label) {
		if _, err := netip.ParseAddr(h); err != nil {
			return "", errors.New("its host is a number but no IPv4 address")
		}
	}
	return h, nil
}

// domainNames maps host names to ASCII as browsers do (UTS 46, not
// transitional), but lets pass what DNS would not: underscores, long labels.
// It is never changed.
var domainNames = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// numeral says that s is digits only.
func numeral(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// portNumber gives ":n", or nothing for the ports 80 and 443, whichever the
// scheme, since both schemes become one.
func portNumber(p string) (string, error) {
	if p == "" {
		return "", nil
	}
	if !numeral(p) {
		return "", fmt.Errorf("its port %s is no number", quote(p))
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil {
		return "", fmt.Errorf("reading its port: %w", err)
	}
	if n == 80 || n == 443 {
		return "", nil
	}
	return ":" + strconv.FormatUint(n, 10), nil
}

// cleanPath gives the canonical path; it begins with a slash.
func cleanPath(p string) string {
	p = encode(p, inPath)
	if strings.Contains(p, "/.") {
		p = removeDots(p)
	}
	for len(p) > 0 && p[len(p)-1] == '/' {
		p = p[:len(p)-1]
	}
	if p == "" {
		return "/"
	}
	return p
}

// removeDots removes the segments "." and ".." (RFC 3986 section 5.2.4) of a
// path that begins with a slash.
func removeDots(p string) string {
	out := make([]byte, 0, len(p))
	for p != "" {
		end := strings.IndexByte(p[1:], '/') + 1
		if end == 0 {
			end = len(p)
		}
		switch segment := p[1:end]; segment {
		case ".":
		case "..":
			out = out[:max(bytes.LastIndexByte(out, '/'), 0)]
		default:
			out = append(out, p[:end]...)
		}
		p = p[end:]
	}
	return string(out)
}

// cleanQuery removes tracking parameters and sorts the others by name.
func cleanQuery(host, q string) string {
	if q == "" {
		return ""
	}
	q = encode(q, inQuery)
	var room [16]string
	kept := room[:0]
	whole, sorted := true, true
	for rest := q; rest != ""; {
		var p string
		i := strings.IndexByte(rest, '&')
		if i < 0 {
			p, rest = rest, ""
		} else {
			p, rest = rest[:i], rest[i+1:]
			if rest == "" {
				whole = false
			}
		}
		key := parameterName(p)
		if p == "" || tracking(host, lower(key)) {
			whole = false
			continue
		}
		if len(kept) > 0 && parameterName(kept[len(kept)-1]) > key {
			sorted = false
		}
		kept = append(kept, p)
	}
	if whole && sorted {
		return q
	}
	if !sorted {
		slices.SortStableFunc(kept, func(a, b string) int {
			return strings.Compare(parameterName(a), parameterName(b))
		})
	}
	return strings.Join(kept, "&")
}

// parameterName is what stands before the '=' of a parameter.
func parameterName(p string) string {
	name, _, _ := strings.Cut(p, "=")
	return name
}

// lower is strings.ToLower for what is mostly ASCII in lower case.
func lower(s string) string {
	for i := range len(s) {
		if c := s[i]; c-'A' <= 'Z'-'A' {
			return strings.ToLower(s)
		}
	}
	return s
}

// parameter gives the first value of a parameter, still encoded.
func parameter(query, key string) (string, bool) {
	for query != "" {
		var p string
		p, query, _ = strings.Cut(query, "&")
		if len(p) > len(key) && p[len(key)] == '=' && p[:len(key)] == key {
			return p[len(key)+1:], true
		}
	}
	return "", false
}

// join assembles an address.
func join(host, port, path, query, fragment string) string {
	n := len("https://") + len(host) + len(port) + len(path)
	if query != "" {
		n += 1 + len(query)
	}
	if fragment != "" {
		n += 1 + len(fragment)
	}
	var b strings.Builder
	b.Grow(n)
	b.WriteString("https://")
	b.WriteString(host)
	b.WriteString(port)
	b.WriteString(path)
	if query != "" {
		b.WriteByte('?')
		b.WriteString(query)
	}
	if fragment != "" {
		b.WriteByte('#')
		b.WriteString(fragment)
	}
	return b.String()
}
