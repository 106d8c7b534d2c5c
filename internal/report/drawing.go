package report

import (
	"cmp"
	"encoding/json"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// maxForms bounds the bytes of the evidence lines that the picture carries.
const maxForms = 400 << 10

// drawing is the network made ready for the page: only what can be drawn, the
// strongest pairs first.
type drawing struct {
	nodes  []Node
	edges  []Edge
	order  []int // indices of the edges to draw
	groups []*groupView
}

// pairRow is one row of the table of pairs.
type pairRow struct {
	A, B, W, Q, QV string
	Group          string
	Note           template.HTML
}

// newDrawing sorts the pairs by strength and leaves out those that join
// nothing.
func newDrawing(n *Network, groups []*groupView) *drawing {
	d := &drawing{nodes: n.Nodes, edges: n.Edges, groups: groups, order: make([]int, 0, len(n.Edges))}
	for i := range n.Edges {
		e := &n.Edges[i]
		if e.A >= 0 && e.B >= 0 && e.A < len(n.Nodes) && e.B < len(n.Nodes) {
			d.order = append(d.order, i)
		}
	}
	slices.SortStableFunc(d.order, func(a, b int) int { return cmp.Compare(n.Edges[b].Weight, n.Edges[a].Weight) })
	return d
}

// group is the group of a node, -1 where it has none that exists.
func (d *drawing) group(node int) int {
	if g := d.nodes[node].Group; g >= 0 && g < len(d.groups) {
		return g
	}
	return -1
}

// pairs are the strongest pairs for the table.
func (d *drawing) pairs(groups []*groupView) []pairRow {
	rows := make([]pairRow, 0, min(len(d.order), maxPairs))
	for _, i := range d.order[:min(len(d.order), maxPairs)] {
		e := &d.edges[i]
		row := pairRow{
			A: clean(d.nodes[e.A].Label, maxLabel), B: clean(d.nodes[e.B].Label, maxLabel),
			W: amount(e.Weight), Q: tiny(e.Q), QV: figure(e.Q), Note: sentence(e.Note), Group: "–",
		}
		if a, b := d.group(e.A), d.group(e.B); a >= 0 && b >= 0 {
			row.Group = groups[a].ID
			if a != b {
				row.Group += " – " + groups[b].ID
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// within puts a coordinate into 0…1.
func within(f float64) float64 {
	if math.IsNaN(f) {
		return 0.5
	}
	return min(1, max(0, f))
}

// data is what the script reads: nodes and pairs as columns, evidence lines as
// forms with the figures to fill in, and the words it says. It is safe inside
// a script element: all that HTML could take for markup is escaped.
func (d *drawing) data() template.JS {
	b := make([]byte, 0, 4096+len(d.nodes)*40+len(d.edges)*48)
	b = append(b, `{"label":[`...)
	b = column(b, len(d.nodes), func(b []byte, i int) []byte { return quote(b, clean(d.nodes[i].Label, maxLabel)) })
	b = append(b, `],"group":[`...)
	b = column(b, len(d.nodes), func(b []byte, i int) []byte { return strconv.AppendInt(b, int64(d.group(i)), 10) })
	b = append(b, `],"x":[`...)
	b = column(b, len(d.nodes), func(b []byte, i int) []byte { return place(b, d.nodes[i].X) })
	b = append(b, `],"y":[`...)
	b = column(b, len(d.nodes), func(b []byte, i int) []byte { return place(b, d.nodes[i].Y) })
	b = append(b, `],"score":[`...)
	b = column(b, len(d.nodes), func(b []byte, i int) []byte { return brief(b, d.nodes[i].Score, 3) })
	b = append(b, `],"a":[`...)
	b = column(b, len(d.order), func(b []byte, i int) []byte { return strconv.AppendInt(b, int64(d.edges[d.order[i]].A), 10) })
	b = append(b, `],"b":[`...)
	b = column(b, len(d.order), func(b []byte, i int) []byte { return strconv.AppendInt(b, int64(d.edges[d.order[i]].B), 10) })
	b = append(b, `],"w":[`...)
	b = column(b, len(d.order), func(b []byte, i int) []byte {
		return brief(b, d.edges[d.order[i]].Weight, 3)
	})
	b = append(b, `],"q":[`...)
	b = column(b, len(d.order), func(b []byte, i int) []byte { return brief(b, d.edges[d.order[i]].Q, 2) })
	f := forms{index: map[[2]string]int{}}
	b = append(b, `],"note":[`...)
	b = column(b, len(d.order), func(b []byte, i int) []byte {
		e := &d.edges[d.order[i]]
		return quote(b, f.mould(e.Note, d.nodes[e.A].Label, d.nodes[e.B].Label))
	})
	b = append(b, `],"forms":[`...)
	b = column(b, len(f.list), func(b []byte, i int) []byte {
		b = quote(append(b, '['), f.list[i][0])
		return append(quote(append(b, ','), f.list[i][1]), ']')
	})
	b = append(b, `],"groups":[`...)
	b = column(b, len(d.groups), func(b []byte, i int) []byte {
		b = quote(append(b, '['), d.groups[i].ID)
		return append(strconv.AppendInt(append(b, ','), int64(d.groups[i].Size), 10), ']')
	})
	b = append(b, `],"shapes":[`...)
	s := shapes()
	b = column(b, len(s), func(b []byte, i int) []byte { return quote(b, s[i]) })
	b = append(b, `],"words":{`...)
	b = append(b, scriptWords()...)
	return template.JS(append(b, "}}"...))
}

// scriptWords are the entries that the script says itself or sets as labels.
var scriptWords = sync.OnceValue(func() []byte {
	var b []byte
	for _, e := range catalogue() {
		if !strings.HasPrefix(e.key, "js.") && !strings.Contains(pageSource, `data-label="`+e.key+`"`) && e.key != "timeline.label" {
			continue
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = append(quote(b, e.key), ':', '[')
		b = append(quote(b, e.ja), ',')
		b = append(quote(b, e.en), ']')
	}
	return b
})

// column writes n values with commas between them.
func column(b []byte, n int, value func([]byte, int) []byte) []byte {
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = value(b, i)
	}
	return b
}

// place writes a coordinate with four digits.
func place(b []byte, f float64) []byte {
	return strconv.AppendFloat(b, math.Round(within(f)*1e4)/1e4, 'f', -1, 64)
}

// brief writes f with a few significant digits, as short as JSON allows, and 0
// where JSON has no word for it.
func brief(b []byte, f float64, digits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, '0')
	}
	b = strconv.AppendFloat(b, f, 'g', digits, 64)
	if n := len(b); n > 4 && b[n-4] == 'e' && b[n-2] == '0' { // 1e-05 is 1e-5
		b = append(b[:n-2], b[n-1])
	}
	return b
}

// quote writes s as a JSON string that is harmless inside HTML.
func quote(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			q, err := json.Marshal(s) // escapes <, >, & and line separators
			if err != nil {
				return append(b, `""`...)
			}
			return append(b, q...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// forms collects evidence lines with their accounts and figures taken out, so
// that thousands of lines of the same kind cost a few bytes each.
type forms struct {
	list  [][2]string // Japanese, English
	index map[[2]string]int
	bytes int
}

// mould takes the accounts and figures out of a line and returns the number of
// its form with its figures, parted by semicolons: empty where there is no
// line, or no room left for its form. In a form, \x01 and \x02 stand for the
// accounts, \x03 for the next figure.
func (f *forms) mould(s Sentence, a, b string) string {
	if len(s) == 0 {
		return ""
	}
	ja, en := s["ja"], s["en"]
	if ja == "" {
		ja = en
	}
	if en == "" {
		en = ja
	}
	jaForm, jaFig := figures(clean(ja, 400), clean(a, maxLabel), clean(b, maxLabel))
	enForm, enFig := figures(clean(en, 400), clean(a, maxLabel), clean(b, maxLabel))
	key := [2]string{jaForm, enForm}
	if jaFig != enFig {
		key, enFig = [2]string{clean(ja, 400), clean(en, 400)}, ""
	}
	at, ok := f.index[key]
	if !ok {
		if f.bytes += len(key[0]) + len(key[1]); f.bytes > maxForms {
			return ""
		}
		at = len(f.list)
		f.index[key] = at
		f.list = append(f.list, key)
	}
	return strconv.Itoa(at) + enFig
}

// figures takes accounts and numbers out of a line.
func figures(s, a, b string) (form, figs string) {
	for i, name := range []string{a, b} {
		if len(name) > 1 && strings.Contains(s, name) {
			s = strings.ReplaceAll(s, name, string(rune(i+1)))
		}
	}
	var out, fig strings.Builder
	out.Grow(len(s))
	for i := 0; i < len(s); {
		if s[i] < '0' || s[i] > '9' {
			out.WriteByte(s[i])
			i++
			continue
		}
		j := i + 1
		for j < len(s) && (digit(s[j]) || strings.IndexByte(".,:", s[j]) >= 0 && j+1 < len(s) && digit(s[j+1])) {
			j++
		}
		out.WriteByte(3)
		fig.WriteByte(';')
		fig.WriteString(s[i:j])
		i = j
	}
	return out.String(), fig.String()
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// svg is the still picture for readers without JavaScript.
func (d *drawing) svg(w *words) template.HTML {
	const width, height, edge = 1000.0, 640.0, 40.0
	x0, x1, y0, y1 := 1.0, 0.0, 1.0, 0.0
	for i := range d.nodes {
		x, y := within(d.nodes[i].X), within(d.nodes[i].Y)
		x0, x1, y0, y1 = min(x0, x), max(x1, x), min(y0, y), max(y1, y)
	}
	scale := min((width-2*edge)/max(x1-x0, 1e-6), (height-2*edge)/max(y1-y0, 1e-6))
	at := func(i int) (int, int) {
		x := width/2 + (within(d.nodes[i].X)-(x0+x1)/2)*scale
		y := height/2 + (within(d.nodes[i].Y)-(y0+y1)/2)*scale
		return int(math.Round(x)), int(math.Round(y))
	}
	b := make([]byte, 0, 1024+len(d.order)*20+len(d.nodes)*12)
	b = append(b, `<svg class="static" viewBox="0 0 1000 640" role="img" data-label="canvas"`...)
	b = append(b, w.labels["canvas"]...)
	b = append(b, '>')
	const buckets = 4
	for k := buckets - 1; k >= 0; k-- { // strong pairs come first in order, and last in the picture
		from, to := len(d.order)*k/buckets, len(d.order)*(k+1)/buckets
		b = append(b, `<path class="e" opacity="`...)
		b = append(b, []string{".6", ".4", ".25", ".15"}[k]...)
		b = append(b, `" d="`...)
		for _, i := range d.order[from:to] {
			ax, ay := at(d.edges[i].A)
			bx, by := at(d.edges[i].B)
			b = point(append(b, 'M'), ax, ay)
			b = point(append(b, 'L'), bx, by)
		}
		b = append(b, `"/>`...)
	}
	var paths [palette + 1][]byte
	type sum struct{ x, top, n int }
	sums := make([]sum, len(d.groups))
	for i := range d.nodes {
		x, y := at(i)
		g := d.group(i)
		c := colour(g)
		paths[c] = append(point(append(paths[c], 'M'), x, y), "h0"...)
		if g >= 0 {
			if sums[g].n == 0 || y < sums[g].top {
				sums[g].top = y
			}
			sums[g].x, sums[g].n = sums[g].x+x, sums[g].n+1
		}
	}
	for c, p := range paths {
		if len(p) > 0 {
			b = append(b, `<path class="p s`+strconv.Itoa(c)+`" d="`...)
			b = append(b, p...)
			b = append(b, `"/>`...)
		}
	}
	for g, s := range sums[:min(len(sums), 30)] {
		if s.n > 0 {
			b = append(b, `<text text-anchor="middle" x="`+strconv.Itoa(s.x/s.n)+`" y="`+strconv.Itoa(s.top-14)+`">`+
				escape(d.groups[g].ID)+` · `+number(d.groups[g].Size)+`</text>`...)
		}
	}
	return template.HTML(append(b, `</svg>`...))
}

// point writes two coordinates.
func point(b []byte, x, y int) []byte {
	b = strconv.AppendInt(b, int64(x), 10)
	return strconv.AppendInt(append(b, ' '), int64(y), 10)
}
