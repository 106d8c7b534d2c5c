package detect

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/akashi-project/akashi/internal/graph"
	"github.com/akashi-project/akashi/internal/report"
)

// readTruth reads a table of accounts and the operation or label each belongs
// to; empty is none.
func readTruth(path string) (map[string]string, error) {
	return readColumn(path, "operation", "label", "category")
}

// readColumn reads what one column, by any of its names, says of each account.
func readColumn(path string, names ...string) (map[string]string, error) {
	f, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, fmt.Errorf("opening the truth: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	in := bufio.NewReader(f)
	if mark, err := in.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = in.Discard(3) // what was peeked at
	}
	r := csv.NewReader(in)
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the truth's header in %s: %w", path, err)
	}
	account, label, platform := -1, -1, -1
	for i, h := range header {
		switch strings.ToLower(strings.TrimSpace(h)) {
		case "account", "account_id":
			account = i
		case "platform":
			platform = i
		default:
			if slices.Contains(names, strings.ToLower(strings.TrimSpace(h))) {
				label = i
			}
		}
	}
	if account < 0 || label < 0 {
		return nil, fmt.Errorf("%s:1: want the columns account and %s, found %s", path, strings.Join(names, " or "), strings.Join(header, ", "))
	}
	out := map[string]string{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the truth in %s: %w", path, err)
		}
		of := strings.TrimSpace(row[label])
		out[row[account]] = of
		if platform >= 0 && row[platform] != "" {
			out[row[platform]+":"+row[account]] = of
		}
	}
}

// known is what is known of the accounts of the input.
type known struct {
	source string
	labels []string         // by the account's place; nil where nothing is known
	silent map[string]int64 // by label: accounts that posted and gave no trace
	traps  []string         // by the account's place: what kind of honest account may mislead; nil where the truth does not say
}

// loadTruth finds out what is known of the accounts.
func (r *run) loadTruth() known {
	label, source := r.labeller()
	if label == nil {
		return known{}
	}
	k := known{source: source, labels: make([]string, len(r.result.accounts)), silent: map[string]int64{}}
	if traps, err := readColumn(r.o.Truth, "trap"); err == nil { // few tables have it
		k.traps = make([]string, len(r.result.accounts))
		for i, a := range r.result.Network.Accounts {
			k.traps[i] = cmp.Or(traps[a.Name], traps[r.result.accounts[i].id])
		}
	}
	traced := make(map[string]bool, len(r.result.accounts))
	for i, a := range r.result.Network.Accounts {
		k.labels[i] = label(a.Name)
		traced[a.Name] = true
	}
	for name := range r.accounts {
		if l := label(name); l != "" && !traced[name] {
			k.silent[l]++
		}
	}
	return k
}

// labeller gives what finds an account's label by its key; nil where no truth
// was given.
func (r *run) labeller() (label func(name string) string, source string) {
	switch {
	case r.o.Truth != "":
		return func(name string) string {
			if l, ok := r.truth[name]; ok {
				return l
			}
			return r.truth[r.accounts[name].id]
		}, r.o.Truth
	case r.o.TruthColumn != "":
		// An account's label is the one that most of its posts carry.
		return func(name string) string {
			most, votes := "", r.votes[name]
			for _, l := range slices.Sorted(maps.Keys(votes)) {
				if most == "" || votes[l] > votes[most] {
					most = l
				}
			}
			return most
		}, "column " + r.o.TruthColumn
	}
	return nil, ""
}

// check compares groups with what is known. Accounts that gave no trace count
// as missed.
func (res *Result) check(k known) *report.Check {
	g, labels := res.Groups, k.labels
	c := &report.Check{Source: k.source}
	names := map[string]int{}
	for _, l := range labels {
		if l != "" {
			names[l] = 0
		}
	}
	for l := range k.silent {
		names[l] = 0
	}
	for i, l := range slices.Sorted(maps.Keys(names)) {
		names[l] = i
		c.Labels = append(c.Labels, l)
	}
	// The operation that most of a group belongs to.
	c.Table = make([][]int64, len(g.Members))
	holds := make([]int, len(g.Members))
	var shown, right, all int64
	for _, n := range k.silent {
		all += n
	}
	for k, members := range g.Members {
		c.Table[k] = make([]int64, len(c.Labels))
		for _, a := range members {
			shown++
			if labels[a] != "" {
				right++
				c.Table[k][names[labels[a]]]++
			}
		}
		holds[k] = -1
		for l, n := range c.Table[k] {
			if n > 0 && (holds[k] < 0 || n > c.Table[k][holds[k]]) {
				holds[k] = l
			}
		}
	}
	outside := map[string]int64{}
	for _, members := range g.Members {
		for _, a := range members {
			if labels[a] == "" {
				kind := ""
				if k.traps != nil {
					kind = k.traps[a]
				}
				outside[kind]++
			}
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(outside)) {
		c.Outside = append(c.Outside, report.Missed{Why: outsider(kind), Count: outside[kind]})
	}
	var ours, theirs []int32
	for a, l := range labels {
		if l == "" {
			continue
		}
		all++
		if g.Of[a] >= 0 {
			ours, theirs = append(ours, g.Of[a]), append(theirs, int32(names[l])) //nolint:gosec // fewer than accounts
		}
	}
	c.Compared = int64(len(ours))
	if len(ours) > 0 {
		c.NMI, c.ARI = graph.NMI(ours, theirs), graph.ARI(ours, theirs)
	}
	c.Precision, c.Recall = share(right, shown), share(int64(len(ours)), all)
	for l, name := range c.Labels {
		op := report.Operation{Name: name}
		var size int64
		found := map[int32]bool{}
		for k, members := range g.Members {
			if holds[k] != l {
				continue
			}
			op.Groups = append(op.Groups, groupID(k))
			size += int64(len(members))
			for _, a := range members {
				if labels[a] == name {
					found[a] = true
				}
			}
		}
		var missed []int32
		for a, al := range labels {
			if al == name {
				op.Accounts++
				if !found[int32(a)] { //nolint:gosec // accounts
					missed = append(missed, int32(a)) //nolint:gosec // accounts
				}
			}
		}
		op.Found = int64(len(found))
		op.Accounts += k.silent[name]
		op.Precision, op.Recall = share(op.Found, size), share(op.Found, op.Accounts)
		op.Missed = res.whyMissed(missed, labels, name, k.silent[name])
		c.Operations = append(c.Operations, op)
	}
	return c
}

func share(n, of int64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// Reasons why an account of an operation is in none of its groups, the
// nearest miss last.
const (
	missedSilent = iota
	missedAlone
	missedOnce
	missedTest
	missedSmall
	missedOther
	missedReasons
)

// whyMissed says why accounts were not found, by how far they got.
func (res *Result) whyMissed(missed []int32, labels []string, name string, silent int64) []report.Missed {
	reach := make(map[int32]int, len(missed))
	for _, a := range missed {
		reach[a] = missedAlone
		if res.Groups.Of[a] >= 0 {
			reach[a] = missedOther
		}
	}
	if len(missed) > 0 {
		for i := range res.Network.Len() {
			a, b := res.Network.Ends(i)
			if labels[a] != name || labels[b] != name {
				continue
			}
			reason := missedOnce
			switch d := res.Network.Edge(i); {
			case d.Q <= res.Groups.Config.FDR:
				reason = missedSmall
			case d.Occasions > 1:
				reason = missedTest
			}
			for _, v := range []int32{a, b} {
				if old, ok := reach[v]; ok {
					reach[v] = max(old, reason)
				}
			}
		}
	}
	counts := make([]int64, missedReasons)
	counts[missedSilent] = silent
	for _, reason := range reach {
		counts[reason]++
	}
	var out []report.Missed
	for reason, n := range counts {
		if n > 0 {
			out = append(out, report.Missed{Why: whyMissed(reason, res), Count: n})
		}
	}
	slices.SortStableFunc(out, func(a, b report.Missed) int { return cmp.Compare(b.Count, a.Count) })
	return out
}
