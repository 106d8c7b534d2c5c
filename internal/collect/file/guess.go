package file

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// sampleRows is how many rows a guess looks at.
const sampleRows = 200

// column is what a guess knows of one column.
type column struct {
	name     string
	filled   int
	distinct int
	times    int
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

// guess finds the columns of a table that no format claims.
func guess(header []string, rows [][]string, g given, zone *time.Location) (columns, error) {
	cols := survey(header, rows, zone)
	var c columns
	taken := make([]bool, len(header))
	for r := range numRoles {
		for name := range strings.SplitSeq(g[r], ",") {
			if i := find(header, strings.TrimSpace(name)); i >= 0 {
				taken[i] = true
			}
		}
	}
	byName := func(r role, fits func(column) bool) {
		if g[r] != "" {
			return
		}
		for _, name := range roleTable[r].names {
			for i := range cols {
				if !taken[i] && cols[i].name == name && (len(rows) == 0 || fits(cols[i])) {
					c.at[r], taken[i] = []int{i}, true
					return
				}
			}
		}
	}
	timely := func(k column) bool { return k.times*10 >= k.filled*6 && k.filled > 0 }
	filled := func(k column) bool { return k.filled > 0 }
	byName(roleTime, timely)
	if g[roleTime] == "" && len(c.at[roleTime]) == 0 {
		var found []int
		for i, k := range cols {
			if !taken[i] && k.filled > 0 && k.times*20 >= k.filled*19 && !strings.HasSuffix(k.name, "id") {
				found = append(found, i)
			}
		}
		if len(found) > 1 {
			return c, needMap(header, roleTime, "several columns hold times: "+names(header, found))
		}
		if len(found) == 1 {
			c.at[roleTime] = found
			taken[found[0]] = true
		}
	}
	byName(roleAccount, func(k column) bool { return k.filled > 0 && k.urls*2 < k.filled })
	byName(rolePost, func(k column) bool { return k.distinct*2 >= k.filled && k.length < 90*k.filled })
	byName(roleObject, filled)
	if g[roleObject] != "" || len(c.at[roleObject]) > 0 {
		byName(rolePlatform, filled)
		return c, missing(&c, g, header)
	}
	byName(roleText, func(k column) bool { return k.filled > 0 && k.urls*2 < k.filled && k.times < k.filled })
	if g[roleText] == "" && len(c.at[roleText]) == 0 {
		longest, at := 20, -1
		for i, k := range cols {
			if !taken[i] && k.filled*2 > len(rows) && k.urls*2 < k.filled && k.length/max(k.filled, 1) > longest {
				longest, at = k.length/k.filled, i
			}
		}
		if at >= 0 {
			c.at[roleText], taken[at] = []int{at}, true
		}
	}
	byName(rolePermalink, func(k column) bool {
		return k.own*2 > k.filled && k.distinct*10 >= k.filled*8 && k.filled*2 > len(rows)
	})
	byName(roleURL, func(k column) bool { return k.urls*2 >= k.filled && k.filled > 0 || k.name == "urlid" && k.filled > 0 })
	for r := roleHandle; r < numRoles; r++ {
		if len(c.at[r]) == 0 && r != roleObject && r != roleText && r != rolePermalink && r != roleURL && r != rolePost && r != roleTime {
			byName(r, filled)
		}
	}
	return c, missing(&c, g, header)
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
		out[i] = fmt.Sprint(i + 1)
	}
	return out, true
}
