package api

import (
	"context"
	"net/http"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/finding"
)

// FindingList is a page of findings.
type FindingList struct {
	Findings []finding.Finding       `json:"findings"`
	Counts   map[finding.State]int64 `json:"counts" doc:"How many findings there are in each state under the other filters."`
	Next     string                  `json:"next,omitempty" doc:"Give it as cursor for the page after this one; absent at the end."`
}

// TriageRequest is a decision on findings.
type TriageRequest struct {
	IDs        []string         `json:"ids" minItems:"1" maxItems:"500" doc:"Findings by id or short id."`
	State      string           `json:"state,omitempty" enum:"new,triaged,linked,dismissed" doc:"The new state; absent leaves it."`
	Reason     string           `json:"reason,omitempty" enum:"fan-activity,news,declared-automation,open-campaign,commerce,chance,data-error,duplicate,minor,other" doc:"Why it is dismissed: needed for that, and for nothing else."`
	ReasonText string           `json:"reason_text,omitempty" maxLength:"2000" doc:"The reason in words: needed where it is \"other\"."`
	Link       string           `json:"link,omitempty" maxLength:"200" doc:"The incident that it belongs to: needed for \"linked\"."`
	Owner      *string          `json:"owner,omitempty" maxLength:"200" doc:"The id of the new owner; \"\" for nobody; absent leaves it."`
	Versions   map[string]int64 `json:"versions,omitempty" doc:"The versions that were seen, by the id given in ids: where one is another by now, nothing is changed (409)."`
}

// NoteRequest is a note to be written.
type NoteRequest struct {
	Text string `json:"text" minLength:"1" maxLength:"20000"`
}

// UndoRequest names a change.
type UndoRequest struct {
	Undo string `json:"undo" minLength:"1" doc:"What triage gave as undo, or an event's id."`
}

type (
	// NoteList is what people wrote on a finding.
	NoteList struct {
		Notes []finding.Note `json:"notes" doc:"The oldest first."`
	}
	// EventList is what happened to a finding.
	EventList struct {
		Events []finding.Event `json:"events" doc:"The newest first."`
	}
)

// FindingPath names a finding in an address.
type FindingPath struct {
	ID string `path:"id" doc:"The id, or the short id: F-2026-0012." example:"F-2026-0012"`
}

// shownMost is how many entries a list gives at once.
const shownMost = 500

func (a *API) addFindings() {
	if a.Findings == nil {
		return
	}
	const tag = "findings"
	add(a, Operation{
		ID: "findings-list", Method: http.MethodGet, Path: "/findings", Action: auth.FindingRead, Tag: tag,
		Summary: "List findings", Description: "The greatest first, by risk unless sort says otherwise.",
	}, a.findingsList)
	add(a, Operation{
		ID: "finding-get", Method: http.MethodGet, Path: "/findings/{id}", Action: auth.FindingRead, Tag: tag,
		Summary: "Read a finding", Refusals: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *FindingPath) (*body[finding.Finding], error) {
		f, err := a.Findings.Get(ctx, in.ID)
		return &body[finding.Finding]{f}, err
	})
	add(a, Operation{
		ID: "finding-snapshot", Method: http.MethodGet, Path: "/findings/{id}/snapshot", Action: auth.FindingRead, Tag: tag,
		Summary:     "Read the evidence of a finding",
		Description: "Accounts, edges, objects and examples of the group, as a run saw it. Accounts are pseudonyms unless marked.",
		Refusals:    []int{http.StatusNotFound},
	}, func(ctx context.Context, in *struct {
		FindingPath
		Version int64 `query:"version" minimum:"0" doc:"Which snapshot; absent, the newest."`
	},
	) (*body[Snapshot], error) {
		s, err := a.Findings.Snapshot(ctx, in.ID, in.Version)
		if err != nil {
			return nil, err
		}
		out, err := a.snapshot(ctx, &s)
		return &body[Snapshot]{out}, err
	})
	add(a, Operation{
		ID: "finding-events", Method: http.MethodGet, Path: "/findings/{id}/events", Action: auth.FindingRead, Tag: tag,
		Summary: "List what happened to a finding", Refusals: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *struct {
		FindingPath
		Limit int `query:"limit" minimum:"1" maximum:"500" default:"50"`
	},
	) (*body[EventList], error) {
		f, err := a.Findings.Get(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		list, err := a.Findings.Events(ctx, f.ID, in.Limit)
		return &body[EventList]{EventList{orEmpty(list)}}, err
	})
	add(a, Operation{
		ID: "finding-notes", Method: http.MethodGet, Path: "/findings/{id}/notes", Action: auth.FindingRead, Tag: tag,
		Summary: "List the notes on a finding", Refusals: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *FindingPath) (*body[NoteList], error) {
		f, err := a.Findings.Get(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		list, err := a.Findings.Notes(ctx, f.ID)
		return &body[NoteList]{NoteList{orEmpty(list)}}, err
	})
	add(a, Operation{
		ID: "finding-note", Method: http.MethodPost, Path: "/findings/{id}/notes", Action: auth.FindingNote, Tag: tag,
		Status: http.StatusCreated, Summary: "Write a note on a finding", Refusals: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *struct {
		FindingPath
		Body NoteRequest
	},
	) (*body[finding.Note], error) {
		f, err := a.Findings.Get(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		n, err := a.Findings.AddNote(ctx, f.ID, in.Body.Text)
		return &body[finding.Note]{n}, err
	})
	a.addTriage(tag)
}

func (a *API) addTriage(tag string) {
	add(a, Operation{
		ID: "findings-triage", Method: http.MethodPost, Path: "/findings/triage", Action: auth.FindingTriage, Tag: tag,
		Summary:     "Decide on findings: state, reason, owner",
		Description: "All of them change, or none. Those that are so already are left as they are.",
		Refusals:    []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, in *struct{ Body TriageRequest }) (*body[finding.Result], error) {
		b := in.Body
		r, err := a.Findings.Triage(ctx, b.IDs, finding.Change{
			State: finding.State(b.State), Reason: finding.Reason(b.Reason), ReasonText: b.ReasonText,
			Link: b.Link, Owner: b.Owner, Versions: b.Versions,
		})
		r.Changed = orEmpty(r.Changed)
		return &body[finding.Result]{r}, err
	})
	add(a, Operation{
		ID: "findings-undo", Method: http.MethodPost, Path: "/findings/undo", Action: auth.FindingTriage, Tag: tag,
		Summary:     "Undo a decision",
		Description: "Possible as long as no later decision by a person stands on it.",
		Refusals:    []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, in *struct{ Body UndoRequest }) (*body[finding.Result], error) {
		r, err := a.Findings.Undo(ctx, in.Body.Undo)
		r.Changed = orEmpty(r.Changed)
		return &body[finding.Result]{r}, err
	})
}

type findingFilter struct {
	State     []string  `query:"state,explode" enum:"new,triaged,linked,dismissed" doc:"Those in any of these states. May be repeated."`
	Owner     string    `query:"owner" doc:"Those of a person, by id; \"-\" for those without an owner."`
	Detection string    `query:"detection"`
	Run       string    `query:"run" doc:"Those that the run saw."`
	Text      string    `query:"text" doc:"Looked for in the short id, the behaviours and the strongest objects."`
	MinRisk   float64   `query:"min_risk" minimum:"0" maximum:"1"`
	Since     time.Time `query:"since" doc:"Those active at the time or after it."`
	Merged    bool      `query:"merged" doc:"Also those that became a part of another."`
	Sort      string    `query:"sort" enum:"risk,novelty,tempo,updated" default:"risk"`
	Cursor    string    `query:"cursor" doc:"What next said."`
	Limit     int       `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

func (a *API) findingsList(ctx context.Context, in *findingFilter) (*body[FindingList], error) {
	f := finding.Filter{
		Owner: in.Owner, Detection: in.Detection, Run: in.Run, Text: in.Text, MinRisk: in.MinRisk, Since: in.Since,
		Merged: in.Merged, Sort: finding.Sort(in.Sort), After: in.Cursor, N: in.Limit,
	}
	for _, s := range in.State {
		f.States = append(f.States, finding.State(s))
	}
	page, err := a.Findings.List(ctx, f)
	return &body[FindingList]{FindingList{orEmpty(page.Findings), page.Counts, page.Next}}, err
}

// orEmpty has JSON say [] and not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
