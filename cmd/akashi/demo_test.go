package main

import (
	"bufio"
	"context"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/web/webtest"
)

// TestBrowserDemo starts the demo as a reader of the README does, and goes from
// its link through inbox, finding, network, tie and post to a decision and back,
// in both languages.
func TestBrowserDemo(t *testing.T) {
	site := webtest.At(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := program(ctx, "demo", "--data", filepath.Join(t.TempDir(), "demo"), "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cancel()
		_ = cmd.Wait()
	}()
	link, groups := "", 0
	counted, entered := regexp.MustCompile(`^(\d+) groups that act together`), regexp.MustCompile(`http://\S+/enter\?token=\S+`)
	for lines := bufio.NewScanner(out); link == "" && lines.Scan(); {
		if m := counted.FindStringSubmatch(lines.Text()); m != nil {
			if groups, err = strconv.Atoi(m[1]); err != nil {
				t.Fatal(err)
			}
		}
		link = entered.FindString(lines.Text())
	}
	u, err := url.Parse(link)
	if err != nil || groups == 0 {
		t.Fatalf("the demo printed no link or found nothing: %q, %d groups, %v", link, groups, err)
	}
	site.URL = u.Scheme + "://" + u.Host
	site.Run(t, filepath.Join("..", "..", "internal", "web", "testdata", "demo.cjs"), map[string]any{
		"enter": u.RequestURI(), "findings": groups, "skip": 4,
	})
}
