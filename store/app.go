package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/muster-id/muster/identity"
)

const (
	insertApp = `
INSERT INTO app (org_id, id, client_id, disabled, created, modified, version, registration_hash, settings)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	updateApp = `
UPDATE app
   SET disabled = $1, modified = $2, version = version + 1, registration_hash = $3, settings = $4
 WHERE org_id = $5 AND id = $6 AND version = $7`
	appColumns    = `org_id, id, client_id, disabled, created, modified, version, registration_hash, settings`
	getApp        = `SELECT ` + appColumns + ` FROM app WHERE org_id = $1 AND id = $2`
	appByClientID = `SELECT ` + appColumns + ` FROM app WHERE org_id = $1 AND client_id = $2`
	listApps      = `
SELECT ` + appColumns + `
  FROM app
 WHERE org_id = $1 AND client_id > $2
 ORDER BY client_id
 LIMIT $3`
	// Some clients name their app and no organisation.
	orgsOfClient     = `SELECT org_id FROM app WHERE client_id = $1 ORDER BY org_id LIMIT 2`
	deleteApp        = `DELETE FROM app WHERE org_id = $1 AND id = $2`
	deleteAppSecrets = `DELETE FROM app_secret WHERE org_id = $1 AND app_id = $2`

	insertAppSecret = `
INSERT INTO app_secret (org_id, app_id, id, hash, sealed, prefix, created, expires, revoked)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	revokeAppSecret = `UPDATE app_secret SET revoked = $1 WHERE org_id = $2 AND app_id = $3 AND id = $4`
	listAppSecrets  = `
SELECT app_id, id, hash, sealed, prefix, created, expires, revoked
  FROM app_secret
 WHERE org_id = $1 AND app_id IN (`
)

func scanApp(r Rows) (identity.App, error) {
	s := scan(r)
	a := identity.App{
		Org: s.org(), ID: s.id(), ClientID: s.text(), Disabled: s.bool(), Created: s.time(), Modified: s.time(),
		Version: s.int(), RegistrationHash: s.bytes(),
	}
	err := json.Unmarshal(s.view(), &a.AppSettings)
	if err != nil {
		err = fmt.Errorf("the settings of app %s: %w", a.ID, err)
	}
	return a, err
}

// InsertApp stores a new app without its secrets; Conflict when its client id is
// taken.
func (tx *Tx) InsertApp(ctx context.Context, a identity.App) error {
	tx.admin = true
	settings, err := json.Marshal(a.AppSettings)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, insertApp, a.Org, a.ID, a.ClientID, number(a.Disabled), millis(a.Created), millis(a.Modified),
		a.Version, a.RegistrationHash, string(settings))
	return wrap(err, "insert app %s", a.ID)
}

// UpdateApp stores the settings, the state and the registration hash of a, one
// version further. It returns Stale when a.Version is not the stored one.
func (tx *Tx) UpdateApp(ctx context.Context, a identity.App) error {
	tx.admin = true
	settings, err := json.Marshal(a.AppSettings)
	if err != nil {
		return err
	}
	n, err := tx.exec(ctx, updateApp, number(a.Disabled), millis(a.Modified), a.RegistrationHash, string(settings),
		a.Org, a.ID, a.Version)
	return wrap(changed(n, err), "update app %s", a.ID)
}

// App returns one app with its secrets or NotFound.
func (tx *Tx) App(ctx context.Context, org identity.OrgID, id identity.ID) (identity.App, error) {
	a, err := tx.app(ctx, getApp, org, id)
	return a, wrap(err, "read app %s", id)
}

// AppByClientID returns one app with its secrets or NotFound.
func (tx *Tx) AppByClientID(ctx context.Context, org identity.OrgID, clientID string) (identity.App, error) {
	if !storable(clientID) {
		return identity.App{}, notFound("app")
	}
	a, err := tx.app(ctx, appByClientID, org, clientID)
	return a, wrap(err, "look up an app")
}

func (tx *Tx) app(ctx context.Context, sql string, args ...any) (identity.App, error) {
	list := make([]identity.App, 1)
	err := tx.one(ctx, "app", func(r Rows) (err error) {
		list[0], err = scanApp(r)
		return err
	}, sql, args...)
	if err == nil {
		err = tx.appSecrets(ctx, list)
	}
	return list[0], err
}

// Apps lists an organisation's apps with their secrets by client id, after the
// given one.
func (tx *Tx) Apps(ctx context.Context, org identity.OrgID, after string, limit int) ([]identity.App, error) {
	var list []identity.App
	err := tx.each(ctx, func(r Rows) error {
		a, err := scanApp(r)
		list = append(list, a)
		return err
	}, listApps, org, after, limit)
	if err == nil {
		err = chunks(list, func(part []identity.App) error { return tx.appSecrets(ctx, part) })
	}
	return list, wrap(err, "list apps")
}

// appSecrets fills in the secrets of apps of one organisation.
func (tx *Tx) appSecrets(ctx context.Context, apps []identity.App) error {
	ids := make([]identity.ID, len(apps))
	place := make(map[identity.ID]*identity.App, len(apps))
	for i := range apps {
		ids[i], place[apps[i].ID] = apps[i].ID, &apps[i]
	}
	list, args := listParams(2, ids)
	return tx.each(ctx, func(r Rows) error {
		s := scan(r)
		a := place[s.id()]
		a.Secrets = append(a.Secrets, identity.AppSecret{
			ID: s.id(), Hash: s.bytes(), Sealed: s.bytes(), Prefix: s.text(),
			Created: s.time(), Expires: s.time(), Revoked: s.time(),
		})
		return nil
	}, listAppSecrets+list+`) ORDER BY app_id, id`, append([]any{apps[0].Org}, args...)...)
}

// DeleteApp removes an app with its secrets and its roles; NotFound if there is
// none. Its grants and consents show no more, and PurgeSignin removes them: there
// may be one for everybody.
func (tx *Tx) DeleteApp(ctx context.Context, org identity.OrgID, id identity.ID) error {
	tx.admin = true
	err := tx.execOne(ctx, "app", deleteApp, org, id)
	if err == nil {
		err = tx.queue(ctx, deleteAppSecrets, org, id)
	}
	if err == nil {
		_, err = tx.DeleteAssignmentsOf(ctx, org, identity.AppSubject, id)
	}
	return wrap(err, "delete app %s", id)
}

// InsertAppSecret stores a new secret of an app.
func (tx *Tx) InsertAppSecret(ctx context.Context, org identity.OrgID, app identity.ID, s identity.AppSecret) error {
	tx.admin = true
	_, err := tx.exec(ctx, insertAppSecret, org, app, s.ID, s.Hash, s.Sealed, s.Prefix,
		millis(s.Created), millis(s.Expires), millis(s.Revoked))
	return wrap(err, "insert a secret of app %s", app)
}

// RevokeAppSecret ends a secret of an app at a time, which may lie ahead;
// NotFound if there is none.
func (tx *Tx) RevokeAppSecret(ctx context.Context, org identity.OrgID, app, id identity.ID, at time.Time) error {
	tx.admin = true
	return wrap(tx.execOne(ctx, "secret", revokeAppSecret, millis(at), org, app, id), "revoke a secret of app %s", app)
}

// OrganisationOfClient returns the organisation that has an app with a client
// id. NotFound if none has one, or more than one has.
func (tx *Tx) OrganisationOfClient(ctx context.Context, clientID string) (identity.OrgID, error) {
	var list []identity.OrgID
	err := tx.each(ctx, func(r Rows) error {
		list = append(list, scan(r).org())
		return nil
	}, orgsOfClient, clientID)
	if err == nil && len(list) != 1 {
		err = identity.NewError(identity.NotFound, "client_id", "There is no such app.")
	}
	if err != nil {
		return identity.OrgID{}, wrap(err, "find the organisation of an app")
	}
	return list[0], nil
}
