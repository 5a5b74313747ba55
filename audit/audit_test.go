package audit

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

func TestText(t *testing.T) {
	id, _ := identity.ParseID("0199c0de-0000-7000-8000-000000000001")
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.FixedZone("CET", 3600))
	for name, c := range map[string]struct {
		in   identity.Change
		want string
	}{
		"a value that changes": {
			identity.Change{Kind: identity.Patched, Actor: identity.ByConnection, ActorName: "Entra", Type: "User", Target: id, Version: 3,
				Paths: []string{"title"}, Diff: []byte(`{"title":["Dr","Prof"]}`)},
			`2026-11-21 09:00:00Z connection "Entra" changed User 0199c0de-0000-7000-8000-000000000001 to version 3: title "Dr" -> "Prof"`,
		},
		"a secret, a value that goes, and members": {
			identity.Change{Kind: identity.Patched, Actor: identity.ByCLI, Type: "Group", Paths: []string{"members", "password", "title"},
				Diff: []byte(`{"title":["Dr",null],"members":{"added":["a","b"],"removed":[]}}`)},
			`2026-11-21 09:00:00Z cli changed Group: members +2 -0, password, title "Dr" -> (none)`,
		},
		"something made": {
			identity.Change{Kind: identity.Created, Actor: identity.BySystem, Type: "Organisation", Paths: []string{"slug"}, Diff: []byte(`{"slug":[null,"acme"]}`)},
			`2026-11-21 09:00:00Z system created Organisation: slug "acme"`,
		},
		"control characters": {
			identity.Change{Kind: identity.Deleted, Actor: identity.ByConnection, ActorName: "a\nb\x1b[31m", Type: "User", Paths: []string{"title"}, Diff: []byte("{\"title\":[\"\u202ex\",null]}")},
			`2026-11-21 09:00:00Z connection "a\nb\x1b[31m" deleted User: title "\u202ex"`,
		},
		"a diff that cannot be read": {
			identity.Change{Kind: identity.Patched, Actor: identity.ByCLI, Type: "User", Paths: []string{"title"}, Diff: []byte(`{"ti`)},
			`2026-11-21 09:00:00Z cli changed User: title`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.in.At = at
			if got := Text(c.in); got != c.want {
				t.Errorf("Text =\n%s, want\n%s", got, c.want)
			}
		})
	}
	long := identity.Change{Kind: identity.Created, Type: "User", Paths: []string{"a"}, Diff: []byte(`{"a":[null,"` + strings.Repeat("ä", 500) + `"]}`)}
	if got := Text(long); len(got) > 150 || !strings.HasSuffix(got, "...") {
		t.Errorf("Text of a long value has %d bytes: %s", len(got), got)
	}
}

func TestListPagesByKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		org, other, target := identity.NewOrgID(), identity.NewOrgID(), identity.NewID()
		var ids []identity.ID
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			ids = nil
			for i := range 5 {
				c := identity.Change{Org: org, ID: identity.NewID(), At: time.Now(), Kind: identity.Patched, Actor: identity.ByCLI, Type: "User",
					Target: target, Version: int64(i + 1), Paths: []string{"title"}, Diff: []byte(`{"title":[null,"x"]}`)}
				ids = append(ids, c.ID)
				if err := tx.Record(t.Context(), c); err != nil {
					return err
				}
				c.Org, c.ID = other, identity.NewID()
				if err := tx.Record(t.Context(), c); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		log := New(db)
		var got []identity.ID
		for after := (identity.ID{}); ; {
			page, err := log.List(t.Context(), org, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page {
				got = append(got, c.ID)
				after = c.ID
			}
			if len(page) < 2 {
				break
			}
		}
		if len(got) != 5 || got[0] != ids[0] || got[4] != ids[4] {
			t.Errorf("List page by page = %v, want %v", got, ids)
		}
		of, err := log.Of(t.Context(), org, target, 3)
		if err != nil || len(of) != 3 || of[0].Version != 5 || of[0].Org != org {
			t.Errorf("Of = %+v, %v, want the three newest", of, err)
		}
		line, err := json.Marshal(NewRecord(of[0]))
		if err != nil || !strings.Contains(string(line), `"diff":{"title":[null,"x"]}`) {
			t.Errorf("NewRecord = %s, %v", line, err)
		}
	})
}
