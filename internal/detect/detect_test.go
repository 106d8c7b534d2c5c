package detect

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/enrich"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/report"
	"github.com/akashi-project/akashi/internal/simulate"
)

// played writes a scenario's posts and truth to a folder.
func played(t testing.TB, scenario string) (posts, truthCSV string, truth simulate.Truth) {
	t.Helper()
	s, err := simulate.Load(scenario)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	truth, err = s.Run(t.Context(), func(p *post.Post) error {
		b.Write(file.AppendPost(nil, p))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	posts = write(t, filepath.Join(dir, scenario+".ndjson"), b.String())
	b.Reset()
	if err := truth.WriteDetailCSV(&b); err != nil {
		t.Fatal(err)
	}
	return posts, write(t, filepath.Join(dir, "truth.csv"), b.String()), truth
}

func write(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func slurp(t testing.TB, parts ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// detected runs a detection that must succeed.
func detected(t testing.TB, o Options) (*Result, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "report")
	res, err := Run(t.Context(), o, dir)
	if err != nil {
		t.Fatal(err)
	}
	return res, dir
}

// table reads a CSV file that must be sound and begin with a header.
func table(t testing.TB, header string, parts ...string) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(slurp(t, parts...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[0], ",") + "\n"; got != header {
		t.Errorf("%s: header %q, want %q", parts[len(parts)-1], got, header)
	}
	out := make([]map[string]string, len(rows)-1)
	for i, row := range rows[1:] {
		out[i] = map[string]string{}
		for k, v := range row {
			out[i][rows[0][k]] = v
		}
	}
	return out
}

func TestPlantedOperationsAreFound(t *testing.T) {
	posts, truth, _ := played(t, "small")
	res, dir := detected(t, Options{Paths: []string{posts}, Truth: truth, Version: "test"})
	c := res.Report.Check
	if c == nil {
		t.Fatal("nothing was compared with the truth")
	}
	if c.Precision != 1 || c.Recall < 0.9 {
		t.Errorf("precision %v, recall %v", c.Precision, c.Recall)
	}
	if len(c.Operations) != 3 {
		t.Errorf("%d operations", len(c.Operations))
	}
	for _, o := range c.Operations {
		if o.Precision != 1 || o.Recall < 0.8 || len(o.Groups) != 1 {
			t.Errorf("%s: precision %v, recall %v, groups %v", o.Name, o.Precision, o.Recall, o.Groups)
		}
		missed := int64(0)
		for _, m := range o.Missed {
			missed += m.Count
			if m.Why["en"] == "" || m.Why["ja"] == "" {
				t.Errorf("%s: no reason for what was missed", o.Name)
			}
		}
		if missed != o.Accounts-o.Found {
			t.Errorf("%s: %d of %d found, but %d missed", o.Name, o.Found, o.Accounts, missed)
		}
	}
	t.Run("files", func(t *testing.T) { filesAreSound(t, res, dir) })
}

// filesAreSound checks that all files are there, can be read, and agree.
func filesAreSound(t *testing.T, res *Result, dir string) {
	var names []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := []string{
		"accounts.csv", "edges.csv", "evidence.ndjson", "groups.csv", "network.gexf", "network.graphml", "report.html", "report.json",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	edges := table(t, edgesHeader, dir, "edges.csv")
	accounts := table(t, accountsHeader, dir, "accounts.csv")
	groups := table(t, groupsHeader, dir, "groups.csv")
	if len(edges) != res.Network.Len() || len(accounts) != len(res.Network.Accounts) || len(groups) != len(res.Groups.Members) {
		t.Errorf("%d edges, %d accounts, %d groups", len(edges), len(accounts), len(groups))
	}
	inGroup := map[string]int{}
	for _, a := range accounts {
		inGroup[a["group"]]++
	}
	for k, g := range groups {
		if members := strings.Fields(g["members"]); len(members) != inGroup[g["group"]] || len(members) != len(res.Groups.Members[k]) {
			t.Errorf("%s has %d members, in accounts.csv %d", g["group"], len(members), inGroup[g["group"]])
		}
	}
	for _, name := range []string{"network.gexf", "network.graphml"} {
		nodes, links := 0, 0
		d := xml.NewDecoder(strings.NewReader(slurp(t, dir, name)))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if e, ok := token.(xml.StartElement); ok {
				switch e.Name.Local {
				case "node":
					nodes++
				case "edge":
					links++
				}
			}
		}
		if nodes == 0 || int64(links) != res.Groups.Significant {
			t.Errorf("%s: %d nodes, %d edges, want %d", name, nodes, links, res.Groups.Significant)
		}
	}
	lines := evidence(t, dir)
	if len(lines) == 0 || len(lines) != len(res.evidenceEdges()) {
		t.Errorf("%d lines of evidence, want %d", len(lines), len(res.evidenceEdges()))
	}
	for _, l := range lines {
		for _, m := range l.Meetings {
			for i, account := range []string{l.From, l.To} {
				p := m.Posts[i]
				if p.Account != account || p.ID == "" || p.Raw == "" || p.Origin == "" || !p.Synthetic {
					t.Fatalf("the evidence of %s and %s lacks something: %+v", l.From, l.To, p)
				}
			}
		}
	}
	var rep report.Report
	if err := json.Unmarshal([]byte(slurp(t, dir, "report.json")), &rep); err != nil {
		t.Fatal(err)
	}
	if rep.Schema != "akashi-report/1" || !rep.Synthetic || int(rep.Counts.Groups) != len(groups) || len(rep.Groups) != len(groups) {
		t.Errorf("report.json says %s, synthetic %v, %d groups", rep.Schema, rep.Synthetic, len(rep.Groups))
	}
	var phases []string
	for _, p := range rep.Phases {
		phases = append(phases, p.Name)
	}
	if want := []string{"read", "pairs", "groups", "report", "layout"}; !slices.Equal(phases, want) {
		t.Errorf("phases %v, want %v", phases, want)
	}
	if html := slurp(t, dir, "report.html"); !strings.HasSuffix(strings.TrimSpace(html), "</html>") {
		t.Error("report.html is not whole")
	}
}

func evidence(t testing.TB, dir string) []evidenceLine {
	t.Helper()
	var out []evidenceLine
	for line := range strings.Lines(slurp(t, dir, "evidence.ndjson")) {
		var l evidenceLine
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&l); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		out = append(out, l)
	}
	return out
}

// honestOrdinary is how many ordinary accounts may stand in groups where nothing
// is planted: readers with the same tastes in a group of four or less.
const honestOrdinary = 6

func TestNothingButTrapsWhereNothingIsPlanted(t *testing.T) {
	posts, _, truth := played(t, "quiet")
	_, dir := detected(t, Options{Paths: []string{posts}})
	traps := map[string]string{}
	for _, a := range truth.Accounts {
		traps[a.Platform+":"+a.Account] = a.Trap
	}
	ordinary := 0
	for _, g := range table(t, groupsHeader, dir, "groups.csv") {
		members := strings.Fields(g["members"])
		here := 0
		for _, m := range members {
			if trap, ok := traps[m]; !ok {
				t.Errorf("%s holds %s, which the truth does not know", g["group"], m)
			} else if trap == "" {
				here++
			}
		}
		if here > 0 && len(members) > 4 {
			t.Errorf("%s holds %d ordinary accounts among %d", g["group"], here, len(members))
		}
		ordinary += here
	}
	if ordinary > honestOrdinary {
		t.Errorf("%d ordinary accounts are in groups, more than %d of %d", ordinary, honestOrdinary, len(traps))
	}
}

func TestSameOutputForAnyNumberOfWorkers(t *testing.T) {
	posts, _, _ := played(t, "small")
	var dirs []string
	for _, workers := range []int{1, 3} {
		o := Options{Paths: []string{posts}}
		o.Engine.Workers, o.Input.Workers = workers, workers
		_, dir := detected(t, o)
		dirs = append(dirs, dir)
	}
	for _, name := range []string{"edges.csv", "accounts.csv", "groups.csv", "evidence.ndjson"} {
		if slurp(t, dirs[0], name) != slurp(t, dirs[1], name) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestEvidenceIsTheSameReadASecondTime(t *testing.T) {
	posts, _, _ := played(t, "small")
	text := slurp(t, posts)
	_, dir := detected(t, Options{Paths: []string{posts}})
	want := slurp(t, dir, "evidence.ndjson")
	_, dir = detected(t, Options{Paths: []string{posts}, archiveLimit: 10_000})
	if slurp(t, dir, "evidence.ndjson") != want {
		t.Error("the evidence differs where the archive overflows")
	}
	want = strings.ReplaceAll(want, `"origin":"`+posts, `"origin":"-`)
	for _, limit := range []int64{0, 10_000} {
		temp := t.TempDir()
		o := Options{Paths: []string{"-"}, archiveLimit: limit}
		o.Input.Stdin, o.Engine.Dir = strings.NewReader(text), temp
		_, dir := detected(t, o)
		if slurp(t, dir, "evidence.ndjson") != want {
			t.Errorf("archive limit %d: the evidence from standard input differs", limit)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

// TestAccountsAreHiddenBehindPseudonyms looks for account ids and handles in
// everything that report.html and report.json show but the posts' own texts.
func TestAccountsAreHiddenBehindPseudonyms(t *testing.T) {
	posts, truthCSV, truth := played(t, "small")
	words := regexp.MustCompile(`[^\s/?&=#@|,:"<>]+(?:[:.][^\s/?&=#@|,:"<>]+)*`)
	named := map[string]bool{}
	for _, a := range truth.Accounts {
		named[a.Account], named[a.Handle] = true, true
	}
	leaks := func(res *Result, dir string) int {
		n := 0
		html := slurp(t, dir, "report.html")
		for _, a := range truth.Accounts {
			if strings.Contains(html, a.Account) {
				n++
			}
		}
		var rep report.Report
		if err := json.Unmarshal([]byte(slurp(t, dir, "report.json")), &rep); err != nil {
			t.Fatal(err)
		}
		for i := range rep.Groups {
			for k := range rep.Groups[i].Objects {
				if o := &rep.Groups[i].Objects[k]; o.Behaviour == "text" {
					o.Object = ""
				}
			}
			for k := range rep.Groups[i].Examples {
				e := &rep.Groups[i].Examples[k]
				e.Posts[0].Text, e.Posts[1].Text = "", ""
				if e.Behaviour == "text" {
					e.Object = ""
				}
			}
		}
		b, err := json.Marshal(rep)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words.FindAllString(string(b), -1) {
			_, last, _ := strings.Cut(w, ":")
			if named[w] || named[last] {
				n++
			}
		}
		return n
	}
	res, dir := detected(t, Options{Paths: []string{posts}, Truth: truthCSV})
	if n := leaks(res, dir); n > 0 {
		t.Errorf("%d places name an account", n)
	}
	if !strings.Contains(slurp(t, dir, "report.html"), "acc-") {
		t.Error("no pseudonyms")
	}
	for _, m := range strings.Fields(table(t, groupsHeader, dir, "groups.csv")[0]["members"]) {
		if strings.HasPrefix(m, "acc-") {
			t.Error("groups.csv holds pseudonyms; the tables always name accounts")
		}
	}
	again, _ := detected(t, Options{Paths: []string{posts}})
	if again.Report.Groups[0].Accounts[0].Account == res.Report.Groups[0].Accounts[0].Account {
		t.Error("two reports have the same pseudonyms")
	}
	res, dir = detected(t, Options{Paths: []string{posts}, Named: true})
	if leaks(res, dir) == 0 {
		t.Error("accounts that are to be named are not: this test looks for nothing")
	}
}

// TestCheck compares the figures with those counted by hand.
func TestCheck(t *testing.T) {
	e, err := coordination.New(coordination.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	start := time.Date(2023, 8, 24, 0, 0, 0, 0, time.UTC)
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
	for i, n := range names {
		err := errors.Join(
			e.Add(coordination.Trace{Account: n, Object: "own " + n, Time: start, Post: coordination.PostKey(i)}),
			e.Add(coordination.Trace{Account: n, Object: map[bool]string{true: "one", false: "own " + n}[n == "a" || n == "i"], Time: start, Post: coordination.PostKey(i)}),
		)
		if err != nil {
			t.Fatal(err)
		}
	}
	n, err := e.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	res := &Result{Network: n, Groups: &coordination.Groups{
		Config:  coordination.GroupConfig{FDR: 0.05, MinSize: 3},
		Members: [][]int32{{0, 1, 2, 6}, {4, 5, 3}},
		Of:      []int32{0, 0, 0, 1, 1, 1, 0, -1, -1, -1},
	}}
	got := res.check(known{
		source: "by hand", labels: []string{"op1", "op1", "op1", "op1", "op2", "op2", "", "", "op1", "op2"},
		silent: map[string]int64{"op2": 1, "op3": 2},
	})
	want := &report.Check{
		Source: "by hand", Precision: 6. / 7, Recall: 6. / 11, Compared: 6, Labels: []string{"op1", "op2", "op3"},
		Outside: []report.Missed{{Count: 1, Why: outsider("")}},
		Table:   [][]int64{{3, 0, 0}, {1, 2, 0}}, NMI: got.NMI, ARI: 1.2 / 3.7,
		Operations: []report.Operation{
			{Name: "op1", Accounts: 5, Found: 3, Groups: []string{"G1"}, Precision: 3. / 4, Recall: 3. / 5, Missed: []report.Missed{
				{Count: 1, Why: whyMissed(missedOnce, res)}, {Count: 1, Why: whyMissed(missedOther, res)},
			}},
			{Name: "op2", Accounts: 4, Found: 2, Groups: []string{"G2"}, Precision: 2. / 3, Recall: 2. / 4, Missed: []report.Missed{
				{Count: 1, Why: whyMissed(missedSilent, res)}, {Count: 1, Why: whyMissed(missedAlone, res)},
			}},
			{Name: "op3", Accounts: 2, Missed: []report.Missed{{Count: 2, Why: whyMissed(missedSilent, res)}}},
		},
	}
	about := cmp.Comparer(func(x, y float64) bool { return math.Abs(x-y) < 1e-12 })
	if diff := cmp.Diff(want, got, about); diff != "" {
		t.Error(diff)
	}
}

func TestCancelling(t *testing.T) {
	posts, _, _ := played(t, "small")
	for _, phase := range []string{"read", "pairs", "groups", "report", "layout", "write"} {
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		dir := t.TempDir()
		_, err := Run(ctx, Options{Paths: []string{posts}, Phase: func(name string) {
			if name == phase {
				cancel(why)
			}
		}}, dir)
		cancel(nil)
		if !errors.Is(err, context.Canceled) && !errors.Is(err, why) {
			t.Errorf("%s: error %v", phase, err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*.*.*")); len(left) > 0 {
			t.Errorf("%s: unfinished files are left: %v", phase, left)
		}
	}
}

func TestErrorsSayWhoseFaultItIs(t *testing.T) {
	dir := t.TempDir()
	posts := write(t, filepath.Join(dir, "posts.csv"), "id,user,created_at,text\n1,a,2023-08-24 12:00:00,the very same words stand here in all of the posts\n2,b,2023-08-24 12:00:01,the very same words stand here in all of the posts\n")
	bad := write(t, filepath.Join(dir, "bad.csv"), "object_id,account_id,content_id,timestamp_share\no,a,1,yesterday\no,b,2,today\n")
	blocked := write(t, filepath.Join(dir, "blocked"), "")
	taken := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(taken, "groups.csv", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, out string
		o         Options
		is        error
		says      []string
	}{
		{"absent", dir + "/out", Options{Paths: []string{filepath.Join(dir, "absent.csv")}}, ErrInput, []string{"absent.csv", "no such file"}},
		{"bad rows", dir + "/out", Options{Paths: []string{bad}}, ErrInput, []string{"2 of 2 records", bad + ":2", "yesterday"}},
		{"nothing done", dir + "/out", Options{Paths: []string{posts}, By: enrich.Of(coordination.URL)}, ErrInput, []string{"2 posts were read", "url", "akashi inspect"}},
		{"no truth", dir + "/out", Options{Paths: []string{posts}, Truth: filepath.Join(dir, "absent.csv")}, ErrInput, []string{"truth", "absent.csv"}},
		{"no truth in it", dir + "/out", Options{Paths: []string{posts}, Truth: posts}, ErrInput, []string{posts + ":1", "account and operation"}},
		{"no such column", dir + "/out", Options{Paths: []string{posts}, TruthColumn: "category"}, ErrInput, []string{`no column "category"`}},
		{"a file in the way", blocked, Options{Paths: []string{posts}}, ErrOutput, []string{"folder for the results", "blocked"}},
		{"a folder in the way", taken, Options{Paths: []string{posts}}, ErrOutput, []string{"writing groups.csv"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Run(t.Context(), c.o, c.out)
			if !errors.Is(err, c.is) {
				t.Fatalf("error %v, want one of kind %q", err, c.is)
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
		})
	}
}

// TestTruthColumn compares with labels that stand in the input.
func TestTruthColumn(t *testing.T) {
	var b strings.Builder
	b.WriteString("object_id,account_id,content_id,timestamp_share,kind\n")
	for i := range 40 {
		at := 1_692_835_200 + i*3600
		for k, a := range []string{"a", "b", "c"} {
			kind := "op"
			if i == 0 {
				kind = "other" // most of an account's posts count
			}
			b.WriteString(strings.Join([]string{"o" + strconv.Itoa(i), a, "p" + strconv.Itoa(3*i+k), strconv.Itoa(at + k), kind}, ",") + "\n")
		}
		b.WriteString(strings.Join([]string{"x" + strconv.Itoa(i), "lone" + strconv.Itoa(i%4), "q" + strconv.Itoa(i), strconv.Itoa(at), ""}, ",") + "\n")
	}
	posts := write(t, filepath.Join(t.TempDir(), "long.csv"), b.String())
	res, _ := detected(t, Options{Paths: []string{posts}, TruthColumn: "kind"})
	c := res.Report.Check
	if c == nil || c.Source != "column kind" || len(c.Operations) != 1 || c.Operations[0].Name != "op" || c.Operations[0].Found != 3 {
		t.Errorf("compared: %+v", c)
	}
	if len(res.Report.Groups) != 1 || res.Report.Groups[0].Truth != "op" {
		t.Errorf("groups: %+v", res.Report.Groups)
	}
}
