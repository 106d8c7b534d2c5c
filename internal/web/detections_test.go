package web

import (
	"bufio"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// TestBrowserDetections makes a detection, runs it and looks at what it did.
func TestBrowserDetections(t *testing.T) {
	site := webtest.New(t)
	w := newWorld(t, site.Auth, site.DB, false)
	site.Start(t, w)
	site.Run(t, "testdata/detections.cjs", map[string]any{
		"lead": site.Enter(t, auth.Lead), "analyst": site.Enter(t, auth.Analyst), "detection": w.Detection.ID, "run": w.Run.ID,
	})
}

// detectionForm is a form that is in order, with some fields changed.
func detectionFormWith(pairs ...string) string {
	v := url.Values{
		"name": {"毎日の確認"}, "behaviour": {"url", "text"}, "window": {"90"}, "unit": {"seconds"}, "group": {"４"}, "fdr": {"1%"},
		"ceiling": {"20,000"}, "q": {"platform:x"}, "range": {"days"}, "days": {"30"}, "schedule": {"daily"}, "enabled": {"1"},
	}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func TestDetections(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w, site := inboxWorld(t, db, false)
		lead := reader(t, w.Service, site, auth.Lead)
		analyst := reader(t, w.Service, site, auth.Analyst)
		fetch := func(path string, status int, parts ...string) string {
			t.Helper()
			got, body := lead(http.MethodGet, path, "")
			if got != status {
				t.Errorf("%s: %d, want %d", path, got, status)
			}
			for _, part := range parts {
				if !strings.Contains(body, part) {
					t.Errorf("%s does not say %q", path, part)
				}
			}
			for _, private := range []string{"private_person", "Hidden Name", "⟦"} {
				if strings.Contains(body, private) {
					t.Errorf("%s shows %q", path, private)
				}
			}
			return body
		}
		fetch("/detections", 200, "全投稿の協調行動", "At most 10 minutes", "/detections/"+w.Detection.ID+"/run")
		fetch("/detections/"+w.Detection.ID, 200, "/detections/runs/"+w.Run.ID, "Version 1")
		fetch("/detections/runs", 200, "/detections/runs/"+w.Run.ID)
		fetch("/detections/runs?state=failed", 200, "No run matches")
		fetch("/detections/runs?detection=other", 200, "No run matches")
		fetch("/detections/runs/"+w.Run.ID, 200, "/coordination?run="+w.Run.ID, "/inbox?run="+w.Run.ID, "What took no part", "The command line", "4 new")
		fetch("/detections/none", 404)
		fetch("/detections/runs/none", 404)
		fetch("/detections/edit/none", 404)
		if status, body := analyst(http.MethodGet, "/detections/"+w.Detection.ID, ""); status != 200 || !strings.Contains(body, "/run\"") || strings.Contains(body, "/edit/") || strings.Contains(body, "/delete") {
			t.Error("an analyst is offered changes, or no run")
		}

		// A form that is wrong comes again with what was typed and a sentence at
		// each field.
		for _, c := range []struct{ field, value, says string }{
			{"name", " ", "needs a name"},
			{"behaviour", "nonsense", "at least one behaviour"},
			{"window", "x", "a thousandth"},
			{"group", "1", "from 2"},
			{"fdr", "100", "above 0 and below 100"},
			{"ceiling", "1.5", "whole number"},
			{"q", `platform:(`, "field-error"},
			{"days", "0", "above 0"},
			{"schedule", "own", "Give a schedule"},
		} {
			status, body := lead(http.MethodPost, "/detections", detectionFormWith(c.field, c.value))
			if status != 422 || !strings.Contains(body, c.says) || !strings.Contains(body, "field-error") {
				t.Errorf("%s %q: %d, and it does not say %q", c.field, c.value, status, c.says)
			}
		}
		for _, c := range []struct{ cron, says string }{{"every day", "cannot be read: expected exactly 5 fields"}, {"0 0 30 2 *", "never comes"}, {"@every 1s", "more than once a minute"}} {
			if status, body := lead(http.MethodPost, "/detections", detectionFormWith("schedule", "own", "cron", c.cron)); status != 422 || !strings.Contains(body, c.says) {
				t.Errorf("the schedule %q: %d, and it does not say %q", c.cron, status, c.says)
			}
		}
		if status, body := lead(http.MethodPost, "/detections", detectionFormWith("range", "between", "from", "2026-02-01T00:00", "to", "2026-01-01T00:00")); status != 422 || !strings.Contains(body, "must come after") {
			t.Error("a range may end before it begins")
		}

		// Made, looked at, changed.
		if status, _ := lead(http.MethodPost, "/detections", detectionFormWith()); status != 303 {
			t.Fatalf("making a detection: %d", status)
		}
		d := detectionNamed(t, w, "毎日の確認")
		want := finding.Params{Behaviours: "url,text", WindowSeconds: 90, Ceiling: 20_000, FDR: 0.01, MinGroup: 4, Query: "platform:x", Range: finding.Range{LastDays: 30}}
		if d.Params != want || d.Schedule != "CRON_TZ=Asia/Tokyo 0 6 * * *" || !d.Enabled || d.Owner == "" {
			t.Errorf("saved: %+v %q", d.Params, d.Schedule)
		}
		fetch("/detections/"+d.ID, 200, "At most 90 seconds", "Same address, same text", "Every day at 06:00 (Asia/Tokyo)", "The last 30 days", "platform:x", "1%")
		form := fetch("/detections/edit/"+d.ID, 200, `value="90"`, `name="version" value="1"`)
		if !strings.Contains(form, `value="daily" checked`) || !strings.Contains(form, `value="days" checked`) {
			t.Error("the form does not say what is saved")
		}
		change := detectionFormWith("version", "1", "name", "変更後", "range", "between", "from", "2026-01-02T03:04", "ceiling", "")
		if status, _ := lead(http.MethodPost, "/detections/"+d.ID, change); status != 303 {
			t.Fatalf("changing a detection: %d", status)
		}
		d = detectionNamed(t, w, "変更後")
		if d.Ceiling != -1 || !d.Range.From.Equal(time.Date(2026, 1, 1, 18, 4, 0, 0, time.UTC)) || d.Parameters != 2 {
			t.Errorf("changed: %+v", d.Params)
		}
		fetch("/detections/"+d.ID, 200, "Version 2", "Version 1", "No ceiling")
		status, body := lead(http.MethodPost, "/detections/"+d.ID, detectionFormWith("version", "1", "name", "後から"))
		if status != http.StatusConflict || !strings.Contains(body, "後から") || !strings.Contains(body, "変更後") || !strings.Contains(body, `name="version" value="2"`) {
			t.Errorf("a conflict: %d", status)
		}
		if status, _ := lead(http.MethodPost, "/detections/"+d.ID+"/delete", "version=1"); status != http.StatusConflict {
			t.Errorf("deleting what was changed: %d", status)
		}

		// A run, followed to its end.
		if status, _ := lead(http.MethodPost, "/detections/"+d.ID+"/run", ""); status != 303 {
			t.Fatalf("running: %d", status)
		}
		runs, err := w.Findings.Runs(t.Context(), finding.RunFilter{Detection: d.ID})
		must(t, err)
		if len(runs) != 1 {
			t.Fatalf("%d runs", len(runs))
		}
		_, stream := lead(http.MethodGet, "/detections/runs/"+runs[0].ID+"/events", "")
		var last string
		for lines := bufio.NewScanner(strings.NewReader(stream)); lines.Scan(); {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				last = name
			}
		}
		if last != "done" || !strings.Contains(stream, `id="run-progress"`) {
			t.Errorf("the stream ends with %q", last)
		}
		fetch("/detections/runs/"+runs[0].ID, 200, "Done", "<dd>lead</dd>")
		if status, _ := lead(http.MethodPost, "/detections/runs/"+runs[0].ID+"/cancel", ""); status != 303 {
			t.Errorf("cancelling what has ended: %d", status)
		}
		if status, _ := lead(http.MethodPost, "/detections/"+d.ID+"/delete", "version=2"); status != 303 {
			t.Errorf("deleting: %d", status)
		}
		fetch("/detections/"+d.ID, 404)
		fetch("/detections/runs/"+runs[0].ID, 200, "変更後")
		for _, path := range []string{"/detections", "/detections/" + w.Detection.ID, "/detections/" + w.Detection.ID + "/delete"} {
			if status, _ := analyst(http.MethodPost, path, detectionFormWith("version", "1")); status != http.StatusForbidden {
				t.Errorf("an analyst posts to %s: %d", path, status)
			}
		}
	})
}

// detectionNamed gives the detection of a name.
func detectionNamed(t *testing.T, w *world, name string) finding.Detection {
	t.Helper()
	list, err := w.Findings.Detections(t.Context())
	must(t, err)
	for _, d := range list {
		if d.Name == name {
			return d
		}
	}
	t.Fatalf("there is no detection %q", name)
	return finding.Detection{}
}

// TestScheduleChoices says that what the form offers can be read and is told as
// the sentence that it stands for.
func TestScheduleChoices(t *testing.T) {
	for _, choice := range detectionSchedules {
		expr, ok := scheduleOf(choice, "Europe/London")
		if !ok {
			t.Errorf("%s is no choice", choice)
		}
		if m := clockSchedule.FindStringSubmatch(expr); (choice == "daily" || choice == "weekly") && (m == nil || m[1] != "Europe/London") {
			t.Errorf("%s: %q is not told", choice, expr)
		}
	}
	if _, ok := scheduleOf("own", "UTC"); ok {
		t.Error("one's own schedule is no choice")
	}
}

// TestWindowUnit says that a window is shown exactly.
func TestWindowUnit(t *testing.T) {
	for _, c := range []struct {
		seconds float64
		unit    string
		n       float64
	}{{600, "minutes", 10}, {90, "seconds", 90}, {7200, "hours", 2}, {0.5, "seconds", 0.5}, {3601, "seconds", 3601}, {86400, "hours", 24}} {
		if unit, n := windowUnit(c.seconds); unit != c.unit || n != c.n {
			t.Errorf("%g s: %g %s, want %g %s", c.seconds, n, unit, c.n, c.unit)
		}
	}
}
