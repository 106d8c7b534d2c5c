package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// blockSize is about how much of the input one worker parses at a time.
const blockSize = 256 << 10

// maxResyncs is how many quotes in a file may turn out never to be closed
// before every line is taken for a record.
const maxResyncs = 8

// chunk is a piece of the input that holds whole records.
type chunk struct {
	data []byte
	// ends are the ends of the records in data; nil where the records are
	// lines.
	ends []int
	// first is the line on which data starts, or the number of its first
	// record in a document.
	first int64
	// byLine says that quotes do not hold records together any more.
	byLine bool
	// context is what a document says about these records as a whole.
	context *container
	// lost are records before data that were too long to hold.
	lost []lostRecord
}

type lostRecord struct {
	line int64
	why  *rowError
}

// framer cuts an input into chunks and gives them to emit, in order. It
// returns nil at the input's end. What was whole before an error is given
// first.
type framer func(emit func(*chunk) error) error

// recordCutter cuts an input whose records end with newlines.
type recordCutter struct {
	src io.Reader
	// last gives the offset behind the last record that is surely complete
	// in b, which starts with a record; 0 where none is.
	last      func(b []byte) int
	maxRecord int
	line      int64
	block     func(size int) []byte
	mayQuote  bool

	carry   []byte
	resyncs int
}

// run is the cutter's [framer].
func (c *recordCutter) run(emit func(*chunk) error) error {
	for {
		b := c.block(max(blockSize, len(c.carry)+blockSize/2))
		n := copy(b, c.carry)
		c.carry = c.carry[:0]
		var failure error
		var cut int
		for {
			k, err := readFull(c.src, b[n:])
			n += k
			failure = err
			if errors.Is(err, io.EOF) {
				cut = n
				break
			}
			if cut = c.last(b[:n]); cut > 0 || err != nil || n > c.maxRecord {
				break
			}
			bigger := make([]byte, min(2*len(b), c.maxRecord+blockSize))
			copy(bigger, b[:n])
			b = bigger
		}
		if cut == 0 && failure == nil {
			out, err := c.skip(b[:n])
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			if err := emit(out); err != nil {
				return err
			}
			continue
		}
		if cut > 0 {
			out := &chunk{data: b[:cut], first: c.line, byLine: c.mayQuote && c.resyncs > maxResyncs}
			c.carry = append(c.carry, b[cut:n]...)
			c.line += int64(bytes.Count(b[:cut], newline))
			if err := emit(out); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(failure, io.EOF):
			return nil
		case failure != nil:
			return failure
		}
	}
}

var newline = []byte{'\n'}

// skip drops the first line of b, which begins a record that is too long, and
// goes on behind it.
func (c *recordCutter) skip(b []byte) (*chunk, error) {
	start := shorten(string(b[:min(len(b), 240)]), 40)
	lost := lostRecord{line: c.line}
	c.line++
	out := &chunk{first: c.line, lost: []lostRecord{lost}}
	if _, rest, ok := bytes.Cut(b, newline); ok {
		out.lost[0].why = bad("the quote to be closed within "+sizeText(c.maxRecord), start)
		c.carry = append(c.carry, rest...)
		if c.resyncs++; c.resyncs > maxResyncs {
			c.last = lastLine
		}
		return out, nil
	}
	out.lost[0].why = bad("a record of at most "+sizeText(c.maxRecord), "a longer one, starting "+start)
	for {
		n, err := readFull(c.src, b)
		if _, rest, ok := bytes.Cut(b[:n], newline); ok {
			c.carry = append(c.carry, rest...)
			return out, nil
		}
		if err != nil {
			return out, err
		}
	}
}

func sizeText(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// lastLine gives the offset behind the last newline.
func lastLine(b []byte) int { return bytes.LastIndexByte(b, '\n') + 1 }

// last gives the offset behind the last record of b that is surely complete:
// the last newline outside quotes. It looks at quotes only: one opens a field
// where it stands at the field's beginning, and closes it where a separator or
// the line's end follows.
func (d dialect) last(b []byte) int {
	type span struct{ from, to int }
	var few [64]span
	outside := few[:0] // stretches outside quoted fields
	from, i := 0, 0
	for {
		q := bytes.IndexByte(b[i:], '"')
		if q < 0 {
			outside = append(outside, span{from, len(b)})
			break
		}
		q += i
		if q > 0 && b[q-1] != d.separator && b[q-1] != '\n' {
			i = q + 1
			continue
		}
		outside = append(outside, span{from, q})
		end := d.closing(b, q+1)
		if end < 0 {
			break
		}
		from, i = end+1, end+1
	}
	for _, s := range slices.Backward(outside) {
		if n := bytes.LastIndexByte(b[s.from:s.to], '\n'); n >= 0 {
			return s.from + n + 1
		}
	}
	return 0
}

// closing gives the place of the quote that closes the field whose content
// starts at i, or -1 where b does not show it.
func (d dialect) closing(b []byte, i int) int {
	for {
		q := bytes.IndexByte(b[i:], '"')
		if q < 0 {
			return -1
		}
		q += i
		if q+1 == len(b) {
			return -1
		}
		switch b[q+1] {
		case '"':
			i = q + 2
			continue
		case d.separator, '\n':
			return q
		case '\r':
			if q+2 == len(b) {
				return -1
			}
			if b[q+2] == '\n' {
				return q
			}
		}
		i = q + 1
	}
}
