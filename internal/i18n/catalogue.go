package i18n

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed en ja
var files embed.FS

// Langs are the languages Akashi speaks, its default first.
var Langs = []string{"ja", "en"}

// entry is one sentence in one language.
type entry struct {
	one, other []piece
	plural     bool
}

// piece is literal text, or the placeholder that stands there.
type piece struct{ text, name string }

// Catalogue holds every sentence in every language.
type Catalogue struct {
	langs map[string]map[string]entry
}

// Load reads the catalogues that are built in and checks them against each
// other.
var Load = sync.OnceValues(func() (*Catalogue, error) { return read(files, Langs) })

// read reads the catalogues LANG/AREA.yaml of the languages.
func read(fsys fs.FS, langs []string) (*Catalogue, error) {
	c := &Catalogue{langs: map[string]map[string]entry{}}
	for _, lang := range langs {
		c.langs[lang] = map[string]entry{}
		names, err := fs.Glob(fsys, lang+"/*.yaml")
		if err != nil {
			return nil, fmt.Errorf("listing the %s catalogues: %w", lang, err)
		}
		for _, name := range names {
			if err := c.area(fsys, lang, name); err != nil {
				return nil, fmt.Errorf("catalogue %s: %w", name, err)
			}
		}
	}
	for _, lang := range langs[1:] {
		if err := same(langs[0], c.langs[langs[0]], lang, c.langs[lang]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// area reads one file.
func (c *Catalogue) area(fsys fs.FS, lang, name string) error {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	var raw map[string]any
	if err := yaml.Unmarshal(data, &raw); err != nil {
		return fmt.Errorf("parsing: %w", err)
	}
	area := strings.TrimSuffix(path.Base(name), ".yaml")
	for k, v := range raw {
		e, err := parse(v)
		if err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
		c.langs[lang][area+"."+k] = e
	}
	return nil
}

// parse reads an entry: a sentence, or its plural forms.
func parse(v any) (entry, error) {
	var e entry
	var err error
	switch v := v.(type) {
	case string:
		e.other, err = pieces(v)
		return e, err
	case map[string]any:
		e.plural = true
		for form, text := range v {
			s, ok := text.(string)
			if !ok {
				return e, fmt.Errorf("form %s is no text", form)
			}
			switch form {
			case "one":
				e.one, err = pieces(s)
			case "other":
				e.other, err = pieces(s)
			default:
				return e, fmt.Errorf("there is no plural form %q: one, other", form)
			}
			if err != nil {
				return e, err
			}
		}
		if e.other == nil {
			return e, fmt.Errorf("the form other is missing")
		}
		return e, nil
	}
	return e, fmt.Errorf("%T is neither text nor plural forms (put quotes around it)", v)
}

// pieces cuts a sentence at its placeholders.
func pieces(s string) ([]piece, error) {
	if s == "" {
		return nil, fmt.Errorf("the sentence is empty")
	}
	var out []piece
	for s != "" {
		text, rest, found := strings.Cut(s, "{")
		if text != "" {
			out = append(out, piece{text: text})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" || strings.ContainsAny(name, " {") {
			return nil, fmt.Errorf("placeholder %q is not {name}", name)
		}
		out = append(out, piece{name: name})
		s = after
	}
	return out, nil
}

// placeholders gives the names in any form of an entry.
func (e entry) placeholders() map[string]bool {
	out := map[string]bool{}
	for _, p := range slices.Concat(e.one, e.other) {
		if p.name != "" {
			out[p.name] = true
		}
	}
	if e.plural {
		out["count"] = true
	}
	return out
}

// same says whether two languages say the same things.
func same(aName string, a map[string]entry, bName string, b map[string]entry) error {
	for _, k := range slices.Sorted(maps.Keys(a)) {
		e, ok := b[k]
		if !ok {
			return fmt.Errorf("catalogues: %s is there in %s, not in %s", k, aName, bName)
		}
		x, y := a[k].placeholders(), e.placeholders()
		// A sentence that names no number may still choose its form by one.
		delete(x, "count")
		delete(y, "count")
		if !maps.Equal(x, y) {
			return fmt.Errorf("catalogues: %s has placeholders %v in %s, %v in %s", k,
				slices.Sorted(maps.Keys(x)), aName, slices.Sorted(maps.Keys(y)), bName)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[k]; !ok {
			return fmt.Errorf("catalogues: %s is there in %s, not in %s", k, bName, aName)
		}
	}
	return nil
}

// Keys are all keys, sorted.
func (c *Catalogue) Keys() []string { return slices.Sorted(maps.Keys(c.langs[Langs[0]])) }

// Has says whether there is such a key.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.langs[Langs[0]][key]
	return ok
}
