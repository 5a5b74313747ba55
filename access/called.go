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
