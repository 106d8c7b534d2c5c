package enrich

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
)

// collect gives the traces as "behaviour object".
func collect(p post.Post, by Behaviours, o Options) []string {
	normalise.Post(&p, normalise.Options{URLsAsGiven: o.URLsAsGiven, HashtagsAsGiven: o.HashtagsAsGiven, Parts: by.Parts()})
	var got []string
	Traces(&p, by, o, func(b coordination.Behaviour, object string) { got = append(got, b.String()+" "+object) })
	return got
}

const sentence = "The minister said today that nothing at all will change"

func TestTraces(t *testing.T) {
	for _, c := range []struct {
		name string
		p    post.Post
		by   Behaviours
		o    Options
		want []string
	}{
		{name: "empty", by: All},
		{
			name: "everything",
			p: post.Post{
				Platform: "x", Text: sentence + " https://www.rt.com/a/ http://rt.com/a https://t.co/b https://x.com/c @Bob @bob #One #two #ONE #三",
				ReplyTo: "7", Media: []post.Media{{Hash: "h", ID: "1"}, {ID: "2", URL: "u"}, {URL: "http://a.b/c.jpg"}, {Hash: "h"}},
			},
			by: All,
			want: []string{
				"url https://rt.com/a", "url https://t.co/b", "url https://x.com/c", "domain rt.com",
				"hashtag one", "hashtag two", "hashtag 三", "hashtag-sequence #one #two #三",
				"reply x:7", "mention x:bob", "text the minister said today that nothing at all will change one two one 三",
				"image h", "image x:2", "image https://a.b/c.jpg",
			},
		},
		{
			name: "only what is asked",
			p:    post.Post{Text: sentence + " https://rt.com/a #One"},
			by:   Of(coordination.Hashtag),
			want: []string{"hashtag one"},
		},
		{
			name: "a repost has no text of its own",
			p:    post.Post{Platform: "x", Text: "RT @a: " + sentence, RepostOf: "9"},
			by:   All &^ Of(coordination.Mention),
			want: []string{"repost x:9"},
		},
		{
			name: "ids without a platform",
			p:    post.Post{RepostOf: "9", ReplyTo: "8", Mentions: []string{"UCx"}, Media: []post.Media{{ID: "1"}}},
			by:   All,
			want: []string{"repost 9", "reply 8", "mention UCx", "image 1"},
		},
		{
			name: "the platform's own domain elsewhere",
			p:    post.Post{Platform: "telegram", Text: "https://x.com/a https://t.me/b https://youtu.be/c"},
			by:   Of(coordination.Domain),
			want: []string{"domain x.com"},
		},
		{name: "object", p: post.Post{Object: "http://A.b"}, by: All, want: []string{"object http://A.b"}},
		{name: "object not asked", p: post.Post{Object: "a"}, by: All &^ Of(coordination.Object)},
		{
			name: "object as url", p: post.Post{Object: "http://www.example.com/?utm_source=1", Text: "https://example.com/ https://t.co/a"},
			by: All, o: Options{ObjectAs: coordination.URL},
			want: []string{"url https://example.com/", "url https://t.co/a", "domain example.com"},
		},
		{
			name: "object as url as given", p: post.Post{Object: " http://www.example.com "},
			by: All, o: Options{ObjectAs: coordination.URL, URLsAsGiven: true}, want: []string{"url http://www.example.com"},
		},
		{name: "object as domain", p: post.Post{Object: "https://news.bbc.co.uk/a"}, by: All, o: Options{ObjectAs: coordination.Domain}, want: []string{"domain bbc.co.uk"}},
		{name: "object as domain, bare", p: post.Post{Object: "BBC.co.uk"}, by: All, o: Options{ObjectAs: coordination.Domain}, want: []string{"domain bbc.co.uk"}},
		{name: "object as hashtag", p: post.Post{Object: "#MAGA"}, by: All, o: Options{ObjectAs: coordination.Hashtag}, want: []string{"hashtag maga"}},
		{name: "object as hashtag as given", p: post.Post{Object: "#MAGA"}, by: All, o: Options{ObjectAs: coordination.Hashtag, HashtagsAsGiven: true}, want: []string{"hashtag MAGA"}},
		{name: "object as repost", p: post.Post{Platform: "x", Object: "12"}, by: All, o: Options{ObjectAs: coordination.Repost}, want: []string{"repost 12"}},
		{name: "two hashtags are no sequence", p: post.Post{Hashtags: []string{"a", "b", "a"}}, by: Of(coordination.HashtagSequence)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, collect(c.p, c.by, c.o)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// However many objects a post has, each comes once and in order.
func TestTracesDistinct(t *testing.T) {
	for _, n := range []int{1, 2, 15, 16, 17, 18, 32, 33, 100} {
		var tags, want []string
		for i := range n {
			tags = append(tags, fmt.Sprint("t", i), fmt.Sprint("t", i/2))
		}
		for _, s := range tags {
			if s = "hashtag " + s; !slices.Contains(want, s) {
				want = append(want, s)
			}
		}
		if d := cmp.Diff(want, collect(post.Post{Hashtags: tags}, Of(coordination.Hashtag), Options{})); d != "" {
			t.Errorf("%d tags (-want +got)\n%s", n, d)
		}
	}
}

func TestTextObject(t *testing.T) {
	long := strings.Repeat("the quick brown fox jumps over the lazy dog ", 10)
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"Good morning everyone!", ""},
		{"a b c d e f g h", ""}, // eight words, eight letters
		{sentence, strings.ToLower(sentence)},
		{"https://t.co/a @a @b @c @d @e @f @g @h 👍👍👍👍👍", ""},
		{"おはようございます", ""},
		{"今日は、とても良い天気ですね！", "今日はとても良い天気ですね"},
		{"ขอแสดงความยินดีกับทุกคนที่ได้รับรางวัลในวันนี้ครับผมและเพื่อน", "ขอแสดงความยินดีกับทุกคนที่ได้รับรางวัลในวันนี้ครับผมและเพื่อน"},
		{"สวัสดีครับทุกคน", ""},
	} {
		if got := TextObject(c.in); got != normalise.Text(c.want) {
			t.Errorf("TextObject(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	a, b := TextObject(long), TextObject("RT @x: "+strings.ToUpper(long)+" https://t.co/a")
	if a != b || !strings.HasPrefix(a, "xxh3:") || len(a) != len("xxh3:")+32 {
		t.Errorf("a long text gives %q and %q", a, b)
	}
	if TextObject(long+"more") == a {
		t.Error("different long texts give one object")
	}
}

func TestBehaviours(t *testing.T) {
	s, err := ParseBehaviours("url, hashtag-sequence")
	if err != nil || s != Of(coordination.URL, coordination.HashtagSequence) {
		t.Fatalf("ParseBehaviours = %v, %v", s, err)
	}
	if got := s.String(); got != "url,hashtag-sequence" {
		t.Errorf("String() = %q", got)
	}
	if !s.Has(coordination.URL) || s.Has(coordination.Object) || s.Has(255) {
		t.Error("Has is wrong")
	}
	if s.Parts() != normalise.PartTime|normalise.PartLinks|normalise.PartHashtags {
		t.Errorf("Parts() = %b", s.Parts())
	}
	if all, err := ParseBehaviours("all"); err != nil || all != All || len(all.Names()) != coordination.NumBehaviours {
		t.Errorf("all = %v, %v", all, err)
	}
	if again, err := ParseBehaviours(All.String()); err != nil || again != All {
		t.Errorf("the names of all give %v, %v", again, err)
	}
	for _, bad := range []string{"", "urls", "url,,hashtag", "URL"} {
		if s, err := ParseBehaviours(bad); err == nil {
			t.Errorf("ParseBehaviours(%q) = %v, want an error", bad, s)
		}
	}
}

// Object is not counted twice, and every object asked for is one asked for.
func FuzzTraces(f *testing.F) {
	f.Add("x", sentence+" #a #b #c https://rt.com/a @b", "1", "2", "http://a.b", uint16(All), uint8(0), false)
	f.Add("", "RT @x: 今日は #タグ", "", "", "#a", uint16(4), uint8(3), true)
	f.Fuzz(func(t *testing.T, platform, text, repost, reply, object string, by uint16, as uint8, given bool) {
		p := post.Post{Platform: platform, Text: text, RepostOf: repost, ReplyTo: reply, Object: object}
		o := Options{URLsAsGiven: given, HashtagsAsGiven: given, ObjectAs: coordination.Behaviour(as)}
		set := Behaviours(by) & All
		normalise.Post(&p, normalise.Options{URLsAsGiven: given, HashtagsAsGiven: given, Parts: set.Parts()})
		type key struct {
			b coordination.Behaviour
			o string
		}
		seen := map[key]bool{}
		last := coordination.Object
		Traces(&p, set, o, func(b coordination.Behaviour, s string) {
			if !set.Has(b) || s == "" || seen[key{b, s}] || b < last {
				t.Fatalf("trace %v %q of %q", b, s, text)
			}
			seen[key{b, s}] = true
			last = b
		})
	})
}

func BenchmarkTraces(b *testing.B) {
	p := post.Post{
		Platform: "x", Text: "Breaking: the minister said today that nothing at all will change https://www.rt.com/a https://t.co/b @Bob #One #two #three",
		ReplyTo: "1234567890",
	}
	normalise.Post(&p, normalise.Options{})
	emit := func(coordination.Behaviour, string) {}
	for _, by := range []Behaviours{
		Of(coordination.URL), Of(coordination.Domain), Of(coordination.Hashtag), Of(coordination.HashtagSequence),
		Of(coordination.Reply), Of(coordination.Text), All,
	} {
		name := by.String()
		if by == All {
			name = "all"
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Traces(&p, by, Options{}, emit)
			}
		})
	}
	b.Run("object", func(b *testing.B) {
		q := post.Post{Object: "https://t.co/Ab3dEfGh1j"}
		b.ReportAllocs()
		for b.Loop() {
			Traces(&q, Of(coordination.URL), Options{ObjectAs: coordination.URL}, emit)
		}
	})
}
