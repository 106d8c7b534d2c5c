package web

import (
	"errors"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/i18n"
	"github.com/akashi-project/akashi/internal/report"
)

// findingLink is the address of a finding's own page.
func findingLink(f *finding.Finding) string { return "/findings/" + url.PathEscape(f.Short) }

// inboxRow is a finding as a row of the list at the address base.
func (s *Server) inboxRow(r *http.Request, base *url.URL, names map[string]auth.Colleague, f *finding.Finding, sort finding.Sort) Row {
	lang := s.langOf(r)
	row := Row{
		ID: f.ID, Box: f.ID + "." + strconv.FormatInt(f.Version, 10), Link: findingLink(f), Panel: inboxOpen(base, f.ID),
		Level: levelOf(f.Risk.Value), LevelText: s.measureText(r, "risk", f.Risk.Value), Title: f.Why[lang], Sub: s.inboxSub(r, f),
		Time: f.Last, Owner: names[f.Owner].Name, State: s.stateName(r, f.State), New: f.State == finding.StateNew,
		Open: base.Query().Get("open") == f.ID || base.Query().Get("open") == f.Short, Spark: s.inboxSpark(r, f),
		Facts: []Fact{
			{Name: s.say(r, "words.measure.risk"), Value: s.inboxMark(r, f.Risk.Value)},
			{Name: s.say(r, "words.measure.novelty"), Value: s.inboxMark(r, f.Novelty.Value)},
			{Name: s.say(r, "words.measure.tempo"), Value: s.inboxMark(r, f.Tempo.Value)},
			{Name: s.say(r, "inbox.fact.accounts"), Value: inboxNumber(lang, int64(f.Accounts)), Link: findingLink(f) + "#accounts"},
			{Name: s.say(r, "inbox.fact.posts"), Value: inboxNumber(lang, f.Posts), Link: findingLink(f) + "#timeline"},
			{Name: s.say(r, "inbox.fact.coactions"), Value: inboxNumber(lang, f.CoActions), Link: findingLink(f) + "#evidence"},
		},
	}
	if sort == finding.ByUpdated {
		row.Time = f.Updated
	}
	if s.policy.May(auth.Of(r.Context()), auth.FindingTriage) {
		post := func(pairs ...string) string {
			q := url.Values{"version": {strconv.FormatInt(f.Version, 10)}}
			for i := 0; i < len(pairs); i += 2 {
				q.Set(pairs[i], pairs[i+1])
			}
			return "/findings/" + f.ID + "/triage?" + q.Encode()
		}
		row.Keys = map[string]string{"e": post("state", string(finding.StateTriaged)), "a": post("owner", "me")}
	}
	return row
}

// inboxOpen is the address of the list with the panel of a finding open.
func inboxOpen(base *url.URL, id string) string {
	q := base.Query()
	q.Set("open", id)
	return (&url.URL{Path: base.Path, RawQuery: q.Encode()}).String()
}

// inboxNumber writes a count.
func inboxNumber(lang string, n int64) template.HTML {
	return template.HTML(template.HTMLEscapeString(i18n.Number(lang, n))) //nolint:gosec // escaped
}

// measureText says a measure with its level: "Risk: high (0.72)".
//
// i18n: words.measure.*
// i18n: words.level.*
func (s *Server) measureText(r *http.Request, name string, v float64) string {
	level := levelOf(v)
	if level == "" {
		level = "low"
	}
	return s.say(r, "inbox.measure", "measure", s.say(r, "words.measure."+name), "level", s.say(r, "words.level."+level),
		"value", strconv.FormatFloat(v, 'f', 2, 64))
}

// inboxMark draws a measure as its level, one to three bars, and its value.
func (s *Server) inboxMark(r *http.Request, v float64) template.HTML {
	level := levelOf(v)
	full := map[string]int{"low": 1, "middle": 2, "high": 3}[level]
	var b strings.Builder
	b.WriteString(`<svg class="meter" viewBox="0 0 16 12" width="16" height="12" aria-hidden="true">`)
	for i := range 3 {
		class := ""
		if i < full {
			class = ` class="on"`
		}
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="4" height="%d"%s/>`, 6*i, 8-4*i, 4+4*i, class)
	}
	b.WriteString(`</svg>`)
	if level == "" {
		level = "low"
	}
	fmt.Fprintf(&b, `%.2f <span class="visually-hidden">%s</span>`, v, template.HTMLEscapeString(s.say(r, "words.level."+level)))
	return template.HTML(b.String()) //nolint:gosec // numbers, and a sentence that was escaped
}

// inboxSub is a row's second line: the name, what the accounts did alike, where,
// in which languages.
func (s *Server) inboxSub(r *http.Request, f *finding.Finding) string {
	parts := []string{f.Short}
	if len(f.Behaviours) > 0 {
		parts = append(parts, s.behaviourList(r, f.Behaviours, 3))
	}
	if len(f.Platforms) > 0 {
		parts = append(parts, s.inboxNamed(r, f.Platforms, 3, nil))
	}
	if len(f.Languages) > 0 {
		parts = append(parts, s.inboxNamed(r, f.Languages, 3, s.inboxLanguage))
	}
	if f.Synthetic {
		parts = append(parts, s.say(r, "inbox.synthetic"))
	}
	return strings.Join(parts, " · ")
}

// inboxLanguage names a post's language; what is no tag of one is not known,
// whatever a source wrote there.
func (s *Server) inboxLanguage(r *http.Request, tag string) string {
	if languageTag(tag) == "und" {
		return s.say(r, "inbox.language.unknown")
	}
	return languageName(s.langOf(r), tag)
}

// inboxNamed lists the first of some names, as the reader's language does.
func (s *Server) inboxNamed(r *http.Request, names []string, most int, name func(*http.Request, string) string) string {
	var out []string
	for i, n := range names {
		if i == most {
			out = append(out, s.say(r, "inbox.more", "count", len(names)-most))
			break
		}
		if name != nil {
			n = name(r, n)
		}
		out = append(out, n)
	}
	separator := ", "
	if s.langOf(r) == "ja" {
		separator = "、"
	}
	return strings.Join(out, separator)
}

// behaviourList lists the first of some behaviours, as one phrase: "Same address,
// same text".
func (s *Server) behaviourList(r *http.Request, names []string, most int) string {
	begun := false
	return s.inboxNamed(r, names, most, func(r *http.Request, name string) string {
		text := s.behaviourName(r, name)
		if begun && text != "" && text[0] < utf8.RuneSelf { // Japanese has no such letters
			text = strings.ToLower(text[:1]) + text[1:]
		}
		begun = true
		return text
	})
}

// inboxSpark draws the 24 hours that end with the group's last post.
func (s *Server) inboxSpark(r *http.Request, f *finding.Finding) *Sparkline {
	if len(f.Spark.Counts) == 0 {
		return nil
	}
	var sum, most int64
	at := 0
	out := &Sparkline{}
	for i, n := range f.Spark.Counts {
		sum += n
		if n > most {
			most, at = n, i
		}
		out.Values = append(out.Values, float64(n))
	}
	const layout = "2006-01-02 15:04"
	where := location(r)
	out.Label = s.say(r, "inbox.spark", "count", sum, "most", most,
		"end", f.Spark.Start.Add(time.Duration(len(f.Spark.Counts))*time.Hour).In(where).Format(layout),
		"peak", f.Spark.Start.Add(time.Duration(at)*time.Hour).In(where).Format(layout))
	return out
}

// inboxPanelView is a finding in short.
type inboxPanelView struct {
	Finding             *finding.Finding
	Link, Detection     string
	Why, Counter        string
	State, Reason       string
	Owner               string
	Measures            []inboxMeasure
	Behaviours          []inboxBehaviour
	Platforms, Langs    string
	Notes               int
	May, Mine, Owned    bool
	Back                string
	Reasons             []inboxChoice
	CanTriage, CanReset bool
}

// inboxMeasure is a measure with its parts in sentences.
type inboxMeasure struct {
	Name, Label string
	Mark        template.HTML
	Level       string
	Parts       []inboxPart
}

type inboxPart struct {
	Text   string
	Value  float64
	Weight float64
}

// inboxBehaviour is a behaviour with what the group's newest snapshot counts of
// it; Counted is false where the snapshot is gone.
type inboxBehaviour struct {
	Name    string
	Counted bool
	report.Layer
}

// inboxPanel gathers the short view of a finding, beside the list at the address
// back.
func (s *Server) inboxPanel(r *http.Request, names map[string]auth.Colleague, id, back string) (*inboxPanelView, error) {
	f, err := s.Findings.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	lang, who := s.langOf(r), auth.Of(r.Context())
	v := &inboxPanelView{
		Finding: &f, Link: findingLink(&f), Why: f.Why[lang], Counter: f.Counter[lang], State: s.stateName(r, f.State),
		Owner: names[f.Owner].Name, May: s.policy.May(who, auth.FindingTriage), Mine: f.Owner == who.ID, Owned: f.Owner != "",
		Platforms: s.inboxNamed(r, f.Platforms, 8, nil), Langs: s.inboxNamed(r, f.Languages, 8, s.inboxLanguage),
		Back: back, Reasons: s.inboxReasons(r, ""),
		CanTriage: f.State != finding.StateTriaged, CanReset: f.State == finding.StateDismissed || f.State == finding.StateTriaged,
	}
	if s.may(who, http.MethodGet, "/detections/{id}") {
		v.Detection = "/detections/" + url.PathEscape(f.Detection)
	}
	if f.State == finding.StateDismissed {
		v.Reason = s.reasonName(r, f.Reason)
	}
	for _, m := range []struct {
		name string
		finding.Measure
	}{{"risk", f.Risk}, {"novelty", f.Novelty}, {"tempo", f.Tempo}} {
		x := inboxMeasure{Name: m.name, Label: s.say(r, "words.measure."+m.name), Mark: s.inboxMark(r, m.Value), Level: levelOf(m.Value)}
		for _, p := range m.Parts {
			x.Parts = append(x.Parts, inboxPart{Text: p.Means()[lang], Value: math.Round(p.Value*100) / 100, Weight: p.Weight})
		}
		v.Measures = append(v.Measures, x)
	}
	notes, err := s.Findings.Notes(r.Context(), f.ID)
	if err != nil {
		return nil, err
	}
	v.Notes = len(notes)
	snapshot, err := s.Findings.Snapshot(r.Context(), f.ID, 0)
	switch {
	case errors.Is(err, casestore.ErrNotFound):
		for _, name := range f.Behaviours {
			v.Behaviours = append(v.Behaviours, inboxBehaviour{Name: s.behaviourName(r, name)})
		}
	case err != nil:
		return nil, err
	default:
		for _, l := range snapshot.Behaviours {
			v.Behaviours = append(v.Behaviours, inboxBehaviour{Name: s.behaviourName(r, l.Behaviour), Counted: true, Layer: l})
		}
	}
	return v, nil
}
