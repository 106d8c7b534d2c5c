package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/mandate"
)

// findingFile sends a finding's evidence as a file. Accounts stand in it under
// their pseudonyms, but for those that are shown to everybody.
func (s *Server) findingFile(w http.ResponseWriter, r *http.Request) error {
	ctx, file := r.Context(), r.PathValue("file")
	kind, ok := map[string]string{
		"accounts.csv": "text/csv; charset=utf-8", "edges.csv": "text/csv; charset=utf-8", "evidence.json": "application/json",
		"network.gexf": "application/gexf+xml", "network.graphml": "application/graphml+xml",
	}[file]
	if !ok {
		return casestore.ErrNotFound
	}
	f, err := s.Findings.Get(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	snap, err := s.snapshotOf(r, f.ID)
	if err != nil {
		return err
	}
	names, err := s.accountNames(ctx, nil, snap.Accounts)
	if err != nil {
		return err
	}
	labels := make(map[string]string, len(names))
	for i := range names {
		labels[snap.Accounts[i].Key] = names[i].Label
	}
	x := finding.Export{
		Snapshot: &snap, Title: f.Short, Description: f.Why[s.langOf(r)],
		Label: func(key, _ string) string { return labels[key] },
	}
	var out bytes.Buffer
	switch file {
	case "accounts.csv":
		err = x.WriteAccounts(&out)
	case "edges.csv":
		err = x.WriteEdges(&out)
	case "network.gexf":
		err = x.WriteGEXF(ctx, &out)
	case "network.graphml":
		err = x.WriteGraphML(ctx, &out)
	default:
		err = s.writeFinding(r, &out, &f, &snap)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	if err := s.Record(ctx, string(auth.FindingExport), "finding:"+f.ID, map[string]any{
		"file": file, "snapshot": snap.Version, "accounts": len(snap.Accounts), "marking": s.marking(),
	}); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+f.Short+"-"+file+`"`)
	_, _ = out.WriteTo(w) // a reader that has gone away is no trouble
	return nil
}

// writeFinding writes a finding and its snapshot as JSON, without what names an
// account.
func (s *Server) writeFinding(r *http.Request, out *bytes.Buffer, f *finding.Finding, snap *finding.Snapshot) error {
	known, err := s.knownAccounts(r, snap)
	if err != nil {
		return err
	}
	veil, err := s.Mandate.Veil(r.Context(), nil, known...)
	if err != nil {
		return fmt.Errorf("veiling accounts: %w", err)
	}
	for i := range snap.Accounts {
		snap.Accounts[i].Key = ""
	}
	for i := range snap.Objects {
		snap.Objects[i].Object = veil.Object(snap.Objects[i].Behaviour, snap.Objects[i].Object)
	}
	for i := range snap.Examples {
		snap.Examples[i].Object = veil.Object(snap.Examples[i].Behaviour, snap.Examples[i].Object)
	}
	for i := range snap.Edges {
		for k := range snap.Edges[i].Evidence {
			m := &snap.Edges[i].Evidence[k]
			m.Object = veil.Object(m.Behaviour, m.Object)
		}
	}
	e := json.NewEncoder(out)
	e.SetIndent("", " ")
	if err := e.Encode(map[string]any{"schema": "akashi-finding/1", "marking": s.marking(), "finding": f, "snapshot": snap}); err != nil {
		return fmt.Errorf("as JSON: %w", err)
	}
	return nil
}

// knownAccounts are a snapshot's accounts as the store knows them; those that
// it does not know have no name that could show.
func (s *Server) knownAccounts(r *http.Request, snap *finding.Snapshot) ([]mandate.Account, error) {
	keys := make([]string, len(snap.Accounts))
	for i := range snap.Accounts {
		keys[i] = snap.Accounts[i].Key
	}
	known, err := s.Posts.Accounts(r.Context(), keys)
	if err != nil {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	out := make([]mandate.Account, len(known))
	for i := range known {
		out[i] = mandate.Of(&known[i])
	}
	return out, nil
}
