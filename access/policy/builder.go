package policy

import (
	"encoding/binary"
	"slices"
	"strings"
)

// A builder collects the roles of each cell before they become sets.
type builder struct {
	r     *rules
	bare  map[string][]uint32 // resources by slug
	draft [][]draftCell       // by scope
	sets  map[string]roleSet
	key   []byte
}

type draftCell struct {
	action      uint32
	allow, deny []uint32
	conds       []draftConditional
}

type draftConditional struct {
	cond  *Condition
	deny  bool
	roles []uint32
}

func newBuilder(r *rules, bare map[string][]uint32) *builder {
	return &builder{r: r, bare: bare, draft: make([][]draftCell, len(r.scopes)), sets: map[string]roleSet{}}
}

func (b *builder) readPermissions() {
	for _, p := range b.r.catalogue.permissions {
		b.r.permissionBy[p.ID] = uint32(len(b.r.permissions))
		b.r.permissions = append(b.r.permissions, compiled{id: p.ID, name: p.Name, statements: b.statements(p.Statements)})
	}
}

// readRoles compiles roles and enters them in the cells of their statements.
func (b *builder) readRoles(e *edit) {
	r := b.r
	users := make([][]uint32, len(r.permissions))
	for _, x := range r.catalogue.roles {
		role := compiled{id: x.ID, name: x.Name, number: e.role(x.ID), statements: b.statements(x.Statements)}
		for _, id := range x.Permissions {
			if p, ok := r.permissionBy[id]; ok {
				role.permissions = append(role.permissions, p)
				users[p] = append(users[p], role.number)
			}
		}
		r.roleBy[x.ID] = uint32(len(r.roles))
		r.roles = append(r.roles, role)
		b.enter(role.statements, []uint32{role.number})
	}
	for p, roles := range users {
		b.enter(r.permissions[p].statements, roles)
	}
}

func (b *builder) statements(list []Statement) []statement {
	out := make([]statement, len(list))
	for i := range list {
		out[i] = b.statement(&list[i])
	}
	return out
}

func (b *builder) statement(s *Statement) statement {
	st := statement{deny: s.Deny}
	for _, a := range s.Actions {
		if a == "*" {
			st.actions = []uint32{anyAction}
			break
		}
		if n, ok := b.r.actionBy[a]; ok && !slices.Contains(st.actions, n) {
			st.actions = append(st.actions, n)
		}
	}
	st.scopes = b.about(s.Resource, s.Deny)
	if s.Condition != "" {
		c, ok := b.r.conditions[s.Condition]
		if !ok {
			c, _ = ParseCondition(s.Condition)
			b.r.conditions[s.Condition] = c
		}
		st.cond, st.void = c, c == nil && !s.Deny
	}
	return st
}

// about returns the scopes that the resource of a statement names. A bare slug
// of several resources allows nothing, and denies all of them.
func (b *builder) about(name string, deny bool) []uint32 {
	if name == "*" {
		return []uint32{everything}
	}
	if id, ok := parseID(name); ok {
		if n, ok := b.r.resourceBy[id]; ok {
			return []uint32{b.resource(n)}
		}
	}
	typ, slug, ok := strings.Cut(name, "/")
	if !ok {
		var scopes []uint32
		for _, n := range b.bare[name] {
			scopes = append(scopes, b.resource(n))
		}
		if len(scopes) > 1 && !deny {
			return nil
		}
		return scopes
	}
	if typ == "" || slug == "" || strings.Contains(typ, "*") {
		return nil
	}
	return []uint32{b.named(b.typ(typ), slug)}
}

// typ returns a type, also one that is not registered.
func (b *builder) typ(name string) *resourceType {
	n, ok := b.r.typeBy[name]
	if !ok {
		n = uint32(len(b.r.types))
		b.r.typeBy[name] = n
		b.r.types = append(b.r.types, resourceType{slug: name})
	}
	return &b.r.types[n]
}

// named returns the scope of a slug or pattern of a type.
func (b *builder) named(t *resourceType, slug string) uint32 {
	if strings.Trim(slug, "*") == "" {
		return b.scope(&t.scope)
	}
	if strings.Contains(slug, "*") {
		for i := range t.patterns {
			if t.patterns[i].text == slug {
				return t.patterns[i].scope
			}
		}
		t.patterns = append(t.patterns, scopedPattern{pattern: newPattern(slug)})
		return b.scope(&t.patterns[len(t.patterns)-1].scope)
	}
	if n, ok := t.slugs[slug]; ok {
		return b.resource(n)
	}
	n := t.names[slug]
	if n == nothing {
		if t.names == nil {
			t.names = map[string]uint32{}
		}
		t.names[slug] = b.scope(&n)
	}
	return n
}

func (b *builder) resource(n uint32) uint32 { return b.scope(&b.r.resources[n].scope) }

// scope returns *at, which becomes a new scope if it is none.
func (b *builder) scope(at *uint32) uint32 {
	if *at == nothing {
		*at = uint32(len(b.draft))
		b.draft = append(b.draft, nil)
	}
	return *at
}

// enter adds roles to the cells of statements.
func (b *builder) enter(list []statement, roles []uint32) {
	for i := range list {
		st := &list[i]
		if st.void {
			continue
		}
		for _, sc := range st.scopes {
			for _, a := range st.actions {
				b.cell(sc, a).enter(st, roles)
			}
		}
	}
}

func (b *builder) cell(scope, action uint32) *draftCell {
	cells := b.draft[scope]
	i, ok := slices.BinarySearchFunc(cells, action, func(c draftCell, a uint32) int { return int(int64(c.action) - int64(a)) })
	if !ok {
		cells = slices.Insert(cells, i, draftCell{action: action})
		b.draft[scope] = cells
	}
	return &cells[i]
}

func (c *draftCell) enter(st *statement, roles []uint32) {
	switch {
	case st.cond != nil:
		for i := range c.conds {
			if d := &c.conds[i]; d.cond == st.cond && d.deny == st.deny {
				d.roles = append(d.roles, roles...)
				return
			}
		}
		c.conds = append(c.conds, draftConditional{st.cond, st.deny, slices.Clone(roles)})
	case st.deny:
		c.deny = append(c.deny, roles...)
	default:
		c.allow = append(c.allow, roles...)
	}
}

// cells turns the drafts into scopes. What holds for any action is added to each
// cell, so that a decision looks at one.
func (b *builder) cells() {
	b.r.scopes = make([]scope, len(b.draft))
	for i, cells := range b.draft {
		var rest draftCell
		if n := len(cells); n > 0 && cells[n-1].action == anyAction {
			rest = cells[n-1]
		}
		out := make(scope, len(cells))
		for j := range cells {
			d := &cells[j]
			c := &out[j]
			c.action = d.action
			if d.action != anyAction {
				d.allow, d.deny = append(d.allow, rest.allow...), append(d.deny, rest.deny...)
				d.conds = append(d.conds, rest.conds...)
			}
			c.allow, c.deny = b.set(d.allow), b.set(d.deny)
			for _, x := range d.conds {
				c.conds = append(c.conds, conditional{x.cond, x.deny, b.set(x.roles)})
			}
		}
		b.r.scopes[i] = out
	}
}

// set makes a set of roles; equal sets are one.
func (b *builder) set(roles []uint32) roleSet {
	if len(roles) == 0 {
		return roleSet{}
	}
	from, to := slices.Min(roles)>>6, slices.Max(roles)>>6
	words := make([]uint64, to-from+1)
	for _, r := range roles {
		words[r>>6-from] |= 1 << (r & 63)
	}
	b.key = binary.LittleEndian.AppendUint32(b.key[:0], from)
	for _, w := range words {
		b.key = binary.LittleEndian.AppendUint64(b.key, w)
	}
	set, ok := b.sets[string(b.key)]
	if !ok {
		set = roleSet{from, uint32(len(b.r.words)), uint32(len(words))}
		b.r.words = append(b.r.words, words...)
		b.sets[string(b.key)] = set
	}
	return set
}
