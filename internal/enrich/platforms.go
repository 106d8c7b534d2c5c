package enrich

// This file lists domains that say nothing about where a post points to.

// shortener says that a registrable domain only stands in for others: what is
// behind an address there is unknown without asking the network. The list has
// the ones seen often in published data on information operations and the
// platforms' own ones.
func shortener(domain string) bool {
	switch domain {
	case
		// Platforms' own.
		"t.co", "fb.me", "fb.watch", "lnkd.in", "redd.it", "pin.it", "vk.cc", "t.cn", "b23.tv",
		"youtu.be", "wa.me", "discord.gg", "tmblr.co", "flip.it", "ift.tt", "msft.it", "goo.gl", "g.co",
		"amzn.to", "apple.co", "spoti.fi", "spotify.link", "clck.ru", "ya.cc", "url.cn", "dwz.cn", "suo.im",
		"u.nu", "lin.ee", "nav.cx", "kko.to", "me2.do", "naver.me",
		// For everyone.
		"bit.ly", "bitly.com", "bit.do", "j.mp", "ow.ly", "tinyurl.com", "is.gd", "v.gd", "buff.ly", "dlvr.it",
		"rb.gy", "cutt.ly", "shorturl.at", "shorturl.asia", "t.ly", "tiny.cc", "rebrand.ly", "s.id", "soo.gd",
		"trib.al", "adf.ly", "ouo.io", "linktr.ee", "lnk.to", "hubs.ly", "hubs.li", "snip.ly", "po.st", "sh.st",
		"shar.es", "mcaf.ee", "x.gd", "onl.la", "onl.bz", "onl.tw", "reurl.cc", "lihi.cc", "pse.is", "00m.in",
		"n9.cl", "bre.is", "gg.gg", "tiny.one", "zpr.io", "dld.bz", "fw.to", "crwd.fr", "wp.me", "owl.li",
		"su.pr", "cli.gs", "tr.im", "post.ly", "paper.li", "qr.ae", "qr.net", "2.gp", "yep.it", "ln.is", "han.gl", "vo.la":
		return true
	}
	return false
}

// own says that a registrable domain is the platform's own: pointing there is
// using the platform.
func own(platform, domain string) bool {
	switch domain {
	case "x.com", "twitter.com", "twimg.com":
		return platform == "x" || platform == "twitter"
	case "facebook.com", "fb.com", "fbcdn.net":
		return platform == "facebook"
	case "instagram.com", "cdninstagram.com":
		return platform == "instagram"
	case "threads.net", "threads.com":
		return platform == "threads"
	case "t.me", "telegram.org":
		return platform == "telegram"
	case "youtube.com", "ytimg.com":
		return platform == "youtube"
	case "tiktok.com":
		return platform == "tiktok"
	case "bsky.app", "bsky.social":
		return platform == "bluesky"
	case "vk.com", "vk.ru":
		return platform == "vk"
	case "reddit.com":
		return platform == "reddit"
	case "linkedin.com":
		return platform == "linkedin"
	case "weibo.com", "weibo.cn":
		return platform == "weibo"
	case "tumblr.com":
		return platform == "tumblr"
	case "ok.ru":
		return platform == "ok" || platform == "odnoklassniki"
	case "bilibili.com":
		return platform == "bilibili"
	case "gab.com":
		return platform == "gab"
	case "truthsocial.com":
		return platform == "truthsocial"
	case "parler.com":
		return platform == "parler"
	case "line.me":
		return platform == "line"
	}
	return false
}
