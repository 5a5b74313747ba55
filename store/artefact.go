package store

import (
	"context"
	"slices"
	"time"

	"github.com/muster-id/muster/identity"
)

const (
	putArtefact = `
INSERT INTO artefact (org_id, kind, hash, subject, version, created, expires, consumed, data)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (org_id, kind, hash) DO NOTHING`
	artefactColumns = `org_id, kind, hash, subject, version, created, expires, consumed, data`
	getArtefact     = `SELECT ` + artefactColumns + ` FROM artefact WHERE org_id = $1 AND kind = $2 AND hash = $3`
	updateArtefact  = `
UPDATE artefact
   SET version = version + 1, data = $1, subject = $2, expires = $3
 WHERE org_id = $4 AND kind = $5 AND hash = $6 AND version = $7 AND consumed = 0`
	consumeArtefact = `
UPDATE artefact
   SET version = version + 1, consumed = $1
 WHERE org_id = $2 AND kind = $3 AND hash = $4 AND consumed = 0 AND expires > $1
RETURNING ` + artefactColumns
	deleteArtefact     = `DELETE FROM artefact WHERE org_id = $1 AND kind = $2 AND hash = $3`
	deleteArtefactsOf  = `DELETE FROM artefact WHERE org_id = $1 AND subject = $2`
	artefactsOfSubject = `
SELECT ` + artefactColumns + `
  FROM artefact
 WHERE org_id = $1 AND subject = $2 AND kind = $3
 ORDER BY created DESC
 LIMIT 500`
)

func scanArtefact(r Rows) identity.Artefact {
	s := scan(r)
	return identity.Artefact{
		Org: s.org(), Kind: s.text(), Hash: s.bytes(), Subject: s.id(), Version: s.int(), Created: s.time(),
		Expires: s.time(), Consumed: s.time(), Data: s.bytes(),
	}
}

// PutArtefact stores a new artefact; Conflict when one of the kind has the hash,
// be it alive or not. The transaction can go on after a Conflict.
func (tx *Tx) PutArtefact(ctx context.Context, a identity.Artefact) error {
	n, err := tx.exec(ctx, putArtefact, a.Org, a.Kind, a.Hash, nullableID(a.Subject), a.Version, millis(a.Created),
		millis(a.Expires), millis(a.Consumed), blob(a.Data))
	if err == nil && n == 0 {
		return identity.NewError(identity.Conflict, "", "That has been used before.")
	}
	if a.Kind == RevokedKind {
		tx.touch(a.Org) // who remembers that a token lives must look again
	}
	return wrap(err, "store an artefact %s", a.Kind)
}

// Artefact returns an artefact, also one that has expired or been consumed, or
// NotFound.
func (tx *Tx) Artefact(ctx context.Context, org identity.OrgID, kind string, hash []byte) (a identity.Artefact, err error) {
	a, err = rowOf(ctx, tx, kind, scanArtefact, getArtefact, org, kind, hash)
	return a, wrap(err, "read an artefact %s", kind)
}

// UpdateArtefact stores the data, the subject and the end of a, one version
// further. It returns Stale when a.Version is not the stored one, and when the
// artefact has been consumed or is gone.
func (tx *Tx) UpdateArtefact(ctx context.Context, a identity.Artefact) error {
	n, err := tx.exec(ctx, updateArtefact, blob(a.Data), nullableID(a.Subject), millis(a.Expires), a.Org, a.Kind, a.Hash, a.Version)
	return wrap(changed(n, err), "update an artefact %s", a.Kind)
}

// ConsumeArtefact uses an artefact up and returns it: of all who ever call it
// for one, one succeeds. It returns NotFound for one that is not there or has
// expired, and Conflict, together with the artefact, for one that was consumed
// before.
func (tx *Tx) ConsumeArtefact(ctx context.Context, org identity.OrgID, kind string, hash []byte, now time.Time) (identity.Artefact, error) {
	var a identity.Artefact
	found := false
	err := tx.each(ctx, func(r Rows) error {
		a, found = scanArtefact(r), true
		return nil
	}, consumeArtefact, millis(now), org, kind, hash)
	if err != nil || found {
		return a, wrap(err, "consume an artefact %s", kind)
	}
	a, err = tx.Artefact(ctx, org, kind, hash)
	switch {
	case err != nil:
		return a, err
	case a.Consumed.IsZero():
		return identity.Artefact{}, notFound(kind)
	}
	return a, identity.NewError(identity.Conflict, "", "That has been used before.")
}

// DeleteArtefact removes an artefact; it is no error if there is none.
func (tx *Tx) DeleteArtefact(ctx context.Context, org identity.OrgID, kind string, hash []byte) error {
	_, err := tx.exec(ctx, deleteArtefact, org, kind, hash)
	return wrap(err, "delete an artefact %s", kind)
}

// EndArtefactsOf removes the artefacts of some kinds that belong to a user or an
// app; no kinds are all of them.
func (tx *Tx) EndArtefactsOf(ctx context.Context, org identity.OrgID, subject identity.ID, kinds []string) error {
	sql, args := deleteArtefactsOf, []any{org, subject}
	if len(kinds) > 0 {
		list, more := listParams(3, kinds)
		sql, args = sql+` AND kind IN (`+list+`)`, slices.Concat(args, more)
	}
	_, err := tx.exec(ctx, sql, args...)
	return wrap(err, "delete the artefacts of %s", subject)
}

// ArtefactsOf lists the latest 500 artefacts of a kind that belong to a user or
// an app, the newest first, also those that have expired or been consumed.
func (tx *Tx) ArtefactsOf(ctx context.Context, org identity.OrgID, subject identity.ID, kind string) (list []identity.Artefact, err error) {
	list, err = rowsOf(ctx, tx, scanArtefact, artefactsOfSubject, org, subject, kind)
	return list, wrap(err, "list the artefacts of %s", subject)
}
