package collect

import (
	"maps"
	"sync"
	"time"

	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// State is what a source is doing.
type State string

// The states.
const (
	Starting   State = "starting"
	Running    State = "running"
	BackingOff State = "backing-off"   // after an error, until Health.Until
	NoMandate  State = "no-mandate"    // its mandate does not hold; it goes on when it does
	Wrong      State = "misconfigured" // until somebody changes its configuration
	Finished   State = "finished"      // there is no more to come
	Stopped    State = "stopped"       // by somebody
)

// Health says how a source is.
type Health struct {
	ID, Mandate string
	State       State
	// Since is when the state began; Until is when BackingOff ends.
	Since, Until time.Time
	// LastContact is when the upstream last answered or sent something.
	LastContact time.Time
	// LastPost is when the newest post was published, LastStored when
	// something was last stored. Lag is how long after its publication the
	// newest post of the last batch was stored.
	LastPost, LastStored time.Time
	Lag                  time.Duration
	// Counts are what the store made of what was brought since the start.
	Counts poststore.Appended
	// PerSecond is how many posts came a second, over the last minute.
	PerSecond float64
	// Errors counts errors by kind (see KindOf). LastError is the last one
	// in English, without any post's text, and LastErrorAt when it was.
	Errors      map[string]int64
	LastError   string
	LastErrorAt time.Time
	// Reconnects counts how often a stream was lost and taken up again.
	Reconnects int64
	// Quotas are what is left of the upstream's allowances, by endpoint.
	Quotas map[string]Quota
}

const rateSeconds = 60

// keeper keeps the health of one source.
type keeper struct {
	mu  sync.Mutex
	now Health
	// counts are the posts of each of the last seconds, by second modulo
	// rateSeconds; at is the second that each stands for.
	counts, at [rateSeconds]int64
}

func (k *keeper) state(s State, now, until time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now.State != s {
		k.now.Since = now
	}
	k.now.State, k.now.Until = s, until
}

func (k *keeper) contact(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now.LastContact = now
}

func (k *keeper) problem(err error, now time.Time) {
	k.note(Note{Err: err}, now)
}

func (k *keeper) note(n Note, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := &k.now
	if n.Contact || n.Reconnected {
		h.LastContact = now
	}
	if n.Reconnected {
		h.Reconnects++
	}
	if n.Err != nil {
		if h.Errors == nil {
			h.Errors = map[string]int64{}
		}
		h.Errors[KindOf(n.Err)]++
		h.LastError, h.LastErrorAt = n.Err.Error(), now
	}
	if n.Quota != nil {
		if h.Quotas == nil {
			h.Quotas = map[string]Quota{}
		}
		h.Quotas[n.Quota.Endpoint] = *n.Quota
	}
}

func (k *keeper) stored(posts []post.Post, did poststore.Appended, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := &k.now
	h.LastStored = now
	h.Counts.New += did.New
	h.Counts.Changed += did.Changed
	h.Counts.Same += did.Same
	h.Counts.Deleted += did.Deleted
	h.Counts.Collided += did.Collided
	var newest time.Time
	for i := range posts {
		if posts[i].Time.After(newest) {
			newest = posts[i].Time
		}
	}
	if !newest.IsZero() {
		h.Lag = max(0, now.Sub(newest))
		if newest.After(h.LastPost) {
			h.LastPost = newest
		}
	}
	second := now.Unix()
	i := ((second % rateSeconds) + rateSeconds) % rateSeconds
	if k.at[i] != second {
		k.at[i], k.counts[i] = second, 0
	}
	k.counts[i] += int64(len(posts))
}

func (k *keeper) snapshot(now time.Time) Health {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.now
	h.Errors, h.Quotas = maps.Clone(h.Errors), maps.Clone(h.Quotas)
	var sum int64
	for i, at := range k.at {
		if now.Unix()-at < rateSeconds {
			sum += k.counts[i]
		}
	}
	h.PerSecond = float64(sum) / rateSeconds
	return h
}
