package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/akashi-project/akashi/internal/post"
)

// Read reads the files at paths, one after the other, and gives their posts to
// yield in the order of the input. "-" is standard input. yield is called on
// the goroutine that called Read.
//
// The slice that yield gets is used again once yield returns: what is to be
// kept must be copied out of it. The posts' strings, lists, maps and raw
// records are the callee's and may be kept; a post's strings share its memory
// with one another, raw records also with those of their neighbours.
//
// Summaries are given for every file that was opened, also beside an error.
func Read(ctx context.Context, paths []string, o Options, yield func(batch []post.Post) error) ([]Summary, error) {
	r, err := newReader(o, paths, yield)
	if err != nil {
		return nil, err
	}
	var out []Summary
	for _, path := range paths {
		s, err := r.file(ctx, path)
		if s != nil {
			out = append(out, *s)
		}
		if err != nil {
			return out, err
		}
		if s != nil {
			r.done += s.Bytes
		}
	}
	return out, nil
}

// reader is one call of Read.
type reader struct {
	Options
	given   given
	format  *format
	paths   []string
	yield   func([]post.Post) error
	workers int
	blocks  sync.Pool
	batches sync.Pool
	// done and total count stored bytes, for Progress.
	done, total int64
}

func newReader(o Options, paths []string, yield func([]post.Post) error) (*reader, error) {
	r := &reader{Options: o, paths: paths, yield: yield, workers: o.Workers}
	var err error
	if r.given, err = parseMap(o.Map); err != nil {
		return nil, err
	}
	if r.format, err = named(o.Format); err != nil {
		return nil, err
	}
	if o.Encoding != "" {
		if _, err := namedCharset(o.Encoding); err != nil {
			return nil, err
		}
	}
	if r.Need == 0 {
		r.Need = NeedAll
	}
	if r.MaxBad == 0 {
		r.MaxBad = 0.10
	}
	if r.MaxRecord <= 0 {
		r.MaxRecord = 16 << 20
	}
	if r.workers <= 0 {
		r.workers = runtime.GOMAXPROCS(0)
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if path == "-" || err != nil || !info.Mode().IsRegular() {
			r.total = -1
			break
		}
		r.total += info.Size()
	}
	return r, nil
}

// block gives a buffer of at least the given size. Buffers are used again
// where no raw records lie in them.
func (r *reader) block(size int) []byte {
	if b, ok := r.blocks.Get().(*[]byte); ok && cap(*b) >= size {
		return (*b)[:cap(*b)]
	}
	return make([]byte, size)
}

// batch gives an empty batch, used before where possible.
func (r *reader) batch() *batch {
	if b, ok := r.batches.Get().(*batch); ok {
		return b
	}
	return new(batch)
}

func (r *reader) recycle(b []byte) {
	if !r.Need.has(NeedRaw) && cap(b) >= blockSize && cap(b) <= 4*blockSize {
		b = b[:0]
		r.blocks.Put(&b)
	}
}

// plan is how a file's posts are read, once its beginning has been seen.
type plan struct {
	cut     framer
	parsers func() parser
	text    *textReader
}

// file reads one file.
func (r *reader) file(ctx context.Context, path string) (*Summary, error) {
	src, err := open(ctx, path, r.Stdin)
	if err != nil {
		return nil, err
	}
	defer src.close()
	if path == "-" && r.Name != "" {
		path = r.Name
	}
	s := &Summary{File: path, Compression: src.compression, SkippedWhy: map[string]int64{}}
	err = r.contents(ctx, src, s)
	s.Bytes = src.read.Load()
	if err != nil {
		return s, fmt.Errorf("reading %s: %w", path, err)
	}
	return s, nil
}

func (r *reader) contents(ctx context.Context, src *source, s *Summary) error {
	raw := make([]byte, blockSize)
	n, err := readFull(src, raw)
	raw = raw[:n]
	if err != nil && !errors.Is(err, io.EOF) && n == 0 {
		return err
	}
	rest := io.Reader(src)
	if err != nil && !errors.Is(err, io.EOF) {
		rest = errorReader{err}
	}
	if n == 0 {
		s.Encoding = "UTF-8"
		return errors.New("it is empty")
	}
	if _, _, wide := detectWide(raw); !wide && r.Encoding == "" {
		if what := notText(raw); what != "" {
			return fmt.Errorf("it is not text but %s", what)
		}
	}
	text, err := newText(rest, raw, r.Encoding)
	if err != nil {
		return err
	}
	p, err := r.plan(text, s)
	s.Encoding = text.name
	if err != nil {
		return err
	}
	err = r.run(ctx, p, src, s)
	s.Encoding = text.name
	return err
}

// job is a chunk on its way through the workers.
type job struct {
	chunk *chunk
	batch *batch
	read  int64
	ready chan struct{}
}

var errStopped = errors.New("stopped")

// run cuts, parses and delivers.
func (r *reader) run(ctx context.Context, p *plan, src *source, s *Summary) error {
	ctx, cancel := context.WithCancel(ctx)
	jobs := make(chan *job)
	order := make(chan *job, 2*r.workers)
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel()
	var cutErr error // set before order is closed
	wait.Go(func() {
		defer close(order)
		defer close(jobs)
		cutErr = p.cut(func(c *chunk) error {
			j := &job{chunk: c, read: src.read.Load(), ready: make(chan struct{})}
			select {
			case order <- j:
			case <-ctx.Done():
				return errStopped
			}
			select {
			case jobs <- j:
			case <-ctx.Done():
				return errStopped
			}
			return nil
		})
	})
	for range r.workers {
		wait.Go(func() {
			parser := p.parsers()
			for j := range jobs {
				j.batch = r.batch()
				r.parse(parser, p.text, j)
				close(j.ready)
			}
		})
	}
	for j := range order {
		select {
		case <-j.ready:
		case <-ctx.Done():
			return context.Cause(ctx) //nolint:wrapcheck // the caller's own
		}
		if err := r.deliver(j, s); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx) //nolint:wrapcheck // the caller's own
	}
	if cutErr != nil {
		return cutErr
	}
	return r.judge(s, true)
}

// parse makes posts of a chunk.
func (r *reader) parse(parser parser, text *textReader, j *job) {
	out, c := j.batch, j.chunk
	out.reset()
	for _, l := range c.lost {
		out.rows++
		out.fail(l.line, l.why)
	}
	data := c.data
	if c.ends == nil {
		c.data, out.replaced = mend(c.data)
	} else {
		mendRecords(c, out)
	}
	if out.replaced == 0 && text.converts() {
		out.replaced = replaced(c.data)
	}
	parser.parse(c, out)
	if r.Prepare != nil {
		for i := range out.posts {
			r.Prepare(&out.posts[i])
		}
	}
	if c.ends == nil {
		r.recycle(data)
	}
	c.data = nil
}

// mendRecords is mend for records that are not lines.
func mendRecords(c *chunk, out *batch) {
	whole, n := mend(c.data)
	if n == 0 {
		return
	}
	out.replaced = n
	from, parts := 0, make([]byte, 0, len(whole))
	for i, end := range c.ends {
		part, _ := mend(c.data[from:end])
		parts = append(parts, part...)
		from, c.ends[i] = end, len(parts)
	}
	c.data = parts
}

// deliver adds a batch to the summary and hands it on.
func (r *reader) deliver(j *job, s *Summary) error {
	b := j.batch
	s.Rows += b.rows
	s.Bad += b.bad
	s.Skipped += b.skipped
	s.Replaced += b.replaced
	for why, n := range b.why {
		s.SkippedWhy[why] += n
	}
	for _, l := range b.reasons {
		if len(s.Reasons) < maxReasons {
			s.Reasons = append(s.Reasons, BadRow{s.File, l.line, l.why.expected, l.why.found})
		}
	}
	for i := range b.posts {
		t := b.posts[i].Time
		if s.First.IsZero() || t.Before(s.First) {
			s.First = t
		}
		if t.After(s.Last) {
			s.Last = t
		}
	}
	if err := r.judge(s, false); err != nil {
		return err
	}
	if len(b.posts) > 0 {
		s.Posts += int64(len(b.posts))
		if err := r.yield(b.posts); err != nil {
			return err
		}
	}
	r.batches.Put(b)
	if r.Progress != nil {
		r.Progress(r.done+j.read, r.total)
	}
	return nil
}

// judged is from how many records on the share of bad ones says something
// before the file's end.
const judged = 100

// judge stops the reading where too many records are bad.
func (r *reader) judge(s *Summary, atEnd bool) error {
	if s.Bad == 0 || r.MaxBad >= 1 || r.MaxBad > 0 && (!atEnd && s.Rows < judged || float64(s.Bad) <= r.MaxBad*float64(s.Rows)) {
		return nil
	}
	return &TooManyBadError{Summary: *s, MaxBad: max(r.MaxBad, 0)}
}

// TooManyBadError says that more records of a file could not be read than
// Options.MaxBad allows.
type TooManyBadError struct {
	Summary Summary
	MaxBad  float64
}

// Error lists the first reasons.
func (e *TooManyBadError) Error() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d of %d records cannot be read as %s (more than %.3g%% stops the reading):",
		e.Summary.Bad, e.Summary.Rows, e.Summary.Format, e.MaxBad*100)
	for _, why := range e.Summary.Reasons[:min(5, len(e.Summary.Reasons))] {
		b.WriteString("\n  " + why.String())
	}
	return b.String()
}
