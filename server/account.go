package server

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web/portal"
)

// accounts tells the portal of people and of the apps that they let use their
// accounts.
type accounts struct {
	house *House
	desk  *request.Desk
}

// Organisation finds an organisation by slug. The root organisation has its
// pages at the root of the host and nowhere else.
func (a accounts) Organisation(ctx context.Context, slug string) (identity.Organisation, error) {
	return a.desk.Organisation(ctx, slug)
}

// accountDoc is what an account page shows of a user.
type accountDoc struct {
	UserName    string `json:"userName"`
	DisplayName string `json:"displayName"`
	ExternalID  string `json:"externalId"`
	Language    string `json:"preferredLanguage"`
	Name        struct {
		Given  string `json:"givenName"`
		Family string `json:"familyName"`
	} `json:"name"`
	Groups []struct {
		Display string `json:"display"`
	} `json:"groups"`
}

func selfActor(org identity.OrgID, user identity.ID) identity.Actor {
	return identity.Actor{Kind: identity.ByUser, Org: org, ID: user, Perms: identity.Perms{identity.ResourcesRead, identity.ResourcesWrite}}
}

// Person reads what the account page shows. People whom a directory provisions
// change their profile there.
func (a accounts) Person(ctx context.Context, org identity.OrgID, user identity.ID) (portal.Person, error) {
	var doc accountDoc
	err := a.house.SCIM(ctx, selfActor(org, user), http.MethodGet, users+"/"+user.String(), nil, nil, &doc)
	if err != nil {
		return portal.Person{}, err
	}
	var provisioned bool
	err = a.house.DB.View(ctx, func(tx *store.Tx) error {
		r, err := tx.Get(ctx, org, "User", user)
		if err == nil {
			provisioned = r.External != ""
		}
		return err
	})
	p := portal.Person{
		UserName: doc.UserName, Editable: !provisioned,
		Profile: portal.Profile{Display: doc.DisplayName, Given: doc.Name.Given, Family: doc.Name.Family, Language: doc.Language},
	}
	for _, g := range doc.Groups {
		p.Groups = append(p.Groups, g.Display)
	}
	return p, err
}

// SaveProfile changes what people may change of themselves. An empty value
// removes what was there.
func (a accounts) SaveProfile(ctx context.Context, org identity.OrgID, user identity.ID, p portal.Profile) error {
	ops := []map[string]any{}
	for _, field := range []struct{ path, value string }{
		{"displayName", p.Display}, {"name.givenName", p.Given}, {"name.familyName", p.Family}, {"preferredLanguage", p.Language},
	} {
		op := map[string]any{"op": "replace", "path": field.path, "value": field.value}
		if field.value == "" {
			op = map[string]any{"op": "remove", "path": field.path}
		}
		ops = append(ops, op)
	}
	patch := map[string]any{"schemas": []string{patchSchema}, "Operations": ops}
	var out json.RawMessage
	return a.house.SCIM(ctx, selfActor(org, user), http.MethodPatch, users+"/"+user.String(), nil, patch, &out)
}

// Apps lists what a person has consented to, and the apps that hold a grant of
// theirs which outlives the session although nobody was asked: those that the
// organisation trusts, and API tokens.
func (a accounts) Apps(ctx context.Context, org identity.OrgID, user identity.ID) ([]portal.App, error) {
	var list []identity.Consent
	err := a.house.DB.View(ctx, func(tx *store.Tx) (err error) {
		if list, err = tx.Consents(ctx, org, user); err != nil {
			return err
		}
		grants, err := tx.Grants(ctx, org, user)
		list = withLasting(list, grants, time.Now())
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []portal.App
	for _, c := range list {
		o, err := a.house.Apps.ByID(ctx, org, c.App)
		if identity.KindOf(err) == identity.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, portal.App{ID: c.App, Name: o.Name, Link: o.ClientURI, Scopes: c.Scopes, Since: c.Created, Trusted: o.Trusted})
	}
	return out, nil
}

// withLasting adds the grants that live on without a session to the consents.
func withLasting(list []identity.Consent, grants []identity.Grant, now time.Time) []identity.Consent {
	for _, g := range grants {
		lasts := g.Generation > 0 && g.Session.IsZero() && now.Before(g.Idle) && now.Before(g.Expires)
		if !lasts || slices.ContainsFunc(list, func(c identity.Consent) bool { return c.App == g.App }) {
			continue
		}
		var said token.Authorization
		_ = json.Unmarshal(g.Data, &said) // without its scopes the grant can be ended all the same
		list = append(list, identity.Consent{Org: g.Org, User: g.User, App: g.App, Scopes: said.Scopes, Created: g.Created})
	}
	return list
}

// Withdraw takes a consent back and ends what followed from it, and what an app
// has without one.
func (a accounts) Withdraw(ctx context.Context, org identity.OrgID, user, app identity.ID) error {
	return a.house.DB.Update(ctx, func(tx *store.Tx) error {
		missing := tx.DeleteConsent(ctx, org, user, app)
		if missing != nil && identity.KindOf(missing) != identity.NotFound {
			return missing
		}
		n, err := tx.EndGrantsOf(ctx, org, user, app, time.Now())
		if err == nil && n == 0 {
			err = missing
		}
		return err
	})
}
