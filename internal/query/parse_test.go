package query

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	now   = time.Date(2026, 11, 10, 12, 30, 15, 999, time.UTC)
	tokyo = time.FixedZone("Asia/Tokyo", 9*60*60)
	nov1  = time.Date(2026, 10, 31, 15, 0, 0, 0, time.UTC) // the day's beginning in Tokyo
)

func TestParse(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Expr{
		"":                                 And{},
		" \u3000\n":                        And{},
		"処理水":                              Text{"処理水"},
		"a b":                              And{Text{"a"}, Text{"b"}},
		"a AND b":                          And{Text{"a"}, Text{"b"}},
		"a and b":                          And{Text{"a"}, Text{"and"}, Text{"b"}},
		"a b OR c":                         Or{And{Text{"a"}, Text{"b"}}, Text{"c"}},
		"a (b OR c)":                       And{Text{"a"}, Or{Text{"b"}, Text{"c"}}},
		"a (b c)":                          And{Text{"a"}, Text{"b"}, Text{"c"}},
		"(a OR b) OR c":                    Or{Text{"a"}, Text{"b"}, Text{"c"}},
		"-a":                               Not{Text{"a"}},
		"NOT a":                            Not{Text{"a"}},
		"--a":                              Not{Not{Text{"a"}}},
		"-(a b)":                           Not{And{Text{"a"}, Text{"b"}}},
		"a - b":                            And{Text{"a"}, Text{"-"}, Text{"b"}},
		"well-known":                       Text{"well-known"},
		`"a b"`:                            Text{"a b"},
		`"a \"b\" \\ \n"`:                  Text{`a "b" \ \n`},
		`「福島 第一」`:                          Text{"福島 第一"},
		`『「引用」あり』`:                         Text{"「引用」あり"},
		`“a b”`:                            Text{"a b"},
		`政府「関与」`:                           And{Text{"政府"}, Text{"関与"}},
		"（a　ＯＲ　b）　－ｃ":                      And{Or{Text{"a"}, Text{"b"}}, Not{Text{"ｃ"}}},
		"#処理水":                             Is{Hashtag, "処理水"},
		"＃ＩＡＥＡ":                            Is{Hashtag, "iaea"},
		"#":                                Text{"#"},
		"-#a":                              Not{Is{Hashtag, "a"}},
		"tag:#Ａ":                           Is{Hashtag, "a"},
		"lang:ja":                          Is{Lang, "ja"},
		"lang:ja,en":                       Or{Is{Lang, "ja"}, Is{Lang, "en"}},
		"言語：ｊａ、ｅｎ":                         Or{Is{Lang, "ja"}, Is{Lang, "en"}},
		`lang:""`:                          Is{Lang, ""},
		"-lang:ja,en x":                    And{Not{Or{Is{Lang, "ja"}, Is{Lang, "en"}}}, Text{"x"}},
		"SOURCE:Telegram":                  Is{Platform, "telegram"},
		"媒体：telegram":                      Is{Platform, "telegram"},
		"from:@Heron-12":                   Is{Account, "heron-12"},
		`via:"file:a b,c"`:                 Is{Source, "file:a b,c"},
		"via:file:a.csv":                   Is{Source, "file:a.csv"},
		"domain:www3.NHK.or.jp":            Is{Domain, "nhk.or.jp"},
		"url:https://example.com/a,b(c)":   Is{URL, "https://example.com/a,b(c)"},
		"type:Repost":                      Is{Type, "repost"},
		"is:edited has:link":               And{Is{State, "edited"}, Is{Has, "link"}},
		"id:telegram:42":                   Is{ID, "telegram:42"},
		"https://example.com/a":            Text{"https://example.com/a"},
		"(https://e.org/a_(b))":            Text{"https://e.org/a_(b)"},
		"12:30":                            Text{"12:30"},
		"速報：地震":                            Text{"速報：地震"},
		"after:2026-11-01":                 Since{nov1},
		"以降：２０２６/11/1":                     Since{nov1},
		"since:2026年11月1日":                 Since{nov1},
		"after:2026-11":                    Since{nov1},
		"before:2026-11-01":                Until{nov1},
		"before:2026-11-01T09:00":          Until{nov1.Add(9 * time.Hour)},
		`before:"2026-11-01 09:00:30"`:     Until{nov1.Add(9*time.Hour + 30*time.Second)},
		"before:2026-11-01T09:00:00+02:00": Until{time.Date(2026, 11, 1, 7, 0, 0, 0, time.UTC)},
		"after:7d":                         Since{time.Date(2026, 11, 3, 12, 30, 15, 0, time.UTC)},
		"after:２w":                         Since{time.Date(2026, 10, 27, 12, 30, 15, 0, time.UTC)},
		"after:36h":                        Since{time.Date(2026, 11, 9, 0, 30, 15, 0, time.UTC)},
		"after:today":                      Since{time.Date(2026, 11, 9, 15, 0, 0, 0, time.UTC)},
		"after:昨日":                         Since{time.Date(2026, 11, 8, 15, 0, 0, 0, time.UTC)},
		`lang:ja source:telegram after:2026-11-01 "処理水" (iaea OR fukushima) -type:repost`: And{
			Is{Lang, "ja"}, Is{Platform, "telegram"}, Since{nov1}, Text{"処理水"},
			Or{Text{"iaea"}, Text{"fukushima"}}, Not{Is{Type, "repost"}},
		},
	} {
		got, err := ParseAt(s, now, tokyo)
		if err != nil {
			t.Errorf("ParseAt(%q): %v", s, err)
			continue
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("ParseAt(%q) (-want +got):\n%s", s, d)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]SyntaxError{
		"a OR":                                   {Pos: 4, Expected: ExpectedCondition},
		"OR a":                                   {Pos: 0, Expected: ExpectedCondition, Found: "OR"},
		"a AND OR b":                             {Pos: 6, Expected: ExpectedCondition, Found: "OR"},
		"()":                                     {Pos: 1, Expected: ExpectedCondition, Found: ")"},
		"処理水」":                                   {Pos: 3, Expected: ExpectedCondition, Found: "」"},
		"a (b OR c":                              {Pos: 2, Expected: ExpectedClosing, Found: "(b OR c"},
		"a) b":                                   {Pos: 1, Expected: ExpectedOpening, Found: ")"},
		`処理 "a b`:                                {Pos: 3, Expected: ExpectedQuote, Found: `"a b`},
		"lamg:ja":                                {Pos: 0, Expected: ExpectedField, Found: "lamg", Nearest: "lang"},
		"x pltform:a":                            {Pos: 2, Expected: ExpectedField, Found: "pltform", Nearest: "platform"},
		"lang: ja":                               {Pos: 5, Expected: ExpectedValue, Field: "lang"},
		"lang:ja,":                               {Pos: 8, Expected: ExpectedValue, Field: "lang"},
		`hashtag:""`:                             {Pos: 8, Expected: ExpectedValue, Field: "hashtag"},
		"type:retweet":                           {Pos: 5, Expected: ExpectedKnown, Found: "retweet", Field: "type", Nearest: "repost", Known: []string{"post", "repost", "reply", "quote"}},
		"after:2026-02-30":                       {Pos: 6, Expected: ExpectedTime, Found: "2026-02-30", Field: "after"},
		"before:soon":                            {Pos: 7, Expected: ExpectedTime, Found: "soon", Field: "before"},
		strings.Repeat("a", MaxBytes+1):          {Expected: ExpectedShorter},
		strings.Repeat("a ", MaxTerms) + "b":     {Pos: 400, Expected: ExpectedFewer, Found: "b"},
		strings.Repeat("-", MaxDepth+1) + "a":    {Pos: MaxDepth, Expected: ExpectedShallower, Found: "-"},
		strings.Repeat("(", MaxBytes):            {Pos: MaxDepth, Expected: ExpectedShallower, Found: "("},
		strings.Repeat("NOT ", MaxDepth) + "(a)": {Pos: 4 * MaxDepth, Expected: ExpectedShallower, Found: "("},
	} {
		_, err := ParseAt(s, now, tokyo)
		var got *SyntaxError
		if !errors.As(err, &got) {
			t.Errorf("ParseAt(%.60q) gave %v, not a SyntaxError", s, err)
			continue
		}
		if d := cmp.Diff(want, *got); d != "" {
			t.Errorf("ParseAt(%.60q) (-want +got):\n%s", s, d)
		}
		ja, en := got.Message("ja"), got.Message("en")
		if ja == en || !strings.HasSuffix(ja, "。") || !strings.HasSuffix(en, ".") || strings.Contains(ja+en, "%!") {
			t.Errorf("ParseAt(%.60q) says %q and %q", s, ja, en)
		}
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		e    Expr
		want string
	}{
		{nil, ""},
		{And{}, ""},
		{Or{}, `-""`},
		{Not{And{}}, `-""`},
		{And{Text{"a"}, And{}}, `a ""`},
		{Text{"OR"}, `"OR"`},
		{Text{"-a"}, `"-a"`},
		{Text{"#a"}, `"#a"`},
		{Text{"a b"}, `"a b"`},
		{Text{`say "x" \`}, `"say \"x\" \\"`},
		{Text{"lang:ja"}, `"lang:ja"`},
		{Text{"https://example.com/a"}, "https://example.com/a"},
		{Is{Hashtag, "処理水"}, "#処理水"},
		{Is{Lang, ""}, `lang:""`},
		{Is{Channel, "a,b"}, `channel:"a,b"`},
		{Or{Is{Lang, "ja"}, Is{Lang, "en"}}, "lang:ja,en"},
		{Not{Or{Text{"a"}, Text{"b"}}}, "-(a OR b)"},
		{Or{And{Text{"a"}, Text{"b"}}, Text{"c"}}, "(a b) OR c"},
		{Since{nov1}, "after:2026-11-01"},
		{Until{nov1.Add(time.Second)}, "before:2026-10-31T15:00:01Z"},
	} {
		if got := FormatIn(c.e, tokyo); got != c.want {
			t.Errorf("FormatIn(%#v) = %s, want %s", c.e, got, c.want)
		}
	}
}

// TestFormatAgain makes conditions at random, in the shape that Parse gives
// them, and reads back what Format writes.
func TestFormatAgain(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{
		"a", "b c", "", "OR", "NOT", "-", "--x", "#", "#tag", "「x」", `"`, `\`, `\"`, "＂", "a:b", "lang:ja", "（", ")", ",", "、",
		"https://e.org/(a", "http://x", "処理水", "  ", "”", "a\u200bb", "\ufffd", "：", "−1", "ＡＮＤ",
	}
	var random func(depth int, above Expr) Expr
	random = func(depth int, above Expr) Expr {
		pick := func(s ...string) string { return s[r.IntN(len(s))] }
		n := 9
		if depth == 0 {
			n = 6
		}
		switch r.IntN(n) {
		case 0, 1:
			return Text{pick(words...)}
		case 2:
			f := []Field{Platform, Source, Account, Channel, Lang, Hashtag, Mention, ID, URL, Domain}[r.IntN(10)]
			v := Canonical(f, pick(words...))
			if v == "" && !mayBeEmpty(f) {
				v = "x"
			}
			return Is{f, v}
		case 3:
			return Is{Type, pick("post", "quote")}
		case 4:
			return Since{time.Unix(r.Int64N(1<<33), r.Int64N(2)*r.Int64N(1e9)).UTC()}
		case 5:
			return Until{time.Unix(r.Int64N(1<<15)*86400, 0).UTC()}
		case 6:
			return Not{random(depth-1, nil)}
		case 7:
			if _, ok := above.(And); !ok {
				out := And{}
				for range 2 + r.IntN(3) {
					out = append(out, random(depth-1, out))
				}
				return out
			}
		case 8:
			if _, ok := above.(Or); !ok {
				out := Or{}
				for range 2 + r.IntN(3) {
					out = append(out, random(depth-1, out))
				}
				return out
			}
		}
		return Text{"x"}
	}
	for range 20000 {
		e := random(3, nil)
		s := Format(e)
		got, err := Parse(s)
		if err != nil {
			t.Fatalf("Parse(%q) of %#v: %v", s, e, err)
		}
		if d := cmp.Diff(e, got); d != "" {
			t.Fatalf("%#v was written as %q and read as (-want +got):\n%s", e, s, d)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", `lang:ja source:telegram after:2026-11-01 "処理水" (iaea OR fukushima) -type:repost`, "（a　ＯＲ「b」）－＃ｃ",
		"lang:ja,en、\"x\" url:https://e.org/(a),b", `"\"\\`, "NOT NOT -(a)", "after:7d before:今日", "x:y", "((((", "\xff", "state:deleted OR -\"\"",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		chips, chipsErr := Chips(s)
		e, err := ParseAt(s, now, tokyo)
		if (err == nil) != (chipsErr == nil) {
			t.Fatalf("ParseAt says %v, Chips %v", err, chipsErr)
		}
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Pos < 0 || syntax.Pos > len([]rune(s)) {
				t.Fatalf("%#v", err)
			}
			return
		}
		for _, c := range chips {
			if _, err := ParseAt(c.Text, now, tokyo); err != nil {
				t.Errorf("chip %q of %q: %v", c.Text, s, err)
			}
			if _, err := ParseAt(c.Rest, now, tokyo); err != nil {
				t.Errorf("rest %q of %q: %v", c.Rest, s, err)
			}
		}
		for _, zone := range []*time.Location{time.UTC, tokyo} {
			again := FormatIn(e, zone)
			if len(again) > MaxBytes {
				return
			}
			got, err := ParseAt(again, now.Add(time.Hour), zone)
			if err != nil {
				t.Fatalf("%q written as %q: %v", s, again, err)
			}
			if d := cmp.Diff(e, got); d != "" {
				t.Fatalf("%q written as %q (-want +got):\n%s", s, again, d)
			}
		}
	})
}

func TestChips(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][]Chip{
		"":       nil,
		" a　":    {{Text: "a", Expr: Text{"a"}}},
		"a OR b": {{Text: "a OR b", Expr: Or{Text{"a"}, Text{"b"}}}},
		"a AND　-「b c」 (x OR y) lang:ja,en": {
			{Text: "a", Rest: "-「b c」 (x OR y) lang:ja,en", Expr: Text{"a"}},
			{Text: "-「b c」", Rest: "a (x OR y) lang:ja,en", Expr: Not{Text{"b c"}}},
			{Text: "(x OR y)", Rest: "a -「b c」 lang:ja,en", Expr: Or{Text{"x"}, Text{"y"}}},
			{Text: "lang:ja,en", Rest: "a -「b c」 (x OR y)", Expr: Or{Is{Lang, "ja"}, Is{Lang, "en"}}},
		},
	} {
		got, err := Chips(s)
		if err != nil {
			t.Errorf("Chips(%q): %v", s, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("Chips(%q) (-want +got):\n%s", s, d)
		}
	}
	if _, err := Chips("a ("); err == nil {
		t.Error("Chips takes what Parse refuses")
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range Fields() {
		for _, name := range append(f.Aliases, f.Name) {
			if seen[name] {
				t.Errorf("%q stands for two fields", name)
			}
			seen[name] = true
			if got, ok := fieldNamed(strings.ToUpper(name)); !ok || got.Name != f.Name {
				t.Errorf("%q is not read as %q", name, f.Name)
			}
		}
		if f.Ja == "" || f.En == "" {
			t.Errorf("%q is not described", f.Name)
		}
		for _, v := range f.Values {
			if _, err := Parse(f.Name + ":" + v); err != nil {
				t.Error(err)
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := Parse(`lang:ja source:telegram after:2026-11-01 "処理水" (iaea OR fukushima) -type:repost`); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFold(b *testing.B) {
	for name, s := range map[string]string{
		"ascii":    strings.Repeat("The Minister said Yes. ", 6),
		"japanese": strings.Repeat("処理水の海洋放出について、政府は", 8) + "！ https://t.co/Abc",
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				Fold(s)
			}
		})
	}
}
