package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/watch"
)

// Mandate is the mandate of a collection. People write, approve and withdraw it
// on the pages; no token may.
type Mandate struct {
	ID string `json:"id"`
	mandate.CollectionText
	State       mandate.CollectionState `json:"state" enum:"draft,submitted,approved,refused,withdrawn"`
	Holds       bool                    `json:"holds" doc:"Whether something may be collected under it now."`
	Version     int64                   `json:"version"`
	CreatedBy   string                  `json:"created_by" doc:"A person's id."`
	Created     time.Time               `json:"created"`
	Changed     time.Time               `json:"changed"`
	Authors     []string                `json:"authors" doc:"The ids of all who wrote or submitted it; none of them decides."`
	DecidedBy   string                  `json:"decided_by,omitempty"`
	Decided     time.Time               `json:"decided,omitzero"`
	Decision    string                  `json:"decision,omitempty" doc:"The reason given with the decision."`
	WithdrawnBy string                  `json:"withdrawn_by,omitempty"`
	Withdrawn   time.Time               `json:"withdrawn,omitzero"`
	Withdrawal  string                  `json:"withdrawal,omitempty"`
}

// MandateList is all mandates.
type MandateList struct {
	Mandates []Mandate `json:"mandates" doc:"The newest first."`
}

// LiveSource is a live source. Its settings are on the pages alone.
type LiveSource struct {
	ID        string          `json:"id" doc:"The name that its posts have as their source."`
	Name      string          `json:"name"`
	Kind      string          `json:"kind" example:"feed"`
	Mandate   string          `json:"mandate" doc:"The id of its mandate."`
	State     watch.State     `json:"state" enum:"active,paused,removed" doc:"Whether it is to be collected."`
	Synthetic bool            `json:"synthetic" doc:"What it brings is made up: an exercise's."`
	Version   int64           `json:"version"`
	Created   time.Time       `json:"created"`
	Changed   time.Time       `json:"changed"`
	Condition SourceCondition `json:"condition"`
}

// SourceCondition says how a source is.
type SourceCondition struct {
	State       collect.State    `json:"state" enum:"starting,running,backing-off,no-mandate,misconfigured,finished,stopped"`
	Since       time.Time        `json:"since,omitzero"`
	Until       time.Time        `json:"until,omitzero" doc:"When it tries again."`
	LastContact time.Time        `json:"last_contact,omitzero"`
	LastPost    time.Time        `json:"last_post,omitzero"`
	LastStored  time.Time        `json:"last_stored,omitzero"`
	Lag         float64          `json:"lag" doc:"In seconds, from the publication of the newest post to its storing."`
	New         int64            `json:"new" doc:"Posts stored since the source was started."`
	Changed     int64            `json:"changed"`
	Deleted     int64            `json:"deleted"`
	Skipped     int64            `json:"skipped" doc:"Posts that were known already or could not be told from another."`
	Errors      map[string]int64 `json:"errors" doc:"How often each kind of error came."`
	Reconnects  int64            `json:"reconnects"`
	Quotas      []SourceQuota    `json:"quotas"`
}

// SourceQuota is what is left of an upstream's allowance.
type SourceQuota struct {
	Endpoint string    `json:"endpoint"`
	Left     int64     `json:"left"`
	Limit    int64     `json:"limit"`
	Reset    time.Time `json:"reset,omitzero"`
}

// LiveSourceList is all live sources.
type LiveSourceList struct {
	Sources []LiveSource `json:"sources" doc:"By name."`
}

func (a *API) mandateOf(c *mandate.Collection) Mandate {
	return Mandate{
		ID: c.ID, CollectionText: c.CollectionText, State: c.State, Holds: c.Holds(a.Now()), Version: c.Version, CreatedBy: c.CreatedBy,
		Created: c.Created, Changed: c.Changed, Authors: c.Authors, DecidedBy: c.DecidedBy, Decided: c.Decided, Decision: c.Decision,
		WithdrawnBy: c.WithdrawnBy, Withdrawn: c.Withdrawn, Withdrawal: c.Withdrawal,
	}
}

func (a *API) addMandates() {
	if a.Collections == nil {
		return
	}
	const tag = "mandates"
	add(a, Operation{
		ID: "mandates-list", Method: http.MethodGet, Path: "/mandates", Action: auth.MandateRead, Tag: tag, Summary: "List mandates",
	}, func(ctx context.Context, _ *struct{}) (*body[MandateList], error) {
		all, err := a.Collections.List(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing mandates: %w", err)
		}
		out := MandateList{Mandates: []Mandate{}}
		for i := range all {
			out.Mandates = append(out.Mandates, a.mandateOf(&all[i]))
		}
		return &body[MandateList]{out}, nil
	})
	add(a, Operation{
		ID: "mandate-get", Method: http.MethodGet, Path: "/mandates/{id}", Action: auth.MandateRead, Tag: tag,
		Summary: "Read a mandate", Refusals: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *IDPath) (*body[Mandate], error) {
		c, err := a.Collections.Collection(ctx, in.ID)
		if err != nil {
			return nil, fmt.Errorf("reading a mandate: %w", err)
		}
		return &body[Mandate]{a.mandateOf(&c)}, nil
	})
}

// liveSource joins a source with how it is. The text of the last error is left
// out: it may quote an address.
func liveSource(x *watch.Source, health map[string]collect.Health) LiveSource {
	out := LiveSource{
		ID: x.ID, Name: x.Name, Kind: x.Kind, Mandate: x.Mandate, State: x.State, Synthetic: x.Synthetic, Version: x.Version,
		Created: x.Created, Changed: x.Changed,
		Condition: SourceCondition{State: collect.Stopped, Errors: map[string]int64{}, Quotas: []SourceQuota{}},
	}
	h, ok := health[x.ID]
	if !ok {
		return out
	}
	out.Condition = SourceCondition{
		State: h.State, Since: h.Since, Until: h.Until, LastContact: h.LastContact, LastPost: h.LastPost, LastStored: h.LastStored,
		Lag: h.Lag.Seconds(), New: h.Counts.New, Changed: h.Counts.Changed, Deleted: h.Counts.Deleted, Skipped: h.Counts.Same + h.Counts.Collided,
		Errors: out.Condition.Errors, Reconnects: h.Reconnects, Quotas: out.Condition.Quotas,
	}
	if h.Errors != nil {
		out.Condition.Errors = h.Errors
	}
	for _, q := range h.Quotas {
		out.Condition.Quotas = append(out.Condition.Quotas, SourceQuota{q.Endpoint, q.Left, q.Limit, q.Reset})
	}
	return out
}

func (a *API) addSources() {
	if a.Watch == nil {
		return
	}
	const tag = "sources"
	add(a, Operation{
		ID: "sources-list", Method: http.MethodGet, Path: "/sources", Action: auth.SourceRead, Tag: tag, Summary: "List live sources with their health",
	}, func(ctx context.Context, _ *struct{}) (*body[LiveSourceList], error) {
		all, err := a.Watch.List(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing sources: %w", err)
		}
		out, health := LiveSourceList{Sources: []LiveSource{}}, a.Watch.Health()
		for i := range all {
			out.Sources = append(out.Sources, liveSource(&all[i], health))
		}
		return &body[LiveSourceList]{out}, nil
	})
	add(a, Operation{
		ID: "source-get", Method: http.MethodGet, Path: "/sources/{id}", Action: auth.SourceRead, Tag: tag,
		Summary: "Read a live source with its health", Refusals: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *IDPath) (*body[LiveSource], error) {
		x, err := a.Watch.Source(ctx, in.ID)
		if err != nil {
			return nil, fmt.Errorf("reading a source: %w", err)
		}
		return &body[LiveSource]{liveSource(&x, a.Watch.Health())}, nil
	})
}
