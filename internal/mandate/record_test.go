package mandate

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// TestRecordVeilsEveryField fills every string of a post, however deep it
// lies, with the account's names and expects none of them in what comes out. A
// field that is new in the record fails here until Record deals with it, or
// until it is named below as one in which no name can stand.
func TestRecordVeilsEveryField(t *testing.T) {
	const secret = "@bob_1985 https://x.com/bob_1985 did:plc:bobbobbob"
	// Fields that hold no name: short names of platforms, tags of languages,
	// hashes; and those that Record takes over by intent.
	free := map[string]bool{"Platform": true, "Lang": true, "Media.Hash": true}
	v := fixed(t).Veil(account("x", secret, secret, secret), account("x", "1", "bob_1985", ""))

	var p poststore.Post
	var filled []string
	fill(t, reflect.ValueOf(&p.Post).Elem(), "", secret, &filled)
	if len(filled) < 20 {
		t.Fatalf("only %d fields were filled: %v", len(filled), filled)
	}
	p.Source, p.Alias = secret, "acc-0000-0000-0000"
	p.Platform, p.Lang = "x", "ja"
	before := fmt.Sprintf("%#v", p)
	got := v.Post(&p)
	if fmt.Sprintf("%#v", p) != before {
		t.Error("the post itself was changed")
	}
	look(t, reflect.ValueOf(got), "", func(field, value string) {
		if free[strings.TrimPrefix(field, "Post.")] {
			return
		}
		if strings.Contains(value, "bob") || strings.Contains(value, secret) {
			t.Errorf("%s shows %q", field, value)
		}
	})
	if got.Raw != nil || got.Labels != nil {
		t.Error("what may hold anything is there")
	}

	// The shape of the record is what this test knows: a field of a kind that
	// it cannot fill fails in fill. Whatever is no name must survive.
	now := time.Date(2023, 8, 24, 4, 3, 0, 0, time.UTC)
	plain := post.Post{
		Platform: "x", ID: "99", Account: post.Account{ID: "2", Handle: "h_2", Name: "N"}, Time: now,
		Text: "処理水 https://outlet.example/a", Lang: "ja", URL: "https://outlet.example/b",
		Links:    []post.Link{{Given: "https://outlet.example/a", URL: "https://outlet.example/a"}},
		Hashtags: []string{"処理水"}, Media: []post.Media{{ID: "m1", URL: "https://outlet.example/m", Hash: "ff"}},
		RepostOf: "98", ReplyTo: "97", QuoteOf: "96", Object: "o", Synthetic: true,
		Origin: post.Origin{File: "posts.csv", Line: 7},
	}
	want := plain
	want.Account = post.Account{ID: fixed(t).Alias("x", "2")}
	if got := v.Record(&plain); !reflect.DeepEqual(got, want) {
		t.Errorf("what names nobody changed:\n got %#v\nwant %#v", got, want)
	}
}

// TestRecordOfNamed leaves a marked account its names.
func TestRecordOfNamed(t *testing.T) {
	n := fixed(t)
	mofa := account("x", "99", "MofaJapan_jp", "外務省")
	v := newVeil(n, marked(n, mofa), nil, []Account{mofa})
	p := post.Post{
		Platform: "x", ID: "5", Account: mofa.Account, Channel: "mofajapan_jp", Text: "by @MofaJapan_jp to @stranger",
		URL: "https://x.com/MofaJapan_jp/status/5", Mentions: []string{"mofajapan_jp", "stranger"}, Raw: []byte("x"),
	}
	got := v.Record(&p)
	want := post.Post{
		Platform: "x", ID: "5", Account: mofa.Account, Channel: "mofajapan_jp", Text: "by @MofaJapan_jp to @" + n.Alias("x", "stranger"),
		URL: "https://x.com/MofaJapan_jp/status/5", Mentions: []string{"@mofajapan_jp", n.Alias("x", "stranger")},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %#v\nwant %#v", got, want)
	}
	if empty := v.Record(&post.Post{}); !reflect.DeepEqual(empty, post.Post{}) {
		t.Errorf("an empty post becomes %#v", empty)
	}
}

// fill sets all strings and bytes in v, making lists and maps of one.
func fill(t *testing.T, v reflect.Value, path, with string, filled *[]string) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString(with)
		*filled = append(*filled, path)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			fill(t, v.Field(i), strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), with, filled)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(with))
			*filled = append(*filled, path)
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0), path, with, filled)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(with), reflect.ValueOf(with))
		*filled = append(*filled, path)
	case reflect.Bool, reflect.Int64, reflect.Int, reflect.Uint64:
	default:
		t.Fatalf("the record has a field %s of kind %s: say here how to fill it", path, v.Kind())
	}
}

// look gives all strings and bytes in v.
func look(t *testing.T, v reflect.Value, path string, see func(field, value string)) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		see(path, v.String())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			look(t, v.Field(i), strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), see)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			see(path, string(v.Bytes()))
			return
		}
		for i := range v.Len() {
			look(t, v.Index(i), path, see)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			see(path, k.String())
			see(path, v.MapIndex(k).String())
		}
	}
}
