package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/akashi-project/akashi/internal/casestore"
)

func TestLogin(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		p := in.person("Tanaka.Yuko", goodPassword, Analyst, Lead)
		b := in.browser(addr(1))
		if b.who() != nil {
			t.Fatal("somebody is signed in at first")
		}
		// Neither case nor width of the login, nor the form of the
		// password's characters makes a difference.
		for _, login := range []string{"tanaka.yuko", "TANAKA.YUKO", " tanaka.yuko ", "ｔａｎａｋａ.ｙｕｋｏ"} {
			if err := in.browser(addr(1)).login(login, goodPassword); err != nil {
				t.Errorf("%q: %v", login, err)
			}
		}
		if err := b.login("tanaka.yuko", "ｍizuumi no hotori ７"); err != nil {
			t.Fatal(err)
		}
		who := b.who()
		if who == nil || who.ID != p.ID || who.Login != "tanaka.yuko" || !who.Is(Lead) || who.Session == "" || who.Lang != "ja" || who.Zone != "Asia/Tokyo" {
			t.Fatalf("signed in as %+v", who)
		}
		l := in.last()
		if l.Action != "login" || l.Actor != "user:"+p.ID || l.Detail["network"] != "203.0.0.0/24" || l.Detail["client"] != "Firefox, Linux" {
			t.Errorf("the log says %+v", l)
		}
		// What changes is the person's doing.
		b.do(func(ctx context.Context) {
			if err := in.SetPreferences(ctx, "en", "dark", "Europe/Vilnius"); err != nil {
				t.Error(err)
			}
		})
		if l := in.last(); l.Actor != "user:"+p.ID || l.Action != "own.settings" {
			t.Errorf("the log says %+v", l)
		}
		if who := b.who(); who.Lang != "en" || who.Theme != "dark" || who.Zone != "Europe/Vilnius" {
			t.Errorf("preferences are %+v", who)
		}
		b.do(func(ctx context.Context) {
			for _, p := range [][3]string{{"de", "", "UTC"}, {"ja", "pink", "UTC"}, {"ja", "", "Mars/Base"}, {"ja", "", ""}, {"ja", "", "../../etc/passwd"}} {
				if err := in.SetPreferences(ctx, p[0], p[1], p[2]); !errors.Is(err, ErrPreference) {
					t.Errorf("%v: %v", p, err)
				}
			}
		})
		b.do(func(ctx context.Context) {
			if err := in.Logout(ctx); err != nil {
				t.Error(err)
			}
		})
		if b.who() != nil || in.last().Action != "logout" {
			t.Error("still signed in")
		}
	})
}

func TestFailedLoginTellsNothing(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		p := in.person("sato", goodPassword, Viewer)
		gone := in.person("gone", goodPassword, Viewer)
		in.person("root", goodPassword, Administrator)
		if err := in.Disable(cli(t), gone.ID); err != nil {
			t.Fatal(err)
		}
		for i, c := range []struct{ name, login, password, object string }{
			{"wrong password", "sato", otherPassword, "user:" + p.ID},
			{"empty password", "sato", "", "user:" + p.ID},
			{"endless password", "sato", strings.Repeat("x", 1<<20), "user:" + p.ID},
			{"unknown login", "ghost", goodPassword, ""},
			{"a password typed as login", goodPassword, "", ""},
			{"no login at all", "\xff\x00<script>", goodPassword, ""},
			{"disabled, right password", "gone", goodPassword, "user:" + gone.ID},
		} {
			before := len(in.lines())
			if err := in.browser(addr(i*250)).login(c.login, c.password); !errors.Is(err, ErrWrongLogin) || err.Error() != ErrWrongLogin.Error() {
				t.Errorf("%s: %v", c.name, err)
			}
			l := in.last()
			if len(in.lines()) != before+1 || l.Action != "login.failed" || l.Actor != "nobody" || l.Object != c.object {
				t.Errorf("%s: the log says %+v", c.name, l)
			}
		}
		if log := in.raw(); strings.Contains(log, "ghost") || strings.Contains(log, goodPassword) || strings.Contains(log, otherPassword) {
			t.Errorf("the log holds what was typed:\n%s", log)
		}
		if n := in.count("sessions"); n != 2 {
			t.Errorf("%d sessions, of the 2 people who were invited and stayed", n)
		}
	})
}

// TestSameWork checks that a login that does not exist is hashed as one that
// does: with the parameters of today.
func TestSameWork(t *testing.T) {
	p, err := newPasswords(cheap, 12)
	if err != nil {
		t.Fatal(err)
	}
	params, _, _, err := argon2id.DecodeHash(p.dummy)
	if err != nil || *params != cheap {
		t.Fatalf("unknown logins are compared with %+v: %v", params, err)
	}
	if ok, _, err := p.matches(t.Context(), false, "", ""); ok || err != nil {
		t.Errorf("no password matches no hash: %v %v", ok, err)
	}
	if argon.Memory != 64*1024 || argon.Iterations != 3 || argon.Parallelism != 4 {
		t.Errorf("the cost of a password is %+v, not what RFC 9106 recommends", argon)
	}
}

func TestRehash(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		p := in.person("sato", goodPassword, Viewer)
		hash := func() string {
			u, err := in.user(t.Context(), `u.id = ?`, p.ID)
			if err != nil {
				t.Fatal(err)
			}
			return u.hash
		}
		old := hash()
		in.pass.params.Iterations = 2
		if err := in.browser(addr(1)).login("sato", otherPassword); !errors.Is(err, ErrWrongLogin) || hash() != old {
			t.Fatalf("a wrong password changed the hash: %v", err)
		}
		if err := in.browser(addr(1)).login("sato", goodPassword); err != nil {
			t.Fatal(err)
		}
		renewed := hash()
		if !strings.Contains(renewed, "t=2") {
			t.Fatalf("the hash is still %s", renewed)
		}
		if err := in.browser(addr(1)).login("sato", goodPassword); err != nil || hash() != renewed {
			t.Fatalf("hashed again, or not at all: %v", err)
		}
	})
}

func TestAttackerSlowsNobodyElse(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		in.person("sato", goodPassword, Viewer)
		in.person("tanaka", goodPassword, Viewer)
		mine := in.browser("192.0.2.10")
		if err := mine.login("sato", goodPassword); err != nil {
			t.Fatal(err)
		}
		// The attacker sits in the same office, and guesses until slowed.
		attacker := in.browser("192.0.2.66")
		var slow *SlowDown
		guesses := 0
		for ; guesses < 50; guesses++ {
			if err := attacker.login("sato", otherPassword); errors.As(err, &slow) {
				break
			}
		}
		if guesses != freeFailures || slow == nil || slow.After <= 0 {
			t.Fatalf("slowed after %d guesses: %v", guesses, slow)
		}
		if err := attacker.login("sato", goodPassword); !errors.As(err, &slow) {
			t.Errorf("the right password while slowed: %v", err)
		}
		if err := mine.login("sato", goodPassword); err != nil {
			t.Errorf("the person in their own browser is slowed: %v", err)
		}
		if err := in.browser("192.0.2.67").login("tanaka", goodPassword); err != nil {
			t.Errorf("a colleague in the same network is slowed: %v", err)
		}
		if err := in.browser("198.51.100.1").login("sato", goodPassword); err != nil {
			t.Errorf("the person from elsewhere is slowed: %v", err)
		}
		if err := in.browser("192.0.2.68").login("sato", goodPassword); !errors.As(err, &slow) {
			t.Errorf("the attacker's next address is not slowed: %v", err)
		}
		// A stolen or forged cookie of a known browser does not help.
		for _, forged := range []string{"x", "a.b.c.d", mine.cookies()["akashi-device"] + "x"} {
			f := in.browser("192.0.2.69")
			f.send(http.MethodPost, func(w http.ResponseWriter, r *http.Request) {
				http.SetCookie(w, &http.Cookie{Name: "akashi-device", Value: forged, Path: "/"})
			})
			if err := f.login("sato", goodPassword); !errors.As(err, &slow) {
				t.Errorf("the cookie %q helps: %v", forged, err)
			}
		}
		// Each further failure costs more, and a success ends it.
		in.wait(2 * time.Second)
		before := slow.After
		if err := attacker.login("sato", otherPassword); !errors.Is(err, ErrWrongLogin) {
			t.Fatal(err)
		}
		if err := attacker.login("sato", otherPassword); !errors.As(err, &slow) || slow.After <= before {
			t.Errorf("the delay does not grow: %v after %v", slow.After, before)
		}
		in.wait(longestDelay)
		if err := attacker.login("sato", goodPassword); err != nil {
			t.Error(err)
		}
	})
}

func TestOneAddressHasABudget(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		b := in.browser(addr(1))
		var slow *SlowDown
		n := 0
		for ; n < 200; n++ {
			if err := b.login("nobody"+casestore.NewID(), "x"); errors.As(err, &slow) {
				break
			}
		}
		if n != rates[doorLogin].burst {
			t.Errorf("stopped after %d logins", n)
		}
		if err := in.browser(addr(2)).login("x", "x"); !errors.Is(err, ErrWrongLogin) {
			t.Errorf("another address: %v", err)
		}
		in.wait(2 * time.Second)
		if err := b.login("x", "x"); !errors.Is(err, ErrWrongLogin) {
			t.Errorf("later: %v", err)
		}
	})
}

func TestConfirm(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		in.person("sato", goodPassword, Viewer)
		b, other := in.browser(addr(1)), in.browser(addr(2))
		for _, b := range []*browser{b, other} {
			if err := b.login("sato", goodPassword); err != nil {
				t.Fatal(err)
			}
		}
		set := func(password string) (err error) {
			b.do(func(ctx context.Context) { err = in.SetPassword(ctx, password) })
			return err
		}
		confirm := func(password string) (err error) {
			b.do(func(ctx context.Context) { err = in.Confirm(ctx, password) })
			return err
		}
		in.wait(11 * time.Minute)
		if err := set(otherPassword); !errors.Is(err, ErrConfirm) {
			t.Fatalf("after 11 minutes: %v", err)
		}
		if err := confirm(otherPassword); !errors.Is(err, ErrWrongLogin) {
			t.Fatal(err)
		}
		if err := set(otherPassword); !errors.Is(err, ErrConfirm) {
			t.Fatal(err)
		}
		if err := confirm(goodPassword); err != nil {
			t.Fatal(err)
		}
		var bad *PasswordError
		if err := set("short"); !errors.As(err, &bad) || bad.Reason != "short" {
			t.Fatal(err)
		}
		if err := set(otherPassword); err != nil {
			t.Fatal(err)
		}
		if b.who() == nil || other.who() != nil {
			t.Error("the other session should have ended, and this one not")
		}
		if err := in.browser(addr(3)).login("sato", goodPassword); !errors.Is(err, ErrWrongLogin) {
			t.Errorf("the old password: %v", err)
		}
		if err := in.browser(addr(3)).login("sato", otherPassword); err != nil {
			t.Errorf("the new password: %v", err)
		}
		// Guessing at the confirmation is slowed too.
		var slow *SlowDown
		for range freeFailures + 1 {
			_ = confirm("wrong")
		}
		if err := confirm(otherPassword); !errors.As(err, &slow) {
			t.Errorf("guesses are not slowed: %v", err)
		}
	})
}
