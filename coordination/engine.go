package coordination

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Engine takes traces and makes the network of co-actions. It is used from
// one goroutine: New, Add as often as needed, Run once, Close.
type Engine struct {
	cfg      Config
	window   int64 // µs
	accounts symbols
	objects  symbols
	rows     rows

	perObject  []uint32 // traces
	perAccount []uint32 // traces
	traces     int64
	first      int64 // µs
	last       int64
	kinds      [NumBehaviours]int64 // traces by behaviour

	duplicates bool // equal rows count each
	dropped    int64
	origin     int64 // µs at which the null model's first bin begins
	binWidth   int64 // µs of a bin of the null model
	kept       []*sweepable
	ran        bool
}

// New makes an engine. It fails where a setting cannot be.
func New(c Config) (*Engine, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("coordination: %w", err)
	}
	e := &Engine{
		cfg:        c,
		window:     c.Window.Microseconds(),
		rows:       rows{dir: c.Dir, budget: max(c.Budget, partitions*chunkRows*rowBytes)},
		first:      math.MaxInt64,
		last:       math.MinInt64,
		duplicates: c.Method == CooRTweet,
	}
	return e, nil
}

// The range of times the engine takes: its µs must not overflow.
var (
	minTime = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	maxTime = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
)

// Add takes one trace. A trace without an account or object, or with a time
// outside the years 1 to 9999, is refused with an error and changes nothing;
// any other error is one of the disk.
func (e *Engine) Add(t Trace) error {
	switch {
	case e.ran:
		return errors.New("coordination: Add after Run")
	case t.Account == "":
		return errors.New("coordination: a trace has no account")
	case t.Object == "":
		return errors.New("coordination: a trace has no object")
	case int(t.Behaviour) >= NumBehaviours:
		return fmt.Errorf("coordination: a trace has the unknown behaviour %d", t.Behaviour)
	case t.Time.Before(minTime) || t.Time.After(maxTime):
		return fmt.Errorf("coordination: a trace has the time %v: want the years 1 to 9999", t.Time)
	case e.accounts.len() >= math.MaxUint32-1 || e.objects.len() >= math.MaxUint32-1:
		return errors.New("coordination: more than 4,294,967,294 accounts or objects")
	}
	account, fresh := e.accounts.lookup(0, t.Account)
	if fresh {
		e.perAccount = append(e.perAccount, 0)
	}
	object, fresh := e.objects.lookup(byte(t.Behaviour), t.Object)
	if fresh {
		e.perObject = append(e.perObject, 0)
	}
	at := t.Time.UnixMicro()
	if err := e.rows.add(row{object: object, account: account, time: at, post: t.Post}); err != nil {
		return fmt.Errorf("coordination: %w", err)
	}
	e.perAccount[account]++
	e.perObject[object]++
	e.kinds[t.Behaviour]++
	e.traces++
	e.first, e.last = min(e.first, at), max(e.last, at)
	return nil
}

// Traces says how many traces were added.
func (e *Engine) Traces() int64 { return e.traces }

// Close gives back memory and files. A network that Run made stays usable.
func (e *Engine) Close() error {
	e.kept = nil
	return e.rows.close()
}

// hot says whether an object is above the popularity ceiling.
func (e *Engine) hot(object uint32) bool {
	return e.cfg.Ceiling > 0 && int64(e.perObject[object]) > int64(e.cfg.Ceiling)
}

// takesPart says whether an account's rows are swept.
func (e *Engine) takesPart(account uint32) bool {
	return e.cfg.Method != CooRTweet || int64(e.perAccount[account]) >= int64(e.cfg.MinParticipation)
}

// Run pairs all traces added and returns the network. It may be called once.
// Cancelling ctx stops it within a fraction of a second.
func (e *Engine) Run(ctx context.Context) (*Network, error) {
	if e.ran {
		return nil, errors.New("coordination: Run may be called once")
	}
	e.ran = true
	n, err := e.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("coordination: %w", err)
	}
	return n, nil
}

func (e *Engine) run(ctx context.Context) (*Network, error) {
	e.origin = e.first
	if !e.cfg.Anchor.IsZero() {
		e.origin = e.cfg.Anchor.UnixMicro()
		if e.traces > 0 && e.first < e.origin {
			return nil, fmt.Errorf("a trace lies before the anchor %v of the null model's days", e.cfg.Anchor)
		}
	}
	e.binWidth = binWidth(e.origin, e.last)
	var stays func(a, b row) bool
	if e.cfg.Method == CooRTweet {
		p, err := e.participants(ctx)
		if err != nil {
			return nil, fmt.Errorf("applying the minimum participation: %w", err)
		}
		stays = p.stays
	}
	var nulls [NumBehaviours]*null
	for kind, n := range e.kinds {
		if n > 0 {
			nulls[kind] = newNull()
		}
	}
	folders, err := e.sweep(ctx, stays, &nulls)
	if err != nil {
		return nil, fmt.Errorf("pairing traces: %w", err)
	}
	return e.network(ctx, folders, nulls)
}

// hotObjects lists what the ceiling left out, most popular first.
func (e *Engine) hotObjects() []Hot {
	var hot []Hot
	if e.cfg.Ceiling <= 0 {
		return nil
	}
	for o := range e.perObject {
		if e.hot(uint32(o)) { //nolint:gosec // an object's number
			kind, name := e.objects.get(uint32(o)) //nolint:gosec // an object's number
			hot = append(hot, Hot{Behaviour: Behaviour(kind), Object: name, Traces: int64(e.perObject[o])})
		}
	}
	sortHot(hot)
	return hot
}

// sortHot brings the most popular first.
func sortHot(hot []Hot) {
	slices.SortFunc(hot, func(a, b Hot) int {
		switch {
		case a.Traces != b.Traces:
			return int(b.Traces - a.Traces)
		case a.Behaviour != b.Behaviour:
			return int(a.Behaviour) - int(b.Behaviour)
		case a.Object < b.Object:
			return -1
		}
		return 1
	})
}
