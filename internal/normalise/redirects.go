package normalise

import "strings"

// This file knows the redirecting addresses that carry their target in
// themselves. Shorteners, whose targets only a request would tell, are not
// here: they stay as they are.

// target gives the address that a redirecting address leads to. The parts are
// in canonical form; ok is false where the address leads nowhere else.
//
// Copies in the Wayback Machine (web.archive.org) are not unwrapped: such an
// address names one capture of a page, and people share it on purpose instead
// of the page.
func target(host, path, query string) (to string, ok bool) {
	switch {
	case opaqueQuery(host):
		if !strings.Contains(query, "://") {
			query = unescape(query, false)
		}
		return query, query != ""
	case strings.HasSuffix(host, ".translate.goog"):
		return translated(host, path, query)
	case host == "cdn.ampproject.org" || strings.HasSuffix(host, ".cdn.ampproject.org"):
		if len(path) > 3 && isLetter(path[1]) && path[2] == '/' { // the kind of document
			return amp(path[2:], query)
		}
	case strings.HasPrefix(host, "google.") && strings.HasPrefix(path, "/amp/"):
		return amp(path[len("/amp"):], query)
	case query == "":
		return "", false
	}
	for _, key := range targetKeys(host, path) {
		if v, ok := parameter(query, key); ok && v != "" {
			return unescape(v, true), true
		}
	}
	return "", false
}

// targetKeys gives the parameters that hold the target of a redirecting
// address; none where the address is not known to redirect.
func targetKeys(host, path string) []string {
	switch host {
	case "l.facebook.com", "lm.facebook.com", "l.messenger.com", "l.instagram.com", "l.threads.net",
		"l.threads.com", "l.wl.co":
		return keysU
	case "facebook.com":
		if path == "/l.php" || path == "/flx/warn" {
			return keysU
		}
	case "youtube.com":
		if path == "/redirect" {
			return keysQ
		}
	case "vk.com", "away.vk.com":
		if path == "/away.php" || path == "/away" {
			return keysTo
		}
	case "t.umblr.com":
		if path == "/redirect" {
			return keysZ
		}
	case "out.reddit.com", "slack-redir.net", "exit.sc", "disq.us", "gate.sc":
		return keysURL
	case "steamcommunity.com":
		if path == "/linkfilter" {
			return keysURL
		}
	case "linkedin.com":
		if path == "/redir/redirect" || path == "/safety/go" || path == "/authwall" {
			return keysURL
		}
	case "t.me":
		if path == "/iv" { // Telegram's instant view
			return keysURL
		}
	case "duckduckgo.com":
		if path == "/l" {
			return keysDuck
		}
	case "translate.google.com":
		if path == "/translate" || path == "/website" {
			return keysU
		}
	case "link.zhihu.com", "link.csdn.net", "link.juejin.cn":
		return keysTarget
	case "weibo.cn":
		if path == "/sinaurl" {
			return keysU
		}
	case "ok.ru":
		if path == "/dk" {
			return keysOK
		}
	}
	switch {
	case strings.HasSuffix(host, ".safelinks.protection.outlook.com"):
		return keysURL
	case strings.HasPrefix(host, "google.") && path == "/url":
		return keysQ
	}
	return nil
}

// The parameters that hold targets. Nothing writes to these.
var (
	keysU      = []string{"u"}
	keysQ      = []string{"q", "url"}
	keysTo     = []string{"to"}
	keysZ      = []string{"z"}
	keysURL    = []string{"url", "u"}
	keysDuck   = []string{"uddg"}
	keysTarget = []string{"target"}
	keysOK     = []string{"st.link"}
)

// translated undoes Google Translate's host names: in "a--b-example-com"
// a single hyphen stands for a dot, a double one for a hyphen.
func translated(host, path, query string) (string, bool) {
	name := strings.TrimSuffix(host, ".translate.goog")
	if name == "" || strings.IndexByte(name, '.') >= 0 {
		return "", false
	}
	var b strings.Builder
	b.WriteString("https://")
	for i := 0; i < len(name); i++ {
		switch {
		case name[i] != '-':
			b.WriteByte(name[i])
		case i+1 < len(name) && name[i+1] == '-':
			b.WriteByte('-')
			i++
		default:
			b.WriteByte('.')
		}
	}
	b.WriteString(path)
	if query != "" {
		b.WriteByte('?')
		b.WriteString(query)
	}
	return b.String(), true
}

// amp gives the page that an AMP address names after its prefix: /s/host/page
// for https, /host/page for http.
func amp(path, query string) (string, bool) {
	rest := strings.TrimPrefix(strings.TrimPrefix(path, "/s/"), "/")
	host, _, _ := strings.Cut(rest, "/")
	if strings.IndexByte(host, '.') <= 0 {
		return "", false
	}
	to := "https://" + rest
	if query != "" {
		to += "?" + query
	}
	return to, true
}
