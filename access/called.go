package access

import (
	"context"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// UserNames returns what users sign in with, by id; those that are not there are
// left out.
func (s *Service) UserNames(ctx context.Context, org identity.OrgID, users []identity.ID) (map[identity.ID]string, error) {
	names := make(map[identity.ID]string, len(users))
	err := s.db.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.GetMany(ctx, org, users)
		for id, row := range rows {
			doc, err := userDocument.Load(row.Doc)
			if err != nil {
				return err
			}
			if name, ok := doc["userName"].(string); ok {
				names[id] = name
			}
		}
		return err
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
		rows, err := tx.GetMany(ctx, org, want.list)
		if err != nil {
			return err
		}
		for id, row := range rows {
			if names[id], err = calledBy(row); err != nil {
				return err
			}
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
