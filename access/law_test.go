package access

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// Whatever is written, in whatever order: a snapshot that followed the log is
// the one that is compiled of everything.
func TestFollowLaw(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		p := &player{house: h, rnd: rand.New(rand.NewPCG(1, uint64(len(db.Driver()))))}
		for _, org := range p.orgs() {
			if _, _, err := h.state(h.ctx(), org); err != nil {
				t.Fatal(err)
			}
		}
		for step := range 220 {
			done := p.play()
			if step%4 != 3 {
				continue
			}
			for _, org := range p.orgs() {
				_, st, err := h.state(h.ctx(), org)
				h.must(err)
				fresh, err := h.load(h.ctx(), st.epoch, st.chain, nil)
				h.must(err)
				if diff := cmp.Diff(tidy(fresh.snap.World()), tidy(st.snap.World()), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("after step %d (%s) the snapshot differs from a fresh one (-fresh +followed):\n%s", step, done, diff)
				}
			}
		}
		if p.done < 100 {
			t.Errorf("only %d writes succeeded; the test plays too little", p.done)
		}
	})
}

// tidy brings a World into one order, without what refers to nobody.
func tidy(w policy.World) policy.World {
	known := map[identity.ID]bool{}
	for _, list := range [][]identity.ID{w.Users, w.Groups, w.Apps} {
		for _, id := range list {
			known[id] = true
		}
	}
	sorted := func(list []identity.ID) []identity.ID {
		list = slices.Clone(list)
		slices.SortFunc(list, compareIDs)
		return list
	}
	w.Users, w.Inactive, w.Groups, w.Apps, w.Guests, w.Everyone = sorted(w.Users), sorted(w.Inactive), sorted(w.Groups), sorted(w.Apps), sorted(w.Guests), sorted(w.Everyone)
	w.Actions = byID(w.Actions, func(x policy.Action) identity.ID { return x.ID })
	w.ResourceTypes = byID(w.ResourceTypes, func(x policy.ResourceType) identity.ID { return x.ID })
	w.Resources = byID(w.Resources, func(x policy.Resource) identity.ID { return x.ID })
	w.Permissions = byID(w.Permissions, func(x policy.Permission) identity.ID { return x.ID })
	w.Roles = byID(w.Roles, func(x policy.Role) identity.ID { return x.ID })
	w.Assignments = byID(w.Assignments, func(x identity.Assignment) identity.ID { return x.ID })
	w.Assignments = slices.DeleteFunc(w.Assignments, func(a identity.Assignment) bool { return !known[a.Subject] })
	w.Members = slices.Clone(w.Members)
	slices.SortFunc(w.Members, func(a, b policy.Membership) int {
		return bytes.Compare(slices.Concat(a.Group[:], a.Member[:]), slices.Concat(b.Group[:], b.Member[:]))
	})
	return w
}

func byID[T any](list []T, id func(T) identity.ID) []T {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b T) int { return compareIDs(id(a), id(b)) })
	return list
}

// A player writes at random.
type player struct {
	*house
	rnd  *rand.Rand
	done int

	users, groups, actions, types, resources, permissions, roles, assignments [3][]identity.ID
	gone                                                                      [3][]trashed
}

type trashed struct {
	typ string
	id  identity.ID
}

func (p *player) orgs() []identity.OrgID { return []identity.OrgID{p.root, p.acme, p.paris} }

func (p *player) pick(list []identity.ID) identity.ID {
	if len(list) == 0 {
		return identity.NewID()
	}
	return list[p.rnd.IntN(len(list))]
}

// play makes one write, and says what it was.
func (p *player) play() string {
	n := p.rnd.IntN(3)
	org := p.orgs()[n]
	by := p.cli(org)
	above := func(all [3][]identity.ID) identity.ID { return p.pick(all[p.rnd.IntN(n+1)]) }
	base := catalogue.Base{Name: fmt.Sprintf("thing %d", p.rnd.Int64())}
	keep := func(list *[3][]identity.ID, id identity.ID, err error) {
		if err == nil {
			list[n] = append(list[n], id)
			p.done++
		}
	}
	count := func(err error) {
		if err == nil {
			p.done++
		}
	}
	statement := func() []catalogue.Statement {
		s := catalogue.Statement{Actions: []string{above(p.actions).String()}, Resource: above(p.resources).String(), Deny: p.rnd.IntN(5) == 0}
		if p.rnd.IntN(4) == 0 {
			s.Actions, s.Resource = []string{"*"}, "*"
		}
		return []catalogue.Statement{s}
	}
	what := p.rnd.IntN(22)
	switch what {
	case 0, 1, 2:
		keep(&p.users, p.user(org, base.Name), nil)
	case 3:
		keep(&p.groups, p.group(org, base.Name), nil)
	case 4, 5:
		members := []identity.ID{p.pick(p.users[n]), p.pick(p.groups[n])}
		op := []directory.MemberOp{directory.AddMembers, directory.AddMembers, directory.RemoveMembers, directory.ReplaceMembers}[p.rnd.IntN(4)]
		if len(p.groups[n]) > 0 {
			count(p.modify(by, "Group", p.pick(p.groups[n]), "", nil, directory.MemberEdit{Op: op, Members: texts(members)}))
		}
	case 6, 7:
		if len(p.users[n]) > 0 {
			count(p.modify(by, "User", p.pick(p.users[n]), "active", p.rnd.IntN(2) == 0))
		}
	case 8:
		p.bin(n, "User", &p.users)
	case 9:
		p.bin(n, "Group", &p.groups)
	case 10, 11:
		p.restore(n)
	case 12:
		a, err := p.Actions.Create(p.ctx(), by, catalogue.Action{Base: base, Active: true})
		if err == nil {
			keep(&p.actions, a.ID, nil)
		}
	case 13:
		rt, err := p.ResourceTypes.Create(p.ctx(), by, catalogue.ResourceType{Base: base})
		if err == nil {
			keep(&p.types, rt.ID, nil)
		}
	case 14:
		r, err := p.Resources.Create(p.ctx(), by, catalogue.Resource{Base: base, Type: above(p.types)})
		if err == nil {
			keep(&p.resources, r.ID, nil)
		}
	case 15:
		x, err := p.Permissions.Create(p.ctx(), by, catalogue.Permission{Base: base, Statements: statement()})
		if err == nil {
			keep(&p.permissions, x.ID, nil)
		}
	case 16:
		x := catalogue.Role{Base: base, Statements: statement()}
		if p.rnd.IntN(2) == 0 {
			x.Permissions = []identity.ID{above(p.permissions)}
		}
		r, err := p.Roles.Create(p.ctx(), by, x)
		if err == nil {
			keep(&p.roles, r.ID, nil)
		}
	case 17:
		_, err := p.Roles.Change(p.ctx(), by, p.pick(p.roles[n]), 0, func(r *catalogue.Role) error { r.Statements = statement(); return nil })
		count(err)
	case 18:
		switch p.rnd.IntN(4) {
		case 0:
			count(p.Permissions.Delete(p.ctx(), by, p.pick(p.permissions[n]), 0))
		case 1:
			count(p.Roles.Delete(p.ctx(), by, p.pick(p.roles[n]), 0))
		case 2:
			count(p.Actions.Delete(p.ctx(), by, p.pick(p.actions[n]), 0))
		case 3:
			count(p.Resources.Delete(p.ctx(), by, p.pick(p.resources[n]), 0))
		}
	case 19, 20:
		a := identity.Assignment{Role: above(p.roles), Type: identity.UserSubject, Subject: p.pick(p.users[n]), Inherited: p.rnd.IntN(3) == 0}
		if p.rnd.IntN(2) == 0 {
			a.Type, a.Subject = identity.GroupSubject, p.pick(p.groups[n])
		}
		if p.rnd.IntN(4) == 0 {
			a.Expires = time.Now().Add(time.Hour)
		}
		a, err := p.Assign(p.ctx(), by, a)
		keep(&p.assignments, a.ID, err)
	case 21:
		count(p.Unassign(p.ctx(), by, p.pick(p.assignments[n])))
	}
	return fmt.Sprintf("write %d in organisation %d", what, n)
}

// bin deletes a user or group.
func (p *player) bin(n int, typ string, list *[3][]identity.ID) {
	if len(list[n]) == 0 {
		return
	}
	i := p.rnd.IntN(len(list[n]))
	p.delete(p.orgs()[n], typ, list[n][i])
	p.gone[n] = append(p.gone[n], trashed{typ, list[n][i]})
	list[n] = slices.Delete(list[n], i, i+1)
	p.done++
}

// restore brings back what was deleted last.
func (p *player) restore(n int) {
	if len(p.gone[n]) == 0 {
		return
	}
	x := p.gone[n][len(p.gone[n])-1]
	p.gone[n] = p.gone[n][:len(p.gone[n])-1]
	org := p.orgs()[n]
	reg, err := p.dir.Registry(p.ctx(), org)
	p.must(err)
	_, err = p.dir.Restore(p.ctx(), p.cli(org), reg.TypeByName(x.typ), x.id)
	p.must(err)
	if x.typ == "User" {
		p.users[n] = append(p.users[n], x.id)
	} else {
		p.groups[n] = append(p.groups[n], x.id)
	}
	p.done++
}
