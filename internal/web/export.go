package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/export"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// exportRoutes are the pages that make a file of search results.
func (s *Server) exportRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/search/export", Action: auth.PostExport, Handler: s.exportPage},
		{Method: "POST", Pattern: "/search/export", Action: auth.PostExport, Handler: s.exportFile, Timeout: -1},
	}
}

// exportView says what the file will be before anybody makes it.
type exportView struct {
	Query   string
	Plans   []exportPlan
	Back    string
	Action  string
	Marking string
}

type exportPlan struct {
	Format export.Format
	export.Plan
}

// exportPage says how large the files would be and where they are cut.
func (s *Server) exportPage(w http.ResponseWriter, r *http.Request) error {
	q, err := s.queryOf(r)
	if err != nil {
		return s.badQuery(r, err)
	}
	v := exportView{
		Query: r.URL.Query().Get("q"), Marking: s.marking(),
		Back: "/search?" + r.URL.RawQuery, Action: "/search/export?" + r.URL.RawQuery,
	}
	for _, f := range export.Formats {
		plan, err := export.PlanFor(r.Context(), s.Posts, q, s.exportOptions(f))
		if err != nil {
			return err
		}
		v.Plans = append(v.Plans, exportPlan{f, plan})
	}
	return s.page(w, r, "search-export", Page{Title: s.say(r, "search.export.title"), Data: v, Place: "/search"})
}

// badQuery tells the reader what is wrong with a query.
func (s *Server) badQuery(r *http.Request, err error) error {
	if wrong, ok := errors.AsType[*query.SyntaxError](err); ok {
		return invalid("search.query.wrong", "why", wrong.Message(s.langOf(r)))
	}
	return err
}

// marking is the workspace's TLP label as files have it.
func (s *Server) marking() string {
	if s.TLP == "" {
		return ""
	}
	return "TLP:" + s.TLP
}

func (s *Server) exportOptions(f export.Format) export.Options {
	return export.Options{
		Format: f, Marking: s.marking(), BOM: true, Limit: s.ExportLimit,
		Veil: func(ctx context.Context, posts []poststore.Post) (func(*poststore.Post) poststore.Post, error) {
			// A grant is for the screen of one person: a file goes on to others.
			veil, err := s.Mandate.VeilPosts(ctx, nil, posts)
			if err != nil {
				return nil, fmt.Errorf("veiling posts: %w", err)
			}
			return veil.Post, nil
		},
	}
}

// exportFile sends the file.
func (s *Server) exportFile(w http.ResponseWriter, r *http.Request) error {
	q, err := s.queryOf(r)
	if err != nil {
		return s.badQuery(r, err)
	}
	f := export.Format(r.FormValue("format"))
	if !slices.Contains(export.Formats, f) {
		return invalid("search.export.format")
	}
	o := s.exportOptions(f)
	plan, err := export.PlanFor(r.Context(), s.Posts, q, o)
	if err != nil {
		return err
	}
	// Before anything leaves. What was searched for is not logged: people
	// search for names.
	err = s.Record(r.Context(), string(auth.PostExport), "", map[string]any{
		"format": string(f), "posts": min(plan.Posts, plan.Limit), "marking": o.Marking,
	})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", f.ContentType())
	h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(export.FileName(o, s.Now())))
	if _, err := export.Write(r.Context(), w, s.Posts, q, o); err != nil {
		// The reader has a part of the file already: breaking the
		// connection is the only way to tell.
		s.Log.ErrorContext(r.Context(), "writing an export", "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}
