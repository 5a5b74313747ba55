package store

import (
	"context"

	"github.com/muster-id/muster/identity"
)

const (
	insertDomain  = `INSERT INTO domain (org_id, name, verified, created) VALUES ($1, $2, $3, $4)`
	updateDomain  = `UPDATE domain SET verified = $1 WHERE org_id = $2 AND name = $3`
	domainColumns = `org_id, name, verified, created`
	// Who asks knows no organisation yet; name is unique everywhere.
	domainByName = `SELECT ` + domainColumns + ` FROM domain WHERE name = $1`
	listDomains  = `SELECT ` + domainColumns + ` FROM domain WHERE org_id = $1 ORDER BY name`
	deleteDomain = `DELETE FROM domain WHERE org_id = $1 AND name = $2`
)

func scanDomain(r Rows) identity.Domain {
	s := scan(r)
	return identity.Domain{Org: s.org(), Name: s.text(), Verified: s.time(), Created: s.time()}
}

// PutDomain stores a domain of an organisation, or when it was verified if it is
// there; Conflict when another organisation has it.
func (tx *Tx) PutDomain(ctx context.Context, d identity.Domain) error {
	tx.admin = true
	n, err := tx.exec(ctx, updateDomain, millis(d.Verified), d.Org, d.Name)
	if err == nil && n == 0 {
		_, err = tx.exec(ctx, insertDomain, d.Org, d.Name, millis(d.Verified), millis(d.Created))
	}
	return wrap(err, "store domain %s", d.Name)
}

// DomainByName returns a domain, of whatever organisation, or NotFound.
func (tx *Tx) DomainByName(ctx context.Context, name string) (d identity.Domain, err error) {
	if !storable(name) {
		return d, notFound("domain")
	}
	d, err = rowOf(ctx, tx, "domain", scanDomain, domainByName, name)
	return d, wrap(err, "look up a domain")
}

// Domains lists the domains of an organisation by name.
func (tx *Tx) Domains(ctx context.Context, org identity.OrgID) (list []identity.Domain, err error) {
	list, err = rowsOf(ctx, tx, scanDomain, listDomains, org)
	return list, wrap(err, "list domains")
}

// DeleteDomain removes a domain of an organisation; NotFound if there is none.
func (tx *Tx) DeleteDomain(ctx context.Context, org identity.OrgID, name string) error {
	tx.admin = true
	return wrap(tx.execOne(ctx, "domain", deleteDomain, org, name), "delete domain %s", name)
}
