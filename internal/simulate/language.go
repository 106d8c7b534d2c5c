package simulate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
)

// language is what can be said in one language, who says it and what is new.
type language struct {
	code     string
	lexicon  *lexicon
	comments []template
	replies  []template
	tails    []template
	names    []template
	joint    string // between two sentences
	topics   []langTopic
	members  []int32 // ordinary accounts
	activity []float64
	news     ring[*article]
	recent   []ring[ref] // by platform
}

// langTopic is a topic in one language.
type langTopic struct {
	weight    float64
	texts     []template
	headlines []template
	hashtags  []string
	comments  []template
	surge     []float64 // by hour from the start; nil when even
}

func newLanguage(code string, sc *Scenario, b *bank, platforms int) (*language, error) {
	l := &language{code: code, lexicon: newLexicon(b, nil), joint: " "}
	if code == "ja" || code == "zh" {
		l.joint = ""
	}
	var err error
	for _, part := range []struct {
		to   *[]template
		name string
	}{{&l.comments, "comment"}, {&l.replies, "reply"}, {&l.tails, "tail"}, {&l.names, "name"}} {
		if *part.to, err = l.lexicon.compileAll(b.sections[part.name]); err != nil {
			return nil, err
		}
		if len(*part.to) == 0 {
			return nil, fmt.Errorf("no phrases of the kind %q in %s", part.name, code)
		}
	}
	for _, topic := range sc.Topics {
		t := langTopic{weight: topic.Weight[code], hashtags: topic.Hashtags[code]}
		x := newLexicon(b, topic.Words[code])
		if t.texts, err = x.compileAll(slices.Concat(topic.Texts[code], b.sections["topic "+topic.Bank])); err != nil {
			return nil, fmt.Errorf("topic %s: %w", topic.Name, err)
		}
		if t.headlines, err = x.compileAll(slices.Concat(topic.Headlines[code], b.sections["headline "+topic.Bank])); err != nil {
			return nil, fmt.Errorf("topic %s: %w", topic.Name, err)
		}
		if t.comments, err = x.compileAll(b.sections["comment "+topic.Bank]); err != nil {
			return nil, fmt.Errorf("topic %s: %w", topic.Name, err)
		}
		if len(t.texts) == 0 {
			t.weight = 0
		}
		t.surge = surges(sc, topic)
		l.topics = append(l.topics, t)
	}
	l.recent = make([]ring[ref], platforms)
	return l, nil
}

// surges lists the factor of each hour of the scenario.
func surges(sc *Scenario, t Topic) []float64 {
	if len(t.Surges) == 0 {
		return nil
	}
	out := make([]float64, sc.Days*24)
	for i := range out {
		out[i] = 1
	}
	for _, s := range t.Surges {
		from, until := int(s.From.Sub(sc.Start).Hours()), int(s.Until.Sub(sc.Start).Hours())
		for h := max(from, 0); h < min(until, len(out)); h++ {
			out[h] *= s.Factor
		}
	}
	return out
}

// weightAt is how much a topic is on people's minds in an hour; -1 stands for
// an ordinary hour.
func (t *langTopic) weightAt(h int) float64 {
	if t.surge == nil || h < 0 || h >= len(t.surge) {
		return t.weight
	}
	return t.weight * t.surge[h]
}

// bustle is how much more than usual is posted in an hour.
func (l *language) bustle(h int) float64 {
	var now, usual float64
	for i := range l.topics {
		now += l.topics[i].weightAt(h)
		usual += l.topics[i].weight
	}
	if usual == 0 {
		return 1
	}
	return now / usual
}

// pickTopic draws a topic by its weight in an hour.
func (l *language) pickTopic(h int, r *rand.Rand) int {
	var sum float64
	for i := range l.topics {
		sum += l.topics[i].weightAt(h)
	}
	x := r.Float64() * sum
	last := 0
	for i := range l.topics {
		w := l.topics[i].weightAt(h)
		if w <= 0 {
			continue
		}
		if last = i; x < w {
			return i
		}
		x -= w
	}
	return last
}

// pickMember draws an ordinary account, active ones more often.
func (l *language) pickMember(r *rand.Rand) int32 {
	x := r.Float64() * l.activity[len(l.activity)-1]
	return l.members[min(sort.SearchFloat64s(l.activity, x), len(l.members)-1)]
}

func (l *language) name(r *rand.Rand) string {
	return string(l.names[r.IntN(len(l.names))].append(nil, r))
}

func pick[T any](list []T, r *rand.Rand) T { return list[r.IntN(len(list))] }

// ring holds the latest things of a kind.
type ring[T any] struct {
	items []T
	next  int
}

const ringSize = 256

func (r *ring[T]) add(item T) {
	if len(r.items) < ringSize {
		r.items = append(r.items, item)
		return
	}
	r.items[r.next] = item
	r.next = (r.next + 1) % ringSize
}

// back returns the n-th latest item, n from 0 to len-1.
func (r *ring[T]) back(n int) *T {
	return &r.items[(r.next-1-n+2*len(r.items))%len(r.items)]
}

// recent draws an item, new ones more often: depth is the mean distance.
func (r *ring[T]) recent(depth float64, x *rand.Rand) *T {
	if len(r.items) == 0 {
		return nil
	}
	return r.back(int(x.ExpFloat64()*depth) % len(r.items))
}
