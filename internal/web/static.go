package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// assets are the scripts and styles that Vite built. Their names hold a hash of
// what is in them, so a browser keeps them for ever.
type assets struct {
	files         fs.FS
	style, script string // addresses
	known         map[string]string
}

// built is an entry of Vite's manifest.
type built struct {
	File    string   `json:"file"`
	CSS     []string `json:"css"`
	IsEntry bool     `json:"isEntry"`
}

// loadAssets reads the manifest.
func loadAssets() (*assets, error) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("built scripts: %w", err)
	}
	data, err := fs.ReadFile(files, "manifest.json")
	if err != nil {
		return nil, fmt.Errorf("built scripts: %w (npm run build)", err)
	}
	var manifest map[string]built
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, fmt.Errorf("the manifest of the built scripts: %w", err)
	}
	a := &assets{files: files, known: map[string]string{}}
	for _, b := range manifest {
		for _, name := range append([]string{b.File}, b.CSS...) {
			switch {
			case strings.HasSuffix(name, ".js"):
				a.known[name] = "text/javascript; charset=utf-8"
			case strings.HasSuffix(name, ".css"):
				a.known[name] = "text/css; charset=utf-8"
			case strings.HasSuffix(name, ".svg"):
				a.known[name] = "image/svg+xml"
			default:
				return nil, fmt.Errorf("built scripts: %s is of no known type", name)
			}
		}
	}
	main, ok := manifest["src/main.ts"]
	style, ok2 := manifest["src/style.css"]
	if !ok || !ok2 {
		return nil, fmt.Errorf("built scripts: main.ts or style.css is not in the manifest")
	}
	a.script, a.style = "/static/"+main.File, "/static/"+style.File
	return a, nil
}

// ServeHTTP answers with a file.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	visitOf(r.Context()).pattern = "/static/"
	name := strings.TrimPrefix(r.URL.Path, "/static/")
	kind, ok := a.known[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	data, err := fs.ReadFile(a.files, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(data)
}
