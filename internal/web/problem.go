package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/poststore"
)

// Problem is an error that says how it is answered: the status, and the
// sentence that tells the reader what is wrong. A page returns one where the
// errors that answer knows do not say enough.
type Problem struct { //nolint:errname // it is how an error is answered, and reads so at its uses
	Status int
	// Key is the sentence, Args what it is filled with.
	Key  string
	Args []any
	// Err is what lies behind it, for the log.
	Err error
}

// Error gives what lies behind the problem, or its key.
func (p *Problem) Error() string {
	if p.Err != nil {
		return fmt.Sprintf("%s: %v", p.Key, p.Err)
	}
	return p.Key
}

// Unwrap gives what lies behind the problem.
func (p *Problem) Unwrap() error { return p.Err }

// invalid is a problem of what somebody typed: 422 and a sentence.
func invalid(key string, args ...any) error {
	return &Problem{Status: http.StatusUnprocessableEntity, Key: key, Args: args}
}

// forbidden says that a right is missing.
type forbidden struct {
	action   auth.Action
	signedIn bool
}

func (f *forbidden) Error() string { return "the right " + string(f.action) + " is missing" }

// trouble is what the error page and its small form show: what, why, and what
// to do next.
type trouble struct {
	Status         int
	What, Why, How string
	Request        string
	Home           bool
}

// nowhere answers for addresses that lead nowhere.
func (s *Server) nowhere(http.ResponseWriter, *http.Request) error { return casestore.ErrNotFound }

// answer tells the reader of an error: as a page, or, to htmx, as a note beside
// what is there.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, err error) {
	v := visitOf(r.Context())
	v.refused = err
	if f := (*forbidden)(nil); errors.As(err, &f) && !f.signedIn || errors.Is(err, auth.ErrSignedOut) {
		s.toLogin(w, r)
		return
	}
	if errors.Is(err, auth.ErrConfirm) {
		s.toConfirm(w, r)
		return
	}
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // nobody listens any more
	}
	lang := s.langOf(r)
	say := func(key string, args ...any) string { return s.words.T(lang, key, args...) }
	t := trouble{Request: v.id, Home: auth.Of(r.Context()) != nil}
	var p *Problem
	var f *forbidden
	var slow *auth.SlowDown
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		t.Status, t.What, t.Why = p.Status, say("frame.error.refused"), say(p.Key, p.Args...)
		t.How = say("frame.error.refused.how")
	case errors.Is(err, auth.ErrNotAllowed):
		t.Status, t.What = http.StatusForbidden, say("frame.error.forbidden")
		t.Why, t.How = say("frame.error.notallowed.why"), say("frame.error.forbidden.how")
	case errors.As(err, &slow):
		t.Status, t.What = http.StatusTooManyRequests, say("frame.error.often")
		t.Why = say("frame.error.often.why", "wait", s.duration(lang, "frame.dur.", slow.After))
		t.How = say("frame.error.often.how")
		w.Header().Set("Retry-After", strconv.Itoa(int(slow.After.Seconds())+1))
	case errors.As(err, &f):
		t.Status, t.What = http.StatusForbidden, say("frame.error.forbidden")
		t.Why = say("frame.error.forbidden.why", "right", s.actionName(r, f.action))
		t.How = say("frame.error.forbidden.how")
	case errors.Is(err, casestore.ErrNotFound), errors.Is(err, poststore.ErrNotFound):
		t.Status, t.What = http.StatusNotFound, say("frame.error.notfound")
		t.Why, t.How = say("frame.error.notfound.why"), say("frame.error.notfound.how")
	case errors.Is(err, casestore.ErrConflict):
		t.Status, t.What = http.StatusConflict, say("frame.error.conflict")
		t.Why, t.How = say("frame.error.conflict.why"), say("frame.error.conflict.how")
	case errors.As(err, &large):
		t.Status, t.What = http.StatusRequestEntityTooLarge, say("frame.error.large")
		t.Why, t.How = say("frame.error.large.why", "size", sizeText(lang, large.Limit)), say("frame.error.large.how")
	case errors.Is(err, context.DeadlineExceeded):
		t.Status, t.What = http.StatusServiceUnavailable, say("frame.error.slow")
		t.Why, t.How = say("frame.error.slow.why"), say("frame.error.slow.how")
	default:
		t.Status, t.What = http.StatusInternalServerError, say("frame.error.internal")
		t.Why, t.How = say("frame.error.internal.why"), say("frame.error.internal.how", "request", v.id)
	}
	if v.status != 0 {
		return // the answer is on its way; the log says what happened
	}
	if isHTMX(r) {
		h := w.Header()
		h.Set("HX-Retarget", "#toasts")
		h.Set("HX-Reswap", "beforeend")
		h.Set("HX-Reselect", ".toast")
		h.Set("HX-Push-Url", "false")
		if err := s.part(w, r, t.Status, "toast-trouble", t); err != nil {
			s.Log.ErrorContext(r.Context(), "rendering an error", "request", v.id, "error", err)
		}
		return
	}
	err = s.page(w, r, "trouble", Page{Status: t.Status, Title: t.What, Data: t, Plain: auth.Of(r.Context()) == nil})
	if err != nil {
		s.Log.ErrorContext(r.Context(), "rendering an error", "request", v.id, "error", err)
		http.Error(w, t.What, t.Status)
		return
	}
}

// toConfirm has somebody show again who they are, and then go back to where they
// were.
func (s *Server) toConfirm(w http.ResponseWriter, r *http.Request) {
	next := "/settings"
	if u, err := url.Parse(r.Referer()); err == nil && u.Path != "" {
		next = local(u.RequestURI())
	}
	to := "/confirm?" + url.Values{"next": {next}}.Encode()
	if isHTMX(r) {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusForbidden)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// toLogin sends somebody who is not signed in to do so, and then back.
func (s *Server) toLogin(w http.ResponseWriter, r *http.Request) {
	to := "/login"
	next := r.URL.RequestURI()
	if r.Method != http.MethodGet || isHTMX(r) {
		next = ""
		if u, err := url.Parse(r.Header.Get("HX-Current-URL")); err == nil {
			next = u.RequestURI()
		}
	}
	if next = local(next); next != "/" {
		to += "?" + url.Values{"next": {next}}.Encode()
	}
	if isHTMX(r) {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// local gives an address of this server as it is, and "/" for any other: for
// addresses that come from outside and are gone to.
func local(to string) string { return auth.SafeNext(to) }

// isHTMX says whether htmx asks, for a part of a page.
func isHTMX(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-History-Restore-Request") != "true"
}

// wants says whether htmx asks for the element with the id alone: a page may
// leave out the work for all that stands around it.
func wants(r *http.Request, id string) bool {
	return isHTMX(r) && strings.HasSuffix(r.Header.Get("HX-Target"), "#"+id)
}
