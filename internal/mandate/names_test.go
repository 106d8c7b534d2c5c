package mandate

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// fixed gives names from a secret that is the same in every test.
func fixed(tb testing.TB) *Names {
	tb.Helper()
	n, err := NewNames(bytes.Repeat([]byte{7}, keySize))
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// TestAliasIsStable holds the pseudonyms that earlier versions gave: they stand
// in casework and in what was published.
func TestAliasIsStable(t *testing.T) {
	n := fixed(t)
	for _, c := range []struct{ platform, id, want string }{
		{"x", "1", "acc-8j1b-byjm-m1wr"},
		{"telegram", "1", "acc-ta62-akcb-tw7t"},
		{"", "x1", "acc-963p-q6hd-wmp4"},
	} {
		if got := n.Alias(c.platform, c.id); got != c.want {
			t.Errorf("Alias(%q, %q) = %q, want %q", c.platform, c.id, got, c.want)
		}
	}
	partner, err := n.For("partner:1")
	if err != nil {
		t.Fatal(err)
	}
	if partner.Alias("x", "1") == n.Alias("x", "1") {
		t.Error("a partner's pseudonyms are ours")
	}
	again, err := n.For("partner:1")
	if err != nil || again.Alias("x", "1") != partner.Alias("x", "1") {
		t.Error("a partner's pseudonyms change", err)
	}
}

// TestAliasFraming keeps platform and id apart.
func TestAliasFraming(t *testing.T) {
	n := fixed(t)
	seen := map[string][2]string{}
	for _, whole := range []string{"", "a", "ab", "abc", "a:b", "\x00a", "\x01ab", strings.Repeat("x", 300)} {
		for i := 0; i <= len(whole); i++ {
			key := [2]string{whole[:i], whole[i:]}
			a := n.Alias(key[0], key[1])
			if other, ok := seen[a]; ok && other != key {
				t.Errorf("%q and %q are both %s", other, key, a)
			}
			seen[a] = key
		}
	}
}

func TestParseAlias(t *testing.T) {
	const want = "acc-0123-4abc-dxyz"
	for _, s := range []string{
		"acc-0123-4abc-dxyz", "ACC-0123-4ABC-DXYZ", "0123-4abc-dxyz", "01234abcdxyz", "acc01234abcdxyz",
		"acc O123 4abc dxyz", " acc-ol23-4abc-dxyz ", "ａｃｃ－０１２３－４ａｂｃ－ｄｘｙｚ", "acc‐0123‐4abc‐dxyz",
	} {
		if got, err := ParseAlias(s); err != nil || got != want {
			t.Errorf("ParseAlias(%q) = %q, %v", s, got, err)
		}
	}
	if got, err := ParseAlias("acc0-0000-0000"); err != nil || got != "acc-acc0-0000-0000" {
		t.Errorf("digits that look like the prefix: %q, %v", got, err)
	}
	for _, s := range []string{"", "acc", "acc-0123-4abc-dxy", "acc-0123-4abc-dxyzz", "u123-4abc-dxyz", "é1234abcdxyz", strings.Repeat("0", 1<<16)} {
		if got, err := ParseAlias(s); err == nil {
			t.Errorf("ParseAlias(%.20q) = %q", s, got)
		}
	}
}

func FuzzParseAlias(f *testing.F) {
	f.Add("acc-0123-4abc-dxyz")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAlias(s)
		if err != nil {
			return
		}
		if again, err := ParseAlias(a); err != nil || again != a {
			t.Errorf("%q gives %q, which gives %q, %v", s, a, again, err)
		}
	})
}

func TestOpenKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "names.key")
	// Many at once agree on one key.
	got := make([]string, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			n, err := OpenKey(path)
			if err != nil {
				t.Error(err)
				return
			}
			got[i] = n.Alias("x", "1")
		})
	}
	wg.Wait()
	for _, a := range got[1:] {
		if a != got[0] {
			t.Fatalf("two keys: %v", got)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || info.Size() != keySize {
		t.Errorf("the key's file: %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".key-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKey(path); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("a key that others may read: %v", err)
	}
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKey(path); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Errorf("a damaged key: %v", err)
	}
}

func BenchmarkAlias(b *testing.B) {
	n := fixed(b)
	b.ReportAllocs()
	for b.Loop() {
		n.Alias("telegram", "1234567890123456789")
	}
}
