package file

import (
	"strings"

	"github.com/akashi-project/akashi/internal/post"
)

// longFormat is the long table of CooRTweet: one row per share of an object.
var longFormat = format{
	name:  "cooRTweet",
	about: "long table: object_id, account_id, content_id, timestamp_share",
	signs: [][]string{{"object_id"}, {"account_id"}, {"content_id"}, {"timestamp_share"}},
	roles: map[role][]string{
		roleObject: {"object_id"}, roleAccount: {"account_id"}, rolePost: {"content_id"}, roleTime: {"timestamp_share"},
	},
}

// iraFormat is FiveThirtyEight's publication of the tweets of the Internet
// Research Agency. Accounts are named by their handle in it throughout; the
// external ids were rounded by a spreadsheet.
var iraFormat = format{
	name: "ira", platform: "x",
	about: "Internet Research Agency tweets (FiveThirtyEight, Clemson): author, content, publish_date, …",
	signs: [][]string{{"external_author_id"}, {"author"}, {"content"}, {"publish_date"}, {"account_type", "account_category", "post_type"}},
	roles: map[role][]string{
		roleAccount: {"author"}, roleHandle: {"author"}, roleTime: {"publish_date"}, roleText: {"content"}, rolePost: {"tweet_id"},
		roleLang: {"language"}, rolePermalink: {"article_url"},
	},
	several: map[role][]string{roleURL: {"tco1_step1", "tco2_step1", "tco3_step1"}},
	finish: func(_ row, p *post.Post) *rowError {
		p.Lang = languageTag(p.Lang)
		return nil
	},
}

// iraCompactFormat is the same data with one row number, Unix times and the
// addresses and hashtags taken out of the text.
var iraCompactFormat = format{
	name: "ira-compact", platform: "x",
	about: "Internet Research Agency tweets, compact: tweet_n, timestamp, author, …, content, urls, hashtags",
	signs: [][]string{{"tweet_n"}, {"timestamp"}, {"author"}, {"content"}, {"urls"}, {"hashtags"}},
	roles: map[role][]string{
		roleAccount: {"author"}, roleHandle: {"author"}, roleTime: {"timestamp"}, roleText: {"content"}, rolePost: {"tweet_n"},
		roleLang: {"language"}, roleURL: {"urls"}, roleHashtag: {"hashtags"},
	},
	finish: iraFormat.finish,
}

// languageTag gives the BCP 47 tag of a language named in English, as the
// Internet Research Agency data names them; other values stay.
func languageTag(name string) string {
	switch name {
	case "":
		return ""
	case "English":
		return "en"
	case "Russian":
		return "ru"
	case "German":
		return "de"
	case "Ukrainian":
		return "uk"
	case "Italian":
		return "it"
	case "Spanish":
		return "es"
	case "French":
		return "fr"
	case "Arabic":
		return "ar"
	case "Serbian":
		return "sr"
	case "Bulgarian":
		return "bg"
	case "LANGUAGE UNDEFINED":
		return "und"
	}
	for _, l := range languages {
		if l.name == name {
			return l.tag
		}
	}
	return name
}

var languages = []struct{ name, tag string }{
	{"Albanian", "sq"}, {"Bengali", "bn"}, {"Catalan", "ca"}, {"Croatian", "hr"}, {"Czech", "cs"}, {"Danish", "da"},
	{"Dutch", "nl"}, {"Estonian", "et"}, {"Farsi (Persian)", "fa"}, {"Finnish", "fi"}, {"Greek", "el"}, {"Gujarati", "gu"},
	{"Hebrew", "he"}, {"Hindi", "hi"}, {"Hungarian", "hu"}, {"Icelandic", "is"}, {"Indonesian", "id"}, {"Japanese", "ja"},
	{"Kannada", "kn"}, {"Korean", "ko"}, {"Kurdish", "ku"}, {"Latvian", "lv"}, {"Lithuanian", "lt"}, {"Macedonian", "mk"},
	{"Malay", "ms"}, {"Malayalam", "ml"}, {"Norwegian", "no"}, {"Polish", "pl"}, {"Portuguese", "pt"}, {"Pushto", "ps"},
	{"Romanian", "ro"}, {"Simplified Chinese", "zh-Hans"}, {"Slovak", "sk"}, {"Slovenian", "sl"}, {"Somali", "so"},
	{"Swedish", "sv"}, {"Tagalog (Filipino)", "tl"}, {"Tamil", "ta"}, {"Thai", "th"}, {"Traditional Chinese", "zh-Hant"},
	{"Turkish", "tr"}, {"Urdu", "ur"}, {"Uzbek", "uz"}, {"Vietnamese", "vi"},
}

// lastSegment gives the last part of an address's path.
func lastSegment(address string) string {
	address, _, _ = strings.Cut(address, "?")
	address = strings.TrimRight(address, "/")
	return address[strings.LastIndexByte(address, '/')+1:]
}
