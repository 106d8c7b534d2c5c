package web

import (
	"net/http"
	"net/url"
	"strconv"
)

// sheet is one of several tables of a page, which is sorted and paged by
// parameters of its own: "edges=-q" and "edges-page=2" for the table "edges".
type sheet struct {
	Table
	Pager
	from, to int
}

// sheetOf reads how the table of that name is sorted and which rows of it are
// shown. Its links lead to the element that has the name as its id.
func sheetOf(r *http.Request, name, caption, first string, total, size int, columns ...Column) sheet {
	t := Table{Caption: caption, Columns: columns}
	if !t.take(r.URL.Query().Get(name)) {
		t.take(first)
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if !c.Sorts {
			continue
		}
		falls := c.Falls
		c.Order = "none"
		if c.Key == t.Sort {
			falls = !t.Falling
			c.Order = "ascending"
			if t.Falling {
				c.Order = "descending"
			}
		}
		c.Next = c.Key
		if falls {
			c.Next = "-" + c.Key
		}
		c.Link = within(r, name, name, c.Next, name+"-page", "")
	}
	x := sheet{Table: t}
	last := max(1, (total+size-1)/size)
	n, err := strconv.Atoi(r.URL.Query().Get(name + "-page"))
	if err != nil {
		n = 1
	}
	n = min(max(n, 1), last)
	x.from, x.to = (n-1)*size, min(n*size, total)
	if last > 1 {
		x.Pager = Pager{From: int64(x.from + 1), To: int64(x.to), Total: int64(total)}
	}
	if n > 1 {
		x.Previous = within(r, name, name+"-page", pageNumber(n-1))
	}
	if n < last {
		x.Next = within(r, name, name+"-page", strconv.Itoa(n+1))
	}
	return x
}

// within is with, leading to an element of the page.
func within(r *http.Request, element string, pairs ...string) string {
	return with(r, pairs...) + "#" + url.PathEscape(element)
}
