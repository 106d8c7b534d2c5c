package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/akashi-project/akashi/internal/audit"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
)

// Checkpoint is the signed state of the log.
type Checkpoint struct {
	Origin     string `json:"origin" doc:"The log's name."`
	Size       int64  `json:"size" doc:"How many lines are signed."`
	Checkpoint string `json:"checkpoint" doc:"Size and root, signed (C2SP tlog-checkpoint). Keep one elsewhere, now and then."`
	PublicKey  string `json:"public_key" doc:"What anybody needs to check the log. Keep it elsewhere."`
}

// LogEntry is a line at its place.
type LogEntry struct {
	Index int64          `json:"index" doc:"The line's place, from 0. It never changes."`
	Line  casestore.Line `json:"line"`
}

// LogPage is a part of the log.
type LogPage struct {
	Entries []LogEntry `json:"entries" doc:"The newest first."`
	Next    int64      `json:"next" doc:"Give it as before to go on."`
	Scanned int64      `json:"scanned" doc:"How many lines were looked at."`
	Done    bool       `json:"done" doc:"No older line can match. Where it is false, there may be more, also behind an empty page."`
}

// logScan is how many lines are looked at for one page.
const logScan = 20_000

func (a *API) addLog() {
	if a.Audit == nil {
		return
	}
	const tag = "log"
	add(a, Operation{
		ID: "log-checkpoint", Method: http.MethodGet, Path: "/log/checkpoint", Action: auth.LogRead, Tag: tag,
		Summary: "Read the log's signed checkpoint and public key",
	}, func(context.Context, *struct{}) (*body[Checkpoint], error) {
		return &body[Checkpoint]{Checkpoint{a.Audit.Origin(), a.Audit.Size(), a.Audit.Checkpoint(), a.Audit.PublicKey()}}, nil
	})
	add(a, Operation{
		ID: "log-lines", Method: http.MethodGet, Path: "/log/lines", Action: auth.LogRead, Tag: tag, Summary: "List lines of the log",
		Description: "A text that ends in . or : is a beginning: action finding. means all that start so. One page looks at 20,000 lines at most.",
	}, func(ctx context.Context, in *struct {
		Before int64     `query:"before" minimum:"-1" default:"-1" doc:"Lines before this place; -1 begins at the end."`
		Actor  string    `query:"actor"`
		Action string    `query:"action"`
		Object string    `query:"object"`
		Since  time.Time `query:"since"`
		Until  time.Time `query:"until"`
		Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"50"`
	},
	) (*body[LogPage], error) {
		p, err := a.Audit.Page(ctx, in.Before, audit.Filter{
			Actor: in.Actor, Action: in.Action, Object: in.Object, Since: in.Since, Until: in.Until,
		}, in.Limit, logScan)
		if err != nil {
			return nil, fmt.Errorf("reading the log: %w", err)
		}
		out := LogPage{[]LogEntry{}, p.Next, p.Scanned, p.Done}
		for _, e := range p.Entries {
			out.Entries = append(out.Entries, LogEntry(e))
		}
		return &body[LogPage]{out}, nil
	})
	add(a, Operation{
		ID: "log-proof", Method: http.MethodGet, Path: "/log/lines/{index}/proof", Action: auth.LogRead, Tag: tag,
		Summary:     "Read the proof that a line is in the log",
		Description: "It can be checked with the public key alone, without the other lines.", Refusals: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *struct {
		Index int64 `path:"index" minimum:"0"`
	},
	) (*body[audit.Proof], error) {
		if in.Index >= a.Audit.Size() {
			return nil, casestore.ErrNotFound
		}
		p, err := a.Audit.Proof(ctx, in.Index)
		if err != nil {
			return nil, fmt.Errorf("proving a line: %w", err)
		}
		p.Hashes = orEmpty(p.Hashes)
		return &body[audit.Proof]{p}, nil
	})
}
