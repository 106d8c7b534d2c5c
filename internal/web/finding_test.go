package web

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// hostileFinding gives the finding of the accounts with hostile posts.
func (w *world) hostileFinding(t *testing.T) finding.Finding {
	t.Helper()
	page, err := w.Findings.List(t.Context(), finding.Filter{})
	must(t, err)
	for _, f := range page.Findings {
		if len(f.Platforms) == 1 && f.Platforms[0] == "x" {
			return f
		}
	}
	t.Fatal("the hostile group was not found")
	return finding.Finding{}
}

// harmless says what is wrong with an answer that shows hostile posts.
func harmless(t *testing.T, what, body string) {
	t.Helper()
	for _, bad := range []string{"private_person", "Hidden Name", "<script>document", "<img src=x", "<svg onload", "\u202e", "7700", "⟦"} {
		if strings.Contains(body, bad) {
			t.Errorf("%s holds %q", what, bad)
		}
	}
}

func TestFindingPage(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, false)
		site := httptest.NewServer(w)
		defer site.Close()
		analyst := reader(t, service, site.URL, auth.Analyst)
		viewer := reader(t, service, site.URL, auth.Viewer)
		page, err := w.Findings.List(t.Context(), finding.Filter{})
		must(t, err)
		for _, f := range page.Findings {
			status, body := analyst(http.MethodGet, "/findings/"+f.Short, "")
			if status != http.StatusOK || !strings.Contains(body, f.Why["en"][:30]) {
				t.Errorf("%s: %d", f.Short, status)
			}
			harmless(t, f.Short, body)
			if strings.Count(body, `class="pair"`) == 0 || !strings.Contains(body, `id="edges`) && !strings.Contains(body, "/edges/") {
				t.Errorf("%s shows no pairs of posts or edges", f.Short)
			}
		}
		f := w.hostileFinding(t)
		at := "/findings/" + f.Short

		// Sorting and older versions are in the address.
		_, up := analyst(http.MethodGet, at+"?sort=posts&by=q", "")
		_, down := analyst(http.MethodGet, at+"?sort=-posts&by=-q", "")
		if up == down {
			t.Error("the order of the tables is always the same")
		}
		if status, _ := analyst(http.MethodGet, at+"?version=99", ""); status != http.StatusNotFound {
			t.Errorf("a version that is not there: %d", status)
		}
		if status, _ := analyst(http.MethodGet, "/findings/F-1999-0001", ""); status != http.StatusNotFound {
			t.Errorf("a finding that is not there: %d", status)
		}

		// Notes: whose they are, and what is a conflict.
		note := url.Values{"text": {"<b>bold</b> \u202e reads backwards"}}.Encode()
		if status, _ := viewer(http.MethodPost, at+"/notes", note); status != http.StatusForbidden {
			t.Errorf("a viewer writes a note: %d", status)
		}
		if status, body := analyst(http.MethodPost, at+"/notes", note); status != http.StatusSeeOther {
			t.Fatalf("a note: %d %s", status, body)
		}
		_, body := analyst(http.MethodGet, at, "")
		// What stands in the box to change it is the note as it is.
		harmless(t, "the note", regexp.MustCompile(`(?s)<textarea.*?</textarea>`).ReplaceAllString(body, ""))
		edit := regexp.MustCompile(`/notes/[^"]+`).FindString(body)
		if edit == "" || !strings.Contains(body, "&lt;b&gt;bold") {
			t.Fatal("the note is not there to be changed")
		}
		if status, _ := analyst(http.MethodPost, edit, "version=1&text=calm"); status != http.StatusSeeOther {
			t.Errorf("changing a note: %d", status)
		}
		if status, _ := analyst(http.MethodPost, edit, "version=1&text=late"); status != http.StatusConflict {
			t.Errorf("changing an old version of a note: %d", status)
		}
		lead := reader(t, service, site.URL, auth.Lead)
		if status, _ := lead(http.MethodPost, edit, "version=2&text=mine"); status != http.StatusForbidden {
			t.Errorf("changing somebody else's note: %d", status)
		}
		if status, _ := analyst(http.MethodPost, at+"/notes", "text="); status != http.StatusUnprocessableEntity {
			t.Errorf("an empty note: %d", status)
		}

		// The history says who did what, and lets them take it back.
		if status, _ := analyst(http.MethodPost, "/findings/"+f.ID+"/triage", "state=dismissed&reason=chance&back="+at); status != http.StatusSeeOther {
			t.Fatalf("dismissing: %d", status)
		}
		_, body = analyst(http.MethodGet, at, "")
		if !strings.Contains(body, "Dismissed it. Reason: Chance.") {
			t.Error("the history does not tell the dismissal")
		}
		token := regexp.MustCompile(`name="undo" value="([^"]+)"`).FindStringSubmatch(body)
		if token == nil {
			t.Fatal("nothing can be undone")
		}
		if _, seen := viewer(http.MethodGet, at, ""); strings.Contains(seen, `name="undo"`) || strings.Contains(seen, "/triage") || strings.Contains(seen, "/export/") {
			t.Error("a viewer is offered changes or files")
		}
		if status, _ := analyst(http.MethodPost, "/findings/undo", url.Values{"undo": {token[1]}, "back": {at}}.Encode()); status != http.StatusSeeOther {
			t.Errorf("undoing: %d", status)
		}
		if got, err := w.Findings.Get(t.Context(), f.ID); err != nil || got.State != finding.StateNew {
			t.Errorf("after the undo: %s %v", got.State, err)
		}
	})
}

func TestFindingFiles(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, false)
		site := httptest.NewServer(w)
		defer site.Close()
		analyst := reader(t, service, site.URL, auth.Analyst)
		f := w.hostileFinding(t)
		snap, err := w.Findings.Snapshot(t.Context(), f.ID, 0)
		must(t, err)
		for _, file := range []string{"accounts.csv", "edges.csv", "network.gexf", "network.graphml", "evidence.json"} {
			status, body := analyst(http.MethodGet, "/findings/"+f.Short+"/export/"+file, "")
			if status != http.StatusOK {
				t.Fatalf("%s: %d %s", file, status, body)
			}
			harmless(t, file, body)
			if !strings.Contains(body, snap.Accounts[0].Alias) {
				t.Errorf("%s does not hold the pseudonym %s", file, snap.Accounts[0].Alias)
			}
			switch {
			case strings.HasSuffix(file, ".csv"):
				rows := len(snap.Accounts)
				if file == "edges.csv" {
					rows = len(snap.Edges)
				}
				if n := strings.Count(body, "\n"); n != rows+1 {
					t.Errorf("%s has %d lines, want %d", file, n, rows+1)
				}
			case strings.HasSuffix(file, ".json"):
				if !json.Valid([]byte(body)) {
					t.Errorf("%s is no JSON", file)
				}
			default:
				d := xml.NewDecoder(strings.NewReader(body))
				for err = nil; err == nil; _, err = d.Token() {
				}
				if !errors.Is(err, io.EOF) {
					t.Errorf("%s: %v", file, err)
				}
			}
		}
		if status, _ := analyst(http.MethodGet, "/findings/"+f.Short+"/export/names.csv", ""); status != http.StatusNotFound {
			t.Errorf("a file that is not there: %d", status)
		}
	})
}

// TestBrowserFinding walks from the inbox to a post behind a tie, and decides.
func TestBrowserFinding(t *testing.T) {
	site := webtest.New(t)
	w := newWorld(t, site.Auth, site.DB, false)
	site.Start(t, w)
	page, err := w.Findings.List(t.Context(), finding.Filter{})
	must(t, err)
	site.Run(t, "testdata/finding.cjs", map[string]any{
		"analyst": site.Enter(t, auth.Analyst, auth.Lead), "english": site.Enter(t, auth.Analyst),
		"short": page.Findings[len(page.Findings)-1].Short, "hostile": w.hostileFinding(t).Short,
	})
}
