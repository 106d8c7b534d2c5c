package normalise

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":                                  "",
		"Hello, World!":                     "hello world",
		"  a \t\n b  ":                      "a b",
		"Don't stop":                        "don t stop",
		"Don’t stop":                        "don t stop",
		"RT @bob: Hello":                    "hello",
		"rt @bob RT @ann: Hello":            "hello",
		"RT if you agree":                   "rt if you agree",
		"Look: https://t.co/abc #Now @bob":  "look now",
		"https://t.co/abc":                  "",
		"see (http://a.b/c). Next":          "see next",
		"HTTPS://T.CO/ABC x":                "x",
		"@a @b @c@d.social good":            "good",
		"mail me@example.com":               "mail me example com",
		"50,000 people":                     "50 000 people",
		"Good 👍👍🏽 morning ☀️!!!":            "good morning",
		"👨‍👩‍👧‍👦":                           "",
		"zero\u200bwidth \u202eright\u202c": "zerowidth right",
		"soft\u00adhyphen":                  "softhyphen",
		"ＦＵＬＬ　ｗｉｄｔｈ":                        "full width",
		"𝐁𝐨𝐥𝐝 claim":                        "bold claim",
		"Straße STRASSE":                    "strasse strasse",
		"ПРИВЕТ, мир":                       "привет мир",
		"今日は、良い天気 です。":                      "今日は良い天気です",
		"今日はhttps://t.co/abcを見て":            "今日はを見て",
		"今日はiPhone 15を 買う":                  "今日はiphone 15を買う",
		"ﾊﾞﾅﾅ":                              "バナナ",
		"한국어  텍스트!":                         "한국어 텍스트",
		"नमस्ते दुनिया":                     "नमस्ते दुनिया",
		"สวัสดี ชาวโลก":                     "สวัสดี ชาวโลก",
		"می\u200cخواهم":                     "میخواهم",
		"bad\xffutf8":                       "bad utf8",
		"é = e\u0301":                       "é é",
		"１２３ ①":                             "123 1",
		"httpx://a b":                       "httpx a b",
	} {
		if got := Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

// pieces are what matters to the rules on text.
var pieces = []string{
	"a", "B", "ß", "İ", "é", "e", "\u0301", "\u0345", "ﬁ", "ǆ", "Ⅷ", "か", "\u3099", "ﾞ", "カ", "日", "本", "。", "、", "한", "ᄒ", "ᅡ", "ᆫ",
	"ا", "\u200c", "\u200d", "\u202e", "\ufe0f", "\u00ad", "👍", "🏽", "स", "्", "ก", "ำ", "1", "２", "½", "_", "-", "'", "’", " ", "\n", "\u3000",
	"#", "＃", "@", "＠", "&", "RT ", "rt @b: ", "http", "https", "://", ":", "/", "t.co/", ".", "…", "(", ")", "\xff", "\xe3", "ẞ", "Σ", "ς", "ᾼ", "K", "Ω",
	"\u0f71\u0f72", "\u1160", "\u115f", "\u3164", "𝐁", "\u2126", "\U0001d15e", "\u0390", "\u0344", "ῃ", "\u034f",
}

func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(12) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// checkText tests what holds for every text.
func checkText(t *testing.T, s string) {
	t.Helper()
	n := Text(s)
	if again := Text(n); again != n {
		t.Fatalf("Text(%q) = %q, whose Text is %q", s, n, again)
	}
	if !utf8.ValidString(n) || n != strings.TrimSpace(n) || strings.Contains(n, "  ") || strings.ContainsAny(n, "@#:/") {
		t.Fatalf("Text(%q) = %q", s, n)
	}
	h := Hashtag(s)
	if again := Hashtag(h); again != h {
		t.Fatalf("Hashtag(%q) = %q, whose Hashtag is %q", s, h, again)
	}
	if strings.HasPrefix(h, "#") {
		t.Fatalf("Hashtag(%q) = %q", s, h)
	}
	rest := s
	for _, l := range Links(s) {
		_, after, ok := strings.Cut(rest, l)
		if !ok {
			t.Fatalf("Links(%q) has %q out of place", s, l)
		}
		rest = after
	}
	for _, h := range Hashtags(s) {
		if !strings.Contains(s, h) || h == "" || Hashtag(h) == "" {
			t.Fatalf("Hashtags(%q) has %q", s, h)
		}
	}
	for _, m := range Mentions(s) {
		if m == "" || !strings.Contains(s, m) || !ascii(m) {
			t.Fatalf("Mentions(%q) has %q", s, m)
		}
	}
	if ascii(s) { // the ASCII path agrees with the general one
		if g := words(fold(strip(s))); g != n {
			t.Fatalf("Text(%q) = %q, by the general path %q", s, n, g)
		}
	}
}

func TestTextProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300000 {
		checkText(t, randomText(r))
	}
}

// What casedScript passes over has no case.
func TestCasedScript(t *testing.T) {
	for r := rune(0x80); r <= utf8.MaxRune; r++ {
		if casedScript(r) || !utf8.ValidRune(r) {
			continue
		}
		s := string(r)
		if got := cases.Fold().String(s); got != s {
			t.Errorf("%U %s folds to %s", r, s, got)
		}
	}
}

// The quick folding gives what the full one gives.
func TestQuickFold(t *testing.T) {
	check := func(s string) {
		t.Helper()
		s = norm.NFKC.String(strings.ToValidUTF8(s, "\ufffd"))
		if got, want := fold(s), fullFold(s); got != want {
			t.Fatalf("fold(%q) = %q, in full %q", s, got, want)
		}
	}
	for r := rune(0); r <= utf8.MaxRune; r++ {
		check(string(r))
		if quickLower(r) != 0 || r < utf8.RuneSelf {
			for m := rune(0x300); m < 0x370; m++ {
				check(string([]rune{r, m}))
			}
		}
	}
	r := rand.New(rand.NewPCG(7, 8))
	for range 100000 {
		check(randomText(r))
	}
}

func FuzzText(f *testing.F) {
	for _, p := range pieces {
		f.Add(p)
	}
	f.Add("RT @bob: 今日はhttps://t.co/abcを見て #タグ @ann@example.org ﾊﾞﾅﾅ 👍🏽")
	f.Fuzz(checkText)
}

func TestHashtag(t *testing.T) {
	for in, want := range map[string]string{
		"#MAGA": "maga", "maga": "maga", "＃タグ": "タグ", " #a ": "a", "##a": "a", "#": "", "": "", "ＡＢＣ": "abc",
		"#Ünïted": "ünïted", "#МИР": "мир", "ﾊﾞﾅﾅ": "バナナ", "#a b": "a b",
	} {
		if got := Hashtag(in); got != want {
			t.Errorf("Hashtag(%q) = %q, want %q", in, got, want)
		}
	}
}

var benchTexts = []struct{ name, text string }{
	{"english", "RT @newsdesk: Breaking - the Minister said today that \"nothing\" will change, see https://t.co/Ab3dEfGh1j and share it now! #News #Breaking @somebody"},
	{"japanese", "【速報】今日の会見で大臣は「何も変わらない」と述べました。詳しくはこちら→ https://t.co/Ab3dEfGh1j #速報 #ニュース 拡散希望です！みなさんもシェアお願いします。"},
	{"russian", "RT @newsdesk: Срочно: министр заявил сегодня, что «ничего» не изменится, подробнее https://t.co/Ab3dEfGh1j #Новости поделитесь с друзьями!"},
	{"plain", "the quick brown fox jumps over the lazy dog and then goes home to sleep for a very long time indeed"},
}

func BenchmarkText(b *testing.B) {
	for _, c := range benchTexts {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				Text(c.text)
			}
		})
	}
}

func BenchmarkHashtag(b *testing.B) {
	for _, s := range []string{"maga", "MAGA", "速報", "НОВОСТИ"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Hashtag(s)
			}
		})
	}
}
