package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/token"
)

// A DemoSignIn is what an app developer needs to try sign-in, and an
// administrator to try the API.
type DemoSignIn struct {
	Issuer                 string
	ClientID, ClientSecret string
	RedirectURI            string
	User, Password         string
	AdminToken             string // opens the API for a day, in every organisation
}

// The apps of the demonstration.
const (
	demoClient   = "demo"
	demoAdmin    = "demo-admin"
	demoRedirect = "http://localhost:8765/callback"
)

// LegacyBlock returns the ways that we do not recommend, all on or all off.
func LegacyBlock(on bool) app.Legacy {
	return app.Legacy{Implicit: on, Hybrid: on, UnsignedRequestURI: on, TokenEndpointAudience: on, SecretJWT: on, Password: on}
}

func (h *House) demoSignIn(ctx context.Context, org identity.Organisation, user string, o DemoOptions) (DemoSignIn, error) {
	d := DemoSignIn{Issuer: h.Tokens.Issuer(org), ClientID: demoClient, RedirectURI: cmp.Or(o.RedirectURI, demoRedirect)}
	home, err := url.Parse(d.RedirectURI)
	if err != nil {
		return d, fmt.Errorf("read the redirect URI: %w", err)
	}
	id, ok := identity.ParseID(user)
	if !ok {
		return d, fmt.Errorf("the user %q has no id", user)
	}
	by := demoActor(org.ID)
	p, err := h.Apps.Provider(ctx, org.ID)
	if err != nil {
		return d, err
	}
	p.Legacy, p.Registration = LegacyBlock(o.Legacy), app.RegistrationOff
	if o.OpenRegistration {
		p.Registration = app.RegistrationOpen
	}
	if err := h.Apps.SetProvider(ctx, by, org.ID, p); err != nil {
		return d, err
	}
	connection, err := h.Directory.Connection(ctx, org.ID, demoConnection)
	if err != nil {
		return d, err
	}
	settings := identity.AppSettings{
		Name: "Demo", Type: identity.WebApp, RedirectURIs: []string{d.RedirectURI},
		PostLogoutRedirectURIs: []string{home.Scheme + "://" + home.Host + "/"},
		GrantTypes:             []string{identity.GrantCode, identity.GrantRefresh, identity.GrantClientCredentials, identity.GrantDevice},
		Scopes: []string{"openid", "profile", "email", "address", "phone", "offline_access", "groups", "roles",
			"scim", "muster:read"},
		Connection: connection.ID.String(), Trusted: true,
	}
	if d.ClientSecret, err = h.demoApp(ctx, org, demoClient, settings); err != nil {
		return d, err
	}
	if err := h.demoTrust(ctx, org); err != nil {
		return d, err
	}
	if d.User, d.Password, err = h.demoPerson(ctx, org, id); err != nil {
		return d, err
	}
	d.AdminToken, err = h.demoAdminToken(ctx)
	return d, err
}

// demoTrust makes the app of the demonstration one that is trusted to read.
func (h *House) demoTrust(ctx context.Context, org identity.Organisation) error {
	a, err := h.Apps.Get(ctx, org.ID, demoClient)
	if err != nil {
		return err
	}
	_, err = h.Access.Assign(ctx, demoActor(org.ID), identity.Assignment{
		Role: identity.ServiceAccount, Type: identity.AppSubject, Subject: a.ID,
	})
	return err
}

// demoApp makes an app, or gives the one that is there a new secret and these
// addresses, and ends the old secrets.
func (h *House) demoApp(ctx context.Context, org identity.Organisation, name string, s identity.AppSettings) (secret string, err error) {
	by := demoActor(org.ID)
	old, err := h.Apps.Get(ctx, org.ID, name)
	if identity.KindOf(err) == identity.NotFound {
		_, secret, err = h.Apps.Create(ctx, by, org.ID, app.NewApp{ClientID: name, AppSettings: s})
		return secret, err
	}
	if err != nil {
		return "", err
	}
	_, err = h.Apps.Update(ctx, by, org.ID, old.ID, func(now *identity.AppSettings) error {
		now.RedirectURIs, now.PostLogoutRedirectURIs = s.RedirectURIs, s.PostLogoutRedirectURIs
		return nil
	})
	if err != nil {
		return "", err
	}
	for _, k := range old.Secrets {
		if !k.Alive(time.Now()) {
			continue
		}
		if err := h.Apps.RevokeSecret(ctx, by, org.ID, old.ID, k.ID); err != nil {
			return "", err
		}
	}
	k, err := h.Apps.AddSecret(ctx, by, org.ID, old.ID, app.Rotation{})
	return k.Text, err
}

// demoAdminToken makes a token of a service account of the root organisation.
func (h *House) demoAdminToken(ctx context.Context) (string, error) {
	root, err := h.Directory.Root(ctx)
	if err != nil {
		return "", err
	}
	s := identity.AppSettings{
		Name: "Demo administration", Type: identity.ServiceApp, GrantTypes: []string{identity.GrantClientCredentials},
		Scopes: []string{"muster:admin"}, OpaqueAccessToken: true, AccessTokenSeconds: 24 * 3600,
	}
	if _, err := h.demoApp(ctx, root, demoAdmin, s); err != nil {
		return "", err
	}
	a, err := h.Apps.Get(ctx, root.ID, demoAdmin)
	if err != nil {
		return "", err
	}
	res, err := h.Tokens.Issue(ctx, token.Request{Org: root, App: a, Authorization: token.Authorization{App: a.ID, Scopes: s.Scopes}})
	return res.AccessToken, err
}

// demoPerson gives a person every claim of OpenID Connect, verified addresses
// and a new password.
func (h *House) demoPerson(ctx context.Context, org identity.Organisation, user identity.ID) (name, password string, err error) {
	by := demoActor(org.ID)
	if _, err := h.Directory.AddSchema(ctx, by, org.ID, directory.NewSchema{Doc: claims.ProfileSchema(), Type: "User"}); err != nil {
		return "", "", err
	}
	const phone = "+31201234567"
	value := map[string]any{
		"nickName": "Annie", "profileUrl": "https://acme.example/people/ann", "timezone": "Europe/Amsterdam", "locale": "en-GB",
		"preferredLanguage": "en", "name": map[string]any{"givenName": "Ann", "middleName": "Beatrice", "familyName": "Arden"},
		"photos":       []map[string]any{{"value": "https://acme.example/people/ann.png", "type": "photo", "primary": true}},
		"phoneNumbers": []map[string]any{{"value": phone, "type": "work", "primary": true}},
		"addresses": []map[string]any{{"type": "work", "primary": true, "streetAddress": "Herengracht 1", "locality": "Amsterdam",
			"region": "Noord-Holland", "postalCode": "1015 BA", "country": "NL"}},
		claims.ProfileURN: map[string]any{"birthdate": "1985-10-26", "gender": "female", "website": "https://ann.example"},
	}
	patch := map[string]any{"schemas": []string{patchSchema}, "Operations": []map[string]any{{"op": "replace", "value": value}}}
	if err := h.SCIM(ctx, by, http.MethodPatch, users+"/"+user.String(), nil, patch, nil); err != nil {
		return "", "", err
	}
	p, err := h.User(ctx, org, user.String())
	if err != nil {
		return "", "", err
	}
	password = rand.Text()
	if err := h.Directory.SetPassword(ctx, by, user, password); err != nil {
		return "", "", err
	}
	err = h.DB.Update(ctx, func(tx *store.Tx) error {
		if err := tx.PutVerified(ctx, org.ID, user, "email", directory.Fold(p.Email), time.Now()); err != nil {
			return err
		}
		return tx.PutVerified(ctx, org.ID, user, "phone", phone, time.Now())
	})
	return p.Name, password, err
}

// Bootstrap makes the first administrator that the settings name, or returns
// the one-time link by which one comes to be. The link is empty once there is an
// administrator.
func (h *House) Bootstrap(ctx context.Context) (link signin.Link, err error) {
	if cfg := h.Config; cfg.BootstrapUser != "" {
		_, err := h.SignIn.Bootstrap(ctx, signin.NewAdministrator{Name: cfg.BootstrapUser, Email: cfg.BootstrapUser, Password: cfg.BootstrapPassword})
		if err != nil {
			return link, fmt.Errorf("make the administrator of the settings: %w", err)
		}
	}
	can, err := h.SignIn.CanSetup(ctx)
	if err != nil || !can {
		return link, err
	}
	return h.SignIn.FirstLink(ctx)
}
