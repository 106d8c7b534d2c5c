package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/export"
	"github.com/akashi-project/akashi/internal/poststore"
)

// ExportPlan is what a file will be, before it is made.
type ExportPlan struct {
	Format string `json:"format"`
	Posts  int64  `json:"posts" doc:"How many posts the query means."`
	Limit  int64  `json:"limit" doc:"How many are written at most: the earliest."`
	Cut    bool   `json:"cut" doc:"Whether the file will not have all."`
	Bytes  int64  `json:"bytes" doc:"About how large the file will be."`
}

// ExportRequest says what a file shall hold.
type ExportRequest struct {
	Format string    `json:"format" enum:"ndjson,csv,parquet"`
	Q      string    `json:"q,omitempty" doc:"A query; empty means all posts."`
	From   time.Time `json:"from,omitzero" doc:"Only posts at the time or after it."`
	To     time.Time `json:"to,omitzero" doc:"Only posts before the time."`
	Zone   string    `json:"zone,omitempty" doc:"The time zone of days in the query; UTC where absent."`
	BOM    bool      `json:"bom,omitempty" doc:"Begin CSV with a byte order mark, for spreadsheets."`
}

func (a *API) addExports() {
	if a.Posts == nil || a.Mandate == nil {
		return
	}
	const tag = "posts"
	add(a, Operation{
		ID: "export-plan", Method: http.MethodGet, Path: "/posts/export", Action: auth.PostExport, Tag: tag,
		Summary: "Say how large the file of a search will be", Description: "Before it is made: see posts-export.",
	}, func(ctx context.Context, in *struct {
		PostQuery
		Format string `query:"format" enum:"ndjson,csv,parquet" default:"ndjson"`
	},
	) (*body[ExportPlan], error) {
		q, err := a.query(&in.PostQuery)
		if err != nil {
			return nil, err
		}
		p, err := export.PlanFor(ctx, a.Posts, q, a.exportOptions(in.Format, false))
		return &body[ExportPlan]{ExportPlan{in.Format, p.Posts, p.Limit, p.Cut(), p.Bytes}}, err
	})
	media := make([]string, len(export.Formats))
	for i, f := range export.Formats {
		media[i] = f.ContentType()
	}
	add(a, Operation{
		ID: "posts-export", Method: http.MethodPost, Path: "/posts/export", Action: auth.PostExport, Tag: tag, Long: true, Answer: media,
		Summary: "Write the posts of a search into a file",
		Description: "The oldest first, as they are read: memory does not grow with the file. Every row says the marking. " +
			"Where the connection ends before the answer does, the file is not whole. The log says that it was made, and of how many posts, not what was searched for.",
	}, a.export)
}

func (a *API) exportOptions(format string, bom bool) export.Options {
	o := export.Options{
		Format: export.Format(format), Limit: a.MaxExport, BOM: bom,
		Veil: func(ctx context.Context, posts []poststore.Post) (func(*poststore.Post) poststore.Post, error) {
			veil, err := a.Mandate.VeilPosts(ctx, nil, posts)
			if err != nil {
				return nil, fmt.Errorf("veiling posts: %w", err)
			}
			return veil.Post, nil
		},
	}
	if a.TLP != "" {
		o.Marking = "TLP:" + a.TLP
	}
	return o
}

func (a *API) export(ctx context.Context, in *struct{ Body ExportRequest }) (*huma.StreamResponse, error) {
	zone := in.Body.Zone
	if zone == "" {
		zone = "UTC"
	}
	q, err := a.query(&PostQuery{Q: in.Body.Q, From: in.Body.From, To: in.Body.To, Zone: zone})
	if err != nil {
		return nil, err
	}
	o := a.exportOptions(in.Body.Format, in.Body.BOM)
	plan, err := export.PlanFor(ctx, a.Posts, q, o)
	if err != nil {
		return nil, err //nolint:wrapcheck // says it all
	}
	// Before anything leaves. What was searched for is not logged: people
	// search for names.
	err = a.Casework.Record(ctx, casestore.Line{Action: string(auth.PostExport), Detail: map[string]any{
		"format": in.Body.Format, "posts": min(plan.Posts, plan.Limit), "marking": o.Marking,
	}})
	if err != nil {
		return nil, fmt.Errorf("noting the export: %w", err)
	}
	return &huma.StreamResponse{Body: func(h huma.Context) {
		h.SetHeader("Content-Type", o.Format.ContentType())
		h.SetHeader("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(export.FileName(o, a.Now())))
		if _, err := export.Write(h.Context(), h.BodyWriter(), a.Posts, q, o); err != nil {
			a.breakOff(h.Context(), "writing an export", err)
		}
	}}, nil
}

// breakOff ends an answer of which a part is sent: breaking the connection is
// the only way to tell.
func (a *API) breakOff(ctx context.Context, doing string, err error) {
	a.Log.ErrorContext(ctx, doing, "operation", visitOf(ctx).operation, "error", err)
	panic(http.ErrAbortHandler)
}
