package file

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/post"
)

// objects says how a file's JSON records are read.
type objects struct {
	settings
	format *format
	// asTable reads flat objects as rows, by the paths in its header.
	asTable *table
	// owner is whose posts an archive holds, where the records do not say.
	owner post.Account
}

// entry is the state of one worker, and what a format's read function sees of
// the record it reads.
type entry struct {
	*objects
	out     *batch
	line    int64
	context *container
	clock   clock
	rows    *tableParser
	paged   bool
}

func (o *objects) parser() parser {
	e := &entry{objects: o, clock: clock{zone: o.zone}}
	if o.asTable != nil {
		e.rows = o.asTable.worker()
	}
	return e
}

func (e *entry) parse(c *chunk, out *batch) {
	e.out, e.context = out, c.context
	e.line = c.first
	if c.ends != nil {
		from := 0
		for _, end := range c.ends {
			e.record(c.data[from:end:end])
			from = end
			e.line++
		}
		return
	}
	for b := c.data; len(b) > 0; e.line++ {
		n := lastOfLine(b)
		e.record(trim(b[:n:n]))
		b = b[n:]
	}
}

// deepest is how deep a record may be nested.
const deepest = 1000

// record reads one JSON value.
func (e *entry) record(b []byte) {
	if len(b) == 0 {
		return
	}
	e.out.rows++
	switch {
	case len(b) > e.maxRecord:
		e.out.fail(e.line, bad("a record of at most "+sizeText(e.maxRecord), "one of "+strconv.Itoa(len(b))+" bytes"))
		return
	case len(b) > 16<<10 && depth(b) > deepest:
		e.out.fail(e.line, bad(fmt.Sprintf("a record nested at most %d deep", deepest), "a deeper one"))
		return
	case !gjson.ValidBytes(b):
		e.out.fail(e.line, bad("a JSON object", shorten(string(b[:min(len(b), 240)]), 60)))
		return
	case b[0] != '{':
		e.out.fail(e.line, bad("a JSON object", shorten(string(b[:min(len(b), 240)]), 60)))
		return
	}
	at := len(e.out.posts)
	var why *rowError
	e.paged = false
	if e.rows != nil {
		why = e.flat(b)
	} else {
		v := gjson.Parse(string(b))
		why = e.format.read(e, v)
		if why == nil && !e.paged {
			why = e.complete(v, b, at)
		}
	}
	e.settle(at, why)
}

// settle counts a record whose reading is over.
func (e *entry) settle(at int, why *rowError) {
	if why == nil {
		return
	}
	e.out.drop(at)
	if why.expected == "" {
		e.out.skip(why.found)
	} else {
		e.out.fail(e.line, why)
	}
}

// pages reads the elements of a record that is a page of several. Each counts
// as a record of its own.
func (e *entry) pages(elements []gjson.Result, read func(v gjson.Result) *rowError) {
	e.paged = true
	e.out.rows += int64(len(elements)) - 1
	if len(elements) == 0 {
		e.out.rows++
		e.out.skip("page without posts")
	}
	for _, v := range elements {
		at := len(e.out.posts)
		why := read(v)
		if why == nil {
			why = e.complete(v, []byte(v.Raw), at)
		}
		e.settle(at, why)
	}
}

// complete gives the posts from at on what all formats give: raw record,
// labels, and the roles that the caller mapped.
func (e *entry) complete(v gjson.Result, raw []byte, at int) *rowError {
	for i := at; i < len(e.out.posts); i++ {
		p := &e.out.posts[i]
		if e.need.has(NeedRaw) {
			p.Raw = raw
		}
		for _, name := range e.labels {
			if p.Labels == nil {
				p.Labels = make(map[string]string, len(e.labels))
			}
			p.Labels[name] = words(v.Get(name))
		}
		for r := range numRoles {
			if e.given[r] != "" {
				if why := e.override(p, r, v); why != nil {
					return why
				}
			}
		}
		if p.Account.ID == "" {
			return bad("an account", "none")
		}
	}
	return nil
}

// override sets what the caller mapped.
func (e *entry) override(p *post.Post, r role, v gjson.Result) *rowError {
	value, constant := strings.CutPrefix(e.given[r], "=")
	if !constant {
		value = words(v.Get(value))
	}
	switch r {
	case roleAccount:
		p.Account.ID = value
	case roleHandle:
		p.Account.Handle = value
	case roleName:
		p.Account.Name = value
	case rolePost:
		p.ID = value
	case roleTime:
		t, err := e.clock.read([]byte(value))
		if err != nil {
			return badValue(timeWanted+" in "+e.given[r], value)
		}
		p.Time = t
	case roleObject:
		if value == "" {
			return bad("", "no object")
		}
		p.Object = value
	case roleText:
		p.Text = value
	case roleURL, roleDomain:
		p.Links = []post.Link{}
		eachAddress([]byte(value), func(w []byte) { p.Links = append(p.Links, post.Link{Given: string(w)}) })
	case roleHashtag:
		p.Hashtags = []string{}
		eachWord([]byte(value), '#', func(w []byte) { p.Hashtags = append(p.Hashtags, string(w)) })
	case roleMention:
		p.Mentions = []string{}
		eachWord([]byte(value), '@', func(w []byte) { p.Mentions = append(p.Mentions, string(w)) })
	case roleLang:
		p.Lang = value
	case rolePlatform:
		p.Platform = value
	case roleChannel:
		p.Channel = value
	case rolePermalink:
		p.URL = value
	case roleRepost:
		p.RepostOf = value
	case roleReply:
		p.ReplyTo = value
	case roleQuote:
		p.QuoteOf = value
	case roleImage:
		p.Media = nil
		eachAddress([]byte(value), func(w []byte) {
			m := post.Media{Hash: string(w)}
			if startsAddress(w) {
				m = post.Media{URL: string(w)}
			}
			p.Media = append(p.Media, m)
		})
	case numRoles:
	}
	return nil
}

// add begins a post.
func (e *entry) add() *post.Post {
	p := e.out.add()
	p.Platform = e.format.platform
	p.Origin = post.Origin{File: e.file, Line: e.line}
	return p
}

// when sets a post's time from the first value that is there. where names the
// values in the reason for a bad record.
func (e *entry) when(p *post.Post, where string, values ...gjson.Result) *rowError {
	if e.given[roleTime] != "" {
		return nil // the caller's own is read in complete
	}
	for _, v := range values {
		s := scalar(v)
		if s == "" {
			continue
		}
		t, err := e.clock.read([]byte(s))
		if err != nil {
			return badValue(timeWanted+" in "+where, s)
		}
		p.Time = t
		return nil
	}
	return bad(timeWanted+" in "+where, "nothing")
}

// flat reads an object as a row.
func (e *entry) flat(b []byte) *rowError {
	v := gjson.Parse(string(b))
	p := e.rows
	p.cells = p.cells[:0]
	for i, name := range p.header {
		var c cell
		if p.used(i) {
			c.b = []byte(words(v.Get(name)))
		}
		p.cells = append(p.cells, c)
	}
	p.scratch = p.scratch[:0]
	if p.long && p.columns.constant[roleObject] == "" && len(trim(p.get(roleObject))) == 0 {
		return bad("", "no object")
	}
	if why := p.fill(e.out.add(), b, e.line); why != nil {
		p.packer.drop()
		return why
	}
	return nil
}

// used says that a column is read.
func (p *tableParser) used(i int) bool {
	for r := range numRoles {
		if slices.Contains(p.columns.at[r], i) {
			return true
		}
	}
	return slices.Contains(p.columns.labels, i) || p.format.finish != nil
}

// scalar gives a string or number as it is written; "" for all else.
func scalar(v gjson.Result) string {
	switch v.Type {
	case gjson.String:
		return v.Str
	case gjson.Number:
		return v.Raw
	default:
		return ""
	}
}

// words gives a value as a cell of a table would hold it: the elements of a
// list are separated by spaces, and of an object the member counts that names
// it.
func words(v gjson.Result) string { return wordsWithin(v, 2) }

// wordsWithin is words for lists nested at most level deep.
func wordsWithin(v gjson.Result, level int) string {
	switch {
	case v.IsArray():
		if level == 0 {
			return ""
		}
		var out []string
		v.ForEach(func(_, element gjson.Result) bool {
			if s := wordsWithin(element, level-1); s != "" {
				out = append(out, s)
			}
			return len(out) < 1000
		})
		return strings.Join(out, " ")
	case v.IsObject():
		for _, key := range []string{"expanded_url", "url", "uri", "href", "screen_name", "username", "text", "tag", "title", "name", "id"} {
			if s := scalar(v.Get(key)); s != "" {
				return s
			}
		}
		return ""
	case v.Type == gjson.True || v.Type == gjson.False:
		return v.Raw
	}
	return scalar(v)
}

// depth gives how deep b is nested.
func depth(b []byte) int {
	d, most := 0, 0
	inString := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			d++
			most = max(most, d)
		case c == '}' || c == ']':
			d--
		}
	}
	return most
}

// paths lists the paths to the values of objects, as columns for a mapping:
// members of members are joined by points. A list is one column.
func paths(sample []gjson.Result) []string {
	var out []string
	seen := map[string]bool{}
	var walk func(prefix string, v gjson.Result, level int)
	walk = func(prefix string, v gjson.Result, level int) {
		v.ForEach(func(key, value gjson.Result) bool {
			path := prefix + gjson.Escape(key.String())
			if value.IsObject() && level < 4 {
				walk(path+".", value, level+1)
				return len(out) < 1000
			}
			if !seen[path] {
				seen[path] = true
				out = append(out, path)
			}
			return len(out) < 1000
		})
	}
	for _, v := range sample {
		walk("", v, 0)
	}
	return out
}
