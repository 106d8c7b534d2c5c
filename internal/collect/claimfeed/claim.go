// Package claimfeed collects what fact-checkers and partners published about
// claims: which statement was reviewed, where it had appeared, and what the
// publisher said of it, in the publisher's own words.
//
// A publication is followed by its feed. The page of each entry is fetched and
// read for ClaimReview (https://schema.org/ClaimReview) in JSON-LD, else for the
// structure that case collections such as EUvsDisinfo have: a summary, a
// response, and the outlets, date and languages of what is reviewed.
//
// Posts are of the platform "claims". The id is the page's canonical address
// with the number of the claim on it, the account is the publication by its
// registrable domain, the text is the claim, and the raw record is the [Claim].
package claimfeed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

// Claim is a claim and what a publisher said of it. Nothing in it is Akashi's
// own judgement.
type Claim struct {
	// Statement is the claim that was reviewed, as the publisher words it.
	Statement string `json:"statement"`
	// Summary tells the claim at length, Response is the publisher's answer
	// to it; both are empty where the page has them in its text alone.
	Summary  string `json:"summary,omitempty"`
	Response string `json:"response,omitempty"`
	// Reviewed is when the review was published; zero where it is not said.
	Reviewed time.Time `json:"reviewed,omitzero"`
	// Publisher is who reviewed it, by name.
	Publisher string `json:"publisher,omitempty"`
	// RatingText is the rating in the publisher's words: "False",
	// "根拠不明"; where there are no words, the number that it gave.
	RatingText string `json:"rating,omitempty"`
	// URL is the address of the review.
	URL string `json:"url"`
	// Appearances are where the claim was seen.
	Appearances []Appearance `json:"appearances,omitempty"`
	// Date is when the claim was made; zero where it is not said.
	Date time.Time `json:"date,omitzero"`
	// Languages are those that the claim was seen in, as the publisher names
	// them: "ru", "Russian".
	Languages []string `json:"languages,omitempty"`
	// Lang is the language of Statement as a BCP 47 tag, where declared.
	Lang string `json:"lang,omitempty"`
}

// Appearance is one place where a claim was seen.
type Appearance struct {
	// URL is its address; empty where only the outlet is named.
	URL string `json:"url,omitempty"`
	// Outlet is who published it, by name.
	Outlet string `json:"outlet,omitempty"`
}

const (
	// maxClaims and maxAppearances bound what is taken from a page, maxText
	// each text in bytes, maxNesting how deep a page may be nested.
	maxClaims, maxAppearances = 100, 200
	maxText                   = 64 << 10
	maxNesting                = 512
)

// PageError says that a page could not be read.
type PageError struct{ Err error }

func (e *PageError) Error() string { return "the page cannot be read: " + e.Err.Error() }

func (e *PageError) Unwrap() error { return e.Err }

// Kind is "bad data".
func (*PageError) Kind() string { return "bad data" }

// Parse reads the claims of a page that lies at base: those that it states as
// ClaimReview, else the case that it describes under the usual headings. A page
// without any gives none and no error.
func Parse(page []byte, base *url.URL) ([]Claim, error) { return ParseWith(page, base, Usual()) }

// ParseWith is Parse with other headings.
func ParseWith(page []byte, base *url.URL, h Headings) ([]Claim, error) {
	if !utf8.Valid(page) {
		if r, err := charset.NewReader(bytes.NewReader(page), ""); err == nil {
			if decoded, err := io.ReadAll(r); err == nil {
				page = decoded
			}
		}
		page = bytes.ToValidUTF8(page, []byte("\uFFFD"))
	}
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, &PageError{fmt.Errorf("parsing HTML: %w", err)}
	}
	if deeper(doc, maxNesting) {
		return nil, &PageError{errors.New("it is nested too deep")}
	}
	about := head(doc)
	claims := reviews(doc, base, about)
	if len(claims) == 0 {
		if c, ok := readCase(doc, base, about, h); ok {
			claims = append(claims, c)
		}
	}
	return claims, nil
}

// deeper says whether a tree has nodes below a depth.
func deeper(n *html.Node, depth int) bool {
	if depth == 0 {
		return true
	}
	for c := range n.ChildNodes() {
		if deeper(c, depth-1) {
			return true
		}
	}
	return false
}

// meta is what a page says of itself.
type meta struct {
	site, lang string
	published  time.Time
}

func head(doc *html.Node) (m meta) {
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "html":
			m.lang = tag(attribute(n, "lang"))
		case "meta":
			content := text(attribute(n, "content"))
			switch attribute(n, "property") {
			case "og:site_name":
				m.site = content
			case "article:published_time":
				m.published = date(content)
			}
		}
	}
	return m
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text brings what may hold markup to one line of plain text.
func text(s string) string {
	if strings.Contains(s, "<") {
		var b strings.Builder
		z := html.NewTokenizer(strings.NewReader(s))
		for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
			if kind == html.TextToken {
				b.Write(z.Text())
			} else {
				b.WriteByte(' ')
			}
		}
		s = b.String()
	}
	return bounded(strings.Join(strings.Fields(html.UnescapeString(s)), " "))
}

func bounded(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

// resolve makes an address of the web absolute; empty where it is none.
func resolve(base *url.URL, address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || address == "" || strings.HasPrefix(address, "#") {
		return ""
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	return bounded(u.String())
}
