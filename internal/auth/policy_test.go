package auth

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cedar-policy/cedar-go"
)

var update = flag.Bool("update", false, "write the golden files anew")

func policy(t testing.TB) *Policy {
	t.Helper()
	y, err := NewPolicy()
	if err != nil {
		t.Fatal(err)
	}
	return y
}

func as1(roles ...Role) *Principal { return &Principal{ID: "me", Roles: roles} }

// favourable is a resource of which everything that could be asked for holds.
var favourable = Resource{Kind: "thing", ID: "1", Owner: "me", RequestedBy: "colleague", Unmasked: true}

// TestMatrix writes who may do what as a table that people read.
func TestMatrix(t *testing.T) {
	y := policy(t)
	var b bytes.Buffer
	b.WriteString("# Who may do what: yes, - for no, \"if\" where it hangs on the thing itself\n" +
		"# (post.raw: the names in it may be shown; unmask.approve: somebody else asked).\n" +
		"# token: whether a token may have it as a scope.\n")
	row := func(first string, rest ...string) {
		fmt.Fprintf(&b, "%-16s", first)
		for i, c := range rest {
			if i == len(rest)-1 {
				b.WriteString(c)
				continue
			}
			fmt.Fprintf(&b, "%-*s", max(len(columns()[i])+2, 5), c)
		}
		b.WriteString("\n")
	}
	row("", columns()...)
	for _, a := range Actions {
		var cells []string
		token := "-"
		for _, r := range Roles {
			p := as1(r)
			general, best := y.May(p, a), y.Allow(p, a, favourable)
			bare := y.Allow(p, a, Resource{Kind: "thing", ID: "1"})
			switch {
			case general && bare && best:
				cells = append(cells, "yes")
			case best:
				cells = append(cells, "if")
			case general || bare:
				t.Errorf("%s %s: allowed in general and never in particular", r, a)
			default:
				cells = append(cells, "-")
			}
			p.Token, p.Scopes = "t", []Action{a}
			if y.Allow(p, a, favourable) {
				token = "yes"
			}
		}
		row(string(a), append(cells, token)...)
	}
	golden(t, "testdata/matrix.golden", b.Bytes())
}

func columns() []string {
	var out []string
	for _, r := range Roles {
		out = append(out, string(r))
	}
	return append(out, "token")
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; -update writes it anew. Got:\n%s", path, got)
	}
}

func TestPoliciesNameWhatExists(t *testing.T) {
	for _, m := range regexp.MustCompile(`Action::"([^"]+)"`).FindAllSubmatch(policies, -1) {
		if a := Action(m[1]); a != "read" && a != "name" && !slices.Contains(Actions, a) {
			t.Errorf("the policies name an action that does not exist: %s", a)
		}
	}
	for _, m := range regexp.MustCompile(`Role::"([^"]+)"`).FindAllSubmatch(policies, -1) {
		if r := Role(m[1]); r != "name" && !slices.Contains(Roles, r) {
			t.Errorf("the policies name a role that does not exist: %s", r)
		}
	}
	y := policy(t)
	for _, a := range Actions {
		if !slices.ContainsFunc(Roles, func(r Role) bool { return y.Allow(as1(r), a, favourable) }) {
			t.Errorf("nobody may do %s", a)
		}
	}
}

// TestNothingWithoutAPolicy checks, for any principal, action and resource,
// that what is allowed is permitted by a policy and forbidden by none, that it
// takes a role that has it, and that kept answers are those that Cedar gives.
func TestNothingWithoutAPolicy(t *testing.T) {
	y := policy(t)
	rng := rand.New(rand.NewPCG(1, 2))
	some := func() string { return []string{"", "me", "colleague"}[rng.IntN(3)] }
	actions := append(slices.Clone(Actions), "finding.delete", "read", "", "*")
	for range 20_000 {
		p := &Principal{ID: "me"}
		for _, r := range append(slices.Clone(Roles), "emperor") {
			if rng.IntN(4) == 0 {
				p.Roles = append(p.Roles, r)
			}
		}
		if rng.IntN(3) == 0 {
			p.Token = "t"
			for range rng.IntN(4) {
				p.Scopes = append(p.Scopes, Actions[rng.IntN(len(Actions))])
			}
		}
		a := actions[rng.IntN(len(actions))]
		r := Resource{}
		if rng.IntN(2) == 0 {
			r = Resource{Kind: []string{"", "post", "anything"}[rng.IntN(3)], ID: some(), Owner: some(), RequestedBy: some(), Unmasked: rng.IntN(2) == 0}
		}
		got := y.Allow(p, a, r)
		if slices.Contains(Actions, a) && got != y.decide(p, a, r) {
			t.Fatalf("%+v %s %+v: kept %v, decided otherwise", p, a, r, got)
		}
		if !got {
			continue
		}
		if !slices.Contains(Actions, a) {
			t.Fatalf("%+v may %q, which is no action", p, a)
		}
		if p.Token != "" && !slices.Contains(p.Scopes, a) {
			t.Fatalf("a token with %v may %s", p.Scopes, a)
		}
		if a != OwnSettings && a != OwnTokens &&
			!slices.ContainsFunc(p.Roles, func(r Role) bool { return y.Allow(as1(r), a, favourable) }) {
			t.Fatalf("%v together may %s, which none of them may", p.Roles, a)
		}
		if p.Is(Auditor) && a != OwnSettings && !strings.HasSuffix(string(a), ".read") {
			t.Fatalf("an auditor may %s", a)
		}
		if p.Token != "" {
			q := *p
			q.Token, q.Scopes = "", nil
			if !y.Allow(&q, a, r) {
				t.Fatalf("a token may %s, its person may not", a)
			}
		}
	}
}

func TestEveryPolicyIsReached(t *testing.T) {
	y := policy(t)
	used := map[string]bool{}
	for id, p := range y.set.All() {
		name := string(p.Annotations()["id"])
		if name == "" || used[name] {
			t.Errorf("policy %s has no name of its own: %q", id, name)
		}
		used[name] = true
		// Without it, something must come out otherwise.
		fewer := cedar.NewPolicySet()
		for other, o := range y.set.All() {
			if other != id {
				fewer.Add(other, o)
			}
		}
		z := policy(t)
		z.set = fewer
		if !differ(y, z) {
			t.Errorf("without the policy %s nothing changes", name)
		}
	}
}

func differ(y, z *Policy) bool {
	var roles [][]Role
	for _, r := range Roles {
		roles = append(roles, []Role{r}, []Role{Auditor, r})
	}
	for _, rs := range roles {
		for _, a := range Actions {
			for _, r := range []Resource{{}, favourable, {Kind: "x", Owner: "colleague"}, {Kind: "x", RequestedBy: "me"}} {
				for _, scopes := range [][]Action{nil, {}, {a}} {
					p := &Principal{ID: "me", Roles: rs, Scopes: scopes}
					if scopes != nil {
						p.Token = "t"
					}
					if y.decide(p, a, r) != z.decide(p, a, r) {
						return true
					}
				}
			}
		}
	}
	return false
}

func TestAllow(t *testing.T) {
	y := policy(t)
	token := func(roles []Role, scopes ...Action) *Principal {
		return &Principal{ID: "me", Roles: roles, Token: "t", Scopes: scopes}
	}
	asked := func(by string) Resource { return Resource{Kind: "unmasking", ID: "1", RequestedBy: by} }
	for _, c := range []struct {
		name string
		p    *Principal
		a    Action
		r    Resource
		want bool
	}{
		{"nobody", nil, FindingRead, Resource{}, false},
		{"no role", as1(), FindingRead, Resource{}, false},
		{"no role, own settings", as1(), OwnSettings, Resource{}, true},
		{"a lead in general", as1(Lead), UnmaskApprove, Resource{}, true},
		{"a lead, a colleague's", as1(Lead), UnmaskApprove, asked("colleague"), true},
		{"a lead, own", as1(Lead), UnmaskApprove, asked("me"), false},
		{"a lead, nobody's", as1(Lead), UnmaskApprove, asked(""), false},
		{"an administrator", as1(Administrator), UnmaskApprove, asked("colleague"), false},
		{"an administrator's findings", as1(Administrator), FindingRead, Resource{}, false},
		{"an administrator who is also an analyst", as1(Administrator, Analyst), FindingRead, Resource{}, true},
		{"raw, veiled", as1(Lead), PostRaw, Resource{Kind: "post", ID: "1"}, false},
		{"raw, unmasked", as1(Analyst), PostRaw, Resource{Kind: "post", ID: "1", Unmasked: true}, true},
		{"raw, unmasked, viewer", as1(Viewer), PostRaw, Resource{Kind: "post", ID: "1", Unmasked: true}, false},
		{"auditor reads the log", as1(Auditor), LogRead, Resource{}, true},
		{"auditor and administrator", as1(Auditor, Administrator), PeopleEdit, Resource{}, false},
		{"auditor's tokens", as1(Auditor), OwnTokens, Resource{}, false},
		{"another's settings", as1(Lead), OwnSettings, Resource{Kind: "user", Owner: "colleague"}, false},
		{"a token within its scopes", token([]Role{Analyst}, PostRead), PostRead, Resource{}, true},
		{"a token beyond", token([]Role{Analyst}, PostRead), PostExport, Resource{}, false},
		{"a token whose person may not any more", token([]Role{Viewer}, PostExport), PostExport, Resource{}, false},
		{"a token that edits people", token([]Role{Administrator}, PeopleEdit), PeopleEdit, Resource{}, false},
		{"a token that makes tokens", token([]Role{Analyst}, OwnTokens), OwnTokens, Resource{}, false},
	} {
		if got := y.Allow(c.p, c.a, c.r); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func BenchmarkAllow(b *testing.B) {
	y := policy(b)
	p := as1(Analyst, Administrator)
	b.Run("kept", func(b *testing.B) {
		for b.Loop() {
			y.May(p, FindingTriage)
		}
	})
	b.Run("resource", func(b *testing.B) {
		r := Resource{Kind: "unmasking", ID: "1", RequestedBy: "colleague"}
		for b.Loop() {
			y.Allow(p, UnmaskApprove, r)
		}
	})
}
