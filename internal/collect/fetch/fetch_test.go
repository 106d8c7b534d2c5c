package fetch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/akashi-project/akashi/internal/collect/fetch"
)

func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.216.34": true, "8.8.8.8": true, "2606:2800:220:1::1": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "127.255.255.254": false, "0.0.0.0": false, "10.1.2.3": false, "172.31.0.1": false,
		"192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "100.100.100.200": false,
		"198.18.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false, "192.0.0.8": false,
		"168.63.129.16": false, "::": false, "::1": false, "::127.0.0.1": false, "::ffff:127.0.0.1": false,
		"::ffff:10.0.0.1": false, "::ffff:0:7f00:1": false, "64:ff9b::7f00:1": false, "64:ff9b::808:808": false,
		"64:ff9b:1::1": false, "2002:7f00:1::": false, "2001::1": false, "fc00::1": false, "fd00:ec2::254": false,
		"fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false, "2001:db8::1": false, "100::1": false,
	} {
		if got := fetch.Public(netip.MustParseAddr(address)); got != want {
			t.Errorf("Public(%s) = %v", address, got)
		}
	}
}

// FuzzPublic checks that no dress makes an address public that is not.
func FuzzPublic(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1})
	f.Add([]byte{8, 8, 8, 8})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		public := fetch.Public(a)
		if public && (a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified()) {
			t.Errorf("%v is public", a)
		}
		if a.Is4() {
			v := a.As4()
			if mapped := netip.AddrFrom16(a.As16()); fetch.Public(mapped) != public {
				t.Errorf("%v and %v differ", a, mapped)
			}
			nat := netip.AddrFrom16([16]byte{0, 0x64, 0xff, 0x9b, 12: v[0], v[1], v[2], v[3]})
			if fetch.Public(nat) {
				t.Errorf("%v is public", nat)
			}
		}
	})
}

func open(o fetch.Options) *fetch.Client {
	o.Allow = fetch.Allow([]string{"127.0.0.1"})
	o.HostInterval = -1
	return fetch.New(o)
}

func kind[E error](t *testing.T, err error) E {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T), want %T", err, err, e)
	}
	return e
}

func TestRefusesWhatIsNotPublic(t *testing.T) {
	asked := false
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer s.Close()
	port := s.URL[strings.LastIndexByte(s.URL, ':'):]
	c := fetch.New(fetch.Options{IgnoreRobots: true, HostInterval: -1})
	// Any port may be used here, so that the address alone decides.
	var n int
	if _, err := fmt.Sscanf(port, ":%d", &n); err != nil {
		t.Fatal(err)
	}
	wide := fetch.New(fetch.Options{IgnoreRobots: true, HostInterval: -1, Ports: []int{n}})
	for _, address := range []string{
		s.URL, "http://localhost" + port, "http://LOCALHOST" + port, "http://[::1]" + port, "http://[::ffff:127.0.0.1]" + port,
		"http://127.1" + port, "http://0x7f.0.0.1" + port, "http://2130706433" + port, "http://0177.0.0.1" + port,
		"http://0" + port, "http://0.0.0.0" + port, "http://[64:ff9b::7f00:1]" + port,
		"http://169.254.169.254/latest", "file:///etc/passwd", "ftp://example.org/", "gopher://127.0.0.1:70/", "http:///x", "//x",
		"http://127.0.0.1.:80/",
	} {
		for _, c := range []*fetch.Client{c, wide} {
			_, err := c.Get(t.Context(), address)
			kind[*fetch.RefusedError](t, err)
		}
	}
	_, err := c.Get(t.Context(), "https://example.org:22/")
	kind[*fetch.RefusedError](t, err)
	if asked {
		t.Error("a server on loopback was asked")
	}
}

func TestRedirects(t *testing.T) {
	var auth, cookie string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		auth, cookie = r.Header.Get("Authorization"), r.Header.Get("X-Api-Key")
		_, _ = w.Write([]byte("there"))
	}))
	defer other.Close()
	to := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			_, _ = w.Write([]byte(r.Header.Get("Authorization")))
			return
		}
		http.Redirect(w, r, to, http.StatusMovedPermanently)
	}))
	defer s.Close()
	c := open(fetch.Options{IgnoreRobots: true})
	secret := http.Header{"Authorization": {"Bearer x"}, "X-Api-Key": {"y"}}

	to = "/end"
	r, err := c.Do(t.Context(), fetch.Request{URL: s.URL, Header: secret})
	if err != nil || string(r.Body) != "Bearer x" || !r.Permanent || r.URL.Path != "/end" {
		t.Errorf("same host: %v, %v", r, err)
	}
	to = other.URL
	if r, err := c.Do(t.Context(), fetch.Request{URL: s.URL, Header: secret}); err != nil || string(r.Body) != "there" || auth+cookie != "" {
		t.Errorf("other host: %v, %v; it was told %q %q", r, err, auth, cookie)
	}
	for _, inside := range []string{"http://127.0.0.2:80/", "http://[::1]/", "http://169.254.169.254/", "file:///etc/passwd"} {
		to = inside
		_, err = c.Get(t.Context(), s.URL)
		kind[*fetch.RefusedError](t, err)
	}
	to = "/again"
	_, err = c.Get(t.Context(), s.URL)
	kind[*fetch.RefusedError](t, err)
}

func TestBounds(t *testing.T) {
	var bomb, zbomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	zz, err := zstd.NewWriter(&zbomb)
	if err != nil {
		t.Fatal(err)
	}
	for range 64 {
		_, _ = z.Write(make([]byte, 1<<20))
		_, _ = zz.Write(make([]byte, 1<<20))
	}
	_, _ = z.Close(), zz.Close()
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		case "/zstd":
			w.Header().Set("Content-Encoding", "zstd")
			_, _ = w.Write(zbomb.Bytes())
		case "/huge":
			for range 1000 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		case "/slow":
			_, _ = w.Write([]byte("a"))
			w.(http.Flusher).Flush()
			select {
			case <-release:
			case <-r.Context().Done():
			}
		case "/broken":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte("no gzip"))
		case "/odd":
			w.Header().Set("Content-Encoding", "lzw")
		case "/gone":
			w.WriteHeader(http.StatusGone)
		}
	}))
	defer s.Close()
	defer close(release)
	c := open(fetch.Options{IgnoreRobots: true, MaxBytes: 4 << 20, Timeout: 10 * time.Second})
	for _, path := range []string{"/gzip", "/zstd", "/huge"} {
		_, err := c.Get(t.Context(), s.URL+path)
		kind[*fetch.TooLargeError](t, err)
	}
	for _, path := range []string{"/broken", "/odd"} {
		_, err := c.Get(t.Context(), s.URL+path)
		kind[*fetch.NetworkError](t, err)
	}
	quick := open(fetch.Options{IgnoreRobots: true, Timeout: 50 * time.Millisecond})
	_, err = quick.Get(t.Context(), s.URL+"/slow?token=secret")
	if e := kind[*fetch.NetworkError](t, err); strings.Contains(e.Error(), "secret") || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	_, err = c.Get(t.Context(), s.URL+"/gone")
	if e := kind[*fetch.StatusError](t, err); e.Code != http.StatusGone {
		t.Errorf("status %d", e.Code)
	}
}

func TestRetryAfterKeepsAway(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer s.Close()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := open(fetch.Options{IgnoreRobots: true, Now: func() time.Time { return now }})
	for range 3 {
		_, err := c.Get(t.Context(), s.URL)
		if e := kind[*fetch.RateError](t, err); !e.Until.Equal(now.Add(2 * time.Minute)) {
			t.Errorf("until %v", e.Until)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times while the host wanted to be left alone", asked.Load())
	}
	now = now.Add(2 * time.Minute)
	_, _ = c.Get(t.Context(), s.URL)
	if asked.Load() != 2 {
		t.Errorf("asked %d times, want again after the time", asked.Load())
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": time.Minute, "0": 0, "30": 30 * time.Second, " 5 ": 5 * time.Second, "soon": time.Minute,
		"-1": time.Minute, "99999999999999999999999": 24 * time.Hour, "9999999": 24 * time.Hour,
		"Thu, 01 Jan 2026 01:00:00 GMT": time.Hour, "Wed, 31 Dec 2025 00:00:00 GMT": 0,
	} {
		if got := fetch.RetryAfter(value, now).Sub(now); got != want {
			t.Errorf("RetryAfter(%q) = %v, want %v", value, got, want)
		}
	}
}

func TestRobots(t *testing.T) {
	status, text := http.StatusOK, "User-agent: akashi\nDisallow: /private\n\nUser-agent: *\nDisallow: /\n"
	var read atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			read.Add(1)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		}
	}))
	defer s.Close()
	fresh := func() *fetch.Client { return open(fetch.Options{Agent: "Akashi/1 (+https://example.org/contact)"}) }
	c := fresh()
	if _, err := c.Get(t.Context(), s.URL+"/news?a=b"); err != nil {
		t.Error(err)
	}
	_, err := c.Get(t.Context(), s.URL+"/private/x")
	kind[*fetch.DisallowedError](t, err)
	if read.Load() != 1 {
		t.Errorf("robots.txt was read %d times", read.Load())
	}
	status = http.StatusNotFound
	if _, err := fresh().Get(t.Context(), s.URL+"/private"); err != nil {
		t.Errorf("without a robots.txt: %v", err)
	}
	status = http.StatusInternalServerError
	_, err = fresh().Get(t.Context(), s.URL+"/news")
	kind[*fetch.DisallowedError](t, err)
	if _, err := fresh().Do(t.Context(), fetch.Request{URL: s.URL + "/news", NoRobots: true}); err != nil {
		t.Error(err)
	}
}

func TestOneHostIsNotAskedTooOften(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	var waits []time.Duration
	now := time.Now()
	c := fetch.New(fetch.Options{
		Allow: fetch.Allow([]string{"127.0.0.0/8"}), IgnoreRobots: true, HostInterval: 3 * time.Second,
		Now: func() time.Time { return now },
		After: func(d time.Duration) <-chan time.Time {
			waits = append(waits, d)
			done := make(chan time.Time, 1)
			done <- now
			return done
		},
	})
	for range 3 {
		if _, err := c.Get(t.Context(), s.URL); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(waits) != "[3s 6s]" {
		t.Errorf("waited %v", waits)
	}
}
