package youtube

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/post"
)

var (
	videoID   = regexp.MustCompile(`^[A-Za-z0-9_-]{6,20}$`)
	commentID = regexp.MustCompile(`^[A-Za-z0-9_.-]{6,100}$`)
)

// list are the videos that an answer names: n of them, readable or not.
type list struct {
	ids    []string
	n      int
	oldest time.Time
}

func (l *list) add(id string, at time.Time) {
	if videoID.MatchString(id) && !slices.Contains(l.ids, id) && len(l.ids) < found {
		l.ids = append(l.ids, id)
	}
	l.see(at)
}

func (l *list) see(at time.Time) {
	if !at.IsZero() && (l.oldest.IsZero() || at.Before(l.oldest)) {
		l.oldest = at
	}
}

// when reads a time; zero where it is none.
func when(v gjson.Result) time.Time {
	t, err := time.Parse(time.RFC3339, v.String())
	if err != nil || t.Year() < 2005 || t.Year() > 2200 {
		return time.Time{}
	}
	return t.UTC()
}

// parseSearch reads an answer of search.list.
func parseSearch(v gjson.Result) (l list) {
	v.Get("items").ForEach(func(_, item gjson.Result) bool {
		l.n++
		l.add(item.Get("id.videoId").String(), when(item.Get("snippet.publishedAt")))
		return true
	})
	return l
}

// parsePlaylist reads an answer of playlistItems.list. Videos that are not
// public have no time of publication.
func parsePlaylist(v gjson.Result, since time.Time) (l list) {
	v.Get("items").ForEach(func(_, item gjson.Result) bool {
		l.n++
		at := when(item.Get("contentDetails.videoPublishedAt"))
		l.see(at)
		if !at.Before(since) {
			l.add(item.Get("contentDetails.videoId").String(), at)
		}
		return true
	})
	return l
}

// parseVideos reads an answer of videos.list; n is how many videos it has.
func parseVideos(v gjson.Result) (posts []post.Post, n int) {
	v.Get("items").ForEach(func(_, item gjson.Result) bool {
		n++
		s := item.Get("snippet")
		id, by, at := item.Get("id").String(), s.Get("channelId").String(), when(s.Get("publishedAt"))
		if !videoID.MatchString(id) || by == "" || at.IsZero() {
			return true
		}
		p := post.Post{
			Platform: platform, ID: id, Account: post.Account{ID: by, Name: s.Get("channelTitle").String()}, Time: at,
			Text: strings.TrimSpace(s.Get("title").String() + "\n\n" + s.Get("description").String()),
			Lang: s.Get("defaultAudioLanguage").String(), URL: "https://www.youtube.com/watch?v=" + id, Raw: []byte(item.Raw),
		}
		if p.Lang == "" {
			p.Lang = s.Get("defaultLanguage").String()
		}
		for _, size := range []string{"maxres", "standard", "high", "medium", "default"} {
			if image := s.Get("thumbnails." + size + ".url").String(); image != "" {
				p.Media = []post.Media{{URL: image}}
				break
			}
		}
		posts = append(posts, p)
		return true
	})
	return posts, n
}

// talk are the comments of an answer: the posts, the threads with more replies
// than stand there, when each thread began, how many threads there are, and how
// many comments could not be read.
type talk struct {
	list
	posts   []post.Post
	threads []thread
	times   map[string]time.Time
	bad     int
}

// parseThreads reads an answer of commentThreads.list.
func parseThreads(v gjson.Result) talk {
	t := talk{times: map[string]time.Time{}}
	v.Get("items").ForEach(func(_, item gjson.Result) bool {
		t.n++
		of := thread{Video: item.Get("snippet.videoId").String(), Channel: item.Get("snippet.channelId").String()}
		p, ok := comment(item.Get("snippet.topLevelComment"), of)
		if !ok || of.Video == "" {
			t.bad++
			return true
		}
		t.see(p.Time)
		of.Parent = p.ID
		t.times[p.ID] = p.Time
		t.posts = append(t.posts, p)
		inline := item.Get("replies.comments").Array()
		if item.Get("snippet.totalReplyCount").Int() > int64(len(inline)) {
			t.threads = append(t.threads, of)
			return true
		}
		for _, reply := range inline {
			if p, ok := comment(reply, of); ok {
				t.posts = append(t.posts, p)
			} else {
				t.bad++
			}
		}
		return true
	})
	return t
}

// parseReplies reads an answer of comments.list.
func parseReplies(v gjson.Result, of thread) (posts []post.Post, n int) {
	v.Get("items").ForEach(func(_, item gjson.Result) bool {
		n++
		if p, ok := comment(item, of); ok {
			posts = append(posts, p)
		}
		return true
	})
	return posts, n
}

// comment makes a post of a comment. It answers the comment at the head of its
// thread, or the video where it is that head.
func comment(v gjson.Result, of thread) (p post.Post, ok bool) {
	s := v.Get("snippet")
	id, by, at := v.Get("id").String(), s.Get("authorChannelId.value").String(), when(s.Get("publishedAt"))
	if !commentID.MatchString(id) || by == "" || at.IsZero() {
		return p, false // without the channel nobody can say whose it is
	}
	text := s.Get("textOriginal").String()
	if text == "" {
		text = s.Get("textDisplay").String()
	}
	p = post.Post{
		Platform: platform, ID: id, Account: post.Account{ID: by, Name: s.Get("authorDisplayName").String()}, Channel: of.Channel, Time: at,
		Text: text, ReplyTo: of.Parent, URL: "https://www.youtube.com/watch?v=" + of.Video + "&lc=" + id, Raw: []byte(v.Raw),
	}
	if handle, is := strings.CutPrefix(p.Account.Name, "@"); is {
		p.Account.Handle = handle
	}
	if p.ReplyTo == "" {
		p.ReplyTo = of.Video
	}
	return p, true
}
