package mandate

import "strings"

// site is how addresses of a platform name accounts.
type site struct {
	// platform is the platform's name in posts.
	platform string
	// reserved are first parts of a path that name no account.
	reserved string
	// paths are the forms of paths that name accounts, the first that fits
	// counts: {handle} and {id} are accounts, {slug} is an account before
	// '_', * is anything.
	paths []string
	// query are parameters that name accounts.
	query string
}

// The sites, by host. Hosts below them (m., www., ja-jp.) count as the same,
// unless they are listed. The table is never changed.
var sites = func() map[string]*site {
	x := &site{
		platform: "x",
		reserved: "home search i intent hashtag explore share settings login logout signup tos privacy about compose notifications messages jobs download oauth account who_to_follow",
		paths:    []string{"i/user/{id}", "{handle}"},
		query:    "screen_name user_id via",
	}
	bluesky := &site{platform: "bluesky", paths: []string{"profile/{handle}", "starter-pack/{handle}", "start/{handle}"}}
	telegram := &site{
		platform: "telegram",
		reserved: "joinchat addstickers addemoji addtheme share proxy socks iv login confirmphone setlanguage bg invoice addlist k a",
		paths:    []string{"s/{handle}", "c/{id}", "{handle}"},
		query:    "domain",
	}
	youtube := &site{
		platform: "youtube",
		reserved: "watch shorts live playlist embed v results feed hashtag redirect post gaming music premium account about t s clip source attribution_link oembed",
		paths:    []string{"user/{handle}", "c/{handle}", "channel/{id}", "{handle}"},
		query:    "ab_channel",
	}
	facebook := &site{
		platform: "facebook",
		reserved: "watch groups events event share share.php sharer sharer.php photo photo.php photos story.php permalink.php profile.php hashtag reel reels marketplace gaming login login.php dialog plugins help policies business ads media messages notes live video.php l.php flx public search v tr",
		paths:    []string{"people/{handle}/{id}", "pages/category/*/{handle}", "pages/{handle}/{id}", "p/{handle}", "stories/{id}", "groups/*/user/{id}", "{handle}"},
		query:    "id owner profile_id",
	}
	instagram := &site{
		platform: "instagram", reserved: "p reel reels tv explore accounts direct about developer legal stories",
		paths: []string{"stories/{handle}", "{handle}"},
	}
	vk := &site{
		platform: "vk", reserved: "feed search im away.php share.php apps music video games groups friends login join settings",
		paths: []string{"{handle}"},
	}
	weibo := &site{
		platform: "weibo", reserved: "login search hot tv newlogin ttarticle p status detail show",
		paths: []string{"u/{id}", "n/{handle}", "profile/{id}", "{handle}"},
	}
	linkedin := &site{platform: "linkedin", paths: []string{"in/{handle}", "pub/{handle}", "company/{handle}", "school/{handle}", "posts/{slug}"}}
	reddit := &site{platform: "reddit", paths: []string{"user/{handle}", "u/{handle}"}}
	// '@' in an address names an account on any host: these have no more.
	none := &site{}
	return map[string]*site{
		"x.com": x, "twitter.com": x, "fxtwitter.com": x, "vxtwitter.com": x, "fixupx.com": x, "fixvx.com": x,
		"xcancel.com": x, "twstalker.com": x, "sotwe.com": x, "x-com.translate.goog": x, "twitter-com.translate.goog": x,
		"pic.x.com": none, "pic.twitter.com": none, "help.x.com": none, "help.twitter.com": none, "blog.x.com": none,
		"developer.x.com": none, "business.x.com": none, "about.x.com": none, "video.twimg.com": none,
		"bsky.app": bluesky, "fxbsky.app": bluesky, "bskyx.app": bluesky, "deer.social": bluesky,
		"t.me": telegram, "telegram.me": telegram, "telegram.dog": telegram, "telesco.pe": telegram,
		"tgstat.com":  {platform: "telegram", paths: []string{"channel/{handle}", "*/channel/{handle}"}},
		"tgstat.ru":   {platform: "telegram", paths: []string{"channel/{handle}", "*/channel/{handle}"}},
		"youtube.com": youtube, "youtu.be": none, "support.youtube.com": none, "studio.youtube.com": none, "youtube-nocookie.com": none,
		"facebook.com": facebook, "fb.com": facebook, "fb.me": none, "l.facebook.com": none, "lm.facebook.com": none,
		"about.facebook.com": none, "business.facebook.com": none, "developers.facebook.com": none,
		"instagram.com": instagram, "l.instagram.com": none, "help.instagram.com": none,
		"tiktok.com": {platform: "tiktok"}, "threads.net": {platform: "threads"}, "threads.com": {platform: "threads"},
		"vk.com": vk, "vk.ru": vk,
		"ok.ru":     {platform: "ok", reserved: "video dk music games search live", paths: []string{"profile/{id}", "group/{id}", "{handle}"}},
		"weibo.com": weibo, "weibo.cn": weibo,
		"reddit.com": reddit, "linkedin.com": linkedin,
		"space.bilibili.com": {platform: "bilibili", paths: []string{"{id}"}},
		"bilibili.com":       {platform: "bilibili", paths: []string{"space/{id}"}},
		"truthsocial.com":    {platform: "truthsocial", paths: []string{"users/{handle}"}},
		"gab.com":            {platform: "gab", reserved: "about auth login groups g explore search news", paths: []string{"{handle}"}},
		"gettr.com":          {platform: "gettr", paths: []string{"user/{handle}"}},
		"parler.com":         {platform: "parler", reserved: "login feed", paths: []string{"profile/{handle}", "user/{handle}", "{handle}"}},
		"rumble.com":         {platform: "rumble", paths: []string{"user/{handle}", "c/{handle}"}},
		"odysee.com":         {platform: "odysee"},
		"medium.com":         {platform: "medium"},
		"tumblr.com":         {platform: "tumblr", reserved: "dashboard search tagged explore login register", paths: []string{"blog/view/{handle}", "blog/{handle}", "{handle}"}},
		"media.tumblr.com":   none, "assets.tumblr.com": none,
		"livejournal.com": {platform: "livejournal"},
		"pinterest.com":   {platform: "pinterest", reserved: "pin search ideas login", paths: []string{"{handle}"}},
		"snapchat.com":    {platform: "snapchat", paths: []string{"add/{handle}"}},
		"twitch.tv":       {platform: "twitch", reserved: "directory videos login downloads", paths: []string{"{handle}"}},
		"douyin.com":      {platform: "douyin", paths: []string{"user/{id}"}},
		"bsky.social":     bluesky,
	}
}()

// siteOf gives the site of a host name in lower case; nil for others.
func siteOf(host string) *site {
	if len(host) > 253 { // RFC 1035, section 2.3.4
		return nil
	}
	if strings.HasPrefix(host, "nitter.") {
		return sites["x.com"]
	}
	for {
		if s, ok := sites[host]; ok {
			return s
		}
		dot := strings.IndexByte(host, '.')
		if dot < 0 {
			return nil
		}
		host = host[dot+1:]
	}
}

// hostAccount gives the account that a host name itself names: where its part
// of the host begins and ends.
func hostAccount(host string) (platform string, from, to int) {
	if strings.HasSuffix(host, ".bsky.social") {
		return "bluesky", 0, len(host)
	}
	for _, p := range [...]string{"tumblr", "livejournal"} {
		label, ok := strings.CutSuffix(host, "."+p+".com")
		if !ok {
			continue
		}
		from := strings.LastIndexByte(label, '.') + 1
		switch label[from:] {
		case "", "www", "m", "media", "assets", "api", "static", "embed":
			return "", 0, 0
		}
		return p, from, len(label)
	}
	return "", 0, 0
}

// fits says which accounts a form of paths finds in the parts of a path: their
// numbers and kinds.
func fits(form string, parts []part) (found []named, ok bool) {
	for i := 0; form != ""; i++ {
		var want string
		want, form, _ = strings.Cut(form, "/")
		if i == len(parts) {
			return found, len(found) > 0
		}
		switch want {
		case "{handle}", "{id}", "{slug}":
			if parts[i].text == "" {
				return nil, false
			}
			found = append(found, named{part: i, kind: want})
		case "*":
		default:
			if parts[i].text != want {
				return nil, false
			}
		}
	}
	return found, len(found) > 0
}

// part is a part of a path: its glyphs, and its text in lower case.
type part struct {
	from, to int
	text     string
}

// named is a part of a path that names an account.
type named struct {
	part int
	kind string
}

// listed says that a list of words has a word.
func listed(words, word string) bool {
	for words != "" {
		var w string
		w, words, _ = strings.Cut(words, " ")
		if w == word {
			return true
		}
	}
	return false
}

// family gives the one name of a platform that posts know by several.
func family(platform string) string {
	switch platform {
	case "twitter":
		return "x"
	case "bsky":
		return "bluesky"
	case "vkontakte":
		return "vk"
	case "odnoklassniki":
		return "ok"
	case "misskey", "pleroma", "fediverse", "activitypub", "pixelfed", "lemmy", "peertube":
		return "mastodon"
	}
	return platform
}

// anyScript says that handles on a platform may have letters of any script.
func anyScript(platform string) bool {
	switch family(platform) {
	case "weibo", "youtube", "bilibili", "douyin", "kuaishou", "xiaohongshu", "wechat", "zhihu", "line":
		return true
	}
	return false
}

// plainHandles says that handles on a platform have letters, digits and '_'
// only.
func plainHandles(platform string) bool {
	switch family(platform) {
	case "x", "telegram":
		return true
	}
	return false
}
