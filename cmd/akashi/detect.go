package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/detect"
	"github.com/akashi-project/akashi/internal/enrich"
	"github.com/akashi-project/akashi/internal/report"
)

type detectCmd struct {
	Files []string `arg:"" name:"FILE" help:"Files of posts; \"-\" is standard input."`
	Out   string   `short:"o" default:"akashi-report" placeholder:"DIR" help:"The folder for the results; made if it is not there. [akashi-report]"`

	By               string        `group:"Detection" placeholder:"LIST" help:"The behaviours to look at, by commas: url, domain, hashtag, hashtag-sequence, repost, reply, mention, text, image, object. Without it: all that the posts show but domain."`
	Window           time.Duration `group:"Detection" placeholder:"TIME" help:"The longest time between two actions that count as joint, ends included: 60s, 10m, 2h. [akashi: ${window}; else 1m]"`
	Method           string        `group:"Detection" default:"akashi" enum:"akashi,coortweet,qut" help:"Rules for the edges: akashi; coortweet or qut give the edges of those tools exactly. [akashi]"`
	MinParticipation int           `group:"Detection" placeholder:"N" help:"CooRTweet's min_participation: accounts with fewer rows are dropped. [2]"`
	Ceiling          string        `group:"Detection" placeholder:"N" help:"Leave out objects with more traces than this; \"none\" leaves none out. [akashi: ${ceiling}; else none]"`
	Decay            time.Duration `group:"Detection" placeholder:"TIME" help:"Time constant of an edge's vote. [a quarter of the window]"`
	FDR              float64       `name:"fdr" group:"Detection" default:"0.05" placeholder:"Q" help:"The false-discovery rate up to which an edge is significant. [0.05]"`
	MinGroup         int           `group:"Detection" default:"3" placeholder:"N" help:"The fewest accounts of a group. [3]"`
	Resolution       float64       `group:"Detection" default:"1" placeholder:"R" help:"Resolution of the group search: larger gives more and smaller groups. [1]"`
	Seed             uint64        `group:"Detection" default:"1" placeholder:"N" help:"Seed of the group search. [1]"`
	URLsAsGiven      bool          `name:"urls-as-given" group:"Detection" help:"Compare addresses as they stand, not in canonical form."`
	HashtagsAsGiven  bool          `name:"hashtags-as-given" group:"Detection" help:"Compare hashtags as they stand, not folded. The methods coortweet and qut always do."`

	Truth        string `group:"Checking" placeholder:"FILE" help:"Compare with a CSV file of the columns account and operation."`
	TruthColumn  string `group:"Checking" placeholder:"COLUMN" help:"Compare with a column of the input that holds hand labels."`
	ShowAccounts bool   `group:"Report" help:"Name accounts in report.html. Without it they get pseudonyms there; the tables always name them."`
	Title        string `group:"Report" placeholder:"TEXT" help:"The report's title. [the inputs' names]"`
	Marking      string `group:"Report" default:"TLP:AMBER" placeholder:"TLP" enum:"TLP:CLEAR,TLP:GREEN,TLP:AMBER,TLP:AMBER+STRICT,TLP:RED" help:"The report's TLP 2.0 marking. [TLP:AMBER]"`
	Lang         string `group:"Report" default:"en" enum:"en,ja" help:"The language of the summary on the terminal: en or ja. [en]"`

	EvidenceEdges int    `group:"Limits" default:"5000" placeholder:"N" help:"How many edges evidence.ndjson holds, the heaviest first. [5000]"`
	Memory        string `group:"Limits" default:"1GiB" placeholder:"SIZE" help:"Memory for traces; more of them go to temporary files. [1GiB]"`
	Workers       int    `group:"Limits" placeholder:"N" help:"How many cores to use. The result does not depend on it. [all]"`
	TempDir       string `group:"Limits" placeholder:"DIR" help:"Where temporary files go. [the system's folder]"`

	InputFlags `embed:""`
}

// Help is the manual's text.
func (*detectCmd) Help() string {
	return `Finds accounts that act on the same things within a short time, tests each pair against chance, and ` +
		`puts those that chance does not explain into groups. The folder then holds:

    report.html       the page to look at: network, groups, timelines, posts
    report.json       the same for machines
    groups.csv        a row for each group
    accounts.csv      a row for each account, with its score
    edges.csv         a row for each pair of accounts that co-acted
    evidence.ndjson   the posts behind the significant pairs
    network.gexf, network.graphml   the network for other tools

docs/formats.md describes every column and field.

Examples:
  Everything the posts show, default settings:
    akashi detect posts.ndjson.gz -o report

  Addresses shared within a minute, as CooRTweet would find them:
    akashi detect --method coortweet --by url --window 60s --urls-as-given -o report tweets.csv

  A long table with columns of other names:
    akashi detect --object url_id --account account_id --post post_id --time timestamp -o report shares.csv`
}

// Run detects.
func (d *detectCmd) Run(ctx context.Context, a *app) error {
	o, err := d.options()
	if err != nil {
		return usageError(err)
	}
	o.Input.Stdin = a.stdin
	var bar *progress
	o.Phase = func(name string) {
		if bar != nil {
			bar.finish()
		}
		bar = newProgress(a.stderr, phaseLabels[name])
	}
	o.Progress = func(done, total int64) { bar.set(done, total) }
	o.Engine.Progress = o.Progress
	res, err := detect.Run(ctx, o, d.Out)
	if bar != nil {
		bar.finish()
	}
	switch {
	case errors.Is(err, detect.ErrInput):
		return inputError(err)
	case errors.Is(err, detect.ErrOutput):
		return outputError(err)
	case err != nil:
		return err
	}
	if err := report.Summary(a.stdout, res.Report, d.Lang); err != nil {
		return outputError(err)
	}
	_, err = fmt.Fprintf(a.stdout, "%s\n", filepath.Join(d.Out, "report.html"))
	return outputError(err)
}

var phaseLabels = map[string]string{
	"read": "reading posts", "pairs": "pairing actions", "groups": "finding groups",
	"report": "gathering evidence", "layout": "drawing the network", "write": "writing",
}

func (d *detectCmd) options() (detect.Options, error) {
	in, err := d.Options()
	if err != nil {
		return detect.Options{}, err
	}
	in.Workers = d.Workers
	method, err := coordination.ParseMethod(d.Method)
	if err != nil {
		return detect.Options{}, err
	}
	var by enrich.Behaviours
	if d.By != "" {
		if by, err = enrich.ParseBehaviours(d.By); err != nil {
			return detect.Options{}, fmt.Errorf("--by: %w", err)
		}
	}
	ceiling := 0
	switch {
	case strings.EqualFold(d.Ceiling, "none"):
		ceiling = coordination.None
	case d.Ceiling != "":
		if ceiling, err = strconv.Atoi(d.Ceiling); err != nil || ceiling < 1 {
			return detect.Options{}, fmt.Errorf("--ceiling %s: want a whole number from 1, or none", d.Ceiling)
		}
	}
	memory, err := parseSize(d.Memory)
	if err != nil {
		return detect.Options{}, fmt.Errorf("--memory: %w", err)
	}
	if d.FDR <= 0 || d.FDR >= 1 {
		return detect.Options{}, fmt.Errorf("--fdr %g: want a rate between 0 and 1", d.FDR)
	}
	if d.Truth != "" && d.TruthColumn != "" {
		return detect.Options{}, errors.New("--truth and --truth-column exclude each other")
	}
	o := detect.Options{
		Paths: d.Files, Input: in, By: by,
		URLsAsGiven: d.URLsAsGiven, HashtagsAsGiven: d.HashtagsAsGiven || method != coordination.Akashi,
		Engine: coordination.Config{
			Method: method, Window: d.Window, MinParticipation: d.MinParticipation, Ceiling: ceiling, Decay: d.Decay,
			Budget: memory, Dir: d.TempDir, Workers: d.Workers,
		},
		Groups: coordination.GroupConfig{FDR: d.FDR, MinSize: d.MinGroup, Resolution: d.Resolution, Seed: d.Seed},
		Truth:  d.Truth, TruthColumn: d.TruthColumn, Named: d.ShowAccounts, Title: d.Title, Marking: d.Marking,
		Version: version().release, EvidenceEdges: d.EvidenceEdges,
	}
	if _, err := coordination.New(o.Engine); err != nil {
		return detect.Options{}, fmt.Errorf("setting up the engine: %w", err)
	}
	return o, nil
}

// parseSize reads a size in bytes: 512MiB, 2GiB, 1000000.
func parseSize(s string) (int64, error) {
	number, shift := s, 0
	for suffix, bits := range map[string]int{"KiB": 10, "MiB": 20, "GiB": 30} {
		if n, ok := strings.CutSuffix(s, suffix); ok {
			number, shift = n, bits
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || n < 1 || n > 1<<(62-shift) {
		return 0, fmt.Errorf("%q is no size: want bytes, or a number of KiB, MiB or GiB", s)
	}
	return n << shift, nil
}
