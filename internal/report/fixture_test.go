package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// story is what a group of the fixture says, all of it made up.
type story struct {
	lang, platform, behaviour, object string
	texts                             [2]string
	why, counter                      Sentence
}

func stories() []story {
	return []story{
		{"ja", "x", "text", "m-0041", [2]string{
			"【拡散希望】海辺市の水道水から基準の40倍の物質が出たと研究者が証言。市はなぜ黙っているのか。 https://news.example/umibe #海辺市の水",
			"【拡散希望】海辺市の水道水から基準の40倍の物質が出たと研究者が証言した。市はなぜ黙っている？ https://news.example/umibe #海辺市の水",
		}, Sentence{
			"ja": "24 アカウントが、ほぼ同じ文章 61 件を中央値 14 秒の差で投稿しました。偶然なら 9.3 件と見込まれます。",
			"en": "24 accounts posted 61 near-identical texts a median of 14 seconds apart; chance would give 9.3.",
		}, Sentence{
			"ja": "対象のうち 11 件は報道機関の記事の見出しで、共有ボタンからの投稿でも同じ文章になります。これらを除いても観測値は期待値の 5.1 倍です。",
			"en": "Eleven of the objects are headlines of news articles, which a share button also copies word for word. Without them the observed number is still 5.1 times the expected one.",
		}},
		{"ru", "telegram", "url", "https://novosti.example/2026/10/voda", [2]string{
			"Власти скрывают правду о воде в городе Умибэ. Читайте расследование: https://novosti.example/2026/10/voda",
			"Правду о воде в Умибэ скрывают! Расследование здесь: https://novosti.example/2026/10/voda",
		}, Sentence{
			"ja": "17 のチャンネルが、同じ URL 38 件を中央値 3.5 分の差で共有しました。偶然なら 6.0 件と見込まれます。",
			"en": "17 channels shared 38 of the same links a median of 3.5 minutes apart; chance would give 6.0.",
		}, Sentence{
			"ja": "5 つのチャンネルは同じ発行元のものと公表しており、同じ記事を載せるのは自然です。",
			"en": "Five of the channels say openly that one publisher runs them; that they carry the same articles is no surprise.",
		}},
		{"zh", "weibo", "hashtag-sequence", "#海边市 #自来水 #真相", [2]string{
			"海边市自来水超标四十倍，官方为何沉默？#海边市 #自来水 #真相",
			"超标四十倍！海边市自来水怎么了？#海边市 #自来水 #真相",
		}, Sentence{
			"ja": "12 アカウントが、同じハッシュタグの並び 9 種を同じ順序で使いました。偶然なら 1.2 種と見込まれます。",
			"en": "12 accounts used the same 9 sequences of hashtags in the same order; chance would give 1.2.",
		}, Sentence{
			"ja": "並びのうち 3 種はテレビ番組が呼びかけたものです。",
			"en": "A television programme asked its viewers to use three of the sequences.",
		}},
		{"en", "bluesky", "repost", "at://did:plc:made-up/app.bsky.feed.post/3kxy", [2]string{
			"Umibe city council meeting tonight at 19:00: agenda and live stream below.",
			"Tonight 19:00: Umibe city council, agenda and live stream.",
		}, Sentence{
			"ja": "7 アカウントが、同じ投稿 5 件を中央値 48 秒の差で再投稿しました。偶然なら 1.9 件と見込まれます。",
			"en": "7 accounts reposted the same 5 posts a median of 48 seconds apart; chance would give 1.9.",
		}, Sentence{
			"ja": "活発さだけでも説明できる可能性があります。観測値と期待値の差は小さく、対象は市の公式発表です。",
			"en": "Activity alone may explain it: the numbers are close, and the objects are the city's own announcements.",
		}},
	}
}

// fixture is a small invented report: four groups, about sixty accounts.
func fixture() *Report {
	start := time.Date(2026, 10, 3, 0, 0, 0, 0, time.UTC)
	r := &Report{
		Schema: "akashi-report/1", Version: "0.1.0", Generated: time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC),
		Title: "海辺市の水道水をめぐる投稿(試験データ)", Synthetic: true, Marking: "TLP:AMBER",
		Inputs: []Input{
			{File: "umibe-x.csv", Format: "csv", Encoding: "UTF-8", Bytes: 18_734_112, Rows: 48_213, Posts: 48_190, Bad: 23, First: start, Last: start.Add(14 * 24 * time.Hour), Reasons: []string{
				"umibe-x.csv:1042: time: expected RFC 3339, found \"昨日\"", "umibe-x.csv:20177: 9 fields, expected 11",
			}},
			{File: "umibe-telegram.ndjson.gz", Format: "ndjson", Encoding: "UTF-8", Bytes: 2_204_981, Rows: 7_731, Posts: 7_731, First: start.Add(3 * time.Hour), Last: start.Add(13 * 24 * time.Hour)},
		},
		Params: []Param{
			{"window", "1m0s", Sentence{"ja": "この時間内に同じ対象を扱えば同時行動と数えます。", "en": "Acting on the same object within this time counts as a co-action."}},
			{"q", "0.05", Sentence{"ja": "検定を通す q 値の上限です。", "en": "The highest q at which a pair passes the test."}},
			{"max-object", "200", Sentence{"ja": "これより多いアカウントが扱った対象は組に数えません。", "en": "Objects that more accounts than this acted on form no pairs."}},
			{"seed", "1", Sentence{"ja": "グループ化と配置の乱数の種です。", "en": "The seed of grouping and layout."}},
		},
		Counts: Counts{Posts: 55_921, Accounts: 8_412, Traces: 143_208, Objects: 39_977, Pairs: 218_340, Edges: 9_128, Significant: 412, Groups: 4},
		LeftOut: []LeftOut{
			{Sentence{"ja": "人気が上限を超えた対象です。", "en": "Objects above the popularity ceiling."}, 14, []string{"#海辺市", "https://weather.example/"}},
			{Sentence{"ja": "読めなかった行です。", "en": "Rows that could not be read."}, 23, []string{"umibe-x.csv:1042"}},
			{Sentence{"ja": "時刻が日単位までしかなく、時間差を測れない投稿です。", "en": "Posts whose time is known to the day only."}, 1_204, nil},
		},
		Phases: []Phase{{"read", 0.412}, {"traces", 0.233}, {"pairs", 0.618}, {"test", 0.094}, {"groups", 0.051}, {"layout", 0.120}, {"write", 0.031}},
		Check: &Check{
			Source: "scenario umibe-2026, planted operations", Precision: 0.917, Recall: 0.8462, NMI: 0.871, ARI: 0.845, Compared: 60,
			Operations: []Operation{
				{"op-mizu", 26, 24, []string{"G1"}, 1, 0.923, []Missed{{Sentence{"ja": "期間中の投稿が 3 件未満でした。", "en": "They posted fewer than three times."}, 2}}},
				{"op-voda", 20, 15, []string{"G2"}, 0.882, 0.75, []Missed{{Sentence{"ja": "時間差が設定より長く開いていました。", "en": "They acted further apart than the window."}, 4}, {Sentence{"ja": "人気の上限を超えた対象だけを扱いました。", "en": "They acted only on objects above the ceiling."}, 1}}},
				{"op-zhenxiang", 12, 12, []string{"G3"}, 1, 1, nil},
			},
			Labels: []string{"op-mizu", "op-voda", "op-zhenxiang", "(none)"},
			Table:  [][]int64{{24, 0, 0, 0}, {0, 15, 0, 2}, {0, 0, 12, 0}, {0, 0, 0, 7}},
		},
	}
	rng := rand.New(rand.NewPCG(1, 2))
	centre := [][2]float64{{0.25, 0.36}, {0.72, 0.3}, {0.62, 0.74}, {0.2, 0.8}}
	size := []int{24, 17, 12, 7}
	ops := []string{"op-mizu", "op-voda", "op-zhenxiang", ""}
	for g, s := range stories() {
		gr := Group{
			ID: fmt.Sprintf("G%d", g+1), Why: s.why, Counter: s.counter,
			Edges: int64(size[g] * 6), CoActions: int64(size[g] * 31), Expected: []float64{41.2, 22.7, 3.4, 1.9}[g], Occasions: []int64{388, 141, 63, 5}[g],
			MedianGap: []float64{14, 210, 31, 48}[g], First: start.Add(time.Duration(g) * 20 * time.Hour), Last: start.Add(time.Duration(200+g*30) * time.Hour), Truth: ops[g],
			Behaviours: []Layer{{s.behaviour, int64(size[g] * 5), int64(size[g] * 25), int64(61 - g*14)}, {"hashtag", int64(size[g]), int64(size[g] * 6), int64(11 - g)}},
			Timeline:   Timeline{Start: start, Bin: 6 * 3600},
		}
		base := len(r.Network.Nodes)
		for i := range size[g] {
			name := fmt.Sprintf("acc-%06x", rng.IntN(1<<24))
			gr.Accounts = append(gr.Accounts, Member{name, int64(12 + rng.IntN(400)), math.Round(1e3/(1+float64(i)*0.2)) / 1e3, 4 + rng.IntN(9), ops[g]})
			a, d := rng.Float64()*2*math.Pi, math.Sqrt(rng.Float64())*0.022*math.Sqrt(float64(size[g]))
			r.Network.Nodes = append(r.Network.Nodes, Node{name, g, centre[g][0] + d*math.Cos(a), centre[g][1] + d*math.Sin(a)*1.2, gr.Accounts[i].Score})
		}
		for k := range size[g] * 6 {
			a, b := base+rng.IntN(size[g]), base+rng.IntN(size[g])
			if a == b {
				continue
			}
			n := 2 + rng.IntN(30)
			r.Network.Edges = append(r.Network.Edges, Edge{A: a, B: b, Weight: math.Round(rng.Float64()*1200)/100 + 1, Q: math.Pow(10, -1.4-float64(k%50)/4), Note: Sentence{
				"ja": fmt.Sprintf("%s と %s は %d 件の対象を中央値 %d 秒の差で扱いました。", r.Network.Nodes[a].Label, r.Network.Nodes[b].Label, n, 3+n),
				"en": fmt.Sprintf("%s and %s acted on %d of the same objects, a median of %d s apart.", r.Network.Nodes[a].Label, r.Network.Nodes[b].Label, n, 3+n),
			}})
		}
		for i := range 56 {
			v := int64(rng.IntN(6))
			if i/8 == 2+g/2 {
				v += int64(20 + rng.IntN(60))
			}
			gr.Timeline.Posts = append(gr.Timeline.Posts, v)
			gr.Timeline.CoActions = append(gr.Timeline.CoActions, v*v/9)
		}
		for i := range 26 - g*6 {
			gr.Objects = append(gr.Objects, Object{[]string{s.behaviour, "hashtag"}[i%2], fmt.Sprintf("%s-%02d", s.object, i), int64(max(2, size[g]-i)), int64(size[g] + i*3), int64(300/(i+1) + 2)})
		}
		for i := range 2 {
			at := start.Add(time.Duration(66+g*5+i) * time.Hour)
			gap := []float64{14, 210, 31, 48}[g] + float64(i)
			gr.Examples = append(gr.Examples, Example{s.behaviour, s.object, gap, [2]Excerpt{
				{gr.Accounts[i].Account, s.platform, fmt.Sprint(1700000 + i), at, s.lang, s.texts[0], fmt.Sprintf("umibe-x.csv:%d", 4021+i), true},
				{gr.Accounts[i+3].Account, s.platform, fmt.Sprint(1700090 + i), at.Add(time.Duration(gap) * time.Second), s.lang, s.texts[1], fmt.Sprintf("umibe-x.csv:%d", 4077+i), true},
			}})
		}
		r.Groups = append(r.Groups, gr)
	}
	r.Network.LeftNodes, r.Network.LeftEdges = 31, 74
	return r
}

// large is a report of n accounts and m pairs in k groups, for speed and size.
func large(n, m, k int) *Report {
	r := fixture()
	rng := rand.New(rand.NewPCG(3, 4))
	form := r.Groups[0]
	r.Groups, r.Network = nil, Network{}
	r.Check.Table, r.Check.Labels = nil, nil
	for g := range k {
		gr := form
		gr.ID, gr.Accounts = fmt.Sprintf("G%d", g+1), nil
		cx, cy := 0.5+0.42*math.Cos(float64(g)*2.4)*math.Sqrt(float64(g+1)/float64(k)), 0.5+0.42*math.Sin(float64(g)*2.4)*math.Sqrt(float64(g+1)/float64(k))
		for i := range n / k {
			name := fmt.Sprintf("acc-%06x", rng.IntN(1<<24))
			gr.Accounts = append(gr.Accounts, Member{name, int64(rng.IntN(900)), rng.Float64(), 1 + i%40, ""})
			r.Network.Nodes = append(r.Network.Nodes, Node{name, g, cx + rng.NormFloat64()*0.02, cy + rng.NormFloat64()*0.02, rng.Float64()})
		}
		r.Groups = append(r.Groups, gr)
	}
	for range m {
		a := rng.IntN(len(r.Network.Nodes))
		b := a/(n/k)*(n/k) + rng.IntN(n/k)
		if rng.IntN(40) == 0 {
			b = rng.IntN(len(r.Network.Nodes))
		}
		c := 2 + rng.IntN(50)
		r.Network.Edges = append(r.Network.Edges, Edge{A: a, B: b, Weight: rng.ExpFloat64() * 4, Q: math.Pow(10, -1.3-rng.Float64()*12), Note: Sentence{
			"ja": fmt.Sprintf("%d 件の対象を中央値 %d 秒の差で扱いました(同じ URL %d 件)。", c, 1+c*2, c/2),
			"en": fmt.Sprintf("%d objects in common, a median of %d s apart (same link: %d).", c, 1+c*2, c/2),
		}})
	}
	return r
}
