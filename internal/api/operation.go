package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/akashi-project/akashi/internal/auth"
)

// Operation is one operation and who may use it.
type Operation struct {
	// ID names it for ever: "findings-list". The log of requests has it.
	ID           string
	Method, Path string
	// Action is the right that it takes: a scope of the token and a right of
	// its person.
	Action auth.Action
	// Anyone says that any token may use it, whatever its scopes: Action is
	// then empty.
	Anyone bool
	// Summary says what it does, Description what must be known to use it.
	Summary, Description string
	Tag                  string
	// Status is that of success; 0 means 200, or 204 without an answer.
	Status int
	// Refusals are the statuses of problems beyond those of every operation.
	Refusals []int
	// Long says that it may take as long as it takes: uploads and files.
	Long bool
	// Answer is the media types of an answer that is no JSON.
	Answer []string
	// Body describes a body that is read as it comes.
	Body *huma.RequestBody
}

// answerTime is how long an operation has that is not Long.
const answerTime = 30 * time.Second

// refusals are the statuses of problems that every operation may answer with.
var refusals = []int{
	http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
	http.StatusInternalServerError, http.StatusServiceUnavailable,
}

// add adds an operation.
func add[I, O any](a *API, op Operation, f func(context.Context, *I) (*O, error)) {
	a.ops = append(a.ops, op)
	a.rights[op.ID] = &op
	h := huma.Operation{
		OperationID: op.ID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description,
		Tags: []string{op.Tag}, DefaultStatus: op.Status, RequestBody: op.Body,
		Security:   []map[string][]string{{"token": {string(op.Action)}}},
		Responses:  map[string]*huma.Response{},
		Extensions: map[string]any{"x-akashi-right": string(op.Action)},
	}
	if op.Anyone {
		h.Security = []map[string][]string{{"token": {}}}
		h.Extensions = nil
	}
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	statuses := slices.Concat(refusals, op.Refusals)
	if op.Method == http.MethodPost || op.Method == http.MethodPut {
		statuses = append(statuses, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	for _, status := range statuses {
		h.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status), Content: map[string]*huma.MediaType{problemMediaType: {Schema: schema}},
		}
	}
	if op.Answer != nil {
		content := map[string]*huma.MediaType{}
		for _, media := range op.Answer {
			content[media] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Extensions: map[string]any{"contentMediaType": media}}}
		}
		status := op.Status
		if status == 0 {
			status = http.StatusOK
		}
		h.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: content}
	}
	huma.Register(a.huma, h, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			p := problemOf(err)
			visitOf(ctx).err = p
			if errors.Is(err, context.Canceled) && ctx.Err() != nil {
				panic(http.ErrAbortHandler) // nobody listens any more
			}
			return nil, p
		}
		return out, nil
	})
}

// guard lets those in who have the right that the operation names: the one
// place that checks it.
func (a *API) guard(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	op := a.rights[ctx.Operation().OperationID]
	v := visitOf(r.Context())
	v.operation = ctx.Operation().OperationID
	who := auth.Of(r.Context())
	switch {
	case op == nil: // a mistake in the program
		a.refuse(w, r, problem(http.StatusForbidden, CodeRight, "the operation names no right"))
		return
	case who == nil || who.Token == "":
		a.refuse(w, r, problem(http.StatusUnauthorized, CodeToken, "a token is needed: Authorization: Bearer %s…", auth.TokenPrefix))
		return
	case !op.Anyone && !a.Auth.Policy().May(who, op.Action):
		p := problem(http.StatusForbidden, CodeRight, "the token, or its person, lacks the right %s", op.Action)
		p.Right = string(op.Action)
		a.refuse(w, r, p)
		return
	}
	control := http.NewResponseController(w)
	var deadline time.Time
	if !op.Long {
		within, cancel := context.WithTimeout(r.Context(), answerTime)
		defer cancel()
		ctx = huma.WithContext(ctx, within)
		deadline = time.Now().Add(answerTime + 30*time.Second)
	}
	// Not every connection has deadlines: a test's recorder has none.
	_ = control.SetReadDeadline(deadline)
	_ = control.SetWriteDeadline(deadline)
	next(ctx)
}
