package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// community is a community at work.
type community struct {
	*Community
	lang   *language
	rhythm *rhythm
	rng    *rand.Rand
	texts  []template
	links  []template
	deck   deck
}

func usualZone(lang string) time.Duration { return time.Duration(usualOffset(lang)) * time.Hour }

func (e *engine) addCommunity(n int) error {
	spec := &e.sc.Communities[n]
	l := e.language(spec.Lang)
	c := community{Community: spec, lang: l, rng: chance(e.sc.Seed, "community "+spec.Name, 0)}
	var err error
	if c.texts, err = l.lexicon.compileAll(spec.Texts); err != nil {
		return err
	}
	if c.links, err = l.lexicon.compileAll(spec.Links); err != nil {
		return err
	}
	life := e.life(l, spec.UTCOffset)
	c.rhythm = life
	if spec.Kind == AlertBots {
		// The ground shakes at any hour.
		c.rhythm = newRhythm(e.sc.Start, e.sc.Days, 0, func(time.Time, int) float64 { return 1 })
	}
	for i := range spec.Accounts {
		a := account{
			lang: l, rhythm: life, platform: e.platform(spec.Platforms[i%len(spec.Platforms)]),
			operation: -1, trap: string(spec.Kind), rng: chance(e.sc.Seed, "member of "+spec.Name, i),
		}
		name := ""
		if spec.Kind == AlertBots {
			name = fmt.Sprintf("%s bot %02d", spec.Name, i+1)
		}
		e.identify(&a, name)
		a.habits(spec.PostsPerDay)
		c.deck.cards = append(c.deck.cards, int32(len(e.accounts)))
		e.accounts = append(e.accounts, a)
	}
	e.communities = append(e.communities, c)
	e.scheduleCommunity(0, int32(n))
	return nil
}

func (e *engine) scheduleCommunity(now int64, n int32) {
	c := &e.communities[n]
	e.schedule(event{at: c.rhythm.after(now, c.rng.ExpFloat64()/c.PerDay), kind: communityActs, who: n})
}

// gather lets a community act together once.
func (e *engine) gather(at int64, c *community) error {
	s := &script{links: e.fillLink(c.links, c.rng), hashtags: c.Hashtags, operation: -1}
	if c.Kind == AlertBots {
		s.text = string(pick(c.texts, c.rng).append(nil, c.rng))
	} else {
		s.texts = c.texts
	}
	n := max(1, int(math.Round(c.Share*float64(c.Accounts))))
	var first *ref
	for i, who := range c.deck.deal(n, c.rng) {
		if i == 0 && c.Kind == FanCampaign {
			made, err := e.say(at, who, s)
			if err != nil {
				return err
			}
			first = &made
			continue
		}
		own := s
		if first != nil && e.accounts[who].platform == first.platform && c.rng.Float64() < 0.3 {
			own = &script{repost: first, operation: -1}
		}
		e.schedule(event{at: at + 1 + c.rng.Int64N(c.Window.Milliseconds()), kind: scriptIsDue, who: who, script: own})
	}
	return nil
}

// deck deals accounts so that all have their turn.
type deck struct {
	cards []int32
	next  int
}

// deal gives n different accounts, those first that waited longest.
func (d *deck) deal(n int, r *rand.Rand) []int32 {
	n = min(n, len(d.cards))
	hand := make([]int32, 0, n)
	for len(hand) < n {
		if d.next == 0 {
			// Shuffle the cards that are not in hand and deal from those.
			rest := d.cards
			for i, h := range hand {
				for j := i; j < len(rest); j++ {
					if rest[j] == h {
						rest[i], rest[j] = rest[j], rest[i]
						break
					}
				}
			}
			free := rest[len(hand):]
			r.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
			d.next = len(hand)
		}
		hand = append(hand, d.cards[d.next])
		if d.next++; d.next == len(d.cards) {
			d.next = 0
		}
	}
	return hand
}
