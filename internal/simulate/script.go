package simulate

import "math/rand/v2"

// script is what one or many accounts post when their time has come.
type script struct {
	text      string     // fixed text, or
	texts     []template // one of these, filled in by each account
	links     []string
	hashtags  []string
	image     string
	repost    *ref
	article   *article
	share     bool    // pass the article on as people do
	variation float64 // share of posts that differ at the end
	operation int     // -1 for none
}

// perform posts what a script says.
func (e *engine) perform(at int64, who int32, s *script) error {
	_, err := e.say(at, who, s)
	return err
}

func (e *engine) say(at int64, who int32, s *script) (ref, error) {
	a := &e.accounts[who]
	if s.share {
		return ref{}, e.share(at, who, s.article)
	}
	if s.operation >= 0 {
		e.operations[s.operation].planted++
	}
	if s.repost != nil {
		return e.publish(at, who, draft{repost: s.repost})
	}
	e.buf = append(e.buf[:0], s.text...)
	if len(s.texts) > 0 {
		e.phrase(s.texts, a.rng)
	}
	if s.variation > 0 && a.rng.Float64() < s.variation {
		e.phrase(a.lang.tails, a.rng)
	}
	e.addTags(s.hashtags...)
	made, err := e.publish(at, who, draft{links: s.links, image: s.image})
	if s.article != nil && len(s.article.feeds) < 8 {
		s.article.feeds = append(s.article.feeds, made)
	}
	return made, err
}

// fillLink makes an address of one of the templates.
func (e *engine) fillLink(from []template, r *rand.Rand) []string {
	if len(from) == 0 {
		return nil
	}
	return []string{string(pick(from, r).append(nil, r))}
}
