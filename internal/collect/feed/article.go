package feed

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"codeberg.org/readeck/go-readability/v2"
	"golang.org/x/net/html"

	"github.com/akashi-project/akashi/internal/post"
)

// Article is what a page says, without what stands around it.
type Article struct {
	Title, Text, Lang string
	Links             []post.Link
	// Published is zero where the page does not say.
	Published time.Time
}

// maxNesting bounds how deep a page may be nested.
const maxNesting = 512

// ReadArticle takes the article from a page by Mozilla's Readability.
func ReadArticle(body []byte, contentType string, from *url.URL) (a Article, err error) {
	bad := func(err error) error { return &DocumentError{from.Scheme + "://" + from.Host + from.Path, err} }
	defer func() {
		if r := recover(); r != nil {
			err = bad(fmt.Errorf("the parser gave up (%T)", r))
		}
	}()
	doc, err := html.Parse(bytes.NewReader(decode(body, contentType)))
	if err != nil {
		return a, bad(err)
	}
	if deeper(doc, maxNesting) {
		return a, bad(errors.New("the page is nested too deep"))
	}
	read, err := readability.FromDocument(doc, from)
	if err != nil {
		return a, bad(err)
	}
	if read.Node == nil {
		return a, bad(errors.New("the page holds no article"))
	}
	var out strings.Builder
	if err := html.Render(&out, read.Node); err != nil {
		return a, bad(err)
	}
	a.Title, a.Lang = read.Title(), read.Language()
	a.Text, a.Links, _ = plain(out.String(), from)
	if t, err := read.PublishedTime(); err == nil {
		a.Published = t.UTC()
	}
	return a, nil
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
