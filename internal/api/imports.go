package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/intake"
)

// Import is a file that is, or was, brought in. What could not be read is
// counted; the reasons, which quote the file, are on the page "Sources".
type Import struct {
	ID       string       `json:"id"`
	Who      string       `json:"who" doc:"Who asked for it, as the log names them."`
	Source   string       `json:"source"`
	File     string       `json:"file" doc:"The file's name."`
	Size     int64        `json:"size" doc:"In bytes."`
	SHA256   string       `json:"sha256"`
	State    intake.State `json:"state" enum:"waiting,running,interrupted,done,failed,cancelled"`
	Format   string       `json:"format,omitempty"`
	Encoding string       `json:"encoding,omitempty"`
	Read     int64        `json:"read" doc:"How many of the bytes have been turned into posts."`
	First    time.Time    `json:"first,omitzero" doc:"The time of the first post."`
	Last     time.Time    `json:"last,omitzero"`
	intake.Counts
	Created  time.Time `json:"created"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
}

// ImportList is a page of imports.
type ImportList struct {
	Imports []Import `json:"imports" doc:"The newest first."`
	Next    string   `json:"next,omitempty" doc:"Give it as cursor for the page after this one; absent at the end."`
}

func importOf(m *intake.Import) Import {
	return Import{
		ID: m.ID, Who: m.Who, Source: m.Source, File: m.File.Name, Size: m.File.Size, SHA256: m.File.SHA256, State: m.State,
		Format: m.Format, Encoding: m.Encoding, Read: m.Read, First: m.First, Last: m.Last, Counts: m.Counts,
		Created: m.Created, Started: m.Started, Finished: m.Finished,
	}
}

// upload is a file on its way in. Its body is read by the operation, as it
// comes: see Resolve.
type upload struct {
	Name     string   `query:"name" required:"true" minLength:"1" maxLength:"255" doc:"The file's name." example:"posts.ndjson.gz"`
	Source   string   `query:"source" maxLength:"200" doc:"The name that the posts have as their source; file: and the name where absent."`
	Format   string   `query:"format" doc:"Read as this format instead of recognising it: see akashi formats."`
	Encoding string   `query:"encoding" doc:"The text's encoding instead of a detected one: shift_jis, gb18030, …"`
	Zone     string   `query:"zone" default:"UTC" doc:"The zone of times that state none." example:"Asia/Tokyo"`
	Map      []string `query:"map,explode" doc:"ROLE=COLUMN: which column, or path in JSON, plays which role. May be repeated."`
	MaxBad   float64  `query:"max_bad" minimum:"0" maximum:"1" default:"0.1" doc:"Stop when more than this share of the rows cannot be read."`

	content io.Reader
}

// Resolve keeps the request's body for the operation to read.
func (u *upload) Resolve(ctx huma.Context) []error {
	u.content = ctx.BodyReader()
	return nil
}

// options gives how the file is to be read.
func (u *upload) options() (file.Options, error) {
	o := file.Options{Format: u.Format, Encoding: u.Encoding, MaxBad: u.MaxBad, Map: map[string]string{}}
	if o.MaxBad == 0 {
		o.MaxBad = -1 // in file.Options 0 is the default
	}
	var err error
	if o.Zone, err = parseZone(u.Zone); err != nil {
		return o, err
	}
	for _, m := range u.Map {
		role, column, ok := strings.Cut(m, "=")
		if !ok || role == "" || column == "" {
			return o, problem(http.StatusUnprocessableEntity, CodeInvalid, "map: expected ROLE=COLUMN")
		}
		o.Map[strings.ToLower(role)] = column
	}
	// Without files, Read only looks at its options.
	if _, err := file.Read(context.Background(), nil, o, nil); err != nil {
		return o, problem(http.StatusUnprocessableEntity, CodeInvalid, "%v", err)
	}
	return o, nil
}

func (a *API) addImports() {
	if a.Intake == nil {
		return
	}
	const tag = "imports"
	add(a, Operation{
		ID: "imports-list", Method: http.MethodGet, Path: "/imports", Action: auth.SourceRead, Tag: tag, Summary: "List imports",
	}, func(ctx context.Context, in *struct {
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	},
	) (*body[ImportList], error) {
		list, err := a.Intake.List(ctx, in.Cursor, in.Limit+1)
		if err != nil {
			return nil, fmt.Errorf("listing imports: %w", err)
		}
		out := ImportList{Imports: []Import{}}
		if len(list) > in.Limit {
			list = list[:in.Limit]
			out.Next = list[in.Limit-1].ID
		}
		for i := range list {
			out.Imports = append(out.Imports, importOf(&list[i]))
		}
		return &body[ImportList]{out}, nil
	})
	add(a, Operation{
		ID: "import-get", Method: http.MethodGet, Path: "/imports/{id}", Action: auth.SourceRead, Tag: tag,
		Summary: "Read how far an import is", Refusals: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *IDPath) (*body[Import], error) {
		m, err := a.Intake.Get(ctx, in.ID)
		return &body[Import]{importOf(&m)}, err
	})
	add(a, Operation{
		ID: "import-cancel", Method: http.MethodPost, Path: "/imports/{id}/cancel", Action: auth.SourceImport, Tag: tag,
		Summary: "Cancel an import", Description: "Posts that are in stay. One that has ended is left as it is.",
		Refusals: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *IDPath) (*body[Import], error) {
		if err := a.Intake.Cancel(ctx, in.ID); err != nil {
			return nil, fmt.Errorf("cancelling an import: %w", err)
		}
		m, err := a.Intake.Get(ctx, in.ID)
		return &body[Import]{importOf(&m)}, err
	})
	add(a, Operation{
		ID: "import-upload", Method: http.MethodPost, Path: "/imports", Action: auth.SourceImport, Tag: tag, Long: true,
		Status: http.StatusAccepted, Summary: "Bring a file of posts in",
		Description: "The body is the file as it is, compressed or not; it is written to disk as it comes. The import waits in the queue: " +
			"ask import-get. The same file twice adds nothing, and an import that did not end well goes on.",
		Refusals: []int{http.StatusConflict, http.StatusRequestEntityTooLarge},
		Body: &huma.RequestBody{
			Description: "The file.", Required: true,
			Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Extensions: map[string]any{"contentMediaType": "application/octet-stream"}}}},
		},
	}, a.importUpload)
}

func (a *API) importUpload(ctx context.Context, in *upload) (*body[Import], error) {
	o, err := in.options()
	if err != nil {
		return nil, err
	}
	f, err := a.Intake.Spool(ctx, in.Name, in.content)
	if err != nil {
		return nil, fmt.Errorf("taking the file: %w", err)
	}
	var m intake.Import
	err = a.Casework.Change(ctx, func(tx *casestore.Tx) error {
		if m, err = a.Intake.Add(ctx, tx, f, intake.Request{Options: o, Source: in.Source}); err != nil {
			return err //nolint:wrapcheck // wrapped below
		}
		return a.QueueImport(ctx, tx, m.ID)
	})
	if err != nil {
		a.Intake.Discard(f)
		return nil, fmt.Errorf("adding the import: %w", err)
	}
	return &body[Import]{importOf(&m)}, nil
}
