package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
)

// detectionRoutes are the saved detections and their runs.
func (s *Server) detectionRoutes() []Route {
	if s.Findings == nil || s.Mandate == nil {
		return nil
	}
	return []Route{
		{Method: "GET", Pattern: "/detections", Action: auth.DetectionRead, Title: "detections.title", Handler: s.detections},
		{Method: "POST", Pattern: "/detections", Action: auth.DetectionEdit, Handler: s.addDetection},
		{Method: "GET", Pattern: "/detections/new", Action: auth.DetectionEdit, Title: "detections.new", Handler: s.newDetection},
		{Method: "GET", Pattern: "/detections/{id}", Action: auth.DetectionRead, Handler: s.detection},
		{Method: "POST", Pattern: "/detections/{id}", Action: auth.DetectionEdit, Handler: s.changeDetection},
		{Method: "GET", Pattern: "/detections/edit/{id}", Action: auth.DetectionEdit, Handler: s.editDetection},
		{Method: "POST", Pattern: "/detections/{id}/delete", Action: auth.DetectionEdit, Handler: s.deleteDetection},
		{Method: "POST", Pattern: "/detections/{id}/run", Action: auth.DetectionRun, Handler: s.runDetection},
		{Method: "GET", Pattern: "/detections/runs", Action: auth.DetectionRead, Title: "detections.runs.title", Handler: s.detectionRuns},
		{Method: "GET", Pattern: "/detections/runs/{id}", Action: auth.DetectionRead, Handler: s.detectionRun},
		{Method: "GET", Pattern: "/detections/runs/{id}/events", Action: auth.DetectionRead, Timeout: -1, Handler: s.detectionRunEvents},
		{Method: "POST", Pattern: "/detections/runs/{id}/cancel", Action: auth.DetectionRun, Handler: s.cancelDetectionRun},
	}
}

// detectionRights are what the reader may do.
type detectionRights struct{ Edit, Run bool }

func (s *Server) detectionRights(r *http.Request) detectionRights {
	who := auth.Of(r.Context())
	return detectionRights{s.policy.May(who, auth.DetectionEdit), s.policy.May(who, auth.DetectionRun)}
}

// detectionsView is the list of detections.
type detectionsView struct {
	May        detectionRights
	Detections []detectionItem
	Empty      Empty
}

// detectionItem is a detection as it is shown.
type detectionItem struct {
	finding.Detection
	Link     string
	Words    []detectionWord
	Schedule string
	Owner    string
	Last     *runItem
	Open     bool // a run waits or runs
	May      detectionRights
}

// detectionItem says a detection in words.
func (s *Server) detectionItem(r *http.Request, names map[string]auth.Colleague, d *finding.Detection) detectionItem {
	x := detectionItem{
		Detection: *d, Link: "/detections/" + d.ID, Words: s.paramsInWords(r, &d.Params), Schedule: s.scheduleInWords(r, d.Schedule),
		Owner: names[d.Owner].Name, May: s.detectionRights(r),
	}
	if d.LastRun != nil {
		last := s.runItem(r, names, d.LastRun)
		x.Last, x.Open = &last, last.Open
	}
	return x
}

// detections lists the saved detections.
func (s *Server) detections(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Findings.Detections(r.Context())
	if err != nil {
		return err
	}
	names, err := s.inboxNames(r)
	if err != nil {
		return err
	}
	v := detectionsView{May: s.detectionRights(r)}
	for i := range list {
		v.Detections = append(v.Detections, s.detectionItem(r, names, &list[i]))
	}
	v.Empty = Empty{Icon: "radar", What: s.say(r, "detections.empty"), Why: s.say(r, "detections.empty.why")}
	if v.May.Edit {
		v.Empty.Link, v.Empty.Next = "/detections/new", s.say(r, "detections.new")
	}
	return s.page(w, r, "detections", Page{Title: s.say(r, "detections.title"), Data: v})
}

// detectionView is one detection with its history.
type detectionView struct {
	detectionItem
	Runs    []runItem
	History []detectionVersion
	Found   string
}

// detectionVersion is a set of parameters that a detection had.
type detectionVersion struct {
	finding.ParameterVersion
	By    string
	Words []detectionWord // those that differ from the version before
	Now   bool
}

// detection shows one detection.
func (s *Server) detection(w http.ResponseWriter, r *http.Request) error {
	ctx, id := r.Context(), r.PathValue("id")
	d, err := s.Findings.Detection(ctx, id)
	if err != nil {
		return err
	}
	names, err := s.inboxNames(r)
	if err != nil {
		return err
	}
	v := detectionView{detectionItem: s.detectionItem(r, names, &d), Found: "/inbox?" + url.Values{"detection": {id}, "state": {"all"}}.Encode()}
	runs, err := s.Findings.Runs(ctx, finding.RunFilter{Detection: id, N: 10})
	if err != nil {
		return err
	}
	for i := range runs {
		v.Runs = append(v.Runs, s.runItem(r, names, &runs[i]))
	}
	if v.History, err = s.detectionHistory(r, names, &d); err != nil {
		return err
	}
	return s.page(w, r, "detection", Page{Title: d.Name, Data: v, Place: "/detections"})
}

// detectionHistory lists the parameters that a detection had, the newest first,
// each with what changed in it.
func (s *Server) detectionHistory(r *http.Request, names map[string]auth.Colleague, d *finding.Detection) ([]detectionVersion, error) {
	list, err := s.Findings.Parameters(r.Context(), d.ID)
	if err != nil {
		return nil, err
	}
	out := make([]detectionVersion, 0, len(list))
	for i := range list {
		x := detectionVersion{ParameterVersion: list[i], By: s.detectionActor(r, names, list[i].Actor), Now: list[i].Version == d.Parameters}
		words := s.paramsInWords(r, &list[i].Params)
		for k, word := range words {
			if i+1 == len(list) || s.paramsInWords(r, &list[i+1].Params)[k] != word {
				x.Words = append(x.Words, word)
			}
		}
		out = append(out, x)
	}
	return out, nil
}

// detectionActor says who did something: "user:ID", "token:ID",
// "cli:NAME", "system".
func (s *Server) detectionActor(r *http.Request, names map[string]auth.Colleague, actor string) string {
	kind, id, _ := strings.Cut(actor, ":")
	switch {
	case kind == "user" && names[id].Name != "":
		return names[id].Name
	case kind == "user":
		return s.say(r, "detections.actor.unknown")
	case kind == "token":
		return s.say(r, "detections.actor.token")
	case kind == "cli":
		return s.say(r, "detections.actor.cli")
	}
	return s.say(r, "detections.actor.system")
}

// runDetection puts a run in the queue.
func (s *Server) runDetection(w http.ResponseWriter, r *http.Request) error {
	run, err := s.Findings.StartRun(r.Context(), r.PathValue("id"))
	if err != nil {
		return fmt.Errorf("starting the run: %w", err)
	}
	return s.done(w, r, Done{To: "/detections/runs/" + run.ID, Key: "detections.run.started"})
}

// deleteDetection removes a detection; its runs and findings stay.
func (s *Server) deleteDetection(w http.ResponseWriter, r *http.Request) error {
	version, err := strconv.ParseInt(r.FormValue("version"), 10, 64)
	if err != nil {
		if _, err := s.Findings.Detection(r.Context(), r.PathValue("id")); err != nil {
			return err
		}
		return casestore.ErrConflict
	}
	if err := s.Findings.DeleteDetection(r.Context(), r.PathValue("id"), version); err != nil {
		return err
	}
	return s.done(w, r, Done{To: "/detections", Key: "detections.deleted"})
}
