// Package admin is the door of our own JSON API: apps, keys, policies, sessions
// and letters of an organisation. Callers bring an access token; its scopes say
// which routes are open to them.
package admin

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// Sessions is the little this door needs of package session.
type Sessions interface {
	List(ctx context.Context, org identity.OrgID, user identity.ID) ([]identity.Session, error)
	End(ctx context.Context, org identity.OrgID, id identity.ID) error
}

// Options are what the door is made of.
type Options struct {
	Directory *directory.Directory
	Apps      *app.Service
	Claims    *claims.Service
	Tokens    *token.Service
	SignIn    *signin.Service
	Sessions  Sessions
	Mail      *mail.Service
	Public    string // absolute URL under which the world sees this server
	// Bearer finds the actor of a request and checks what its token is bound to.
	Bearer func(*http.Request) (identity.Actor, error)
	Errors web.Problems
	Log    *slog.Logger // nil: slog.Default
}

// A Door serves everything below /api/v1.
type Door struct {
	dir      *directory.Directory
	apps     *app.Service
	claims   *claims.Service
	tokens   *token.Service
	signin   *signin.Service
	sessions Sessions
	mail     *mail.Service
	public   string
	who      func(*http.Request) (identity.Actor, error)
	fail     web.Problems
	log      *slog.Logger
}

// New makes a Door.
func New(o Options) *Door {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Door{
		dir: o.Directory, apps: o.Apps, claims: o.Claims, tokens: o.Tokens, signin: o.SignIn, sessions: o.Sessions,
		mail: o.Mail, public: strings.TrimSuffix(o.Public, "/"), who: o.Bearer, fail: o.Errors, log: o.Log,
	}
}

// prefix is what the path of every route begins with. The organisation stands
// in the path and nowhere else.
const prefix = "/api/v1/o/{org}"

// Routes is the timetable of the door.
func (d *Door) Routes() []web.Route {
	route := func(method, path string, perm identity.Perm, do handler) web.Route {
		return web.Route{Pattern: method + " " + prefix + path, Perm: perm, Do: d.in(do)}
	}
	const limit, after = "limit: how many, up to 1000", "after: the next of the page before"
	return []web.Route{
		route("GET", "/apps", identity.AppsRead, d.listApps).Says(200, "List the apps", nil, appList{}, limit, after),
		route("POST", "/apps", identity.AppsWrite, d.createApp).Says(201, "Make an app; its secret is shown this once", newAppJSON{}, appJSON{}),
		route("GET", "/apps/{app}", identity.AppsRead, d.getApp).Says(200, "Read an app, by id or client id", nil, appJSON{}),
		route("PATCH", "/apps/{app}", identity.AppsWrite, d.changeApp).Says(200, "Change settings of an app; null takes one back", identity.AppSettings{}, appJSON{}),
		route("DELETE", "/apps/{app}", identity.AppsWrite, d.deleteApp).Says(204, "Delete an app", nil, nil),
		route("POST", "/apps/{app}/disable", identity.AppsWrite, d.disableApp).Says(204, "Shut an app out", nil, nil),
		route("POST", "/apps/{app}/enable", identity.AppsWrite, d.enableApp).Says(204, "Let an app in again", nil, nil),
		route("POST", "/apps/{app}/secrets", identity.AppsWrite, d.addSecret).Says(201, "Give an app a further secret, shown this once", rotationJSON{}, newSecretJSON{}),
		route("DELETE", "/apps/{app}/secrets/{secret}", identity.AppsWrite, d.revokeSecret).Says(204, "Revoke a secret of an app", nil, nil),
		route("POST", "/registration-tokens", identity.AppsWrite, d.newRegistrationToken).Says(201, "Make a token by which apps register themselves", registrationJSON{}, registrationToken{}),

		route("GET", "/provider", identity.SettingsRead, d.getProvider).Says(200, "Read the settings of the OpenID provider", nil, app.Provider{}),
		route("PUT", "/provider", identity.SettingsWrite, d.putProvider).Says(200, "Replace the settings of the OpenID provider", app.Provider{}, app.Provider{}),
		route("GET", "/signin", identity.SettingsRead, d.getPolicy).Says(200, "Read the sign-in policy", nil, signin.Policy{}),
		route("PUT", "/signin", identity.SettingsWrite, d.putPolicy).Says(200, "Replace the sign-in policy", signin.Policy{}, signin.Policy{}),
		route("GET", "/claims", identity.SettingsRead, d.getClaims).Says(200, "Read which claims tokens say", nil, claims.Settings{}),
		route("PUT", "/claims", identity.SettingsWrite, d.putClaims).Says(200, "Replace which claims tokens say", claims.Settings{}, claims.Settings{}),

		route("GET", "/keys", identity.SettingsRead, d.listKeys).Says(200, "List the signing keys", nil, keyList{}),
		route("POST", "/keys/rotate", identity.KeysWrite, d.rotateKeys).Says(200, "Rotate signing keys", rotateJSON{}, keyList{}),
		route("DELETE", "/keys/{kid}", identity.KeysWrite, d.retireKey).Says(204, "Take a signing key out of use at once", nil, nil),

		route("GET", "/users/{user}/sessions", identity.ResourcesRead, d.listSessions).Says(200, "List where a user is signed in", nil, sessionList{}),
		route("DELETE", "/users/{user}/sessions", identity.SessionsWrite, d.endSessions).Says(204, "Sign a user out everywhere", nil, nil),
		route("DELETE", "/users/{user}/sessions/{session}", identity.SessionsWrite, d.endSession).Says(204, "Sign a user out of one browser", nil, nil),
		route("POST", "/users/{user}/links", identity.SessionsWrite, d.newLink).Says(201, "Make a one-time link by which a user sets a password, or send it", newLinkJSON{}, linkJSON{}),
		route("GET", "/administrators", identity.SettingsRead, d.listAdministrators).Says(200, "List the administrators", nil, administratorList{}),
		route("PUT", "/administrators/{user}", identity.AccessWrite, d.appoint).Says(204, "Make a user an administrator", appointJSON{}, nil),
		route("DELETE", "/administrators/{user}", identity.AccessWrite, d.dismiss).Says(204, "Make an administrator a user like others", nil, nil),

		route("GET", "/letters", identity.SettingsWrite, d.listLetters).Says(200, "List letters, without what is secret in them", nil, letterList{}, limit, after),
	}
}

// Mount puts the door into mux.
func (d *Door) Mount(mux *http.ServeMux) {
	web.Door{Who: d.who, OnError: d.fail.Fail}.Mount(mux, d.Routes())
}

// A handler answers one request within the organisation of its path.
type handler func(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error

// in finds the organisation of a request. Operators, who belong to the root
// organisation, act in every one; for all others there is only their own.
func (d *Door) in(do handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		org, err := d.dir.Acting(r.Context(), by, r.PathValue("org"))
		if err != nil {
			return err
		}
		by.Org = org.ID
		return do(w, r, by, org)
	}
}
