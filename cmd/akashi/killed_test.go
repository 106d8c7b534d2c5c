package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	instance "github.com/akashi-project/akashi/internal/app"
	"github.com/akashi-project/akashi/internal/audit"
	"github.com/akashi-project/akashi/internal/config"
	"github.com/akashi-project/akashi/internal/finding"
)

// program gives a command that runs this program.
func program(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), "AKASHI_TEST_MAIN=1")
	return cmd
}

// state is what must not depend on how often the program was killed.
type state struct {
	posts, accounts int64
	findings        int
	members         int
}

// stateOf opens an instance and looks.
func stateOf(t *testing.T, dir string) state {
	t.Helper()
	c, err := config.Load("", map[string]any{"data.dir": dir})
	if err != nil {
		t.Fatal(err)
	}
	a, err := instance.Build(t.Context(), c, instance.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	span, err := a.Posts.Span(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page, err := a.Findings.List(t.Context(), finding.Filter{N: 200})
	if err != nil {
		t.Fatal(err)
	}
	out := state{posts: span.Posts, accounts: span.Accounts, findings: len(page.Findings)}
	for i := range page.Findings {
		out.members += page.Findings[i].Accounts
	}
	return out
}

// TestKilled kills the program at random moments of import and detection, a
// hundred times on one data folder, and lets it end once: nothing is lost,
// nothing is there twice, and the log is whole.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred starts of the program take a minute or two")
	}
	dir := t.TempDir()
	posts := filepath.Join(dir, "posts.ndjson.gz")
	run := func(args ...string) {
		t.Helper()
		if out, err := program(t.Context(), args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	run("simulate", "small", "--scale", "4", "-o", posts)
	demo := func(data string) []string {
		return []string{"demo", "--once", "--data", data, "--listen", "127.0.0.1:0", posts}
	}
	clean, killed := filepath.Join(dir, "clean"), filepath.Join(dir, "killed")
	began := time.Now()
	run(demo(clean)...)
	whole := time.Since(began)
	want := stateOf(t, clean)
	if want.posts < 1000 || want.findings == 0 {
		t.Fatalf("the clean run has %+v", want)
	}

	chance := rand.New(rand.NewPCG(2, 3))
	survived := 0
	for range 100 {
		cmd := program(t.Context(), demo(killed)...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(chance.Float64() * float64(whole)))
		_ = cmd.Process.Kill()
		if err := cmd.Wait(); err == nil {
			survived++
		} else if cmd.ProcessState.Exited() { // it failed by itself: a start after a kill
			t.Fatalf("%v\n%s", err, out.Bytes())
		}
	}
	t.Logf("%d of 100 came to their end before they were killed", survived)
	run(demo(killed)...)
	if got := stateOf(t, killed); got != want {
		t.Errorf("after a hundred kills: %+v, want %+v", got, want)
	}
	key, err := os.ReadFile(filepath.Join(killed, "keys", "log.key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := audit.Verify(t.Context(), filepath.Join(killed, "log"), string(bytes.TrimSpace(key)))
	if err != nil || len(r.Problems) > 0 || r.Lines < 100 {
		t.Errorf("the log: %v, %+v", err, r)
	}
}
