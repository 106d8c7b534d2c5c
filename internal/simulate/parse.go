package simulate

import (
	"fmt"
	"math"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// Limits keep a slip of the pen from filling a disk.
const (
	maxFileSize = 1 << 20
	maxDays     = 1000
	maxAccounts = 2_000_000
	maxRate     = 200
	maxPushes   = 2000
)

// Parse reads a scenario file. Name stands in errors, and the scenario takes
// its name from it. The error joins one *FieldError for each thing wrong.
func Parse(name string, data []byte) (*Scenario, error) {
	all, err := banks()
	if err != nil {
		return nil, err
	}
	p := &problems{file: name}
	if len(data) > maxFileSize {
		p.add(1, "", "expected at most %d bytes, found %d", maxFileSize, len(data))
		return nil, p.err()
	}
	t, ok := readYAML(p, data)
	if !ok {
		return nil, p.err()
	}
	f := &fileReader{problems: p, banks: all, plain: map[string]*lexicon{}}
	s := f.scenario(t)
	s.Name = strings.TrimSuffix(path.Base(strings.ReplaceAll(name, `\`, "/")), ".yaml")
	if err := p.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// fileReader turns the YAML of one file into a scenario.
type fileReader struct {
	*problems
	banks      map[string]*bank
	plain      map[string]*lexicon
	start, end time.Time
	topics     []string
}

func (f *fileReader) scenario(t *table) *Scenario {
	s := &Scenario{
		Title:       f.perReader(t, "title", true),
		Description: f.perReader(t, "description", false),
		Seed:        uint64(t.count("seed", 0, math.MaxInt64, 1)),
		Start:       t.moment("start", time.Time{}, time.Time{}),
		Days:        t.count("days", 1, maxDays, 0),
		Scale:       1,
	}
	if _, ok := t.vals["start"]; !ok {
		t.missing("start", "the UTC date on which the scenario begins")
	} else if !s.Start.IsZero() && (s.Start.Year() < 1971 || s.Start.Year() > 2200) {
		t.vals["start"].fail("expected a year from 1971 to 2200")
	}
	if _, ok := t.vals["days"]; !ok {
		t.missing("days", "how many days the scenario runs")
	}
	f.start, f.end = s.Start, s.End()
	if v, ok := t.get("topics"); ok {
		v.each(func(v value) { s.Topics = append(s.Topics, f.topic(v)) })
	} else {
		t.missing("topics", "a list of topics")
	}
	if v, ok := t.get("population"); ok {
		v.each(func(v value) { s.Population = append(s.Population, f.population(v, s.Topics)) })
	} else {
		t.missing("population", "a list of populations")
	}
	if len(s.Population) == 0 && len(f.errs) == 0 {
		t.fail("expected at least one population")
	}
	t.each("outlets", func(v value) { s.Outlets = append(s.Outlets, f.outlet(v, s.Topics)) })
	if v, ok := t.get("viral"); ok {
		s.Viral = f.viral(v)
	}
	names := map[string]bool{}
	unique := func(v value, name string) {
		if name != "" && names[name] {
			v.fail("the name %q stands twice", name)
		}
		names[name] = true
	}
	t.each("communities", func(v value) {
		c := f.community(v, s.Topics)
		unique(v, c.Name)
		s.Communities = append(s.Communities, c)
	})
	t.each("operations", func(v value) {
		o := f.operation(v, s.Topics)
		unique(v, o.Name)
		s.Operations = append(s.Operations, o)
	})
	t.close()
	return s
}

// perReader reads a text in the languages of the software's readers.
func (f *fileReader) perReader(t *table, key string, required bool) map[string]string {
	v, ok := t.get(key)
	if !ok {
		if required {
			t.missing(key, "a text by language (ja: …, en: …)")
		}
		return nil
	}
	m, ok := v.table()
	if !ok {
		return nil
	}
	out := map[string]string{}
	for _, lang := range []string{"ja", "en"} {
		if text := m.text(lang, "a text", false); text != "" {
			out[lang] = text
		}
	}
	m.close()
	if len(out) == 0 && required {
		v.fail("expected a text in ja or en")
	}
	return out
}

// perLang reads a mapping from languages of posts to something.
func (f *fileReader) perLang(t *table, key string, read func(lang string, v value)) {
	v, ok := t.get(key)
	if !ok {
		return
	}
	m, ok := v.table()
	if !ok {
		return
	}
	for _, lang := range languages() {
		if e, ok := m.get(lang); ok {
			read(lang, e)
		}
	}
	m.close()
}

func (f *fileReader) lang(t *table) string {
	want := "a language: " + strings.Join(languages(), ", ")
	lang := t.text("lang", want, true)
	if lang != "" && !slices.Contains(languages(), lang) {
		t.vals["lang"].fail("expected %s, found %q", want, clip(lang))
		return ""
	}
	return lang
}

func (f *fileReader) platform(v value, name string) {
	if !strings.HasPrefix(name, "sim-") || !isName(name) {
		v.fail("expected a platform's name that starts with sim- (sim-x, sim-telegram, sim-bluesky), found %q", clip(name))
	}
}

// isName tells whether s is made of small letters, digits and hyphens.
func isName(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

func (f *fileReader) name(t *table) string {
	const want = "a name of small letters, digits and hyphens"
	name := t.text("name", want, true)
	if name != "" && !isName(name) {
		t.vals["name"].fail("expected %s, found %q", want, clip(name))
	}
	return name
}

// phrase checks the slots of a text.
func (f *fileReader) phrase(lang string, words map[string][]string) func(value, string) {
	x := f.plain[lang]
	if x == nil || len(words) > 0 {
		x = newLexicon(f.banks[lang], words)
		if len(words) == 0 {
			f.plain[lang] = x
		}
	}
	return func(v value, text string) {
		if _, err := x.compile(text); err != nil {
			v.fail("%v", err)
		}
	}
}

func (f *fileReader) hashtags(v value) []string {
	return v.texts("a hashtag without #", func(e value, tag string) {
		if tagLen(tag) != len(tag) {
			e.fail("expected a hashtag of letters, digits and _ without #, found %q", clip(tag))
		}
	})
}

func (f *fileReader) link(v value, link string) {
	u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(link))
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || !strings.HasSuffix(u.Hostname(), ".example") {
		v.fail("expected an address whose domain ends in .example, found %q", clip(link))
		return
	}
	f.phrase("en", nil)(v, link)
}

func (f *fileReader) population(v value, topics []Topic) Population {
	t, ok := v.table()
	if !ok {
		return Population{}
	}
	p := Population{
		Lang:        f.lang(t),
		Accounts:    t.count("accounts", 1, maxAccounts, 1),
		PostsPerDay: t.number("posts_per_day", 0.001, maxRate, 0.3),
	}
	p.UTCOffset = f.offset(t, p.Lang)
	if v, ok := t.get("platforms"); !ok {
		t.missing("platforms", "platforms with their shares (sim-x: 0.8)")
	} else if m, ok := v.table(); ok {
		for _, key := range m.keys {
			f.platform(m.vals[key], key)
			if w := m.number(key, 0, 1e6, 1); w > 0 {
				p.Platforms = append(p.Platforms, Share{key, w})
			}
		}
		if len(p.Platforms) == 0 {
			v.fail("expected at least one platform")
		}
	}
	if p.Lang != "" && !slices.ContainsFunc(topics, func(t Topic) bool { return f.speaks(t, p.Lang) }) {
		t.fail("expected at least one topic with texts in %s", p.Lang)
	}
	t.close()
	return p
}

// speaks tells whether there is something to say on a topic in a language.
func (f *fileReader) speaks(t Topic, lang string) bool {
	return t.Weight[lang] > 0 && (len(t.Texts[lang]) > 0 || len(f.banks[lang].sections["topic "+t.Bank]) > 0)
}

func (f *fileReader) offset(t *table, lang string) time.Duration {
	return time.Duration(t.number("utc_offset", -12, 14, float64(usualOffset(lang))) * float64(time.Hour))
}

func (f *fileReader) topic(v value) Topic {
	t, ok := v.table()
	if !ok {
		return Topic{}
	}
	topic := Topic{
		Name: f.name(t), Weight: map[string]float64{}, Hashtags: map[string][]string{},
		Texts: map[string][]string{}, Headlines: map[string][]string{}, Words: map[string]map[string][]string{},
	}
	if slices.Contains(f.topics, topic.Name) {
		v.fail("the topic %q stands twice", topic.Name)
	}
	f.topics = append(f.topics, topic.Name)
	known := bankNames(f.banks, "topic")
	topic.Bank = t.text("bank", "the name of built-in phrases", false)
	if topic.Bank != "" && !slices.Contains(known, topic.Bank) {
		t.vals["bank"].fail("expected built-in phrases (%s), found %q", strings.Join(known, ", "), clip(topic.Bank))
	} else if topic.Bank == "" && slices.Contains(known, topic.Name) {
		topic.Bank = topic.Name
	}
	if w, ok := t.get("weight"); !ok {
		for _, lang := range languages() {
			topic.Weight[lang] = 1
		}
	} else if m, ok := w.table(); ok {
		for _, lang := range languages() {
			topic.Weight[lang] = m.number(lang, 0, 1e6, 0)
		}
		m.close()
	}
	f.perLang(t, "words", func(lang string, v value) {
		m, ok := v.table()
		if !ok {
			return
		}
		words := map[string][]string{}
		for _, key := range m.keys {
			words[key] = m.texts(key, "a word", nil)
		}
		topic.Words[lang] = words
		for _, key := range m.keys {
			check := f.phrase(lang, words)
			for _, w := range words[key] {
				check(m.vals[key], w)
			}
		}
	})
	f.perLang(t, "hashtags", func(lang string, v value) { topic.Hashtags[lang] = f.hashtags(v) })
	f.perLang(t, "texts", func(lang string, v value) {
		topic.Texts[lang] = v.texts("a text", f.phrase(lang, topic.Words[lang]))
	})
	f.perLang(t, "headlines", func(lang string, v value) {
		topic.Headlines[lang] = v.texts("a headline", f.phrase(lang, topic.Words[lang]))
	})
	for _, lang := range languages() {
		x := newLexicon(f.banks[lang], topic.Words[lang])
		if _, err := x.compileAll(slices.Concat(f.banks[lang].sections["topic "+topic.Bank], f.banks[lang].sections["headline "+topic.Bank])); err != nil {
			v.fail("%v", err)
		}
	}
	t.each("surges", func(v value) {
		if t, ok := v.table(); ok {
			s := Surge{Factor: t.number("factor", 0, 1000, 1)}
			s.From, s.Until = f.stretch(t)
			topic.Surges = append(topic.Surges, s)
			t.close()
		}
	})
	t.close()
	return topic
}

// stretch reads from and until; the scenario's bounds stand in for them.
func (f *fileReader) stretch(t *table) (from, until time.Time) {
	from, until = t.moment("from", f.start, f.start), t.moment("until", f.start, f.end)
	if !from.Before(until) {
		t.fail("expected from before until, found %s and %s", from.Format(time.RFC3339), until.Format(time.RFC3339))
	} else if from.Before(f.start) || until.After(f.end) {
		t.fail("expected a time within the scenario, which runs from %s to %s", f.start.Format(time.DateOnly), f.end.Format(time.DateOnly))
	}
	return from, until
}

func (f *fileReader) viral(v value) Viral {
	t, ok := v.table()
	if !ok {
		return Viral{}
	}
	out := Viral{
		PerDay: t.number("per_day", 0, 1000, 0.3),
		Min:    t.count("min", 2, maxAccounts, 40),
		Max:    t.count("max", 2, maxAccounts, 300),
		Median: t.span("median_delay", time.Second, 24*time.Hour, 8*time.Minute),
	}
	if out.Max < out.Min {
		v.fail("expected max to be at least min")
	}
	t.close()
	return out
}

func (f *fileReader) platforms(t *table, key string) []string {
	names := t.texts(key, "a platform", f.platform)
	if len(names) == 0 {
		names = []string{"sim-x"}
	}
	return names
}

func (f *fileReader) topicName(v value, name string) {
	if !slices.Contains(f.topics, name) {
		v.fail("expected a topic of this scenario (%s), found %q", strings.Join(f.topics, ", "), clip(name))
	}
}

func (f *fileReader) outlet(v value, topics []Topic) Outlet {
	t, ok := v.table()
	if !ok {
		return Outlet{}
	}
	o := Outlet{
		Name:           t.text("name", "the outlet's name", true),
		Lang:           f.lang(t),
		Domain:         t.text("domain", "a domain that ends in .example", true),
		ArticlesPerDay: t.number("articles_per_day", 0, 500, 2),
		Topics:         t.texts("topics", "a topic's name", f.topicName),
		Reach:          t.number("reach", 0, 1e6, 6),
	}
	o.Feeds = f.platforms(t, "feeds")
	if o.Domain != "" && (!strings.HasSuffix(o.Domain, ".example") || !isName(strings.ReplaceAll(o.Domain, ".", "-"))) {
		t.vals["domain"].fail("expected a domain that ends in .example, found %q", clip(o.Domain))
	}
	can := slices.ContainsFunc(topics, func(topic Topic) bool {
		return (len(o.Topics) == 0 || slices.Contains(o.Topics, topic.Name)) && f.reports(topic, o.Lang)
	})
	if o.Lang != "" && !can && o.ArticlesPerDay > 0 {
		t.fail("expected at least one topic with headlines in %s", o.Lang)
	}
	t.each("articles", func(v value) {
		t, ok := v.table()
		if !ok {
			return
		}
		if _, ok := t.vals["at"]; !ok {
			t.missing("at", "when the article appears")
		}
		a := Article{
			At:       t.moment("at", f.start, f.start),
			Topic:    t.text("topic", "a topic's name", true),
			Headline: t.text("headline", "a headline", true),
			Text:     t.text("text", "the text of the outlet's post", false),
			Shares:   t.count("shares", 0, maxAccounts, 0),
			Median:   t.span("median_delay", time.Second, 7*24*time.Hour, 30*time.Minute),
		}
		if a.Topic != "" {
			f.topicName(t.vals["topic"], a.Topic)
		}
		if a.At.Before(f.start) || !a.At.Before(f.end) {
			t.fail("expected a time within the scenario, found %s", a.At.Format(time.RFC3339))
		}
		t.close()
		o.Articles = append(o.Articles, a)
	})
	t.close()
	return o
}

func (f *fileReader) reports(t Topic, lang string) bool {
	return lang != "" && t.Weight[lang] > 0 && (len(t.Headlines[lang]) > 0 || len(f.banks[lang].sections["headline "+t.Bank]) > 0)
}

// bankTexts adds the phrases of a built-in bank, if the file names one.
func (f *fileReader) bankTexts(t *table, lang string) []string {
	name := t.text("bank", "the name of built-in phrases", false)
	if name == "" || lang == "" {
		return nil
	}
	texts := f.banks[lang].sections["phrases "+name]
	if len(texts) == 0 {
		t.vals["bank"].fail("expected built-in phrases in %s (%s), found %q", lang, strings.Join(bankNames(f.banks, "phrases"), ", "), clip(name))
	}
	return texts
}

func (f *fileReader) community(v value, topics []Topic) Community {
	t, ok := v.table()
	if !ok {
		return Community{}
	}
	c := Community{Name: f.name(t), Kind: CommunityKind(t.text("kind", "alert-bots or fan-campaign", true)), Lang: f.lang(t)}
	share, window, rate := 0.9, 15*time.Second, 0.0
	switch c.Kind {
	case FanCampaign:
		share, window, rate = 0.5, 45*time.Minute, 0.4
	case AlertBots, "":
	default:
		t.vals["kind"].fail("expected alert-bots or fan-campaign, found %q", clip(string(c.Kind)))
	}
	c.Accounts = t.count("accounts", 2, 10_000, 20)
	c.Platforms = f.platforms(t, "platforms")
	c.PerDay = t.number("per_day", 0.01, maxPushes, 0.3)
	c.Share = t.number("share", 0.01, 1, share)
	c.Window = t.span("window", time.Second, 24*time.Hour, window)
	c.PostsPerDay = t.number("posts_per_day", 0, maxRate, rate)
	c.UTCOffset = f.offset(t, c.Lang)
	if c.Lang != "" {
		c.Texts = t.texts("texts", "a text", f.phrase(c.Lang, nil))
		c.Texts = append(c.Texts, f.bankTexts(t, c.Lang)...)
		if len(c.Texts) == 0 {
			t.missing("texts", "texts, or bank with the name of built-in phrases")
		}
		if !slices.ContainsFunc(topics, func(t Topic) bool { return f.speaks(t, c.Lang) }) {
			t.fail("expected at least one topic with texts in %s", c.Lang)
		}
	}
	if v, ok := t.get("hashtags"); ok {
		c.Hashtags = f.hashtags(v)
	}
	c.Links = t.texts("links", "an address", f.link)
	t.close()
	return c
}

// usualWindow is how long a type of operation usually takes for one push, and
// whether there is such a type.
func usualWindow(t OperationType) (time.Duration, bool) {
	switch t {
	case CoLink:
		return time.Minute, true
	case Copypasta:
		return 10 * time.Minute, true
	case Spun:
		return 20 * time.Minute, true
	case HashtagFlood:
		return 30 * time.Minute, true
	case RepostRing:
		return 20 * time.Second, true
	case CrossPlatform:
		return 5 * time.Minute, true
	case Slow:
		return time.Hour, true
	}
	return 0, false
}

func (f *fileReader) operation(v value, topics []Topic) Operation {
	t, ok := v.table()
	if !ok {
		return Operation{}
	}
	const kinds = "co-link, copypasta, spun, hashtag-flood, repost-ring, cross-platform or slow"
	o := Operation{
		Name:        f.name(t),
		Type:        OperationType(t.text("type", kinds, true)),
		Description: f.perReader(t, "description", false),
		Accounts:    t.count("accounts", 2, 10_000, 20),
		Camouflage:  t.number("camouflage", 0, maxRate, 0.3),
		Seeds:       t.count("seeds", 1, 100, 2),
		Weekends:    t.flag("weekends", true),
	}
	if _, ok := usualWindow(o.Type); !ok && o.Type != "" {
		t.vals["type"].fail("expected %s, found %q", kinds, clip(string(o.Type)))
		o.Type = ""
	}
	o.Platforms = f.platforms(t, "platforms")
	if o.Type == CrossPlatform && len(o.Platforms) < 2 {
		t.fail("expected at least two platforms for a cross-platform operation")
	}
	o.Langs = t.texts("langs", "a language", func(v value, lang string) {
		if !slices.Contains(languages(), lang) {
			v.fail("expected a language (%s), found %q", strings.Join(languages(), ", "), clip(lang))
		} else if !slices.ContainsFunc(topics, func(t Topic) bool { return f.speaks(t, lang) }) {
			v.fail("expected at least one topic with texts in %s", lang)
		}
	})
	if len(o.Langs) == 0 {
		t.missing("langs", "a list of languages")
	}
	if need := 2 * len(o.Langs) * len(o.Platforms); o.Accounts < need {
		t.fail("expected at least %d accounts: two for each language and platform", need)
	}
	if o.Seeds >= o.Accounts {
		t.fail("expected fewer seeds than accounts")
	}
	o.FromHour, o.UntilHour = f.hours(t)
	o.UTCOffset = time.Duration(t.number("utc_offset", -12, 14, 0) * float64(time.Hour))
	if v, ok := t.get("phases"); ok {
		v.each(func(v value) { o.Phases = append(o.Phases, f.phase(v, &o)) })
		if len(o.Phases) == 0 {
			v.fail("expected at least one phase")
		}
	} else {
		t.missing("phases", "a list of phases")
	}
	t.close()
	return o
}

// hours reads a working day such as "9-18".
func (f *fileReader) hours(t *table) (from, until int) {
	const want = "the hours of the working day, such as 9-18"
	s := t.text("hours", want, false)
	if s == "" {
		return 0, 24
	}
	if n, err := fmt.Sscanf(s, "%d-%d", &from, &until); n != 2 || err != nil || from < 0 || from >= until || until > 24 {
		t.vals["hours"].fail("expected %s, found %q", want, clip(s))
		return 0, 24
	}
	return from, until
}

func (f *fileReader) phase(v value, o *Operation) Phase {
	t, ok := v.table()
	if !ok {
		return Phase{}
	}
	window, _ := usualWindow(o.Type)
	p := Phase{
		Name:         f.name(t),
		PushesPerDay: t.number("pushes_per_day", 0.01, maxPushes, 4),
		Share:        t.number("share", 0.01, 1, 0.6),
		Window:       t.span("window", time.Second, 3*24*time.Hour, max(window, time.Second)),
		Variation:    t.number("variation", 0, 1, 0),
		Texts:        map[string][]string{},
		Hashtags:     map[string][]string{},
		Links:        t.texts("links", "an address", f.link),
		Image:        t.text("image", "a name for the image", false),
	}
	p.From, p.Until = f.stretch(t)
	f.perLang(t, "texts", func(lang string, v value) { p.Texts[lang] = v.texts("a text", f.phrase(lang, nil)) })
	f.perLang(t, "hashtags", func(lang string, v value) { p.Hashtags[lang] = f.hashtags(v) })
	for _, lang := range o.Langs {
		if slices.Contains(languages(), lang) {
			p.Texts[lang] = append(p.Texts[lang], f.bankTexts(t, lang)...)
			if len(p.Texts[lang]) == 0 {
				t.missing("texts."+lang, "texts in each language of the operation, or bank with the name of built-in phrases")
			}
			if o.Type == HashtagFlood && len(p.Hashtags[lang]) == 0 {
				t.missing("hashtags."+lang, "the hashtags of the flood")
			}
		}
	}
	if (o.Type == CoLink || o.Type == Slow) && len(p.Links) == 0 {
		t.missing("links", "the addresses that are pushed")
	}
	t.close()
	return p
}
