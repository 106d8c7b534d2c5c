package x

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/collect/poll"
)

// maxLine bounds an event of the stream.
const maxLine = 1 << 20

// fallbackWait is how long the stream is left to another connection.
const fallbackWait = time.Minute

// tag marks the rules of this source: others of the same app are left alone.
func (s *source) tag() string { return "akashi:" + s.id }

// reconcile makes the stream's rules that carry our tag those of the source.
func (r *run) reconcile(ctx context.Context) error {
	const path = "/2/tweets/search/stream/rules"
	a, err := r.ask(ctx, &r.rules, "rules", poll.Call{Path: path})
	if err != nil {
		return fmt.Errorf("reading the stream's rules: %w", poll.Configured(err))
	}
	missing := slices.Clone(r.queries)
	var surplus []string
	a.JSON.Get("data").ForEach(func(_, rule gjson.Result) bool {
		if rule.Get("tag").String() != r.tag() {
			return true
		}
		if i := slices.Index(missing, rule.Get("value").String()); i >= 0 {
			missing = slices.Delete(missing, i, i+1)
		} else {
			surplus = append(surplus, rule.Get("id").String())
		}
		return true
	})
	change := func(body any) error {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("writing rules: %w", err)
		}
		a, err := r.ask(ctx, &r.rules, "rules", poll.Call{Method: http.MethodPost, Path: path, Body: b, Header: http.Header{"Content-Type": {"application/json"}}})
		if err != nil {
			return fmt.Errorf("changing the stream's rules: %w", poll.Configured(err))
		}
		if n := a.JSON.Get("meta.summary.invalid").Int(); n > 0 {
			return &collect.SettingError{Key: "queries", Err: fmt.Errorf("%d of them are refused as rules of the stream", n)}
		}
		return nil
	}
	if len(surplus) > 0 {
		if err := change(map[string]any{"delete": map[string]any{"ids": surplus}}); err != nil {
			return err
		}
	}
	if len(missing) > 0 {
		add := make([]map[string]string, len(missing))
		for i, q := range missing {
			add[i] = map[string]string{"value": q, "tag": r.tag()}
		}
		return change(map[string]any{"add": add})
	}
	return nil
}

// follow reads the stream until it breaks off. What was missed before it was
// there is searched for while it waits: whatever is published from then on is
// in it.
func (r *run) follow(ctx context.Context) error {
	if err := r.reconcile(ctx); err != nil {
		return err
	}
	if err := r.lines.Check(r.api.Clock.Now()); err != nil {
		return err //nolint:wrapcheck // says which
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	query := parts()
	if r.backfill > 0 {
		query.Set("backfill_minutes", strconv.FormatInt(r.backfill, 10))
	}
	resp, err := r.api.Open(ctx, poll.Call{Path: "/2/tweets/search/stream", Query: query}) //nolint:bodyclose // closed below, to wake the reader
	if err != nil {
		return fmt.Errorf("opening the stream: %w", poll.Configured(r.refused(err, &r.lines, "stream")))
	}
	lines, ended := make(chan []byte), make(chan error, 1)
	go func() {
		defer close(lines)
		in := bufio.NewScanner(resp.Body)
		in.Buffer(nil, maxLine)
		for in.Scan() {
			select {
			case lines <- bytes.Clone(bytes.TrimSpace(in.Bytes())):
			case <-ctx.Done():
				return
			}
		}
		ended <- in.Err()
	}()
	defer func() {
		cancel()
		_ = resp.Body.Close()
		for range lines { //nolint:revive // waits for the reader's end
		}
	}()
	r.state(&r.lines, "stream", resp.Header)
	if r.connected {
		r.to.Note(collect.Note{Reconnected: true})
	}
	r.connected = true
	if err := r.catchUp(ctx); err != nil {
		return err
	}
	for {
		silence, stop := r.api.Clock.After(r.silence)
		select {
		case line, ok := <-lines:
			stop()
			if !ok {
				return r.broken(ctx, ended)
			}
			if err := r.event(ctx, line); err != nil {
				return err
			}
		case <-silence:
			return &fetch.NetworkError{Where: r.api.Base, Err: fmt.Errorf("nothing came for %s", r.silence)}
		case <-ctx.Done():
			stop()
			return ctx.Err() //nolint:wrapcheck // the caller's own
		}
	}
}

func (r *run) broken(ctx context.Context, ended <-chan error) error {
	select {
	case err := <-ended:
		if err != nil {
			return &fetch.NetworkError{Where: r.api.Base, Err: err}
		}
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // the caller's own
	}
	return nil // the server ended it: it is taken up again at once
}

// event takes one line: a keep-alive, a post, or a notice.
func (r *run) event(ctx context.Context, line []byte) error {
	r.to.Note(collect.Note{Contact: true})
	if len(line) == 0 {
		return nil
	}
	if !poll.Valid(line) {
		r.to.Note(collect.Note{Err: &poll.FormatError{Where: r.api.Base, Why: "a line of the stream is not JSON"}})
		return nil
	}
	v := gjson.ParseBytes(line)
	if problem := v.Get("errors.0"); problem.Exists() && !v.Get("data").Exists() {
		if strings.Contains(problem.Get("disconnect_type").String(), "ConnectionIssue") {
			return &fetch.RateError{Where: r.api.Base + " (another connection has the stream)", Until: r.api.Clock.Now().Add(fallbackWait)}
		}
		return &fetch.NetworkError{Where: r.api.Base, Err: errors.New("the stream ends with a notice")}
	}
	ours := false
	v.Get("matching_rules").ForEach(func(_, rule gjson.Result) bool {
		ours = rule.Get("tag").String() == r.tag()
		return !ours
	})
	if !ours {
		return nil
	}
	posts := r.read(line)
	for i := range posts {
		id, err := strconv.ParseUint(posts[i].ID, 10, 64)
		if err != nil {
			continue
		}
		for q, w := range r.at.Queries {
			w.Since = max(w.Since, id)
			r.at.Queries[q] = w
		}
	}
	if len(posts) == 0 {
		return nil
	}
	return r.put(ctx, posts)
}
