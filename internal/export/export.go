package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/poststore"
)

// Format is the kind of a file.
type Format string

// The formats.
const (
	CSV     Format = "csv"
	NDJSON  Format = "ndjson"
	Parquet Format = "parquet"
)

// Formats are all formats, in the order in which they are offered.
var Formats = []Format{CSV, NDJSON, Parquet}

// ContentType is the media type that a file of the format is sent as.
func (f Format) ContentType() string {
	switch f {
	case CSV:
		return "text/csv; charset=utf-8"
	case NDJSON:
		return "application/x-ndjson"
	}
	return "application/vnd.apache.parquet"
}

var (
	// ErrFormat says that there is no such format.
	ErrFormat = errors.New("no such format")
	// ErrVeil says that no veil was given. It is a mistake in the program.
	ErrVeil = errors.New("posts are not written without a veil")
)

// MostPosts is how many posts a file has at most where Options do not say: what
// a spreadsheet can open.
const MostPosts = 1_000_000

// Options say how posts are written.
type Options struct {
	Format Format
	// Veil gives how posts are shown that are about to be written: see
	// mandate.Service.VeilPosts and mandate.Veil.Post.
	Veil func(ctx context.Context, posts []poststore.Post) (func(*poststore.Post) poststore.Post, error)
	// Marking says who may read the file: "TLP:AMBER". It stands in every
	// row; empty where there is none.
	Marking string
	// Limit is how many posts are written at most; 0 means MostPosts.
	Limit int64
	// BOM begins a CSV file with a byte order mark, without which Excel
	// takes it for another encoding than UTF-8.
	BOM bool
}

func (o *Options) check() error {
	switch {
	case !slices.Contains(Formats, o.Format):
		return fmt.Errorf("%w: %q", ErrFormat, o.Format)
	case o.Veil == nil:
		return ErrVeil
	}
	if o.Limit <= 0 {
		o.Limit = MostPosts
	}
	return nil
}

// Plan says what a file will be, before it is made.
type Plan struct {
	// Posts is how many posts the query means, Limit how many are written
	// at most: the earliest.
	Posts, Limit int64
	// Bytes is about how large the file will be, judged by its newest posts.
	Bytes int64
}

// Cut says that the file will not have all posts.
func (p Plan) Cut() bool { return p.Posts > p.Limit }

// sample is how many posts Plan looks at.
const sample = 400

// PlanFor counts the posts of a query and estimates the size of their file.
func PlanFor(ctx context.Context, store poststore.Searcher, q poststore.Query, o Options) (Plan, error) {
	p, err := plan(ctx, store, q, o)
	if err != nil {
		return Plan{}, fmt.Errorf("planning an export: %w", err)
	}
	return p, nil
}

func plan(ctx context.Context, store poststore.Searcher, q poststore.Query, o Options) (Plan, error) {
	if err := o.check(); err != nil {
		return Plan{}, err
	}
	p := Plan{Limit: o.Limit}
	var err error
	if p.Posts, err = store.Count(ctx, q); err != nil {
		return p, err //nolint:wrapcheck // wrapped by PlanFor
	}
	some, err := store.Search(ctx, q, poststore.Position{}, int(min(sample, o.Limit)))
	if err != nil {
		return p, err //nolint:wrapcheck // wrapped by PlanFor
	}
	// What the second half adds tells more than the whole, which holds what
	// is written once: a header, dictionaries.
	half := len(some) / 2
	first, err := size(ctx, some[:half], o)
	if err != nil {
		return p, err
	}
	if p.Bytes, err = size(ctx, some, o); err != nil {
		return p, err
	}
	if n := int64(len(some) - half); n > 0 {
		p.Bytes += (p.Bytes - first) * max(min(p.Posts, p.Limit)-int64(len(some)), 0) / n
	}
	return p, nil
}

// size gives how large a file of these posts is.
func size(ctx context.Context, posts []poststore.Post, o Options) (int64, error) {
	var w counter
	e, err := newEncoder(&w, &o)
	if err != nil {
		return 0, err
	}
	if len(posts) > 0 {
		if _, err := veiled(ctx, e, posts, &o); err != nil {
			return 0, err
		}
	}
	err = e.close()
	return int64(w), err
}

// Written says what a file has.
type Written struct {
	// Posts is how many posts stand in it.
	Posts int64
	// Cut says that there were more posts than the limit.
	Cut bool
}

// Write writes the posts of a query, oldest first. At an error, what was
// written until then is no whole file.
func Write(ctx context.Context, w io.Writer, store poststore.Scanner, q poststore.Query, o Options) (Written, error) {
	out, err := write(ctx, w, store, q, o)
	if err != nil {
		return out, fmt.Errorf("exporting posts: %w", err)
	}
	return out, nil
}

// errEnough ends the reading of posts.
var errEnough = errors.New("enough posts")

func write(ctx context.Context, w io.Writer, store poststore.Scanner, q poststore.Query, o Options) (Written, error) {
	var out Written
	if err := o.check(); err != nil {
		return out, err
	}
	e, err := newEncoder(w, &o)
	if err != nil {
		return out, err
	}
	met := int64(0) // posts of the query, also those left out
	err = store.Each(ctx, q, false, func(posts []poststore.Post) error {
		if left := o.Limit - met; int64(len(posts)) > left {
			posts, out.Cut = posts[:left], true
		}
		met += int64(len(posts))
		if len(posts) > 0 {
			n, err := veiled(ctx, e, posts, &o)
			if err != nil {
				return err
			}
			out.Posts += n
		}
		if out.Cut {
			return errEnough
		}
		return ctx.Err() //nolint:wrapcheck // the caller's own
	})
	if err != nil && !errors.Is(err, errEnough) {
		return out, err //nolint:wrapcheck // wrapped by Write
	}
	return out, e.close()
}

// encoder writes posts as one format. The posts are the encoder's only until
// write returns.
type encoder interface {
	write(posts []poststore.Post) error
	// close writes what is left; it does not close the writer below.
	close() error
}

func newEncoder(w io.Writer, o *Options) (encoder, error) {
	switch o.Format {
	case CSV:
		return newTable(w, o)
	case NDJSON:
		return &lines{w: w, marking: o.Marking}, nil
	}
	return newColumns(w, o), nil
}

// veiled writes posts as the veil shows them and gives how many it wrote.
// Tombstones, which are no posts to whoever reads them again, are left out of
// NDJSON.
func veiled(ctx context.Context, e encoder, posts []poststore.Post, o *Options) (int64, error) {
	show, err := o.Veil(ctx, posts)
	if err != nil {
		return 0, fmt.Errorf("veiling posts: %w", err)
	}
	shown := make([]poststore.Post, 0, len(posts))
	for i := range posts {
		if o.Format == NDJSON && !posts[i].Deleted.IsZero() {
			continue
		}
		p := show(&posts[i])
		p.Raw, p.Labels = nil, nil
		// The veil is asked for names; the mark is not its to lift.
		p.Synthetic = posts[i].Synthetic
		shown = append(shown, p)
	}
	return int64(len(shown)), e.write(shown)
}

// FileName gives a name for a file made at a time, with its marking.
func FileName(o Options, at time.Time) string {
	name := "akashi-posts-" + at.UTC().Format("20060102T150405Z")
	if m := plainName(o.Marking); m != "" {
		name += "-" + m
	}
	return name + "." + string(o.Format)
}

// plainName gives what of a marking any file system takes.
func plainName(s string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, s), "-")
}

// counter counts what is written to it.
type counter int64

// Write is io.Writer's.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
