package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Severity says how bad a problem is.
type Severity int

// The severities: what is Weak works, but ought not to be; what is Wrong keeps
// Akashi from starting.
const (
	Weak Severity = iota
	Wrong
)

// Problem is something that is not as it should be in a configuration.
type Problem struct {
	Severity Severity
	// Key is the option; empty where it is about the file.
	Key string
	// File, Line and Column say where its value stands; Line is 0 where it is
	// not in a file. Env is the variable that it stands in, if it does.
	File         string
	Line, Column int
	Env          string
	// En and Ja say what is wrong.
	En, Ja string
}

// String gives the problem in English, with its place.
func (p Problem) String() string { return p.In("en") }

// In gives the problem in "ja" or "en", with its place before it.
func (p Problem) In(lang string) string {
	var where string
	switch {
	case p.Line > 0 && p.File != "":
		where = fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	case p.Line > 0:
		where = fmt.Sprintf("%d:%d: ", p.Line, p.Column)
	case p.Env != "":
		where = p.Env + ": "
	}
	if p.Key != "" && p.Env == "" {
		where += p.Key + ": "
	}
	if lang == "ja" {
		return where + p.Ja
	}
	return where + p.En
}

// place is where a value stands.
type place struct {
	file         string
	line, column int
	env          string
}

// problemList gathers problems.
type problemList struct{ list []Problem }

func (l *problemList) add(s Severity, key, en, ja string) {
	l.list = append(l.list, Problem{Severity: s, Key: key, En: en, Ja: ja})
}

func (l *problemList) at(s Severity, key string, at place, en, ja string) {
	l.list = append(l.list, Problem{Severity: s, Key: key, Line: at.line, Column: at.column, Env: at.env, En: en, Ja: ja})
}

// unknown says that there is no such key, and which one is meant.
func (l *problemList) unknown(key string, at place, keys []string) {
	en, ja := "there is no such option", "このような項目はありません。"
	if near := nearest(key, keys); near != "" {
		en += fmt.Sprintf(": did you mean %s?", near)
		ja += fmt.Sprintf("%s のことでしょうか。", near)
	}
	l.at(Wrong, key, at, en, ja)
}

// unknownEnv says that a variable is none of ours. That stops nothing: others
// may use the same prefix.
func (l *problemList) unknownEnv(name string, byEnv map[string]string) {
	switch strings.TrimPrefix(name, envPrefix) {
	case "CONFIG", "SERVER", "TOKEN", "TOKEN_FILE": // the commands': which file, which server
		return
	}
	en, ja := "no option has this name", "この名前の項目はありません。"
	if near := nearest(name, slices.Sorted(maps.Keys(byEnv))); near != "" {
		en += fmt.Sprintf(": did you mean %s?", near)
		ja += fmt.Sprintf("%s のことでしょうか。", near)
	}
	l.at(Weak, "", place{env: name}, en, ja)
}

// locate fills in where the values stand that the problems are about, and
// orders the problems by place.
func (l *problemList) locate(path string, places map[string]place) {
	for i := range l.list {
		p := &l.list[i]
		if at, ok := places[p.Key]; ok && p.Line == 0 && p.Env == "" {
			p.Line, p.Column, p.Env = at.line, at.column, at.env
		}
		if p.Line > 0 {
			p.File = path
		}
	}
	slices.SortStableFunc(l.list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// nearest gives the word that is most like a word, the first of equals; none
// where all differ in more than a third of it. A name without its section, or
// in another, is found too.
func nearest(word string, words []string) string {
	word = strings.ToLower(strings.ReplaceAll(word, "-", "_"))
	_, bare, _ := strings.Cut(word, ".")
	if bare == "" {
		bare = word
	}
	best, least := "", len(word)/3+1
	for _, w := range words {
		d := distance(word, strings.ToLower(w))
		if _, name, ok := strings.Cut(w, "."); ok && name == bare && len(bare) > 2 {
			d = min(d, 1)
		}
		if d < least {
			best, least = w, d
		}
	}
	return best
}

// distance is how many letters must be put in, taken out or changed to make b
// of a (Levenshtein).
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost = 1 + min(last, row[j], row[j+1])
			}
			last, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
