package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/i18n"
)

// Names of the cookies of people who are not signed in; for those who are, the
// settings count.
const (
	langCookie  = "akashi_lang"
	themeCookie = "akashi_theme"
)

// langOf chooses the reader's language: their setting, else the cookie, else
// what the browser asks for, else this instance's.
func (s *Server) langOf(r *http.Request) string {
	if p := auth.Of(r.Context()); p != nil && slices.Contains(i18n.Langs, p.Lang) {
		return p.Lang
	}
	if c, err := r.Cookie(langCookie); err == nil && slices.Contains(i18n.Langs, c.Value) {
		return c.Value
	}
	return i18n.Accept(r.Header.Get("Accept-Language"), s.Lang)
}

// other is the language to change to.
func other(lang string) string {
	if lang == "ja" {
		return "en"
	}
	return "ja"
}

// themes are the schemes of colour; "" is the system's.
var themes = []string{"", "light", "dark"}

// themeOf chooses the reader's colours.
func themeOf(r *http.Request) string {
	if p := auth.Of(r.Context()); p != nil {
		return p.Theme
	}
	if c, err := r.Cookie(themeCookie); err == nil && slices.Contains(themes, c.Value) {
		return c.Value
	}
	return ""
}

// zoneOf is the reader's time zone.
func zoneOf(r *http.Request) string {
	if p := auth.Of(r.Context()); p != nil && p.Zone != "" {
		return p.Zone
	}
	return "Asia/Tokyo"
}

// say gives a sentence in the reader's language: for titles and toasts.
func (s *Server) say(r *http.Request, key string, args ...any) string {
	return s.words.T(s.langOf(r), key, args...)
}

// keep sets a cookie that lasts a year.
func (s *Server) keep(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
		HttpOnly: true, Secure: s.Auth.Secure(), SameSite: http.SameSiteLaxMode,
	})
}
