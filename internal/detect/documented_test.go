package detect

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/report"
)

// jsonFields gives the names of a type's fields in JSON, and of the types in it.
func jsonFields(t reflect.Type, seen map[reflect.Type]bool) []string {
	switch {
	case slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Array}, t.Kind()):
		return jsonFields(t.Elem(), seen)
	case t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() || seen[t]:
		return nil
	}
	seen[t] = true
	var out []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		out = append(append(out, name), jsonFields(t.Field(i).Type, seen)...)
	}
	return out
}

// section gives a part of a document: from a heading to the next one that is
// no deeper.
func section(t *testing.T, doc, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(doc, "\n"+heading+"\n")
	if !ok {
		t.Fatalf("docs/formats.md has no %q", heading)
	}
	level := strings.IndexByte(heading, ' ')
	at := 0
	for line := range strings.Lines(rest) {
		if n := strings.IndexByte(line, ' '); n > 0 && n <= level && strings.Trim(line[:n], "#") == "" {
			return rest[:at]
		}
		at += len(line)
	}
	return rest
}

// TestFormatsAreDocumented fails when a column, field, format or role is not
// named in its section of docs/formats.md.
func TestFormatsAreDocumented(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "formats.md"))
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	columns := func(header string) []string { return strings.Split(strings.TrimSpace(header), ",") }
	at := time.Now()
	full := post.Post{
		Platform: "p", ID: "i", Account: post.Account{ID: "a", Handle: "h", Name: "n"}, Channel: "c", Time: at, Text: "t", Lang: "l", URL: "u",
		Links: []post.Link{{Given: "g"}}, Hashtags: []string{"h"}, Mentions: []string{"m"}, Media: []post.Media{{ID: "i", URL: "u", Hash: "h"}},
		RepostOf: "r", ReplyTo: "r", QuoteOf: "q", Object: "o", Labels: map[string]string{"label": "l"}, Synthetic: true,
	}
	var record map[string]any
	if err := json.Unmarshal(file.AppendPost(nil, &full), &record); err != nil {
		t.Fatal(err)
	}
	own := []string{"handle", "name", "hash"}
	for k := range record {
		own = append(own, k)
	}
	var formats, roles, behaviours []string
	for _, f := range file.Formats() {
		formats = append(formats, f.Name)
	}
	for _, r := range file.Roles() {
		roles = append(roles, r.Name)
	}
	for b := range coordination.NumBehaviours {
		behaviours = append(behaviours, coordination.Behaviour(b).String())
	}
	var attributes []string
	_, dir := detected(t, Options{Paths: []string{write(t, filepath.Join(t.TempDir(), "p.csv"), "object_id,account_id,content_id,timestamp_share\no,a,1,1692835200\no,b,2,1692835201\n")}})
	for _, m := range regexp.MustCompile(`<attribute id="([^"]+)"`).FindAllStringSubmatch(slurp(t, dir, "network.gexf"), -1) {
		attributes = append(attributes, m[1])
	}
	if len(own) < 18 || len(attributes) < 11 {
		t.Errorf("found only the fields %v and the attributes %v", own, attributes)
	}
	for _, c := range []struct {
		heading string
		names   []string
	}{
		{"## Known formats", formats},
		{"## Any other table or stream of objects", roles},
		{"## Akashi's own NDJSON", own},
		{"## The truth", []string{"platform", "account", "handle", "operation", "trap", "posts"}},
		{"## edges.csv", columns(edgesHeader)},
		{"## accounts.csv", columns(accountsHeader)},
		{"## groups.csv", columns(groupsHeader)},
		{"## evidence.ndjson", jsonFields(reflect.TypeFor[evidenceLine](), map[reflect.Type]bool{})},
		{"## report.json", jsonFields(reflect.TypeFor[report.Report](), map[reflect.Type]bool{})},
		{"## network.gexf and network.graphml", attributes},
		{"# What the figures mean", behaviours},
	} {
		text := section(t, doc, c.heading)
		for _, name := range c.names {
			if !strings.Contains(text, "`"+name+"`") {
				t.Errorf("docs/formats.md does not name `%s` under %q", name, c.heading)
			}
		}
	}
}
