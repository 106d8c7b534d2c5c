package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/report"
)

// findingFiles are the files that a finding can be taken away as.
var findingFiles = []string{"accounts.csv", "edges.csv", "network.gexf", "network.graphml", "finding" + jsonFile}

// jsonFile is how the name of a file of JSON ends.
const jsonFile = ".json"

// contentTypes of the files, by how their names end.
var contentTypes = map[string]string{
	"csv": "text/csv; charset=utf-8", "gexf": "application/gexf+xml", "graphml": "application/graphml+xml", "json": "application/json",
}

// findingFile sends a finding's evidence as a file. A file leaves the screen of
// one person: it names accounts as everybody may see them.
func (s *Server) findingFile(w http.ResponseWriter, r *http.Request) error {
	file := r.PathValue("file")
	if !slices.Contains(findingFiles, file) {
		return casestore.ErrNotFound
	}
	f, err := s.Findings.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err //nolint:wrapcheck // it says which finding
	}
	version, err := versionOf(r)
	if err != nil {
		return err
	}
	snap, err := s.Findings.Snapshot(r.Context(), f.ID, version)
	if err != nil {
		return err //nolint:wrapcheck // it says which snapshot
	}
	veil, label, err := s.labels(r.Context(), &snap)
	if err != nil {
		return err
	}
	// The file is made whole before it is sent, so that an error is an answer.
	var out bytes.Buffer
	if err := s.writeFinding(r, &out, file, &f, &snap, veil, label); err != nil {
		return fmt.Errorf("making %s of a finding: %w", file, err)
	}
	err = s.Record(r.Context(), string(auth.FindingExport), "finding:"+f.ID, map[string]any{
		"file": file, "version": snap.Version, "accounts": len(snap.Accounts), "edges": len(snap.Edges), "marking": s.marking(),
	})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", contentTypes[file[strings.LastIndexByte(file, '.')+1:]])
	h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(s.fileName(&f, &snap, file)))
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	_, _ = out.WriteTo(w) // a reader that has gone away is no trouble
	return nil
}

// fileName names the file after the finding, its snapshot and the marking of
// the workspace.
func (s *Server) fileName(f *finding.Finding, snap *finding.Snapshot, file string) string {
	name := fmt.Sprintf("%s-v%d", f.Short, snap.Version)
	if s.TLP != "" {
		name += "-TLP-" + s.TLP
	}
	return name + "-" + file
}

// labels gives how files call the accounts of a snapshot: by pseudonym, or by
// name where an account is marked.
func (s *Server) labels(ctx context.Context, snap *finding.Snapshot) (*mandate.Veil, finding.Label, error) {
	known, err := s.membersOf(ctx, snap)
	if err != nil {
		return nil, nil, err
	}
	all := make([]mandate.Account, 0, len(known))
	for _, a := range known {
		all = append(all, mandate.Of(a))
	}
	veil, err := s.Mandate.Veil(ctx, nil, all...)
	if err != nil {
		return nil, nil, fmt.Errorf("veiling accounts: %w", err)
	}
	return veil, func(key, alias string) string {
		if a := known[key]; a != nil {
			return veil.Account(mandate.Of(a)).Label
		}
		return alias
	}, nil
}

// writeFinding writes one of the files.
func (s *Server) writeFinding(r *http.Request, w io.Writer, file string, f *finding.Finding, snap *finding.Snapshot, veil *mandate.Veil, label finding.Label) error {
	x := finding.Export{Snapshot: snap, Label: label, Title: f.Short, Description: strings.TrimSpace(s.marking() + " " + f.Why[s.langOf(r)])}
	switch file {
	case "accounts.csv":
		x.Label = inCell(label)
		return x.WriteAccounts(w) //nolint:wrapcheck // findingFile says what failed
	case "edges.csv":
		x.Label = inCell(label)
		return x.WriteEdges(w) //nolint:wrapcheck // findingFile says what failed
	case "network.gexf":
		return x.WriteGEXF(r.Context(), w) //nolint:wrapcheck // findingFile says what failed
	case "network.graphml":
		return x.WriteGraphML(r.Context(), w) //nolint:wrapcheck // findingFile says what failed
	}
	// finding.json
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(s.findingDocument(f, snap, veil, label)) //nolint:wrapcheck // findingFile says what failed
}

// inCell gives labels that no spreadsheet takes for a formula: one that begins
// like one gets an apostrophe before it (OWASP, CSV Injection).
func inCell(label finding.Label) finding.Label {
	return func(key, alias string) string {
		text := label(key, alias)
		if strings.IndexAny(text, "=+-@\t\r\n") == 0 {
			return "'" + text
		}
		for _, wide := range []string{"＝", "＋", "－", "＠", "−"} {
			if strings.HasPrefix(text, wide) {
				return "'" + text
			}
		}
		return text
	}
}

// findingFileSchema names the form of finding.json.
const findingFileSchema = "akashi-finding/1"

// findingDocument is finding.json: the finding with one snapshot of its
// evidence. It has neither what people wrote about it (owner, reasons in words,
// notes) nor anything that names an account but its label.
type findingDocument struct {
	Schema     string            `json:"schema"`
	Marking    string            `json:"marking,omitempty"`
	Exported   time.Time         `json:"exported"`
	ID         string            `json:"id"`
	Short      string            `json:"short"`
	Kind       finding.Kind      `json:"kind"`
	Detection  string            `json:"detection"`
	State      finding.State     `json:"state"`
	Reason     finding.Reason    `json:"reason,omitempty"`
	Risk       finding.Measure   `json:"risk"`
	Novelty    finding.Measure   `json:"novelty"`
	Tempo      finding.Measure   `json:"tempo"`
	Why        report.Sentence   `json:"why"`
	Counter    report.Sentence   `json:"counter"`
	Synthetic  bool              `json:"synthetic"`
	Created    time.Time         `json:"created"`
	Updated    time.Time         `json:"updated"`
	Snapshot   int64             `json:"snapshot"`
	Run        string            `json:"run"`
	First      time.Time         `json:"first"`
	Last       time.Time         `json:"last"`
	Posts      int64             `json:"posts"`
	CoActions  int64             `json:"co_actions"`
	Occasions  int64             `json:"occasions"`
	Expected   float64           `json:"expected"`
	FDR        float64           `json:"fdr"`
	Window     float64           `json:"window_s"`
	MedianGap  float64           `json:"median_gap_s"`
	Behaviours []report.Layer    `json:"behaviours"`
	Timeline   report.Timeline   `json:"timeline"`
	Accounts   []documentAccount `json:"accounts"`
	Edges      []finding.Edge    `json:"edges"` // by place in Accounts
	LeftEdges  int64             `json:"left_edges"`
	Objects    []finding.Object  `json:"objects"`
	LeftObject int64             `json:"left_objects"`
	Examples   []finding.Example `json:"examples"`
}

// documentAccount is an account under its label.
type documentAccount struct {
	Account    string   `json:"account"`
	Alias      string   `json:"alias"`
	Posts      int64    `json:"posts"`
	Score      float64  `json:"score"`
	Centrality float64  `json:"centrality"`
	Strength   float64  `json:"strength"`
	Partners   int      `json:"partners"`
	Behaviours []string `json:"behaviours"`
}

// findingDocument makes finding.json.
func (s *Server) findingDocument(f *finding.Finding, x *finding.Snapshot, veil *mandate.Veil, label finding.Label) *findingDocument {
	d := &findingDocument{
		Schema: findingFileSchema, Marking: s.marking(), Exported: s.Now().UTC(), ID: f.ID, Short: f.Short, Kind: f.Kind,
		Detection: f.DetectionName, State: f.State, Reason: f.Reason, Risk: f.Risk, Novelty: f.Novelty, Tempo: f.Tempo,
		Why: f.Why, Counter: f.Counter, Synthetic: f.Synthetic, Created: f.Created, Updated: f.Updated,
		Snapshot: x.Version, Run: x.Run, First: x.First, Last: x.Last, Posts: x.Posts, CoActions: x.CoActions,
		Occasions: x.Occasions, Expected: x.Expected, FDR: x.FDR, Window: x.WindowSeconds, MedianGap: x.MedianGap,
		Behaviours: x.Behaviours, Timeline: x.Timeline, LeftEdges: x.LeftEdges, LeftObject: x.LeftObject,
		Accounts: make([]documentAccount, len(x.Accounts)), Edges: slices.Clone(x.Edges),
		Objects: slices.Clone(x.Objects), Examples: slices.Clone(x.Examples),
	}
	for i := range x.Accounts {
		a := &x.Accounts[i]
		d.Accounts[i] = documentAccount{label(a.Key, a.Alias), a.Alias, a.Posts, a.Score, a.Centrality, a.Strength, a.Partners, a.Behaviours}
	}
	for i := range d.Edges {
		d.Edges[i].Evidence = slices.Clone(d.Edges[i].Evidence)
		for j := range d.Edges[i].Evidence {
			m := &d.Edges[i].Evidence[j]
			m.Object = veil.Object(m.Behaviour, m.Object)
		}
	}
	for i := range d.Objects {
		d.Objects[i].Object = veil.Object(d.Objects[i].Behaviour, d.Objects[i].Object)
	}
	for i := range d.Examples {
		d.Examples[i].Object = veil.Object(d.Examples[i].Behaviour, d.Examples[i].Object)
	}
	return d
}
