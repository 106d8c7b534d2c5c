package api_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/akashi-project/akashi/internal/auth"
)

// TestDocumented holds docs/api.md to the operations and codes that there are.
func TestDocumented(t *testing.T) {
	w := newWorld(t, false)
	var table strings.Builder
	table.WriteString("| scope | operation | what it does |\n|---|---|---|\n")
	for _, action := range append([]auth.Action{""}, auth.Actions...) {
		scope := "`" + string(action) + "`"
		if action == "" {
			scope = "(any)"
		}
		for _, op := range w.API.Operations() {
			if op.Action == action {
				fmt.Fprintf(&table, "| %s | `%s %s` | %s |\n", scope, op.Method, op.Path, op.Summary)
			}
		}
	}
	path := filepath.Join("..", "..", "docs", "api.md")
	data, err := os.ReadFile(path)
	must(t, err)
	before, rest, ok := strings.Cut(string(data), "-update -->\n")
	_, after, ok2 := strings.Cut(rest, "<!-- end of operations -->")
	if !ok || !ok2 {
		t.Fatal("docs/api.md has no place for operations")
	}
	want := before + "-update -->\n" + table.String() + "<!-- end of operations -->" + after
	if *update {
		must(t, os.WriteFile(path, []byte(want), 0o644))
	} else if want != string(data) {
		t.Error("docs/api.md does not list the operations that there are: go test ./internal/api -run TestDocumented -update")
	}
	source, err := os.ReadFile("problem.go")
	must(t, err)
	found := regexp.MustCompile(`\tCode\w+ +Code = "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 10 {
		t.Errorf("only %d codes", len(found))
	}
	for _, code := range found {
		if !strings.Contains(want, "| `"+code[1]+"` |") {
			t.Errorf("docs/api.md does not explain the code %q", code[1])
		}
	}
}
