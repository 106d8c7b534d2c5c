package fetch

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// Options say what a client may do. Zero values mean what is said beside them.
type Options struct {
	// Allow are hosts and ranges beyond the public ones (none).
	Allow Allowed
	// Ports are the ports that may be reached (80, 443, 8080, 8443).
	Ports []int
	// Agent is the User-Agent, with an address to write to ("Akashi").
	Agent string
	// MaxBytes bounds an answer, packed and unpacked each (16 MiB); MaxRatio
	// is how many times larger it may become by unpacking, beyond the first
	// mebibyte (200).
	MaxBytes, MaxRatio int64
	// Timeout bounds a request with its redirects and its body (60 s).
	Timeout time.Duration
	// MaxRedirects is how many redirects are followed (5).
	MaxRedirects int
	// HostConcurrency is how many requests a host gets at once (2).
	HostConcurrency int
	// HostInterval is the least time between requests to one host (1 s);
	// negative means none. A host's Crawl-delay may lengthen it, to 30 s.
	HostInterval time.Duration
	// IgnoreRobots leaves robots.txt alone, for interfaces made for programs.
	IgnoreRobots bool
	// Proxy is what requests go through; nil means nothing: the environment
	// is not asked. With a proxy it is the proxy that connects, and that has
	// to refuse.
	Proxy *url.URL
	// Resolver looks hosts up; nil is the system's.
	Resolver *net.Resolver
	// Now tells the time (time.Now), and After waits (time.After).
	Now   func() time.Time
	After func(time.Duration) <-chan time.Time
}

// Client fetches. It is safe for use by many goroutines.
type Client struct {
	o     Options
	http  *http.Client
	hosts hosts
}

// New makes a client.
func New(o Options) *Client {
	if o.Ports == nil {
		o.Ports = []int{80, 443, 8080, 8443}
	}
	o.Agent = cmp.Or(o.Agent, "Akashi")
	o.MaxBytes = cmp.Or(o.MaxBytes, 16<<20)
	o.MaxRatio = cmp.Or(o.MaxRatio, 200)
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	o.MaxRedirects = cmp.Or(o.MaxRedirects, 5)
	o.HostConcurrency = cmp.Or(o.HostConcurrency, 2)
	o.HostInterval = cmp.Or(o.HostInterval, time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.After == nil {
		o.After = time.After
	}
	c := &Client{o: o}
	t := &http.Transport{
		DialContext:           c.dial,
		DisableCompression:    true, // unpacked here, under bounds
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   15 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		IdleConnTimeout:       30 * time.Second,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   o.HostConcurrency,
		// Headers have a bound of their own.
		MaxResponseHeaderBytes: 256 << 10,
	}
	if o.Proxy != nil {
		t.Proxy = http.ProxyURL(o.Proxy)
		t.DialContext = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
	}
	c.http = &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c.hosts.all = map[string]*host{}
	return c
}

// HTTP gives an http.Client for libraries that speak their own protocol over
// HTTP or WebSocket. It connects as this client does, but neither bounds
// answers nor waits for hosts; it follows no redirects.
func (c *Client) HTTP() *http.Client { return c.http }

// Dial connects to a host for protocols other than HTTP, under the same rules
// of where connections may lead. It goes through no proxy.
func (c *Client) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return c.dial(ctx, network, address)
}

// dial connects to a host. What it connects to is looked at when the address
// is known, so that no answer of the DNS leads elsewhere afterwards.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &RefusedError{address, "it is no address"}
	}
	named := c.o.Allow.Host(name)
	d := net.Dialer{
		Timeout:  15 * time.Second,
		Resolver: c.o.Resolver,
		Control: func(_, dialled string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(dialled)
			if err != nil {
				return &RefusedError{net.JoinHostPort(name, port), "it is no address"}
			}
			if named || c.o.Allow.Addr(to.Addr()) {
				return nil
			}
			if !Public(to.Addr()) {
				return &RefusedError{net.JoinHostPort(name, port), "its address is not on the public Internet"}
			}
			if !slices.Contains(c.o.Ports, int(to.Port())) {
				return &RefusedError{net.JoinHostPort(name, port), "this port may not be used"}
			}
			return nil
		},
	}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return conn, nil
}

// Request is what to fetch.
type Request struct {
	// Method is GET where it is empty.
	Method string
	URL    string
	// Header are further headers. Authorization, Cookie and those that begin
	// with "X-" stay behind where a redirect leads to another host.
	Header http.Header
	Body   []byte
	// ETag and LastModified are those of the answer that is there already.
	ETag, LastModified string
	// NoRobots leaves the host's robots.txt alone for this request: what an
	// administrator asks for by name (a feed, a hub) is no crawling.
	NoRobots bool
}

// Response is an answer with a status of 2xx, or 304.
type Response struct {
	// URL is where the answer came from after redirects; Permanent says that
	// all of them were permanent, and that there were some.
	URL       *url.URL
	Permanent bool
	Code      int
	Header    http.Header
	// Body is unpacked.
	Body []byte
	// ETag and LastModified are to be given with the next request.
	ETag, LastModified string
	// At is when the answer was there.
	At time.Time
}

// NotModified says that nothing has changed.
func (r *Response) NotModified() bool { return r.Code == http.StatusNotModified }

// Get fetches an address.
func (c *Client) Get(ctx context.Context, address string) (*Response, error) {
	return c.Do(ctx, Request{URL: address})
}

// check says whether an address may be asked for at all. The name itself is
// judged when it is dialled; numbers that resolvers read as addresses but that
// are written as none (0x7f.1, 2130706433, 0177.0.0.1) are refused here.
func (c *Client) check(u *url.URL) error {
	name := u.Hostname()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return &RefusedError{where(u), "only http and https are spoken"}
	case name == "":
		return &RefusedError{where(u), "it has no host"}
	case c.o.Allow.Host(name):
		return nil
	}
	addr, err := netip.ParseAddr(name)
	switch {
	case err == nil && c.o.Allow.Addr(addr):
		return nil
	case err == nil && !Public(addr):
		return &RefusedError{where(u), "its address is not on the public Internet"}
	case err != nil && numeric(name):
		return &RefusedError{where(u), "its host is a number that is no address"}
	}
	port := map[string]int{"http": 80, "https": 443}[u.Scheme]
	if p := u.Port(); p != "" {
		port, err = strconv.Atoi(p)
		if err != nil {
			return &RefusedError{where(u), "its port is no number"}
		}
	}
	// Where ranges are allowed, the name may lead into one: dial decides.
	if !slices.Contains(c.o.Ports, port) && len(c.o.Allow.prefixes) == 0 {
		return &RefusedError{where(u), "this port may not be used"}
	}
	return nil
}

// numeric says whether the last label of a host is a number, decimal, octal or
// hexadecimal: by the URL standard it is then an address or nothing.
func numeric(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	last := name[strings.LastIndexByte(name, '.')+1:]
	if last == "" {
		return true
	}
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}

// Do fetches.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, &RefusedError{"the address", "it cannot be read"}
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	header := http.Header{}
	if r.Header != nil {
		header = r.Header.Clone()
	}
	if u.User != nil {
		password, _ := u.User.Password()
		basic := &http.Request{Header: header}
		basic.SetBasicAuth(u.User.Username(), password)
		u.User = nil
	}
	method, body := cmp.Or(r.Method, http.MethodGet), r.Body
	permanent := true
	for hop := 0; ; hop++ {
		if err := c.check(u); err != nil {
			return nil, err
		}
		if !r.NoRobots && !c.o.IgnoreRobots {
			if err := c.robots(ctx, u); err != nil {
				return nil, err
			}
		}
		resp, to, err := c.once(ctx, u, method, header, body, &r)
		if err != nil {
			return nil, err
		}
		if to == nil {
			resp.Permanent = permanent && hop > 0
			return resp, nil
		}
		switch {
		case hop == c.o.MaxRedirects:
			return nil, &RefusedError{where(u), "it redirects too often"}
		case u.Scheme == "https" && to.Scheme == "http":
			return nil, &RefusedError{where(to), "the redirect leads from https to http"}
		}
		if !strings.EqualFold(to.Host, u.Host) {
			forget(header)
		}
		permanent = permanent && (resp.Code == http.StatusMovedPermanently || resp.Code == http.StatusPermanentRedirect)
		if resp.Code != http.StatusTemporaryRedirect && resp.Code != http.StatusPermanentRedirect && method != http.MethodHead {
			method, body = http.MethodGet, nil
			header.Del("Content-Type")
		}
		u = to
		u.User = nil
	}
}

// forget removes what is meant for one host alone.
func forget(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, "X-") || slices.Contains([]string{"Authorization", "Cookie", "Proxy-Authorization"}, name) {
			h.Del(name)
		}
	}
}

// once makes one request. Where the answer is a redirect it says where to.
func (c *Client) once(ctx context.Context, u *url.URL, method string, header http.Header, body []byte, r *Request) (resp *Response, to *url.URL, err error) {
	leave, err := c.hosts.enter(ctx, c, u)
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, &RefusedError{where(u), "it cannot be asked for"}
	}
	req.Header = header.Clone()
	req.Header.Set("User-Agent", c.o.Agent)
	req.Header.Set("Accept-Encoding", "gzip, br, zstd, deflate")
	if r.ETag != "" {
		req.Header.Set("If-None-Match", r.ETag)
	}
	if r.LastModified != "" {
		req.Header.Set("If-Modified-Since", r.LastModified)
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return nil, nil, broken(u, err)
	}
	defer func() { _ = answer.Body.Close() }()
	resp = &Response{
		URL: u, Code: answer.StatusCode, Header: answer.Header,
		ETag: answer.Header.Get("ETag"), LastModified: answer.Header.Get("Last-Modified"), At: c.o.Now(),
	}
	switch code := answer.StatusCode; {
	case code == http.StatusNotModified:
		return resp, nil, nil
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") != "":
		until := RetryAfter(answer.Header.Get("Retry-After"), resp.At)
		c.hosts.closeUntil(u, until)
		return nil, nil, &RateError{where(u), until}
	case code >= 300 && code < 400 && answer.Header.Get("Location") != "":
		to, err := u.Parse(answer.Header.Get("Location"))
		if err != nil {
			return nil, nil, &RefusedError{where(u), "it redirects to what is no address"}
		}
		return resp, to, nil
	case code < 200 || code >= 300:
		return nil, nil, &StatusError{where(u), code}
	}
	resp.Body, err = c.read(u, answer)
	if err != nil {
		return nil, nil, err
	}
	resp.At = c.o.Now()
	return resp, nil, nil
}

// broken says what became of a request that had no answer, without the query
// that url.Error would quote.
func broken(u *url.URL, err error) error {
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		return refused
	}
	if withURL, ok := errors.AsType[*url.Error](err); ok {
		err = withURL.Err
	}
	return &NetworkError{where(u), err}
}

// read reads and unpacks an answer within the bounds.
func (c *Client) read(u *url.URL, answer *http.Response) ([]byte, error) {
	if answer.ContentLength > c.o.MaxBytes {
		return nil, &TooLargeError{where(u), c.o.MaxBytes}
	}
	packed := &counter{r: answer.Body, left: c.o.MaxBytes}
	plain, done, err := unpack(packed, answer.Header.Values("Content-Encoding"))
	if err != nil {
		return nil, c.unreadable(u, packed, err)
	}
	defer done()
	var out bytes.Buffer
	for {
		n, err := io.CopyN(&out, plain, 64<<10)
		switch {
		case int64(out.Len()) > c.o.MaxBytes, packed.over,
			int64(out.Len()) > 1<<20 && int64(out.Len()) > packed.n*c.o.MaxRatio:
			return nil, &TooLargeError{where(u), c.o.MaxBytes}
		case errors.Is(err, io.EOF):
			return out.Bytes(), nil
		case err != nil:
			return nil, c.unreadable(u, packed, err)
		case n == 0:
			return nil, &NetworkError{where(u), io.ErrNoProgress}
		}
	}
}

func (c *Client) unreadable(u *url.URL, packed *counter, err error) error {
	if packed.over {
		return &TooLargeError{where(u), c.o.MaxBytes}
	}
	return &NetworkError{where(u), err}
}

// unpack undoes content encodings, at most two.
func unpack(r io.Reader, header []string) (io.Reader, func(), error) {
	var codings []string
	for c := range strings.SplitSeq(strings.Join(header, ","), ",") {
		if c = strings.ToLower(strings.TrimSpace(c)); c != "" && c != "identity" {
			codings = append(codings, c)
		}
	}
	if len(codings) > 2 {
		return nil, nil, errors.New("the answer is packed more than twice")
	}
	done := func() {}
	for _, c := range slices.Backward(codings) {
		switch c {
		case "gzip", "x-gzip":
			z, err := gzip.NewReader(r)
			if err != nil {
				return nil, nil, fmt.Errorf("unpacking gzip: %w", err)
			}
			r = z
		case "deflate":
			z, err := zlib.NewReader(r)
			if err != nil {
				return nil, nil, fmt.Errorf("unpacking deflate: %w", err)
			}
			r = z
		case "br":
			r = brotli.NewReader(r)
		case "zstd":
			z, err := zstd.NewReader(r, zstd.WithDecoderMaxMemory(32<<20), zstd.WithDecoderMaxWindow(8<<20), zstd.WithDecoderConcurrency(1))
			if err != nil {
				return nil, nil, fmt.Errorf("unpacking zstd: %w", err)
			}
			was := done
			r, done = z, func() { z.Close(); was() }
		default:
			return nil, nil, fmt.Errorf("the answer is packed with %q, which was not asked for", c)
		}
	}
	return r, done, nil
}

// counter counts what is read and ends beyond a bound.
type counter struct {
	r       io.Reader
	n, left int64
	over    bool
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.left -= int64(n); c.left < 0 {
		c.over = true
		return 0, errors.New("the answer is too large")
	}
	return n, err //nolint:wrapcheck // a reader between two others
}

// defaultWait is for hosts that say "too many" without saying until when.
const defaultWait = time.Minute

// maxWait bounds what a host may ask for: a wrong date keeps nobody away for
// ever.
const maxWait = 24 * time.Hour

// RetryAfter reads a Retry-After header (RFC 9110 section 10.2.3): seconds or
// a date. What cannot be read is a minute, what is longer than a day is a day.
func RetryAfter(value string, now time.Time) time.Time {
	value = strings.TrimSpace(value)
	wait := defaultWait
	if s, err := strconv.ParseUint(value, 10, 62); err == nil {
		wait = time.Duration(min(s, uint64(maxWait/time.Second))) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	} else if value != "" && strings.Trim(value, "0123456789") == "" {
		wait = maxWait
	}
	return now.Add(min(max(wait, 0), maxWait))
}
