package server

import (
	"context"
	"encoding/json"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
)

// userType is the resource type of people.
const userType = "User"

// DeletedPeople calls each with the users in the trash of an organisation, the
// oldest account first.
func (h *House) DeletedPeople(ctx context.Context, by identity.Actor, each func(Person) error) error {
	const page = 500
	types, err := h.Directory.Registry(ctx, by.Org)
	if err != nil {
		return err
	}
	rt := types.TypeByName(userType)
	var after identity.ID
	for {
		list, err := h.Directory.Trash(ctx, by, rt, after, page)
		if err != nil {
			return err
		}
		for _, t := range list {
			p, err := person(json.RawMessage(t.Doc))
			if err != nil {
				return err
			}
			p.ID, p.Modified, p.Deleted = t.ID, t.Modified, t.Deleted
			if err := each(p); err != nil {
				return err
			}
			after = t.ID
		}
		if len(list) < page {
			return nil
		}
	}
}

// RestoreUser brings a user back from the trash, by user name or UUID. Where
// several deleted users had the name, it is the one deleted last.
func (h *House) RestoreUser(ctx context.Context, by identity.Actor, org identity.Organisation, nameOrID string) (Person, error) {
	var found *Person
	id, byID := identity.ParseID(nameOrID)
	err := h.DeletedPeople(ctx, by, func(p Person) error {
		if byID && p.ID == id || !byID && schema.Fold(p.Name) == schema.Fold(nameOrID) {
			if found == nil || p.Deleted.After(found.Deleted) {
				found = &p
			}
		}
		return nil
	})
	if err != nil {
		return Person{}, err
	}
	if found == nil {
		return Person{}, identity.NewError(identity.NotFound, "", "There is no such user among the deleted ones.")
	}
	types, err := h.Directory.Registry(ctx, org.ID)
	if err != nil {
		return Person{}, err
	}
	if _, err := h.Directory.Restore(ctx, by, types.TypeByName(userType), found.ID); err != nil {
		return Person{}, err
	}
	return h.User(ctx, org, found.ID.String())
}
