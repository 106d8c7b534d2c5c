package file

import (
	"fmt"
	"slices"
	"strings"
)

// role is what a column of a table says about a post.
type role int

const (
	roleAccount role = iota
	roleHandle
	roleName
	rolePost
	roleTime
	roleObject
	roleText
	roleURL
	roleHashtag
	roleMention
	roleLang
	rolePlatform
	roleChannel
	rolePermalink
	roleRepost
	roleReply
	roleQuote
	roleDomain
	roleImage
	numRoles
)

// RoleInfo describes a role that a column may be given by Options.Map.
type RoleInfo struct{ Name, About string }

// roleTable names the roles and the column names by which they are guessed,
// the surest first. Names are compared without case, spaces and punctuation.
var roleTable = [numRoles]struct {
	name, about string
	names       []string
}{
	roleAccount: {"account", "who published the post: the platform's id of the account, else its handle", []string{
		"accountid", "authorid", "userid", "useridstr", "fromid", "senderid", "authoruserid", "externalauthorid", "pageid", "profileid", "channelid",
		"account", "author", "user", "username", "screenname", "userscreenname", "authorusername", "accountusername", "authorscreenname", "accountname",
		"handle", "authorhandle", "userhandle", "from", "sender", "poster", "creator", "actor", "owner", "did", "authorname", "name", "nick", "nickname", "page",
		"アカウント", "アカウントid", "ユーザーid", "ユーザid", "ユーザー", "ユーザー名", "ユーザ名", "投稿者", "投稿者id", "発信者", "作者", "用户id", "用户", "用户名", "账号", "帳號", "用戶", "작성자", "계정", "사용자", "автор", "аккаунт", "пользователь", "auteur", "autor", "usuario", "compte", "konto", //nolint:misspell // "autor" is Spanish and German
	}},
	roleHandle: {"handle", "the account's changeable name", []string{
		"handle", "screenname", "username", "userscreenname", "authorusername", "accountusername", "authorscreenname", "authorhandle", "userhandle", "useruniqueid", "ユーザー名", "用户名",
	}},
	roleName: {"name", "the account's display name", []string{
		"displayname", "authorname", "authordisplayname", "accountdisplayname", "authorfullname", "authorfull", "fullname", "username", "name", "nickname", "表示名", "昵称",
	}},
	rolePost: {"post", "the platform's id of the post", []string{
		"postid", "tweetid", "contentid", "messageid", "statusid", "idstr", "id", "tweetn", "itemid", "videoid", "uri", "rkey", "cid", "commentid",
		"投稿id", "ツイートid", "帖子id", "文章id", "게시물id",
	}},
	roleTime: {"time", "when the post was published", []string{
		"timestampshare", "createdat", "unixtimestamp", "timestamp", "createtime", "createtimestamp", "posttime", "postedat", "publishedat", "publishdate", "publishtime", "published", "datetime", "time", "date", "postdate", "postcreated", "created", "tweettime", "tweetcreatedat", "timeus", "utctime", "dateunixtime", "dateutc", "timestamputc", "postedon", "createdtime", "createdon", "creationtime", "creationdate", "takenat", "pubdate",
		"日時", "投稿日時", "投稿時間", "投稿時刻", "投稿日", "日付", "時刻", "作成日時", "发布时间", "发布日期", "时间", "日期", "發布時間", "時間", "작성일", "작성일시", "날짜", "시간", "дата", "время", "fecha", "datum", "horodatage",
	}},
	roleObject: {"object", "what the account acted on: the table is read as a long table", []string{"objectid", "object"}},
	roleText: {"text", "the post's text", []string{
		"text", "body", "content", "message", "fulltext", "tweettext", "posttext", "messagetext", "tweet", "caption", "description", "desc", "selftext", "title", "contenttext", "rawtext", "post",
		"本文", "テキスト", "内容", "投稿内容", "投稿文", "ツイート", "正文", "文本", "내용", "본문", "текст", "сообщение", "texte", "texto",
	}},
	roleURL: {"url", "the addresses the post points to, separated by spaces, '|' or commas", []string{
		"urls", "links", "expandedurls", "outlinks", "sharedurls", "sharedurl", "linkurl", "link", "url", "urlid", "expandedurl", "finallink", "articleurl", "entitiesurls", "リンク", "链接", "連結", "링크", "ссылка", "ссылки",
	}},
	roleHashtag: {"hashtag", "the post's hashtags, separated by spaces or commas", []string{
		"hashtags", "hashtag", "hashtagid", "tags", "entitieshashtags", "ハッシュタグ", "话题", "標籤", "해시태그", "хештеги", "хэштеги",
	}},
	roleMention: {"mention", "the accounts the post names, separated by spaces or commas", []string{
		"mentions", "mention", "usermentions", "mentionedusers", "usertags", "entitiesmentioned", "メンション",
	}},
	roleLang: {"lang", "the language that the source declares", []string{
		"lang", "language", "languages", "tweetlanguage", "postlang", "言語", "语言", "語言", "언어", "язык",
	}},
	rolePlatform: {"platform", "the platform's short name (\"=telegram\" gives it for all rows)", []string{
		"platform", "sourceplatform", "network", "socialnetwork", "プラットフォーム", "平台", "플랫폼", "платформа",
	}},
	roleChannel: {"channel", "the group, page or forum that the post appeared in", []string{
		"channel", "chat", "chatid", "groupid", "group", "groupname", "forum", "board", "subreddit", "channelname", "チャンネル", "频道", "канал",
	}},
	rolePermalink: {"permalink", "the post's own address", []string{
		"permalink", "posturl", "tweeturl", "permanenturl", "permalinkurl", "tiktokurl", "tweetlink", "postlink", "url", "link", "投稿url",
	}},
	roleRepost: {"repost", "the id of the post that this one repeats", []string{
		"repostof", "retweetof", "retweettweetid", "retweetedtweetid", "retweetedstatusid", "retweetid", "retweetedid", "repostid", "sharedpostid", "forwardedfromid", "rtid", "reblogofid",
	}},
	roleReply: {"reply", "the id of the post that this one answers", []string{
		"replyto", "inreplytostatusid", "inreplytotweetid", "inreplytostatusidstr", "replytoid", "inreplyto", "inreplytoid", "replytomessageid", "replytweetid", "parentid",
	}},
	roleQuote: {"quote", "the id of the post that this one quotes", []string{
		"quoteof", "quotetweetid", "quotedtweetid", "quotedstatusid", "quoteid", "quotedpost", "quotedid",
	}},
	roleDomain: {"domain", "the domain the post points to, where no address is given", []string{
		"domain", "domains", "domainid", "hostname", "urldomain", "ドメイン", "域名",
	}},
	roleImage: {"image", "the image the post carries: its address, or a hash of it", []string{
		"phash", "phashid", "imagehash", "perceptualhash", "images", "imageurls", "imageurl", "image", "photo", "photos", "mediaurls", "mediaurl", "画像", "图片",
	}},
}

// aliases are further names under which Options.Map takes a role.
var aliases = map[string]role{
	"urls": roleURL, "link": roleURL, "links": roleURL, "hashtags": roleHashtag, "tag": roleHashtag, "tags": roleHashtag,
	"mentions": roleMention, "author": roleAccount, "user": roleAccount, "id": rolePost, "content": rolePost, "content_id": rolePost,
	"account_id": roleAccount, "object_id": roleObject, "timestamp": roleTime, "timestamp_share": roleTime, "date": roleTime,
	"language": roleLang, "body": roleText, "media": roleImage, "images": roleImage, "phash": roleImage,
	"repost_of": roleRepost, "retweet": roleRepost, "reply_to": roleReply, "quote_of": roleQuote, "domains": roleDomain,
}

func (r role) String() string { return roleTable[r].name }

// Roles lists what the columns of a table can mean, for help and
// documentation.
func Roles() []RoleInfo {
	out := make([]RoleInfo, numRoles)
	for r := range out {
		out[r] = RoleInfo{roleTable[r].name, roleTable[r].about}
	}
	return out
}

func parseRole(s string) (role, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	for r := range numRoles {
		if roleTable[r].name == s {
			return r, nil
		}
	}
	if r, ok := aliases[s]; ok {
		return r, nil
	}
	names := make([]string, numRoles)
	for r := range numRoles {
		names[r] = roleTable[r].name
	}
	return 0, fmt.Errorf("unknown role %q: want one of %s", s, strings.Join(names, ", "))
}

// given is Options.Map with the roles parsed.
type given [numRoles]string

func parseMap(m map[string]string) (given, error) {
	var g given
	for _, k := range sortedKeys(m) {
		r, err := parseRole(k)
		if err != nil {
			return g, fmt.Errorf("reading the mapping: %w", err)
		}
		g[r] = m[k]
	}
	return g, nil
}

// bare gives a column name without case, spaces and punctuation.
func bare(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + ('a' - 'A')
		case r <= '/', r >= ':' && r <= '@', r >= '[' && r <= '`', r >= '{' && r <= '~', r == '\u3000', r == '\uFEFF':
			return -1
		}
		return r
	}, name)
}

// columns are those that a table's roles are read from: usually one each, but
// addresses may lie in several.
type columns struct {
	at       [numRoles][]int
	constant [numRoles]string
	labels   []int
}

// has says that a role has a column or a constant.
func (c *columns) has(r role) bool { return len(c.at[r]) > 0 || c.constant[r] != "" }

// shown gives the mapping by names, for a summary.
func (c *columns) shown(header []string) map[string]string {
	out := map[string]string{}
	for r := range numRoles {
		if c.constant[r] != "" {
			out[r.String()] = "=" + c.constant[r]
			continue
		}
		var names []string
		for _, i := range c.at[r] {
			names = append(names, header[i])
		}
		if len(names) > 0 {
			out[r.String()] = strings.Join(names, ", ")
		}
	}
	return out
}

// find gives the place of a column by its name: exactly, else without regard
// to case and punctuation.
func find(header []string, name string) int {
	if i := slices.Index(header, name); i >= 0 {
		return i
	}
	name = bare(name)
	if name == "" {
		return -1
	}
	return slices.IndexFunc(header, func(h string) bool { return bare(h) == name })
}

// apply lets what the caller gave go before what is mapped so far.
func (c *columns) apply(g given, header, labels []string) error {
	for r := range numRoles {
		if g[r] == "" {
			continue
		}
		if constant, ok := strings.CutPrefix(g[r], "="); ok {
			c.constant[r], c.at[r] = constant, nil
			continue
		}
		i := find(header, g[r])
		if i >= 0 {
			c.at[r], c.constant[r] = []int{i}, ""
			continue
		}
		var several []int
		for name := range strings.SplitSeq(g[r], ",") {
			if i := find(header, strings.TrimSpace(name)); i >= 0 {
				several = append(several, i)
			} else {
				return noColumn(r.String(), strings.TrimSpace(name), header)
			}
		}
		c.at[r], c.constant[r] = several, ""
	}
	for _, name := range labels {
		i := find(header, name)
		if i < 0 {
			return noColumn("label", name, header)
		}
		c.labels = append(c.labels, i)
	}
	return nil
}

func noColumn(what, name string, header []string) error {
	return fmt.Errorf("there is no column %q for %s: the columns are %s", name, what, columnList(header))
}

func columnList(header []string) string {
	const most = 60
	if len(header) > most {
		return strings.Join(header[:most], ", ") + fmt.Sprintf(" and %d more", len(header)-most)
	}
	return strings.Join(header, ", ")
}
