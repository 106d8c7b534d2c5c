package file

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strconv"

	"github.com/akashi-project/akashi/internal/post"
)

// table says how a file's rows are read.
type table struct {
	settings
	dialect dialect
	header  []string
	columns columns
	format  *format
	long    bool
	// prefix begins the ids of posts whose source gives none: the file's
	// name; the line follows.
	prefix string
	// spots is a view of columns made for the hot loop: the single column
	// of each role, or -1.
	spots [numRoles]int
}

func newTable(s settings, d dialect, header []string, c columns, f *format) *table {
	t := &table{settings: s, dialect: d, header: header, columns: c, format: f, long: c.has(roleObject)}
	t.prefix = path.Base(s.file) + ":"
	for r := range t.spots {
		t.spots[r] = -1
		if len(c.at[r]) > 0 {
			t.spots[r] = c.at[r][0]
		}
	}
	return t
}

// tableParser is the state of one worker.
type tableParser struct {
	*table
	cells   []cell
	scratch []byte
	clock   clock
	packer  packer
	pieces  [][]byte
	resyncs int
}

func (t *table) parser() parser { return t.worker() }

func (t *table) worker() *tableParser {
	return &tableParser{table: t, clock: clock{zone: t.zone}}
}

// row is what a format's finish function sees of a row.
type row struct{ p *tableParser }

// text gives the value of the named column, or "".
func (r row) text(name string) string {
	if i := slices.Index(r.p.header, name); i >= 0 && i < len(r.p.cells) {
		return r.p.cells[i].text()
	}
	return ""
}

func (p *tableParser) parse(c *chunk, out *batch) {
	p.resyncs = 0
	p.rows(c.data, c.first, c.byLine, out)
}

// rows reads the records of b, the first of which starts on the given line.
func (p *tableParser) rows(b []byte, line int64, byLine bool, out *batch) {
	for len(b) > 0 {
		var n int
		var open bool
		if byLine {
			n = lastOfLine(b)
			p.cells, _, open = p.dialect.split(b[:n], p.cells[:0])
		} else {
			p.cells, n, open = p.dialect.split(b, p.cells[:0])
		}
		record := b[:n]
		lines := int64(1)
		if n > 1 && bytes.IndexByte(record[:n-1], '\n') >= 0 {
			lines = int64(bytes.Count(record[:n-1], newline)) + 1
		}
		if lines > 1 && (open || len(p.cells) != len(p.header) || p.swallowed(record)) {
			// A quote that was never closed has swallowed the lines that
			// follow. The first is lost; the others are read afresh.
			out.rows++
			out.fail(line, bad("the quote to be closed before the record ends", shorten(string(record[:min(n, 240)]), 60)))
			b = b[lastOfLine(b):]
			line++
			if p.resyncs++; p.resyncs > maxResyncs {
				byLine = true
			}
			continue
		}
		if len(p.cells) > 1 || len(trim(p.cells[0].b)) > 0 {
			out.rows++
			p.row(record, line, open, out)
		}
		b = b[n:]
		line += lines
	}
}

// swallowed says that a record of several lines, though it has the right number
// of cells, is likely to be several records that a quote holds together: a
// quote within a quoted cell is not doubled, and the second line has all the
// cells by itself.
func (p *tableParser) swallowed(record []byte) bool {
	lone := false
	for _, c := range p.cells {
		if !c.quoted {
			continue
		}
		for i := 0; i < len(c.b) && !lone; i++ {
			if c.b[i] == '"' {
				if i+1 < len(c.b) && c.b[i+1] == '"' {
					i++
				} else {
					lone = true
				}
			}
		}
	}
	if !lone {
		return false
	}
	second := record[lastOfLine(record):]
	cells, _, _ := p.dialect.split(second[:lastOfLine(second)], nil)
	return len(cells) == len(p.header)
}

// lastOfLine gives the end of b's first line, newline included.
func lastOfLine(b []byte) int {
	if n := bytes.IndexByte(b, '\n'); n >= 0 {
		return n + 1
	}
	return len(b)
}

// row reads the cells as one post.
func (p *tableParser) row(record []byte, line int64, open bool, out *batch) {
	switch {
	case len(record) > p.maxRecord:
		out.fail(line, bad("a record of at most "+sizeText(p.maxRecord), "one of "+strconv.Itoa(len(record))+" bytes"))
		return
	case open:
		out.fail(line, bad("the quote to be closed before the file ends", shorten(string(record[:min(len(record), 240)]), 60)))
		return
	case len(p.cells) != len(p.header):
		if p.blank() {
			out.skip("empty row")
			return
		}
		if !p.surplusEmpty() {
			out.fail(line, bad(fmt.Sprintf("%d columns", len(p.header)),
				fmt.Sprintf("%d in %s", len(p.cells), shorten(string(record[:min(len(record), 240)]), 60))))
			return
		}
	}
	p.scratch = p.scratch[:0]
	if p.long && p.columns.constant[roleObject] == "" && len(trim(p.get(roleObject))) == 0 {
		if p.blank() {
			out.skip("empty row")
		} else {
			out.skip("no object")
		}
		return
	}
	at := len(out.posts)
	q := out.add()
	if err := p.fill(q, record, line); err != nil {
		p.packer.drop()
		out.drop(at)
		if p.blank() {
			out.skip("empty row")
		} else if err.expected == "" {
			out.skip(err.found)
		} else {
			out.fail(line, err)
		}
		return
	}
}

// blank says that no cell of the row holds anything.
func (p *tableParser) blank() bool {
	for _, c := range p.cells {
		if len(trim(c.b)) > 0 {
			return false
		}
	}
	return true
}

// surplusEmpty says that the row has more cells than the header but nothing in
// those, as spreadsheets write.
func (p *tableParser) surplusEmpty() bool {
	if len(p.cells) < len(p.header) {
		return false
	}
	for _, c := range p.cells[len(p.header):] {
		if len(trim(c.b)) > 0 {
			return false
		}
	}
	p.cells = p.cells[:len(p.header)]
	return true
}

// get gives the value of a role's column; empty where there is none.
func (p *tableParser) get(r role) []byte {
	i := p.spots[r]
	if i < 0 {
		return nil
	}
	return p.cell(i)
}

func (p *tableParser) cell(i int) []byte {
	var v []byte
	v, p.scratch = p.cells[i].value(p.scratch)
	return v
}

// take puts the value of a role's column, or its constant, into to.
func (p *tableParser) take(to *string, r role) {
	if p.spots[r] >= 0 {
		p.packer.put(to, trim(p.get(r)))
	} else if c := p.columns.constant[r]; c != "" {
		*to = c
	}
}

func (p *tableParser) where(r role) string {
	if i := p.spots[r]; i >= 0 {
		return "column " + p.header[i]
	}
	return "no column"
}

func (p *tableParser) fill(q *post.Post, record []byte, line int64) *rowError {
	account := trim(p.get(roleAccount))
	spoken := len(account) == 0 && p.format.channelSpeaks
	if spoken {
		account = trim(p.get(roleChannel))
	}
	if len(account) == 0 && p.columns.constant[roleAccount] == "" {
		return bad("an account in "+p.where(roleAccount), "nothing")
	}
	when := trim(p.get(roleTime))
	if len(when) == 0 {
		when = []byte(p.columns.constant[roleTime])
	}
	t, err := p.clock.read(when)
	if err != nil {
		return badValue(timeWanted+" in "+p.where(roleTime), string(when))
	}
	q.Time = t
	q.Origin = post.Origin{File: p.file, Line: line}
	q.Platform = p.format.platform
	if spoken {
		p.packer.put(&q.Account.ID, account)
	} else {
		p.take(&q.Account.ID, roleAccount)
	}
	p.take(&q.Platform, rolePlatform)
	p.take(&q.Object, roleObject)
	if id := trim(p.get(rolePost)); len(id) > 0 {
		p.packer.put(&q.ID, id)
	} else {
		from := len(p.scratch)
		p.scratch = append(p.scratch, p.prefix...)
		p.scratch = strconv.AppendInt(p.scratch, line, 10)
		p.packer.put(&q.ID, p.scratch[from:])
	}
	if p.need.has(NeedText) {
		if p.spots[roleText] >= 0 {
			p.packer.put(&q.Text, p.get(roleText))
		}
	}
	if p.need.has(NeedMeta) {
		p.take(&q.Account.Handle, roleHandle)
		p.take(&q.Account.Name, roleName)
		p.take(&q.Channel, roleChannel)
		p.take(&q.Lang, roleLang)
		p.take(&q.URL, rolePermalink)
	}
	if p.need.has(NeedRefs) {
		p.take(&q.RepostOf, roleRepost)
		p.take(&q.ReplyTo, roleReply)
		p.take(&q.QuoteOf, roleQuote)
	}
	p.lists(q)
	if p.need.has(NeedRaw) {
		q.Raw = slices.Clip(bytes.TrimRight(record, "\r\n"))
	}
	for _, i := range p.columns.labels {
		if q.Labels == nil {
			q.Labels = make(map[string]string, len(p.columns.labels))
		}
		q.Labels[p.header[i]] = string(p.cell(i))
	}
	p.packer.seal()
	if p.format.finish != nil {
		return p.format.finish(row{p}, q)
	}
	return nil
}

// lists fills what a post has several of. A list is nil where the source has
// no column for it, and empty where the column holds nothing.
func (p *tableParser) lists(q *post.Post) {
	piece := func(w []byte) { p.pieces = append(p.pieces, w) }
	if p.need.has(NeedLinks) {
		p.pieces = p.pieces[:0]
		for _, i := range p.columns.at[roleURL] {
			eachAddress(p.cell(i), piece)
		}
		if len(p.pieces) == 0 {
			for _, i := range p.columns.at[roleDomain] {
				eachAddress(p.cell(i), piece)
			}
		}
		if len(p.pieces) > 0 || len(p.columns.at[roleURL]) > 0 && !p.format.fewLinks {
			q.Links = make([]post.Link, len(p.pieces))
			for i, w := range p.pieces {
				p.packer.put(&q.Links[i].Given, w)
			}
		}
	}
	if p.need.has(NeedHashtags) {
		q.Hashtags = p.words(roleHashtag, '#', piece)
	}
	if p.need.has(NeedMentions) {
		q.Mentions = p.words(roleMention, '@', piece)
	}
	if p.need.has(NeedMedia) && len(p.columns.at[roleImage]) > 0 {
		p.pieces = p.pieces[:0]
		for _, i := range p.columns.at[roleImage] {
			eachAddress(p.cell(i), piece)
		}
		if len(p.pieces) > 0 {
			q.Media = make([]post.Media, len(p.pieces))
			for i, w := range p.pieces {
				if startsAddress(w) {
					p.packer.put(&q.Media[i].URL, w)
				} else {
					p.packer.put(&q.Media[i].Hash, w)
				}
			}
		}
	}
}

func (p *tableParser) words(r role, mark byte, piece func([]byte)) []string {
	p.pieces = p.pieces[:0]
	for _, i := range p.columns.at[r] {
		eachWord(p.cell(i), mark, piece)
	}
	if len(p.columns.at[r]) == 0 {
		return nil
	}
	out := make([]string, len(p.pieces))
	for i, w := range p.pieces {
		p.packer.put(&out[i], w)
	}
	return out
}
