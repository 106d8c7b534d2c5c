package casestore

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// Migrations are written for SQLite and PostgreSQL alike. What only one of them
// knows stands here; BLOB and AUTOINCREMENT are rewritten, as the package's
// documentation says.
var onlyOne = []struct{ why, word string }{
	{"SQLite's", `WITHOUT\s+ROWID`},
	{"SQLite's", `\bSTRICT\b`},
	{"SQLite's", `\bPRAGMA\b`},
	{"SQLite's", `\bVIRTUAL\s+TABLE\b`},
	{"SQLite's", `\bINSERT\s+OR\b`},
	{"SQLite's", `\bREPLACE\s+INTO\b`},
	{"SQLite's", `\bCOLLATE\s+NOCASE\b`},
	{"SQLite's", `\b(GLOB|ROWID|IFNULL|STRFTIME|JULIANDAY|UNIXEPOCH|JSON_EXTRACT|GROUP_CONCAT|RANDOMBLOB|HEX)\b`},
	{"SQLite's", `\b(DATETIME|TINYINT|DOUBLE)\b(\s*\(|\s+(NOT|DEFAULT|,))`},
	{"SQLite's quoting", "`|\\[[a-z]"},
	{"in PostgreSQL a name, not a text", `DEFAULT\s+"`},
	{"PostgreSQL's", `\b(SERIAL|BIGSERIAL|BYTEA|JSONB|TIMESTAMPTZ|UUID|ILIKE|VARCHAR|BOOLEAN|TRUE|FALSE)\b`},
	{"PostgreSQL's", `::|\bGENERATED\b|\bEXTENSION\b|\bUSING\s+(GIN|GIST|BRIN)\b`},
	{"not the same everywhere", `\bTRIGGER\b|\bCURRENT_(TIME|DATE|TIMESTAMP)\b|\bNOW\s*\(`},
	{"a name that PostgreSQL keeps for itself", `(?m)^\s*("?)(user|order|group|end|desc|all|analyse|analyze|array|column|default|limit|offset|table|to|when|window)\b\s+(TEXT|INTEGER|BIGINT|BLOB|REAL)`},
	{"a table name that PostgreSQL keeps for itself", `CREATE\s+TABLE\s+(IF\s+NOT\s+EXISTS\s+)?(user|order|group|end|all|analyse|analyze|array|column|default|limit|offset|table|to|when|window)\b`},
	{"of 32 bits in PostgreSQL: times are BIGINT", `(?m)^\s*[a-z_]*(_at|_time|time|seen|expires|created|updated)\s+INTEGER`},
}

func TestMigrationsArePortable(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	comment := regexp.MustCompile(`(?m)--.*$`)
	autoincrement := regexp.MustCompile(`(?i)\bINTEGER\s+PRIMARY\s+KEY\s+AUTOINCREMENT\b`)
	for _, f := range files {
		raw, err := fs.ReadFile(migrations, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"-- +goose Up", "-- +goose Down"} {
			if !strings.Contains(string(raw), part) {
				t.Errorf("%s has no %q", f, part)
			}
		}
		text := autoincrement.ReplaceAllString(comment.ReplaceAllString(string(raw), ""), "BIGINT PRIMARY KEY")
		if strings.Contains(strings.ToUpper(text), "AUTOINCREMENT") {
			t.Errorf("%s: AUTOINCREMENT elsewhere than in INTEGER PRIMARY KEY AUTOINCREMENT", f)
		}
		if strings.Contains(text, "?") {
			t.Errorf("%s: a placeholder", f)
		}
		for _, o := range onlyOne {
			if m := regexp.MustCompile(`(?i)` + o.word).FindString(text); m != "" {
				t.Errorf("%s: %q is %s", f, strings.TrimSpace(m), o.why)
			}
		}
	}
}
