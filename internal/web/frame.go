package web

import (
	"net/http"
	"slices"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/i18n"
)

// frameRoutes are the addresses of the frame itself.
func (s *Server) frameRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/", Action: auth.OwnSettings, Handler: s.start},
		{Method: "GET", Pattern: "/favicon.svg", Public: true, Handler: favicon},
		{Method: "GET", Pattern: "/keys", Action: auth.OwnSettings, Title: "frame.keys.title", Handler: s.keysPage},
		{Method: "GET", Pattern: "/about", Action: auth.OwnSettings, Title: "frame.about.title", Handler: s.about},
		{Method: "POST", Pattern: "/language", Public: true, Handler: s.setLanguage},
		{Method: "POST", Pattern: "/theme", Public: true, Handler: s.setTheme},
	}
}

// start leads to the first entry of the rail that the reader may use.
func (s *Server) start(w http.ResponseWriter, r *http.Request) error {
	who := auth.Of(r.Context())
	to := "/settings"
	for _, e := range places() {
		if s.may(who, http.MethodGet, e.path) && s.policy.May(who, e.action) {
			to = e.path
			break
		}
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// favicon is Akashi's mark in a colour that shows on light and dark.
func favicon(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write([]byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#5b7db1" stroke-width="2" stroke-linecap="round"><circle cx="12" cy="12" r="4" fill="#5b7db1"/><path d="M12 2v3M12 19v3M2 12h3M19 12h3M4.9 4.9 7 7M17 17l2.1 2.1M4.9 19.1 7 17M17 7l2.1-2.1"/></svg>`))
	return nil
}

func (s *Server) keysPage(w http.ResponseWriter, r *http.Request) error {
	return s.page(w, r, "keys", Page{Title: s.say(r, "frame.keys.title")})
}

// about says what this is, in which version.
func (s *Server) about(w http.ResponseWriter, r *http.Request) error {
	return s.page(w, r, "about", Page{Title: s.say(r, "frame.about.title"), Data: s.Version})
}

// setLanguage changes the language and goes back to where the reader was.
func (s *Server) setLanguage(w http.ResponseWriter, r *http.Request) error {
	lang := r.FormValue("lang")
	if !slices.Contains(i18n.Langs, lang) {
		return invalid("frame.error.refused")
	}
	if p := auth.Of(r.Context()); p != nil {
		if err := s.Auth.SetPreferences(r.Context(), lang, p.Theme, p.Zone); err != nil {
			return err
		}
	}
	s.keep(w, langCookie, lang)
	http.Redirect(w, r, local(r.FormValue("back")), http.StatusSeeOther)
	return nil
}

// setTheme changes the colours likewise. The script of the frame, which has
// changed them already, is answered with nothing.
func (s *Server) setTheme(w http.ResponseWriter, r *http.Request) error {
	theme := r.FormValue("theme")
	if !slices.Contains(themes, theme) {
		return invalid("frame.error.refused")
	}
	if p := auth.Of(r.Context()); p != nil {
		if err := s.Auth.SetPreferences(r.Context(), p.Lang, theme, p.Zone); err != nil {
			return err
		}
	}
	s.keep(w, themeCookie, theme)
	if r.Header.Get("X-Akashi-Script") != "" {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, local(r.FormValue("back")), http.StatusSeeOther)
	return nil
}

// scriptWords are the sentences that the scripts say.
func (s *Server) scriptWords(lang string) map[string]string {
	return map[string]string{
		"lost": s.words.T(lang, "frame.lost"), "copied": s.words.T(lang, "frame.copied"),
		"close": s.words.T(lang, "frame.close"),
		// The scripts put the number in.
		"selected": s.words.T(lang, "frame.selection.count", "count", "#"),
	}
}
