package policy

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
)

// large is the World of the figures that docs/decisions/access-snapshot.md
// promises.
var large = plan{
	users: 100_000, groups: 5_000, roles: 1_000, permissions: 3_000, resources: 10_000, types: 50, actions: 20,
	statements: 3, memberOf: 3, rolesOf: 1, patterns: true,
}

// largest is a group of half of all users.
var largest = testID('g', 5_000)

func largeWorld(b *testing.B) (World, *Snapshot, []Question) {
	d := newDie(1)
	w := d.world(large)
	w.Groups = append(w.Groups, largest)
	for _, u := range w.Users[:50_000] {
		w.Members = append(w.Members, Membership{largest, u})
	}
	s := Compile(w)
	qs := make([]Question, 1<<16)
	allowed := 0
	for i := range qs {
		qs[i] = d.question(&w)
		if s.Decide(qs[i]).Allow {
			allowed++
		}
	}
	b.Logf("%d users, %d memberships, %d assignments, allowed %.2f", len(w.Users), len(w.Members), len(w.Assignments), float64(allowed)/float64(len(qs)))
	return w, s, qs
}

func BenchmarkDecideByName(b *testing.B) {
	_, s, qs := largeWorld(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.Decide(qs[i&(len(qs)-1)])
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

// BenchmarkThreeLookUps is the yardstick of BenchmarkDecideByName: what it costs
// on this machine to find the subject, the action and the resource of the same
// questions in maps of Go, and to decide nothing.
func BenchmarkThreeLookUps(b *testing.B) {
	w, _, qs := largeWorld(b)
	subjects, actions, resources := map[identity.ID]uint32{}, map[string]uint32{}, map[[2]string]uint32{}
	for i, u := range w.Users {
		subjects[u] = uint32(i)
	}
	for i, a := range w.Actions {
		actions[a.Name] = uint32(i)
	}
	slugs := map[identity.ID]string{}
	for _, t := range w.ResourceTypes {
		slugs[t.ID] = t.Slug
	}
	for i, r := range w.Resources {
		resources[[2]string{slugs[r.Type], r.Slug}] = uint32(i)
	}
	i, sum := 0, uint32(0)
	for b.Loop() {
		q := &qs[i&(len(qs)-1)]
		id, _ := identity.ParseID(q.Subject.ID)
		sum += subjects[id] + actions[q.Action] + resources[[2]string{q.Resource.Type, q.Resource.ID}]
		i++
	}
	runtime.KeepAlive(sum)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "questions/s")
}

func BenchmarkDecideExplained(b *testing.B) {
	_, s, qs := largeWorld(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.Explain(qs[i&(len(qs)-1)])
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

// took runs f many times and reports the 99th percentile.
func took(b *testing.B, f func(i int)) {
	var all []time.Duration
	i := 0
	for b.Loop() {
		start := time.Now()
		f(i)
		all = append(all, time.Since(start))
		i++
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
}

func BenchmarkSearchSubjects(b *testing.B) {
	_, s, qs := largeWorld(b)
	took(b, func(i int) {
		q := qs[i&(len(qs)-1)]
		q.Subject.Type = "user"
		s.SearchSubjects(q, "", 100)
	})
}

func BenchmarkSearchResources(b *testing.B) {
	_, s, qs := largeWorld(b)
	took(b, func(i int) { s.SearchResources(qs[i&(len(qs)-1)], "", 100) })
}

func BenchmarkCompile(b *testing.B) {
	w, _, _ := largeWorld(b)
	var s *Snapshot
	took(b, func(int) { s = Compile(w) })
	b.ReportMetric(retained(func() any { return Compile(newDie(1).world(large)) }), "MB-retained")
	runtime.KeepAlive(s)
}

// retained returns by how many MB the heap grows by what f makes.
func retained(f func() any) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	x := f()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(x)
	return float64(after.HeapAlloc-before.HeapAlloc) / 1e6
}

func BenchmarkApplyAssignment(b *testing.B) {
	_, s, _ := largeWorld(b)
	for name, a := range map[string]identity.Assignment{
		"of a user":          {ID: testID('y', 1), Type: identity.UserSubject, Subject: testID('u', 77), Role: testID('o', 500)},
		"of 50,000":          {ID: testID('y', 1), Type: identity.GroupSubject, Subject: largest, Role: testID('o', 500)},
		"of 50,000 expiring": {ID: testID('y', 1), Type: identity.GroupSubject, Subject: largest, Role: testID('o', 500), Expires: now},
	} {
		b.Run(name, func(b *testing.B) {
			given := s.Apply(Delta{Put: World{Assignments: []identity.Assignment{a}}})
			took(b, func(i int) {
				if i%2 == 0 {
					s.Apply(Delta{Put: World{Assignments: []identity.Assignment{a}}})
				} else {
					given.Apply(Delta{Gone: []identity.ID{a.ID}})
				}
			})
		})
	}
}

func BenchmarkApplyRole(b *testing.B) {
	w, s, _ := largeWorld(b)
	took(b, func(i int) { s.Apply(Delta{Put: World{Roles: w.Roles[i%len(w.Roles):][:1]}}) })
}
