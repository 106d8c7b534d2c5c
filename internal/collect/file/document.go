package file

import (
	"errors"
	"fmt"
	"io"

	"github.com/tidwall/gjson"
)

// container is what a document says about the records within it.
type container struct{ id, name, kind string }

// documentCutter cuts a JSON document into the records it holds: the elements
// of an array, the messages of a chat, or one value after another. Only one
// record at a time is held, however long the document.
type documentCutter struct {
	src       io.Reader
	maxRecord int
	// chats says that the document is a Telegram export, whose messages lie
	// below the top.
	chats bool

	buf      []byte
	pos, end int
	err      error
	number   int64

	emit    func(*chunk) error
	out     *chunk
	context *container
}

var errNotJSON = errors.New("not JSON")

// run is the cutter's [framer].
func (d *documentCutter) run(emit func(*chunk) error) error {
	d.emit = emit
	if d.buf == nil {
		d.buf = make([]byte, blockSize)
	}
	d.number = 1
	err := d.values()
	if flushErr := d.flush(); flushErr != nil {
		return flushErr
	}
	if errors.Is(err, io.EOF) {
		if d.err != nil && !errors.Is(d.err, io.EOF) {
			return d.err
		}
		return fmt.Errorf("the JSON document ends early, behind record %d: the file is truncated", d.number-1)
	}
	return err
}

// values reads one top-level value after another.
func (d *documentCutter) values() error {
	for {
		c, err := d.peek()
		if errors.Is(err, io.EOF) && errors.Is(d.err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case c == '[':
			err = d.array(d.record)
		case c == '{' && d.chats:
			err = d.object(d.chatMember)
		case c == '{':
			err = d.record()
		case c == ';' || c == ',':
			d.pos++
		default:
			err = d.unexpected("a JSON object or array")
		}
		if err != nil {
			return err
		}
	}
}

// chatMember reads one member of a Telegram export, or of a chat in it.
func (d *documentCutter) chatMember(key string) error {
	c, err := d.peek()
	if err != nil {
		return err
	}
	switch {
	case key == "messages" && c == '[':
		return d.array(d.record)
	case (key == "chats" || key == "left_chats") && c == '{':
		return d.object(d.chatMember)
	case key == "list" && c == '[':
		return d.array(func() error {
			if c, err := d.peek(); err != nil || c != '{' {
				return errors.Join(err, d.skip())
			}
			if err := d.within(nil); err != nil {
				return err
			}
			return d.object(d.chatMember)
		})
	case c != '{' && c != '[' && (key == "name" || key == "type" || key == "id"):
		raw, tooLong, err := d.value(64 << 10)
		if err != nil || tooLong {
			return err
		}
		next := container{}
		if d.context != nil {
			next = *d.context
		}
		v := gjson.ParseBytes(raw).String()
		switch key {
		case "name":
			next.name = v
		case "type":
			next.kind = v
		case "id":
			next.id = v
		}
		return d.within(&next)
	}
	return d.skip()
}

// within says that the records to come are c's.
func (d *documentCutter) within(c *container) error {
	err := d.flush()
	d.context = c
	return err
}

// array reads an array's elements with element.
func (d *documentCutter) array(element func() error) error {
	d.pos++
	for {
		c, err := d.peek()
		if err != nil {
			return err
		}
		switch c {
		case ']':
			d.pos++
			return nil
		case ',':
			d.pos++
		case '}', ':':
			return d.unexpected("an element or the end of the array")
		default:
			if err := element(); err != nil {
				return err
			}
		}
	}
}

// object reads an object's members: member is called with each key and reads
// the value.
func (d *documentCutter) object(member func(key string) error) error {
	d.pos++
	for {
		c, err := d.peek()
		if err != nil {
			return err
		}
		switch c {
		case '}':
			d.pos++
			return nil
		case ',':
			d.pos++
		case '"':
			raw, tooLong, err := d.value(64 << 10)
			if err != nil {
				return err
			}
			key := ""
			if !tooLong {
				key = gjson.ParseBytes(raw).String()
			}
			if c, err = d.peek(); err != nil {
				return err
			}
			if c != ':' {
				return d.unexpected("':' behind the key " + shorten(key, 40))
			}
			d.pos++
			if c, err = d.peek(); err != nil {
				return err
			}
			if c == '}' || c == ',' || c == ']' || c == ':' {
				return d.unexpected("a value for the key " + shorten(key, 40))
			}
			if err := member(key); err != nil {
				return err
			}
		default:
			return d.unexpected("a key")
		}
	}
}

// record reads one value as a record.
func (d *documentCutter) record() error {
	if d.out == nil {
		d.out = &chunk{first: d.number, context: d.context}
	}
	raw, tooLong, err := d.value(d.maxRecord)
	if err != nil {
		return err
	}
	if tooLong {
		if err := d.flush(); err != nil {
			return err
		}
		d.out = &chunk{first: d.number + 1, context: d.context, lost: []lostRecord{{
			line: d.number,
			why:  bad("a record of at most "+sizeText(d.maxRecord), "a longer one"),
		}}}
		d.number++
		return nil
	}
	d.number++
	d.out.data = append(d.out.data, raw...)
	d.out.ends = append(d.out.ends, len(d.out.data))
	if len(d.out.data) >= blockSize {
		return d.flush()
	}
	return nil
}

func (d *documentCutter) flush() error {
	out := d.out
	d.out = nil
	if out == nil || len(out.ends) == 0 && len(out.lost) == 0 {
		return nil
	}
	if out.ends == nil {
		out.ends = []int{}
	}
	return d.emit(out)
}

func (d *documentCutter) skip() error {
	_, _, err := d.value(0)
	return err
}

// peek gives the next byte that is no white space, without taking it.
func (d *documentCutter) peek() (byte, error) {
	for {
		for d.pos < d.end {
			switch c := d.buf[d.pos]; c {
			case ' ', '\t', '\n', '\r':
				d.pos++
			default:
				return c, nil
			}
		}
		if err := d.fill(d.pos); err != nil {
			return 0, err
		}
	}
}

// fill reads more behind what is in the buffer from keep on, which moves to
// the buffer's beginning.
func (d *documentCutter) fill(keep int) error {
	if d.err != nil {
		return io.EOF
	}
	d.end = copy(d.buf, d.buf[keep:d.end])
	d.pos -= keep
	if d.end == len(d.buf) {
		bigger := make([]byte, 2*len(d.buf))
		copy(bigger, d.buf)
		d.buf = bigger
	}
	n, err := readFull(d.src, d.buf[d.end:])
	d.end += n
	d.err = err
	if n == 0 {
		return io.EOF
	}
	return nil
}

// value takes the value that starts at the position. Where it is longer than
// limit it is passed over without being held. raw is good until the next read.
func (d *documentCutter) value(limit int) (raw []byte, tooLong bool, err error) {
	start, length := d.pos, 0
	var scan valueScan
	for {
		b := d.buf[d.pos:d.end]
		n := scan.read(b)
		d.pos += n
		length += n
		tooLong = length > limit
		if n < len(b) || scan.depth == 0 && !scan.inString && n > 0 && closes(b[n-1]) {
			if tooLong {
				return nil, true, nil
			}
			return d.buf[start:d.pos], false, nil
		}
		keep := start
		if tooLong {
			keep = d.pos
		}
		if err := d.fill(keep); err != nil {
			return nil, false, err
		}
		if start = 0; tooLong {
			start = d.pos
		}
	}
}

// valueScan finds the end of a JSON value that comes in pieces.
type valueScan struct {
	depth             int
	inString, escaped bool
}

// read gives how much of b belongs to the value: all of b where the value's
// end is not in it, or lies at its end.
func (s *valueScan) read(b []byte) int {
	for i, c := range b {
		switch {
		case s.inString:
			if s.closesString(c) && s.depth == 0 {
				return i + 1
			}
		case c == '"':
			s.inString = true
		case c == '{' || c == '[':
			s.depth++
		case c == '}' || c == ']':
			if s.depth == 0 { // the end of what a bare value stands in
				return i
			}
			if s.depth--; s.depth == 0 {
				return i + 1
			}
		case s.depth == 0 && (c == ',' || c == ':' || spaceByte[c]):
			return i
		}
	}
	return len(b)
}

// closesString takes one byte of a string and says that it ends it.
func (s *valueScan) closesString(c byte) bool {
	switch {
	case s.escaped:
		s.escaped = false
	case c == '\\':
		s.escaped = true
	case c == '"':
		s.inString = false
		return true
	}
	return false
}

// closes says that a value that ends in c at depth 0 is complete.
func closes(c byte) bool { return c == '"' || c == '}' || c == ']' }

func (d *documentCutter) unexpected(wanted string) error {
	found := d.buf[d.pos:min(d.end, d.pos+40)]
	return fmt.Errorf("%w: behind record %d: expected %s, found %s", errNotJSON, d.number-1, wanted, shorten(string(found), 20))
}
