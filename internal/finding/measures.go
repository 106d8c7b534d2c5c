package finding

import (
	"fmt"
	"math"
	"strconv"

	"github.com/akashi-project/akashi/internal/group"
	"github.com/akashi-project/akashi/internal/report"
)

// Three numbers order the inbox. Each is in 0…1 and comes with its parts, which
// are all that it is computed from:
//
//	risk    = 0.30·significance + 0.25·size + 0.20·reach + 0.15·breadth + 0.10·spread
//	          significance  log₁₀(occasions / expected) / 4, expected at least 0.01
//	          size          ln(accounts) / ln(1000)
//	          reach         ln(1 + posts) / ln(1 + 10,000)
//	          breadth       behaviours / 4, of those on a fifth of the edges or more
//	          spread        (platforms + languages − 2) / 4
//	novelty = age · (0.60·accounts + 0.40·objects)
//	          accounts      share that no finding made by an earlier run holds
//	          objects       share of the strongest objects (12 at most) that none holds
//	          age           2^(−days since it was first seen / 14)
//	tempo   = now / (now + past + 1/24)
//	          now           posts an hour in the last 24 hours of the scope
//	          past          posts an hour from the group's first post until then
//
// Each part is cut to 0…1. "Days since" and "the last 24 hours" are counted to
// the last trace of the scope, so that the same posts give the same numbers on
// any day. The weights are a judgement, not a measurement: they say what an
// analyst should look at first and nothing about who is behind it. They stand
// here, in one place, to be argued with.

// Measure is a number in 0…1 with the parts that it is computed from.
type Measure struct {
	Value float64 `json:"value"`
	Parts []Part  `json:"parts"`
}

// Part is one thing that a measure is computed from.
type Part struct {
	Name PartName `json:"name"`
	// Raw is what was counted; Value what it comes to, in 0…1; Weight how
	// much of the measure it is, 0 for a factor.
	Raw    float64 `json:"raw"`
	Value  float64 `json:"value"`
	Weight float64 `json:"weight,omitempty"`
}

// PartName names a part of a measure.
type PartName string

// The parts.
const (
	PartSignificance PartName = "significance" // Raw: occasions by expected
	PartSize         PartName = "size"         // Raw: accounts
	PartReach        PartName = "reach"        // Raw: posts
	PartBreadth      PartName = "breadth"      // Raw: behaviours
	PartSpread       PartName = "spread"       // Raw: platforms and languages together
	PartAccounts     PartName = "new-accounts" // Raw: accounts in no earlier finding
	PartObjects      PartName = "new-objects"  // Raw: objects in no earlier finding
	PartAge          PartName = "age"          // Raw: days since first seen
	PartNow          PartName = "now"          // Raw: posts an hour
	PartPast         PartName = "past"         // Raw: posts an hour
)

// Means says in a sentence what the part says, by language.
func (p Part) Means() report.Sentence {
	n := group.Thousands(int64(math.Round(p.Raw)))
	switch p.Name {
	case PartSignificance:
		x := figure(p.Raw)
		return report.Sentence{
			"en": fmt.Sprintf("The accounts met %s times as often as activity and popularity would give; 10,000 times or more counts in full.", x),
			"ja": fmt.Sprintf("同時行動の機会は、活動量と人気から見込まれる回数の%s倍です(1万倍以上で満点)。", x),
		}
	case PartSize:
		return report.Sentence{
			"en": fmt.Sprintf("The group has %s accounts; 1,000 or more count in full.", n),
			"ja": fmt.Sprintf("グループのアカウント数は%s件です(1,000件以上で満点)。", n),
		}
	case PartReach:
		return report.Sentence{
			"en": fmt.Sprintf("The group published %s such posts; 10,000 or more count in full.", n),
			"ja": fmt.Sprintf("該当する投稿は%s件です(1万件以上で満点)。", n),
		}
	case PartBreadth:
		return report.Sentence{
			"en": fmt.Sprintf("Kinds of behaviour that a fifth of the pairs or more share: %s; four or more count in full.", n),
			"ja": fmt.Sprintf("組の2割以上に共通する行動は%s種類です(4種類以上で満点)。", n),
		}
	case PartSpread:
		return report.Sentence{
			"en": fmt.Sprintf("Platforms and languages together: %s; six or more count in full.", n),
			"ja": fmt.Sprintf("プラットフォームと言語は合わせて%s種類です(6種類以上で満点)。", n),
		}
	case PartAccounts:
		return report.Sentence{
			"en": fmt.Sprintf("Accounts that no earlier finding holds: %s.", n),
			"ja": fmt.Sprintf("以前の検出結果に現れていないアカウントは%s件です。", n),
		}
	case PartObjects:
		return report.Sentence{
			"en": fmt.Sprintf("Main objects that no earlier finding holds: %s.", n),
			"ja": fmt.Sprintf("以前の検出結果に現れていない主な対象は%s件です。", n),
		}
	case PartAge:
		return report.Sentence{
			"en": fmt.Sprintf("Days since the group was first seen: %s. Novelty halves every 14 days.", figure(p.Raw)),
			"ja": fmt.Sprintf("初めて検出されてから%s日が経過しています(14日ごとに半減)。", figure(p.Raw)),
		}
	case PartNow:
		return report.Sentence{
			"en": fmt.Sprintf("Posts an hour over the last 24 hours: %s.", figure(p.Raw)),
			"ja": fmt.Sprintf("直近24時間の投稿は1時間当たり%s件です。", figure(p.Raw)),
		}
	case PartPast:
		return report.Sentence{
			"en": fmt.Sprintf("Posts an hour before that: %s.", figure(p.Raw)),
			"ja": fmt.Sprintf("それ以前の投稿は1時間当たり%s件です。", figure(p.Raw)),
		}
	}
	return report.Sentence{"en": string(p.Name), "ja": string(p.Name)}
}

// figure writes a number to two digits, larger ones in whole.
func figure(x float64) string {
	if x >= 10 {
		return group.Thousands(int64(math.Round(x)))
	}
	return strconv.FormatFloat(rounded(x, 2), 'f', -1, 64)
}

func rounded(x float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(x*scale) / scale
}

// weighted sums parts by their weights.
func weighted(parts ...Part) Measure {
	m := Measure{Parts: parts}
	for i := range parts {
		parts[i].Value = rounded(min(max(parts[i].Value, 0), 1), 4)
		m.Value += parts[i].Weight * parts[i].Value
	}
	m.Value = rounded(m.Value, 4)
	return m
}

// riskOf computes the risk of a group.
func riskOf(accounts int, posts, occasions int64, expected float64, behaviours, kinds int) Measure {
	beyond := float64(occasions) / max(expected, 0.01)
	return weighted(
		Part{PartSignificance, beyond, math.Log10(max(beyond, 1)) / 4, 0.30},
		Part{PartSize, float64(accounts), math.Log(float64(max(accounts, 1))) / math.Log(1000), 0.25},
		Part{PartReach, float64(posts), math.Log1p(float64(posts)) / math.Log1p(10_000), 0.20},
		Part{PartBreadth, float64(behaviours), float64(behaviours) / 4, 0.15},
		Part{PartSpread, float64(kinds), float64(kinds-2) / 4, 0.10},
	)
}

// noveltyOf computes the novelty of a group of which so many accounts and
// objects are in no finding made by an earlier run.
func noveltyOf(accounts, freshAccounts, objects, freshObjects int, days float64) Measure {
	share := func(part, all int) float64 { return float64(part) / float64(max(all, 1)) }
	days = max(days, 0)
	m := weighted(
		Part{PartAccounts, float64(freshAccounts), share(freshAccounts, accounts), 0.60},
		Part{PartObjects, float64(freshObjects), share(freshObjects, objects), 0.40},
	)
	age := Part{Name: PartAge, Raw: rounded(days, 2), Value: rounded(math.Exp2(-days/14), 4)}
	m.Value = rounded(m.Value*age.Value, 4)
	m.Parts = append(m.Parts, age)
	return m
}

// tempoOf computes the tempo of a group from its posts of the last 24 hours,
// those before, and how many hours these took.
func tempoOf(recent, before int64, hours float64) Measure {
	now := float64(recent) / 24
	past := 0.0
	if before > 0 {
		past = float64(before) / max(hours, 1)
	}
	v := rounded(now/(now+past+1.0/24), 4)
	return Measure{Value: v, Parts: []Part{
		{Name: PartNow, Raw: rounded(now, 3), Value: rounded(now/(now+1.0/24), 4)},
		{Name: PartPast, Raw: rounded(past, 3), Value: rounded(past/(past+1.0/24), 4)},
	}}
}
