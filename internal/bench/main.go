// Bench measures Akashi as whole processes: the reference inputs through the
// command, one very popular object, Zipf-distributed traces at growing size,
// and the quality of the account score on labelled sets. It prints Markdown
// tables for docs/benchmarks.md.
//
//	go run ./internal/bench            the reference inputs and the popular object
//	go run ./internal/bench zipf N…    traces in millions, each in a process of its own
//	go run ./internal/bench pages N DIR    an instance with N million posts, kept in DIR, over HTTP
//	go run ./internal/bench live N SECONDS    N thousand posts pushed to an instance, then SECONDS at 5,000 a second
//	go run ./internal/bench quality    AUC on the labelled sets
//	go run ./internal/bench quality accounts.csv traces.csv labels.csv   AUC of one result
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // nothing left to undo
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		if err := references(ctx); err != nil {
			return err
		}
		if err := popular(ctx); err != nil {
			return err
		}
		return zipfAll(ctx, []string{"1", "10"})
	}
	switch args[0] {
	case "zipf":
		return zipfAll(ctx, args[1:])
	case "zipf-one":
		return zipfOne(ctx, args[1:])
	case "quality":
		return quality(ctx, args[1:])
	case "live":
		return streamed(ctx, args[1:])
	case "pages":
		return pages(ctx, args[1:])
	}
	return fmt.Errorf("unknown measurement %q: want zipf, quality, pages or live", args[0])
}

// binary is the command that is measured; "make build" makes it.
const binary = "bin/akashi"

// data gives a file of the reference data, or says where it is expected.
func data(name string) (string, error) {
	dir := os.Getenv("REFERENCE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "shared", "data")
	}
	path := filepath.Join(dir, "coordination", name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("reference data not there (REFERENCE_DATA names its folder): %w", err)
	}
	return path, nil
}

// cost is what a process took.
type cost struct {
	wall, cpu time.Duration
	peak      int64 // bytes
}

// measure runs a command a few times and gives the fastest run's cost.
func measure(ctx context.Context, times int, name string, args ...string) (best cost, err error) {
	for i := range times {
		cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // our own binary
		cmd.Stderr = os.Stderr
		start := time.Now()
		if err := cmd.Run(); err != nil {
			return best, fmt.Errorf("running %s %s: %w", name, strings.Join(args, " "), err)
		}
		c := cost{wall: time.Since(start), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
		if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			c.peak = u.Maxrss << 10
		}
		if i == 0 || c.wall < best.wall {
			best = c
		}
	}
	return best, nil
}

// references measures the inputs for which CooRTweet's cost is known
// (2.1.3 on two cores of a machine that others shared).
func references(ctx context.Context) error {
	long := []string{"--object", "object_id", "--account", "account_id", "--post", "content_id", "--time", "timestamp_share"}
	german := func(c string) []string {
		return []string{"--object", c, "--account", "account_id", "--post", "post_id", "--time", "timestamp"}
	}
	fmt.Println("| input | window | wall s | CPU s | peak MB | CooRTweet s | times faster | CooRTweet MB |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, r := range []struct {
		label, file, window string
		args                []string
		peer, peerMB        float64
	}{
		{"russian", "russian_coord_tweets.csv", "10s", long, 25, 205},
		{"russian", "russian_coord_tweets.csv", "60s", long, 18, 0},
		{"russian", "russian_coord_tweets.csv", "1h", long, 50, 285},
		{"german url", "german_elections.csv", "60s", german("url_id"), 32, 0},
		{"german hashtag", "german_elections.csv", "60s", german("hashtag_id"), 46, 0},
		{"IRA 2016-10 hashtag", "ira-2016-10.csv.gz", "60s", []string{"--by", "hashtag"}, 81, 399},
		{"IRA 2016-10 url", "ira-2016-10.csv.gz", "60s", []string{"--by", "url", "--urls-as-given"}, 477, 0},
	} {
		path, err := data(r.file)
		if err != nil {
			return err
		}
		out, err := os.MkdirTemp("", "akashi-bench-*")
		if err != nil {
			return fmt.Errorf("making a folder: %w", err)
		}
		args := append([]string{"detect", "--method", "coortweet", "--min-participation", "2", "--window", r.window, "-o", out}, r.args...)
		c, err := measure(ctx, 7, binary, append(args, path)...)
		_ = os.RemoveAll(out)
		if err != nil {
			return err
		}
		peerMB := "–"
		if r.peerMB > 0 {
			peerMB = fmt.Sprint(r.peerMB)
		}
		fmt.Printf("| %s | %s | %.3f | %.3f | %.0f | %.0f | %.0f | %s |\n", r.label, r.window, c.wall.Seconds(), c.cpu.Seconds(),
			float64(c.peak)/1e6, r.peer, r.peer/c.wall.Seconds(), peerMB)
	}
	fmt.Println()
	return nil
}

// popular measures one object with very many rows, spread over a day, each by
// an account that acts on average eight times.
func popular(ctx context.Context) error {
	fmt.Println("| rows of the one object | wall s | peak MB |")
	fmt.Println("|---|---|---|")
	for _, n := range []int{16_000, 40_000} {
		f, err := os.CreateTemp("", "akashi-bench-*.csv")
		if err != nil {
			return fmt.Errorf("making a file: %w", err)
		}
		w := bufio.NewWriter(f)
		fmt.Fprintln(w, "object_id,account_id,content_id,timestamp_share")
		s := stream{state: 7}
		for i := range n {
			fmt.Fprintf(w, "one,a%d,c%d,%d\n", s.below(uint64(n/8)), i, 1_690_000_000+s.below(86_400)) //nolint:gosec // small
		}
		if err := w.Flush(); err != nil {
			return fmt.Errorf("writing the input: %w", err)
		}
		_ = f.Close()
		out, err := os.MkdirTemp("", "akashi-bench-*")
		if err != nil {
			return fmt.Errorf("making a folder: %w", err)
		}
		c, err := measure(ctx, 3, binary, "detect", "--method", "coortweet", "--window", "60s", "-o", out, f.Name())
		_ = os.RemoveAll(out)
		_ = os.Remove(f.Name())
		if err != nil {
			return err
		}
		fmt.Printf("| %d | %.3f | %.0f |\n", n, c.wall.Seconds(), float64(c.peak)/1e6)
	}
	fmt.Println()
	return nil
}

// zipfAll measures the engine on Zipf traces, each size in its own process.
func zipfAll(ctx context.Context, sizes []string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	fmt.Println("| traces | add s | run s | traces/s | co-actions | edges | peak MB | on disk MB | floor s |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for _, size := range sizes {
		if _, err := strconv.ParseFloat(size, 64); err != nil {
			return fmt.Errorf("size %q: want millions of traces", size)
		}
		cmd := exec.CommandContext(ctx, self, "zipf-one", size) //nolint:gosec // ourselves
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("measuring %s million traces: %w", size, err)
		}
		peak := int64(0)
		if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			peak = u.Maxrss << 10
		}
		fmt.Println(strings.Replace(strings.TrimSpace(string(out)), "PEAK", fmt.Sprintf("%.0f", float64(peak)/1e6), 1))
	}
	fmt.Println()
	return nil
}
