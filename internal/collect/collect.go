// Package collect is how posts come in from outside while they appear: what a
// source of them is, and what it may rely on.
//
// # Guarantees
//
// A source hands batches to a sink, each with the cursor that says where the
// source stands after it. Put returns once the batch and its cursor are durable,
// in one step; only then may a source tell its upstream that it has them. After
// a crash the source is started again with the cursor of the last batch whose
// Put began to be durable. What it then reads again is known by platform and
// native id and is not stored twice. So nothing that a source handed on is lost,
// and nothing is there twice.
//
// Batches of one source are put one after another. A sink that cannot keep up
// makes Put wait, and so the source.
package collect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// Source is a stream of posts from outside.
type Source interface {
	// Run collects from the cursor on, nil for the first time, and hands what
	// it finds to the sink until ctx ends or it can go no further. It returns
	// soon after ctx ended, with context.Cause(ctx) or an error that wraps it.
	// Other errors end this run alone: who runs the source starts it again,
	// after a time that grows, or as RetryError says; never where the error
	// wraps ErrConfig. An error of Put must be returned, wrapped or not. Run
	// is not called again before it has returned.
	Run(ctx context.Context, cursor []byte, sink Sink) error
}

// Sink takes what a source finds. Its methods may be called from one goroutine
// at a time.
type Sink interface {
	// Put makes a batch and its cursor durable. It owns the batch afterwards.
	Put(ctx context.Context, b Batch) error
	// Note tells how the source does between batches. It never blocks.
	Note(n Note)
}

// Batch is what a source hands on in one step. Posts need not be completed by
// normalise.Post: the sink does it.
type Batch struct {
	Posts   []post.Post
	Deleted []poststore.Deletion
	// Cursor is where the source stands after the batch, in the source's own
	// words; nil leaves what is there.
	Cursor []byte
	// Skipped counts records that were left out, by why ("not-json",
	// "too-old", …): codes, never quotations.
	Skipped map[string]int
}

// Note says how a source does: a contact without posts, a quota, a lag.
type Note struct {
	// Contact says that the upstream answered.
	Contact bool
	// Lag is how far behind the upstream the source is, where it knows; less
	// than 0 says that it does not.
	Lag time.Duration
	// Quota is what is left of QuotaOf calls until QuotaReset; zero where the
	// upstream tells no quota.
	Quota, QuotaOf int64
	QuotaReset     time.Time
	// Warning is a code for what people should know although the source goes
	// on ("cursor-too-old": posts were missed); empty for none.
	Warning string
}

// ErrConfig says that a source cannot run as it is configured, or that its
// upstream refuses it for good: trying again is of no use.
var ErrConfig = errors.New("the source cannot run as it is configured")

// RetryError says that a source has to wait: for a limit of its upstream, say.
type RetryError struct {
	// After is when it may be started again.
	After time.Time
	Err   error
}

// Error says it.
func (e *RetryError) Error() string {
	return fmt.Sprintf("to be tried again at %s: %v", e.After.UTC().Format(time.RFC3339), e.Err)
}

// Unwrap gives the cause.
func (e *RetryError) Unwrap() error { return e.Err }
