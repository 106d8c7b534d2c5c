package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
)

//go:embed templates/*.html
var templates embed.FS

// maxLooks bounds the sets of templates that are kept: one for each language
// and time zone in use.
const maxLooks = 24

// looks holds the templates, parsed once, and a set for each language and time
// zone whose functions speak it.
type looks struct {
	s    *Server
	base *template.Template
	mu   sync.Mutex
	sets map[lookKey]*template.Template
}

type lookKey struct{ lang, zone string }

// newLooks parses the templates.
func newLooks(s *Server, more fs.FS) (*looks, error) {
	l := &looks{s: s, sets: map[lookKey]*template.Template{}}
	base, err := template.New("").Option("missingkey=error").
		Funcs(s.functions(s.Lang, time.UTC)).ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	if more != nil {
		if base, err = base.ParseFS(more, "*.html"); err != nil {
			return nil, fmt.Errorf("templates: %w", err)
		}
	}
	l.base = base
	return l, nil
}

// set gives the templates for a language and zone.
func (l *looks) set(lang, zone string) (*template.Template, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := lookKey{lang, zone}
	if t, ok := l.sets[k]; ok {
		return t, nil
	}
	where, err := time.LoadLocation(zone)
	if err != nil {
		where = time.UTC
	}
	t, err := l.base.Clone()
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	if len(l.sets) >= maxLooks {
		clear(l.sets)
	}
	l.sets[k] = t.Funcs(l.s.functions(lang, where))
	return t, nil
}

// Page is one page: its own template and what the frame must know of it.
type Page struct {
	// Title is the page's name, in the reader's language; it stands in the
	// tab. The template writes its own h1.
	Title string
	// Data is what the template sees.
	Data any
	// Status is 200 where it is 0.
	Status int
	// Wide lets the page use the whole width: for tables and pictures.
	Wide bool
	// Place is the path of the rail's entry that the page belongs to; empty
	// means the request's own path.
	Place string
	// Panel names the template of the panel beside the page, PanelData what
	// it sees; empty means that the panel is closed.
	Panel     string
	PanelData any
	// Close is the address of the page with the panel closed.
	Close string
	// Plain leaves the frame out: for pages of people who are not signed in.
	Plain bool
}

// shell is what the frame's template sees.
type shell struct {
	Page
	Lang, Other    string
	Theme          string
	Person         *auth.Principal
	Workspace, TLP string
	Here           string
	Rail, Rest     []railEntry
	Palette        []railEntry
	Query          string
	Searches       bool
	Body           template.HTML
	Side           template.HTML
	Flash          *toast
	Style, Script  string
	Words          map[string]string
}

// railEntry is a link of the rail or the palette.
type railEntry struct {
	Path, Title, Icon string
	Current           bool
}

// barEntries is how many entries of the rail fit the bar of a narrow screen.
const barEntries = 4

// page answers with a page, or, where htmx asks for the panel, with the panel
// alone.
func (s *Server) page(w http.ResponseWriter, r *http.Request, name string, p Page) error {
	lang := s.langOf(r)
	set, err := s.looks.set(lang, zoneOf(r))
	if err != nil {
		return err
	}
	sh := s.shell(w, r, lang, p)
	if p.Panel != "" {
		if sh.Side, err = execute(set, p.Panel, p.PanelData); err != nil {
			return err
		}
	}
	whole := "frame"
	if wants(r, "panel") {
		whole = "frame-panel"
	} else if sh.Body, err = execute(set, name, p.Data); err != nil {
		return err
	}
	out, err := execute(set, whole, sh)
	if err != nil {
		return err
	}
	return write(w, p.Status, out)
}

// part answers with one template alone, for htmx.
func (s *Server) part(w http.ResponseWriter, r *http.Request, status int, name string, data any) error {
	set, err := s.looks.set(s.langOf(r), zoneOf(r))
	if err != nil {
		return err
	}
	out, err := execute(set, name, data)
	if err != nil {
		return err
	}
	return write(w, status, out)
}

// write sends HTML.
func write(w http.ResponseWriter, status int, body template.HTML) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// What htmx gets from an address differs from what a browser gets.
	w.Header().Add("Vary", "HX-Request, HX-Target, Cookie, Accept-Language")
	if status != 0 {
		w.WriteHeader(status)
	}
	// A reader that has gone away is no trouble.
	_, _ = w.Write([]byte(body))
	return nil
}

// execute renders a template to the end before anything is sent, so that an
// error can still be answered.
func execute(set *template.Template, name string, data any) (template.HTML, error) {
	var b bytes.Buffer
	if err := set.ExecuteTemplate(&b, name, data); err != nil {
		return "", fmt.Errorf("rendering %s: %w", name, err)
	}
	return template.HTML(b.String()), nil //nolint:gosec // html/template made it
}

// shell gathers what the frame shows.
func (s *Server) shell(w http.ResponseWriter, r *http.Request, lang string, p Page) *shell {
	who := auth.Of(r.Context())
	sh := &shell{
		Page: p, Lang: lang, Other: other(lang), Theme: themeOf(r), Person: who,
		Workspace: s.Workspace, TLP: s.TLP, Here: here(r),
		Style: s.assets.style, Script: s.assets.script, Words: s.scriptWords(lang),
	}
	if !wants(r, "panel") {
		sh.Flash = s.takeFlash(w, r, lang)
	}
	if who == nil || p.Plain {
		return sh
	}
	if sh.Place == "" {
		sh.Place = r.URL.Path
	}
	if r.URL.Path == "/search" {
		sh.Query = r.URL.Query().Get("q")
	}
	for _, e := range places() {
		if s.may(who, http.MethodGet, e.path) && s.policy.May(who, e.action) {
			sh.Rail = append(sh.Rail, railEntry{e.path, s.words.T(lang, e.title), e.icon, e.path == sh.Place})
		}
	}
	sh.Palette = slices.Clone(sh.Rail)
	if len(sh.Rail) > barEntries+1 {
		sh.Rest = sh.Rail[barEntries:]
	}
	for _, e := range s.palette {
		if !s.may(who, http.MethodGet, e.Pattern) || slices.ContainsFunc(sh.Palette, func(x railEntry) bool { return x.Path == e.Pattern }) {
			continue
		}
		sh.Palette = append(sh.Palette, railEntry{e.Pattern, s.words.T(lang, e.Title), "arrow-right", false})
	}
	sh.Searches = s.may(who, http.MethodGet, "/search")
	return sh
}

// here is the address to come back to: after the language was changed, say.
func here(r *http.Request) string {
	if r.Method != http.MethodGet {
		return local(r.URL.Path)
	}
	return local(r.URL.RequestURI())
}
