package store

import (
	"context"

	"github.com/muster-id/muster/identity"
)

const (
	putSchema = `
INSERT INTO stored_schema (org_id, id, doc, type, required)
VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (org_id, id) DO UPDATE
   SET doc = excluded.doc, type = excluded.type, required = excluded.required`
	listSchemas  = `SELECT id, doc, type, required FROM stored_schema WHERE org_id = $1 ORDER BY id`
	deleteSchema = `DELETE FROM stored_schema WHERE org_id = $1 AND id = $2`
)

// A StoredSchema is a schema that an organisation added.
type StoredSchema struct {
	ID       string // URN
	Doc      []byte // JSON document
	Type     string // name of the resource type that it extends; "" for a type of its own
	Required bool
}

// PutSchema stores a schema, in place of one with the same ID.
func (tx *Tx) PutSchema(ctx context.Context, org identity.OrgID, s StoredSchema) error {
	tx.admin = true
	_, err := tx.exec(ctx, putSchema, org, s.ID, string(s.Doc), s.Type, number(s.Required))
	return wrap(err, "store schema %s", s.ID)
}

// Schemas lists an organisation's schemas by ID.
func (tx *Tx) Schemas(ctx context.Context, org identity.OrgID) ([]StoredSchema, error) {
	var list []StoredSchema
	err := tx.each(ctx, func(r Rows) error {
		s := scan(r)
		list = append(list, StoredSchema{ID: s.text(), Doc: s.bytes(), Type: s.text(), Required: s.bool()})
		return nil
	}, listSchemas, org)
	return list, wrap(err, "list schemas")
}

// DeleteSchema removes a schema; NotFound if there is none.
func (tx *Tx) DeleteSchema(ctx context.Context, org identity.OrgID, id string) error {
	tx.admin = true
	return wrap(tx.execOne(ctx, "schema", deleteSchema, org, id), "delete schema %s", id)
}
