package poststoretest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore/poststoretest"
)

func TestGenerate(t *testing.T) {
	t.Parallel()
	n, withFirst, chars, raw := 0, 0, 0, 0
	first := poststoretest.Word(1, "en", 0)
	poststoretest.Generate(1, 30_000, func(posts []post.Post) {
		for i := range posts {
			p := posts[i]
			n++
			chars += len([]rune(p.Text))
			raw += len(p.Raw)
			if p.Lang == "en" && strings.Contains(p.Text, first) {
				withFirst++
			}
			q := p
			normalise.Post(&q, normalise.Options{})
			if p.Links != nil && p.Hashtags != nil && p.Mentions != nil && !cmp.Equal(p, q) {
				t.Fatalf("not completed: %s", cmp.Diff(p, q))
			}
		}
	})
	t.Logf("%d characters and %d bytes of raw record a post", chars/n, raw/n)
	if n != 30_000 || withFirst < 2500 || chars/n < 80 || chars/n > 160 {
		t.Errorf("%d posts, %d of them with the most frequent English word, %d characters on average", n, withFirst, chars/n)
	}
}

func BenchmarkGenerate(b *testing.B) {
	poststoretest.Generate(1, b.N, func([]post.Post) {})
}
