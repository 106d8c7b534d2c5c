package query

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// FieldInfo describes what may stand before a colon, for help and completion.
type FieldInfo struct {
	// Name is what Format writes; Aliases are understood too.
	Name    string
	Aliases []string
	// Values are all values there are; nil where any value may stand.
	Values []string
	// Ja and En say what is asked for, in a few words.
	Ja, En string

	field Field // empty for after and before
}

// The names of the two conditions on time, which are no fields.
const (
	afterName  = "after"
	beforeName = "before"
)

// fieldInfos are all fields, in the order of the help.
var fieldInfos = []FieldInfo{
	{Name: string(Platform), Aliases: []string{"source", "プラットフォーム", "媒体"}, field: Platform,
		Ja: "投稿されたプラットフォーム", En: "the platform it was posted on"},
	{Name: string(Lang), Aliases: []string{"language", "言語"}, field: Lang,
		Ja: "言語（例：ja、en、zh）", En: "the language, such as ja, en, zh"},
	{Name: afterName, Aliases: []string{"since", "以降"},
		Ja: "この日時以降（例：2026-11-01、7d）", En: "at this time or later, such as 2026-11-01 or 7d"},
	{Name: beforeName, Aliases: []string{"until", "より前"},
		Ja: "この日時より前（例：2026-12-01、12h）", En: "before this time, such as 2026-12-01 or 12h"},
	{Name: string(Account), Aliases: []string{"from", "アカウント"}, field: Account,
		Ja: "発信アカウントの仮名", En: "the pseudonym of the account that posted it"},
	{Name: string(Channel), Aliases: []string{"チャンネル"}, field: Channel,
		Ja: "投稿先のチャンネル・ページの識別子", En: "the id of the channel or page it appeared in"},
	{Name: string(Hashtag), Aliases: []string{"tag", "タグ"}, field: Hashtag,
		Ja: "ハッシュタグ（#語 とも入力可）", En: "a hashtag, also written #word"},
	{Name: string(Domain), Aliases: []string{"site", "ドメイン"}, field: Domain,
		Ja: "リンク先のドメイン", En: "the domain of a link"},
	{Name: string(URL), Aliases: []string{"link"}, field: URL,
		Ja: "リンク先のアドレス", En: "the address of a link"},
	{Name: string(Mention), Aliases: []string{"メンション"}, field: Mention,
		Ja: "言及されたアカウントの仮名", En: "the pseudonym of an account it names"},
	{Name: string(Type), Aliases: []string{"種類"}, field: Type,
		Values: []string{"post", "repost", "reply", "quote"},
		Ja:     "投稿の種類（投稿、再投稿、返信、引用）", En: "the kind of post"},
	{Name: string(Has), Aliases: []string{"有"}, field: Has,
		Values: []string{"link", "media", "hashtag", "mention", "text"},
		Ja:     "投稿に含まれるもの（リンク、画像・動画、ハッシュタグ、メンション、本文）", En: "what the post contains"},
	{Name: string(State), Aliases: []string{"is", "状態"}, field: State,
		Values: []string{"deleted", "edited", "synthetic"},
		Ja:     "投稿の状態（削除済み、編集済み、演習用）", En: "the state of the post: deleted, edited, made up for an exercise"},
	{Name: string(Source), Aliases: []string{"import", "取込"}, field: Source,
		Ja: "投稿をもたらした取り込み・収集元", En: "the import or collector that brought the post"},
	{Name: string(ID), field: ID,
		Ja: "プラットフォーム上の投稿 ID", En: "the platform's own id of the post"},
}

// Fields lists what may stand before a colon, in the order of the help.
func Fields() []FieldInfo {
	out := slices.Clone(fieldInfos)
	for i := range out {
		out[i].Aliases = slices.Clone(out[i].Aliases)
		out[i].Values = slices.Clone(out[i].Values)
	}
	return out
}

// fieldNamed finds a field by name or alias, in any case and width.
func fieldNamed(name string) (FieldInfo, bool) {
	name = strings.ToLower(norm.NFKC.String(name))
	for _, f := range fieldInfos {
		if f.Name == name || slices.Contains(f.Aliases, name) {
			return f, true
		}
	}
	return FieldInfo{}, false
}

// nearestField gives the known name that is most like the given one.
func nearestField(name string) string {
	var names []string
	for _, f := range fieldInfos {
		names = append(names, f.Name)
		names = append(names, f.Aliases...)
	}
	return nearest(strings.ToLower(norm.NFKC.String(name)), names)
}

// nearest gives the first of the names at the least distance.
func nearest(name string, names []string) string {
	best, least := "", 0
	for _, n := range names {
		if d := distance([]rune(name), []rune(n)); best == "" || d < least {
			best, least = n, d
		}
	}
	return best
}

// longestName is how much of a name is compared; no known one is as long.
const longestName = 32

// distance is the edit distance of Levenshtein (1965), of the first characters.
func distance(a, b []rune) int {
	a, b = a[:min(len(a), longestName)], b[:min(len(b), longestName)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			change := diagonal
			if x != y {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
