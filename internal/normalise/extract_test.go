package normalise

import (
	"slices"
	"testing"
)

func TestLinks(t *testing.T) {
	for in, want := range map[string][]string{
		"no address, only http and https:":    nil,
		"":                                    nil,
		"a https://t.co/abc b":                {"https://t.co/abc"},
		"https://t.co/a https://t.co/b":       {"https://t.co/a", "https://t.co/b"},
		"https://t.co/a https://t.co/a":       {"https://t.co/a", "https://t.co/a"},
		"HTTP://Example.com/A.":               {"HTTP://Example.com/A"},
		"(see https://a.b/c_(d)).":            {"https://a.b/c_(d)"},
		"\"https://a.b/c\"":                   {"https://a.b/c"},
		"<https://a.b/c>":                     {"https://a.b/c"},
		"“https://a.b/c”":                     {"https://a.b/c"},
		"https://a.b/c?d=e&f=g#h!":            {"https://a.b/c?d=e&f=g#h"},
		"見てhttps://t.co/abcを見て":               {"https://t.co/abc"},
		"https://t.co/abc、次":                  {"https://t.co/abc"},
		"「https://t.co/abc」":                  {"https://t.co/abc"},
		"https://ja.wikipedia.org/wiki/日本 です": {"https://ja.wikipedia.org/wiki/日本"},
		"https://日本語.jp/":                     {"https://日本語.jp/"},
		"https://ru.wikipedia.org/wiki/Мир!":  {"https://ru.wikipedia.org/wiki/Мир"},
		"RT @a: text https://t.co/Ab…":        nil,
		"text https://t.co/Ab...":             nil,
		"https://…":                           nil,
		"ftp://a.b xhttp://a.b":               nil,
		"https:// a":                          nil,
		"https://t.co/abc\u200bx":             {"https://t.co/abc"},
		"https://t.co/abc👍":                   {"https://t.co/abc"},
	} {
		if got := Links(in); !slices.Equal(got, want) {
			t.Errorf("Links(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestHashtags(t *testing.T) {
	for in, want := range map[string][]string{
		"none":            nil,
		"#One and #two_3": {"One", "two_3"},
		"#1 #2024 #1st":   {"1st"},
		"＃タグ #日本語・テスト。":   {"タグ", "日本語・テスト"},
		"#话题#正文 #超话#":     {"话题", "超话"},
		"#한국어, #العربية #हिन्दी": {"한국어", "العربية", "हिन्दी"},
		"#می\u200cخواهم":         {"می\u200cخواهم"},
		"a#b &#39; _#c":          nil,
		"日本#タグ":                  nil,
		"日本。#タグ":                 {"タグ"},
		"#a#b":                   {"a"},
		"##a":                    {"a"},
		"(#a) \"#b\" #c-d #d's":  {"a", "b", "c", "d"},
		"https://a.b/#frag #x":   {"x"},
		"https://t.co/a#x":       nil,
		"#️⃣ 👍#go ☀️#sun":        {"go", "sun"},
		"#":                      nil,
		"＃":                      nil,
		"#Ünïted #МИР":           {"Ünïted", "МИР"},
	} {
		if got := Hashtags(in); !slices.Equal(got, want) {
			t.Errorf("Hashtags(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMentions(t *testing.T) {
	for in, want := range map[string][]string{
		"none":                           nil,
		"RT @Bob_1: hi":                  {"Bob_1"},
		"@a, @b. (@c) @d's":              {"a", "b", "c", "d"},
		"＠user さん@tanakaへ":               {"user", "tanaka"},
		"@gargron@mastodon.social.":      {"gargron@mastodon.social"},
		"@a@b":                           {"a"},
		"@alice.bsky.social @my-site.jp": {"alice.bsky.social", "my-site.jp"},
		"@bob-style":                     {"bob"},
		"me@example.com":                 nil,
		"https://tiktok.com/@user/1 @x":  {"x"},
		"@ @@a":                          nil,
		"@":                              nil,
		"ﾀ＠":                             nil,
	} {
		if got := Mentions(in); !slices.Equal(got, want) {
			t.Errorf("Mentions(%q) = %q, want %q", in, got, want)
		}
	}
}

func BenchmarkExtract(b *testing.B) {
	for _, c := range benchTexts {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				Links(c.text)
				Hashtags(c.text)
				Mentions(c.text)
			}
		})
	}
}
