package simulate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/akashi-project/akashi/internal/post"
)

// engine plays one scenario once.
type engine struct {
	sc          *Scenario
	ctx         context.Context
	yield       func(*post.Post) error
	queue       queue
	platforms   []string
	languages   []*language
	accounts    []account
	outlets     []outlet
	communities []community
	operations  []operation
	viral       *rand.Rand
	ids         map[string]bool // taken while accounts are made
	handles     map[string]bool
	end         int64 // ms from the start
	posts       int
	buf         []byte // text being written
}

// Run plays the scenario and gives each post to yield, in the order of time.
// It stops at the first error that yield returns, and when ctx ends. The posts
// depend on the scenario, its Seed, Scale and Shift alone. Run may be called
// again, and from several goroutines.
func (s *Scenario) Run(ctx context.Context, yield func(*post.Post) error) (Truth, error) {
	e, err := newEngine(s)
	if err != nil {
		return Truth{}, fmt.Errorf("preparing the scenario %s: %w", s.Name, err)
	}
	e.ctx, e.yield = ctx, yield
	if err := e.run(); err != nil {
		return Truth{}, fmt.Errorf("playing the scenario %s: %w", s.Name, err)
	}
	return e.truth(), nil
}

func newEngine(s *Scenario) (*engine, error) {
	e := &engine{
		sc: s, end: s.End().Sub(s.Start).Milliseconds(), viral: chance(s.Seed, "viral", 0),
		ids: map[string]bool{}, handles: map[string]bool{},
	}
	all, err := banks()
	if err != nil {
		return nil, err
	}
	e.listPlatforms()
	for _, code := range e.codes() {
		l, err := newLanguage(code, s, all[code], len(e.platforms))
		if err != nil {
			return nil, fmt.Errorf("language %s: %w", code, err)
		}
		e.languages = append(e.languages, l)
	}
	e.populate()
	for i := range s.Outlets {
		if err := e.addOutlet(i); err != nil {
			return nil, fmt.Errorf("outlet %s: %w", s.Outlets[i].Name, err)
		}
	}
	for i := range s.Communities {
		if err := e.addCommunity(i); err != nil {
			return nil, fmt.Errorf("community %s: %w", s.Communities[i].Name, err)
		}
	}
	for i := range s.Operations {
		if err := e.addOperation(i); err != nil {
			return nil, fmt.Errorf("operation %s: %w", s.Operations[i].Name, err)
		}
	}
	e.ids, e.handles = nil, nil
	for i := range e.accounts {
		e.scheduleAccount(0, int32(i))
	}
	e.scheduleViral(0)
	return e, nil
}

// listPlatforms gives the platforms numbers, in the order of their names.
func (e *engine) listPlatforms() {
	for _, p := range e.sc.Population {
		for _, share := range p.Platforms {
			e.platforms = append(e.platforms, share.Name)
		}
	}
	for _, o := range e.sc.Outlets {
		e.platforms = append(e.platforms, o.Feeds...)
	}
	for _, c := range e.sc.Communities {
		e.platforms = append(e.platforms, c.Platforms...)
	}
	for _, o := range e.sc.Operations {
		e.platforms = append(e.platforms, o.Platforms...)
	}
	slices.Sort(e.platforms)
	e.platforms = slices.Compact(e.platforms)
}

func (e *engine) platform(name string) int { return slices.Index(e.platforms, name) }

// codes are the languages that occur, in a fixed order.
func (e *engine) codes() []string {
	used := map[string]bool{}
	for _, p := range e.sc.Population {
		used[p.Lang] = true
	}
	for _, o := range e.sc.Outlets {
		used[o.Lang] = true
	}
	for _, c := range e.sc.Communities {
		used[c.Lang] = true
	}
	for _, o := range e.sc.Operations {
		for _, lang := range o.Langs {
			used[lang] = true
		}
	}
	var codes []string
	for _, lang := range languages() {
		if used[lang] {
			codes = append(codes, lang)
		}
	}
	return codes
}

func (e *engine) language(code string) *language {
	for _, l := range e.languages {
		if l.code == code {
			return l
		}
	}
	return nil
}

// life is the rhythm of people who speak a language under a clock.
func (e *engine) life(l *language, offset time.Duration) *rhythm {
	return newRhythm(e.sc.Start, e.sc.Days, offset, func(local time.Time, h int) float64 {
		return people(local) * l.bustle(h)
	})
}

// populate makes the ordinary accounts.
func (e *engine) populate() {
	scale := e.sc.Scale
	if scale <= 0 {
		scale = 1
	}
	for n, p := range e.sc.Population {
		l := e.language(p.Lang)
		life := e.life(l, p.UTCOffset)
		var total float64
		for _, share := range p.Platforms {
			total += share.Weight
		}
		count := max(1, int(math.Round(float64(p.Accounts)*scale)))
		for i := range count {
			a := account{lang: l, rhythm: life, operation: -1, rng: chance(e.sc.Seed, fmt.Sprintf("people %d", n), i)}
			x := a.rng.Float64() * total
			for _, share := range p.Platforms {
				if a.platform = e.platform(share.Name); x < share.Weight {
					break
				}
				x -= share.Weight
			}
			e.identify(&a, "")
			a.habits(p.PostsPerDay)
			var before float64
			if len(l.activity) > 0 {
				before = l.activity[len(l.activity)-1]
			}
			l.members = append(l.members, int32(len(e.accounts)))
			l.activity = append(l.activity, before+a.rate)
			e.accounts = append(e.accounts, a)
		}
	}
}

// schedule puts an event into the queue, unless it lies beyond the end.
func (e *engine) schedule(ev event) {
	if ev.at < e.end {
		e.queue.push(ev)
	}
}

// scheduleAccount sets an account's next ordinary post.
func (e *engine) scheduleAccount(now int64, who int32) {
	a := &e.accounts[who]
	if a.rate <= 0 {
		return
	}
	t := now + a.shift
	for {
		t = a.rhythm.after(t, a.rng.ExpFloat64()/a.rate)
		if t == never {
			return
		}
		if at := t - a.shift; at >= 0 {
			e.schedule(event{at: max(at, now), kind: accountActs, who: who})
			return
		}
	}
}

func (e *engine) run() error {
	for n := 0; ; n++ {
		if n%1024 == 0 {
			if err := e.ctx.Err(); err != nil {
				return err
			}
		}
		ev, ok := e.queue.pop()
		if !ok {
			return nil
		}
		if err := e.handle(&ev); err != nil {
			return err
		}
	}
}

func (e *engine) handle(ev *event) error {
	switch ev.kind {
	case accountActs:
		e.scheduleAccount(ev.at, ev.who)
		return e.act(ev.at, ev.who)
	case scriptIsDue:
		return e.perform(ev.at, ev.who, ev.script)
	case outletWrites:
		e.scheduleOutlet(ev.at, ev.who)
		return e.write(ev.at, &e.outlets[ev.who])
	case articleIsSet:
		return e.writeSet(ev.at, &e.outlets[ev.who], int(ev.arg))
	case goesViral:
		e.scheduleViral(ev.at)
		e.startViral(ev.at)
	case communityActs:
		e.scheduleCommunity(ev.at, ev.who)
		return e.gather(ev.at, &e.communities[ev.who])
	case operationActs:
		return e.pushOut(ev.at, int(ev.who), int(ev.arg))
	}
	return nil
}
