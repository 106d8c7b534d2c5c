package simulate

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// operation is an operation at work.
type operation struct {
	*Operation
	rng     *rand.Rand
	members []int32
	all     deck
	seeds   deck
	byLang  []deck           // as in Langs
	cells   [][]deck         // by language and platform, for cross-platform
	phases  []operationPhase // as in Phases
	turn    int
	planted int
}

// operationPhase is a phase whose texts are read.
type operationPhase struct {
	texts map[string][]template
	links []template
	image string
}

func (e *engine) addOperation(n int) error {
	spec := &e.sc.Operations[n]
	o := operation{Operation: spec, rng: chance(e.sc.Seed, "operation "+spec.Name, 0)}
	o.byLang = make([]deck, len(spec.Langs))
	o.cells = make([][]deck, len(spec.Langs))
	for i := range o.cells {
		o.cells[i] = make([]deck, len(spec.Platforms))
	}
	for i := range spec.Accounts {
		p, l := i%len(spec.Platforms), i/len(spec.Platforms)%len(spec.Langs)
		a := account{
			lang: e.language(spec.Langs[l]), platform: e.platform(spec.Platforms[p]), operation: n,
			rng: chance(e.sc.Seed, "member of "+spec.Name, i),
		}
		a.rhythm = e.life(a.lang, usualZone(spec.Langs[l]))
		e.identify(&a, "")
		a.habits(spec.Camouflage)
		who := int32(len(e.accounts))
		o.members = append(o.members, who)
		if spec.Type == RepostRing && i < spec.Seeds {
			o.seeds.cards = append(o.seeds.cards, who)
		} else {
			o.all.cards = append(o.all.cards, who)
		}
		o.byLang[l].cards = append(o.byLang[l].cards, who)
		o.cells[l][p].cards = append(o.cells[l][p].cards, who)
		e.accounts = append(e.accounts, a)
	}
	work := newRhythm(e.sc.Start, e.sc.Days, spec.UTCOffset, func(local time.Time, _ int) float64 {
		day := local.Weekday()
		if !spec.Weekends && (day == time.Saturday || day == time.Sunday) || local.Hour() < spec.FromHour || local.Hour() >= spec.UntilHour {
			return 0
		}
		return 1
	})
	for i := range spec.Phases {
		phase, err := e.readPhase(spec, &spec.Phases[i])
		if err != nil {
			return fmt.Errorf("phase %s: %w", spec.Phases[i].Name, err)
		}
		o.phases = append(o.phases, phase)
		e.planPushes(n, i, work, o.rng)
	}
	e.operations = append(e.operations, o)
	return nil
}

func (e *engine) readPhase(o *Operation, p *Phase) (operationPhase, error) {
	out := operationPhase{texts: map[string][]template{}}
	var err error
	for _, code := range o.Langs {
		if out.texts[code], err = e.language(code).lexicon.compileAll(p.Texts[code]); err != nil {
			return out, err
		}
		if len(out.texts[code]) == 0 {
			return out, fmt.Errorf("no texts in %s", code)
		}
	}
	if out.links, err = e.language(o.Langs[0]).lexicon.compileAll(p.Links); err != nil {
		return out, err
	}
	if p.Image != "" {
		h := fnv.New64a()
		h.Write([]byte(p.Image))
		out.image = fmt.Sprintf("%016x", h.Sum64())
	}
	return out, nil
}

// planPushes sets the times at which the accounts act together in a phase.
func (e *engine) planPushes(op, phase int, work *rhythm, r *rand.Rand) {
	p := &e.sc.Operations[op].Phases[phase]
	from, until := p.From.Sub(e.sc.Start).Milliseconds(), p.Until.Sub(e.sc.Start).Milliseconds()
	count := max(1, int(math.Round(p.PushesPerDay*float64(until-from)/float64(24*hour))))
	if latest := until - p.Window.Milliseconds(); latest > from {
		until = latest
	}
	times := make([]int64, count)
	for i := range times {
		// One draw from each equal part spreads the pushes over the phase.
		times[i] = work.between(from, until, (float64(i)+r.Float64())/float64(count))
	}
	slices.Sort(times)
	for _, at := range times {
		e.schedule(event{at: at, kind: operationActs, who: int32(op), arg: int32(phase)})
	}
}

// pushOut lets an operation act together once.
func (e *engine) pushOut(at int64, op, phase int) error {
	o := &e.operations[op]
	spec, p, r := &o.Phases[phase], &o.phases[phase], o.rng
	lang := o.turn % len(o.Langs)
	o.turn++
	code := o.Langs[lang]
	s := &script{
		links: e.fillLink(p.links, r), hashtags: spec.Hashtags[code], image: p.image,
		variation: spec.Variation, operation: op,
	}
	share := func(d *deck) []int32 {
		return d.deal(max(2, int(math.Round(spec.Share*float64(len(d.cards))))), r)
	}
	one := pick(p.texts[code], r)
	switch o.Type {
	case CoLink:
		for _, who := range share(&o.all) {
			a := &e.accounts[who]
			own := *s
			own.texts, own.hashtags = p.texts[a.lang.code], spec.Hashtags[a.lang.code]
			e.at(at, spec.Window, who, &own, r)
		}
	case Copypasta:
		s.text = string(one.append(nil, r))
		for _, who := range share(&o.byLang[lang]) {
			e.at(at, spec.Window, who, s, r)
		}
	case CrossPlatform:
		s.text = string(one.append(nil, r))
		for i := range o.cells[lang] {
			cell := &o.cells[lang][i]
			count := max(1, int(math.Round(spec.Share*float64(len(cell.cards)))))
			for _, who := range cell.deal(count, r) {
				e.at(at, spec.Window, who, s, r)
			}
		}
	case Spun, Slow:
		s.texts = []template{one}
		for _, who := range share(&o.byLang[lang]) {
			e.at(at, spec.Window, who, s, r)
		}
	case HashtagFlood:
		s.texts = p.texts[code]
		for _, who := range share(&o.byLang[lang]) {
			e.at(at, spec.Window, who, s, r)
		}
	case RepostRing:
		return e.ring(at, o, p, spec, s)
	default:
		return fmt.Errorf("unknown type of operation %q", o.Type)
	}
	return nil
}

// ring lets a seed post, and the others repost it.
func (e *engine) ring(at int64, o *operation, p *operationPhase, spec *Phase, s *script) error {
	seed := o.seeds.deal(1, o.rng)[0]
	a := &e.accounts[seed]
	s.texts, s.hashtags = p.texts[a.lang.code], spec.Hashtags[a.lang.code]
	made, err := e.say(at, seed, s)
	if err != nil {
		return err
	}
	count := max(2, int(math.Round(spec.Share*float64(len(o.all.cards)))))
	for _, who := range o.all.deal(count, o.rng) {
		if e.accounts[who].platform == a.platform {
			e.at(at+1500, spec.Window, who, &script{repost: &made, operation: s.operation}, o.rng)
		}
	}
	return nil
}

// at schedules a script within the window.
func (e *engine) at(from int64, window time.Duration, who int32, s *script, r *rand.Rand) {
	e.schedule(event{at: from + r.Int64N(max(window.Milliseconds(), 1)), kind: scriptIsDue, who: who, script: s})
}
