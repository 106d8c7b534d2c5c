package collect

import (
	"context"
	"errors"
	"time"

	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// Source brings posts from one place. The package comment says what it
// guarantees.
type Source interface {
	// Collect puts what comes after the cursor until ctx ends or there will
	// be no more, which is when it returns nil.
	Collect(ctx context.Context, cursor []byte, to Sink) error
}

// Batch is what a source brings at once: a poll's posts or one event.
type Batch struct {
	// Posts are new posts and new versions of posts. The runner completes
	// them (see normalise.Post); they are no longer the source's.
	Posts []post.Post
	// Deleted are posts that their platform says are gone.
	Deleted []poststore.Deletion
	// Cursor is where the source stands after this batch; nil leaves it
	// where it was.
	Cursor []byte
	// Stored, where given, is called when the batch is in the store. It must
	// not block.
	Stored func()
}

// Sink takes what a source brings, and what it has to say of itself. Its
// methods may be called from several goroutines; the order of batches is then
// the source's concern. Batches are only taken while Collect runs.
type Sink interface {
	// Put takes a batch; it blocks while too much waits to be stored. An
	// error means that the batch will not be stored: Collect must return.
	Put(ctx context.Context, b Batch) error
	// Note takes news of the source's health.
	Note(n Note)
}

// Note is news of a source's health. Fields that are zero say nothing.
type Note struct {
	// Contact says that the upstream answered, or that something came.
	Contact bool
	// Reconnected says that a stream was lost and is there again.
	Reconnected bool
	// Err is an error that did not end the source: a bad record, a poll
	// that failed and will be repeated.
	Err error
	// Quota is what is left of an upstream's allowance.
	Quota *Quota
}

// Quota is what is left of an upstream's allowance.
type Quota struct {
	// Endpoint is which allowance; empty where there is only one.
	Endpoint string
	// Left of Limit requests or units remain until Reset.
	Left, Limit int64
	Reset       time.Time
}

// ConfigError says that a source cannot work as it is configured, so that
// trying again is of no use until somebody changes that: a wrong address, a
// token that is refused, a cursor that is not its own.
type ConfigError struct{ Err error }

func (e *ConfigError) Error() string { return e.Err.Error() }

func (e *ConfigError) Unwrap() error { return e.Err }

// Kind is "configuration".
func (*ConfigError) Kind() string { return "configuration" }

// Kinded is an error that says of what kind it is, in one word or two, for
// counting: "network", "rate limit".
type Kinded interface {
	error
	Kind() string
}

// KindOf gives the kind of an error: that of the outermost [Kinded] in it, and
// "other" where there is none.
func KindOf(err error) string {
	if k, ok := errors.AsType[Kinded](err); ok {
		return k.Kind()
	}
	return "other"
}

// RetryAt gives when the upstream said that it may be asked again; zero where
// it did not. Errors state it by a method RetryAt() time.Time.
func RetryAt(err error) time.Time {
	if r, ok := errors.AsType[interface {
		RetryAt() time.Time
		error
	}](err); ok {
		return r.RetryAt()
	}
	return time.Time{}
}
