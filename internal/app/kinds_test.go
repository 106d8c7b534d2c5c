package app

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/akashi-project/akashi/internal/i18n"
)

// TestKindsHaveWords says that every kind of source that people can add, and
// each of its settings, has words in the catalogues and a place in
// docs/sources.md.
func TestKindsHaveWords(t *testing.T) {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "sources.md"))
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, part := range strings.Split("\n"+string(data), "\n## ")[1:] {
		if m := regexp.MustCompile("^[^\n]*`([a-z-]+)`").FindStringSubmatch(part); m != nil {
			sections[m[1]] = part
		}
	}
	seen := 0
	for _, k := range (&App{}).kinds() {
		seen++
		for _, key := range []string{"source.kind." + k.Name, "source.about." + k.Name} {
			if !words.Has(key) {
				t.Errorf("no words for %s", key)
			}
		}
		section, ok := sections[k.Name]
		if !ok {
			t.Errorf("docs/sources.md has no section on `%s`", k.Name)
		}
		for _, part := range []string{"Brings:", "Limits:", "Terms:", "Identity:"} {
			if ok && !strings.Contains(section, "**"+part+"**") {
				t.Errorf("docs/sources.md does not say %q of `%s`", part, k.Name)
			}
		}
		for _, s := range k.Settings {
			if !words.Has("source.setting."+s.Key) && !words.Has("source.setting."+k.Name+"."+s.Key) {
				t.Errorf("no words for source.setting.%s of %s", s.Key, k.Name)
			}
			if ok && !strings.Contains(section, "| `"+s.Key+"` |") {
				t.Errorf("docs/sources.md does not name the setting `%s` of `%s`", s.Key, k.Name)
			}
		}
	}
	if seen < 4 {
		t.Errorf("only %d kinds", seen)
	}
}
