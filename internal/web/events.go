package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// beat is how often a stream says that it is alive, so that proxies keep it.
const beat = 20 * time.Second

// events streams events to the browser (text/event-stream) until the reader
// leaves, the server stops, or f returns. f sends with send: a name and either
// text (an HTML part, say) or a value that becomes JSON. The route of a stream
// has a Timeout of -1.
//
// A browser connects anew where a stream ends; f therefore begins with the
// whole state, and ends with the event "done" where nothing more will come.
func (s *Server) events(w http.ResponseWriter, r *http.Request, f func(ctx context.Context, send func(name string, v any) error) error) error {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	control := http.NewResponseController(w)
	type event struct {
		name string
		v    any
		done chan error
	}
	out := make(chan event)
	send := func(name string, v any) error {
		e := event{name, v, make(chan error, 1)}
		select {
		case out <- e:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		return <-e.done
	}
	ended := make(chan error, 1)
	go func() { ended <- f(ctx, send) }()
	if _, err := fmt.Fprint(w, "retry: 3000\n\n"); err != nil {
		return fmt.Errorf("streaming: %w", err)
	}
	if err := control.Flush(); err != nil {
		return fmt.Errorf("streaming: %w", err)
	}
	alive := time.NewTicker(beat)
	defer alive.Stop()
	for {
		var err error
		select {
		case e := <-out:
			err = writeEvent(w, e.name, e.v)
			e.done <- err
		case <-alive.C:
			_, err = fmt.Fprint(w, ":\n\n")
		case err := <-ended:
			return err
		case <-s.stop:
			cancel()
			<-ended //nolint:errcheck // the reader has gone
			return nil
		case <-ctx.Done():
			<-ended //nolint:errcheck // the reader has gone
			return nil
		}
		if err == nil {
			err = control.Flush()
		}
		if err != nil {
			cancel()
			<-ended    //nolint:errcheck // the reader has gone
			return nil //nolint:nilerr // the reader has gone
		}
	}
}

// writeEvent writes one event.
func writeEvent(w http.ResponseWriter, name string, v any) error {
	text, ok := v.(string)
	if !ok {
		data, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("an event as JSON: %w", err)
		}
		text = string(data)
	}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	var b strings.Builder
	fmt.Fprintf(&b, "event: %s\n", strings.ReplaceAll(name, "\n", ""))
	for line := range strings.Lines(text) {
		b.WriteString("data: " + strings.TrimSuffix(line, "\n") + "\n")
	}
	if text == "" {
		b.WriteString("data:\n")
	}
	b.WriteString("\n")
	if _, err := w.Write([]byte(b.String())); err != nil {
		return fmt.Errorf("streaming an event: %w", err)
	}
	return nil
}
