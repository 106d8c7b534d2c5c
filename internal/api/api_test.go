package api_test

import (
	"net/http"
	"testing"

	"github.com/akashi-project/akashi/internal/api"
	"github.com/akashi-project/akashi/internal/auth"
)

func TestFindings(t *testing.T) {
	w := newWorld(t, true)
	reader := w.as(t, "reader", auth.Analyst, auth.FindingRead)
	analyst := w.as(t, "analyst", auth.Analyst)
	var list api.FindingList
	reader.ask(t, http.MethodGet, "/findings", nil, 200, &list)
	if len(list.Findings) == 0 {
		t.Fatal("no findings")
	}
	f := list.Findings[0]
	var snapshot api.Snapshot
	reader.ask(t, http.MethodGet, "/findings/"+f.Short+"/snapshot", nil, 200, &snapshot)
	reader.refused(t, http.MethodPost, "/findings/triage", api.TriageRequest{IDs: []string{f.ID}, State: "triaged"}, 403, api.CodeRight)
	var done struct {
		Undo    string
		Changed []string
	}
	analyst.ask(t, http.MethodPost, "/findings/triage", api.TriageRequest{IDs: []string{f.ID}, State: "triaged"}, 200, &done)
	analyst.ask(t, http.MethodPost, "/findings/undo", api.UndoRequest{Undo: done.Undo}, 200, &done)
}
