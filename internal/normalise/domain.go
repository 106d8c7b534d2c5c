package normalise

import (
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Domain gives the registrable domain of an address: the public suffix and one
// label more, by the public suffix list including its section of private
// domains, so that alice.github.io and bob.github.io are two. An IP address is
// its own domain (IPv6 without brackets).
//
// The address may lack its scheme. Redirections are not followed: give the
// canonical form where that matters. The result is empty where there is no
// registrable domain: no host, a single label, a public suffix.
func Domain(rawURL string) string {
	h := strings.TrimSpace(rawURL)
	if i := strings.Index(h, "//"); i == 0 || i > 0 && h[i-1] == ':' {
		h = h[i+2:]
	}
	if i := strings.IndexAny(h, `/\?#`); i >= 0 {
		h = h[:i]
	}
	h = h[strings.LastIndexByte(h, '@')+1:]
	if i := strings.LastIndexByte(h, ':'); i > strings.LastIndexByte(h, ']') {
		h = h[:i]
	}
	h, err := hostName(h)
	if err != nil {
		return ""
	}
	if h[0] == '[' {
		return h[1 : len(h)-1]
	}
	if c := h[len(h)-1]; isDigit(c) {
		if _, err := netip.ParseAddr(h); err == nil {
			return h
		}
	}
	suffix, _ := publicsuffix.PublicSuffix(h)
	if len(h) <= len(suffix) {
		return ""
	}
	i := len(h) - len(suffix) - 1
	return h[strings.LastIndexByte(h[:i], '.')+1:]
}
