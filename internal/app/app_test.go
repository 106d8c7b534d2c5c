package app

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/config"
	"github.com/akashi-project/akashi/internal/poststore"
)

// settings gives the configuration of an instance in a folder.
func settings(t *testing.T, dir string) *config.Config {
	t.Helper()
	c, err := config.Load("", map[string]any{"data.dir": dir, "server.listen": "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRun starts an instance, asks it what a browser and an operator would, and
// stops it.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	a, err := Build(t.Context(), settings(t, dir), Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Build(t.Context(), settings(t, dir), Options{}); err == nil || !strings.Contains(err.Error(), poststore.ErrLocked.Error()) {
		t.Errorf("a second process on the data: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	address, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- a.Run(ctx, func(at string) { address <- at }) }()
	base := "http://" + <-address
	client := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, c := range []struct {
		path, want string
		status     int
	}{
		{"/healthz", "OK", 200},
		{"/readyz", "OK", 200},
		{"/metrics", "operate.read", 401},
		{"/", "", 303},
		{"/login", "<form", 200},
		{"/search", "", 303},
		{"/nowhere", "", 404},
	} {
		resp, err := client.Get(base + c.path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != c.status || !strings.Contains(string(body), c.want) {
			t.Errorf("%s: %d %v, want %d with %q:\n%.500s", c.path, resp.StatusCode, err, c.status, c.want, body)
		}
		if c.path == "/login" && !strings.Contains(resp.Header.Get("Content-Security-Policy"), "script-src 'self'") {
			t.Errorf("the content security policy is %q", resp.Header.Get("Content-Security-Policy"))
		}
	}
	metrics := strings.Builder{}
	families, err := a.metrics().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		metrics.WriteString(f.GetName() + " ")
	}
	for _, name := range []string{"akashi_posts", "akashi_log_lines", "go_goroutines"} {
		if !strings.Contains(metrics.String(), name+" ") {
			t.Errorf("no metric %s among %s", name, metrics.String())
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("stopping: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
}

func TestEngines(t *testing.T) {
	c := settings(t, t.TempDir())
	c.Posts.URL = "clickhouse://nowhere"
	if _, err := Build(t.Context(), c, Options{}); err == nil || !strings.Contains(err.Error(), "duckdb:PATH") {
		t.Errorf("an engine that is not there: %v", err)
	}
}
