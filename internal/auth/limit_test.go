package auth

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestDelay(t *testing.T) {
	for n, want := range map[int]time.Duration{
		0: 0, 4: 0, 5: time.Second, 6: 2 * time.Second, 9: 16 * time.Second, 14: 512 * time.Second, 15: longestDelay, 1_000_000: longestDelay,
	} {
		if got := delay(n); got != want {
			t.Errorf("after %d failures %s, not %s", n, got, want)
		}
	}
}

// TestAttemptsAtOnce checks that guesses made at the same time do not slip
// through together.
func TestAttemptsAtOnce(t *testing.T) {
	l, err := newLimits(func() time.Time { return time.Unix(1, 0) })
	if err != nil {
		t.Fatal(err)
	}
	var through atomic.Int32
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if l.attempt(budget("sato", "192.0.2.0/24", "")) == nil {
				through.Add(1)
			}
		})
	}
	wg.Wait()
	if through.Load() != freeFailures {
		t.Errorf("%d slipped through", through.Load())
	}
}

func TestFailuresFade(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	l, err := newLimits(func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	k := budget("sato", "192.0.2.0/24", "")
	guesses := func() (n int) {
		for l.attempt(k) == nil {
			n++
		}
		return n
	}
	if n := guesses(); n != freeFailures {
		t.Fatal(n)
	}
	now = now.Add(time.Second)
	if n := guesses(); n != 1 {
		t.Errorf("%d after a second", n)
	}
	now = now.Add(failuresFaded)
	if n := guesses(); n != freeFailures {
		t.Errorf("%d after an hour", n)
	}
	// In a day of guessing from one network, not many guesses are possible.
	total := 0
	for range 24 * 60 {
		now = now.Add(time.Minute)
		total += guesses()
	}
	if total > 120 {
		t.Errorf("%d guesses in a day", total)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	l, err := newLimits(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for i := range addressesKept + 1000 {
		a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		_ = l.pass(doorLogin, a)
	}
	for i := range failuresKept + 1000 {
		_ = l.attempt(budget(addr(i), "n"+addr(i/7), ""))
	}
	if l.rates.Len() > addressesKept || l.failures.Len() > failuresKept {
		t.Errorf("%d addresses, %d failures", l.rates.Len(), l.failures.Len())
	}
}

func TestClientAddr(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, remote, forwarded string
		trusted                 []netip.Prefix
		want                    string
	}{
		{"direct", "192.0.2.1:5555", "", nil, "192.0.2.1"},
		{"nobody is trusted", "192.0.2.1:5555", "203.0.113.9", nil, "192.0.2.1"},
		{"not this one", "192.0.2.1:5555", "203.0.113.9", proxies, "192.0.2.1"},
		{"a proxy", "10.0.0.1:5555", "203.0.113.9", proxies, "203.0.113.9"},
		{"what the client made up comes first", "10.0.0.1:5555", "127.0.0.1, 203.0.113.9", proxies, "203.0.113.9"},
		{"two proxies", "10.0.0.1:5555", "1.2.3.4, 203.0.113.9, 10.0.0.2", proxies, "203.0.113.9"},
		{"only proxies", "10.0.0.1:5555", "10.0.0.2", proxies, "10.0.0.2"},
		{"nonsense", "10.0.0.1:5555", "x, <script>", proxies, "10.0.0.1"},
		{"nothing", "10.0.0.1:5555", "", proxies, "10.0.0.1"},
		{"six", "[fd00::1]:5555", "2001:db8::7", proxies, "2001:db8::7"},
		{"four in six", "[::ffff:192.0.2.1]:5555", "", nil, "192.0.2.1"},
		{"a zone", "[fe80::1%eth0]:5555", "", nil, "fe80::1"},
		{"a socket", "@", "", nil, "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := clientAddr(r, c.trusted).String(); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
	for a, want := range map[string][2]string{
		"192.0.2.77":    {"192.0.2.0/24", "192.0.2.77"},
		"2001:db8::1:2": {"2001:db8::/48", "2001:db8::/64"},
	} {
		if ip := netip.MustParseAddr(a); network(ip) != want[0] || host(ip) != want[1] {
			t.Errorf("%s: %s %s", a, network(ip), host(ip))
		}
	}
	if network(netip.Addr{}) != "" {
		t.Error("no address has a network")
	}
}

func TestClientName(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0": "Edge, Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/604.1":     "Safari, iOS",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36":               "Chrome, Android",
		"curl/8.5.0": "curl", "": "", "<script>alert(1)</script>": "",
	} {
		if got := clientName(agent); got != want {
			t.Errorf("%q: %q", agent, got)
		}
	}
}

func TestDeviceKey(t *testing.T) {
	k, now := deviceKey("secret"), time.Unix(1_700_000_000, 0)
	c := k.sign("user", "device", now)
	for _, x := range []struct {
		name, cookie, user string
		key                deviceKey
		at                 time.Time
		want               string
	}{
		{"good", c, "user", k, now, "device"},
		{"another's", c, "other", k, now, ""},
		{"nobody's", c, "", k, now, ""},
		{"another key", c, "user", deviceKey("other"), now, ""},
		{"old", c, "user", k, now.Add(deviceAge + time.Second), ""},
		{"changed", strings.Replace(c, "device", "devil", 1), "user", k, now, ""},
		{"empty", "", "user", k, now, ""},
	} {
		if got := x.key.check(x.cookie, x.user, x.at); got != x.want {
			t.Errorf("%s: %q", x.name, got)
		}
	}
}

func FuzzDeviceKey(f *testing.F) {
	k, now := deviceKey("secret"), time.Unix(1_700_000_000, 0)
	good := k.sign("user", "device", now)
	f.Add(good)
	f.Add("user.device.1." + k.code("user.device.1"))
	f.Add("....")
	f.Fuzz(func(t *testing.T, cookie string) {
		if got := k.check(cookie, "user", now); got != "" && cookie != good {
			t.Fatalf("%q is taken for %q", cookie, got)
		}
	})
}

func FuzzClientAddr(f *testing.F) {
	f.Add("10.0.0.1:1", "1.2.3.4, ::1, x")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		a := clientAddr(r, trusted)
		_, _ = network(a), host(a)
		if plain := clientAddr(r, nil); plain.IsValid() && !trusted[0].Contains(plain) && a != plain {
			t.Fatalf("%q is believed from %q", forwarded, remote)
		}
	})
}

func FuzzSessionCodec(f *testing.F) {
	f.Add([]byte(`{"deadline":"2026-01-01T00:00:00Z","values":{"user":"x"}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		deadline, values, err := (sessionCodec{}).Decode(b)
		if err != nil {
			return
		}
		again, err := (sessionCodec{}).Encode(deadline, values)
		if err != nil {
			return // a year that JSON cannot write
		}
		d, v, err := (sessionCodec{}).Decode(again)
		if err != nil || !d.Equal(deadline) || len(v) != len(values) {
			t.Fatalf("%s became %s: %v", b, again, err)
		}
	})
}

func TestConfig(t *testing.T) {
	oidc := func(o OIDC) Config { return Config{PublicURL: "https://a.example", OIDC: &o} }
	for name, c := range map[string]Config{
		"a path":            {PublicURL: "https://a.example/akashi"},
		"no scheme":         {PublicURL: "a.example"},
		"another scheme":    {PublicURL: "ftp://a.example"},
		"a password":        {PublicURL: "https://u:p@a.example"},
		"short":             {MinPassword: 7},
		"long":              {MinPassword: 1000},
		"negative":          {Idle: -1},
		"language":          {Lang: "xx"},
		"zone":              {Zone: "Mars"},
		"no public URL":     {OIDC: &OIDC{Issuer: "https://i.example", ClientID: "x"}},
		"a plain issuer":    oidc(OIDC{Issuer: "http://i.example", ClientID: "x"}),
		"no client":         oidc(OIDC{Issuer: "https://i.example"}),
		"an unknown role":   oidc(OIDC{Issuer: "https://i.example", ClientID: "x", Roles: map[string]Role{"a": "emperor"}}),
		"new without roles": oidc(OIDC{Issuer: "https://i.example", ClientID: "x", AllowNew: true}),
	} {
		if _, _, err := c.withDefaults(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	c, u, err := Config{PublicURL: "https://a.example:8443/"}.withDefaults()
	if err != nil || u.String() != "https://a.example:8443" || c.Idle != 12*time.Hour || c.Lifetime != 7*24*time.Hour || c.MinPassword != 12 {
		t.Errorf("%+v %s %v", c, u, err)
	}
	var slow error = &SlowDown{After: time.Second}
	var as *SlowDown
	if !errors.As(slow, &as) || slow.Error() == "" {
		t.Error(slow)
	}
}
