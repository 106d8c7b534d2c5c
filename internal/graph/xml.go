package graph

import (
	"bufio"
	"io"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

const xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// xmlWriter gathers a row in a slice and passes it on whole. The first error
// of the writer below is kept.
type xmlWriter struct {
	w   *bufio.Writer
	buf []byte
	err error
}

func newXMLWriter(w io.Writer) *xmlWriter {
	return &xmlWriter{w: bufio.NewWriterSize(w, 1<<16), buf: make([]byte, 0, 4096)}
}

// raw adds mark-up as it stands.
func (x *xmlWriter) raw(s string) { x.buf = append(x.buf, s...) }

// text adds text, escaped for content and for attribute values alike.
func (x *xmlWriter) text(s string) { x.buf = appendText(x.buf, s) }

func (x *xmlWriter) int(i int)       { x.buf = strconv.AppendInt(x.buf, int64(i), 10) }
func (x *xmlWriter) float(f float64) { x.buf = appendFloat(x.buf, f) }
func (x *xmlWriter) value(v Value)   { x.buf = v.append(x.buf) }
func (x *xmlWriter) time(t time.Time) {
	x.buf = t.UTC().AppendFormat(x.buf, "2006-01-02T15:04:05.999Z07:00")
}

// flush passes on what is gathered.
func (x *xmlWriter) flush() error {
	if x.err == nil {
		_, x.err = x.w.Write(x.buf)
	}
	x.buf = x.buf[:0]
	return x.err
}

// close passes on everything.
func (x *xmlWriter) close() error {
	if err := x.flush(); err != nil {
		return err
	}
	return x.w.Flush()
}

// appendFloat writes a finite number so that it reads back the same.
func appendFloat(b []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return strconv.AppendInt(b, int64(f), 10)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}

// What a byte needs in XML: nothing, escaping, dropping, or a look at the
// whole character it begins.
const (
	bytePlain = iota
	byteEscape
	byteDrop
	byteLong
)

var byteClass = func() (class [256]uint8) {
	for c := range class {
		switch {
		case c >= utf8.RuneSelf:
			class[c] = byteLong
		case c == '\t', c == '\n', c == '\r', c == '&', c == '<', c == '>', c == '"', c == '\'':
			class[c] = byteEscape
		case c < 0x20, c == 0x7f:
			class[c] = byteDrop
		}
	}
	return class
}()

// appendText writes text so that an XML 1.0 reader gives it back, in element
// content and in attribute values: what has a meaning in mark-up and white
// space that would be normalised is escaped; control characters and
// characters XML has no place for are dropped; what is not UTF-8 is replaced
// by U+FFFD.
func appendText(b []byte, s string) []byte {
	plain := 0 // start of what can be copied as it stands
	for i := 0; i < len(s); {
		class := byteClass[s[i]]
		if class == bytePlain {
			i++
			continue
		}
		size, instead := 1, ""
		switch class {
		case byteEscape:
			instead = escapes(s[i])
		case byteLong:
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				instead = "\uFFFD"
			case r < 0xa0, r == 0xfffe, r == 0xffff: // C1 controls, non-characters
			default:
				i += size
				continue
			}
		}
		b = append(b, s[plain:i]...)
		b = append(b, instead...)
		i += size
		plain = i
	}
	return append(b, s[plain:]...)
}

func escapes(c byte) string {
	switch c {
	case '\t':
		return "&#9;"
	case '\n':
		return "&#10;"
	case '\r':
		return "&#13;"
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '"':
		return "&quot;"
	}
	return "&#39;"
}
