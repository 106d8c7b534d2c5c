package web

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/graph"
)

// runFiles are the files of a run as a whole. They name no account.
var runFiles = []string{"groups.csv", "network.gexf", "network.graphml"}

// coordinationExport sends a file of a run's groups.
func (s *Server) coordinationExport(w http.ResponseWriter, r *http.Request) error {
	file := r.PathValue("file")
	if !slices.Contains(runFiles, file) {
		return fmt.Errorf("no such file: %w", casestore.ErrNotFound)
	}
	run, err := s.chosenRun(r)
	if err != nil {
		return err
	}
	if run.ID == "" {
		return fmt.Errorf("no run yet: %w", casestore.ErrNotFound)
	}
	n, err := s.Findings.Network(r.Context(), run.ID)
	if err != nil {
		return fmt.Errorf("reading a network: %w", err)
	}
	var b bytes.Buffer
	contentType := "text/csv; charset=utf-8"
	switch file {
	case "groups.csv":
		err = writeGroups(&b, &n)
	case "network.gexf":
		contentType = "application/gexf+xml"
		err = graph.WriteGEXF(&b, groupDocument(&n, run.DetectionName, s.marking()))
	default:
		contentType = "application/graphml+xml"
		err = graph.WriteGraphML(&b, groupDocument(&n, run.DetectionName, s.marking()))
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	// Before anything leaves.
	if err := s.Record(r.Context(), string(auth.FindingExport), run.ID, map[string]any{
		"file": file, "groups": len(n.Bubbles), "marking": s.marking(),
	}); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(runFileName(file, s.marking(), n.Created)))
	// A reader that has gone away is no trouble.
	_, _ = w.Write(b.Bytes())
	return nil
}

// runFileName names a file after what it holds, when that was found, and its
// marking.
func runFileName(file, marking string, at time.Time) string {
	name, ending, _ := strings.Cut(file, ".")
	name = "akashi-" + name + "-" + at.UTC().Format("20060102T150405Z")
	if marking != "" {
		name += "-" + strings.NewReplacer(":", "-", "+", "-").Replace(marking)
	}
	return name + "." + ending
}

// writeGroups writes one row a group as CSV (RFC 4180, UTF-8 with a byte order
// mark, as spreadsheets want it). Times are UTC, gaps in seconds.
func writeGroups(b *bytes.Buffer, n *finding.Network) error {
	b.WriteString("\ufeff")
	c := csv.NewWriter(b)
	rows := [][]string{{"group", "finding", "accounts", "posts", "edges", "weight", "risk", "state", "behaviours", "first", "last", "gap_median_s"}}
	for i := range n.Bubbles {
		g := &n.Bubbles[i]
		rows = append(rows, []string{
			strconv.Itoa(i + 1), g.Short, strconv.Itoa(g.Accounts), strconv.FormatInt(g.Posts, 10), strconv.FormatInt(g.Edges, 10),
			plainNumber(g.Weight), plainNumber(g.Risk), string(g.State), strings.Join(g.Behaviours, " "),
			g.First.UTC().Format(time.RFC3339), g.Last.UTC().Format(time.RFC3339), plainNumber(g.MedianGap),
		})
	}
	if err := c.WriteAll(rows); err != nil {
		return fmt.Errorf("writing groups: %w", err)
	}
	return nil
}

func plainNumber(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// groupDocument gives the groups and what ties them as a network.
func groupDocument(n *finding.Network, title, marking string) graph.Document {
	id := func(i int) string { return "g" + strconv.Itoa(i+1) }
	nodes := func(yield func(*graph.NodeRow, error) bool) {
		for i := range n.Bubbles {
			g := &n.Bubbles[i]
			row := graph.NodeRow{
				ID: id(i), Label: g.Short, Position: &graph.Point{X: 1000 * g.X, Y: 1000 * g.Y}, Size: 1000 * g.R,
				Values: []graph.Value{
					graph.IntValue(int64(g.Accounts)), graph.IntValue(g.Posts), graph.IntValue(g.Edges), graph.FloatValue(g.Risk),
					graph.StringValue(strings.Join(g.Behaviours, " ")), graph.FloatValue(g.MedianGap),
				},
			}
			if !yield(&row, nil) {
				return
			}
		}
	}
	edges := func(yield func(*graph.EdgeRow, error) bool) {
		for _, l := range n.Links {
			row := graph.EdgeRow{
				Source: id(l.A), Target: id(l.B), Weight: l.Weight,
				Values: []graph.Value{graph.IntValue(l.Edges), graph.IntValue(l.CoActions)},
			}
			if !yield(&row, nil) {
				return
			}
		}
	}
	return graph.Document{
		Title: title, Description: marking, Modified: n.Created,
		NodeAttrs: []graph.Attr{
			{Name: "accounts", Type: graph.Int}, {Name: "posts", Type: graph.Int}, {Name: "edges", Type: graph.Int},
			{Name: "risk", Type: graph.Float}, {Name: "behaviours", Type: graph.String}, {Name: "gap_median_s", Type: graph.Float},
		},
		EdgeAttrs: []graph.Attr{{Name: "edges", Type: graph.Int}, {Name: "co_actions", Type: graph.Int}},
		Nodes:     iter.Seq2[*graph.NodeRow, error](nodes), Edges: iter.Seq2[*graph.EdgeRow, error](edges),
	}
}
