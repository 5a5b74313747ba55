package token

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// A Renewal is what an app presents with a refresh token.
type Renewal struct {
	Token        string
	Scopes       []string     // nil: all that were granted; else some of them
	Resources    []string     // nil: all that were granted; else some of them
	Confirmation Confirmation // of the key or certificate that the app proved to have
}

const (
	// grace is how long a refresh token that was replaced still answers its
	// successor, for an app that did not hear of it.
	grace = 20 * time.Second
	// keptFor is how often the grant of an app that keeps its refresh token is
	// noted to be in use.
	keptFor = 24 * time.Hour
)

// A refreshToken is what the text of a refresh token says: a grant and the how
// manieth token of it. The rest of the text is computed from the secret of the
// grant, so that a refresh token is not stored and its successor is always the
// same.
type refreshToken struct {
	org        identity.OrgID
	grant      identity.ID
	generation int64
	mac        []byte
}

const refreshSize = 16 + 16 + 8 + 32

func (s *Service) refreshText(g identity.Grant, generation int64) string {
	raw := make([]byte, 0, refreshSize)
	raw = append(raw, g.Org[:]...)
	raw = append(raw, g.ID[:]...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(generation))
	return refreshPrefix + encoding.EncodeToString(append(raw, s.refreshMAC(g, generation)...))
}

// refreshMAC takes the secret of the grant and a key of the installation: who
// reads the database alone cannot make a refresh token.
func (s *Service) refreshMAC(g identity.Grant, generation int64) []byte {
	key := [32]byte(secret.MAC(s.refreshKey, g.Secret))
	said := slices.Concat(g.Org[:], g.ID[:], binary.BigEndian.AppendUint64(nil, uint64(generation)))
	return secret.MAC(key, said)
}

// parseRefresh reads the text of a refresh token, which proves nothing yet.
func parseRefresh(text string) (t refreshToken, ok bool) {
	rest, ok := strings.CutPrefix(text, refreshPrefix)
	if !ok {
		return t, false
	}
	raw, ok := decodeFixed(rest, refreshSize)
	if !ok {
		return t, false
	}
	t.org = identity.OrgID(raw[:16])
	t.grant = identity.ID(raw[16:32])
	t.generation = int64(binary.BigEndian.Uint64(raw[32:40]))
	t.mac = raw[40:]
	return t, t.generation > 0
}

var errRefresh = NewError(InvalidGrant, "The refresh token is not valid: it has been replaced, has expired or belongs to another app.")

// genuine reads the grant of a refresh token and checks the text against its
// secret. ok is false for a text that we never made, or not for this app.
func (s *Service) genuine(ctx context.Context, app *identity.App, text string) (t refreshToken, g identity.Grant, ok bool, err error) {
	t, ok = parseRefresh(text)
	if !ok || t.org != app.Org {
		return t, g, false, nil
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		g, err = tx.Grant(ctx, app.Org, t.grant)
		return err
	})
	if identity.KindOf(err) == identity.NotFound {
		return t, g, false, nil
	}
	if err != nil {
		return t, g, false, err
	}
	ok = g.App == app.ID && t.generation <= g.Generation && secret.Equal(t.mac, s.refreshMAC(g, t.generation))
	return t, g, ok, nil
}

// HolderOf returns whose a refresh token says that it is: the organisation, and
// the client id of the app. It proves nothing; Refresh does. It is for doors
// whose clients present API tokens without naming themselves. A text that is no
// refresh token is InvalidGrant.
func (s *Service) HolderOf(ctx context.Context, text string) (org identity.Organisation, clientID string, err error) {
	t, ok := parseRefresh(text)
	if !ok {
		return org, "", errRefresh
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		g, err := tx.Grant(ctx, t.org, t.grant)
		if err != nil {
			return err
		}
		a, err := tx.App(ctx, t.org, g.App)
		if err != nil {
			return err
		}
		clientID = a.ClientID
		org, err = tx.Organisation(ctx, t.org)
		return err
	})
	if identity.KindOf(err) == identity.NotFound {
		err = errRefresh
	}
	return org, clientID, err
}

// usable reports whether the refresh tokens of a grant work at a time.
func usable(g identity.Grant, now time.Time) bool {
	return g.Ended.IsZero() && now.Before(g.Idle) && now.Before(g.Expires)
}

// rotates reports whether an app gets a new refresh token with every use.
func rotates(app *identity.App) bool {
	return app.Public() || !app.KeepRefreshToken && !app.FAPI
}

// Refresh renews the tokens of a grant. A refresh token that has been replaced
// answers the same successor for 20 seconds more; after that it ends the grant.
// Apps that keep refresh tokens get the same one again; public apps never do.
// Whatever is wrong is an *Error with InvalidGrant, or with InvalidScope or
// InvalidTarget for more than was granted.
func (s *Service) Refresh(ctx context.Context, app *identity.App, r Renewal) (Response, error) {
	t, g, ok, err := s.genuine(ctx, app, r.Token)
	if err != nil {
		return Response{}, fmt.Errorf("refresh: %w", err)
	}
	if !ok || !usable(g, s.now()) {
		return Response{}, errRefresh
	}
	b, err := s.renewal(ctx, app, g, r)
	if err != nil {
		return Response{}, err
	}
	if rotates(b.App) && s.replayed(g, t.generation, b.now) {
		return Response{}, s.endReplayed(ctx, g)
	}
	// Everything is made before the row changes, so that nothing is lost when the
	// user or the app has gone meanwhile.
	next := g.Generation
	if rotates(b.App) && t.generation == g.Generation {
		next++
	}
	out, err := s.issue(ctx, b)
	if err != nil {
		return Response{}, err
	}
	if !rotates(b.App) {
		out.RefreshToken = r.Token
		return out, s.keep(ctx, g, b)
	}
	out.RefreshToken = s.refreshText(g, next)
	if next == g.Generation {
		return out, nil
	}
	return s.advance(ctx, g, b, out)
}

// renewal begins a batch that continues a grant.
func (s *Service) renewal(ctx context.Context, app *identity.App, g identity.Grant, r Renewal) (*batch, error) {
	var a Authorization
	if err := json.Unmarshal(g.Data, &a); err != nil {
		return nil, fmt.Errorf("read grant %s: %w", g.ID, err)
	}
	var err error
	if a.Scopes, err = narrow(a.Scopes, r.Scopes, InvalidScope, "The scope goes beyond what was granted."); err != nil {
		return nil, err
	}
	if err := sameHolder(app, a.Confirmation, r.Confirmation); err != nil {
		return nil, err
	}
	a.Confirmation = r.Confirmation
	a.Nonce = "" // OpenID Connect Core section 12.2
	b, err := s.begin(ctx, Request{
		Org: identity.Organisation{ID: g.Org}, App: app, Authorization: a, Grant: g.ID, IDToken: true, Front: true,
	})
	if err != nil {
		return nil, err
	}
	b.grant = g
	if r.Resources != nil {
		b.Authorization.Resources, err = narrow(b.audience(), r.Resources, InvalidTarget, "The resource goes beyond what was granted.")
	}
	return b, err
}

// narrow returns the part of what was granted that is asked for.
func narrow(granted, asked []string, code, text string) ([]string, error) {
	if asked == nil {
		return granted, nil
	}
	for _, one := range asked {
		if !slices.Contains(granted, one) {
			return nil, NewError(code, text)
		}
	}
	return asked, nil
}

// sameHolder checks that who refreshes is who got the grant. A public app has
// nothing but its key to prove that; another may change its key, but not do
// without one (RFC 9449 section 5).
func sameHolder(app *identity.App, granted, shown Confirmation) error {
	switch {
	case granted.JKT != "" && shown.JKT == "", granted.X5T != "" && shown.X5T == "":
		return NewError(InvalidGrant, "The refresh token is bound to a key that the request does not prove.")
	case app.Public() && granted.JKT != "" && granted.JKT != shown.JKT, app.Public() && granted.X5T != "" && granted.X5T != shown.X5T:
		return NewError(InvalidGrant, "The refresh token is bound to another key.")
	}
	return nil
}

// replayed reports whether a refresh token was replaced too long ago to be an
// honest repetition.
func (s *Service) replayed(g identity.Grant, generation int64, now time.Time) bool {
	return generation < g.Generation-1 || generation == g.Generation-1 && now.Sub(g.Rotated) > grace
}

func (s *Service) endReplayed(ctx context.Context, g identity.Grant) error {
	s.log.WarnContext(ctx, "a refresh token was used again; its grant has ended", "org", g.Org, "app", g.App, "grant", g.ID)
	err := s.db.Update(ctx, func(tx *store.Tx) error { return tx.EndGrant(ctx, g.Org, g.ID, s.now()) })
	if err != nil {
		return fmt.Errorf("end grant %s: %w", g.ID, err)
	}
	return errRefresh
}

// advance makes the next refresh token of a grant the current one. When another
// request was faster, out holds the same successor and is as good.
func (s *Service) advance(ctx context.Context, g identity.Grant, b *batch, out Response) (Response, error) {
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		return tx.RotateGrant(ctx, g.Org, g.ID, g.Generation, b.now, b.now.Add(min(b.idle, g.Expires.Sub(b.now))))
	})
	if err == nil {
		return out, nil
	}
	if identity.KindOf(err) != identity.Stale {
		return Response{}, fmt.Errorf("refresh: %w", err)
	}
	seen, err := s.grant(ctx, g.Org, g.ID)
	if err != nil {
		return Response{}, err
	}
	if !usable(seen, b.now) || seen.Generation != g.Generation+1 {
		return Response{}, errRefresh
	}
	return out, nil
}

// keep notes once a day that a refresh token which is not replaced is in use.
func (s *Service) keep(ctx context.Context, g identity.Grant, b *batch) error {
	if b.now.Sub(g.Rotated) < keptFor {
		return nil
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		return tx.RotateGrant(ctx, g.Org, g.ID, g.Generation, b.now, b.now.Add(min(b.idle, g.Expires.Sub(b.now))))
	})
	if err != nil && identity.KindOf(err) != identity.Stale { // somebody else noted it
		return fmt.Errorf("refresh: %w", err)
	}
	return nil
}

// Revoke ends what a token of the app stands for (RFC 7009): an access token
// alone, or with a refresh token the whole grant. Tokens of others and texts
// that are no tokens change nothing and are no error.
func (s *Service) Revoke(ctx context.Context, app *identity.App, text string) error {
	if strings.HasPrefix(text, refreshPrefix) {
		_, g, ok, err := s.genuine(ctx, app, text)
		if err != nil || !ok {
			return err
		}
		return s.db.Update(ctx, func(tx *store.Tx) error { return tx.EndGrant(ctx, g.Org, g.ID, s.now()) })
	}
	c, err := s.believe(ctx, app.Org, text)
	if identity.KindOf(err) == identity.Unauthenticated {
		return nil
	}
	now := s.now()
	if err != nil || c.ClientID != app.ClientID || !now.Before(moment(c.Expires)) {
		return err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		return tx.PutArtefact(ctx, identity.Artefact{
			Org: app.Org, Kind: store.RevokedKind, Hash: c.hash, Subject: c.ids.user, Created: now, Expires: moment(c.Expires),
		})
	})
	if identity.KindOf(err) == identity.Conflict {
		return nil // revoked before
	}
	return err
}
