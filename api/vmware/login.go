package vmware

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// loginScopes are what the tokens of a password login may be used for.
var loginScopes = []string{"openid", "profile", "email", "phone", "groups", "vcd_idp", "offline_access"}

// loginClient names the app that password logins of this door belong to. It is
// made when the first person of an organisation comes in.
const loginClient = "vmware-login"

// loginApp returns that app. It cannot be used at the provider's own endpoints
// without a token that it was given here.
func (d *Door) loginApp(ctx context.Context, org identity.Organisation) (*identity.App, error) {
	a, err := d.o.Apps.Get(ctx, org.ID, loginClient)
	if identity.KindOf(err) != identity.NotFound {
		return a, err
	}
	by := identity.Actor{Kind: identity.BySystem, Org: org.ID, Name: "vmware", Perms: identity.Perms{identity.AppsWrite}}
	_, _, err = d.o.Apps.Create(ctx, by, org.ID, app.NewApp{ClientID: loginClient, AppSettings: identity.AppSettings{
		Name: "Password login of the VMware API", Type: identity.NativeApp, AuthMethod: identity.AuthNone,
		GrantTypes: []string{identity.GrantRefresh}, Scopes: loginScopes, Trusted: true,
	}})
	if err != nil && identity.KindOf(err) != identity.Conflict {
		return nil, err
	}
	return d.o.Apps.Get(ctx, org.ID, loginClient)
}

// enter checks a name and a password and issues tokens. The organisation must
// have turned the password grant of its legacy block on.
func (d *Door) enter(r *http.Request, org identity.Organisation, name, password string, scopes []string, refresh bool) (token.Response, identity.ID, error) {
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
		err = errCredentials // right, but not enough: nobody is told which
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

// login is row 8.
func (d *Door) login(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	form, err := web.Fields(w, r, maxBody)
	if err != nil {
		return err
	}
	scopes := slices.DeleteFunc(strings.Fields(form.Get("scope")), func(s string) bool { return !slices.Contains(loginScopes, s) })
	if len(scopes) == 0 {
		scopes = slices.DeleteFunc(slices.Clone(loginScopes), func(s string) bool { return s == "offline_access" })
	}
	_, more := r.URL.Query()["access_token"]
	org, err := d.named(r.Context(), form.Get("domain"))
	var res token.Response
	if err == nil {
		res, _, err = d.enter(r, org, form.Get("username"), form.Get("password"), scopes, more)
	}
	if identity.KindOf(err) == identity.Unauthenticated {
		err = identity.NewError(identity.Invalid, "", "The user name or the password is wrong.")
	}
	if err != nil {
		return err
	}
	out := map[string]string{"cspAuthToken": res.AccessToken}
	if more {
		out["refresh_token"] = res.RefreshToken
	}
	web.JSON(w, http.StatusOK, out)
	return nil
}

// apiTokens marks the apps of API tokens. API tokens stay the same when they are
// used, so their apps are no public ones: they have a secret that nobody knows,
// and only this door renews their tokens.
const apiTokens = "vmware-api-token"

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
		Name: name, Type: identity.NativeApp, AuthMethod: identity.AuthBasic, SoftwareID: apiTokens,
		GrantTypes: []string{identity.GrantRefresh, identity.GrantJWTBearer},
		Scopes:     slices.DeleteFunc(slices.Clone(b.Scopes), func(s string) bool { return !slices.Contains(loginScopes, s) }),
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
	if identity.KindOf(err) == identity.NotFound || err == nil && (!own(b) || a.SoftwareID != apiTokens || !slices.Contains(a.Owners, b.User.String())) {
		return errCredentials
	}
	if err != nil {
		return err
	}
	scopes := slices.DeleteFunc(slices.Clone(a.Scopes), func(s string) bool { return !b.Has(s) })
	res, err := d.o.Tokens.Issue(ctx, token.Request{Org: org, App: a, Authorization: token.Authorization{
		App: a.ID, User: b.User, Scopes: scopes, AMR: b.AMR, AuthTime: b.AuthTime, Refresh: true, Offline: true,
	}})
	if err != nil {
		return err
	}
	web.JSON(w, http.StatusOK, accessToken(res))
	return nil
}

// bearer finds who presents a token, in whatever organisation. Tokens that are
// bound to a key do not pass here: these clients prove no key.
func (d *Door) bearer(r *http.Request) (*token.Bearer, error) {
	text := tokenOf(r)
	if text == "" {
		return nil, errCredentials
	}
	_, b, err := d.o.Tokens.Actor(r.Context(), text)
	if err != nil {
		return nil, err
	}
	if b.Confirmation != (token.Confirmation{}) {
		return nil, errCredentials
	}
	return b, nil
}
