package simulate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScore(t *testing.T) {
	truth := Truth{
		Accounts: []AccountTruth{
			{Account: "a", Operation: "one"}, {Account: "b", Operation: "one"}, {Account: "c", Operation: "one"},
			{Account: "d", Operation: "one"}, {Account: "x", Operation: "two"}, {Account: "y", Operation: "two"}, {Account: "h"},
		},
		Operations: []OperationTruth{{Name: "one", Type: CoLink, Accounts: 4}, {Name: "two", Type: Slow, Accounts: 2}},
	}
	got := truth.Score([][]string{{"a"}, {"a", "b", "c", "h", "h"}, {"h", "stranger"}})
	want := []Score{
		{Operation: "one", Type: CoLink, Group: 1, Found: 3, Size: 4, Accounts: 4, Precision: 0.75, Recall: 0.75},
		{Operation: "two", Type: Slow, Group: -1, Accounts: 2},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var b strings.Builder
	if err := WriteScores(&b, got); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "| one | co-link | 4 | 3 | 0.75 | 0.75 |\n| two | slow | 2 | 0 | 0.00 | 0.00 |\n") {
		t.Error(b.String())
	}
}
