package main

import "testing"

func TestWords(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -100: "-100", 1234567: "1,234,567"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
	for _, c := range []struct {
		n, all int64
		want   string
	}{{0, 10, "0%"}, {10, 10, "100%"}, {999_999, 1_000_000, "99%"}, {1, 1_000_000, "<0.1%"}, {1, 20, "5.0%"}, {1, 2, "50%"}} {
		if got := share(c.n, c.all); got != c.want {
			t.Errorf("share(%d, %d) = %q, want %q", c.n, c.all, got, c.want)
		}
	}
	if got, want := wrap("one two three 四つ目の語", 9), "one two\nthree\n四つ目の語"; got != want {
		t.Errorf("wrap gives %q, want %q", got, want)
	}
	if got, want := bars([]int64{0, 1, 4, 8}), "·▁▄█"; got != want {
		t.Errorf("bars gives %q, want %q", got, want)
	}
}

func TestTruthBeside(t *testing.T) {
	for posts, want := range map[string]string{
		"posts.ndjson.gz": "posts.truth.csv", "out/a.b.ndjson.zst": "out/a.b.truth.csv",
		"posts.ndjson": "posts.truth.csv", "posts": "posts.truth.csv", "../x/posts.gz": "../x/posts.truth.csv",
	} {
		if got := truthBeside(posts); got != want {
			t.Errorf("truthBeside(%q) = %q, want %q", posts, got, want)
		}
	}
}
