package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
)

// cheap is a cost of passwords for tests.
var cheap = argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

const (
	goodPassword  = "mizuumi no hotori 7"
	otherPassword = "tsuki ga kirei desu ne"
)

// cli is the context of a command on this machine.
func cli(t testing.TB) context.Context { return casestore.WithActor(t.Context(), "cli:root") }

// instance is a service behind its middleware on a real server, with a clock.
type instance struct {
	*Service
	t   testing.TB
	db  *casestore.DB
	srv *httptest.Server

	mu    sync.Mutex
	shift time.Duration
	todo  map[string]func(w http.ResponseWriter, r *http.Request)
}

// each runs a test on an instance over each engine. change may change the
// configuration, knowing the URL.
func each(t *testing.T, change func(url string, c *Config), f func(t *testing.T, in *instance)) {
	t.Helper()
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) { f(t, start(t, db, change)) })
}

func start(t testing.TB, db *casestore.DB, change func(url string, c *Config)) *instance {
	t.Helper()
	in := &instance{t: t, db: db, todo: map[string]func(http.ResponseWriter, *http.Request){}}
	var handler http.Handler
	in.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(in.srv.Close)
	// Browsers allow passkeys on localhost, not on 127.0.0.1.
	in.srv.URL = strings.Replace(in.srv.URL, "127.0.0.1", "localhost", 1)
	cfg := Config{
		PublicURL: in.srv.URL, Log: slog.New(slog.DiscardHandler),
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	}
	if change != nil {
		change(in.srv.URL, &cfg)
	}
	s, err := newService(t.Context(), db, cfg, cheap, in.clock)
	if err != nil {
		t.Fatal(err)
	}
	in.Service = s
	mux := http.NewServeMux()
	mux.HandleFunc("/do", func(w http.ResponseWriter, r *http.Request) {
		in.mu.Lock()
		f := in.todo[r.URL.Query().Get("f")]
		in.mu.Unlock()
		f(w, r)
	})
	mux.HandleFunc(CallbackPath, func(w http.ResponseWriter, r *http.Request) {
		in.mu.Lock()
		f := in.todo["callback"]
		in.mu.Unlock()
		f(w, r)
	})
	handler = s.Headers(s.Protect(s.Load(mux)))
	return in
}

func (in *instance) clock() time.Time {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.db.Now().Add(in.shift)
}

func (in *instance) wait(d time.Duration) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.shift += d
}

func (in *instance) handle(name string, f func(w http.ResponseWriter, r *http.Request)) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.todo[name] = f
}

// browser keeps cookies and has an address.
type browser struct {
	in     *instance
	client *http.Client
	addr   string
	bearer string
}

func (in *instance) browser(addr string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		in.t.Fatal(err)
	}
	return &browser{in: in, client: &http.Client{Jar: jar}, addr: addr}
}

// answer is what a browser sees of an answer.
type answer struct {
	StatusCode int
	Header     http.Header
	cookies    []*http.Cookie
}

// Cookies gives the cookies that the answer sets.
func (a answer) Cookies() []*http.Cookie { return a.cookies }

// do runs f within a POST of the browser, and gives the answer.
func (b *browser) do(f func(ctx context.Context)) answer {
	b.in.t.Helper()
	return b.send(http.MethodPost, func(w http.ResponseWriter, r *http.Request) {
		f(r.Context())
		w.WriteHeader(http.StatusNoContent)
	})
}

func (b *browser) send(method string, f func(w http.ResponseWriter, r *http.Request)) answer {
	b.in.t.Helper()
	name := casestore.NewID()
	b.in.handle(name, f)
	req, err := http.NewRequestWithContext(b.in.t.Context(), method, b.in.srv.URL+"/do?f="+name, http.NoBody)
	if err != nil {
		b.in.t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", b.addr)
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0")
	if b.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+b.bearer)
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.in.t.Fatal(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return answer{res.StatusCode, res.Header, res.Cookies()}
}

// login signs in and gives the error.
func (b *browser) login(login, password string) (err error) {
	b.in.t.Helper()
	b.do(func(ctx context.Context) { _, err = b.in.Login(ctx, login, password) })
	return err
}

// who gives who the browser is signed in as.
func (b *browser) who() (p *Principal) {
	b.in.t.Helper()
	b.do(func(ctx context.Context) { p = Of(ctx) })
	return p
}

// cookies gives the browser's cookies by name.
func (b *browser) cookies() map[string]string {
	u, _ := url.Parse(b.in.srv.URL)
	out := map[string]string{}
	for _, c := range b.client.Jar.Cookies(u) {
		out[c.Name] = c.Value
	}
	return out
}

// person makes somebody with a password.
func (in *instance) person(login, password string, roles ...Role) Person {
	in.t.Helper()
	p, path, err := in.Invite(cli(in.t), NewPerson{Login: login, Name: "N " + login, Roles: roles})
	if err != nil {
		in.t.Fatal(err)
	}
	in.accept(in.browser("198.51.100.77"), path, password)
	return p
}

// accept uses a link with a password.
func (in *instance) accept(b *browser, path, password string) {
	in.t.Helper()
	var err error
	b.do(func(ctx context.Context) { _, err = in.AcceptLink(ctx, tokenOf(path), Credential{Password: password}) })
	if err != nil {
		in.t.Fatalf("using the link %s: %v", path, err)
	}
	in.limits, _ = newLimits(in.clock)
}

func tokenOf(path string) string { return path[strings.IndexByte(path, '=')+1:] }

// lines gives the lines of the log.
func (in *instance) lines() []casestore.Line {
	in.t.Helper()
	out, err := in.db.Outbox(in.t.Context(), 100_000)
	if err != nil {
		in.t.Fatal(err)
	}
	lines := make([]casestore.Line, len(out))
	for i, o := range out {
		if err := json.Unmarshal(o.Line, &lines[i]); err != nil {
			in.t.Fatal(err)
		}
	}
	return lines
}

// last gives the last line of the log.
func (in *instance) last() casestore.Line {
	in.t.Helper()
	l := in.lines()
	return l[len(l)-1]
}

// raw gives the whole log as text.
func (in *instance) raw() string {
	var b strings.Builder
	for _, l := range in.lines() {
		fmt.Fprintf(&b, "%s %s %s %v\n", l.Actor, l.Action, l.Object, l.Detail)
	}
	return b.String()
}

func (in *instance) count(table string) (n int) {
	in.t.Helper()
	err := in.db.View(in.t.Context(), func(tx *casestore.Tx) error {
		return tx.Get(in.t.Context(), `SELECT count(*) FROM `+table, nil, []any{&n})
	})
	if err != nil {
		in.t.Fatal(err)
	}
	return n
}

func addr(i int) string { return "203.0." + strconv.Itoa(i/250) + "." + strconv.Itoa(1+i%250) }
