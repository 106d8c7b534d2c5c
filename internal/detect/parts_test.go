package detect

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/post"
)

// randomText gives text of any bytes up to a length, often empty.
func randomText(r *rand.Rand, most int) string {
	if r.IntN(4) == 0 {
		return ""
	}
	b := make([]byte, r.IntN(most))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

func randomPost(r *rand.Rand) post.Post {
	return post.Post{
		Platform: randomText(r, 10), ID: randomText(r, 30), Account: post.Account{ID: randomText(r, 300), Handle: "not kept"},
		Time: time.UnixMicro(r.Int64N(1<<53) - 1<<52).UTC(), Lang: randomText(r, 4), URL: randomText(r, 90),
		Text: randomText(r, 4000), Origin: post.Origin{File: randomText(r, 20), Line: r.Int64()},
		Raw: []byte(randomText(r, 7000)), Synthetic: r.IntN(2) == 0,
	}
}

// put adds a post to a bundle.
func put(b *bundle, key coordination.PostKey, p *post.Post) {
	b.bytes = pack(b.bytes, p)
	b.keys, b.ends = append(b.keys, key), append(b.ends, len(b.bytes))
}

func TestArchiveGivesBackWhatItTook(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	a := archive{limit: 1 << 30}
	wanted := map[coordination.PostKey]*kept{}
	want := map[coordination.PostKey]*kept{}
	var batch bundle
	for i := range 200 {
		p, key := randomPost(r), coordination.PostKey(r.Uint64())
		put(&batch, key, &p)
		if i%7 == 0 { // posts come in batches of any size
			a.add(batch)
			batch = bundle{}
		}
		k := keep(key, &p)
		if diff := cmp.Diff(k, unpack(key, pack(nil, &p))); diff != "" {
			t.Fatal(diff)
		}
		if i%3 > 0 {
			continue
		}
		wanted[key], want[key] = nil, &k
	}
	a.add(batch)
	a.add(bundle{})
	a.find(wanted)
	if diff := cmp.Diff(want, wanted); diff != "" {
		t.Error(diff)
	}
	if a.full || len(a.blocks) < 2 {
		t.Errorf("full: %v, %d blocks: the test wants several", a.full, len(a.blocks))
	}
}

func TestArchiveKeepsTheFirstPostOfAKey(t *testing.T) {
	a := archive{limit: 1 << 20}
	for _, text := range []string{"first", "second", "third"} {
		var b bundle
		put(&b, 7, &post.Post{Text: text})
		put(&b, 7, &post.Post{Text: text + " again"})
		a.add(b)
	}
	wanted := map[coordination.PostKey]*kept{7: nil, 8: nil}
	a.find(wanted)
	if wanted[7] == nil || wanted[7].Text != "first" || wanted[8] != nil {
		t.Errorf("found %+v", wanted)
	}
}

func TestArchiveGivesUpBeyondItsLimit(t *testing.T) {
	a := archive{limit: 100}
	var b bundle
	put(&b, 1, &post.Post{Raw: make([]byte, 60)})
	a.add(b)
	if a.full {
		t.Error("full below the limit")
	}
	a.add(b)
	a.add(b)
	if !a.full || a.blocks != nil {
		t.Error("not given up above the limit")
	}
}

func TestReadTruth(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       map[string]string
		err        string
	}{
		{"plain", "account,operation\na,op\nb,\n", map[string]string{"a": "op", "b": ""}, ""},
		{"other names and order", "note,Label,Account_ID\nx, op ,a\n", map[string]string{"a": "op"}, ""},
		{"byte order mark", "\ufeffaccount,category\na,op\n", map[string]string{"a": "op"}, ""},
		{"byte order mark before a quote", "\ufeff\"account\",\"operation\"\na,op\n", map[string]string{"a": "op"}, ""},
		{"quoted, CRLF", "account,operation\r\n\"a,b\",\"an \"\"op\"\"\"\r\n", map[string]string{"a,b": `an "op"`}, ""},
		{"with a platform", "platform,account,operation\nx,1,op\ny,1,\n,2,op\n", map[string]string{"1": "", "x:1": "op", "y:1": "", "2": "op"}, ""},
		{"nothing but a header", "account,operation\n", map[string]string{}, ""},
		{"no account", "name,operation\na,op\n", nil, "truth.csv:1: want the columns account and operation or label or category, found name, operation"},
		{"no operation", "account\na\n", nil, "want the columns account and operation"},
		{"empty", "", nil, "truth's header"},
		{"short row", "account,operation\na,op\nb\n", nil, "line 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "truth.csv")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := readTruth(path)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v, want %q", err, c.err)
				}
				return
			}
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
	if _, err := readTruth(filepath.Join(t.TempDir(), "absent.csv")); err == nil || !strings.Contains(err.Error(), "absent.csv") {
		t.Errorf("an absent file: %v", err)
	}
}

// TestVeil hides accounts in what is shown beside the posts' texts.
func TestVeil(t *testing.T) {
	v, err := newVeil()
	if err != nil {
		t.Fatal(err)
	}
	p := v.pseudonym("x:1")
	v.learn(p, "1", "did:plc:abc", "news", "")
	for _, c := range []struct{ behaviour, object, want string }{
		{"url", "https://x.example/news/status/99", "https://x.example/" + p + "/status/99"},
		{"url", "https://x.example/?user=news&id=2", "https://x.example/?user=" + p + "&id=2"},
		{"url", "https://news.example/newsletter", "https://news.example/newsletter"},
		{"repost", "bluesky:at://did:plc:abc/app.bsky.feed.post/3k", "bluesky:at://" + p + "/app.bsky.feed.post/3k"},
		{"reply", "x:99", "x:99"},
		{"mention", "x:news", p},
		{"mention", "news", p},
		{"text", "news of today", "news of today"},
		{"hashtag", "", ""},
	} {
		if got := v.object(c.behaviour, c.object); got != c.want {
			t.Errorf("%s %q is shown as %q, want %q", c.behaviour, c.object, got, c.want)
		}
	}
	for _, c := range []struct{ behaviour, object, hidden string }{
		{"mention", "x:stranger", "stranger"},
		{"repost", "at://did:plc:stranger/app.bsky.feed.post/3k", "stranger"},
	} {
		if got := v.object(c.behaviour, c.object); strings.Contains(got, c.hidden) || got != v.object(c.behaviour, c.object) {
			t.Errorf("%s %q is shown as %q", c.behaviour, c.object, got)
		}
	}
	var none *veil
	if got := none.object("mention", "x:news"); got != "x:news" {
		t.Errorf("no veil shows %q", got)
	}
}

// TestCells writes rows as RFC 4180 has them.
func TestCells(t *testing.T) {
	var b strings.Builder
	var c cells
	c.start()
	for _, s := range []string{"plain", "", "a,b", `say "x"`, "two\nlines", " space", "=1+1", "日本語"} {
		c.text(s)
	}
	c.int(-3)
	c.float(0.1234567)
	c.seconds(1500 * time.Millisecond)
	c.time(time.Date(2023, 8, 24, 1, 2, 3, 450_000_000, time.UTC))
	if err := c.end(&b); err != nil {
		t.Fatal(err)
	}
	want := "plain,,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\" space\",=1+1,日本語,-3,0.123457,1.5,2023-08-24T01:02:03.45Z\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
