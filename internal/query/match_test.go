package query

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                              "",
		"Plain ASCII":                   "plain ascii",
		" a \t\n b ":                    "a b",
		"ＡＢＣ　１２３":                       "abc 123",
		"ｶﾞｷﾞ":                          "ガギ",
		"処理水\u200bの\u2066放出\u2069":      "処理水の放出",
		"e\u0301 E\u0301":               "é é",
		"e\u200b\u0301":                 "é",
		"Straße STRASSE":                "strasse strasse",
		"𝐛𝐨𝐥𝐝":                          "bold",
		"❤\ufe0f👩\u200d🚒":               "❤👩🚒",
		"a\xffb":                        "a\ufffdb",
		"https://Example.com/A?b=1#c !": "https://example.com/a?b=1#c !",
		"İstanbul":                      "i\u0307stanbul",
		"#Tag ＃タグ @User":                "#tag #タグ @user",
		"\u00a0x\u3000\u2028y":          "x y",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "a  b", "ＡＢ　c", "e\u200b\u0301", "\xff\xfe", "ﬁ\u00adﬂ", "ͅΑ", "\u1e9e", "ﾊ\ufe0f\uff9f", "\u3164", "\u00b4\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if twice := Fold(once); twice != once {
			t.Errorf("Fold(%+q) = %+q, folded again %+q", s, once, twice)
		}
		if !utf8.ValidString(once) {
			t.Errorf("Fold(%+q) is not UTF-8: %+q", s, once)
		}
		if strings.Contains(once, "  ") {
			t.Errorf("Fold(%+q) has two spaces: %+q", s, once)
		}
	})
}

func TestMatch(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 1, 12, 0, 0, 1500, time.UTC)
	full := &Doc{
		Post: &post.Post{
			Platform: "telegram", ID: "42", Channel: "News", Lang: "zh-Hant", Time: noon, Text: "ALPS処理水の　放出",
			Account:  post.Account{ID: "7"},
			Links:    []post.Link{{URL: normalise.Address("https://www.nhk.or.jp/a", false)}},
			Hashtags: []string{"処理水", "iaea"}, Mentions: []string{"someone"}, QuoteOf: "9", Synthetic: true,
			Media: []post.Media{{ID: "m"}},
		},
		Source: "file:A.csv", Alias: "Heron-12", Mentions: []string{"Otter-3"}, Versions: 2,
	}
	gone := &Doc{Post: &post.Post{Platform: "x", ID: "1", Time: noon}, Deleted: true, Versions: 1}
	bare := &Doc{Post: &post.Post{ID: "1", Time: noon, Text: " \u200b"}, Versions: 1}
	for _, c := range []struct {
		e    Expr
		d    *Doc
		want bool
	}{
		{nil, full, true},
		{nil, gone, false},
		{And{}, bare, true},
		{Or{}, bare, false},
		{Not{Or{}}, bare, true},
		{Not{Or{}}, gone, false},
		{Text{"処理水の 放出"}, full, true},
		{Text{"alps"}, full, true},
		{Text{"処理 水"}, full, false},
		{Text{""}, bare, true},
		{Since{noon}, full, true},
		{Since{noon.Truncate(time.Microsecond)}, full, true},
		{Since{noon.Add(time.Microsecond)}, full, false},
		{Until{noon}, full, false},
		{Until{noon.Add(time.Microsecond)}, full, true},
		{Is{Platform, "Telegram"}, full, true},
		{Is{Platform, ""}, bare, true},
		{Is{Source, "file:A.csv"}, full, true},
		{Is{Source, "file:a.csv"}, full, false},
		{Is{Account, "@heron-12"}, full, true},
		{Is{Channel, "News"}, full, true},
		{Is{Lang, "zh"}, full, true},
		{Is{Lang, "zh-hant"}, full, true},
		{Is{Lang, "z"}, full, false},
		{Is{Lang, ""}, full, false},
		{Is{Lang, ""}, bare, true},
		{Is{URL, "HTTPS://www.nhk.or.jp:443/a"}, full, true},
		{Is{Domain, "www3.nhk.or.jp"}, full, true},
		{Is{Domain, "or.jp"}, full, false},
		{Is{Hashtag, "#IAEA"}, full, true},
		{Is{Mention, "@otter-3"}, full, true},
		{Is{Mention, "someone"}, full, false},
		{Is{Type, "quote"}, full, true},
		{Is{Type, "post"}, bare, true},
		{Is{Has, "link"}, full, true},
		{Is{Has, "media"}, full, true},
		{Is{Has, "mention"}, full, true},
		{Is{Has, "hashtag"}, bare, false},
		{Is{Has, "text"}, bare, false},
		{Is{State, "edited"}, full, true},
		{Is{State, "synthetic"}, full, true},
		{Is{State, "deleted"}, gone, true},
		{And{Is{Platform, "x"}, Not{Is{State, "deleted"}}}, gone, false},
		{Or{Text{"nothing"}, Is{State, "Deleted"}}, gone, true},
		{Is{ID, "42"}, full, true},
		{Is{ID, "telegram:42"}, full, true},
		{Is{ID, "x:42"}, full, false},
		{Is{"opinion", "x"}, full, false},
	} {
		if got := Match(c.e, c.d); got != c.want {
			t.Errorf("Match(%#v, %v) = %v, want %v", c.e, c.d.Post.ID, got, c.want)
		}
	}
}

func TestTypeOf(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]post.Post{
		"post": {}, "repost": {RepostOf: "1", QuoteOf: "2", ReplyTo: "3"}, "quote": {QuoteOf: "2", ReplyTo: "3"}, "reply": {ReplyTo: "3"},
	} {
		if got := TypeOf(&p); got != want {
			t.Errorf("TypeOf(%+v) = %q, want %q", p, got, want)
		}
	}
}
