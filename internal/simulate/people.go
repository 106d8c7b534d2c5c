package simulate

import (
	"encoding/hex"
	"math/rand/v2"
)

// act lets an account do something ordinary.
func (e *engine) act(at int64, who int32) error {
	a := &e.accounts[who]
	r := a.rng
	e.buf = e.buf[:0]
	x := r.Float64()
	if x -= a.own; x < 0 {
		return e.talk(at, who)
	}
	if x -= a.reply; x < 0 {
		if of := e.seen(a, who, 2); of != nil {
			reply := *of
			e.buf = append(e.buf, '@')
			e.buf = append(e.buf, reply.handle...)
			e.buf = append(e.buf, ' ')
			from := len(e.buf)
			e.phrase(a.lang.replies, r)
			if !a.lower {
				capitalise(e.buf[from:])
			}
			e.finish(a, 0.3)
			_, err := e.publish(at, who, draft{replyTo: &reply})
			return err
		}
		return e.talk(at, who)
	}
	if x -= a.repost; x < 0 {
		if of := e.seen(a, who, 3); of != nil {
			reposted := *of
			_, err := e.publish(at, who, draft{repost: &reposted})
			return err
		}
	}
	if n := e.read(a); n != nil {
		return e.share(at, who, n)
	}
	return e.talk(at, who)
}

// phrase appends one of the templates, filled in.
func (e *engine) phrase(from []template, r *rand.Rand) {
	e.buf = pick(from, r).append(e.buf, r)
}

// finish sometimes adds a closing word or sign.
func (e *engine) finish(a *account, probability float64) {
	if a.rng.Float64() < probability {
		if a.lang.joint != "" {
			e.buf = append(e.buf, ' ')
		}
		e.phrase(a.lang.tails, a.rng)
	}
}

// topic draws what an account has on its mind.
func (a *account) topic(at int64) int {
	h := int(at / hour)
	if a.rng.Float64() < 0.55 {
		// One of its own, the more so the more it is on everyone's mind.
		var sum float64
		for _, t := range a.topics {
			sum += a.lang.topics[t].weightAt(h)
		}
		x := a.rng.Float64() * sum
		for _, t := range a.topics {
			if x -= a.lang.topics[t].weightAt(h); x < 0 {
				return t
			}
		}
	}
	return a.lang.pickTopic(h, a.rng)
}

// talk publishes something in the account's own words.
func (e *engine) talk(at int64, who int32) error {
	a := &e.accounts[who]
	r := a.rng
	t := &a.lang.topics[a.topic(at)]
	if len(t.texts) == 0 {
		return nil
	}
	first := r.IntN(len(t.texts))
	e.buf = t.texts[first].append(e.buf, r)
	if second := r.IntN(len(t.texts)); second != first && r.Float64() < 0.5 {
		e.buf = append(e.buf, a.lang.joint...)
		if a.lang.joint == "" && r.IntN(2) == 0 {
			e.buf = append(e.buf, '\n')
		}
		e.buf = t.texts[second].append(e.buf, r)
	}
	if !a.lower {
		capitalise(e.buf)
	}
	e.finish(a, 0.35)
	if len(t.hashtags) > 0 && r.Float64() < 0.16 {
		e.addTags(pick(t.hashtags, r))
		if r.Float64() < 0.2 {
			if tag := pick(t.hashtags, r); !endsWithTag(e.buf, tag) {
				e.addTags(tag)
			}
		}
	}
	var d draft
	if r.Float64() < 0.10 {
		d.image = newHash(r)
	}
	_, err := e.publish(at, who, d)
	return err
}

func endsWithTag(text []byte, tag string) bool {
	return len(text) >= len(tag) && string(text[len(text)-len(tag):]) == tag
}

// newHash draws the perceptual hash of a picture of one's own.
func newHash(r *rand.Rand) string {
	var b [8]byte
	x := r.Uint64()
	for i := range b {
		b[i] = byte(x >> (8 * i))
	}
	return hex.EncodeToString(b[:])
}

// seen draws a recent post of others on the account's platform; of several
// that catch its eye, that of the most active account wins.
func (e *engine) seen(a *account, who int32, candidates int) *ref {
	recent := &a.lang.recent[a.platform]
	var best *ref
	for range candidates {
		of := recent.recent(45, a.rng)
		if of != nil && of.account != who && (best == nil || of.rate > best.rate) {
			best = of
		}
	}
	return best
}

// capitalise makes the first letter of each sentence a capital, in Latin and
// Cyrillic script; both letters take the same room.
func capitalise(text []byte) {
	for i, starts := 0, true; i < len(text); i++ {
		c := text[i]
		switch {
		case starts && c >= 'a' && c <= 'z':
			text[i] = c - 'a' + 'A'
		case starts && i+1 < len(text) && c == 0xd0 && text[i+1] >= 0xb0: // а to п
			text[i+1] -= 0x20
		case starts && i+1 < len(text) && c == 0xd1 && text[i+1] < 0x90: // р to я
			text[i], text[i+1] = 0xd0, text[i+1]+0x20
		}
		if c == ' ' || c == '"' || c == '\n' {
			starts = starts || c != '"' && i > 0 && (text[i-1] == '.' || text[i-1] == '!' || text[i-1] == '?')
			continue
		}
		starts = false
	}
}
