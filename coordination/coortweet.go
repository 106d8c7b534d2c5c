package coordination

import (
	"context"
)

// participants is CooRTweet's second filter: a pair stays when at least one
// of its two contents belongs to an account that has MinParticipation rows
// whose content is in a pair.
type participants struct {
	contents keySet
	self     []PostKey // by object: the key of its own name
}

func (p *participants) stays(a, b row) bool {
	if self := p.self[a.object]; a.post == self || b.post == self || a.post == b.post {
		return false
	}
	return p.contents.has(a.post) || p.contents.has(b.post)
}

// participants finds the contents that make a pair stay.
func (e *Engine) participants(ctx context.Context) (*participants, error) {
	p := &participants{self: make([]PostKey, e.objects.len())}
	for o := range p.self {
		p.self[o] = Key(e.objects.name(uint32(o))) //nolint:gosec // an object's number
	}
	// Contents that occur in a pair.
	var paired keySet
	err := e.eachPartition(ctx, func(s *sweepable) error {
		for g := range s.accounts {
			rs := s.rows[s.starts[g]:s.starts[g+1]]
			for i := range rs {
				if i%4096 == 0 && ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if !paired.has(rs[i].post) && e.hasPartner(p, rs, i) {
					paired.add(rs[i].post)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// How many rows with such a content each account has, …
	taking := make([]int, e.accounts.len())
	count := func(f func(row)) error {
		return e.eachPartition(ctx, func(s *sweepable) error {
			for _, r := range s.rows {
				if paired.has(r.post) {
					f(r)
				}
			}
			return ctx.Err()
		})
	}
	if err := count(func(r row) { taking[r.account]++ }); err != nil {
		return nil, err
	}
	// … and the contents of those that have enough.
	err = count(func(r row) {
		if taking[r.account] >= e.cfg.MinParticipation {
			p.contents.add(r.post)
		}
	})
	return p, err
}

// hasPartner says whether row i of an object's rows is in any pair.
func (e *Engine) hasPartner(p *participants, rs []row, i int) bool {
	r := rs[i]
	if r.post == p.self[r.object] {
		return false
	}
	fits := func(o row) bool {
		return o.account != r.account && o.post != r.post && o.post != p.self[r.object]
	}
	for j := i + 1; j < len(rs) && rs[j].time-r.time <= e.window; j++ {
		if fits(rs[j]) {
			return true
		}
	}
	for j := i - 1; j >= 0 && r.time-rs[j].time <= e.window; j-- {
		if fits(rs[j]) {
			return true
		}
	}
	return false
}
