package policy

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSnapshotsAreShared has many goroutines ask one snapshot while others make
// new ones from it; it is for the race detector.
func TestSnapshotsAreShared(t *testing.T) {
	d := newDie(5)
	w := d.world(small)
	s := Compile(w)
	q := d.tell(d.question(&w))
	want := s.Decide(q)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			d := newDie(uint64(i))
			for n := range 50 {
				x, _ := d.delta(small, w, n)
				s.Apply(x).Decide(q)
				s.SearchSubjects(d.question(&w), "", 5)
				s.Explain(d.question(&w))
				s.Holders(testID('o', n%small.roles), testID('u', n), 5, now)
				if diff := cmp.Diff(want, s.Decide(q)); diff != "" {
					t.Errorf("another answer after %d changes elsewhere: %s", n, diff)
				}
			}
		})
	}
	wait.Wait()
}
