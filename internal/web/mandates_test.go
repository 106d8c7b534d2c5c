package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/watch"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// TestMandatesAndSources makes a mandate, has it approved by a second person,
// and adds a source under it.
func TestMandatesAndSources(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, true)
		site := httptest.NewServer(w)
		defer site.Close()
		analyst, lead, viewer := reader(t, service, site.URL, auth.Analyst), reader(t, service, site.URL, auth.Lead), reader(t, service, site.URL, auth.Viewer)
		expect := func(what string, status, want int, body string, texts ...string) {
			t.Helper()
			if status != want {
				t.Fatalf("%s: %d, not %d\n%.3000s", what, status, want, body)
			}
			for _, x := range texts {
				if !strings.Contains(body, x) {
					t.Errorf("%s lacks %q\n%.6000s", what, x, body)
				}
			}
		}
		form := url.Values{
			"title": {"Treated water"}, "purpose": {"find coordination"}, "topics": {"ALPS"}, "legal_basis": {"article 4"}, "kind": {"feed", "x"},
			"start": {time.Now().Format(time.DateOnly)}, "end": {time.Now().AddDate(0, 2, 0).Format(time.DateOnly)}, "retention": {"90"},
		}
		bad := url.Values{"title": {"kept"}, "start": {"2026-02-01"}, "end": {"2026-01-01"}, "retention": {"0"}}
		status, body := lead(http.MethodPost, "/mandates/new", bad.Encode())
		expect("a wrong mandate", status, http.StatusUnprocessableEntity, body, `value="kept"`, `id="mandate-end-error"`, `id="mandate-retention-error"`, `id="mandate-kinds-error"`)
		status, body = analyst(http.MethodPost, "/mandates/new", form.Encode())
		expect("drafting", status, http.StatusSeeOther, body)
		all, err := w.Collections.List(t.Context())
		must(t, err)
		at := "/mandates/" + all[0].ID
		status, body = analyst(http.MethodPost, at+"/submit", "version=1")
		expect("submitting", status, http.StatusSeeOther, body)
		status, body = lead(http.MethodPost, at+"/decide", "version=1&decision=yes")
		expect("approving what was not read", status, http.StatusConflict, body)
		status, body = lead(http.MethodPost, at+"/decide", "version=2&decision=no")
		expect("refusing without a reason", status, http.StatusUnprocessableEntity, body, "A reason is needed.")
		status, body = analyst(http.MethodPost, at+"/decide", "version=2&decision=yes")
		expect("an analyst approves", status, http.StatusForbidden, body)
		status, body = lead(http.MethodPost, at+"/decide", "version=2&decision=yes")
		expect("approving", status, http.StatusSeeOther, body)
		status, body = viewer(http.MethodGet, at, "")
		if status == http.StatusOK && strings.Contains(body, at+"/withdraw") {
			t.Error("a viewer is offered to withdraw")
		}
		status, body = lead(http.MethodGet, at, "")
		expect("the mandate", status, http.StatusOK, body, "in force", "approved it.", "Feed")

		// A lead's own mandate waits for somebody else.
		status, body = lead(http.MethodPost, "/mandates/new", form.Encode())
		expect("a lead drafts", status, http.StatusSeeOther, body)
		all, err = w.Collections.List(t.Context())
		must(t, err)
		own := "/mandates/" + all[0].ID
		status, body = lead(http.MethodPost, own+"/submit", "version=1")
		expect("a lead submits", status, http.StatusSeeOther, body)
		status, body = lead(http.MethodPost, own+"/decide", "version=2&decision=yes")
		expect("an author approves", status, http.StatusForbidden, body, "another person has to decide")
		status, body = lead(http.MethodGet, own, "")
		expect("the own mandate", status, http.StatusOK, body, "another person has to decide")
		if strings.Contains(body, `name="decision"`) {
			t.Error("an author is offered to decide")
		}

		// Sources.
		const secret = "do-not-show-this-token"
		status, body = lead(http.MethodGet, "/sources/live/new", "")
		expect("kinds", status, http.StatusOK, body, "kind=feed", "kind=x")
		source := url.Values{"kind": {"feed"}, "name": {"Example news"}, "mandate": {all[1].ID}, "setting.url": {"ftp://wrong"}}
		status, body = lead(http.MethodPost, "/sources/live/new", source.Encode())
		expect("a wrong address", status, http.StatusUnprocessableEntity, body, `id="setting-url-error"`)
		x := url.Values{"kind": {"x"}, "name": {"X search"}, "mandate": {all[1].ID}, "setting.bearer": {secret}}
		status, body = lead(http.MethodPost, "/sources/live/new", x.Encode())
		expect("without queries", status, http.StatusUnprocessableEntity, body, `id="setting-queries-error"`)
		if strings.Contains(body, secret) {
			t.Error("the form shows a secret")
		}
		status, body = analyst(http.MethodPost, "/sources/live/new", source.Encode())
		expect("an analyst adds", status, http.StatusForbidden, body)
		source.Set("setting.url", "http://127.0.0.1:1/feed")
		status, body = lead(http.MethodPost, "/sources/live/new", source.Encode())
		expect("adding", status, http.StatusSeeOther, body)
		list, err := w.Watch.List(t.Context())
		must(t, err)
		live := "/sources/live/" + list[0].ID
		status, body = lead(http.MethodGet, live, "")
		expect("the source", status, http.StatusOK, body, "Example news", "http://127.0.0.1:1/feed", `hx-trigger="every 5s"`)
		status, body = analyst(http.MethodGet, "/sources/live", "")
		expect("the list", status, http.StatusOK, body, "Example news", "Treated water")
		status, body = lead(http.MethodPost, live+"/remove", "version=1")
		expect("removing what is collected", status, http.StatusConflict, body)
		status, body = lead(http.MethodPost, live+"/pause", "version=1")
		expect("pausing", status, http.StatusSeeOther, body)
		status, body = lead(http.MethodGet, live, "")
		expect("paused, with undo", status, http.StatusOK, body, "paused", `action="`+live+`/resume" data-undo`)
		version := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(body)[1]
		status, body = lead(http.MethodPost, live+"/remove", "version="+version)
		expect("removing", status, http.StatusSeeOther, body)
		if removed, err := w.Watch.Source(t.Context(), list[0].ID); err != nil || removed.State != watch.Removed {
			t.Errorf("removed: %v, %v", removed.State, err)
		}
		status, body = lead(http.MethodPost, at+"/withdraw", "version=3&reason=")
		expect("withdrawing without a reason", status, http.StatusUnprocessableEntity, body, "A reason is needed.")
		status, body = analyst(http.MethodPost, at+"/withdraw", "version=3&reason=too+wide")
		expect("withdrawing", status, http.StatusSeeOther, body)
	})
}

// TestBrowserMandates makes a mandate, has it approved, and adds a feed.
func TestBrowserMandates(t *testing.T) {
	site := webtest.New(t)
	w := newWorld(t, site.Auth, site.DB, true)
	site.Start(t, w)
	site.Run(t, "testdata/mandates.cjs", map[string]any{"analyst": site.Enter(t, auth.Analyst), "lead": site.Enter(t, auth.Lead)})
}
