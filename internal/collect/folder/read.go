package folder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"syscall"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/post"
)

const (
	// atOnce is how many posts are put at once.
	atOnce = 1000
	// told is how many bad records of a file are named.
	told = 5
)

// takenError ends the reading of a file because the runner takes no more.
type takenError struct{ err error }

func (e *takenError) Error() string { return e.err.Error() }
func (e *takenError) Unwrap() error { return e.err }

// problem notes what is wrong with a file.
func (r *run) problem(name string, line int64, why string) {
	r.to.Note(collect.Note{Err: &FileError{Name: name, Line: line, Why: why}})
}

// read reads a file from where the cursor says. An error ends the source; what
// is wrong with the file is noted.
func (r *run) read(ctx context.Context, name string) error {
	f, now, err := r.open(name)
	if err != nil {
		r.problem(name, 0, "it cannot be opened")
		return nil
	}
	defer func() { _ = f.Close() }()
	sum, err := hash(ctx, f)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err() //nolint:wrapcheck // the caller's own
		}
		r.problem(name, 0, "it cannot be read")
		return nil
	}
	k := r.recall(name, sum)
	k.Size, k.Modified = now.size, now.modified
	if k.Done {
		return r.put(ctx, collect.Batch{}, r.with(name, k)) // touched or renamed
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		r.problem(name, 0, "it cannot be read")
		return nil
	}
	sums, err := r.posts(ctx, f, name, &k)
	var taken *takenError
	switch {
	case errors.As(err, &taken):
		return taken.err
	case ctx.Err() != nil:
		return ctx.Err() //nolint:wrapcheck // the caller's own
	}
	r.report(name, sums, err)
	if now, err := f.Stat(); err != nil || now.Size() != k.Size || !now.ModTime().Equal(k.Modified) {
		return nil // it changed meanwhile: it is read again once it is whole
	}
	k.Done = true
	return r.put(ctx, collect.Batch{}, r.with(name, k))
}

// open opens a regular file of the folder, no link.
func (r *run) open(name string) (*os.File, look, error) {
	is, err := r.root.Lstat(name)
	if err != nil {
		return nil, look{}, fmt.Errorf("looking at %s: %w", name, err)
	}
	f, err := r.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe in its place would wait
	if err != nil {
		return nil, look{}, fmt.Errorf("opening %s: %w", name, err)
	}
	got, err := f.Stat()
	if err == nil && (!is.Mode().IsRegular() || !os.SameFile(is, got)) {
		err = fs.ErrInvalid
	}
	if err != nil {
		_ = f.Close()
		return nil, look{}, fmt.Errorf("opening %s: %w", name, err)
	}
	return f, look{got.Size(), got.ModTime().UTC()}, nil
}

func hash(ctx context.Context, f io.Reader) (string, error) {
	h := sha256.New()
	for {
		if err := ctx.Err(); err != nil {
			return "", err //nolint:wrapcheck // the caller's own
		}
		if _, err := io.CopyN(h, f, 8<<20); errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), nil
		} else if err != nil {
			return "", fmt.Errorf("reading: %w", err)
		}
	}
}

// recall gives what is known of these bytes, under this name or another.
func (r *run) recall(name, sum string) known {
	if k, ok := r.at.Files[name]; ok && k.Hash == sum {
		return k
	}
	for _, other := range slices.Sorted(maps.Keys(r.at.Files)) {
		if k := r.at.Files[other]; k.Hash == sum {
			if _, there := r.seen[other]; !there || k.Done {
				return k
			}
		}
	}
	return known{Hash: sum}
}

// with gives the cursor with a file in it.
func (r *run) with(name string, k known) cursor {
	next := cursor{maps.Clone(r.at.Files)}
	next.Files[name] = k
	return next
}

// posts puts the posts of a file beyond those that are stored.
func (r *run) posts(ctx context.Context, f io.Reader, name string, k *known) ([]file.Summary, error) {
	o := file.Options{Format: r.format, Stdin: &input{ctx, f}, Name: name, Workers: 1}
	if r.platform != "" {
		o.Prepare = func(p *post.Post) {
			if p.Platform == "" {
				p.Platform = r.platform
			}
		}
	}
	skip := k.Posts
	var unnamed int64
	sums, err := file.Read(ctx, []string{"-"}, o, func(batch []post.Post) error {
		if n := min(skip, int64(len(batch))); n > 0 {
			batch, skip = batch[n:], skip-n
		}
		for part := range slices.Chunk(batch, atOnce) {
			k.Posts += int64(len(part))
			kept := slices.DeleteFunc(slices.Clone(part), func(p post.Post) bool { return p.Platform == "" })
			unnamed += int64(len(part) - len(kept))
			for i := range kept {
				identify(&kept[i], name)
			}
			if err := r.put(ctx, collect.Batch{Posts: kept}, r.with(name, *k)); err != nil {
				return &takenError{err}
			}
		}
		return nil
	})
	if unnamed > 0 {
		r.problem(name, 0, fmt.Sprintf("%d posts are left out: neither the file nor the source says of which platform they are", unnamed))
	}
	return sums, err //nolint:wrapcheck // judged by the caller
}

// identify gives a post whose row states no id one that is made of the row, so
// that a file which takes another's name takes none of its posts' places, and
// one that has grown brings the same posts again.
func identify(p *post.Post, name string) {
	if p.ID != path.Base(name)+":"+strconv.FormatInt(p.Origin.Line, 10) {
		return
	}
	sum := sha256.Sum256(p.Raw)
	p.ID = "row:" + hex.EncodeToString(sum[:16])
}

// report notes what could not be read. What stood there is not said: it may be
// a post's text.
func (r *run) report(name string, sums []file.Summary, err error) {
	for i := range sums {
		s := &sums[i]
		for _, why := range s.Reasons[:min(told, len(s.Reasons))] {
			r.problem(name, why.Line, "expected "+why.Expected)
		}
		if s.Bad > told {
			r.problem(name, 0, fmt.Sprintf("%d of %d records could not be read", s.Bad, s.Rows))
		}
	}
	var many *file.TooManyBadError
	switch {
	case errors.As(err, &many):
		r.problem(name, 0, "too many of its records could not be read: the rest of it is left")
	case err != nil:
		r.problem(name, 0, "it could not be read to its end as posts")
	}
}

// input ends where ctx does.
type input struct {
	ctx context.Context
	in  io.Reader
}

func (i *input) Read(b []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err //nolint:wrapcheck // the caller's own
	}
	return i.in.Read(b) //nolint:wrapcheck // as of io.Reader
}
