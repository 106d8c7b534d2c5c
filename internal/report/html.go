package report

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"html/template"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed assets/page.html
var pageSource string

//go:embed assets/page.css
var pageStyle string

//go:embed assets/app.js
var pageScript string

// Limits of what the page shows of something long. The tables beside it hold
// the rest.
const (
	maxText    = 500  // characters of a post
	maxLabel   = 60   // characters of an account
	maxPairs   = 100  // rows of the table of pairs
	maxLegend  = 10   // groups beside the picture
	maxStatic  = 1500 // accounts in the picture without JavaScript
	openGroups = 3    // groups that are open from the start
)

// page is what the template is filled with.
type page struct {
	R         *Report
	Head      template.HTML
	Script    template.HTML
	Data      template.JS
	Title     string
	Marking   string
	TLP       string
	Lead      template.HTML
	Facts     []fact
	NetDeck   template.HTML
	NetNote   template.HTML
	Static    template.HTML
	Legend    []*groupView
	More      template.HTML
	Pairs     []pairRow
	PairsNote template.HTML
	Groups    []*groupView
	CheckNote template.HTML
	Heat      *heat
	Total     float64
	Foot      template.HTML
}

// fact is one number of the strip under the title.
type fact struct {
	Name  template.HTML
	Value string
}

// fixed holds the parts of the page that no report changes.
type fixed struct {
	page         *template.Template
	head, script template.HTML
}

// loadFixed parses the template and hashes style and script, once.
var loadFixed = sync.OnceValues(func() (*fixed, error) {
	w := loadWords()
	t, err := template.New("report").Funcs(template.FuncMap{
		"t":         func(key string) template.HTML { return w.markup[key] },
		"tn":        func(key string, n int) template.HTML { return w.sayBoth(key, number(n)) },
		"label":     func(key string) template.HTMLAttr { return w.labels[key] },
		"s":         sentence,
		"swatch":    swatch,
		"num":       anyNumber,
		"pct":       percent,
		"dec":       decimal,
		"minute":    minute,
		"short":     clean,
		"ids":       func(ids []string) string { return clean(strings.Join(ids, ", "), 200) },
		"behaviour": func(name string) template.HTML { return w.named("behaviour", name) },
		"phase":     func(name string) template.HTML { return w.named("phase", name) },
		"first":     func(list []string, n int) []string { return list[:min(n, len(list))] },
	}).Parse(pageSource)
	if err != nil {
		return nil, fmt.Errorf("report: template: %w", err)
	}
	return &fixed{
		page: t,
		head: template.HTML(`<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="` + policy() + `">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<style>` + pageStyle + `</style>`),
		script: template.HTML(`<script>` + pageScript + `</script>`),
	}, nil
})

// policy is the page's content security policy: nothing from outside, and only
// the style and the script it was made with.
func policy() string {
	return "default-src 'none'; style-src '" + hash(pageStyle) + "'; script-src '" + hash(pageScript) +
		"'; img-src data:; base-uri 'none'; form-action 'none'"
}

// hash is the source expression that allows exactly s.
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// anyNumber writes a whole number of either type the model has.
func anyNumber(n any) string {
	switch n := n.(type) {
	case int64:
		return number(n)
	case int:
		return number(n)
	}
	return fmt.Sprint(n)
}

// HTML writes the report as one page that needs nothing else: no request, no
// server, and for reading not even JavaScript.
func HTML(w io.Writer, r *Report) error {
	f, err := loadFixed()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	if err := f.page.ExecuteTemplate(out, "page", newPage(f, r)); err != nil {
		return fmt.Errorf("report: page: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("report: page: %w", err)
	}
	return nil
}

// newPage works out everything the page says.
func newPage(f *fixed, r *Report) *page {
	w := loadWords()
	p := &page{
		R: r, Head: f.head, Script: f.script,
		Title:   clean(r.Title, 200),
		Marking: clean(r.Marking, 40),
		TLP:     tlp(r.Marking),
		Lead:    lead(w, r),
		Facts:   facts(w, r),
		Foot:    foot(w, r),
	}
	p.Groups = groupViews(w, r)
	net := newDrawing(&r.Network, p.Groups)
	p.Data = net.data()
	if len(r.Groups) > 0 {
		p.NetDeck = w.markup["network.deck"]
		p.NetNote = w.sayBoth("network.note", number(len(net.nodes)), number(len(net.order)))
		if r.Network.LeftNodes > 0 || r.Network.LeftEdges > 0 {
			p.NetNote += " " + w.sayBoth("network.left", number(r.Network.LeftNodes), number(r.Network.LeftEdges))
		}
		p.Static = w.markup["network.big"]
		if len(net.nodes) <= maxStatic {
			p.Static = net.svg(w)
		}
		p.Legend = p.Groups[:min(len(p.Groups), maxLegend)]
		if more := len(p.Groups) - maxLegend; more > 0 {
			p.More = w.sayBoth("legend.more", number(more))
		}
		p.Pairs = net.pairs(p.Groups)
		p.PairsNote = w.sayBoth("pairs.note", number(len(p.Pairs)), number(len(net.order)))
	}
	if r.Check != nil {
		p.CheckNote = w.sayBoth("check.note", number(r.Check.Compared))
		p.Heat = newHeat(r)
	}
	for _, ph := range r.Phases {
		p.Total += ph.Seconds
	}
	return p
}

// tlp is the class that colours a marking, empty where it is none of TLP 2.0.
func tlp(marking string) string {
	m := strings.TrimPrefix(strings.ToUpper(marking), "TLP:")
	switch {
	case m == "RED":
		return "red"
	case strings.HasPrefix(m, "AMBER"):
		return "amber"
	case m == "GREEN":
		return "green"
	}
	return "clear"
}

// grouped counts the accounts in all groups.
func grouped(r *Report) int {
	n := 0
	for i := range r.Groups {
		n += len(r.Groups[i].Accounts)
	}
	return n
}

// period is the time that the inputs cover.
func period(r *Report) (first, last time.Time) {
	for _, in := range r.Inputs {
		if !in.First.IsZero() && (first.IsZero() || in.First.Before(first)) {
			first = in.First
		}
		if in.Last.After(last) {
			last = in.Last
		}
	}
	return first, last
}

// claim is what was found, as one sentence in one language.
func claim(w *words, lang string, r *Report) string {
	if len(r.Groups) == 0 {
		return w.say(lang, "lead.none", number(r.Counts.Posts), number(r.Counts.Accounts))
	}
	return w.say(lang, "lead", number(len(r.Groups)), number(r.Counts.Posts), number(r.Counts.Accounts), number(grouped(r)))
}

// lead is the claim and the period in both languages.
func lead(w *words, r *Report) template.HTML {
	var text [2]string
	first, last := period(r)
	for i, lang := range langs() {
		text[i] = claim(w, lang, r)
		if !first.IsZero() && !last.IsZero() {
			if lang == "en" {
				text[i] += " "
			}
			text[i] += w.say(lang, "lead.period", date(lang, first), date(lang, last))
		}
	}
	return both(text[0], text[1])
}

// facts are the sizes of what was worked on.
func facts(w *words, r *Report) []fact {
	c := r.Counts
	var list []fact
	for _, f := range []struct {
		key string
		n   int64
	}{
		{"posts", c.Posts}, {"accounts", c.Accounts}, {"traces", c.Traces}, {"objects", c.Objects},
		{"pairs", c.Pairs}, {"edges.all", c.Edges}, {"significant", c.Significant}, {"groups", c.Groups},
	} {
		list = append(list, fact{w.markup[f.key], number(f.n)})
	}
	return list
}

// foot says what made the page, when, and how accounts are shown.
func foot(w *words, r *Report) template.HTML {
	key := "foot.pseudonym"
	if r.Named {
		key = "foot.named"
	}
	var text [2]string
	for i, lang := range langs() {
		text[i] = w.say(lang, "foot", clean(r.Version, 60), second(r.Generated), clean(r.Schema, 60), w.text(lang, key))
	}
	return both(text[0], text[1])
}

// heat is the table of groups by labels.
type heat struct {
	Labels []string
	Rows   []heatRow
}

type heatRow struct {
	ID    string
	Cells []heatCell
}

type heatCell struct {
	N     int64
	Level int // 0…5, the share of the row
}

// newHeat shades each cell by its share of the group, nil where there is no
// table.
func newHeat(r *Report) *heat {
	c := r.Check
	if len(c.Table) == 0 || len(c.Labels) == 0 {
		return nil
	}
	h := &heat{}
	for _, l := range c.Labels {
		h.Labels = append(h.Labels, clean(l, 60))
	}
	for i, row := range c.Table {
		v := heatRow{ID: "–"}
		if i < len(r.Groups) {
			v.ID = clean(r.Groups[i].ID, 20)
		}
		var sum int64
		for _, n := range row {
			sum += n
		}
		for _, n := range row {
			cell := heatCell{N: n}
			if n > 0 && sum > 0 {
				cell.Level = max(1, int(math.Ceil(float64(n)/float64(sum)*5)))
			}
			v.Cells = append(v.Cells, cell)
		}
		h.Rows = append(h.Rows, v)
	}
	return h
}

// anchor is the id of a group's section.
func anchor(group int) string { return "group-" + strconv.Itoa(group+1) }

// escape is html.EscapeString under a name that says what it is for.
func escape(s string) string { return html.EscapeString(s) }
