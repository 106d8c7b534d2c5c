package file

import "bytes"

// dialect says how a table is written.
type dialect struct{ separator byte }

// cell is one field of a record, as it stands in the input but for the quotes
// around it.
type cell struct {
	b []byte
	// quoted says that doubled quotes or line ends within are to be undone.
	quoted bool
}

// split reads one record from b and gives its cells (appended to cells), how
// much of b it took, and whether a quote was open at b's end. It reads what
// encoding/csv reads with LazyQuotes, but for an empty line, which is a record
// of one empty cell here.
func (d dialect) split(b []byte, cells []cell) (_ []cell, n int, open bool) {
	i, end := 0, -1 // end of the line that i lies on
	for {
		if i < len(b) && b[i] == '"' {
			content := i + 1
			q, next, last := d.close(b, content)
			c := cell{b: b[content:q]}
			c.quoted = bytes.IndexByte(c.b, '"') >= 0 || bytes.IndexByte(c.b, '\r') >= 0
			cells = append(cells, c)
			if last {
				return cells, next, q == len(b)
			}
			i, end = next, -1
			continue
		}
		if end < i {
			if end = bytes.IndexByte(b[i:], '\n'); end < 0 {
				end = len(b)
			} else {
				end += i
			}
		}
		if k := bytes.IndexByte(b[i:end], d.separator); k >= 0 {
			cells = append(cells, cell{b: b[i : i+k]})
			i += k + 1
			continue
		}
		to := end
		if to > i && b[to-1] == '\r' {
			to--
		}
		cells = append(cells, cell{b: b[i:to]})
		return cells, min(end+1, len(b)), false
	}
}

// close finds the end q of a quoted field's content and where the next field,
// or, if this one is the last of its record, the next record starts. q is
// len(b) where the quote is never closed.
func (d dialect) close(b []byte, i int) (q, next int, last bool) {
	for {
		k := bytes.IndexByte(b[i:], '"')
		if k < 0 {
			return len(b), len(b), true
		}
		q = i + k
		if q+1 == len(b) {
			return q, len(b), true
		}
		switch b[q+1] {
		case '"':
			i = q + 2
			continue
		case d.separator:
			return q, q + 2, false
		case '\n':
			return q, q + 2, true
		case '\r':
			if q+2 == len(b) {
				return q, q + 2, true
			}
			if b[q+2] == '\n' {
				return q, q + 3, true
			}
		}
		i = q + 1
	}
}

// value gives the cell's value. Where quotes must be undone it is written into
// scratch, which is returned grown.
func (c cell) value(scratch []byte) (value, grown []byte) {
	if !c.quoted {
		return c.b, scratch
	}
	from := len(scratch)
	for i := 0; i < len(c.b); i++ {
		switch {
		case c.b[i] == '"' && i+1 < len(c.b) && c.b[i+1] == '"':
			i++
		case c.b[i] == '\r' && i+1 < len(c.b) && c.b[i+1] == '\n':
			i++
		}
		scratch = append(scratch, c.b[i])
	}
	return scratch[from:len(scratch):len(scratch)], scratch
}

// text is value as a string, for places that are not hot.
func (c cell) text() string {
	v, _ := c.value(nil)
	return string(v)
}

// separators are tried for a table, in order of preference.
var separators = []byte{',', '\t', ';', '|'}

// sniffDialect tells a table's separator from its beginning: the one that
// splits the most rows into as many cells as the first.
func sniffDialect(head []byte, whole bool) dialect {
	best, bestScore := dialect{','}, 0.0
	for _, sep := range separators {
		d := dialect{sep}
		rows, same, width := 0, 0, 0
		var cells []cell
		for rest := head; len(rest) > 0 && rows < 50; {
			var n int
			var open bool
			cells, n, open = d.split(rest, cells[:0])
			if !whole && n == len(rest) || open && rows > 0 {
				break
			}
			rest = rest[n:]
			if len(cells) == 1 && len(cells[0].b) == 0 {
				continue
			}
			if rows++; rows == 1 {
				width = len(cells)
			}
			if len(cells) == width {
				same++
			}
		}
		if width < 2 || rows == 0 {
			continue
		}
		score := float64(same)/float64(rows) + 0.02*float64(min(width, 20))
		if score > bestScore+1e-9 {
			best, bestScore = d, score
		}
	}
	return best
}
