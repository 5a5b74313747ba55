package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
)

const (
	insertSession = `
INSERT INTO session (org_id, id, user_id, hash, created, seen, idle, expires, ended, auth_time, amr, acr, agent, address, browser)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	sessionColumns = `org_id, id, user_id, hash, created, seen, idle, expires, ended, auth_time, amr, acr, agent, address, browser`
	getSession     = `SELECT ` + sessionColumns + ` FROM session WHERE org_id = $1 AND id = $2`
	sessionByHash  = `SELECT ` + sessionColumns + ` FROM session WHERE org_id = $1 AND hash = $2`
	listSessions   = `
SELECT ` + sessionColumns + `
  FROM session
 WHERE org_id = $1 AND user_id = $2
 ORDER BY id DESC
 LIMIT 500`
	updateSession = `
UPDATE session
   SET hash = $1, seen = $2, idle = $3, expires = $4, auth_time = $5, amr = $6, acr = $7, agent = $8, address = $9, browser = $10
 WHERE org_id = $11 AND id = $12 AND ended = 0`
	// touchSession changes no column of an index.
	touchSession      = `UPDATE session SET seen = $1, idle = $2 WHERE org_id = $3 AND id = $4 AND ended = 0`
	endSession        = `UPDATE session SET ended = $1 WHERE org_id = $2 AND id = $3 AND ended = 0`
	endSessions       = `UPDATE session SET ended = $1 WHERE org_id = $2 AND user_id = $3 AND ended = 0 AND id <> $4 RETURNING id`
	endSessionsGrants = `UPDATE app_grant SET ended = $1 WHERE org_id = $2 AND ended = 0 AND session_id IN (`
)

func scanSession(r Rows) identity.Session {
	s := scan(r)
	return identity.Session{
		Org: s.org(), ID: s.id(), User: s.id(), Hash: s.bytes(), Created: s.time(), Seen: s.time(), Idle: s.time(),
		Expires: s.time(), Ended: s.time(), AuthTime: s.time(), AMR: s.words(), ACR: s.text(), Agent: s.text(),
		Address: s.text(), Browser: s.id(),
	}
}

// InsertSession stores a new session.
func (tx *Tx) InsertSession(ctx context.Context, s identity.Session) error {
	_, err := tx.exec(ctx, insertSession, s.Org, s.ID, s.User, s.Hash, millis(s.Created), millis(s.Seen), millis(s.Idle),
		millis(s.Expires), millis(s.Ended), millis(s.AuthTime), strings.Join(s.AMR, " "), s.ACR, clean(s.Agent),
		clean(s.Address), nullableID(s.Browser))
	return wrap(err, "insert session %s", s.ID)
}

// Session returns one session, also when it has ended, or NotFound.
func (tx *Tx) Session(ctx context.Context, org identity.OrgID, id identity.ID) (identity.Session, error) {
	s, err := rowOf(ctx, tx, "session", scanSession, getSession, org, id)
	return s, wrap(err, "read session %s", id)
}

// SessionByHash returns the session with a cookie, also when it has ended, or
// NotFound.
func (tx *Tx) SessionByHash(ctx context.Context, org identity.OrgID, hash []byte) (identity.Session, error) {
	s, err := rowOf(ctx, tx, "session", scanSession, sessionByHash, org, hash)
	return s, wrap(err, "look up a session")
}

// Sessions lists the latest 500 sessions of a user, the newest first, also those
// that have ended.
func (tx *Tx) Sessions(ctx context.Context, org identity.OrgID, user identity.ID) ([]identity.Session, error) {
	list, err := rowsOf(ctx, tx, scanSession, listSessions, org, user)
	return list, wrap(err, "list the sessions of %s", user)
}

// UpdateSession stores what can change of a session; NotFound if it is not there
// or has ended.
func (tx *Tx) UpdateSession(ctx context.Context, s identity.Session) error {
	err := tx.execOne(ctx, "session", updateSession, s.Hash, millis(s.Seen), millis(s.Idle), millis(s.Expires),
		millis(s.AuthTime), strings.Join(s.AMR, " "), s.ACR, clean(s.Agent), clean(s.Address), nullableID(s.Browser), s.Org, s.ID)
	return wrap(err, "update session %s", s.ID)
}

// TouchSession notes that a session was used; NotFound if it is not there or has
// ended.
func (tx *Tx) TouchSession(ctx context.Context, org identity.OrgID, id identity.ID, seen, idle time.Time) error {
	return wrap(tx.execOne(ctx, "session", touchSession, millis(seen), millis(idle), org, id), "touch session %s", id)
}

// EndSession ends a session and the grants that are bound to it; NotFound if it
// is not there or has ended.
func (tx *Tx) EndSession(ctx context.Context, org identity.OrgID, id identity.ID, at time.Time) error {
	err := tx.execOne(ctx, "session", endSession, millis(at), org, id)
	if err == nil {
		err = tx.endGrantsBound(ctx, org, []identity.ID{id}, at)
	}
	return wrap(err, "end session %s", id)
}

// EndSessions ends every session of a user but one, which may be zero, with the
// grants that are bound to them. It returns those that it ended.
func (tx *Tx) EndSessions(ctx context.Context, org identity.OrgID, user, except identity.ID, at time.Time) ([]identity.ID, error) {
	ended, err := tx.ids(ctx, endSessions, millis(at), org, user, except)
	if err == nil {
		err = tx.endGrantsBound(ctx, org, ended, at)
	}
	return ended, wrap(err, "end the sessions of %s", user)
}

func (tx *Tx) endGrantsBound(ctx context.Context, org identity.OrgID, sessions []identity.ID, at time.Time) error {
	return chunks(sessions, func(part []identity.ID) error {
		list, args := listParams(3, part)
		return tx.queue(ctx, endSessionsGrants+list+`)`, slices.Concat([]any{millis(at), org}, args)...)
	})
}
