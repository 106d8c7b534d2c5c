package file

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow bounds what a zstd stream may ask us to remember; it is the limit
// of the zstd command without --long.
const maxWindow = 128 << 20

// source is an opened, decompressed input.
type source struct {
	io.Reader
	name        string
	compression string
	size        int64 // as stored; -1 unknown
	read        atomic.Int64
	closers     []func()
}

// open opens the file name, or standard input for "-", and takes off gzip or
// zstd, told by the first bytes and not by the name.
func open(ctx context.Context, name string, stdin io.Reader) (*source, error) {
	s := &source{name: name, size: -1}
	var r io.Reader
	if name == "-" {
		if stdin == nil {
			stdin = os.Stdin
		}
		r = newPatient(ctx, stdin)
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("opening: %w", err)
		}
		s.closers = append(s.closers, func() { _ = f.Close() })
		info, err := f.Stat()
		if err != nil {
			s.close()
			return nil, fmt.Errorf("opening %s: %w", name, err)
		}
		if info.IsDir() {
			s.close()
			return nil, fmt.Errorf("opening %s: it is a folder; name the files in it", name)
		}
		if info.Mode().IsRegular() {
			s.size = info.Size()
		}
		r = f
	}
	in := bufio.NewReaderSize(&counter{r: r, n: &s.read}, 256<<10)
	head, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		s.close()
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(in)
		if err != nil {
			s.close()
			return nil, fmt.Errorf("reading %s: its gzip header: %w", name, err)
		}
		s.compression, s.Reader = "gzip", &compressed{z, "gzip"}
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			s.close()
			return nil, fmt.Errorf("reading %s: its zstd header: %w", name, err)
		}
		s.closers = append(s.closers, z.Close)
		s.compression, s.Reader = "zstd", &compressed{z, "zstd"}
	default:
		s.Reader = in
	}
	return s, nil
}

func (s *source) close() {
	for _, f := range slices.Backward(s.closers) {
		f()
	}
	s.closers = nil
}

// counter counts what is read through it.
type counter struct {
	r io.Reader
	n *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err //nolint:wrapcheck // an io.Reader passes io.EOF on
}

// compressed says in words what is wrong with a compressed stream.
type compressed struct {
	r    io.Reader
	kind string
}

func (c *compressed) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	switch {
	case err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return n, err //nolint:wrapcheck // an io.Reader passes io.EOF on
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, fmt.Errorf("the %s stream ends early, the file is truncated: %w", c.kind, err)
	default:
		return n, fmt.Errorf("the %s stream is damaged: %w", c.kind, err)
	}
}

// readFull fills b as far as the input goes. Unlike io.ReadFull it gives what
// was read beside every error, and io.EOF alone at the end.
func readFull(r io.Reader, b []byte) (int, error) {
	n, idle := 0, 0
	for n < len(b) {
		k, err := r.Read(b[n:])
		n += k
		if err != nil {
			return n, err //nolint:wrapcheck // as of io.Reader
		}
		if k > 0 {
			idle = 0
		} else if idle++; idle > 100 {
			return n, io.ErrNoProgress
		}
	}
	return n, nil
}

// signatures are the beginnings of files that people take for text.
var signatures = []struct{ magic, what string }{
	{"PK\x03\x04", "a ZIP archive or an Office document: unpack it, or save the sheet as CSV"},
	{"PK\x05\x06", "an empty ZIP archive"},
	{"\xd0\xcf\x11\xe0", "an old Office document: save the sheet as CSV"},
	{"PAR1", "a Parquet file: convert it to CSV or NDJSON"},
	{"SQLite format 3\x00", "an SQLite database: export the table as CSV"},
	{"%PDF-", "a PDF document"},
	{"\x89PNG", "an image"},
	{"\xff\xd8\xff", "an image"},
	{"GIF8", "an image"},
	{"BZh", "a bzip2 archive: unpack it"},
	{"\xfd7zXZ\x00", "an xz archive: unpack it"},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it"},
	{"Rar!", "a RAR archive: unpack it"},
	{"\x7fELF", "a program"},
	{"\x1f\x8b", "a gzip file within a compressed file"},
	{"\x28\xb5\x2f\xfd", "a zstd file within a compressed file"},
	{"RDX2\n", "R data: write it as CSV"},
	{"RDX3\n", "R data: write it as CSV"},
}

// notText says what b, the beginning of a file, is if it is no text.
func notText(b []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(b, []byte(s.magic)) {
			return s.what
		}
	}
	if len(b) > 262 && string(b[257:262]) == "ustar" {
		return "a tar archive: unpack it"
	}
	control := 0
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b {
			control++
		}
	}
	if control*20 > len(b) {
		return "a binary file"
	}
	return ""
}

// patient reads an input that may make its reader wait, such as a terminal, and
// stops waiting when a context is done. The call that waits is then left alone.
type patient struct {
	src     io.Reader
	done    <-chan struct{}
	cause   func() error
	buf     []byte
	rest    []byte
	err     error
	arrived chan arrival
}

type arrival struct {
	n   int
	err error
}

func newPatient(ctx context.Context, src io.Reader) *patient {
	return &patient{
		src: src, done: ctx.Done(), cause: func() error { return context.Cause(ctx) },
		buf: make([]byte, 256<<10), arrived: make(chan arrival, 1),
	}
}

func (p *patient) Read(b []byte) (int, error) {
	if len(p.rest) == 0 && p.err == nil {
		go func() {
			n, err := p.src.Read(p.buf)
			p.arrived <- arrival{n, err}
		}()
		select {
		case a := <-p.arrived:
			p.rest, p.err = p.buf[:a.n], a.err
		case <-p.done:
			p.err = p.cause()
		}
	}
	if len(p.rest) == 0 {
		return 0, p.err
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
