package directory

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// NewOrganisation is what CreateOrganisation asks for.
type NewOrganisation struct {
	Parent identity.OrgID // zero: the root organisation
	Slug   string
	Name   string // "": the slug
}

// maxName is the length in characters of the names that people give.
const maxName = 200

// Root returns the root organisation.
func (d *Directory) Root(ctx context.Context) (identity.Organisation, error) {
	return d.Organisation(ctx, identity.RootSlug)
}

// Organisation finds an organisation by slug or UUID. The slug of the root
// organisation never changes.
func (d *Directory) Organisation(ctx context.Context, slugOrID string) (o identity.Organisation, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		slug := strings.ToLower(slugOrID)
		if id, ok := identity.ParseOrgID(slugOrID); ok {
			o, err = tx.Organisation(ctx, id)
		} else if checkSlug(slug) != nil {
			err = identity.NewError(identity.NotFound, "", "There is no such organisation.")
		} else {
			o, err = tx.OrganisationBySlug(ctx, slug)
		}
		return err
	})
	return o, err
}

// Organisations lists at most limit organisations by slug, those after one;
// "" begins with the first.
func (d *Directory) Organisations(ctx context.Context, after string, limit int) (list []identity.Organisation, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		list, err = tx.Organisations(ctx, after, limit)
		return err
	})
	return list, err
}

// CreateOrganisation makes an organisation below another. A slug that is taken
// anywhere is a Conflict.
func (d *Directory) CreateOrganisation(ctx context.Context, by identity.Actor, n NewOrganisation) (identity.Organisation, error) {
	if n.Name == "" {
		n.Name = n.Slug
	}
	if err := checkNewSlug(n.Slug); err != nil {
		return identity.Organisation{}, err
	}
	if err := checkName("name", n.Name); err != nil {
		return identity.Organisation{}, err
	}
	if n.Parent.IsZero() {
		root, err := d.Root(ctx)
		if err != nil {
			return identity.Organisation{}, err
		}
		n.Parent = root.ID
	}
	at := d.now()
	o := identity.Organisation{ID: identity.NewOrgID(), Parent: n.Parent, Slug: n.Slug, Name: n.Name, Created: at, Modified: at}
	err := d.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Organisation(ctx, n.Parent); err != nil {
			return err
		}
		if err := tx.InsertOrganisation(ctx, o); err != nil {
			return err
		}
		return tx.Record(ctx, d.organisationChange(by, o.ID, identity.Created, o,
			pair{"name", nil, o.Name}, pair{"slug", nil, o.Slug}))
	})
	return o, err
}

// RenameOrganisation changes slug and name; "" leaves one as it is. Addresses
// with the old slug stop working at once. The root organisation keeps its slug.
func (d *Directory) RenameOrganisation(ctx context.Context, by identity.Actor, id identity.OrgID, slug, name string) (o identity.Organisation, err error) {
	if slug != "" {
		if err := checkNewSlug(slug); err != nil {
			return o, err
		}
	}
	if name != "" {
		if err := checkName("name", name); err != nil {
			return o, err
		}
	}
	err = d.db.Update(ctx, func(tx *store.Tx) error {
		if o, err = tx.Organisation(ctx, id); err != nil {
			return err
		}
		old := o
		if slug != "" {
			o.Slug = slug
		}
		if name != "" {
			o.Name = name
		}
		if o == old {
			return nil
		}
		if o.Parent.IsZero() && o.Slug != old.Slug {
			return identity.NewError(identity.Conflict, "slug", "The root organisation keeps its slug.")
		}
		o.Modified = d.now()
		if err := tx.UpdateOrganisation(ctx, o); err != nil {
			return err
		}
		return tx.Record(ctx, d.organisationChange(by, o.ID, identity.Patched, o,
			pair{"name", old.Name, o.Name}, pair{"slug", old.Slug, o.Slug}))
	})
	return o, err
}

// DeleteOrganisation removes an organisation with everything in it, its change
// log included, for good. One that has organisations below it stays, with a
// Conflict; so does the root. The deletion stands in the log of its parent.
func (d *Directory) DeleteOrganisation(ctx context.Context, by identity.Actor, id identity.OrgID) error {
	return d.db.Update(ctx, func(tx *store.Tx) error {
		o, err := tx.Organisation(ctx, id)
		if err != nil {
			return err
		}
		if o.Parent.IsZero() {
			return identity.NewError(identity.Conflict, "", "The root organisation cannot be deleted.")
		}
		below, err := hasBelow(ctx, tx, id)
		if err != nil {
			return err
		}
		if below {
			return identity.NewError(identity.Conflict, "", "The organisation has organisations below it; delete those first.")
		}
		if err := tx.DeleteOrganisation(ctx, id); err != nil {
			return err
		}
		return tx.Record(ctx, d.organisationChange(by, o.Parent, identity.Deleted, o,
			pair{"name", o.Name, nil}, pair{"slug", o.Slug, nil}))
	})
}

// hasBelow reports whether an organisation has others below it.
func hasBelow(ctx context.Context, tx *store.Tx, id identity.OrgID) (bool, error) {
	const page = 500
	for after := ""; ; {
		list, err := tx.Organisations(ctx, after, page)
		if err != nil {
			return false, err
		}
		for _, o := range list {
			if o.Parent == id {
				return true, nil
			}
			after = o.Slug
		}
		if len(list) < page {
			return false, nil
		}
	}
}

// organisationChange is the row for a change to o in the log of org.
func (d *Directory) organisationChange(by identity.Actor, org identity.OrgID, kind identity.ChangeKind, o identity.Organisation, p ...pair) identity.Change {
	c := d.change(by, org, kind, "Organisation", identity.ID(o.ID), 0)
	c.Paths, c.Diff = diffPairs(p)
	return c
}

// checkSlug reports why s cannot be the slug of an organisation. A slug stands
// in URLs beside versions and UUIDs and must not look like one.
func checkSlug(s string) error {
	bad := func(text string) error { return identity.NewError(identity.Invalid, "slug", text) }
	if len(s) < 1 || len(s) > 63 {
		return bad("A slug has 1 to 63 characters.")
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return bad("A slug has lower-case letters, digits and hyphens only.")
		}
	}
	if s[0] == '-' || s[len(s)-1] == '-' {
		return bad("A slug begins and ends with a letter or a digit.")
	}
	if s[0] == 'v' && len(s) > 1 && strings.Trim(s[1:], "0123456789") == "" {
		return bad("A slug must not look like a version.")
	}
	if _, ok := identity.ParseOrgID(s); ok {
		return bad("A slug must not look like a UUID.")
	}
	return nil
}

// checkName reports why s cannot be a name that people read.
func checkName(field, s string) error {
	bad := func(text string) error { return identity.NewError(identity.Invalid, field, text) }
	if s == "" || strings.TrimSpace(s) != s {
		return bad("A name is not empty and does not begin or end with a space.")
	}
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxName {
		return bad("A name has at most 200 characters.")
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return bad("A name has no control characters.")
	}
	return nil
}
