package store_test

import (
	"encoding/binary"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/sqlite"
)

// BenchmarkSignIn measures what requests for tokens cost on SQLite, written to
// disk, from 16 sides at once.
func BenchmarkSignIn(b *testing.B) {
	db, err := sqlite.Open(b.Context(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	c := &crowd{db: db, org: identity.NewOrgID()}
	ann := c.person(b, 1)
	grants := make([]identity.Grant, 20_000)
	for lo := 0; lo < len(grants); lo += 1000 {
		err := db.Update(b.Context(), func(tx *store.Tx) error {
			if lo == 0 {
				if err := tx.InsertOrganisation(b.Context(), identity.Organisation{ID: c.org, Slug: "o"}); err != nil {
					return err
				}
				if err := tx.Insert(b.Context(), ann); err != nil {
					return err
				}
			}
			for i := lo; i < lo+1000; i++ {
				s := newSession(c.org, ann.ID, now)
				grants[i] = identity.Grant{
					Org: c.org, ID: identity.NewID(), App: ann.ID, User: ann.ID, Session: s.ID, Created: now, Idle: now.Add(time.Hour),
					Expires: now.Add(time.Hour), Generation: 1, Secret: make([]byte, 32), Data: make([]byte, 300),
				}
				if err := tx.InsertSession(b.Context(), s); err != nil {
					return err
				}
				if err := tx.InsertGrant(b.Context(), grants[i]); err != nil {
					return err
				}
				if err := tx.PutArtefact(b.Context(), newArtefact(c.org, uint64(i), now)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	each := func(name string, run func(func(*store.Tx) error) error, do func(tx *store.Tx, i uint64) error) {
		b.Run(name, func(b *testing.B) {
			b.SetParallelism(8)
			b.ReportAllocs()
			var next atomic.Uint64
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := next.Add(1)
					if err := run(func(tx *store.Tx) error { return do(tx, i) }); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
	view := func(fn func(*store.Tx) error) error { return db.View(b.Context(), fn) }
	update := func(fn func(*store.Tx) error) error { return db.Update(b.Context(), fn) }
	each("Alive", view, func(tx *store.Tx, i uint64) error {
		g := &grants[i%uint64(len(grants))]
		l, err := tx.Alive(b.Context(), c.org, store.Bearer{Grant: g.ID, Session: g.Session, User: g.User, Revoked: g.Secret})
		if !l.GrantAlive || !l.SessionAlive || !l.UserActive {
			b.Errorf("dead: %+v", l)
		}
		return err
	})
	turns := make([]atomic.Int64, len(grants))
	each("RotateGrant", update, func(tx *store.Tx, i uint64) error {
		n := i % uint64(len(grants))
		err := tx.RotateGrant(b.Context(), c.org, grants[n].ID, 1+turns[n].Load(), now, now)
		if err == nil {
			turns[n].Add(1)
		}
		return err
	})
	each("ConsumeArtefact", update, func(tx *store.Tx, i uint64) error {
		a := newArtefact(c.org, i%uint64(len(grants)), now)
		_, err := tx.ConsumeArtefact(b.Context(), c.org, a.Kind, a.Hash, now)
		if identity.KindOf(err) == identity.Conflict { // round for the second time
			err = nil
		}
		return err
	})
	each("InsertSession", update, func(tx *store.Tx, _ uint64) error {
		return tx.InsertSession(b.Context(), newSession(c.org, ann.ID, now))
	})
	var put atomic.Uint64
	put.Store(1 << 32)
	each("PutArtefact", update, func(tx *store.Tx, _ uint64) error {
		return tx.PutArtefact(b.Context(), newArtefact(c.org, put.Add(1), now))
	})
}

func newSession(org identity.OrgID, user identity.ID, now time.Time) identity.Session {
	id := identity.NewID()
	return identity.Session{
		Org: org, ID: id, User: user, Hash: id[:], Created: now, Seen: now, Idle: now.Add(time.Hour), Expires: now.Add(time.Hour),
		AuthTime: now, AMR: []string{"pwd"}, ACR: "1", Agent: "Mozilla/5.0 (X11; Linux x86_64)", Address: "192.0.2.1",
	}
}

func newArtefact(org identity.OrgID, n uint64, now time.Time) identity.Artefact {
	hash := make([]byte, 32)
	binary.LittleEndian.PutUint64(hash, n*0x9E3779B97F4A7C15) // far apart, as hashes are
	return identity.Artefact{Org: org, Kind: "code", Hash: hash, Version: 1, Created: now, Expires: now.Add(time.Minute), Data: make([]byte, 300)}
}
