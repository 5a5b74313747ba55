package policy

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
)

// Rules are the compiled catalogue. What a statement can be about is a scope:
// everything, a type, a pattern of slugs, one resource. A scope has a cell for
// each action with the roles that allow and deny it.
type rules struct {
	catalogue catalogue

	actions  []string // names by number
	actionBy map[string]uint32
	byName   []uint32 // numbers in the order of names

	types      []resourceType
	typeBy     map[string]uint32 // by slug, id or name
	resources  []resource
	resourceBy map[identity.ID]uint32

	scopes []scope
	words  []uint64 // of sets of roles

	permissions  []compiled
	permissionBy map[identity.ID]uint32
	roles        []compiled // in the order of the catalogue
	roleBy       map[identity.ID]uint32
	conditions   map[string]*Condition // nil: does not parse
}

// Scopes that are always there.
const (
	nothing    uint32 = iota // has no cells
	everything               // of the resource "*"
)

// A resourceType is one that is registered, or that a statement names.
type resourceType struct {
	slug       string
	registered bool
	actions    map[uint32]bool // nil: all
	slugs      map[string]uint32
	order      []uint32          // resources in the order of slugs
	scope      uint32            // of type/*
	names      map[string]uint32 // scopes of slugs that are not registered
	patterns   []scopedPattern
}

type scopedPattern struct {
	pattern
	scope uint32
}

type resource struct {
	id    identity.ID
	slug  string
	typ   uint32
	scope uint32 // nothing, if no statement names it
}

// A scope is the cells of one thing, sorted by action.
type scope []cell

// A cell says who may do an action.
type cell struct {
	action      uint32
	allow, deny roleSet
	conds       []conditional
}

// A conditional allows or denies what it says while its condition is true.
type conditional struct {
	cond *Condition
	deny bool
	set  roleSet
}

// anyAction is the action of a cell for all that have no cell of their own.
const anyAction = ^uint32(0)

// cell returns the cell for an action, or nil.
func (s scope) cell(action uint32) *cell {
	if len(s) > 8 {
		i, ok := slices.BinarySearchFunc(s, action, func(c cell, a uint32) int {
			if c.action < a {
				return -1
			} else if c.action > a {
				return 1
			}
			return 0
		})
		if ok {
			return &s[i]
		}
	} else {
		for i := range s {
			if s[i].action == action {
				return &s[i]
			}
		}
	}
	if n := len(s); n > 0 && s[n-1].action == anyAction {
		return &s[n-1]
	}
	return nil
}

// A roleSet is a set of roles as bits, without the words of zeros around them:
// n words of rules.words, the first of which stands for the roles from 64*from.
type roleSet struct{ from, at, n uint32 }

func (r *rules) has(s roleSet, role uint32) bool {
	w := role>>6 - s.from // far out if below
	return w < s.n && r.words[s.at+w]>>(role&63)&1 != 0
}

// first calls f for the first n roles of a set.
func (r *rules) first(s roleSet, n int, f func(role uint32)) {
	for i, w := range r.words[s.at:][:s.n] {
		for ; w != 0 && n > 0; n-- {
			f((s.from+uint32(i))<<6 + uint32(bits.TrailingZeros64(w)))
			w &= w - 1
		}
	}
}

// A compiled permission or role.
type compiled struct {
	id          identity.ID
	name        string
	number      uint32 // of a role
	permissions []uint32
	statements  []statement
}

// A statement is a compiled Statement. Without actions or scopes it is about
// nothing.
type statement struct {
	actions []uint32 // anyAction alone is every action
	scopes  []uint32
	cond    *Condition
	deny    bool
	void    bool // its condition does not parse and it allows
}

func (st *statement) about(action uint32) bool {
	return slices.Contains(st.actions, action) || len(st.actions) == 1 && st.actions[0] == anyAction
}

// compileRules compiles a catalogue; e gives numbers to roles.
func compileRules(e *edit, c catalogue) *rules {
	r := &rules{
		catalogue: c, actionBy: map[string]uint32{}, typeBy: map[string]uint32{},
		resourceBy: make(map[identity.ID]uint32, len(c.resources)), scopes: make([]scope, 2),
		permissionBy: make(map[identity.ID]uint32, len(c.permissions)), roleBy: make(map[identity.ID]uint32, len(c.roles)),
		conditions: map[string]*Condition{},
	}
	r.readActions()
	r.readTypes()
	bare := r.readResources()
	b := newBuilder(r, bare)
	b.readPermissions()
	b.readRoles(e)
	b.cells()
	return r
}

// readActions gives numbers to the names of actions that are active.
func (r *rules) readActions() {
	for _, a := range r.catalogue.actions {
		if a.Inactive {
			continue
		}
		n, ok := r.actionBy[a.Name]
		if !ok {
			n = uint32(len(r.actions))
			r.actions = append(r.actions, a.Name)
			r.actionBy[a.Name] = n
			r.byName = append(r.byName, n)
		}
		if text := a.ID.String(); !a.ID.IsZero() {
			r.actionBy[text] = n
		}
	}
	slices.SortFunc(r.byName, func(a, b uint32) int { return strings.Compare(r.actions[a], r.actions[b]) })
}

// readTypes registers resource types: by slug, then by id, then by name, where
// that is not yet something else's.
func (r *rules) readTypes() {
	for _, t := range r.catalogue.types {
		if _, ok := r.typeBy[t.Slug]; ok {
			continue
		}
		rt := resourceType{slug: t.Slug, registered: true, slugs: map[string]uint32{}}
		if len(t.Actions) > 0 {
			rt.actions = map[uint32]bool{}
			for _, id := range t.Actions {
				if n, ok := r.actionBy[id.String()]; ok {
					rt.actions[n] = true
				}
			}
		}
		r.typeBy[t.Slug] = uint32(len(r.types))
		r.types = append(r.types, rt)
	}
	for _, t := range r.catalogue.types {
		r.alias(t.ID.String(), t.Slug)
	}
	for _, t := range r.catalogue.types {
		r.alias(t.Name, t.Slug)
	}
}

func (r *rules) alias(name, slug string) {
	if _, ok := r.typeBy[name]; !ok && name != "" {
		r.typeBy[name] = r.typeBy[slug]
	}
}

// readResources registers resources, and returns those that have a slug.
func (r *rules) readResources() (bare map[string][]uint32) {
	bare = make(map[string][]uint32, len(r.catalogue.resources))
	for _, x := range r.catalogue.resources {
		t, ok := r.typeBy[x.Type.String()]
		if !ok {
			continue
		}
		n := uint32(len(r.resources))
		r.resources = append(r.resources, resource{id: x.ID, slug: x.Slug, typ: t})
		r.resourceBy[x.ID] = n
		rt := &r.types[t]
		if _, ok := rt.slugs[x.Slug]; !ok {
			rt.slugs[x.Slug] = n
			rt.order = append(rt.order, n)
		}
		bare[x.Slug] = append(bare[x.Slug], n)
	}
	for i := range r.types {
		slices.SortFunc(r.types[i].order, func(a, b uint32) int { return strings.Compare(r.resources[a].slug, r.resources[b].slug) })
	}
	return bare
}
