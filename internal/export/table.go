package export

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// header names the columns of a CSV file; [table.row] fills them.
var header = []string{
	"platform", "id", "time", "account", "account_handle", "account_name", "channel", "type", "lang", "text", "url",
	"links", "hashtags", "mentions", "media", "repost_of", "reply_to", "quote_of", "source", "versions", "deleted", "synthetic",
	"marking",
}

// table writes CSV (RFC 4180, with LF) that a spreadsheet does not run: see
// harmless. Lists stand in one cell with spaces between.
type table struct {
	w       *csv.Writer
	marking string
	cells   []string
}

func newTable(w io.Writer, o *Options) (*table, error) {
	if o.BOM {
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return nil, fmt.Errorf("writing a table: %w", err)
		}
	}
	t := &table{w: csv.NewWriter(w), marking: o.Marking}
	if err := t.w.Write(header); err != nil {
		return nil, fmt.Errorf("writing a table: %w", err)
	}
	return t, nil
}

func (t *table) write(posts []poststore.Post) error {
	for i := range posts {
		if err := t.w.Write(t.row(&posts[i])); err != nil {
			return fmt.Errorf("writing a table: %w", err)
		}
	}
	return nil
}

func (t *table) row(p *poststore.Post) []string {
	t.cells = append(t.cells[:0],
		p.Platform, p.ID, moment(p.Time), p.Account.ID, p.Account.Handle, p.Account.Name, p.Channel, query.TypeOf(&p.Post), p.Lang,
		p.Text, p.URL, strings.Join(links(p), " "), strings.Join(p.Hashtags, " "), strings.Join(p.Mentions, " "),
		strings.Join(media(p), " "), p.RepostOf, p.ReplyTo, p.QuoteOf, p.Source, strconv.Itoa(p.Versions), moment(p.Deleted),
		strconv.FormatBool(p.Synthetic), t.marking)
	for i, c := range t.cells {
		t.cells[i] = harmless(c)
	}
	return t.cells
}

func (t *table) close() error {
	t.w.Flush()
	if err := t.w.Error(); err != nil {
		return fmt.Errorf("writing a table: %w", err)
	}
	return nil
}

// Cell gives a cell of CSV that no spreadsheet takes for a formula, for tables
// of other things than posts.
func Cell(text string) string { return harmless(text) }

// harmless gives a cell that no spreadsheet takes for a formula: what begins
// like one, also in full width, or with a control character that may be
// dropped, gets an apostrophe before it (OWASP, CSV Injection). Whole numbers
// stay, so that ids such as -1001234 can be joined on.
func harmless(cell string) string {
	if cell == "" {
		return cell
	}
	switch cell[0] {
	case '+', '-':
		if number(cell[1:]) {
			return cell
		}
		return "'" + cell
	case '=', '@', '\t', '\r', '\n':
		return "'" + cell
	}
	for _, wide := range []string{"＝", "＋", "－", "＠", "−"} {
		if strings.HasPrefix(cell, wide) {
			return "'" + cell
		}
	}
	return cell
}

// number says that s is digits and not empty.
func number(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// moment gives a time in RFC 3339, in UTC; nothing for the zero time.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// links gives the canonical addresses.
func links(p *poststore.Post) []string {
	out := make([]string, len(p.Links))
	for i, l := range p.Links {
		if out[i] = l.URL; out[i] == "" {
			out[i] = l.Given
		}
	}
	return out
}

// media gives the addresses of files, or their ids where they have none.
func media(p *poststore.Post) []string {
	out := make([]string, len(p.Media))
	for i, m := range p.Media {
		if out[i] = m.URL; out[i] == "" {
			out[i] = m.ID
		}
	}
	return out
}
