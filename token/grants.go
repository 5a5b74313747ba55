package token

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// A Granted is a grant that lives, as its holder may see it.
type Granted struct {
	ID      identity.ID
	App     identity.ID
	User    identity.ID
	Scopes  []string
	Created time.Time
	Expires time.Time // at the latest
	Refresh bool      // it has a refresh token
}

// Grants lists the grants of a user that live, the newest first, 500 at most.
func (s *Service) Grants(ctx context.Context, org identity.OrgID, user identity.ID) (list []Granted, err error) {
	var all []identity.Grant
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all, err = tx.Grants(ctx, org, user)
		return err
	})
	for _, g := range all {
		if err == nil && s.lives(g) {
			var one Granted
			if one, err = granted(g); err == nil {
				list = append(list, one)
			}
		}
	}
	return list, err
}

// Granted returns one grant that lives, or NotFound.
func (s *Service) Granted(ctx context.Context, org identity.OrgID, id identity.ID) (Granted, error) {
	var g identity.Grant
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		g, err = tx.Grant(ctx, org, id)
		return err
	})
	if err == nil && !s.lives(g) {
		err = identity.NewError(identity.NotFound, "", "There is no such grant.")
	}
	if err != nil {
		return Granted{}, err
	}
	return granted(g)
}

// EndGrant ends a grant with all its tokens; it is no error if it has ended.
func (s *Service) EndGrant(ctx context.Context, org identity.OrgID, id identity.ID) error {
	return s.db.Update(ctx, func(tx *store.Tx) error { return tx.EndGrant(ctx, org, id, s.now()) })
}

func (s *Service) lives(g identity.Grant) bool {
	now := s.now()
	return g.Ended.IsZero() && now.Before(g.Expires) && now.Before(g.Idle)
}

func granted(g identity.Grant) (Granted, error) {
	var said Authorization
	if err := json.Unmarshal(g.Data, &said); err != nil {
		return Granted{}, fmt.Errorf("read grant %s: %w", g.ID, err)
	}
	return Granted{ID: g.ID, App: g.App, User: g.User, Scopes: said.Scopes, Created: g.Created, Expires: g.Expires, Refresh: g.Generation > 0}, nil
}
