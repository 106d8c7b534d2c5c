package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
)

func (in *instance) setup() string {
	in.t.Helper()
	path, needed, err := in.Setup(in.t.Context())
	if err != nil || !needed || !strings.HasPrefix(path, "/setup?token=") {
		in.t.Fatalf("the set-up gives %q, %v, %v", path, needed, err)
	}
	return tokenOf(path)
}

func finishSetup(b *browser, token, login, password string) (p *Principal, err error) {
	b.do(func(ctx context.Context) {
		p, err = b.in.FinishSetup(ctx, token, NewPerson{Login: login, Name: "First", Roles: []Role{Lead}}, Credential{Password: password})
	})
	return p, err
}

func TestSetup(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		void := in.setup()
		token := in.setup() // a second start
		b := in.browser(addr(1))
		b.do(func(ctx context.Context) {
			if _, err := in.CheckLink(ctx, void); !errors.Is(err, ErrNoLink) {
				t.Errorf("the first start's link: %v", err)
			}
			l, err := in.CheckLink(ctx, token)
			if err != nil || l.Kind != LinkSetup || l.Login != "" || l.Expires.Sub(in.clock()) > 24*time.Hour {
				t.Errorf("the link is %+v: %v", l, err)
			}
		})
		var bad *PasswordError
		if _, err := finishSetup(b, token, "root", "short"); !errors.As(err, &bad) {
			t.Errorf("a short password: %v", err)
		}
		if _, err := finishSetup(b, void, "root", goodPassword); !errors.Is(err, ErrNoLink) {
			t.Errorf("the void link: %v", err)
		}
		p, err := finishSetup(b, token, "Root", goodPassword)
		if err != nil || !p.Is(Administrator) || !p.Is(Lead) || p.Login != "root" {
			t.Fatalf("made %+v: %v", p, err)
		}
		if who := b.who(); who == nil || who.ID != p.ID {
			t.Error("not signed in")
		}
		if _, err := finishSetup(in.browser(addr(2)), token, "other", goodPassword); !errors.Is(err, ErrNoLink) {
			t.Errorf("used again: %v", err)
		}
		if path, needed, err := in.Setup(t.Context()); err != nil || needed || path != "" {
			t.Errorf("needed with an administrator: %q %v %v", path, needed, err)
		}
		if log := in.raw(); strings.Contains(log, token) || !strings.Contains(log, "setup.done") || !strings.Contains(log, "setup.link") {
			t.Errorf("the log says:\n%s", log)
		}
	})
}

func TestSetupExpires(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		token := in.setup()
		in.wait(24*time.Hour + time.Second)
		if _, err := finishSetup(in.browser(addr(1)), token, "root", goodPassword); !errors.Is(err, ErrNoLink) {
			t.Errorf("after a day: %v", err)
		}
	})
}

func TestSetupRace(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		token := in.setup()
		var wg sync.WaitGroup
		errs := make([]error, 12)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = finishSetup(in.browser(addr(i)), token, "root"+string(rune('a'+i)), goodPassword)
			})
		}
		wg.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if !errors.Is(err, ErrNoLink) {
				t.Error(err)
			}
		}
		if made != 1 || in.count("users") != 1 || in.count("sessions") != 1 {
			t.Errorf("%d were made, %d users, %d sessions", made, in.count("users"), in.count("sessions"))
		}
	})
}

func TestInvite(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		in.person("root", goodPassword, Administrator)
		admin := signedIn(t, in, "root", addr(1))
		var p Person
		var path string
		admin.do(func(ctx context.Context) {
			var err error
			if p, path, err = in.Invite(ctx, NewPerson{Login: "Sato", Name: "佐藤  花子", Roles: []Role{Lead, Analyst}, Lang: "en"}); err != nil {
				t.Error(err)
			}
			for _, c := range []struct {
				n    NewPerson
				want error
			}{
				{NewPerson{Login: "SATO", Name: "x", Roles: []Role{Viewer}}, ErrLoginTaken},
				{NewPerson{Login: "", Name: "x", Roles: []Role{Viewer}}, ErrLogin},
				{NewPerson{Login: "a b", Name: "x", Roles: []Role{Viewer}}, ErrLogin},
				{NewPerson{Login: "<b>", Name: "x", Roles: []Role{Viewer}}, ErrLogin},
				{NewPerson{Login: strings.Repeat("a", 65), Name: "x", Roles: []Role{Viewer}}, ErrLogin},
				{NewPerson{Login: "x", Name: " ", Roles: []Role{Viewer}}, ErrName},
				{NewPerson{Login: "x", Name: "a\u202eb", Roles: []Role{Viewer}}, ErrName},
				{NewPerson{Login: "x", Name: "x\x00", Roles: []Role{Viewer}}, ErrName},
				{NewPerson{Login: "x", Name: "x"}, ErrRoles},
				{NewPerson{Login: "x", Name: "x", Roles: []Role{"emperor"}}, ErrRoles},
				{NewPerson{Login: "x", Name: "x", Roles: []Role{Auditor, Viewer}}, ErrAuditorAlone},
				{NewPerson{Login: "x", Name: "x", Roles: []Role{Viewer}, Lang: "xx"}, ErrPreference},
			} {
				if _, _, err := in.Invite(ctx, c.n); !errors.Is(err, c.want) {
					t.Errorf("%+v: %v", c.n, err)
				}
			}
		})
		if p.Name != "佐藤 花子" || p.Login != "sato" || len(p.Roles) != 2 || p.Roles[0] != Analyst {
			t.Errorf("made %+v", p)
		}
		if l := in.last(); l.Action != "people.invite" || l.Actor != "user:"+admin.who().ID || strings.Contains(in.raw(), tokenOf(path)) {
			t.Errorf("the log says %+v", l)
		}
		b := in.browser(addr(2))
		if err := b.login("sato", ""); !errors.Is(err, ErrWrongLogin) {
			t.Errorf("signed in before the invitation was used: %v", err)
		}
		b.do(func(ctx context.Context) {
			l, err := in.CheckLink(ctx, tokenOf(path))
			if err != nil || l.Kind != LinkInvite || l.Login != "sato" || l.Name != "佐藤 花子" {
				t.Errorf("the link is %+v: %v", l, err)
			}
			if _, err := in.AcceptLink(ctx, tokenOf(path), Credential{}); !errors.Is(err, ErrNoCredential) {
				t.Error(err)
			}
			if _, err := in.EnterOnce(ctx, tokenOf(path)); !errors.Is(err, ErrNoLink) {
				t.Errorf("an invitation signs in without more: %v", err)
			}
			if _, err := in.FinishSetup(ctx, tokenOf(path), NewPerson{Login: "x", Name: "x"}, Credential{Password: goodPassword}); !errors.Is(err, ErrNoLink) {
				t.Errorf("an invitation makes an administrator: %v", err)
			}
		})
		in.accept(b, path, goodPassword)
		if who := b.who(); who == nil || who.ID != p.ID || who.Lang != "en" {
			t.Errorf("signed in as %+v", who)
		}
		b.do(func(ctx context.Context) {
			if _, err := in.CheckLink(ctx, tokenOf(path)); !errors.Is(err, ErrNoLink) {
				t.Errorf("the link works twice: %v", err)
			}
			if _, _, err := in.Invite(ctx, NewPerson{Login: "y", Name: "y", Roles: []Role{Viewer}}); !errors.Is(err, ErrNotAllowed) {
				t.Errorf("an analyst invites: %v", err)
			}
		})
		in.wait(11 * time.Minute)
		admin.do(func(ctx context.Context) {
			if _, _, err := in.Invite(ctx, NewPerson{Login: "y", Name: "y", Roles: []Role{Viewer}}); !errors.Is(err, ErrConfirm) {
				t.Errorf("an administrator who went for lunch invites: %v", err)
			}
		})
	})
}

func TestInviteExpires(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		_, path, err := in.Invite(cli(t), NewPerson{Login: "sato", Name: "Sato", Roles: []Role{Viewer}})
		if err != nil {
			t.Fatal(err)
		}
		in.wait(72*time.Hour + time.Second)
		in.browser(addr(1)).do(func(ctx context.Context) {
			if _, err := in.AcceptLink(ctx, tokenOf(path), Credential{Password: goodPassword}); !errors.Is(err, ErrNoLink) {
				t.Error(err)
			}
		})
	})
}

func TestNewLink(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		p := in.person("sato", goodPassword, Analyst)
		b := signedIn(t, in, "sato", addr(1))
		var secret string
		b.do(func(ctx context.Context) {
			var err error
			if secret, _, err = in.MakeToken(ctx, "script", []Action{PostRead}, in.clock().Add(time.Hour)); err != nil {
				t.Error(err)
			}
		})
		first, err := in.NewLink(cli(t), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		second, err := in.NewLink(cli(t), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		if l := in.last(); l.Action != "people.link" || l.Actor != "cli:root" {
			t.Errorf("the log says %+v", l)
		}
		// Nothing changes until it is used.
		if b.who() == nil {
			t.Error("the session ended early")
		}
		if err := in.browser(addr(2)).login("sato", goodPassword); err != nil {
			t.Error(err)
		}
		c := in.browser(addr(3))
		c.do(func(ctx context.Context) {
			if _, err := in.AcceptLink(ctx, tokenOf(first), Credential{Password: otherPassword}); !errors.Is(err, ErrNoLink) {
				t.Errorf("the first link after the second was made: %v", err)
			}
		})
		in.accept(c, second, otherPassword)
		if b.who() != nil || c.who() == nil {
			t.Error("old sessions should have ended, and the new one not")
		}
		if err := in.browser(addr(4)).login("sato", goodPassword); !errors.Is(err, ErrWrongLogin) {
			t.Errorf("the old password: %v", err)
		}
		tok := in.browser(addr(5))
		tok.bearer = secret
		if res := tok.do(func(context.Context) {}); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("the old token: %d", res.StatusCode)
		}
	})
}

func TestPeople(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		root := in.person("root", goodPassword, Administrator)
		sato := in.person("sato", goodPassword, Analyst)
		admin, b := signedIn(t, in, "root", addr(1)), signedIn(t, in, "sato", addr(2))
		must := func(want error, f func(ctx context.Context) error) {
			t.Helper()
			admin.do(func(ctx context.Context) {
				if err := f(ctx); !errors.Is(err, want) {
					t.Errorf("got %v, not %v", err, want)
				}
			})
		}
		// The last administrator cannot go, whoever is invited but not yet here.
		_, path, err := in.Invite(cli(t), NewPerson{Login: "second", Name: "Second", Roles: []Role{Administrator}})
		if err != nil {
			t.Fatal(err)
		}
		must(ErrLastAdministrator, func(ctx context.Context) error { return in.SetRoles(ctx, root.ID, []Role{Viewer}) })
		must(ErrLastAdministrator, func(ctx context.Context) error { return in.Disable(ctx, root.ID) })
		// Who raises themselves is told apart.
		must(nil, func(ctx context.Context) error { return in.SetRoles(ctx, root.ID, []Role{Administrator, Lead}) })
		if l := in.last(); l.Action != "people.roles" || l.Detail["self"] != true || l.Actor != "user:"+root.ID {
			t.Errorf("the log says %+v", l)
		}
		if !admin.who().Is(Lead) {
			t.Error("roles do not hold at once")
		}
		must(casestore.ErrNotFound, func(ctx context.Context) error { return in.SetRoles(ctx, "nobody", []Role{Viewer}) })
		must(ErrAuditorAlone, func(ctx context.Context) error { return in.SetRoles(ctx, sato.ID, []Role{Viewer, Auditor}) })
		must(nil, func(ctx context.Context) error { return in.Rename(ctx, sato.ID, "Sato H.") })
		must(ErrName, func(ctx context.Context) error { return in.Rename(ctx, sato.ID, "") })
		must(nil, func(ctx context.Context) error { return in.Disable(ctx, sato.ID) })
		must(ErrDisabled, func(ctx context.Context) error { _, err := in.NewLink(ctx, sato.ID); return err })
		if b.who() != nil {
			t.Error("disabled and still there")
		}
		if err := in.browser(addr(3)).login("sato", goodPassword); !errors.Is(err, ErrWrongLogin) {
			t.Errorf("disabled and let in: %v", err)
		}
		must(nil, func(ctx context.Context) error { return in.Enable(ctx, sato.ID) })
		if b.who() != nil {
			t.Error("an old session came back")
		}
		b = signedIn(t, in, "sato", addr(3))
		b.do(func(ctx context.Context) {
			if _, err := in.ListPeople(ctx); !errors.Is(err, ErrNotAllowed) {
				t.Errorf("an analyst lists people: %v", err)
			}
			for _, err := range []error{
				in.SetRoles(ctx, sato.ID, []Role{Administrator}), in.Disable(ctx, root.ID), in.Enable(ctx, root.ID), in.Rename(ctx, root.ID, "x"),
			} {
				if !errors.Is(err, ErrNotAllowed) {
					t.Errorf("an analyst edits people: %v", err)
				}
			}
			if _, err := in.NewLink(ctx, root.ID); !errors.Is(err, ErrNotAllowed) {
				t.Errorf("an analyst takes an account: %v", err)
			}
			names, err := in.Colleagues(ctx)
			if err != nil || names[root.ID].Name != "N root" {
				t.Errorf("names: %v %v", names, err)
			}
		})
		// With a second administrator, the first may go.
		in.accept(in.browser(addr(4)), path, goodPassword)
		admin.do(func(ctx context.Context) {
			people, err := in.ListPeople(ctx)
			if err != nil || len(people) != 3 || people[1].Login != "sato" || people[1].Name != "Sato H." || !people[1].Password || people[1].Seen.IsZero() {
				t.Errorf("people: %+v %v", people, err)
			}
		})
		must(nil, func(ctx context.Context) error { return in.SetRoles(ctx, root.ID, []Role{Viewer}) })
		must(ErrNotAllowed, func(ctx context.Context) error { return in.SetRoles(ctx, root.ID, []Role{Administrator}) })
	})
}

func TestOneTimeLogin(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		p, _, err := in.Invite(cli(t), NewPerson{Login: "demo", Name: "Demo", Roles: []Role{Analyst}})
		if err != nil {
			t.Fatal(err)
		}
		in.person("root", goodPassword, Administrator)
		signedIn(t, in, "root", addr(1)).do(func(ctx context.Context) {
			if _, err := in.OneTimeLogin(ctx, p.ID); !errors.Is(err, ErrNotAllowed) {
				t.Errorf("an administrator signs in as another: %v", err)
			}
		})
		if _, err := in.OneTimeLogin(t.Context(), p.ID); !errors.Is(err, ErrSignedOut) {
			t.Errorf("the program itself: %v", err)
		}
		path, err := in.OneTimeLogin(cli(t), p.ID)
		if err != nil || !strings.HasPrefix(path, "/enter?token=") {
			t.Fatalf("%q %v", path, err)
		}
		if l := in.last(); l.Action != "login.link" || l.Actor != "cli:root" {
			t.Errorf("the log says %+v", l)
		}
		b := in.browser(addr(2))
		enter := func(path string) (err error) {
			b.do(func(ctx context.Context) { _, err = in.EnterOnce(ctx, tokenOf(path)) })
			return err
		}
		if err := enter(path); err != nil || b.who() == nil {
			t.Fatalf("not let in: %v", err)
		}
		if err := enter(path); !errors.Is(err, ErrNoLink) {
			t.Errorf("twice: %v", err)
		}
		if path, err = in.OneTimeLogin(cli(t), p.ID); err != nil {
			t.Fatal(err)
		}
		in.wait(10*time.Minute + time.Second)
		if err := enter(path); !errors.Is(err, ErrNoLink) {
			t.Errorf("after ten minutes: %v", err)
		}
		if _, err := in.OneTimeLogin(cli(t), "nobody"); !errors.Is(err, ErrDisabled) {
			t.Errorf("nobody: %v", err)
		}
	})
}

func TestGuessingLinks(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		var slow *SlowDown
		in.browser(addr(1)).do(func(ctx context.Context) {
			var err error
			n := 0
			for ; n < 100; n++ {
				if _, err = in.CheckLink(ctx, "guess"); !errors.Is(err, ErrNoLink) {
					break
				}
			}
			if !errors.As(err, &slow) || n != rates[doorLink].burst {
				t.Errorf("stopped after %d: %v", n, err)
			}
		})
	})
}
