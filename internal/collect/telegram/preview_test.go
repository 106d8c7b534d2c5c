package telegram

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/collecttest"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/collect/poll"
	"github.com/akashi-project/akashi/internal/collect/poll/polltest"
)

var begin = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// board serves previews of channels, twenty messages a page.
type board struct {
	mu       sync.Mutex
	channels map[string]*shown
	asked    []string
	// disorder repeats messages and mixes their order.
	disorder bool
}

type shown struct {
	id       int64
	messages []int64
	text     map[int64]string // other than "message ID"
	forward  map[int64]string // addresses
	// before is answered with the newest page all the same.
	deaf bool
	// grow publishes a message each time somebody looks.
	grow bool
}

func numbers(from, to int64) []int64 {
	var all []int64
	for n := from; n <= to; n++ {
		all = append(all, n)
	}
	return all
}

func (b *board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, r.URL.String())
	name, preview := strings.CutPrefix(r.URL.Path, "/s/")
	c := b.channels[name]
	switch {
	case !preview:
		_, _ = fmt.Fprint(w, "<html><body><div class=tgme_page>Contact @x</div></body></html>")
		return
	case c == nil:
		http.Redirect(w, r, "/"+name, http.StatusFound)
		return
	}
	if c.grow {
		c.messages = append(c.messages, c.messages[len(c.messages)-1]+1)
	}
	list := c.messages
	if before, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64); err == nil && !c.deaf {
		list = list[:sortedBefore(list, before)]
	}
	list = slices.Clone(list[max(0, len(list)-20):])
	if b.disorder {
		list = append(list, list...)
		rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	_, _ = fmt.Fprintf(w, `<!DOCTYPE html><html><body><div class="tgme_channel_info"><div class="tgme_channel_info_header_title">%s</div></div>`, name)
	for _, id := range list {
		view := base64.RawStdEncoding.EncodeToString(fmt.Appendf(nil, `{"c":-%d,"p":%d}`, c.id, id))
		_, _ = fmt.Fprintf(w, `<div class="tgme_widget_message js-widget_message" data-post="%s/%d" data-view="%s">`, name, id, view)
		if f := c.forward[id]; f != "" {
			_, _ = fmt.Fprintf(w, `<div class="tgme_widget_message_forwarded_from"><a class="tgme_widget_message_forwarded_from_name" href="%s">F</a></div>`, f)
		}
		text := c.text[id]
		if text == "" {
			text = fmt.Sprintf("message %d", id)
		}
		at := begin.Add(time.Duration(id) * time.Minute).Format(time.RFC3339)
		_, _ = fmt.Fprintf(w, `<div class="tgme_widget_message_text js-message_text">%s</div><time datetime="%s">x</time></div>`, text, at)
	}
	_, _ = fmt.Fprint(w, "</body></html>\n<!-- page generated in 1ms -->")
}

func sortedBefore(list []int64, before int64) int {
	n, _ := slices.BinarySearch(list, before)
	return n
}

func open(t *testing.T, base string, v collect.Values) collect.Source {
	t.Helper()
	env := polltest.Env(polltest.NewClock(begin))
	env.Pages = env.Programs
	v["base"] = base
	s, err := openPreview(env, v)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPreviewKilledAnywhere(t *testing.T) {
	b := &board{disorder: true, channels: map[string]*shown{
		"harbour":    {id: 1234, messages: slices.DeleteFunc(numbers(1, 90), func(n int64) bool { return n%7 == 0 })},
		"lighthouse": {id: 99, messages: numbers(300, 330), forward: map[int64]string{310: "https://t.me/harbour/3"}},
	}}
	var want []string
	for name, c := range b.channels {
		for _, id := range c.messages {
			want = append(want, fmt.Sprintf("%d/%d", b.channels[name].id, id))
		}
	}
	collecttest.Run(t, 4, collecttest.Upstream{Platform: "telegram", Want: want, Source: func(t *testing.T) collect.Source {
		return open(t, polltest.Serve(t, true, b), collect.Values{"channels": "harbour\n@Lighthouse", "backfill": "1000"})
	}})
}

func collected(s *polltest.Sink) map[string][]string {
	all := map[string][]string{}
	for _, b := range s.Batches {
		for _, p := range b.Posts {
			all[p.ID] = append(all[p.ID], p.Text)
		}
	}
	return all
}

func TestPreviewGoesOnAndSeesEdits(t *testing.T) {
	c := &shown{id: 7, messages: numbers(1, 50), text: map[int64]string{}}
	base := polltest.Serve(t, false, &board{channels: map[string]*shown{"harbour": c}})
	first, _ := polltest.Collect(t, open(t, base, collect.Values{"channels": "harbour", "backfill": "30"}), nil, func(s *polltest.Sink) bool {
		return len(collected(s)) == 30
	})
	if all := collected(first); len(all) != 30 || all["7/21"] == nil || all["7/50"] == nil {
		t.Fatalf("%d posts at first", len(all))
	}
	cursor := first.Batches[len(first.Batches)-1].Cursor
	// While nobody looked, eighty came and one was edited.
	c.messages = numbers(1, 130)
	c.text[45] = "another text"
	second, _ := polltest.Collect(t, open(t, base, collect.Values{"channels": "harbour", "backfill": "30"}), cursor, func(s *polltest.Sink) bool {
		return len(collected(s)) >= 80
	})
	all := collected(second)
	for id := range numbers(51, 130) {
		if key := fmt.Sprintf("7/%d", id+51); len(all[key]) != 1 {
			t.Errorf("%s came %d times", key, len(all[key]))
		}
	}
	if len(all["7/50"]) != 0 {
		t.Error("what was there came again")
	}
	cursor = second.Batches[len(second.Batches)-1].Cursor
	c.text[129] = "message 129, corrected"
	third, _ := polltest.Collect(t, open(t, base, collect.Values{"channels": "harbour"}), cursor, func(s *polltest.Sink) bool {
		return len(collected(s)) > 0
	})
	if all := collected(third); len(all) != 1 || !slices.Equal(all["7/129"], []string{"message 129, corrected"}) {
		t.Errorf("after the edit came %v", all)
	}
}

func TestPreviewForwards(t *testing.T) {
	b := &board{channels: map[string]*shown{
		"harbour": {id: 7, messages: numbers(1, 5), forward: map[int64]string{
			1: "https://t.me/Lighthouse/77", 2: "https://t.me/c/55/8", 3: "https://t.me/hidden_one/9", 4: "https://t.me/harbour/1",
		}},
		"lighthouse": {id: 99, messages: numbers(70, 80)},
	}}
	s, _ := polltest.Collect(t, open(t, polltest.Serve(t, false, b), collect.Values{"channels": "harbour"}), nil, func(s *polltest.Sink) bool {
		return len(s.Batches) > 0
	})
	want := map[string][2]string{
		"7/1": {"99/77", "channel99"}, "7/2": {"55/8", "channel55"}, "7/3": {"hidden_one/9", "hidden_one"}, "7/4": {"7/1", "channel7"}, "7/5": {"", ""},
	}
	for _, p := range s.Batches[0].Posts {
		if got := [2]string{p.RepostOf, strings.Join(p.Mentions, " ")}; got != want[p.ID] {
			t.Errorf("%s: %q, want %q", p.ID, got, want[p.ID])
		}
	}
}

func TestPreviewOfSomeIsMissing(t *testing.T) {
	b := &board{channels: map[string]*shown{"harbour": {id: 7, messages: numbers(1, 5), grow: true}}}
	base := polltest.Serve(t, false, b)
	s, _ := polltest.Collect(t, open(t, base, collect.Values{"channels": "harbour\nnowhere"}), nil, func(s *polltest.Sink) bool {
		return len(s.Batches) > 1 && noted[*ChannelError](s)
	})
	if len(collected(s)) < 6 || !noted[*ChannelError](s) {
		t.Errorf("the channel that is there brought %d posts; notes %v", len(collected(s)), s.Notes)
	}
	_, err := polltest.Collect(t, open(t, base, collect.Values{"channels": "nowhere\nneither"}), nil, nil)
	if _, ok := errors.AsType[*collect.ConfigError](err); !ok {
		t.Errorf("without any channel: %v", err)
	}
}

func noted[E error](s *polltest.Sink) bool {
	return slices.ContainsFunc(s.Notes, func(n collect.Note) bool { return is[E](n.Err) })
}

func TestPreviewThatDoesNotPageBack(t *testing.T) {
	// The gap cannot be filled and is kept; that is said, and the run goes on.
	b := &board{channels: map[string]*shown{"harbour": {id: 7, messages: numbers(1, 50), deaf: true, grow: true}}}
	s, _ := polltest.Collect(t, open(t, polltest.Serve(t, false, b), collect.Values{"channels": "harbour"}), nil, func(s *polltest.Sink) bool {
		return len(s.Batches) > 2
	})
	if !noted[*poll.FormatError](s) {
		t.Errorf("notes: %v", s.Notes)
	}
	if last := string(s.Batches[len(s.Batches)-1].Cursor); !strings.Contains(last, `"holes":[[0,`) {
		t.Errorf("the gap was forgotten: %s", last)
	}
}

func TestPreviewWaits(t *testing.T) {
	base := polltest.Serve(t, false, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	_, err := polltest.Collect(t, open(t, base, collect.Values{"channels": "harbour"}), nil, nil)
	if collect.RetryAt(err).IsZero() {
		t.Errorf("a wait of an hour ended in %v", err)
	}
}

func TestPreviewSettings(t *testing.T) {
	kind := PreviewKind()
	for name, v := range map[string]collect.Values{
		"none":      {},
		"no name":   {"channels": "https://example.org/x"},
		"invite":    {"channels": "https://t.me/+abcdef"},
		"backfill":  {"channels": "harbour", "backfill": "-1"},
		"too often": {"channels": "harbour", "min_every": "1s"},
		"bounds":    {"channels": "harbour", "min_every": "10m", "max_every": "5m"},
		"base":      {"channels": "harbour", "base": "t.me"},
	} {
		_, err := kind.Open(collect.Env{Pages: fetch.New(fetch.Options{}), Clock: collect.RealTime()}, v)
		if _, ok := errors.AsType[*collect.SettingError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	base := polltest.Serve(t, false, &board{})
	for _, cursor := range []string{`{`, `{"x":1}`, `{"channels":{"harbour":null}}`, `{"channels":{"harbour":{"id":1,"top":5,"holes":[[5,3]]}}}`} {
		_, err := polltest.Collect(t, open(t, base, collect.Values{"channels": "harbour"}), []byte(cursor), nil)
		if _, ok := errors.AsType[*collect.ConfigError](err); !ok {
			t.Errorf("cursor %s: %v", cursor, err)
		}
	}
}
