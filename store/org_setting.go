package store

import (
	"context"

	"github.com/muster-id/muster/identity"
)

const (
	getOrgSetting = `SELECT value FROM org_setting WHERE org_id = $1 AND name = $2`
	putOrgSetting = `
INSERT INTO org_setting (org_id, name, value) VALUES ($1, $2, $3)
    ON CONFLICT (org_id, name) DO UPDATE SET value = excluded.value`
)

// OrgSetting returns a setting of an organisation, nil if it is not set.
func (tx *Tx) OrgSetting(ctx context.Context, org identity.OrgID, name string) (value []byte, err error) {
	err = tx.each(ctx, func(r Rows) error {
		value = scan(r).bytes()
		return nil
	}, getOrgSetting, org, name)
	return value, wrap(err, "read setting %s", name)
}

// PutOrgSetting stores a setting of an organisation.
func (tx *Tx) PutOrgSetting(ctx context.Context, org identity.OrgID, name string, value []byte) error {
	tx.admin = true
	_, err := tx.exec(ctx, putOrgSetting, org, name, blob(value))
	return wrap(err, "store setting %s", name)
}
