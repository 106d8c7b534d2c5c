package poll

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/fetch"
)

const (
	// maxAnswer bounds an answer, maxRefusal what is read of one that says no.
	maxAnswer, maxRefusal = 16 << 20, 64 << 10
	// deepest is how deep an answer may be nested.
	deepest = 200
)

// API is an interface made for programs that answers in JSON.
type API struct {
	// Base is what paths are appended to, without a slash at its end.
	Base string
	// Header goes with each request: authorization, User-Agent.
	Header http.Header
	// HTTP connects (see fetch.Client.HTTP).
	HTTP  *http.Client
	Clock collect.Clock
	// Timeout bounds a request with its answer (60 s).
	Timeout time.Duration
}

// New makes an interface from the setting "base", which is fallback where it
// is empty.
func New(env collect.Env, v collect.Values, fallback string) (*API, error) {
	base := strings.TrimSuffix(cmp.Or(v.Text("base"), fallback), "/")
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.User != nil {
		return nil, &collect.SettingError{Key: "base", Err: errors.New("an address such as https://example.org/api is needed")}
	}
	if env.Programs == nil {
		return nil, &collect.ConfigError{Err: errors.New("an interface needs a client to fetch with")}
	}
	clock := env.Clock
	if clock == nil {
		clock = collect.RealTime()
	}
	return &API{Base: base, Header: http.Header{}, HTTP: env.Programs.HTTP(), Clock: clock}, nil
}

// BaseSetting is the setting that New reads: only somebody who runs a relay, or
// a test, changes it.
func BaseSetting(fallback string) collect.Setting {
	return collect.Setting{Key: "base", Type: collect.AddressSetting, Default: fallback}
}

// Answer is an answer with a status of 2xx.
type Answer struct {
	Code   int
	Header http.Header
	// Body is the answer as it came; JSON is the same, checked to be JSON. It
	// is nothing where the answer is empty.
	Body []byte
	JSON gjson.Result
	// At is when the answer was there.
	At time.Time
}

// Call is what to ask.
type Call struct {
	// Method is GET where it is empty.
	Method string
	// Path follows the base, or is a whole address.
	Path   string
	Query  url.Values
	Header http.Header
	Body   []byte
	// Text allows an answer that is no JSON; Answer.JSON is then nothing.
	Text bool
}

// RefusalError is an answer that is neither 2xx nor a request to wait. Its text
// quotes nothing of the answer.
type RefusalError struct {
	Where  string
	Code   int
	Header http.Header
	// Body is the beginning of what the answer said.
	Body []byte
}

func (e *RefusalError) Error() string {
	return fmt.Sprintf("%s answered %d %s", e.Where, e.Code, http.StatusText(e.Code))
}

// Kind is "status".
func (*RefusalError) Kind() string { return "status" }

// FormatError says that an answer is not what was agreed on.
type FormatError struct{ Where, Why string }

func (e *FormatError) Error() string { return fmt.Sprintf("%s: %s", e.Where, e.Why) }

// Kind is "format".
func (*FormatError) Kind() string { return "format" }

// Open asks and gives the answer unread, which the caller closes; nothing but
// ctx bounds its time. Errors are RefusalError, fetch.RateError (429, and 503
// with Retry-After), fetch.RefusedError and fetch.NetworkError.
func (a *API) Open(ctx context.Context, c Call) (*http.Response, error) {
	address := c.Path
	if !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") {
		address = a.Base + address
	}
	place, _, _ := strings.Cut(address, "?")
	if len(c.Query) > 0 {
		address += "?" + c.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, cmp.Or(c.Method, http.MethodGet), address, bytes.NewReader(c.Body))
	if err != nil {
		return nil, &fetch.RefusedError{Where: place, Why: "it cannot be asked for"}
	}
	for _, h := range []http.Header{a.Header, c.Header} {
		maps.Copy(req.Header, h)
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "Akashi")
	}
	resp, err := a.HTTP.Do(req)
	if err != nil {
		if refused, ok := errors.AsType[*fetch.RefusedError](err); ok {
			return nil, refused
		}
		if with, ok := errors.AsType[*url.Error](err); ok {
			err = with.Err // without the query, in which keys stand
		}
		return nil, &fetch.NetworkError{Where: place, Err: err}
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	after := resp.Header.Get("Retry-After")
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal)) // what there is of it
	refusal := &RefusalError{Where: place, Code: resp.StatusCode, Header: resp.Header, Body: body}
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable && after != "" {
		return nil, &WaitError{RefusalError: refusal, Until: fetch.RetryAfter(after, a.Clock.Now()), Stated: after != ""}
	}
	return nil, refusal
}

// WaitError is an answer that asks to wait.
type WaitError struct {
	*RefusalError
	Until time.Time
	// Stated says that the answer had a Retry-After; else Until is a guess.
	Stated bool
}

func (e *WaitError) Error() string {
	return fmt.Sprintf("%s asks to wait until %s", e.Where, e.Until.UTC().Format(time.RFC3339))
}

// Unwrap gives the refusal.
func (e *WaitError) Unwrap() error { return e.RefusalError }

// Kind is "rate limit".
func (*WaitError) Kind() string { return "rate limit" }

// RetryAt is when it may be asked again.
func (e *WaitError) RetryAt() time.Time { return e.Until }

// Ask asks and reads the answer.
func (a *API) Ask(ctx context.Context, c Call) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(a.Timeout, time.Minute))
	defer cancel()
	resp, err := a.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	where := resp.Request.URL.Scheme + "://" + resp.Request.URL.Host + resp.Request.URL.Path
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, &fetch.NetworkError{Where: where, Err: err}
	case len(body) > maxAnswer:
		return nil, &fetch.TooLargeError{Where: where, Limit: maxAnswer}
	}
	out := &Answer{Code: resp.StatusCode, Header: resp.Header, Body: body, At: a.Clock.Now()}
	body = bytes.TrimSpace(body)
	if len(body) == 0 || c.Text && !Valid(body) {
		return out, nil
	}
	if !Valid(body) {
		return nil, &FormatError{where, "the answer is not JSON"}
	}
	out.JSON = gjson.ParseBytes(body)
	return out, nil
}

// Valid says whether b is one JSON value that is not nested too deep to read.
func Valid(b []byte) bool {
	d, inString := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if d++; d > deepest {
				return false
			}
		case c == '}' || c == ']':
			d--
		}
	}
	return gjson.ValidBytes(b)
}
