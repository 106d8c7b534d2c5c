package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

// told writes stretches as a page shows them.
func told(s string) string {
	var b strings.Builder
	for _, p := range visible(s) {
		if p.Mark != "" {
			b.WriteString("[" + p.Mark + "]")
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   "",
		"plain\n二行":                          "plain\n二行",
		"a\u202eb\u202c":                     "a[U+202E]b[U+202C]",
		"\x00\x07":                           "[U+0000][U+0007]",
		"\xff\xe3\x81":                       "[0xFF][0xE3][0x81]",
		"\ufffd":                             "\ufffd",
		"zero\u200bwidth\ufeff":              "zero[U+200B]width[U+FEFF]",
		"می\u200cخواهم":                      "می\u200cخواهم",
		"👩\u200d👧":                           "👩\u200d👧",
		"葛\U000E0100城":                       "葛\U000E0100城",
		"hid\U000E0041\U000E0042":            "hid[U+E0041][U+E0042]",
		"🏴\U000E0067\U000E0062\U000E007F ok": "🏴\U000E0067\U000E0062\U000E007F ok",
		"private \ue000":                     "private [U+E000]",
		"soft\u00adhyphen":                   "soft[U+00AD]hyphen",
	} {
		if got := told(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzVisible says that nothing is lost and that what acts unseen is never text.
func FuzzVisible(f *testing.F) {
	for _, s := range []string{"", "a\u202eb", "\xff", "🏴\U000E0067\U000E007F", "\U000E0067", "\r\n\t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		texts, marks := 0, 0
		for _, p := range visible(s) {
			if (p.Text == "") == (p.Mark == "") {
				t.Fatalf("a stretch is neither or both: %+v", p)
			}
			if !utf8.ValidString(p.Text) {
				t.Fatalf("%q is no UTF-8", p.Text)
			}
			if strings.ContainsAny(p.Text, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00\x1b\u200b") {
				t.Fatalf("%q acts", p.Text)
			}
			texts += utf8.RuneCountInString(p.Text)
			if p.Mark != "" {
				marks++
			}
		}
		if texts+marks != utf8.RuneCountInString(s) {
			t.Fatalf("%q: %d characters and %d marks", s, texts, marks)
		}
	})
}

// FuzzFold says that a text that is cut is the same text.
func FuzzFold(f *testing.F) {
	f.Add("one two three", 5)
	f.Add("処理水の放出", 3)
	f.Add("\xff\xff\xff", 1)
	f.Fuzz(func(t *testing.T, s string, n int) {
		if n < 1 {
			n = 1
		}
		head, rest := fold(s, n)
		if head+rest != s {
			t.Fatalf("%q and %q are not %q", head, rest, s)
		}
		if utf8.RuneCountInString(head) > n {
			t.Fatalf("%q is longer than %d", head, n)
		}
		if utf8.RuneCountInString(s) <= n && rest != "" {
			t.Fatalf("%q was cut without need", s)
		}
	})
}

func TestTableAndPager(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/list?sort=name&page=3&q=a+b", nil)
	table := tableOf(r, "", "-posts", Column{Key: "name", Sorts: true}, Column{Key: "posts", Sorts: true, Falls: true}, Column{Key: "at"})
	if table.Sort != "name" || table.Falling {
		t.Errorf("sorted by %s, falling %v", table.Sort, table.Falling)
	}
	if c := table.Columns[0]; c.Order != "ascending" || c.Link != "/list?q=a+b&sort=-name" {
		t.Errorf("%+v", c)
	}
	if c := table.Columns[1]; c.Order != "none" || c.Link != "/list?q=a+b&sort=-posts" {
		t.Errorf("%+v", c)
	}
	wrong := httptest.NewRequest(http.MethodGet, "/list?sort=-at", nil)
	if table := tableOf(wrong, "", "-posts", Column{Key: "posts", Sorts: true}, Column{Key: "at"}); table.Sort != "posts" || !table.Falling {
		t.Errorf("a column that does not sort: %s", table.Sort)
	}
	for _, tt := range []struct {
		page        string
		total       int64
		skip        int
		from, to    int64
		before, aft string
	}{
		{"", 120, 0, 1, 50, "", "/list?page=2"},
		{"2", 120, 50, 51, 100, "/list", "/list?page=3"},
		{"3", 120, 100, 101, 120, "/list?page=2", ""},
		{"9", 120, 100, 101, 120, "/list?page=2", ""},
		{"-1", 120, 0, 1, 50, "", "/list?page=2"},
		{"x", 0, 0, 0, 0, "", ""},
	} {
		path := "/list"
		if tt.page != "" {
			path += "?page=" + tt.page
		}
		p, skip := pagerOf(httptest.NewRequest(http.MethodGet, path, nil), tt.total, 50)
		if skip != tt.skip || p.From != tt.from || p.To != tt.to || p.Previous != tt.before || p.Next != tt.aft {
			t.Errorf("page %q of %d: skip %d, %+v", tt.page, tt.total, skip, p)
		}
	}
}

func TestWebAddress(t *testing.T) {
	for in, want := range map[string]string{
		"https://a.example/x": "https://a.example/x", "\thttp://a.example\n": "http://a.example", "javascript:alert(1)": "",
		"JaVaScRiPt:alert(1)": "", "data:text/html,x": "", "//a.example": "", "/x": "", "https://": "", "vbscript:x": "", "file:///etc/passwd": "",
	} {
		if got := webAddress(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
