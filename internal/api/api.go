package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/akashi-project/akashi/internal/audit"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/intake"
	"github.com/akashi-project/akashi/internal/job"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/watch"
)

// Prefix is where the interface is; its last part is the version.
const Prefix = "/api/v1"

// version is the interface's in the OpenAPI document: its first number is that
// of Prefix, the second grows with what is added.
const version = "1.0"

// Deps are what the operations need.
type Deps struct {
	Auth     *auth.Service
	Casework *casestore.DB
	Posts    Posts
	Mandate  *mandate.Service
	Findings *finding.Service
	Jobs     *job.Queue
	Audit    *audit.Log
	// Intake brings uploads in, as jobs that QueueImport puts in the queue
	// as part of a change.
	Intake      *intake.Service
	QueueImport func(ctx context.Context, tx *casestore.Tx, id string) error
	// Collections are the mandates that collections run under, Watch keeps
	// live sources; nil leaves either out.
	Collections *mandate.Collections
	Watch       *watch.Service
	// Backup writes a backup of the running instance; nothing is written
	// before all is copied.
	Backup func(ctx context.Context, w io.Writer) error
	// Workspace names the instance, TLP is its marking ("AMBER"), Version
	// that of the program.
	Workspace, TLP, Version string
	// MaxExport is how many posts a file has at most; 0 means
	// export.MostPosts.
	MaxExport int64
	// Log takes one line a request, without queries, texts and names.
	Log *slog.Logger
	// Now gives the time; nil means time.Now.
	Now func() time.Time
}

// Posts is what the operations ask of the post store.
type Posts interface {
	poststore.Searcher
	poststore.Scanner
}

// API answers under Prefix.
type API struct {
	Deps
	huma    huma.API
	mux     *http.ServeMux
	handler http.Handler
	ops     []Operation
	rights  map[string]*Operation // by id
}

// New makes the interface.
func New(d Deps) (*API, error) {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	a := &API{Deps: d, mux: http.NewServeMux(), rights: map[string]*Operation{}}
	a.huma = humago.NewWithPrefix(a.mux, Prefix, a.config())
	a.huma.UseMiddleware(a.guard)
	for _, group := range []func(*API){
		(*API).addSelf, (*API).addFindings, (*API).addDetections, (*API).addRuns, (*API).addPosts, (*API).addExports,
		(*API).addImports, (*API).addMandates, (*API).addSources, (*API).addLog, (*API).addOperation,
	} {
		group(a)
	}
	if err := a.serveDocument(); err != nil {
		return nil, err
	}
	a.mux.HandleFunc("/", a.nowhere)
	a.handler = a.recovered(a.logged(d.Auth.Headers(d.Auth.Load(a.mux))))
	return a, nil
}

// config is how the library works here: no page of its own, which would load
// scripts from elsewhere, no links to schemas in answers, and no parameter that
// is misspelt and therefore means nothing.
func (a *API) config() huma.Config {
	c := huma.DefaultConfig("Akashi", version)
	c.DocsPath, c.SchemasPath, c.OpenAPIPath, c.CreateHooks = "", "", "", nil
	c.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	c.RejectUnknownQueryParameters = true
	c.Transformers = []huma.Transformer{reworded}
	c.Servers = []*huma.Server{{URL: Prefix}}
	c.Info.Description = "Findings of coordinated behaviour, the posts behind them, and what is done with both. " +
		"Accounts are shown under pseudonyms unless they are marked as public. Times are UTC (RFC 3339). " +
		"Within version 1 fields and operations are only ever added."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", BearerFormat: auth.TokenPrefix + "…", Description: "A token from the page \"Settings\". Each operation names the scope that it takes."},
	}
	c.Tags = []*huma.Tag{
		{Name: "self", Description: "Who calls"},
		{Name: "findings", Description: "Groups that act together, and what becomes of them"},
		{Name: "detections", Description: "What is looked for, and its runs"},
		{Name: "posts", Description: "Posts under the veil: search, counts, files"},
		{Name: "imports", Description: "Files of posts brought in"},
		{Name: "mandates", Description: "What may be collected, for what, until when"},
		{Name: "sources", Description: "Live sources and how they are"},
		{Name: "log", Description: "Who did what: signed lines and their proofs"},
		{Name: "operation", Description: "Sizes, health and backup"},
	}
	return c
}

// serveDocument serves the OpenAPI document, to anybody: it says nothing of the
// instance.
func (a *API) serveDocument() error {
	delete(a.huma.OpenAPI().Components.Schemas.Map(), "ErrorModel")
	asJSON, err := a.Document()
	if err != nil {
		return err
	}
	asYAML, err := a.huma.OpenAPI().YAML()
	if err != nil {
		return fmt.Errorf("writing the OpenAPI document: %w", err)
	}
	serve := func(name, media string, body []byte) {
		a.mux.HandleFunc("GET "+Prefix+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", media)
			_, _ = w.Write(body) // who asked may be gone
		})
	}
	serve("/openapi.json", "application/openapi+json", asJSON)
	serve("/openapi.yaml", "application/openapi+yaml", asYAML)
	return nil
}

// Document is the OpenAPI document as JSON.
func (a *API) Document() ([]byte, error) {
	out, err := json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the OpenAPI document: %w", err)
	}
	return append(out, '\n'), nil
}

// ServeHTTP answers a request under Prefix.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Operations are all operations, for tests that walk them with every role.
func (a *API) Operations() []Operation { return slices.Clone(a.ops) }

// nowhere answers where there is no operation.
func (a *API) nowhere(w http.ResponseWriter, r *http.Request) {
	var others []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := a.mux.Handler(other); pattern != "/" && pattern != "" {
			others = append(others, method)
		}
	}
	p := problem(http.StatusNotFound, CodeNotFound, "there is no such operation: see %s/openapi.json", Prefix)
	if len(others) > 0 {
		w.Header().Set("Allow", strings.Join(others, ", "))
		p = problem(http.StatusMethodNotAllowed, CodeMethod, "it takes %s", strings.Join(others, " or "))
	}
	a.refuse(w, r, p)
}

// refuse answers with a problem outside an operation.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, p *Problem) {
	h := w.Header()
	maps.Copy(h, p.GetHeaders())
	h.Set("Content-Type", problemMediaType)
	w.WriteHeader(p.Status)
	if err := json.NewEncoder(w).Encode(p); err != nil {
		a.Log.DebugContext(r.Context(), "answering", "error", err)
	}
}

// visit is what the middleware knows of a request.
type visit struct {
	operation string
	status    int
	bytes     int64
	err       error
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

// counted notes the status and size of an answer.
type counted struct {
	http.ResponseWriter
	v *visit
}

func (c *counted) WriteHeader(status int) {
	if c.v.status == 0 {
		c.v.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *counted) Write(p []byte) (int, error) {
	if c.v.status == 0 {
		c.v.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(p)
	c.v.bytes += int64(n)
	return n, err //nolint:wrapcheck // it passes on
}

// Unwrap lets http.ResponseController reach the connection.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// logged writes one line for a request: the operation, never the address, which
// holds what was searched for.
func (a *API) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		began := time.Now()
		next.ServeHTTP(w, r)
		level := slog.LevelInfo
		attrs := []slog.Attr{
			slog.String("operation", v.operation), slog.String("method", r.Method), slog.Int("status", v.status),
			slog.Int64("bytes", v.bytes), slog.Duration("took", time.Since(began)),
		}
		if v.err != nil && v.status >= http.StatusInternalServerError {
			level = slog.LevelError
			attrs = append(attrs, slog.Any("error", v.err))
		}
		a.Log.LogAttrs(r.Context(), level, "api request", attrs...)
	})
}

// recovered answers for an operation that panicked, and lets one that breaks its
// answer off do so.
func (a *API) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{operation: "(none)"}
		r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
		w = &counted{ResponseWriter: w, v: v}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
				panic(p)
			}
			a.Log.ErrorContext(r.Context(), "an operation panicked", "operation", v.operation,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			if v.status == 0 {
				a.refuse(w, r, problem(http.StatusInternalServerError, CodeInternal, ""))
			}
		}()
		next.ServeHTTP(w, r)
	})
}
