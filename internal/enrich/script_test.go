package enrich

import (
	"slices"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestScript(t *testing.T) {
	for in, want := range map[string]string{
		"": "none", "123 !?": "none", "👍🏽 ☀️": "none", "https://t.co/abc @bob": "none", "\xff\xfe": "none",
		"Hello":                        "Latin",
		"Grüße aus Zürich":             "Latin",
		"Chào buổi sáng Việt Nam":      "Latin",
		"Привет, world":                "Cyrillic",
		"عاجل https://t.co/abcdefghij": "Arabic",
		"今天天气很好":                       "Han",
		"台灣の早餐好吃到不行大家快來這裡吃看看吧真的很棒喔好吃": "Han",
		"今日は良い天気":                        "Japanese",
		"ﾊﾞﾅﾅ":                           "Japanese",
		"新型iPhoneを発表した":                  "Japanese",
		"한국어 텍스트":                        "Hangul",
		"นายกรัฐมนตรี":                   "Thai",
		"नमस्ते दुनिया":                  "Devanagari",
		"שלום":                           "Hebrew",
		"Καλημέρα":                       "Greek",
		"გამარჯობა":                      "Georgian",
		"Բարեւ":                          "Armenian",
		"ሰላም":                            "Ethiopic",
		"မင်္ဂလာပါ":                      "Myanmar",
		"ជំរាបសួរ":                       "Khmer",
		"বাংলা":                          "Bengali",
		"தமிழ்":                          "Tamil",
		"ᚠᚢᚦ":                            "other",
		"見てhttps://t.co/abcdefghijklを見て": "Japanese",
	} {
		if got := Script(in); got != want {
			t.Errorf("Script(%q) = %q, want %q", in, got, want)
		}
	}
}

// The ranges agree with the Unicode tables for every letter.
func TestScriptOf(t *testing.T) {
	tables := map[script]*unicode.RangeTable{
		latin: unicode.Latin, cyrillic: unicode.Cyrillic, greek: unicode.Greek, han: unicode.Han, hangul: unicode.Hangul,
		arabic: unicode.Arabic, hebrew: unicode.Hebrew, devanagari: unicode.Devanagari, bengali: unicode.Bengali,
		gurmukhi: unicode.Gurmukhi, gujarati: unicode.Gujarati, tamil: unicode.Tamil, telugu: unicode.Telugu,
		kannada: unicode.Kannada, malayalam: unicode.Malayalam, sinhala: unicode.Sinhala, thai: unicode.Thai, lao: unicode.Lao,
		khmer: unicode.Khmer, myanmar: unicode.Myanmar, tibetan: unicode.Tibetan, georgian: unicode.Georgian,
		armenian: unicode.Armenian, ethiopic: unicode.Ethiopic, mongolian: unicode.Mongolian,
	}
	for r := rune(0x80); r <= utf8.MaxRune; r++ {
		if !unicode.IsLetter(r) {
			continue
		}
		got := scriptOf(r)
		if got == none && r < 0x3000 && !unicode.In(r, unicode.Common, unicode.Inherited, unicode.Lm) {
			t.Errorf("the letter %U %c has no script", r, r)
		}
		table := tables[got]
		if table == nil || unicode.Is(table, r) || unicode.In(r, unicode.Common, unicode.Inherited) {
			continue
		}
		t.Errorf("%U %c is not %s", r, r, scriptNames[got])
	}
}

func TestScripts(t *testing.T) {
	var a, b Scripts
	a.Add("hello")
	b.Add("привет")
	b.Add("мир")
	a.Merge(&b)
	want := []ScriptCount{{"Cyrillic", 2}, {"Latin", 1}}
	if got := a.Counts(); !slices.Equal(got, want) {
		t.Errorf("Counts() = %v, want %v", got, want)
	}
}

func FuzzScript(f *testing.F) {
	f.Add("今日は https://t.co/a мир")
	f.Fuzz(func(t *testing.T, s string) {
		if got := Script(s); !slices.Contains(scriptNames[:], got) {
			t.Fatalf("Script(%q) = %q", s, got)
		}
	})
}

func BenchmarkScript(b *testing.B) {
	for _, s := range []string{
		"Breaking: the minister said today that nothing will change https://t.co/Ab3dEfGh1j",
		"【速報】今日の会見で大臣は「何も変わらない」と述べました https://t.co/Ab3dEfGh1j",
		"Срочно: министр заявил сегодня, что ничего не изменится https://t.co/Ab3dEfGh1j",
	} {
		b.Run(Script(s), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				Script(s)
			}
		})
	}
}
