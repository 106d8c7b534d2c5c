package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// readFile reads a file of options: sections that hold names and values. It
// gives the values by key, notes the place of each, and says what is wrong.
func readFile(data []byte, path string, options map[string]*Option, places map[string]place, problems *problemList) map[string]any {
	values := map[string]any{}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		at, text := place{line: 1}, err.Error()
		if said, ok := errors.AsType[yaml.Error](err); ok {
			text = said.GetMessage()
			if t := said.GetToken(); t != nil {
				at = place{line: t.Position.Line, column: t.Position.Column}
			}
		}
		problems.at(Wrong, "", at, "this is no YAML: "+text, "YAML として読めません（"+text+"）。")
		return values
	}
	if len(file.Docs) > 1 {
		problems.at(Wrong, "", place{line: 1}, "there is more than one document (---)", "複数の文書（---）が含まれています。")
	}
	keys := make([]string, 0, len(options))
	for _, o := range Options() {
		keys = append(keys, o.Key)
	}
	for _, doc := range file.Docs {
		for _, section := range pairs(doc.Body) {
			name, at := section.name, section.at
			fields := pairs(section.value)
			switch {
			case !slices.ContainsFunc(Sections, func(s Section) bool { return s.Name == name }):
				problems.unknown(name, at, append(sectionNames(), keys...))
				continue
			case section.value == nil || section.value.Type() == ast.NullType:
				continue // all of it is commented out
			case len(fields) == 0 && section.value.Type() != ast.MappingType:
				problems.at(Wrong, name, at, "this is a section: its options stand below it, indented", "これは区分の名前です。項目はその下に字下げして書いてください。")
				continue
			}
			for _, f := range fields {
				key := name + "." + f.name
				o := options[key]
				switch {
				case o == nil:
					problems.unknown(key, f.at, keys)
				case o.EnvOnly:
					problems.at(Wrong, key, f.at,
						fmt.Sprintf("a secret does not belong into this file: put it into a file of its own (%s_file) or into the environment (%s)", key, EnvName(key)),
						fmt.Sprintf("秘密はこのファイルに書けません。別のファイル（%s_file で指定）または環境変数（%s）に置いてください。", key, EnvName(key)))
				case f.value == nil || f.value.Type() == ast.NullType:
					// Nothing is said: the default.
				default:
					v, err := value(f.value)
					if err != nil {
						problems.at(Wrong, key, f.at, "this value cannot be read: "+err.Error(), "値を読めません（"+err.Error()+"）。")
						continue
					}
					values[key] = v
					places[key] = place{file: path, line: f.at.line, column: f.at.column}
				}
			}
		}
		if doc.Body != nil && doc.Body.Type() != ast.MappingType && doc.Body.Type() != ast.MappingValueType && doc.Body.Type() != ast.NullType && doc.Body.Type() != ast.CommentType {
			problems.at(Wrong, "", place{line: 1}, "expected sections with their options", "区分とその項目を書いてください。")
		}
	}
	return values
}

// pair is a name and a value in a file.
type pair struct {
	name  string
	at    place
	value ast.Node
}

// pairs gives the names and values of a mapping; none of anything else.
func pairs(n ast.Node) []pair {
	var list []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		list = n.Values
	case *ast.MappingValueNode:
		list = []*ast.MappingValueNode{n}
	}
	out := make([]pair, 0, len(list))
	for _, m := range list {
		t := m.Key.GetToken()
		out = append(out, pair{name: strings.TrimSpace(t.Value), at: place{line: t.Position.Line, column: t.Position.Column}, value: m.Value})
	}
	return out
}

// value gives a value: a text, number or truth value, a list of them, or, of
// names with values, a list of "name=value".
func value(n ast.Node) (any, error) {
	var v any
	if err := yaml.NodeToValue(n, &v); err != nil {
		return nil, fmt.Errorf("%s", firstLine(err))
	}
	m, ok := v.(map[string]any)
	if !ok {
		return v, nil
	}
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s=%v", k, m[k]))
	}
	return out, nil
}

// firstLine gives the first line of an error's text: the others show the file.
func firstLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}

func sectionNames() []string {
	out := make([]string, len(Sections))
	for i, s := range Sections {
		out[i] = s.Name
	}
	return out
}
