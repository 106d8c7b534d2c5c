package file

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/akashi-project/akashi/internal/normalise"
)

// sampleRows is how many rows a guess looks at.
const sampleRows = 200

// column is what a guess knows of one column.
type column struct {
	name     string
	filled   int
	distinct int
	times    int
	days     int // without a time of day
	urls     int
	own      int // addresses of posts
	length   int // of all values, in characters
}

// survey looks at the values of each column.
func survey(header []string, rows [][]string, zone *time.Location) []column {
	cols := make([]column, len(header))
	for i := range cols {
		cols[i].name = bare(header[i])
		seen := map[string]struct{}{}
		for _, row := range rows {
			if i >= len(row) || strings.TrimSpace(row[i]) == "" {
				continue
			}
			v := strings.TrimSpace(row[i])
			cols[i].filled++
			cols[i].length += utf8.RuneCountInString(v)
			seen[v] = struct{}{}
			if len(v) < 80 {
				if _, err := parseTime(v, zone); err == nil {
					cols[i].times++
				} else if errors.Is(err, normalise.ErrNoClock) {
					cols[i].days++
				}
			}
			if looksURL(v) {
				cols[i].urls++
				if ownAddress(v) {
					cols[i].own++
				}
			}
		}
		cols[i].distinct = len(seen)
	}
	return cols
}

func looksURL(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "www.")
}

// ownAddress says that an address looks like that of a post on a platform.
func ownAddress(s string) bool {
	for _, part := range []string{"/status/", "/statuses/", "/posts/", "/video/", "/videos/", "/permalink", "/photo", "/p/", "/reel/", "/post/", "story.php", "/comments/", "youtube.com/watch", "//t.me/", "wall-", "/wall"} {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}

// guesser is the state of one guess.
type guesser struct {
	columns
	given  given
	header []string
	rows   int
	cols   []column
	taken  []bool
}

// guess finds the columns of a table that no format claims.
func guess(header []string, rows [][]string, g given, zone *time.Location) (columns, error) {
	k := &guesser{given: g, header: header, rows: len(rows), cols: survey(header, rows, zone), taken: make([]bool, len(header))}
	for r := range numRoles {
		for name := range strings.SplitSeq(g[r], ",") {
			if i := find(header, strings.TrimSpace(name)); i >= 0 {
				k.taken[i] = true
			}
		}
	}
	if err := k.findTime(); err != nil {
		return k.columns, err
	}
	filled := func(c column) bool { return c.filled > 0 }
	k.byName(roleAccount, func(c column) bool { return c.filled > 0 && c.urls*2 < c.filled })
	k.byName(rolePost, func(c column) bool { return c.distinct*2 >= c.filled && c.length < 90*c.filled })
	k.byName(roleObject, filled)
	if g[roleObject] != "" || k.has(roleObject) {
		k.byName(rolePlatform, filled)
		err := missing(&k.columns, g, header)
		return k.columns, err
	}
	k.findText()
	k.byName(rolePermalink, func(c column) bool {
		return c.own*2 > c.filled && c.distinct*10 >= c.filled*8 && c.filled*2 > len(rows)
	})
	k.byName(roleURL, func(c column) bool { return c.filled > 0 && (c.urls*2 >= c.filled || c.name == "urlid") })
	for _, r := range []role{
		roleHandle, roleName, roleHashtag, roleMention, roleLang, rolePlatform, roleChannel, roleRepost, roleReply, roleQuote, roleDomain, roleImage,
	} {
		k.byName(r, filled)
	}
	err := missing(&k.columns, g, header)
	return k.columns, err
}

// byName gives a role the first column of a name that stands for it and whose
// values fit.
func (k *guesser) byName(r role, fits func(column) bool) {
	if k.given[r] != "" {
		return
	}
	for _, name := range roleTable[r].names {
		for i := range k.cols {
			if !k.taken[i] && k.cols[i].name == name && (k.rows == 0 || fits(k.cols[i])) {
				k.at[r], k.taken[i] = []int{i}, true
				return
			}
		}
	}
}

// findTime finds the column of times by name, or as the only one that holds
// times.
func (k *guesser) findTime() error {
	k.byName(roleTime, func(c column) bool { return c.times*10 >= c.filled*6 && c.filled > 0 })
	if k.given[roleTime] != "" || k.has(roleTime) {
		return nil
	}
	var found []int
	for i, c := range k.cols {
		if !k.taken[i] && c.filled > 0 && c.times*20 >= c.filled*19 && !strings.HasSuffix(c.name, "id") {
			found = append(found, i)
		}
	}
	switch {
	case len(found) > 1:
		return needMap(k.header, roleTime, "several columns hold times: "+names(k.header, found))
	case len(found) == 1:
		k.at[roleTime], k.taken[found[0]] = found, true
		return nil
	}
	for i, c := range k.cols {
		if c.filled > 0 && c.days*10 >= c.filled*9 {
			return needMap(k.header, roleTime, "column "+k.header[i]+" states days but no time of day")
		}
	}
	return nil
}

// findText finds the column of texts by name, or as the one with the longest
// values.
func (k *guesser) findText() {
	k.byName(roleText, func(c column) bool { return c.filled > 0 && c.urls*2 < c.filled && c.times < c.filled })
	if k.given[roleText] != "" || k.has(roleText) {
		return
	}
	longest, at := 20, -1
	for i, c := range k.cols {
		if !k.taken[i] && c.filled*2 > k.rows && c.urls*2 < c.filled && c.length/c.filled > longest {
			longest, at = c.length/c.filled, i
		}
	}
	if at >= 0 {
		k.at[roleText], k.taken[at] = []int{at}, true
	}
}

func names(header []string, at []int) string {
	out := make([]string, len(at))
	for i, k := range at {
		out[i] = header[k]
	}
	return strings.Join(out, ", ")
}

// missing says which role the caller must map for the table to be read.
func missing(c *columns, g given, header []string) error {
	for _, r := range []role{roleAccount, roleTime} {
		if !c.has(r) && g[r] == "" {
			return needMap(header, r, "no column looks like it")
		}
	}
	return nil
}

func needMap(header []string, r role, why string) error {
	return fmt.Errorf("the table does not show which column is the %s (%s): give it with --map %s=COLUMN; the columns are %s",
		r, why, r, columnList(header))
}

// headless says that a table's first row is data and not column names, and if
// so gives names: the columns' numbers.
func headless(first []string, zone *time.Location) ([]string, bool) {
	data := false
	for _, v := range first {
		v = strings.TrimSpace(v)
		if v == "" {
			continue
		}
		if looksURL(v) {
			data = true
		}
		if len(v) >= 8 && len(v) < 40 && v[0] >= '0' && v[0] <= '9' {
			if _, err := parseTime(v, zone); err == nil {
				data = true
			}
		}
	}
	if !data || slices.ContainsFunc(first, func(v string) bool {
		v = bare(v)
		return v == "id" || v == "author" || v == "text" || v == "timestamp"
	}) {
		return nil, false
	}
	out := make([]string, len(first))
	for i := range out {
		out[i] = strconv.Itoa(i + 1)
	}
	return out, true
}
