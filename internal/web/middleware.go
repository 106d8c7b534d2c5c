package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
)

// visit is what the middleware knows of a request.
type visit struct {
	id      string
	pattern string
	status  int
	bytes   int64
	refused error
}

type visitKey struct{}

// visitOf gives the request's visit.
func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

// RequestID gives the id that the log knows a request by, and its error page
// shows; empty outside a request.
func RequestID(ctx context.Context) string { return visitOf(ctx).id }

// middleware wraps the routes, from the outside in: id, log, recovery, headers,
// compression, forgery check, who it is.
func (s *Server) middleware(mux http.Handler) (http.Handler, error) {
	// Random padding keeps the size of a compressed page from telling what
	// is in it.
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.EnableZstd(true), gzhttp.RandomJitter(32, 0, false),
		gzhttp.ExceptContentTypes([]string{"text/event-stream", "application/zip", "application/gzip", "application/zstd", "application/vnd.apache.parquet", "image/png"}))
	if err != nil {
		return nil, fmt.Errorf("compression: %w", err)
	}
	// A change that another site asks for is refused before anybody looks
	// whose session it would use.
	h, err := s.sameOrigin(s.Auth.Load(mux))
	if err != nil {
		return nil, err
	}
	h = compress(h)
	h = s.headers(h)
	h = s.recovered(h)
	return s.logged(h), nil
}

// logged gives a request its id and writes one line for it. The line has the
// route's pattern, never the address: addresses hold what people search for.
func (s *Server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{id: rand.Text()[:16], pattern: "(none)"}
		began := time.Now()
		ctx := context.WithValue(r.Context(), visitKey{}, v)
		next.ServeHTTP(&counted{ResponseWriter: w, v: v}, r.WithContext(ctx))
		level := slog.LevelInfo
		attrs := []slog.Attr{
			slog.String("request", v.id), slog.String("method", r.Method), slog.String("route", v.pattern),
			slog.Int("status", v.status), slog.Int64("bytes", v.bytes), slog.Duration("took", time.Since(began)),
		}
		if v.refused != nil && v.status >= http.StatusInternalServerError {
			level = slog.LevelError
			attrs = append(attrs, slog.Any("error", v.refused))
		}
		s.Log.LogAttrs(ctx, level, "request", attrs...)
	})
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

// recovered answers for a handler that panicked.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
				panic(p)
			}
			v := visitOf(r.Context())
			s.Log.ErrorContext(r.Context(), "a handler panicked", "request", v.id, "route", v.pattern,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			if v.status == 0 {
				s.answer(w, r, fmt.Errorf("a handler panicked"))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// headers has browsers guard the pages, and look up no name that a page holds.
func (s *Server) headers(next http.Handler) http.Handler {
	return s.Auth.Headers(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Dns-Prefetch-Control", "off")
		w.Header().Set("X-Robots-Tag", "noindex, nofollow")
		next.ServeHTTP(w, r)
	}))
}

// sameOrigin refuses changes that another site has a browser ask for: see
// auth.Service.Protect, whose check this is, with a page of ours to say so.
func (s *Server) sameOrigin(next http.Handler) (http.Handler, error) {
	c := http.NewCrossOriginProtection()
	if public := s.Auth.URL(""); public != "" {
		if err := c.AddTrustedOrigin(public); err != nil {
			return nil, fmt.Errorf("the public URL: %w", err)
		}
	}
	c.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, r, &Problem{Status: http.StatusForbidden, Key: "frame.error.origin"})
	}))
	return c.Handler(next), nil
}

// route checks rights, sets limits and answers for errors.
func (s *Server) route(r Route) http.Handler {
	body, timeout := r.Body, r.Timeout
	if body == 0 {
		body = defaultBody
	}
	if timeout == 0 {
		timeout = defaultTimeout
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ctx := req.Context()
		v := visitOf(ctx)
		v.pattern = r.Pattern
		p := auth.Of(ctx)
		if p != nil {
			ctx = casestore.WithActor(ctx, p.Actor())
		}
		control := http.NewResponseController(w)
		var deadline time.Time
		if timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
			deadline = time.Now().Add(timeout + 30*time.Second)
		}
		// Not every connection has deadlines: a test's recorder has none.
		_ = control.SetReadDeadline(deadline)
		_ = control.SetWriteDeadline(deadline)
		req = req.WithContext(ctx)
		if !r.Public && !s.policy.May(p, r.Action) {
			s.answer(w, req, &forbidden{action: r.Action, signedIn: p != nil})
			return
		}
		req.Body = http.MaxBytesReader(w, req.Body, body)
		if err := r.Handler(w, req); err != nil {
			s.answer(w, req, err)
		}
	})
}
