package auth

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
)

//go:embed policies.cedar
var policies []byte

// Resource is what an action is done to. The zero Resource stands for nothing
// in particular: whether a menu offers something or a route may be entered.
// Where a decision hangs on the thing itself (unmask.approve, post.raw) it must
// be asked again with the thing.
type Resource struct {
	// Kind and ID name it: "finding", "post", "unmasking", "user", …
	Kind, ID string
	// Owner is the user id of whose it is; RequestedBy of who asked for it.
	Owner, RequestedBy string
	// Unmasked says that the names in it may be shown to the principal:
	// package mandate knows.
	Unmasked bool
}

// Policy answers who may do what, from policies.cedar.
type Policy struct {
	set     *cedar.PolicySet
	actions types.EntityMap
	roles   map[Role]int
	// general keeps the answers that hang on roles and action alone.
	general sync.Map // generalKey → bool
}

type generalKey struct {
	roles  uint64 // a bit for each role, by its place in Roles
	action Action
}

// NewPolicy reads the policies.
func NewPolicy() (*Policy, error) {
	set, err := cedar.NewPolicySetFromBytes("policies.cedar", policies)
	if err != nil {
		return nil, fmt.Errorf("reading the policies: %w", err)
	}
	p := &Policy{set: set, actions: types.EntityMap{}, roles: map[Role]int{}}
	read := cedar.NewEntityUID("Action", "read")
	for _, a := range Actions {
		e := types.Entity{UID: actionUID(a)}
		if strings.HasSuffix(string(a), ".read") {
			e.Parents = types.NewEntityUIDSet(read)
		}
		p.actions[e.UID] = e
	}
	for i, r := range Roles {
		p.roles[r] = i
	}
	return p, nil
}

// Allow says whether p may do a to r. Nobody (nil) may do nothing. It is quick
// where r is zero and no token acts: the answer is then kept.
func (y *Policy) Allow(p *Principal, a Action, r Resource) bool {
	// What is no action nobody may do: also a name for several of them.
	if _, known := y.actions[actionUID(a)]; p == nil || !known {
		return false
	}
	if r != (Resource{}) || p.Token != "" {
		return y.decide(p, a, r)
	}
	k := generalKey{action: a}
	for _, role := range p.Roles {
		i, known := y.roles[role]
		if !known {
			return y.decide(p, a, r)
		}
		k.roles |= 1 << i
	}
	if v, ok := y.general.Load(k); ok {
		return v == true
	}
	ok := y.decide(p, a, r)
	y.general.Store(k, ok)
	return ok
}

// May says whether p may do a to something or other: Allow with no resource.
func (y *Policy) May(p *Principal, a Action) bool { return y.Allow(p, a, Resource{}) }

// decide asks Cedar. A policy that cannot be evaluated denies.
func (y *Policy) decide(p *Principal, a Action, r Resource) bool {
	q := cedar.Request{
		Principal: userUID(p.ID),
		Action:    actionUID(a),
		Resource:  cedar.NewEntityUID("anything", "any"),
	}
	roles := make([]types.EntityUID, len(p.Roles))
	for i, role := range p.Roles {
		roles[i] = cedar.NewEntityUID("Role", types.String(role))
	}
	who := types.Entity{UID: q.Principal, Parents: types.NewEntityUIDSet(roles...)}
	var what types.Entity
	if r != (Resource{}) {
		kind := r.Kind
		if kind == "" || kind == "anything" {
			kind = "something"
		}
		q.Resource = cedar.NewEntityUID(types.EntityType(kind), types.String(r.ID))
		attributes := types.RecordMap{"unmasked": types.Boolean(r.Unmasked)}
		if r.Owner != "" {
			attributes["owner"] = userUID(r.Owner)
		}
		if r.RequestedBy != "" {
			attributes["requestedBy"] = userUID(r.RequestedBy)
		}
		what = types.Entity{UID: q.Resource, Attributes: types.NewRecord(attributes)}
	}
	scopes := make([]types.Value, len(p.Scopes))
	for i, s := range p.Scopes {
		scopes[i] = actionUID(s)
	}
	q.Context = types.NewRecord(types.RecordMap{
		"token":  types.Boolean(p.Token != ""),
		"scopes": types.NewSet(scopes...),
	})
	decision, diagnostic := cedar.Authorize(y.set, entities{who: who, what: what, actions: y.actions}, q)
	return decision == cedar.Allow && len(diagnostic.Errors) == 0
}

// entities gives Cedar the principal, the resource and the actions without
// copying the actions for each question.
type entities struct {
	who, what types.Entity
	actions   types.EntityMap
}

// Get gives an entity by its name.
func (e entities) Get(id types.EntityUID) (types.Entity, bool) {
	switch id {
	case e.who.UID:
		return e.who, true
	case e.what.UID:
		return e.what, true
	}
	return e.actions.Get(id)
}

func userUID(id string) types.EntityUID { return cedar.NewEntityUID("User", types.String(id)) }

func actionUID(a Action) types.EntityUID { return cedar.NewEntityUID("Action", types.String(a)) }
