package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Column is one column of a table.
type Column struct {
	// Key names the column in the address; Label is its heading, in the
	// reader's language.
	Key, Label string
	// Number sets it to the right, with figures of one width.
	Number bool
	// Sorts says that the table can be sorted by it, Falls that the greatest
	// comes first at the first click.
	Sorts, Falls bool

	// Link, Order and Next are filled in by tableOf.
	Link, Order, Next string
}

// Table is a table's head: columns, and by which it is sorted. The template
// "table-head" draws it; the page writes the rows.
type Table struct {
	// Caption says what the table shows; it is read aloud, not shown.
	Caption string
	Columns []Column
	// Sort is the column that sorts, Falling its direction.
	Sort    string
	Falling bool
}

// tableOf reads the sorting from the address ("sort=-posts"), where the table
// can be sorted so, else sorts by the first choice.
func tableOf(r *http.Request, caption, first string, columns ...Column) Table {
	t := Table{Caption: caption, Columns: columns}
	want := r.URL.Query().Get("sort")
	if !t.take(want) {
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
		c.Link = with(r, "sort", c.Next, "page", "")
	}
	return t
}

func (t *Table) take(sort string) bool {
	key, falling := strings.CutPrefix(sort, "-")
	for _, c := range t.Columns {
		if c.Sorts && c.Key == key {
			t.Sort, t.Falling = key, falling
			return true
		}
	}
	return false
}

// Pager leads from page to page; the template "pager" draws it. Where the
// total is not known it has Next alone.
type Pager struct {
	From, To, Total  int64
	Previous, Next   string
	First, LastPages string
}

// pageSize is how many rows a page has.
const pageSize = 50

// pagerOf reads the page from the address ("page=2") and gives the pager with
// the rows to leave out.
func pagerOf(r *http.Request, total int64, size int) (Pager, int) {
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	last := int((total + int64(size) - 1) / int64(size))
	if err != nil || n < 1 {
		n = 1
	}
	n = max(1, min(n, last))
	skip := (n - 1) * size
	p := Pager{From: int64(skip + 1), To: min(int64(skip+size), total), Total: total}
	if total == 0 {
		p.From = 0
	}
	if n > 1 {
		p.Previous = with(r, "page", pageNumber(n-1))
	}
	if n < last {
		p.Next = with(r, "page", strconv.Itoa(n+1))
	}
	return p, skip
}

func pageNumber(n int) string {
	if n == 1 {
		return ""
	}
	return strconv.Itoa(n)
}

// with gives the request's address with some of its parameters changed: names
// and values in turn, an empty value taking the name out.
func with(r *http.Request, pairs ...string) string {
	q := r.URL.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	u := url.URL{Path: r.URL.Path, RawQuery: q.Encode()}
	return u.String()
}
