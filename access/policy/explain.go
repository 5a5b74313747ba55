package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
)

// Limits of an explanation.
const (
	maxReasons = 20
	maxNearest = 5
	maxLooked  = 20 // roles of each kind that are looked at for the nearest grants
)

// Explain is Decide with Reasons, Nearest and a sentence in Why that names the
// role and the permission. It has at most 20 reasons.
func (s *Snapshot) Explain(q Question) Decision {
	a := asked{q: &q}
	why := s.lookUp(&q, &a)
	d := Decision{Why: why}
	if why == whyInactive {
		d.Nearest = s.nearestInactive(&q, &a)
		return d
	}
	if why != "" {
		return d
	}
	a.at = momentOf(q.At)
	x := explanation{s: s, a: &a, scopes: s.rules.reach(&a, nil)}
	d.Allow, d.Why = s.judge(&a, x.scopes)
	x.ways = s.waysOf(a.subject)
	denied := d.Why == whyDenied
	if d.Allow || denied {
		d.Reasons = x.reasons(denied)
		if len(d.Reasons) > 0 {
			d.Why = s.sentence(&d.Reasons[0], d.Allow)
		}
		return d
	}
	d.Nearest = x.nearest()
	return d
}

// nearestInactive lists what would be allowed if the subject were active.
func (s *Snapshot) nearestInactive(q *Question, a *asked) []Reason {
	x := *a.subject
	x.inactive = false
	a.subject, a.at = &x, momentOf(q.At)
	var ok bool
	if a.action, ok = s.rules.action(q.Action); !ok || s.rules.lookUpResource(q, a) != "" {
		return nil
	}
	e := explanation{s: s, a: a, scopes: s.rules.reach(a, nil), ways: s.waysOf(a.subject)}
	list := e.reasons(false)
	list = list[:min(len(list), maxNearest)]
	for i := range list {
		list[i].Missing = MissingSubject
	}
	return list
}

// sentence says what decided.
func (s *Snapshot) sentence(r *Reason, allow bool) string {
	var b strings.Builder
	role := s.rules.roles[s.rules.roleBy[r.Role]]
	fmt.Fprintf(&b, "Role %s", role.name)
	switch {
	case len(r.Groups) == 1:
		b.WriteString(", by a group,")
	case len(r.Groups) > 1:
		b.WriteString(", by a group above the subject's,")
	case r.Assignment.IsZero():
		b.WriteString(", which everyone has,")
	}
	if allow {
		b.WriteString(" allows it")
	} else {
		b.WriteString(" denies it")
	}
	if !r.Permission.IsZero() {
		fmt.Fprintf(&b, " through permission %s", s.rules.permissions[s.rules.permissionBy[r.Permission]].name)
	}
	b.WriteString(".")
	return b.String()
}

// A way is a Way by numbers.
type way struct {
	role   uint32
	row    *row // nil for a role of everyone
	of     identity.ID
	groups []identity.ID
}

func (w *way) alive(at int64) bool { return w.row == nil || at < w.row.until }

// waysOf lists how a subject has roles, those that have expired too, from the
// nearest; by each group once, on a shortest path.
func (s *Snapshot) waysOf(x *subject) (ways []way) {
	n, _ := s.number(&x.id)
	add := func(of *subject, rows []row, groups []identity.ID) {
		for i := range rows {
			if rows[i].kind == of.kind {
				ways = append(ways, way{rows[i].role, &rows[i], of.id, groups})
			}
		}
	}
	add(x, s.links(n).rows, nil)
	if x.kind == app {
		return ways
	}
	if x.kind == user && !x.guest {
		for _, r := range s.everyone {
			ways = append(ways, way{role: r})
		}
	}
	type step struct {
		n     uint32
		below int // index in queue
	}
	queue, seen := []step{{n, -1}}, map[uint32]bool{n: true}
	for i := 0; i < len(queue); i++ {
		if i > 0 && len(s.links(queue[i].n).rows) > 0 {
			var groups []identity.ID
			for j := i; j > 0; j = queue[j].below {
				groups = append(groups, s.subject(queue[j].n).id)
			}
			slices.Reverse(groups)
			add(s.subject(queue[i].n), s.links(queue[i].n).rows, groups)
		}
		for _, p := range s.links(queue[i].n).parents {
			if s.subject(p).kind == group && !seen[p] {
				seen[p] = true
				queue = append(queue, step{p, i})
			}
		}
	}
	return ways
}

// Roles lists the ways in which a subject has roles at a time (zero: now).
func (s *Snapshot) Roles(subject identity.ID, at time.Time) []Way {
	_, x := s.find(subject)
	if x == nil {
		return nil
	}
	now := momentOf(at)
	var out []Way
	for _, w := range s.waysOf(x) {
		if _, ok := s.rules.roleBy[s.roleIDs[w.role]]; !ok || !w.alive(now) {
			continue
		}
		o := Way{Role: s.roleIDs[w.role], Groups: w.groups}
		if w.row != nil {
			o.Assignment = s.assignment(w.row, w.of)
		}
		out = append(out, o)
	}
	return out
}

// An explanation is the search for the reasons of one decision.
type explanation struct {
	s      *Snapshot
	a      *asked
	scopes []uint32
	ways   []way
}

// each calls f for every statement of a role, until f returns false.
func (x *explanation) each(role uint32, f func(st *statement, permission identity.ID, i int) bool) {
	r := x.s.rules
	n, ok := r.roleBy[x.s.roleIDs[role]]
	if !ok {
		return
	}
	for i := range r.roles[n].statements {
		if !f(&r.roles[n].statements[i], identity.ID{}, i) {
			return
		}
	}
	for _, p := range r.roles[n].permissions {
		for i := range r.permissions[p].statements {
			if !f(&r.permissions[p].statements[i], r.permissions[p].id, i) {
				return
			}
		}
	}
}

// about reports whether a statement is about the resource.
func (x *explanation) about(st *statement) bool {
	return slices.ContainsFunc(st.scopes, func(sc uint32) bool { return slices.Contains(x.scopes, sc) })
}

// true reports whether a statement's condition lets it reach.
func (x *explanation) true(st *statement) bool {
	if st.cond == nil {
		return true
	}
	yes, known := x.s.holds(x.a, st.cond)
	return yes && known || st.deny && !known
}

func (x *explanation) reason(w *way, st *statement, permission identity.ID, i int, m Missing) Reason {
	r := Reason{
		Groups: w.groups, Role: x.s.roleIDs[w.role], Permission: permission, Statement: i, Deny: st.deny, Missing: m,
	}
	if w.row != nil {
		r.Assignment = w.row.id
		if w.row.inherited {
			r.Inherited = w.row.org
		}
	}
	if st.cond != nil {
		r.Condition = st.cond.text
	}
	return r
}

// reasons lists what reached.
func (x *explanation) reasons(deny bool) (list []Reason) {
	for i := range x.ways {
		w := &x.ways[i]
		if !w.alive(x.a.at) {
			continue
		}
		x.each(w.role, func(st *statement, permission identity.ID, i int) bool {
			if st.deny == deny && !st.void && st.about(x.a.action) && x.about(st) && x.true(st) {
				list = append(list, x.reason(w, st, permission, i, ""))
			}
			return len(list) < maxReasons
		})
	}
	return list
}

// closeness orders what is missing: the less, the first.
var closeness = map[Missing]int{MissingCondition: 0, MissingExpired: 1, MissingAction: 2, MissingAssignment: 3, MissingResource: 4}

// nearest lists the grants that came closest, at most one of a kind for each
// permission of a role.
func (x *explanation) nearest() (list []Reason) {
	held := map[uint32]bool{}
	for i := range x.ways {
		w := &x.ways[i]
		held[w.role] = true
		x.each(w.role, func(st *statement, permission identity.ID, i int) bool {
			if m := x.missing(st, w); m != "" {
				list = add(list, x.reason(w, st, permission, i, m))
			}
			return true
		})
	}
	if len(list) < maxNearest || !list[maxNearest-1].closer(MissingAssignment) {
		list = x.othersRoles(list, held)
	}
	return list
}

// othersRoles adds grants of roles that the subject does not have.
func (x *explanation) othersRoles(list []Reason, held map[uint32]bool) []Reason {
	look := func(role uint32) {
		if held[role] {
			return
		}
		held[role] = true
		x.each(role, func(st *statement, permission identity.ID, i int) bool {
			if st.deny || st.void || !st.about(x.a.action) || !x.about(st) || !x.true(st) {
				return true
			}
			list = add(list, x.reason(&way{role: role}, st, permission, i, MissingAssignment))
			return false
		})
	}
	r := x.s.rules
	for _, sc := range x.scopes {
		c := r.scopes[sc].cell(x.a.action)
		if c == nil {
			continue
		}
		r.first(c.allow, maxLooked, look)
		for _, y := range c.conds {
			r.first(y.set, maxLooked, look)
		}
	}
	return list
}

// closer reports whether r lacks no more than one that lacks m.
func (r *Reason) closer(m Missing) bool { return closeness[r.Missing] <= closeness[m] }

// missing says what a grant of a role that the subject has, or had, lacks; "" if
// it is about something else altogether.
func (x *explanation) missing(st *statement, w *way) Missing {
	action, resource := st.about(x.a.action), x.about(st)
	switch {
	case st.deny || !action && !resource:
		return ""
	case action && resource && !w.alive(x.a.at):
		return MissingExpired
	case !w.alive(x.a.at):
		return ""
	case action && resource: // what is void lacks the same
		return MissingCondition
	case resource:
		return MissingAction
	}
	return MissingResource
}

// add keeps the nearest of a list in order.
func add(list []Reason, r Reason) []Reason {
	at, _ := slices.BinarySearchFunc(list, r, func(a, b Reason) int {
		if c := cmp.Compare(closeness[a.Missing], closeness[b.Missing]); c != 0 {
			return c
		}
		return -1 // after its equals
	})
	list = slices.Insert(list, at, r)
	return list[:min(len(list), maxNearest)]
}
