package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
)

// article is a published piece of news.
type article struct {
	headline string
	link     []string // one
	topic    int
	pull     float64 // how much people like to share it
	feeds    []ref   // the outlet's own posts
}

// outlet is an outlet at work.
type outlet struct {
	*Outlet
	number int
	lang   *language
	rhythm *rhythm
	rng    *rand.Rand
	feeds  []int32
	topics []int
	serial int
}

func (e *engine) addOutlet(n int) error {
	spec := &e.sc.Outlets[n]
	l := e.language(spec.Lang)
	o := outlet{Outlet: spec, number: n, lang: l, rng: chance(e.sc.Seed, "outlet "+spec.Name, n)}
	o.rhythm = e.life(l, usualZone(spec.Lang))
	for i := range e.sc.Topics {
		listed := len(spec.Topics) == 0 || slices.Contains(spec.Topics, e.sc.Topics[i].Name)
		if listed && len(l.topics[i].headlines) > 0 && l.topics[i].weight > 0 {
			o.topics = append(o.topics, i)
		}
	}
	for i, feed := range spec.Feeds {
		a := account{
			lang: l, platform: e.platform(feed), operation: -1, trap: "outlet",
			rng: chance(e.sc.Seed, "feed "+spec.Name, i),
		}
		name := spec.Name
		if i > 0 {
			name += " " + strconv.Itoa(i+1)
		}
		e.identify(&a, name)
		o.feeds = append(o.feeds, int32(len(e.accounts)))
		e.accounts = append(e.accounts, a)
	}
	for i, a := range spec.Articles {
		if _, err := l.lexicon.compileAll([]string{a.Headline, a.Text}); err != nil {
			return err
		}
		e.schedule(event{at: a.At.Sub(e.sc.Start).Milliseconds(), kind: articleIsSet, who: int32(n), arg: int32(i)})
	}
	e.outlets = append(e.outlets, o)
	e.scheduleOutlet(0, int32(n))
	return nil
}

func (e *engine) scheduleOutlet(now int64, n int32) {
	o := &e.outlets[n]
	if o.ArticlesPerDay <= 0 || len(o.topics) == 0 {
		return
	}
	e.schedule(event{at: o.rhythm.after(now, o.rng.ExpFloat64()/o.ArticlesPerDay), kind: outletWrites, who: n})
}

// write publishes an article of the outlet's own choice.
func (e *engine) write(at int64, o *outlet) error {
	var sum float64
	for _, t := range o.topics {
		sum += o.lang.topics[t].weightAt(int(at / hour))
	}
	x := o.rng.Float64() * sum
	topic := o.topics[0]
	for _, t := range o.topics {
		topic = t
		if x -= o.lang.topics[t].weightAt(int(at / hour)); x < 0 {
			break
		}
	}
	b := pick(o.lang.topics[topic].headlines, o.rng).append(nil, o.rng)
	capitalise(b)
	headline := string(b)
	// The reach of articles has a heavy tail.
	shares := o.Reach * math.Exp(1.1*o.rng.NormFloat64()-0.6)
	return e.release(at, o, topic, headline, headline, shares, 45*60*1000)
}

// writeSet publishes an article that the scenario sets.
func (e *engine) writeSet(at int64, o *outlet, n int) error {
	a := &o.Articles[n]
	topic := slices.IndexFunc(e.sc.Topics, func(t Topic) bool { return t.Name == a.Topic })
	text := a.Text
	if text == "" {
		text = a.Headline
	}
	parts, err := o.lang.lexicon.compileAll([]string{a.Headline, text})
	if err != nil {
		return fmt.Errorf("the article %q: %w", a.Headline, err)
	}
	headline, body := string(parts[0].append(nil, o.rng)), string(parts[1].append(nil, o.rng))
	return e.release(at, o, max(topic, 0), headline, body, float64(a.Shares), float64(a.Median.Milliseconds()))
}

// release publishes an article through the outlet's accounts and lets people
// find it.
func (e *engine) release(at int64, o *outlet, topic int, headline, text string, shares, median float64) error {
	o.serial++
	day := e.sc.Start.AddDate(0, 0, int(at/(24*hour)))
	link := fmt.Sprintf("https://%s/%s/%s/%s%d", o.Domain, e.sc.Topics[topic].Name,
		day.Format("2006/01/02"), string(base32Digits[o.rng.IntN(26)]), 1000+o.serial)
	a := &article{headline: headline, link: []string{link}, topic: topic, pull: shares}
	s := &script{text: text, links: a.link, article: a, operation: -1}
	for i, feed := range o.feeds {
		e.schedule(event{at: at + int64(i)*400 + o.rng.Int64N(6000), kind: scriptIsDue, who: feed, script: s})
	}
	o.lang.news.add(a)
	e.spread(at, o.lang, &script{article: a, operation: -1, share: true}, -1, int(shares*e.scale()+o.rng.Float64()), median, o.rng)
	return nil
}

func (e *engine) scale() float64 {
	if e.sc.Scale <= 0 {
		return 1
	}
	return e.sc.Scale
}

// spread lets n different ordinary accounts, on one platform or any (-1), act
// on a script; half of them within the median delay in ms.
func (e *engine) spread(at int64, l *language, s *script, platform, n int, median float64, r *rand.Rand) {
	if len(l.members) == 0 {
		return
	}
	n = min(n, len(l.members)/3)
	chosen := make(map[int32]bool, n)
	for tries := 0; len(chosen) < n && tries < 8*n; tries++ {
		who := l.pickMember(r)
		if chosen[who] || platform >= 0 && e.accounts[who].platform != platform {
			continue
		}
		chosen[who] = true
		delay := median * math.Exp(0.95*r.NormFloat64())
		if delay < float64(e.end) {
			e.schedule(event{at: at + 2000 + int64(delay), kind: scriptIsDue, who: who, script: s})
		}
	}
}

// read draws a piece of news that an account may share: recent, liked by
// others, and of its own interest.
func (e *engine) read(a *account) *article {
	var best *article
	var most float64
	for range 3 {
		n := a.lang.news.recent(12, a.rng)
		if n == nil {
			return nil
		}
		pull := (*n).pull
		if slices.Contains(a.topics[:], (*n).topic) {
			pull *= 4
		}
		if best == nil || pull > most {
			best, most = *n, pull
		}
	}
	return best
}

// share passes an article on in one of the usual ways.
func (e *engine) share(at int64, who int32, n *article) error {
	a := &e.accounts[who]
	r := a.rng
	e.buf = e.buf[:0]
	x := r.Float64()
	if x < 0.30 {
		for i := range n.feeds {
			if n.feeds[i].platform == a.platform && n.feeds[i].account != who {
				_, err := e.publish(at, who, draft{repost: &n.feeds[i]})
				return err
			}
		}
	}
	links := n.link
	if r.Float64() < 0.12 {
		links = []string{n.link[0] + "?utm_source=" + e.platforms[a.platform] + "&utm_medium=social"}
	}
	comments := a.lang.comments
	if own := a.lang.topics[n.topic].comments; len(own) > 0 && r.Float64() < 0.7 {
		comments = own
	}
	from := 0
	switch {
	case x < 0.55: // the platform's share button
		e.buf = append(e.buf, n.headline...)
	case x < 0.85:
		e.phrase(comments, r)
		from = len(e.buf)
		e.finish(a, 0.3)
	default:
		e.phrase(comments, r)
		from = len(e.buf)
		e.buf = append(e.buf, " / "...)
		e.buf = append(e.buf, n.headline...)
	}
	if !a.lower {
		capitalise(e.buf[:from])
	}
	_, err := e.publish(at, who, draft{links: links})
	return err
}

// scheduleViral sets the next viral moment.
func (e *engine) scheduleViral(now int64) {
	if e.sc.Viral.PerDay > 0 {
		e.schedule(event{at: now + int64(e.viral.ExpFloat64()/e.sc.Viral.PerDay*float64(24*hour)), kind: goesViral})
	}
}

// startViral lets an article or a post of an ordinary account go round.
func (e *engine) startViral(at int64) {
	r := e.viral
	var members int
	for _, l := range e.languages {
		members += len(l.members)
	}
	n := r.IntN(max(members, 1))
	for _, l := range e.languages {
		if n -= len(l.members); n >= 0 {
			continue
		}
		size := min(float64(e.sc.Viral.Min)*math.Pow(1-r.Float64(), -1/1.3), float64(e.sc.Viral.Max))
		count, median := int(size*e.scale()), float64(e.sc.Viral.Median.Milliseconds())
		if a := l.news.recent(4, r); a != nil && r.IntN(2) == 0 {
			e.spread(at, l, &script{article: *a, operation: -1, share: true}, -1, count, median, r)
			return
		}
		platform := e.accounts[l.pickMember(r)].platform
		of := l.recent[platform].recent(10, r)
		if of == nil || e.accounts[of.account].operation >= 0 {
			return
		}
		kept := *of
		e.spread(at, l, &script{repost: &kept, operation: -1}, platform, count, median, r)
		return
	}
}
