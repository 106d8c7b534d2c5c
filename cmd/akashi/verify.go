package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/akashi-project/akashi/internal/audit"
)

type verifyCmd struct {
	Log verifyLogCmd `cmd:"" help:"Check every byte of the log against its signed checkpoint, offline."`
}

type verifyLogCmd struct {
	Dir        string   `arg:"" optional:"" name:"DIR" help:"The log's folder. [log in the data folder]"`
	Key        string   `placeholder:"FILE" help:"The log's public key, as it was kept elsewhere. [keys/log.key.pub in the data folder]"`
	Checkpoint []string `placeholder:"FILE" help:"A checkpoint that was kept elsewhere: the log must continue it. May be repeated."`
	JSON       bool     `name:"json" help:"Print the report as JSON."`

	InstanceFlags `embed:""`
}

var errLog = errors.New("the log cannot be trusted")

// Run verifies the log.
func (v *verifyLogCmd) Run(ctx context.Context, a *app) error {
	if v.Dir == "" || v.Key == "" {
		c, err := v.load(nil)
		if err != nil {
			return err
		}
		if v.Dir == "" {
			v.Dir = c.LogDir()
		}
		if v.Key == "" {
			v.Key = c.LogKeyFile() + ".pub"
		}
	}
	key, err := os.ReadFile(filepath.Clean(v.Key))
	if err != nil {
		return inputError(fmt.Errorf("reading the log's public key: %w", err))
	}
	var kept []string
	for _, path := range v.Checkpoint {
		data, err := os.ReadFile(filepath.Clean(path))
		if err != nil {
			return inputError(fmt.Errorf("reading a checkpoint: %w", err))
		}
		kept = append(kept, string(data))
	}
	r, err := audit.Verify(ctx, v.Dir, strings.TrimSpace(string(key)), kept...)
	if err != nil && !errors.Is(err, audit.ErrBroken) {
		return inputError(err)
	}
	if v.JSON {
		enc := json.NewEncoder(a.stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			return outputError(fmt.Errorf("writing the report: %w", err))
		}
	} else {
		fmt.Fprintf(a.stdout, "%s: %d lines, %d files, %d bytes, root %s\n", r.Origin, r.Lines, r.Files, r.Bytes, r.Root)
		for _, n := range r.Notes {
			fmt.Fprintf(a.stdout, "note: %s\n", n)
		}
		for _, p := range r.Problems {
			fmt.Fprintf(a.stdout, "problem: %s\n", p)
		}
	}
	if err != nil || len(r.Problems) > 0 {
		return inputError(fmt.Errorf("%w: %d problems", errLog, len(r.Problems)+r.More))
	}
	fmt.Fprintln(a.stderr, "the log is whole")
	return nil
}
