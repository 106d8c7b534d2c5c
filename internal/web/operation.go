package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/job"
	"github.com/akashi-project/akashi/internal/poststore"
)

// operationRoutes are the page on how the instance runs.
func (s *Server) operationRoutes() []Route {
	if s.Posts == nil || s.Jobs == nil || s.Audit == nil {
		return nil
	}
	began := s.Now()
	return []Route{{
		Method: "GET", Pattern: "/operation", Action: auth.OperateRead, Title: "operation.title",
		Handler: func(w http.ResponseWriter, r *http.Request) error { return s.operationPage(w, r, began) },
	}}
}

// operationView is what the page of operation shows.
type operationView struct {
	Version string
	Now     time.Time
	Began   time.Time
	Up      time.Duration
	Parts   []operationPart
	Span    poststore.Span
	// Search leads to all posts, Log to the log; empty for readers who may
	// not see them.
	Search, Log, Metrics string
	Lines, Waiting       int64
	Checkpoint           string
	Key                  string
	States               []operationState
	Jobs                 []operationJob
	Older, Newest        string
	Empty                Empty
	Refresh              string
}

// operationPart is a part of the instance and whether it works.
type operationPart struct {
	Name, About string
	Good        bool
}

// operationState is a choice of jobs by state.
type operationState struct {
	Label, Link string
	Current     bool
}

// operationJob is a job in words.
type operationJob struct {
	job.Job
	Name, State, Tone string
	// Link leads to what the job works on.
	Link  string
	Share float64
}

// jobsShown is how many jobs a page lists.
const jobsShown = 25

func (s *Server) operationPage(w http.ResponseWriter, r *http.Request, began time.Time) error {
	ctx := r.Context()
	span, err := s.Posts.Span(ctx)
	if err != nil {
		return fmt.Errorf("asking for the store's extent: %w", err)
	}
	now := s.Now()
	v := &operationView{
		Version: s.Version, Now: now, Began: began, Up: now.Sub(began), Span: span, Metrics: s.Metrics,
		Lines: s.Audit.Size(), Waiting: s.Audit.Waiting(), Checkpoint: s.Audit.Checkpoint(), Key: s.Audit.PublicKey(),
		Empty:   Empty{Icon: "list", What: s.say(r, "operation.jobs.empty"), Why: s.say(r, "operation.jobs.empty.why")},
		Refresh: r.URL.RequestURI(),
	}
	who := auth.Of(ctx)
	if s.may(who, http.MethodGet, "/search") {
		v.Search = "/search"
	}
	if s.may(who, http.MethodGet, "/log") {
		v.Log = "/log"
	}
	if s.Ready != nil {
		parts := s.Ready(ctx)
		for _, name := range slices.Sorted(maps.Keys(parts)) {
			v.Parts = append(v.Parts, operationPart{s.operationPart(r, name), s.operationPartIs(r, name, parts[name] == nil), parts[name] == nil})
		}
	}
	if err := s.operationJobs(r, v); err != nil {
		return err
	}
	return s.page(w, r, "operation", Page{Title: s.say(r, "operation.title"), Data: v, Wide: true})
}

// operationPart names a part, operationPartIs says how it is.
//
// i18n: operation.part.*
// i18n: operation.good.*
// i18n: operation.bad.*
func (s *Server) operationPart(r *http.Request, name string) string {
	return s.say(r, "operation.part."+name)
}

func (s *Server) operationPartIs(r *http.Request, name string, good bool) string {
	if good {
		return s.say(r, "operation.good."+name)
	}
	return s.say(r, "operation.bad."+name)
}

// operationJobs lists jobs in the state and from the place that the address
// names.
func (s *Server) operationJobs(r *http.Request, v *operationView) error {
	q := r.URL.Query()
	f := job.Filter{N: jobsShown + 1}
	states := []job.State{job.Running, job.Waiting, job.Scheduled, job.Retrying, job.Completed, job.Cancelled, job.Discarded}
	v.States = []operationState{{Label: s.say(r, "operation.jobs.all"), Link: with(r, "state", "", "before", ""), Current: q.Get("state") == ""}}
	for _, x := range states {
		current := q.Get("state") == string(x)
		if current {
			f.States = []job.State{x}
		}
		v.States = append(v.States, operationState{s.jobState(r, x), with(r, "state", string(x), "before", ""), current})
	}
	if q.Get("state") != "" && f.States == nil {
		return invalid("operation.state.wrong")
	}
	if b := q.Get("before"); b != "" {
		id, err := strconv.ParseInt(b, 10, 64)
		if err != nil || id < 1 {
			return invalid("operation.before.wrong")
		}
		f.Before, v.Newest = id, with(r, "before", "")
	}
	found, err := s.Jobs.List(r.Context(), f)
	if err != nil {
		return err
	}
	if len(found) > jobsShown {
		found = found[:jobsShown]
		v.Older = with(r, "before", strconv.FormatInt(found[jobsShown-1].ID, 10))
	}
	for i := range found {
		j := &found[i]
		row := operationJob{Job: *j, Name: s.jobName(r, j.Kind), State: s.jobState(r, j.State)}
		switch j.State {
		case job.Discarded:
			row.Tone = "bad"
		case job.Retrying:
			row.Tone = "warn"
		case job.Completed:
			row.Tone = "good"
		}
		if j.Progress != nil && j.Progress.Total > 0 {
			row.Share = float64(j.Progress.Done) / float64(j.Progress.Total)
		}
		// An error's first line says what it is; what follows is for the log.
		row.Error, _, _ = strings.Cut(j.Error, "\n")
		s.importJob(r, &row)
		v.Jobs = append(v.Jobs, row)
	}
	return nil
}

// importJob leads from a job to its import. What is wrong with a file quotes it,
// and is for people who may import.
func (s *Server) importJob(r *http.Request, row *operationJob) {
	if row.Kind != "import" {
		return
	}
	who := auth.Of(r.Context())
	if row.Error != "" && !s.policy.May(who, auth.SourceImport) {
		row.Error = s.say(r, "operation.jobs.import.failed")
	}
	var args struct {
		Import string `json:"import"`
	}
	if json.Unmarshal(row.Args, &args) == nil && args.Import != "" && s.may(who, http.MethodGet, "/sources/imports/{id}") {
		row.Link = "/sources/imports/" + url.PathEscape(args.Import)
	}
}

// jobState names a job's state.
//
// i18n: operation.state.*
func (s *Server) jobState(r *http.Request, state job.State) string {
	return s.say(r, "operation.state."+string(state))
}

// jobName names a kind of job; one that has no name of its own has its kind for
// one.
//
// i18n: operation.kind.*
func (s *Server) jobName(r *http.Request, kind string) string {
	if s.words.Has("operation.kind." + kind) {
		return s.say(r, "operation.kind."+kind)
	}
	return kind
}
