package server

import (
	"net/http"
	"strings"

	rights "github.com/muster-id/muster/api/access"
	"github.com/muster-id/muster/api/activid"
	"github.com/muster-id/muster/api/admin"
	"github.com/muster-id/muster/api/authzen"
	"github.com/muster-id/muster/api/cidaas"
	"github.com/muster-id/muster/api/cloudapi"
	"github.com/muster-id/muster/api/reference"
	"github.com/muster-id/muster/api/stackspot"
	"github.com/muster-id/muster/api/vmware"
	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/oidc"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
	"github.com/muster-id/muster/web/portal"
	"github.com/muster-id/muster/web/ui"
)

// problems is how the doors of our own API answer with errors.
func (s *Server) problems() web.Problems {
	return web.Problems{
		Challenges: []string{
			`DPoP algs="` + strings.Join(token.DPoPAlgorithms, " ") + `"`,
			`Bearer realm="muster", resource_metadata="` + s.url + `/.well-known/oauth-protected-resource"`,
		},
		RetryAfter: signin.RetryAfter,
	}
}

// mountSignIn mounts the doors of people and apps: the OpenID provider, the
// pages on which people sign in, and the API by which both are administered.
func (s *Server) mountSignIn(mux *http.ServeMux, pages *ui.UI) error {
	h, address := s.house, s.address
	pages.Mount(mux)
	s.pages = pages
	desk := request.New(request.Options{DB: h.DB, Keys: h.Keys, Apps: h.Apps, Fetch: h.Outbound, Issuer: h.Tokens.Issuer})
	provider, err := oidc.New(oidc.Options{
		Apps: h.Apps, Claims: h.Claims, Tokens: h.Tokens, SignIn: h.SignIn, Sessions: h.Sessions, Requests: desk, UI: pages, Public: s.url, Address: address, Log: s.log,
		Pushes:       web.NewLimiter(h.Config.RateLimit),
		MTLS:         h.Config.MTLSURL,
		Certificates: h.Config.Certificates(), Authorities: h.Config.ClientCAFile != "",
	})
	if err != nil {
		return err
	}
	provider.Mount(mux)
	people, err := portal.New(portal.Options{
		SignIn: h.SignIn, Sessions: h.Sessions, Factors: h.Factors, People: accounts{h, desk}, UI: pages, Public: s.url,
		Address: address,
	})
	if err != nil {
		return err
	}
	people.Mount(mux)
	s.people = people
	if err := s.mountAPI(mux, pages); err != nil {
		return err
	}
	entrance := entry.New(entry.Options{
		Directory: h.Directory, Apps: h.Apps, Claims: h.Claims, Tokens: h.Tokens, SignIn: h.SignIn, Sessions: h.Sessions,
		Provider: provider, Address: address,
	})
	vmware.New(vmware.Options{
		Entry: entrance, Directory: h.Directory, Access: h.Access, Apps: h.Apps, Tokens: h.Tokens, Sessions: h.Sessions, Provider: provider,
	}).Mount(mux)
	s.cloud = cloudapi.New(cloudapi.Options{
		Entry: entrance, Directory: h.Directory, Access: h.Access, Apps: h.Apps, Tokens: h.Tokens, Provider: provider, Public: s.url,
	})
	s.cloud.Mount(mux)
	cidaas.New(cidaas.Options{Directory: h.Directory, Apps: h.Apps, Tokens: h.Tokens, Provider: provider}).Mount(mux)
	s.stack = stackspot.New(stackspot.Options{Directory: h.Directory, Access: h.Access, Provider: provider, Public: s.url, Bearer: s.actor})
	activid.New(activid.Options{Directory: h.Directory, Tokens: h.Tokens, Provider: provider, Public: s.url}).Mount(mux)
	return nil
}

// mountAPI mounts our own JSON API, decisions, and what describes both.
func (s *Server) mountAPI(mux *http.ServeMux, pages *ui.UI) error {
	h := s.house
	settings := admin.New(admin.Options{
		Directory: h.Directory, Apps: h.Apps, Claims: h.Claims, Tokens: h.Tokens, SignIn: h.SignIn, Sessions: h.Sessions,
		Mail: h.Mail, Public: s.url, Bearer: s.actor, Errors: s.problems(), Log: s.log,
	})
	settings.Mount(mux)
	who := rights.New(rights.Options{Access: h.Access, Directory: h.Directory, Apps: h.Apps, Bearer: s.actor, Errors: s.problems()})
	who.Mount(mux)
	decisions := authzen.New(authzen.Options{Access: h.Access, Directory: h.Directory, Public: s.url, Bearer: s.actor})
	decisions.Mount(mux)
	described, err := reference.New(reference.Options{
		Parts: []reference.Part{
			{Name: "Organisation", Routes: settings.Routes()}, {Name: "Access", Routes: who.Routes()}, {Name: "Decisions (AuthZEN)", Routes: decisions.Routes()},
		},
		UI: pages, Public: s.url, Version: s.build.Version,
	})
	if err != nil {
		return err
	}
	described.Mount(mux)
	return nil
}
