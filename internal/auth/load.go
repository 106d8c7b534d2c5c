package auth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
)

// Load finds out who a request is from, by its session's cookie or its bearer
// token, and has the context carry them (see [Of]) and name them in the log.
// Nobody is turned away but who shows a token that is not valid: what needs
// whom is the pages' to say.
//
// A request with a bearer token is not looked at for cookies.
func (s *Service) Load(next http.Handler) http.Handler {
	withSession := s.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		var p *Principal
		if l := visitOf(ctx).loaded; l != nil && s.sessions.GetString(ctx, keyUser) == l.user.ID {
			p = l.user.principal()
			p.Session = l.id
		}
		next.ServeHTTP(w, r.WithContext(as(ctx, p)))
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), visitKey{}, s.visiting(w, r))
		secret, ok := bearer(r)
		if !ok {
			withSession.ServeHTTP(w, r.WithContext(ctx))
			return
		}
		p, err := s.byToken(ctx, secret)
		if err != nil {
			s.refuseToken(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(as(ctx, p)))
	})
}

// as has ctx carry who acts, for the pages and for the log.
func as(ctx context.Context, p *Principal) context.Context {
	return casestore.WithActor(With(ctx, p), p.Actor())
}

// bearer gives the token of an Authorization header (RFC 6750, section 2.1).
func bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}

// refuseToken answers a request whose token is not valid (RFC 6750, section 3;
// RFC 9457).
func (s *Service) refuseToken(w http.ResponseWriter, r *http.Request, err error) {
	status, code := http.StatusInternalServerError, "internal"
	var slow *SlowDown
	switch {
	case errors.Is(err, ErrToken):
		status, code = http.StatusUnauthorized, "token-invalid"
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	case errors.As(err, &slow):
		status, code = http.StatusTooManyRequests, "too-many-attempts"
		w.Header().Set("Retry-After", strconv.Itoa(int(slow.After/time.Second)+1))
	default:
		s.cfg.Log.ErrorContext(r.Context(), "looking up a token", "error", err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	err = json.NewEncoder(w).Encode(map[string]any{
		"type": "urn:akashi:problem:" + code, "code": code, "status": status, "title": http.StatusText(status),
	})
	if err != nil {
		s.cfg.Log.DebugContext(r.Context(), "answering", "error", err)
	}
}

// Protect refuses what another site has a browser send (CSRF).
//
// There is no token in forms, and none is needed: browsers since 2023 say with
// Sec-Fetch-Site where a request comes from, and all say with Origin which site
// sends a POST; a page of another site can change neither header. Requests that
// are not safe (POST, PUT, DELETE, …) pass only if they come from this origin;
// those without both headers come from no browser, or from one so old that
// SameSite=Lax, the second wall, still keeps its cookie at home. It holds only
// as long as GET, HEAD and OPTIONS change nothing.
func (s *Service) Protect(next http.Handler) http.Handler { return s.csrf.Handler(next) }

// contentPolicy lets a page load what this host serves and nothing else: no
// inline scripts or styles, no frames, no form to elsewhere.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'; worker-src 'self'"

// permissions turns off what no page uses.
const permissions = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), geolocation=(), " +
	"gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=(), xr-spatial-tracking=(), " +
	"clipboard-write=(self), fullscreen=(self), publickey-credentials-create=(self), publickey-credentials-get=(self)"

// Headers has every answer carry the headers that browsers guard it by. A
// handler of files that do not change may set another Cache-Control.
func (s *Service) Headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", permissions)
		h.Set("Cache-Control", "no-store")
		if s.Secure() {
			h.Set("Strict-Transport-Security", "max-age=63072000")
		}
		next.ServeHTTP(w, r)
	})
}

// SafeNext gives where to go after signing in: a path on this host, or "/"
// where next is anything else.
func SafeNext(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || len(next) > 2048 ||
		strings.ContainsFunc(next, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }) {
		return "/"
	}
	return next
}
