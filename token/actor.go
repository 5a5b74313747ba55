package token

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// Actor finds the organisation that issued an access token and returns who holds
// it, with the permissions that its scopes open. The token must be meant for us.
// Of what privileged scopes open, an app that acts for itself has
// all, and a person what they are entrusted with. Errors are Unauthenticated.
func (s *Service) Actor(ctx context.Context, text string) (identity.Actor, *Bearer, error) {
	org, err := s.OrganisationOf(ctx, text)
	if err != nil {
		return identity.Actor{}, nil, err
	}
	b, err := s.Inspect(ctx, org, text)
	if err != nil {
		return identity.Actor{}, nil, err
	}
	if !s.forUs(b) {
		return identity.Actor{}, nil, refused()
	}
	by := identity.Actor{Kind: identity.ByApp, Org: org, ID: b.App.ID, Name: b.App.Name}
	if by.Name == "" {
		by.Name = b.ClientID
	}
	if b.User.IsZero() {
		by.Perms = identity.Opened(b.Scopes, identity.AllPerms())
		return by, b, nil
	}
	var entrusted identity.Perms
	err = s.db.View(ctx, func(tx *store.Tx) error {
		user, err := tx.Get(ctx, org, "User", b.User)
		if err == nil {
			by.Kind, by.ID, by.Name = identity.ByUser, b.User, userName(user.Doc)
		}
		return err
	})
	if err != nil {
		return identity.Actor{}, nil, unknown(err)
	}
	if s.entrusted != nil {
		if entrusted, err = s.entrusted(ctx, org, b.User); err != nil {
			return identity.Actor{}, nil, unknown(err)
		}
	}
	by.Perms = identity.Opened(b.Scopes, entrusted)
	return by, b, nil
}

// userName reads what a person signs in with, for the change log.
func userName(doc []byte) string {
	var user struct {
		Name string `json:"userName"`
	}
	_ = json.Unmarshal(doc, &user) // stored by us; without a name the id must do
	return user.Name
}

// forUs reports whether a token may be used with our own API: whether its
// audience is the issuer or an address of ours that belongs to it.
func (s *Service) forUs(b *Bearer) bool {
	for _, aud := range b.Audience {
		rest, ours := strings.CutPrefix(aud, s.public)
		switch {
		case aud == b.Issuer, strings.HasPrefix(aud, b.Issuer+"/") && b.Issuer != s.public:
			return true
		case ours && strings.HasPrefix(rest, "/") && !strings.HasPrefix(rest, "/o/"):
			return true
		}
	}
	return false
}

// OrganisationOf returns the organisation that a token says has issued it, an
// access token or a JWT of another kind. It proves nothing; it is for finding out
// whom to ask about a token that nobody has believed yet. Errors are
// Unauthenticated.
func (s *Service) OrganisationOf(ctx context.Context, text string) (identity.OrgID, error) {
	if org, ok := orgOfOpaque(text); ok {
		return org, nil
	}
	iss, ok := issuerOf(text)
	if !ok {
		return identity.OrgID{}, refused()
	}
	slug, ok := s.OrgOfIssuer(iss)
	if !ok {
		return identity.OrgID{}, refused()
	}
	org, err := s.orgOfSlug(ctx, slug)
	return org, unknown(err)
}
