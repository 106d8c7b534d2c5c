package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/transparency-dev/tessera/api"

	"github.com/akashi-project/akashi/internal/casestore"
)

// Entry is a line at its place in the log.
type Entry struct {
	// Index is the line's place; the first line has 0. It never changes.
	Index int64
	Line  casestore.Line
}

// Read gives up to n lines from the place from on, oldest first; none beyond
// the end.
func (l *Log) Read(ctx context.Context, from, n int64) ([]Entry, error) {
	end := min(l.Size(), max(from, 0)+max(n, 0))
	if from < 0 || from >= end {
		return nil, nil
	}
	out := make([]Entry, 0, end-from)
	err := l.each(ctx, uint64(from), uint64(end), func(at uint64, raw []byte) error {
		e, err := entry(at, raw)
		if err == nil {
			out = append(out, e)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Filter says which lines are wanted; empty fields want all. A text that ends
// in "." or ":" is a beginning: the action "finding." wants all that starts
// so, the object "finding:" all findings, the actor "user:" all people.
type Filter struct {
	Actor, Action, Object string
	// Since (included) and Until (not included) bound the lines' times.
	Since, Until time.Time
}

func (f Filter) wants(l casestore.Line) bool {
	return matches(f.Actor, l.Actor) && matches(f.Action, l.Action) && matches(f.Object, l.Object) &&
		(f.Since.IsZero() || !l.Time.Before(f.Since)) && (f.Until.IsZero() || l.Time.Before(f.Until))
}

func matches(want, is string) bool {
	if strings.HasSuffix(want, ".") || strings.HasSuffix(want, ":") {
		return strings.HasPrefix(is, want)
	}
	return want == "" || want == is
}

// Page is a part of the log, newest line first.
type Page struct {
	Entries []Entry
	// Next is what to give as before to go on where this page stopped.
	Next int64
	// Scanned is the number of lines that were looked at.
	Scanned int64
	// Done says that no older line can match: the beginning was reached, or
	// lines that are more than a day older than Since (clocks are set back
	// by less). Where it is false and there are fewer entries than asked
	// for, the scan stopped at its limit.
	Done bool
}

// Page gives up to limit lines that a filter wants, newest first, from the line
// before the place before backwards; before < 0 starts at the end. It looks at
// no more than scan lines.
func (l *Log) Page(ctx context.Context, before int64, f Filter, limit int, scan int64) (Page, error) {
	end := l.Size()
	if before >= 0 && before < end {
		end = before
	}
	p := Page{Next: end}
	stop := max(end-scan, 0)
	for p.Next > stop && len(p.Entries) < limit && !p.Done {
		first := max((p.Next-1)/width*width, stop)
		lines, err := l.Read(ctx, first, p.Next-first)
		if err != nil {
			return Page{}, err
		}
		for i := len(lines) - 1; i >= 0 && len(p.Entries) < limit; i-- {
			e := lines[i]
			p.Next = e.Index
			p.Scanned++
			if f.wants(e.Line) {
				p.Entries = append(p.Entries, e)
			}
			if !f.Since.IsZero() && e.Line.Time.Before(f.Since.Add(-24*time.Hour)) {
				p.Done = true
				break
			}
		}
	}
	p.Done = p.Done || p.Next == 0
	return p, nil
}

func entry(at uint64, raw []byte) (Entry, error) {
	e := Entry{Index: int64(at)}
	if err := json.Unmarshal(raw, &e.Line); err != nil {
		return e, fmt.Errorf("%w: reading line %d: %w", ErrBroken, at, err)
	}
	return e, nil
}

// each gives the lines from to end, as they are kept, to yield.
func (l *Log) each(ctx context.Context, from, end uint64, yield func(at uint64, raw []byte) error) error {
	for from < end {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("reading the log: %w", err)
		}
		lines, err := l.bundle(from / width)
		if err != nil {
			return err
		}
		lines = lines[min(from%width, uint64(len(lines))):]
		if len(lines) == 0 {
			return fmt.Errorf("%w: line %d is missing", ErrBroken, from)
		}
		for _, line := range lines[:min(end-from, uint64(len(lines)))] {
			if err := yield(from, line); err != nil {
				return err
			}
			from++
		}
	}
	return nil
}

// bundle reads the lines of the index-th file of lines.
func (l *Log) bundle(index uint64) ([][]byte, error) {
	l.mu.RLock()
	defer l.mu.RUnlock() // until here the file stays
	r := resource{kind: entries, index: index}
	if l.head.Size/width == index {
		r.partial = uint8(l.head.Size % width)
	}
	raw, err := os.ReadFile(filepath.Join(l.dir, r.path()))
	if err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	return parseBundle(r, raw)
}

var errCount = errors.New("not the right number of lines")

// parseBundle cuts a file of lines into its lines.
func parseBundle(r resource, raw []byte) ([][]byte, error) {
	var b api.EntryBundle
	err := b.UnmarshalText(raw)
	if err == nil && len(b.Entries) != r.count() {
		err = fmt.Errorf("%w: %d instead of %d", errCount, len(b.Entries), r.count())
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrBroken, r.path(), err)
	}
	return b.Entries, nil
}
