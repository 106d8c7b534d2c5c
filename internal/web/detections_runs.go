package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/finding"
)

// runItem is a run as it is shown in a list.
type runItem struct {
	finding.Run
	Link, Inbox, By string
	StateName, Tone string
	Took            time.Duration
	Open            bool // it waits or runs
}

// i18n: detections.state.*

// runItem says a run in words.
func (s *Server) runItem(r *http.Request, names map[string]auth.Colleague, run *finding.Run) runItem {
	x := runItem{
		Run: *run, Link: "/detections/runs/" + run.ID, By: s.detectionActor(r, names, run.Actor), StateName: s.say(r, "detections.state."+string(run.State)),
		Inbox: "/inbox?" + url.Values{"run": {run.ID}, "state": {"all"}}.Encode(),
		Open:  run.State == finding.RunQueued || run.State == finding.RunRunning,
	}
	switch run.State {
	case finding.RunDone:
		x.Tone = "good"
	case finding.RunFailed:
		x.Tone = "bad"
	case finding.RunQueued, finding.RunRunning, finding.RunCancelled:
	}
	if !run.Started.IsZero() && !run.Finished.IsZero() {
		x.Took = run.Finished.Sub(run.Started)
	}
	return x
}

// runsView is the list of runs.
type runsView struct {
	Runs       []runItem
	Detections []inboxChoice
	States     []inboxChoice
	First      string
	Next       string
	Empty      Empty
}

// runsSize is how many runs a page has.
const runsSize = 50

// runStates are the states that runs can be listed by.
var runStates = []finding.RunState{finding.RunQueued, finding.RunRunning, finding.RunDone, finding.RunFailed, finding.RunCancelled}

// detectionRuns lists the runs of all detections, or of one, newest first.
func (s *Server) detectionRuns(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := finding.RunFilter{Detection: q.Get("detection"), After: q.Get("after"), N: runsSize + 1}
	state := finding.RunState(q.Get("state"))
	if slices.Contains(runStates, state) {
		f.States = []finding.RunState{state}
	}
	runs, err := s.Findings.Runs(r.Context(), f)
	if err != nil {
		return err
	}
	names, err := s.inboxNames(r)
	if err != nil {
		return err
	}
	detections, err := s.Findings.Detections(r.Context())
	if err != nil {
		return err
	}
	v := runsView{Empty: Empty{Icon: "radar", What: s.say(r, "detections.runs.empty"), Why: s.say(r, "detections.runs.empty.why"), Link: "/detections", Next: s.say(r, "detections.title")}}
	if len(runs) > runsSize {
		runs = runs[:runsSize]
		v.Next = with(r, "after", runs[runsSize-1].ID)
	}
	if f.After != "" {
		v.First = with(r, "after", "")
	}
	for i := range runs {
		v.Runs = append(v.Runs, s.runItem(r, names, &runs[i]))
	}
	v.Detections = []inboxChoice{{"", s.say(r, "inbox.detection.any"), f.Detection == ""}}
	for i := range detections {
		v.Detections = append(v.Detections, inboxChoice{detections[i].ID, detections[i].Name, f.Detection == detections[i].ID})
	}
	v.States = []inboxChoice{{"", s.say(r, "inbox.detection.any"), len(f.States) == 0}}
	for _, x := range runStates {
		v.States = append(v.States, inboxChoice{string(x), s.say(r, "detections.state."+string(x)), state == x})
	}
	return s.page(w, r, "detection-runs", Page{Title: s.say(r, "detections.runs.title"), Data: v, Wide: true, Place: "/detections"})
}

// runView is one run.
type runView struct {
	runItem
	Words     []detectionWord
	Bounds    string
	Detection string // the address; empty where it was deleted
	Progress  runProgress
	LeftOut   []runLeftOut
	Phases    []runPhase
	Network   string
	Posts     string
	May       detectionRights
}

// runLeftOut is what took no part.
type runLeftOut struct {
	Means   string
	Count   int64
	Objects []runObject
}

type runObject struct {
	Behaviour, Object string
	Traces            int64
}

// runPhase is a step of a run.
type runPhase struct {
	Name    string
	Seconds float64
}

// runProgress is a run while it goes on. It is drawn as the part "progress" is,
// and loads the page again at the end.
type runProgress struct {
	Label, Text string
	Done, Of    int64
	Open        bool
	Events      string
	Cancel      string
	ID          string
}

// i18n: detections.phase.*

// phaseName says a step of a run.
func (s *Server) phaseName(r *http.Request, name string) string {
	if key := "detections.phase." + name; s.words.Has(key) {
		return s.say(r, key)
	}
	return name
}

// progressOf draws how far a run is.
func (s *Server) progressOf(r *http.Request, run *finding.Run) runProgress {
	p := runProgress{ID: "run-progress", Events: "/detections/runs/" + run.ID + "/events", Label: s.say(r, "detections.state."+string(run.State))}
	p.Open = run.State == finding.RunQueued || run.State == finding.RunRunning
	if p.Open && s.detectionRights(r).Run {
		p.Cancel = "/detections/runs/" + run.ID + "/cancel"
	}
	switch {
	case run.State == finding.RunQueued:
		p.Text = s.say(r, "detections.queued.text")
	case run.Progress != nil:
		p.Label, p.Done, p.Of = s.phaseName(r, run.Progress.Phase), run.Progress.Done, run.Progress.Total
		p.Text = s.say(r, "detections.running.text")
	}
	return p
}

// detectionRun shows one run.
func (s *Server) detectionRun(w http.ResponseWriter, r *http.Request) error {
	run, err := s.Findings.Run(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	names, err := s.inboxNames(r)
	if err != nil {
		return err
	}
	v := runView{
		runItem: s.runItem(r, names, &run), Words: s.paramsInWords(r, &run.Params), Progress: s.progressOf(r, &run), May: s.detectionRights(r),
		Network: "/coordination?" + url.Values{"run": {run.ID}}.Encode(),
	}
	if !run.Started.IsZero() {
		v.Bounds = s.rangeInWords(r, &finding.Range{From: run.From, To: run.To})
	}
	if _, err := s.Findings.Detection(r.Context(), run.Detection); err == nil {
		v.Detection = "/detections/" + run.Detection
	}
	if s.may(auth.Of(r.Context()), http.MethodGet, "/search") {
		v.Posts = runPosts(&run)
	}
	if v.LeftOut, err = s.runLeftOut(r, &run); err != nil {
		return err
	}
	for _, p := range run.Phases {
		v.Phases = append(v.Phases, runPhase{s.phaseName(r, p.Name), p.Seconds})
	}
	title := s.say(r, "detections.run.title", "detection", run.DetectionName, "time", run.Created.In(location(r)).Format("2006-01-02 15:04"))
	return s.page(w, r, "detection-run", Page{Title: title, Data: v, Place: "/detections"})
}

// runPosts is the address of the posts that a run looked at.
func runPosts(run *finding.Run) string {
	q := url.Values{}
	if run.Params.Query != "" {
		q.Set("q", run.Params.Query)
	}
	if !run.From.IsZero() {
		q.Set("after", run.From.UTC().Format(time.RFC3339))
	}
	if !run.To.IsZero() {
		q.Set("before", run.To.UTC().Format(time.RFC3339))
	}
	return "/search?" + q.Encode()
}

// runLeftOut says what took no part. Objects may name accounts: they stand
// behind the veil.
func (s *Server) runLeftOut(r *http.Request, run *finding.Run) ([]runLeftOut, error) {
	veil, err := s.Mandate.Veil(r.Context(), auth.Of(r.Context()))
	if err != nil {
		return nil, fmt.Errorf("veiling objects: %w", err)
	}
	var out []runLeftOut
	for _, l := range run.LeftOut {
		x := runLeftOut{Means: l.Kind.Means()[s.langOf(r)], Count: l.Count}
		for _, o := range l.Objects {
			x.Objects = append(x.Objects, runObject{s.behaviourName(r, o.Behaviour), veil.Object(o.Behaviour, o.Object), o.Traces})
		}
		out = append(out, x)
	}
	return out, nil
}

// followEvery is how often a run that goes on is looked at.
const followEvery = 500 * time.Millisecond

// detectionRunEvents streams how far a run is, and "done" when it has ended.
func (s *Server) detectionRunEvents(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if _, err := s.Findings.Run(r.Context(), id); err != nil {
		return err
	}
	return s.events(w, r, func(ctx context.Context, send func(string, any) error) error {
		set, err := s.looks.set(s.langOf(r), zoneOf(r))
		if err != nil {
			return err
		}
		next := time.NewTicker(followEvery)
		defer next.Stop()
		var last runProgress
		for {
			run, err := s.Findings.Run(ctx, id)
			if err != nil {
				return err
			}
			if p := s.progressOf(r, &run); p != last {
				html, err := execute(set, "run-progress", p)
				if err != nil {
					return err
				}
				if err := send("progress", string(html)); err != nil {
					return err
				}
				if last = p; !p.Open {
					return send("done", "")
				}
			}
			select {
			case <-next.C:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	})
}

// cancelDetectionRun ends a run that waits or runs.
func (s *Server) cancelDetectionRun(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if err := s.Findings.CancelRun(r.Context(), id); err != nil {
		return err
	}
	return s.done(w, r, Done{To: "/detections/runs/" + id, Key: "detections.run.cancelled"})
}
