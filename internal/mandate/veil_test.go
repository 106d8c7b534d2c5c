package mandate

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/akashi-project/akashi/internal/post"
)

// account makes an account for tests.
func account(platform, id, handle, name string) Account {
	return Account{Platform: platform, Account: post.Account{ID: id, Handle: handle, Name: name}}
}

// marked gives marks for tests.
func marked(n *Names, accounts ...Account) *markSet {
	m := &markSet{byID: map[accountKey]*Mark{}, byHandle: map[accountKey]*Mark{}}
	for _, a := range accounts {
		mark := &Mark{Account: a, Alias: n.Alias(a.Platform, a.ID), Class: PublicBody}
		m.byID[accountKey{family(a.Platform), a.ID}] = mark
		m.byHandle[accountKey{family(a.Platform), fold(a.Handle)}] = mark
	}
	return m
}

// TestText replaces names by pseudonyms, in every form that platforms give
// them. In what is wanted, ⟦bob⟧ stands for the pseudonym of the account bob
// below, and ⟦x:name⟧ for that of a name that is nobody's at hand.
func TestText(t *testing.T) {
	n := fixed(t)
	bob := account("x", "12345678", "Bob_1985", "Bob Example")
	sue := account("telegram", "suechannel", "SueChannel", "")
	alice := account("bluesky", "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "alice.example.com", "Alice")
	vova := account("vk", "777", "vova", "Вова")
	mofa := account("x", "99", "MofaJapan_jp", "外務省")
	short := account("x", "5", "news", "News")
	v := newVeil(n, marked(n, mofa), nil, []Account{bob, sue, alice, vova, mofa, short})
	stand := map[string]string{
		"bob": n.Alias("x", bob.ID), "sue": n.Alias("telegram", sue.ID), "alice": n.Alias("bluesky", alice.ID),
		"vova": n.Alias("vk", "777"), "news": n.Alias("x", "5"),
	}
	placeholder := regexp.MustCompile(`⟦([^⟧]*)⟧`)
	want := func(s string) string {
		return placeholder.ReplaceAllStringFunc(s, func(p string) string {
			p = strings.Trim(p, "⟦⟧")
			platform, name, ok := strings.Cut(p, ":")
			if !ok {
				return stand[p]
			}
			return n.Alias(platform, name)
		})
	}
	for _, c := range []struct{ platform, text, want string }{
		// Mentions.
		{"x", "", ""},
		{"x", "nothing to see. 9/10 or 50%, a: b", "nothing to see. 9/10 or 50%, a: b"},
		{"x", "hello @bob_1985!", "hello @⟦bob⟧!"},
		{"x", "RT @BOB_1985: 処理水", "RT @⟦bob⟧: 処理水"},
		{"x", "＠bob_1985さん", "＠⟦bob⟧さん"},
		{"x", "@ｂｏｂ＿１９８５", "@⟦bob⟧"},
		{"x", "@\u200bbob\u2060_1985 ok", "@\u200b⟦bob⟧ ok"},
		{"x", "@𝐛𝐨𝐛_𝟏𝟗𝟖𝟓", "@⟦bob⟧"},
		{"x", "&#64;bob_1985 &#x40;bob_1985 &commat;bob_1985", "&#64;⟦bob⟧ &#x40;⟦bob⟧ &commat;⟦bob⟧"},
		{"x", "ありがとう@stranger。", "ありがとう@⟦x:stranger⟧。"},
		{"x", "@Stranger and @stranger", "@⟦x:stranger⟧ and @⟦x:stranger⟧"},
		{"x", "thanks@stranger", "thanks@⟦x:stranger⟧"},
		{"x", "by @bob_1985.Thanks", "by @⟦bob⟧.Thanks"},
		{"x", "@mofajapan_jp @MofaJapan_jp.", "@mofajapan_jp @MofaJapan_jp."},
		{"x", "@mofajapan_jp.Thanks", "@mofajapan_jp.Thanks"},
		{"x", "@mofajapan_jp_fan", "@⟦x:mofajapan_jp_fan⟧"},
		{"x", "mail office@example.org now", "mail office@example.org now"},
		{"x", "@ 東京 @東京", "@ 東京 @東京"},
		{"", "@bob_1985", "@⟦:bob_1985⟧"},
		{"telegram", "@suechannel", "@⟦sue⟧"},
		{"bluesky", "@alice.example.com says", "@⟦alice⟧ says"},
		{"bluesky", "@carol.bsky.social says", "@⟦bluesky:carol.bsky.social⟧ says"},
		{"mastodon", "@dan@host.example hi dan@host.example", "@⟦mastodon:dan@host.example⟧ hi ⟦mastodon:dan@host.example⟧"},
		{"mastodon", `<a href="https://host.example/@dan" class="mention">@<span>dan</span></a>`, `<a href="https://host.example/@⟦mastodon:dan@host.example⟧" class="mention">@<span>⟦mastodon:dan⟧</span></a>`},
		{"weibo", "回复@张三李四:好//@user-1_名:转", "回复@⟦weibo:张三李四⟧:好//@⟦weibo:user-1_名⟧:转"},
		{"youtube", "@ハンドル名 ok", "@⟦youtube:ハンドル名⟧ ok"},
		{"vk", "[id777|Вова] и [club5|Клуб]", "[⟦vova⟧|⟦vova⟧] и [⟦vk:-5⟧|⟦vk:-5⟧]"},
		{"reddit", "u/some_one and /u/other-one r/japan", "u/⟦reddit:some_one⟧ and /u/⟦reddit:other-one⟧ r/japan"},
		// Names at hand that are no ordinary words, without a sign.
		{"telegram", "follow bob_1985 on X, or id 12345678", "follow ⟦bob⟧ on X, or id ⟦bob⟧"},
		{"x", "no news today", "no news today"},
		{"x", "see alice.example.com", "see ⟦alice⟧"},
		// Addresses.
		{"x", "https://x.com/bob_1985/status/1?s=20", "https://x.com/⟦bob⟧/status/1?s=20"},
		{"x", "https://x.com/news/status/1", "https://x.com/⟦news⟧/status/1"},
		{"x", "https://Twitter.com/Bob_1985", "https://Twitter.com/⟦bob⟧"},
		{"twitter", "https://twitter.com/stranger", "https://twitter.com/⟦twitter:stranger⟧"},
		{"telegram", "https://mobile.twitter.com/stranger", "https://mobile.twitter.com/⟦x:stranger⟧"},
		{"x", "x.com/stranger、twitter.com/i/status/5", "x.com/⟦x:stranger⟧、twitter.com/i/status/5"},
		{"x", "https://x.com/strangerを見て", "https://x.com/⟦x:stranger⟧を見て"},
		{"x", "https://x.com/mofajapan_jp/status/1", "https://x.com/mofajapan_jp/status/1"},
		{"x", "https://x.com/intent/user?screen_name=stranger&x=1", "https://x.com/intent/user?screen_name=⟦x:stranger⟧&x=1"},
		{"x", "https://x.com/search?q=from%3Astranger&f=live", "https://x.com/search?q=from%3A⟦x:stranger⟧&f=live"},
		{"x", "https://x.com/i/user/12345678", "https://x.com/i/user/⟦bob⟧"},
		{"x", "pic.twitter.com/AbCdEf https://t.co/abc", "pic.twitter.com/AbCdEf https://t.co/abc"},
		{"x", "https://nitter.example.net/stranger/status/1", "https://nitter.example.net/⟦x:stranger⟧/status/1"},
		{"x", "https://l.facebook.com/l.php?u=https%3A%2F%2Fx.com%2Fbob_1985%2Fstatus", "https://l.facebook.com/l.php?u=https%3A%2F%2Fx.com%2F⟦bob⟧%2Fstatus"},
		{"x", "https://a.example/?u=https%253A%252F%252Fx.com%252Fbob_1985", "https://a.example/?u=https%253A%252F%252Fx.com%252F⟦bob⟧"},
		{"x", "https://web.archive.org/web/2023/https://twitter.com/stranger/status/1", "https://web.archive.org/web/2023/https://twitter.com/⟦x:stranger⟧/status/1"},
		{"x", "https://t.me/s/SueChannel/12 t.me/other/3 t.me/joinchat/AAAA", "https://t.me/s/⟦sue⟧/12 t.me/⟦telegram:other⟧/3 t.me/joinchat/AAAA"},
		{"x", "tg://resolve?domain=suechannel&post=1", "tg://resolve?domain=⟦sue⟧&post=1"},
		{"x", "https://bsky.app/profile/alice.example.com/post/3k", "https://bsky.app/profile/⟦alice⟧/post/3k"},
		{"x", "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3k", "at://⟦alice⟧/app.bsky.feed.post/3k"},
		{"x", "https://bsky.app/profile/did:plc:abc/post/3k", "https://bsky.app/profile/⟦bluesky:did:plc:abc⟧/post/3k"},
		{"x", "https://carol.bsky.social", "https://⟦bluesky:carol.bsky.social⟧"},
		{"x", "https://www.youtube.com/@stranger/videos youtube.com/channel/UCabc youtube.com/watch?v=dQw4w9WgXcQ", "https://www.youtube.com/@⟦youtube:stranger⟧/videos youtube.com/channel/⟦youtube:UCabc⟧ youtube.com/watch?v=dQw4w9WgXcQ"},
		{"x", "youtube.com/@%E3%83%8F%E3%83%B3", "youtube.com/@⟦youtube:ハン⟧"},
		{"x", "https://ja-jp.facebook.com/some.one/posts/1 facebook.com/profile.php?id=100012345678901&sk=about", "https://ja-jp.facebook.com/⟦facebook:some.one⟧/posts/1 facebook.com/profile.php?id=⟦facebook:100012345678901⟧&sk=about"},
		{"x", "facebook.com/people/Some-One/61550000000000", "facebook.com/people/⟦facebook:some-one⟧/⟦facebook:61550000000000⟧"},
		{"x", "https://www.facebook.com/groups/1/permalink/2", "https://www.facebook.com/groups/1/permalink/2"},
		{"x", "https://www.tiktok.com/@some.one/video/7", "https://www.tiktok.com/@⟦tiktok:some.one⟧/video/7"},
		{"x", "https://instagram.com/some.one/ https://instagram.com/p/ABC", "https://instagram.com/⟦instagram:some.one⟧/ https://instagram.com/p/ABC"},
		{"x", "https://host.example/@dan/11 https://host.example/users/dan/statuses/1", "https://host.example/@⟦mastodon:dan@host.example⟧/11 https://host.example/users/⟦mastodon:dan@host.example⟧/statuses/1"},
		{"x", "https://vk.com/wall777_5 vk.com/id777 vk.com/wall-5_6 vk.com/vova", "https://vk.com/wall⟦vova⟧_5 vk.com/id⟦vova⟧ vk.com/wall⟦vk:-5⟧_6 vk.com/⟦vova⟧"},
		{"x", "https://www.linkedin.com/in/some-one/ linkedin.com/posts/some-one_topic-activity-1", "https://www.linkedin.com/in/⟦linkedin:some-one⟧/ linkedin.com/posts/⟦linkedin:some-one⟧_topic-activity-1"},
		{"x", "https://someone.tumblr.com/post/1 https://64.media.tumblr.com/a", "https://⟦tumblr:someone⟧.tumblr.com/post/1 https://64.media.tumblr.com/a"},
		{"x", "https://outlet.example/news/2023/08/24?author=x", "https://outlet.example/news/2023/08/24?author=x"},
		{"x", "https://outlet.example/by/suechannel", "https://outlet.example/by/⟦sue⟧"},
		{"x", "https://weibo.com/u/123 weibo.com/n/张三", "https://weibo.com/u/⟦weibo:123⟧ weibo.com/n/⟦weibo:张三⟧"},
		// What is veiled already stays.
		{"x", "@acc-0123-4abc-dxyz x.com/acc-0123-4abc-dxyz/status/1", "@acc-0123-4abc-dxyz x.com/acc-0123-4abc-dxyz/status/1"},
		// Hostile bytes.
		{"x", "\xff@bob_1985\xfe%4", "\xff@⟦bob⟧\xfe%4"},
		{"x", "@", "@"},
		{"vk", "[id", "[id"},
		{"x", "%%%40bob_1985%2", "%%%40⟦bob⟧%2"},
	} {
		if got, want := v.Text(c.platform, c.text), want(c.want); got != want {
			t.Errorf("%s: %q\n gives %q\n  want %q", c.platform, c.text, got, want)
		}
	}
}

// FuzzText checks that no name of a veiled account is left where
// its sign or address stands.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		"hello @bob_1985!", "https://x.com/bob_1985/status/1", "%40bob_1985", "&#64;bob_1985", "[id777|x]", "@<b>bob_1985</b>",
		"at://did:plc:abc/x", "did:web:a.example", "a@b.c@d.e", "https://vk.com/wall-1_2", "u/x", "tg://resolve?domain=x",
		"https://x.com/x.com/x.com", "\xff@\xfe", "@@@@", "http://[::1]/@x", "linkedin.com/posts/İ_x", "vk.com/ıd5", strings.Repeat("a.", 500) + "/",
	} {
		for _, p := range []string{"x", "vk", "mastodon", "weibo", ""} {
			f.Add(p, s)
		}
	}
	n := fixed(f)
	v := n.Veil(account("x", "12345678", "bob_1985", "Bob"), account("vk", "777", "vova_777", ""), account("", "solo_1", "", ""))
	f.Fuzz(func(t *testing.T, platform, text string) {
		got := v.Text(platform, text)
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%q gives %q, which is not UTF-8", text, got)
		}
		for _, name := range []string{"@bob_1985", "x.com/bob_1985", "vk.com/vova_777", "did:plc:abc"} {
			for rest := got; ; {
				i := strings.Index(rest, name)
				if i < 0 {
					break
				}
				rest = rest[i+len(name):]
				if rest == "" || !strings.ContainsRune("._-@", rune(rest[0])) && !ofAnyName(rune(rest[0])) && rest[0] < 0x80 {
					t.Errorf("%s: %q gives %q", platform, text, got)
				}
			}
		}
		v.PostID(platform, text)
		v.Mention(platform, text)
		v.Channel(platform, text)
		for _, b := range []string{"mention", "repost", "url", "text", "image", ""} {
			v.Object(b, text)
		}
	})
}

// TestTextIsLinear goes through long texts that repeat what the reading looks
// ahead for. Were the work quadratic, the test would not end in time.
func TestTextIsLinear(t *testing.T) {
	v := fixed(t).Veil(account("x", "12345678", "bob_1985", "Bob"))
	for _, part := range []string{
		"@", "@a", "a@", "a@b.", "[", "[id5|", "@<", "@<b", "%", "%25", "%2540", "&", "&#", "x.com/", "https://", "a.", "a.b/",
		"did:", "did:a", "tiktok.com/", "facebook.com/pages/category/", "bob_1985.", "://", "u/", "users/", "/users/x", "vk.com/wall-", "？", "\xff", "＠",
		"tiktok.com:", "x.com:1", "linkedin.com/posts/",
	} {
		for _, platform := range []string{"x", "vk", "mastodon", "reddit"} {
			v.Text(platform, strings.Repeat(part, 300_000/len(part)))
			v.Text(platform, "https://x.com/"+strings.Repeat(part, 100_000/len(part)))
		}
	}
}

func TestAccount(t *testing.T) {
	n := fixed(t)
	mofa := account("x", "99", "MofaJapan_jp", "外務省")
	v := newVeil(n, marked(n, mofa), nil, nil)
	for _, c := range []struct {
		account Account
		want    Shown
	}{
		{account("x", "12345678", "bob", "Bob"), Shown{Label: n.Alias("x", "12345678"), Alias: n.Alias("x", "12345678")}},
		{mofa, Shown{Label: "外務省", Alias: n.Alias("x", "99"), Named: true, ID: "99", Handle: "MofaJapan_jp", Name: "外務省", Class: PublicBody}},
		{account("twitter", "99", "@MofaJapan_jp", ""), Shown{Label: "@MofaJapan_jp", Alias: n.Alias("twitter", "99"), Named: true, ID: "99", Handle: "MofaJapan_jp", Class: PublicBody}},
		// Another account under the same handle is another account.
		{account("x", "100", "MofaJapan_jp", "外務省"), Shown{Label: n.Alias("x", "100"), Alias: n.Alias("x", "100")}},
	} {
		if got := v.Account(c.account); got != c.want {
			t.Errorf("%v is shown as %+v, want %+v", c.account, got, c.want)
		}
	}
	// An account that took over a marked account's handle is not called by it.
	v = newVeil(n, marked(n, mofa), nil, []Account{account("x", "100", "mofajapan_jp", "")})
	if got := v.Text("x", "@MofaJapan_jp"); got != "@"+n.Alias("x", "100") {
		t.Errorf("a handle that was taken over: %q", got)
	}
}

// TestNamesakes says that nobody is taken for another of the same handle.
func TestNamesakes(t *testing.T) {
	n := fixed(t)
	one, two := account("x", "1", "bob_1985", ""), account("x", "2", "Bob_1985", "")
	mofa := account("x", "99", "bob_1985", "外務省")
	handle, first := n.Alias("x", "bob_1985"), n.Alias("x", "1")
	for name, c := range map[string]struct {
		accounts []Account
		want     string
	}{
		"alone":                    {[]Account{one}, first},
		"one account, twice":       {[]Account{one, one}, first},
		"under two names of X":     {[]Account{one, account("twitter", "1", "bob_1985", "")}, first},
		"two":                      {[]Account{one, two}, handle},
		"two, turned round":        {[]Account{two, one}, handle},
		"two and one again":        {[]Account{two, one, two}, handle},
		"a marked one":             {[]Account{mofa}, "bob_1985"},
		"a marked one and another": {[]Account{mofa, one}, handle},
		"another and a marked one": {[]Account{one, mofa}, handle},
	} {
		v := newVeil(n, marked(n, mofa), nil, c.accounts)
		for _, form := range []string{"@%s", "see %s, there", "https://x.com/%s/status/5"} {
			text, want := strings.ReplaceAll(form, "%s", "bob_1985"), strings.ReplaceAll(form, "%s", c.want)
			if got := v.Text("x", text); got != want {
				t.Errorf("%s: %q stands as %q, want %q", name, text, got, want)
			}
		}
		if got := v.Account(two); got.Alias != n.Alias("x", "2") {
			t.Errorf("%s: the account itself has the pseudonym %s", name, got.Alias)
		}
	}
}

func TestObject(t *testing.T) {
	n := fixed(t)
	v := n.Veil(account("x", "1", "news", ""), account("telegram", "suechannel", "", ""), account("facebook", "1000", "", ""))
	for _, c := range []struct{ behaviour, object, want string }{
		{"url", "https://x.com/news/status/99", "https://x.com/" + n.Alias("x", "1") + "/status/99"},
		{"mention", "x:News", n.Alias("x", "1")},
		{"mention", "x:stranger", n.Alias("x", "stranger")},
		{"mention", "stranger", n.Alias("", "stranger")},
		{"reply", "x:99", "x:99"},
		{"repost", "telegram:suechannel/12", "telegram:" + n.Alias("telegram", "suechannel") + "/12"},
		{"repost", "telegram:other/12", "telegram:" + n.Alias("telegram", "other") + "/12"},
		{"repost", "facebook:1000_2000", "facebook:" + n.Alias("facebook", "1000") + "_2000"},
		{"repost", "vk:-5_6", "vk:" + n.Alias("vk", "-5") + "_6"},
		{"repost", "bluesky:at://did:plc:abc/app.bsky.feed.post/3k", "bluesky:at://" + n.Alias("bluesky", "did:plc:abc") + "/app.bsky.feed.post/3k"},
		{"repost", "mastodon:https://host.example/users/dan/statuses/1", "mastodon:https://host.example/users/" + n.Alias("mastodon", "dan@host.example") + "/statuses/1"},
		{"image", "phash:ffee", "phash:ffee"},
		{"hashtag", "処理水", "処理水"},
		{"text", "news of today", "news of today"},
		{"domain", "outlet.example", "outlet.example"},
		{"", "", ""},
	} {
		if got := v.Object(c.behaviour, c.object); got != c.want {
			t.Errorf("%s %q is shown as %q, want %q", c.behaviour, c.object, got, c.want)
		}
	}
}

func BenchmarkText(b *testing.B) {
	v := fixed(b).Veil(account("x", "12345678", "bob_1985", "Bob"))
	text := "RT @bob_1985: 処理水の放出について、政府は説明を続けています。詳しくは https://x.com/bob_1985/status/1234567890 をご覧ください。#処理水 #ALPS"
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		v.Text("x", text)
	}
}
