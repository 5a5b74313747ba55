package directory

import (
	"context"
	"strings"

	"golang.org/x/net/idna"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// AddDomain says that the people with an e-mail address in a domain belong to an
// organisation: at the sign-in page of the root organisation they are sent to
// that of theirs. Whoever may call it vouches for the domain. One that another
// organisation has is a Conflict.
func (d *Directory) AddDomain(ctx context.Context, by identity.Actor, org identity.OrgID, name string) (identity.Domain, error) {
	if err := by.Need(identity.OrganisationsWrite); err != nil {
		return identity.Domain{}, err
	}
	ascii, err := idna.Lookup.ToASCII(strings.ToLower(strings.TrimSpace(name)))
	if err != nil || !strings.Contains(ascii, ".") || len(ascii) > 253 {
		return identity.Domain{}, identity.NewError(identity.Invalid, "domain", "This is not a domain, as example.com is one.")
	}
	now := d.now()
	dom := identity.Domain{Org: org, Name: ascii, Verified: now, Created: now}
	err = d.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.PutDomain(ctx, dom); err != nil {
			return err
		}
		return tx.Record(ctx, d.domainChange(by, org, pair{"domain", nil, ascii}))
	})
	return dom, err
}

// Domains lists the domains of an organisation by name.
func (d *Directory) Domains(ctx context.Context, org identity.OrgID) (list []identity.Domain, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		list, err = tx.Domains(ctx, org)
		return err
	})
	return list, err
}

// DeleteDomain takes a domain away from an organisation; NotFound if it is not
// its own.
func (d *Directory) DeleteDomain(ctx context.Context, by identity.Actor, org identity.OrgID, name string) error {
	if err := by.Need(identity.OrganisationsWrite); err != nil {
		return err
	}
	return d.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.DeleteDomain(ctx, org, name); err != nil {
			return err
		}
		return tx.Record(ctx, d.domainChange(by, org, pair{"domain", name, nil}))
	})
}

func (d *Directory) domainChange(by identity.Actor, org identity.OrgID, p pair) identity.Change {
	c := d.change(by, org, identity.Patched, "Organisation", identity.ID(org), 0)
	c.Paths, c.Diff = diffPairs([]pair{p})
	return c
}
