package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tidwall/gjson"
)

// plan looks at a file's beginning and decides how it is read.
func (r *reader) plan(text *textReader, s *Summary) (*plan, error) {
	head := make([]byte, blockSize)
	n, err := readFull(text, head)
	if err != nil && !errors.Is(err, io.EOF) && n == 0 {
		return nil, err
	}
	b := beginning{text: text, head: head[:n], rest: text, whole: errors.Is(err, io.EOF)}
	if err != nil {
		b.rest = errorReader{err}
	}
	b.pass(len(head[:n]) - len(bytes.TrimLeft(head[:n], " \t\r\n\uFEFF")))
	switch {
	case len(b.head) == 0:
		return nil, errors.New("it holds nothing but white space")
	case bytes.HasPrefix(b.head, []byte("window.YTD.")) || bytes.HasPrefix(b.head, []byte("YTD.")):
		return r.planScript(&b, s)
	case b.head[0] == '{' || startsArray(b.head):
		return r.planObjects(&b, s)
	default:
		return r.planTable(&b, s)
	}
}

// beginning is the first part of a file, as UTF-8.
type beginning struct {
	text  *textReader
	head  []byte
	rest  io.Reader
	whole bool // there is nothing but head
	line  int64
}

// pass leaves out the first n bytes.
func (b *beginning) pass(n int) {
	b.line += int64(bytes.Count(b.head[:n], newline))
	b.head = b.head[n:]
}

func (b *beginning) reader() io.Reader { return io.MultiReader(bytes.NewReader(b.head), b.rest) }

func startsArray(b []byte) bool {
	if b[0] != '[' {
		return false
	}
	next := bytes.TrimLeft(b[1:], " \t\r\n")
	return len(next) > 0 && (next[0] == '{' || next[0] == ']')
}

func (r *reader) settings(s *Summary) settings {
	return settings{file: s.File, need: r.Need, zone: r.Zone, maxRecord: r.MaxRecord, labels: r.Labels, given: r.given}
}

// planTable plans the reading of a table.
func (r *reader) planTable(b *beginning, s *Summary) (*plan, error) {
	var d dialect
	if sep, ok := bytes.CutPrefix(b.head, []byte("sep=")); ok && len(sep) > 1 && (sep[1] == '\n' || sep[1] == '\r') {
		d.separator = sep[0] // a spreadsheet's hint
		b.pass(lastOfLine(b.head))
	} else {
		d = sniffDialect(b.head, b.whole)
	}
	cells, n, open := d.split(b.head, nil)
	if !b.whole && n == len(b.head) || open {
		return nil, errors.New("its first row, which should name the columns, never ends (is a quote in it not closed?)")
	}
	if len(cells) < 2 {
		return nil, fmt.Errorf("it is neither JSON nor a table: its first line %s has no columns separated by commas, tabs or semicolons",
			shorten(string(b.head[:min(len(b.head), 240)]), 60))
	}
	header := make([]string, len(cells))
	for i, c := range cells {
		header[i] = strings.ToValidUTF8(strings.TrimSpace(c.text()), "\uFFFD")
		if header[i] == "" {
			header[i] = fmt.Sprintf("#%d", i+1)
		}
	}
	rows := sampleTable(d, b.head[n:], b.whole)
	if numbered, ok := headless(header, r.Zone); ok {
		rows = append([][]string{header}, rows...)
		header = numbered
	} else {
		b.pass(n)
	}
	s.Columns = header
	f, cols, err := r.mapping(header, rows, s, &tableFormat)
	if err != nil {
		return nil, err
	}
	t := newTable(r.settings(s), d, header, cols, f)
	cutter := &recordCutter{src: b.reader(), last: d.last, maxRecord: r.MaxRecord, line: b.line + 1, block: r.block, mayQuote: true}
	return &plan{cut: cutter.run, parsers: t.parser, text: b.text}, nil
}

// sampleTable gives the first rows of a table.
func sampleTable(d dialect, b []byte, whole bool) [][]string {
	var rows [][]string
	var cells []cell
	for len(b) > 0 && len(rows) < sampleRows {
		var n int
		cells, n, _ = d.split(b, cells[:0])
		if n == len(b) && !whole {
			break
		}
		b = b[n:]
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = c.text()
		}
		if len(row) > 1 || row[0] != "" {
			rows = append(rows, row)
		}
	}
	return rows
}

// mapping finds the columns of each role: the format's, else guessed, and the
// caller's before both. free is the format that stands for a guess.
func (r *reader) mapping(header []string, rows [][]string, s *Summary, free *format) (*format, columns, error) {
	f := r.format
	if f == nil {
		f = recogniseTable(header)
	} else if f.read != nil && free == &tableFormat {
		return nil, columns{}, fmt.Errorf("it is a table, but the format %s is JSON", f.name)
	}
	var cols columns
	if f == nil || len(f.roles) == 0 {
		f = free
		var err error
		if cols, err = guess(header, rows, r.given, r.Zone); err != nil {
			return nil, cols, r.better(err, header)
		}
	} else {
		cols = f.columnsOf(header)
	}
	if r.given[roleObject] != "" && len(f.roles) > 0 {
		// A long table, as it is.
		for role := range numRoles {
			switch role {
			case roleAccount, rolePost, roleTime, rolePlatform:
			default:
				cols.at[role], cols.constant[role] = nil, ""
			}
		}
	}
	if err := cols.apply(r.given, header, r.Labels); err != nil {
		return nil, cols, err
	}
	if err := missing(&cols, r.given, header); err != nil {
		return nil, cols, err
	}
	s.Format = f.name
	s.Mapping = cols.shown(header)
	if f == free {
		for role := range numRoles {
			if cols.has(role) && r.given[role] == "" {
				s.Guessed = true
			}
		}
	}
	return f, cols, nil
}

// better prefers to say that a column that the caller named does not exist.
func (r *reader) better(err error, header []string) error {
	var c columns
	if wrong := c.apply(r.given, header, r.Labels); wrong != nil {
		return wrong
	}
	return err
}

// planScript plans the reading of a file of a Twitter archive, which assigns a
// list to a variable.
func (r *reader) planScript(b *beginning, s *Summary) (*plan, error) {
	eq := bytes.IndexByte(b.head[:min(len(b.head), 256)], '=')
	if eq < 0 {
		return nil, errors.New("it begins like a Twitter archive but assigns nothing")
	}
	name := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(string(b.head[:eq])), "window."), "YTD.")
	name, _, _ = strings.Cut(name, ".")
	b.pass(eq + 1)
	b.pass(len(b.head) - len(bytes.TrimLeft(b.head, " \t\r\n")))
	s.Format = xArchiveFormat.name
	switch name {
	case "tweets", "tweet", "deleted_tweets", "community_tweet":
	case "account":
		// It says whose the posts of the other files are.
		s.Rows, s.Skipped, s.SkippedWhy["the archive's account"] = 1, 1, 1
		return &plan{cut: func(func(*chunk) error) error { return nil }, parsers: func() parser { return nothing{} }, text: b.text}, nil
	default:
		return nil, fmt.Errorf("it is the part %q of a Twitter archive, which holds no posts: give tweets.js", name)
	}
	o := &objects{settings: r.settings(s), format: &xArchiveFormat}
	if r.given[roleAccount] == "" {
		owner, err := archiveOwner(s.File, r.paths)
		if err != nil {
			return nil, err
		}
		o.owner = owner
	}
	if err := r.objectMapping(o, sampleDocument(b.head, false), s); err != nil {
		return nil, err
	}
	cutter := &documentCutter{src: b.reader(), maxRecord: r.MaxRecord}
	return &plan{cut: cutter.run, parsers: o.parser, text: b.text}, nil
}

// nothing is the parser of a file without posts.
type nothing struct{}

func (nothing) parse(*chunk, *batch) {}

// sampleObjects is how many objects a decision looks at.
const sampleObjects = 100

// planObjects plans the reading of JSON: an object a line, or a document.
func (r *reader) planObjects(b *beginning, s *Summary) (*plan, error) {
	var sample []gjson.Result
	lines := false
	chats := isExport(b.head)
	if b.head[0] == '{' && !chats {
		sample = sampleLines(b.head, b.whole)
		lines = len(sample) > 0
	}
	if !lines {
		sample = sampleDocument(b.head, chats)
	}
	if len(sample) == 0 {
		// One object that is longer than what we have seen.
		sample = append(sample, gjson.ParseBytes(b.head))
	}
	o := &objects{settings: r.settings(s), format: r.format}
	if o.format == nil {
		o.format = recogniseObjects(sample)
	}
	if chats && r.format == nil {
		o.format = &telegramFormat
	}
	if o.format != nil && o.format.read == nil && len(o.format.roles) == 0 {
		o.format = nil
	}
	if o.format == &xArchiveFormat && r.given[roleAccount] == "" {
		owner, err := archiveOwner(s.File, r.paths)
		if err != nil {
			return nil, err
		}
		o.owner = owner
	}
	if o.format != nil && o.format.read != nil {
		if err := r.objectMapping(o, sample, s); err != nil {
			return nil, err
		}
	} else {
		header := paths(sample)
		if len(header) == 0 {
			return nil, errors.New("its JSON objects have no members")
		}
		rows := make([][]string, 0, len(sample))
		for _, v := range sample {
			row := make([]string, len(header))
			for i, path := range header {
				row[i] = words(v.Get(path))
			}
			rows = append(rows, row)
		}
		s.Columns = header
		f, cols, err := r.mapping(header, rows, s, &objectsFormat)
		if err != nil {
			return nil, err
		}
		o.format = f
		o.asTable = newTable(r.settings(s), dialect{}, header, cols, f)
	}
	if lines {
		cutter := &recordCutter{src: b.reader(), last: lastLine, maxRecord: r.MaxRecord, line: b.line + 1, block: r.block}
		return &plan{cut: cutter.run, parsers: o.parser, text: b.text}, nil
	}
	cutter := &documentCutter{src: b.reader(), maxRecord: r.MaxRecord, chats: chats}
	return &plan{cut: cutter.run, parsers: o.parser, text: b.text}, nil
}

// objectMapping shows the mapping of a format that reads objects, and checks
// the paths that the caller gave.
func (r *reader) objectMapping(o *objects, sample []gjson.Result, s *Summary) error {
	s.Format = o.format.name
	s.Mapping = map[string]string{}
	for role, path := range o.format.paths {
		s.Mapping[role.String()] = path
	}
	exists := func(path string) bool {
		if len(sample) == 0 {
			return true
		}
		for _, v := range sample {
			if v.Get(path).Exists() {
				return true
			}
			for _, within := range []string{"data.0.", "data."} {
				if v.Get(within + path).Exists() {
					return true
				}
			}
		}
		return false
	}
	for role := range numRoles {
		if r.given[role] == "" {
			continue
		}
		s.Mapping[role.String()] = r.given[role]
		if !strings.HasPrefix(r.given[role], "=") && !exists(r.given[role]) {
			return noColumn(role.String(), r.given[role], paths(sample))
		}
	}
	for _, path := range r.Labels {
		if !exists(path) {
			return noColumn("label", path, paths(sample))
		}
	}
	return nil
}

// sampleLines gives the first objects where each is one line; none where they
// are not. A line in the middle of a document can be an object by chance, and
// one of a stream can be damaged, so the first twenty lines vote.
func sampleLines(b []byte, whole bool) []gjson.Result {
	var out []gjson.Result
	for seen := 0; len(b) > 0 && len(out) < sampleObjects; {
		n := lastOfLine(b)
		if b[n-1] != '\n' && !whole {
			break
		}
		line := trim(b[:n])
		b = b[n:]
		if len(line) == 0 {
			continue
		}
		if seen++; line[0] == '{' && depth(line) <= deepest && gjson.ValidBytes(line) {
			out = append(out, gjson.ParseBytes(line))
		}
		if seen == 20 && len(out) < 10 {
			return nil
		}
		if len(out)*2 < seen && len(b) == 0 {
			return nil
		}
	}
	return out
}

// sampleDocument gives the first records of a document.
func sampleDocument(b []byte, chats bool) []gjson.Result {
	var out []gjson.Result
	d := &documentCutter{src: bytes.NewReader(b), maxRecord: len(b), chats: chats}
	// What stops the cutter here, usually the sample's end, is found again
	// when the document itself is read.
	_ = d.run(func(c *chunk) error {
		from := 0
		for _, end := range c.ends {
			if v := c.data[from:end]; len(out) < sampleObjects && v[0] == '{' && depth(v) <= deepest && gjson.ValidBytes(v) {
				out = append(out, gjson.ParseBytes(v))
			}
			from = end
		}
		return nil
	})
	return out
}

// isExport says that a document is a Telegram export: it holds the messages of
// one chat or of many.
func isExport(b []byte) bool {
	if b[0] != '{' {
		return false
	}
	v := gjson.ParseBytes(b)
	return v.Get("messages").IsArray() && v.Get("type").Exists() && v.Get("name").Exists() && !v.Get("messages.0.author").Exists() ||
		v.Get("chats.list").IsArray() || v.Get("left_chats.list").IsArray() ||
		strings.Contains(v.Get("about").String(), "Telegram") && v.Get("personal_information").Exists()
}
