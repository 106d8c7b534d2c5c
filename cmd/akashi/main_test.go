package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/text/encoding/japanese"
)

func TestMain(m *testing.M) {
	if os.Getenv("AKASHI_TEST_MAIN") == "1" { // a test started itself as the program
		main()
	}
	testscript.Main(m, map[string]func(){"akashi": main})
}

// TestScripts plays testdata/script: each command as its user types it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "gzip": pack, "shiftjis": shiftJIS, "lines": lines, "service": service, "keep": keep,
		},
	})
}

// exits runs a program and checks its exit code: exits CODE PROGRAM ARG…
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit interface{ ExitCode() int }
		if !errors.As(err, &exit) {
			ts.Fatalf("running %s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// pack compresses a file: gzip FROM TO
func pack(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o600))
}

// shiftJIS writes a file in that encoding: shiftjis FROM TO
func shiftJIS(ts *testscript.TestScript, _ bool, args []string) {
	s, err := japanese.ShiftJIS.NewEncoder().String(ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(s), 0o600))
}

// lines checks that a text has at most so many lines: lines MOST FILE|stdout
func lines(ts *testscript.TestScript, _ bool, args []string) {
	most, err := strconv.Atoi(args[0])
	ts.Check(err)
	if n := strings.Count(ts.ReadFile(args[1]), "\n"); n > most {
		ts.Fatalf("%s has %d lines, more than %d", args[1], n, most)
	}
}

// call runs the program in this process.
func call(ctx context.Context, stdin string, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(ctx, args, strings.NewReader(stdin), &out, &err)
	return code, out.String(), err.String()
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	posts := filepath.Join(t.TempDir(), "posts.ndjson")
	code, _, stderr := call(ctx, "", "simulate", "small", "-o", posts)
	if code != exitInterrupted || stderr != "akashi: interrupted\n" {
		t.Errorf("code %d, said %q", code, stderr)
	}
	left, err := os.ReadDir(filepath.Dir(posts))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// full is a device without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestOutputThatCannotBeWritten(t *testing.T) {
	for _, args := range [][]string{
		{"formats"}, {"version"}, {"simulate", "--list"}, {"simulate", "small", "-o", "-"},
	} {
		var stderr bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(""), full{}, &stderr); code != exitOutput {
			t.Errorf("%v: code %d, said %q", args, code, stderr.String())
		}
	}
}

func TestEveryExitCodeIsInTheManual(t *testing.T) {
	_, help, _ := call(t.Context(), "", "--help")
	for _, c := range exitCodes {
		if !strings.Contains(help, strconv.Itoa(c.code)+"  "+c.about) {
			t.Errorf("--help does not explain exit code %d", c.code)
		}
	}
}
