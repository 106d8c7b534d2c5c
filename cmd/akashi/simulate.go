package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/simulate"
)

type simulateCmd struct {
	Scenario string  `arg:"" optional:"" help:"A scenario that comes with Akashi (see --list), or a scenario file (YAML)."`
	Out      string  `short:"o" placeholder:"FILE" help:"Where the posts go, as NDJSON; compressed if the name ends in .gz or .zst; - is standard output."`
	Truth    string  `placeholder:"FILE" help:"Where the truth goes, as CSV. [the posts' name with .truth.csv as its end]"`
	Seed     *uint64 `placeholder:"N" help:"Another seed than the scenario's: other posts, same plot."`
	Scale    float64 `default:"1" placeholder:"FACTOR" help:"Multiply the ordinary accounts, to hide the same operations in a larger crowd. [1]"`
	List     bool    `help:"List the scenarios that come with Akashi and stop."`
}

// Help is the manual's text.
func (*simulateCmd) Help() string {
	return `Posts of ordinary people and of planted operations, made from a scenario and a seed: the same two ` +
		`always give the same posts. Places, outlets, people and texts are fictional, and every post says that ` +
		`it is synthetic. Beside the posts lies the truth: a table of all accounts with the operation that each ` +
		`belongs to, if any, and whether it is an honest account that may mislead a detector.

    akashi simulate --list
    akashi simulate treated-water -o posts.ndjson.gz
    akashi simulate my-scenario.yaml --seed 2 --scale 10 -o big.ndjson.zst
    akashi simulate small -o - | akashi inspect -`
}

// Run makes the posts.
func (c *simulateCmd) Run(ctx context.Context, a *app) error {
	if c.List {
		return c.list(a)
	}
	if c.Scenario == "" {
		return usagef("simulate: name a scenario, or see which there are with --list")
	}
	if c.Out == "" {
		return usagef("simulate: say with -o FILE where the posts go (- is standard output)")
	}
	if c.Scale <= 0 {
		return usagef("simulate: --scale must be above 0, not %g", c.Scale)
	}
	s, err := simulate.Load(c.Scenario)
	if err != nil {
		return inputError(err)
	}
	if c.Seed != nil {
		s.Seed = *c.Seed
	}
	s.Scale = c.Scale
	truthPath := c.Truth
	if truthPath == "" && c.Out != "-" {
		truthPath = truthBeside(c.Out)
	}
	if truthPath == c.Out {
		return usagef("simulate: posts and truth cannot both be %s", c.Out)
	}
	truth, err := c.posts(ctx, a, s)
	if err != nil {
		return err
	}
	if truthPath != "" {
		if err := writeTruth(truthPath, truth); err != nil {
			return err
		}
	}
	return c.summary(a, truth, truthPath)
}

// posts plays the scenario into the output.
func (c *simulateCmd) posts(ctx context.Context, a *app, s *simulate.Scenario) (simulate.Truth, error) {
	var none simulate.Truth
	var out *bufio.Writer
	finish := func() error { return outputError(out.Flush()) }
	if c.Out == "-" {
		out = bufio.NewWriterSize(a.stdout, 256<<10)
	} else {
		f, err := createOutput(c.Out)
		if err != nil {
			return none, err
		}
		defer f.discard()
		out, finish = f.Writer, f.commit
	}
	bar := newProgress(a.stderr, "simulating")
	defer bar.finish()
	start := s.Start.Add(s.Shift)
	total := int64(s.End().Sub(s.Start).Seconds())
	var line []byte
	truth, err := s.Run(ctx, func(p *post.Post) error {
		bar.set(int64(p.Time.Sub(start).Seconds()), total)
		line = file.AppendPost(line[:0], p)
		if _, err := out.Write(line); err != nil {
			return outputError(fmt.Errorf("writing %s: %w", c.Out, err))
		}
		return nil
	})
	if err != nil {
		return none, fmt.Errorf("simulating %s: %w", s.Name, err)
	}
	return truth, finish()
}

// truthBeside names the truth after the posts: posts.ndjson.gz and
// posts.truth.csv.
func truthBeside(posts string) string {
	dir, name := filepath.Split(posts)
	for _, packed := range []string{".gz", ".zst", ".zstd"} {
		name = strings.TrimSuffix(name, packed)
	}
	return dir + strings.TrimSuffix(name, filepath.Ext(name)) + ".truth.csv"
}

func writeTruth(path string, truth simulate.Truth) error {
	f, err := createOutput(path)
	if err != nil {
		return err
	}
	defer f.discard()
	if err := truth.WriteDetailCSV(f); err != nil {
		return outputError(fmt.Errorf("writing %s: %w", path, err))
	}
	return f.commit()
}

// summary says what was made: on standard output, unless the posts go there.
func (c *simulateCmd) summary(a *app, truth simulate.Truth, truthPath string) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s posts by %s accounts, %s of them in %d planted operations\n",
		count(truth.Posts), count(len(truth.Accounts)), count(truth.Planted), len(truth.Operations))
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, o := range truth.Operations {
		fmt.Fprintf(w, "  %s\t%s\t%s accounts\t%s posts together\tby %s\n",
			o.Name, o.Type, count(o.Accounts), count(o.Planted), strings.Join(o.Behaviours, ", "))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("setting the table: %w", err)
	}
	out := a.stdout
	if c.Out == "-" {
		out = a.stderr
	} else {
		fmt.Fprintf(&b, "posts: %s\n", c.Out)
	}
	if truthPath != "" {
		fmt.Fprintf(&b, "truth: %s\n", truthPath)
	}
	_, err := b.WriteTo(out)
	return outputError(err)
}

func (c *simulateCmd) list(a *app) error {
	if c.Scenario != "" || c.Out != "" {
		return usagef("simulate: --list takes no scenario and no output")
	}
	all, err := simulate.List()
	if err != nil {
		return fmt.Errorf("listing the scenarios: %w", err)
	}
	var b bytes.Buffer
	for _, s := range all {
		fmt.Fprintf(&b, "%s: %s\n", s.Name, s.Title["en"])
		for line := range strings.Lines(wrap(strings.Join(strings.Fields(s.Description["en"]), " "), 90)) {
			b.WriteString("    " + line)
		}
		b.WriteString("\n")
	}
	_, err = io.Copy(a.stdout, &b)
	return outputError(err)
}
