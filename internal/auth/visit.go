package auth

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// visit is what a request brings beside its form: where it came from and what
// its browser remembers. It lives as long as the request.
type visit struct {
	// addr is the client's address.
	addr netip.Addr
	// client says roughly which program it is: "Firefox, Linux".
	client string
	// cookies are those that came.
	cookies map[string]string
	// set has the answer carry a cookie.
	set func(*http.Cookie)
	// loaded is the session that came, as the database has it.
	loaded *loadedSession
}

// loadedSession is a row of sessions with its user.
type loadedSession struct {
	hash, id string
	data     string
	seen     time.Time
	user     *user
}

type visitKey struct{}

var errNoVisit = errors.New("signing in needs a request that went through Load")

func visitOf(ctx context.Context) *visit {
	v, _ := ctx.Value(visitKey{}).(*visit)
	return v
}

// visiting begins a visit.
func (s *Service) visiting(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{
		addr:    clientAddr(r, s.cfg.TrustedProxies),
		client:  clientName(r.UserAgent()),
		cookies: map[string]string{},
		set:     func(c *http.Cookie) { http.SetCookie(w, c) },
	}
	for _, c := range r.Cookies() {
		if _, twice := v.cookies[c.Name]; !twice {
			v.cookies[c.Name] = c.Value
		}
	}
	return v
}

// cookie gives one of our cookies by its plain name.
func (s *Service) cookie(v *visit, name string) string { return v.cookies[s.cookieName(name)] }

// setCookie sets one of our cookies; an age of zero or less removes it.
func (s *Service) setCookie(v *visit, name, value string, age time.Duration) {
	c := &http.Cookie{ //nolint:gosec // G124 does not see that Secure is set where there is TLS
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: int(age / time.Second),
		HttpOnly: true, Secure: s.Secure(), SameSite: http.SameSiteLaxMode,
	}
	if age <= 0 {
		c.MaxAge = -1
	}
	v.set(c)
}

// cookieName gives the name of a cookie: with the prefix __Host-, by which
// browsers promise that no other host and no plain connection has set it,
// where https allows it.
func (s *Service) cookieName(name string) string {
	if s.Secure() {
		return "__Host-" + name
	}
	return name
}

// clientAddr gives the address that a request came from: the connection's, or,
// where that is a trusted proxy's, the last in X-Forwarded-For that is not.
func clientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	addr = addr.Unmap().WithZone("")
	believed := func(a netip.Addr) bool {
		for _, p := range trusted {
			if p.Contains(a) {
				return true
			}
		}
		return false
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && believed(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap().WithZone("")
	}
	return addr
}

// network gives the network of an address in which one attacker is thought to
// sit: /24 or /48. The zero address is its own.
func network(a netip.Addr) string {
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil || !p.IsValid() {
		return ""
	}
	return p.String()
}

// host gives the address that a rate counts for: a /64 of IPv6 is one host's.
func host(a netip.Addr) string {
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// clientName says roughly which program a User-Agent is, so that people
// recognise their own sessions; nothing that would tell one browser from
// another of its kind is kept.
func clientName(agent string) string {
	program, system := "", ""
	for _, p := range [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}, {"Go-http-client", "Go"},
	} {
		if strings.Contains(agent, p[0]) {
			program = p[1]
			break
		}
	}
	for _, p := range [][2]string{
		{"Android", "Android"}, {"iPhone", "iOS"}, {"iPad", "iPadOS"}, {"Windows", "Windows"},
		{"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(agent, p[0]) {
			system = p[1]
			break
		}
	}
	return strings.Trim(program+", "+system, ", ")
}
