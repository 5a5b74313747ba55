package store

import (
	"context"

	"github.com/muster-id/muster/identity"
)

const (
	insertOrganisation = `
INSERT INTO organisation (org_id, parent, slug, name, created, modified)
VALUES ($1, $2, $3, $4, $5, $6)`
	organisationColumns = `org_id, parent, slug, name, created, modified`
	getOrganisation     = `SELECT ` + organisationColumns + ` FROM organisation WHERE org_id = $1`
	organisationBySlug  = `SELECT ` + organisationColumns + ` FROM organisation WHERE slug = $1`
	listOrganisations   = `
SELECT ` + organisationColumns + `
  FROM organisation
 WHERE slug > $1
 ORDER BY slug
 LIMIT $2`
	updateOrganisation = `
UPDATE organisation
   SET parent = $1, slug = $2, name = $3, modified = $4
 WHERE org_id = $5`
	holdOrganisation = `UPDATE organisation SET modified = modified WHERE org_id = $1`
)

// organisationTables are the tables with rows of an organisation, in the order
// in which they are emptied.
var organisationTables = []string{
	"token", "connection", "stored_schema", "attr_token", "unique_value",
	"member", "trash_member", "trash", "credential", "tally", "change", "async_request", "event",
	"app", "app_secret", "session", "app_grant", "consent", "artefact", "authenticator", "verified", "attempt",
	"signing_key", "org_setting", "domain", "assignment", "job",
	"resource", "organisation",
}

func scanOrganisation(r Rows) identity.Organisation {
	s := scan(r)
	return identity.Organisation{
		ID: s.org(), Parent: s.org(), Slug: s.text(), Name: s.text(),
		Created: s.time(), Modified: s.time(),
	}
}

// InsertOrganisation stores a new organisation; Conflict when the slug is taken.
func (tx *Tx) InsertOrganisation(ctx context.Context, o identity.Organisation) error {
	tx.admin = true
	tx.touch(o.ID)
	_, err := tx.exec(ctx, insertOrganisation, o.ID, parent(o), o.Slug, o.Name, millis(o.Created), millis(o.Modified))
	return wrap(err, "insert organisation %s", o.Slug)
}

func parent(o identity.Organisation) any {
	if o.Parent.IsZero() {
		return nil
	}
	return o.Parent
}

// Organisation returns one organisation or NotFound.
func (tx *Tx) Organisation(ctx context.Context, id identity.OrgID) (identity.Organisation, error) {
	o, err := rowOf(ctx, tx, "organisation", scanOrganisation, getOrganisation, id)
	return o, wrap(err, "read organisation %s", id)
}

// OrganisationBySlug returns one organisation or NotFound.
func (tx *Tx) OrganisationBySlug(ctx context.Context, slug string) (identity.Organisation, error) {
	o, err := rowOf(ctx, tx, "organisation", scanOrganisation, organisationBySlug, slug)
	return o, wrap(err, "read organisation %s", slug)
}

// Organisations lists organisations by slug, after the given one.
func (tx *Tx) Organisations(ctx context.Context, after string, limit int) ([]identity.Organisation, error) {
	list, err := rowsOf(ctx, tx, scanOrganisation, listOrganisations, after, limit)
	return list, wrap(err, "list organisations")
}

// UpdateOrganisation stores the slug, name, parent and modification time of o.
func (tx *Tx) UpdateOrganisation(ctx context.Context, o identity.Organisation) error {
	tx.admin = true
	tx.touch(o.ID)
	err := tx.execOne(ctx, "organisation", updateOrganisation, parent(o), o.Slug, o.Name, millis(o.Modified), o.ID)
	return wrap(err, "update organisation %s", o.ID)
}

// Hold keeps off, until this transaction ends, all others that hold the same
// organisation. What is read afterwards is what the last one left.
func (tx *Tx) Hold(ctx context.Context, id identity.OrgID) error {
	return wrap(tx.execOne(ctx, "organisation", holdOrganisation, id), "hold organisation %s", id)
}

// DeleteOrganisation removes an organisation with all of its rows; NotFound if
// there is none.
func (tx *Tx) DeleteOrganisation(ctx context.Context, id identity.OrgID) error {
	tx.admin = true
	tx.touch(id)
	if q := tx.db.dialect.Search.Clear; q != "" {
		if _, err := tx.exec(ctx, q, id); err != nil {
			return wrap(err, "delete organisation %s", id)
		}
	}
	for _, table := range organisationTables {
		n, err := tx.exec(ctx, `DELETE FROM `+table+` WHERE org_id = $1`, id)
		if err != nil {
			return wrap(err, "delete organisation %s", id)
		}
		if table == "organisation" && n == 0 {
			return notFound("organisation")
		}
	}
	return nil
}
