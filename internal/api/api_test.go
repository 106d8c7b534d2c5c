package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/api"
	"github.com/akashi-project/akashi/internal/app"
	"github.com/akashi-project/akashi/internal/audit"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/backup"
	"github.com/akashi-project/akashi/internal/config"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/poststore"
)

func TestSelf(t *testing.T) {
	w := newWorld(t, false)
	var self api.Self
	w.as(t, "hanako", auth.Analyst, auth.FindingRead, auth.PostRead).ask(t, http.MethodGet, "/whoami", nil, 200, &self)
	if self.Login != "hanako" || len(self.Rights) != 2 || self.TLP != "AMBER" || self.Token == "" {
		t.Errorf("%+v", self)
	}
	for _, token := range []string{"", "x", auth.TokenPrefix + strings.Repeat("a", 43)} {
		(&caller{w, token}).refused(t, http.MethodGet, "/whoami", nil, 401, api.CodeToken)
	}
	nobody := &caller{w: w}
	nobody.refused(t, http.MethodGet, "/nowhere", nil, 404, api.CodeNotFound)
	nobody.refused(t, http.MethodPut, "/findings", nil, 405, api.CodeMethod)
}

func TestFindings(t *testing.T) {
	w := newWorld(t, true)
	reader := w.as(t, "reader", auth.Analyst, auth.FindingRead)
	analyst := w.as(t, "analyst", auth.Analyst)
	var list, page api.FindingList
	reader.ask(t, http.MethodGet, "/findings", nil, 200, &list)
	if len(list.Findings) == 0 {
		t.Fatal("no findings")
	}
	// Page by page it is the same list.
	var ids []string
	for cursor := ""; ; cursor = page.Next {
		page = api.FindingList{}
		reader.ask(t, http.MethodGet, "/findings?limit=1&cursor="+url.QueryEscape(cursor), nil, 200, &page)
		for i := range page.Findings {
			ids = append(ids, page.Findings[i].ID)
		}
		if page.Next == "" {
			break
		}
	}
	if len(ids) != len(list.Findings) || ids[0] != list.Findings[0].ID {
		t.Errorf("by pages %v, at once %d", ids, len(list.Findings))
	}
	reader.ask(t, http.MethodGet, "/findings?state=dismissed&state=linked", nil, 200, &page)
	if len(page.Findings) != 0 {
		t.Errorf("%d are dismissed", len(page.Findings))
	}
	reader.refused(t, http.MethodGet, "/findings?state=gone", nil, 422, api.CodeInvalid)
	reader.refused(t, http.MethodGet, "/findings?stat=new", nil, 422, api.CodeInvalid)
	reader.refused(t, http.MethodGet, "/findings/F-1999-0001", nil, 404, api.CodeNotFound)

	f := list.Findings[0]
	var snapshot api.Snapshot
	reader.ask(t, http.MethodGet, "/findings/"+f.Short+"/snapshot", nil, 200, &snapshot)
	if len(snapshot.Accounts) != f.Accounts || len(snapshot.Edges) == 0 || len(snapshot.Edges[0].Evidence) == 0 || len(snapshot.Objects) == 0 {
		t.Errorf("%d accounts, %d edges, %d objects", len(snapshot.Accounts), len(snapshot.Edges), len(snapshot.Objects))
	}
	for _, account := range snapshot.Accounts {
		if account.Label != account.Alias || !strings.HasPrefix(account.Alias, "acc-") {
			t.Errorf("an account is shown as %q", account.Label)
		}
	}
	reader.ask(t, http.MethodGet, "/posts/"+snapshot.Edges[0].Evidence[0].PostA, nil, 403, nil)
	analyst.ask(t, http.MethodGet, "/posts/"+snapshot.Edges[0].Evidence[0].PostA, nil, 200, nil)

	change := api.TriageRequest{IDs: []string{f.ID}, State: "triaged", Versions: map[string]int64{f.ID: f.Version}}
	reader.refused(t, http.MethodPost, "/findings/triage", change, 403, api.CodeRight)
	reader.refused(t, http.MethodPost, "/findings/"+f.ID+"/notes", api.NoteRequest{Text: "x"}, 403, api.CodeRight)
	var done finding.Result
	analyst.ask(t, http.MethodPost, "/findings/triage", change, 200, &done)
	if len(done.Changed) != 1 || done.Undo == "" {
		t.Fatalf("%+v", done)
	}
	analyst.refused(t, http.MethodPost, "/findings/triage", api.TriageRequest{IDs: []string{f.ID}, State: "new", Versions: change.Versions}, 409, api.CodeConflict)
	analyst.refused(t, http.MethodPost, "/findings/triage", api.TriageRequest{IDs: []string{f.ID}, State: "dismissed"}, 422, api.CodeInvalid)
	analyst.refused(t, http.MethodPost, "/findings/triage", `{"ids":["x"],"state":"new","states":1}`, 422, api.CodeInvalid)
	analyst.refused(t, http.MethodPost, "/findings/triage", `{`, 400, api.CodeRequest)
	analyst.refused(t, http.MethodPost, "/findings/triage", strings.NewReader(`{}`), 415, api.CodeMedia)
	analyst.refused(t, http.MethodPost, "/findings/triage", `{"ids":["`+strings.Repeat("x", 2<<20)+`"]}`, 413, api.CodeTooLarge)
	analyst.ask(t, http.MethodPost, "/findings/"+f.Short+"/notes", api.NoteRequest{Text: "確認中"}, 201, nil)
	var notes api.NoteList
	reader.ask(t, http.MethodGet, "/findings/"+f.ID+"/notes", nil, 200, &notes)
	var events api.EventList
	reader.ask(t, http.MethodGet, "/findings/"+f.ID+"/events", nil, 200, &events)
	if len(notes.Notes) != 1 || len(events.Events) < 3 || !strings.HasPrefix(notes.Notes[0].Author, "token:") {
		t.Errorf("notes %+v, events %+v", notes.Notes, events.Events)
	}
	analyst.ask(t, http.MethodPost, "/findings/undo", api.UndoRequest{Undo: done.Undo}, 200, nil)
	var again finding.Finding
	reader.ask(t, http.MethodGet, "/findings/"+f.ID, nil, 200, &again)
	if again.State != finding.StateNew {
		t.Errorf("after the undo it is %s", again.State)
	}

	// What was done is in the log, under the token's name.
	must(t, w.Audit.Drain(t.Context(), w.DB))
	lead := w.as(t, "lead", auth.Lead)
	var log api.LogPage
	lead.ask(t, http.MethodGet, "/log/lines?actor=token:&action=finding.", nil, 200, &log)
	if len(log.Entries) < 3 || !log.Done {
		t.Fatalf("%d lines by tokens", len(log.Entries))
	}
	var checkpoint api.Checkpoint
	lead.ask(t, http.MethodGet, "/log/checkpoint", nil, 200, &checkpoint)
	proof := lead.ask(t, http.MethodGet, fmt.Sprintf("/log/lines/%d/proof", log.Entries[0].Index), nil, 200, nil)
	parsed, err := audit.ParseProof([]byte(proof.body))
	must(t, err)
	entry, err := audit.VerifyProof(parsed, checkpoint.PublicKey)
	if err != nil || entry.Line.ID != log.Entries[0].Line.ID {
		t.Errorf("the proof: %v", err)
	}
	lead.refused(t, http.MethodGet, "/log/lines/99999/proof", nil, 404, api.CodeNotFound)
}

func TestDetections(t *testing.T) {
	w := newWorld(t, true)
	lead, analyst := w.as(t, "lead", auth.Lead), w.as(t, "analyst", auth.Analyst)
	var d, changed finding.Detection
	wanted := api.DetectionRequest{Name: "日次", Behaviours: "url", Query: "lang:ja", Schedule: "@daily"}
	analyst.refused(t, http.MethodPost, "/detections", wanted, 403, api.CodeRight)
	lead.ask(t, http.MethodPost, "/detections", wanted, 201, &d)
	if d.Name != "日次" || d.Behaviours == "" || d.Version != 1 {
		t.Errorf("%+v", d)
	}
	wanted.Query = "lang:"
	lead.refused(t, http.MethodPost, "/detections", wanted, 422, api.CodeInvalid)
	wanted.Query, wanted.Name = "", "毎日"
	lead.ask(t, http.MethodPut, "/detections/"+d.ID, api.DetectionChange{DetectionRequest: wanted, Version: 1}, 200, &changed)
	lead.refused(t, http.MethodPut, "/detections/"+d.ID, api.DetectionChange{DetectionRequest: wanted, Version: 1}, 409, api.CodeConflict)
	var parameters api.ParameterList
	analyst.ask(t, http.MethodGet, "/detections/"+d.ID+"/parameters", nil, 200, &parameters)
	if len(parameters.Versions) != 2 {
		t.Errorf("%d versions of the parameters", len(parameters.Versions))
	}
	var run finding.Run
	analyst.ask(t, http.MethodPost, "/detections/"+d.ID+"/runs", nil, 202, &run)
	for end := time.Now().Add(time.Minute); run.State != finding.RunDone; time.Sleep(5 * time.Millisecond) {
		analyst.ask(t, http.MethodGet, "/runs/"+run.ID, nil, 200, &run)
		if run.State == finding.RunFailed || time.Now().After(end) {
			t.Fatalf("%s: %s", run.State, run.Error)
		}
	}
	analyst.ask(t, http.MethodPost, "/runs/"+run.ID+"/cancel", nil, 200, &run)
	if run.State != finding.RunDone {
		t.Errorf("a run that has ended became %s", run.State)
	}
	var runs, rest api.RunList
	analyst.ask(t, http.MethodGet, "/runs?limit=1&state=done", nil, 200, &runs)
	analyst.ask(t, http.MethodGet, "/runs?limit=1&state=done&cursor="+runs.Next, nil, 200, &rest)
	if len(runs.Runs) != 1 || len(rest.Runs) != 1 || runs.Runs[0].ID == rest.Runs[0].ID {
		t.Errorf("%d runs, then %d", len(runs.Runs), len(rest.Runs))
	}
	var network finding.Network
	analyst.ask(t, http.MethodGet, "/runs/"+w.run.ID+"/network", nil, 200, &network)
	if len(network.Bubbles) == 0 {
		t.Error("the network is empty")
	}
	var all api.DetectionList
	analyst.ask(t, http.MethodGet, "/detections", nil, 200, &all)
	own := slices.DeleteFunc(all.Detections, func(d finding.Detection) bool { return d.ID == finding.LiveDetection })
	if len(own) != 2 {
		t.Errorf("%d detections", len(own))
	}
	lead.refused(t, http.MethodDelete, "/detections/"+d.ID, nil, 422, api.CodeInvalid)
	lead.ask(t, http.MethodDelete, fmt.Sprintf("/detections/%s?version=%d", d.ID, changed.Version), nil, 204, nil)
	analyst.refused(t, http.MethodGet, "/detections/"+d.ID, nil, 404, api.CodeNotFound)
}

func TestPosts(t *testing.T) {
	w := newWorld(t, true)
	c := w.as(t, "analyst", auth.Analyst)
	var count api.Count
	c.ask(t, http.MethodGet, "/posts/count", nil, 200, &count)
	if count.Posts != 360 {
		t.Errorf("%d posts", count.Posts)
	}
	// Page by page every post comes once, the newest first.
	seen, last, pages := map[string]bool{}, time.Now().AddDate(100, 0, 0), 0
	for cursor := ""; pages == 0 || cursor != ""; pages++ {
		var page api.PostList
		c.ask(t, http.MethodGet, "/posts?limit=50&cursor="+cursor, nil, 200, &page)
		for _, p := range page.Posts {
			if seen[p.Key] || p.Time.After(last) {
				t.Fatalf("%s at %s comes twice or late", p.Key, p.Time)
			}
			seen[p.Key], last = true, p.Time
		}
		cursor = page.Next
	}
	if len(seen) != 360 || pages != 8 {
		t.Errorf("%d posts on %d pages", len(seen), pages)
	}
	var some api.PostList
	c.ask(t, http.MethodGet, "/posts?limit=1&q="+url.QueryEscape("処理水"), nil, 200, &some)
	if len(some.Posts) != 1 || !strings.Contains(some.Posts[0].Text, "<script>") || !strings.HasPrefix(some.Posts[0].Account.Label, "acc-") {
		t.Errorf("%+v", some.Posts)
	}
	var one api.PostVersions
	c.ask(t, http.MethodGet, "/posts/"+some.Posts[0].Key, nil, 200, &one)
	var volume api.Volume
	c.ask(t, http.MethodGet, "/posts/histogram?bin_s=86400&by=lang", nil, 200, &volume)
	var sum int64
	for _, series := range volume.Series {
		for _, n := range series.Counts {
			sum += n
		}
	}
	if len(one.Versions) != 1 || sum != 360 {
		t.Errorf("%d versions, %d posts in the histogram", len(one.Versions), sum)
	}
	c.refused(t, http.MethodGet, "/posts?q="+url.QueryEscape("lang:"), nil, 422, api.CodeQuery)
	c.refused(t, http.MethodGet, "/posts?cursor=7", nil, 422, api.CodeCursor)
	c.ask(t, http.MethodGet, "/posts/count?zone=%2B09:00&q=after:2026-11-02", nil, 200, &count)
	if count.Posts == 0 || count.Posts >= 360 {
		t.Errorf("%d posts since a day", count.Posts)
	}
	c.refused(t, http.MethodGet, "/posts/count?zone=Nowhere", nil, 422, api.CodeInvalid)
	c.refused(t, http.MethodGet, "/posts/histogram?bin_s=1", nil, 422, api.CodeInvalid)
	c.refused(t, http.MethodGet, "/posts/histogram?by=text", nil, 422, api.CodeInvalid)
	c.refused(t, http.MethodGet, "/posts/ffffffffffffffff", nil, 404, api.CodeNotFound)

	// Files.
	for format, begins := range map[string]string{"ndjson": `{"`, "csv": "platform,", "parquet": "PAR1"} {
		var plan api.ExportPlan
		c.ask(t, http.MethodGet, "/posts/export?format="+format, nil, 200, &plan)
		file := c.ask(t, http.MethodPost, "/posts/export", api.ExportRequest{Format: format}, 200, nil)
		if plan.Posts != 360 || plan.Cut || !strings.HasPrefix(file.body, begins) || !strings.Contains(file.header.Get("Content-Disposition"), format) ||
			plan.Bytes < int64(len(file.body))/3 || plan.Bytes > int64(len(file.body))*3 {
			t.Errorf("%s: planned %+v, got %d bytes, %s: %.100q", format, plan, len(file.body), file.header.Get("Content-Disposition"), file.body)
		}
	}
	c.refused(t, http.MethodPost, "/posts/export", `{"format":"xlsx"}`, 422, api.CodeInvalid)
	w.as(t, "viewer", auth.Viewer).refused(t, http.MethodPost, "/posts/export", api.ExportRequest{Format: "csv"}, 403, api.CodeRight)
}

func TestImports(t *testing.T) {
	w := newWorld(t, false)
	c := w.as(t, "lead", auth.Lead)
	rows := "id,user,time,text\n1,private_person_1,2026-11-01T00:00:00Z,こんにちは\n2,b,2026-11-01T00:00:01Z,また\n"
	const path = "/imports?name=posts.csv&source=test&zone=%2B09:00&map=account%3Duser&map=platform%3D%3Dx"
	var m api.Import
	c.ask(t, http.MethodPost, path, strings.NewReader(rows), 202, &m)
	for end := time.Now().Add(time.Minute); m.State != "done"; time.Sleep(5 * time.Millisecond) {
		c.ask(t, http.MethodGet, "/imports/"+m.ID, nil, 200, &m)
		if m.State == "failed" || time.Now().After(end) {
			t.Fatalf("%+v", m)
		}
	}
	if m.New != 2 || m.File != "posts.csv" || m.Source != "test" {
		t.Errorf("%+v", m)
	}
	c.ask(t, http.MethodPost, "/imports/"+m.ID+"/cancel", nil, 200, &m)
	if m.State != "done" {
		t.Errorf("an import that has ended became %s", m.State)
	}
	var list api.ImportList
	c.ask(t, http.MethodGet, "/imports", nil, 200, &list)
	if len(list.Imports) != 1 || list.Next != "" {
		t.Errorf("%+v", list)
	}
	c.refused(t, http.MethodPost, "/imports", strings.NewReader(rows), 422, api.CodeInvalid)
	c.refused(t, http.MethodPost, "/imports?name=a.csv&map=account", strings.NewReader(rows), 422, api.CodeInvalid)
	c.refused(t, http.MethodPost, "/imports?name=a.csv&format=nothing", strings.NewReader(rows), 422, api.CodeInvalid)
	w.as(t, "analyst", auth.Analyst).refused(t, http.MethodPost, path, strings.NewReader(rows), 403, api.CodeRight)
	spooled, err := os.ReadDir(w.Config.Import.SpoolDir)
	if err != nil || len(spooled) != 0 {
		t.Errorf("left in the spool: %v, %v", spooled, err)
	}
}

// TestBackupWhileItRuns takes a backup while posts and lines are appended, and
// restores it: all that was acknowledged before is there, in order.
func TestBackupWhileItRuns(t *testing.T) {
	w := newWorld(t, true)
	c := w.as(t, "admin", auth.Administrator, auth.OperateBackup, auth.OperateRead)
	var health api.Health
	c.ask(t, http.MethodGet, "/health", nil, 200, &health)
	if health.Posts != 360 || health.Bytes == 0 || health.Version != "test" {
		t.Errorf("%+v", health)
	}
	found, err := w.Findings.List(t.Context(), finding.Filter{})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	appended, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for i := 0; ctx.Err() == nil; i++ {
			more := actors(1)[60:]
			more[0].ID = fmt.Sprintf("during-%d", i)
			_, err := w.Posts.Append(t.Context(), poststore.Batch{Source: "during", Posts: more})
			if err == nil {
				_, err = w.Findings.AddNote(t.Context(), found.Findings[0].ID, fmt.Sprintf("note %d", i))
			}
			if err != nil {
				ended <- err
				return
			}
			if i == 3 {
				close(appended)
			}
		}
		ended <- nil
	}()
	<-appended
	got := c.ask(t, http.MethodPost, "/backup", nil, 200, nil)
	stop()
	must(t, <-ended)

	path, dir := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "restored")
	must(t, os.WriteFile(path, []byte(got.body), 0o600))
	if _, err := backup.Verify(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	_, err = backup.Restore(t.Context(), path, dir, false)
	must(t, err)
	settings, err := config.Load("", map[string]any{"data.dir": dir})
	must(t, err)
	report, err := audit.Verify(t.Context(), settings.LogDir(), w.Audit.PublicKey())
	if err != nil || report.Lines == 0 {
		t.Errorf("the log: %v, %+v", err, report)
	}
	r, err := app.Build(t.Context(), settings, app.Options{})
	must(t, err)
	defer func() { must(t, r.Close()) }()
	span, err := r.Posts.Span(t.Context())
	must(t, err)
	notes, err := r.Findings.Notes(t.Context(), found.Findings[0].ID)
	must(t, err)
	if span.Posts < 361 || len(notes) < 4 || notes[0].Text != "note 0" {
		t.Errorf("restored %d posts and %d notes", span.Posts, len(notes))
	}
	left, err := filepath.Glob(filepath.Join(w.Config.Data.Dir, ".backup-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	w.as(t, "lead", auth.Lead).refused(t, http.MethodPost, "/backup", nil, 403, api.CodeRight)
}

// TestExportInMemory writes 200,000 posts as a stream: what is held on the way
// is a bounded part of them. The posts themselves have some 150 MiB in memory.
func TestExportInMemory(t *testing.T) {
	w := newWorld(t, false)
	for batch := range 20 {
		posts := actors(10_000)[60:]
		for i := range posts {
			posts[i].ID += fmt.Sprintf("-%d", batch)
		}
		_, err := w.Posts.Append(t.Context(), poststore.Batch{Source: "many", Posts: posts})
		must(t, err)
	}
	c := w.as(t, "analyst", auth.Analyst)
	for _, format := range []string{"ndjson", "csv", "parquet"} {
		size, most := c.held(t, api.ExportRequest{Format: format})
		t.Logf("%s: a file of %d KiB holds %d KiB of memory", format, size>>10, most>>10)
		if format == "ndjson" && size < 40<<20 {
			t.Errorf("%s: the file has only %d bytes", format, size)
		}
		if most > 40<<20 {
			t.Errorf("%s: %d bytes of memory were held", format, most)
		}
	}
}

// held asks for a file and gives its size and the most memory that was held
// while it came.
func (c *caller) held(t *testing.T, r api.ExportRequest) (size int64, most uint64) {
	t.Helper()
	data, err := json.Marshal(r)
	must(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.w.base+api.Prefix+"/posts/export", bytes.NewReader(data))
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for {
		n, err := io.CopyN(io.Discard, resp.Body, 1<<19)
		size += n
		var now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapAlloc-min(before.HeapAlloc, now.HeapAlloc))
		if errors.Is(err, io.EOF) {
			return size, most
		}
		must(t, err)
	}
}
