package report

import (
	"fmt"
	"io"
	"strings"
)

// How much of each part the summary shows, so that it stays within a screen.
const (
	sumGroups = 5
	sumOps    = 8
	sumLeft   = 4
	sumLine   = 200
	sumReason = 100
)

// Summary writes the short text for the terminal: what was read, what was
// found, the strongest groups, how it compares with known truth, what was missed
// and why, and what was left out, in at most 30 lines. The language is "ja" or "en".
func Summary(w io.Writer, r *Report, lang string) error {
	if lang != "ja" {
		lang = "en"
	}
	s := &summary{words: loadWords(), lang: lang}
	s.head(r)
	s.groups(r)
	s.check(r.Check)
	s.left(r.LeftOut)
	if _, err := io.WriteString(w, s.b.String()); err != nil {
		return fmt.Errorf("report: summary: %w", err)
	}
	return nil
}

// summary is the text under way.
type summary struct {
	b     strings.Builder
	words *words
	lang  string
}

// line adds one line.
func (s *summary) line(indent, text string) {
	s.b.WriteString(indent)
	s.b.WriteString(flat(text))
	s.b.WriteByte('\n')
}

// say adds one line of the catalogue.
func (s *summary) say(indent, key string, args ...any) {
	s.line(indent, s.words.say(s.lang, key, args...))
}

// pick is the sentence in the summary's language, or in any.
func (s *summary) pick(text Sentence) string {
	for _, lang := range append([]string{s.lang}, langs()...) {
		if text[lang] != "" {
			return clean(text[lang], sumLine)
		}
	}
	return ""
}

func (s *summary) head(r *Report) {
	title := clean(r.Title, 100)
	if r.Marking != "" {
		title += "  [" + clean(r.Marking, 40) + "]"
	}
	s.line("", title)
	if r.Synthetic {
		s.say("", "sum.synthetic")
	}
	var rows, bad int64
	for _, in := range r.Inputs {
		rows, bad = rows+in.Rows, bad+in.Bad
	}
	c := r.Counts
	s.say("", "sum.read", number(len(r.Inputs)), number(rows), number(c.Posts), number(c.Accounts), number(bad))
	s.say("", "sum.found", number(c.Groups), number(c.Pairs), number(c.Edges), number(c.Significant))
}

func (s *summary) groups(r *Report) {
	if len(r.Groups) == 0 {
		s.say("", "sum.none")
		return
	}
	for i := range r.Groups[:min(len(r.Groups), sumGroups)] {
		g := &r.Groups[i]
		why := s.pick(g.Why)
		if why == "" {
			s.say("  ", "sum.group", number(len(g.Accounts)), clean(g.ID, 20), number(g.Occasions), amount(g.Expected))
			continue
		}
		s.line("  ", clean(g.ID, 20)+"  "+why)
	}
	if more := len(r.Groups) - sumGroups; more > 0 {
		s.say("  ", "sum.more", number(more))
	}
}

func (s *summary) check(c *Check) {
	if c == nil {
		return
	}
	s.say("", "sum.check", percent(c.Precision), percent(c.Recall), decimal(c.NMI, 3), decimal(c.ARI, 3))
	for i := range c.Operations[:min(len(c.Operations), sumOps)] {
		o := &c.Operations[i]
		s.line("  ", s.words.say(s.lang, "sum.op", clean(o.Name, 60), number(o.Accounts), number(o.Found), percent(o.Precision), percent(o.Recall))+s.missed(o.Missed))
	}
	if more := len(c.Operations) - sumOps; more > 0 {
		s.say("  ", "sum.ops.more", number(more))
	}
	if len(c.Outside) > 0 {
		var kinds []string
		for _, o := range c.Outside {
			kinds = append(kinds, number(o.Count)+" "+s.pick(o.Why))
		}
		s.say("  ", "sum.outside", strings.Join(kinds, ", "))
	}
}

// missed says how many accounts of an operation were missed, and the most
// frequent reason.
func (s *summary) missed(list []Missed) string {
	if len(list) == 0 {
		return ""
	}
	most, all := 0, int64(0)
	for i := range list {
		all += list[i].Count
		if list[i].Count > list[most].Count {
			most = i
		}
	}
	why := clean(strings.TrimRight(s.pick(list[most].Why), ".。"), sumReason)
	if list[most].Count == all {
		return s.words.say(s.lang, "sum.missed", number(all), why)
	}
	return s.words.say(s.lang, "sum.missed.most", number(all), number(list[most].Count), why)
}

func (s *summary) left(list []LeftOut) {
	if len(list) == 0 {
		s.say("", "leftout.none")
		return
	}
	s.say("", "sum.left")
	for i := range list[:min(len(list), sumLeft)] {
		s.line("  ", number(list[i].Count)+"  "+s.pick(list[i].Why))
	}
	if more := len(list) - sumLeft; more > 0 {
		s.say("  ", "sum.left.more", number(more))
	}
}

// flat keeps foreign text on its line and from steering the terminal: line
// breaks become spaces, and marks that turn the direction are shown as such.
func flat(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == 0x2028 || r == 0x2029:
			return ' '
		case r == 0x61c, r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return '�'
		}
		return r
	}, s)
}
