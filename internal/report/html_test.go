package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// render is the page of a report as text.
func render(t testing.TB, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// parse reads a page as a browser without JavaScript would, so that what
// stands in noscript is seen too.
func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	doc, err := html.ParseWithOptions(strings.NewReader(page), html.ParseOptionEnableScripting(false))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// attr is the value of an attribute.
func attr(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// text is all text under a node.
func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run the test with -update)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (run the test with -update if that is meant):\n%s", name, diff)
	}
}

func TestGolden(t *testing.T) {
	r := fixture()
	var j, ja, en bytes.Buffer
	for _, err := range []error{JSON(&j, r), Summary(&ja, r, "ja"), Summary(&en, r, "en")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	page := render(t, r)
	// Style and script have files of their own; here only their place counts.
	page = strings.Replace(page, pageStyle, "…", 1)
	page = strings.Replace(page, pageScript, "…", 1)
	page = regexp.MustCompile(`sha256-[A-Za-z0-9+/=]+`).ReplaceAllString(page, "sha256-…")
	golden(t, "report.html", []byte(page))
	golden(t, "report.json", j.Bytes())
	golden(t, "summary.ja.txt", ja.Bytes())
	golden(t, "summary.en.txt", en.Bytes())
}

// TestSelfContained reads every element of the page: nothing may lead out of
// it, and nothing may run but the one script.
func TestSelfContained(t *testing.T) {
	for name, r := range map[string]*Report{"fixture": fixture(), "hostile": hostile(), "empty": {}} {
		page := render(t, r)
		scripts, styles := 0, 0
		ids := map[string]bool{}
		var links []string
		for n := range parse(t, page).Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			switch n.Data {
			case "script":
				scripts++
			case "style":
				styles++
			case "img", "iframe", "object", "embed", "base", "audio", "video", "source", "marquee":
				t.Errorf("%s: element <%s>", name, n.Data)
			}
			for _, a := range n.Attr {
				switch {
				case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "src", a.Key == "action", a.Key == "srcset":
					t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
				case a.Key == "href" && n.Data == "link" && a.Val == "data:,":
				case a.Key == "href" && !strings.HasPrefix(a.Val, "#"):
					t.Errorf("%s: <%s href=%q>", name, n.Data, a.Val)
				case a.Key == "href":
					links = append(links, a.Val[1:])
				case a.Key == "id":
					if ids[a.Val] {
						t.Errorf("%s: id %q twice", name, a.Val)
					}
					ids[a.Val] = true
				}
			}
		}
		for _, l := range links {
			if !ids[l] {
				t.Errorf("%s: link to #%s, which is not there", name, l)
			}
		}
		if scripts != 2 || styles != 1 {
			t.Errorf("%s: %d scripts and %d styles, want 2 and 1", name, scripts, styles)
		}
		if strings.Contains(pageStyle, "url(") || strings.Contains(pageStyle, "@import") || strings.Contains(pageScript, "fetch(") {
			t.Errorf("style or script asks for something outside")
		}
	}
}

func TestPolicyHashes(t *testing.T) {
	doc := parse(t, render(t, fixture()))
	var csp string
	var sums []string
	for n := range doc.Descendants() {
		if v, _ := attr(n, "http-equiv"); v == "Content-Security-Policy" {
			csp, _ = attr(n, "content")
		}
		kind, typed := attr(n, "type")
		if n.Type == html.ElementNode && (n.Data == "style" || n.Data == "script" && !(typed && kind == "application/json")) {
			sum := sha256.Sum256([]byte(text(n)))
			sums = append(sums, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
		}
	}
	if len(sums) != 2 {
		t.Fatalf("found %d blocks to hash", len(sums))
	}
	want := "default-src 'none'; style-src " + sums[0] + "; script-src " + sums[1] + "; img-src data:; base-uri 'none'; form-action 'none'"
	if csp != want {
		t.Errorf("policy\n got %s\nwant %s", csp, want)
	}
}

// hostile is the fixture with everything that strangers may write.
func hostile() *Report {
	r := fixture()
	evil := `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'` + "`" + `{{.}}<!--`
	zalgo := "Z" + strings.Repeat("\u0301\u0336", 5000) + "algo"
	r.Title = evil
	r.Groups[0].ID = `G"><script>`
	r.Groups[0].Why = Sentence{"ja": evil, "en": evil}
	r.Groups[0].Accounts[0].Account = "\u202eevil" + evil
	r.Groups[0].Behaviours[0].Behaviour = evil
	r.Groups[0].Objects[0].Object = "javascript:alert(1)//" + zalgo
	p := &r.Groups[0].Examples[0].Posts
	p[0].Text, p[0].Lang = evil+"\u202e"+strings.Repeat("あ", 1<<20), `ja" onload="alert(1)`
	p[1].Text = "bad \xff\xfe utf8 \x00\x1b[31m " + zalgo
	r.Network.Nodes[0].Label = evil
	r.Network.Nodes[1].X, r.Network.Nodes[1].Y = math.NaN(), math.Inf(1)
	r.Network.Nodes[2].Group = 99
	r.Network.Edges[0].Note = Sentence{"en": evil + "\u2028", "ja": "\x01\x02\x03 1 2 3" + evil}
	r.Network.Edges[1].A = -4
	r.Network.Edges[2].B = 1 << 20
	r.Groups[1].Expected, r.Groups[1].MedianGap = math.NaN(), math.Inf(1)
	r.Inputs[0].Reasons[0] = evil
	r.Marking = "TLP:RED" + evil
	return r
}

func TestHostile(t *testing.T) {
	r := hostile()
	page := render(t, r)
	if !utf8.ValidString(page) {
		t.Error("the page is not valid UTF-8")
	}
	if strings.ContainsAny(page, "\x00\x1b") {
		t.Error("control characters came through")
	}
	if regexp.MustCompile(`[\x{0300}-\x{036f}]{6}`).MatchString(page) {
		t.Error("a tower of combining marks came through")
	}
	if len(page) > 300<<10 {
		t.Errorf("the page has %d bytes: long text was not shortened", len(page))
	}
	var data map[string]any
	for n := range parse(t, page).Descendants() {
		if id, _ := attr(n, "id"); id == "data" {
			if err := json.Unmarshal([]byte(text(n)), &data); err != nil {
				t.Fatalf("data: %v", err)
			}
		}
		if n.Type == html.ElementNode && n.Data == "p" {
			if class, _ := attr(n, "class"); class == "text" {
				if lang, ok := attr(n, "lang"); ok && strings.Contains(lang, "onload") {
					t.Errorf("lang=%q", lang)
				}
				if got := utf8.RuneCountInString(text(n)); got > maxText+1 {
					t.Errorf("a post of %d characters", got)
				}
			}
		}
	}
	if got, want := len(data["a"].([]any)), len(r.Network.Edges)-2; got != want {
		t.Errorf("%d pairs drawn, want %d", got, want)
	}
	var b bytes.Buffer
	if err := Summary(&b, r, "en"); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); strings.ContainsAny(s, "\x1b\x00\u202e") || strings.Count(s, "\n") > 25 {
		t.Errorf("summary: %q", s)
	}
}

func TestCatalogue(t *testing.T) {
	verbs := regexp.MustCompile(`%\[\d\]s`)
	seen := map[string]bool{}
	japanese := regexp.MustCompile(`[\p{Han}\p{Hiragana}\p{Katakana}]`)
	for _, e := range catalogue() {
		if seen[e.key] {
			t.Errorf("%s is there twice", e.key)
		}
		seen[e.key] = true
		if e.ja == "" || e.en == "" {
			t.Errorf("%s lacks a language", e.key)
		}
		if japanese.MatchString(e.en + e.one) {
			t.Errorf("%s: Japanese in the English text", e.key)
		}
		set := func(s string) map[string]bool {
			m := map[string]bool{}
			for _, v := range verbs.FindAllString(s, -1) {
				m[v] = true
			}
			return m
		}
		if diff := cmp.Diff(set(e.ja), set(e.en)); diff != "" {
			t.Errorf("%s: the languages take different figures:\n%s", e.key, diff)
		}
	}
	used := regexp.MustCompile(`\{\{(?:t|tn|label) "([^"]+)"`)
	for _, m := range used.FindAllStringSubmatch(pageSource, -1) {
		if !seen[m[1]] {
			t.Errorf("the page uses %q, which is not in the catalogue", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`say\('([^']+)'`).FindAllStringSubmatch(pageScript, -1) {
		if !seen[m[1]] || !strings.HasPrefix(m[1], "js.") {
			t.Errorf("the script says %q, which it does not get", m[1])
		}
	}
	if page := render(t, fixture()); strings.Contains(page, "%!") {
		t.Error("a sentence was filled wrongly")
	}
}

func TestSummaryLength(t *testing.T) {
	r := large(2000, 100, 40)
	for range 30 {
		r.LeftOut = append(r.LeftOut, r.LeftOut[0])
		r.Check.Operations = append(r.Check.Operations, r.Check.Operations[0])
	}
	for _, lang := range []string{"ja", "en"} {
		var b bytes.Buffer
		if err := Summary(&b, r, lang); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "\n"); n > 29 { // and the command adds one
			t.Errorf("%s: %d lines\n%s", lang, n, b.String())
		}
	}
}

func TestNothingFound(t *testing.T) {
	page := render(t, &Report{Title: "nothing", Marking: "TLP:CLEAR"})
	if !strings.Contains(page, "No group was found") || strings.Contains(page, "<canvas") {
		t.Error("a report without groups must say so and draw nothing")
	}
}

func TestSizeOfLargeReport(t *testing.T) {
	page := render(t, large(4000, 20000, 40))
	t.Logf("4,000 accounts, 20,000 pairs: %d bytes", len(page))
	if len(page) > 2<<20 {
		t.Errorf("the page has %d bytes, more than 2 MiB", len(page))
	}
}

func TestMould(t *testing.T) {
	f := forms{index: map[[2]string]int{}}
	one := f.mould(Sentence{"ja": "a1 と b2 は 1,204 件", "en": "a1 and b2: 1,204 objects"}, "a1", "b2")
	two := f.mould(Sentence{"ja": "c3 と d4 は 7 件", "en": "c3 and d4: 7 objects"}, "c3", "d4")
	if one != "0;1,204" || two != "0;7" || len(f.list) != 1 {
		t.Errorf("got %q, %q, %q", one, two, f.list)
	}
	if odd := f.mould(Sentence{"ja": "2 と 1", "en": "1 and 2"}, "x", "y"); odd != "1" {
		t.Errorf("figures in another order: %q", odd)
	}
}

func TestFormat(t *testing.T) {
	for _, c := range [][2]string{
		{number(1234567), "1,234,567"}, {number(-1234), "−1,234"}, {number(999), "999"},
		{tiny(0.00001234), "1.2×10⁻⁵"}, {tiny(0.05), "0.050"}, {amount(1234.5), "1,234"},
		{span(0.25), "250 ms"}, {span(14), "14 s"}, {span(210), "3.5 min"}, {span(90000), "25 h"},
		{percent(0.8462), "84.6%"}, {decimal(-0.004, 2), "0.00"},
		{clean("a\x00b\r\nc", 9), "a␀b\nc"}, {clean("abcdef", 3), "abc…"}, {clean("\xff", 3), "\uFFFD"},
		{language("zh-Hant"), "zh-Hant"}, {language(`x" y`), ""},
		{second(time.Date(2026, 11, 23, 18, 4, 5, 0, time.FixedZone("JST", 9*3600))), "2026-11-23T09:04:05Z"},
	} {
		if c[0] != c[1] {
			t.Errorf("got %q, want %q", c[0], c[1])
		}
	}
}

func TestScriptParses(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: the script's syntax is not checked")
	}
	if out, err := exec.Command(node, "--check", filepath.Join("assets", "app.js")).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if strings.Contains(pageScript, "</script") || strings.Contains(pageStyle, "</style") {
		t.Error("an asset would end its own element")
	}
}

func BenchmarkHTML(b *testing.B) {
	for name, r := range map[string]*Report{"300": large(300, 3000, 8), "4000": large(4000, 20000, 40)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := HTML(io.Discard, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
