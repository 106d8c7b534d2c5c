package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// told has a rule raise an alert of what is there.
func (w *world) told(t *testing.T) {
	t.Helper()
	must(t, w.Alerts.Look(casestore.WithActor(t.Context(), "system")))
}

// TestBrowserAlerts makes a rule by its form, and acknowledges what it raises.
func TestBrowserAlerts(t *testing.T) {
	site := webtest.New(t)
	w := newWorld(t, site.Auth, site.DB, false)
	w.acting(t)
	site.Start(t, w)
	done := make(chan struct{})
	go func() { // as the running service does, until the journey ends
		for {
			select {
			case <-done:
				return
			default:
				if err := w.Alerts.Look(casestore.WithActor(t.Context(), "system")); err != nil && t.Context().Err() == nil {
					t.Error(err)
					return
				}
			}
		}
	}()
	defer close(done)
	site.Run(t, "testdata/alerts.cjs", map[string]any{"analyst": site.Enter(t, auth.Analyst)})
}

func TestAlerts(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w, site := inboxWorld(t, db, false)
		f := w.acting(t)
		analyst := reader(t, w.Service, site, auth.Analyst)
		communicator := reader(t, w.Service, site, auth.Communicator)
		viewer := reader(t, w.Service, site, auth.Viewer)
		post := func(path string, want int, pairs ...string) string {
			t.Helper()
			v := url.Values{}
			for i := 0; i < len(pairs); i += 2 {
				v.Add(pairs[i], pairs[i+1])
			}
			status, body := analyst(http.MethodPost, path, v.Encode())
			if status != want {
				t.Errorf("%s: %d, want %d", path, status, want)
			}
			return body
		}
		post("/alerts/channels/new", 303, "name", "Desk", "medium", "email", "target", "desk@example.org", "lang", "ja", "zone", "Asia/Tokyo")
		if body := post("/alerts/channels/new", 422, "name", "Hook", "medium", "webhook", "target", "https://hook.example", "lang", "ja", "zone", "Asia/Tokyo"); !strings.Contains(body, `value="Hook"`) {
			t.Error("what was typed is gone")
		}
		post("/alerts/channels/new", 303, "name", "Hook", "medium", "webhook", "target", "https://hook.example", "secret", "squeamish", "lang", "en", "zone", "Asia/Tokyo")
		post("/alerts/lists/new", 422, "name", "x", "entries", "nothing of the sort")
		post("/alerts/lists/new", 303, "name", "Look-alikes", "entries", "domain: example.com\nhashtag： #処理水\nchannel: x 77")
		post("/alerts/events/new", 422, "name_en", "The vote", "from", "soon")
		post("/alerts/events/new", 303, "name_en", "The vote", "name_ja", "選挙", "from", "2026-12-01", "until", "2026-12-02", "before", "7", "after", "1", "factor", "0.5")
		channels, err := w.Alerts.Channels.List(t.Context(), "active")
		must(t, err)
		post("/alerts/rules/new", 303, "name", "Everything", "on", "found", "channels", channels[0].ID)
		_, body := analyst(http.MethodGet, "/alerts/settings", "")
		for _, part := range []string{"Desk", "desk@example.org", "Look-alikes", "3 entries", "The vote", "Everything", "to 1 channel"} {
			if !strings.Contains(body, part) {
				t.Errorf("the settings do not say %q", part)
			}
		}
		if strings.Contains(body, "squeamish") {
			t.Error("a secret is shown")
		}
		link := regexp.MustCompile(`/alerts/channels/[0-9A-Z]{26}`).FindAllString(body, -1)
		if len(link) != 2 {
			t.Fatalf("%d channels lead to their forms", len(link))
		}
		for _, l := range link {
			status, form := analyst(http.MethodGet, l, "")
			if status != 200 || strings.Contains(form, "squeamish") {
				t.Errorf("%s: %d", l, status)
			}
			if status, _ := communicator(http.MethodGet, l, ""); status != http.StatusForbidden {
				t.Errorf("a communicator gets the form: %d", status)
			}
		}
		w.told(t)
		status, body := communicator(http.MethodGet, "/alerts", "")
		if status != 200 || !strings.Contains(body, f.Short+" is at hand") || !strings.Contains(body, "Waiting") || strings.Contains(body, "/acknowledge/") {
			t.Errorf("what a communicator sees (%d) is not what it should be", status)
		}
		for _, private := range []string{"private_person", "Hidden Name", "⟦"} {
			if strings.Contains(body, private) {
				t.Errorf("the page shows %q", private)
			}
		}
		if status, _ := viewer(http.MethodGet, "/alerts", ""); status != http.StatusForbidden {
			t.Errorf("a viewer sees alerts: %d", status)
		}
		_, body = analyst(http.MethodGet, "/alerts", "")
		acks := regexp.MustCompile(`/alerts/acknowledge/[0-9A-Z]{26}`).FindAllString(body, -1)
		if len(acks) < 3 {
			t.Fatalf("%d alerts can be acknowledged", len(acks))
		}
		post(acks[0], 303)
		if _, body = analyst(http.MethodGet, "/alerts", ""); strings.Contains(body, acks[0]) {
			t.Error("what was acknowledged is still open")
		}
		if _, body = analyst(http.MethodGet, "/alerts?state=all", ""); strings.Count(body, "is at hand") != len(acks) {
			t.Error("not all alerts are listed")
		}
	})
}
