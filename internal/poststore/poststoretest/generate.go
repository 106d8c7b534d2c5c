package poststoretest

import (
	"math/rand/v2"
	"sort"
	"strconv"
	"time"

	"github.com/akashi-project/akashi/internal/post"
)

// GenerateStart and GenerateSpan are when the posts of [Generate] were published:
// evenly, in order, over so long from so many on.
var GenerateStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

// GenerateSpan is the time over which [Generate] spreads its posts.
const GenerateSpan = 300 * 24 * time.Hour

// generatePart is how many posts Generate yields at once.
const generatePart = 20_000

// Generate makes n posts, completed as normalise.Post does, and gives them to
// yield in slices of twenty thousand, in the order of time. The slices and what
// they refer to are not used again. The same seed gives the same posts.
//
// Texts have about 120 characters in one of six languages, whose words are made
// up of their syllables and have Zipf's frequencies; two posts in five have a
// link, as many have hashtags, one in three a mention. Raw records are JSON of
// about 400 bytes. There is an account for each twenty posts, of Zipf's activity.
func Generate(seed uint64, n int, yield func([]post.Post)) {
	g := newGenerator(seed, n)
	for at := 0; at < n; at += generatePart {
		posts := make([]post.Post, min(generatePart, n-at))
		for i := range posts {
			g.post(&posts[i], at+i)
		}
		yield(posts)
	}
}

// Word gives the word of a rank, from 0 on, in a language of [Generate]: "ja",
// "en", "ru", "zh", "ko" or "ar". Word 0 is in about every second post of the
// language, word r about r+1 times rarer.
func Word(seed uint64, lang string, rank int) string {
	for i := range tongues {
		if tongues[i].tag == lang {
			return vocabulary(seed, i)[rank]
		}
	}
	return ""
}

// tongue is a language to make up.
type tongue struct {
	tag   string
	share int // of a hundred
	gap   string
	parts []string // syllables or characters
	least int      // of them in a word
	most  int
	words int // in a post
}

var tongues = [...]tongue{ //nolint:gochecknoglobals // a constant
	{"ja", 30, "", han("処理水条約放出海洋政府発表外務省会談首脳核燃料東京北海道沖縄基地米軍中国韓国台湾日本新聞報道記者"), 2, 4, 34},
	{"en", 25, " ", latin("ba ter ing con pre ly na ti on ed fu ku shi ma wa re lea se gov ern ment min is try of the"), 1, 4, 17},
	{"ru", 15, " ", latin("во да ни ка ет ся при за по го вор пре ми нис тр мос ква но сти ра бо та"), 1, 4, 15},
	{"zh", 15, "", han("的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过"), 2, 4, 34},
	{"ko", 10, " ", han("가나다라마바사아자차카타파하일본한국정부오염수방류외교부대통령"), 2, 4, 25},
	{"ar", 5, " ", latin("ما ء بح ال حك ومة نو وي يا با ن رو سيا ست قر ار"), 2, 4, 17},
}

func han(s string) []string {
	var out []string
	for _, r := range s {
		out = append(out, string(r))
	}
	return out
}

func latin(s string) []string {
	var out []string
	at := 0
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == ' ' {
			out = append(out, s[at:i])
			at = i + 1
		}
	}
	return out
}

// vocabularySize is how many words a language has.
const vocabularySize = 50_000

// vocabulary makes up the words of a language, all different.
func vocabulary(seed uint64, i int) []string {
	l := &tongues[i]
	r := rand.New(rand.NewPCG(seed, uint64(100+i))) //nolint:gosec // the same numbers again
	have := make(map[string]bool, vocabularySize)
	out := make([]string, 0, vocabularySize)
	for len(out) < vocabularySize {
		w := ""
		for range l.least + r.IntN(l.most-l.least+1) {
			w += l.parts[r.IntN(len(l.parts))]
		}
		if have[w] { // make it rarer and longer
			w += l.parts[r.IntN(len(l.parts))]
		}
		if !have[w] {
			have[w] = true
			out = append(out, w)
		}
	}
	return out
}

// zipf draws ranks with frequencies of 1/(rank+1), by a table of their sums.
type zipf []uint32

func newZipf(n int) zipf {
	sums := make([]float64, n)
	total := 0.0
	for i := range sums {
		total += 1 / float64(i+1)
		sums[i] = total
	}
	// A draw is one look into a table of 2^16 quantiles; beyond its grain ranks
	// are drawn evenly.
	z := make(zipf, 1<<16+1)
	for i := range z {
		z[i] = uint32(sort.SearchFloat64s(sums, total*float64(i)/(1<<16))) //nolint:gosec // ranks are small
	}
	z[1<<16] = min(z[1<<16], uint32(n-1)) //nolint:gosec // ranks are small
	return z
}

func (z zipf) draw(r *rand.Rand) int {
	u := r.Uint64()
	i := u & (1<<16 - 1)
	lo, hi := z[i], z[i+1]
	return int(lo) + int(u>>32*uint64(hi-lo+1)>>32) //nolint:gosec // ranks are small
}

type generator struct {
	r        *rand.Rand
	words    [len(tongues)][]string
	ofWord   zipf
	ofThing  zipf
	accounts zipf
	users    int
	step     time.Duration
	text     []byte
}

const things = 20_000 // hashtags, addresses

func newGenerator(seed uint64, n int) *generator {
	g := &generator{
		r: rand.New(rand.NewPCG(seed, 1)), ofWord: newZipf(vocabularySize), ofThing: newZipf(things), //nolint:gosec // the same numbers again
		users: max(n/20, 1), step: GenerateSpan / time.Duration(max(n, 1)),
	}
	g.accounts = newZipf(g.users)
	for i := range g.words {
		g.words[i] = vocabulary(seed, i)
	}
	return g
}

var platforms = [...]string{"x", "x", "telegram", "facebook", "bluesky"} //nolint:gochecknoglobals // a constant

func (g *generator) post(p *post.Post, i int) {
	r := g.r
	u := r.Uint64()
	lang, share := 0, int(u%100)
	for share >= tongues[lang].share {
		share -= tongues[lang].share
		lang++
	}
	l := &tongues[lang]
	user := g.accounts.draw(r)
	p.Platform = platforms[u>>8%uint64(len(platforms))]
	p.ID = strconv.Itoa(1_000_000_000_000 + i)
	p.Account.ID = strconv.Itoa(500_000 + user)
	p.Account.Handle = "user" + p.Account.ID[1:]
	p.Account.Name = p.Account.Handle
	p.Lang = l.tag
	p.Time = GenerateStart.Add(time.Duration(i)*g.step + time.Duration(u>>16%1000)*time.Microsecond).Truncate(time.Microsecond)
	text := g.text[:0]
	for w := range l.words {
		if w > 0 {
			text = append(text, l.gap...)
		}
		text = append(text, g.words[lang][g.ofWord.draw(r)]...)
		if w%9 == 8 && l.gap == "" {
			text = append(text, "。"...)
		}
	}
	if u>>40%5 < 2 {
		n := g.ofThing.draw(r)
		if u>>44%2 == 0 { // one of its own
			n = things + i
		}
		link := "https://site" + strconv.Itoa(n%2000) + ".example/news/" + strconv.Itoa(n)
		p.Links = []post.Link{{Given: link, URL: link}}
		text = append(append(text, ' '), link...)
	}
	if u>>48%5 < 2 {
		p.Hashtags = make([]string, 1+u>>52%3)
		for j := range p.Hashtags {
			p.Hashtags[j] = "tag" + strconv.Itoa(g.ofThing.draw(r))
			text = append(append(text, " #"...), p.Hashtags[j]...)
		}
	}
	switch m := u >> 56 % 9; {
	case m < 3:
		p.Mentions = []string{"user" + strconv.Itoa(g.accounts.draw(r))}
	case m == 3:
		p.RepostOf = strconv.Itoa(1_000_000_000_000 + g.ofThing.draw(r))
	case m == 4:
		p.ReplyTo = strconv.Itoa(1_000_000_000_000 + r.IntN(i+1))
	}
	p.Text = string(text)
	g.text = text
	p.Origin.File, p.Origin.Line = "generated.ndjson", int64(i+1)
	p.Raw = g.raw(p)
}

// raw makes a record as an interface of a platform would give it.
func (g *generator) raw(p *post.Post) []byte {
	b := make([]byte, 0, len(p.Text)+320)
	b = append(b, `{"id_str":"`...)
	b = append(b, p.ID...)
	b = append(b, `","created_at":`...)
	b = strconv.AppendInt(b, p.Time.UnixMilli(), 10)
	b = append(b, `,"user":{"id_str":"`...)
	b = append(b, p.Account.ID...)
	b = append(b, `","screen_name":"`...)
	b = append(b, p.Account.Handle...)
	b = append(b, `","followers_count":`...)
	b = strconv.AppendUint(b, g.r.Uint64()%10_000, 10)
	b = append(b, `},"lang":"`...)
	b = append(b, p.Lang...)
	b = append(b, `","favorite_count":`...)
	b = strconv.AppendUint(b, g.r.Uint64()%1000, 10)
	b = append(b, `,"retweet_count":0,"source":"<a href=\"https://mobile.example\">app</a>","full_text":"`...)
	b = append(b, p.Text...)
	return append(b, `"}`...)
}
