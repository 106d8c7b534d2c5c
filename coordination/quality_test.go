package coordination_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/graph"
)

// labelled reads a labelled set.
func labelled(t testing.TB, set string) ([]coordination.Trace, map[string]bool) {
	t.Helper()
	traces := table(t, "semisynth-"+set+".csv", "object_id", "account_id", "content_id", "timestamp_share", false)
	h, rows := readTable(t, sharedData(t, "semisynth-"+set+"-labels.csv"))
	labels := map[string]bool{}
	for _, r := range rows {
		labels[r[h["account_id"]]] = r[h["label"]] == "1"
	}
	return traces, labels
}

// TestScoreRanksAboveThePeers holds the score above the best other method on
// each labelled set: accounts with 10 to 60 rows, default settings.
func TestScoreRanksAboveThePeers(t *testing.T) {
	for _, c := range []struct {
		set  string
		peer float64
	}{{"easy", .885}, {"medium", .922}, {"train-a", .872}, {"train-b", .829}, {"train-c", .898}, {"train-d", .844}} {
		t.Run(c.set, func(t *testing.T) {
			traces, labels := labelled(t, c.set)
			n := detect(t, coordination.Config{}, traces)
			var scores, rows []float64
			var positive []bool
			for _, a := range n.Accounts {
				if a.Traces >= 10 && a.Traces <= 60 {
					scores, rows = append(scores, a.Score), append(rows, float64(a.Traces))
					positive = append(positive, labels[a.Name])
				}
			}
			got := graph.AUC(scores, positive)
			t.Logf("score %.3f, number of rows %.3f, best peer %.3f", got, graph.AUC(rows, positive), c.peer)
			if got <= c.peer {
				t.Errorf("AUC %.3f, want above the peer's %.3f", got, c.peer)
			}
		})
	}
}

// shuffle gives every post another account, drawn among the posts of the same
// bin of time, so that nothing but activity and popularity is left.
func shuffle(traces []coordination.Trace, bin time.Duration, seed uint64) []coordination.Trace {
	r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // reproducible
	bins := map[int64][]coordination.PostKey{}
	account := map[coordination.PostKey]string{}
	for _, tr := range traces {
		if _, ok := account[tr.Post]; !ok {
			account[tr.Post] = tr.Account
			b := tr.Time.UnixNano() / int64(bin)
			bins[b] = append(bins[b], tr.Post)
		}
	}
	swapped := map[coordination.PostKey]string{}
	for _, posts := range bins {
		for i, j := range r.Perm(len(posts)) {
			swapped[posts[i]] = account[posts[j]]
		}
	}
	out := slices.Clone(traces)
	for i := range out {
		out[i].Account = swapped[out[i].Post]
	}
	return out
}

// TestShuffledAccountsAreNotSignificant checks the false-discovery rate on
// data in which no accounts act together.
func TestShuffledAccountsAreNotSignificant(t *testing.T) {
	for _, set := range []string{"easy", "train-a"} {
		traces, _ := labelled(t, set)
		for _, window := range []time.Duration{time.Minute, 10 * time.Minute, 2 * time.Hour} {
			shuffled := shuffle(traces, 1e6*time.Hour, 2)
			n := detect(t, coordination.Config{Window: window}, shuffled)
			significant := 0
			for _, d := range n.Edges() {
				if d.Q <= 0.05 {
					significant++
				}
			}
			t.Logf("%s, %v: %d of %d edges significant", set, window, significant, n.Len())
			if most := 5; significant > most {
				t.Errorf("%s, %v: %d of %d edges are significant after shuffling, want at most %d", set, window, significant, n.Len(), most)
			}
		}
	}
}

// planted makes a background of independent accounts and a ring of ten that
// post the same twenty addresses within half a minute.
func planted(seed uint64) []coordination.Trace {
	r := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // reproducible
	start := time.Date(2023, 8, 1, 0, 0, 0, 0, time.UTC)
	var out []coordination.Trace
	post := 0
	add := func(account, object string, at time.Duration) {
		post++
		out = append(out, coordination.Trace{
			Account: account, Behaviour: coordination.URL, Object: object, Time: start.Add(at), Post: coordination.PostKey(post), //nolint:gosec // small
		})
	}
	const week = 7 * 24 * 3600
	for a := range 400 {
		for range 5 + r.IntN(60) {
			object := int(600 * r.Float64() * r.Float64() * r.Float64())
			add(fmt.Sprintf("user%d", a), fmt.Sprintf("news%d", object), time.Duration(r.IntN(week))*time.Second)
		}
	}
	for o := range 20 {
		at := r.IntN(week)
		for a := range 10 {
			add(fmt.Sprintf("ring%d", a), fmt.Sprintf("push%d", o), time.Duration(at+r.IntN(30))*time.Second)
		}
	}
	for a := range 10 {
		for range 10 {
			add(fmt.Sprintf("ring%d", a), fmt.Sprintf("news%d", r.IntN(600)), time.Duration(r.IntN(week))*time.Second)
		}
	}
	return out
}

func TestGroupsFindAPlantedRing(t *testing.T) {
	for seed := range uint64(5) {
		n := detect(t, coordination.Config{Window: time.Minute}, planted(seed))
		g, err := n.Groups(context.Background(), coordination.GroupConfig{})
		if err != nil {
			t.Fatal(err)
		}
		if len(g.Members) != 1 || len(g.Members[0]) != 10 {
			t.Fatalf("seed %d: groups %v, want one of ten", seed, g.Members)
		}
		for _, a := range g.Members[0] {
			if name := n.Accounts[a].Name; name[:4] != "ring" {
				t.Errorf("seed %d: %s is in the group", seed, name)
			}
		}
	}
}

// naiveScores is the score by its formula, all pairs of accounts.
func naiveScores(traces []coordination.Trace) map[string]float64 {
	const alpha, tau, theta = 0.5, 12 * 3600.0, 0.05
	times := map[string]map[string][]float64{} // object → account → seconds
	count := map[string]int{}
	for _, tr := range traces {
		o := fmt.Sprint(tr.Behaviour, tr.Object)
		if times[o] == nil {
			times[o] = map[string][]float64{}
		}
		times[o][tr.Account] = append(times[o][tr.Account], float64(tr.Time.Unix()))
		count[tr.Account]++
	}
	norm := map[string]float64{}
	for _, accounts := range times {
		for a, list := range accounts {
			norm[a] += float64(len(list)*len(list)) / float64(len(accounts))
		}
	}
	sim := map[[2]string]float64{}
	for _, accounts := range times {
		for a, x := range accounts {
			for b, y := range accounts {
				if a == b || count[a] < coordination.MinRankedTraces || count[b] < coordination.MinRankedTraces {
					continue
				}
				gap := math.Inf(1)
				for _, s := range x {
					for _, u := range y {
						gap = min(gap, math.Abs(s-u))
					}
				}
				kernel := alpha + (1-alpha)*math.Exp(-gap/tau)
				sim[[2]string{a, b}] += float64(len(x)*len(y)) / float64(len(accounts)) * kernel / math.Sqrt(norm[a]*norm[b])
			}
		}
	}
	chance, all := 0.0, 0.0
	for _, accounts := range times {
		n := 0.0
		for _, list := range accounts {
			n += float64(len(list))
		}
		chance += n * n / float64(len(accounts))
		all += n
	}
	scores := map[string]float64{}
	for k, s := range sim {
		e := alpha * chance / (all * all) * float64(count[k[0]]*count[k[1]]) / math.Sqrt(norm[k[0]]*norm[k[1]])
		scores[k[0]] += min(1, max(0, s-e)/theta)
	}
	return scores
}

func TestScoreIsItsFormula(t *testing.T) {
	for seed := range uint64(10) {
		traces := planted(seed)[:3000]
		want := naiveScores(traces)
		n := detect(t, coordination.Config{}, traces)
		for _, d := range n.Edges() {
			if d.Q <= 0.05 {
				want[n.Accounts[d.A].Name] += 5
				want[n.Accounts[d.B].Name] += 5
			}
		}
		for _, a := range n.Accounts {
			if math.Abs(a.Score-want[a.Name]) > 1e-4*(1+want[a.Name]) {
				t.Fatalf("seed %d: %s has the score %v, want %v", seed, a.Name, a.Score, want[a.Name])
			}
		}
	}
}

// TestRandomTracesHaveNoGroups checks that accounts which act independently,
// some of them very much, on objects of very uneven popularity, are in no group.
func TestRandomTracesHaveNoGroups(t *testing.T) {
	n := detect(t, coordination.Config{Window: time.Minute}, benchTraces(1_000_000))
	g, err := n.Groups(context.Background(), coordination.GroupConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d edges significant", g.Significant, n.Len())
	if len(g.Members) > 0 {
		t.Errorf("%d groups in random traces, want none", len(g.Members))
	}
}
