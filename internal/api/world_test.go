package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/api"
	"github.com/akashi-project/akashi/internal/api/apitest"
	"github.com/akashi-project/akashi/internal/app"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/config"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// world is a whole instance that listens on loopback.
type world struct {
	*app.App
	base      string
	detection finding.Detection
	run       finding.Run
	schema    *schemas
}

// newWorld starts an instance; where posts are wanted, with accounts that act
// together, whose names must never be seen.
func newWorld(t *testing.T, posts bool) *world {
	t.Helper()
	dir := t.TempDir()
	c, err := config.Load("", map[string]any{"data.dir": dir, "server.listen": "127.0.0.1:0", "workspace.tlp": "AMBER"})
	must(t, err)
	lines := &logged{}
	a, err := app.Build(t.Context(), c, app.Options{Version: "test", Log: slog.New(slog.NewTextHandler(lines, nil))})
	must(t, err)
	t.Cleanup(func() {
		text := lines.text()
		for _, secret := range []string{"処理水", "private_person", "Hidden Name", auth.TokenPrefix} {
			if strings.Contains(text, secret) {
				t.Errorf("the log of requests holds %q", secret)
			}
		}
		if posts && !strings.Contains(text, "operation=") {
			t.Error("the log of requests names no operation")
		}
	})
	t.Cleanup(func() { must(t, a.Close()) })
	ctx, stop := context.WithCancel(t.Context())
	address, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- a.Run(ctx, func(at string) { address <- at }) }()
	t.Cleanup(func() { stop(); must(t, <-ended) })
	w := &world{App: a, base: "http://" + <-address}
	document, err := a.API.Document()
	must(t, err)
	w.schema = readSchemas(t, document)
	if posts {
		_, err = a.Posts.Append(t.Context(), poststore.Batch{Source: "test", Posts: actors(300)})
		must(t, err)
		w.detect(t)
	}
	return w
}

// logged keeps what is logged.
type logged struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// actors gives posts of accounts that act together, and of others that do not.
func actors(n int) []post.Post {
	start := time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC)
	var out []post.Post
	for turn := range 12 {
		for a := range 5 {
			p := post.Post{
				Platform: "x", ID: fmt.Sprintf("8%d%d", turn, a), Time: start.Add(time.Duration(turn)*5*time.Hour + time.Duration(a*11)*time.Second),
				Account: post.Account{ID: fmt.Sprint(7700 + a), Handle: fmt.Sprintf("private_person_%d", a), Name: "Hidden Name"},
				Text:    fmt.Sprintf("処理水について @private_person_%d さんも https://hostile.example/%d <script>alert(1)</script>", (a+1)%5, turn),
				Lang:    "ja", URL: fmt.Sprintf("https://x.com/private_person_%d/status/8%d%d", a, turn, a),
				Mentions: []string{fmt.Sprintf("private_person_%d", (a+1)%5)},
				Raw:      []byte(`{"user":"private_person"}`),
			}
			normalise.Post(&p, normalise.Options{})
			out = append(out, p)
		}
	}
	for i := range n {
		p := post.Post{
			Platform: "x", ID: fmt.Sprintf("9%d", i), Time: start.Add(time.Duration(i) * 13 * time.Minute),
			Account: post.Account{ID: fmt.Sprint(100 + i%40), Handle: fmt.Sprintf("other_%d", i%40), Name: "Hidden Name"},
			Text:    fmt.Sprintf("今日の話 %d https://news.example/%d", i, i%97), Lang: "ja",
		}
		normalise.Post(&p, normalise.Options{})
		out = append(out, p)
	}
	return out
}

func (w *world) detect(t *testing.T) {
	t.Helper()
	ctx := casestore.WithActor(t.Context(), "cli:test")
	var err error
	w.detection, err = w.Findings.AddDetection(ctx, finding.Detection{Name: "全投稿", Enabled: true, Params: finding.Params{Ceiling: 50}})
	must(t, err)
	w.run, err = w.Findings.StartRun(ctx, w.detection.ID)
	must(t, err)
	for end := time.Now().Add(time.Minute); w.run.State != finding.RunDone; time.Sleep(5 * time.Millisecond) {
		w.run, err = w.Findings.Run(ctx, w.run.ID)
		must(t, err)
		if w.run.State == finding.RunFailed || time.Now().After(end) {
			t.Fatalf("the run is %s: %s", w.run.State, w.run.Error)
		}
	}
	if w.run.New == 0 {
		t.Fatal("the run found nothing")
	}
}

// caller calls with a token.
type caller struct {
	w     *world
	token string
}

// as gives a caller whose token has scopes; without any, all that it may have.
func (w *world) as(t *testing.T, login string, role auth.Role, scopes ...auth.Action) *caller {
	t.Helper()
	token, err := apitest.Token(t.Context(), w.Auth, w.base, login, role, scopes...)
	must(t, err)
	return &caller{w, token}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends a request and holds the answer to the OpenAPI document.
func (c *caller) send(t *testing.T, method, path string, body any) answer {
	t.Helper()
	var content io.Reader
	media := ""
	switch b := body.(type) {
	case nil:
	case io.Reader:
		content, media = b, "application/octet-stream"
	case string:
		content, media = strings.NewReader(b), "application/json"
	default:
		data, err := json.Marshal(b)
		must(t, err)
		content, media = strings.NewReader(string(data)), "application/json"
	}
	req, err := http.NewRequestWithContext(t.Context(), method, c.w.base+api.Prefix+path, content)
	must(t, err)
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(t, err)
	out := answer{resp.StatusCode, resp.Header, string(data)}
	c.w.schema.check(t, method, path, out)
	for _, name := range []string{"private_person", "Hidden Name"} {
		if media := resp.Header.Get("Content-Type"); media != "application/zstd" && strings.Contains(out.body, name) {
			t.Errorf("%s %s names %q:\n%.2000s", method, path, name, out.body)
		}
	}
	return out
}

// ask sends a request and reads the answer of a status into out.
func (c *caller) ask(t *testing.T, method, path string, body any, status int, out any) answer {
	t.Helper()
	a := c.send(t, method, path, body)
	if a.status != status {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, a.status, status, a.body)
	}
	if out != nil {
		must(t, json.Unmarshal([]byte(a.body), out))
	}
	return a
}

// refused sends a request that a problem must answer.
func (c *caller) refused(t *testing.T, method, path string, body any, status int, code api.Code) {
	t.Helper()
	a := c.send(t, method, path, body)
	var p api.Problem
	must(t, json.Unmarshal([]byte(a.body), &p))
	if a.status != status || p.Status != status || p.Code != code || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s: %d %s, want %d %s: %s", method, path, a.status, p.Code, status, code, a.body)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
