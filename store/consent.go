package store

import (
	"context"
	"strings"

	"github.com/muster-id/muster/identity"
)

const (
	putConsent = `
INSERT INTO consent (org_id, user_id, app_id, scopes, created, modified) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (org_id, user_id, app_id) DO UPDATE SET scopes = excluded.scopes, modified = excluded.modified`
	consentColumns = `y.org_id, y.user_id, y.app_id, y.scopes, y.created, y.modified`
	getConsent     = `SELECT ` + consentColumns + ` FROM consent y WHERE y.org_id = $1 AND y.user_id = $2 AND y.app_id = $3`
	listConsents   = `
SELECT ` + consentColumns + `
  FROM consent y
  JOIN app a ON a.org_id = y.org_id AND a.id = y.app_id
 WHERE y.org_id = $1 AND y.user_id = $2
 ORDER BY y.app_id`
	deleteConsent = `DELETE FROM consent WHERE org_id = $1 AND user_id = $2 AND app_id = $3`
)

func scanConsent(r Rows) identity.Consent {
	s := scan(r)
	return identity.Consent{
		Org: s.org(), User: s.id(), App: s.id(), Scopes: s.words(), Created: s.time(), Modified: s.time(),
	}
}

// PutConsent stores what a user allows an app, in place of what there was; the
// time of the first consent stays.
func (tx *Tx) PutConsent(ctx context.Context, c identity.Consent) error {
	_, err := tx.exec(ctx, putConsent, c.Org, c.User, c.App, strings.Join(c.Scopes, " "), millis(c.Created), millis(c.Modified))
	return wrap(err, "store the consent of %s", c.User)
}

// Consent returns what a user allows an app or NotFound.
func (tx *Tx) Consent(ctx context.Context, org identity.OrgID, user, app identity.ID) (c identity.Consent, err error) {
	c, err = rowOf(ctx, tx, "consent", scanConsent, getConsent, org, user, app)
	return c, wrap(err, "read the consent of %s", user)
}

// Consents lists what a user allows the apps that there are.
func (tx *Tx) Consents(ctx context.Context, org identity.OrgID, user identity.ID) (list []identity.Consent, err error) {
	list, err = rowsOf(ctx, tx, scanConsent, listConsents, org, user)
	return list, wrap(err, "list the consents of %s", user)
}

// DeleteConsent takes back what a user allowed an app; NotFound if that is
// nothing.
func (tx *Tx) DeleteConsent(ctx context.Context, org identity.OrgID, user, app identity.ID) error {
	return wrap(tx.execOne(ctx, "consent", deleteConsent, org, user, app), "delete the consent of %s", user)
}
