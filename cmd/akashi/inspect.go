package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/akashi-project/akashi/internal/collect/file"
)

type inspectCmd struct {
	Files []string `arg:"" name:"file" help:"Files of posts; - is standard input."`
	JSON  bool     `help:"Write one JSON object a file and line, for machines."`
	InputFlags
}

// Help is the manual's text.
func (*inspectCmd) Help() string {
	return `Reads a file as "akashi detect" would and says what it holds: format, encoding, rows and posts, ` +
		`accounts, the time it covers, platforms, languages, how the columns were understood, by which ` +
		`behaviours coordination can be looked for, and which rows could not be read and why.

    akashi inspect posts.csv
    akashi inspect --json *.ndjson.gz | jq .accounts
    zcat dump.gz | akashi inspect -

When the columns were guessed, the page says so; --map corrects the guess. ` +
		`A file that cannot be read ends the command with exit code 3; the others are shown all the same.`
}

// Run shows what each file holds.
func (c *inspectCmd) Run(ctx context.Context, a *app) error {
	o, err := c.Options()
	if err != nil {
		return err
	}
	var failed error
	for i, path := range c.Files {
		found, err := inspect(ctx, a, path, o)
		if ctx.Err() != nil {
			return err
		}
		failed = errors.Join(failed, err)
		if found == nil {
			continue
		}
		if err := c.show(a, found, i > 0); err != nil {
			return err
		}
	}
	return failed
}

// show writes what was found in one file.
func (c *inspectCmd) show(a *app, found *contents, apart bool) error {
	var b bytes.Buffer
	if c.JSON {
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(found); err != nil {
			return fmt.Errorf("encoding what %s holds: %w", found.File, err)
		}
	} else {
		if apart {
			b.WriteByte('\n')
		}
		found.print(&b)
	}
	_, err := b.WriteTo(a.stdout)
	return outputError(err)
}

// inspect reads one file. It gives what was found also beside an error, unless
// nothing was.
func inspect(ctx context.Context, a *app, path string, o file.Options) (*contents, error) {
	t := newTallies(o.Workers)
	o.Prepare = t.prepare
	o.Need = file.NeedAll &^ file.NeedRaw
	summaries, err := a.readPosts(ctx, path, []string{path}, o, t.add)
	if len(summaries) == 0 || summaries[0].Format == "" {
		return nil, err
	}
	return t.contents(summaries[0]), err
}
