package main

import (
	"bytes"
	"fmt"
	"text/tabwriter"

	"github.com/akashi-project/akashi/internal/collect/file"
)

type formatsCmd struct{}

// Help is the manual's text.
func (formatsCmd) Help() string {
	return `Files are recognised by what is in them, not by their names, and may be compressed with gzip or ` +
		`zstd. A table (commas, tabs or semicolons) or a stream of JSON objects that no format claims is read ` +
		`by a mapping from roles to columns. It is guessed, shown by "akashi inspect", and may be given:

    akashi inspect --map account=user_id,time=posted_at,url=link posts.csv
    akashi inspect --map account=user.screen_name,time=created_at tweets.ndjson
    akashi inspect --map account=sender,time=date,text=body,platform==telegram chat.tsv`
}

// Run lists the formats and the roles.
func (formatsCmd) Run(a *app) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "Formats (--format NAME; recognised where none is given)")
	for _, f := range file.Formats() {
		fmt.Fprintf(w, "  %s\t%s\n", f.Name, f.About)
	}
	fmt.Fprintln(w, "\nRoles (--map ROLE=COLUMN,…)")
	for _, r := range file.Roles() {
		fmt.Fprintf(w, "  %s\t%s\n", r.Name, r.About)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("setting the table: %w", err)
	}
	_, err := a.stdout.Write(b.Bytes())
	return outputError(err)
}
