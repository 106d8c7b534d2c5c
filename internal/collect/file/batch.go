package file

import (
	"bytes"
	"time"

	"github.com/akashi-project/akashi/internal/post"
)

// batch is what a worker makes of a chunk.
type batch struct {
	posts    []post.Post
	rows     int64
	bad      int64
	skipped  int64
	replaced int64
	why      map[string]int64
	reasons  []lostRecord
}

func (b *batch) reset() {
	clear(b.posts)
	*b = batch{posts: b.posts[:0]}
}

// add gives a new post, good until the next call.
func (b *batch) add() *post.Post {
	if len(b.posts) < cap(b.posts) {
		b.posts = b.posts[:len(b.posts)+1]
	} else {
		b.posts = append(b.posts, post.Post{})
	}
	return &b.posts[len(b.posts)-1]
}

// drop takes back the posts from n on.
func (b *batch) drop(n int) {
	clear(b.posts[n:])
	b.posts = b.posts[:n]
}

func (b *batch) skip(why string) {
	b.skipped++
	if b.why == nil {
		b.why = map[string]int64{}
	}
	b.why[why]++
}

func (b *batch) fail(line int64, why *rowError) {
	b.bad++
	if len(b.reasons) < maxReasons {
		b.reasons = append(b.reasons, lostRecord{line, why})
	}
}

// settings are the options that parsing looks at.
type settings struct {
	file      string
	need      Fields
	zone      *time.Location
	maxRecord int
	labels    []string
	given     given
}

// parser turns the records of a chunk into posts. Each worker has its own.
type parser interface {
	parse(c *chunk, out *batch)
}

// clock reads times and remembers the last, since rows often share it.
type clock struct {
	zone *time.Location
	time time.Time
	buf  []byte
}

func (c *clock) read(b []byte) (time.Time, error) {
	if len(b) > 0 && bytes.Equal(b, c.buf) {
		return c.time, nil
	}
	t, err := parseTime(string(b), c.zone)
	if err != nil {
		return time.Time{}, err
	}
	c.buf, c.time = append(c.buf[:0], b...), t
	return t, nil
}

// packer gathers the strings of a post so that they share one allocation.
type packer struct {
	buf   []byte
	parts []part
}

type part struct {
	to       *string
	from, up int
}

func (k *packer) put(to *string, value []byte) {
	if len(value) == 0 {
		return
	}
	from := len(k.buf)
	k.buf = append(k.buf, value...)
	k.parts = append(k.parts, part{to, from, len(k.buf)})
}

func (k *packer) seal() {
	all := string(k.buf)
	for _, p := range k.parts {
		*p.to = all[p.from:p.up]
	}
	k.drop()
}

func (k *packer) drop() {
	k.buf, k.parts = k.buf[:0], k.parts[:0]
}
