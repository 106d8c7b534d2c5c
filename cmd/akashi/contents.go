package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/collect/file"
)

// contents is what a file holds, as "akashi inspect" says it. Its JSON form is
// described in docs/formats.md.
type contents struct {
	File        string            `json:"file"`
	Format      string            `json:"format"`
	Guessed     bool              `json:"guessed"`
	Encoding    string            `json:"encoding"`
	Compression string            `json:"compression,omitempty"`
	Bytes       int64             `json:"bytes"`
	Rows        int64             `json:"rows"`
	Posts       int64             `json:"posts"`
	Bad         int64             `json:"bad"`
	BadRows     []badRow          `json:"bad_rows,omitempty"`
	Skipped     int64             `json:"skipped"`
	SkippedWhy  map[string]int64  `json:"skipped_why,omitempty"`
	Replaced    int64             `json:"replaced_characters"`
	Accounts    int64             `json:"accounts"`
	Synthetic   int64             `json:"synthetic"`
	First       *time.Time        `json:"first,omitempty"`
	Last        *time.Time        `json:"last,omitempty"`
	Platforms   []named           `json:"platforms,omitempty"`
	Languages   []named           `json:"languages_declared,omitempty"`
	Scripts     []named           `json:"scripts,omitempty"`
	Mapping     map[string]string `json:"mapping,omitempty"`
	Columns     []string          `json:"columns,omitempty"`
	Traces      []traces          `json:"traces"`

	activity []int64
	span     time.Duration
}

// named is how often a name occurs.
type named struct {
	Name  string `json:"name"`
	Count int64  `json:"posts"`
}

// traces is how many posts show a behaviour, and how many times they act.
type traces struct {
	Behaviour string `json:"behaviour"`
	Posts     int64  `json:"posts"`
	Traces    int64  `json:"traces"`
}

// badRow is a record that could not be read.
type badRow struct {
	Line     int64  `json:"line"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

// contents joins what was counted with what the reader says.
func (t *tallies) contents(s file.Summary) *contents {
	c := &contents{
		File: s.File, Format: s.Format, Guessed: s.Guessed, Encoding: s.Encoding, Compression: s.Compression,
		Bytes: s.Bytes, Rows: s.Rows, Posts: s.Posts, Bad: s.Bad, Skipped: s.Skipped, SkippedWhy: s.SkippedWhy,
		Replaced: s.Replaced, Mapping: s.Mapping, Columns: s.Columns,
		Accounts: int64(len(t.accounts)), Synthetic: t.synthetic,
		Platforms: ranked(t.platforms), Languages: ranked(t.languages),
		Traces: []traces{},
	}
	if s.Posts > 0 {
		c.First, c.Last = &s.First, &s.Last
		c.activity, c.span = t.activity(s.First, s.Last, 60)
	}
	for _, r := range s.Reasons {
		c.BadRows = append(c.BadRows, badRow{r.Line, r.Expected, r.Found})
	}
	d := t.derived()
	for _, n := range d.scripts.Counts() {
		c.Scripts = append(c.Scripts, named{n.Script, n.Texts})
	}
	for b := range coordination.NumBehaviours {
		if d.posts[b] > 0 {
			c.Traces = append(c.Traces, traces{coordination.Behaviour(b).String(), d.posts[b], d.objects[b]})
		}
	}
	return c
}

// The limits that keep a file's page within 40 lines.
const (
	pageWidth   = 96
	mostReasons = 5
	mostNames   = 8
	mostUnused  = 12
)

// print writes the page for people.
func (c *contents) print(b *bytes.Buffer) {
	fmt.Fprintln(b, c.File)
	c.printReading(b)
	if c.Posts > 0 {
		c.printPosts(b)
	}
	c.printColumns(b)
	c.printTraces(b)
	c.printBad(b)
}

// noBreak is a space at which line does not break.
const noBreak = "\u00a0"

// line writes a heading and its text, wrapped under itself.
func line(b *bytes.Buffer, heading, format string, args ...any) {
	const indent = "  %-10s %s\n"
	for l := range strings.Lines(wrap(fmt.Sprintf(format, args...), pageWidth-13)) {
		l = strings.ReplaceAll(strings.TrimSuffix(l, "\n"), noBreak, " ")
		fmt.Fprintf(b, indent, heading, l)
		heading = ""
	}
}

func (c *contents) printReading(b *bytes.Buffer) {
	about := ""
	for _, f := range file.Formats() {
		if f.Name == c.Format {
			about = ": " + f.About
		}
	}
	line(b, "format", "%s%s", c.Format, about)
	encoding := c.Encoding
	if c.Compression != "" {
		encoding += ", " + c.Compression
	}
	line(b, "encoding", "%s, %s", encoding, size(c.Bytes))
	if c.Replaced > 0 {
		line(b, "", "%s characters unknown to %s were replaced", count(c.Replaced), c.Encoding)
	}
	rows := fmt.Sprintf("%s: %s posts", count(c.Rows), count(c.Posts))
	if c.Skipped > 0 {
		rows += fmt.Sprintf(", %s skipped", count(c.Skipped))
	}
	line(b, "rows", "%s, %s bad", rows, count(c.Bad))
	for i, why := range ranked(c.SkippedWhy) {
		if i == mostReasons {
			line(b, "", "skipped for %d other reasons (see --json)", len(c.SkippedWhy)-i)
			break
		}
		line(b, "", "skipped %s: %s", count(why.Count), why.Name)
	}
}

func (c *contents) printPosts(b *bytes.Buffer) {
	line(b, "accounts", "%s", count(c.Accounts))
	line(b, "time", "%s to %s UTC", c.First.Format("2006-01-02 15:04:05"), c.Last.Format("2006-01-02 15:04:05"))
	if len(c.activity) > 1 {
		line(b, "", "%s  %s each", bars(c.activity), hours(c.span))
	}
	list := func(heading, none string, names []named) {
		if len(names) == 0 {
			line(b, heading, "%s", none)
			return
		}
		parts := make([]string, 0, mostNames+1)
		for i, n := range names {
			if i == mostNames {
				parts = append(parts, fmt.Sprintf("and %d more", len(names)-i))
				break
			}
			parts = append(parts, strings.ReplaceAll(n.Name, " ", noBreak)+noBreak+share(n.Count, c.Posts))
		}
		line(b, heading, "%s", strings.Join(parts, ", "))
	}
	list("platforms", "not stated", c.Platforms)
	list("languages", "not declared", c.Languages)
	list("scripts", "no texts", c.Scripts)
	if c.Synthetic > 0 {
		line(b, "synthetic", "%s of the posts: they were made up", share(c.Synthetic, c.Posts))
	}
}

// printColumns shows the mapping so that it can be corrected and given.
func (c *contents) printColumns(b *bytes.Buffer) {
	if len(c.Mapping) == 0 {
		return
	}
	var parts []string
	for _, role := range file.Roles() {
		if column := c.Mapping[role.Name]; column != "" {
			parts = append(parts, role.Name+"="+strings.ReplaceAll(column, " ", noBreak))
		}
	}
	line(b, "columns", "%s", strings.Join(parts, ", "))
	if !c.Guessed {
		return
	}
	line(b, "", "This is a GUESS from names and values. Where it is wrong, say --map ROLE=COLUMN,…")
	if unused := c.unused(); len(unused) > 0 {
		line(b, "", "not used: %s", strings.Join(unused, ", "))
	}
}

// unused gives some of the columns that no role was given to.
func (c *contents) unused() []string {
	used := map[string]bool{}
	for columns := range maps.Values(c.Mapping) {
		for column := range strings.SplitSeq(columns, ", ") {
			used[column] = true
		}
	}
	out := slices.DeleteFunc(slices.Clone(c.Columns), func(s string) bool { return used[s] })
	if len(out) > mostUnused {
		out = append(out[:mostUnused], "…")
	}
	return out
}

func (c *contents) printTraces(b *bytes.Buffer) {
	if len(c.Traces) == 0 {
		if c.Posts > 0 {
			line(b, "traces", "none: no post has anything that others could share")
		}
		return
	}
	heading := "traces"
	for _, t := range c.Traces {
		fmt.Fprintf(b, "  %-10s %-17s %12s posts %6s\n", heading, t.Behaviour, count(t.Posts), share(t.Posts, c.Posts))
		heading = ""
	}
}

func (c *contents) printBad(b *bytes.Buffer) {
	heading := "bad rows"
	for i, r := range c.BadRows {
		if i == mostReasons {
			break
		}
		text := []rune(fmt.Sprintf("line %s: expected %s, found %s", count(r.Line), r.Expected, r.Found))
		if len(text) > 2*pageWidth {
			text = append(text[:2*pageWidth], '…')
		}
		line(b, heading, "%s", string(text))
		heading = ""
	}
	if more := c.Bad - int64(min(len(c.BadRows), mostReasons)); more > 0 {
		line(b, heading, "and %s more", count(more))
	}
}

// share writes n of all as a percentage.
func share(n, all int64) string {
	switch p := 100 * float64(n) / float64(max(all, 1)); {
	case n == 0:
		return "0%"
	case n == all:
		return "100%"
	case p < 0.1:
		return "<0.1%"
	case p < 9.95:
		return fmt.Sprintf("%.1f%%", p)
	default:
		return fmt.Sprintf("%.0f%%", min(p, 99))
	}
}

// size writes a number of bytes.
func size(n int64) string {
	switch {
	case n < 1e3:
		return fmt.Sprintf("%d bytes", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

// hours writes a span of whole hours.
func hours(d time.Duration) string {
	h := int(d / time.Hour)
	if h%24 == 0 && h >= 48 {
		return fmt.Sprintf("%d days", h/24)
	}
	return fmt.Sprintf("%d h", h)
}

// bars draws numbers as bars of text.
func bars(values []int64) string {
	const levels = "▁▂▃▄▅▆▇█"
	most := max(slices.Max(values), 1)
	var b strings.Builder
	for _, v := range values {
		if v == 0 {
			b.WriteRune('·')
			continue
		}
		b.WriteRune([]rune(levels)[v*7/most])
	}
	return b.String()
}
