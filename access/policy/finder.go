package policy

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/muster-id/muster/identity"
)

// A finder finds the numbers of subjects by their ids: a table of numbers in
// parts. The ids are not in it but with the subjects, which a decision reads
// anyway, so that a look-up waits for memory once less than in a map.
type finder [256]finderPart

type finderPart struct {
	slots []uint32 // number + 1, or 0; their count is a power of two
	used  int
}

func hash(id *identity.ID) uint64 {
	a, b := binary.LittleEndian.Uint64(id[:8]), binary.LittleEndian.Uint64(id[8:])
	high, low := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd6e8feb86659fd93)
	return high ^ low
}

// number returns the number of a subject.
func (s *Snapshot) number(id *identity.ID) (uint32, bool) {
	h := hash(id)
	slots := s.index[h>>56].slots
	for i, mask := uint32(h), uint32(len(slots)-1); len(slots) > 0; i++ {
		n := slots[i&mask]
		if n == 0 {
			break
		}
		if s.subject(n-1).id == *id {
			return n - 1, true
		}
	}
	return 0, false
}

// enter adds the number of a subject that has none yet in the table.
func (e *edit) enter(n uint32) {
	s := e.s
	h := hash(&s.subject(n).id)
	p := &s.index[h>>56]
	switch {
	case 2*(p.used+1) > len(p.slots):
		old := p.slots
		p.slots = make([]uint32, max(8, 2*len(old)))
		for _, m := range old {
			if m != 0 {
				p.place(hash(&s.subject(m-1).id), m)
			}
		}
	case !e.ownIndex[h>>56]:
		p.slots = slices.Clone(p.slots)
	}
	e.ownIndex[h>>56] = true
	p.place(h, n+1)
	p.used++
}

func (p *finderPart) place(h uint64, n uint32) {
	i, mask := uint32(h), uint32(len(p.slots)-1)
	for p.slots[i&mask] != 0 {
		i++
	}
	p.slots[i&mask] = n
}
