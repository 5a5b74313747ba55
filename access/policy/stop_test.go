package policy

import (
	"strconv"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
)

// D55: a search over costly conditions ends when somebody says so.
func TestAttackCostlySearch(t *testing.T) {
	typ, act, role := identity.NewID(), identity.NewID(), identity.NewID()
	w := World{
		Actions:       []Action{{ID: act, Name: "read"}},
		ResourceTypes: []ResourceType{{ID: typ, Slug: "doc", Name: "doc"}},
		Roles:         []Role{{ID: role, Statements: []Statement{{Actions: []string{act.String()}, Resource: "doc/*", Condition: `subject.a eq "b"`}}}},
	}
	for i := range 10 * stopEvery {
		user, doc := identity.NewID(), identity.NewID()
		w.Users = append(w.Users, user)
		w.Assignments = append(w.Assignments, identity.Assignment{ID: identity.NewID(), Role: role, Type: identity.UserSubject, Subject: user})
		w.Resources = append(w.Resources, Resource{ID: doc, Slug: strconv.Itoa(i), Type: typ})
	}
	s := Compile(w)
	asked := 0
	q := Question{Subject: Entity{Type: "user"}, Action: "read", Resource: Entity{Type: "doc", ID: "1"}, At: time.Now()}
	q.Stop = func() bool { asked++; return asked == 3 }
	if ids, more := s.SearchSubjects(q, "", 10); len(ids) > 0 || !more || asked != 3 {
		t.Errorf("SearchSubjects = %v, %v after %d, want none and more after 3", ids, more, asked)
	}
	asked, q.Subject.ID = 0, w.Users[0].String()
	if slugs, more := s.SearchResources(q, "", 10); len(slugs) > 0 || !more || asked != 3 {
		t.Errorf("SearchResources = %v, %v after %d, want none and more after 3", slugs, more, asked)
	}
	q.Stop = nil
	if ids, more := s.SearchSubjects(q, "", 10); len(ids) > 0 || more {
		t.Errorf("SearchSubjects = %v, %v, want the end", ids, more)
	}
}
