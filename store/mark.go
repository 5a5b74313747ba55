package store

import (
	"sync"
	"sync/atomic"

	"github.com/muster-id/muster/identity"
)

// What is kept of the latest changes of an organisation that somebody follows.
const (
	maxLatest      = 1024
	maxLatestBytes = 256 << 10 // of their diffs
)

// marks count the commits of this process that changed something, by
// organisation.
type marks struct{ byOrg sync.Map } // from identity.OrgID to *orgMark

// An orgMark counts for one organisation, and keeps the latest changes once
// somebody has asked for them.
type orgMark struct {
	n atomic.Uint64

	mu      sync.Mutex
	follows bool
	gap     uint64 // changes are kept of the commits after this one
	latest  []latestChange
	bytes   int
}

type latestChange struct {
	at     uint64 // the commit that made it
	change identity.Change
}

func (m *marks) of(org identity.OrgID) *orgMark {
	if o, ok := m.byOrg.Load(org); ok {
		return o.(*orgMark)
	}
	o, _ := m.byOrg.LoadOrStore(org, new(orgMark))
	return o.(*orgMark)
}

// move takes what an Update has recorded.
func (m *marks) move(wrote map[identity.OrgID][]identity.Change) {
	for org, changes := range wrote {
		m.of(org).move(changes)
	}
}

func (o *orgMark) move(changes []identity.Change) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := o.n.Load() + 1
	if o.follows {
		for _, c := range changes {
			o.latest = append(o.latest, latestChange{at, c})
			o.bytes += len(c.Diff)
		}
		for len(o.latest) > maxLatest || o.bytes > maxLatestBytes {
			o.gap = o.latest[0].at
			o.bytes -= len(o.latest[0].change.Diff)
			o.latest = o.latest[1:]
		}
	}
	o.n.Store(at)
}

// Mark returns a number that moves, before Update returns, whenever this process
// has recorded a change of an organisation or revoked a token of it, or may have:
// an Update whose outcome is unknown moves it too. What it says of one process is
// exact; what others write does not show in it.
func (db *DB) Mark(org identity.OrgID) uint64 { return db.marks.of(org).n.Load() }

// Since returns the changes that this process has recorded of an organisation
// after a mark, and the mark that they lead to. It is false where they are not
// all at hand: the first time that somebody asks, and when they are too many.
func (db *DB) Since(org identity.OrgID, mark uint64) (changes []identity.Change, now uint64, ok bool) {
	o := db.marks.of(org)
	o.mu.Lock()
	defer o.mu.Unlock()
	now = o.n.Load()
	if !o.follows {
		o.follows, o.gap = true, now
	}
	if mark < o.gap {
		return nil, now, false
	}
	for _, l := range o.latest {
		if l.at > mark {
			changes = append(changes, l.change)
		}
	}
	return changes, now, true
}
