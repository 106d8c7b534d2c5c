package push

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/collecttest"
)

const token = "a-token-that-is-long-enough"

func line(n int) string {
	return fmt.Sprintf(`{"platform":"forum","id":"%d","account":{"id":"a%d"},"time":"2026-05-01T12:00:00Z","text":"words %d"}`, n, n%3, n)
}

func opened(t testing.TB, at *Receiver, v collect.Values) collect.Source {
	t.Helper()
	k := Kind(at)
	if v == nil {
		v = collect.Values{"token": token}
	}
	s, err := k.Open(collect.Env{ID: "live:1"}, v)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func send(t testing.TB, address, body string, header ...string) (int, answer, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address+"/push/live:1", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, answer{}, nil
	}
	defer func() { _ = resp.Body.Close() }()
	var a answer
	b, _ := io.ReadAll(resp.Body)
	_ = json.Unmarshal(b, &a)
	return resp.StatusCode, a, resp.Header
}

// TestWhatIsAnsweredIsStored: a sender that goes on after each 200 finds all
// that it sent, whenever the receiving process died.
func TestWhatIsAnsweredIsStored(t *testing.T) {
	const requests = 12
	var want []string
	for n := range 2 * requests {
		want = append(want, fmt.Sprint(n))
	}
	var mu sync.Mutex
	answered := map[string]int{}
	collecttest.Run(t, 4, collecttest.Upstream{Platform: "forum", Want: want, Source: func(t *testing.T) collect.Source {
		at := NewReceiver()
		server := httptest.NewServer(at)
		over := make(chan struct{})
		var sender sync.WaitGroup
		sender.Go(func() {
			for {
				mu.Lock()
				i := answered[t.Name()]
				mu.Unlock()
				if i == requests {
					return
				}
				if code, _, _ := send(t, server.URL, line(2*i)+"\n"+line(2*i+1)); code == http.StatusOK {
					mu.Lock()
					answered[t.Name()] = i + 1
					mu.Unlock()
					continue
				}
				select {
				case <-over:
					return
				case <-time.After(time.Millisecond): // until the source runs
				}
			}
		})
		return &ending{opened(t, at, nil), func() { close(over); server.Close(); sender.Wait() }}
	}})
}

// ending ends what stands around a source with it.
type ending struct {
	collect.Source
	end func()
}

func (e *ending) Collect(ctx context.Context, cursor []byte, to collect.Sink) error {
	defer e.end()
	return e.Source.Collect(ctx, cursor, to)
}

// sink stores at once, never, or takes nothing.
type sink struct {
	mu    sync.Mutex
	posts []string
	notes []collect.Note
	full  bool
	hold  chan struct{}
}

func (s *sink) Put(ctx context.Context, b collect.Batch) error {
	if s.full {
		return context.DeadlineExceeded
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.Posts {
		s.posts = append(s.posts, b.Posts[i].Platform+"/"+b.Posts[i].ID)
	}
	if s.hold == nil {
		b.Stored()
	} else {
		s.hold <- struct{}{}
	}
	return nil
}

func (s *sink) Note(n collect.Note) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, n)
}

// running starts a source; stop ends it.
func running(t *testing.T, to collect.Sink, v collect.Values) (address string, stop func()) {
	t.Helper()
	at := NewReceiver()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	s := opened(t, at, v)
	go func() { defer close(done); _ = s.Collect(ctx, nil, to) }()
	for {
		if r := at.enter("live:1"); r != nil {
			r.open.Done()
			break
		}
		time.Sleep(time.Millisecond)
	}
	server := httptest.NewServer(at)
	stop = sync.OnceFunc(func() { cancel(); <-done; server.Close() })
	t.Cleanup(stop)
	return server.URL, stop
}

func packed(b []byte) string {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.String()
}

func TestAnswers(t *testing.T) {
	noPlatform := strings.Replace(line(3), `"platform":"forum",`, "", 1)
	for _, c := range []struct {
		name, body        string
		header            []string
		platform          string
		code              int
		accepted, refused int
		errorLine         int64
	}{
		{name: "lines", body: line(1) + "\n" + line(2) + "\n", code: 200, accepted: 2},
		{name: "one object", body: line(1), code: 200, accepted: 1},
		{name: "an array", body: " [" + line(1) + ",\n" + line(2) + "]", code: 200, accepted: 2},
		{name: "packed", body: packed([]byte(line(1))), header: []string{"Content-Encoding", "gzip"}, code: 200, accepted: 1},
		{name: "a bad line among good ones", body: line(1) + "\n{\"id\":7}\n" + line(2), code: 200, accepted: 2, refused: 1, errorLine: 2},
		{name: "a line that is no JSON", body: line(1) + "\n{oops\n" + line(2), code: 200, accepted: 2, refused: 1, errorLine: 2},
		{name: "nothing but bad lines", body: `{"id":"x"}`, code: 422, refused: 1, errorLine: 1},
		{name: "no platform", body: line(1) + "\n" + noPlatform, code: 200, accepted: 1, refused: 1, errorLine: 2},
		{name: "the source's platform", body: noPlatform, platform: "board", code: 200, accepted: 1},
		{name: "nothing", body: " \n", code: 400},
		{name: "a table", body: "id,text\n1,a", code: 400},
		{name: "an array cut short", body: "[" + line(1) + ",", code: 400},
		{name: "a wrong token", body: line(1), header: []string{"Authorization", "Bearer " + token + "x"}, code: 401},
		{name: "no token", body: line(1), header: []string{"Authorization", ""}, code: 401},
		{name: "another scheme", body: line(1), header: []string{"Authorization", "Basic " + token}, code: 401},
		{name: "another packing", body: line(1), header: []string{"Content-Encoding", "br"}, code: 415},
		{name: "not packed at all", body: line(1), header: []string{"Content-Encoding", "gzip"}, code: 400},
		{name: "packed twice", body: packed([]byte(packed([]byte(line(1))))), header: []string{"Content-Encoding", "gzip"}, code: 400},
		{name: "a bomb", body: packed(make([]byte, maxUnpacked+1)), header: []string{"Content-Encoding", "gzip"}, code: 413},
		{name: "a bomb of posts", body: strings.Repeat(line(1)+"\n", maxPosts+1), code: 413},
		{name: "too large", body: strings.Repeat(" ", maxPacked+1), code: 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := &sink{}
			address, _ := running(t, to, collect.Values{"token": token, "platform": c.platform})
			code, a, _ := send(t, address, c.body, c.header...)
			if code != c.code || a.Accepted != c.accepted || int(a.Refused) != c.refused || (a.Error == "") != (code == 200) {
				t.Errorf("answered %d %+v", code, a)
			}
			if c.errorLine > 0 && (len(a.Errors) != 1 || a.Errors[0].Line != c.errorLine || a.Errors[0].Expected == "") {
				t.Errorf("errors %+v", a.Errors)
			}
			if len(to.posts) != c.accepted {
				t.Errorf("put %v", to.posts)
			}
			if c.platform != "" && to.posts[0] != "board/3" {
				t.Errorf("put %v", to.posts)
			}
		})
	}
}

func TestComeAgain(t *testing.T) {
	address, _ := running(t, &sink{full: true}, nil)
	if code, _, h := send(t, address, line(1)); code != http.StatusServiceUnavailable || h.Get("Retry-After") == "" {
		t.Errorf("a full store answered %d, Retry-After %q", code, h.Get("Retry-After"))
	}
	// A source that ends while a request waits to be stored never says 200.
	to := &sink{hold: make(chan struct{}, 1)}
	address, stop := running(t, to, nil)
	codes := make(chan int)
	go func() { code, _, _ := send(t, address, line(1)); codes <- code }()
	<-to.hold
	go stop()
	if code := <-codes; code != http.StatusServiceUnavailable {
		t.Errorf("answered %d", code)
	}
}

// TestSlowSenders: a sender that never ends does not keep a source from ending.
func TestSlowSenders(t *testing.T) {
	address, stop := running(t, &sink{}, nil)
	in, out := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/push/live:1", in)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	codes := make(chan int, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			codes <- 0
			return
		}
		_ = resp.Body.Close()
		codes <- resp.StatusCode
	}()
	if _, err := out.Write([]byte(line(1))); err != nil { // the server reads
		t.Fatal(err)
	}
	stop()
	_ = out.Close()
	if code := <-codes; code == http.StatusOK {
		t.Error("half a request was taken")
	}
}

func TestOnlyPostAndOnlyRunningSources(t *testing.T) {
	at := NewReceiver()
	for method, want := range map[string]int{http.MethodGet: http.StatusMethodNotAllowed, http.MethodPost: http.StatusNotFound} {
		w := httptest.NewRecorder()
		at.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/push/live:1", strings.NewReader(line(1))))
		if w.Code != want {
			t.Errorf("%s answered %d", method, w.Code)
		}
	}
	k := Kind(at)
	for _, v := range []string{"", "short", strings.Repeat("あ", 30), strings.Repeat("a b", 20)} {
		if _, err := k.Open(collect.Env{ID: "x"}, collect.Values{"token": v}); collect.KindOf(err) != "configuration" {
			t.Errorf("token %q gave %v", v, err)
		}
	}
}

func FuzzBody(f *testing.F) {
	f.Add([]byte(line(1) + "\n" + line(2)))
	f.Add([]byte("[" + line(1) + "]"))
	f.Add([]byte("{\"id\":1}\n[[["))
	f.Fuzz(func(t *testing.T, b []byte) {
		posts, a, err := read(t.Context(), b, "")
		if err != nil {
			return
		}
		if a.Accepted != len(posts) {
			t.Errorf("%d posts, %d accepted", len(posts), a.Accepted)
		}
		for i := range posts {
			if posts[i].Platform == "" || posts[i].ID == "" || posts[i].Account.ID == "" || posts[i].Time.IsZero() {
				t.Errorf("%q gave %+v", b, posts[i])
			}
		}
	})
}

func BenchmarkBody(b *testing.B) {
	var body []byte
	for n := range 1000 {
		body = append(body, line(n)+"\n"...)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if posts, _, err := read(b.Context(), body, ""); err != nil || len(posts) != 1000 {
			b.Fatal(err)
		}
	}
}
