package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/akashi-project/akashi/internal/app"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/config"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/simulate"
	"github.com/akashi-project/akashi/internal/watch"
)

// streamed measures an instance that posts are pushed to over HTTP, with the
// detector of the stream at work: how many a second it takes, parsed, stored and
// seen; and, at 5,000 a second, how long after a group's posts came its finding
// is there. args are how many posts, in thousands, and for how many seconds the
// second part goes on.
func streamed(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("want live THOUSANDS SECONDS")
	}
	thousands, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("reading the number of thousands: %w", err)
	}
	seconds, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("reading the number of seconds: %w", err)
	}
	dir, err := os.MkdirTemp("", "akashi-bench-*")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	c, err := config.Load("", map[string]any{"data.dir": dir, "server.listen": "127.0.0.1:0"})
	if err != nil {
		return fmt.Errorf("reading the options: %w", err)
	}
	a, err := app.Build(ctx, c, app.Options{Version: "bench"})
	if err != nil {
		return fmt.Errorf("opening the instance: %w", err)
	}
	b := &liveBench{a: a}
	return errors.Join(b.run(ctx, thousands*1000, time.Duration(seconds)*time.Second), a.Close())
}

// liveBench is an instance that posts are pushed to.
type liveBench struct {
	a      *app.App
	to     string
	before []post.Post // what is pushed around the groups
}

const (
	pushToken = "0123456789abcdef0123456789abcdef" //nolint:gosec // of a passing instance
	pushBatch = 1000
	pushers   = 4
)

func (b *liveBench) run(ctx context.Context, posts int, long time.Duration) error {
	serving, stop := context.WithCancel(ctx)
	defer stop()
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- b.a.Run(serving, func(address string) { ready <- address }) }()
	var base string
	select {
	case address := <-ready:
		base = "http://" + address
	case err := <-ended:
		return err
	}
	source, err := b.open(ctx)
	if err != nil {
		return err
	}
	b.to = base + "/push/" + url.PathEscape(source)
	if err := b.flood(ctx, posts); err != nil {
		return err
	}
	if err := b.steady(ctx, long); err != nil {
		return err
	}
	stop()
	return <-ended
}

// open adds the source that is pushed to, under a mandate of two people.
func (b *liveBench) open(ctx context.Context) (string, error) {
	one, other := &auth.Principal{ID: "one"}, &auth.Principal{ID: "other"}
	m, err := b.a.Collections.Draft(ctx, one, mandate.CollectionText{
		Title: "bench", Purpose: "measuring", Topics: []string{"none"}, LegalBasis: "made-up posts", Kinds: []string{"push"},
		Start: b.a.DB.Now(), End: b.a.DB.Now().Add(24 * time.Hour),
	})
	if err == nil {
		m, err = b.a.Collections.Submit(ctx, one, m.ID, m.Version)
	}
	if err == nil {
		m, err = b.a.Collections.Decide(ctx, other, m.ID, m.Version, true, "")
	}
	if err != nil {
		return "", fmt.Errorf("making the mandate: %w", err)
	}
	s, err := b.a.Watch.Add(ctx, one, watch.Input{Name: "bench", Kind: "push", Mandate: m.ID, Synthetic: true, Settings: collect.Values{"token": pushToken}})
	if err != nil {
		return "", fmt.Errorf("adding the source: %w", err)
	}
	return s.ID, nil
}

// push sends posts until they are stored.
func (b *liveBench) push(ctx context.Context, body []byte) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.to, bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("asking: %w", err)
		}
		req.Header.Set("Authorization", "Bearer "+pushToken)
		req.Header.Set("Content-Type", "application/x-ndjson")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return fmt.Errorf("pushing: %w", err)
		}
		answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
		_ = resp.Body.Close()
		switch {
		case err != nil:
			return fmt.Errorf("pushing: %w", err)
		case resp.StatusCode == http.StatusOK && !bytes.Contains(answer, []byte(`"refused":0`)):
			return fmt.Errorf("posts were refused: %s", answer)
		case resp.StatusCode == http.StatusOK:
			return nil
		case resp.StatusCode != http.StatusServiceUnavailable && resp.StatusCode != http.StatusNotFound:
			return fmt.Errorf("pushing: %s: %s", resp.Status, answer)
		}
		select { // the source begins, or there is no room
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func encode(posts []post.Post) []byte {
	var out []byte
	for i := range posts {
		out = append(file.AppendPost(out, &posts[i]), '\n')
	}
	return out
}

// flood pushes a day of ordinary posts and says how many a second were taken.
func (b *liveBench) flood(ctx context.Context, posts int) error {
	s, err := simulate.Load("quiet")
	if err != nil {
		return fmt.Errorf("loading the scenario: %w", err)
	}
	s.Days, s.Scale = 1, float64(posts)/700
	s.Shift = time.Since(s.Start.AddDate(0, 0, 1)).Truncate(time.Minute)
	bodies := make(chan []byte, 8)
	var sent atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, pushers)
	began := time.Now()
	for i := range pushers {
		wg.Go(func() {
			for body := range bodies {
				if errs[i] == nil {
					errs[i] = b.push(ctx, body)
				}
			}
		})
	}
	var batch []post.Post
	full := errors.New("enough")
	peak := int64(0)
	var making time.Duration
	mark := time.Now()
	_, err = s.Run(ctx, func(p *post.Post) error {
		batch = append(batch, *p)
		if len(batch) < pushBatch {
			return nil
		}
		body := encode(batch)
		if len(b.before) < 100*pushBatch {
			b.before = append(b.before, batch...)
		}
		batch = nil
		making += time.Since(mark)
		bodies <- body
		mark = time.Now()
		if n := sent.Add(pushBatch); n%50_000 == 0 {
			peak = max(peak, resident())
			if n >= int64(posts) {
				return full
			}
		}
		return nil
	})
	close(bodies)
	wg.Wait()
	took := time.Since(began)
	if err != nil && !errors.Is(err, full) {
		return fmt.Errorf("making posts: %w", err)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	is := b.a.Live.Status()
	fmt.Printf("| pushed, parsed, stored and seen | %d posts in %.1f s: %.0f a second (%.1f s of it making them) |\n", sent.Load(), took.Seconds(), float64(sent.Load())/took.Seconds(), making.Seconds())
	fmt.Printf("| resident memory at most | %d MB; the detector holds %d traces, %d pairs, about %d MB, from %s on; dropped early %d times; a look takes %v |\n",
		peak>>20, is.Traces, is.Pairs, is.Bytes>>20, is.Since.Format(time.TimeOnly), is.Shed, is.Took)
	page, err := b.a.Findings.List(ctx, finding.Filter{})
	if err != nil {
		return fmt.Errorf("listing findings: %w", err)
	}
	fmt.Printf("| findings in the ordinary posts | %d |\n", len(page.Findings))
	return nil
}

// resident is how many bytes of memory the process has.
func resident() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close() //nolint:errcheck // only read
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				return 0
			}
			return kb << 10
		}
	}
	return 0
}

const (
	steadyRate = 5000 // posts a second
	groupEvery = 3 * time.Second
)

// steady pushes posts at a steady rate, now and then a group's among them, and
// says how long it took until each group's finding was there.
func (b *liveBench) steady(ctx context.Context, long time.Duration) error {
	news, end := b.a.Live.Listen()
	defer end()
	var mu sync.Mutex
	sent := map[string]time.Time{} // group → when its posts were sent
	var took []time.Duration
	known := map[string]bool{}
	look := func() error {
		page, err := b.a.Findings.List(ctx, finding.Filter{N: 500, Sort: finding.ByUpdated})
		if err != nil {
			return fmt.Errorf("listing findings: %w", err)
		}
		for _, f := range page.Findings {
			if known[f.ID] {
				continue
			}
			known[f.ID] = true
			snapshot, err := b.a.Findings.Snapshot(ctx, f.ID, 0)
			if err != nil {
				return fmt.Errorf("reading a finding: %w", err)
			}
			name, _, _ := strings.Cut(strings.TrimPrefix(snapshot.Accounts[0].Key, "sim-x:"), "/")
			mu.Lock()
			if at, ok := sent[name]; ok {
				took = append(took, time.Since(at))
				delete(sent, name)
			}
			mu.Unlock()
		}
		return nil
	}
	began := time.Now()
	pushed := make(chan error, 1)
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	n, groups := 0, 0
	go func() {
		pushed <- func() error {
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			defer wg.Wait()
			for time.Since(began) < long {
				var batch []post.Post
				now := time.Now()
				for range steadyRate / 10 {
					p := b.before[n%len(b.before)]
					// Each time round the posts are others' on other things.
					round := n / len(b.before)
					p.ID = fmt.Sprintf("steady-%d", n)
					p.Account.ID = fmt.Sprintf("%s-%d", p.Account.ID, round)
					p.RepostOf, p.ReplyTo, p.QuoteOf, p.Hashtags, p.Mentions, p.Media = "", "", "", []string{}, []string{}, nil
					p.Text = fmt.Sprintf("%s %d", p.Text, n)
					p.Links = slices.Clone(p.Links)
					for i := range p.Links {
						p.Links[i].URL += fmt.Sprintf("/%d", round)
					}
					batch = append(batch, p)
					n++
				}
				if time.Since(began) > time.Duration(groups)*groupEvery && time.Since(began) < long-10*time.Second {
					name := fmt.Sprintf("group-%d", groups)
					groups++
					batch = append(batch, groupOf(name, now)...)
					mu.Lock()
					sent[name] = now
					mu.Unlock()
				}
				body := encode(batch)
				wg.Go(func() {
					if err := b.push(ctx, body); err != nil {
						failed.Store(&err)
					}
				})
				if err := failed.Load(); err != nil {
					return *err
				}
				select {
				case <-tick.C:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			return nil
		}()
	}()
	for {
		select {
		case <-news:
		case <-time.After(time.Second):
		case err := <-pushed:
			if err != nil {
				return err
			}
			if err := look(); err != nil {
				return err
			}
			if len(took) == 0 {
				return fmt.Errorf("none of %d groups was found: %+v", groups, b.a.Live.Status())
			}
			slices.Sort(took)
			at := func(q float64) time.Duration { return took[int(q*float64(len(took)-1))].Round(time.Millisecond) }
			is := b.a.Live.Status()
			fmt.Printf("| at %.0f posts a second for %v: from a group's posts to its finding | %d of %d groups; p50 %v, p99 %v, at most %v |\n",
				float64(n)/time.Since(began).Seconds(), long, len(took), groups, at(0.5), at(0.99), took[len(took)-1].Round(time.Millisecond))
			fmt.Printf("| then | resident %d MB; a look takes %v; %d traces, %d pairs |\n", resident()>>20, is.Took, is.Traces, is.Pairs)
			return nil
		}
		if err := look(); err != nil {
			return err
		}
	}
}

// groupOf makes the posts of six accounts that copy five texts, ten minutes apart,
// which all come at once.
func groupOf(name string, now time.Time) []post.Post {
	var out []post.Post
	for page := range 5 {
		for account := range 6 {
			id := fmt.Sprintf("%s/%d", name, account)
			out = append(out, post.Post{
				Platform: "sim-x", ID: fmt.Sprintf("%s-%d", id, page), Account: post.Account{ID: id}, Synthetic: true,
				Time: now.Add(-time.Duration(page)*10*time.Minute - time.Duration(account)*time.Second), Text: fmt.Sprintf("everybody should read what %s has found out today about part %d of the plan before it is too late", name, page),
				Links: []post.Link{{URL: fmt.Sprintf("https://%s.example/%d", name, page)}},
			})
		}
	}
	return out
}
