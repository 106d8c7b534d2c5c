package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/intake"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// sourcesRoutes are the pages on what the store holds by source, and on the
// files that were brought in.
func (s *Server) sourcesRoutes() []Route {
	if s.Intake == nil || s.Posts == nil || s.QueueImport == nil {
		return nil
	}
	return []Route{
		{Method: "GET", Pattern: "/sources", Action: auth.SourceRead, Title: "sources.title", Handler: s.sourcesPage},
		{Method: "GET", Pattern: "/sources/events", Action: auth.SourceRead, Handler: s.importEvents, Timeout: -1},
		{Method: "GET", Pattern: "/sources/imports/{id}", Action: auth.SourceRead, Handler: s.importPage},
		{Method: "GET", Pattern: "/sources/import", Action: auth.SourceImport, Title: "sources.upload.title", Handler: s.uploadPage},
		{
			Method: "POST", Pattern: "/sources/import", Action: auth.SourceImport, Handler: s.upload,
			Body: s.Intake.MaxUpload() + uploadFields, Timeout: -1,
		},
		{Method: "POST", Pattern: "/sources/imports/{id}/cancel", Action: auth.SourceImport, Handler: s.cancelImport},
		{Method: "POST", Pattern: "/sources/imports/{id}/continue", Action: auth.SourceImport, Handler: s.continueImport},
	}
}

// sourcesPlace is the entry of the rail that these pages belong to.
const sourcesPlace = "/sources"

// importsShown is how many imports a page lists.
const importsShown = 25

// sourcesView is what the page of sources and imports shows.
type sourcesView struct {
	MayImport, Live bool
	Table           Table
	Sources         []sourceRow
	Pager           Pager
	Empty           Empty
	Imports         []importRow
	// NoImports stands where there are none.
	NoImports Empty
	Running   importsRunning
	// Newest and Older lead from page to page of the imports.
	Newest, Older string
}

// sourceRow is one source in the table.
type sourceRow struct {
	poststore.Source
	// Panel opens the source beside the table, Search shows its posts; it is
	// empty for readers who may not read posts.
	Panel, Search string
	Open          bool
}

// sourceView is what the panel says of a source.
type sourceView struct {
	sourceRow
	Platforms, Langs []countedRow
	Imports          []importRow
}

func (s *Server) sourcesPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	all, err := s.Posts.Sources(ctx)
	if err != nil {
		return fmt.Errorf("asking for sources: %w", err)
	}
	p := Page{Title: s.say(r, "sources.title"), Wide: true}
	if open := r.URL.Query().Get("open"); open != "" {
		i := slices.IndexFunc(all, func(x poststore.Source) bool { return x.Name == open })
		if i < 0 {
			return poststore.ErrNotFound
		}
		v, err := s.sourceView(r, all[i])
		if err != nil {
			return err
		}
		p.Panel, p.PanelData, p.Close = "sources-panel", v, with(r, "open", "")
	}
	if wants(r, "panel") {
		return s.page(w, r, "sources", p)
	}
	v := &sourcesView{
		MayImport: s.policy.May(auth.Of(ctx), auth.SourceImport),
		Live:      s.may(auth.Of(ctx), http.MethodGet, "/sources/live"),
		Table: tableOf(r, s.say(r, "sources.table"), "-seen",
			Column{Key: "name", Label: s.say(r, "sources.name"), Sorts: true},
			Column{Key: "posts", Label: s.say(r, "sources.posts"), Number: true, Sorts: true, Falls: true},
			Column{Key: "first", Label: s.say(r, "sources.first"), Sorts: true},
			Column{Key: "last", Label: s.say(r, "sources.last"), Sorts: true, Falls: true},
			Column{Key: "seen", Label: s.say(r, "sources.seen"), Sorts: true, Falls: true}),
		Empty:     Empty{Icon: "database", What: s.say(r, "sources.empty"), Why: s.say(r, "sources.empty.why")},
		NoImports: Empty{Icon: "upload", What: s.say(r, "sources.imports.empty"), Why: s.say(r, "sources.imports.empty.why")},
	}
	if v.MayImport {
		v.NoImports.Link, v.NoImports.Next = "/sources/import", s.say(r, "sources.upload.title")
	}
	sortSources(all, v.Table.Sort, v.Table.Falling)
	var skip int
	v.Pager, skip = pagerOf(r, int64(len(all)), pageSize)
	for _, x := range all[skip:min(skip+pageSize, len(all))] {
		v.Sources = append(v.Sources, s.sourceRow(r, x))
	}
	if err := s.listImports(r, v); err != nil {
		return err
	}
	p.Data = v
	return s.page(w, r, "sources", p)
}

// listImports fills in the page of imports that the address names.
func (s *Server) listImports(r *http.Request, v *sourcesView) error {
	before := r.URL.Query().Get("before")
	found, err := s.Intake.List(r.Context(), before, importsShown+1)
	if err != nil {
		return err
	}
	if before != "" {
		v.Newest = with(r, "before", "")
	}
	if len(found) > importsShown {
		found = found[:importsShown]
		v.Older = with(r, "before", found[importsShown-1].ID)
	}
	if v.Imports, err = s.importRows(r, found); err != nil {
		return err
	}
	v.Running = s.importsRunning(r, found)
	return nil
}

// sortSources sorts by a column, equal ones by name.
func sortSources(all []poststore.Source, by string, falling bool) {
	slices.SortFunc(all, func(a, b poststore.Source) int {
		var c int
		switch by {
		case "posts":
			c = cmp.Compare(a.Posts, b.Posts)
		case "first":
			c = a.First.Compare(b.First)
		case "last":
			c = a.Last.Compare(b.Last)
		case "seen":
			c = a.Seen.Compare(b.Seen)
		default:
			c = strings.Compare(a.Name, b.Name)
		}
		if falling {
			c = -c
		}
		return cmp.Or(c, strings.Compare(a.Name, b.Name))
	})
}

func (s *Server) sourceRow(r *http.Request, x poststore.Source) sourceRow {
	return sourceRow{
		Source: x, Panel: with(r, "open", x.Name), Search: s.sourceSearch(r, x.Name),
		Open: r.URL.Query().Get("open") == x.Name,
	}
}

// sourceSearch is the address of the search for all posts of a source; empty
// for readers who may not read posts.
func (s *Server) sourceSearch(r *http.Request, source string) string {
	if !s.may(auth.Of(r.Context()), http.MethodGet, "/search") {
		return ""
	}
	return searchFor(query.Is{Field: query.Source, Value: source})
}

// searchFor is the address of the search for a condition.
func searchFor(e query.Expr) string {
	return "/search?" + url.Values{"q": {query.Format(e)}}.Encode()
}

// sourceView counts a source's posts by platform and language.
func (s *Server) sourceView(r *http.Request, x poststore.Source) (*sourceView, error) {
	v := &sourceView{sourceRow: s.sourceRow(r, x)}
	for _, by := range []struct {
		field query.Field
		rows  *[]countedRow
	}{{query.Platform, &v.Platforms}, {query.Lang, &v.Langs}} {
		of := query.Is{Field: query.Source, Value: x.Name}
		top, err := s.Posts.Top(r.Context(), poststore.Query{Where: of}, by.field, 8)
		if err != nil {
			return nil, fmt.Errorf("counting a source's posts by %s: %w", by.field, err)
		}
		for _, c := range top {
			row := countedRow{
				Label: s.valueName(r, c.Value, by.field == query.Lang), Posts: c.Posts, Share: float64(c.Posts) / float64(max(x.Posts, 1)),
			}
			if v.Search != "" {
				row.Link = searchFor(query.And{of, query.Is{Field: by.field, Value: c.Value}})
			}
			*by.rows = append(*by.rows, row)
		}
	}
	recent, err := s.Intake.List(r.Context(), "", 200)
	if err != nil {
		return nil, err
	}
	recent = slices.DeleteFunc(recent, func(m intake.Import) bool { return m.Source != x.Name })
	v.Imports, err = s.importRows(r, recent[:min(len(recent), 10)])
	return v, err
}
