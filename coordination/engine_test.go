package coordination_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/coordination"
)

func at(s int) time.Time { return time.Unix(1_690_000_000+int64(s), 0) }

func TestAddRefusesWhatIsNoTrace(t *testing.T) {
	good := coordination.Trace{Account: "a", Object: "o", Time: at(0), Post: 1}
	for name, change := range map[string]func(*coordination.Trace){
		"no account":            func(tr *coordination.Trace) { tr.Account = "" },
		"no object":             func(tr *coordination.Trace) { tr.Object = "" },
		"unknown behaviour":     func(tr *coordination.Trace) { tr.Behaviour = 200 },
		"want the years 1 to 9": func(tr *coordination.Trace) { tr.Time = time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		e, err := coordination.New(coordination.Config{})
		if err != nil {
			t.Fatal(err)
		}
		bad := good
		change(&bad)
		if err := e.Add(bad); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
		if e.Traces() != 0 {
			t.Errorf("%s: a refused trace was counted", name)
		}
	}
}

func TestConfigSaysWhatCannotBe(t *testing.T) {
	for _, c := range []struct {
		config coordination.Config
		want   string
	}{
		{coordination.Config{Window: -2}, "window"},
		{coordination.Config{Window: coordination.None}, "window"},
		{coordination.Config{Window: 1000 * 24 * time.Hour}, "window"},
		{coordination.Config{Method: 9}, "method"},
		{coordination.Config{Evidence: 99}, "evidence"},
	} {
		if _, err := coordination.New(c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one about the %s", c.config, err, c.want)
		}
	}
}

func TestEmptyAndLonely(t *testing.T) {
	for _, m := range []coordination.Method{coordination.Akashi, coordination.CooRTweet, coordination.QUT} {
		if n := detect(t, coordination.Config{Method: m}, nil); n.Len() != 0 || n.Traces != 0 {
			t.Errorf("%v: edges from nothing", m)
		}
		n := detect(t, coordination.Config{Method: m}, []coordination.Trace{{Account: "a", Object: "o", Time: at(0), Post: 1}})
		if n.Len() != 0 || len(n.Accounts) != 1 {
			t.Errorf("%v: %d edges from one trace", m, n.Len())
		}
	}
}

func TestWindowIncludesItsEnds(t *testing.T) {
	for gap, want := range map[int]int{59: 1, 60: 1, 61: 0} {
		n := detect(t, coordination.Config{Window: time.Minute}, []coordination.Trace{
			{Account: "a", Object: "o", Time: at(0), Post: 1},
			{Account: "b", Object: "o", Time: at(gap), Post: 2},
		})
		if n.Len() != want {
			t.Errorf("%d s apart in a window of 60 s: %d edges, want %d", gap, n.Len(), want)
		}
	}
}

func TestHotObjectsAreLeftOutAndSaid(t *testing.T) {
	var traces []coordination.Trace
	for i := range 30 {
		traces = append(traces, coordination.Trace{
			Account: string(rune('a' + i%5)), Behaviour: coordination.Hashtag, Object: "everybody", Time: at(i), Post: coordination.PostKey(i), //nolint:gosec // small
		})
	}
	n := detect(t, coordination.Config{Ceiling: 29}, traces)
	if n.Len() != 0 || len(n.Hot) != 1 || n.Hot[0].Object != "everybody" || n.Hot[0].Traces != 30 || n.Hot[0].Behaviour != coordination.Hashtag {
		t.Errorf("%d edges, hot objects %+v", n.Len(), n.Hot)
	}
	if n := detect(t, coordination.Config{Ceiling: 30}, traces); n.Len() == 0 || len(n.Hot) != 0 {
		t.Errorf("an object at the ceiling was left out")
	}
}

func TestCancelledRunStops(t *testing.T) {
	e, err := coordination.New(coordination.Config{Window: time.Hour, Ceiling: coordination.None})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // a test
	for i := range 20_000 {
		err := e.Add(coordination.Trace{Account: string(rune('a' + i%2000)), Object: "o", Time: at(i / 10), Post: coordination.PostKey(i)}) //nolint:gosec // small
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if err := e.Add(coordination.Trace{Account: "a", Object: "o", Time: at(0)}); err == nil {
		t.Error("Add after Run was taken")
	}
	if _, err := e.Run(context.Background()); err == nil {
		t.Error("Run may be called twice")
	}
}

func TestNamesRoundTrip(t *testing.T) {
	for b := range coordination.NumBehaviours {
		got, err := coordination.ParseBehaviour(coordination.Behaviour(b).String()) //nolint:gosec // small
		if err != nil || int(got) != b {
			t.Errorf("behaviour %d comes back as %v, %v", b, got, err)
		}
	}
	for _, m := range []coordination.Method{coordination.Akashi, coordination.CooRTweet, coordination.QUT} {
		if got, err := coordination.ParseMethod(m.String()); err != nil || got != m {
			t.Errorf("method %v comes back as %v, %v", m, got, err)
		}
	}
	if _, err := coordination.ParseBehaviour("opinion"); err == nil {
		t.Error("an unknown behaviour was taken")
	}
}

func TestOneOccasionIsNeverSignificant(t *testing.T) {
	var traces []coordination.Trace
	for i := range 200 { // pairs that meet once each
		for side := range 2 {
			traces = append(traces, coordination.Trace{
				Account: string(rune('A'+i)) + string(rune('a'+side)), Object: string(rune('0' + i)), Time: at(i * 1000), Post: coordination.PostKey(2*i + side), //nolint:gosec // small
			})
		}
	}
	for _, d := range detect(t, coordination.Config{}, traces).Edges() {
		if d.P != 1 || d.Q != 1 {
			t.Fatalf("an edge of one occasion has p %v, q %v", d.P, d.Q)
		}
	}
}

func TestTagsOfOnePostAreOneOccasion(t *testing.T) {
	var traces []coordination.Trace
	for _, tag := range []string{"x", "y", "z", "v", "w"} {
		traces = append(traces,
			coordination.Trace{Account: "a", Object: tag, Time: at(0), Post: 1},
			coordination.Trace{Account: "b", Object: tag, Time: at(5), Post: 2})
	}
	for _, d := range detect(t, coordination.Config{}, traces).Edges() {
		if d.Objects != 5 || d.Occasions != 1 {
			t.Errorf("%d objects, %d occasions, want 5 and 1", d.Objects, d.Occasions)
		}
	}
}
