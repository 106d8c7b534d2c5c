package bluesky

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/bluesky/record"
	"github.com/akashi-project/akashi/internal/collect/poll/polltest"
	"github.com/akashi-project/akashi/internal/post"
)

// servers starts a personal data server and a Jetstream that reads it; both end
// with the test.
func servers(t *testing.T) (pds, jetstream string) {
	t.Helper()
	at, err := filepath.Abs("../../../.cache/bluesky")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(at, "ready")); err != nil {
		t.Skip("the servers are not installed: make bluesky-servers")
	}
	node := exec.CommandContext(t.Context(), "node", filepath.Join(at, "servers.cjs"), t.TempDir())
	node.Env = append(os.Environ(), "LOG_ENABLED=false")
	in, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	node.Stderr = &said
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = node.Wait() })
	var a struct{ PDS, Stream string }
	lines := bufio.NewScanner(out)
	for lines.Scan() && json.Unmarshal(lines.Bytes(), &a) == nil && a.PDS == "" {
	}
	if a.PDS == "" {
		t.Fatalf("the data server does not start: %s", said.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	listen, metrics := free(t), free(t)
	j := exec.CommandContext(t.Context(), filepath.Join(at, "jetstream"), "--ws-url", a.Stream,
		"--listen-addr", listen, "--metrics-listen-addr", metrics, "--data-dir", t.TempDir(), "--event-ttl", "24h")
	j.Cancel = func() error { return j.Process.Signal(os.Interrupt) }
	j.WaitDelay = 5 * time.Second
	if err := j.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Process.Kill(); _ = j.Wait() })
	for range 100 {
		if c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listen); err == nil {
			_ = c.Close()
			return a.PDS, "ws://" + listen
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the Jetstream does not start")
	return "", ""
}

func free(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// author writes to a personal data server.
type author struct {
	pds, DID, AccessJWT string
}

func (a *author) call(t *testing.T, method string, body any) (answer map[string]any) {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.pds+"/xrpc/"+method, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if a.AccessJWT != "" {
		req.Header.Set("Authorization", "Bearer "+a.AccessJWT)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	all, _ := io.ReadAll(resp.Body)
	if err := json.Unmarshal(all, &answer); resp.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("%s answered %d: %s", method, resp.StatusCode, all)
	}
	return answer
}

// create writes a record and gives its address.
func (a *author) create(t *testing.T, collection string, r m) (uri, cid string) {
	t.Helper()
	r["$type"], r["createdAt"] = collection, time.Now().UTC().Format(time.RFC3339Nano)
	got := a.call(t, "com.atproto.repo.createRecord", m{"repo": a.DID, "collection": collection, "record": r})
	return fmt.Sprint(got["uri"]), fmt.Sprint(got["cid"])
}

// TestRealServers: what is written to a personal data server arrives through a
// real Jetstream, and again from a cursor.
func TestRealServers(t *testing.T) {
	pds, jetstream := servers(t)
	ann := &author{pds: pds}
	account := ann.call(t, "com.atproto.server.createAccount", m{"handle": "ann.test", "email": "ann@example.org", "password": "a-long-password"})
	ann.DID, ann.AccessJWT = fmt.Sprint(account["did"]), fmt.Sprint(account["accessJwt"])
	s := opened(t, collect.RealTime(), collect.Values{"endpoint": jetstream, "backfill": "1h"})

	var want []string
	first, cid := ann.create(t, record.Post, m{"text": "one", "langs": []string{"en"}})
	want = append(want, first)
	for n := range 20 {
		uri, _ := ann.create(t, record.Post, m{"text": fmt.Sprint("more ", n), "reply": m{
			"root": m{"uri": first, "cid": cid}, "parent": m{"uri": first, "cid": cid},
		}})
		want = append(want, uri)
	}
	repost, _ := ann.create(t, record.Repost, m{"subject": m{"uri": first, "cid": cid}})
	ann.create(t, "app.bsky.feed.like", m{"subject": m{"uri": first, "cid": cid}})
	want = append(want, repost)
	gone := want[5]
	ann.call(t, "com.atproto.repo.deleteRecord", m{"repo": ann.DID, "collection": record.Post, "rkey": gone[strings.LastIndexByte(gone, '/')+1:]})

	deleted := func(to *polltest.Sink) (ids []string) {
		for _, b := range to.Batches {
			for _, d := range b.Deleted {
				ids = append(ids, d.ID)
			}
		}
		return ids
	}
	all := func(to *polltest.Sink) bool { return len(deleted(to)) == 1 }
	to, _ := polltest.Collect(t, s, nil, all)
	var got []string
	for _, p := range seen(to) {
		got = append(got, p.ID)
		if p.ID == first && (p.Text != "one" || p.Lang != "en" || p.Account.ID != ann.DID) || p.ID == repost && p.RepostOf != first || p.ID == want[1] && p.ReplyTo != first {
			t.Errorf("read %+v", p)
		}
	}
	if !slices.Equal(got, want) || !slices.Equal(deleted(to), []string{gone}) {
		t.Errorf("got %q and deletions %q, want %q and %q", got, deleted(to), want, gone)
	}
	for _, n := range to.Notes {
		if n.Err != nil {
			t.Errorf("noted %v", n.Err)
		}
	}

	// What comes later is had from the cursor on.
	late, _ := ann.create(t, record.Post, m{"text": "late"})
	again, _ := polltest.Collect(t, s, position(t, to), func(to *polltest.Sink) bool {
		return slices.ContainsFunc(seen(to), func(p post.Post) bool { return p.ID == late })
	})
	if p := seen(again); len(p) == 0 || p[len(p)-1].ID != late {
		t.Errorf("from the cursor on came %v", p)
	}
}
