package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	instance "github.com/akashi-project/akashi/internal/app"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/intake"
)

type demoCmd struct {
	Files    []string `arg:"" optional:"" name:"FILE" help:"Files of posts. [the made-up campaign about treated water]"`
	Scenario string   `default:"treated-water" placeholder:"NAME" help:"Which campaign is made up where no file is given. [treated-water]"`
	Listen   string   `placeholder:"HOST:PORT" help:"Where to listen; port 0 takes a free one."`
	Once     bool     `help:"Stop once the findings are there."`

	InputFlags    `embed:""`
	InstanceFlags `embed:""`
}

// Help is the manual's text.
func (*demoCmd) Help() string {
	return `Fills an instance with a made-up campaign, or with your own files, finds who acts together in it, and serves ` +
		`the pages. It prints a link that signs you in, once, as an analyst and lead. Start it again on the same data ` +
		`folder and nothing is there twice.`
}

// Run fills, detects and serves.
func (d *demoCmd) Run(ctx context.Context, a *app) error {
	more := map[string]any{}
	if d.Listen != "" {
		more["server.listen"] = d.Listen
	}
	if d.Data == "" {
		d.Data = "akashi-demo"
	}
	files, err := d.posts(ctx, a)
	if err != nil {
		return err
	}
	o, err := d.Options()
	if err != nil {
		return err
	}
	o.Stdin = a.stdin
	built, err := d.open(ctx, a, more)
	if err != nil {
		return err
	}
	return closing(built, d.show(ctx, a, built, intake.Request{Paths: files, Options: o}))
}

// posts gives the files to bring in; the campaign is made up where there are
// none.
func (d *demoCmd) posts(ctx context.Context, a *app) ([]string, error) {
	if len(d.Files) > 0 {
		return d.Files, nil
	}
	if err := os.MkdirAll(d.Data, 0o700); err != nil {
		return nil, outputError(fmt.Errorf("making the data folder: %w", err))
	}
	path := filepath.Join(d.Data, d.Scenario+".ndjson.gz")
	if _, err := os.Stat(path); err == nil {
		return []string{path}, nil
	}
	s := simulateCmd{Scenario: d.Scenario, Out: path, Scale: 1}
	return []string{path}, s.Run(ctx, a)
}

// show brings the posts in and serves; the detection runs beside.
func (d *demoCmd) show(ctx context.Context, a *app, built *instance.App, r intake.Request) error {
	cli := onThisMachine(ctx)
	bar := newProgress(a.stderr, "importing")
	result, err := built.Intake.Import(cli, r, func(p intake.Progress) { bar.set(p.Read, p.Total) })
	bar.finish()
	if err != nil {
		return inputError(err)
	}
	fmt.Fprintf(a.stdout, "%d posts in the store\n", result.Counts.Posts)
	path, err := enterLink(cli, built.Auth, "demo")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	detected := make(chan error, 1)
	err = built.Run(ctx, func(address string) {
		base := "http://" + local(address)
		go func() {
			err := d.detect(cli, a, built)
			if err == nil {
				fmt.Fprintf(a.stdout, "Akashi is at %s\nThis link signs you in, once:\n  %s%s\n", base, base, path)
			}
			detected <- err
			if err != nil || d.Once {
				cancel()
			}
		}()
	})
	select {
	case failed := <-detected:
		return errors.Join(err, failed)
	default:
		return err
	}
}

// detect runs the demonstration's detection and waits for it.
func (d *demoCmd) detect(ctx context.Context, a *app, built *instance.App) error {
	id, err := d.detection(ctx, built)
	if err != nil {
		return err
	}
	run, err := built.Findings.StartRun(ctx, id)
	if err != nil {
		return err
	}
	bar := newProgress(a.stderr, "detecting")
	defer bar.finish()
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		if run, err = built.Findings.Run(ctx, run.ID); err != nil {
			return err
		}
		switch run.State {
		case finding.RunDone:
			bar.finish()
			fmt.Fprintf(a.stdout, "%d groups that act together: %d new findings, %d seen again\n", run.Counts.Groups, run.New, run.Updated+run.Unchanged)
			return nil
		case finding.RunFailed, finding.RunCancelled:
			return fmt.Errorf("the detection %s: %s", run.State, run.Error)
		case finding.RunQueued, finding.RunRunning:
		}
		if p := run.Progress; p != nil {
			bar.set(p.Done, p.Total)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// detection gives the demonstration's detection, and makes it the first time.
func (d *demoCmd) detection(ctx context.Context, built *instance.App) (string, error) {
	const name = "全投稿の協調行動 / Coordination in all posts"
	all, err := built.Findings.Detections(ctx)
	if err != nil {
		return "", err
	}
	for i := range all {
		if all[i].Name == name {
			return all[i].ID, nil
		}
	}
	made, err := built.Findings.AddDetection(ctx, finding.Detection{Name: name})
	return made.ID, err
}
