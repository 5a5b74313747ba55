package store

import (
	"testing"

	"github.com/muster-id/muster/identity"
)

func TestSince(t *testing.T) {
	var db DB
	org := identity.NewOrgID()
	write := func(diff string) identity.ID {
		c := identity.Change{Org: org, ID: identity.NewID(), Diff: []byte(diff)}
		db.marks.move(map[identity.OrgID][]identity.Change{org: {c}})
		return c.ID
	}
	write("")
	if _, _, ok := db.Since(org, db.Mark(org)); !ok {
		t.Fatal("nothing was written since the mark")
	}
	if _, _, ok := db.Since(org, 0); ok {
		t.Error("what was written before anybody followed is not at hand")
	}
	mark := db.Mark(org)
	a, b := write(""), write("")
	list, now, ok := db.Since(org, mark)
	if !ok || now != db.Mark(org) || len(list) != 2 || list[0].ID != a || list[1].ID != b {
		t.Errorf("since the mark: %v %d %v", list, now, ok)
	}
	db.marks.move(map[identity.OrgID][]identity.Change{org: nil})
	if list, after, ok := db.Since(org, now); !ok || len(list) != 0 || after <= now {
		t.Errorf("after a commit without changes: %v %d %v", list, after, ok)
	}
	mark = db.Mark(org)
	for range maxLatest + 1 {
		write("")
	}
	if _, _, ok := db.Since(org, mark); ok {
		t.Error("more changes than are kept are not all at hand")
	}
	mark = db.Mark(org)
	write(string(make([]byte, maxLatestBytes+1)))
	if _, _, ok := db.Since(org, mark); ok {
		t.Error("a change that is larger than all that is kept is not at hand")
	}
	if list, _, ok := db.Since(org, db.Mark(org)); !ok || len(list) != 0 {
		t.Error("following goes on after a gap")
	}
}
