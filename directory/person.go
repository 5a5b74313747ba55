package directory

import (
	"context"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// Fold returns the form in which user names and e-mail addresses are told
// apart: two with the same fold are the same.
func Fold(text string) string { return schema.Fold(text) }

// A NewPerson is the little that a person begins with who is not provisioned.
type NewPerson struct {
	Name     string // user name
	Email    string // "": none
	Display  string // "": none
	Password string // "": none; it is not judged here
}

// CreatePerson makes an active user in the organisation of the actor. A name
// that is taken is a Conflict.
func (d *Directory) CreatePerson(ctx context.Context, by identity.Actor, n NewPerson) (identity.ID, error) {
	reg, err := d.Registry(ctx, by.Org)
	if err != nil {
		return identity.ID{}, err
	}
	doc := schema.Object{
		"schemas":  []any{"urn:ietf:params:scim:schemas:core:2.0:User"},
		"userName": n.Name, "active": true,
	}
	if n.Display != "" {
		doc["displayName"] = n.Display
	}
	if n.Email != "" {
		doc["emails"] = []any{schema.Object{"value": n.Email, "type": "work", "primary": true}}
	}
	if n.Password != "" {
		doc["password"] = n.Password
	}
	id := identity.NewID()
	out, err := d.Write(ctx, by, []Unit{{{Method: Create, Type: reg.TypeByName(userType), ID: id, Doc: doc}}}, 0)
	if err == nil {
		err = out[0][0].Err
	}
	return id, err
}

// GroupsOf returns the ids of the groups that a resource is in, direct and
// through other groups.
func (d *Directory) GroupsOf(ctx context.Context, org identity.OrgID, member identity.ID) ([]string, error) {
	var ids []string
	err := d.db.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Groups(ctx, org, member)
		for _, g := range rows {
			ids = append(ids, g.ID.String())
		}
		return err
	})
	return ids, err
}
