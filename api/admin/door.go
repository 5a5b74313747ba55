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
	return []web.Route{
		route("GET", "/apps", identity.AppsRead, d.listApps),
		route("POST", "/apps", identity.AppsWrite, d.createApp),
		route("GET", "/apps/{app}", identity.AppsRead, d.getApp),
		route("PATCH", "/apps/{app}", identity.AppsWrite, d.changeApp),
		route("DELETE", "/apps/{app}", identity.AppsWrite, d.deleteApp),
		route("POST", "/apps/{app}/disable", identity.AppsWrite, d.disableApp),
		route("POST", "/apps/{app}/enable", identity.AppsWrite, d.enableApp),
		route("POST", "/apps/{app}/secrets", identity.AppsWrite, d.addSecret),
		route("DELETE", "/apps/{app}/secrets/{secret}", identity.AppsWrite, d.revokeSecret),
		route("POST", "/registration-tokens", identity.AppsWrite, d.newRegistrationToken),

		route("GET", "/provider", identity.SettingsRead, d.getProvider),
		route("PUT", "/provider", identity.SettingsWrite, d.putProvider),
		route("GET", "/signin", identity.SettingsRead, d.getPolicy),
		route("PUT", "/signin", identity.SettingsWrite, d.putPolicy),
		route("GET", "/claims", identity.SettingsRead, d.getClaims),
		route("PUT", "/claims", identity.SettingsWrite, d.putClaims),

		route("GET", "/keys", identity.SettingsRead, d.listKeys),
		route("POST", "/keys/rotate", identity.KeysWrite, d.rotateKeys),
		route("DELETE", "/keys/{kid}", identity.KeysWrite, d.retireKey),

		route("GET", "/users/{user}/sessions", identity.ResourcesRead, d.listSessions),
		route("DELETE", "/users/{user}/sessions", identity.SessionsWrite, d.endSessions),
		route("DELETE", "/users/{user}/sessions/{session}", identity.SessionsWrite, d.endSession),
		route("POST", "/users/{user}/links", identity.SessionsWrite, d.newLink),
		route("GET", "/administrators", identity.SettingsRead, d.listAdministrators),
		route("PUT", "/administrators/{user}", identity.OrganisationsWrite, d.appoint),
		route("DELETE", "/administrators/{user}", identity.OrganisationsWrite, d.dismiss),

		route("GET", "/letters", identity.OrganisationsWrite, d.listLetters),
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
