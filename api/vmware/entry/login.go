package entry

import (
	"context"
	"net/http"
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// LoginScopes returns what the tokens of a password login may be used for.
func LoginScopes() []string {
	return []string{"openid", "profile", "email", "phone", "groups", "vcd_idp", "offline_access"}
}

// LoginClient names the app that password logins belong to. It is made when the
// first person of an organisation comes in.
const LoginClient = "vmware-login"

// loginApp returns that app. It cannot be used at the provider's own endpoints
// without a token that it was given here.
func (d *Desk) loginApp(ctx context.Context, org identity.Organisation) (*identity.App, error) {
	a, err := d.o.Apps.Get(ctx, org.ID, LoginClient)
	if identity.KindOf(err) != identity.NotFound {
		return a, err
	}
	by := identity.Actor{Kind: identity.BySystem, Org: org.ID, Name: "vmware", Perms: identity.Perms{identity.AppsWrite}}
	_, _, err = d.o.Apps.Create(ctx, by, org.ID, app.NewApp{ClientID: LoginClient, AppSettings: identity.AppSettings{
		Name: "Password login of the VMware API", Type: identity.NativeApp, AuthMethod: identity.AuthNone,
		GrantTypes: []string{identity.GrantRefresh}, Scopes: LoginScopes(), Trusted: true,
	}})
	if err != nil && identity.KindOf(err) != identity.Conflict {
		return nil, err
	}
	return d.o.Apps.Get(ctx, org.ID, LoginClient)
}

// Enter checks a name and a password and issues tokens. The organisation must
// have turned the password grant of its legacy block on.
func (d *Desk) Enter(r *http.Request, org identity.Organisation, name, password string, scopes []string, refresh bool) (token.Response, identity.ID, error) {
	ctx := r.Context()
	p, err := d.o.Apps.Provider(ctx, org.ID)
	if err != nil {
		return token.Response{}, identity.ID{}, err
	}
	if !p.Legacy.Password {
		return token.Response{}, identity.ID{}, identity.NewError(identity.Denied, "", "Login by password is off: the organisation's legacy block has not turned it on.")
	}
	user, err := d.o.SignIn.CheckPassword(ctx, org.ID, name, password, d.o.Address(r))
	if identity.KindOf(err) == identity.Denied {
		err = ErrCredentials // right, but not enough: nobody is told which
	}
	if err != nil {
		return token.Response{}, user, err
	}
	a, err := d.loginApp(ctx, org)
	if err != nil {
		return token.Response{}, user, err
	}
	res, err := d.o.Tokens.Issue(ctx, token.Request{Org: org, App: a, Authorization: token.Authorization{
		App: a.ID, User: user, Scopes: scopes, AMR: []string{"pwd"}, AuthTime: time.Now(), Refresh: refresh, Offline: refresh,
	}})
	return res, user, err
}

// APITokens marks the apps of API tokens, as their SoftwareID. API tokens stay
// the same when they are used, so their apps are no public ones: they have a
// secret that nobody knows, and only these doors renew their tokens.
const APITokens = app.APITokens

// Renew answers an API token with an access token. API tokens stay as they are.
func (d *Desk) Renew(w http.ResponseWriter, r *http.Request, a *identity.App, text string) error {
	res, err := d.o.Tokens.Refresh(r.Context(), a, token.Renewal{Token: text})
	if err != nil {
		return err
	}
	web.JSON(w, http.StatusOK, AccessToken(res))
	return nil
}
