package i18n

import (
	"html/template"
	"strings"
	"testing"
	"testing/fstest"
)

func TestSay(t *testing.T) {
	c, err := read(fstest.MapFS{
		"en/a.yaml": {Data: []byte("n:\n  one: \"{count} post by {who}\"\n  other: \"{count} posts by {who}\"\nlink: \"Read {link} & go\"\n")},
		"ja/a.yaml": {Data: []byte("n: \"{who}の投稿{count}件\"\nlink: \"{link}を読む\"\n")},
	}, Langs)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		lang string
		n    any
		want string
	}{
		{"en", 1, "1 post by A"},
		{"en", int64(1), "1 post by A"},
		{"en", 0, "0 posts by A"},
		{"en", 1234, "1,234 posts by A"},
		{"ja", 1, "Aの投稿1件"},
		{"ja", 1234, "Aの投稿1,234件"},
	} {
		if got := c.T(tt.lang, "a.n", "who", "A", "count", tt.n); got != tt.want {
			t.Errorf("%s %v: %q, want %q", tt.lang, tt.n, got, tt.want)
		}
	}
	got := c.HTML("en", "a.link", "link", template.HTML(`<a href="/x">x</a>`))
	if want := template.HTML(`Read <a href="/x">x</a> &amp; go`); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := c.HTML("en", "a.link", "link", `<b>`); got != "Read &lt;b&gt; &amp; go" {
		t.Errorf("a text was not escaped: %q", got)
	}
}

func TestSayMissing(t *testing.T) {
	c, err := read(fstest.MapFS{
		"en/a.yaml": {Data: []byte("x: \"{n}\"\n")}, "ja/a.yaml": {Data: []byte("x: \"{n}\"\n")},
	}, Langs)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(){
		"key":   func() { c.T("en", "a.none") },
		"value": func() { c.T("en", "a.x", "m", 1) },
		"lang":  func() { c.T("fr", "a.x", "n", 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a missing %s was passed over", name)
				}
			}()
			f()
		}()
	}
}

func TestReadRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ en, ja, want string }{
		"key missing in ja":  {"x: a\ny: b\n", "x: あ\n", "not in ja"},
		"key missing in en":  {"x: a\n", "x: あ\ny: い\n", "not in en"},
		"placeholders":       {"x: \"{a}\"\n", "x: \"{b}\"\n", "placeholders"},
		"form unknown":       {"x:\n  two: a\n", "x: あ\n", "two"},
		"no other":           {"x:\n  one: a\n", "x: あ\n", "other"},
		"open placeholder":   {"x: \"{a\"\n", "x: \"{a}\"\n", "{name}"},
		"empty":              {"x: \"\"\n", "x: あ\n", "empty"},
		"a number":           {"x: 3\n", "x: あ\n", "quotes"},
		"a truth value (no)": {"x: true\n", "x: あ\n", "quotes"},
	} {
		_, err := read(fstest.MapFS{"en/a.yaml": {Data: []byte(tt.en)}, "ja/a.yaml": {Data: []byte(tt.ja)}}, Langs)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func TestAccept(t *testing.T) {
	for header, want := range map[string]string{
		"":                        "fallback",
		"ja":                      "ja",
		"en-GB,en;q=0.9,ja;q=0.8": "en",
		"ja-JP,en;q=0.5":          "ja",
		"fr":                      "fallback",
		"fr,ja;q=0.3":             "ja",
		"%%%":                     "fallback",
	} {
		if got := Accept(header, "fallback"); got != want {
			t.Errorf("Accept(%q) = %q, want %q", header, got, want)
		}
	}
}
