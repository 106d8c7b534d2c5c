package simulate

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/post"
)

func load(t testing.TB, name string) *Scenario {
	t.Helper()
	s, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// play keeps all posts of a scenario.
func play(t testing.TB, s *Scenario) ([]*post.Post, Truth) {
	t.Helper()
	var posts []*post.Post
	truth, err := s.Run(context.Background(), func(p *post.Post) error {
		posts = append(posts, p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return posts, truth
}

func digest(t testing.TB, s *Scenario) string {
	t.Helper()
	h := sha256.New()
	truth, err := s.Run(context.Background(), func(p *post.Post) error {
		_, err := fmt.Fprintf(h, "%+v\n", *p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := truth.WriteDetailCSV(h); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestSameSeedSamePosts(t *testing.T) {
	for _, name := range []string{"small", "quiet"} {
		want := digest(t, load(t, name))
		before := runtime.GOMAXPROCS(1)
		alone := digest(t, load(t, name))
		runtime.GOMAXPROCS(before)
		if alone != want {
			t.Errorf("%s: one processor gives other posts", name)
		}
		s := load(t, name)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if digest(t, s) != want {
					t.Errorf("%s: the same scenario gives other posts", name)
				}
			})
		}
		wg.Wait()
		s.Seed++
		if digest(t, s) == want {
			t.Errorf("%s: another seed gives the same posts", name)
		}
	}
}

func TestInvariants(t *testing.T) {
	for _, name := range []string{"small", "quiet", "treated-water"} {
		t.Run(name, func(t *testing.T) {
			s := load(t, name)
			posts, truth := play(t, s)
			if len(posts) != truth.Posts {
				t.Errorf("%d posts, the truth says %d", len(posts), truth.Posts)
			}
			ids := make(map[string]bool, len(posts))
			last := s.Start
			for _, p := range posts {
				if !p.Synthetic {
					t.Fatalf("%s is not marked synthetic", p.ID)
				}
				if ids[p.ID] || p.ID == "" {
					t.Fatalf("the id %q stands twice", p.ID)
				}
				ids[p.ID] = true
				if p.Time.Before(last) || !p.Time.Before(s.End()) || p.Time.Location() != time.UTC {
					t.Fatalf("%s: time %s after %s", p.ID, p.Time, last)
				}
				last = p.Time
				if !strings.HasPrefix(p.Platform, "sim-") {
					t.Fatalf("platform %q", p.Platform)
				}
				for _, of := range []string{p.RepostOf, p.ReplyTo} {
					if of != "" && (!ids[of] || of == p.ID) {
						t.Fatalf("%s refers to %s, which has not appeared", p.ID, of)
					}
				}
				if p.Text == "" && p.RepostOf == "" {
					t.Fatalf("%s has no text", p.ID)
				}
				if strings.ContainsAny(p.Text, "{}|") {
					t.Errorf("a slot is left in %q", p.Text)
				}
				addresses := []string{p.URL}
				for _, l := range p.Links {
					addresses = append(addresses, l.Given)
				}
				for _, m := range p.Media {
					addresses = append(addresses, m.URL)
				}
				for _, a := range addresses {
					u, err := url.Parse(a)
					if err != nil || !strings.HasSuffix(u.Hostname(), ".example") {
						t.Fatalf("address %q: %v", a, err)
					}
				}
				if strings.Count(p.Text, "://") != len(p.Links) && p.Text != "" {
					t.Fatalf("links %v do not match the text %q", p.Links, p.Text)
				}
			}
		})
	}
}

func TestTruth(t *testing.T) {
	for _, name := range []string{"small", "quiet", "treated-water"} {
		s := load(t, name)
		posts, truth := play(t, s)
		count := map[string]int{}
		for _, p := range posts {
			count[p.Account.ID]++
		}
		if len(count) != len(truth.Accounts) {
			t.Errorf("%s: %d accounts posted, the truth lists %d", name, len(count), len(truth.Accounts))
		}
		members := map[string]int{}
		for _, a := range truth.Accounts {
			if a.Posts != count[a.Account] || a.Posts == 0 {
				t.Errorf("%s: account %s has %d posts, the truth says %d", name, a.Account, count[a.Account], a.Posts)
			}
			members[a.Operation]++
			if a.Operation != "" && a.Trap != "" {
				t.Errorf("%s: account %s is both in an operation and a trap", name, a.Account)
			}
		}
		if len(truth.Operations) != len(s.Operations) {
			t.Errorf("%s: %d operations", name, len(truth.Operations))
		}
		for _, o := range truth.Operations {
			if members[o.Name] != o.Accounts || o.Accounts == 0 {
				t.Errorf("%s: %d of %d accounts of %s posted", name, members[o.Name], o.Accounts, o.Name)
			}
			if o.Planted < o.Accounts || o.Posts <= o.Planted || len(o.Behaviours) == 0 {
				t.Errorf("%s: %+v", name, o)
			}
		}
		var b strings.Builder
		if err := truth.WriteCSV(&b); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		if err != nil || len(rows) != len(truth.Accounts)+1 || !slices.Equal(rows[0], []string{"account", "operation"}) {
			t.Errorf("%s: the CSV has %d rows, %v", name, len(rows), err)
		}
	}
}

func TestQuietHasNoOperation(t *testing.T) {
	_, truth := play(t, load(t, "quiet"))
	if len(truth.Operations) != 0 || truth.Planted != 0 {
		t.Errorf("the quiet scenario has operations: %+v", truth.Operations)
	}
}

func TestScaleAndShift(t *testing.T) {
	s := load(t, "small")
	posts, _ := play(t, s)
	s.Shift = 14 * 24 * time.Hour
	moved, _ := play(t, s)
	if len(moved) != len(posts) {
		t.Fatalf("shifting changed the number of posts from %d to %d", len(posts), len(moved))
	}
	for i := range posts {
		if !moved[i].Time.Equal(posts[i].Time.Add(s.Shift)) || moved[i].ID != posts[i].ID || moved[i].Text != posts[i].Text {
			t.Fatalf("post %d moved from %v to %v", i, posts[i], moved[i])
		}
	}
	s.Scale = 3
	more, _ := play(t, s)
	if len(more) < 2*len(posts) {
		t.Errorf("three times the people give %d posts instead of %d", len(more), len(posts))
	}
}

func TestRunStops(t *testing.T) {
	s := load(t, "small")
	stop := errors.New("enough")
	n := 0
	_, err := s.Run(t.Context(), func(*post.Post) error {
		if n++; n == 10 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || n != 10 {
		t.Errorf("stopped after %d posts with %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Run(ctx, func(*post.Post) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run ends with %v", err)
	}
}

func TestList(t *testing.T) {
	infos, err := List()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range infos {
		names = append(names, i.Name)
		if i.Title["ja"] == "" || i.Title["en"] == "" || i.Description["ja"] == "" || i.Description["en"] == "" {
			t.Errorf("%s lacks a title or description", i.Name)
		}
	}
	if !slices.Equal(names, []string{"quiet", "small", "treated-water"}) {
		t.Errorf("scenarios: %v", names)
	}
	if _, err := Load("no-such"); err == nil || !strings.Contains(err.Error(), "treated-water") {
		t.Errorf("an unknown name gives %v", err)
	}
}

func BenchmarkRun(b *testing.B) {
	s := load(b, "treated-water")
	b.ReportAllocs()
	var posts int
	for b.Loop() {
		truth, err := s.Run(b.Context(), func(*post.Post) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
		posts += truth.Posts
	}
	b.ReportMetric(float64(posts)/b.Elapsed().Seconds(), "posts/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(posts), "ns/post")
}
