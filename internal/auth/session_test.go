package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
)

func signedIn(t *testing.T, in *instance, login string, a string) *browser {
	t.Helper()
	b := in.browser(a)
	if err := b.login(login, goodPassword); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSessionCookie(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		in.person("sato", goodPassword, Viewer)
		b := in.browser(addr(1))
		// Fixation: a token that an attacker has planted is not taken over.
		b.send(http.MethodPost, func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "akashi", Value: "planted", Path: "/"})
		})
		if err := b.login("sato", goodPassword); err != nil {
			t.Fatal(err)
		}
		first := b.cookies()["akashi"]
		if first == "planted" || len(first) < 43 {
			t.Fatalf("the token is %q", first)
		}
		// Signing in again makes another, and the first is void.
		if err := b.login("sato", goodPassword); err != nil {
			t.Fatal(err)
		}
		if second := b.cookies()["akashi"]; second == first {
			t.Error("the token stayed the same")
		}
		old := in.browser(addr(1))
		old.send(http.MethodPost, func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "akashi", Value: first, Path: "/"})
		})
		if old.who() != nil {
			t.Error("the old token still works")
		}
		res := b.send(http.MethodGet, func(w http.ResponseWriter, r *http.Request) {})
		c := res.Cookies()[0]
		if c.Name != "akashi" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure {
			t.Errorf("the cookie is %+v", c)
		}
		// The token itself is nowhere in the database.
		err := in.db.View(t.Context(), func(tx *casestore.Tx) error {
			rows, err := tx.Query(t.Context(), `SELECT hash || data FROM sessions`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var s string
				if err := rows.Scan(&s); err != nil {
					return err
				}
				if strings.Contains(s, b.cookies()["akashi"]) {
					t.Error("the token is in the database")
				}
			}
			return rows.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestSecureCookies(t *testing.T) {
	each(t, func(_ string, c *Config) { c.PublicURL = "https://akashi.example.go.jp" }, func(t *testing.T, in *instance) {
		in.person("sato", goodPassword, Viewer)
		b := in.browser(addr(1))
		res := b.do(func(ctx context.Context) {
			if _, err := in.Login(ctx, "sato", goodPassword); err != nil {
				t.Error(err)
			}
		})
		names := map[string]bool{}
		for _, c := range res.Cookies() {
			names[c.Name] = c.Secure && c.HttpOnly && c.Path == "/" && c.Domain == ""
		}
		if !names["__Host-akashi"] || !names["__Host-akashi-device"] || len(names) != 2 {
			t.Errorf("cookies: %v", names)
		}
		if h := res.Header.Get("Strict-Transport-Security"); !strings.HasPrefix(h, "max-age=") {
			t.Errorf("HSTS: %q", h)
		}
	})
}

func TestSessionEnds(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		in.person("sato", goodPassword, Viewer)
		idle, used := signedIn(t, in, "sato", addr(1)), signedIn(t, in, "sato", addr(2))
		in.wait(11 * time.Hour)
		// scs counts the idle time on the machine's clock, so a session that
		// is used is not carried further than that by the test's.
		if idle.who() == nil || used.who() == nil {
			t.Fatal("ended too early")
		}
		in.wait(2 * time.Hour)
		if idle.who() != nil {
			t.Error("still there after 13 hours")
		}
		if err := in.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := in.count("sessions"); n != 0 {
			t.Errorf("%d sessions are kept that have ended", n)
		}
	})
}

// TestSessionTimes checks the times with the machine's clock alone.
func TestSessionTimes(t *testing.T) {
	each(t, func(_ string, c *Config) { c.Idle, c.Lifetime = 2*time.Hour, 3*time.Hour }, func(t *testing.T, in *instance) {
		in.person("sato", goodPassword, Viewer)
		b := signedIn(t, in, "sato", addr(1))
		list := func() Session {
			var out []Session
			b.do(func(ctx context.Context) {
				var err error
				if out, err = in.Sessions(ctx); err != nil {
					t.Error(err)
				}
			})
			for _, n := range out {
				if n.Current {
					return n
				}
			}
			t.Fatalf("none of %d sessions is this one", len(out))
			return Session{}
		}
		n := list()
		if d := n.Expires.Sub(n.Created); d < 2*time.Hour-time.Minute || d > 2*time.Hour+time.Minute {
			t.Errorf("an idle session ends after %s", d)
		}
		if n.Client != "Firefox, Linux" || n.Network != "203.0.0.0/24" {
			t.Errorf("shown as %q, %q", n.Client, n.Network)
		}
		in.wait(30 * time.Second)
		b.who()
		if list().Seen != n.Seen {
			t.Error("written at every page")
		}
		in.wait(45 * time.Second)
		b.who()
		if !list().Seen.After(n.Seen) {
			t.Error("never seen again")
		}
	})
}

func TestRevokeSession(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		in.person("sato", goodPassword, Viewer)
		in.person("tanaka", goodPassword, Viewer)
		a, b, c := signedIn(t, in, "sato", addr(1)), signedIn(t, in, "sato", addr(2)), signedIn(t, in, "tanaka", addr(3))
		id := a.who().Session
		c.do(func(ctx context.Context) {
			if err := in.RevokeSession(ctx, id); !errors.Is(err, casestore.ErrNotFound) {
				t.Errorf("another's session: %v", err)
			}
		})
		b.do(func(ctx context.Context) {
			if err := in.RevokeSession(ctx, id); err != nil {
				t.Error(err)
			}
		})
		if a.who() != nil || b.who() == nil || c.who() == nil {
			t.Error("the wrong sessions ended")
		}
		d := signedIn(t, in, "sato", addr(4))
		b.do(func(ctx context.Context) {
			// The one made by the invitation is a session as well.
			if n, err := in.RevokeOtherSessions(ctx); err != nil || n != 2 {
				t.Errorf("%d sessions: %v", n, err)
			}
		})
		if d.who() != nil || b.who() == nil {
			t.Error("the wrong sessions ended")
		}
	})
}

// TestEndedSessionStaysEnded has a request run while its session is ended
// elsewhere: what it keeps at its end does not bring the session back.
func TestEndedSessionStaysEnded(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		p := in.person("sato", goodPassword, Viewer)
		in.person("root", goodPassword, Administrator)
		b := signedIn(t, in, "sato", addr(1))
		b.do(func(ctx context.Context) {
			in.wait(time.Hour) // so that it would be written
			in.prove(ctx)
			if err := in.Disable(cli(t), p.ID); err != nil {
				t.Error(err)
			}
			if err := in.Enable(cli(t), p.ID); err != nil {
				t.Error(err)
			}
		})
		if b.who() != nil {
			t.Error("the session came back")
		}
	})
}

func TestStrangersLeaveNothing(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		for i := range 20 {
			b := in.browser(addr(i))
			if b.who() != nil || len(b.cookies()) != 0 {
				t.Fatal("a stranger has a session")
			}
		}
		if n := in.count("sessions"); n != 0 {
			t.Errorf("%d sessions of nobody", n)
		}
	})
}

func TestCrossSite(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		in.person("sato", goodPassword, Viewer)
		b := signedIn(t, in, "sato", addr(1))
		for _, c := range []struct {
			name, method string
			header       map[string]string
			want         int
		}{
			{"own form", "POST", map[string]string{"Sec-Fetch-Site": "same-origin"}, 204},
			{"typed or bookmarked", "POST", map[string]string{"Sec-Fetch-Site": "none"}, 204},
			{"no browser", "POST", nil, 204},
			{"own origin", "POST", map[string]string{"Origin": in.srv.URL}, 204},
			{"another site", "POST", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
			{"another site, delete", "DELETE", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
			{"a neighbour", "POST", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
			{"an old browser, another site", "POST", map[string]string{"Origin": "https://evil.example"}, 403},
			{"a sandboxed frame", "POST", map[string]string{"Origin": "null"}, 403},
			{"a link from another site", "GET", map[string]string{"Sec-Fetch-Site": "cross-site"}, 204},
		} {
			ran := false
			in.handle(c.name, func(w http.ResponseWriter, r *http.Request) {
				ran = true
				w.WriteHeader(http.StatusNoContent)
			})
			req, _ := http.NewRequestWithContext(t.Context(), c.method, in.srv.URL+"/do?f="+strings.ReplaceAll(c.name, " ", "+"), http.NoBody)
			for k, v := range c.header {
				req.Header.Set(k, v)
			}
			res, err := b.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != c.want || ran != (c.want == 204) {
				t.Errorf("%s: %d, ran: %v", c.name, res.StatusCode, ran)
			}
		}
	})
}

func TestHeaders(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		h := in.browser(addr(1)).send(http.MethodGet, func(http.ResponseWriter, *http.Request) {}).Header
		policy := h.Get("Content-Security-Policy")
		for _, bad := range []string{"unsafe", "*", "http:", "https:", "blob:"} {
			if strings.Contains(policy, bad) {
				t.Errorf("the policy allows %s: %s", bad, policy)
			}
		}
		for k, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store", "Strict-Transport-Security": "",
		} {
			if got := h.Get(k); got != want {
				t.Errorf("%s: %q", k, got)
			}
		}
		if !strings.HasPrefix(policy, "default-src 'none'; ") || !strings.Contains(policy, "frame-ancestors 'none'") || h.Get("Permissions-Policy") == "" {
			t.Errorf("the policy is %s", policy)
		}
	})
}

func TestSafeNext(t *testing.T) {
	for next, want := range map[string]string{
		"/findings?state=new#x": "/findings?state=new#x", "/": "/", "": "/", "findings": "/",
		"//evil.example/": "/", "/\\evil.example": "/", "https://evil.example/": "/", "javascript:alert(1)": "/",
		"/\t/evil.example": "/", "/a\r\nSet-Cookie: x": "/", "/" + strings.Repeat("x", 3000): "/",
	} {
		if got := SafeNext(next); got != want {
			t.Errorf("%q: %q", next, got)
		}
	}
}

func TestOutsideOfRequests(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		if _, err := in.Login(t.Context(), "x", "y"); err == nil {
			t.Error("signed in without a request")
		}
		if _, err := in.ListPeople(t.Context()); !errors.Is(err, ErrSignedOut) {
			t.Errorf("the system lists people: %v", err)
		}
		if _, err := in.ListPeople(cli(t)); err != nil {
			t.Errorf("a command lists people: %v", err)
		}
		if err := in.SetPassword(cli(t), goodPassword); !errors.Is(err, ErrSignedOut) {
			t.Errorf("a command sets its own password: %v", err)
		}
		if err := in.Logout(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
