package normalise

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/akashi-project/akashi/internal/post"
)

func TestPost(t *testing.T) {
	at := time.Date(2023, 8, 24, 13, 3, 0, 0, tokyo)
	for _, c := range []struct {
		name     string
		in, want post.Post
		o        Options
	}{
		{
			name: "everything from the text",
			in:   post.Post{Time: at, Text: "@Bob see http://t.co/a #News #МИР"},
			want: post.Post{
				Time: at.UTC(), Text: "@Bob see http://t.co/a #News #МИР",
				Links:    []post.Link{{Given: "http://t.co/a", URL: "https://t.co/a"}},
				Hashtags: []string{"news", "мир"}, Mentions: []string{"bob"},
			},
		},
		{
			name: "as given",
			in:   post.Post{Text: "http://t.co/a #News", Hashtags: []string{"#News", " ", "b"}},
			want: post.Post{
				Text:     "http://t.co/a #News",
				Links:    []post.Link{{Given: "http://t.co/a", URL: "http://t.co/a"}},
				Hashtags: []string{"News", "b"},
			},
			o: Options{URLsAsGiven: true, HashtagsAsGiven: true},
		},
		{
			name: "the source says none",
			in:   post.Post{Text: "@Bob http://t.co/a #News", Links: []post.Link{}, Hashtags: []string{}, Mentions: []string{}},
			want: post.Post{Text: "@Bob http://t.co/a #News", Links: []post.Link{}, Hashtags: []string{}, Mentions: []string{}},
		},
		{
			name: "links of the source",
			in:   post.Post{Links: []post.Link{{Given: " example.com/a "}, {Given: ""}, {Given: "http://www.example.com"}}, Mentions: []string{"UCx"}},
			want: post.Post{Links: []post.Link{{Given: " example.com/a ", URL: "example.com/a"}, {Given: "http://www.example.com", URL: "https://example.com/"}}, Mentions: []string{"UCx"}},
		},
		{
			name: "some parts",
			in:   post.Post{Time: at, Text: "@Bob http://t.co/a #News"},
			want: post.Post{Time: at, Text: "@Bob http://t.co/a #News", Hashtags: []string{"news"}},
			o:    Options{Parts: PartHashtags},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := c.in
			for range 2 {
				Post(&p, c.o)
				if d := cmp.Diff(c.want, p); d != "" {
					t.Fatalf("(-want +got)\n%s", d)
				}
			}
		})
	}
}

func BenchmarkPost(b *testing.B) {
	for _, c := range benchTexts {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p := post.Post{Text: c.text}
				Post(&p, Options{})
			}
		})
	}
}
