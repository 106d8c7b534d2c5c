package mandate

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// stems begin words for what people are or believe, which no part of Akashi
// may hold (GDPR article 9 and Japan's Act on the Protection of Personal
// Information, article 2, paragraph 3, name most of them).
var stems = []string{
	"opinion", "belief", "believ", "ideolog", "stance", "sentiment", "attitude", "emotion", "politic", "leaning", "partisan",
	"religi", "faith", "creed", "worship", "philosoph", "health", "illness", "disease", "diagnos", "disabilit", "medical", "psych",
	"ethnic", "race", "racial", "nationality", "caste", "birthplace", "sex", "gender", "homosex", "lgbt", "unionmember", "criminal",
	"conviction", "genetic", "biometric", "temperament", "character_trait", "loyal",
}

// TestNoFieldForOpinion looks at every column of a database, every field of a
// struct and every key of JSON in the module. A word in a comment is free. A
// field that happens to be called so and holds nothing of the kind is named in
// allowed, with its reason.
func TestNoFieldForOpinion(t *testing.T) {
	allowed := map[string]string{}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	look := func(kind, path, name string) {
		seen[kind]++
		if stem := speaksOf(name); stem != "" && allowed[name] == "" {
			t.Errorf("%s: the %s %q speaks of what people are or believe (%s…)", path, kind, name, stem)
		}
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "testdata") {
			return fs.SkipDir
		}
		short := strings.TrimPrefix(path, root+string(filepath.Separator))
		switch {
		case strings.HasSuffix(path, ".sql"):
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, name := range columns(string(data)) {
				look("column", short, name)
			}
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			fields(t, path, func(kind, name string) { look(kind, short, name) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// The test must not fall silent when files move.
	for kind, least := range map[string]int{"column": 40, "field": 500, "key of JSON": 50} {
		if seen[kind] < least {
			t.Errorf("only %d of kind %s were looked at", seen[kind], kind)
		}
	}
}

// TestSpeaksOf shows what the test above would find.
func TestSpeaksOf(t *testing.T) {
	for name, want := range map[string]bool{
		"PoliticalLeaning": true, "account_stance": true, "sentimentScore": true, "UserReligion": true, "RACE": true, "HTTPHealth": true,
		"Trace": false, "traces": false, "Platform": false, "account": false, "Distance": false, "Unbelievable": false,
	} {
		if got := speaksOf(name) != ""; got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	got := columns("-- +goose Up\nCREATE TABLE IF NOT EXISTS a (\n  id TEXT PRIMARY KEY, -- belief\n  \"stance\" TEXT,\n n DECIMAL(4, 2),\n PRIMARY KEY (id)\n);\nALTER TABLE a ADD COLUMN mood TEXT;")
	if strings.Join(got, " ") != "a id stance n mood" {
		t.Errorf("columns: %v", got)
	}
}

// speaksOf gives the stem that a word of an identifier begins with.
func speaksOf(name string) string {
	whole := strings.ToLower(name)
	for _, word := range identifierWords(name) {
		for _, stem := range stems {
			if strings.HasPrefix(word, stem) || strings.Contains(stem, "_") && strings.Contains(whole, stem) {
				return stem
			}
		}
	}
	return ""
}

// identifierWords cuts snake_case, camelCase and kebab-case.
func identifierWords(name string) []string {
	var out []string
	var word []rune
	runes := []rune(name)
	flush := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
			word = nil
		}
	}
	for i, r := range runes {
		if !unicode.IsLetter(r) {
			flush()
			continue
		}
		if unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			flush()
		}
		word = append(word, r)
	}
	flush()
	return out
}

var (
	sqlComment = regexp.MustCompile(`--[^\n]*|(?s:/\*.*?\*/)`)
	sqlTable   = regexp.MustCompile(`(?is)CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?["\x60]?(\w+)["\x60]?\s*\(`)
	sqlAdded   = regexp.MustCompile(`(?i)ADD\s+COLUMN\s+(?:IF\s+NOT\s+EXISTS\s+)?["\x60]?(\w+)`)
	sqlName    = regexp.MustCompile(`^\s*["\x60]?(\w+)`)
	sqlNoName  = regexp.MustCompile(`(?i)^\s*(PRIMARY|UNIQUE|FOREIGN|CHECK|CONSTRAINT|EXCLUDE)\b`)
)

// columns gives the names of tables and columns that statements make.
func columns(sql string) []string {
	sql = sqlComment.ReplaceAllString(sql, "")
	var out []string
	for _, m := range sqlTable.FindAllStringSubmatchIndex(sql, -1) {
		out = append(out, sql[m[2]:m[3]])
		depth, from := 1, m[1]
		for i := m[1]; i < len(sql) && depth > 0; i++ {
			switch sql[i] {
			case '(':
				depth++
			case ')':
				depth--
			}
			if depth == 1 && sql[i] == ',' || depth == 0 {
				part := sql[from:i]
				if name := sqlName.FindStringSubmatch(part); name != nil && !sqlNoName.MatchString(part) {
					out = append(out, name[1])
				}
				from = i + 1
			}
		}
	}
	for _, m := range sqlAdded.FindAllStringSubmatch(sql, -1) {
		out = append(out, m[1])
	}
	return out
}

// fields gives what a Go file names: fields of structs, their keys in JSON and
// other encodings, and columns of tables that it makes.
func fields(t *testing.T, path string, look func(kind, name string)) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Error(err)
		return
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StructType:
			for _, f := range n.Fields.List {
				for _, name := range f.Names {
					look("field", name.Name)
				}
				if f.Tag == nil {
					continue
				}
				tag, err := strconv.Unquote(f.Tag.Value)
				if err != nil {
					continue
				}
				for _, key := range []string{"json", "yaml", "koanf", "parquet", "csv", "xml"} {
					if name, _, _ := strings.Cut(reflect.StructTag(tag).Get(key), ","); name != "" {
						look("key of JSON", name)
					}
				}
			}
		case *ast.BasicLit:
			if n.Kind != token.STRING {
				break
			}
			if s, err := strconv.Unquote(n.Value); err == nil && sqlTable.MatchString(s) || strings.Contains(n.Value, "ADD COLUMN") {
				for _, name := range columns(s) {
					look("column", name)
				}
			}
		}
		return true
	})
}
