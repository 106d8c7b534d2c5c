package api_test

import (
	"bytes"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi/datamodel"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/akashi-project/akashi/internal/api"
	"github.com/akashi-project/akashi/internal/auth"
)

var update = flag.Bool("update", false, "write the golden files anew")

// schemas is the OpenAPI document as a client reads it, to hold answers to it.
type schemas struct {
	compiler *jsonschema.Compiler
	paths    map[string]any
}

const documentURL = "http://test/openapi.json"

func readSchemas(t *testing.T, document []byte) *schemas {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	must(t, err)
	s := &schemas{jsonschema.NewCompiler(), value.(map[string]any)["paths"].(map[string]any)}
	s.compiler.DefaultDraft(jsonschema.Draft2020)
	s.compiler.AssertFormat()
	must(t, s.compiler.AddResource(documentURL, value))
	return s
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// check holds an answer to what the document says of the operation's answers.
func (s *schemas) check(t *testing.T, method, path string, a answer) {
	t.Helper()
	path, _, _ = strings.Cut(path, "?")
	template := ""
	for p := range s.paths {
		fits := regexp.MustCompile("^" + placeholder.ReplaceAllString(p, "[^/]+") + "$").MatchString(path)
		if _, there := s.paths[p].(map[string]any)[strings.ToLower(method)]; fits && there && (template == "" || strings.Contains(template, "{")) {
			template = p
		}
	}
	if template == "" {
		return
	}
	at := func(parts ...string) string {
		for i, p := range parts {
			parts[i] = strings.NewReplacer("~", "~0", "/", "~1").Replace(p)
		}
		return strings.Join(parts, "/")
	}
	answers := s.paths[template].(map[string]any)[strings.ToLower(method)].(map[string]any)["responses"].(map[string]any)
	described, ok := answers[strconv.Itoa(a.status)].(map[string]any)
	if !ok {
		t.Errorf("%s %s: %d is not described: %s", method, template, a.status, a.body)
		return
	}
	content, _ := described["content"].(map[string]any)
	media, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	if _, ok := content[media]; !ok && (media != "" || a.body != "") && content[a.header.Get("Content-Type")] == nil {
		t.Errorf("%s %s: %d comes as %q, which is not described", method, template, a.status, media)
		return
	}
	if !strings.HasSuffix(media, "json") || strings.HasSuffix(media, "ndjson") {
		return
	}
	schema, err := s.compiler.Compile(documentURL + "#/" + at("paths", template, strings.ToLower(method), "responses", strconv.Itoa(a.status), "content", media, "schema"))
	must(t, err)
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(a.body))
	must(t, err)
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s %s: %d is not as described: %v", method, template, a.status, err)
	}
}

// TestDocument checks what is served: valid OpenAPI 3.1, as kept in testdata.
func TestDocument(t *testing.T) {
	w := newWorld(t, false)
	c := &caller{w: w}
	served := c.send(t, http.MethodGet, "/openapi.json", nil)
	yaml := c.send(t, http.MethodGet, "/openapi.yaml", nil)
	if served.status != 200 || yaml.status != 200 || !strings.Contains(yaml.body, "openapi: 3.1") {
		t.Fatalf("%d, %d", served.status, yaml.status)
	}
	compiler := jsonschema.NewCompiler()
	rules, err := jsonschema.UnmarshalJSON(strings.NewReader(datamodel.OpenAPI31SchemaData))
	must(t, err)
	must(t, compiler.AddResource("http://test/rules", rules))
	schema, err := compiler.Compile("http://test/rules")
	must(t, err)
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(served.body))
	must(t, err)
	if err := schema.Validate(value); err != nil {
		t.Errorf("the document is no OpenAPI 3.1: %v", err)
	}
	for name := range value.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any) {
		if _, err := w.schema.compiler.Compile(documentURL + "#/components/schemas/" + name); err != nil {
			t.Errorf("the schema %s: %v", name, err)
		}
	}
	golden := filepath.Join("testdata", "openapi.json")
	if *update {
		must(t, os.WriteFile(golden, []byte(served.body), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if string(want) != served.body {
		t.Error("the document is not testdata/openapi.json: look at what changed, then go test ./internal/api -run TestDocument -update")
	}
	if strings.Contains(served.body, "http://") || strings.Contains(served.body, "https://unpkg") {
		t.Error("the document points elsewhere")
	}
}

// TestEveryOperation holds each operation to a right, a summary, a tag and
// described problems.
func TestEveryOperation(t *testing.T) {
	w := newWorld(t, false)
	if len(w.API.Operations()) < 30 {
		t.Errorf("only %d operations", len(w.API.Operations()))
	}
	ids := map[string]bool{}
	for _, op := range w.API.Operations() {
		described := w.schema.paths[op.Path].(map[string]any)[strings.ToLower(op.Method)].(map[string]any)
		switch {
		case ids[op.ID]:
			t.Errorf("%s is there twice", op.ID)
		case op.Anyone == (op.Action != ""), op.Action != "" && !slices.Contains(auth.Actions, op.Action):
			t.Errorf("%s has no right: %q", op.ID, op.Action)
		case op.Summary == "" || op.Tag == "" || described["summary"] != op.Summary || described["operationId"] != op.ID:
			t.Errorf("%s is not described", op.ID)
		case op.Action != "" && described["x-akashi-right"] != string(op.Action):
			t.Errorf("%s: the document says the right %v", op.ID, described["x-akashi-right"])
		}
		ids[op.ID] = true
		for _, status := range []string{"401", "403", "422", "429", "500"} {
			answer, _ := described["responses"].(map[string]any)[status].(map[string]any)
			if content, _ := answer["content"].(map[string]any); content["application/problem+json"] == nil {
				t.Errorf("%s: %s is not described as a problem", op.ID, status)
			}
		}
		if _, ok := described["responses"].(map[string]any)["404"]; strings.Contains(op.Path, "{") && !ok {
			t.Errorf("%s: 404 is not described", op.ID)
		}
	}
}

// TestOperationsByRole walks every operation with every role: who has the right
// gets past the door, who has not gets 403, who shows no token 401.
func TestOperationsByRole(t *testing.T) {
	w := newWorld(t, false)
	for _, role := range auth.Roles {
		c := &caller{w: w}
		if len(w.Auth.TokenScopes(auth.With(t.Context(), &auth.Principal{ID: "x", Roles: []auth.Role{role}}))) > 0 && role != auth.Auditor {
			c = w.as(t, string(role), role)
		}
		for _, op := range w.API.Operations() {
			path := strings.NewReplacer("{key}", "0000000000000000", "{id}", "none", "{index}", "0").Replace(op.Path)
			if c.token == "" {
				c.refused(t, op.Method, path, nil, http.StatusUnauthorized, api.CodeToken)
				continue
			}
			var body any
			if op.Method == http.MethodPost || op.Method == http.MethodPut {
				body = "{}"
			}
			got := c.send(t, op.Method, path, body)
			allowed := op.Anyone || w.Auth.Policy().May(&auth.Principal{ID: "x", Roles: []auth.Role{role}}, op.Action)
			if (got.status == http.StatusForbidden) == allowed || got.status == http.StatusUnauthorized || got.status >= 500 {
				t.Errorf("%s: %s (%s): %d, and allowed is %v: %.300s", role, op.ID, op.Action, got.status, allowed, got.body)
			}
		}
	}
}
