package coordination

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Method says which rules make the edges.
type Method uint8

const (
	// Akashi counts every co-action once, whatever the accounts' activity,
	// leaves hot objects out, and tests each edge against chance.
	Akashi Method = iota
	// CooRTweet gives the edges and weights of CooRTweet 2.1.3
	// (detect_groups and generate_coordinated_network with no edge
	// threshold and loops removed): accounts with fewer than
	// MinParticipation rows are dropped, then pairs none of whose contents
	// belongs to an account that takes part in pairs at least that often.
	CooRTweet
	// QUT gives the directed edges of the QUT coordination-network-toolkit:
	// the weight from A to B is the number of A's posts that match at least
	// one of B's. Edges from an account to itself are kept.
	QUT
)

var methodNames = []string{"akashi", "coortweet", "qut"}

// String gives the method's name as it is written in files and flags.
func (m Method) String() string {
	if int(m) < len(methodNames) {
		return methodNames[m]
	}
	return fmt.Sprintf("method(%d)", uint8(m))
}

// ParseMethod is the inverse of [Method.String].
func ParseMethod(s string) (Method, error) {
	for i, n := range methodNames {
		if n == s {
			return Method(i), nil //nolint:gosec // i < len(methodNames)
		}
	}
	return 0, fmt.Errorf("unknown method %q: want akashi, coortweet or qut", s)
}

// Config holds a run's settings. The zero value of a field means its default;
// where none of something is wanted, say [None].
type Config struct {
	Method Method
	// Window is the longest time between two traces that co-act, ends
	// included. Default: DefaultWindow for Akashi, one minute else.
	Window time.Duration
	// MinParticipation is CooRTweet's min_participation. Default 2.
	MinParticipation int
	// Ceiling is how many traces an object may have before it is left out
	// of pairing: the most popular objects say least about who acts together
	// and cost most. What is left out is counted in [Network.Hot]. Default:
	// DefaultCeiling for Akashi, no ceiling else.
	Ceiling int
	// Decay is τ in an edge's vote Σ idf(object)·exp(−Δt/τ). Default: a
	// quarter of the window.
	Decay time.Duration
	// Anchor is where the null model's first day begins; nothing may lie
	// before it. Default: the first trace.
	Anchor time.Time
	// Evidence is how many pairs of posts each edge keeps, each on another
	// object, the closest in time first. Default 3, at most 16.
	Evidence int
	// Budget is how many bytes of traces are held in memory; beyond it they
	// go to files in Dir. Default 1 GiB.
	Budget int64
	// Dir is where files go that outgrow the budget. Default: the system's
	// folder for temporary files.
	Dir string
	// Workers is how many goroutines sweep. Default: all cores. The result
	// does not depend on it.
	Workers int
	// Progress is called now and then while Run works, from one goroutine at
	// a time, with the traces swept so far and in all.
	Progress func(done, total int64)
}

// None says that a limit of [Config] is not wanted.
const None = -1

// Defaults of [Config] for the method Akashi.
const (
	DefaultWindow  = 10 * time.Minute
	DefaultCeiling = 20_000
)

const (
	defaultOtherWindow = time.Minute
	defaultEvidence    = 3
	maxEvidence        = 16
	defaultBudget      = 1 << 30
	maxWorkers         = 256
	maxWindow          = 30 * 24 * time.Hour
)

// withDefaults fills in what was left open, or says what cannot be.
func (c Config) withDefaults() (Config, error) {
	if int(c.Method) >= len(methodNames) {
		return c, fmt.Errorf("unknown method %d", c.Method)
	}
	akashi := c.Method == Akashi
	if c.Window == 0 {
		c.Window = defaultOtherWindow
		if akashi {
			c.Window = DefaultWindow
		}
	}
	if c.Window == None {
		return c, errors.New("the window cannot be left out")
	}
	if c.Window < 0 || c.Window > maxWindow {
		return c, fmt.Errorf("window %v: want between 1µs and %v", c.Window, maxWindow)
	}
	if c.MinParticipation == 0 {
		c.MinParticipation = 2
	}
	if c.Ceiling == 0 && akashi {
		c.Ceiling = DefaultCeiling
	}
	if c.Decay == 0 {
		c.Decay = c.Window / 4
	}
	if c.Decay < time.Microsecond {
		c.Decay = time.Microsecond
	}
	if c.Evidence == 0 {
		c.Evidence = defaultEvidence
	}
	if c.Evidence < 0 || c.Evidence > maxEvidence {
		return c, fmt.Errorf("evidence %d: want between 1 and %d pairs of posts an edge", c.Evidence, maxEvidence)
	}
	if c.Budget == 0 {
		c.Budget = defaultBudget
	}
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	c.Workers = min(c.Workers, maxWorkers)
	return c, nil
}
