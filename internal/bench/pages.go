package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/app"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/config"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/poststoretest"
	"github.com/akashi-project/akashi/internal/simulate"
)

// pages measures an instance over HTTP as an analyst uses it: args are how many
// posts, in millions, and the folder that holds the instance between runs. The
// posts are made from a seed where the folder is empty, and a campaign is put
// among them, whose findings are opened.
func pages(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("want pages MILLIONS DIR")
	}
	millions, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("reading the number of millions: %w", err)
	}
	c, err := config.Load("", map[string]any{"data.dir": args[1], "server.listen": "127.0.0.1:0"})
	if err != nil {
		return fmt.Errorf("reading the options: %w", err)
	}
	a, err := app.Build(ctx, c, app.Options{Version: "bench"})
	if err != nil {
		return fmt.Errorf("opening the instance: %w", err)
	}
	p := &pageBench{a: a, took: map[string][]time.Duration{}}
	return errors.Join(p.run(casestore.WithActor(ctx, "cli:bench"), millions*1_000_000), a.Close())
}

// benchRounds is how often each page is asked for.
const benchRounds = 24

// pageBench is an instance being measured.
type pageBench struct {
	a      *app.App
	base   string
	client *http.Client
	order  []string
	took   map[string][]time.Duration
}

// run fills the instance where it is empty, serves it, and measures.
func (p *pageBench) run(ctx context.Context, posts int) error {
	if err := p.fill(ctx, posts); err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- p.a.Run(serving, func(address string) { ready <- address }) }()
	select {
	case address := <-ready:
		_, port, _ := strings.Cut(address, ":")
		p.base = "http://localhost:" + port
	case err := <-ended:
		return err
	}
	if err := p.measure(ctx); err != nil {
		return err
	}
	stop()
	return <-ended
}

// fill makes the posts.
func (p *pageBench) fill(ctx context.Context, posts int) error {
	span, err := p.a.Posts.Span(ctx)
	if err != nil || span.Posts > 0 {
		return err
	}
	var spent time.Duration
	var failed error
	poststoretest.Generate(1, posts, func(made []post.Post) {
		began := time.Now()
		if _, err := p.a.Posts.Append(ctx, poststore.Batch{Source: "file:generated.ndjson", Posts: made}); err != nil {
			failed = errors.Join(failed, err)
		}
		spent += time.Since(began)
	})
	if failed != nil {
		return fmt.Errorf("filling the store: %w", failed)
	}
	if span, err = p.a.Posts.Span(ctx); err != nil {
		return err
	}
	fmt.Printf("%d posts appended in %.1f s: %.0f posts/s, %d bytes each on disk\n\n",
		posts, spent.Seconds(), float64(posts)/spent.Seconds(), span.Bytes/int64(posts))
	s, err := simulate.Load("treated-water")
	if err != nil {
		return fmt.Errorf("loading the campaign: %w", err)
	}
	var campaign []post.Post
	if _, err = s.Run(ctx, func(x *post.Post) error {
		normalise.Post(x, normalise.Options{})
		campaign = append(campaign, *x)
		return nil
	}); err != nil {
		return fmt.Errorf("making the campaign: %w", err)
	}
	for part := range slices.Chunk(campaign, 20_000) {
		if _, err := p.a.Posts.Append(ctx, poststore.Batch{Source: "file:campaign.ndjson", Posts: part}); err != nil {
			return fmt.Errorf("appending the campaign: %w", err)
		}
	}
	_, err = p.a.Findings.AddDetection(ctx, finding.Detection{Name: "campaign", Params: finding.Params{Query: `via:"file:campaign.ndjson"`}})
	return err
}

// measure signs in, sees that there are findings, and asks for pages: alone,
// then with appends beside.
func (p *pageBench) measure(ctx context.Context) error {
	if err := p.enter(ctx); err != nil {
		return err
	}
	found, run, err := p.findings(ctx)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // the same numbers again
	for _, rate := range []int{-1, 5000} {
		clear(p.took)
		p.order = nil
		stop := func() float64 { return 0 }
		if rate > 0 {
			stop = p.beside(ctx, rate)
		}
		for range benchRounds {
			if err := p.round(ctx, r, found, run); err != nil {
				stop()
				return err
			}
		}
		p.print(stop())
	}
	return nil
}

// enter signs an analyst in.
func (p *pageBench) enter(ctx context.Context) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return fmt.Errorf("making a jar: %w", err)
	}
	p.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	login := fmt.Sprint("bench", time.Now().UnixNano())
	person, _, err := p.a.Auth.Invite(ctx, auth.NewPerson{Login: login, Name: "Bench", Roles: []auth.Role{auth.Analyst, auth.Lead}})
	if err != nil {
		return err
	}
	link, err := p.a.Auth.OneTimeLogin(ctx, person.ID)
	if err != nil {
		return err
	}
	path, token, _ := strings.Cut(link, "?")
	status, err := p.ask(ctx, http.MethodPost, path, token)
	if err == nil && status != http.StatusSeeOther {
		err = fmt.Errorf("signing in: status %d", status)
	}
	return err
}

// findings gives the findings of a run over the campaign.
func (p *pageBench) findings(ctx context.Context) ([]finding.Finding, string, error) {
	all, err := p.a.Findings.Detections(ctx)
	if err != nil || len(all) == 0 {
		return nil, "", errors.Join(err, errors.New("no detection is there"))
	}
	run, err := p.a.Findings.StartRun(ctx, all[0].ID)
	if err != nil {
		return nil, "", err
	}
	began := time.Now()
	for run.State != finding.RunDone {
		if run.State == finding.RunFailed {
			return nil, "", fmt.Errorf("the run failed: %s", run.Error)
		}
		time.Sleep(20 * time.Millisecond)
		if run, err = p.a.Findings.Run(ctx, run.ID); err != nil {
			return nil, "", err
		}
	}
	fmt.Printf("the campaign detected among all posts in %.1f s\n\n", time.Since(began).Seconds())
	page, err := p.a.Findings.List(ctx, finding.Filter{N: 100})
	if err == nil && len(page.Findings) == 0 {
		err = errors.New("the campaign was not found")
	}
	return page.Findings, run.ID, err
}

// round asks for each page once, with other words each time.
func (p *pageBench) round(ctx context.Context, r *rand.Rand, found []finding.Finding, run string) error {
	f := found[r.IntN(len(found))]
	lang := []string{"ja", "en", "ru"}[r.IntN(3)]
	q := func(s string) string { return url.Values{"q": {s}}.Encode() }
	frequent, rare := poststoretest.Word(1, lang, r.IntN(20)), poststoretest.Word(1, lang, 20_000+r.IntN(30_000))
	day := poststoretest.GenerateStart.Add(time.Duration(r.Int64N(int64(poststoretest.GenerateSpan))))
	asked := map[string]string{
		"inbox":                         "/inbox",
		"finding":                       "/findings/" + f.Short,
		"coordination":                  "/coordination?run=" + run,
		"network of a run (JSON)":       "/coordination/network?run=" + run,
		"network of a group (JSON)":     "/findings/" + f.ID + "/network",
		"detections":                    "/detections",
		"sources":                       "/sources",
		"search, all":                   "/search",
		"search, frequent word":         "/search?" + q(frequent),
		"search, rare word":             "/search?" + q(rare),
		"search, absent word":           "/search?" + q(fmt.Sprint("処理水qzx", r.IntN(1000))),
		"search, language and platform": "/search?" + q("lang:ja platform:telegram"),
		"search, hashtag":               "/search?" + q(fmt.Sprint("hashtag:tag", 100+r.IntN(2000))),
		"search, word in a week":        "/search?" + q(fmt.Sprintf("%s after:%s before:%s", rare, day.Format(time.DateOnly), day.AddDate(0, 0, 7).Format(time.DateOnly))),
		"chart, all":                    "/search/volume",
		"chart, frequent word":          "/search/volume?" + q(frequent),
		"chart, rare word":              "/search/volume?" + q(rare),
		"chart, language and platform":  "/search/volume?" + q("lang:ja platform:telegram"),
		"account":                       "/accounts/" + poststoretest.Alias("x", strconv.Itoa(500_100+r.IntN(5000))),
	}
	names := make([]string, 0, len(asked))
	for name := range asked {
		names = append(names, name)
	}
	slices.Sort(names)
	p.order = names
	for _, name := range names {
		began := time.Now()
		status, err := p.ask(ctx, http.MethodGet, asked[name], "")
		if err != nil {
			return err
		}
		if status != http.StatusOK && name != "account" {
			return fmt.Errorf("%s: status %d for %s", name, status, asked[name])
		}
		p.took[name] = append(p.took[name], time.Since(began))
	}
	return nil
}

// ask sends a request and reads all of the answer.
func (p *pageBench) ask(ctx context.Context, method, path, form string) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, method, p.base+path, strings.NewReader(form))
	if err != nil {
		return 0, fmt.Errorf("making a request: %w", err)
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("asking for a page: %w", err)
	}
	defer resp.Body.Close()
	if _, err = io.Copy(io.Discard, resp.Body); err != nil {
		return 0, fmt.Errorf("reading a page: %w", err)
	}
	return resp.StatusCode, nil
}

// beside appends batches of 1,000 posts, so many a second, until it is stopped,
// which gives how many it was.
func (p *pageBench) beside(ctx context.Context, rate int) func() float64 {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan int)
	began := time.Now()
	go func() {
		sent := 0
		defer func() { done <- sent }()
		for n := 0; ctx.Err() == nil; n++ {
			poststoretest.Generate(uint64(began.UnixNano())+uint64(n), 20_000, func(made []post.Post) { //nolint:gosec // a seed
				for part := range slices.Chunk(made, 1000) {
					if ctx.Err() != nil {
						return
					}
					for i := range part {
						part[i].ID = fmt.Sprint("beside-", began.UnixNano(), "-", n, "-", part[i].ID)
						part[i].Time = part[i].Time.Add(poststoretest.GenerateSpan)
					}
					if _, err := p.a.Posts.Append(ctx, poststore.Batch{Source: "beside", Posts: part}); err != nil {
						return
					}
					sent += len(part)
					select {
					case <-ctx.Done():
					case <-time.After(time.Until(began.Add(time.Duration(sent) * time.Second / time.Duration(rate)))):
					}
				}
			})
		}
	}()
	return func() float64 {
		cancel()
		return float64(<-done) / time.Since(began).Seconds()
	}
}

// print writes the table.
func (p *pageBench) print(beside float64) {
	fmt.Printf("Appended beside: %.0f posts/s\n\n| page | p50 ms | p95 ms | slowest ms |\n|---|---|---|---|\n", beside)
	var all []time.Duration
	ms := func(d time.Duration) string { return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 1, 64) }
	for _, name := range p.order {
		t := p.took[name]
		all = append(all, t...)
		slices.Sort(t)
		fmt.Printf("| %s | %s | %s | %s |\n", name, ms(t[len(t)/2]), ms(t[len(t)*95/100]), ms(t[len(t)-1]))
	}
	slices.Sort(all)
	fmt.Printf("| all pages | %s | %s | %s |\n\n", ms(all[len(all)/2]), ms(all[len(all)*95/100]), ms(all[len(all)-1]))
}
