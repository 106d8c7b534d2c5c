// Package web serves Akashi's pages: HTML made on the server, with htmx where
// only a part of a page changes and small scripts (islands) for pictures. Every
// page works without JavaScript, but for the pictures, which have tables beside
// them.
//
// # How to add a page
//
// A page needs four things, in files of its own; the only shared files that are
// touched are routes.go (one line) and server.go (a service in [Deps]).
//
//  1. Handlers, in sources.go:
//
//     func (s *Server) sourcesRoutes() []Route {
//     return []Route{
//     {Method: "GET", Pattern: "/sources", Action: auth.SourceRead, Title: "sources.title", Handler: s.sources},
//     {Method: "POST", Pattern: "/sources/{id}/stop", Action: auth.SourceImport, Handler: s.stopSource},
//     }
//     }
//
//     func (s *Server) sources(w http.ResponseWriter, r *http.Request) error {
//     list, err := s.Sources.List(r.Context())
//     if err != nil {
//     return err // answered in one place: see problem.go
//     }
//     return s.page(w, r, "sources", Page{Title: s.say(r, "sources.title"), Data: sourcesView{…}, Wide: true})
//     }
//
//  2. Templates, in templates/sources.html: {{define "sources"}}<h1>…</h1>…{{end}}.
//     Names are shared by all files, so begin each with the page's. The template
//     sees Data alone and writes what stands in <main>, beginning with its h1.
//
//  3. Sentences, in i18n/en/sources.yaml and i18n/ja/sources.yaml; the key of an
//     entry is "sources." and its name. See package i18n.
//
//  4. One line in allRoutes (routes.go): s.sourcesRoutes(). An entry of the rail
//     is in places() already; it shows when its GET route is there and the
//     reader may use it. A route with a Title is in the command palette.
//
// A route has an Action, checked against the policies before the handler runs,
// or is Public; New refuses anything else. Where a decision hangs on the thing
// itself the handler asks again: s.policy.Allow(auth.Of(ctx), action,
// auth.Resource{…}). The context carries who acts, for casestore's log.
//
// # Answers
//
//	s.page(w, r, name, Page{…})         a whole page
//	s.part(w, r, status, name, data)    a template alone, for htmx
//	s.done(w, r, Done{To, Key, Undo…})  after a POST: a redirect with a toast; for
//	                                    htmx a part with the toast beside it
//	s.events(w, r, f)                   a stream of events (Timeout: -1)
//	return err                          everything else
//
// Errors: casestore.ErrNotFound and poststore.ErrNotFound are 404,
// casestore.ErrConflict 409, auth.ErrNotAllowed 403, auth.ErrSignedOut leads to
// the login, auth.ErrConfirm to the page on which people confirm who they are
// and then back; invalid("area.key", args…) is 422 with a sentence, &Problem{…}
// any status with one; whatever else is 500 with the request's id, and its text
// goes to the log alone. A form that is wrong is shown again by its page, with
// Status 422 and a sentence at each field.
//
// After a POST always use s.done or http.Redirect with 303.
//
// # The address says it all
//
// Filter, sorting, page, and the open panel are in the address, read from
// r.URL.Query() and changed with with(r, "name", "value", …). tableOf reads the
// sorting ("sort=-posts"), pagerOf the page ("page=2").
//
// The panel: a page whose address has "open=ID" sets Page.Panel (a template),
// PanelData and Close (with(r, "open", "")). The row's link has the address with
// the panel open; htmx then asks for the same address, page sends the panel
// alone, and wants(r, "panel") tells the handler that the list is not needed.
// The heading of a panel is an h2.
//
// # htmx
//
// htmx 4: attributes are inherited only where they say so (hx-target:inherited);
// answers of 4xx and 5xx are swapped too, so answer sends errors to the toasts
// by header. There is no eval: no hx-on, no js: values, no filters in brackets.
// The pattern for a list or table that changes in place:
//
//	<a href="?sort=name" hx-get="?sort=name" hx-target="#list" hx-select="#list"
//	   hx-swap="outerHTML" hx-push-url="true">
//
// The server sends the whole page and htmx takes #list out of it; nothing in the
// handler knows of it. Styles and scripts may not stand in a page: the content
// security policy refuses style="…", <style> and <script> with code (a
// <script type="application/json"> is data and may). Widths in drawings are SVG
// attributes.
//
// # Functions in templates
//
//	t "key" "name" value …    a sentence; say: the same as HTML, for sentences
//	                          with a link (a value that is template.HTML)
//	num n · dec x digits · pct x · bytes n     numbers as the reader writes them
//	time t · clock t · day t · date t          in the reader's zone, UTC on hover
//	ago t · dur d             "3 minutes ago", "3 minutes"; beside an exact time
//	icon "inbox"              a Lucide icon from icons/ (copy others there from
//	                          node_modules/lucide-static), beside a word
//	tag l · reading l         a language tag for the attribute lang; its name
//	visible s                 a text from outside in pieces, unseen characters by
//	                          name; use the template "foreign"
//	url s                     an http or https address, else ""
//	tlp m · spark s · dict k v … · list v …
//
// html/template escapes; no function makes HTML of what came from outside. Text
// of a post, a name, an address: {{template "foreign" .X}} inside <bdi>, or the
// template "post". Titles and single lines: <bdi>{{.Title}}</bdi>.
//
// # Parts (templates/parts.html)
//
//	"list" List        rows with selection, keys, pager, empty state; "row" alone
//	                   as the answer to a key: dict "Row" row "Boxes" action
//	"filter" Filter    the filter bar · "chips" []Chip
//	"table-head" Table the head of a sortable table (tableOf)
//	"pager" Pager      (pagerOf)
//	"post" PostCard    a post (cardOf), harmless whatever it holds
//	"address" string   an address from outside, as text, with a way to copy it
//	"foreign" string   any text from outside
//	"spark" Sparkline  a small series · "progress" Progress a job that goes on
//	"empty" Empty      what, why, next · "field" Field · "problem" string
//	"toast" *toast
//
// A row of a "list" has Keys: "e", "a" and "l" with the address to post to. The
// answer to htmx is the row again:
//
//	s.done(w, r, Done{To: back, Key: "inbox.done", Undo: "/findings/ID/undo",
//	    Part: "row", PartData: map[string]any{"Row": row, "Boxes": "/inbox"}})
//
// Classes for layout: .head (title with .actions at its end), .section, .form,
// .actions, .soft, .kicker, .lead, .note, .number.
// A wide table stands in <div class="scroll" tabindex="0" role="region"
// aria-labelledby="ID of its heading">, so that it scrolls by keyboard too.
//
// # Pictures
//
// <div data-chart data-src="/…json" data-readout="id" tabindex="0"
// role="img" aria-label="…"></div> mounts web/src/chart.ts, data-network
// web/src/network.ts; what JSON they take stands there. `npm run build` builds
// web/ into dist, which is committed; TestBuilt compares. Colours are tokens of
// web/src/style.css: --group-1 … --group-8, --group-rest.
//
// # Looking at it
//
// The package webtest opens pages in Chromium, in both languages and themes, wide
// and narrow, with axe, and keeps screenshots in out/screenshots: see there how
// to add a journey.
package web
