package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

const (
	// initialKind is the artefact behind an initial access token.
	initialKind = "initial_registration"
	// maxUses is how many apps one initial access token may register.
	maxUses = 10_000
)

// remaining is the data of the artefact behind an initial access token.
type remaining struct {
	Uses int `json:"uses"`
}

// NewInitialToken makes an initial access token, with which apps can be
// registered until it expires, at most uses times.
func (s *Service) NewInitialToken(ctx context.Context, by identity.Actor, org identity.OrgID, expires time.Time, uses int) (string, error) {
	at := s.now()
	switch {
	case !expires.After(at) || expires.After(at.AddDate(1, 0, 0)):
		return "", identity.NewError(identity.Invalid, "expires", "An initial access token expires within a year.")
	case uses < 1 || uses > maxUses:
		return "", identity.NewError(identity.Invalid, "uses", "An initial access token serves 1 to 10000 times.")
	}
	text := secret.NewToken(initialPrefix)
	data, err := json.Marshal(remaining{uses})
	if err != nil {
		return "", err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Organisation(ctx, org); err != nil {
			return err
		}
		if err := tx.PutArtefact(ctx, identity.Artefact{
			Org: org, Kind: initialKind, Hash: secret.MAC(s.initialKey, []byte(text)), Created: at, Expires: expires, Data: data,
		}); err != nil {
			return err
		}
		row := s.change(by, identity.Created, identity.App{Org: org, ID: identity.NewID()}, identity.App{})
		row.Type, row.Paths = "InitialAccessToken", []string{"expires", "uses"}
		row.Diff = fmt.Appendf(nil, `{"expires":[null,%q],"uses":[null,%d]}`, expires.UTC().Format(time.RFC3339), uses)
		return tx.Record(ctx, row)
	})
	if err != nil {
		return "", err
	}
	return text, nil
}

// initial returns the artefact behind an initial access token that still serves.
func (s *Service) initial(ctx context.Context, tx *store.Tx, org identity.OrgID, token string) (identity.Artefact, error) {
	a, err := tx.Artefact(ctx, org, initialKind, secret.MAC(s.initialKey, []byte(token)))
	if identity.KindOf(err) == identity.NotFound || err == nil && !a.Alive(s.now()) {
		return a, badToken()
	}
	return a, err
}

// useInitial uses an initial access token once.
func (s *Service) useInitial(ctx context.Context, tx *store.Tx, org identity.OrgID, token string) error {
	a, err := s.initial(ctx, tx, org, token)
	if err != nil {
		return err
	}
	var left remaining
	if err := json.Unmarshal(a.Data, &left); err != nil {
		return fmt.Errorf("read an initial access token: %w", err)
	}
	if left.Uses <= 1 {
		_, err = tx.ConsumeArtefact(ctx, org, initialKind, a.Hash, s.now())
		if k := identity.KindOf(err); k == identity.Conflict || k == identity.NotFound {
			return badToken()
		}
		return err
	}
	left.Uses--
	if a.Data, err = json.Marshal(left); err != nil {
		return err
	}
	if err = tx.UpdateArtefact(ctx, a); identity.KindOf(err) == identity.Stale {
		return store.ErrRetry // another registration used it at this moment
	}
	return err
}
