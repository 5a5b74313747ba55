package directory

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// NewConnection is what CreateConnection asks for.
type NewConnection struct {
	Name    string
	Dialect string      // "": "rfc"
	Domain  string      // provisioning domain of externalId; "": the connection's own
	User    identity.ID // the user behind it, for /Me; zero: none
	Rate    int         // requests a second, 0 without limit
	Access  bool        // it may change roles and permissions
	Expires time.Time   // of its first token; zero: never
}

// maxRate is the highest rate that a connection may be given.
const maxRate = 1_000_000

// CreateConnection makes a connection and its first token. A name that is taken
// in the organisation is a Conflict.
func (d *Directory) CreateConnection(ctx context.Context, by identity.Actor, org identity.OrgID, n NewConnection) (identity.Connection, IssuedToken, error) {
	c, err := d.newConnection(org, n)
	if err != nil {
		return identity.Connection{}, IssuedToken{}, err
	}
	t, err := d.newToken(c.Org, c.ID, n.Expires)
	if err != nil {
		return identity.Connection{}, IssuedToken{}, err
	}
	err = d.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Organisation(ctx, org); err != nil {
			return err
		}
		if err := checkUser(ctx, tx, org, c.User); err != nil {
			return err
		}
		if err := tx.InsertConnection(ctx, c); err != nil {
			return err
		}
		if err := tx.InsertToken(ctx, t.Token); err != nil {
			return err
		}
		return tx.Record(ctx, d.connectionChange(by, c, identity.Created,
			pair{"name", nil, c.Name}, pair{"dialect", nil, c.Dialect}, pair{"domain", nil, c.Domain},
			pair{"rate", nil, c.Rate}, pair{"access", false, c.Access}, pair{"tokens", nil, t.ID.String()}))
	})
	if err != nil {
		return identity.Connection{}, IssuedToken{}, err
	}
	return c, t, nil
}

func (d *Directory) newConnection(org identity.OrgID, n NewConnection) (identity.Connection, error) {
	at := d.now()
	c := identity.Connection{Org: org, ID: identity.NewID(), Name: n.Name, Dialect: n.Dialect, Domain: n.Domain,
		User: n.User, Rate: n.Rate, Access: n.Access, Created: at, Modified: at}
	if c.Dialect == "" {
		c.Dialect = schema.RFC.Name
	}
	if c.Domain == "" {
		c.Domain = c.ID.String()
	}
	if err := checkName("name", c.Name); err != nil {
		return c, err
	}
	if err := checkName("domain", c.Domain); err != nil {
		return c, err
	}
	if _, ok := identity.ParseID(c.Name); ok {
		return c, identity.NewError(identity.Invalid, "name", "The name of a connection must not look like a UUID.")
	}
	if _, ok := schema.DialectByName(c.Dialect); !ok {
		return c, identity.NewError(identity.Invalid, "dialect", "There is no dialect "+c.Dialect+"; choose rfc, strict, entra or okta.")
	}
	if c.Rate < 0 || c.Rate > maxRate {
		return c, identity.NewError(identity.Invalid, "rate", "A rate is between 0 and 1000000 requests a second.")
	}
	return c, nil
}

// checkUser makes sure that the user behind a connection is there.
func checkUser(ctx context.Context, tx *store.Tx, org identity.OrgID, user identity.ID) error {
	if user.IsZero() {
		return nil
	}
	types, err := tx.Locate(ctx, org, []identity.ID{user})
	if err == nil && types[user] != userType {
		err = identity.NewError(identity.Invalid, "user", "There is no user "+user.String()+".")
	}
	return err
}

// Connection finds a connection by name or UUID.
func (d *Directory) Connection(ctx context.Context, org identity.OrgID, nameOrID string) (c identity.Connection, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		if id, ok := identity.ParseID(nameOrID); ok {
			c, err = tx.Connection(ctx, org, id)
		} else {
			c, err = tx.ConnectionByName(ctx, org, nameOrID)
		}
		return err
	})
	return c, err
}

// Connections lists the connections of an organisation by name.
func (d *Directory) Connections(ctx context.Context, org identity.OrgID) (list []identity.Connection, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		list, err = tx.Connections(ctx, org)
		return err
	})
	return list, err
}

// DisableConnection shuts a connection out at once, or lets it in again.
func (d *Directory) DisableConnection(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.ID, disabled bool) error {
	return d.db.Update(ctx, func(tx *store.Tx) error {
		c, err := tx.Connection(ctx, org, id)
		if err != nil || c.Disabled == disabled {
			return err
		}
		c.Disabled, c.Modified = disabled, d.now()
		if err := tx.UpdateConnection(ctx, c); err != nil {
			return err
		}
		return tx.Record(ctx, d.connectionChange(by, c, identity.Patched, pair{"disabled", !disabled, disabled}))
	})
}

// DeleteConnection removes a connection with its tokens. What it provisioned
// stays.
func (d *Directory) DeleteConnection(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.ID) error {
	return d.db.Update(ctx, func(tx *store.Tx) error {
		c, err := tx.Connection(ctx, org, id)
		if err != nil {
			return err
		}
		if err := tx.DeleteConnection(ctx, org, id); err != nil {
			return err
		}
		return tx.Record(ctx, d.connectionChange(by, c, identity.Deleted, pair{"name", c.Name, nil}))
	})
}

func (d *Directory) connectionChange(by identity.Actor, c identity.Connection, kind identity.ChangeKind, p ...pair) identity.Change {
	row := d.change(by, c.Org, kind, "Connection", c.ID, 0)
	row.Paths, row.Diff = diffPairs(p)
	return row
}
