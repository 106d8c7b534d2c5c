package push

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/post"
)

const (
	// maxPacked and maxUnpacked bound a body, as it comes and unpacked;
	// maxRecord bounds one post, maxPosts their number.
	maxPacked, maxUnpacked, maxRecord = 8 << 20, 32 << 20, 1 << 20
	maxPosts                          = 10_000
	// readTime bounds the reading of a body.
	readTime = time.Minute
	// patience is how long a request waits for room, and then until it is
	// stored, before its sender is asked to come again in comeAgain.
	patience, storeTime = 5 * time.Second, 90 * time.Second
	comeAgain           = 5 * time.Second
)

// answer is what a sender is told.
type answer struct {
	Error    string      `json:"error,omitempty"`
	Accepted int         `json:"accepted"`
	Refused  int64       `json:"refused"`
	Errors   []lineError `json:"errors,omitempty"`
}

// lineError says why a record was refused. Line is that of the body, or the
// number of the array's element, from 1.
type lineError struct {
	Line     int64  `json:"line"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

// problem is an answer that is not 200.
type problem struct {
	code int
	text string
	answer
}

func (p *problem) Error() string { return p.text }

// ServeHTTP takes POST /push/{source}.
func (at *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		say(w, &problem{code: http.StatusMethodNotAllowed, text: "only POST is understood here"})
		return
	}
	id := r.PathValue("source")
	if id == "" {
		id = path.Base(r.URL.Path)
	}
	run := at.enter(id)
	if run == nil {
		say(w, &problem{code: http.StatusNotFound, text: "no source of this name is running"})
		return
	}
	defer run.open.Done()
	if !run.admits(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="push"`)
		say(w, &problem{code: http.StatusUnauthorized, text: "the source's token is needed"})
		return
	}
	a, err := run.take(w, r)
	var p *problem
	switch {
	case err == nil:
		reply(w, http.StatusOK, *a)
	case errors.As(err, &p):
		if p.code >= http.StatusInternalServerError {
			w.Header().Set("Retry-After", strconv.Itoa(int(comeAgain/time.Second)))
		} else {
			run.to.Note(collect.Note{Contact: true, Err: &RequestError{Code: p.code}})
		}
		say(w, p)
	default:
		say(w, &problem{code: http.StatusInternalServerError, text: "the request could not be taken"})
	}
}

// RequestError counts a request that was refused for what is in it.
type RequestError struct{ Code int }

func (e *RequestError) Error() string {
	return fmt.Sprintf("a pushed request was answered %d %s", e.Code, http.StatusText(e.Code))
}

// Kind is "format".
func (*RequestError) Kind() string { return "format" }

// RecordsError counts records that were refused in a request that was taken.
type RecordsError struct{ Refused int64 }

func (e *RecordsError) Error() string {
	return fmt.Sprintf("%d pushed records could not be read", e.Refused)
}

// Kind is "format".
func (*RecordsError) Kind() string { return "format" }

func say(w http.ResponseWriter, p *problem) {
	p.answer.Error = p.text
	reply(w, p.code, p.answer)
}

func reply(w http.ResponseWriter, code int, a answer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(a) //nolint:errchkjson // nothing in it can fail; the connection may
}

var errBusy = &problem{code: http.StatusServiceUnavailable, text: "too much waits to be stored: send the same again later"}

func busy() error { p := *errBusy; return &p }

// take reads a request and returns when its posts are stored.
func (r *run) take(w http.ResponseWriter, req *http.Request) (*answer, error) {
	select {
	case r.room <- struct{}{}:
		defer func() { <-r.room }()
	default:
		return nil, busy()
	}
	b, err := r.body(w, req)
	if err != nil {
		return nil, err
	}
	posts, a, err := read(req.Context(), b, r.platform)
	if err != nil {
		return nil, err
	}
	if a.Refused > 0 && len(posts) > 0 {
		r.to.Note(collect.Note{Err: &RecordsError{a.Refused}})
	}
	switch {
	case len(posts) > 0:
	case a.Refused > 0:
		return nil, &problem{code: http.StatusUnprocessableEntity, text: "no record could be read", answer: *a}
	default:
		return nil, &problem{code: http.StatusBadRequest, text: "there is no post in the request"}
	}
	return a, r.store(req.Context(), posts)
}

// body reads the body of a request within readTime, and no longer than the
// source runs: a slow sender would keep it from ending.
func (r *run) body(w http.ResponseWriter, req *http.Request) ([]byte, error) {
	c := http.NewResponseController(w)
	until := func(t time.Time) { _ = c.SetReadDeadline(t) } // where the server can
	until(time.Now().Add(readTime))
	unwatch := context.AfterFunc(r.ctx, func() { until(time.Now()) })
	b, err := unpack(http.MaxBytesReader(w, req.Body, maxPacked), req.Header.Get("Content-Encoding"))
	if unwatch() && err == nil {
		until(time.Time{})
	}
	if err != nil && r.ctx.Err() != nil {
		return nil, busy()
	}
	return b, err
}

// store puts posts and waits until they are stored.
func (r *run) store(ctx context.Context, posts []post.Post) error {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	stored := make(chan struct{})
	if err := r.to.Put(waiting, collect.Batch{Posts: posts, Stored: func() { close(stored) }}); err != nil {
		return busy()
	}
	enough := time.NewTimer(storeTime)
	defer enough.Stop()
	select {
	case <-stored:
		return nil
	case <-r.ctx.Done():
	case <-ctx.Done():
	case <-enough.C:
	}
	select {
	case <-stored: // at the same moment
		return nil
	default:
		return busy()
	}
}

// unpack reads a body.
func unpack(body io.Reader, encoding string) ([]byte, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, unreadable(err, "the body is not gzip")
		}
		body = z
	default:
		return nil, &problem{code: http.StatusUnsupportedMediaType, text: "bodies may be packed with gzip only"}
	}
	b, err := io.ReadAll(io.LimitReader(body, maxUnpacked+1))
	if err != nil {
		return nil, unreadable(err, "the body breaks off")
	}
	if len(b) > maxUnpacked {
		return nil, tooLarge()
	}
	return b, nil
}

func tooLarge() error {
	return &problem{code: http.StatusRequestEntityTooLarge, text: fmt.Sprintf(
		"a request may have %d MiB, %d MiB unpacked, and %d posts", maxPacked>>20, maxUnpacked>>20, maxPosts)}
}

func unreadable(err error, text string) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge()
	}
	return &problem{code: http.StatusBadRequest, text: text}
}

// read reads the posts of a body. Those that name no platform are of the given
// one.
func read(ctx context.Context, b []byte, platform string) ([]post.Post, *answer, error) {
	b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\ufeff")))
	if len(b) == 0 {
		return nil, &answer{}, nil
	}
	if b[0] != '{' && b[0] != '[' {
		return nil, nil, &problem{code: http.StatusBadRequest, text: "the body is neither JSON lines nor a JSON array"}
	}
	a := &answer{}
	var posts []post.Post
	sums, err := file.Read(ctx, []string{"-"}, file.Options{
		Format: "akashi", Encoding: "utf-8", MaxBad: 1, MaxRecord: maxRecord, Workers: 1, Stdin: bytes.NewReader(b), Name: "request",
	}, func(batch []post.Post) error {
		for i := range batch {
			p := batch[i]
			if p.Platform == "" {
				p.Platform = platform
			}
			if p.Platform == "" {
				a.Refused++
				if len(a.Errors) < 20 {
					a.Errors = append(a.Errors, lineError{p.Origin.Line, "a platform in platform", "nothing"})
				}
				continue
			}
			posts = append(posts, p)
		}
		if len(posts) > maxPosts {
			return tooLarge()
		}
		return nil
	})
	if err != nil {
		if p, ok := errors.AsType[*problem](err); ok {
			return nil, nil, p
		}
		return nil, nil, &problem{code: http.StatusBadRequest, text: "the body cannot be read as JSON to its end"}
	}
	for _, s := range sums {
		a.Refused += s.Bad + s.Skipped
		for _, why := range s.Reasons {
			a.Errors = append(a.Errors, lineError{why.Line, why.Expected, why.Found})
		}
	}
	a.Accepted = len(posts)
	return posts, a, nil
}
