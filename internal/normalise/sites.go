package normalise

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// canonicalHost gives the host under which a site is known, of a host name in
// lower case. It removes "www." (but not where the rest is a public suffix, as
// in www.gov.uk) and maps the mobile and former hosts of the sites below.
// Other sites' mobile hosts stay: their addresses often differ in more than
// the host.
func canonicalHost(h string) string {
	for {
		next := aliasHost(h)
		if next == h {
			return h
		}
		h = next
	}
}

func aliasHost(h string) string {
	if rest, ok := strings.CutPrefix(h, "www."); ok && strings.IndexByte(rest, '.') > 0 {
		if suffix, _ := publicsuffix.PublicSuffix(rest); suffix != rest {
			return rest
		}
		return h
	}
	switch h {
	case "twitter.com", "mobile.twitter.com", "m.twitter.com", "mobile.x.com", "m.x.com":
		return "x.com"
	case "m.facebook.com", "mobile.facebook.com", "mbasic.facebook.com", "touch.facebook.com",
		"web.facebook.com", "free.facebook.com", "fb.com", "m.fb.com":
		return "facebook.com"
	case "m.youtube.com", "youtube-nocookie.com":
		return "youtube.com"
	case "m.vk.com":
		return "vk.com"
	case "old.reddit.com", "np.reddit.com", "new.reddit.com", "m.reddit.com", "amp.reddit.com", "i.reddit.com":
		return "reddit.com"
	case "telegram.me", "telegram.dog":
		return "t.me"
	case "m.instagram.com":
		return "instagram.com"
	case "m.tiktok.com":
		return "tiktok.com"
	case "m.bilibili.com":
		return "bilibili.com"
	case "m.wikipedia.org":
		return "wikipedia.org"
	}
	if lang, ok := strings.CutSuffix(h, ".m.wikipedia.org"); ok {
		return lang + ".wikipedia.org"
	}
	// Facebook's hosts by language: ja-jp.facebook.com.
	if rest, ok := strings.CutSuffix(h, ".facebook.com"); ok && len(rest) == 5 && rest[2] == '-' {
		return "facebook.com"
	}
	return h
}

// plainHost says that nothing in this package treats the host name h
// specially, so that an address on it is canonical if its parts are.
func plainHost(h string) bool {
	switch h {
	case "t.co", "bit.ly", "x.com", "ow.ly", "tinyurl.com", "goo.gl", "is.gd", "buff.ly", "dlvr.it":
		return true // the most frequent ones, known to be plain without a query
	}
	if strings.HasPrefix(h, "www.") || aliasHost(h) != h {
		return false
	}
	switch h {
	case "youtube.com", "youtu.be", "t.me", "cdn.ampproject.org":
		return false
	}
	return !strings.HasPrefix(h, "google.") &&
		!strings.HasSuffix(h, ".translate.goog") && !strings.HasSuffix(h, ".cdn.ampproject.org")
}

// opaqueQuery says that the query of an address on host is one address rather
// than parameters.
func opaqueQuery(host string) bool { return host == "href.li" || host == "nullrefer.com" }

// rewrite brings the different addresses of one thing on a site to one form.
func rewrite(host, path, query string) (h, p, q string) {
	switch host {
	case "youtu.be":
		if id := path[1:]; video(id) {
			return "youtube.com", "/watch", "v=" + id
		}
	case "youtube.com":
		// A video is the same however it is opened: of /watch only v counts.
		for _, prefix := range [...]string{"/shorts/", "/live/", "/embed/", "/v/"} {
			if id, ok := strings.CutPrefix(path, prefix); ok && video(id) {
				return host, "/watch", "v=" + id
			}
		}
		if path == "/watch" {
			if id, ok := parameter(query, "v"); ok && video(id) {
				if query == "v="+id {
					return host, path, query
				}
				return host, path, "v=" + id
			}
		}
	case "t.me":
		// The web preview of a channel: t.me/s/name/123.
		for strings.HasPrefix(path, "/s/") {
			path = path[2:]
		}
	}
	return host, path, query
}

// video says that id has the form of a YouTube video id. YouTube documents no
// form; all known ids have 11 characters of base64url.
func video(id string) bool {
	if len(id) != 11 {
		return false
	}
	for i := range len(id) {
		if c := id[i]; !isLetter(c) && !isDigit(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
