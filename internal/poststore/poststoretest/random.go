package poststoretest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// chance makes posts, batches and queries of few values, so that they meet.
type chance struct {
	*rand.Rand
	// start is the earliest time of posts, span how far they reach.
	start time.Time
	span  time.Duration
}

func newChance(seed uint64) *chance {
	return &chance{
		rand.New(rand.NewPCG(seed, 17)), //nolint:gosec // tests want the same numbers again
		time.Date(2026, 10, 30, 21, 17, 3, 250_000, time.UTC), 40 * 24 * time.Hour,
	}
}

func one[T any](c *chance, of ...T) T { return of[c.IntN(len(of))] }

// words are of several scripts, some within others, some that folding changes.
var words = []string{ //nolint:gochecknoglobals // a constant
	"処理水", "処理", "条約", "放出", "IAEA", "iaea", "Fukushima", "fuku", "вода", "ВОДА", "воды", "пр", "ｱｲﾁ", "アイチ",
	"한국", "한국어", "ماء", "e\u0301te\u0301", "été", "Straße", "strasse", "a", "b", "𝐛𝐨𝐥𝐝", "🙂", "x\u200by", "100%", "'; DROP TABLE post; --",
	"nul\x00byte", "bad\xffbyte", "_", "%", "\\", "東京都", "京都",
}

func (c *chance) text() string {
	switch c.IntN(30) {
	case 0:
		return ""
	case 1:
		return strings.Repeat("long "+one(c, words...)+" ", 3000)
	case 2:
		return " \u200b "
	}
	var b strings.Builder
	for range 1 + c.IntN(8) {
		b.WriteString(one(c, words...))
		b.WriteString(one(c, "", " ", "　", "\n", "、"))
	}
	return b.String()
}

func (c *chance) time() time.Time {
	t := c.start.Add(time.Duration(c.Int64N(int64(c.span))))
	if c.IntN(3) == 0 {
		t = t.Truncate(time.Hour) // many posts of one time
	}
	return t
}

func (c *chance) url() string {
	return fmt.Sprintf("https://%s/%s", one(c, "example.com", "www3.nhk.or.jp", "a.github.io", "пример.рф", "t.co"), one(c, "", "a", "b?c=1&utm_source=x"))
}

// post makes a post out of few ids.
func (c *chance) post(ids int) post.Post {
	p := post.Post{
		Platform: one(c, "x", "telegram", "Telegram", "bluesky", ""), ID: fmt.Sprint(c.IntN(ids)),
		Account: post.Account{ID: one(c, "1", "2", "3", "4", "bad\xff", "a\x00b")},
		Lang:    one(c, "", "ja", "zh", "zh-Hant", "zh-hans", "en", "RU"), Channel: one(c, "", "", "News", "news"),
		Time: c.time(), Text: c.text(), URL: one(c, "", "https://example.com/p"), Synthetic: c.IntN(5) == 0,
		Origin: post.Origin{File: "f.csv", Line: c.Int64N(99)}, Raw: []byte(fmt.Sprintf(`{"n":%d}`, c.IntN(1000))),
	}
	if c.IntN(4) > 0 {
		p.Account.Handle, p.Account.Name = one(c, "", "anna", "bob"), one(c, "", "Anna", "ボブ")
	}
	if c.IntN(40) == 0 {
		p.ID = ""
	}
	if c.IntN(60) == 0 { // has the key of a post of platform x
		p.Platform, p.ID = "", "x:"+p.ID
	}
	if c.IntN(6) == 0 {
		p.Raw = nil
	}
	for range c.IntN(3) {
		p.Links = append(p.Links, post.Link{Given: c.url()})
	}
	for range c.IntN(5) {
		p.Hashtags = append(p.Hashtags, one(c, "処理水", "IAEA", "iaea", "tag\x00", "b", "c", "d"))
	}
	for range c.IntN(3) {
		p.Mentions = append(p.Mentions, one(c, "1", "2", "who", "WHO"))
	}
	for range c.IntN(2) {
		p.Media = append(p.Media, post.Media{ID: one(c, "", "m1"), URL: "https://example.com/m.jpg", Hash: one(c, "", "ff00")})
	}
	switch c.IntN(8) {
	case 0:
		p.RepostOf = fmt.Sprint(c.IntN(ids))
	case 1:
		p.ReplyTo = fmt.Sprint(c.IntN(ids))
	case 2:
		p.QuoteOf, p.ReplyTo = "7", one(c, "", "8")
	case 3:
		p.Object = one(c, "", "thing")
		p.Labels = map[string]string{"hand": one(c, "yes", "no\xff")}
	}
	normalise.Post(&p, normalise.Options{})
	return p
}

// batch makes a batch.
func (c *chance) batch(size, ids int) poststore.Batch {
	b := poststore.Batch{
		Source: one(c, "file:a.csv", "file:b.csv", "telegram", "bad\xff"),
		Seen:   c.start.Add(time.Duration(c.Int64N(int64(2 * c.span)))),
	}
	for range c.IntN(size + 1) {
		b.Posts = append(b.Posts, c.post(ids))
	}
	if c.IntN(3) == 0 {
		for range c.IntN(1 + size/20) {
			b.Deleted = append(b.Deleted, poststore.Deletion{Platform: one(c, "x", "telegram", ""), ID: fmt.Sprint(c.IntN(ids)), Time: one(c, time.Time{}, c.time())})
		}
	}
	switch c.IntN(3) {
	case 0:
		b.Cursor = []byte(fmt.Sprint(c.IntN(1000)))
	case 1:
		b.Cursor = one(c, nil, []byte{})
	}
	return b
}

// expr makes a condition.
func (c *chance) expr(depth int) query.Expr {
	if depth > 0 && c.IntN(2) == 0 {
		var list []query.Expr
		for range c.IntN(4) {
			list = append(list, c.expr(depth-1))
		}
		switch c.IntN(3) {
		case 0:
			return query.And(list)
		case 1:
			return query.Or(list)
		}
		return query.Not{X: c.expr(depth - 1)}
	}
	is := func(f query.Field, of ...string) query.Expr { return query.Is{Field: f, Value: one(c, of...)} }
	switch c.IntN(19) {
	case 0:
		return query.Since{Time: c.time()}
	case 1:
		return query.Until{Time: c.time()}
	case 2:
		return is(query.Platform, "x", "Telegram", "telegram", "", "none")
	case 3:
		return is(query.Source, "file:a.csv", "telegram", "none")
	case 4:
		return is(query.Account, Alias("x", "1"), "@"+strings.ToUpper(Alias("telegram", "2")), "nobody", "")
	case 5:
		return is(query.Channel, "News", "news", "")
	case 6:
		return is(query.Lang, "zh", "ja", "", "z", "ru")
	case 7:
		return query.Is{Field: query.URL, Value: c.url()}
	case 8:
		return is(query.Domain, "example.com", "nhk.or.jp", "a.github.io", "")
	case 9:
		return is(query.Hashtag, "#IAEA", "処理水", "b", "tag\x00", "")
	case 10:
		return is(query.Mention, Alias("x", "who"), Alias("telegram", "1"), "who")
	case 11:
		return is(query.Type, "post", "repost", "reply", "quote", "what")
	case 12:
		return is(query.Has, "link", "media", "hashtag", "mention", "text", "what")
	case 13:
		return is(query.State, "deleted", "edited", "synthetic", "what")
	case 14:
		return is(query.ID, "7", "x:7", "x:8", "telegram:3", "")
	case 15:
		return query.Is{Field: "nothing", Value: "x"}
	}
	w := one(c, words...)
	if c.IntN(3) == 0 { // a part of a text
		r := []rune(one(c, words...) + one(c, "", " ", one(c, words...)))
		i := c.IntN(len(r))
		w = string(r[i : i+1+c.IntN(len(r)-i)])
	}
	return query.Text{Value: w}
}

// query makes a query.
func (c *chance) query() poststore.Query {
	var q poststore.Query
	if c.IntN(6) > 0 {
		q.Where = c.expr(3)
	}
	if c.IntN(4) == 0 {
		q.From = c.time()
	}
	if c.IntN(4) == 0 {
		q.To = c.time()
	}
	return q
}

// Alias is the pseudonym that the suite's stores must give an account:
// Options.Alias or its like.
func Alias(platform, id string) string { return "Acc-" + platform + "-" + id }
