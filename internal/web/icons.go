package web

import (
	"embed"
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"sync"
)

// The icons are Lucide's, under the ISC licence: see icons/LICENSE.
//
//go:embed icons/*.svg
var iconFiles embed.FS

var (
	iconInner = regexp.MustCompile(`(?s)<svg[^>]*>(.*)</svg>`)
	iconSpace = regexp.MustCompile(`\s+`)
)

// icons are the icons by name, as SVG to put into a page.
var icons = sync.OnceValues(func() (map[string]template.HTML, error) {
	entries, err := iconFiles.ReadDir("icons")
	if err != nil {
		return nil, fmt.Errorf("icons: %w", err)
	}
	out := map[string]template.HTML{}
	for _, e := range entries {
		data, err := iconFiles.ReadFile("icons/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("icons: %w", err)
		}
		m := iconInner.FindSubmatch(data)
		if m == nil {
			return nil, fmt.Errorf("icons: %s is no SVG", e.Name())
		}
		inner := iconSpace.ReplaceAllString(strings.TrimSpace(string(m[1])), " ")
		out[strings.TrimSuffix(e.Name(), ".svg")] = template.HTML( //nolint:gosec // a file of this package
			`<svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" focusable="false">` + inner + `</svg>`)
	}
	return out, nil
})

// icon gives an icon; it is an error to ask for one that is not there.
func icon(name string) (template.HTML, error) {
	all, err := icons()
	if err != nil {
		return "", err
	}
	svg, ok := all[name]
	if !ok {
		return "", fmt.Errorf("there is no icon %q: copy it from lucide-static into internal/web/icons", name)
	}
	return svg, nil
}
