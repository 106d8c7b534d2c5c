package web

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// private are what no answer may hold: the names of the hostile accounts.
var private = []string{"private_person", "Hidden Name"}

// findingsOf gives the findings of a world, and the one of the hostile accounts.
func findingsOf(t *testing.T, w *world) (all []finding.Finding, hostile finding.Finding) {
	t.Helper()
	page, err := w.Findings.List(t.Context(), finding.Filter{})
	must(t, err)
	for _, f := range page.Findings {
		snap, err := w.Findings.Snapshot(t.Context(), f.ID, 0)
		must(t, err)
		if slices.ContainsFunc(snap.Accounts, func(a finding.Account) bool { return a.Key == "x:7700" }) {
			hostile = f
		}
	}
	if hostile.ID == "" || len(page.Findings) < 2 {
		t.Fatalf("%d findings, and the hostile one is %q", len(page.Findings), hostile.Short)
	}
	return page.Findings, hostile
}

func TestFindingPage(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, false)
		site := httptest.NewServer(w)
		defer site.Close()
		all, hostile := findingsOf(t, w)
		analyst := reader(t, service, site.URL, auth.Analyst)
		viewer := reader(t, service, site.URL, auth.Viewer)
		administrator := reader(t, service, site.URL, auth.Administrator)

		t.Run("content", func(t *testing.T) {
			for _, f := range all {
				byID := page(t, analyst, "/findings/"+f.ID)
				byShort := page(t, analyst, "/findings/"+f.Short)
				if byID != byShort {
					t.Errorf("%s: the page by id differs from that by short id", f.Short)
				}
				for _, want := range []string{
					f.Short, escaped(f.Why["en"]), escaped(f.Counter["en"]), `id="test"`, `id="measures"`, `id="edges"`, "data-chart",
					"Expected by chance", escaped(f.Risk.Parts[0].Means()["en"]), escaped(f.Tempo.Parts[1].Means()["en"]),
					`action="/findings/` + f.Short + `/triage"`, `href="/findings/` + f.Short + `/export/network.gexf?version=1"`,
				} {
					if !strings.Contains(byShort, want) {
						t.Errorf("%s: the page is without %q", f.Short, want)
					}
				}
				quiet(t, f.Short, byShort)
			}
		})
		t.Run("hostile", func(t *testing.T) {
			for _, path := range []string{"", "?examples-page=2", "?examples-page=3", "?objects-page=2", "?edges=q", "?edges=-gap&accounts=score"} {
				body := page(t, analyst, findingPath(hostile.Short)+path)
				quiet(t, path, body)
				for _, bad := range []string{"<script>document", "<img src=x", "<svg onload", "\u202e", `href="javascript:`, "onmouseover=\"document"} {
					if strings.Contains(body, bad) {
						t.Errorf("%s: the page holds %q", path, bad)
					}
				}
			}
		})
		t.Run("tables", func(t *testing.T) { testFindingTables(t, w, analyst, &hostile) })
		t.Run("status", func(t *testing.T) {
			path := findingPath(hostile.Short)
			for _, c := range []struct {
				path   string
				status int
			}{
				{"/findings/F-2026-9999", 404}, {"/findings/none", 404}, {path + "?version=99", 404}, {path + "?version=x", 404}, {path + "?version=-1", 404},
				{path + "?after=x", 422}, {path + "?page=9&edges=nonsense&edges-page=-4&accounts-page=999999999999999999999", 200},
				{path + "/export/passwords.txt", 404}, {"/findings/F-2026-9999/export/edges.csv", 404},
				{path + "?account=acc-0000-0000-0000", 200}, {path + "?version=1", 200}, {path + "?events=all", 200},
			} {
				if status, body := analyst(http.MethodGet, c.path, ""); status != c.status {
					t.Errorf("%s: %d, want %d\n%.400s", c.path, status, c.status, body)
				}
			}
		})
		t.Run("roles", func(t *testing.T) {
			body := page(t, viewer, findingPath(hostile.Short))
			quiet(t, "viewer", body)
			for _, no := range []string{"/triage", "/export/", "/findings/undo", `name="text"`} {
				if strings.Contains(body, no) {
					t.Errorf("a viewer is offered %s", no)
				}
			}
			if status, _ := viewer(http.MethodGet, findingPath(hostile.Short)+"/export/accounts.csv", ""); status != 403 {
				t.Errorf("a viewer's export: %d", status)
			}
			if status, _ := viewer(http.MethodPost, findingPath(hostile.Short)+"/notes", "text=x"); status != 403 {
				t.Errorf("a viewer's note: %d", status)
			}
			if status, _ := administrator(http.MethodGet, findingPath(hostile.Short), ""); status != 403 {
				t.Errorf("an administrator reads a finding: %d", status)
			}
		})
		t.Run("notes", func(t *testing.T) { testFindingNotes(t, w, analyst, &hostile) })
		t.Run("files", func(t *testing.T) { testFindingFiles(t, w, analyst, &hostile) })
		t.Run("life", func(t *testing.T) { testFindingLife(t, w, analyst, &hostile) })
		t.Run("older", func(t *testing.T) { testOlderSnapshot(t, w, analyst, &hostile) })
		t.Run("named", func(t *testing.T) { testNamedAccount(t, w, analyst, &hostile) })
		t.Run("network", func(t *testing.T) {
			path := findingPath(hostile.Short)
			there := w.has(http.MethodGet, "/findings/{id}/network")
			if strings.Contains(page(t, analyst, path), "data-network ") != there {
				t.Errorf("the picture is drawn whether or not there is something to draw it: %v", there)
			}
		})
		t.Run("account", func(t *testing.T) {
			alias := w.Mandate.Names().Alias("x", "7700")
			body := page(t, analyst, "/accounts/"+alias)
			if !strings.Contains(body, `href="`+findingPath(hostile.Short)+`"`) {
				t.Error("the account's page does not lead to its finding")
			}
			quiet(t, "account", body)
		})
	})
}

// page fetches a page that must be there.
func page(t *testing.T, fetch func(method, path, form string) (int, string), path string) string {
	t.Helper()
	status, body := fetch(http.MethodGet, path, "")
	if status != http.StatusOK {
		t.Fatalf("%s: %d\n%.2000s", path, status, body)
	}
	return body
}

// quiet says that an answer names nobody and lacks no sentence.
func quiet(t *testing.T, what, body string) {
	t.Helper()
	for _, name := range append(private, "⟦") {
		if i := strings.Index(body, name); i >= 0 {
			t.Errorf("%s holds %q: …%s…", what, name, body[max(0, i-200):min(len(body), i+100)])
		}
	}
}

// escaped gives a text as html/template writes it.
func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "'", "&#39;", `"`, "&#34;", "<", "&lt;", ">", "&gt;", "+", "&#43;").Replace(text)
}

// column gives the texts of the n-th cell of a table's rows.
func column(t *testing.T, body, id string, n int) []string {
	t.Helper()
	_, section, ok := strings.Cut(body, `<section class="section" id="`+id+`"`)
	if !ok {
		t.Fatalf("no section %s", id)
	}
	section, _, _ = strings.Cut(section, "</section>")
	_, section, _ = strings.Cut(section, "<tbody>")
	var out []string
	for _, row := range strings.Split(section, "</tr>") {
		cells := regexp.MustCompile(`(?s)<t[dh][^>]*>(.*?)</t[dh]>`).FindAllStringSubmatch(row, -1)
		if n < len(cells) {
			out = append(out, strings.TrimSpace(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(cells[n][1], "")))
		}
	}
	return out
}

func testFindingTables(t *testing.T, w *world, fetch func(method, path, form string) (int, string), f *finding.Finding) {
	snap, err := w.Findings.Snapshot(t.Context(), f.ID, 0)
	must(t, err)
	numbers := func(texts []string) []float64 {
		out := make([]float64, len(texts))
		for i, x := range texts {
			if out[i], err = strconv.ParseFloat(strings.ReplaceAll(x, ",", ""), 64); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	path := findingPath(f.Short)
	for _, c := range []struct {
		query, section string
		column, rows   int
		falling        bool
	}{
		{"?accounts=posts", "accounts", 1, len(snap.Accounts), false},
		{"?accounts=-posts", "accounts", 1, len(snap.Accounts), true},
		{"", "accounts", 3, len(snap.Accounts), true},
		{"", "edges", 1, len(snap.Edges), true},
		{"?edges=weight", "edges", 1, len(snap.Edges), false},
		{"?edges=-co-actions", "edges", 2, len(snap.Edges), true},
	} {
		got := numbers(column(t, page(t, fetch, path+c.query), c.section, c.column))
		if len(got) != min(c.rows, pageSize) {
			t.Errorf("%s: %d rows, want %d", c.query, len(got), c.rows)
		}
		in := slices.IsSortedFunc(got, func(a, b float64) int {
			if c.falling {
				a, b = b, a
			}
			switch {
			case a < b:
				return -1
			case a > b:
				return 1
			}
			return 0
		})
		if !in {
			t.Errorf("%s: %s is not in order: %v", c.query, c.section, got)
		}
	}
	one := snap.Accounts[0]
	if got := column(t, page(t, fetch, path+"?account="+one.Alias), "edges", 0); len(got) != one.Partners {
		t.Errorf("the edges of an account with %d partners: %d", one.Partners, len(got))
	}
	// Of a time before everything there is nothing.
	body := page(t, fetch, path+"?before=2001-01-01T00:00:00Z")
	if !strings.Contains(body, "No pairs match") || !strings.Contains(body, "no meetings") || !strings.Contains(body, "Before 2001-01-01") {
		t.Error("the evidence is not cut to a time")
	}
}

func testFindingNotes(t *testing.T, w *world, fetch func(method, path, form string) (int, string), f *finding.Finding) {
	path := findingPath(f.Short)
	text := "Seen before. <script>alert(1)</script>"
	if status, _ := fetch(http.MethodPost, path+"/notes", url.Values{"text": {text}}.Encode()); status != http.StatusSeeOther {
		t.Fatalf("a note: %d", status)
	}
	notes, err := w.Findings.Notes(t.Context(), f.ID)
	must(t, err)
	if len(notes) != 1 || notes[0].Text != text {
		t.Fatalf("the notes are %+v", notes)
	}
	edit := path + "/notes/" + notes[0].ID
	body := page(t, fetch, path)
	if !strings.Contains(body, escaped(text)) || strings.Contains(body, "<script>alert") || !strings.Contains(body, `action="`+edit+`#notes"`) {
		t.Error("the note is not shown, or not as text, or cannot be changed")
	}
	if status, _ := fetch(http.MethodPost, edit, url.Values{"text": {"better"}, "version": {"1"}}.Encode()); status != http.StatusSeeOther {
		t.Errorf("changing a note: %d", status)
	}
	// What cannot be taken is not lost.
	for _, c := range []struct {
		path, version, text string
		status              int
	}{
		{edit, "1", "my longer draft", http.StatusConflict},
		{path + "/notes", "", strings.Repeat("字", 7_000), http.StatusUnprocessableEntity},
	} {
		status, body := fetch(http.MethodPost, c.path, url.Values{"text": {c.text}, "version": {c.version}}.Encode())
		if status != c.status || !strings.Contains(body, c.text+"</textarea>") || !strings.Contains(body, `role="alert"`) {
			t.Errorf("%s: %d, want %d with the text", c.path, status, c.status)
		}
		if strings.Contains(body, `href="`+path+`/notes`) {
			t.Errorf("%s: a link leads to where only forms go", c.path)
		}
	}
	other, err := w.Findings.AddNote(casestore.WithActor(t.Context(), "user:somebody"), f.ID, "of somebody else")
	must(t, err)
	if status, _ := fetch(http.MethodPost, path+"/notes/"+other.ID, "text=mine&version=1"); status != http.StatusForbidden {
		t.Errorf("changing a colleague's note: %d", status)
	}
	if status, _ := fetch(http.MethodPost, path+"/notes/none", "text=x&version=1"); status != http.StatusNotFound {
		t.Errorf("changing a note that is not there: %d", status)
	}
}

func testFindingFiles(t *testing.T, w *world, fetch func(method, path, form string) (int, string), f *finding.Finding) {
	snap, err := w.Findings.Snapshot(t.Context(), f.ID, 0)
	must(t, err)
	for _, file := range findingFiles {
		status, body := fetch(http.MethodGet, findingPath(f.Short)+"/export/"+file, "")
		if status != http.StatusOK {
			t.Errorf("%s: %d", file, status)
			continue
		}
		quiet(t, file, body)
		for i := range snap.Accounts {
			if strings.Contains(body, `"`+snap.Accounts[i].Key+`"`) || file != "edges.csv" && !strings.Contains(body, snap.Accounts[i].Alias) {
				t.Errorf("%s: the account %s is missing, or stands there by its key", file, snap.Accounts[i].Alias)
			}
		}
		switch {
		case strings.HasSuffix(file, ".csv"):
			rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
			want := map[string]int{"accounts.csv": len(snap.Accounts), "edges.csv": len(snap.Edges)}[file]
			if err != nil || len(rows) != want+1 {
				t.Errorf("%s: %d rows, want %d: %v", file, len(rows), want+1, err)
			}
		case strings.HasSuffix(file, ".json"):
			var d findingDocument
			if err := json.Unmarshal([]byte(body), &d); err != nil || d.Schema != findingFileSchema || len(d.Edges) != len(snap.Edges) || d.Marking != "TLP:AMBER" {
				t.Errorf("%s: %v, %d edges, marking %q", file, err, len(d.Edges), d.Marking)
			}
		default:
			nodes, edges := countXML(t, body)
			if nodes != len(snap.Accounts) || edges != len(snap.Edges) {
				t.Errorf("%s: %d nodes and %d edges, want %d and %d", file, nodes, edges, len(snap.Accounts), len(snap.Edges))
			}
		}
	}
	if got := inCell(func(string, string) string { return "=1+1" })("", ""); got != "'=1+1" {
		t.Errorf("a label that is a formula: %q", got)
	}
}

// countXML reads an XML file to its end and counts nodes and edges.
func countXML(t *testing.T, body string) (nodes, edges int) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(body))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nodes, edges
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		if e, ok := tok.(xml.StartElement); ok {
			switch e.Name.Local {
			case "node":
				nodes++
			case "edge":
				edges++
			}
		}
	}
}

func testFindingLife(t *testing.T, w *world, fetch func(method, path, form string) (int, string), f *finding.Finding) {
	ctx := casestore.WithActor(t.Context(), "cli:test")
	done, err := w.Findings.Triage(ctx, []string{f.ID}, finding.Change{State: finding.StateDismissed, Reason: finding.ReasonOther, ReasonText: "because <b>so</b>"})
	must(t, err)
	body := page(t, fetch, findingPath(f.Short))
	for _, want := range []string{
		"Dismissed", "Another reason", "because &lt;b&gt;so&lt;/b&gt;", `name="undo" value="` + done.Undo + `"`, `name="state" value="new"`, "The command line",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("a dismissed finding's page is without %q", want)
		}
	}
	if strings.Contains(body, `name="state" value="dismissed"`) {
		t.Error("a dismissed finding can be dismissed again")
	}
	_, err = w.Findings.Undo(ctx, done.Undo)
	must(t, err)
	body = page(t, fetch, findingPath(f.Short))
	if !strings.Contains(body, `class="finding-undone"`) || strings.Contains(body, `name="undo" value="`+done.Undo+`"`) {
		t.Error("an undone change is not marked, or can be undone again")
	}
}

// testOlderSnapshot has the group act once more, and looks at it as it was.
func testOlderSnapshot(t *testing.T, w *world, fetch func(method, path, form string) (int, string), f *finding.Finding) {
	var more []post.Post
	for a := range 5 {
		p := post.Post{
			Platform: "x", ID: fmt.Sprintf("more-%d", a), Account: post.Account{ID: fmt.Sprint(7700 + a), Handle: fmt.Sprintf("private_person_%d", a), Name: "Hidden Name"},
			Time: f.Last.Add(time.Duration(60+a) * time.Second), Text: "https://hostile.example/once-more",
		}
		normalise.Post(&p, normalise.Options{})
		more = append(more, p)
	}
	_, err := w.Store.Append(t.Context(), poststore.Batch{Source: "more", Posts: more})
	must(t, err)
	w.again(t)
	path := findingPath(f.Short)
	newest, older := page(t, fetch, path), page(t, fetch, path+"?version=1")
	if strings.Contains(newest, "You are looking at snapshot") || !strings.Contains(newest, `href="`+path+`?version=1"`) || !strings.Contains(newest, "/export/edges.csv?version=2") {
		t.Error("the newest snapshot says that it is an older one, or does not lead to it")
	}
	if !strings.Contains(older, "You are looking at snapshot 1 of 2.") || !strings.Contains(older, "/export/edges.csv?version=1") {
		t.Error("the older snapshot does not say so")
	}
	before := column(t, older, "runs", 4)
	if want := []string{"Snapshot 2", "Snapshot 1 shown here"}; !slices.Equal(before, want) {
		t.Errorf("the runs lead to %q, want %q", before, want)
	}
	if !strings.Contains(newest, "A run saw the group changed") {
		t.Error("the history does not say that the group changed")
	}
}

// again runs the detection once more.
func (w *world) again(t *testing.T) {
	t.Helper()
	ctx := casestore.WithActor(t.Context(), "cli:test")
	run, err := w.Findings.StartRun(ctx, w.Detection.ID)
	must(t, err)
	for end := time.Now().Add(time.Minute); run.State != finding.RunDone; time.Sleep(5 * time.Millisecond) {
		run, err = w.Findings.Run(ctx, run.ID)
		must(t, err)
		if run.State == finding.RunFailed || time.Now().After(end) {
			t.Fatalf("the run is %s: %s", run.State, run.Error)
		}
	}
}

// testNamedAccount marks an account of the group: everybody may see its name,
// on the page and in files, where a spreadsheet takes it for no formula.
func testNamedAccount(t *testing.T, w *world, fetch func(method, path, form string) (int, string), f *finding.Finding) {
	p := &auth.Principal{ID: "lead", Name: "lead", Roles: []auth.Role{auth.Lead}}
	ctx := casestore.WithActor(auth.With(t.Context(), p), "user:lead")
	account := mandate.Account{Platform: "x", Account: post.Account{ID: "7703", Handle: "office", Name: "=Public <b>Office</b>"}}
	_, err := w.Mandate.MarkAccount(ctx, p, account, mandate.PublicBody, "it says so", "https://office.example/")
	must(t, err)
	posts := []post.Post{{Platform: "x", ID: "office", Account: account.Account, Time: f.Last.Add(24 * time.Hour), Text: "an office"}}
	normalise.Post(&posts[0], normalise.Options{})
	_, err = w.Store.Append(t.Context(), poststore.Batch{Source: "office", Posts: posts})
	must(t, err)
	body := page(t, fetch, findingPath(f.Short))
	if names := column(t, body, "accounts", 0); !slices.ContainsFunc(names, func(x string) bool { return strings.HasPrefix(x, "=Public &lt;b&gt;Office") }) {
		t.Errorf("a public body is not named on the page: %q", names)
	}
	for file, want := range map[string]string{
		"accounts.csv": "'=Public <b>Office</b>", "edges.csv": "'=Public <b>Office</b>", "finding.json": `"=Public <b>Office</b>"`,
		"network.gexf": "=Public &lt;b&gt;Office&lt;/b&gt;",
	} {
		status, body := fetch(http.MethodGet, findingPath(f.Short)+"/export/"+file, "")
		if status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, or a public body is not named as %q", file, status, want)
		}
		quiet(t, file, body)
	}
}

// TestBrowserFinding looks at a finding's page.
func TestBrowserFinding(t *testing.T) {
	site := webtest.New(t)
	w := newWorld(t, site.Auth, site.DB, false)
	site.Start(t, w)
	all, hostile := findingsOf(t, w)
	plain := all[0]
	if plain.ID == hostile.ID {
		plain = all[1]
	}
	site.Run(t, "testdata/finding.cjs", map[string]any{
		"hostile": hostile.Short, "plain": plain.Short, "account": w.Mandate.Names().Alias("x", "7700"),
		"analyst": site.Enter(t, auth.Analyst), "viewer": site.Enter(t, auth.Viewer),
	})
}
