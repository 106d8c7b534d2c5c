package auth

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"github.com/akashi-project/akashi/internal/casestore"
)

// key is an authenticator with one passkey.
type key struct {
	in   *instance
	rp   virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	cred virtualwebauthn.Credential
}

func (in *instance) key() *key {
	u, _ := url.Parse(in.srv.URL)
	// The virtual authenticator drops leading zeros of a key's coordinates,
	// which RFC 9053, section 7.1.1, keeps: one key in 128 would be refused.
	cred := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(cred.Key.AttestationData()) != 77 {
		cred = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return &key{
		in: in, rp: virtualwebauthn.RelyingParty{Name: "Akashi", ID: u.Hostname(), Origin: in.srv.URL},
		auth: virtualwebauthn.NewAuthenticator(), cred: cred,
	}
}

// create answers registration options as a browser would.
func (k *key) create(options json.RawMessage) []byte {
	k.in.t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		k.in.t.Fatal(err)
	}
	k.auth.Options.UserHandle = []byte(o.UserID)
	k.auth.AddCredential(k.cred)
	return []byte(virtualwebauthn.CreateAttestationResponse(k.rp, k.auth, k.cred, *o))
}

// get answers login options as a browser would.
func (k *key) get(options json.RawMessage) []byte {
	k.in.t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(string(options))
	if err != nil {
		k.in.t.Fatal(err)
	}
	k.cred.Counter++
	return []byte(virtualwebauthn.CreateAssertionResponse(k.rp, k.auth, k.cred, *o))
}

// begin begins a login by passkey in a browser.
func (b *browser) begin() (options json.RawMessage) {
	b.in.t.Helper()
	b.do(func(ctx context.Context) {
		var err error
		if options, err = b.in.BeginPasskeyLogin(ctx); err != nil {
			b.in.t.Error(err)
		}
	})
	return options
}

func (b *browser) finish(answer []byte) (err error) {
	b.in.t.Helper()
	b.do(func(ctx context.Context) { _, err = b.in.FinishPasskeyLogin(ctx, answer) })
	return err
}

// add registers a passkey for who is signed in.
func (b *browser) add(k *key, name string) (err error) {
	b.in.t.Helper()
	var options json.RawMessage
	b.do(func(ctx context.Context) { options, err = b.in.BeginPasskey(ctx, PasskeyFor{}) })
	if err != nil {
		return err
	}
	answer := k.create(options)
	b.do(func(ctx context.Context) { err = b.in.AddPasskey(ctx, name, answer) })
	return err
}

func TestPasskeys(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		p := in.person("sato", goodPassword, Analyst)
		in.person("tanaka", goodPassword, Analyst)
		b := signedIn(t, in, "sato", addr(1))
		first, second := in.key(), in.key()
		if err := b.add(first, "YubiKey 5"); err != nil {
			t.Fatal(err)
		}
		if err := b.add(second, "ノートPC"); err != nil {
			t.Fatal(err)
		}
		if err := b.add(in.key(), ""); !errors.Is(err, ErrName) {
			t.Errorf("without a name: %v", err)
		}
		// Each signs in, from anywhere, without a login or a password.
		for i, k := range []*key{first, second} {
			c := in.browser(addr(10 + i))
			if err := c.finish(k.get(c.begin())); err != nil {
				t.Fatal(err)
			}
			if who := c.who(); who == nil || who.ID != p.ID {
				t.Fatalf("signed in as %+v", who)
			}
			if l := in.last(); l.Action != "login" || l.Detail["method"] != "passkey" {
				t.Errorf("the log says %+v", l)
			}
		}
		var keys []Passkey
		b.do(func(ctx context.Context) {
			var err error
			if keys, err = in.Passkeys(ctx); err != nil || len(keys) != 2 || keys[1].Name != "ノートPC" || keys[0].Used.IsZero() {
				t.Errorf("listed: %+v %v", keys, err)
			}
		})
		// An answer is good once, in the browser where it was asked for.
		c, d := in.browser(addr(20)), in.browser(addr(21))
		answer := first.get(c.begin())
		d.begin()
		if err := d.finish(answer); !errors.Is(err, ErrPasskey) {
			t.Errorf("another browser's answer: %v", err)
		}
		if err := c.finish(answer); err != nil {
			t.Error(err)
		}
		if err := c.finish(answer); !errors.Is(err, ErrCeremony) {
			t.Errorf("the answer works twice: %v", err)
		}
		if err := in.browser(addr(22)).finish(answer); !errors.Is(err, ErrCeremony) {
			t.Errorf("nothing was begun: %v", err)
		}
		e := in.browser(addr(23))
		answer = first.get(e.begin())
		in.wait(11 * time.Minute)
		if err := e.finish(answer); !errors.Is(err, ErrCeremony) {
			t.Errorf("after 11 minutes: %v", err)
		}
		// It confirms who one is, without another session.
		session := b.who().Session
		if err := b.add(in.key(), "x"); !errors.Is(err, ErrConfirm) {
			t.Errorf("not confirmed: %v", err)
		}
		if err := b.finish(first.get(b.begin())); err != nil || b.who().Session != session {
			t.Errorf("confirming: %v", err)
		}
		if err := b.add(in.key(), "x"); err != nil {
			t.Errorf("confirmed: %v", err)
		}
		signedIn(t, in, "tanaka", addr(3)).do(func(ctx context.Context) {
			if err := in.RemovePasskey(ctx, keys[0].ID); !errors.Is(err, casestore.ErrNotFound) {
				t.Errorf("another's passkey: %v", err)
			}
		})
		b.do(func(ctx context.Context) {
			if err := in.RemovePasskey(ctx, keys[0].ID); err != nil {
				t.Error(err)
			}
		})
		f := in.browser(addr(30))
		if err := f.finish(first.get(f.begin())); err == nil || f.who() != nil {
			t.Error("a passkey that was removed signs in")
		}
	})
}

func TestBadPasskeys(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		p := in.person("sato", goodPassword, Analyst)
		in.person("root", goodPassword, Administrator)
		b := signedIn(t, in, "sato", addr(1))
		k := in.key()
		if err := b.add(k, "key"); err != nil {
			t.Fatal(err)
		}
		for i, c := range []struct {
			name   string
			change func(k *key)
		}{
			{"another origin", func(k *key) { k.rp.Origin = "https://evil.example" }},
			{"another party", func(k *key) { k.rp.ID = "evil.example" }},
			{"not verified", func(k *key) { k.auth.Options.UserNotVerified = true }},
			{"another key", func(k *key) {
				id := k.cred.ID
				k.cred = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
				k.cred.ID = id
			}},
			{"another's handle", func(k *key) { k.auth.Options.UserHandle = []byte("nobody") }},
			{"no handle", func(k *key) { k.auth.Options.UserHandle = nil }},
		} {
			bad := *k
			c.change(&bad)
			f := in.browser(addr(10 + i))
			if err := f.finish(bad.get(f.begin())); !errors.Is(err, ErrPasskey) && !errors.Is(err, ErrPasskeyUnknown) {
				t.Errorf("%s: %v", c.name, err)
			}
			if l := in.last(); l.Action != "login.failed" || f.who() != nil {
				t.Errorf("%s: the log says %+v", c.name, l)
			}
		}
		for _, answer := range []string{"", "{}", "null", `{"id":"x","type":"public-key"}`, "\xff"} {
			f := in.browser(addr(40))
			f.begin()
			if err := f.finish([]byte(answer)); !errors.Is(err, ErrPasskey) {
				t.Errorf("%q: %v", answer, err)
			}
		}
		// A counter that goes back: the key may have been copied.
		copied := *k
		k.cred.Counter = 9
		f := in.browser(addr(50))
		if err := f.finish(k.get(f.begin())); err != nil {
			t.Fatal(err)
		}
		copied.cred.Counter = 3
		g := in.browser(addr(51))
		if err := g.finish(copied.get(g.begin())); !errors.Is(err, ErrPasskey) {
			t.Errorf("a copied key: %v", err)
		}
		if err := in.Disable(cli(t), p.ID); err != nil {
			t.Fatal(err)
		}
		h := in.browser(addr(52))
		if err := h.finish(k.get(h.begin())); !errors.Is(err, ErrDisabled) || h.who() != nil {
			t.Errorf("disabled: %v", err)
		}
	})
}

func TestPasskeyInsteadOfPassword(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		// The set-up, by passkey.
		token := in.setup()
		b, k := in.browser(addr(1)), in.key()
		var options json.RawMessage
		n := NewPerson{Login: "root", Name: "Root"}
		begin := func(b *browser, f PasskeyFor) (options json.RawMessage) {
			t.Helper()
			b.do(func(ctx context.Context) {
				var err error
				if options, err = in.BeginPasskey(ctx, f); err != nil {
					t.Error(err)
				}
			})
			return options
		}
		options = begin(b, PasskeyFor{Link: token, Login: n.Login, Name: n.Name})
		answer := k.create(options)
		b.do(func(ctx context.Context) {
			if _, err := in.FinishSetup(ctx, token, n, Credential{Passkey: answer, PasskeyName: "key"}); err != nil {
				t.Error(err)
			}
		})
		root := b.who()
		if root == nil || !root.Is(Administrator) || string(k.auth.Options.UserHandle) != root.ID {
			t.Fatalf("made %+v", root)
		}
		if _, needed, err := in.Setup(t.Context()); needed || err != nil {
			t.Errorf("an administrator with a passkey does not count: %v", err)
		}
		c := in.browser(addr(2))
		if err := c.finish(k.get(c.begin())); err != nil {
			t.Fatal(err)
		}
		// The only way to sign in cannot be removed.
		b.do(func(ctx context.Context) {
			keys, err := in.Passkeys(ctx)
			if err != nil || len(keys) != 1 {
				t.Fatal(keys, err)
			}
			if err := in.RemovePasskey(ctx, keys[0].ID); !errors.Is(err, ErrLastCredential) {
				t.Errorf("removed the last: %v", err)
			}
		})
		// An invitation, by passkey; what was begun for one link is no good
		// for another.
		_, one, err := in.Invite(cli(t), NewPerson{Login: "sato", Name: "Sato", Roles: []Role{Viewer}})
		if err != nil {
			t.Fatal(err)
		}
		_, two, err := in.Invite(cli(t), NewPerson{Login: "tanaka", Name: "Tanaka", Roles: []Role{Lead}})
		if err != nil {
			t.Fatal(err)
		}
		d, j := in.browser(addr(3)), in.key()
		answer = j.create(begin(d, PasskeyFor{Link: tokenOf(one)}))
		d.do(func(ctx context.Context) {
			if _, err := in.AcceptLink(ctx, tokenOf(two), Credential{Passkey: answer, PasskeyName: "x"}); !errors.Is(err, ErrCeremony) {
				t.Errorf("another's link: %v", err)
			}
		})
		j = in.key()
		answer = j.create(begin(d, PasskeyFor{Link: tokenOf(one)}))
		d.do(func(ctx context.Context) {
			if _, err := in.AcceptLink(ctx, tokenOf(one), Credential{Passkey: answer, PasskeyName: "x"}); err != nil {
				t.Error(err)
			}
		})
		if who := d.who(); who == nil || who.Login != "sato" {
			t.Errorf("signed in as %+v", who)
		}
		// Nothing is begun for nobody.
		in.browser(addr(5)).do(func(ctx context.Context) {
			if _, err := in.BeginPasskey(ctx, PasskeyFor{}); !errors.Is(err, ErrSignedOut) {
				t.Error(err)
			}
			if _, err := in.BeginPasskey(ctx, PasskeyFor{Link: "guess"}); !errors.Is(err, ErrNoLink) {
				t.Error(err)
			}
		})
	})
}

func TestPasskeysOff(t *testing.T) {
	for public, want := range map[string]bool{
		"": false, "http://127.0.0.1:8080": false, "https://192.0.2.1": false, "http://akashi.example": false,
		"http://localhost:8080": true, "https://akashi.example.go.jp": true, "https://akashi.example.go.jp:8443/": true,
	} {
		each(t, func(_ string, c *Config) { c.PublicURL = public }, func(t *testing.T, in *instance) {
			if in.PasskeysOn() != want {
				t.Errorf("%q: %v", public, !want)
			}
			if !want {
				in.browser(addr(1)).do(func(ctx context.Context) {
					if _, err := in.BeginPasskeyLogin(ctx); !errors.Is(err, ErrPasskeysOff) {
						t.Error(err)
					}
				})
			}
		})
	}
}
