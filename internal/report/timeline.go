package report

import (
	"html/template"
	"strconv"
	"strings"
	"time"
)

// maxBins is how many bars a timeline has at most; more are added together.
const maxBins = 120

// timeView is a timeline as picture and as table.
type timeView struct {
	SVG  template.HTML
	Note template.HTML
	Rows []timeRow
}

// timeRow is one bin in which something happened.
type timeRow struct {
	At               time.Time
	Posts, CoActions int64
}

// newTimeView draws a timeline, nil where there is nothing to draw.
func newTimeView(w *words, t *Timeline, c int) *timeView {
	n := max(len(t.Posts), len(t.CoActions))
	if n == 0 || t.Bin <= 0 || t.Start.IsZero() {
		return nil
	}
	per := (n + maxBins - 1) / maxBins
	posts, co := rebin(t.Posts, n, per), rebin(t.CoActions, n, per)
	n = len(posts)
	width := time.Duration(t.Bin) * time.Duration(per) * time.Second
	end := t.Start.Add(width * time.Duration(n))
	v := &timeView{Note: both(
		w.say("ja", "timeline.note", spanIn("ja", width.Seconds()), minute(t.Start), minute(end)),
		w.say("en", "timeline.note", spanIn("en", width.Seconds()), minute(t.Start), minute(end)))}
	for i := range posts {
		if posts[i] != 0 || co[i] != 0 {
			v.Rows = append(v.Rows, timeRow{t.Start.Add(width * time.Duration(i)), posts[i], co[i]})
		}
	}
	var b strings.Builder
	b.WriteString(`<svg height="164" role="img" data-label="timeline.label"`)
	b.WriteString(string(w.labels["timeline.label"]))
	b.WriteString(`>`)
	band(&b, w, "posts", "posts", posts, 12)
	band(&b, w, "coactions", "c"+strconv.Itoa(c), co, 82)
	ticks(&b, t.Start, end)
	b.WriteString(`</svg>`)
	v.SVG = template.HTML(b.String())
	return v
}

// rebin adds every per bins of n together.
func rebin(list []int64, n, per int) []int64 {
	out := make([]int64, (n+per-1)/per)
	for i, v := range list {
		out[i/per] += v
	}
	return out
}

// band draws one row of bars under its name and its highest value.
func band(b *strings.Builder, w *words, key, class string, list []int64, y int) {
	const height = 46
	var top int64
	for _, v := range list {
		top = max(top, v)
	}
	ja := w.text("ja", key) + " · " + w.say("ja", "max", number(top))
	en := w.text("en", key) + " · " + w.say("en", "max", number(top))
	b.WriteString(`<text y="` + strconv.Itoa(y) + `"><tspan lang=ja>` + escape(ja) +
		`</tspan><tspan lang=en>` + escape(en) + `</tspan></text>`)
	base := strconv.Itoa(y + 6 + height)
	if top > 0 {
		b.WriteString(`<svg y="` + strconv.Itoa(y+6) + `" width="100%" height="46" viewBox="0 0 ` + strconv.Itoa(len(list)) +
			` 46" preserveAspectRatio="none"><path class="` + class + `" d="`)
		for i, v := range list {
			if v > 0 {
				h := max(1, float64(v)/float64(top)*height)
				b.WriteString("M" + strconv.Itoa(i) + " 46v-" + strconv.FormatFloat(h, 'f', 1, 64) + "h.84V46")
			}
		}
		b.WriteString(`"/></svg>`)
	}
	b.WriteString(`<line class="ax" y1="` + base + `" y2="` + base + `" x2="100%"/>`)
}

// steps are the distances between ticks that people read easily.
func steps() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{
		time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute,
		time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day, 14 * day, 28 * day, 91 * day, 364 * day, 3640 * day,
	}
}

// ticks writes the times under the bars, at round times in UTC; every other
// one goes on narrow screens.
func ticks(b *strings.Builder, start, end time.Time) {
	const most = 7
	whole := end.Sub(start)
	list := steps()
	step := list[len(list)-1]
	for _, s := range list {
		if whole/s <= most {
			step = s
			break
		}
	}
	form := "01-02" // the year stands in the note
	switch {
	case step > 28*24*time.Hour:
		form = "2006-01"
	case step < time.Minute:
		form = "15:04:05"
	case step < 24*time.Hour:
		form = "01-02 15:04"
	}
	at := start.UTC().Truncate(step)
	if at.Before(start) {
		at = at.Add(step)
	}
	for i := 0; !at.After(end); i, at = i+1, at.Add(step) {
		share := float64(at.Sub(start)) / float64(whole)
		x := strconv.FormatFloat(share*100, 'f', 2, 64) + "%"
		where, class, edge := "middle", "tlab", 0.011*float64(len(form))
		switch {
		case share < edge:
			where = "start"
		case share > 1-edge:
			where = "end"
		}
		if i%2 == 1 {
			class = "tlab odd"
		}
		b.WriteString(`<line class="ax" x1="` + x + `" x2="` + x + `" y1="134" y2="139"/><text class="` + class + `" x="` + x +
			`" y="154" text-anchor="` + where + `">` + at.Format(form) + `</text>`)
	}
}
