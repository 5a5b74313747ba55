package policy

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/muster-id/muster/identity"
)

// now is when the tests ask.
var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// testID makes the nth id of a kind.
func testID(kind byte, n int) (id identity.ID) {
	id[0], id[6], id[8] = kind, 0x80, 0x80
	binary.BigEndian.PutUint32(id[12:], uint32(n))
	return id
}

// A plan says how large a random World is, and what is in it.
type plan struct {
	users, groups, roles, permissions, resources, types, actions int
	statements                                                   int // of a permission
	memberOf, rolesOf                                            int // groups of a user; roles of a group
	denies, patterns, conditions, expiring, mess                 bool
}

// A die makes random worlds and questions.
type die struct{ *rand.Rand }

func newDie(seed uint64) die { return die{rand.New(rand.NewPCG(seed, 7))} }

func (d die) one(in int) bool { return d.IntN(in) == 0 }

func (d die) world(p plan) World {
	var w World
	for i := range p.actions {
		w.Actions = append(w.Actions, Action{ID: testID('a', i), Name: fmt.Sprintf("do%d", i), Inactive: p.mess && d.one(8)})
	}
	for i := range p.types {
		t := ResourceType{ID: testID('t', i), Slug: fmt.Sprintf("type%d", i), Name: fmt.Sprintf("Type %d", i)}
		if d.one(4) {
			for _, a := range w.Actions[:1+d.IntN(len(w.Actions))] {
				t.Actions = append(t.Actions, a.ID)
			}
		}
		w.ResourceTypes = append(w.ResourceTypes, t)
	}
	for i := range p.resources {
		w.Resources = append(w.Resources, Resource{ID: testID('r', i), Slug: fmt.Sprintf("thing-%d", i), Type: testID('t', d.IntN(p.types))})
	}
	for i := range p.permissions {
		w.Permissions = append(w.Permissions, d.permission(p, &w, i))
	}
	for i := range p.roles {
		w.Roles = append(w.Roles, d.role(p, &w, i))
	}
	for i := range p.groups {
		w.Groups = append(w.Groups, testID('g', i))
		if i > 0 && d.one(2) {
			w.Members = append(w.Members, Membership{Group: testID('g', d.IntN(i)), Member: testID('g', i)})
		}
		if p.mess && d.one(3) { // and cycles
			w.Members = append(w.Members, Membership{Group: testID('g', d.IntN(p.groups)), Member: testID('g', i)})
		}
		for range d.IntN(2*p.rolesOf + 1) {
			w.Assignments = append(w.Assignments, d.assignment(p, len(w.Assignments), identity.GroupSubject, testID('g', i)))
		}
	}
	for i := range p.users {
		id := testID('u', i)
		w.Users = append(w.Users, id)
		for range d.IntN(2*p.memberOf + 1) {
			w.Members = append(w.Members, Membership{Group: testID('g', d.IntN(p.groups)), Member: id})
		}
		if d.one(2) {
			w.Assignments = append(w.Assignments, d.assignment(p, len(w.Assignments), identity.UserSubject, id))
		}
		if p.mess && d.one(9) {
			w.Inactive = append(w.Inactive, id)
		}
		if p.mess && d.one(9) {
			w.Guests = append(w.Guests, id)
		}
	}
	for i := range p.users/20 + 1 {
		w.Apps = append(w.Apps, testID('s', i))
		w.Assignments = append(w.Assignments, d.assignment(p, len(w.Assignments), identity.AppSubject, testID('s', i)))
	}
	w.Everyone = []identity.ID{testID('o', 0)}
	return w
}

func (d die) assignment(p plan, n int, t identity.SubjectType, to identity.ID) identity.Assignment {
	a := identity.Assignment{ID: testID('x', n), Role: testID('o', d.IntN(p.roles)), Type: t, Subject: to}
	if p.expiring && d.one(3) {
		a.Expires = now.Add(time.Duration(d.IntN(7)-3) * time.Second)
	}
	if p.mess && d.one(20) {
		a.Role = testID('o', p.roles+d.IntN(3)) // does not exist
	}
	if p.mess && d.one(20) {
		a.Type = identity.AppSubject // which it is not
	}
	return a
}

func (d die) permission(p plan, w *World, i int) Permission {
	x := Permission{ID: testID('p', i), Name: fmt.Sprintf("permission %d", i)}
	for range p.statements {
		x.Statements = append(x.Statements, d.statement(p, w))
	}
	return x
}

func (d die) role(p plan, w *World, i int) Role {
	r := Role{ID: testID('o', i), Name: fmt.Sprintf("role %d", i)}
	if i == 0 { // of everyone: little
		r.Statements = []Statement{{Actions: []string{"do0"}, Resource: "type0/*"}}
		return r
	}
	for range 1 + d.IntN(5) {
		r.Permissions = append(r.Permissions, testID('p', d.IntN(p.permissions)))
	}
	if d.one(3) {
		r.Statements = append(r.Statements, d.statement(p, w))
	}
	return r
}

func (d die) statement(p plan, w *World) Statement {
	var s Statement
	for range 1 + d.IntN(3) {
		a := w.Actions[d.IntN(len(w.Actions))]
		s.Actions = append(s.Actions, []string{a.Name, a.ID.String()}[d.IntN(2)])
	}
	if d.one(15) {
		s.Actions = []string{"*"}
	}
	r := w.Resources[d.IntN(len(w.Resources))]
	t := w.ResourceTypes[d.IntN(len(w.ResourceTypes))]
	switch d.IntN(10) {
	case 0, 1, 2:
		s.Resource = r.ID.String()
	case 3:
		s.Resource = r.Slug
	case 4, 5:
		s.Resource = w.ResourceTypes[r.Type[15]].Slug + "/" + r.Slug
	case 6:
		s.Resource = t.Slug + "/unknown"
		if p.patterns {
			s.Resource = fmt.Sprintf("%s/thing-%d*", t.Slug, d.IntN(100))
		}
		if p.mess && d.one(2) {
			s.Resource, s.Actions = "*", s.Actions[:1]
		}
	default:
		s.Resource = t.Slug + "/*"
	}
	s.Deny = p.denies && d.one(8)
	if p.conditions && d.one(4) {
		s.Condition = []string{`context.n gt 2`, `subject.role eq "admin"`, `not (resource.status eq "archived")`, `broken (`,
			`subject.id eq "` + testID('u', 3).String() + `"`}[d.IntN(5)]
	}
	return s
}

// question asks about things that exist, mostly.
func (d die) question(w *World) Question {
	q := Question{Action: w.Actions[d.IntN(len(w.Actions))].Name, At: now}
	q.Subject = Entity{Type: "user", ID: w.Users[d.IntN(len(w.Users))].String()}
	switch d.IntN(40) {
	case 0:
		q.Subject = Entity{Type: "group", ID: w.Groups[d.IntN(len(w.Groups))].String()}
	case 1:
		q.Subject = Entity{Type: "app", ID: w.Apps[d.IntN(len(w.Apps))].String()}
	}
	r := w.Resources[d.IntN(len(w.Resources))]
	q.Resource = Entity{Type: fmt.Sprintf("type%d", r.Type[15]), ID: r.Slug}
	if d.one(20) {
		q.Resource.ID = fmt.Sprintf("thing-%d-new", d.IntN(100))
	}
	return q
}

// tell adds properties to a question.
func (d die) tell(q Question) Question {
	q.Context = map[string]any{"n": float64(d.IntN(6))}
	q.Subject.Properties = map[string]any{"role": []any{"clerk", []string{"admin", "guest"}[d.IntN(2)]}}
	q.Resource.Properties = map[string]any{"status": []string{"active", "archived"}[d.IntN(2)]}
	return q
}
