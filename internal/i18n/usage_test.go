package i18n

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	inTemplate = regexp.MustCompile(`\b(?:t|say) "([^"]+)"`)
	declared   = regexp.MustCompile(`i18n: ([a-z0-9_-]+\.[a-z0-9_.*-]+)`)
	keyLike    = regexp.MustCompile(`^[a-z][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)+$`)
)

// TestUsage says that every key that templates and Go code name is there, and
// that none is there that nothing names. In Go, a text of package web that looks
// like a key of one of the catalogues is one.
func TestUsage(t *testing.T) {
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	areas := map[string]bool{}
	for _, k := range c.Keys() {
		area, _, _ := strings.Cut(k, ".")
		areas[area] = true
	}
	used := map[string]string{} // key → where
	var prefixes []string
	root := filepath.Join("..", "..")
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testdata") {
				return err
			}
			switch filepath.Ext(path) {
			case ".html":
				if !strings.Contains(filepath.ToSlash(path), "internal/web/") {
					return nil // the report has words of its own
				}
				data, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				for _, m := range inTemplate.FindAllSubmatch(data, -1) {
					used[string(m[1])] = path
				}
				prefixes = append(prefixes, declarations(string(data))...)
			case ".go":
				web := strings.Contains(filepath.ToSlash(path), "internal/web/")
				return inGo(path, func(text string) {
					area, _, _ := strings.Cut(text, ".")
					if areas[area] && keyLike.MatchString(text) && (web || c.Has(text)) {
						used[text] = path
					}
				}, func(comment string) { prefixes = append(prefixes, declarations(comment)...) })
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(used)) {
		if !c.Has(k) {
			t.Errorf("%s names %s, which is in no catalogue", used[k], k)
		}
	}
	for _, k := range c.Keys() {
		if _, ok := used[k]; !ok && !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(k, p) }) {
			t.Errorf("nothing uses %s (where it is put together, declare it: i18n: %s*)", k, k[:strings.LastIndex(k, ".")+1])
		}
	}
}

// declarations gives the keys, and beginnings of keys, that a comment declares.
func declarations(text string) []string {
	var out []string
	for _, m := range declared.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.TrimSuffix(m[1], "*"))
	}
	return out
}

// inGo hands on the texts and comments of a Go file.
func inGo(path string, text, comment func(string)) error {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	for _, g := range f.Comments {
		if f.Doc != g {
			comment(g.Text())
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil {
				text(s)
			}
		}
		return true
	})
	return nil
}
