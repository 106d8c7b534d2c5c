package normalise

import (
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

func TestURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://t.co/Ab3dEf":                     "https://t.co/Ab3dEf",
		"http://t.co/Ab3dEf":                      "https://t.co/Ab3dEf",
		" HTTPS://Example.COM ":                   "https://example.com/",
		"https://example.com":                     "https://example.com/",
		"https://example.com./":                   "https://example.com/",
		"https://www.example.com/a/":              "https://example.com/a",
		"https://www.gov.uk/a":                    "https://www.gov.uk/a",
		"https://user:pw@example.com/a":           "https://example.com/a",
		"http://evil.example\\@good.example/a":    "https://evil.example/@good.example/a",
		"https://example.com:443/a":               "https://example.com/a",
		"http://example.com:80/a":                 "https://example.com/a",
		"https://example.com:08080/a":             "https://example.com:8080/a",
		"https://example.com:/a":                  "https://example.com/a",
		"https://example.com/a#part":              "https://example.com/a",
		"https://example.com/#!/page/1":           "https://example.com/#!/page/1",
		"https://example.com/a/./b/../c":          "https://example.com/a/c",
		"https://example.com/../../a":             "https://example.com/a",
		"https://example.com/a/..":                "https://example.com/",
		"https://example.com/a/%2e%2e/b":          "https://example.com/b",
		"https://example.com/%7euser/%e3%81%82":   "https://example.com/~user/%E3%81%82",
		"https://example.com/あ い":                 "https://example.com/%E3%81%82%20%E3%81%84",
		"https://example.com/100%":                "https://example.com/100%25",
		"https://example.com/a//b":                "https://example.com/a//b",
		"https://日本語.jp/":                         "https://xn--wgv71a119e.jp/",
		"https://BÜCHER.example/":                 "https://xn--bcher-kva.example/",
		"https://ｅｘａｍｐｌｅ。com/":                    "https://example.com/",
		"https://xn--wgv71a119e.jp/":              "https://xn--wgv71a119e.jp/",
		"https://my_host.example.com/":            "https://my_host.example.com/",
		"http://192.0.2.1:8080/x":                 "https://192.0.2.1:8080/x",
		"http://[2001:DB8:0::1]/x":                "https://[2001:db8::1]/x",
		"https://example.com/?":                   "https://example.com/",
		"https://example.com/?b=2&a=1":            "https://example.com/?a=1&b=2",
		"https://example.com/?b=2&a=1&b=1&":       "https://example.com/?a=1&b=2&b=1",
		"https://example.com/?a=1&&b=2":           "https://example.com/?a=1&b=2",
		"https://example.com/?q=a+b%20c":          "https://example.com/?q=a+b%20c",
		"https://example.com/a?utm_source=x":      "https://example.com/a",
		"https://example.com/a?UTM_Source=x&id=1": "https://example.com/a?id=1",
		"https://example.com/a?fbclid=1&z=2&gclid=3&yclid=4&igshid=5&mc_cid=6&ref_src=7&spm=8": "https://example.com/a?z=2",
		"https://example.com/a?ref=1":       "https://example.com/a?ref=1",
		"\u200bhttps://example.com/a\ufeff": "https://example.com/a",
		// Sites.
		"https://twitter.com/a/status/1?s=20&t=abc":                   "https://x.com/a/status/1",
		"https://mobile.twitter.com/a/status/1":                       "https://x.com/a/status/1",
		"https://m.facebook.com/story.php?story_fbid=1&id=2&__tn__=x": "https://facebook.com/story.php?id=2&story_fbid=1",
		"https://ja-jp.facebook.com/a":                                "https://facebook.com/a",
		"https://youtu.be/dQw4w9WgXcQ?si=x":                           "https://youtube.com/watch?v=dQw4w9WgXcQ",
		"https://m.youtube.com/watch?t=3&v=dQw4w9WgXcQ&feature=a":     "https://youtube.com/watch?v=dQw4w9WgXcQ",
		"https://www.youtube.com/shorts/dQw4w9WgXcQ":                  "https://youtube.com/watch?v=dQw4w9WgXcQ",
		"https://www.youtube.com/channel/UC123/":                      "https://youtube.com/channel/UC123",
		"https://ja.m.wikipedia.org/wiki/A":                           "https://ja.wikipedia.org/wiki/A",
		"https://telegram.me/s/rian_ru/1?single":                      "https://t.me/rian_ru/1",
		// Redirections.
		"https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.com%2Fa%3Ffbclid%3D1%26b%3D2&h=AT0":                   "https://example.com/a?b=2",
		"https://www.google.com/url?sa=t&url=https%3A%2F%2Fexample.com%2Fa&q=":                                      "https://example.com/a",
		"https://www.google.de/url?q=https://example.com/a":                                                         "https://example.com/a",
		"https://www.google.com/search?q=https://example.com/a":                                                     "https://google.com/search?q=https://example.com/a",
		"https://t.umblr.com/redirect?z=https%3A%2F%2Fexample.com%2F&t=x":                                           "https://example.com/",
		"https://out.reddit.com/t3_1?url=https%3A%2F%2Fexample.com%2F":                                              "https://example.com/",
		"https://vk.com/away.php?to=https%3A%2F%2Fexample.com%2Fa&post=1":                                           "https://example.com/a",
		"https://www.youtube.com/redirect?event=x&q=https%3A%2F%2Fexample.com":                                      "https://example.com/",
		"https://slack-redir.net/link?url=https%3A%2F%2Fexample.com":                                                "https://example.com/",
		"https://steamcommunity.com/linkfilter/?url=https://example.com":                                            "https://example.com/",
		"https://href.li/?https://example.com/?b=1&a=2":                                                             "https://example.com/?a=2&b=1",
		"https://translate.google.com/translate?sl=ru&u=http://example.ru/a":                                        "https://example.ru/a",
		"https://www-my--site-ru.translate.goog/a?id=1&_x_tr_sl=ru&_x_tr_tl=en":                                     "https://my-site.ru/a?id=1",
		"https://example-com.cdn.ampproject.org/c/s/example.com/a/amp?usqp=1":                                       "https://example.com/a/amp",
		"https://cdn.ampproject.org/v/example.com/a":                                                                "https://example.com/a",
		"https://cdn.ampproject.org/v0.js":                                                                          "https://cdn.ampproject.org/v0.js",
		"https://www.google.com/amp/s/example.com/a":                                                                "https://example.com/a",
		"https://gcc02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fexample.com%2F&data=0":                   "https://example.com/",
		"https://t.me/iv?url=https%3A%2F%2Fexample.com%2Fa&rhash=1":                                                 "https://example.com/a",
		"https://link.zhihu.com/?target=https%3A//example.com/a":                                                    "https://example.com/a",
		"https://l.facebook.com/l.php?u=https%3A%2F%2Ft.umblr.com%2Fredirect%3Fz%3Dhttps%253A%252F%252Fexample.com": "https://example.com/",
		"https://l.facebook.com/l.php?u=javascript%3Aalert":                                                         "https://l.facebook.com/l.php?u=javascript%3Aalert",
		"https://web.archive.org/web/2020/https://example.com/a/":                                                   "https://web.archive.org/web/2020/https://example.com/a",
	} {
		got, err := URL(in)
		if err != nil || got != want {
			t.Errorf("URL(%q)\n= %q, %v\nwant %q", in, got, err, want)
		}
		if again, err := URL(got); err != nil || again != got {
			t.Errorf("URL(%q) = %q, %v; want it unchanged", got, again, err)
		}
	}
}

func TestURLErrors(t *testing.T) {
	nested := "https://example.com/"
	for range nestings + 1 {
		nested = "https://l.facebook.com/l.php?u=" + url.QueryEscape(nested)
	}
	for _, in := range []string{
		"", "example.com", "www.example.com/a", "//example.com/a", "ftp://example.com", "mailto:a@example.com",
		"javascript:alert(1)", "https:", "https:/example.com", "https://", "https:///a", "https://?a", "https://a..b/",
		"https://.example.com/", "https://exa mple.com/", "https://example.com:99999/", "https://example.com:x/",
		"https://1.2.3/", "https://1.2.3.256/", "https://[::1/", "https://[fe80::1%25eth0]/", "https://exa<mple.com/", nested,
	} {
		if got, err := URL(in); err == nil {
			t.Errorf("URL(%q) = %q, want an error", in, got)
		} else if got != "" || len(err.Error()) > 300 {
			t.Errorf("URL(%q) = %q with a bad error: %v", in, got, err)
		}
	}
}

// randomURL builds addresses from parts that matter to the rules.
func randomURL(r *rand.Rand) string {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	var b strings.Builder
	b.WriteString(pick("https://", "https://", "https://", "http://", "HTTP://"))
	b.WriteString(pick("", "", "", "www.", "m.", "u@", "www.m.", "en.m.m.", "ja-jp."))
	b.WriteString(pick("example.com", "t.co", "twitter.com", "facebook.com", "youtube.com", "youtu.be", "wikipedia.org", "t.me",
		"l.facebook.com", "google.com", "href.li", "a--b-com.translate.goog", "cdn.ampproject.org", "gov.uk", "1.2.3.4", "a.b1", "a_b.c", "日本.jp"))
	b.WriteString(pick("", "", "", ".", ":80", ":443", ":1", ":"))
	for range r.IntN(5) {
		b.WriteString(pick("/", "/a", "/b.c", "/.", "/..", "/.a", "/%2e", "/%41", "/%zz", "/s", "/c", "/watch", "/l.php", "/url", "/amp",
			"/dQw4w9WgXcQ", "/shorts", "/example.com", "/ü", "/a b", "/x-_~!"))
	}
	for i := range r.IntN(5) {
		if i == 0 {
			b.WriteByte('?')
		} else {
			b.WriteByte('&')
		}
		b.WriteString(pick("a=1", "b", "c=", "=", "", "utm_source=1", "fbclid", "v=dQw4w9WgXcQ", "s=1", "A=2", "a%3D=1", "%61=2",
			"u=https%3A%2F%2Ft.co%2Fa", "q=http%3A%2F%2Fwww.b.c%2F%3Fb%26a", "url=x", "https://x.y/?b&a", "[0]=ü", "?=+"))
	}
	b.WriteString(pick("", "", "", "#", "#a", "#!", "#!/a?ü#b"))
	return b.String()
}

func TestURLProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	fast := 0
	for range 300000 {
		checkURL(t, randomURL(r), &fast)
	}
	if fast < 300 {
		t.Errorf("the fast path was taken only %d times", fast)
	}
}

// checkURL tests what holds for every address.
func checkURL(t *testing.T, in string, fast *int) {
	t.Helper()
	got, err := URL(in)
	if simple(in) {
		*fast++
		if slow, err := canonical(in, nestings); err != nil || slow != in {
			t.Fatalf("%q is simple, but its canonical form is %q, %v", in, slow, err)
		}
	}
	if err != nil {
		if got != "" {
			t.Fatalf("URL(%q) = %q with %v", in, got, err)
		}
		return
	}
	if again, err := URL(got); err != nil || again != got {
		t.Fatalf("URL(%q) = %q, whose URL is %q, %v", in, got, again, err)
	}
	u, err := url.Parse(got)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" && u.Fragment[0] != '!' {
		t.Fatalf("URL(%q) = %q is %#v, %v", in, got, u, err)
	}
	if !ascii(got) || strings.ContainsAny(got, " \\\"<>") {
		t.Fatalf("URL(%q) = %q has what an address may not have", in, got)
	}
}

func FuzzURL(f *testing.F) {
	for _, s := range []string{
		"https://t.co/Ab3dEf", "https://www.google.com/url?q=https%3A%2F%2Fexample.com", "https://a--b-com.translate.goog/x?_x_tr_sl=ru",
		"https://example-com.cdn.ampproject.org/c/s/example.com/a", "https://href.li/?https://a.b/?c", "https://youtu.be/dQw4w9WgXcQ",
		"http://u:p@日本.jp:80/%7e/../a?b=1&a=2#!x", "https://[::1]/", "https://t.me/s/a", "https://m.wikipedia.org/\\..",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := 0
		checkURL(t, s, &n)
		Domain(s)
	})
}

func TestDomain(t *testing.T) {
	for in, want := range map[string]string{
		"https://www.bbc.co.uk/news":         "bbc.co.uk",
		"https://example.com":                "example.com",
		"HTTP://A.B.Example.COM:8080/x":      "example.com",
		"example.com/a":                      "example.com",
		"//example.com/a":                    "example.com",
		"https://alice.github.io/x":          "alice.github.io",
		"https://github.io/x":                "",
		"https://co.uk/":                     "",
		"https://localhost/":                 "",
		"https://192.0.2.1:80/":              "192.0.2.1",
		"https://[2001:db8::1]/":             "2001:db8::1",
		"https://日本語.jp/":                    "xn--wgv71a119e.jp",
		"https://user@x.example.jp/?q=a@b.c": "example.jp",
		"":                                   "",
		"https://":                           "",
		"not an address":                     "",
	} {
		if got := Domain(in); got != want {
			t.Errorf("Domain(%q) = %q, want %q", in, got, want)
		}
	}
}

func BenchmarkURL(b *testing.B) {
	for _, c := range []struct{ name, in string }{
		{"t.co", "https://t.co/Ab3dEfGh1j"},
		{"http-t.co", "http://t.co/Ab3dEfGh1j"},
		{"simple", "https://rt.com/news/123456-long-title-of-an-article"},
		{"www", "https://www.rt.com/news/123456-long-title-of-an-article/"},
		{"utm", "https://www.rt.com/news/123456-long-title/?utm_source=twitter&utm_medium=social"},
		{"youtube", "https://www.youtube.com/watch?v=dQw4w9WgXcQ&feature=youtu.be"},
		{"l.facebook", "https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.com%2Fa%3Ffbclid%3D1%26b%3D2&h=AT0"},
		{"idn", "https://日本語.jp/あ"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := URL(c.in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDomain(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if Domain("https://www.bbc.co.uk/news/world-123456") == "" {
			b.Fatal("no domain")
		}
	}
}
