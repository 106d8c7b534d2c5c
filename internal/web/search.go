package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
	"github.com/akashi-project/akashi/internal/search"
)

// searchRoutes are the pages on posts: search, one post, one account.
func (s *Server) searchRoutes() []Route {
	if s.Posts == nil || s.Mandate == nil {
		return nil
	}
	out := []Route{
		{Method: "GET", Pattern: "/search", Action: auth.PostRead, Title: "search.title", Handler: s.searchPage},
		{Method: "GET", Pattern: "/search/volume", Action: auth.PostRead, Handler: s.searchVolume},
		{Method: "GET", Pattern: "/posts/{key}", Action: auth.PostRead, Handler: s.postPage},
		{Method: "GET", Pattern: "/posts/{key}/raw", Action: auth.PostRead, Handler: s.rawPage},
		{Method: "GET", Pattern: "/accounts/{alias}", Action: auth.PostRead, Handler: s.accountPage},
	}
	if s.Searches != nil {
		out = append(out,
			Route{Method: "POST", Pattern: "/search/saved", Action: auth.SearchSave, Handler: s.saveSearch},
			Route{Method: "POST", Pattern: "/search/saved/{id}/delete", Action: auth.SearchSave, Handler: s.deleteSearch})
	}
	return append(out, s.exportRoutes()...)
}

// searchView is what the page shows.
type searchView struct {
	Filter Filter
	// Asked says that there is a query or a span of time.
	Posts  []PostCard
	Next   string
	Volume string // the address of the chart and its tables
	Export string
	Saved  []savedSearch
	Save   bool
	Query  string
	Empty  Empty
}

// savedSearch is a link to a search that was saved.
type savedSearch struct {
	Name, Link, Delete string
	Shared             bool
}

const searchSize = 30

// searchPage shows the newest posts that a query means.
func (s *Server) searchPage(w http.ResponseWriter, r *http.Request) error {
	v := searchView{Filter: s.searchFilter(r), Query: r.URL.Query().Get("q")}
	status := 0
	q, err := s.queryOf(r)
	var wrong *query.SyntaxError
	switch {
	case errors.As(err, &wrong):
		v.Filter.Error, status = wrong.Message(s.langOf(r)), http.StatusUnprocessableEntity
	case err != nil:
		return err
	default:
		if err := s.findPosts(r, q, &v); err != nil {
			return err
		}
	}
	if err := s.savedSearches(r, &v); err != nil {
		return err
	}
	return s.page(w, r, "search", Page{Title: s.say(r, "search.title"), Data: v, Status: status})
}

// searchFilter makes the filter bar.
func (s *Server) searchFilter(r *http.Request) Filter {
	lang, text := s.langOf(r), r.URL.Query().Get("q")
	f := Filter{Action: "/search", Query: text, Label: s.say(r, "search.label"), Hint: s.say(r, "search.hint"), Hidden: map[string]string{}}
	for _, i := range query.Fields() {
		about := i.En
		if lang == "ja" {
			about = i.Ja
		}
		f.Fields = append(f.Fields, Completion{i.Name + ":", about})
	}
	for _, name := range []string{"after", "before"} {
		if v := r.URL.Query().Get(name); v != "" {
			f.Hidden[name] = v
			if t, err := time.Parse(time.RFC3339, v); err == nil {
				f.Chips = append(f.Chips, Chip{
					Text:    s.say(r, "search."+name, "time", t.In(location(r)).Format("2006-01-02 15:04")),
					Without: with(r, name, "", "at", ""), Icon: "clock",
				})
			}
		}
	}
	if chips, err := query.Chips(text); err == nil {
		for _, c := range chips {
			f.Chips = append(f.Chips, Chip{Text: c.Text, Without: with(r, "q", c.Rest, "at", "")})
		}
	}
	return f
}

// location gives the reader's time zone.
func location(r *http.Request) *time.Location {
	if l, err := time.LoadLocation(zoneOf(r)); err == nil {
		return l
	}
	return time.UTC
}

// queryOf reads the address: the query "q", and the span of time that was
// drawn on the chart as "after" and "before".
func (s *Server) queryOf(r *http.Request) (poststore.Query, error) {
	var q poststore.Query
	where, err := query.ParseAt(r.URL.Query().Get("q"), s.Now(), location(r))
	if err != nil {
		return q, fmt.Errorf("reading the query: %w", err)
	}
	q.Where = where
	for name, to := range map[string]*time.Time{"after": &q.From, "before": &q.To} {
		if v := r.URL.Query().Get(name); v != "" {
			if *to, err = time.Parse(time.RFC3339, v); err != nil {
				return q, invalid("search.time.wrong", "value", v)
			}
		}
	}
	return q, nil
}

// findPosts finds a page of posts.
func (s *Server) findPosts(r *http.Request, q poststore.Query, v *searchView) error {
	at, err := positionOf(r.URL.Query().Get("at"))
	if err != nil {
		return err
	}
	found, err := s.Posts.Search(r.Context(), q, at, searchSize+1)
	if err != nil {
		return fmt.Errorf("searching: %w", err)
	}
	if len(found) > searchSize {
		found = found[:searchSize]
		last := found[searchSize-1]
		v.Next = with(r, "at", fmt.Sprintf("%d.%016x", last.Time.UnixMicro(), uint64(last.Key)))
	}
	if v.Posts, err = s.cards(r, found); err != nil {
		return err
	}
	params := r.URL.Query()
	params.Del("at")
	v.Volume = "/search/volume?" + params.Encode()
	if s.may(auth.Of(r.Context()), http.MethodGet, "/search/export") {
		v.Export = "/search/export?" + params.Encode()
	}
	v.Empty = Empty{Icon: "search", What: s.say(r, "search.empty"), Why: s.say(r, "search.empty.why")}
	if v.Query != "" {
		v.Empty.Link, v.Empty.Next = "/search", s.say(r, "search.empty.next")
	}
	return nil
}

// positionOf reads a place in the order of posts.
func positionOf(s string) (poststore.Position, error) {
	if s == "" {
		return poststore.Position{}, nil
	}
	micros, key, ok := strings.Cut(s, ".")
	m, err := strconv.ParseInt(micros, 10, 64)
	k, err2 := strconv.ParseUint(key, 16, 64)
	if !ok || err != nil || err2 != nil {
		return poststore.Position{}, invalid("search.place.wrong")
	}
	return poststore.Position{Time: time.UnixMicro(m).UTC(), Key: poststore.Key(k)}, nil
}

// cards shows posts as the reader may see them.
func (s *Server) cards(r *http.Request, found []poststore.Post) ([]PostCard, error) {
	veil, err := s.Mandate.VeilPosts(r.Context(), auth.Of(r.Context()), found)
	if err != nil {
		return nil, fmt.Errorf("veiling posts: %w", err)
	}
	out := make([]PostCard, len(found))
	for i := range found {
		out[i] = s.card(veil, &found[i])
	}
	return out, nil
}

// card shows a post under a veil.
func (s *Server) card(veil *mandate.Veil, p *poststore.Post) PostCard {
	c := cardOf(veil.Post(p))
	shown := veil.Account(mandate.Author(&p.Post))
	c.Author, c.Named = shown.Label, shown.Named
	c.AuthorLink = "/accounts/" + url.PathEscape(shown.Alias)
	c.Link = postLink(p.Key)
	return c
}

// postLink is a post's permanent address.
func postLink(k poststore.Key) string { return fmt.Sprintf("/posts/%016x", uint64(k)) }

// savedSearches adds the reader's saved searches.
func (s *Server) savedSearches(r *http.Request, v *searchView) error {
	p := auth.Of(r.Context())
	if s.Searches == nil || !s.may(p, http.MethodPost, "/search/saved") {
		return nil
	}
	v.Save = true
	list, err := s.Searches.List(r.Context(), p)
	if err != nil {
		return err
	}
	for _, x := range list {
		l := savedSearch{Name: x.Name, Link: "/search?" + url.Values{"q": {x.Query}}.Encode(), Shared: x.Shared}
		if x.Owner == p.ID {
			l.Delete = "/search/saved/" + x.ID + "/delete"
		}
		v.Saved = append(v.Saved, l)
	}
	return nil
}

// saveSearch keeps a search under a name.
func (s *Server) saveSearch(w http.ResponseWriter, r *http.Request) error {
	q := r.FormValue("q")
	_, err := s.Searches.Create(r.Context(), auth.Of(r.Context()), r.FormValue("name"), q, r.FormValue("shared") != "")
	var wrong *query.SyntaxError
	switch {
	case errors.Is(err, search.ErrName):
		return invalid("search.name.wrong", "most", search.MaxName)
	case errors.As(err, &wrong):
		return invalid("search.query.wrong", "why", wrong.Message(s.langOf(r)))
	case err != nil:
		return err
	}
	return s.done(w, r, Done{To: "/search?" + url.Values{"q": {q}}.Encode(), Key: "search.saved"})
}

// deleteSearch removes a saved search.
func (s *Server) deleteSearch(w http.ResponseWriter, r *http.Request) error {
	if err := s.Searches.Delete(r.Context(), auth.Of(r.Context()), r.PathValue("id")); err != nil {
		if errors.Is(err, search.ErrOwner) {
			return auth.ErrNotAllowed
		}
		return err
	}
	return s.done(w, r, Done{To: "/search", Key: "search.deleted"})
}

// volumeView is the chart with its tables: how many posts, when, where, in
// which language.
type volumeView struct {
	Count     int64
	Chart     chartData
	Bin       time.Duration
	Rows      []volumeRow
	Platforms []countedRow
	Langs     []countedRow
	Lang      bool // the series are languages
	Platform  string
	Language  string
}

// chartData is what web/src/chart.ts draws.
type chartData struct {
	X      []int64       `json:"x"`
	Step   int64         `json:"step"`
	Zone   string        `json:"zone"`
	Series []chartSeries `json:"series"`
}

type chartSeries struct {
	Label  string  `json:"label"`
	Values []int64 `json:"values"`
	Group  int     `json:"group"`
}

type volumeRow struct {
	Time  time.Time
	Posts int64
	Link  string
}

type countedRow struct {
	Label string
	Posts int64
	Share float64
	Link  string
}

// chartBins is about how many bins a chart has.
const chartBins = 120

// searchVolume answers with the part that says how much there is, over time, by
// platform and by language. It comes after the posts, which need not wait.
func (s *Server) searchVolume(w http.ResponseWriter, r *http.Request) error {
	q, err := s.queryOf(r)
	if err != nil {
		return err
	}
	v, err := s.volume(r, q)
	if err != nil {
		return err
	}
	return s.part(w, r, 0, "search-volume", v)
}

func (s *Server) volume(r *http.Request, q poststore.Query) (*volumeView, error) {
	ctx := r.Context()
	bin, err := s.binFor(ctx, q)
	if err != nil {
		return nil, err
	}
	byLang := r.URL.Query().Get("by") == "lang"
	by, rest := query.Platform, query.Lang
	if byLang {
		by, rest = rest, by
	}
	// Each question about a word reads every block that may hold it, so there
	// are two: the counts over time tell how many there are in all, and how
	// many of each value of their field.
	h, err := s.Posts.Histogram(ctx, q, bin, by, topValues)
	if err != nil {
		return nil, fmt.Errorf("counting posts over time: %w", err)
	}
	v := &volumeView{
		Bin: bin, Lang: byLang,
		Platform: "/search?" + without(r, "by"), Language: "/search?" + without(r, "by") + "&by=lang",
		Chart: chartData{Step: int64(bin / time.Second), Zone: zoneOf(r)},
	}
	var top []poststore.Counted
	for _, series := range h.Series {
		var n int64
		for _, c := range series.Counts {
			n += c
		}
		v.Count += n
		if series.Value != "other" && series.Value != "" {
			top = append(top, poststore.Counted{Value: series.Value, Posts: n})
		}
	}
	if v.Count == 0 {
		return v, nil
	}
	s.fillChart(r, v, h)
	others, err := s.Posts.Top(ctx, q, rest, topValues)
	if err != nil {
		return nil, fmt.Errorf("counting posts by %s: %w", rest, err)
	}
	v.Platforms, v.Langs = s.topRows(r, by, v.Count, top), s.topRows(r, rest, v.Count, others)
	if byLang {
		v.Platforms, v.Langs = v.Langs, v.Platforms
	}
	return v, nil
}

// topValues is how many values of a field are told apart.
const topValues = 8

// without gives the request's parameters without one.
func without(r *http.Request, name string) string {
	q := r.URL.Query()
	q.Del(name)
	return q.Encode()
}

// fillChart turns counts into the chart and the table beside it.
func (s *Server) fillChart(r *http.Request, v *volumeView, h poststore.Histogram) {
	n := 0
	for i, series := range h.Series {
		label := s.valueName(r, series.Value, v.Lang)
		group := i + 1
		if series.Value == "other" {
			label, group = s.say(r, "search.other"), 9
		}
		v.Chart.Series = append(v.Chart.Series, chartSeries{label, series.Counts, group})
		n = max(n, len(series.Counts))
	}
	for i := range n {
		at := h.Start.Add(time.Duration(i) * h.Bin)
		v.Chart.X = append(v.Chart.X, at.Unix())
		var sum int64
		for _, series := range h.Series {
			sum += series.Counts[i]
		}
		if sum > 0 {
			params := r.URL.Query()
			params.Set("after", at.UTC().Format(time.RFC3339))
			params.Set("before", at.Add(h.Bin).UTC().Format(time.RFC3339))
			v.Rows = append(v.Rows, volumeRow{at, sum, "/search?" + params.Encode()})
		}
	}
}

// valueName says a platform or a language.
func (s *Server) valueName(r *http.Request, value string, lang bool) string {
	switch {
	case value == "":
		return s.say(r, "search.unknown")
	case lang:
		return languageName(s.langOf(r), value)
	}
	return value
}

// topRows are the most frequent values of a field, each with the search for it.
func (s *Server) topRows(r *http.Request, f query.Field, all int64, top []poststore.Counted) []countedRow {
	out := make([]countedRow, 0, len(top))
	for _, c := range top {
		params := r.URL.Query()
		params.Set("q", strings.TrimSpace(params.Get("q")+" "+query.Format(query.Is{Field: f, Value: c.Value})))
		out = append(out, countedRow{
			Label: s.valueName(r, c.Value, f == query.Lang), Posts: c.Posts,
			Share: float64(c.Posts) / float64(all), Link: "/search?" + params.Encode(),
		})
	}
	return out
}

// binFor chooses the width of the chart's bins.
func (s *Server) binFor(ctx context.Context, q poststore.Query) (time.Duration, error) {
	from, to := q.From, q.To
	if from.IsZero() || to.IsZero() {
		span, err := s.Posts.Span(ctx)
		if err != nil {
			return 0, fmt.Errorf("asking for the store's extent: %w", err)
		}
		if from.IsZero() {
			from = span.First
		}
		if to.IsZero() {
			to = span.Last
		}
	}
	return binOf(to.Sub(from)), nil
}

// binOf gives a width that people know, for about chartBins bins in a span.
func binOf(span time.Duration) time.Duration {
	for _, b := range []time.Duration{
		time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour,
		24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour,
	} {
		if span/b <= chartBins {
			return b
		}
	}
	return 364 * 24 * time.Hour
}

// keyOf reads a post's key from the address.
func keyOf(r *http.Request) (poststore.Key, error) {
	k, err := strconv.ParseUint(r.PathValue("key"), 16, 64)
	if err != nil || len(r.PathValue("key")) != 16 {
		return 0, poststore.ErrNotFound
	}
	return poststore.Key(k), nil
}

// postView is what a post's page shows: its versions, the newest first.
type postView struct {
	Post    PostCard
	Earlier []PostCard
	Source  string
	Account string
	Raw     string
}

// postPage shows a post with all its versions.
func (s *Server) postPage(w http.ResponseWriter, r *http.Request) error {
	key, err := keyOf(r)
	if err != nil {
		return err
	}
	versions, err := s.Posts.Versions(r.Context(), key)
	if err != nil {
		return fmt.Errorf("reading the post: %w", err)
	}
	cards, err := s.cards(r, versions)
	if err != nil {
		return err
	}
	last := len(cards) - 1
	v := postView{Post: cards[last], Source: versions[last].Source, Account: cards[last].AuthorLink}
	for i := last - 1; i >= 0; i-- {
		cards[i].ID += "-" + strconv.Itoa(i+1)
		v.Earlier = append(v.Earlier, cards[i])
	}
	if raw, err := s.mayReadRaw(r, &versions[last]); err != nil {
		return err
	} else if raw {
		v.Raw = postLink(key) + "/raw"
	}
	return s.page(w, r, "post-page", Page{Title: s.say(r, "search.post.title"), Data: v, Place: "/search"})
}

// mayReadRaw says whether the reader may see the raw record of a post: it names
// the account, and so only where its name may be seen.
func (s *Server) mayReadRaw(r *http.Request, p *poststore.Post) (bool, error) {
	who := auth.Of(r.Context())
	if !p.Deleted.IsZero() {
		return false, nil
	}
	veil, err := s.Mandate.Veil(r.Context(), who, mandate.Author(&p.Post))
	if err != nil {
		return false, fmt.Errorf("veiling the account: %w", err)
	}
	return s.policy.Allow(who, auth.PostRaw, auth.Resource{
		Kind: "post", ID: fmt.Sprintf("%016x", uint64(p.Key)), Unmasked: veil.Account(mandate.Author(&p.Post)).Named,
	}), nil
}

// rawPage shows a post's raw records as they were read. They hold names, and so
// each reading is logged.
func (s *Server) rawPage(w http.ResponseWriter, r *http.Request) error {
	key, err := keyOf(r)
	if err != nil {
		return err
	}
	versions, err := s.Posts.Versions(r.Context(), key)
	if err != nil {
		return fmt.Errorf("reading the post: %w", err)
	}
	if raw, err := s.mayReadRaw(r, &versions[len(versions)-1]); err != nil {
		return err
	} else if !raw {
		return auth.ErrNotAllowed
	}
	if err := s.Record(r.Context(), string(auth.PostRaw), fmt.Sprintf("post:%016x", uint64(key)), nil); err != nil {
		return err
	}
	var raw []string
	for _, v := range versions {
		raw = append(raw, string(v.Raw))
	}
	return s.page(w, r, "post-raw", Page{
		Title: s.say(r, "search.raw.title"), Place: "/search",
		Data: map[string]any{"Raw": raw, "Back": postLink(key)},
	})
}

// accountView is what an account's page shows.
type accountView struct {
	Shown       mandate.Shown
	Class       string
	Platform    string
	Posts       int64
	First, Last time.Time
	Cards       []PostCard
	All         string
	// Names is about the account's name: requests, grants and marks.
	Names *accountNames
	// Findings are those whose group holds the account.
	Findings []otherFinding
}

// accountPage shows an account under its pseudonym, with its newest posts.
func (s *Server) accountPage(w http.ResponseWriter, r *http.Request) error {
	return s.showAccount(w, r, 0, namesTyped{})
}

// showAccount shows the account of the address, with what was typed into its
// forms.
func (s *Server) showAccount(w http.ResponseWriter, r *http.Request, status int, typed namesTyped) error {
	alias, err := mandate.ParseAlias(r.PathValue("alias"))
	if err != nil {
		return poststore.ErrNotFound
	}
	a, err := s.Posts.AccountByAlias(r.Context(), alias)
	if err != nil {
		return fmt.Errorf("finding the account: %w", err)
	}
	veil, err := s.Mandate.Veil(r.Context(), auth.Of(r.Context()), mandate.Of(&a))
	if err != nil {
		return fmt.Errorf("veiling the account: %w", err)
	}
	where := query.Is{Field: query.Account, Value: alias}
	found, err := s.Posts.Search(r.Context(), poststore.Query{Where: where}, poststore.Position{}, 10)
	if err != nil {
		return fmt.Errorf("searching: %w", err)
	}
	v := accountView{
		Shown: veil.Account(mandate.Of(&a)), Platform: a.Platform, Posts: a.Posts, First: a.First, Last: a.Last,
		All: "/search?" + url.Values{"q": {query.Format(where)}}.Encode(),
	}
	if v.Shown.Named {
		// i18n: search.class.*
		v.Class = s.say(r, "search.class."+string(v.Shown.Class))
	}
	if v.Cards, err = s.cards(r, found); err != nil {
		return err
	}
	if v.Names, err = s.namesPart(r, &a, v.Shown, typed); err != nil {
		return err
	}
	if v.Findings, err = s.accountFindings(r, a.Key); err != nil {
		return err
	}
	return s.page(w, r, "account-page", Page{Title: v.Shown.Label, Data: v, Place: "/search", Status: status})
}
