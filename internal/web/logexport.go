package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/akashi-project/akashi/internal/audit"
	"github.com/akashi-project/akashi/internal/export"
)

// A file of the log has logExportLines lines at most, from among the newest
// logExportScan.
const (
	logExportLines = 10_000
	logExportScan  = 200_000
)

// logExportView says what the file will be before anybody makes it.
type logExportView struct {
	Chips []Chip
	Lines int
	// Cut says that there are or may be more; Limit and Scan are the bounds,
	// Full that the former cut.
	Cut, Full   bool
	Limit, Scan int64
	Size        int64
	Action      string
	Back        string
}

// logTake is what a file of the log holds: the newest lines first.
type logTake struct {
	entries []audit.Entry
	done    bool
}

// take gathers the lines of a file, from the line before the place before back.
func (l *logReader) take(ctx context.Context, before int64, f audit.Filter) (logTake, error) {
	var t logTake
	scan := int64(logExportScan)
	for scan > 0 && len(t.entries) < logExportLines && !t.done {
		p, err := l.s.Audit.Page(ctx, before, f, logExportLines-len(t.entries), scan)
		if err != nil {
			return t, fmt.Errorf("reading the log: %w", err)
		}
		t.entries = append(t.entries, p.Entries...)
		before, t.done = p.Next, p.Done
		scan -= max(p.Scanned, 1)
	}
	return t, nil
}

// wanted reads the filter, and refuses one that is wrong.
func (l *logReader) wanted() (logFilter, error) {
	f := l.filter()
	if f.wrong() {
		return f, invalid("log.filter.wrong")
	}
	return f, nil
}

// logExportPage says how many lines a file would have and where it is cut.
func (s *Server) logExportPage(w http.ResponseWriter, r *http.Request) error {
	l, err := s.logReader(r)
	if err != nil {
		return err
	}
	f, err := l.wanted()
	if err != nil {
		return err
	}
	v := logExportView{Chips: f.Chips, Limit: logExportLines, Scan: logExportScan, Size: s.Audit.Size(), Back: "/log?" + r.URL.RawQuery, Action: "/log/export?" + r.URL.RawQuery}
	for i := range v.Chips {
		v.Chips[i].Without = ""
	}
	t, err := l.take(r.Context(), v.Size, f.Want)
	if err != nil {
		return err
	}
	v.Lines, v.Cut, v.Full = len(t.entries), !t.done, len(t.entries) == logExportLines
	return s.page(w, r, "log-export", Page{Title: s.say(r, "log.export"), Data: v, Place: "/log"})
}

// logExport sends the file, of the lines that the page counted.
func (s *Server) logExport(w http.ResponseWriter, r *http.Request) error {
	l, err := s.logReader(r)
	if err != nil {
		return err
	}
	f, err := l.wanted()
	if err != nil {
		return err
	}
	before := int64(-1)
	if text := r.PostFormValue("size"); text != "" {
		if before, err = strconv.ParseInt(text, 10, 64); err != nil || before < 0 {
			return invalid("log.before.wrong")
		}
	}
	format := r.PostFormValue("format")
	write, ok := map[string]func(*bytes.Buffer, []audit.Entry) error{"csv": writeLogCSV, "ndjson": writeLogNDJSON}[format]
	if !ok {
		return invalid("log.export.format")
	}
	t, err := l.take(r.Context(), before, f.Want)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := write(&b, t.entries); err != nil {
		return fmt.Errorf("writing lines of the log: %w", err)
	}
	// Before anything leaves.
	detail := map[string]any{"format": format, "lines": len(t.entries)}
	if n := len(t.entries); n > 0 {
		detail["first"], detail["last"] = t.entries[n-1].Index, t.entries[0].Index
	}
	if err := s.Record(r.Context(), "log.export", "", detail); err != nil {
		return err
	}
	kind := "application/x-ndjson"
	if format == "csv" {
		kind = "text/csv; charset=utf-8"
	}
	attach(w, kind, "akashi-log-"+s.Now().UTC().Format("20060102T150405Z")+"."+format)
	_, _ = w.Write(b.Bytes())
	return nil
}

// writeLogCSV writes lines as a table, with a mark by which spreadsheets know
// that it is UTF-8.
func writeLogCSV(b *bytes.Buffer, entries []audit.Entry) error {
	b.WriteString("\ufeff")
	w := csv.NewWriter(b)
	_ = w.Write([]string{"index", "id", "time", "actor", "action", "object", "detail"}) // Error says it
	for _, e := range entries {
		detail := ""
		if len(e.Line.Detail) > 0 {
			data, err := json.Marshal(e.Line.Detail)
			if err != nil {
				return fmt.Errorf("line %d: %w", e.Index, err)
			}
			detail = string(data)
		}
		row := []string{strconv.FormatInt(e.Index, 10), e.Line.ID, e.Line.Time.UTC().Format(time.RFC3339Nano), e.Line.Actor, e.Line.Action, e.Line.Object, detail}
		for i := range row {
			row[i] = export.Cell(row[i])
		}
		_ = w.Write(row)
	}
	w.Flush()
	return w.Error() //nolint:wrapcheck // wrapped by who calls
}

// writeLogNDJSON writes each line as JSON, with its place in the log.
func writeLogNDJSON(b *bytes.Buffer, entries []audit.Entry) error {
	out := json.NewEncoder(b)
	out.SetEscapeHTML(false)
	for _, e := range entries {
		if err := out.Encode(map[string]any{"index": e.Index, "line": e.Line}); err != nil {
			return fmt.Errorf("line %d: %w", e.Index, err)
		}
	}
	return nil
}
