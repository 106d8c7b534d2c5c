package detect

import (
	"fmt"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/group"
	"github.com/akashi-project/akashi/internal/report"
)

// whyMissed puts a reason for missing an account into words.
func whyMissed(reason int, res *Result) report.Sentence {
	window := group.Span(res.Network.Config.Window.Seconds())
	switch reason {
	case missedSilent:
		return report.Sentence{
			"en": "acted on nothing by the behaviours looked at",
			"ja": "対象とした行動に当たるものがない",
		}
	case missedAlone:
		return report.Sentence{
			"en": "never acted on the same object as another account of it within " + window["en"],
			"ja": "同じ作戦の他のアカウントと" + window["ja"] + "以内に同じ対象について行動していない",
		}
	case missedOnce:
		return report.Sentence{
			"en": "acted together with another account of it on one occasion only, which is never significant",
			"ja": "同時行動が一度だけであり、一度では有意にならない",
		}
	case missedTest:
		return report.Sentence{
			"en": fmt.Sprintf("acted together several times, but not more than chance allows at a false-discovery rate of %g", res.Groups.Config.FDR),
			"ja": fmt.Sprintf("複数回の同時行動があるが、偽発見率%gでは偶然と区別できない", res.Groups.Config.FDR),
		}
	case missedSmall:
		return report.Sentence{
			"en": fmt.Sprintf("has a significant tie, but in a group of fewer than %d accounts", res.Groups.Config.MinSize),
			"ja": fmt.Sprintf("有意な結び付きはあるが、グループが%d件未満である", res.Groups.Config.MinSize),
		}
	}
	return report.Sentence{
		"en": "was put into a group that mostly belongs to another label",
		"ja": "主に別の分類に属するグループに入れられた",
	}
}

// trapWords says what honest accounts are that act together, as the
// simulator's truth names them.
var trapWords = map[string]report.Sentence{
	"":             {"en": "ordinary accounts", "ja": "一般のアカウント"},
	"outlet":       {"en": "feeds of news outlets", "ja": "報道機関の自動配信"},
	"alert-bots":   {"en": "declared alert bots", "ja": "公表された速報ボット"},
	"fan-campaign": {"en": "members of fan campaigns", "ja": "ファンの企画の参加者"},
}

// outsider puts a kind of accounts of no operation into words.
func outsider(kind string) report.Sentence {
	if s, ok := trapWords[kind]; ok {
		return s
	}
	return report.Sentence{"en": kind, "ja": kind}
}

// params lists the run's settings as a user would give them.
func (res *Result) params(r *run) []report.Param {
	c, g := res.Network.Config, res.Groups.Config
	p := []report.Param{
		{Name: "--method", Value: c.Method.String(), Means: report.Sentence{"en": "rules by which edges are made", "ja": "結び付きを作る規則"}},
		{Name: "--by", Value: r.by().String(), Means: report.Sentence{"en": "behaviours looked at", "ja": "対象とした行動"}},
		{Name: "--window", Value: c.Window.String(), Means: report.Sentence{"en": "longest time between two actions that count as joint", "ja": "同時行動とみなす最大の間隔"}},
		{Name: "--fdr", Value: fmt.Sprint(g.FDR), Means: report.Sentence{"en": "false-discovery rate for significant edges", "ja": "有意とする偽発見率"}},
		{Name: "--min-group", Value: fmt.Sprint(g.MinSize), Means: report.Sentence{"en": "fewest accounts of a group", "ja": "グループの最小アカウント数"}},
		{Name: "--seed", Value: fmt.Sprint(g.Seed), Means: report.Sentence{"en": "seed of the group search", "ja": "グループ探索の乱数種"}},
		{Name: "bin", Value: res.Network.Bin.String(), Means: report.Sentence{"en": "time bins of the null model", "ja": "帰無モデルの時間区分"}},
	}
	switch c.Method {
	case coordination.Akashi:
		ceiling := "none"
		if c.Ceiling > 0 {
			ceiling = fmt.Sprint(c.Ceiling)
		}
		p = append(p,
			report.Param{Name: "--ceiling", Value: ceiling, Means: report.Sentence{"en": "traces beyond which an object is too popular to be paired", "ja": "これを超える対象は人気が高すぎるため組を作らない"}},
			report.Param{Name: "--decay", Value: c.Decay.String(), Means: report.Sentence{"en": "time constant of an edge's vote", "ja": "重みの減衰時間"}})
	case coordination.CooRTweet:
		p = append(p, report.Param{Name: "--min-participation", Value: fmt.Sprint(c.MinParticipation), Means: report.Sentence{"en": "fewest rows of an account", "ja": "アカウントの最小行数"}})
	}
	return p
}

// leftOut lists what took no part.
func (res *Result) leftOut() []report.LeftOut {
	var out []report.LeftOut
	add := func(n int64, en, ja string, examples ...string) {
		if n > 0 {
			out = append(out, report.LeftOut{Why: report.Sentence{"en": en, "ja": ja}, Count: n, Examples: examples})
		}
	}
	var bad, replaced int64
	skipped := map[string]int64{}
	for _, s := range res.Inputs {
		bad += s.Bad
		replaced += s.Replaced
		for why, n := range s.SkippedWhy {
			skipped[why] += n
		}
	}
	add(bad, "records that could not be read (see the inputs)", "読み取れなかった記録(入力の欄を参照)")
	for _, why := range sortedKeys(skipped) {
		add(skipped[why], "records that are no posts: "+why, "投稿ではない記録:"+why)
	}
	add(replaced, "characters that the encoding does not know, shown as U+FFFD", "文字コードに存在せず U+FFFD で示した文字")
	add(res.left.silent, "posts that act on nothing by these behaviours", "対象とした行動に当たるものがない投稿")
	n := res.Network
	add(n.Duplicates, "traces equal to another one (same account, object, time and post)", "他と同一の痕跡(アカウント・対象・時刻・投稿が同じ)")
	add(n.Dropped, "accounts below the minimum participation", "最小参加数に満たないアカウント")
	var hot []string
	for _, h := range n.Hot[:min(len(n.Hot), 10)] {
		hot = append(hot, fmt.Sprintf("%s %s (%s)", h.Behaviour, shorten(res.veil.object(h.Behaviour.String(), h.Object), 60), group.Thousands(h.Traces)))
	}
	add(int64(len(n.Hot)), "objects above the popularity ceiling, not paired", "人気の上限を超え、組を作らなかった対象", hot...)
	g := res.Groups
	var small int64
	for a, p := range g.Partners {
		if p > 0 && g.Of[a] < 0 {
			small++
		}
	}
	add(small, "accounts with a significant tie whose group is too small to show", "有意な結び付きはあるがグループが小さく示していないアカウント")
	if shown := int64(len(res.evidenceEdges())); n.Config.Method == coordination.Akashi {
		add(g.Significant-shown, "significant edges without posts in evidence.ndjson: outside the groups shown, or beyond --evidence-edges", "evidence.ndjson に投稿を含めない有意な結び付き(表示したグループの外、または --evidence-edges の上限超過)")
	} else {
		add(int64(n.Len())-shown, "edges without posts in evidence.ndjson (it holds the significant ones of the groups up to --evidence-edges)", "evidence.ndjson に投稿を含めない結び付き(グループ内の有意なものを --evidence-edges 件まで収録)")
	}
	return out
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// utc writes a time for tables.
func utc(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
