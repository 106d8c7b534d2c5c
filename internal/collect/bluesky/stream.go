package bluesky

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/collect/poll"
)

const (
	// maxEvent is how large an event may be: servers are asked to leave out
	// larger ones. Posts have a few kilobytes.
	maxEvent = 1 << 20
	// maxMessage bounds what is read of a message.
	maxMessage = 2 * maxEvent
	// maxRefusal bounds what is read of an answer that says no.
	maxRefusal = 64 << 10
	// waiting is how many messages wait to be read.
	waiting = 256
	// dialTime bounds connecting; pingEvery is how often a silent server is
	// asked whether it is there, pingTime how long it may take to say so.
	dialTime  = 30 * time.Second
	pingEvery = 30 * time.Second
	pingTime  = 20 * time.Second
)

// errRestarted says that a server does not know the numbers it gave.
var errRestarted = errors.New("the server has begun to count anew")

// tooOldError says that a server does not remember the cursor.
type tooOldError struct{ where string }

func (e *tooOldError) Error() string { return e.where + " does not remember the cursor" }

// Kind is "gap".
func (*tooOldError) Kind() string { return "gap" }

// follow reads the stream until it breaks off; progress says that something
// came.
func (r *run) follow(ctx context.Context) (progress bool, err error) {
	conn, err := r.dial(ctx)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(ctx)
	messages, ended := make(chan []byte, waiting), make(chan error, 2)
	var wait sync.WaitGroup
	defer func() {
		cancel()
		_ = conn.CloseNow()
		wait.Wait()
	}()
	wait.Go(func() {
		defer close(messages)
		ended <- receive(ctx, conn, messages)
	})
	wait.Go(func() {
		if err := r.ping(ctx, conn); err != nil {
			ended <- &fetch.NetworkError{Where: r.address.Host, Err: err}
			_ = conn.CloseNow()
		}
	})
	if !r.connected {
		r.forgotten()
	}
	r.to.Note(collect.Note{Contact: true, Reconnected: r.connected})
	r.connected = true
	return r.gather(ctx, messages, ended)
}

// dial connects.
func (r *run) dial(ctx context.Context) (*websocket.Conn, error) {
	dialling, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	o := &websocket.DialOptions{HTTPClient: r.http, CompressionMode: websocket.CompressionDisabled}
	if r.version == v2 {
		o.Subprotocols = []string{"xrpc.v1.json"}
	}
	sent := r.version == v2 && r.at.Seq > 0 && !r.byTime
	conn, resp, err := websocket.Dial(dialling, r.request(), o) //nolint:bodyclose // the connection's, or replaced by what was read of it
	if err != nil {
		return nil, r.refused(err, resp)
	}
	conn.SetReadLimit(maxMessage)
	boot := resp.Header.Get("Jetstream-Boot-Id")
	if len(boot) > 100 {
		boot = ""
	}
	if sent && r.at.Boot != "" && boot != "" && boot != r.at.Boot {
		_ = conn.CloseNow()
		return nil, errRestarted
	}
	r.at.Boot = boot
	return conn, nil
}

// refused says why there is no connection.
func (r *run) refused(err error, resp *http.Response) error {
	where := r.address.Host
	var private *fetch.RefusedError
	switch {
	case errors.As(err, &private):
		return &collect.ConfigError{Err: private}
	case resp == nil || resp.StatusCode == http.StatusSwitchingProtocols:
		return &fetch.NetworkError{Where: where, Err: errors.New("no stream could be opened")}
	}
	now := r.clock.Now()
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		return &fetch.RateError{Where: where, Until: fetch.RetryAfter(resp.Header.Get("Retry-After"), now)}
	case http.StatusServiceUnavailable:
		if after := resp.Header.Get("Retry-After"); after != "" {
			return &fetch.RateError{Where: where, Until: fetch.RetryAfter(after, now)}
		}
	case http.StatusBadRequest:
		if resp.Body != nil {
			b, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
			if gjson.ValidBytes(b) && gjson.GetBytes(b, "error").String() == "CursorTooOld" {
				return &tooOldError{where}
			}
		}
		return &collect.ConfigError{Err: &fetch.StatusError{Where: where, Code: resp.StatusCode}}
	case http.StatusUnauthorized:
		return &collect.ConfigError{Err: &fetch.StatusError{Where: where, Code: resp.StatusCode}}
	}
	return &fetch.StatusError{Where: where, Code: resp.StatusCode}
}

// receive hands messages on until the connection ends.
func receive(ctx context.Context, conn *websocket.Conn, to chan<- []byte) error {
	var buf bytes.Buffer
	for {
		_, in, err := conn.Reader(ctx)
		if err != nil {
			return err //nolint:wrapcheck // said by ending
		}
		buf.Reset()
		if _, err := buf.ReadFrom(in); err != nil {
			return err //nolint:wrapcheck // said by ending
		}
		select {
		case to <- bytes.Clone(buf.Bytes()):
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // the caller's own
		}
	}
}

// ping asks from time to time whether the server is there.
func (r *run) ping(ctx context.Context, conn *websocket.Conn) error {
	for {
		if err := collect.Sleep(ctx, r.clock, pingEvery); err != nil {
			return nil //nolint:nilerr // the stream has ended
		}
		asking, cancel := context.WithTimeout(ctx, r.patience)
		err := conn.Ping(asking)
		cancel()
		if err != nil && ctx.Err() == nil {
			return errors.New("the server does not answer any more")
		}
		r.to.Note(collect.Note{Contact: true})
	}
}

// ending says in words why a connection ended; what the server gave as its
// reason is not quoted.
func (r *run) ending(err error) error {
	var private *fetch.NetworkError
	switch code := websocket.CloseStatus(err); {
	case errors.As(err, &private):
		return err
	case code == websocket.StatusMessageTooBig || errors.Is(err, websocket.ErrMessageTooBig):
		return &fetch.TooLargeError{Where: r.address.Host, Limit: maxMessage}
	case code != -1:
		err = errors.New("the server closed the stream")
	default:
		err = errors.New("the stream broke off")
	}
	return &fetch.NetworkError{Where: r.address.Host, Err: err}
}

// gather reads messages and puts them in batches until the stream ends.
func (r *run) gather(ctx context.Context, messages <-chan []byte, ended <-chan error) (progress bool, err error) {
	var b collect.Batch
	n, next := 0, r.at
	var due <-chan time.Time
	stop := func() {}
	defer func() { stop() }()
	flush := func() error {
		stop()
		stop, due = func() {}, nil
		if n == 0 {
			return nil
		}
		if next.TimeUS > 0 {
			var err error
			if b.Cursor, err = json.Marshal(next); err != nil {
				return &putError{err}
			}
		}
		if err := r.to.Put(ctx, b); err != nil {
			return &putError{err}
		}
		r.at, n, b = next, 0, collect.Batch{}
		return nil
	}
	for {
		select {
		case message, ok := <-messages:
			if !ok {
				if err := flush(); err != nil {
					return progress, err
				}
				return progress, r.ending(<-ended)
			}
			failure := r.take(message, &b, &next)
			progress = progress || failure == nil
			if n++; n == 1 {
				due, stop = r.clock.After(soon)
			}
			if failure == nil && n < full {
				continue
			}
			if err := flush(); err != nil {
				return progress, err
			}
			if failure != nil {
				return progress, failure
			}
		case <-due:
			if err := flush(); err != nil {
				return progress, err
			}
		case <-ctx.Done():
			return progress, ctx.Err() //nolint:wrapcheck // the caller's own
		}
	}
}

// take adds a message to a batch. The error ends the stream.
func (r *run) take(message []byte, b *collect.Batch, next *cursor) error {
	e, why := r.filter.read(message)
	switch {
	case why != "":
		r.to.Note(collect.Note{Err: &poll.FormatError{Where: r.address.Host, Why: why}})
	case e.failure != "":
		return &fetch.NetworkError{Where: r.address.Host, Err: errors.New("the server ended the stream: " + e.failure)}
	case e.info == "OutdatedCursor":
		r.lost = true
	}
	if e.post != nil {
		b.Posts = append(b.Posts, *e.post)
	}
	if e.deleted != nil {
		b.Deleted = append(b.Deleted, *e.deleted)
	}
	if e.seen.IsZero() || e.seen.After(r.clock.Now().Add(ahead)) {
		return nil // what the cursor means by time must be a time
	}
	if r.lost {
		r.lost = false
		if from := next.time(); e.seen.After(from) {
			r.to.Note(collect.Note{Err: &GapError{From: from, To: e.seen}})
		}
	}
	next.TimeUS = max(next.TimeUS, e.seen.UnixMicro())
	if r.version == v2 && e.seq > 0 {
		if r.byTime {
			// Numbers begin anew with another server.
			next.Seq, r.byTime = 0, false
		}
		next.Seq, next.Host, next.Boot = max(next.Seq, e.seq), r.address.Host, r.at.Boot
	}
	return nil
}
