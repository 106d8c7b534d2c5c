package feed

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/akashi-project/akashi/internal/post"
)

const maxLinks = 200

// plain turns HTML into text, a line for each block, and gives the addresses
// that it links to, absolute, and its images. What is plain text already stays.
func plain(source string, base *url.URL) (text string, links []post.Link, images []post.Media) {
	links = []post.Link{}
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(source))
	skip := 0 // inside how many elements whose text is not shown
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		switch kind {
		case html.TextToken:
			if skip == 0 {
				b.Write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			t := z.Token()
			switch t.DataAtom {
			case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Iframe:
				switch kind {
				case html.StartTagToken:
					skip++
				case html.EndTagToken:
					skip = max(0, skip-1)
				}
			case atom.P, atom.Div, atom.Br, atom.Li, atom.Tr, atom.H1, atom.H2, atom.H3, atom.H4, atom.Blockquote, atom.Figure, atom.Section, atom.Article, atom.Ul, atom.Ol, atom.Table, atom.Pre, atom.Hr:
				b.WriteByte('\n')
			case atom.A:
				if to := resolve(base, attribute(t, "href")); to != "" && len(links) < maxLinks {
					links = append(links, post.Link{Given: to})
				}
			case atom.Img:
				if to := resolve(base, attribute(t, "src")); to != "" && len(images) < maxLinks {
					images = append(images, post.Media{URL: to})
				}
			}
		}
	}
	return lines(html.UnescapeString(b.String())), links, images
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// resolve makes an address absolute; empty where it is none of the web.
func resolve(base *url.URL, address string) string {
	address = strings.TrimSpace(address)
	if address == "" || strings.HasPrefix(address, "#") {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return ""
	}
	return u.String()
}

// lines brings white space to single spaces and at most one empty line.
func lines(s string) string {
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.Join(strings.Fields(line), " ")
		if line == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, line)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}
