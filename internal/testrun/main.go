// Command testrun runs go test and prints what it would print, and beside it
// every test that was skipped, with its reason. It fails where a test was
// skipped for a reason that may not be one:
//
//	go run ./internal/testrun -forbid "reference data" ./...
//
// A test that silently stops running is worse than one that fails.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
)

func main() {
	var forbidden []string
	flag.Func("forbid", "fail where a test is skipped and its reason contains this `text` (may be repeated)", func(s string) error {
		forbidden = append(forbidden, s)
		return nil
	})
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, forbidden, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
		os.Exit(1)
	}
}

// run runs go test with the arguments and reads what it says.
func run(ctx context.Context, w io.Writer, forbidden, args []string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("running go test: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("running go test: %w", err)
	}
	r := reporter{w: w, forbidden: forbidden, output: map[key][]string{}}
	err = r.read(out)
	return errors.Join(err, cmd.Wait(), r.verdict())
}

// event is a line of go test -json (see go doc test2json).
type event struct {
	Action, Package, ImportPath, Test, Output string
}

// key is a test, or with an empty name its package.
type key struct{ pkg, test string }

// reporter prints events as go test does without -v.
type reporter struct {
	w         io.Writer
	forbidden []string
	output    map[key][]string
	broken    []string
}

func (r *reporter) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			r.line(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading go test's output: %w", err)
		}
	}
}

func (r *reporter) line(line []byte) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		fmt.Fprintf(r.w, "%s", line) // not an event: what the toolchain itself says
		return
	}
	k := key{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.w, e.Output)
	case "output":
		r.output[k] = append(r.output[k], e.Output)
	case "pass", "fail", "skip":
		r.end(k, e.Action)
		delete(r.output, k)
	}
}

// end prints what is worth knowing of a test or package that has ended.
func (r *reporter) end(k key, action string) {
	output := r.output[k]
	switch {
	case k.test == "":
		if action == "fail" {
			r.unfinished(k.pkg)
		}
		for _, s := range output {
			// PASS says nothing beside the line with ok.
			if action != "fail" && (s == "PASS\n" || strings.HasPrefix(s, "testing: warning")) {
				continue
			}
			fmt.Fprint(r.w, s)
		}
	case action == "fail":
		for _, s := range output {
			if !strings.HasPrefix(s, "=== ") {
				fmt.Fprint(r.w, s)
			}
		}
	case action == "skip":
		r.skipped(k, output)
	}
}

// unfinished prints the tests of a package that did not come to their end: it
// panicked, or ran out of time.
func (r *reporter) unfinished(pkg string) {
	for _, k := range slices.SortedFunc(maps.Keys(r.output), func(a, b key) int { return strings.Compare(a.test, b.test) }) {
		if k.pkg != pkg || k.test == "" {
			continue
		}
		fmt.Fprintf(r.w, "--- DID NOT END: %s\n", k.test)
		for _, s := range r.output[k] {
			if !strings.HasPrefix(s, "=== ") {
				fmt.Fprint(r.w, s)
			}
		}
		delete(r.output, k)
	}
}

// skipped prints a skipped test with its reason, on one line.
func (r *reporter) skipped(k key, output []string) {
	var reason []string
	for _, s := range output {
		if s = strings.TrimSpace(s); s != "" && !strings.HasPrefix(s, "=== ") && !strings.HasPrefix(s, "--- SKIP") {
			reason = append(reason, s)
		}
	}
	why := strings.Join(reason, " ")
	fmt.Fprintf(r.w, "--- SKIP: %s %s: %s\n", k.pkg, k.test, why)
	for _, f := range r.forbidden {
		if strings.Contains(why, f) {
			r.broken = append(r.broken, fmt.Sprintf("%s %s was skipped, which it may not be here: %s", k.pkg, k.test, why))
			return
		}
	}
}

// verdict is an error where a test was skipped that had to run.
func (r *reporter) verdict() error {
	if len(r.broken) == 0 {
		return nil
	}
	return errors.New(strings.Join(r.broken, "\n"))
}
