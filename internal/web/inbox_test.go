package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// TestBrowserInbox walks the list of findings by keyboard and with the mouse.
func TestBrowserInbox(t *testing.T) {
	site := webtest.New(t)
	w := newWorld(t, site.Auth, site.DB, false)
	site.Start(t, w)
	site.Run(t, "testdata/inbox.cjs", map[string]any{
		"analyst": site.Enter(t, auth.Analyst), "viewer": site.Enter(t, auth.Viewer), "bare": site.Enter(t, auth.Analyst),
	})
}

// inboxWorld is an instance with findings, and its site.
func inboxWorld(t *testing.T, db *casestore.DB, bare bool) (*world, string) {
	t.Helper()
	service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
	must(t, err)
	w := newWorld(t, service, db, bare)
	site := httptest.NewServer(w)
	t.Cleanup(site.Close)
	return w, site.URL
}

func TestInbox(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w, site := inboxWorld(t, db, false)
		analyst := reader(t, w.Service, site, auth.Analyst)
		viewer := reader(t, w.Service, site, auth.Viewer)
		page, err := w.Findings.List(t.Context(), finding.Filter{})
		must(t, err)
		if len(page.Findings) < 3 {
			t.Fatalf("only %d findings", len(page.Findings))
		}
		shown := func(f func(string, string, string) (int, string), path string, status int) string {
			t.Helper()
			got, body := f(http.MethodGet, path, "")
			if got != status {
				t.Errorf("%s: %d, want %d", path, got, status)
			}
			for _, private := range []string{"private_person", "Hidden Name", "⟦"} {
				if strings.Contains(body, private) {
					t.Errorf("%s shows %q", path, private)
				}
			}
			return body
		}
		body := shown(analyst, "/inbox", 200)
		for i, f := range page.Findings {
			at := strings.Index(body, `id="row-`+f.ID+`"`)
			if at < 0 || !strings.Contains(body, f.Short) {
				t.Errorf("the finding %s is not listed", f.Short)
			}
			if i > 0 && at < strings.Index(body, `id="row-`+page.Findings[i-1].ID+`"`) {
				t.Errorf("%s stands before one of greater risk", f.Short)
			}
		}
		if status, to := analyst(http.MethodGet, "/", ""); status != http.StatusSeeOther || !strings.Contains(to, "/inbox") {
			t.Errorf("the start page leads elsewhere: %d %s", status, to)
		}

		// The filter, all in the address.
		first, last := &page.Findings[0], &page.Findings[len(page.Findings)-1]
		has := func(path string, f *finding.Finding, want bool) {
			t.Helper()
			if got := strings.Contains(shown(analyst, path, 200), `id="row-`+f.ID+`"`); got != want {
				t.Errorf("%s lists %s: %v, want %v", path, f.Short, got, want)
			}
		}
		has("/inbox?q="+first.Short, first, true)
		has("/inbox?q="+first.Short, last, false)
		has("/inbox?owner=me", first, false)
		has("/inbox?owner=none&detection="+w.Detection.ID+"&run="+w.Run.ID+"&kind=coordination&sort=tempo", first, true)
		has("/inbox?detection=other", first, false)
		has("/inbox?kind=other", first, false)
		has(fmt.Sprintf("/inbox?risk=%g", first.Risk.Value), first, true)
		has("/inbox?risk=0.999", first, false)
		has("/inbox?since=2099-01-01", first, false)
		has("/inbox?since=2000-01-01", first, true)
		has("/inbox?state=dismissed", first, false)
		shown(analyst, "/inbox?after=nonsense", http.StatusUnprocessableEntity)
		if body := shown(analyst, "/inbox?q=nothing-is-called-so", 200); !strings.Contains(body, "No finding matches") {
			t.Error("an empty filter is not explained")
		}
		if body := shown(analyst, "/inbox?state=dismissed", 200); !strings.Contains(body, "state=all") {
			t.Error("an empty tab does not lead to all")
		}

		// The panel, and what a viewer may not do.
		for _, f := range page.Findings {
			body := shown(analyst, "/inbox?open="+f.ID, 200)
			if !strings.Contains(body, "/findings/"+f.ID+"/triage") || !strings.Contains(body, `href="/findings/`+f.Short+`"`) {
				t.Errorf("the panel of %s is not whole", f.Short)
			}
			if body := shown(viewer, "/inbox?open="+f.Short, 200); strings.Contains(body, "/triage") || strings.Contains(body, " data-select") {
				t.Error("a viewer is offered a change")
			}
		}
		shown(analyst, "/inbox?open=F-1999-0001", http.StatusNotFound)
	})
}

func TestInboxTriage(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w, site := inboxWorld(t, db, false)
		analyst := reader(t, w.Service, site, auth.Analyst)
		viewer := reader(t, w.Service, site, auth.Viewer)
		page, err := w.Findings.List(t.Context(), finding.Filter{})
		must(t, err)
		one, two := page.Findings[0].ID, page.Findings[1].ID
		is := func(id string) finding.Finding {
			t.Helper()
			f, err := w.Findings.Get(t.Context(), id)
			must(t, err)
			return f
		}
		post := func(path string, status int, pairs ...string) string {
			t.Helper()
			form := url.Values{}
			for i := 0; i < len(pairs); i += 2 {
				form.Add(pairs[i], pairs[i+1])
			}
			got, body := analyst(http.MethodPost, path, form.Encode())
			if got != status {
				t.Fatalf("%s %v: %d, want %d", path, pairs, got, status)
			}
			return body
		}
		undo := func() string { // the token of the newest change
			t.Helper()
			events, err := w.Findings.Events(t.Context(), one, 1)
			must(t, err)
			return events[0].Batch
		}
		triage := "/findings/" + one + "/triage"

		post(triage, 303, "owner", "me", "version", "1", "back", "/inbox?state=new")
		if f := is(one); f.Owner == "" || f.State != finding.StateNew {
			t.Errorf("taken on: %+v", f.Standing)
		}
		// A change of what was seen before is shown again, and can be made.
		body := post(triage, http.StatusConflict, "state", "dismissed", "reason", "other", "reason_text", "同じ地域の祭り", "version", "1")
		if is(one).State != finding.StateNew || !strings.Contains(body, "同じ地域の祭り") || !strings.Contains(body, `name="version" value="2"`) {
			t.Error("a conflict loses what was typed")
		}
		post(triage, 303, "state", "dismissed", "reason", "other", "reason_text", "同じ地域の祭り", "version", "2")
		if f := is(one); f.State != finding.StateDismissed || f.ReasonText != "同じ地域の祭り" {
			t.Errorf("dismissed: %+v", f.Standing)
		}
		post("/findings/undo", 303, "undo", undo(), "back", "/inbox")
		if is(one).State != finding.StateNew {
			t.Error("undo left it dismissed")
		}
		post("/findings/undo", http.StatusConflict, "undo", mustBatch(t, w, one))

		// What cannot be.
		post(triage, 422, "state", "dismissed")
		post(triage, 422, "state", "dismissed", "reason", "other")
		post(triage, 422, "state", "linked")
		post(triage, 422, "state", "nonsense")
		post(triage, 422, "owner", "nobody-by-this-id")
		post(triage, 422, "owner", "me", "version", "x")
		post("/findings/F-1999-0001/triage", 404, "owner", "me")
		post("/findings/undo", 404, "undo", "nothing")
		post("/inbox", 422, "do", "assign")
		post("/inbox", 422, "do", "dismissed:", "id", one)
		post("/inbox", 422, "do", "dismissed:other", "id", one)
		post("/inbox", 422, "do", "explode", "id", one)

		// Many at once, all or none.
		box := func(id string) string { return fmt.Sprintf("%s.%d", id, is(id).Version) }
		old := box(one)
		post("/inbox", 303, "do", "dismissed:commerce", "id", box(one), "id", box(two))
		if is(one).Reason != finding.ReasonCommerce || is(two).Reason != finding.ReasonCommerce {
			t.Error("two were not dismissed together")
		}
		post("/inbox", http.StatusConflict, "do", "new", "id", old, "id", box(two))
		if is(two).State != finding.StateDismissed {
			t.Error("a conflict changed the other one")
		}
		post("/findings/undo", 303, "undo", undo())
		if is(one).State != finding.StateNew || is(two).State != finding.StateNew {
			t.Error("undo of two")
		}
		post("/inbox", 303, "do", "triaged", "id", box(two))
		post("/inbox", 303, "do", "new", "id", box(two))
		post("/inbox", 303, "do", "assign", "id", box(two))
		if f := is(two); f.Owner == "" || f.State != finding.StateNew {
			t.Errorf("after all: %+v", f.Standing)
		}
		for _, path := range []string{"/inbox", triage, "/findings/undo"} {
			if status, _ := viewer(http.MethodPost, path, "owner=me&id="+one+"&do=assign"); status != http.StatusForbidden {
				t.Errorf("a viewer posts to %s: %d", path, status)
			}
		}
	})
}

// mustBatch gives the token of the last change of a finding that a person made
// and that was undone.
func mustBatch(t *testing.T, w *world, id string) string {
	t.Helper()
	events, err := w.Findings.Events(t.Context(), id, 50)
	must(t, err)
	for _, e := range events {
		if e.Undone {
			return e.Batch
		}
	}
	t.Fatal("no change was undone")
	return ""
}

func TestInboxBare(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w, site := inboxWorld(t, db, true)
		analyst := reader(t, w.Service, site, auth.Analyst)
		status, body := analyst(http.MethodGet, "/inbox", "")
		if status != 200 || !strings.Contains(body, "No detection has run yet") || !strings.Contains(body, `href="/detections"`) {
			t.Errorf("before any detection: %d", status)
		}
	})
}

// TestBackOf says where a change leads: never to another site.
func TestBackOf(t *testing.T) {
	for _, c := range []struct{ header, form, want string }{
		{"", "", "/inbox"},
		{"", "/inbox?state=new&open=x", "/inbox?state=new&open=x"},
		{"https://here.example/inbox?open=y", "/inbox", "/inbox?open=y"},
		{"", "/findings/F-2026-0001#notes", "/findings/F-2026-0001"},
		{"", "https://elsewhere.example/inbox", "/inbox"},
		{"", "//elsewhere.example/inbox", "/inbox"},
		{"", "/\\elsewhere.example", "/%5Celsewhere.example"}, // a path of this site
		{"", "://", "/inbox"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/inbox", strings.NewReader(url.Values{"back": {c.form}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("HX-Current-URL", c.header)
		if got := backOf(r); got.String() != c.want || got.Host != "" {
			t.Errorf("%q, %q: %s, want %s", c.header, c.form, got, c.want)
		}
	}
}
