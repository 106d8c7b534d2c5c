package detect

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/graph"
	"github.com/akashi-project/akashi/internal/report"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// evidenceEdges gives the edges whose posts are kept: the significant ones
// within the groups, group by group, and only the heaviest where there are more
// than the limit.
func (res *Result) evidenceEdges() []int {
	var all []int
	for _, edges := range res.Groups.Edges {
		all = append(all, edges...)
	}
	if len(all) > res.options.EvidenceEdges {
		weight := make(map[int]float64, len(all))
		for _, i := range all {
			weight[i] = res.Network.Weight(i)
		}
		slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(weight[b], weight[a]) })
		all = all[:res.options.EvidenceEdges]
	}
	return all
}

// write puts all files into dir, several at a time.
func (res *Result) write(ctx context.Context, dir string) error {
	files := []struct {
		name string
		to   func(context.Context, io.Writer) error
	}{
		{"edges.csv", res.writeEdges},
		{"network.gexf", func(ctx context.Context, w io.Writer) error { return graph.WriteGEXF(w, res.document(ctx)) }},
		{"network.graphml", func(ctx context.Context, w io.Writer) error { return graph.WriteGraphML(w, res.document(ctx)) }},
		{"evidence.ndjson", res.writeEvidence},
		{"accounts.csv", res.writeAccounts},
		{"groups.csv", res.writeGroups},
		{"report.html", func(_ context.Context, w io.Writer) error { return report.HTML(w, res.Report) }},
		{"report.json", func(_ context.Context, w io.Writer) error { return report.JSON(w, res.Report) }},
	}
	res.Report.Phases = res.phases
	errs := make([]error, len(files))
	var wg sync.WaitGroup
	for i, f := range files {
		wg.Go(func() {
			if err := writeFile(ctx, filepath.Join(dir, f.name), f.to); err != nil {
				errs[i] = fmt.Errorf("%w: writing %s: %w", ErrOutput, f.name, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// writeFile writes a file under another name and moves it into place, so that
// a file that is there is whole.
func writeFile(ctx context.Context, path string, to func(context.Context, io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("making the file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(f, 1<<18)
	if err := to(ctx, w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	if err := f.Chmod(0o640); err != nil {
		return fmt.Errorf("setting permissions: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("moving into place: %w", err)
	}
	return nil
}

// cells builds a CSV row (RFC 4180).
type cells struct {
	b     []byte
	first bool
}

func (c *cells) start() { c.b, c.first = c.b[:0], true }

func (c *cells) comma() {
	if !c.first {
		c.b = append(c.b, ',')
	}
	c.first = false
}

func (c *cells) text(s string) {
	c.comma()
	if !strings.ContainsAny(s, ",\"\r\n") && !strings.HasPrefix(s, " ") {
		c.b = append(c.b, s...)
		return
	}
	c.b = append(c.b, '"')
	c.b = append(c.b, strings.ReplaceAll(s, `"`, `""`)...)
	c.b = append(c.b, '"')
}

func (c *cells) int(n int64) { c.comma(); c.b = strconv.AppendInt(c.b, n, 10) }

func (c *cells) float(x float64) { c.comma(); c.b = strconv.AppendFloat(c.b, x, 'g', 6, 64) }

func (c *cells) time(t time.Time) {
	c.comma()
	c.b = t.AppendFormat(c.b, time.RFC3339Nano)
}

func (c *cells) seconds(d time.Duration) {
	c.comma()
	c.b = strconv.AppendFloat(c.b, d.Seconds(), 'f', -1, 64)
}

func (c *cells) end(w io.Writer) error {
	c.b = append(c.b, '\n')
	_, err := w.Write(c.b)
	return err //nolint:wrapcheck // writeFile says what was written
}

const edgesHeader = "from,to,weight,co_actions,objects,occasions,expected,p,q,significant,vote,gap_min_s,gap_median_s,gap_p90_s,first,last,behaviours,group\n"

// writeEdges writes all edges. Those of QUT have a direction and stand in two
// rows.
func (res *Result) writeEdges(ctx context.Context, w io.Writer) error {
	if _, err := io.WriteString(w, edgesHeader); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	n, g := res.Network, res.Groups
	var c cells
	row := func(i int, d coordination.Edge, a, b int32, weight func()) error {
		c.start()
		c.text(res.accounts[a].shown)
		c.text(res.accounts[b].shown)
		weight()
		c.int(d.CoActions)
		c.int(d.Objects)
		c.int(d.Occasions)
		c.float(d.Expected)
		c.float(d.P)
		c.float(d.Q)
		if d.Q <= g.Config.FDR && d.A != d.B {
			c.int(1)
		} else {
			c.int(0)
		}
		c.float(d.Vote)
		c.seconds(d.GapMin)
		c.seconds(d.GapMedian)
		c.seconds(d.GapHigh)
		c.time(d.First)
		c.time(d.Last)
		c.comma()
		for k, l := range n.Behaviours(i) {
			if k > 0 {
				c.b = append(c.b, ';')
			}
			c.b = append(c.b, l.Behaviour.String()...)
			c.b = append(c.b, ':')
			c.b = strconv.AppendInt(c.b, l.Objects, 10)
		}
		if k := g.Of[a]; k >= 0 && k == g.Of[b] {
			c.text(groupID(int(k)))
		} else {
			c.text("")
		}
		return c.end(w)
	}
	for i, d := range n.Edges() {
		if i%4096 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var err error
		switch n.Config.Method {
		case coordination.Akashi:
			err = row(i, d, d.A, d.B, func() { c.float(d.Vote) })
		case coordination.CooRTweet:
			err = row(i, d, d.A, d.B, func() { c.int(d.CoActions) })
		case coordination.QUT:
			err = row(i, d, d.A, d.B, func() { c.int(d.AB) })
			if err == nil && d.A != d.B {
				err = row(i, d, d.B, d.A, func() { c.int(d.BA) })
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

const accountsHeader = "account,platform,handle,score,posts,traces,group,centrality,strength,partners\n"

// writeAccounts writes all accounts, the highest score first.
func (res *Result) writeAccounts(_ context.Context, w io.Writer) error {
	if _, err := io.WriteString(w, accountsHeader); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	n, g := res.Network, res.Groups
	score := func(a int) float64 {
		if n.Config.Method == coordination.Akashi {
			return n.Accounts[a].Score
		}
		return g.Strength[a]
	}
	order := make([]int, len(n.Accounts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score(b), score(a)) })
	var c cells
	for _, i := range order {
		a := &res.accounts[i]
		c.start()
		c.text(a.shown)
		c.text(a.platform)
		c.text(a.handle)
		c.comma()
		c.b = strconv.AppendFloat(c.b, score(i), 'g', 12, 64)
		c.int(a.posts)
		c.int(n.Accounts[i].Traces)
		if k := g.Of[i]; k >= 0 {
			c.text(groupID(int(k)))
		} else {
			c.text("")
		}
		c.float(g.Centrality[i])
		c.float(g.Strength[i])
		c.int(int64(g.Partners[i]))
		if err := c.end(w); err != nil {
			return err
		}
	}
	return nil
}

const groupsHeader = "group,accounts,edges,co_actions,occasions,expected,median_gap_s,first,last,behaviours,members,top_objects,why,counter\n"

// writeGroups writes the groups, the heaviest first.
func (res *Result) writeGroups(_ context.Context, w io.Writer) error {
	if _, err := io.WriteString(w, groupsHeader); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	var c cells
	for k := range res.Report.Groups {
		g := &res.Report.Groups[k]
		var behaviours, members, objects []string
		for _, l := range g.Behaviours {
			behaviours = append(behaviours, l.Behaviour)
		}
		for _, a := range res.Groups.Members[k] {
			members = append(members, res.accounts[a].shown)
		}
		for _, o := range res.objects[k] {
			objects = append(objects, o.Behaviour+" "+shorten(o.Object, 120))
		}
		c.start()
		c.text(g.ID)
		c.int(int64(len(members)))
		c.int(g.Edges)
		c.int(g.CoActions)
		c.int(g.Occasions)
		c.float(g.Expected)
		c.float(g.MedianGap)
		c.time(g.First)
		c.time(g.Last)
		c.text(strings.Join(behaviours, ";"))
		c.text(strings.Join(members, " "))
		c.text(strings.Join(objects, " | "))
		c.text(g.Why["en"])
		c.text(g.Counter["en"])
		if err := c.end(w); err != nil {
			return err
		}
	}
	return nil
}

// evidencePost and evidenceLine are the lines of evidence.ndjson.
type evidencePost struct {
	Account   string `json:"account"`
	Platform  string `json:"platform,omitempty"`
	ID        string `json:"id"`
	Time      string `json:"time"`
	Lang      string `json:"lang,omitempty"`
	URL       string `json:"url,omitempty"`
	Text      string `json:"text"`
	Origin    string `json:"origin"`
	Synthetic bool   `json:"synthetic,omitempty"`
	Raw       string `json:"raw"`
}

type evidenceMeeting struct {
	Behaviour string          `json:"behaviour"`
	Object    string          `json:"object"`
	Traces    int64           `json:"object_traces"`
	Gap       float64         `json:"gap_s"`
	Posts     [2]evidencePost `json:"posts"`
}

type evidenceLine struct {
	From      string            `json:"from"`
	To        string            `json:"to"`
	Group     string            `json:"group,omitempty"`
	Weight    float64           `json:"weight"`
	Objects   int64             `json:"objects"`
	Occasions int64             `json:"occasions"`
	Expected  float64           `json:"expected"`
	Q         float64           `json:"q"`
	Meetings  []evidenceMeeting `json:"meetings"`
}

// writeEvidence writes, for each edge that is kept, the posts that show it.
func (res *Result) writeEvidence(ctx context.Context, w io.Writer) error {
	n := res.Network
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	show := func(key coordination.PostKey, at time.Time, account int32) evidencePost {
		p := evidencePost{Account: res.accounts[account].shown, Time: utc(at)}
		if k := res.evidence[key]; k != nil {
			p.Platform, p.ID, p.Lang, p.URL, p.Text = k.Platform, k.ID, k.Lang, k.URL, k.Text
			p.Origin, p.Synthetic, p.Raw = k.Origin.String(), k.Synthetic, string(k.Raw)
		}
		return p
	}
	for _, i := range res.evidenceEdges() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		d := n.Edge(i)
		line := evidenceLine{
			From: res.accounts[d.A].shown, To: res.accounts[d.B].shown, Weight: n.Weight(i),
			Objects: d.Objects, Occasions: d.Occasions, Expected: d.Expected, Q: d.Q,
		}
		if k := res.Groups.Of[d.A]; k >= 0 && k == res.Groups.Of[d.B] {
			line.Group = groupID(int(k))
		}
		for _, m := range n.Evidence(i) {
			line.Meetings = append(line.Meetings, evidenceMeeting{
				Behaviour: m.Behaviour.String(), Object: m.Object, Traces: m.Everyone,
				Gap:   m.TimeA.Sub(m.TimeB).Abs().Seconds(),
				Posts: [2]evidencePost{show(m.PostA, m.TimeA, d.A), show(m.PostB, m.TimeB, d.B)},
			})
		}
		if err := enc.Encode(line); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
	}
	return nil
}

// document gives the network for exchange: the significant edges by the method
// Akashi, all of them by the other methods.
func (res *Result) document(ctx context.Context) graph.Document {
	n, g := res.Network, res.Groups
	wanted := func(i int) bool { return n.Config.Method != coordination.Akashi || n.Q(i) <= g.Config.FDR }
	return graph.Document{
		Title:       res.Report.Title,
		Description: "Accounts that act together (Akashi " + res.options.Version + ", method " + n.Config.Method.String() + ", window " + n.Config.Window.String() + "). Acting together is not acting for somebody.",
		Modified:    res.Report.Generated,
		NodeAttrs: []graph.Attr{
			{Name: "group", Type: graph.String}, {Name: "score", Type: graph.Float},
			{Name: "centrality", Type: graph.Float}, {Name: "traces", Type: graph.Int},
		},
		EdgeAttrs: []graph.Attr{
			{Name: "co_actions", Type: graph.Int}, {Name: "objects", Type: graph.Int}, {Name: "occasions", Type: graph.Int},
			{Name: "expected", Type: graph.Float}, {Name: "q", Type: graph.Float},
			{Name: "first", Type: graph.String}, {Name: "last", Type: graph.String},
		},
		Nodes: res.nodeRows(wanted),
		Edges: func(yield func(*graph.EdgeRow, error) bool) {
			row := graph.EdgeRow{Values: make([]graph.Value, 7)}
			for i, d := range n.Edges() {
				if i%4096 == 0 && ctx.Err() != nil {
					yield(nil, context.Cause(ctx))
					return
				}
				if !wanted(i) || d.A == d.B {
					continue
				}
				row.Source, row.Target, row.Weight = res.accounts[d.A].shown, res.accounts[d.B].shown, n.Weight(i)
				row.Values[0], row.Values[1] = graph.IntValue(d.CoActions), graph.IntValue(d.Objects)
				row.Values[2] = graph.IntValue(d.Occasions)
				row.Values[3], row.Values[4] = graph.FloatValue(d.Expected), graph.FloatValue(d.Q)
				row.Values[5], row.Values[6] = graph.StringValue(utc(d.First)), graph.StringValue(utc(d.Last))
				if !yield(&row, nil) {
					return
				}
			}
		},
	}
}

// nodeRows gives the accounts that have a wanted edge, with their place in the
// picture where they are in it.
func (res *Result) nodeRows(wanted func(int) bool) iter.Seq2[*graph.NodeRow, error] {
	n, g := res.Network, res.Groups
	return func(yield func(*graph.NodeRow, error) bool) {
		in := make([]bool, len(n.Accounts))
		for i := range n.Len() {
			if a, b := n.Ends(i); a != b && wanted(i) {
				in[a], in[b] = true, true
			}
		}
		drawn := map[int32]int{}
		at := 0
		for _, members := range g.Members {
			for _, a := range members {
				if at < len(res.Report.Network.Nodes) {
					drawn[a] = at
					at++
				}
			}
		}
		row := graph.NodeRow{Values: make([]graph.Value, 4)}
		for i, is := range in {
			if !is {
				continue
			}
			a := int32(i) //nolint:gosec // accounts
			row.ID, row.Label = res.accounts[i].shown, cmp.Or(res.accounts[i].handle, res.accounts[i].shown)
			row.Position = nil
			if at, ok := drawn[a]; ok {
				node := res.Report.Network.Nodes[at]
				row.Position = &graph.Point{X: node.X * 3000, Y: node.Y * 2000}
			}
			row.Values[0] = graph.Value{}
			if g.Of[a] >= 0 {
				row.Values[0] = graph.StringValue(groupID(int(g.Of[a])))
			}
			row.Values[1], row.Values[2] = graph.FloatValue(n.Accounts[i].Score), graph.FloatValue(g.Centrality[i])
			row.Values[3] = graph.IntValue(n.Accounts[i].Traces)
			if !yield(&row, nil) {
				return
			}
		}
	}
}
