package app

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// BenchmarkSecret authenticates one app by its secret, as every request to a
// back channel does.
func BenchmarkSecret(b *testing.B) {
	keys, err := secret.FromBytes([]byte(strings.Repeat("k", secret.MasterSize)))
	if err != nil {
		b.Fatal(err)
	}
	db := storetest.SQLite(b)
	org := identity.Organisation{ID: identity.NewOrgID(), Slug: "acme", Created: start, Modified: start}
	if err := db.Update(b.Context(), func(tx *store.Tx) error { return tx.InsertOrganisation(b.Context(), org) }); err != nil {
		b.Fatal(err)
	}
	s := New(Options{DB: db, Keys: keys, Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	a, text, err := s.Create(b.Context(), cli, org.ID, NewApp{AppSettings: web()})
	if err != nil {
		b.Fatal(err)
	}
	c := Credentials{Authorization: basic(a.ClientID, text), Issuer: issuer}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Authenticate(b.Context(), org, c); err != nil {
			b.Fatal(err)
		}
	}
}
