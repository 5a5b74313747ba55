package server

import (
	"errors"
	"net/http"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

var errNoToken = identity.NewError(identity.Unauthenticated, "", "The request needs a valid access token.")

// holder finds who presents an access token, and checks that they hold the key
// or the certificate that the token is bound to. Doors of resources share it.
func (s *Server) holder(r *http.Request) (identity.Actor, *token.Bearer, error) {
	scheme, text, ok := web.Credential(r.Header)
	if !ok {
		return identity.Actor{}, nil, errNoToken
	}
	by, b, err := s.house.Tokens.Actor(r.Context(), text)
	if err != nil {
		return by, nil, err
	}
	shown := token.Presented{Scheme: scheme, Proof: token.Proof{
		Header: r.Header["Dpop"], Method: r.Method, URL: s.url + r.URL.EscapedPath(), AccessToken: text,
	}}
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		shown.Certificate = app.Thumbprint(r.TLS.PeerCertificates[0])
	}
	if err := s.house.Tokens.CheckBinding(r.Context(), b, text, shown); err != nil {
		return by, nil, err
	}
	by.RequestID = web.RequestID(r.Context())
	return by, b, nil
}

// actor is holder for doors that ask only what the caller may do.
func (s *Server) actor(r *http.Request) (identity.Actor, error) {
	by, _, err := s.holder(r)
	if _, refused := errors.AsType[*token.Error](err); refused {
		return by, errNoToken
	}
	return by, err
}

// bearer is holder for doors that ask what the token says.
func (s *Server) bearer(r *http.Request) (*token.Bearer, error) {
	_, b, err := s.holder(r)
	return b, err
}

// person finds who signed in and holds the token of a request, for doors that
// people come to without a connection.
func (s *Server) person(r *http.Request) (identity.Actor, identity.Organisation, error) {
	return s.cloud.Person(r)
}
