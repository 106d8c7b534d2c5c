package file

import (
	"slices"
	"strings"

	"github.com/akashi-project/akashi/internal/post"
)

// fourcatFormat is what 4CAT writes for any of its sources, as CSV or NDJSON;
// Zeeschuimer's own CSV has the same columns, separated by semicolons.
var fourcatFormat = format{
	name: "4cat", channelSpeaks: true,
	about: "4CAT dataset (CSV or NDJSON): id, thread_id, author, body, timestamp, …",
	signs: [][]string{
		{"id"}, {"thread_id", "collected_from_url", "parent_id"}, {"body"}, {"timestamp", "unix_timestamp", "created_at"},
		{"author", "author_id", "account_id", "account_username", "author_user_id", "author_screen_name"},
	},
	roles: map[role][]string{
		rolePost:      {"id"},
		roleAccount:   {"author_id", "account_id", "author_user_id", "author", "account_username", "author_screen_name"},
		roleHandle:    {"author_username", "account_username", "author_screen_name", "author"},
		roleName:      {"author_fullname", "author_full", "author_name", "author_display_name", "account_display_name", "author_nickname"},
		roleTime:      {"unix_timestamp", "timestamp", "created_at"},
		roleText:      {"body"},
		roleURL:       {"urls", "links", "link_url", "link_attached"},
		roleHashtag:   {"hashtags", "tags"},
		roleMention:   {"mentions", "entities_mentioned", "usertags"},
		roleLang:      {"language_guess", "languages"},
		rolePermalink: {"tiktok_url", "comment_url", "post_url", "url", "link"},
		roleReply:     {"reply_to", "replied_to_post", "in_reply_to_comment_id"},
		roleQuote:     {"quote_tweet_id", "quoted_post"},
		roleImage:     {"images", "image_urls", "image_url", "thumbnail_url"},
		roleChannel:   {"chat", "group_id", "group_name", "board"},
	},
	adjust: func(header []string, c *columns) {
		has := func(name string) bool { return slices.Contains(header, name) }
		platform := ""
		switch {
		case has("author_forwarded_from_name"), has("chat") && has("views"):
			platform = "telegram"
			c.at[roleURL] = at(header, "link_attached")
			c.at[rolePermalink] = nil
			c.at[roleAccount] = at(header, "author")
		case has("tiktok_url"), has("is_liked_by_post_author"):
			platform = "tiktok"
		case has("is_retweet"), has("retweet_count"):
			platform = "x"
		case has("quoted_user") && has("repost_count"):
			platform = "bluesky"
		case has("coauthors"), has("num_likes") && has("usertags"):
			platform = "instagram"
		case has("direct_reply_count"), has("reposts") && has("link_thumbnail_url"):
			platform = "threads"
		case has("video_thumbs") && has("reblogs_count"):
			platform = "truthsocial"
		case has("author_is_admin"):
			platform = "vk"
		case has("is_in_group"):
			platform = "facebook"
		}
		if platform != "" {
			c.constant[rolePlatform] = platform
		}
	},
	finish: func(r row, p *post.Post) *rowError {
		// The id of a post by whose text "RT @" is the original's is not
		// given; a Telegram message's answer names a message of the chat.
		if p.Platform == "telegram" {
			if p.ReplyTo != "" && !strings.Contains(p.ReplyTo, "-") {
				p.ReplyTo = p.Channel + "-" + p.ReplyTo
			}
			if p.Channel == "" {
				p.Channel = r.text("thread_id")
			}
		}
		if p.Platform == "" {
			p.Platform = platformOf(r.text("collected_from_url"))
		}
		return nil
	},
}

func at(header []string, name string) []int {
	if i := slices.Index(header, name); i >= 0 {
		return []int{i}
	}
	return nil
}

// youTubeVideosFormat and youTubeCommentsFormat are the tables of YouTube Data
// Tools.
var (
	youTubeVideosFormat = format{
		name: "youtube-videos", platform: "youtube", about: "YouTube Data Tools: list of videos (CSV)",
		signs: [][]string{{"publishedAt"}, {"videoId"}, {"channelId"}, {"videoDescription"}},
		roles: map[role][]string{rolePost: {"videoId"}, roleAccount: {"channelId"}, roleName: {"channelTitle"},
			roleTime: {"publishedAt"}, roleText: {"videoDescription"}},
	}
	youTubeCommentsFormat = format{
		name: "youtube-comments", platform: "youtube", about: "YouTube Data Tools: comments (CSV)",
		signs: [][]string{{"id"}, {"isReplyTo"}, {"authorName"}, {"text"}, {"publishedAt"}},
		roles: map[role][]string{rolePost: {"id"}, roleAccount: {"authorChannelId", "authorName"}, roleName: {"authorName"},
			roleTime: {"publishedAt"}, roleText: {"text"}, roleReply: {"isReplyTo"}},
	}
)

// platformOf gives the platform of an address or host name.
func platformOf(address string) string {
	_, rest, ok := strings.Cut(address, "//")
	if !ok {
		rest = address
	}
	host, _, _ := strings.Cut(rest, "/")
	for _, k := range platformHosts {
		if host == k.host || strings.HasSuffix(host, "."+k.host) || strings.HasPrefix(host, k.host+"-") {
			return k.platform
		}
	}
	return ""
}

var platformHosts = []struct{ host, platform string }{
	{"x.com", "x"}, {"twitter.com", "x"}, {"tiktok.com", "tiktok"}, {"instagram.com", "instagram"}, {"facebook.com", "facebook"},
	{"threads.net", "threads"}, {"threads.com", "threads"}, {"truthsocial.com", "truthsocial"}, {"linkedin.com", "linkedin"},
	{"gab.com", "gab"}, {"vk.com", "vk"}, {"t.me", "telegram"}, {"bsky.app", "bluesky"}, {"youtube.com", "youtube"},
	{"douyin.com", "douyin"}, {"xiaohongshu.com", "xiaohongshu"}, {"rednote.com", "xiaohongshu"}, {"9gag.com", "9gag"},
	{"imgur.com", "imgur"}, {"pinterest.com", "pinterest"}, {"parler.com", "parler"}, {"reddit.com", "reddit"}, {"bilibili.com", "bilibili"},
}
