package policy

import (
	"math"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
)

// A kind is what a subject is; none is what is named and does not exist.
type kind uint8

const (
	none kind = iota
	user
	group
	app
	kinds
)

func (k kind) String() string {
	return [kinds]string{"", "user", "group", "app"}[k]
}

// kindOf reads the type of a subject as callers write it.
func kindOf(s string) kind {
	switch s {
	case "user":
		return user
	case "group":
		return group
	case "app":
		return app
	}
	for k := user; k < kinds; k++ {
		if strings.EqualFold(s, k.String()) {
			return k
		}
	}
	return none
}

// parseID reads a UUID in any case without allocating.
func parseID(s string) (id identity.ID, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, false
	}
	at := 0
	for i := range id {
		if at == 8 || at == 13 || at == 18 || at == 23 {
			at++
		}
		hi, lo := hexDigit[s[at]], hexDigit[s[at+1]]
		if hi|lo > 15 {
			return identity.ID{}, false
		}
		id[i] = hi<<4 | lo
		at += 2
	}
	return id, true
}

// hexDigit is the value of a hexadecimal digit, 255 for another byte.
var hexDigit = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range byte(10) {
		t['0'+i] = i
	}
	for i := range byte(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()

// A subject is what a decision reads of a user, group or app.
type subject struct {
	id    identity.ID
	roles []uint32 // that it has for good, sorted
	// temp are roles that it has for a time only, sorted by role; nil, if there
	// are none.
	temp     *[]lapse
	kind     kind
	inactive bool
	guest    bool
	_        [8]byte // a line of the cache is 64 bytes
}

// A lapse is a role that ends.
type lapse struct {
	role  uint32
	until int64 // see instant
}

// instant is a time in microseconds, which compares as the time does.
func instant(t time.Time) int64 { return t.UnixMicro() }

// never is the end of what does not end.
const never = math.MaxInt64

// Links are where a subject's roles come from. Their slices are never changed
// in place once a Snapshot is made.
type links struct {
	parents  []uint32 // groups that it is in
	children []uint32 // members of a group
	rows     []row
}

// A row is an assignment to the subject that has it.
type row struct {
	id        identity.ID
	org       identity.OrgID
	role      uint32
	kind      kind // of subject that it speaks of
	inherited bool
	until     int64
	created   int64 // or never, for none
}

// Subjects are kept in chunks, so that a change copies little.
const (
	chunkBits = 7
	chunkSize = 1 << chunkBits
	chunkMask = chunkSize - 1
)

type (
	subjectChunk [chunkSize]subject
	linkChunk    [chunkSize]links
)

// An index finds numbers by id. It is in shards for the same reason.
type index [256]map[identity.ID]uint32

func (x *index) get(id identity.ID) (uint32, bool) {
	n, ok := x[id[15]][id]
	return n, ok
}

// subject returns a subject by its number.
func (s *Snapshot) subject(n uint32) *subject { return &s.subjects[n>>chunkBits][n&chunkMask] }

func (s *Snapshot) links(n uint32) *links { return &s.linked[n>>chunkBits][n&chunkMask] }

// find returns a subject that exists by its id.
func (s *Snapshot) find(id identity.ID) (uint32, *subject) {
	n, ok := s.number(&id)
	if !ok {
		return 0, nil
	}
	if x := s.subject(n); x.kind != none {
		return n, x
	}
	return 0, nil
}
