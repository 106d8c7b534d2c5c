package claimfeed

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

func at(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func script(s string) string {
	return `<html lang="en"><head><meta property="og:site_name" content="Checkers"><script type="application/ld+json">` + s + `</script></head><body><h1>x</h1></body></html>`
}

const whole = `{"@context":"https://schema.org","@type":"ClaimReview","url":"/check/1","claimReviewed":"The moon is &quot;flat&quot;","datePublished":"2026-04-02T09:00:00+09:00",
"author":{"@type":"NGO","name":"Fact Desk","url":"https://check.example"},"reviewRating":{"@type":"Rating","ratingValue":"1","bestRating":"5","alternateName":"False"},"reviewBody":"It is <b>round</b>.",
"itemReviewed":{"@type":"Claim","datePublished":"2026-03-30","inLanguage":"ru","author":{"@type":"Person","name":"Someone"},"firstAppearance":{"@type":"CreativeWork","url":"https://outlet.example/a","publisher":{"name":"Outlet"}},
"appearance":[{"@type":"CreativeWork","url":"https://outlet.example/b"},"https://outlet.example/c",{"url":"https://outlet.example/a"}]}}`

func TestClaimReview(t *testing.T) {
	base := at(t, "https://check.example/2026/moon")
	claims, err := Parse([]byte(script(whole)), base)
	if err != nil || len(claims) != 1 {
		t.Fatalf("%v %v", claims, err)
	}
	want := Claim{
		Statement: `The moon is "flat"`, Response: "It is round .", Reviewed: time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC), Publisher: "Fact Desk", RatingText: "False",
		URL: "https://check.example/check/1", Date: time.Date(2026, 3, 30, 0, 0, 0, 0, time.UTC), Languages: []string{"ru"}, Lang: "en",
		Appearances: []Appearance{{"https://outlet.example/a", "Outlet"}, {"https://outlet.example/b", ""}, {"https://outlet.example/c", ""}},
	}
	if !reflect.DeepEqual(claims[0], want) {
		t.Errorf("got  %+v\nwant %+v", claims[0], want)
	}
}

func TestFormsOfClaimReview(t *testing.T) {
	one := func(n string) string {
		return `{"@type":"ClaimReview","claimReviewed":"c` + n + `","url":"https://check.example/` + n + `"}`
	}
	for name, c := range map[string]struct {
		given string
		want  string // statements, ratings and publishers
	}{
		"a list":               {"[" + one("1") + "," + one("2") + "]", "c1||Checkers c2||Checkers"},
		"a graph":              {`{"@graph":[{"@type":"WebPage"},` + one("1") + "," + one("2") + `]}`, "c1||Checkers c2||Checkers"},
		"inside another":       {`{"@type":"NewsArticle","review":[` + one("1") + `]}`, "c1||Checkers"},
		"the same twice":       {"[" + one("1") + "," + one("1") + "]", "c1||Checkers"},
		"several types":        {`{"@type":["Review","http://schema.org/ClaimReview"],"claimReviewed":"c"}`, "c||Checkers"},
		"named parts":          {`{"@graph":[{"@id":"#r","@type":"Rating","alternateName":"根拠不明"},{"@id":"#o","name":"Desk"},{"@type":"ClaimReview","claimReviewed":"c","author":{"@id":"#o"},"reviewRating":{"@id":"#r"}}]}`, "c|根拠不明|Desk"},
		"in a comment":         {"<!--\n" + one("1") + "\n-->", "c1||Checkers"},
		"with line breaks":     {"{\"@type\":\"ClaimReview\",\"claimReviewed\":\"a\nb\"};", "a b||Checkers"},
		"the item's words":     {`{"@type":"ClaimReview","itemReviewed":{"@type":"Claim","name":"c"}}`, "c||Checkers"},
		"a number alone":       {`{"@type":"ClaimReview","claimReviewed":"c","reviewRating":{"ratingValue":2}}`, "c|2|Checkers"},
		"authors":              {`{"@type":"ClaimReview","claimReviewed":"c","author":[{"name":"A"},{"name":"B"}]}`, "c||A"},
		"no claim":             {`{"@type":"ClaimReview","reviewRating":{"ratingValue":2}}`, ""},
		"another type":         {`{"@type":"Review","claimReviewed":"c"}`, ""},
		"no JSON":              {`{"@type":"ClaimReview"`, ""},
		"nested too deep":      {strings.Repeat("[", 300) + one("1") + strings.Repeat("]", 300), ""},
		"an item in a list":    {`{"@type":"ClaimReview","claimReviewed":"c","itemReviewed":[{"@type":"Claim","name":"d"},"x"]}`, "c||Checkers"},
		"names that go around": {`{"@graph":[{"@id":"a","@type":"ClaimReview","claimReviewed":"c","itemReviewed":{"@id":"a"}}]}`, "c||Checkers"},
	} {
		claims, err := Parse([]byte(script(c.given)), at(t, "https://check.example/"))
		var got []string
		for _, c := range claims {
			got = append(got, c.Statement+"|"+c.RatingText+"|"+c.Publisher)
		}
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

const casePage = `<!doctype html><html lang="en"><head><meta property="og:site_name" content="Cases"><meta property="article:published_time" content="2026-04-03T10:00:00Z"><title>x</title></head><body>
<nav><a href="/">Summary</a></nav><h1>Disinfo: A  bridge was never there</h1>
<div class="b-report__details"><ul><li>Outlet: <a href="https://o1.example/a">One (opens in a new tab)</a> <a href="https://archive.example/1">(archived)</a>, <a href="https://o2.example/b">Two</a></li>
<li>Date of publication: <span>March 30, 2026</span></li><li>Article language(s): <span>Russian, German</span></li><li>Countries / regions discussed: <span>Nowhere</span></li></ul></div>
<div><h3>Summary</h3><div class="b-text"><p>It is said that the bridge was never there.</p><p>Nobody saw it.</p></div></div>
<div><h3>Response</h3><div><p>The bridge has been <a href="https://map.example">there</a> since 1950.</p></div></div>
<h3>Related</h3><p>Other words</p><footer><p>Response</p></footer></body></html>`

func TestCase(t *testing.T) {
	base := at(t, "https://cases.example/report/bridge/")
	claims, err := Parse([]byte(casePage), base)
	if err != nil || len(claims) != 1 {
		t.Fatalf("%v %v", claims, err)
	}
	want := Claim{
		Statement: "A bridge was never there", Summary: "It is said that the bridge was never there.\nNobody saw it.", Response: "The bridge has been there since 1950.",
		Reviewed: time.Date(2026, 4, 3, 10, 0, 0, 0, time.UTC), Publisher: "Cases", URL: base.String(), Date: time.Date(2026, 3, 30, 0, 0, 0, 0, time.UTC),
		Appearances: []Appearance{{"https://o1.example/a", "One"}, {"https://o2.example/b", "Two"}}, Languages: []string{"Russian", "German"}, Lang: "en",
	}
	if !reflect.DeepEqual(claims[0], want) {
		t.Errorf("got  %+v\nwant %+v", claims[0], want)
	}
}

func TestFormsOfCases(t *testing.T) {
	base := at(t, "https://cases.example/1")
	for name, c := range map[string]struct {
		page string
		h    Headings
		want int
	}{
		"as definitions": {`<h1>c</h1><dl><dt>Outlet</dt><dd>One, Two</dd><dt>Date</dt><dd>02.04.2026</dd></dl><h2>Claim</h2><p>a</p><h2>Disproof:</h2><p>b</p>`, Usual(), 1},
		"in Japanese":    {`<h1>c</h1><p>媒体：One</p><h2>主張</h2><p>a</p><h2>検証結果</h2><p>b</p>`, Usual(), 1},
		"own headings":   {`<h1>c</h1><p>Où: One</p><h2>Dit</h2><p>a</p><h2>Vrai</h2><p>b</p>`, Headings{Summary: []string{"dit"}, Response: []string{"VRAI"}, Outlets: []string{"où"}}, 1},
		"other headings": {`<h1>c</h1><p>Où: One</p><h2>Dit</h2><p>a</p><h2>Vrai</h2><p>b</p>`, Usual(), 0},
		"no details":     {`<h1>c</h1><h2>Summary</h2><p>a</p><h2>Response</h2><p>b</p>`, Usual(), 0},
		"no response":    {`<h1>c</h1><p>Outlet: One</p><h2>Summary</h2><p>a</p>`, Usual(), 0},
		"an article":     {`<h1>c</h1><p>words: more</p>`, Usual(), 0},
	} {
		claims, err := ParseWith([]byte(c.page), base, c.h)
		if err != nil || len(claims) != c.want {
			t.Errorf("%s: %+v, %v", name, claims, err)
		}
		for _, c := range claims {
			if c.Statement != "c" || c.Summary != "a" || c.Response != "b" || len(c.Appearances) == 0 {
				t.Errorf("%s: %+v", name, c)
			}
		}
	}
}

func TestEncodings(t *testing.T) {
	page := append([]byte(`<meta charset="shift_jis"><script type="application/ld+json">{"@type":"ClaimReview","claimReviewed":"`), 0x8e, 0xe5, 0x92, 0xa3)
	page = append(page, []byte(`"}</script>`)...)
	claims, err := Parse(page, at(t, "https://check.example/"))
	if err != nil || len(claims) != 1 || claims[0].Statement != "主張" {
		t.Errorf("%+v %v", claims, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(script(whole)))
	f.Add([]byte(script(`[{"@graph":[` + whole + `,{"@id":"x"}]}]`)))
	f.Add([]byte(casePage))
	f.Add([]byte(`<h1>c</h1><dl><dt>Outlet</dt><dd>One`))
	base := at(f, "https://check.example/a/b?c=d")
	f.Fuzz(func(t *testing.T, b []byte) {
		claims, err := Parse(b, base)
		if err != nil && len(claims) > 0 {
			t.Errorf("claims beside %v", err)
		}
		if len(claims) > maxClaims {
			t.Errorf("%d claims", len(claims))
		}
		for _, c := range claims {
			if c.Statement == "" || len(c.Statement) > maxText || !strings.HasPrefix(c.URL, "http") || len(c.Appearances) > maxAppearances {
				t.Errorf("%+v", c)
			}
			for _, a := range c.Appearances {
				if a.URL != "" && !strings.HasPrefix(a.URL, "http") {
					t.Errorf("%+v", a)
				}
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	page, base := []byte(strings.Replace(casePage, "</body>", strings.Repeat("<p>some words in a paragraph</p>", 2000)+"</body>", 1)), at(b, "https://check.example/")
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		if _, err := Parse(page, base); err != nil {
			b.Fatal(err)
		}
	}
}
