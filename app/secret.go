package app

import (
	"context"
	"slices"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

const (
	secretPrefix = secret.TokenPrefix + "secret"
	// shownPrefix is how much of a secret is kept in clear to recognise it by.
	shownPrefix = len(secretPrefix) + 5
	// sealPurpose seals the texts that client_secret_jwt needs.
	sealPurpose = "app secret"
	// maxSecrets is how many secrets of an app may live at a time.
	maxSecrets = 5
)

// An IssuedSecret is a secret with its text, which is shown this once.
type IssuedSecret struct {
	identity.AppSecret
	Text string
}

// A Rotation says how AddSecret replaces secrets.
type Rotation struct {
	Expires time.Time // of the new secret; zero: never
	// Overlap is how long the old secrets go on working at most; 0: for as long
	// as they would have anyway, until somebody revokes them.
	Overlap time.Duration
}

// usesSecret reports whether apps with an authentication method have secrets.
func usesSecret(method string) bool {
	return method == identity.AuthBasic || method == identity.AuthPost || method == identity.AuthSecretJWT
}

// firstSecret gives a new app its secret, if it needs one.
func (s *Service) firstSecret(a *identity.App, expires time.Time) (IssuedSecret, error) {
	if !usesSecret(a.AuthMethod) {
		return IssuedSecret{}, nil
	}
	issued, err := s.newSecret(a, expires)
	if err == nil {
		a.Secrets = append(slices.Clone(a.Secrets), issued.AppSecret)
	}
	return issued, err
}

func (s *Service) newSecret(a *identity.App, expires time.Time) (IssuedSecret, error) {
	at := s.now()
	if !expires.IsZero() && !expires.After(at) {
		return IssuedSecret{}, identity.NewError(identity.Invalid, "expires", "A secret must expire in the future.")
	}
	text := secret.NewToken(secretPrefix)
	out := IssuedSecret{Text: text, AppSecret: identity.AppSecret{
		ID: identity.NewID(), Hash: secret.MAC(s.secretKey, []byte(text)), Prefix: text[:shownPrefix],
		Created: at, Expires: expires,
	}}
	if a.AuthMethod == identity.AuthSecretJWT {
		out.Sealed = s.keys.Seal(sealPurpose, []byte(text))
	}
	return out, nil
}

// AddSecret gives an app a further secret. It is needed too when an app has
// changed to an authentication method with secrets.
func (s *Service) AddSecret(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.ID, r Rotation) (out IssuedSecret, err error) {
	if r.Overlap < 0 {
		return out, identity.NewError(identity.Invalid, "overlap", "An overlap is not negative.")
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		old, err := tx.App(ctx, org, id)
		if err != nil {
			return err
		}
		if err := mayGive(by, old.AppSettings); err != nil {
			return err
		}
		if err := mayConnect(ctx, tx, by, &old); err != nil {
			return err
		}
		if !usesSecret(old.AuthMethod) {
			return identity.NewError(identity.Invalid, "token_endpoint_auth_method", "The app's authentication method uses no secret.")
		}
		if out, err = s.newSecret(&old, r.Expires); err != nil {
			return err
		}
		a := old
		a.Secrets = slices.Clone(old.Secrets)
		if err := s.endSecrets(ctx, tx, &a, out.Created, r.Overlap); err != nil {
			return err
		}
		a.Secrets = append(a.Secrets, out.AppSecret)
		if err := tx.InsertAppSecret(ctx, org, id, out.AppSecret); err != nil {
			return err
		}
		return tx.Record(ctx, s.change(by, identity.Patched, a, old))
	})
	if err != nil {
		return IssuedSecret{}, err
	}
	return out, nil
}

// endSecrets makes the living secrets of an app end after an overlap, unless
// they end earlier anyway. An app that keeps too many is refused one more.
func (s *Service) endSecrets(ctx context.Context, tx *store.Tx, a *identity.App, at time.Time, overlap time.Duration) error {
	alive, until := 0, at.Add(overlap)
	for i, old := range a.Secrets {
		if !old.Alive(at) {
			continue
		}
		alive++
		if overlap == 0 || !old.Alive(until) {
			continue
		}
		a.Secrets[i].Revoked = until
		if err := tx.RevokeAppSecret(ctx, a.Org, a.ID, old.ID, until); err != nil {
			return err
		}
	}
	if alive >= maxSecrets {
		return identity.NewError(identity.Conflict, "secrets", "The app has five secrets that work; revoke one first.")
	}
	return nil
}

// RevokeSecret ends one secret at once. Revoking it again changes nothing.
func (s *Service) RevokeSecret(ctx context.Context, by identity.Actor, org identity.OrgID, id, secretID identity.ID) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		old, err := tx.App(ctx, org, id)
		if err != nil {
			return err
		}
		at := s.now()
		i := slices.IndexFunc(old.Secrets, func(have identity.AppSecret) bool { return have.ID == secretID })
		if i < 0 {
			return identity.NewError(identity.NotFound, "", "The app has no such secret.")
		}
		if !old.Secrets[i].Alive(at) {
			return nil
		}
		if err := tx.RevokeAppSecret(ctx, org, id, secretID, at); err != nil {
			return err
		}
		a := old
		a.Secrets = slices.Clone(old.Secrets)
		a.Secrets[i].Revoked = at
		row := s.change(by, identity.Patched, a, old)
		return tx.Record(ctx, row)
	})
}

// secretMatches reports whether text is a living secret of an app.
func (s *Service) secretMatches(a *identity.App, text string, at time.Time) bool {
	hash, found := secret.MAC(s.secretKey, []byte(text)), false
	for _, have := range a.Secrets {
		if secret.Equal(have.Hash, hash) && have.Alive(at) {
			found = true
		}
	}
	return found
}
