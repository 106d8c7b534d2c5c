package web

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/akashi-project/akashi/internal/alert"
	"github.com/akashi-project/akashi/internal/audit"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/i18n"
	"github.com/akashi-project/akashi/internal/intake"
	"github.com/akashi-project/akashi/internal/job"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/search"
	"github.com/akashi-project/akashi/internal/watch"
)

// Deps is what the pages need. Whoever adds a page adds what it asks for: a
// service, or a small interface that the page declares.
type Deps struct {
	// Auth signs people in, keeps their settings, and holds the policies that
	// say what somebody may do.
	Auth *auth.Service
	// Log takes one line a request; never with text of a post or a query.
	Log *slog.Logger
	// Workspace names this instance in the frame, TLP its marking: "CLEAR",
	// "GREEN", "AMBER", "AMBER+STRICT" or "RED"; empty shows no band.
	Workspace, TLP string
	// Lang is the language of people who have chosen none and whose
	// browsers ask for neither: "ja" (the default) or "en".
	Lang string
	// Version is shown on the page "About".
	Version string
	// Posts are searched and shown through Mandate's veil; nil leaves the
	// pages on posts out. Searches keeps saved searches.
	Posts    Posts
	Mandate  *mandate.Service
	Searches *search.Service
	// Casework takes lines for the log about what was read.
	Casework *casestore.DB
	// Findings are what detections found; nil leaves the inbox, findings,
	// networks and detections out.
	Findings *finding.Service
	// Stream is the detector of the stream; nil leaves its page out.
	Stream Stream
	// Alerts are what people are told of; nil leaves their pages out.
	Alerts *alert.Service
	// Intake brings uploads in, as jobs that QueueImport puts in the queue
	// as part of a change; nil leaves sources and imports out.
	Intake      *intake.Service
	QueueImport func(ctx context.Context, tx *casestore.Tx, id string) error
	// Jobs are shown on the page of operation.
	Jobs *job.Queue
	// Collections are the mandates that collections run under; nil leaves
	// their pages out. Watch keeps live sources; nil, or no Collections,
	// leaves theirs out.
	Collections *mandate.Collections
	Watch       *watch.Service
	// ExportLimit is how many posts an exported file has at most; 0 means
	// export.MostPosts.
	ExportLimit int64
	// Audit is the log; nil leaves its page out.
	Audit *audit.Log
	// Ready looks whether the parts of the instance work and gives all of
	// them by name ("posts", "casework", "log"), with what is wrong or nil;
	// where it is nil the page of operation says nothing of them.
	Ready func(context.Context) map[string]error
	// Metrics is where metrics are; empty: nowhere in these pages' reach.
	Metrics string
	// Now gives the time; nil means time.Now.
	Now func() time.Time
}

// Posts is what pages ask of the post store.
type Posts interface {
	poststore.Searcher
	poststore.Scanner
}

// Record logs that something sensitive was read.
func (s *Server) Record(ctx context.Context, action, object string, detail map[string]any) error {
	return s.Casework.Record(ctx, casestore.Line{Action: action, Object: object, Detail: detail})
}

// Server answers for the pages.
type Server struct {
	Deps
	words   *i18n.Catalogue
	looks   *looks
	assets  *assets
	routes  map[string]Route // by "METHOD pattern"
	palette []Route
	handler http.Handler
	flashes *flashes
	policy  *auth.Policy
	stop    chan struct{}
}

// New makes the server. It fails where a template, a catalogue, a route or the
// built scripts are not in order.
func New(d Deps) (*Server, error) { return newServer(d, nil, nil) }

// newServer makes the server with further templates and routes: for tests of the
// parts.
func newServer(d Deps, more fs.FS, routes func(*Server) []Route) (*Server, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Lang == "" {
		d.Lang = i18n.Langs[0]
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	words, err := i18n.Load()
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	built, err := loadAssets()
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s := &Server{
		Deps: d, words: words, assets: built,
		flashes: newFlashes(), policy: d.Auth.Policy(), routes: map[string]Route{}, stop: make(chan struct{}),
	}
	if s.looks, err = newLooks(s, more); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	mux := http.NewServeMux()
	all := s.allRoutes()
	if routes != nil {
		all = append(all, routes(s)...)
	}
	if err := s.register(mux, all); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if s.handler, err = s.middleware(mux); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return s, nil
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Stop ends the streams of events, so that http.Server.Shutdown need not wait
// for them. Call it once, first.
func (s *Server) Stop() { close(s.stop) }
