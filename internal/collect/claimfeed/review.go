package claimfeed

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
	"golang.org/x/net/html"
	"golang.org/x/text/language"

	"github.com/akashi-project/akashi/internal/collect/poll"
)

// reviews reads the ClaimReview objects of a page, wherever they stand: alone,
// in lists, in "@graph", or inside others.
func reviews(doc *html.Node, base *url.URL, about meta) []Claim {
	l := linked{ids: map[string]gjson.Result{}}
	for n := range doc.Descendants() {
		kind, _, _ := strings.Cut(strings.ToLower(attribute(n, "type")), ";")
		if n.Type == html.ElementNode && n.Data == "script" && strings.TrimSpace(kind) == "application/ld+json" && n.FirstChild != nil {
			if v, ok := document(n.FirstChild.Data); ok {
				l.walk(v)
			}
		}
	}
	var claims []Claim
	for _, v := range l.reviews {
		c, ok := l.review(v, base, about)
		same := func(d Claim) bool { return d.Statement == c.Statement && d.URL == c.URL }
		if ok && !slices.ContainsFunc(claims, same) && len(claims) < maxClaims {
			claims = append(claims, c)
		}
	}
	return claims
}

// document reads a script of JSON-LD as pages have them: inside comments, with
// line breaks in its strings, with a semicolon at the end.
func document(s string) (v gjson.Result, ok bool) {
	b := []byte(strings.TrimSpace(strings.TrimPrefix(s, "\ufeff")))
	for _, mark := range []string{"<!--", "//<![CDATA[", "/*<![CDATA[*/", "<![CDATA["} {
		b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte(mark)))
	}
	for _, mark := range []string{"-->", "/*]]>*/", "]]>", "//", ";"} {
		b = bytes.TrimSpace(bytes.TrimSuffix(b, []byte(mark)))
	}
	if !poll.Valid(b) {
		b = bytes.Map(func(r rune) rune {
			if r < ' ' {
				return ' '
			}
			return r
		}, b)
	}
	if !poll.Valid(b) {
		return v, false
	}
	return gjson.ParseBytes(b), true
}

// linked are the objects of a page's JSON-LD: those that have a name, and those
// that are reviews of claims.
type linked struct {
	ids     map[string]gjson.Result
	reviews []gjson.Result
}

func (l *linked) walk(v gjson.Result) {
	if v.IsObject() {
		// An object that is no more than a name points to another.
		if id := v.Get(`\@id`).String(); id != "" && len(v.Raw) > len(l.ids[id].Raw) {
			l.ids[id] = v
		}
		if typed(v, "ClaimReview") {
			l.reviews = append(l.reviews, v)
		}
	}
	if v.IsObject() || v.IsArray() {
		v.ForEach(func(_, inner gjson.Result) bool {
			if inner.IsObject() || inner.IsArray() {
				l.walk(inner)
			}
			return true
		})
	}
}

// typed says whether an object is of a type of schema.org.
func typed(v gjson.Result, name string) (yes bool) {
	for _, t := range each(v.Get(`\@type`)) {
		s := t.String()
		yes = yes || s[strings.LastIndexAny(s, "/:#")+1:] == name
	}
	return yes
}

// each gives a value's elements, or the one that it is.
func each(v gjson.Result) []gjson.Result {
	if v.IsArray() {
		return v.Array()
	}
	if !v.Exists() || v.Type == gjson.Null {
		return nil
	}
	return []gjson.Result{v}
}

// get gives the values of a property, those that are named by "@id" in place
// of the name.
func (l *linked) get(v gjson.Result, property string) []gjson.Result {
	all := each(v.Get(property))
	for i := range all {
		if named, ok := l.ids[all[i].Get(`\@id`).String()]; ok && all[i].IsObject() {
			all[i] = named
		}
	}
	return all
}

// first gives the first text among properties.
func (l *linked) first(v gjson.Result, properties ...string) string {
	for _, p := range properties {
		for _, x := range l.get(v, p) {
			if x.Type != gjson.String && x.Type != gjson.Number {
				x = x.Get(`\@value`)
			}
			if s := text(x.String()); s != "" {
				return s
			}
		}
	}
	return ""
}

// name gives the name of who or what a property holds.
func (l *linked) name(v gjson.Result, properties ...string) string {
	for _, p := range properties {
		for _, x := range l.get(v, p) {
			if x.Type == gjson.String {
				if s := text(x.String()); s != "" && resolve(nil, s) == "" {
					return s
				}
			} else if s := l.first(x, "name", "legalName", "alternateName"); s != "" {
				return s
			}
		}
	}
	return ""
}

func (l *linked) review(v gjson.Result, base *url.URL, about meta) (c Claim, ok bool) {
	c = Claim{
		Statement: l.first(v, "claimReviewed"), Response: l.first(v, "reviewBody"),
		Reviewed: date(l.first(v, "datePublished", "dateCreated")), Publisher: l.name(v, "author", "publisher", "sdPublisher"),
		URL: resolve(base, l.first(v, "url")), Lang: tag(l.first(v, "inLanguage")),
	}
	for _, r := range l.get(v, "reviewRating") {
		if c.RatingText == "" {
			c.RatingText = l.first(r, "alternateName", "name", "description", "ratingExplanation", "ratingValue")
		}
	}
	for _, item := range l.get(v, "itemReviewed") {
		l.item(item, base, &c)
		for _, inner := range l.get(item, "itemReviewed") {
			l.item(inner, base, &c)
		}
	}
	fill := func(s *string, with string) {
		if *s == "" {
			*s = with
		}
	}
	if base != nil {
		fill(&c.URL, bounded(base.String()))
	}
	fill(&c.Publisher, about.site)
	fill(&c.Lang, about.lang)
	if c.Reviewed.IsZero() {
		c.Reviewed = about.published
	}
	return c, c.Statement != "" && c.URL != ""
}

// item takes from what was reviewed where and when it appeared.
func (l *linked) item(v gjson.Result, base *url.URL, c *Claim) {
	if !v.IsObject() {
		c.seen(resolve(base, v.String()), "")
		return
	}
	if c.Statement == "" {
		c.Statement = l.first(v, "text", "name", "headline")
	}
	if c.Date.IsZero() {
		c.Date = date(l.first(v, "datePublished", "dateCreated"))
	}
	c.in(l.first(v, "inLanguage"))
	if !typed(v, "ClaimReview") {
		c.seen(resolve(base, l.first(v, "url")), l.name(v, "publisher"))
	}
	for _, property := range []string{"firstAppearance", "appearance", "archivedAt"} {
		for _, a := range l.get(v, property) {
			if a.Type == gjson.String {
				c.seen(resolve(base, a.String()), "")
				continue
			}
			c.in(l.first(a, "inLanguage"))
			c.seen(resolve(base, l.first(a, "url", "sameAs", `\@id`)), l.name(a, "publisher", "provider"))
		}
	}
}

// seen adds an appearance that is not there yet.
func (c *Claim) seen(address, outlet string) {
	if address == "" && outlet == "" || address != "" && address == c.URL || len(c.Appearances) >= maxAppearances {
		return
	}
	for i := range c.Appearances {
		if a := &c.Appearances[i]; a.URL == address && (address != "" || a.Outlet == outlet) {
			if a.Outlet == "" {
				a.Outlet = outlet
			}
			return
		}
	}
	c.Appearances = append(c.Appearances, Appearance{URL: address, Outlet: outlet})
}

func (c *Claim) in(language string) {
	if language != "" && !slices.Contains(c.Languages, language) && len(c.Languages) < maxAppearances {
		c.Languages = append(c.Languages, language)
	}
}

// tag gives a language as a BCP 47 tag; empty where it is none.
func tag(s string) string {
	t, err := language.Parse(strings.TrimSpace(s))
	if err != nil || t == language.Und {
		return ""
	}
	return t.String()
}

// The forms in which pages write dates. With dots and slashes the day stands
// first, as in Europe, where such pages are.
var dates = []string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", time.DateOnly, "2006/1/2",
	"2.1.2006", "2/1/2006", "January 2, 2006", "Jan 2, 2006", "2 January 2006", "2 Jan 2006", "2006年1月2日", "2006.1.2", time.RFC1123, time.RFC1123Z,
}

// date reads a date; zero where it is none, or none that can be: before the
// twentieth century or after the year 2200.
func date(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range dates {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 1900 && t.Year() < 2200 {
			return t.UTC()
		}
	}
	return time.Time{}
}
