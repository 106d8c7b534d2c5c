package normalise

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Inert characters neither change nor compose with what stands before them.
func TestInert(t *testing.T) {
	n := 0
	for r := rune(0x80); r <= utf8.MaxRune; r++ {
		if !inert(r) {
			continue
		}
		n++
		s := string(r)
		if p := norm.NFKC.PropertiesString(s); !norm.NFKC.IsNormalString(s) || !p.BoundaryBefore() {
			t.Errorf("%U %s is not inert", r, s)
		}
	}
	if n < 30000 {
		t.Errorf("only %d characters are inert", n)
	}
}

func TestNFKC(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	pool := []rune("aZ é、日本語カか한글БжقकกＡ！　👍→“”«…①ﾊﾞ\u0301\u3099\u0345한각")
	for range 200000 {
		var b strings.Builder
		for range r.IntN(8) {
			b.WriteRune(pool[r.IntN(len(pool))])
		}
		if s := b.String(); nfkc(s) != norm.NFKC.String(s) {
			t.Fatalf("nfkc(%q) = %q, want %q", s, nfkc(s), norm.NFKC.String(s))
		}
	}
}
