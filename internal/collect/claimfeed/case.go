package claimfeed

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/akashi-project/akashi/internal/normalise"
)

// Headings are the words under which a case page has its parts, in any
// language; case and a colon do not matter.
type Headings struct {
	Summary, Response, Outlets, Date, Languages []string
}

// Usual are the headings of EUvsDisinfo and of pages made like it.
func Usual() Headings {
	return Headings{
		Summary:   []string{"Summary", "Disinformation", "Claim", "概要", "主張"},
		Response:  []string{"Response", "Disproof", "Debunk", "反証", "検証", "検証結果"},
		Outlets:   []string{"Outlet", "Outlets", "Outlet(s)", "Reported in", "媒体", "掲載媒体"},
		Date:      []string{"Date of publication", "Publication date", "Publication/Media", "Date", "公開日", "掲載日"},
		Languages: []string{"Article language(s)", "Article language", "Outlet language(s)", "Language", "Languages", "Language(s)", "言語"},
	}
}

// part is a part of a case page.
type part int

const (
	none part = iota
	summary
	response
	outlets
	published
	languages
)

// words are the headings in the form in which they are looked for.
func (h Headings) words() map[string]part {
	out := map[string]part{}
	for p, list := range map[part][]string{summary: h.Summary, response: h.Response, outlets: h.Outlets, published: h.Date, languages: h.Languages} {
		for _, w := range list {
			out[heading(w)] = p
		}
	}
	delete(out, "")
	return out
}

func heading(s string) string {
	return strings.TrimSpace(strings.TrimRight(normalise.Folded(s), ":： "))
}

// line is a piece of a page that stands on its own.
type line struct {
	text  string
	title bool // it is a heading
	first bool // it is the first heading of the page
	links []Appearance
}

// readCase reads a page as one case. It is one where it has a response and a
// summary, and says at least one of outlet, date and language.
func readCase(doc *html.Node, base *url.URL, about meta, h Headings) (c Claim, ok bool) {
	words := h.words()
	c = Claim{Publisher: about.site, Reviewed: about.published, Lang: about.lang}
	if base != nil {
		c.URL = bounded(base.String())
		if c.Publisher == "" {
			c.Publisher = normalise.Domain(base.String())
		}
	}
	now, details := none, false
	for _, l := range lines(doc, base) {
		if l.first {
			c.Statement = withoutMark(l.text)
			continue
		}
		p, value := words[heading(l.text)], ""
		if label, rest, ok := strings.Cut(strings.ReplaceAll(l.text, "：", ":"), ":"); p == none && ok {
			p, value = words[heading(label)], strings.TrimSpace(rest)
		}
		switch {
		case p != none && value == "" && len(l.links) == 0:
			now = p
			continue
		case p != none && (p == summary || p == response):
			now, l.text = p, value
		case p != none:
			details = c.detail(p, value, l.links) || details
			now = none
			continue
		case l.title:
			now = none
			continue
		}
		switch now {
		case summary:
			c.Summary = paragraph(c.Summary, l.text)
		case response:
			c.Response = paragraph(c.Response, l.text)
		case outlets, published, languages:
			details = c.detail(now, l.text, l.links) || details
			now = none
		case none:
		}
	}
	if c.Statement == "" {
		c.Statement, _, _ = strings.Cut(c.Summary, "\n")
	}
	return c, details && c.Response != "" && c.Summary != "" && c.Statement != "" && c.URL != ""
}

func paragraph(to, more string) string {
	if to == "" {
		return bounded(more)
	}
	return bounded(to + "\n" + more)
}

// mark is how case collections begin their titles.
var mark = regexp.MustCompile(`(?i)^(disinfo|disinformation|claim|fact[- ]?check)\s*:\s*`)

func withoutMark(s string) string { return mark.ReplaceAllString(s, "") }

// detail takes a detail; it says whether that was one.
func (c *Claim) detail(p part, value string, links []Appearance) bool {
	switch p {
	case published:
		value, _, _ = strings.Cut(value, " (")
		if d := date(value); !d.IsZero() {
			c.Date = d
			return true
		}
	case languages:
		for _, l := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(",;、/", r) }) {
			c.in(strings.TrimSpace(l))
		}
		return len(c.Languages) > 0
	case outlets:
		for _, a := range links {
			c.seen(a.URL, a.Outlet)
		}
		if len(links) == 0 {
			for _, name := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(",;、", r) }) {
				c.seen("", strings.TrimSpace(name))
			}
		}
		return len(c.Appearances) > 0
	}
	return false
}

var (
	// skipped are elements that are not of the article.
	skipped = []string{"script", "style", "noscript", "template", "nav", "footer", "aside", "form", "iframe", "button", "svg"}
	titles  = []string{"h1", "h2", "h3", "h4", "h5", "h6", "dt", "th"}
	blocks  = append([]string{"p", "li", "dd", "td", "tr", "div", "section", "article", "main", "blockquote", "ul", "ol", "dl", "table", "header", "figure", "br", "pre", "body"}, titles...)
	// archived marks links to copies of what the link before leads to.
	archived = regexp.MustCompile(`(?i)^\(?(archived?|archive link|アーカイブ)`)
	opens    = regexp.MustCompile(`(?i)\s*\(opens in a new tab\)`)
)

// lines gives the pieces of a page in order: text between the edges of blocks.
func lines(doc *html.Node, base *url.URL) (all []line) {
	var now line
	var b strings.Builder
	end := func() {
		if now.text = text(strings.ReplaceAll(b.String(), "<", "&lt;")); now.text != "" {
			all = append(all, now)
		}
		b.Reset()
		now = line{}
	}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
			return
		case n.Type == html.ElementNode && slices.Contains(skipped, n.Data), n.Type == html.CommentNode:
			return
		}
		block := n.Type == html.ElementNode && slices.Contains(blocks, n.Data)
		if block {
			end()
			if slices.Contains(titles, n.Data) {
				now.title, now.first = true, n.Data == "h1" && !slices.ContainsFunc(all, func(l line) bool { return l.first })
			}
		}
		from := b.Len()
		for c := range n.ChildNodes() {
			walk(c)
		}
		if n.Type == html.ElementNode && n.Data == "a" && from <= b.Len() {
			name := text(opens.ReplaceAllString(b.String()[from:], ""))
			if to := resolve(base, attribute(n, "href")); to != "" && !archived.MatchString(name) && len(now.links) < maxAppearances {
				now.links = append(now.links, Appearance{URL: to, Outlet: name})
			}
		}
		if block {
			end()
		}
	}
	walk(doc)
	end()
	return all
}
