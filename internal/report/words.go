package report

import (
	"fmt"
	"html"
	"html/template"
	"sync"
)

// word is one entry of the catalogue: a whole label or sentence in both
// languages. one is the English form where the first number is 1, if it differs.
type word struct{ key, ja, en, one string }

// langs are the languages the page speaks, its default first.
func langs() []string { return []string{"ja", "en"} }

// catalogue lists every word that the page and the summary say on their own
// account. Verbs of fmt stand for formatted numbers and names.
func catalogue() []word {
	return []word{
		{"skip", "本文へ移動", "Skip to the content", ""},
		{"marking", "取扱区分", "Marking", ""},
		{"kicker", "協調的な行動の検出結果", "Detection of coordinated behaviour", ""},
		{"language", "言語", "Language", ""},
		{"theme", "配色", "Theme", ""},
		{"theme.auto", "自動", "Auto", ""},
		{"theme.light", "明", "Light", ""},
		{"theme.dark", "暗", "Dark", ""},
		{"contents", "目次", "Contents", ""},
		{"synthetic.short", "架空データ", "Made-up data", ""},
		{"synthetic.mark", "架空", "made up", ""},
		{"synthetic.long", "このページには、試験のために作成した架空の投稿が含まれています。実在の個人、団体、出来事を示すものではありません。", "This page holds posts that were made up for testing. They show no real person, organisation or event.", ""},
		{"caution", "「ともに行動している」ことは、「誰かの指示で動いている」ことを意味しません。", "“Acts together with” does not mean “is an agent of”.", ""},
		{"lead", "%[2]s 件の投稿と %[3]s のアカウントを調べた結果、偶然では説明しにくい頻度でともに行動するアカウントのまとまりが %[1]s グループ（計 %[4]s アカウント）見つかりました。", "Among %[3]s accounts with %[2]s posts, %[1]s groups (%[4]s accounts in all) act together more often than chance explains.", "Among %[3]s accounts with %[2]s posts, one group (%[4]s accounts) acts together more often than chance explains."},
		{"lead.none", "%[1]s 件の投稿と %[2]s のアカウントを調べましたが、偶然で説明できる範囲を超えてともに行動するグループは見つかりませんでした。", "Among %[2]s accounts with %[1]s posts, no group acts together more often than chance explains.", ""},
		{"lead.period", "対象期間は%[1]sから%[2]sまで（UTC）です。", "The posts run from %[1]s to %[2]s (UTC).", ""},
		{"posts", "投稿", "Posts", ""},
		{"accounts", "アカウント", "Accounts", ""},
		{"account", "アカウント", "Account", ""},
		{"traces", "行動の記録", "Traces", ""},
		{"objects", "対象", "Objects", ""},
		{"pairs", "同時行動", "Co-actions", ""},
		{"edges.all", "同時行動した組", "Pairs that co-acted", ""},
		{"significant", "検定を通った組", "Pairs past the test", ""},
		{"groups", "グループ", "Groups", ""},
		{"group", "グループ", "Group", ""},
		{"network", "ネットワーク", "Network", ""},
		{"network.deck", "点はアカウント、線は偶然では説明しにくい頻度でともに行動した組を表します。色と形はグループを示すだけで、評価を示すものではありません。", "Each point is an account, each line a pair that acted together more often than chance explains. Colour and shape name the group and judge nothing.", ""},
		{"network.note", "%[1]s のアカウントと %[2]s の組を描いています。", "%[1]s accounts and %[2]s pairs are drawn.", ""},
		{"network.left", "描いていないもの：アカウント %[1]s、組 %[2]s（すべて表のファイルに含まれます）。", "Not drawn: %[1]s accounts and %[2]s pairs (all of them are in the exported tables).", ""},
		{"network.big", "この図の表示には JavaScript が必要です。同じ内容は下の表で読めます。", "This picture needs JavaScript. The tables below say the same.", ""},
		{"canvas", "アカウントのネットワーク図。同じ内容の表が下にあります。矢印キーで移動、+ と - で拡大縮小、0 で全体表示。", "Network of accounts. The tables below say the same. Arrow keys move, plus and minus zoom, 0 shows all.", ""},
		{"canvas.help", "ドラッグで移動、ホイール・ピンチ・「+」「-」で拡大縮小、「0」で全体。点や線に重ねると根拠を表示し、クリックするとグループを開きます。", "Drag to move; wheel, pinch or + and − to zoom; 0 for all. Point at an account or a line for its evidence; click to open the group.", ""},
		{"slider.q", "有意水準（q 値の上限）", "Significance (highest q)", ""},
		{"slider.w", "結び付きの強さ（下限）", "Strength (lowest)", ""},
		{"zoom.in", "拡大", "Zoom in", ""},
		{"zoom.out", "縮小", "Zoom out", ""},
		{"zoom.fit", "全体", "Show all", ""},
		{"legend", "グループとアカウント数", "Groups and their accounts", ""},
		{"legend.more", "ほか %[1]s グループは下の表にあります。", "%[1]s more groups are in the table below.", "One more group is in the table below."},
		{"pairs.table", "組の一覧（表）", "Pairs as a table", ""},
		{"pairs.note", "結び付きの強い順に %[1]s 組（全 %[2]s 組）。", "The %[1]s strongest of %[2]s pairs.", ""},
		{"strength", "強さ", "Strength", ""},
		{"evidence", "根拠", "Evidence", ""},
		{"groups.deck", "結び付きの強い順です。各グループについて、理由、検定、反証となる点、根拠となる投稿を順に示します。", "Strongest first. For each: why it is shown, the test, what speaks against it, and the posts that are its evidence.", ""},
		{"behaviours", "行動の種類", "Behaviours", ""},
		{"behaviour", "行動", "Behaviour", ""},
		{"occasions", "同時行動の機会（観測）", "Joint occasions, observed", ""},
		{"expected", "偶然による期待値", "Expected by chance", ""},
		{"ratio", "観測÷期待", "Observed ÷ expected", ""},
		{"coactions", "同時行動", "Co-actions", ""},
		{"gap", "時間差の中央値", "Median gap", ""},
		{"first", "最初", "First", ""},
		{"last", "最後", "Last", ""},
		{"n.accounts", "%[1]s アカウント", "%[1]s accounts", "%[1]s account"},
		{"truth", "既知のラベル", "Known label", ""},
		{"test", "検定", "Test", ""},
		{"edges", "検定を通った組", "Pairs past the test", ""},
		{"edges.short", "組", "Pairs", ""},
		{"period", "期間（UTC）", "Period (UTC)", ""},
		{"counter", "反証となる点", "What speaks against it", ""},
		{"timeline", "時間の推移", "Over time", ""},
		{"timeline.label", "グループの投稿数と同時行動数の推移。同じ内容の表が下にあります。", "Posts and co-actions of the group over time. The table below says the same.", ""},
		{"timeline.note", "棒1本は %[1]s（UTC）。%[2]s から %[3]s まで。", "One bar is %[1]s (UTC), from %[2]s to %[3]s.", ""},
		{"timeline.table", "時間の推移（表）", "Over time, as a table", ""},
		{"max", "最大 %[1]s", "highest %[1]s", ""},
		{"from", "開始時刻（UTC）", "From (UTC)", ""},
		{"partners", "相手の数", "Partners", ""},
		{"score", "行動の共有度", "Breadth of shared behaviour", ""},
		{"objects.acted", "ともに扱った対象", "What they acted on", ""},
		{"object", "対象", "Object", ""},
		{"of.group", "グループ内のアカウント", "Accounts, group", ""},
		{"of.all", "全体のアカウント", "Accounts, all", ""},
		{"examples", "根拠となる投稿の例", "Example posts", ""},
		{"examples.head", "%[1]s · 時間差 %[2]s", "%[1]s · %[2]s apart", ""},
		{"check", "既知の正解との照合", "Checked against known truth", ""},
		{"check.deck", "見つかったグループを、あらかじめ分かっているラベルと比べた結果です。", "How the groups found compare with labels that were known beforehand.", ""},
		{"check.outside", "グループ内にあるが、どの作戦にも属さないアカウント", "In groups, but of no operation", ""},
		{"check.outside.note", "ともに行動していることは事実であっても、操作とは限りません。適合率にはこれらも含まれます。", "They do act together, which is no manipulation in itself. Precision counts them.", ""},
		{"sum.outside", "どの作戦にも属さないアカウント：%[1]s", "of no operation: %[1]s", ""},
		{"check.source", "正解の出所", "Source of the truth", ""},
		{"check.note", "NMI と ARI は、見つかったグループの分け方が既知のラベルとどれだけ一致するかを %[1]s アカウントについて表す値です。1 は完全な一致、0 は偶然と同程度を意味します（ARI は負になることもあります）。適合率は見つけたアカウントのうち正しいものの割合、再現率は見つけるべきアカウントのうち見つかったものの割合です。", "NMI and ARI say how well the division into groups matches the known labels over %[1]s accounts: 1 is the same division, 0 is no better than chance (ARI can fall below it). Precision is the share of what was found that is right; recall is the share of what was there that was found.", ""},
		{"precision", "適合率", "Precision", ""},
		{"recall", "再現率", "Recall", ""},
		{"operations", "工作ごとの結果", "Operation by operation", ""},
		{"operation", "工作・ラベル", "Operation or label", ""},
		{"found", "発見", "Found", ""},
		{"missed", "見逃しとその理由", "Missed, and why", ""},
		{"contingency", "グループとラベルの対応", "Groups by labels", ""},
		{"contingency.note", "数はアカウント数です。濃い色ほど、そのグループに占める割合が大きいことを示します。", "Accounts. The darker the cell, the larger its share of the group.", ""},
		{"leftout", "対象から外したもの", "What was left out", ""},
		{"leftout.none", "対象から外したものはありません。", "Nothing was left out.", ""},
		{"reason", "理由", "Reason", ""},
		{"count", "件数", "Count", ""},
		{"examples.short", "例", "Examples", ""},
		{"inputs", "入力", "Inputs", ""},
		{"file", "ファイル", "File", ""},
		{"format", "形式", "Format", ""},
		{"encoding", "文字コード", "Encoding", ""},
		{"bytes", "バイト数", "Bytes", ""},
		{"rows", "行数", "Rows", ""},
		{"bad", "読めない行", "Bad rows", ""},
		{"bad.rows", "読めなかった行", "Rows that could not be read", ""},
		{"params", "設定と処理時間", "Settings and timings", ""},
		{"param", "設定", "Settings", ""},
		{"name", "名称", "Name", ""},
		{"value", "値", "Value", ""},
		{"means", "意味", "Meaning", ""},
		{"phases", "処理時間", "Time taken", ""},
		{"phase", "段階", "Step", ""},
		{"seconds", "秒", "Seconds", ""},
		{"total", "合計", "Total", ""},
		{"reading", "このページの読み方", "How to read this page", ""},
		{"reading.1", "「ともに行動している」ことは、「誰かの指示で動いている」ことを意味しません。このページが示すのは行動の型であり、意図、身元、背後関係ではありません。", "“Acts together with” is not “is an agent of”. This page shows a pattern of behaviour; it does not show intent, identity or who stands behind it.", ""},
		{"reading.2", "同時行動とは、異なるアカウントが同じ対象（URL、文章、画像、ハッシュタグなど）を、定めた時間内に扱うことです。報道、呼びかけ、ファンの活動でも起こります。", "A co-action is two accounts acting on the same object (a link, a text, an image, a hashtag) within a set time. News, appeals and fans cause it too.", ""},
		{"reading.3", "期待値は、各アカウントの活発さと対象の広まり方だけから偶然に起こると見込まれる数です。観測値がこれを大きく上回るほど、偶然では説明しにくくなります。", "The expected number is what chance alone would give, knowing how active each account and how popular each object is. The further the observed number lies above it, the less chance explains.", ""},
		{"reading.4", "q 値は、その値以下の組をすべて採ったときに混じる誤りの割合の見積もりです。0.05 なら、およそ 20 組に 1 組が誤りと見込まれます。", "The q value estimates the share of mistakes among all pairs at or below it: at 0.05, about one pair in twenty is expected to be wrong.", ""},
		{"reading.5", "色と形はグループを区別するためのものです。位置は見やすさのための配置であり、距離そのものに意味はありません。", "Colours and shapes only tell groups apart. Positions are chosen to be readable; distance as such means nothing.", ""},
		{"reading.6", "結論の前に、「反証となる点」と根拠となる投稿を必ず読み、ほかの説明ができないかを確かめてください。", "Before concluding, read what speaks against each group and the posts themselves, and look for another explanation.", ""},
		{"none.title", "グループは見つかりませんでした", "No group was found", ""},
		{"none.text", "検定を通った組からグループができませんでした。時間の幅を広げる、行動の種類を増やす、または入力の期間と件数を確かめてください。対象から外したものは下にあります。", "The pairs past the test form no group. Widen the time window, add behaviours, or check the period and size of the inputs. What was left out is listed below.", ""},
		{"foot", "Akashi %[1]s · 作成日時 %[2]s · %[3]s · アカウント名：%[4]s", "Akashi %[1]s · made %[2]s · %[3]s · accounts shown %[4]s", ""},
		{"foot.named", "実名（プラットフォーム上の名称）", "by name", ""},
		{"foot.pseudonym", "仮名", "by pseudonym", ""},
		{"js.all", "すべて表示（%[1]s 行）", "Show all %[1]s rows", ""},
		{"js.few", "20 行だけ表示", "Show the first 20 rows", ""},
		{"js.drawn", "%[1]s / %[2]s 組を表示", "%[1]s of %[2]s pairs shown", ""},
		{"js.node", "%[1]s · %[2]s · 相手 %[3]s", "%[1]s · %[2]s · %[3]s partners shown", ""},
		{"js.edge", "%[1]s – %[2]s：強さ %[3]s、q = %[4]s", "%[1]s – %[2]s: strength %[3]s, q = %[4]s", ""},
		{"js.nogroup", "グループなし", "no group", ""},
		{"js.group", "%[1]s · %[2]s アカウント", "%[1]s · %[2]s accounts", ""},
		{"js.opened", "%[1]s を開きました", "%[1]s is open", ""},
		{"behaviour.url", "同じ URL", "Same link", ""},
		{"behaviour.domain", "同じドメイン", "Same domain", ""},
		{"behaviour.hashtag", "同じハッシュタグ", "Same hashtag", ""},
		{"behaviour.hashtag-sequence", "同じハッシュタグの並び", "Same hashtag sequence", ""},
		{"behaviour.repost", "同じ投稿の再投稿", "Repost of the same post", ""},
		{"behaviour.reply", "同じ投稿への返信", "Reply to the same post", ""},
		{"behaviour.mention", "同じ相手への言及", "Mention of the same account", ""},
		{"behaviour.text", "同じ文章", "Same text", ""},
		{"behaviour.image", "同じ画像", "Same image", ""},
		{"phase.read", "読み込み", "Read", ""},
		{"phase.traces", "行動の抽出", "Traces", ""},
		{"phase.pairs", "組の計数", "Pairs", ""},
		{"phase.test", "検定", "Test", ""},
		{"phase.groups", "グループ化", "Groups", ""},
		{"phase.report", "根拠の整理", "Evidence", ""},
		{"phase.layout", "配置", "Layout", ""},
		{"phase.write", "書き出し", "Write", ""},
		{"sum.none", "偶然で説明できる範囲を超えてともに行動するグループは見つかりませんでした。", "No group acts together more often than chance explains.", ""},
		{"sum.read", "読み込み：%[1]s ファイル、%[2]s 行、投稿 %[3]s 件、アカウント %[4]s（読めない行 %[5]s）", "Read: %[1]s files, %[2]s rows, %[3]s posts by %[4]s accounts (%[5]s bad rows)", "Read: %[1]s file, %[2]s rows, %[3]s posts by %[4]s accounts (%[5]s bad rows)"},
		{"sum.found", "検出：同時行動 %[2]s、組 %[3]s、検定を通った組 %[4]s、グループ %[1]s", "Found: %[2]s co-actions, %[3]s pairs, %[4]s past the test, %[1]s groups", "Found: %[2]s co-actions, %[3]s pairs, %[4]s past the test, %[1]s group"},
		{"sum.group", "%[2]s（%[1]s アカウント、観測 %[3]s/期待 %[4]s）", "%[2]s (%[1]s accounts, observed %[3]s, expected %[4]s)", "%[2]s (%[1]s account, observed %[3]s, expected %[4]s)"},
		{"sum.more", "ほか %[1]s グループ", "… and %[1]s more groups", "… and one more group"},
		{"sum.check", "正解との照合：適合率 %[1]s、再現率 %[2]s、NMI %[3]s、ARI %[4]s", "Against known truth: precision %[1]s, recall %[2]s, NMI %[3]s, ARI %[4]s", ""},
		{"sum.op", "%[1]s：%[2]s 中 %[3]s を発見（適合率 %[4]s、再現率 %[5]s）", "%[1]s: %[3]s of %[2]s found (precision %[4]s, recall %[5]s)", ""},
		{"sum.missed", "、見逃し %[1]s（%[2]s）", "; missed %[1]s: %[2]s", ""},
		{"sum.missed.most", "、見逃し %[1]s（うち %[2]s は%[3]s）", "; missed %[1]s, %[2]s of them: %[3]s", ""},
		{"sum.ops.more", "ほか %[1]s 件の工作・ラベル", "… and %[1]s more operations or labels", "… and one more operation or label"},
		{"sum.left", "対象から外したもの:", "Left out:", ""},
		{"sum.left.more", "ほか %[1]s 件の理由", "… and %[1]s more reasons", "… and one more reason"},
		{"sum.synthetic", "注意：架空データを含みます。", "Note: holds made-up data.", ""},
	}
}

// words is the catalogue ready for use: by key, and as markup in both languages.
type words struct {
	byKey  map[string]word
	markup map[string]template.HTML
	labels map[string]template.HTMLAttr
}

// loadWords indexes the catalogue once.
var loadWords = sync.OnceValue(func() *words {
	list := catalogue()
	w := &words{
		byKey:  make(map[string]word, len(list)),
		markup: make(map[string]template.HTML, len(list)),
		labels: make(map[string]template.HTMLAttr, len(list)),
	}
	for _, e := range list {
		w.byKey[e.key] = e
		w.markup[e.key] = both(e.ja, e.en)
		w.labels[e.key] = template.HTMLAttr(` aria-label="` + html.EscapeString(e.ja) + `"`)
	}
	return w
})

// both marks the same words in Japanese and in English; the style sheet shows
// the one that the reader chose. Equal words are written once. The element is
// the shortest there is: a large page holds ten thousand of them.
func both(ja, en string) template.HTML {
	if ja == en {
		return template.HTML(html.EscapeString(ja))
	}
	return template.HTML(`<i lang=ja>` + html.EscapeString(ja) + `</i><i lang=en>` + html.EscapeString(en) + `</i>`)
}

// text is the entry in one language. A missing key shows itself.
func (w *words) text(lang, key string) string {
	e, ok := w.byKey[key]
	switch {
	case !ok:
		return key
	case lang == "ja":
		return e.ja
	}
	return e.en
}

// say fills the entry's verbs in one language. The first argument decides
// between the English singular and plural.
func (w *words) say(lang, key string, args ...any) string {
	e := w.byKey[key]
	form := e.en
	if lang == "ja" {
		form = e.ja
	} else if e.one != "" && len(args) > 0 && args[0] == "1" {
		form = e.one
	}
	return fmt.Sprintf(form, args...)
}

// sayBoth fills the entry's verbs in both languages.
func (w *words) sayBoth(key string, args ...any) template.HTML {
	return both(w.say("ja", key, args...), w.say("en", key, args...))
}

// named is the entry under prefix.name, or the name itself where there is none.
func (w *words) named(prefix, name string) template.HTML {
	if m, ok := w.markup[prefix+"."+name]; ok {
		return m
	}
	return template.HTML(html.EscapeString(clean(name, 60)))
}

// sentence shows a sentence in every language it comes in.
func sentence(s Sentence) template.HTML {
	ja, en := clean(s["ja"], 1000), clean(s["en"], 1000)
	switch {
	case ja == "" && en == "":
		return ""
	case ja == "":
		return template.HTML(`<span lang="en">` + html.EscapeString(en) + `</span>`)
	case en == "":
		return template.HTML(`<span lang="ja">` + html.EscapeString(ja) + `</span>`)
	}
	return both(ja, en)
}
