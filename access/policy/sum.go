package policy

import (
	"cmp"
	"math/bits"
	"slices"
)

// A sum adds up the roles of a subject, and gives one and the same slice to
// subjects with the same roles.
type sum struct {
	everyone []uint32
	epoch    uint32
	seen     []uint32 // by role: the epoch in which it was added for good
	passing  []uint32 // for a time
	until    []int64
	roles    []uint32
	temp     []lapse
	slab     []uint32 // from which lists are cut
	recent   [][]uint32
	lapses   map[uint64]*[]lapse
}

// ready prepares for as many roles, and about as many subjects.
func (s *sum) ready(roles, subjects int) {
	s.seen, s.passing, s.until = make([]uint32, roles), make([]uint32, roles), make([]int64, roles)
	s.recent = make([][]uint32, 1<<min(bits.Len(uint(subjects)), 15))
	s.lapses = map[uint64]*[]lapse{}
}

func (s *sum) start() {
	s.epoch++
	s.roles, s.temp = s.roles[:0], s.temp[:0]
}

func (s *sum) add(r uint32) {
	if s.seen[r] != s.epoch {
		s.seen[r] = s.epoch
		s.roles = append(s.roles, r)
	}
}

func (s *sum) lend(l lapse) {
	if s.passing[l.role] != s.epoch {
		s.passing[l.role], s.until[l.role] = s.epoch, l.until
		s.temp = append(s.temp, lapse{role: l.role})
		return
	}
	s.until[l.role] = max(s.until[l.role], l.until)
}

// addRows adds what is assigned to a subject itself.
func (s *sum) addRows(k kind, rows []row) {
	for i := range rows {
		switch r := &rows[i]; {
		case r.kind != k:
		case r.until == never:
			s.add(r.role)
		default:
			s.lend(lapse{r.role, r.until})
		}
	}
}

func (s *sum) addSubject(x *subject) {
	for _, r := range x.roles {
		s.add(r)
	}
	if x.temp != nil {
		for _, l := range *x.temp {
			s.lend(l)
		}
	}
}

// done returns what has been added, sorted; nothing of it is in both.
func (s *sum) done() ([]uint32, *[]lapse) {
	return s.doneRoles(), s.doneTemp()
}

func (s *sum) doneRoles() []uint32 {
	if len(s.roles) == 0 {
		return nil
	}
	slices.Sort(s.roles)
	h := uint64(len(s.roles))
	for _, r := range s.roles {
		h = mix(h, uint64(r))
	}
	same := &s.recent[h>>17&uint64(len(s.recent)-1)]
	if slices.Equal(*same, s.roles) {
		return *same
	}
	*same = s.cut(len(s.roles))
	copy(*same, s.roles)
	return *same
}

// cut returns a new list.
func (s *sum) cut(n int) []uint32 {
	if len(s.slab) < n {
		s.slab = make([]uint32, max(n, slabSize))
	}
	list := s.slab[:n:n]
	s.slab = s.slab[n:]
	return list
}

// slabSize is how many numbers are allocated at once: few, since a list in use
// keeps its neighbours.
const slabSize = 256

func (s *sum) doneTemp() *[]lapse {
	temp := s.temp[:0]
	for _, l := range s.temp {
		if s.seen[l.role] != s.epoch {
			temp = append(temp, lapse{l.role, s.until[l.role]})
		}
	}
	slices.SortFunc(temp, func(a, b lapse) int { return cmp.Compare(a.role, b.role) })
	return s.sameLapses(temp)
}

// sameLapses returns a list that is equal to a sorted one and may be kept.
func (s *sum) sameLapses(temp []lapse) *[]lapse {
	if len(temp) == 0 {
		return nil
	}
	h := uint64(len(temp))
	for _, l := range temp {
		h = mix(mix(h, uint64(l.role)), uint64(l.until))
	}
	if same, ok := s.lapses[h]; ok && slices.Equal(*same, temp) {
		return same
	}
	temp = slices.Clone(temp)
	s.lapses[h] = &temp
	return &temp
}

func mix(h, v uint64) uint64 {
	h = (h ^ v) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}

// sumOne computes the roles of a user or an app, or takes them from what is
// neither.
func (e *edit) sumOne(n uint32) {
	x, l := e.s.subject(n), e.s.links(n)
	e.sum.start()
	if x.kind == user {
		for _, g := range l.parents {
			if p := e.s.subject(g); p.kind == group {
				e.sum.addSubject(p)
			}
		}
		if !x.guest {
			for _, r := range e.sum.everyone {
				e.sum.add(r)
			}
		}
	}
	if x.kind == user || x.kind == app {
		e.sum.addRows(x.kind, l.rows)
	}
	roles, temp := e.sum.done()
	e.settle(n, roles, temp)
}

// settle gives a subject its roles, and notes the differences.
func (e *edit) settle(n uint32, roles []uint32, temp *[]lapse) {
	old := e.s.subject(n)
	if !slices.Equal(old.roles, roles) {
		diff(old.roles, roles, n, e.gained, e.lost)
		e.subject(n).roles = roles
	}
	was, is := lapsesOf(old), []lapse(nil)
	if temp != nil {
		is = *temp
	}
	if slices.Equal(was, is) {
		return
	}
	for _, l := range was {
		e.waned[l.role] = append(e.waned[l.role], n)
	}
	for _, l := range is {
		e.waxed[l.role] = append(e.waxed[l.role], n)
	}
	e.subject(n).temp = temp
}

func lapsesOf(x *subject) []lapse {
	if x.temp == nil {
		return nil
	}
	return *x.temp
}

// diff notes n with each role that only one of two sorted lists has.
func diff(old, now []uint32, n uint32, gained, lost map[uint32][]uint32) {
	for len(old) > 0 || len(now) > 0 {
		switch {
		case len(old) == 0 || len(now) > 0 && now[0] < old[0]:
			gained[now[0]] = append(gained[now[0]], n)
			now = now[1:]
		case len(now) == 0 || old[0] < now[0]:
			lost[old[0]] = append(lost[old[0]], n)
			old = old[1:]
		default:
			old, now = old[1:], now[1:]
		}
	}
}
