package finding

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/graph"
)

// Label says how an account is shown: its pseudonym, or its name where it may be
// named.
type Label func(accountKey, alias string) string

// Export is a snapshot on its way into a file.
type Export struct {
	Snapshot *Snapshot
	Label    Label
	// Title and Description stand in files that have a place for them.
	Title, Description string
}

func (x *Export) label(i int) string {
	a := &x.Snapshot.Accounts[i]
	return x.Label(a.Key, a.Alias)
}

// WriteAccounts writes the accounts as CSV (RFC 4180, UTF-8, with a header).
func (x *Export) WriteAccounts(w io.Writer) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"account", "posts", "score", "centrality", "strength", "partners", "behaviours"}}
	for i, a := range x.Snapshot.Accounts {
		rows = append(rows, []string{
			x.label(i), strconv.FormatInt(a.Posts, 10), number(a.Score), number(a.Centrality), number(a.Strength),
			strconv.Itoa(a.Partners), strings.Join(a.Behaviours, " "),
		})
	}
	if err := c.WriteAll(rows); err != nil {
		return fmt.Errorf("writing accounts: %w", err)
	}
	return nil
}

// WriteEdges writes the edges as CSV (RFC 4180, UTF-8, with a header). Times are
// UTC, gaps in seconds.
func (x *Export) WriteEdges(w io.Writer) error {
	c := csv.NewWriter(w)
	err := c.Write([]string{
		"source", "target", "weight", "co_actions", "objects", "occasions", "expected", "p", "q", "first", "last",
		"gap_min_s", "gap_median_s", "gap_high_s", "behaviours",
	})
	for i := 0; i < len(x.Snapshot.Edges) && err == nil; i++ {
		e := &x.Snapshot.Edges[i]
		err = c.Write([]string{
			x.label(e.A), x.label(e.B), number(e.Weight), strconv.FormatInt(e.CoActions, 10), strconv.FormatInt(e.Objects, 10),
			strconv.FormatInt(e.Occasions, 10), number(e.Expected), number(e.P), number(e.Q),
			e.First.UTC().Format(time.RFC3339Nano), e.Last.UTC().Format(time.RFC3339Nano),
			number(e.GapMin), number(e.GapMedian), number(e.GapHigh), e.behaviours(),
		})
	}
	c.Flush()
	if err == nil {
		err = c.Error()
	}
	if err != nil {
		return fmt.Errorf("writing edges: %w", err)
	}
	return nil
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func (e *Edge) behaviours() string {
	names := make([]string, len(e.By))
	for i, l := range e.By {
		names[i] = l.Behaviour
	}
	return strings.Join(names, " ")
}

// WriteGEXF writes the network as GEXF, WriteGraphML as GraphML.
func (x *Export) WriteGEXF(ctx context.Context, w io.Writer) error {
	if err := graph.WriteGEXF(w, x.document(ctx)); err != nil {
		return fmt.Errorf("writing GEXF: %w", err)
	}
	return nil
}

// WriteGraphML writes the network as GraphML.
func (x *Export) WriteGraphML(ctx context.Context, w io.Writer) error {
	if err := graph.WriteGraphML(w, x.document(ctx)); err != nil {
		return fmt.Errorf("writing GraphML: %w", err)
	}
	return nil
}

// document draws nodes and edges from the snapshot. Nodes are numbered, since
// two accounts might have one label.
func (x *Export) document(ctx context.Context) graph.Document {
	s := x.Snapshot
	id := func(i int) string { return "n" + strconv.Itoa(i) }
	nodes := func(yield func(*graph.NodeRow, error) bool) {
		var row graph.NodeRow
		for i := range s.Accounts {
			a := &s.Accounts[i]
			row = graph.NodeRow{
				ID: id(i), Label: x.label(i), Position: &graph.Point{X: 1000 * a.X, Y: 1000 * a.Y}, Size: 4 + 16*a.Centrality,
				Values: []graph.Value{
					graph.IntValue(a.Posts), graph.FloatValue(a.Score), graph.FloatValue(a.Centrality), graph.IntValue(int64(a.Partners)),
				},
			}
			if !yield(&row, ctx.Err()) {
				return
			}
		}
	}
	edges := func(yield func(*graph.EdgeRow, error) bool) {
		var row graph.EdgeRow
		for i := range s.Edges {
			e := &s.Edges[i]
			row = graph.EdgeRow{
				Source: id(e.A), Target: id(e.B), Weight: e.Weight, Start: e.First, End: e.Last,
				Values: []graph.Value{
					graph.IntValue(e.CoActions), graph.IntValue(e.Objects), graph.IntValue(e.Occasions), graph.FloatValue(e.Expected),
					graph.FloatValue(e.P), graph.FloatValue(e.Q), graph.FloatValue(e.GapMedian), graph.StringValue(e.behaviours()),
				},
			}
			if !yield(&row, ctx.Err()) {
				return
			}
		}
	}
	return graph.Document{
		Title: x.Title, Description: x.Description, Modified: s.Created, Dynamic: true,
		NodeAttrs: []graph.Attr{
			{Name: "posts", Type: graph.Int}, {Name: "score", Type: graph.Float}, {Name: "centrality", Type: graph.Float},
			{Name: "partners", Type: graph.Int},
		},
		EdgeAttrs: []graph.Attr{
			{Name: "co_actions", Type: graph.Int}, {Name: "objects", Type: graph.Int}, {Name: "occasions", Type: graph.Int},
			{Name: "expected", Type: graph.Float}, {Name: "p", Type: graph.Float}, {Name: "q", Type: graph.Float},
			{Name: "gap_median_s", Type: graph.Float}, {Name: "behaviours", Type: graph.String},
		},
		Nodes: iter.Seq2[*graph.NodeRow, error](nodes), Edges: iter.Seq2[*graph.EdgeRow, error](edges),
	}
}
