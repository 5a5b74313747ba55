package policy

import "github.com/RoaringBitmap/roaring/v2"

// sumGroups computes the roles of groups: their own, and those of the groups
// above them. Groups that contain each other have the same roles. Those that are
// not listed must have theirs already. It is Tarjan's algorithm for strongly
// connected components along parents, without recursion: the depth of nesting is
// up to whoever makes groups.
func (e *edit) sumGroups(groups []uint32) {
	t := tarjan{e: e, local: make(map[uint32]int, len(groups)), nodes: make([]mark, len(groups))}
	for i, g := range groups {
		t.local[g] = i
		t.nodes[i].group = g
	}
	for i := range t.nodes {
		if t.nodes[i].order == 0 {
			t.walk(i)
		}
	}
}

type tarjan struct {
	e       *edit
	local   map[uint32]int
	nodes   []mark
	counter int
	stack   []int // those whose component is not complete
	calls   []int // those whose parents are being looked at
}

// A mark is the state of one group.
type mark struct {
	group      uint32
	order, low int // order is 0 before the visit
	next       int // of the parents
	open       bool
}

func (t *tarjan) enter(i int) {
	t.counter++
	m := &t.nodes[i]
	m.order, m.low, m.open = t.counter, t.counter, true
	t.stack, t.calls = append(t.stack, i), append(t.calls, i)
}

func (t *tarjan) walk(i int) {
	t.enter(i)
	for len(t.calls) > 0 {
		i := t.calls[len(t.calls)-1]
		m := &t.nodes[i]
		parents := t.e.s.links(m.group).parents
		if m.next < len(parents) {
			p, ok := t.local[parents[m.next]]
			m.next++
			switch {
			case !ok:
			case t.nodes[p].order == 0:
				t.enter(p)
			case t.nodes[p].open:
				m.low = min(m.low, t.nodes[p].order)
			}
			continue
		}
		t.calls = t.calls[:len(t.calls)-1]
		if len(t.calls) > 0 {
			up := &t.nodes[t.calls[len(t.calls)-1]]
			up.low = min(up.low, m.low)
		}
		if m.low == m.order {
			at := len(t.stack) - 1
			for t.stack[at] != i {
				at--
			}
			t.component(t.stack[at:])
			t.stack = t.stack[:at]
		}
	}
}

// component gives the groups that contain each other their roles; all groups
// above them have theirs.
func (t *tarjan) component(members []int) {
	sum, s := &t.e.sum, t.e.s
	sum.start()
	for _, i := range members {
		l := s.links(t.nodes[i].group)
		sum.addRows(group, l.rows)
		for _, g := range l.parents {
			p := s.subject(g)
			if j, ok := t.local[g]; p.kind == group && (!ok || !t.nodes[j].open) {
				sum.addSubject(p)
			}
		}
	}
	roles, temp := sum.done()
	for _, i := range members {
		m := &t.nodes[i]
		m.open = false
		t.e.settle(m.group, roles, temp)
	}
}

// finish brings the bitmaps of roles up to date and returns the Snapshot.
func (e *edit) finish() *Snapshot {
	s := e.s
	change(s.holders, e.lost, false)
	change(s.holders, e.gained, true)
	change(s.waning, e.waned, false)
	change(s.waning, e.waxed, true)
	return s
}

// change adds subjects to copies of the bitmaps of roles, or takes them out.
func change(maps []*roaring.Bitmap, changes map[uint32][]uint32, add bool) {
	for r, subjects := range changes {
		b := maps[r].Clone()
		switch {
		case add:
			b.AddMany(subjects)
		case len(subjects) < 16:
			for _, n := range subjects {
				b.Remove(n)
			}
		default:
			b.AndNot(roaring.BitmapOf(subjects...))
		}
		if len(subjects) > 1000 {
			b.RunOptimize()
		}
		maps[r] = b
	}
}
