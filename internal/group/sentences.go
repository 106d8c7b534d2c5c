package group

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/report"
)

// What each behaviour is called in a sentence.
var behaviourWords = map[string]report.Sentence{
	"object":           {"en": "the same objects", "ja": "同じ対象"},
	"url":              {"en": "the same addresses", "ja": "同じURL"},
	"domain":           {"en": "the same websites", "ja": "同じサイト"},
	"hashtag":          {"en": "the same hashtags", "ja": "同じハッシュタグ"},
	"hashtag-sequence": {"en": "the same hashtags in the same order", "ja": "同じ並びのハッシュタグ"},
	"repost":           {"en": "the same reposted posts", "ja": "同じ投稿の再投稿"},
	"reply":            {"en": "replies to the same posts", "ja": "同じ投稿への返信"},
	"mention":          {"en": "the same mentioned accounts", "ja": "同じアカウントへの言及"},
	"text":             {"en": "the same texts", "ja": "同じ文面"},
	"image":            {"en": "the same images", "ja": "同じ画像"},
}

// Thousands writes a number with separators.
func Thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// brief writes a count that need not be whole.
func brief(x float64) string {
	switch {
	case x < 0.01:
		return "less than 0.01"
	case x < 10:
		return strconv.FormatFloat(x, 'g', 2, 64)
	}
	return Thousands(int64(x + 0.5))
}

func briefJa(x float64) string {
	if x < 0.01 {
		return "0.01未満"
	}
	return brief(x)
}

// Span writes a duration in the largest unit that fits.
func Span(seconds float64) report.Sentence {
	for _, u := range []struct {
		size   float64
		en, ja string
	}{{86400, "d", "日"}, {3600, "h", "時間"}, {60, "min", "分"}} {
		if seconds >= u.size {
			v := strconv.FormatFloat(round(seconds/u.size), 'f', -1, 64)
			return report.Sentence{"en": v + " " + u.en, "ja": v + u.ja}
		}
	}
	v := strconv.FormatFloat(round(seconds), 'f', -1, 64)
	return report.Sentence{"en": v + " s", "ja": v + "秒"}
}

// why says in one sentence why a group is shown.
func why(g *report.Group, n *coordination.Network) report.Sentence {
	var en, ja []string
	for i, l := range g.Behaviours {
		if i == 3 || l.Edges*5 < g.Edges {
			break
		}
		en = append(en, behaviourWords[l.Behaviour]["en"])
		ja = append(ja, behaviourWords[l.Behaviour]["ja"])
	}
	list := strings.Join(en, ", ")
	if k := len(en); k > 1 {
		list = strings.Join(en[:k-1], ", ") + " and " + en[k-1]
	}
	window, gap := Span(n.Config.Window.Seconds()), Span(g.MedianGap)
	pairs, accounts := Thousands(g.Edges), Thousands(int64(len(g.Accounts)))
	return report.Sentence{
		"en": fmt.Sprintf("%s accounts acted on %s within %s of one another, half of the pairs within %s: over %s pairs of accounts they met on %s occasions where activity and popularity would give %s.",
			accounts, list, window["en"], gap["en"], pairs, Thousands(g.Occasions), brief(g.Expected)),
		"ja": fmt.Sprintf("%s件のアカウントが%sについて互いに%s以内に行動し、組の半数では間隔が%s以内でした。%s組のアカウントの間で同時行動の機会は延べ%s回あり、活動量と対象の人気だけから見込まれる回数は%s回です。",
			accounts, strings.Join(ja, "・"), window["ja"], gap["ja"], pairs, Thousands(g.Occasions), briefJa(g.Expected)),
	}
}

// counter says what speaks against coordination.
func counter(g *report.Group, objects int64) report.Sentence {
	var en, ja []string
	if part := 100 * g.Expected / float64(max(g.Occasions, 1)); part >= 1 {
		en = append(en, fmt.Sprintf("Activity and popularity alone would explain %.0f %% of the occasions.", part))
		ja = append(ja, fmt.Sprintf("同時行動の機会の%.0f%%は、活動量と人気だけでも説明できます。", part))
	} else {
		en = append(en, "Activity and popularity alone explain less than 1 % of the occasions.")
		ja = append(ja, "活動量と人気だけで説明できる同時行動の機会は1%未満です。")
	}
	common := 0
	for _, o := range g.Objects {
		if o.Everyone > 2*o.Accounts {
			common++
		}
	}
	if common > 0 {
		en = append(en, fmt.Sprintf("Objects that more accounts outside the group used than inside: %d of the %d shown.", common, len(g.Objects)))
		ja = append(ja, fmt.Sprintf("表示した%d件の対象のうち%d件は、グループ外のアカウントの方が多く利用しています。", len(g.Objects), common))
	}
	if g.Occasions < objects {
		en = append(en, fmt.Sprintf("Posts held several objects at once: %s shared objects come from only %s occasions.", Thousands(objects), Thousands(g.Occasions)))
		ja = append(ja, fmt.Sprintf("一つの投稿に複数の対象が含まれるため、共有対象%s件に対し独立した機会は%s回です。", Thousands(objects), Thousands(g.Occasions)))
	}
	en = append(en, "Shared interests, fan campaigns, newsrooms and declared automation can look the same; the posts must be read.")
	ja = append(ja, "共通の関心、ファンの企画、報道機関、公表された自動投稿でも同様に見える場合があるため、投稿の確認が必要です。")
	return report.Sentence{"en": strings.Join(en, " "), "ja": strings.Join(ja, "")}
}

// EdgeNote is a pair's evidence in one line.
func EdgeNote(d coordination.Edge) report.Sentence {
	gap := Span(d.GapMedian.Seconds())
	return report.Sentence{
		"en": fmt.Sprintf("%s joint occasions where chance gives %s, %s co-actions, median gap %s", Thousands(d.Occasions), brief(d.Expected), Thousands(d.CoActions), gap["en"]),
		"ja": fmt.Sprintf("同時行動の機会%s回(偶然なら%s回)、同時行動%s回、間隔の中央値%s", Thousands(d.Occasions), briefJa(d.Expected), Thousands(d.CoActions), gap["ja"]),
	}
}

// round rounds to one digit after the point.
func round(x float64) float64 { return math.Round(x*10) / 10 }
