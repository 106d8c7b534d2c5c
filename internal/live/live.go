// Package live detects while posts come: it sees what has just been stored,
// keeps the coordination of the last while, and has groups taken in as findings
// while they act.
//
//   - State is memory alone. At the start the window is replayed from the post
//     store; what comes meanwhile is taken at once, and a trace that comes twice
//     counts once.
//   - Memory is bounded (coordination.Config.Budget); what was dropped for want
//     of it is in the status.
//   - What is looked for is the detection finding.LiveDetection; where its
//     parameters change, the window is replayed under the new ones.
//   - A new group is taken in at the next look; one that only grows at most
//     every Options.Settle.
package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/burst"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/enrich"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// Posts is what is replayed.
type Posts interface {
	Traces(ctx context.Context, q poststore.Query, by enrich.Behaviours, o enrich.Options, yield func([]coordination.Trace) error) error
}

// Findings take in what is seen.
type Findings interface {
	Live(ctx context.Context) (finding.Detection, error)
	TakeInLive(ctx context.Context, n *coordination.Network, g *coordination.Groups) (finding.Run, error)
}

// Options say how the stream is followed. Posts and Findings are needed.
type Options struct {
	Posts    Posts
	Findings Findings
	// Horizon is how long traces are kept (24 h), Budget about how many bytes
	// they may take (512 MiB).
	Horizon time.Duration
	Budget  int64
	// Every is how often it looks (1 s), Settle how long a group that only
	// grows waits to be taken in again (10 s).
	Every, Settle time.Duration
	// Ahead is how far in the future a post's clock may be (10 min); posts
	// beyond it are counted and take no part.
	Ahead time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

// Service follows the stream.
type Service struct {
	o Options

	mu      sync.Mutex
	engine  *coordination.Live // nil before Run and while it is off
	rates   *burst.Detector
	bursts  []burst.Burst
	looked  time.Time // for bursts
	by      enrich.Behaviours
	changed bool
	status  Status
	minutes map[string]*[Minutes]int64 // by source
	minute  int64                      // the newest, since 1970
	news    map[chan struct{}]struct{}
}

// Minutes is how many minutes are counted.
const Minutes = 60

// State is what the detector is doing.
type State string

// The states.
const (
	Off       State = "off"       // the detection is disabled or gone
	Replaying State = "replaying" // reading the window from the store
	Following State = "following"
)

// Status is how the stream is being followed.
type Status struct {
	State State
	// Posts counts those seen since the start, Future those whose clock is
	// too far ahead.
	Posts, Future int64
	// Looked is when it last looked, Took how long that took; TakenIn is
	// when groups were last taken in, and Groups how many there are.
	Looked, TakenIn time.Time
	Took            time.Duration
	Groups          int
	// Error says what went wrong when it last looked.
	Error string
	coordination.LiveStats
}

// Rate is how many posts a source brought in each of the last minutes, the
// oldest first.
type Rate struct {
	Source string
	Counts [Minutes]int64
}

// New makes a service; Run begins it.
func New(o Options) *Service {
	o.Horizon = cmp.Or(o.Horizon, 24*time.Hour)
	o.Budget = cmp.Or(o.Budget, 512<<20)
	o.Every = cmp.Or(o.Every, time.Second)
	o.Settle = cmp.Or(o.Settle, 10*time.Second)
	o.Ahead = cmp.Or(o.Ahead, 10*time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{o: o, status: Status{State: Off}, minutes: map[string]*[Minutes]int64{}, news: map[chan struct{}]struct{}{}}
}

// Observe takes posts that have just been stored: the hook of collect.Options.
func (s *Service) Observe(source string, posts []post.Post) {
	now := s.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Posts += int64(len(posts))
	s.count(source, int64(len(posts)), now)
	if s.engine == nil {
		return // what is stored is replayed
	}
	for i := range posts {
		p := &posts[i]
		if p.Time.Sub(now) > s.o.Ahead {
			s.status.Future++
			continue
		}
		t := coordination.Trace{Account: poststore.AccountKey(p.Platform, p.Account.ID), Time: p.Time, Post: poststore.KeyOf(p)}
		enrich.Traces(p, s.by, enrich.Options{}, func(b coordination.Behaviour, object string) {
			t.Behaviour, t.Object = b, object
			s.add(t)
			if talked.Has(b) {
				s.rates.Add(b, object, t.Time)
			}
		})
	}
}

// talked are the behaviours whose objects are watched for bursts.
var talked = enrich.Of(coordination.Hashtag, coordination.URL)

// Bursts gives the objects about which more is posted now than their own past
// explains, the most surprising first. Objects may name accounts: show them
// veiled.
func (s *Service) Bursts() []burst.Burst {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bursts)
}

// add hands a trace to the engine. One that it refuses has no account or no
// time, which the batch engine leaves out too.
func (s *Service) add(t coordination.Trace) {
	if t.Account == "" || t.Time.IsZero() {
		return
	}
	if err := s.engine.Add(t); err != nil {
		s.o.Log.Debug("a trace was left out", "error", err.Error())
		return
	}
	s.changed = true
}

// count counts posts of a source in this minute.
func (s *Service) count(source string, n int64, now time.Time) {
	s.turn(now)
	if s.minutes[source] == nil {
		s.minutes[source] = new([Minutes]int64)
	}
	s.minutes[source][Minutes-1] += n
}

// turn moves the counts on to this minute.
func (s *Service) turn(now time.Time) {
	minute := now.Unix() / 60
	by := minute - s.minute
	s.minute = max(s.minute, minute)
	if by <= 0 {
		return
	}
	for source, c := range s.minutes {
		if by >= Minutes {
			delete(s.minutes, source)
			continue
		}
		copy(c[:], c[by:])
		clear(c[Minutes-by:])
	}
}

// Rates gives the posts per minute by source, by name.
func (s *Service) Rates() []Rate {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(s.o.Now())
	out := make([]Rate, 0, len(s.minutes))
	for source, c := range s.minutes {
		out = append(out, Rate{source, *c})
	}
	slices.SortFunc(out, func(a, b Rate) int { return cmp.Compare(a.Source, b.Source) })
	return out
}

// Status says how it goes.
func (s *Service) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.status
	if s.engine != nil {
		out.LiveStats = s.engine.Stats()
	}
	return out
}

// Listen gives a channel that has something in it when groups were taken in
// since it was last read. end must be called.
func (s *Service) Listen() (news <-chan struct{}, end func()) {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.news[c] = struct{}{}
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.news, c)
	}
}

// Listening says how many listen.
func (s *Service) Listening() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.news)
}

// checkEvery is how often the detection's parameters are looked at.
const checkEvery = 10 * time.Second

// Run follows the stream until ctx ends.
func (s *Service) Run(ctx context.Context) {
	for ctx.Err() == nil {
		d, err := s.o.Findings.Live(ctx)
		switch {
		case errors.Is(err, casestore.ErrNotFound) || err == nil && !d.Enabled:
			s.set(Off, nil)
		case err != nil:
			s.failed(err)
		default:
			if err := s.follow(ctx, &d); err != nil && ctx.Err() == nil {
				s.failed(err)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(s.o.Every):
		}
	}
}

func (s *Service) failed(err error) {
	s.o.Log.Warn("following the stream", "error", err.Error())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Error = err.Error()
}

func (s *Service) set(state State, engine *coordination.Live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.State, s.engine = state, engine
}

// follow replays the window and looks, until the parameters change.
func (s *Service) follow(ctx context.Context, d *finding.Detection) error {
	by, err := enrich.ParseBehaviours(d.Behaviours)
	if err != nil {
		return fmt.Errorf("reading the behaviours: %w", err)
	}
	ceiling := d.Ceiling
	if ceiling < 0 {
		ceiling = coordination.None
	}
	engine, err := coordination.NewLive(coordination.Config{Window: d.Window(), Ceiling: ceiling, Budget: s.o.Budget}, s.o.Horizon)
	if err != nil {
		return fmt.Errorf("making the engine: %w", err)
	}
	s.mu.Lock()
	s.by, s.changed = by, true
	s.rates, s.bursts, s.looked = burst.New(burst.Options{}), nil, time.Time{}
	s.status.State, s.status.Error, s.engine = Replaying, "", engine
	s.mu.Unlock()
	defer s.set(Off, nil)
	now := s.o.Now() // what is stored later is observed
	if err := s.replay(ctx); err != nil {
		return err
	}
	if err := s.recall(ctx, now); err != nil {
		return err
	}
	s.set(Following, engine)
	seen := taken{of: map[string]bool{}}
	checked := s.o.Now()
	next := time.NewTicker(s.o.Every)
	defer next.Stop()
	for {
		if err := s.look(ctx, d, &seen); err != nil {
			return err
		}
		select {
		case <-next.C:
		case <-ctx.Done():
			return nil
		}
		if now := s.o.Now(); now.Sub(checked) >= checkEvery {
			checked = now
			fresh, err := s.o.Findings.Live(ctx)
			if err != nil || !fresh.Enabled || fresh.Parameters != d.Parameters {
				return nil //nolint:nilerr // Run asks again and says it
			}
		}
	}
}

// replay reads the window from the store.
func (s *Service) replay(ctx context.Context) error {
	now := s.o.Now()
	err := s.o.Posts.Traces(ctx, poststore.Query{From: now.Add(-s.o.Horizon), To: now.Add(s.o.Ahead)}, s.by, enrich.Options{}, func(batch []coordination.Trace) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, t := range batch {
			s.add(t)
		}
		return context.Cause(ctx)
	})
	if err != nil {
		return fmt.Errorf("replaying the window: %w", err)
	}
	return nil
}

// recall counts what was posted about objects in the weeks before the stream was
// followed.
func (s *Service) recall(ctx context.Context, until time.Time) error {
	err := s.o.Posts.Traces(ctx, poststore.Query{From: until.Add(-burst.Past), To: until}, talked, enrich.Options{}, func(batch []coordination.Trace) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, t := range batch {
			s.rates.Add(t.Behaviour, t.Object, t.Time)
		}
		return context.Cause(ctx)
	})
	if err != nil {
		return fmt.Errorf("reading the past weeks: %w", err)
	}
	return nil
}

// burstsEvery is how often bursts are looked for.
const burstsEvery = 30 * time.Second

// taken is what was last taken in.
type taken struct {
	of   map[string]bool // accounts in groups
	at   time.Time
	mark uint64
}

// expireStep is how many objects are looked at for what is too old in one look.
const expireStep = 20_000

// look tests what is there, and has it taken in where there is something new.
func (s *Service) look(ctx context.Context, d *finding.Detection, seen *taken) error {
	began := s.o.Now()
	s.mu.Lock()
	s.engine.Expire(began, expireStep)
	if began.Sub(s.looked) >= burstsEvery {
		s.bursts, s.looked = s.rates.Look(began), began
	}
	if !s.changed {
		s.mu.Unlock()
		return nil
	}
	s.changed = false
	n, err := s.engine.Snapshot(ctx, d.FDR)
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("testing the window: %w", err)
	}
	g, err := n.Groups(ctx, coordination.GroupConfig{FDR: d.FDR, MinSize: d.MinGroup})
	if err != nil {
		return fmt.Errorf("finding groups: %w", err)
	}
	now := s.o.Now()
	s.mu.Lock()
	s.status.Looked, s.status.Took, s.status.Groups, s.status.Error = now, now.Sub(began), len(g.Members), ""
	s.mu.Unlock()
	if len(g.Members) == 0 {
		return nil
	}
	fresh, mark := seen.compare(n, g)
	if mark == seen.mark {
		return nil
	}
	if !fresh && now.Sub(seen.at) < s.o.Settle {
		s.mu.Lock()
		s.changed = true // look again, also when nothing comes
		s.mu.Unlock()
		return nil
	}
	if _, err := s.o.Findings.TakeInLive(ctx, n, g); err != nil {
		return err //nolint:wrapcheck // it says what was done
	}
	seen.at, seen.mark = now, mark
	clear(seen.of)
	for _, members := range g.Members {
		for _, a := range members {
			seen.of[n.Accounts[a].Name] = true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.TakenIn = s.o.Now()
	for c := range s.news {
		select {
		case c <- struct{}{}:
		default:
		}
	}
	return nil
}

// compare says whether a group is there of whose accounts none was in a group
// before, and gives a mark that differs where the groups differ.
func (t *taken) compare(n *coordination.Network, g *coordination.Groups) (fresh bool, mark uint64) {
	for k, members := range g.Members {
		known := false
		for _, a := range members {
			known = known || t.of[n.Accounts[a].Name]
			mark = mark*31 + uint64(coordination.Key(n.Accounts[a].Name))
		}
		fresh = fresh || !known
		for _, e := range g.Edges[k] {
			mark = mark*31 + uint64(n.Edge(e).CoActions) //nolint:gosec // a count
		}
	}
	return fresh, mark
}
