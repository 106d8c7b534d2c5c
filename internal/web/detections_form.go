package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/width"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/enrich"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/job"
	"github.com/akashi-project/akashi/internal/query"
)

// detectionForm is the form of a detection, and what is wrong with it.
type detectionForm struct {
	Detection finding.Detection
	// New says that the detection is not there yet; Action is where the
	// form posts to.
	New    bool
	Action string
	Title  string
	// Problem says what is wrong with the whole; Now is how the detection is
	// saved where somebody was faster.
	Problem string
	Now     []detectionWord

	Name, Window, Group, FDR, Ceiling, Query, Days, From, To, Cron Field

	Units, Ranges, Schedules, Behaviours []inboxChoice
	BehavioursError, RangeError          string
	Enabled                              bool
	Back                                 string
}

// formTime is how the browser writes a time.
const formTime = "2006-01-02T15:04"

// detectionFormOf shows a detection, as it is saved, in a form.
func (s *Server) detectionFormOf(r *http.Request, d *finding.Detection) *detectionForm {
	unit, n := windowUnit(d.WindowSeconds)
	v := url.Values{
		"name": {d.Name}, "behaviour": strings.Split(d.Behaviours, ","), "window": {number(n)}, "unit": {unit},
		"group": {strconv.Itoa(d.MinGroup)}, "fdr": {number(d.FDR * 100)}, "q": {d.Query}, "range": {"all"}, "version": {strconv.FormatInt(d.Version, 10)},
	}
	if d.Ceiling > 0 {
		v.Set("ceiling", strconv.Itoa(d.Ceiling))
	}
	if d.Enabled {
		v.Set("enabled", "1")
	}
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(location(r)).Format(formTime)
	}
	switch {
	case d.Range.LastDays > 0:
		v.Set("range", "days")
		v.Set("days", number(d.Range.LastDays))
	case !d.Range.From.IsZero() || !d.Range.To.IsZero():
		v.Set("range", "between")
		v.Set("from", at(d.Range.From))
		v.Set("to", at(d.Range.To))
	}
	v.Set("schedule", "own")
	v.Set("cron", d.Schedule)
	for _, choice := range detectionSchedules {
		if expr, _ := scheduleOf(choice, zoneOf(r)); expr == d.Schedule {
			v.Set("schedule", choice)
			v.Del("cron")
		}
	}
	return s.detectionFields(r, d, v, nil)
}

// number writes a number as a form shows it: without the dust of binary
// fractions.
func number(x float64) string { return strconv.FormatFloat(x, 'g', 10, 64) }

// detectionFields makes a form of what was typed, with a sentence at each field
// that is wrong.
//
// i18n: detections.unit.name.*
// i18n: detections.range.choice.*
// i18n: detections.schedule.choice.*
func (s *Server) detectionFields(r *http.Request, d *finding.Detection, v url.Values, wrong map[string]string) *detectionForm {
	field := func(name, label, help string) Field {
		f := Field{ID: "detection-" + name, Name: name, Label: s.say(r, label), Type: "text", Value: v.Get(name), Error: wrong[name], Longest: 200, Complete: "off"}
		if help != "" {
			f.Help = s.say(r, help)
		}
		return f
	}
	f := &detectionForm{
		Detection: *d, New: d.ID == "", Action: "/detections", Title: s.say(r, "detections.new"), Enabled: v.Get("enabled") != "",
		Name:    field("name", "detections.name", ""),
		Window:  field("window", "detections.window", "detections.window.help"),
		Group:   field("group", "detections.group", "detections.group.help"),
		FDR:     field("fdr", "detections.fdr.field", "detections.fdr.help"),
		Ceiling: field("ceiling", "detections.ceiling", "detections.ceiling.help"),
		Query:   field("q", "detections.query", "detections.query.help"),
		Days:    field("days", "detections.range.days.field", ""),
		From:    field("from", "detections.range.from.field", ""),
		To:      field("to", "detections.range.to.field", ""),
		Cron:    field("cron", "detections.schedule.own", "detections.schedule.own.help"),

		BehavioursError: wrong["behaviour"], RangeError: wrong["range"], Problem: wrong[""], Back: "/detections",
	}
	f.Query.Longest = 2000
	f.Name.Needed = true
	f.From.Type, f.To.Type = "datetime-local", "datetime-local"
	if !f.New {
		f.Action, f.Back, f.Title = "/detections/"+d.ID, "/detections/"+d.ID, s.say(r, "detections.edit")
	}
	for _, name := range enrich.All.Names() {
		f.Behaviours = append(f.Behaviours, inboxChoice{name, s.behaviourName(r, name), slices.Contains(v["behaviour"], name)})
	}
	for _, u := range detectionUnits {
		f.Units = append(f.Units, inboxChoice{u.name, s.say(r, "detections.unit.name."+u.name), v.Get("unit") == u.name})
	}
	for _, x := range []string{"all", "days", "between"} {
		f.Ranges = append(f.Ranges, inboxChoice{x, s.say(r, "detections.range.choice."+x), v.Get("range") == x})
	}
	for _, x := range append(slices.Clone(detectionSchedules), "own") {
		f.Schedules = append(f.Schedules, inboxChoice{x, s.say(r, "detections.schedule.choice."+x, "zone", zoneOf(r)), v.Get("schedule") == x})
	}
	return f
}

// typed reads a number that somebody typed: with full-width digits or
// separators of thousands, too.
func typed(s string) (float64, error) {
	s = strings.NewReplacer(",", "", "%", "", " ", "").Replace(width.Fold.String(strings.TrimSpace(s)))
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("reading a number: %w", err)
	}
	return x, nil
}

// detectionReader reads a form field by field and gathers what is wrong.
type detectionReader struct {
	s     *Server
	r     *http.Request
	v     url.Values
	wrong map[string]string
}

func (x *detectionReader) bad(field, key string, args ...any) {
	if x.wrong[field] == "" {
		x.wrong[field] = x.s.say(x.r, key, args...)
	}
}

// count reads a whole number from low to high.
func (x *detectionReader) count(field string, low, high int) int {
	n, err := typed(x.v.Get(field))
	if err != nil || n != float64(int64(n)) || n < float64(low) || n > float64(high) {
		x.bad(field, "detections.wrong.count", "low", low, "high", high)
		return low
	}
	return int(n)
}

// readDetection reads a form onto a detection. The map says what is wrong, by
// field.
func (s *Server) readDetection(r *http.Request, d *finding.Detection) map[string]string {
	x := &detectionReader{s: s, r: r, v: r.PostForm, wrong: map[string]string{}}
	if d.Name = strings.TrimSpace(x.v.Get("name")); d.Name == "" {
		x.bad("name", "detections.wrong.name")
	} else if len(d.Name) > 200 {
		x.bad("name", "detections.wrong.name.long")
	}
	d.Behaviours = strings.Join(x.v["behaviour"], ",")
	if len(x.v["behaviour"]) == 0 {
		x.bad("behaviour", "detections.wrong.behaviour")
	} else if _, err := enrich.ParseBehaviours(d.Behaviours); err != nil {
		x.bad("behaviour", "detections.wrong.behaviour")
	}
	x.window(d)
	d.MinGroup = x.count("group", 2, 1_000_000)
	if d.Ceiling = -1; strings.TrimSpace(x.v.Get("ceiling")) != "" {
		d.Ceiling = x.count("ceiling", 2, 1_000_000_000)
	}
	share, err := typed(x.v.Get("fdr"))
	if d.FDR = share / 100; err != nil || !(d.FDR > 0 && d.FDR < 1) {
		x.bad("fdr", "detections.wrong.fdr")
	}
	d.Query = strings.TrimSpace(x.v.Get("q"))
	var syntax *query.SyntaxError
	if _, err := query.ParseAt(d.Query, s.Now(), location(r)); d.Query != "" && errors.As(err, &syntax) {
		x.wrong["q"] = syntax.Message(s.langOf(r))
	} else if d.Query != "" && err != nil {
		x.bad("q", "detections.wrong.query")
	}
	x.span(d)
	x.schedule(d)
	d.Enabled = x.v.Get("enabled") != ""
	return x.wrong
}

// window reads the window.
func (x *detectionReader) window(d *finding.Detection) {
	n, err := typed(x.v.Get("window"))
	for _, u := range detectionUnits {
		if u.name == x.v.Get("unit") {
			n *= u.seconds
		}
	}
	if d.WindowSeconds = n; err != nil || !(n >= 0.001 && n <= 30*86400) {
		x.bad("window", "detections.wrong.window")
	}
}

// span reads the range of time.
func (x *detectionReader) span(d *finding.Detection) {
	d.Range = finding.Range{}
	switch x.v.Get("range") {
	case "days":
		n, err := typed(x.v.Get("days"))
		if d.Range.LastDays = n; err != nil || !(n > 0 && n <= 36_600) {
			x.bad("days", "detections.wrong.days")
		}
	case "between":
		for _, bound := range []struct {
			field string
			to    *time.Time
		}{{"from", &d.Range.From}, {"to", &d.Range.To}} {
			text := x.v.Get(bound.field)
			if text == "" {
				continue
			}
			t, err := time.ParseInLocation(formTime, text, location(x.r))
			if err != nil {
				x.bad(bound.field, "detections.wrong.time")
				continue
			}
			*bound.to = t.UTC()
		}
		if d.Range.From.IsZero() && d.Range.To.IsZero() {
			x.bad("from", "detections.wrong.bounds")
		}
		if !d.Range.From.IsZero() && !d.Range.To.IsZero() && !d.Range.From.Before(d.Range.To) {
			x.bad("to", "detections.wrong.order")
		}
	}
}

// schedule reads when it runs.
func (x *detectionReader) schedule(d *finding.Detection) {
	var offered bool
	if d.Schedule, offered = scheduleOf(x.v.Get("schedule"), zoneOf(x.r)); offered {
		return
	}
	d.Schedule = strings.TrimSpace(x.v.Get("cron"))
	if d.Schedule == "" {
		x.bad("cron", "detections.wrong.schedule.empty")
		return
	}
	when, err := job.ParseSchedule(d.Schedule)
	if err != nil {
		why := err
		if inner := errors.Unwrap(err); inner != nil {
			why = inner
		}
		x.bad("cron", "detections.wrong.schedule", "why", why.Error())
		return
	}
	first := job.Next(when, x.s.Now())
	if first.IsZero() {
		x.bad("cron", "detections.wrong.schedule.never")
	} else if job.Next(when, first).Sub(first) < time.Minute {
		x.bad("cron", "detections.wrong.schedule.often")
	}
}

// newDetection shows the form with what is usual.
func (s *Server) newDetection(w http.ResponseWriter, r *http.Request) error {
	d := finding.Detection{Enabled: true}
	d.Behaviours, d.WindowSeconds, d.Ceiling = finding.DefaultBehaviours.String(), coordination.DefaultWindow.Seconds(), coordination.DefaultCeiling
	d.FDR, d.MinGroup = 0.05, 3
	return s.showDetectionForm(w, r, 0, s.detectionFormOf(r, &d))
}

func (s *Server) showDetectionForm(w http.ResponseWriter, r *http.Request, status int, f *detectionForm) error {
	return s.page(w, r, "detection-form", Page{Status: status, Title: f.Title, Data: f, Place: "/detections"})
}

// editDetection shows the form of a detection.
func (s *Server) editDetection(w http.ResponseWriter, r *http.Request) error {
	d, err := s.Findings.Detection(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.showDetectionForm(w, r, 0, s.detectionFormOf(r, &d))
}

// addDetection saves a new detection.
func (s *Server) addDetection(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return invalid("detections.wrong.form")
	}
	d := finding.Detection{Owner: auth.Of(r.Context()).ID}
	if wrong := s.readDetection(r, &d); len(wrong) > 0 {
		return s.showDetectionForm(w, r, http.StatusUnprocessableEntity, s.detectionFields(r, &d, r.PostForm, wrong))
	}
	made, err := s.Findings.AddDetection(r.Context(), d)
	if errors.Is(err, finding.ErrInvalid) {
		return s.showDetectionForm(w, r, http.StatusUnprocessableEntity, s.detectionFields(r, &d, r.PostForm, map[string]string{"": s.say(r, "detections.wrong.form")}))
	}
	if err != nil {
		return err
	}
	return s.done(w, r, Done{To: "/detections/" + made.ID, Key: "detections.added"})
}

// changeDetection saves a detection anew. Where somebody was faster, the form is
// shown again as it was typed, with what is saved now beside it.
func (s *Server) changeDetection(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return invalid("detections.wrong.form")
	}
	now, err := s.Findings.Detection(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	d := now
	d.Version, err = strconv.ParseInt(r.PostForm.Get("version"), 10, 64)
	if err != nil {
		d.Version = 0
	}
	if wrong := s.readDetection(r, &d); len(wrong) > 0 {
		return s.showDetectionForm(w, r, http.StatusUnprocessableEntity, s.detectionFields(r, &d, r.PostForm, wrong))
	}
	_, err = s.Findings.ChangeDetection(r.Context(), d)
	switch {
	case errors.Is(err, casestore.ErrConflict):
		if now, err = s.Findings.Detection(r.Context(), d.ID); err != nil {
			return err
		}
		d.Version = now.Version
		f := s.detectionFields(r, &d, r.PostForm, map[string]string{"": s.say(r, "detections.conflict")})
		f.Now = append([]detectionWord{{Label: s.say(r, "detections.name"), Text: now.Name}}, s.paramsInWords(r, &now.Params)...)
		f.Now = append(f.Now, detectionWord{Label: s.say(r, "detections.schedule"), Text: s.scheduleInWords(r, now.Schedule)})
		return s.showDetectionForm(w, r, http.StatusConflict, f)
	case errors.Is(err, finding.ErrInvalid):
		return s.showDetectionForm(w, r, http.StatusUnprocessableEntity, s.detectionFields(r, &d, r.PostForm, map[string]string{"": s.say(r, "detections.wrong.form")}))
	case err != nil:
		return err
	}
	return s.done(w, r, Done{To: "/detections/" + d.ID, Key: "detections.changed"})
}
