package web

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/akashi-project/akashi/internal/audit"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// record writes a line and has it signed.
func (w *world) record(t *testing.T, actor string, lines ...casestore.Line) {
	t.Helper()
	ctx := casestore.WithActor(t.Context(), actor)
	must(t, w.DB.Change(ctx, func(tx *casestore.Tx) error {
		for _, l := range lines {
			if err := tx.Log(ctx, l); err != nil {
				return err
			}
		}
		return nil
	}))
	must(t, w.Audit.Drain(ctx, w.DB))
}

func TestLogPages(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, false)
		site := httptest.NewServer(w)
		defer site.Close()
		auditor := fetcher(reader(t, service, site.URL, auth.Auditor))
		viewer := fetcher(reader(t, service, site.URL, auth.Viewer))
		for _, path := range []string{"/log", "/log/0", "/log/0/proof", "/log/checkpoint", "/log/key", "/log/export"} {
			viewer.shows(t, "GET", path, "", http.StatusForbidden)
		}
		viewer.shows(t, "POST", "/log/export", "format=csv", http.StatusForbidden)

		w.record(t, "cli:root", casestore.Line{Action: "finding.triage", Object: "finding:abc", Detail: map[string]any{"reason": "=1+1 <script>x</script>", "n": 7}})
		w.record(t, "cli:root", casestore.Line{Action: "new.thing", Object: "thing:1"})

		// Lines in words, newest first, with links where the reader may go.
		auditor.shows(t, "GET", "/log", "", 200, "Command line (root)", "new.thing", "Triaged a finding", "=1+1 <script>x</script>",
			"Finding made", "Signed in", w.Audit.PublicKey(), rootOf(w.Audit.Checkpoint()), "Everything that was done is signed")
		page := auditor.shows(t, "GET", "/log?action=finding.", "", 200, "Triaged a finding")
		if strings.Contains(page, ">new.thing<") {
			t.Error("the filter of actions lets another through")
		}
		auditor.shows(t, "GET", "/log?actor=auditor&action=login", "", 200, "Signed in", `href="/people/`)
		auditor.shows(t, "GET", "/log?actor=nobody&object=thing:", "", 200, "There are no such lines", "Show all lines")
		auditor.shows(t, "GET", "/log?since=2100-01-01", "", 200, "There are no such lines")
		auditor.shows(t, "GET", "/log?until=2100-01-01T10:00", "", 200, "new.thing", "before 2100-01-01 10:00")
		auditor.shows(t, "GET", "/log?actor=who", "", 422, "Nobody is called so")
		auditor.shows(t, "GET", "/log?since=then", "", 422, "Give a day")
		auditor.shows(t, "GET", "/log?before=x", "", 422, "names no place")
		if page := auditor.shows(t, "GET", "/log?before=1", "", 200, "To the newest lines"); strings.Count(page, `<tr><th scope="row"`) != 1 {
			t.Errorf("before line 1 there is not one line:\n%s", page)
		}

		// One line with a proof that others can check.
		size := w.Audit.Size()
		last := fmt.Sprintf("/log/%d", size-1)
		auditor.shows(t, "GET", last, "", 200, "The proof holds", "new.thing", `"action":"new.thing"`)
		auditor.shows(t, "GET", fmt.Sprintf("/log/%d", size+1000), "", 404)
		auditor.shows(t, "GET", "/log/x", "", 404)
		auditor.shows(t, "GET", "/log/-1", "", 404)
		proof, err := audit.ParseProof([]byte(auditor.shows(t, "GET", last+"/proof", "", 200)))
		must(t, err)
		if e, err := audit.VerifyProof(proof, w.Audit.PublicKey()); err != nil || e.Line.Action != "new.thing" || e.Index != size-1 {
			t.Errorf("the proof proves %+v, %v", e, err)
		}
		if got := auditor.shows(t, "GET", "/log/checkpoint", "", 200); got != w.Audit.Checkpoint() {
			t.Errorf("the checkpoint is %q, not %q", got, w.Audit.Checkpoint())
		}
		if got := auditor.shows(t, "GET", "/log/key", "", 200); strings.TrimSpace(got) != w.Audit.PublicKey() {
			t.Errorf("the key is %q", got)
		}

		// Every action of a detection and of signing in has words.
		for from := range size {
			es, err := w.Audit.Read(t.Context(), from, 1)
			must(t, err)
			if a := es[0].Line.Action; a != "new.thing" && !w.words.Has("log.action."+a) {
				t.Errorf("there are no words for %s", a)
			}
		}
		for _, a := range auth.Actions {
			if !strings.HasSuffix(string(a), ".read") && a != auth.OwnTokens && a != auth.PeopleEdit && !w.words.Has("log.action."+string(a)) {
				t.Errorf("there are no words for %s", a)
			}
		}

		// A file, which says how much it is before and is written to the log.
		auditor.shows(t, "GET", "/log/export?action=finding.triage", "", 200, "The file will have 1 line.", "Only lines that match")
		auditor.shows(t, "POST", "/log/export", "format=exe", 422, "Choose CSV")
		table := auditor.shows(t, "POST", "/log/export?action=finding.triage", fmt.Sprintf("format=csv&size=%d", size), 200)
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(table, "\ufeff"))).ReadAll()
		must(t, err)
		if len(rows) != 2 || rows[1][3] != "cli:root" || rows[1][5] != "finding:abc" || !strings.Contains(rows[1][6], `"n":7`) {
			t.Errorf("the table is %q", rows)
		}
		// The clerk may drain meanwhile, so the size is given.
		lines := strings.Split(strings.TrimSpace(auditor.shows(t, "POST", "/log/export?object=thing:", fmt.Sprintf("format=ndjson&size=%d", size), 200)), "\n")
		var one struct {
			Index int64
			Line  casestore.Line
		}
		if len(lines) != 1 || json.Unmarshal([]byte(lines[0]), &one) != nil || one.Index != size-1 || one.Line.Object != "thing:1" {
			t.Errorf("the lines are %q", lines)
		}
		must(t, w.Audit.Drain(t.Context(), db))
		auditor.shows(t, "GET", "/log?action=log.export", "", 200, "Exported lines of the log", "ndjson")
		p, err := w.Audit.Page(t.Context(), -1, audit.Filter{Action: "log.export"}, 10, 1000)
		must(t, err)
		if len(p.Entries) != 2 || fmt.Sprint(p.Entries[0].Line.Detail) != fmt.Sprintf("map[first:%d format:ndjson last:%d lines:1]", size-1, size-1) {
			t.Errorf("the exports are logged as %+v", p.Entries)
		}
	})
}

// TestLogStops says where the scan stopped, and goes on from there.
func TestLogStops(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		if db.Engine() != "sqlite" {
			t.Skip("the log is the same files behind every engine")
		}
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, true)
		site := httptest.NewServer(w)
		defer site.Close()
		lead := fetcher(reader(t, service, site.URL, auth.Lead))
		w.record(t, "cli:root", casestore.Line{Action: "needle"})
		hay := make([]casestore.Line, logScan)
		for i := range hay {
			hay[i] = casestore.Line{Action: "straw", Object: fmt.Sprintf("n:%d", i)}
		}
		w.record(t, "cli:root", hay...)
		page := lead.shows(t, "GET", "/log?action=needle", "", 200, "20,000 lines were looked at, back to", "Look further back")
		if strings.Contains(page, "There are no such lines") {
			t.Error("the page says that there is nothing before it has looked at all")
		}
		at := strings.Index(page, `href="/log?action=needle&before=`)
		if at < 0 {
			t.Fatalf("nothing leads on:\n%s", page)
		}
		next, _, _ := strings.Cut(page[at+len(`href="`):], `"`)
		lead.shows(t, "GET", next, "", 200, ">needle<")
		lead.shows(t, "GET", "/log?action=straw", "", 200, "Older lines")
		lead.shows(t, "GET", "/log/export?action=straw", "", 200, "The file will have 10,000 lines.", "at most 10,000 lines")
	})
}

// TestBrowserLog looks at the pages on the log.
func TestBrowserLog(t *testing.T) {
	site := webtest.New(t)
	w := newWorld(t, site.Auth, site.DB, false)
	site.Start(t, w)
	lines := make([]casestore.Line, 0, 61)
	for i := range 60 {
		lines = append(lines, casestore.Line{Action: "finding.note", Object: fmt.Sprintf("finding:%d", i), Detail: map[string]any{"note": fmt.Sprint(i), "version": 1}})
	}
	lines = append(lines, casestore.Line{Action: "finding.triage", Object: "finding:x", Detail: map[string]any{
		"reason": "<script>document.title='owned'</script> \u202egnp.exe", "before": map[string]any{"state": "new"}, "after": map[string]any{"state": "triaged", "owner": "someone"},
	}})
	w.record(t, "cli:root", lines...)
	admin := site.Enter(t, auth.Administrator)
	must(t, w.Audit.Drain(t.Context(), site.DB))
	site.Run(t, "testdata/log.cjs", map[string]any{"admin": admin, "line": w.Audit.Size() - 1})
}

// TestLogActor reads who is meant: as the log writes it, or by a name that one
// person has.
func TestLogActor(t *testing.T) {
	l := &logReader{people: map[string]auth.Colleague{
		"1": {ID: "1", Name: "林崎 栞"}, "2": {ID: "2", Name: "Twin"}, "3": {ID: "3", Name: "Twin"}, "4": {ID: "4", Name: "user:1"}, "5": {ID: "5", Name: "a:b"},
	}}
	for text, want := range map[string]string{
		"": "", "system": "system", "nobody": "nobody", "user:": "user:", "user:1": "user:1", "user:unknown": "user:unknown", "cli:root": "cli:root",
		"token:": "token:", "林崎 栞": "user:1", "a:b": "user:5",
	} {
		if got, ok := l.actor(text); !ok || got != want {
			t.Errorf("%q: %q, %v, want %q", text, got, ok, want)
		}
	}
	for _, text := range []string{"Twin", "林崎", "system:", "c:d"} {
		if got, ok := l.actor(text); ok {
			t.Errorf("%q means %q", text, got)
		}
	}
}

func TestLogText(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{"text", "text"},
		{7.0, "7"},
		{[]any{"a", "b"}, "a, b"},
		{[]any{"a", 1.0}, `["a",1]`},
		{[]any{}, ""},
		{map[string]any{"state": "new"}, `{"state":"new"}`},
		{nil, "null"},
	} {
		if got := logText(c.value); got != c.want {
			t.Errorf("%v: %q, want %q", c.value, got, c.want)
		}
	}
	got := logDetails(map[string]any{"b": "処理水の放出", "a": map[string]any{"state": "new"}}, 3)
	if fmt.Sprint(got) != "[{a.state new} {b 処理水…}]" {
		t.Errorf("details: %+v", got)
	}
}
