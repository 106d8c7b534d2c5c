package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/akashi-project/akashi/internal/graph"
)

// quality prints the area under the ROC curve of the account score on the
// labelled sets: accounts with 10 to 60 rows, those without a score at 0, and
// beside it that of the number of rows.
func quality(ctx context.Context, args []string) error {
	if len(args) == 3 {
		score, rows, err := areas(args[0], args[1], args[2])
		if err != nil {
			return err
		}
		fmt.Printf("score %.3f, number of rows %.3f\n", score, rows)
		return nil
	}
	if len(args) != 0 {
		return errors.New("quality takes no arguments, or three: accounts.csv traces.csv labels.csv")
	}
	fmt.Println("| set | Akashi | number of rows | best peer |")
	fmt.Println("|---|---|---|---|")
	for _, set := range []struct{ name, peer string }{
		{"easy", ".885"}, {"medium", ".922"}, {"train-a", ".872"}, {"train-b", ".829"}, {"train-c", ".898"}, {"train-d", ".844"},
	} {
		traces, err := data("semisynth-" + set.name + ".csv")
		if err != nil {
			return err
		}
		labels, err := data("semisynth-" + set.name + "-labels.csv")
		if err != nil {
			return err
		}
		dir, err := os.MkdirTemp("", "akashi-quality-*")
		if err != nil {
			return fmt.Errorf("making a folder: %w", err)
		}
		cmd := exec.CommandContext(ctx, binary, "detect", "-o", dir, traces) //nolint:gosec // our own binary
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("detecting in %s: %w", traces, err)
		}
		score, rows, err := areas(filepath.Join(dir, "accounts.csv"), traces, labels)
		_ = os.RemoveAll(dir)
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %.3f | %.3f | %s |\n", set.name, score, rows, set.peer)
	}
	return nil
}

// areas computes the two areas from a result, its input and the labels.
func areas(accounts, traces, labels string) (score, rows float64, err error) {
	scores := map[string]float64{}
	err = eachRow(accounts, []string{"account", "score"}, func(c []string) error {
		v, err := strconv.ParseFloat(c[1], 64)
		scores[c[0]] = v
		return err //nolint:wrapcheck // eachRow says where
	})
	if err != nil {
		return 0, 0, err
	}
	count := map[string]int{}
	if err := eachRow(traces, []string{"account_id"}, func(c []string) error { count[c[0]]++; return nil }); err != nil {
		return 0, 0, err
	}
	var ours, activity []float64
	var positive []bool
	err = eachRow(labels, []string{"account_id", "label"}, func(c []string) error {
		if n := count[c[0]]; n >= 10 && n <= 60 {
			ours, activity = append(ours, scores[c[0]]), append(activity, float64(n))
			positive = append(positive, c[1] == "1")
		}
		return nil
	})
	return graph.AUC(ours, positive), graph.AUC(activity, positive), err
}

// eachRow calls f with the named columns of each row of a CSV file.
func eachRow(path string, columns []string, f func([]string) error) error {
	file, err := os.Open(path) //nolint:gosec // named by the user
	if err != nil {
		return fmt.Errorf("opening a table: %w", err)
	}
	defer file.Close() //nolint:errcheck // only read
	r := csv.NewReader(file)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	place := map[string]int{}
	for i, h := range header {
		place[h] = i
	}
	cells := make([]string, len(columns))
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
		for i, c := range columns {
			at, ok := place[c]
			if !ok {
				return fmt.Errorf("%s has no column %s", path, c)
			}
			cells[i] = row[at]
		}
		if err := f(cells); err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("%s:%d: %w", path, line, err)
		}
	}
}
