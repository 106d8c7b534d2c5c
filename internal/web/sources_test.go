package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/i18n"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// uploader signs a person in who may send files.
type uploader struct {
	*http.Client
	url string
}

func newUploader(t *testing.T, service *auth.Service, url string, role auth.Role) *uploader {
	t.Helper()
	ctx := casestore.WithActor(t.Context(), "cli:test")
	p, _, err := service.Invite(ctx, auth.NewPerson{Login: "up-" + string(role), Name: "江井島 渚", Roles: []auth.Role{role}})
	must(t, err)
	enter, err := service.OneTimeLogin(ctx, p.ID)
	must(t, err)
	jar, err := cookiejar.New(nil)
	must(t, err)
	u := &uploader{&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, url}
	path, token, _ := strings.Cut(enter, "?")
	if status, _, body := u.do(t, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(token)); status != http.StatusSeeOther {
		t.Fatalf("signing in: %d %s", status, body)
	}
	return u
}

// do asks and gives the status, where it leads, and the body.
func (u *uploader) do(t *testing.T, method, path, kind string, body io.Reader) (status int, to, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, u.url+path, body)
	must(t, err)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("Accept-Language", "en")
	resp, err := u.Do(req)
	must(t, err)
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp.StatusCode, resp.Header.Get("Location"), string(out)
}

func (u *uploader) get(t *testing.T, path string) (int, string) {
	t.Helper()
	status, _, body := u.do(t, http.MethodGet, path, "", nil)
	return status, body
}

func (u *uploader) post(t *testing.T, path string) (int, string) {
	t.Helper()
	status, _, body := u.do(t, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader("x=1"))
	return status, body
}

// upload sends a file with the fields of the form; an empty name sends none.
func (u *uploader) upload(t *testing.T, name, content string, fields ...string) (status int, to, text string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	if name != "" {
		part, err := form.CreateFormFile("file", name)
		must(t, err)
		_, err = io.WriteString(part, content)
		must(t, err)
	}
	values := map[string]string{"mandate": "処理水に関する監視の指示（2026 年 11 月）", "zone": "Asia/Tokyo"}
	for i := 0; i < len(fields); i += 2 {
		values[fields[i]] = fields[i+1]
	}
	for k, v := range values {
		must(t, form.WriteField(k, v))
	}
	must(t, form.Close())
	return u.do(t, http.MethodPost, "/sources/import", form.FormDataContentType(), &b)
}

// follow reads the streams of an import's page until it has ended, as a browser
// does.
func (u *uploader) follow(t *testing.T, page string) string {
	t.Helper()
	stream := regexp.MustCompile(`data-events="([^"]+)"`)
	for range 20 {
		_, body := u.get(t, page)
		m := stream.FindStringSubmatch(body)
		if m == nil {
			return body
		}
		status, events := u.get(t, html.UnescapeString(m[1]))
		if status != http.StatusOK || !strings.Contains(events, "event: done") {
			t.Fatalf("the stream: %d\n%s", status, events)
		}
	}
	t.Fatalf("%s goes on and on", page)
	return ""
}

// tableFile is a CSV with posts, the bad ones without a time that can be read.
func tableFile(good, bad int) string {
	var b strings.Builder
	b.WriteString("account,time,text,id,platform\n")
	for i := range good {
		fmt.Fprintf(&b, "u%d,2026-11-20 10:%02d:%02d,処理水の報 %d,p%d,x\n", i%7, i/60%60, i%60, i, i)
	}
	for i := range bad {
		fmt.Fprintf(&b, "u%d,when @private_person wrote,Hidden Name,b%d,x\n", i, i)
	}
	return b.String()
}

// count reads a number of the table of an import's page.
func count(t *testing.T, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`<th scope="row">` + name + `</th><td class="number">(?:<a[^>]*>)?([0-9,]+)`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no count %q in\n%s", name, page)
	}
	return m[1]
}

func spooled(t *testing.T, dir string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	must(t, err)
	return len(found)
}

func TestSources(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, true)
		site := httptest.NewServer(w)
		defer site.Close()
		lead := newUploader(t, service, site.URL, auth.Lead)
		analyst := newUploader(t, service, site.URL, auth.Analyst)
		admin := newUploader(t, service, site.URL, auth.Administrator)

		t.Run("what is refused", func(t *testing.T) {
			for name, c := range map[string]struct {
				file, content string
				fields        []string
				status        int
				want          string
			}{
				"no file":      {"", "", nil, 422, "Choose a file."},
				"empty":        {"empty.csv", "", nil, 422, "The file is empty."},
				"picture":      {"x.png", "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00\x01\xff", 5000), nil, 422, "This file cannot be read"},
				"no posts":     {"x.csv", "account,time,text,id\n", nil, 422, "The file"},
				"all bad":      {"bad.csv", tableFile(0, 400), []string{"map.time", "time", "map.account", "account"}, 422, "of the first"},
				"no mandate":   {"x.csv", tableFile(3, 0), []string{"mandate", " "}, 422, "on what ground"},
				"no such zone": {"x.csv", tableFile(3, 0), []string{"zone", "Mars/Olympus"}, 422, "time zone is not known"},
				"encoding":     {"x.csv", tableFile(3, 0), []string{"encoding", "no-such"}, 422, "do not fit together"},
				"format":       {"x.csv", tableFile(3, 0), []string{"format", "no-such"}, 422, "do not fit together"},
				"too large":    {"x.csv", tableFile(30_000, 0), nil, 413, "larger than"},
			} {
				status, _, body := lead.upload(t, c.file, c.content, c.fields...)
				if status != c.status || !strings.Contains(body, c.want) || strings.Contains(body, w.Spool) {
					t.Errorf("%s: %d, want %d with %q\n%s", name, status, c.status, c.want, body)
				}
			}
			status, _, _ := lead.do(t, http.MethodPost, "/sources/import", "multipart/form-data; boundary=x", strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncut off"))
			if status != http.StatusUnprocessableEntity {
				t.Errorf("a cut-off upload: %d", status)
			}
			if n := spooled(t, w.Spool); n != 0 {
				t.Errorf("%d files are left in the spool", n)
			}
			if status, _, _ := analyst.upload(t, "x.csv", tableFile(3, 0)); status != http.StatusForbidden {
				t.Errorf("an analyst's upload: %d", status)
			}
		})

		t.Run("a table with unreadable rows", func(t *testing.T) {
			status, to, body := lead.upload(t, "監視 <b>.csv", tableFile(300, 5), "source", "監視 \"週報\"")
			if status != http.StatusSeeOther || !strings.HasPrefix(to, "/sources/imports/") {
				t.Fatalf("%d to %q\n%s", status, to, body)
			}
			page := lead.follow(t, to)
			for name, want := range map[string]string{"Records": "305", "Unreadable": "5", "Posts": "300", "New": "300", "Known": "0"} {
				if got := count(t, page, name); got != want {
					t.Errorf("%s: %s, want %s", name, got, want)
				}
			}
			for _, want := range []string{"@private_person", "Account (its lasting id)", "江井島 渚", "監視の指示", "Asia/Tokyo", "監視 &lt;b&gt;.csv", "UTF-8"} {
				if !strings.Contains(page, want) {
					t.Errorf("the page lacks %q\n%s", want, page)
				}
			}
			_, page = analyst.get(t, to)
			if strings.Contains(page, "private_person") || strings.Contains(page, "Hidden Name") || !strings.Contains(page, "only to people who may import") {
				t.Error("an analyst sees the unreadable rows, or is not told that they are not shown")
			}
			for _, button := range []string{"/cancel", "/continue"} {
				if strings.Contains(page, button) {
					t.Errorf("an analyst is offered %s", button)
				}
			}
			link := regexp.MustCompile(`href="(/search\?q=via[^"]+)"`).FindStringSubmatch(page)
			if link == nil {
				t.Fatalf("no link to the posts of the source\n%s", page)
			}
			if _, body := analyst.get(t, html.UnescapeString(link[1])); !strings.Contains(body, "処理水の報 299") {
				t.Errorf("the search of the source at %s finds nothing\n%s", link[1], body)
			}
			if _, page := admin.get(t, to); strings.Contains(page, "/search?") || !strings.Contains(page, "@private_person") {
				t.Error("an administrator is led to posts, or does not see the unreadable rows")
			}
			if n := spooled(t, w.Spool); n != 0 {
				t.Errorf("%d files are left in the spool", n)
			}
		})

		t.Run("the same again adds nothing", func(t *testing.T) {
			_, to, _ := lead.upload(t, "again.csv", tableFile(300, 5), "source", "監視 \"週報\"")
			page := lead.follow(t, to)
			if got := count(t, page, "New") + " " + count(t, page, "Known"); got != "0 300" {
				t.Errorf("new and known: %s", got)
			}
		})

		t.Run("lines of JSON", func(t *testing.T) {
			const lines = `{"platform":"bluesky","id":"j1","account":{"id":"a"},"time":"2026-11-20T01:00:00Z","text":"one"}
{"platform":"bluesky","id":"j2","account":{"id":"b"},"time":"2026-11-20T02:00:00Z","text":"two"}
`
			_, to, body := lead.upload(t, "lines.ndjson", lines)
			if to == "" {
				t.Fatal(body)
			}
			page := lead.follow(t, to)
			if got := count(t, page, "New"); got != "2" || !strings.Contains(page, "<code>akashi</code>") || !strings.Contains(page, "file:lines.ndjson") {
				t.Errorf("%s new\n%s", got, page)
			}
		})

		t.Run("looked at first, begun, cancelled", func(t *testing.T) {
			_, to, body := lead.upload(t, "look.csv", tableFile(20, 1)+"u9,2026-11-21 10:00:00,from @private_person,q1,x\n", "do", "look", "source", "looked at")
			if to == "" {
				t.Fatal(body)
			}
			_, page := lead.get(t, to)
			if !strings.Contains(page, "The beginning of the file") || !strings.Contains(page, "処理水の報 0") || !strings.Contains(page, "acc-") {
				t.Errorf("no preview\n%s", page)
			}
			if _, page := admin.get(t, to); strings.Contains(page, "処理水の報") || !strings.Contains(page, "The beginning of the file") {
				t.Error("an administrator sees posts in the preview, or no preview")
			}
			if _, page := analyst.get(t, to); strings.Contains(page, "The beginning of the file") {
				t.Error("an analyst sees the preview")
			}
			if status, _ := lead.post(t, to+"/continue"); status != http.StatusSeeOther {
				t.Errorf("beginning: %d", status)
			}
			if got := count(t, lead.follow(t, to), "New"); got != "1" {
				t.Errorf("%s new", got)
			}
			if status, _ := lead.post(t, to+"/continue"); status != http.StatusUnprocessableEntity {
				t.Errorf("beginning an import that has ended: %d", status)
			}
			_, to, _ = lead.upload(t, "not.csv", tableFile(20, 0), "do", "look", "source", "never")
			if n := spooled(t, w.Spool); n != 1 {
				t.Errorf("%d files are in the spool, want 1", n)
			}
			if status, _ := analyst.post(t, to+"/cancel"); status != http.StatusForbidden {
				t.Errorf("an analyst cancels: %d", status)
			}
			if status, _ := lead.post(t, to+"/cancel"); status != http.StatusSeeOther {
				t.Errorf("cancelling: %d", status)
			}
			if _, page := lead.get(t, to); !strings.Contains(page, "This import was cancelled") || spooled(t, w.Spool) != 0 {
				t.Error("it was not cancelled, or its file stays")
			}
			if status, _ := lead.get(t, "/sources/imports/nowhere"); status != http.StatusNotFound {
				t.Errorf("an import that is not there: %d", status)
			}
		})

		t.Run("the list", func(t *testing.T) {
			_, page := analyst.get(t, "/sources")
			for _, want := range []string{"監視 &#34;週報&#34;", "again.csv", "Cancelled", "via"} {
				if !strings.Contains(page, want) {
					t.Errorf("the list lacks %q\n%s", want, page)
				}
			}
			if strings.Contains(page, `href="/sources/import"`) {
				t.Error("an analyst is offered an upload")
			}
			_, page = analyst.get(t, "/sources?open="+url.QueryEscape("監視 \"週報\""))
			if !strings.Contains(page, "platform") || !strings.Contains(page, "100%") {
				t.Errorf("the panel does not count platforms\n%s", page)
			}
			if status, _ := analyst.get(t, "/sources?open=nothing"); status != http.StatusNotFound {
				t.Errorf("the panel of a source that is not there: %d", status)
			}
			if status, _ := analyst.get(t, "/sources/events?seen="+strings.Repeat(",", 30)); status != http.StatusUnprocessableEntity {
				t.Errorf("following too many imports: %d", status)
			}
		})

		t.Run("operation", func(t *testing.T) {
			w.Ready = func(context.Context) map[string]error {
				return map[string]error{"posts": nil, "casework": errors.New("/var/lib/secret is gone"), "log": nil}
			}
			auditor := newUploader(t, service, site.URL, auth.Auditor)
			status, page := auditor.get(t, "/operation")
			for _, want := range []string{"akashi/test", "Import of a file", "/sources/imports/", "The casework database does not answer", "The log keeps up", "akashi backup"} {
				if status != http.StatusOK || !strings.Contains(page, want) {
					t.Errorf("%d, or the page lacks %q\n%s", status, want, page)
				}
			}
			if strings.Contains(page, "private_person") || strings.Contains(page, "/var/lib/secret") {
				t.Error("the page tells of a person, or of the server's folders")
			}
			for path, want := range map[string]int{"/operation?state=completed": 200, "/operation?state=x": 422, "/operation?before=x": 422, "/operation?before=1": 200} {
				if status, _ := auditor.get(t, path); status != want {
					t.Errorf("%s: %d, want %d", path, status, want)
				}
			}
		})
	})
}

// TestUploadChoices says that all that the form offers is known to the reader,
// and that it has a name.
func TestUploadChoices(t *testing.T) {
	s := &Server{Deps: Deps{Lang: "en"}}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	words, err := i18n.Load()
	must(t, err)
	s.words = words
	for _, e := range uploadEncodings() {
		if _, err := file.Read(t.Context(), nil, file.Options{Encoding: e}, nil); err != nil {
			t.Errorf("the encoding %s: %v", e, err)
		}
	}
	for _, f := range file.Formats() {
		if s.formatAbout(r, f.Name) == "" {
			t.Errorf("the format %s has no name", f.Name)
		}
	}
	for _, role := range file.Roles() {
		if s.roleAbout(r, role.Name) == "" {
			t.Errorf("the role %s has no name", role.Name)
		}
	}
}

// TestBrowserSources brings a file in by browser and looks at the pages.
func TestBrowserSources(t *testing.T) {
	site := webtest.New(t)
	w := newWorld(t, site.Auth, site.DB, true)
	w.Ready = func(context.Context) map[string]error {
		return map[string]error{"posts": nil, "casework": nil, "log": nil}
	}
	w.Metrics = "/metrics"
	site.Start(t, w)
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	site.Run(t, "testdata/sources.cjs", map[string]any{
		"lead": site.Enter(t, auth.Lead), "admin": site.Enter(t, auth.Administrator), "bare": site.Enter(t, auth.Lead),
		"table": write("処理水 監視 11 月.csv", tableFile(400, 6)), "picture": write("picture.png", "\x89PNG\r\n\x1a\n"+strings.Repeat("\x00\x01\xff", 5000)),
	})
}
