package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/finding"
)

// DetectionRequest is a detection to be saved.
type DetectionRequest struct {
	Name          string        `json:"name" minLength:"1"`
	Behaviours    string        `json:"behaviours,omitempty" doc:"Names with commas, or \"all\"; empty means all but domain." example:"url,repost,text"`
	WindowSeconds float64       `json:"window_s,omitempty" minimum:"0" doc:"The longest time between two actions that count as joint; 0 means ten minutes."`
	Ceiling       int           `json:"ceiling,omitempty" doc:"How many actions an object may have before it is not paired; 0 means the default, -1 none."`
	FDR           float64       `json:"fdr,omitempty" minimum:"0" maximum:"1" doc:"The false-discovery rate; 0 means 0.05."`
	MinGroup      int           `json:"min_group,omitempty" minimum:"0" doc:"How many accounts a group has at least; 0 means 3."`
	Query         string        `json:"query,omitempty" doc:"Which posts are looked at, in the query language; empty means all."`
	Range         finding.Range `json:"range,omitzero" doc:"Which time: the last so many days before a run, or from and to."`
	Schedule      string        `json:"schedule,omitempty" doc:"A cron expression of five fields, or @daily and the like; UTC unless it begins with CRON_TZ=ZONE; empty for none."`
	Enabled       bool          `json:"enabled,omitempty" doc:"Whether the schedule takes effect."`
	Owner         string        `json:"owner,omitempty" doc:"The id of the person who answers for it."`
}

func (r *DetectionRequest) detection() finding.Detection {
	return finding.Detection{
		Name: r.Name, Schedule: r.Schedule, Enabled: r.Enabled, Owner: r.Owner,
		Params: finding.Params{
			Behaviours: r.Behaviours, WindowSeconds: r.WindowSeconds, Ceiling: r.Ceiling, FDR: r.FDR, MinGroup: r.MinGroup,
			Query: r.Query, Range: r.Range,
		},
	}
}

// DetectionChange is a saved detection as it shall be.
type DetectionChange struct {
	DetectionRequest
	Version int64 `json:"version" minimum:"1" doc:"The version that was read: 409 where it is another by now."`
}

type (
	// DetectionList is all saved detections.
	DetectionList struct {
		Detections []finding.Detection `json:"detections" doc:"By name."`
	}
	// ParameterList is all parameters that a detection had.
	ParameterList struct {
		Versions []finding.ParameterVersion `json:"versions" doc:"The newest first."`
	}
	// RunList is a page of runs.
	RunList struct {
		Runs []finding.Run `json:"runs" doc:"The newest first."`
		Next string        `json:"next,omitempty" doc:"Give it as cursor for the page after this one; absent at the end."`
	}
)

// IDPath names a thing in an address.
type IDPath struct {
	ID string `path:"id"`
}

func (a *API) addDetections() {
	if a.Findings == nil {
		return
	}
	const tag = "detections"
	add(a, Operation{
		ID: "detections-list", Method: http.MethodGet, Path: "/detections", Action: auth.DetectionRead, Tag: tag,
		Summary: "List the saved detections",
	}, func(ctx context.Context, _ *struct{}) (*body[DetectionList], error) {
		list, err := a.Findings.Detections(ctx)
		if err != nil {
			return nil, err
		}
		for i := range list {
			if err := a.veilRun(ctx, list[i].LastRun); err != nil {
				return nil, err
			}
		}
		return &body[DetectionList]{DetectionList{orEmpty(list)}}, nil
	})
	add(a, Operation{
		ID: "detection-get", Method: http.MethodGet, Path: "/detections/{id}", Action: auth.DetectionRead, Tag: tag,
		Summary: "Read a saved detection", Refusals: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *IDPath) (*body[finding.Detection], error) {
		return a.detection(a.Findings.Detection(ctx, in.ID))(ctx)
	})
	add(a, Operation{
		ID: "detection-add", Method: http.MethodPost, Path: "/detections", Action: auth.DetectionEdit, Tag: tag,
		Status: http.StatusCreated, Summary: "Save a new detection",
	}, func(ctx context.Context, in *struct{ Body DetectionRequest }) (*body[finding.Detection], error) {
		return a.detection(a.Findings.AddDetection(ctx, in.Body.detection()))(ctx)
	})
	add(a, Operation{
		ID: "detection-change", Method: http.MethodPut, Path: "/detections/{id}", Action: auth.DetectionEdit, Tag: tag,
		Summary: "Change a saved detection", Description: "What is left out gets its default.",
		Refusals: []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, in *struct {
		IDPath
		Body DetectionChange
	},
	) (*body[finding.Detection], error) {
		d := in.Body.detection()
		d.ID, d.Version = in.ID, in.Body.Version
		return a.detection(a.Findings.ChangeDetection(ctx, d))(ctx)
	})
	add(a, Operation{
		ID: "detection-delete", Method: http.MethodDelete, Path: "/detections/{id}", Action: auth.DetectionEdit, Tag: tag,
		Status: http.StatusNoContent, Summary: "Delete a saved detection",
		Description: "Its runs and findings stay; runs that wait or go on are cancelled.",
		Refusals:    []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, in *struct {
		IDPath
		Version int64 `query:"version" required:"true" minimum:"1" doc:"The version that was read."`
	},
	) (*struct{}, error) {
		return nil, a.Findings.DeleteDetection(ctx, in.ID, in.Version)
	})
	add(a, Operation{
		ID: "detection-parameters", Method: http.MethodGet, Path: "/detections/{id}/parameters", Action: auth.DetectionRead, Tag: tag,
		Summary: "List all parameters that a detection had", Refusals: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *IDPath) (*body[ParameterList], error) {
		if _, err := a.Findings.Detection(ctx, in.ID); err != nil {
			return nil, err
		}
		list, err := a.Findings.Parameters(ctx, in.ID)
		return &body[ParameterList]{ParameterList{orEmpty(list)}}, err
	})
	add(a, Operation{
		ID: "detection-run", Method: http.MethodPost, Path: "/detections/{id}/runs", Action: auth.DetectionRun, Tag: tag,
		Status: http.StatusAccepted, Summary: "Run a detection now",
		Description: "The run waits in the queue. Where one waits or goes on already, it is that one.",
		Refusals:    []int{http.StatusNotFound},
	}, func(ctx context.Context, in *IDPath) (*body[finding.Run], error) {
		return a.run(a.Findings.StartRun(ctx, in.ID))(ctx)
	})
}

func (a *API) addRuns() {
	if a.Findings == nil {
		return
	}
	const tag = "detections"
	add(a, Operation{
		ID: "runs-list", Method: http.MethodGet, Path: "/runs", Action: auth.DetectionRead, Tag: tag,
		Summary: "List runs of detections",
	}, a.runsList)
	add(a, Operation{
		ID: "run-get", Method: http.MethodGet, Path: "/runs/{id}", Action: auth.DetectionRead, Tag: tag,
		Summary: "Read a run: how far it is, or what it found", Refusals: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *IDPath) (*body[finding.Run], error) {
		return a.run(a.Findings.Run(ctx, in.ID))(ctx)
	})
	add(a, Operation{
		ID: "run-cancel", Method: http.MethodPost, Path: "/runs/{id}/cancel", Action: auth.DetectionRun, Tag: tag,
		Summary: "Cancel a run", Description: "One that has ended is left as it is.", Refusals: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *IDPath) (*body[finding.Run], error) {
		if err := a.Findings.CancelRun(ctx, in.ID); err != nil {
			return nil, err
		}
		return a.run(a.Findings.Run(ctx, in.ID))(ctx)
	})
	add(a, Operation{
		ID: "run-network", Method: http.MethodGet, Path: "/runs/{id}/network", Action: auth.FindingRead, Tag: tag,
		Summary:     "Read the network of a run: its groups, and what ties them",
		Description: "Only runs that are done have one.", Refusals: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *IDPath) (*body[finding.Network], error) {
		n, err := a.Findings.Network(ctx, in.ID)
		n.Bubbles, n.Links = orEmpty(n.Bubbles), orEmpty(n.Links)
		return &body[finding.Network]{n}, err
	})
}

func (a *API) runsList(ctx context.Context, in *struct {
	Detection string   `query:"detection"`
	State     []string `query:"state,explode" enum:"queued,running,done,failed,cancelled"`
	Cursor    string   `query:"cursor"`
	Limit     int      `query:"limit" minimum:"1" maximum:"499" default:"50"`
},
) (*body[RunList], error) {
	f := finding.RunFilter{Detection: in.Detection, After: in.Cursor, N: in.Limit + 1}
	for _, s := range in.State {
		f.States = append(f.States, finding.RunState(s))
	}
	list, err := a.Findings.Runs(ctx, f)
	if err != nil {
		return nil, err
	}
	out := RunList{Runs: orEmpty(list)}
	if len(list) > in.Limit {
		out.Runs, out.Next = list[:in.Limit], list[in.Limit-1].ID
	}
	for i := range out.Runs {
		if err := a.veilRun(ctx, &out.Runs[i]); err != nil {
			return nil, err
		}
	}
	return &body[RunList]{out}, nil
}

// run answers with a run, detection with a detection: both behind the veil.
func (a *API) run(r finding.Run, err error) func(context.Context) (*body[finding.Run], error) {
	return func(ctx context.Context) (*body[finding.Run], error) {
		if err == nil {
			err = a.veilRun(ctx, &r)
		}
		return &body[finding.Run]{r}, err
	}
}

func (a *API) detection(d finding.Detection, err error) func(context.Context) (*body[finding.Detection], error) {
	return func(ctx context.Context) (*body[finding.Detection], error) {
		if err == nil {
			err = a.veilRun(ctx, d.LastRun)
		}
		return &body[finding.Detection]{d}, err
	}
}

// veilRun puts the objects that a run left out behind the veil: they may name
// accounts.
func (a *API) veilRun(ctx context.Context, r *finding.Run) error {
	if r == nil {
		return nil
	}
	r.LeftOut, r.Phases = orEmpty(r.LeftOut), orEmpty(r.Phases)
	veil, err := a.Mandate.Veil(ctx, nil)
	if err != nil {
		return fmt.Errorf("making a veil: %w", err)
	}
	for i := range r.LeftOut {
		for j := range r.LeftOut[i].Objects {
			o := &r.LeftOut[i].Objects[j]
			o.Object = veil.Object(o.Behaviour, o.Object)
		}
	}
	return nil
}
