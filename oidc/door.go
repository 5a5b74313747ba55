// Package oidc is the door of OpenID Connect and OAuth 2.0: the pages on which
// people sign in to apps and allow them things, and the endpoints that apps
// call. It keeps no rules of its own about tokens, apps or sign-in; it speaks
// the protocol and asks the packages that do.
package oidc

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
	"github.com/muster-id/muster/web/ui"
)

// Sessions is the little this door needs of package session.
type Sessions interface {
	// Current returns the session that a cookie opens, or Unauthenticated.
	Current(ctx context.Context, org identity.OrgID, cookie string) (identity.Session, error)
	// End ends a session and all that hangs on it, and has apps told.
	End(ctx context.Context, org identity.OrgID, id identity.ID) error
}

// Options are what a Provider is made of.
type Options struct {
	Apps     *app.Service
	Tokens   *token.Service
	Claims   *claims.Service
	SignIn   *signin.Service
	Sessions Sessions
	Requests *request.Desk
	UI       *ui.UI
	// Public is the absolute URL under which the world sees this server, without
	// a slash at the end. Nothing that a request says can change it.
	Public string
	// ClientCertificate returns the certificate that the caller proved to hold,
	// nil if none. nil: the one of the TLS connection.
	ClientCertificate func(*http.Request) *x509.Certificate
	// MTLS is the URL where apps show their certificates, like Public (RFC 8705
	// section 5); "": Public.
	MTLS string
	// Certificates says that certificates of clients reach this server, so that
	// discovery offers what works by them.
	Certificates bool
	// Authorities says that the server also finds out which of them come from an
	// authority that it believes, so that discovery offers tls_client_auth.
	Authorities bool
	// Address returns the address from which a request comes; nil: that of the
	// connection.
	Address func(*http.Request) string
	// Pushes bounds how many requests apps push that prove nothing of themselves,
	// by network; nil: not at all.
	Pushes *web.Limiter
	Log    *slog.Logger     // nil: slog.Default
	Now    func() time.Time // nil: time.Now
}

// A Provider is the OpenID provider of every organisation.
type Provider struct {
	apps        *app.Service
	tokens      *token.Service
	claims      *claims.Service
	signin      *signin.Service
	sessions    Sessions
	requests    *request.Desk
	ui          *ui.UI
	public      string
	mtls        string
	certificate func(*http.Request) *x509.Certificate
	remote      func(*http.Request) string
	pushes      *web.Limiter
	log         *slog.Logger
	now         func() time.Time
	pages       *pages
	cross       *http.CrossOriginProtection
	cookies     web.Cookies

	certificates bool
	authorities  bool
	origins      origins
	keySets      documents
	discoveries  documents
}

// New makes a Provider.
func New(o Options) (*Provider, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.ClientCertificate == nil {
		o.ClientCertificate = tlsCertificate
	}
	if o.Address == nil {
		o.Address = remoteAddress
	}
	p := &Provider{
		remote: o.Address, pushes: o.Pushes,
		apps: o.Apps, tokens: o.Tokens, claims: o.Claims, signin: o.SignIn, sessions: o.Sessions, requests: o.Requests, ui: o.UI,
		public: strings.TrimSuffix(o.Public, "/"), mtls: o.MTLS, certificate: o.ClientCertificate, certificates: o.Certificates, authorities: o.Authorities, log: o.Log, now: o.Now,
		cross: http.NewCrossOriginProtection(), cookies: web.Cookies{Secure: strings.HasPrefix(o.Public, "https:")},
	}
	if err := p.cross.AddTrustedOrigin(p.public); err != nil {
		return nil, err
	}
	var err error
	p.pages, err = newPages(o.UI)
	return p, err
}

// tlsCertificate returns what the caller showed in the handshake.
func tlsCertificate(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0]
}

// An endpoint answers one request to an organisation. It writes a whole answer
// whatever happens.
type endpoint func(w http.ResponseWriter, r *http.Request, org identity.Organisation)

// A route is one line of the timetable. The path is that below the issuer.
type route struct {
	name    string
	methods string // separated by spaces; every other is refused with 405
	path    string
	do      endpoint
	page    bool // for people: what goes wrong is told as a page, not as JSON
}

// routes is the timetable. Every line is served for the root organisation under
// its path and for each organisation under /o/{org} and its path.
func (p *Provider) routes() []route {
	return []route{
		{name: "discovery", methods: "GET OPTIONS", path: "/.well-known/openid-configuration", do: p.discovery},
		{name: "metadata", methods: "GET OPTIONS", path: "/.well-known/oauth-authorization-server", do: p.discovery},
		{name: "jwks", methods: "GET OPTIONS", path: "/oauth2/jwks", do: p.jwks},

		{name: "authorize", methods: "GET POST", path: "/oauth2/authorize", do: p.authorize, page: true},
		{name: "resume", methods: "GET POST", path: "/oauth2/authorize/{id}", do: p.resume, page: true},
		{name: "launch", methods: "GET", path: "/oauth2/launch/{client_id}", do: p.launch, page: true},
		{name: "device page", methods: "GET POST", path: "/device", do: p.devicePage, page: true},
		{name: "logout", methods: "GET POST", path: "/oauth2/logout", do: p.endSession, page: true},

		{name: "token", methods: "POST OPTIONS", path: "/oauth2/token", do: p.token},
		{name: "par", methods: "POST", path: "/oauth2/par", do: p.par},
		{name: "device_authorization", methods: "POST", path: "/oauth2/device_authorization", do: p.deviceAuthorization},
		{name: "introspect", methods: "POST", path: "/oauth2/introspect", do: p.introspect},
		{name: "revoke", methods: "POST OPTIONS", path: "/oauth2/revoke", do: p.revoke},
		{name: "userinfo", methods: "GET POST OPTIONS", path: "/oauth2/userinfo", do: p.userinfo},
		{name: "register", methods: "POST", path: "/oauth2/register", do: p.register},
		{name: "registration", methods: "GET PUT DELETE", path: "/oauth2/register/{client_id}", do: p.registration},
	}
}

// Mount puts the door into mux.
func (p *Provider) Mount(mux *http.ServeMux) {
	for _, rt := range p.routes() {
		mux.Handle(rt.path, p.serve(rt, p.organisation))
		mux.Handle("/o/{org}"+rt.path, p.serve(rt, p.organisation))
		// RFC 8414 section 3.1 puts the well-known part before the issuer's path.
		if strings.HasPrefix(rt.path, "/.well-known/") {
			mux.Handle(rt.path+"/o/{org}", p.serve(rt, p.organisation))
		}
	}
}

// Endpoint returns the handler of a line of the timetable for one organisation,
// so that other doors can serve it under paths of their own. It panics for a
// name that is not in the timetable.
func (p *Provider) Endpoint(name string, org identity.Organisation) http.Handler {
	for _, rt := range p.routes() {
		if rt.name == name {
			return p.serve(rt, func(*http.Request) (identity.Organisation, error) { return org, nil })
		}
	}
	panic("oidc: no endpoint " + name)
}

// serve checks the method and finds the organisation.
func (p *Provider) serve(rt route, find func(*http.Request) (identity.Organisation, error)) http.Handler {
	methods := strings.Fields(rt.methods)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !allowed(methods, r.Method) {
			w.Header().Set("Allow", strings.Join(methods, ", "))
			w.Header().Set("Cache-Control", "no-store")
			http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
			return
		}
		org, err := find(r)
		switch {
		case err == nil:
			rt.do(w, r, org)
		case rt.page:
			p.failPage(w, r, err)
		default:
			p.writeError(w, r, err)
		}
	})
}

func allowed(methods []string, method string) bool {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, m := range methods {
		if m == method {
			return true
		}
	}
	return false
}

// organisation finds the organisation of a request in its path and nowhere
// else. It returns NotFound for one that does not exist, and for the root
// organisation under its slug, because an issuer has one name.
func (p *Provider) organisation(r *http.Request) (identity.Organisation, error) {
	slug := r.PathValue("org")
	if slug == "" && strings.Contains(r.Pattern, "{org}") {
		return identity.Organisation{}, errNoOrganisation
	}
	return p.requests.Organisation(r.Context(), slug)
}

var errNoOrganisation = identity.NewError(identity.NotFound, "", "There is no such organisation.")

// base returns the path below which an organisation's routes lie: "" for the
// root organisation.
func base(org identity.Organisation) string {
	if org.Parent.IsZero() {
		return ""
	}
	return "/o/" + org.Slug
}

// issuer returns the issuer identifier of an organisation.
func (p *Provider) issuer(org identity.Organisation) string { return p.public + base(org) }
