package feed_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/collecttest"
	"github.com/akashi-project/akashi/internal/collect/feed"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/poststoretest"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func address(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// rss writes a feed of items "ID" → title.
func rss(items ...[2]string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>T</title><link>/</link>`)
	for _, i := range items {
		fmt.Fprintf(&b, `<item><guid isPermaLink="false">%s</guid><title>%s</title><link>/a/%s</link><pubDate>Sun, 01 Mar 2026 09:00:00 +0900</pubDate></item>`, i[0], i[1], i[0])
	}
	b.WriteString(`</channel></rss>`)
	return b.String()
}

func TestParse(t *testing.T) {
	from := address(t, "https://news.example.co.jp/feed/index.xml")
	for name, c := range map[string]struct{ body, id, text, url, lang string }{
		"rss": {
			`<rss version="2.0"><channel><language>ja</language><link>https://news.example.co.jp/</link><item><title>処理水 &amp;amp; 海</title>
			<guid>https://news.example.co.jp/1</guid><link>/1</link><pubDate>Sun, 01 Mar 2026 09:00:00 +0900</pubDate>
			<description><![CDATA[<p>一行目<script>alert(1)</script></p><p><a href="../x?utm_source=a">リンク</a></p>]]></description></item></channel></rss>`,
			"https://news.example.co.jp/1", "処理水 & 海\n\n一行目\n\nリンク", "https://news.example.co.jp/1", "ja",
		},
		"atom, another's id": {
			`<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>https://other.example.org/9</id><title>A</title>
			<link href="b/c"/><updated>2026-03-01T00:00:00Z</updated></entry></feed>`,
			"example.co.jp https://other.example.org/9", "A", "https://news.example.co.jp/feed/b/c", "",
		},
		"json feed": {
			`{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[{"id":"7","content_html":"<b>x</b> y","url":"https://news.example.co.jp/7","date_published":"2026-03-01T00:00:00Z"}]}`,
			"example.co.jp 7", "x y", "https://news.example.co.jp/7", "",
		},
		"no id": {
			`<rss version="2.0"><channel><item><link>https://www.example.co.jp/p/?utm_source=x</link><title>N</title></item></channel></rss>`,
			"https://example.co.jp/p", "N", "https://www.example.co.jp/p/?utm_source=x", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := feed.Parse([]byte(c.body), "", from, "", at)
			if err != nil || len(d.Posts) != 1 {
				t.Fatalf("%v, %v", d, err)
			}
			p := d.Posts[0]
			if p.ID != c.id || p.Text != c.text || p.URL != c.url || p.Lang != c.lang || p.Account.ID != "example.co.jp" || p.Platform != "web" || len(p.Raw) == 0 {
				t.Errorf("post %+v", p)
			}
			if p.Time.After(at) || p.Time.IsZero() {
				t.Errorf("time %v", p.Time)
			}
			if name == "rss" && (len(p.Links) != 1 || p.Links[0].Given != "https://news.example.co.jp/x?utm_source=a") {
				t.Errorf("links %v", p.Links)
			}
		})
	}
}

func TestTimesAreSane(t *testing.T) {
	for stated, want := range map[string]time.Time{
		"Sun, 01 Mar 2026 09:00:00 +0900": time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		"Sun, 01 Mar 2026 12:03:00 +0000": at.Add(3 * time.Minute), // a clock that is a little ahead
		"Sun, 01 Mar 2036 09:00:00 +0900": at,
		"Thu, 01 Jan 1970 00:00:00 +0000": at,
		"yesterday":                       at,
		"":                                at,
	} {
		d, err := feed.Parse([]byte(`<rss version="2.0"><channel><item><title>x</title><pubDate>`+stated+`</pubDate></item></channel></rss>`), "", address(t, "https://example.org/"), "", at)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Posts[0].Time; !got.Equal(want) {
			t.Errorf("%q is %v, want %v", stated, got, want)
		}
	}
}

func TestEncodings(t *testing.T) {
	ja := strings.Repeat("福島第一原子力発電所の処理水について説明します。", 3)
	ru := strings.Repeat("Вода с электростанции поступает в океан. ", 3)
	for _, c := range []struct {
		name, text, declared, contentType string
		as                                encoding.Encoding
	}{
		{"as declared", ja, "Shift_JIS", "", japanese.ShiftJIS},
		{"Shift_JIS under UTF-8", ja, "UTF-8", "", japanese.ShiftJIS},
		{"Shift_JIS under ISO-8859-1", ja, "ISO-8859-1", "", japanese.ShiftJIS},
		{"EUC-JP by the header", ja, "", "text/xml; charset=EUC-JP", japanese.EUCJP},
		{"ISO-2022-JP", ja, "ISO-2022-JP", "", japanese.ISO2022JP},
		{"UTF-8 under windows-1251", ru, "windows-1251", "", encoding.Nop},
		{"windows-1251 under UTF-8", ru, "UTF-8", "application/xml; charset=utf-8", charmap.Windows1251},
	} {
		t.Run(c.name, func(t *testing.T) {
			head := `<?xml version="1.0"?>`
			if c.declared != "" {
				head = `<?xml version="1.0" encoding="` + c.declared + `"?>`
			}
			body, err := c.as.NewEncoder().String(head + `<rss version="2.0"><channel><item><title>` + c.text + `</title></item></channel></rss>`)
			if err != nil {
				t.Fatal(err)
			}
			d, err := feed.Parse([]byte(body), c.contentType, address(t, "https://example.org/"), "", at)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Posts[0].Text; got != strings.TrimSpace(c.text) {
				t.Errorf("read %q", got)
			}
		})
	}
}

func client() *fetch.Client {
	return fetch.New(fetch.Options{Allow: fetch.Allow([]string{"127.0.0.1"}), HostInterval: -1, MaxBytes: 1 << 20})
}

func source(t *testing.T, c feed.Config) *feed.Source {
	t.Helper()
	if c.Client == nil {
		c.Client = client()
	}
	s, err := feed.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// clock hands the test each wait, and goes on when told.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	waits chan time.Duration
	step  chan struct{}
}

func newClock() *clock {
	return &clock{now: at, waits: make(chan time.Duration), step: make(chan struct{})}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) After(d time.Duration) (<-chan time.Time, func()) {
	done, stopped := make(chan time.Time, 1), make(chan struct{})
	go func() {
		select {
		case c.waits <- d:
		case <-stopped:
			return
		}
		select {
		case <-c.step:
		case <-stopped:
			return
		}
		c.mu.Lock()
		c.now = c.now.Add(d)
		done <- c.now
		c.mu.Unlock()
	}()
	return done, sync.OnceFunc(func() { close(stopped) })
}

// sink keeps what is put, as stored at once.
type sink struct {
	mu      sync.Mutex
	batches []collect.Batch
	notes   []collect.Note
}

func (s *sink) Put(_ context.Context, b collect.Batch) error {
	s.mu.Lock()
	s.batches = append(s.batches, b)
	s.mu.Unlock()
	if b.Stored != nil {
		b.Stored()
	}
	return nil
}

func (s *sink) Note(n collect.Note) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, n)
}

func (s *sink) said() (ids []string, problems []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.batches {
		for i := range b.Posts {
			ids = append(ids, b.Posts[i].ID+"="+strings.SplitN(b.Posts[i].Text, "\n", 2)[0])
		}
	}
	for _, n := range s.notes {
		if n.Err != nil {
			problems = append(problems, collect.KindOf(n.Err))
		}
	}
	return ids, problems
}

// polls collects as many rounds as there are answers.
func polls(t *testing.T, c feed.Config, cursor []byte, rounds int) (*sink, []time.Duration, error) {
	t.Helper()
	k := newClock()
	c.Clock = k
	to := &sink{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	s := source(t, c)
	go func() { ended <- s.Collect(ctx, cursor, to) }()
	var waits []time.Duration
	for i := range rounds {
		select {
		case d := <-k.waits:
			waits = append(waits, d)
		case err := <-ended:
			return to, waits, err
		}
		if i < rounds-1 {
			k.step <- struct{}{}
		}
	}
	cancel()
	return to, waits, <-ended
}

func TestPolling(t *testing.T) {
	var round atomic.Int32
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("If-None-Match"))
		w.Header().Set("Content-Type", "application/rss+xml")
		switch n := round.Add(1); n {
		case 1:
			w.Header().Set("ETag", `"1"`)
			_, _ = io.WriteString(w, rss([2]string{"a", "one"}, [2]string{"b", "two"}, [2]string{"a", "one"})) // one twice
		case 2:
			w.WriteHeader(http.StatusNotModified)
		case 3: // another mark for what was there, in another order
			w.Header().Set("ETag", `"flap"`)
			_, _ = io.WriteString(w, rss([2]string{"b", "two"}, [2]string{"a", "one"}))
		case 4:
			_, _ = io.WriteString(w, "<rss><channel><item><title>broken")
		case 5:
			w.WriteHeader(http.StatusBadGateway)
		case 6:
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = z.Write(make([]byte, 8<<20))
			_ = z.Close()
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(b.Bytes())
		case 7:
			_, _ = io.WriteString(w, rss([2]string{"c", "three"}, [2]string{"b", "two, corrected"}, [2]string{"a", "one"}))
		}
	}))
	defer s.Close()
	to, waits, _ := polls(t, feed.Config{URL: s.URL + "/feed", MinEvery: 8 * time.Minute, MaxEvery: 20 * time.Minute}, nil, 7)
	ids, problems := to.said()
	want := "[127.0.0.1 a=one 127.0.0.1 b=two 127.0.0.1 c=three 127.0.0.1 b=two, corrected]"
	if fmt.Sprint(ids) != want {
		t.Errorf("put %v\nwant %s", ids, want)
	}
	if fmt.Sprint(problems) != "[bad data status too large]" {
		t.Errorf("problems %v", problems)
	}
	if want := "[8m0s 12m0s 18m0s 20m0s 20m0s 20m0s 10m0s]"; fmt.Sprint(waits) != want {
		t.Errorf("waited %v, want %s", waits, want)
	}
	if fmt.Sprintf("%q", asked[:4]) != `["" "\"1\"" "\"1\"" "\"flap\""]` {
		t.Errorf("asked with %q", asked)
	}
}

func TestWhatEndsAFeed(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/limited":
			w.Header().Set("Retry-After", "100")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/inside":
			http.Redirect(w, r, "http://127.0.0.2/", http.StatusFound)
		}
	}))
	defer s.Close()
	for path, want := range map[string]string{"/gone": "configuration", "/inside": "configuration", "/limited": "rate limit"} {
		_, _, err := polls(t, feed.Config{URL: s.URL + path}, nil, 1)
		if collect.KindOf(err) != want {
			t.Errorf("%s: %v", path, err)
		}
		if path == "/limited" && collect.RetryAt(err).IsZero() {
			t.Errorf("%s: the time was forgotten", path)
		}
	}
	_, _, err := polls(t, feed.Config{URL: s.URL}, []byte("}"), 1)
	if collect.KindOf(err) != "configuration" {
		t.Errorf("a strange cursor: %v", err)
	}
}

func TestConformance(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, rss([2]string{"a", "1"}, [2]string{"b", "2"}, [2]string{"c", "3"}))
	}))
	defer s.Close()
	collecttest.Run(t, 3, collecttest.Upstream{
		Source: func(t *testing.T) collect.Source { return source(t, feed.Config{URL: s.URL}) },
		Want:   []string{"127.0.0.1 a", "127.0.0.1 b", "127.0.0.1 c"}, Platform: "web",
	})
}

const page = `<!doctype html><html lang="ja"><head><title>見出し</title></head><body><nav>menu menu</nav><article><h1>見出し</h1>%s</article></body></html>`

func article() string {
	return fmt.Sprintf(page, strings.Repeat("<p>これは記事の本文です。海洋放出について、東京電力は計画を説明しました。専門家は、測定の結果を公表することが大切だと話しています。</p>", 12))
}

func TestFullTextAndSitemap(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.Path)
		mu.Unlock()
		base := "http://" + r.Host
		switch r.URL.Path {
		case "/feed":
			_, _ = io.WriteString(w, rss([2]string{"1", "short"}, [2]string{"secret", "not for robots"}))
		case "/robots.txt":
			_, _ = io.WriteString(w, "User-agent: *\nDisallow: /a/secret\n")
		case "/sitemap.xml":
			fmt.Fprintf(w, `<sitemapindex><sitemap><loc>%s/news.xml.gz</loc></sitemap><sitemap><loc>http://127.0.0.2/x.xml</loc></sitemap></sitemapindex>`, base)
		case "/news.xml.gz":
			z := gzip.NewWriter(w)
			fmt.Fprintf(z, `<urlset xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>%s/a/2</loc><news:news><news:publication><news:language>ja</news:language></news:publication><news:publication_date>2026-03-01T00:00:00+09:00</news:publication_date><news:title>速報</news:title></news:news></url>
				<url><loc>%s/a/old</loc><lastmod>2020-01-01</lastmod></url><url><loc>%s/a/secret</loc><lastmod>2026-03-01</lastmod></url></urlset>`, base, base, base)
			_ = z.Close()
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, article())
		}
	}))
	defer s.Close()
	to, _, _ := polls(t, feed.Config{URL: s.URL + "/feed", FullText: true}, nil, 1)
	if p := to.batches[0].Posts; !strings.Contains(p[0].Text, "海洋放出") || strings.Contains(p[0].Text, "menu") || p[1].Text != "not for robots" {
		t.Errorf("posts %+v", p)
	}
	if _, problems := to.said(); fmt.Sprint(problems) != "[robots]" {
		t.Errorf("problems %v", problems)
	}

	k := newClock()
	sm, err := feed.NewSitemap(feed.SitemapConfig{URL: s.URL + "/sitemap.xml", Since: at.AddDate(0, -1, 0), Client: client(), Clock: k})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	to = &sink{}
	ended := make(chan error, 1)
	go func() { ended <- sm.Collect(ctx, nil, to) }()
	<-k.waits
	k.step <- struct{}{}
	<-k.waits
	cancel()
	<-ended
	ids, problems := to.said()
	if want := "[http://127.0.0.1" + s.URL[len("http://127.0.0.1"):] + "/a/2=速報]"; strings.ReplaceAll(fmt.Sprint(ids), "https:", "http:") != want || fmt.Sprint(problems) != "[robots]" {
		t.Errorf("put %v, want %s; problems %v", ids, want, problems)
	}
	for _, p := range asked {
		if strings.Contains(p, "secret") || strings.Contains(p, "old") {
			t.Errorf("%s was fetched", p)
		}
	}
}

func TestWebSub(t *testing.T) {
	forms := make(chan url.Values, 4)
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		w.WriteHeader(http.StatusAccepted)
		forms <- r.PostForm
	}))
	defer hub.Close()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Link", `<`+hub.URL+`>; rel="hub", <http://`+r.Host+`/self>; rel=self`)
		_, _ = io.WriteString(w, rss([2]string{"a", "polled"}))
	}))
	defer site.Close()
	var sub *feed.Subscriber
	ours := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { sub.ServeHTTP(w, r) }))
	defer ours.Close()
	sub, err := feed.NewSubscriber(ours.URL+"/websub/", bytes.Repeat([]byte("k"), 32), client(), collect.RealTime())
	if err != nil {
		t.Fatal(err)
	}
	store := poststoretest.NewMemory(poststoretest.Alias)
	r := collect.NewRunner(store, collecttest.Held{}, collect.Options{BatchPosts: 1})
	if err := r.Start(collect.Spec{ID: "f", Mandate: "m", Source: source(t, feed.Config{URL: site.URL, WebSub: sub})}); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	form := <-forms
	callback, topic, secret := form.Get("hub.callback"), form.Get("hub.topic"), form.Get("hub.secret")
	if topic != site.URL+"/self" || form.Get("hub.mode") != "subscribe" || len(secret) < 32 {
		t.Fatalf("asked the hub for %v", form)
	}
	ask := func(method, to, body, signature string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/rss+xml")
		req.Header.Set("X-Hub-Signature", signature)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	verify := func(mode, topic string) string {
		return callback + "?" + url.Values{"hub.mode": {mode}, "hub.topic": {topic}, "hub.challenge": {"echo"}, "hub.lease_seconds": {"86400"}}.Encode()
	}
	for _, c := range []struct {
		to   string
		code int
		body string
	}{
		{verify("subscribe", topic), 200, "echo"},
		{verify("subscribe", topic+"x"), 404, ""},
		{verify("unsubscribe", topic), 404, ""},
		{ours.URL + "/websub/unknown", 404, ""},
	} {
		if code, body := ask(http.MethodGet, c.to, "", ""); code != c.code || (c.body != "" && body != c.body) {
			t.Errorf("%s: %d %q", c.to, code, body)
		}
	}
	sign := func(body, secret string) string {
		mac := hmac.New(sha512.New, []byte(secret))
		_, _ = io.WriteString(mac, body)
		return "sha512=" + hex.EncodeToString(mac.Sum(nil))
	}
	posts := func() int64 {
		n, err := store.Count(t.Context(), poststore.Query{})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := posts()
	forged := rss([2]string{"f", "forged"})
	if code, _ := ask(http.MethodPost, callback, forged, sign(forged, "guess")); code != http.StatusAccepted || posts() != before {
		t.Errorf("forged content: %d, %d posts", code, posts())
	}
	pushed := rss([2]string{"b", "pushed"})
	if code, _ := ask(http.MethodPost, callback, pushed, sign(pushed, secret)); code != http.StatusOK {
		t.Errorf("pushed content: %d", code)
	}
	if posts() != 2 { // acknowledged is stored
		t.Errorf("%d posts after the push was acknowledged", posts())
	}
	r.Close()
	if code, _ := ask(http.MethodPost, callback, pushed, sign(pushed, secret)); code != http.StatusServiceUnavailable {
		t.Errorf("a push after the end: %d", code)
	}
}

func TestSigned(t *testing.T) {
	mac := hmac.New(sha256.New, []byte("s"))
	_, _ = io.WriteString(mac, "body")
	good := hex.EncodeToString(mac.Sum(nil))
	for header, want := range map[string]bool{
		"sha256=" + good: true, "SHA256=" + strings.ToUpper(good): true, "sha256=" + good[:62]: false, "sha512=" + good: false,
		"sha1=da39": false, "": false, "sha256=": false, "sha256=zz": false, good: false,
	} {
		if feed.Signed(header, "s", []byte("body")) != want {
			t.Errorf("Signed(%q) = %v", header, !want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(rss([2]string{"a", "b"})), "text/xml")
	f.Add([]byte(`{"version":"https://jsonfeed.org/version/1","items":[{}]}`), "")
	f.Add([]byte(`<feed xmlns="http://www.w3.org/2005/Atom"><entry/></feed>`), "text/xml; charset=shift_jis")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		d, err := feed.Parse(body, contentType, address(t, "https://example.org/f"), "", at)
		if err != nil {
			return
		}
		for i := range d.Posts {
			p := &d.Posts[i]
			if p.ID == "" || p.Time.IsZero() || p.Time.After(at.Add(time.Hour)) || len(p.Raw) == 0 || p.Account.ID != "example.org" {
				t.Errorf("post %+v", p)
			}
			for _, l := range p.Links {
				if !strings.HasPrefix(l.Given, "http") {
					t.Errorf("link %q", l.Given)
				}
			}
		}
	})
}

func FuzzParseSitemap(f *testing.F) {
	f.Add([]byte(`<urlset><url><loc>https://example.org/a</loc><lastmod>2026-01-01</lastmod></url></urlset>`))
	f.Add([]byte{0x1f, 0x8b, 8})
	f.Fuzz(func(t *testing.T, body []byte) {
		pages, sitemaps, err := feed.ParseSitemap(body, address(t, "https://example.org/sitemap.xml"))
		if err != nil {
			return
		}
		for _, p := range append(pages, sitemaps...) {
			if u, err := url.Parse(p.URL); err != nil || !strings.EqualFold(u.Host, "example.org") {
				t.Errorf("address %q", p.URL)
			}
		}
	})
}

func FuzzSubscriber(f *testing.F) {
	f.Add("GET", "x?hub.mode=subscribe&hub.topic=t&hub.challenge=c&hub.lease_seconds=1", "", []byte(""))
	f.Add("POST", "x", "sha256=00", []byte("<rss/>"))
	f.Fuzz(func(t *testing.T, method, path, signature string, body []byte) {
		sub, err := feed.NewSubscriber("https://example.org/w/", make([]byte, 32), client(), collect.RealTime())
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), method, "https://example.org/w/"+path, bytes.NewReader(body))
		if err != nil {
			return
		}
		req.Header.Set("X-Hub-Signature", signature)
		w := httptest.NewRecorder()
		sub.ServeHTTP(w, req)
		if w.Code < 400 {
			t.Errorf("%s %q is answered %d, though nothing was subscribed to", method, path, w.Code)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	items := make([][2]string, 100)
	for i := range items {
		items[i] = [2]string{fmt.Sprint(i), "記事の題名 " + strings.Repeat("word ", 50)}
	}
	body, from := []byte(rss(items...)), address(b, "https://example.org/f")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := feed.Parse(body, "", from, "", at); err != nil {
			b.Fatal(err)
		}
	}
}
