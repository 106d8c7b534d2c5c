package simulate

import (
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/post"
)

// byOperation sorts the posts of each operation's accounts out.
func byOperation(posts []*post.Post, truth Truth) map[string][]*post.Post {
	of := map[string]string{}
	for _, a := range truth.Accounts {
		of[a.Account] = a.Operation
	}
	out := map[string][]*post.Post{}
	for _, p := range posts {
		out[of[p.Account.ID]] = append(out[of[p.Account.ID]], p)
	}
	return out
}

func group(posts []*post.Post, key func(*post.Post) string) map[string][]*post.Post {
	out := map[string][]*post.Post{}
	for _, p := range posts {
		if k := key(p); k != "" {
			out[k] = append(out[k], p)
		}
	}
	return out
}

func firstLink(p *post.Post) string {
	if len(p.Links) == 0 || p.RepostOf != "" {
		return ""
	}
	link, _, _ := strings.Cut(p.Links[0].Given, "?")
	return link
}

// TestOperationsDoWhatTheyClaim measures each type of operation naively: of
// the posts that it planted, most must stand together as the type says.
func TestOperationsDoWhatTheyClaim(t *testing.T) {
	s := load(t, "treated-water")
	posts, truth := play(t, s)
	sets := byOperation(posts, truth)
	for _, o := range truth.Operations {
		i := slices.IndexFunc(s.Operations, func(x Operation) bool { return x.Name == o.Name })
		var window time.Duration
		for _, p := range s.Operations[i].Phases {
			window = max(window, p.Window)
		}
		mine := sets[o.Name]
		var together int
		switch o.Type {
		case CoLink, Slow:
			together = inBursts(group(mine, firstLink), window, 2)
			if o.Type == Slow {
				if d := medianGap(group(mine, firstLink)); d < 2*time.Minute {
					t.Errorf("%s: median gap %s is too short for a slow operation", o.Name, d)
				}
			}
		case Copypasta:
			together = inBursts(group(mine, func(p *post.Post) string { return strings.TrimSuffix(p.Text, "!") }), window, 2)
		case CrossPlatform:
			for _, g := range group(mine, func(p *post.Post) string { return p.Text }) {
				platforms := map[string]bool{}
				for _, p := range g {
					platforms[p.Platform] = true
				}
				if len(platforms) == 3 {
					together += len(g)
				}
			}
		case Spun:
			texts := map[string]bool{}
			for _, p := range mine {
				if p.RepostOf == "" && p.ReplyTo == "" {
					texts[p.Text] = true
				}
			}
			together = similar(mine, window)
			if len(texts) < o.Planted*3/4 {
				t.Errorf("%s: only %d different texts in %d", o.Name, len(texts), o.Planted)
			}
		case HashtagFlood:
			for _, g := range group(mine, func(p *post.Post) string {
				if len(p.Hashtags) < 3 || p.RepostOf != "" {
					return ""
				}
				return strings.Join(p.Hashtags, " ")
			}) {
				together += len(g)
			}
		case RepostRing:
			at := map[string]time.Time{}
			for _, p := range mine {
				if of, ok := at[p.RepostOf]; ok && p.Time.Sub(of) <= window+2*time.Second {
					together++
				}
				at[p.ID] = p.Time
			}
		}
		t.Logf("%s: %d accounts, %d posts, %d planted, %d found together", o.Name, o.Accounts, o.Posts, o.Planted, together)
		if together < o.Planted*7/10 {
			t.Errorf("%s: only %d of %d planted posts stand together", o.Name, together, o.Planted)
		}
	}
}

// inBursts counts the posts that have at least n-1 others of their group, by
// other accounts, within the window.
func inBursts(groups map[string][]*post.Post, window time.Duration, n int) int {
	count := 0
	for _, g := range groups {
		for _, p := range g {
			accounts := map[string]bool{}
			for _, q := range g {
				if d := p.Time.Sub(q.Time).Abs(); d <= window {
					accounts[q.Account.ID] = true
				}
			}
			if len(accounts) >= n {
				count++
			}
		}
	}
	return count
}

func medianGap(groups map[string][]*post.Post) time.Duration {
	var gaps []time.Duration
	for _, g := range groups {
		for i := 1; i < len(g); i++ {
			gaps = append(gaps, g[i].Time.Sub(g[i-1].Time))
		}
	}
	slices.Sort(gaps)
	if len(gaps) == 0 {
		return 0
	}
	return gaps[len(gaps)/2]
}

// similar counts the posts that share at least a third of their pairs of
// characters with another account's post within the window.
func similar(posts []*post.Post, window time.Duration) int {
	pairs := func(s string) map[[2]rune]bool {
		out := map[[2]rune]bool{}
		r := []rune(s)
		for i := 1; i < len(r); i++ {
			out[[2]rune{r[i-1], r[i]}] = true
		}
		return out
	}
	sets := make([]map[[2]rune]bool, len(posts))
	for i, p := range posts {
		sets[i] = pairs(p.Text)
	}
	count := 0
	for i, p := range posts {
		for j := range posts {
			q := posts[j]
			if i == j || q.Account.ID == p.Account.ID || p.Time.Sub(q.Time).Abs() > window || p.RepostOf+q.RepostOf != "" {
				continue
			}
			both := 0
			for x := range sets[i] {
				if sets[j][x] {
					both++
				}
			}
			if 3*both >= len(sets[i])+len(sets[j])-both {
				count++
				break
			}
		}
	}
	return count
}

// TestHonestCoincidence: without traps and operations, hardly any two accounts
// share three addresses within a minute of each other, and people seldom use
// the same words.
func TestHonestCoincidence(t *testing.T) {
	for _, name := range []string{"quiet", "treated-water"} {
		posts, truth := play(t, load(t, name))
		honest := map[string]bool{}
		for _, a := range truth.Accounts {
			honest[a.Account] = a.Operation == "" && a.Trap == ""
		}
		byLink := map[string][]*post.Post{}
		byText := map[string]time.Time{}
		own, same := 0, 0
		for _, p := range posts {
			if !honest[p.Account.ID] {
				continue
			}
			for _, l := range p.Links { // reposts too
				link, _, _ := strings.Cut(l.Given, "?")
				byLink[link] = append(byLink[link], p)
			}
			if p.RepostOf == "" && p.ReplyTo == "" && len(p.Links) == 0 {
				own++
				if at, ok := byText[p.Text]; ok && p.Time.Sub(at) < time.Hour {
					same++
				}
				byText[p.Text] = p.Time
			}
		}
		type pair struct{ a, b string }
		met := map[pair]map[string]bool{}
		for link, g := range byLink {
			for i, p := range g {
				for _, q := range g[i+1:] {
					if q.Time.Sub(p.Time) > time.Minute {
						break
					}
					k := pair{min(p.Account.ID, q.Account.ID), max(p.Account.ID, q.Account.ID)}
					if k.a == k.b {
						continue
					}
					if met[k] == nil {
						met[k] = map[string]bool{}
					}
					met[k][link] = true
				}
			}
		}
		often := 0
		for _, links := range met {
			if len(links) >= 3 {
				often++
			}
		}
		n := float64(len(honest))
		t.Logf("%s: %d accounts, %d pairs met, %d of them three times or more; %d of %d own texts recur within an hour", name, len(honest), len(met), often, same, own)
		if share := float64(often) / (n * (n - 1) / 2); share > 2e-5 {
			t.Errorf("%s: a share of %g of the honest pairs shares three addresses within a minute", name, share)
		}
		if same*200 > own {
			t.Errorf("%s: %d of %d texts are said twice within an hour", name, same, own)
		}
		if len(met) == 0 {
			t.Errorf("%s: no honest pair ever meets; there is no trap in that", name)
		}
	}
}

func TestViralMoments(t *testing.T) {
	posts, truth := play(t, load(t, "quiet"))
	trap := map[string]bool{}
	for _, a := range truth.Accounts {
		trap[a.Account] = a.Trap != ""
	}
	most := 0
	for _, g := range group(posts, func(p *post.Post) string {
		if trap[p.Account.ID] {
			return ""
		}
		if p.RepostOf != "" {
			return p.RepostOf
		}
		return firstLink(p)
	}) {
		from := 0
		for i, p := range g {
			for p.Time.Sub(g[from].Time) > 10*time.Minute {
				from++
			}
			most = max(most, i-from+1)
		}
	}
	if most < 20 {
		t.Errorf("at most %d people pass the same thing on within ten minutes", most)
	}
}

func TestRhythm(t *testing.T) {
	posts, truth := play(t, load(t, "treated-water"))
	honest := map[string]bool{}
	var activity []int
	total := 0
	for _, a := range truth.Accounts {
		if a.Operation == "" && a.Trap == "" {
			honest[a.Account] = true
			activity = append(activity, a.Posts)
			total += a.Posts
		}
	}
	hours := map[string]*[24]int{"ja": {}, "zh": {}, "ko": {}}
	langs := map[string]int{}
	for _, p := range posts {
		langs[p.Lang]++
		if h := hours[p.Lang]; h != nil && honest[p.Account.ID] {
			h[p.Time.Add(time.Duration(usualOffset(p.Lang))*time.Hour).Hour()]++
		}
	}
	for lang, h := range hours {
		night, evening := h[3]+h[4], h[20]+h[21]
		if evening < 5*night || night == 0 {
			t.Errorf("%s: %d posts at night, %d in the evening", lang, night, evening)
		}
	}
	for _, lang := range languages() {
		if langs[lang]*50 < len(posts) {
			t.Errorf("only %d of %d posts in %s", langs[lang], len(posts), lang)
		}
	}
	if len(posts) < 60_000 || len(posts) > 120_000 {
		t.Errorf("%d posts", len(posts))
	}
	sort.Sort(sort.Reverse(sort.IntSlice(activity)))
	top := 0
	for _, n := range activity[:len(activity)/10] {
		top += n
	}
	if share := float64(top) / float64(total); share < 0.3 {
		t.Errorf("the most active tenth posts a share of %.2f", share)
	}
}

func TestSmallIsSmall(t *testing.T) {
	posts, _ := play(t, load(t, "small"))
	if len(posts) < 1500 || len(posts) > 2600 {
		t.Errorf("%d posts", len(posts))
	}
}
