package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
)

// Handler answers a request. An error is answered in one place: see problem.go.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Route is one address and who may use it.
type Route struct {
	Method string
	// Pattern is one of net/http's: "/findings/{id}".
	Pattern string
	// Action is the right that it takes. A route has either an Action or
	// Public; anything else is a mistake that New reports.
	Action auth.Action
	// Public lets everybody in: people who are not signed in too.
	Public  bool
	Handler Handler
	// Title is the key of the page's name. A GET route without wildcards
	// that has one is offered in the command palette.
	Title string
	// Body is the most bytes that a request may bring; 0 means 1 MiB.
	Body int64
	// Timeout is how long the answer may take; 0 means 30 seconds, less than
	// 0 no end: for streams, and for files of any size.
	Timeout time.Duration
}

// Limits of a route that names none.
const (
	defaultBody    = 1 << 20
	defaultTimeout = 30 * time.Second
)

// Routes are all routes, for tests that walk them with every role.
func (s *Server) Routes() []Route {
	out := make([]Route, 0, len(s.routes))
	for _, r := range s.routes {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Route) int {
		return strings.Compare(a.Pattern+" "+a.Method, b.Pattern+" "+b.Method)
	})
	return out
}

// register checks the routes and hands them to the mux.
func (s *Server) register(mux *http.ServeMux, routes []Route) error {
	for _, r := range routes {
		if err := s.checkRoute(r); err != nil {
			return fmt.Errorf("route %s %s: %w", r.Method, r.Pattern, err)
		}
		name := r.Method + " " + r.Pattern
		s.routes[name] = r
		if r.Method == http.MethodGet && r.Title != "" && !strings.Contains(r.Pattern, "{") {
			s.palette = append(s.palette, r)
		}
		pattern := name
		if r.Pattern == "/" {
			pattern += "{$}"
		}
		mux.Handle(pattern, s.route(r))
	}
	mux.Handle("GET /static/", s.assets)
	mux.Handle("/", s.route(Route{Method: "ANY", Pattern: "(none)", Public: true, Handler: s.nowhere}))
	return nil
}

// checkRoute finds mistakes.
func (s *Server) checkRoute(r Route) error {
	switch _, twice := s.routes[r.Method+" "+r.Pattern]; {
	case twice:
		return fmt.Errorf("it is there twice")
	case r.Handler == nil:
		return fmt.Errorf("it has no handler")
	case r.Public == (r.Action != ""):
		return fmt.Errorf("it must have either an action or be public")
	case r.Action != "" && !slices.Contains(auth.Actions, r.Action):
		return fmt.Errorf("there is no action %q", r.Action)
	case r.Title != "" && !s.words.Has(r.Title):
		return fmt.Errorf("there is no sentence %q", r.Title)
	}
	return nil
}

// may says whether the reader may use a route that is there.
func (s *Server) may(p *auth.Principal, method, pattern string) bool {
	r, ok := s.routes[method+" "+pattern]
	return ok && (r.Public || s.policy.May(p, r.Action))
}
