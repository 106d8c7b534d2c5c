package web

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/watch"
)

// liveRoutes are the pages of live sources and of how they are.
func (s *Server) liveRoutes() []Route {
	if s.Watch == nil || s.Collections == nil {
		return nil
	}
	return []Route{
		{Method: "GET", Pattern: "/sources/live", Action: auth.SourceRead, Title: "live.title", Handler: s.livePage},
		{Method: "GET", Pattern: "/sources/live/new", Action: auth.SourceEdit, Title: "live.new", Handler: s.newLivePage},
		{Method: "POST", Pattern: "/sources/live/new", Action: auth.SourceEdit, Handler: s.addLive},
		{Method: "GET", Pattern: "/sources/live/{id}", Action: auth.SourceRead, Handler: s.liveSourcePage},
		{Method: "GET", Pattern: "/sources/live/{id}/edit", Action: auth.SourceEdit, Handler: s.editLivePage},
		{Method: "POST", Pattern: "/sources/live/{id}/edit", Action: auth.SourceEdit, Handler: s.editLive},
		{Method: "POST", Pattern: "/sources/live/{id}/pause", Action: auth.SourceEdit, Handler: s.setLive(watch.Paused)},
		{Method: "POST", Pattern: "/sources/live/{id}/resume", Action: auth.SourceEdit, Handler: s.setLive(watch.Active)},
		{Method: "POST", Pattern: "/sources/live/{id}/remove", Action: auth.SourceEdit, Handler: s.setLive(watch.Removed)},
	}
}

// liveRow is a live source with how it is.
type liveRow struct {
	watch.Source
	Link, Search      string
	KindName          string
	MandateLink       string
	MandateTitle      string
	StateText, Tone   string
	How               collect.Health
	Known             bool // How says something
	ErrorCount        int64
	Errors            []liveError
	Quotas            []collect.Quota
	QuotaText, Stored string
	// Skipped are posts that came and changed nothing, or were left out.
	Skipped int64
}

// liveError is how often a kind of error came.
type liveError struct {
	Kind, Name string
	N          int64
}

// liveRow puts a source into words. Errors are told to those who may change it:
// their texts quote addresses and settings.
func (s *Server) liveRow(r *http.Request, x watch.Source, health map[string]collect.Health, titles map[string]string) liveRow {
	v := liveRow{
		Source: x, Link: "/sources/live/" + x.ID, Search: s.sourceSearch(r, x.ID), KindName: s.kindName(r, x.Kind),
		MandateTitle: cmp.Or(titles[x.Mandate], x.Mandate),
	}
	if s.may(auth.Of(r.Context()), http.MethodGet, "/mandates/{id}") {
		v.MandateLink = "/mandates/" + x.Mandate
	}
	v.How, v.Known = health[x.ID]
	state := string(v.How.State)
	switch {
	case x.State != watch.Active:
		state, v.Known = string(x.State), false
	case !v.Known:
		state = "stopped"
	}
	switch collect.State(state) {
	case collect.Running:
		v.Tone = "good"
	case collect.Wrong, collect.BackingOff, collect.NoMandate:
		v.Tone = "warn"
	case collect.Starting, collect.Finished, collect.Stopped:
	}
	// i18n: live.state.*
	v.StateText = s.say(r, "live.state."+state)
	for _, kind := range slices.Sorted(maps.Keys(v.How.Errors)) {
		v.ErrorCount += v.How.Errors[kind]
		v.Errors = append(v.Errors, liveError{kind, s.orKey(r, "live.error."+strings.ReplaceAll(kind, " ", "-"), kind), v.How.Errors[kind]})
	}
	for _, endpoint := range slices.Sorted(maps.Keys(v.How.Quotas)) {
		v.Quotas = append(v.Quotas, v.How.Quotas[endpoint])
	}
	c := v.How.Counts
	v.Skipped = c.Same + c.Collided
	return v
}

// orKey gives a sentence that may not be there, and else what stands for it.
//
// i18n: live.error.*
func (s *Server) orKey(r *http.Request, key, fallback string) string {
	if !s.words.Has(key) {
		return fallback
	}
	return s.say(r, key)
}

// kindName names a kind of source, kindAbout says what it brings. A kind
// without words is called by its key.
//
// i18n: source.kind.*
// i18n: source.about.*
func (s *Server) kindName(r *http.Request, kind string) string {
	return s.orKey(r, "source.kind."+kind, kind)
}

func (s *Server) kindAbout(r *http.Request, kind string) string {
	return s.orKey(r, "source.about."+kind, "")
}

// settingName names a setting: as its kind calls it, or as all do.
//
// i18n: source.setting.*
// i18n: source.help.*
func (s *Server) settingName(r *http.Request, kind, key string) string {
	return s.orKey(r, "source.setting."+kind+"."+key, s.orKey(r, "source.setting."+key, key))
}

func (s *Server) settingHelp(r *http.Request, kind, key string) string {
	return s.orKey(r, "source.help."+kind+"."+key, s.orKey(r, "source.help."+key, ""))
}

// liveView is the list of live sources.
type liveView struct {
	MayEdit bool
	// Under names the mandate that the list is of; empty: of all. All leads
	// to all.
	Under string
	Rows  []liveRow
	Empty Empty
	// Self is the address that the table is read from again.
	Self string
}

// mandateTitles gives the titles of mandates by id.
func (s *Server) mandateTitles(r *http.Request) (map[string]string, []mandate.Collection, error) {
	all, err := s.Collections.List(r.Context())
	if err != nil {
		return nil, nil, err
	}
	out := map[string]string{}
	for i := range all {
		out[all[i].ID] = all[i].Title
	}
	return out, all, nil
}

func (s *Server) livePage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	all, err := s.Watch.List(ctx)
	if err != nil {
		return err
	}
	titles, _, err := s.mandateTitles(r)
	if err != nil {
		return err
	}
	v := liveView{
		MayEdit: s.policy.May(auth.Of(ctx), auth.SourceEdit), Self: with(r),
		Empty: Empty{Icon: "radar", What: s.say(r, "live.empty"), Why: s.say(r, "live.empty.why")},
	}
	if v.MayEdit {
		v.Empty.Link, v.Empty.Next = "/sources/live/new", s.say(r, "live.new")
	}
	if id := r.URL.Query().Get("mandate"); id != "" {
		v.Under = cmp.Or(titles[id], id)
		all = slices.DeleteFunc(all, func(x watch.Source) bool { return x.Mandate != id })
	}
	health := s.Watch.Health()
	for _, x := range all {
		v.Rows = append(v.Rows, s.liveRow(r, x, health, titles))
	}
	return s.page(w, r, "live", Page{Title: s.say(r, "live.title"), Data: &v, Wide: true, Place: sourcesPlace})
}

// liveSourceView is one live source.
type liveSourceView struct {
	liveRow
	MayEdit, Removed bool
	Settings         []liveSetting
	Creator, Changer string
}

// liveSetting is what is set; a secret's value is never shown.
type liveSetting struct {
	Name, Value string
	Secret      bool
}

func (s *Server) liveSourcePage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	x, err := s.Watch.Source(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	titles, _, err := s.mandateTitles(r)
	if err != nil {
		return err
	}
	people, err := s.Auth.Colleagues(ctx)
	if err != nil {
		return err
	}
	v := liveSourceView{
		liveRow: s.liveRow(r, x, s.Watch.Health(), titles), Removed: x.State == watch.Removed,
		Creator: people[x.CreatedBy].Name, Changer: people[x.ChangedBy].Name,
	}
	v.MayEdit = s.policy.May(auth.Of(ctx), auth.SourceEdit) && !v.Removed
	if s.policy.May(auth.Of(ctx), auth.SourceEdit) {
		for _, key := range slices.Sorted(maps.Keys(x.Settings)) {
			v.Settings = append(v.Settings, liveSetting{Name: s.settingName(r, x.Kind, key), Value: x.Settings[key]})
		}
		for _, key := range x.Secrets {
			v.Settings = append(v.Settings, liveSetting{Name: s.settingName(r, x.Kind, key), Secret: true})
		}
	} else {
		v.How.LastError = ""
	}
	return s.page(w, r, "live-one", Page{Title: x.Name, Data: &v, Place: sourcesPlace})
}

// setLive pauses, resumes or removes a source. What was paused can be resumed by
// the toast, and the other way round; what is removed does not come back, and
// only what is paused can be removed.
func (s *Server) setLive(to watch.State) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx, id := r.Context(), r.PathValue("id")
		x, err := s.Watch.Source(ctx, id)
		if err != nil {
			return err
		}
		if to == watch.Removed && x.State == watch.Active {
			return &Problem{Status: http.StatusConflict, Key: "live.wrong.active"}
		}
		if x, err = s.Watch.SetState(ctx, auth.Of(ctx), id, version(r), to); err != nil {
			return liveProblem(err)
		}
		d := Done{To: "/sources/live/" + id, Args: []any{"name", x.Name}}
		switch to {
		case watch.Paused:
			d.Key, d.Undo = "live.paused", d.To+"/resume"
		case watch.Active:
			d.Key, d.Undo = "live.resumed", d.To+"/pause"
		case watch.Removed:
			d.Key, d.To = "live.removed", "/sources/live"
		}
		if d.Undo != "" {
			d.Fields = map[string]string{"version": formatVersion(x.Version)}
		}
		return s.done(w, r, d)
	}
}

// liveProblem says which status and sentence an error of a source has.
func liveProblem(err error) error {
	switch {
	case errors.Is(err, watch.ErrPerson):
		return &Problem{Status: http.StatusForbidden, Key: "live.wrong.token", Err: err}
	case errors.Is(err, watch.ErrRemoved):
		return &Problem{Status: http.StatusConflict, Key: "live.wrong.removed", Err: err}
	case errors.Is(err, watch.ErrKind):
		return &Problem{Status: http.StatusUnprocessableEntity, Key: "live.wrong.kind", Err: err}
	}
	return err
}

// holds are the mandates under which a source of a kind can be.
func (s *Server) holds(all []mandate.Collection, kind string, now time.Time) []mandate.Collection {
	return slices.DeleteFunc(slices.Clone(all), func(c mandate.Collection) bool {
		return !c.Permits(kind) || c.State == mandate.CollectionWithdrawn || c.State == mandate.CollectionRefused ||
			c.State == mandate.CollectionApproved && !now.Before(c.End)
	})
}

var errNoKind = casestore.ErrNotFound
