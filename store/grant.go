package store

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
)

const (
	insertGrant = `
INSERT INTO app_grant (org_id, id, app_id, user_id, session_id, created, idle, expires, ended, generation, rotated, secret, data)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`
	grantColumns = `g.org_id, g.id, g.app_id, g.user_id, g.session_id, g.created, g.idle, g.expires, g.ended,
       g.generation, g.rotated, g.secret, g.data`
	getGrant = `SELECT ` + grantColumns + ` FROM app_grant g WHERE g.org_id = $1 AND g.id = $2`
	// rotateGrant changes no column of an index.
	rotateGrant = `
UPDATE app_grant
   SET generation = generation + 1, rotated = $1, idle = $2
 WHERE org_id = $3 AND id = $4 AND generation = $5 AND ended = 0`
	endGrant      = `UPDATE app_grant SET ended = $1 WHERE org_id = $2 AND id = $3 AND ended = 0`
	endGrantsUser = `UPDATE app_grant SET ended = $1 WHERE org_id = $2 AND user_id = $3 AND ended = 0`
	endGrantsApp  = endGrantsUser + ` AND app_id = $4`
	listGrants    = `
SELECT ` + grantColumns + `
  FROM app_grant g
  JOIN app a ON a.org_id = g.org_id AND a.id = g.app_id
 WHERE g.org_id = $1 AND g.user_id = $2 AND g.ended = 0
 ORDER BY g.id DESC
 LIMIT 500`
	listSessionGrants = `
SELECT ` + grantColumns + `
  FROM app_grant g
  JOIN app a ON a.org_id = g.org_id AND a.id = g.app_id
 WHERE g.org_id = $1 AND g.session_id = $2
 ORDER BY g.id`
)

func scanGrant(r Rows) identity.Grant {
	s := scan(r)
	return identity.Grant{
		Org: s.org(), ID: s.id(), App: s.id(), User: s.id(), Session: s.id(), Created: s.time(), Idle: s.time(),
		Expires: s.time(), Ended: s.time(), Generation: s.int(), Rotated: s.time(), Secret: s.bytes(), Data: s.bytes(),
	}
}

// InsertGrant stores a new grant.
func (tx *Tx) InsertGrant(ctx context.Context, g identity.Grant) error {
	_, err := tx.exec(ctx, insertGrant, g.Org, g.ID, g.App, nullableID(g.User), nullableID(g.Session), millis(g.Created),
		millis(g.Idle), millis(g.Expires), millis(g.Ended), g.Generation, millis(g.Rotated), blob(g.Secret), blob(g.Data))
	return wrap(err, "insert grant %s", g.ID)
}

// Grant returns one grant, also when it has ended, or NotFound.
func (tx *Tx) Grant(ctx context.Context, org identity.OrgID, id identity.ID) (g identity.Grant, err error) {
	g, err = rowOf(ctx, tx, "grant", scanGrant, getGrant, org, id)
	return g, wrap(err, "read grant %s", id)
}

// RotateGrant counts up the generation of a grant. It returns Stale when the
// generation is not from, and when the grant has ended or is gone.
func (tx *Tx) RotateGrant(ctx context.Context, org identity.OrgID, id identity.ID, from int64, now, idle time.Time) error {
	n, err := tx.exec(ctx, rotateGrant, millis(now), millis(idle), org, id, from)
	return wrap(changed(n, err), "rotate grant %s", id)
}

// EndGrant ends a grant; it is no error if it has ended or is not there.
func (tx *Tx) EndGrant(ctx context.Context, org identity.OrgID, id identity.ID, at time.Time) error {
	_, err := tx.exec(ctx, endGrant, millis(at), org, id)
	return wrap(err, "end grant %s", id)
}

// EndGrantsOf ends what a user allowed an app, or every app if that is zero, and
// says how many grants these were.
func (tx *Tx) EndGrantsOf(ctx context.Context, org identity.OrgID, user, app identity.ID, at time.Time) (int, error) {
	sql, args := endGrantsUser, []any{millis(at), org, user}
	if !app.IsZero() {
		sql, args = endGrantsApp, append(args, app)
	}
	n, err := tx.exec(ctx, sql, args...)
	return int(n), wrap(err, "end the grants of %s", user)
}

// Grants lists the latest 500 grants of a user that have not been ended, the
// newest first.
func (tx *Tx) Grants(ctx context.Context, org identity.OrgID, user identity.ID) ([]identity.Grant, error) {
	list, err := rowsOf(ctx, tx, scanGrant, listGrants, org, user)
	return list, wrap(err, "list the grants of %s", user)
}

// GrantsOfSession lists the grants that are bound to a session, also those that
// have ended.
func (tx *Tx) GrantsOfSession(ctx context.Context, org identity.OrgID, session identity.ID) ([]identity.Grant, error) {
	list, err := rowsOf(ctx, tx, scanGrant, listSessionGrants, org, session)
	return list, wrap(err, "list the grants of session %s", session)
}
