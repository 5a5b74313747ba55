package token

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// A Code is an authorization code with what it stands for.
type Code struct {
	Org           identity.OrgID
	Authorization Authorization
	RedirectURI   string // "": the authorization request named none
	Challenge     string // of PKCE, S256; "": none
	JKT           string // of the DPoP key that the authorization request named
	// Grant exists already when tokens were issued together with the code; zero
	// has RedeemCode make one.
	Grant    identity.ID
	Lifetime time.Duration // 0: that of the organisation, usually a minute
}

// A Redemption is what an app presents with a code.
type Redemption struct {
	Code         string
	RedirectURI  string
	Verifier     string
	Confirmation Confirmation // of the key or certificate that the app proved to have
}

// storedCode is a Code as it is kept.
type storedCode struct {
	Authorization Authorization `json:"authorization"`
	RedirectURI   string        `json:"redirect_uri,omitempty"`
	Challenge     string        `json:"code_challenge,omitempty"`
	JKT           string        `json:"dpop_jkt,omitempty"`
	Grant         identity.ID   `json:"grant"`
	HasGrant      bool          `json:"has_grant,omitempty"`
}

// NewCode stores a code for a minute and returns its text.
func (s *Service) NewCode(ctx context.Context, c Code) (string, error) {
	if c.Lifetime == 0 {
		p, err := s.apps.Provider(ctx, c.Org)
		if err != nil {
			return "", err
		}
		c.Lifetime = length(0, p.CodeSeconds)
	}
	kept := storedCode{
		Authorization: c.Authorization, RedirectURI: c.RedirectURI, Challenge: c.Challenge, JKT: c.JKT,
		Grant: c.Grant, HasGrant: !c.Grant.IsZero(),
	}
	if !kept.HasGrant {
		kept.Grant = identity.NewID()
	}
	data, err := json.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("make a code: %w", err)
	}
	text, now := secret.NewToken(codePrefix), s.now()
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		return tx.PutArtefact(ctx, identity.Artefact{
			Org: c.Org, Kind: codeKind, Hash: s.codeHash(text), Subject: c.Authorization.User,
			Created: now, Expires: now.Add(c.Lifetime), Data: data,
		})
	})
	if err != nil {
		return "", fmt.Errorf("store a code: %w", err)
	}
	return text, nil
}

// atOnce is how soon after its use a code may come again without ending its
// grant: apps that send a form twice, or ask two nodes, get one answer and one
// refusal. Whoever stole a code comes later, or was first and has the tokens.
const atOnce = time.Second

func (s *Service) codeHash(text string) []byte { return secret.MAC(s.codeKey, []byte(text)) }

var errCode = NewError(InvalidGrant, "The code is not valid: it was used, has expired or belongs to another app.")

// RedeemCode uses a code up, exactly once, for the app that it was made for, with
// the redirect URI, the verifier (RFC 7636) and the key that belong to it; a
// mismatch is InvalidGrant and leaves the code as it is. Its Grant is there
// when it returns, so that Issue can follow with Request.Grant. A code that
// comes a second time, and not at once, ends the grant.
func (s *Service) RedeemCode(ctx context.Context, app *identity.App, r Redemption) (Code, error) {
	if !strings.HasPrefix(r.Code, codePrefix+"_") || !secret.LooksLikeToken(r.Code) {
		return Code{}, errCode
	}
	b, err := s.begin(ctx, Request{Org: identity.Organisation{ID: app.Org}, App: app})
	if err != nil {
		return Code{}, err
	}
	var kept storedCode
	var refusal error
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		kept, refusal = storedCode{}, nil
		a, err := tx.Artefact(ctx, app.Org, codeKind, s.codeHash(r.Code))
		if identity.KindOf(err) == identity.NotFound {
			refusal = errCode
			return nil
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal(a.Data, &kept); err != nil {
			return err
		}
		if refusal = kept.check(app, r); refusal != nil {
			return nil
		}
		a, err = tx.ConsumeArtefact(ctx, app.Org, codeKind, a.Hash, b.now)
		switch identity.KindOf(err) {
		case identity.NotFound:
			refusal = errCode
			return nil
		case identity.Conflict:
			refusal = errCode
			if b.now.Sub(a.Consumed) < atOnce {
				return nil
			}
			s.log.WarnContext(ctx, "an authorization code was used again; its grant has ended", "org", app.Org, "app", app.ID, "grant", kept.Grant)
			return tx.EndGrant(ctx, app.Org, kept.Grant, b.now)
		}
		if err != nil || kept.HasGrant {
			return err
		}
		// Bound as the tokens will be that follow.
		kept.Authorization.Confirmation = r.Confirmation
		g, err := newGrant(app.Org, kept.Grant, kept.Authorization, b.now, b.idle, b.length)
		if err != nil {
			return err
		}
		return tx.InsertGrant(ctx, g)
	})
	if err != nil {
		return Code{}, fmt.Errorf("redeem a code: %w", err)
	}
	if refusal != nil {
		return Code{}, refusal
	}
	kept.Authorization.Confirmation = r.Confirmation
	return Code{
		Org: app.Org, Authorization: kept.Authorization, RedirectURI: kept.RedirectURI, Challenge: kept.Challenge,
		JKT: kept.JKT, Grant: kept.Grant,
	}, nil
}

// check compares what came with a code with what it was made for.
func (c *storedCode) check(app *identity.App, r Redemption) error {
	switch {
	case c.Authorization.App != app.ID:
		return errCode
	case c.RedirectURI != r.RedirectURI:
		return NewError(InvalidGrant, "The redirect_uri is not that of the authorization request.")
	case c.JKT != "" && c.JKT != r.Confirmation.JKT:
		return NewError(InvalidGrant, "The code is bound to another DPoP key.")
	}
	return checkVerifier(c.Challenge, r.Verifier)
}

// checkVerifier compares a code_verifier with an S256 code_challenge. A verifier
// without a challenge is refused too: somebody cut the challenge out of the
// authorization request (RFC 9700 section 2.1.1).
func checkVerifier(challenge, verifier string) error {
	if challenge == "" && verifier == "" {
		return nil
	}
	if challenge == "" {
		return NewError(InvalidGrant, "There is a code_verifier, but the authorization request had no code_challenge.")
	}
	if verifier == "" {
		return NewError(InvalidGrant, "The code_verifier is missing.")
	}
	if !validVerifier(verifier) {
		return NewError(InvalidGrant, "The code_verifier must have 43 to 128 letters, digits or -._~.")
	}
	sum := sha256.Sum256([]byte(verifier))
	if !secret.Equal([]byte(encoding.EncodeToString(sum[:])), []byte(challenge)) {
		return NewError(InvalidGrant, "The code_verifier does not fit the code_challenge.")
	}
	return nil
}

func validVerifier(v string) bool {
	if len(v) < 43 || len(v) > 128 {
		return false
	}
	for _, c := range []byte(v) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
		default:
			return false
		}
	}
	return true
}
