package report

import (
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
)

// groupView is a group as the page shows it.
type groupView struct {
	G        *Group
	Index    int
	ID       string
	Anchor   string
	Class    string
	Open     bool
	Size     int
	Mark     template.HTML
	What     template.HTML // its behaviours, strongest first
	Why      template.HTML
	Counter  template.HTML
	Truth    string
	AnyTruth bool
	Expected string
	Ratio    string
	RatioV   string
	Gap      string
	GapV     string
	Bars     template.HTML
	Swatch   template.HTML // beside the observed number, in the colour of its bar
	Layers   []Layer
	Timeline *timeView
	Members  template.HTML
	Examples []exampleView
}

// exampleView is a pair of posts as the page shows it.
type exampleView struct {
	Head   template.HTML
	Object string
	Posts  [2]postView
}

// postView is what the page shows of a post.
type postView struct {
	Account, Platform, ID, Time, Lang, Text, Origin string
	Synthetic                                       bool
}

// groupViews prepares all groups.
func groupViews(w *words, r *Report) []*groupView {
	list := make([]*groupView, len(r.Groups))
	mark := marks()
	for i := range r.Groups {
		g := &r.Groups[i]
		c := colour(i)
		v := &groupView{
			G: g, Index: i, ID: clean(g.ID, 20), Anchor: anchor(i), Open: i < openGroups,
			Class: "g" + strconv.Itoa(c), Mark: mark[c], Size: len(g.Accounts),
			What: what(w, g.Behaviours), Why: sentence(g.Why), Counter: sentence(g.Counter),
			Truth: clean(g.Truth, 80), Expected: amount(g.Expected), Layers: g.Behaviours,
			Gap: span(g.MedianGap), GapV: figure(g.MedianGap),
			Swatch: swatch("c" + strconv.Itoa(c)),
			Bars:   bars(c, float64(g.Occasions), g.Expected), Timeline: newTimeView(w, &g.Timeline, c),
		}
		v.Ratio, v.RatioV = ratio(g)
		for j := range g.Accounts {
			v.AnyTruth = v.AnyTruth || g.Accounts[j].Truth != ""
		}
		v.Members = members(g.Accounts, v.AnyTruth)
		for j := range g.Examples {
			v.Examples = append(v.Examples, newExample(w, &g.Examples[j]))
		}
		list[i] = v
	}
	return list
}

// ratio is observed over expected, to show and to sort by.
func ratio(g *Group) (shown, value string) {
	if g.Expected <= 0 || math.IsNaN(g.Expected) {
		return "–", "0"
	}
	q := float64(g.Occasions) / g.Expected
	return "×" + amount(q), figure(q)
}

// what names up to three behaviours of a group, most co-actions first.
func what(w *words, layers []Layer) template.HTML {
	best := make([]int, 0, 3)
	for len(best) < min(3, len(layers)) {
		top := -1
		for i := range layers {
			if taken(best, i) || top >= 0 && layers[i].CoActions <= layers[top].CoActions {
				continue
			}
			top = i
		}
		best = append(best, top)
	}
	var b strings.Builder
	for i, at := range best {
		if i > 0 {
			b.WriteString(" · ")
		}
		b.WriteString(string(w.named("behaviour", layers[at].Behaviour)))
	}
	return template.HTML(b.String())
}

func taken(list []int, i int) bool {
	return slices.Contains(list, i)
}

// members are the rows of the accounts table. There are as many as accounts
// in all groups, so they are written without the template, and without the
// quotes and end tags that HTML lets one leave out.
func members(list []Member, truth bool) template.HTML {
	var b strings.Builder
	b.Grow(len(list) * 96)
	for i := range list {
		m := &list[i]
		b.WriteString(`<tr><th scope=row class=acc>`)
		b.WriteString(escape(clean(m.Account, maxLabel)))
		b.WriteString(`<td class=n>`)
		b.WriteString(number(m.Posts))
		b.WriteString(`<td class=n>`)
		b.WriteString(number(m.Partners))
		b.WriteString(`<td class=n>`)
		b.WriteString(decimal(m.Score, 3))
		if truth {
			b.WriteString(`<td class=acc>`)
			b.WriteString(escape(clean(m.Truth, 80)))
		}
		b.WriteByte('\n')
	}
	return template.HTML(b.String())
}

// newExample prepares a pair of posts.
func newExample(w *words, e *Example) exampleView {
	name := e.Behaviour
	word, ok := w.byKey["behaviour."+name]
	if !ok {
		word.ja, word.en = clean(name, 60), clean(name, 60)
	}
	v := exampleView{
		Head:   both(w.say("ja", "examples.head", word.ja, spanIn("ja", e.Gap)), w.say("en", "examples.head", word.en, spanIn("en", e.Gap))),
		Object: clean(e.Object, 200),
	}
	for i := range e.Posts {
		p := &e.Posts[i]
		v.Posts[i] = postView{
			Account: clean(p.Account, maxLabel), Platform: clean(p.Platform, 40), ID: clean(p.ID, 80),
			Time: second(p.Time), Lang: language(p.Lang), Text: clean(p.Text, maxText),
			Origin: clean(p.Origin, 200), Synthetic: p.Synthetic,
		}
	}
	return v
}

// bars set the observed number against the expected one on the same scale.
func bars(c int, observed, expected float64) template.HTML {
	if !(expected >= 0) || math.IsInf(expected, 0) {
		return ""
	}
	top := math.Max(observed, expected)
	if top <= 0 {
		return ""
	}
	share := func(f float64) string { return strconv.FormatFloat(math.Max(f/top*100, 0.2), 'f', 1, 64) }
	return template.HTML(`<svg class="bars" aria-hidden="true"><rect class="c` + strconv.Itoa(c) + `" width="` + share(observed) +
		`%" height="9"/><rect class="base" y="12" width="` + share(expected) + `%" height="9"/></svg>`)
}

// swatch is a small square in the colour of a class.
func swatch(class string) template.HTML {
	return template.HTML(`<svg class="sw ` + class + `" aria-hidden="true"><rect width="10" height="10"/></svg>`)
}

// figure writes a number for machines: to sort by, and for the script.
func figure(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "0"
	}
	return strconv.FormatFloat(f, 'g', 4, 64)
}
