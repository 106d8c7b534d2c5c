// Package jetstreamtest is a Jetstream on loopback for tests: it speaks both
// dialects as the real server does, and misbehaves as it is told.
//
// Written after github.com/bluesky-social/jetstream (internal/subscribe and the
// lexicon network.bsky.jetstream.subscribeEvents).
package jetstreamtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// Event is one event of the network.
type Event struct {
	DID  string
	Time time.Time
	// Kind is commit where it is empty; else identity, account or sync.
	Kind string
	// Operation is create where it is empty; else update or delete.
	Operation, Collection, Key string
	Record                     any
}

// Trouble is how a server misbehaves. Numbers count from 1; zero is never.
type Trouble struct {
	// DropAfter breaks each connection off after so many messages.
	DropAfter int
	// Repeat sends every nth message twice, Swap sends every nth after the
	// one behind it.
	Repeat, Swap int
	// Garble sends something broken before every nth message.
	Garble int
	// Refuse answers every nth request with Code (429) and Retry-After.
	Refuse, Code int
	RetryAfter   string
	// Mute opens connections and then neither reads nor writes.
	Mute bool
}

// Server is a Jetstream. Its fields are set before it is asked.
type Server struct {
	// URL is where it is, without the path of a stream.
	URL string
	// Memory is how far back it goes (36 h); Now is its clock.
	Memory time.Duration
	Now    func() time.Time
	// Boot is its Jetstream-Boot-Id; First is the number before its first.
	Boot    string
	First   uint64
	Trouble Trouble

	mu       sync.Mutex
	events   []Event
	more     chan struct{}
	requests []string
}

// Serve starts a server that the test ends. It has seen events already, in the
// order of their times.
func Serve(t testing.TB, events ...Event) *Server {
	t.Helper()
	s := &Server{Memory: 36 * time.Hour, Now: time.Now, events: events, more: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /subscribe", func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, false) })
	mux.HandleFunc("GET /xrpc/network.bsky.jetstream.subscribeEvents", func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, true) })
	ctx, cancel := context.WithCancel(context.Background())
	var open sync.WaitGroup
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open.Add(1)
		defer open.Done()
		joint, done := context.WithCancel(r.Context())
		defer done()
		defer context.AfterFunc(ctx, done)()
		mux.ServeHTTP(w, r.WithContext(joint))
	}))
	s.URL = h.URL
	t.Cleanup(func() {
		cancel()
		h.Close()
		open.Wait()
	})
	return s
}

// Add has the server see further events.
func (s *Server) Add(events ...Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, events...)
	close(s.more)
	s.more = make(chan struct{})
}

// Requests are the queries it was asked with.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *Server) after(i int) ([]Event, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.events[min(i, len(s.events)):len(s.events):len(s.events)], s.more
}

func refuse(w http.ResponseWriter, name, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprintf(w, `{"error":%q,"message":%q}`, name, message) //nolint:gosec // JSON to a test
}

// begin gives the index of the event to begin with. clamped says that it had
// to be moved on.
func (s *Server) begin(cursor string, two bool) (at int, clamped bool, err error) {
	all, _ := s.after(0)
	if cursor == "" {
		return len(all), false, nil
	}
	n, err := strconv.ParseUint(cursor, 10, 63)
	if err != nil {
		return 0, false, fmt.Errorf("invalid cursor %q", cursor)
	}
	floor := slices.IndexFunc(all, func(e Event) bool { return !e.Time.Before(s.Now().Add(-s.Memory)) })
	if floor < 0 {
		floor = len(all)
	}
	if two && n < 1e15 {
		if n > s.First+uint64(len(all)) {
			return len(all), false, nil
		}
		at = int(max(n, s.First+1) - s.First - 1)
		return at, at < floor, nil
	}
	if t := time.UnixMicro(int64(n)); t.After(s.Now()) {
		return len(all), false, nil
	}
	at = slices.IndexFunc(all, func(e Event) bool { return e.Time.UnixMicro() >= int64(n) })
	if at < 0 {
		at = len(all)
	}
	return max(at, floor), at < floor, nil
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, two bool) {
	s.mu.Lock()
	s.requests = append(s.requests, r.URL.RawQuery)
	asked := len(s.requests)
	s.mu.Unlock()
	if t := s.Trouble; t.Refuse > 0 && asked%t.Refuse == 0 {
		w.Header().Set("Retry-After", t.RetryAfter)
		w.WriteHeader(max(t.Code, http.StatusTooManyRequests))
		return
	}
	q := r.URL.Query()
	at, clamped, err := s.begin(q.Get("cursor"), two)
	if err != nil {
		refuse(w, "InvalidRequest", err.Error())
		return
	}
	timed := len(q.Get("cursor")) >= 16
	if two && clamped && !timed {
		refuse(w, "CursorTooOld", "cursor below lookback floor")
		return
	}
	if s.Boot != "" {
		w.Header().Set("Jetstream-Boot-Id", s.Boot)
	}
	o := &websocket.AcceptOptions{}
	if two {
		o.Subprotocols = []string{"xrpc.v1.json"}
	}
	conn, err := websocket.Accept(w, r, o)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	c := &connection{Server: s, conn: conn, two: two, collections: q["wantedCollections"], dids: q["wantedDids"]}
	if two {
		c.collections, c.dids = q["collections"], q["dids"]
	}
	if s.Trouble.Mute {
		<-r.Context().Done()
		return
	}
	ctx := conn.CloseRead(r.Context())
	if two && clamped {
		if c.write(ctx, `{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#info","name":"OutdatedCursor"}}`) != nil {
			return
		}
	}
	c.play(ctx, at)
}

type connection struct {
	*Server
	conn              *websocket.Conn
	two               bool
	collections, dids []string
	sent              int
}

func (c *connection) wants(e Event) bool {
	if len(c.dids) > 0 && !slices.Contains(c.dids, e.DID) {
		return false
	}
	return e.Kind != "" && e.Kind != "commit" || len(c.collections) == 0 || slices.ContainsFunc(c.collections, func(w string) bool {
		prefix, wild := strings.CutSuffix(w, "*")
		return w == e.Collection || wild && strings.HasPrefix(e.Collection, prefix)
	})
}

// play sends events from at on.
func (c *connection) play(ctx context.Context, at int) {
	var held string
	for {
		events, more := c.after(at)
		for i, e := range events {
			at++
			if !c.wants(e) {
				continue
			}
			b := c.Message(e, c.First+uint64(at), c.two)
			t := c.Trouble
			if t.Swap > 0 && held == "" && at%t.Swap == 0 && i+1 < len(events) {
				held = b
				continue
			}
			if c.send(ctx, b) != nil || held != "" && c.send(ctx, held) != nil {
				return
			}
			held = ""
		}
		if held != "" {
			if c.send(ctx, held) != nil {
				return
			}
			held = ""
		}
		select {
		case <-more:
		case <-ctx.Done():
			return
		}
	}
}

func (c *connection) send(ctx context.Context, b string) error {
	c.sent++
	t := c.Trouble
	if t.Garble > 0 && c.sent%t.Garble == 0 {
		broken := []string{b[:len(b)/2], "[]", "null", "", `{"kind":"commit","commit":7}`, "\xff\xfe", `{"did":"did:plc:x","time_us":"?"}`,
			`{"did":"did:plc:x","kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post"}}`}
		if err := c.write(ctx, broken[c.sent/t.Garble%len(broken)]); err != nil {
			return err
		}
	}
	for range 1 + b2i(t.Repeat > 0 && c.sent%t.Repeat == 0) {
		if err := c.write(ctx, b); err != nil {
			return err
		}
	}
	if t.DropAfter > 0 && c.sent >= t.DropAfter {
		_ = c.conn.CloseNow()
		return errDropped
	}
	return nil
}

var errDropped = errors.New("dropped")

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (c *connection) write(ctx context.Context, b string) error {
	return c.conn.Write(ctx, websocket.MessageText, []byte(b)) //nolint:wrapcheck // ends the connection
}

// Message writes an event as one of the dialects does.
func (s *Server) Message(e Event, seq uint64, two bool) string {
	kind := e.Kind
	if kind == "" {
		kind = "commit"
	}
	operation := e.Operation
	if operation == "" {
		operation = "create"
	}
	commit := map[string]any{"rev": "3l" + strconv.FormatUint(seq, 36), "operation": operation, "collection": e.Collection, "rkey": e.Key}
	if operation != "delete" {
		commit["record"], commit["cid"] = e.Record, "bafyrei"+e.Key
	}
	out := map[string]any{"did": e.DID}
	inner := map[string]any{"did": e.DID, "seq": seq, "time": e.Time.UTC().Format(time.RFC3339), "active": true}
	if !two {
		out["time_us"], out["kind"] = e.Time.UnixMicro(), kind
		if kind == "commit" {
			out["commit"] = commit
		} else {
			out[kind] = inner
		}
	} else {
		out["$type"] = "network.bsky.jetstream.subscribeEvents#" + kind
		out["seq"], out["time"] = seq, e.Time.UTC().Format("2006-01-02T15:04:05.000000Z")
		if kind == "commit" {
			maps.Copy(out, commit)
		} else {
			out[kind] = inner
		}
		out = map[string]any{"$type": "message", "payload": out}
	}
	b, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return string(b)
}
