package access

import (
	"context"
	"encoding/json"

	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// UserNames returns what users sign in with, by id; those that are not there are
// left out.
func (s *Service) UserNames(ctx context.Context, org identity.OrgID, users []identity.ID) (map[identity.ID]string, error) {
	names := make(map[identity.ID]string, len(users))
	err := s.db.View(ctx, func(tx *store.Tx) error {
		return addNames(ctx, tx, org, users, names)
	})
	return names, err
}

// SubjectNames returns what those are called to whom roles are given: the user
// names of users, the display names of groups and the client ids of apps. Those
// that are not there are left out.
func (s *Service) SubjectNames(ctx context.Context, org identity.OrgID, list []identity.Assignment) (map[identity.ID]string, error) {
	var want ids
	for _, a := range list {
		want.add(a.Subject)
	}
	names := make(map[identity.ID]string, len(want.list))
	err := s.db.View(ctx, func(tx *store.Tx) error {
		if err := addNames(ctx, tx, org, want.list, names); err != nil {
			return err
		}
		for _, a := range list {
			if a.Type != identity.AppSubject {
				continue
			}
			app, err := tx.App(ctx, org, a.Subject)
			if err == nil {
				names[a.Subject] = app.ClientID
			} else if identity.KindOf(err) != identity.NotFound {
				return err
			}
		}
		return nil
	})
	return names, err
}

// addNames puts into names what some things of an organisation are called.
func addNames(ctx context.Context, tx *store.Tx, org identity.OrgID, list []identity.ID, names map[identity.ID]string) error {
	rows, err := tx.GetMany(ctx, org, list)
	if err != nil {
		return err
	}
	for id, row := range rows {
		if names[id], err = calledBy(row); err != nil {
			return err
		}
	}
	return nil
}

// calledBy returns the name of a role, permission, group or user: for a role not what
// people read, since two may read the same.
func calledBy(r *store.Resource) (string, error) {
	switch r.Type {
	case catalogue.RoleKind:
		t, err := catalogue.Decode[catalogue.Role](r)
		return t.Name, err
	case catalogue.PermissionKind:
		t, err := catalogue.Decode[catalogue.Permission](r)
		return t.Name, err
	case string(identity.GroupSubject), string(identity.UserSubject):
		var said struct{ UserName, DisplayName string } // the rest need not be read in full
		err := json.Unmarshal(r.Doc, &said)
		if r.Type == string(identity.UserSubject) {
			return said.UserName, err
		}
		return said.DisplayName, err
	}
	return "", nil
}
