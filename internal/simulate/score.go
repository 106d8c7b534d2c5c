package simulate

import (
	"fmt"
	"io"
)

// Score says how well one operation was found.
type Score struct {
	Operation string
	Type      OperationType
	// Group is the index of the found group that fits the operation best
	// (highest F1; the first of equals), -1 where none holds any of its accounts.
	Group int
	// Found is how many of the operation's accounts that group holds, Size how
	// many accounts it holds in all, Accounts how many the operation has.
	Found, Size, Accounts int
	// Precision is Found/Size, Recall Found/Accounts, both from 0 to 1.
	Precision, Recall float64
}

// Score compares found groups of account ids with the truth: one line for each
// operation, in the truth's order. An account that stands twice in a group
// counts once.
func (t Truth) Score(groups [][]string) []Score {
	of := make(map[string]string, len(t.Accounts))
	for i := range t.Accounts {
		of[t.Accounts[i].Account] = t.Accounts[i].Operation
	}
	scores := make([]Score, len(t.Operations))
	place := make(map[string]int, len(t.Operations))
	for i, o := range t.Operations {
		scores[i] = Score{Operation: o.Name, Type: o.Type, Group: -1, Accounts: o.Accounts}
		place[o.Name] = i
	}
	for n, group := range groups {
		members := make(map[string]bool, len(group))
		held := map[string]int{}
		for _, id := range group {
			if !members[id] {
				members[id] = true
				held[of[id]]++
			}
		}
		for name, found := range held {
			i, ok := place[name]
			if !ok {
				continue
			}
			s := &scores[i]
			// F1 is 2·found/(size+accounts); compared without division.
			if s.Group < 0 || found*(s.Size+s.Accounts) > s.Found*(len(members)+s.Accounts) {
				s.Group, s.Found, s.Size = n, found, len(members)
				s.Precision = float64(found) / float64(s.Size)
				s.Recall = float64(found) / float64(s.Accounts)
			}
		}
	}
	return scores
}

// WriteScores writes the scores as a table in Markdown.
func WriteScores(w io.Writer, scores []Score) error {
	if _, err := io.WriteString(w, "| operation | type | accounts | found | precision | recall |\n|---|---|---:|---:|---:|---:|\n"); err != nil {
		return fmt.Errorf("writing the scores: %w", err)
	}
	for _, s := range scores {
		if _, err := fmt.Fprintf(w, "| %s | %s | %d | %d | %.2f | %.2f |\n", s.Operation, s.Type, s.Accounts, s.Found, s.Precision, s.Recall); err != nil {
			return fmt.Errorf("writing the scores: %w", err)
		}
	}
	return nil
}
