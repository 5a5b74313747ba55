package store

import (
	"context"

	"github.com/muster-id/muster/identity"
)

const (
	insertConnection = `
INSERT INTO connection (org_id, id, name, dialect, domain, user_id, rate, disabled, access, created, modified)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	connectionColumns = `c.org_id, c.id, c.name, c.dialect, c.domain, c.user_id, c.rate, c.disabled, c.access, c.created, c.modified`
	getConnection     = `SELECT ` + connectionColumns + ` FROM connection c WHERE c.org_id = $1 AND c.id = $2`
	connectionByName  = `SELECT ` + connectionColumns + ` FROM connection c WHERE c.org_id = $1 AND c.name = $2`
	listConnections   = `SELECT ` + connectionColumns + ` FROM connection c WHERE c.org_id = $1 ORDER BY c.name`
	updateConnection  = `
UPDATE connection
   SET name = $1, dialect = $2, domain = $3, user_id = $4, rate = $5, disabled = $6, access = $7, modified = $8
 WHERE org_id = $9 AND id = $10`
	deleteConnection       = `DELETE FROM connection WHERE org_id = $1 AND id = $2`
	deleteConnectionTokens = `DELETE FROM token WHERE org_id = $1 AND connection_id = $2`
)

func scanConnection(s *scanner) identity.Connection {
	return identity.Connection{
		Org: s.org(), ID: s.id(), Name: s.text(), Dialect: s.text(), Domain: s.text(),
		User: s.id(), Rate: int(s.int()), Disabled: s.bool(), Access: s.bool(), Created: s.time(), Modified: s.time(),
	}
}

// InsertConnection stores a new connection; Conflict when its name is taken.
func (tx *Tx) InsertConnection(ctx context.Context, c identity.Connection) error {
	tx.admin = true
	_, err := tx.exec(ctx, insertConnection, c.Org, c.ID, c.Name, c.Dialect, c.Domain,
		nullableID(c.User), c.Rate, number(c.Disabled), number(c.Access), millis(c.Created), millis(c.Modified))
	return wrap(err, "insert connection %s", c.Name)
}

// Connection returns one connection or NotFound.
func (tx *Tx) Connection(ctx context.Context, org identity.OrgID, id identity.ID) (identity.Connection, error) {
	var c identity.Connection
	err := tx.one(ctx, "connection", func(r Rows) error {
		c = scanConnection(scan(r))
		return nil
	}, getConnection, org, id)
	return c, wrap(err, "read connection %s", id)
}

// ConnectionByName returns one connection or NotFound.
func (tx *Tx) ConnectionByName(ctx context.Context, org identity.OrgID, name string) (identity.Connection, error) {
	var c identity.Connection
	err := tx.one(ctx, "connection", func(r Rows) error {
		c = scanConnection(scan(r))
		return nil
	}, connectionByName, org, name)
	return c, wrap(err, "read connection %q", name)
}

// Connections lists an organisation's connections by name.
func (tx *Tx) Connections(ctx context.Context, org identity.OrgID) ([]identity.Connection, error) {
	var list []identity.Connection
	err := tx.each(ctx, func(r Rows) error {
		list = append(list, scanConnection(scan(r)))
		return nil
	}, listConnections, org)
	return list, wrap(err, "list connections")
}

// UpdateConnection stores every field of c but its ids and creation time.
func (tx *Tx) UpdateConnection(ctx context.Context, c identity.Connection) error {
	tx.admin = true
	err := tx.execOne(ctx, "connection", updateConnection, c.Name, c.Dialect, c.Domain, nullableID(c.User),
		c.Rate, number(c.Disabled), number(c.Access), millis(c.Modified), c.Org, c.ID)
	return wrap(err, "update connection %s", c.ID)
}

// DeleteConnection removes a connection with its tokens; NotFound if there is
// none.
func (tx *Tx) DeleteConnection(ctx context.Context, org identity.OrgID, id identity.ID) error {
	tx.admin = true
	if err := tx.execOne(ctx, "connection", deleteConnection, org, id); err != nil {
		return wrap(err, "delete connection %s", id)
	}
	_, err := tx.exec(ctx, deleteConnectionTokens, org, id)
	return wrap(err, "delete the tokens of connection %s", id)
}
