package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/akashi-project/akashi/internal/api"
)

type searchCmd struct {
	Query  string    `arg:"" optional:"" name:"QUERY" help:"What is searched for, in the query language: words, \"phrases\", field:value, -not, OR. Empty means all."`
	From   time.Time `placeholder:"TIME" help:"Only posts at the time or after it (RFC 3339)."`
	To     time.Time `placeholder:"TIME" help:"Only posts before the time."`
	Zone   string    `default:"UTC" placeholder:"ZONE" help:"The time zone of days in the query. [UTC]"`
	Limit  int       `short:"n" default:"50" placeholder:"N" help:"At most so many posts in a table, up to 500. [50]"`
	Format string    `enum:"table,json,ndjson,csv,parquet" default:"table" placeholder:"FORMAT" help:"table and json print the newest posts; ndjson, csv and parquet write all of them, the oldest first. [table]"`
	Output string    `short:"o" default:"-" placeholder:"FILE" help:"The file that ndjson, csv or parquet is written to. [-: standard output]"`

	RemoteFlags `embed:""`
}

// Help is the manual's text.
func (*searchCmd) Help() string {
	return `Searches the posts of a server. Accounts are shown under their pseudonyms. A file takes the scope post.export, and ` +
		`the server logs that it was made.

Examples:
  akashi search --server https://akashi.example.go.jp --token-file token '処理水 lang:ja -type:repost'
  akashi search 'domain:example.com' --format csv -o posts.csv`
}

// Run searches.
func (c *searchCmd) Run(ctx context.Context, a *app) error {
	s, err := c.dial()
	if err != nil {
		return err
	}
	if c.JSON {
		c.Format = "json"
	}
	if c.Format != "table" && c.Format != "json" {
		r := api.ExportRequest{Format: c.Format, Q: c.Query, From: c.From, To: c.To, Zone: c.Zone}
		return a.takeFile(c.Output, func(w io.Writer) error {
			_, err := s.Download(ctx, "/posts/export", r, w)
			return err //nolint:wrapcheck // wrapped by takeFile
		})
	}
	q := url.Values{"q": {c.Query}, "zone": {c.Zone}, "limit": {strconv.Itoa(c.Limit)}}
	for name, at := range map[string]time.Time{"from": c.From, "to": c.To} {
		if !at.IsZero() {
			q.Set(name, at.Format(time.RFC3339Nano))
		}
	}
	var out api.PostList
	answer, err := s.Get(ctx, "/posts", q, &out)
	if err != nil {
		return refused(err)
	}
	if c.Format == "json" {
		return a.printJSON(answer)
	}
	var rows [][]string
	for i := range out.Posts {
		p := &out.Posts[i]
		rows = append(rows, []string{p.Time.Format("2006-01-02 15:04:05"), p.Platform, p.Account.Label, p.Key, short(p.Text, 60)})
	}
	err = a.printTable([]string{"time (UTC)", "platform", "account", "post", "text"}, rows)
	if err == nil && out.Next != "" {
		fmt.Fprintln(a.stderr, "There are more: narrow down, or write all of them with --format.")
	}
	return err
}

// takeFile writes a file that a server sends: whole, or not at all, but to
// standard output.
func (a *app) takeFile(path string, take func(io.Writer) error) error {
	if path == "-" {
		return refused(take(a.stdout))
	}
	f, err := createOutput(path)
	if err != nil {
		return err
	}
	defer f.discard()
	if err := take(f); err != nil {
		return refused(err)
	}
	return f.commit()
}
