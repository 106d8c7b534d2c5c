package auth

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

// ministry is a real provider on loopback: zitadel/oidc's own example server,
// with its login form. Its user info gives the claim
// custom_claim = {"client": "web", "other": "other"} to who asks for the scope.
type ministry struct {
	url  string
	seen atomic.Pointer[url.URL] // the last request to authorise
}

func newMinistry(t *testing.T, back string) *ministry {
	t.Helper()
	m := &ministry{}
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth" {
			m.seen.Store(r.URL)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	m.url = strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
	storage.RegisterClients(storage.WebClient("web", "secret", back))
	handler = exampleop.SetupServer(m.url, storage.NewStorage(storage.NewUserStore(m.url)), nil, false)
	return m
}

// eachOIDC runs a test on an instance with a provider.
func eachOIDC(t *testing.T, change func(o *OIDC), f func(t *testing.T, in *instance, m *ministry)) {
	t.Helper()
	var m *ministry
	each(t, func(u string, c *Config) {
		m = newMinistry(t, u+CallbackPath)
		c.OIDC = &OIDC{
			Issuer: m.url, ClientID: "web", ClientSecret: "secret", Name: "Ministry",
			Scopes: []string{"profile", storage.CustomScope},
		}
		if change != nil {
			change(c.OIDC)
		}
	}, func(t *testing.T, in *instance) { f(t, in, m) })
}

// came is what came of a login at the provider.
type came struct {
	p    *Principal
	next string
	err  error
}

// signInAt walks the whole flow as a browser does: begins, follows to the
// provider, fills in its form, and comes back.
func (b *browser) signInAt(f OIDCFor, login string) (c came) {
	b.in.t.Helper()
	var to string
	b.do(func(ctx context.Context) { to, c.err = b.in.BeginOIDC(ctx, f) })
	if c.err != nil {
		return c
	}
	return b.comeBack(b.fillIn(to, login))
}

// fillIn goes to the provider, signs in by its form, and gives the URL at which
// it sends the browser back.
func (b *browser) fillIn(to, login string) string {
	b.in.t.Helper()
	var back string
	client := &http.Client{Jar: b.client.Jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == CallbackPath {
			back = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}}
	get := func(method, to, body string) (*url.URL, string) {
		req, err := http.NewRequestWithContext(b.in.t.Context(), method, to, strings.NewReader(body))
		if err != nil {
			b.in.t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := client.Do(req)
		if err != nil {
			b.in.t.Fatal(err)
		}
		defer res.Body.Close()
		page, err := io.ReadAll(res.Body)
		if err != nil {
			b.in.t.Fatal(err)
		}
		return res.Request.URL, string(page)
	}
	at, page := get(http.MethodGet, to, "")
	if back != "" { // refused at once
		return back
	}
	action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(page)
	id := regexp.MustCompile(`name="id" value="([^"]+)"`).FindStringSubmatch(page)
	if action == nil || id == nil {
		b.in.t.Fatalf("the provider shows no form at %s: %s", at, page)
	}
	form, err := at.Parse(action[1])
	if err != nil {
		b.in.t.Fatal(err)
	}
	_, page = get(http.MethodPost, form.String(), url.Values{"id": {id[1]}, "username": {login}, "password": {"verysecure"}}.Encode())
	if back == "" {
		b.in.t.Fatalf("the provider does not send back: %s", page)
	}
	return back
}

// comeBack has the browser follow the provider back to us.
func (b *browser) comeBack(back string) (c came) {
	b.in.t.Helper()
	b.in.handle("callback", func(w http.ResponseWriter, r *http.Request) {
		c.p, c.next, c.err = b.in.FinishOIDC(r.Context(), r.URL.Query())
		w.WriteHeader(http.StatusNoContent)
	})
	req, err := http.NewRequestWithContext(b.in.t.Context(), http.MethodGet, back, http.NoBody)
	if err != nil {
		b.in.t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", b.addr)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := b.client.Do(req)
	if err != nil {
		b.in.t.Fatal(err)
	}
	res.Body.Close()
	return c
}

const (
	atMinistry  = "test-user@localhost"
	atMinistry2 = "test-user2"
)

func TestOIDCNewPerson(t *testing.T) {
	eachOIDC(t, func(o *OIDC) {
		o.RoleClaim, o.AllowNew = "custom_claim.client", true
		o.Roles = map[string]Role{"web": Analyst, "other": Lead}
	}, func(t *testing.T, in *instance, m *ministry) {
		b := in.browser(addr(1))
		c := b.signInAt(OIDCFor{Next: "/findings?state=new"}, atMinistry)
		if c.err != nil || c.next != "/findings?state=new" {
			t.Fatalf("came back with %+v", c)
		}
		who := b.who()
		if who == nil || who.Login != "test-user@localhost" || who.Name != "Test User" || !reflect.DeepEqual(who.Roles, []Role{Analyst}) {
			t.Fatalf("signed in as %+v", who)
		}
		q := m.seen.Load().Query()
		if q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("nonce") == "" || len(q.Get("state")) < 43 || q.Get("response_type") != "code" {
			t.Errorf("asked with %v", q)
		}
		// The same person again, no second account; other roles are put right.
		if err := in.SetRoles(cli(t), who.ID, []Role{Viewer}); err != nil {
			t.Fatal(err)
		}
		d := in.browser(addr(2))
		if c := d.signInAt(OIDCFor{Next: "//evil.example"}, atMinistry); c.err != nil || c.p.ID != who.ID || c.next != "/" || !c.p.Is(Analyst) {
			t.Errorf("again: %+v", c)
		}
		if log := in.raw(); !strings.Contains(log, "people.new") || !strings.Contains(log, "people.roles") || in.last().Detail["method"] != "oidc" {
			t.Errorf("the log says\n%s", log)
		}
		if c := in.browser(addr(3)).signInAt(OIDCFor{}, atMinistry2); c.err != nil || c.p.ID == who.ID || in.count("users") != 2 {
			t.Errorf("another person: %+v", c)
		}
		// It confirms who one is.
		in.wait(in.cfg.Confirm)
		confirmed := func() (ok bool) {
			b.do(func(ctx context.Context) { ok = in.Confirmed(ctx) })
			return ok
		}
		if confirmed() {
			t.Error("still confirmed")
		}
		if c := b.signInAt(OIDCFor{}, atMinistry); c.err != nil || c.p.Session != who.Session || !confirmed() || m.seen.Load().Query().Get("prompt") != "login" {
			t.Errorf("confirming: %+v", c)
		}
		in.person("root", goodPassword, Administrator)
		if err := in.Disable(cli(t), who.ID); err != nil {
			t.Fatal(err)
		}
		if c := in.browser(addr(5)).signInAt(OIDCFor{}, atMinistry); !errors.Is(c.err, ErrDisabled) {
			t.Errorf("disabled: %+v", c)
		}
	})
}

func TestOIDCNobodyUnasked(t *testing.T) {
	eachOIDC(t, nil, func(t *testing.T, in *instance, _ *ministry) {
		// An account of the same login is not taken for the same person.
		in.person(atMinistry, goodPassword, Administrator)
		b := in.browser(addr(1))
		if c := b.signInAt(OIDCFor{}, atMinistry); !errors.Is(c.err, ErrOIDCNoAccount) || b.who() != nil {
			t.Errorf("came back with %+v", c)
		}
		if l := in.last(); l.Action != "login.failed" || l.Detail["method"] != "oidc" || in.count("users") != 1 {
			t.Errorf("the log says %+v", l)
		}
	})
	eachOIDC(t, func(o *OIDC) {
		o.RoleClaim, o.AllowNew, o.Roles = "custom_claim.other", true, map[string]Role{"web": Administrator}
	}, func(t *testing.T, in *instance, _ *ministry) {
		if c := in.browser(addr(1)).signInAt(OIDCFor{}, atMinistry); !errors.Is(c.err, ErrOIDCNoRoles) || in.count("users") != 0 {
			t.Errorf("without a role: %+v", c)
		}
	})
	eachOIDC(t, func(o *OIDC) {
		o.RoleClaim, o.AllowNew, o.Roles = "custom_claim.client", true, map[string]Role{"web": Viewer}
	}, func(t *testing.T, in *instance, _ *ministry) {
		in.person(atMinistry, goodPassword, Administrator)
		if c := in.browser(addr(1)).signInAt(OIDCFor{}, atMinistry); !errors.Is(c.err, ErrLoginTaken) {
			t.Errorf("somebody has the login: %+v", c)
		}
	})
}

func TestOIDCByLinkAndOwn(t *testing.T) {
	eachOIDC(t, nil, func(t *testing.T, in *instance, _ *ministry) {
		_, path, err := in.Invite(cli(t), NewPerson{Login: "sato", Name: "Sato", Roles: []Role{Viewer}})
		if err != nil {
			t.Fatal(err)
		}
		b := in.browser(addr(1))
		if c := b.signInAt(OIDCFor{Link: tokenOf(path)}, atMinistry); c.err != nil || c.p.Login != "sato" {
			t.Fatalf("invited: %+v", c)
		}
		if c := in.browser(addr(2)).signInAt(OIDCFor{}, atMinistry); c.err != nil || c.p.Login != "sato" || !c.p.Is(Viewer) {
			t.Errorf("from then on: %+v", c)
		}
		if c := in.browser(addr(2)).signInAt(OIDCFor{Link: tokenOf(path)}, atMinistry); !errors.Is(c.err, ErrNoLink) {
			t.Errorf("the link works twice: %+v", c)
		}
		// Somebody with a password binds their identity; nobody binds another's.
		in.person("tanaka", goodPassword, Lead)
		d := signedIn(t, in, "tanaka", addr(3))
		if c := d.signInAt(OIDCFor{Bind: true}, atMinistry); !errors.Is(c.err, ErrLoginTaken) {
			t.Errorf("another's identity: %+v", c)
		}
		if c := d.signInAt(OIDCFor{Bind: true}, atMinistry2); c.err != nil {
			t.Errorf("own identity: %+v", c)
		}
		if c := in.browser(addr(4)).signInAt(OIDCFor{}, atMinistry2); c.err != nil || c.p.Login != "tanaka" {
			t.Errorf("bound: %+v", c)
		}
		if c := in.browser(addr(5)).signInAt(OIDCFor{Bind: true}, atMinistry2); !errors.Is(c.err, ErrSignedOut) {
			t.Errorf("bound to nobody: %+v", c)
		}
	})
}

func TestOIDCForged(t *testing.T) {
	eachOIDC(t, func(o *OIDC) {
		o.RoleClaim, o.AllowNew, o.Roles = "custom_claim.client", true, map[string]Role{"web": Viewer}
	}, func(t *testing.T, in *instance, m *ministry) {
		back := func(b *browser) string {
			var to string
			b.do(func(ctx context.Context) {
				var err error
				if to, err = in.BeginOIDC(ctx, OIDCFor{}); err != nil {
					t.Error(err)
				}
			})
			return b.fillIn(to, atMinistry)
		}
		edit := func(at string, f func(q url.Values)) string {
			u, _ := url.Parse(at)
			q := u.Query()
			f(q)
			u.RawQuery = q.Encode()
			return u.String()
		}
		for i, c := range []struct {
			name string
			edit func(q url.Values)
			want error
		}{
			{"no state", func(q url.Values) { q.Del("state") }, ErrCeremony},
			{"another state", func(q url.Values) { q.Set("state", newSecret()) }, ErrCeremony},
			{"another code", func(q url.Values) { q.Set("code", "x") }, ErrOIDC},
			{"no code", func(q url.Values) { q.Del("code") }, ErrOIDC},
			{"refused", func(q url.Values) { q.Set("error", "access_denied") }, ErrOIDC},
			{"another provider's", func(q url.Values) { q.Set("iss", "https://evil.example") }, ErrOIDC},
		} {
			b := in.browser(addr(i))
			if got := b.comeBack(edit(back(b), c.edit)); !errors.Is(got.err, c.want) || b.who() != nil {
				t.Errorf("%s: %+v", c.name, got)
			}
		}
		// An attacker's answer in a victim's browser; an answer twice.
		attacker, victim := in.browser(addr(20)), in.browser(addr(21))
		theirs := back(attacker)
		if got := victim.comeBack(theirs); !errors.Is(got.err, ErrCeremony) || victim.who() != nil {
			t.Errorf("the attacker's answer: %+v", got)
		}
		if got := attacker.comeBack(theirs); got.err != nil {
			t.Errorf("own answer: %+v", got)
		}
		if got := attacker.comeBack(theirs); !errors.Is(got.err, ErrCeremony) {
			t.Errorf("twice: %+v", got)
		}
		// A code that another flow of the same browser began is of no use:
		// PKCE and nonce tie it to its own.
		one, two := in.browser(addr(30)), in.browser(addr(31))
		first, _ := url.Parse(back(one))
		if got := two.comeBack(edit(back(two), func(q url.Values) { q.Set("code", first.Query().Get("code")) })); !errors.Is(got.err, ErrOIDC) {
			t.Errorf("another's code: %+v", got)
		}
		if in.count("users") != 1 {
			t.Errorf("%d users", in.count("users"))
		}
	})
}

func TestOIDCAway(t *testing.T) {
	each(t, func(_ string, c *Config) {
		c.OIDC = &OIDC{Issuer: "http://127.0.0.1:1", ClientID: "web", Name: "Ministry"}
	}, func(t *testing.T, in *instance) {
		if name, ok := in.OIDCName(); !ok || name != "Ministry" {
			t.Error(name, ok)
		}
		in.browser(addr(1)).do(func(ctx context.Context) {
			if _, err := in.BeginOIDC(ctx, OIDCFor{}); !errors.Is(err, ErrOIDC) {
				t.Error(err)
			}
		})
	})
	each(t, nil, func(t *testing.T, in *instance) {
		in.browser(addr(1)).do(func(ctx context.Context) {
			if _, err := in.BeginOIDC(ctx, OIDCFor{}); !errors.Is(err, ErrOIDCOff) {
				t.Error(err)
			}
			if _, _, err := in.FinishOIDC(ctx, nil); !errors.Is(err, ErrOIDCOff) {
				t.Error(err)
			}
		})
	})
}

func TestRolesOfClaims(t *testing.T) {
	o := &OIDC{Roles: map[string]Role{"a": Analyst, "l": Lead, "x": Auditor}}
	for _, c := range []struct {
		claim, claims string
		want          []Role
		err           error
	}{
		{"groups", `{"groups":["l","a","other"]}`, []Role{Analyst, Lead}, nil},
		{"groups", `{"groups":"a"}`, []Role{Analyst}, nil},
		{"realm_access.roles", `{"realm_access":{"roles":["l"]}}`, []Role{Lead}, nil},
		{"https://x.example/roles", `{"https://x.example/roles":["l"]}`, []Role{Lead}, nil},
		{"groups", `{"groups":["x","a"]}`, nil, ErrAuditorAlone},
		{"groups", `{"groups":["other"]}`, nil, ErrOIDCNoRoles},
		{"groups", `{"groups":[1,null,{"a":"a"}]}`, nil, ErrOIDCNoRoles},
		{"groups", `{"groups":null}`, nil, ErrOIDCNoRoles},
		{"groups", `{}`, nil, ErrOIDCNoRoles},
		{"a.b.c", `{"a":["b"]}`, nil, ErrOIDCNoRoles},
	} {
		o.RoleClaim = c.claim
		var claims map[string]any
		if err := json.Unmarshal([]byte(c.claims), &claims); err != nil {
			t.Fatal(err)
		}
		if got, err := o.roles(claims); !reflect.DeepEqual(got, c.want) || !errors.Is(err, c.err) {
			t.Errorf("%s in %s: %v %v", c.claim, c.claims, got, err)
		}
	}
}
