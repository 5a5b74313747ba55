package cloudapi

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// tenantToken is the token endpoint of the Tenant Manager. API tokens come
// without a client id: they name their app themselves.
func (d *Door) tenantToken(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	org, err := d.o.Entry.Named(r.Context(), r.PathValue("org"))
	if err != nil {
		return err
	}
	form, err := web.Fields(w, r, entry.MaxBody)
	if err != nil {
		return err
	}
	if text := form.Get("refresh_token"); text != "" && entry.ClientOf(r, form) == "" {
		owner, client, err := d.o.Tokens.HolderOf(r.Context(), text)
		if err != nil {
			return err
		}
		if owner.ID != org.ID {
			return entry.ErrCredentials
		}
		a, err := d.o.Apps.Get(r.Context(), org.ID, client)
		if err == nil && a.SoftwareID == entry.APITokens {
			return d.o.Entry.Renew(w, r, a, text)
		}
		form.Set("client_id", client)
	}
	if form.Get("grant_type") == identity.GrantJWTBearer {
		return d.newAPIToken(w, r, org, form)
	}
	return d.o.Entry.Grant(w, r, org, form)
}

// passOn serves an endpoint of the provider under another path. The
// organisation is that of the app, for endpoints that an app names itself at.
func (d *Door) passOn(name string) func(http.ResponseWriter, *http.Request, identity.Actor) error {
	return func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
		client := entry.ClientOf(r, r.URL.Query())
		if r.Method == http.MethodPost {
			form, err := web.PeekForm(w, r, entry.MaxBody)
			if err != nil {
				return err
			}
			client = entry.ClientOf(r, form)
		}
		org, err := d.o.Apps.OrganisationOf(r.Context(), client)
		if client == "" {
			org, err = d.o.Entry.Named(r.Context(), r.URL.Query().Get("orgId"))
		}
		if err != nil {
			return err
		}
		d.o.Provider.Endpoint(name, org).ServeHTTP(w, r)
		return nil
	}
}

// userinfo serves UserInfo; the organisation is that of the token.
func (d *Door) userinfo(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	b, err := d.o.Entry.Bearer(r)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+entry.TokenOf(r))
	d.o.Provider.Endpoint("userinfo", b.Org).ServeHTTP(w, r)
	return nil
}

// register is how clients of the Tenant Manager make an app for an API token:
// RFC 7591 with nothing but a name, by somebody who is signed in.
func (d *Door) register(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	org, err := d.o.Entry.Named(r.Context(), r.PathValue("org"))
	if err != nil {
		return err
	}
	b, err := d.o.Entry.Bearer(r)
	if err != nil {
		return err
	}
	if b.Org.ID != org.ID || !own(b) {
		return identity.NewError(identity.Denied, "", "An API token is made by somebody who is signed in to the organisation.")
	}
	form, err := web.Fields(w, r, entry.MaxBody)
	if err != nil {
		return err
	}
	name := strings.TrimSpace(form.Get("client_name"))
	if name == "" {
		return identity.NewError(identity.Invalid, "client_name", "The request needs a client_name.")
	}
	a, err := d.makeApp(r.Context(), b, name)
	if err != nil {
		return err
	}
	web.JSON(w, http.StatusOK, map[string]any{
		"client_id": a.ClientID, "client_name": a.Name, "grant_types": a.GrantTypes, "token_endpoint_auth_method": identity.AuthNone,
		"redirect_uris": []string{}, "client_id_issued_at": a.Created.Unix(),
	})
	return nil
}

// lately is how long after somebody signed in they can have an API token made.
const lately = 15 * time.Minute

// own reports whether a token is of a person who signed in lately to an app that
// the organisation trusts. A token that somebody gave to another app, or that was
// found, must not become one that lasts.
func own(b *token.Bearer) bool {
	return !b.User.IsZero() && b.App.Trusted && b.Confirmation == (token.Confirmation{}) && time.Since(b.AuthTime) < lately
}

// makeApp makes the app of an API token, which belongs to the person who asks.
func (d *Door) makeApp(ctx context.Context, b *token.Bearer, name string) (identity.App, error) {
	by := identity.Actor{Kind: identity.ByUser, Org: b.Org.ID, ID: b.User, Perms: identity.Perms{identity.AppsWrite}}
	a, _, err := d.o.Apps.Create(ctx, by, b.Org.ID, app.NewApp{AppSettings: identity.AppSettings{
		Name: name, Type: identity.NativeApp, AuthMethod: identity.AuthBasic, SoftwareID: entry.APITokens,
		GrantTypes: []string{identity.GrantRefresh, identity.GrantJWTBearer},
		Scopes:     slices.DeleteFunc(slices.Clone(b.Scopes), func(s string) bool { return !slices.Contains(entry.LoginScopes(), s) }),
		Owners:     []string{b.User.String()}, KeepRefreshToken: true,
	}})
	return a, err
}

// newAPIToken answers the assertion of somebody who is signed in with the
// refresh token that is their API token. Only the owner of its app gets one.
func (d *Door) newAPIToken(w http.ResponseWriter, r *http.Request, org identity.Organisation, form url.Values) error {
	ctx := r.Context()
	b, err := d.o.Tokens.Inspect(ctx, org.ID, form.Get("assertion"))
	if err != nil {
		return err
	}
	a, err := d.o.Apps.Get(ctx, org.ID, form.Get("client_id"))
	if identity.KindOf(err) == identity.NotFound || err == nil && (!own(b) || a.SoftwareID != entry.APITokens || !slices.Contains(a.Owners, b.User.String())) {
		return entry.ErrCredentials
	}
	if err != nil {
		return err
	}
	res, err := d.issueAPIToken(ctx, b, a)
	if err != nil {
		return err
	}
	web.JSON(w, http.StatusOK, entry.AccessToken(res))
	return nil
}

// issueAPIToken gives the app of an API token its tokens.
func (d *Door) issueAPIToken(ctx context.Context, b *token.Bearer, a *identity.App) (token.Response, error) {
	scopes := slices.DeleteFunc(slices.Clone(a.Scopes), func(s string) bool { return !b.Has(s) })
	return d.o.Tokens.Issue(ctx, token.Request{Org: b.Org, App: a, Authorization: token.Authorization{
		App: a.ID, User: b.User, Scopes: scopes, AMR: b.AMR, AuthTime: b.AuthTime, Refresh: true, Offline: true,
	}})
}
