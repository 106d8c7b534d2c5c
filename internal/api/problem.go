package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/export"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/intake"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// Code tells kinds of problems apart, for programs. Codes are never renamed
// within a version of the interface; new ones may come.
type Code string

// The codes.
const (
	CodeRequest      Code = "bad-request"   // the request cannot be read
	CodeToken        Code = "token-invalid" // no token, or one that is not valid
	CodeRight        Code = "right-missing"
	CodeNotFound     Code = "not-found"
	CodeMethod       Code = "method-not-allowed"
	CodeConflict     Code = "changed-meanwhile" // see versions
	CodeRunning      Code = "already-running"
	CodeTooLarge     Code = "too-large"
	CodeMedia        Code = "media-type"
	CodeInvalid      Code = "invalid" // a value cannot be; see errors
	CodeQuery        Code = "query-invalid"
	CodeCursor       Code = "cursor-invalid"
	CodeTooOften     Code = "too-many-attempts"
	CodeInternal     Code = "internal"
	CodeSlow         Code = "too-slow"
	codeOther        Code = "other"
	problemMediaType      = "application/problem+json"
)

// Problem is an error as it is answered: RFC 9457, with a code.
type Problem struct { //nolint:errname // it is named after the RFC
	Type   string              `json:"type" doc:"Names the kind of problem: urn:akashi:problem: and the code." example:"urn:akashi:problem:not-found"`
	Code   Code                `json:"code" doc:"The kind of problem, for programs. It is never renamed." example:"not-found"`
	Title  string              `json:"title" doc:"The status in words." example:"Not Found"`
	Status int                 `json:"status" doc:"The HTTP status." example:"404"`
	Detail string              `json:"detail,omitempty" doc:"What is wrong, for people, in English."`
	Right  string              `json:"right,omitempty" doc:"The right that is missing: a scope of the token, and a right of its person." example:"finding.triage"`
	Errors []*huma.ErrorDetail `json:"errors,omitempty" doc:"Each value that is wrong, and where it stands."`

	err   error
	after int
}

// Error says what is wrong.
func (p *Problem) Error() string {
	if p.err != nil {
		return fmt.Sprintf("%s: %v", p.Code, p.err)
	}
	return fmt.Sprintf("%s: %s", p.Code, p.Detail)
}

// Unwrap gives what lies behind the problem.
func (p *Problem) Unwrap() error { return p.err }

// GetStatus gives the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders gives the headers that go with the problem.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{"Cache-Control": {"no-store"}}
	if p.after > 0 {
		h.Set("Retry-After", strconv.Itoa(p.after))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}

// ContentType is the media type of a problem.
func (p *Problem) ContentType(string) string { return problemMediaType }

// problem makes one.
func problem(status int, code Code, format string, args ...any) *Problem {
	return &Problem{
		Type: "urn:akashi:problem:" + string(code), Code: code, Title: http.StatusText(status), Status: status,
		Detail: fmt.Sprintf(format, args...),
	}
}

// codes are those of problems that the library finds by itself.
var codes = map[int]Code{
	http.StatusBadRequest: CodeRequest, http.StatusRequestEntityTooLarge: CodeTooLarge,
	http.StatusUnsupportedMediaType: CodeMedia, http.StatusUnprocessableEntity: CodeInvalid,
	http.StatusInternalServerError: CodeInternal, http.StatusRequestTimeout: CodeSlow,
}

// reworded turns the library's own errors into problems.
func reworded(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	code, known := codes[m.Status]
	if !known {
		code = codeOther
	}
	p := problem(m.Status, code, "%s", m.Detail)
	if p.Errors = m.Errors; m.Status >= http.StatusInternalServerError {
		p.Detail, p.Errors = "", nil
	}
	return p, nil
}

// problemOf says how an error is answered. What is not known is not told.
func problemOf(err error) *Problem {
	var p *Problem
	var syntax *query.SyntaxError
	var slow *auth.SlowDown
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &syntax):
		p = problem(http.StatusUnprocessableEntity, CodeQuery, "%s", syntax.Message("en"))
	case errors.As(err, &slow):
		p = problem(http.StatusTooManyRequests, CodeTooOften, "%s", slow.Error())
		p.after = int(slow.After.Seconds()) + 1
	case errors.Is(err, casestore.ErrNotFound), errors.Is(err, poststore.ErrNotFound):
		p = problem(http.StatusNotFound, CodeNotFound, "there is no such thing")
	case errors.Is(err, intake.ErrRunning):
		p = problem(http.StatusConflict, CodeRunning, "the file is being imported already")
	case errors.Is(err, casestore.ErrConflict):
		p = problem(http.StatusConflict, CodeConflict, "somebody changed it meanwhile: read it again")
	case errors.Is(err, finding.ErrInvalid):
		p = problem(http.StatusUnprocessableEntity, CodeInvalid, "%v", err)
	case errors.Is(err, poststore.ErrBins), errors.Is(err, poststore.ErrField), errors.Is(err, export.ErrFormat):
		p = problem(http.StatusUnprocessableEntity, CodeInvalid, "%v", err)
	case errors.Is(err, intake.ErrTooLarge), errors.As(err, &large):
		p = problem(http.StatusRequestEntityTooLarge, CodeTooLarge, "it is larger than it may be")
	case errors.Is(err, auth.ErrNotAllowed):
		p = problem(http.StatusForbidden, CodeRight, "a right is missing")
	case errors.Is(err, context.DeadlineExceeded):
		p = problem(http.StatusServiceUnavailable, CodeSlow, "it took too long: ask for less")
	default:
		p = problem(http.StatusInternalServerError, CodeInternal, "")
	}
	p.err = err
	return p
}
