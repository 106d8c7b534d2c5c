package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/report"
)

// How much a snapshot holds of what there is.
const (
	snapshotEdges    = 20_000
	snapshotObjects  = 200
	snapshotExamples = 24
)

// Snapshot is a group as a run saw it, with its evidence. Accounts are named
// by key; edges name them by place in Accounts.
type Snapshot struct {
	Schema  string `json:"schema"` // "akashi-snapshot/1"
	Finding string `json:"finding"`
	// Version counts the finding's snapshots from 1; Run made it, at Created.
	Version int64     `json:"version"`
	Run     string    `json:"run"`
	Created time.Time `json:"created"`

	Accounts   []Account      `json:"accounts"` // most central first
	Edges      []Edge         `json:"edges"`    // heaviest first
	LeftEdges  int64          `json:"left_edges"`
	Objects    []Object       `json:"objects"` // strongest first
	LeftObject int64          `json:"left_objects"`
	Behaviours []report.Layer `json:"behaviours"`
	// Examples are meetings to read first: on different objects, of
	// different accounts as far as there are.
	Examples []Example       `json:"examples"`
	Timeline report.Timeline `json:"timeline"`
	// First and Last bound the co-actions; MedianGap is the median over the
	// edges of their median gap, in seconds.
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	MedianGap float64   `json:"median_gap_s"`
	// CoActions, Occasions and Expected are summed over all edges, also
	// those not kept here.
	CoActions int64   `json:"co_actions"`
	Occasions int64   `json:"occasions"`
	Expected  float64 `json:"expected"`
	// Posts is how many posts of the accounts act on an object.
	Posts int64 `json:"posts"`
	// FDR and WindowSeconds are the run's, for what is said of q values and
	// gaps.
	FDR           float64 `json:"fdr"`
	WindowSeconds float64 `json:"window_s"`
}

// Account is an account of a group.
type Account struct {
	// Key is "platform:id" (poststore.AccountKey), Alias the pseudonym.
	Key   string `json:"key"`
	Alias string `json:"alias"`
	// Posts is how many posts of the scope it wrote that act on something.
	Posts int64 `json:"posts"`
	// Score is how broadly its behaviour is shared, from 0 up (see
	// coordination.Account); Centrality is its eigenvector centrality within
	// the group, in 0…1; Strength and Partners are the sum and number of its
	// significant edges.
	Score      float64 `json:"score"`
	Centrality float64 `json:"centrality"`
	Strength   float64 `json:"strength"`
	Partners   int     `json:"partners"`
	// Behaviours are the names of those that its edges in the group show.
	Behaviours []string `json:"behaviours"`
	// X and Y are where it is drawn, in 0…1. An account keeps its place
	// between snapshots as far as possible.
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Edge joins two accounts by their places in Snapshot.Accounts.
type Edge struct {
	A         int     `json:"a"`
	B         int     `json:"b"`
	Weight    float64 `json:"w"`
	CoActions int64   `json:"co_actions"`
	Objects   int64   `json:"objects"`
	Occasions int64   `json:"occasions"`
	// Expected is how many occasions chance would give, P and Q the
	// significance (see coordination.Edge).
	Expected float64   `json:"expected"`
	P        float64   `json:"p"`
	Q        float64   `json:"q"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	// GapMin, GapMedian and GapHigh are in seconds.
	GapMin    float64 `json:"gap_min_s"`
	GapMedian float64 `json:"gap_median_s"`
	GapHigh   float64 `json:"gap_high_s"`
	// By are the parts by behaviour, Evidence pairs of posts, the closest
	// first.
	By       []EdgeLayer `json:"by"`
	Evidence []Meeting   `json:"evidence"`
}

// EdgeLayer is the part of an edge that one behaviour makes.
type EdgeLayer struct {
	Behaviour string `json:"behaviour"`
	CoActions int64  `json:"co_actions"`
	Objects   int64  `json:"objects"`
}

// Meeting is a pair of posts on the same object, of an edge's A and B. The keys
// are strings in JSON, since they are wider than a number of JavaScript.
type Meeting struct {
	Behaviour string        `json:"behaviour"`
	Object    string        `json:"object"` // may name an account: show it veiled
	PostA     poststore.Key `json:"post_a,string"`
	PostB     poststore.Key `json:"post_b,string"`
	TimeA     time.Time     `json:"time_a"`
	TimeB     time.Time     `json:"time_b"`
}

// Example is a meeting of two accounts by their places, the earlier as A.
type Example struct {
	A int `json:"a"`
	B int `json:"b"`
	Meeting
}

// Object is something that the group acted on together.
type Object struct {
	Behaviour string `json:"behaviour"`
	// Object may name an account: show it veiled. A text stands there as
	// "text:" and a number; the posts hold the text itself, as long as they
	// are there.
	Object    string `json:"object"`
	Accounts  int64  `json:"accounts"` // of the group
	Everyone  int64  `json:"everyone"` // accounts in all the scope that touched it
	CoActions int64  `json:"co_actions"`
	// Post is a post of the group that shows it.
	Post poststore.Key `json:"post,string"`
}

const snapshotSchema = "akashi-snapshot/1"

// digest stands for what a snapshot shows, whatever run made it and wherever the
// accounts are drawn.
func (s *Snapshot) digest() (string, error) {
	x := *s
	x.Finding, x.Version, x.Run, x.Created = "", 0, "", time.Time{}
	x.Accounts = slices.Clone(s.Accounts)
	for i := range x.Accounts {
		x.Accounts[i].X, x.Accounts[i].Y = 0, 0
	}
	data, err := json.Marshal(&x)
	if err != nil {
		return "", fmt.Errorf("writing a snapshot: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// packer packs values as JSON, compressed with zstd. Its zero value is ready; the
// tables of encoders are large enough to be worth keeping.
type packer struct{ encoders, decoders sync.Pool }

// largest is how many bytes of JSON a packed value may have.
const largest = 1 << 30

func (p *packer) pack(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	e, ok := p.encoders.Get().(*zstd.Encoder)
	if !ok {
		if e, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1)); err != nil {
			return nil, fmt.Errorf("compressing: %w", err)
		}
	}
	defer p.encoders.Put(e)
	return e.EncodeAll(data, nil), nil
}

// unpack is the inverse of pack.
func (p *packer) unpack(data []byte, v any) error {
	d, ok := p.decoders.Get().(*zstd.Decoder)
	if !ok {
		var err error
		if d, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(largest)); err != nil {
			return fmt.Errorf("decompressing: %w", err)
		}
	}
	defer p.decoders.Put(d)
	plain, err := d.DecodeAll(data, nil)
	if err != nil {
		return fmt.Errorf("decompressing: %w", err)
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return fmt.Errorf("reading JSON: %w", err)
	}
	return nil
}
