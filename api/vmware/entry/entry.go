// Package entry is how clients of the VMware APIs come in, the legacy one and
// the Tenant Manager's alike: which organisation a name means, who holds a token,
// login by password, and requests handed to the provider. The doors put answers
// and errors into their own words.
package entry

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/token"
)

// MaxBody bounds the bodies that the doors read.
const MaxBody = 64 << 10

// ErrCredentials is all that somebody without good credentials is told.
var ErrCredentials = identity.NewError(identity.Unauthenticated, "", "The credentials are not valid.")

// A Provider is the OpenID provider, whose endpoints the doors serve under other
// paths.
type Provider interface {
	Endpoint(name string, org identity.Organisation) http.Handler
}

// Sessions is the little that is needed of package session.
type Sessions interface {
	List(ctx context.Context, org identity.OrgID, user identity.ID) ([]identity.Session, error)
	End(ctx context.Context, org identity.OrgID, id identity.ID) error
}

// Options are what a Desk is made of.
type Options struct {
	Directory *directory.Directory
	Apps      *app.Service
	Claims    *claims.Service
	Tokens    *token.Service
	SignIn    *signin.Service
	Sessions  Sessions
	Provider  Provider
	Address   func(*http.Request) string // of who asks
}

// A Desk lets people and apps in. It is safe for use by many goroutines at once.
type Desk struct {
	o Options
}

// New makes a Desk.
func New(o Options) *Desk { return &Desk{o: o} }

// Named finds an organisation by slug or UUID, in the URN form too; "" and
// "system" are the root organisation. An unknown one is ErrCredentials: whether
// there is such an organisation is nobody's business.
func (d *Desk) Named(ctx context.Context, name string) (identity.Organisation, error) {
	name = strings.TrimPrefix(name, "urn:vcloud:org:")
	if name == "" || strings.EqualFold(name, "system") {
		return d.o.Directory.Root(ctx)
	}
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return identity.Organisation{}, ErrCredentials
	}
	org, err := d.o.Directory.Organisation(ctx, name)
	if identity.KindOf(err) == identity.NotFound {
		err = ErrCredentials
	}
	return org, err
}

// TokenOf returns the token of a request: in the header of the legacy API, of
// the Tenant Manager, or as RFC 6750 has it.
func TokenOf(r *http.Request) string {
	if t := r.Header.Get("Csp-Auth-Token"); t != "" {
		return t
	}
	if scheme, t, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(t)
	}
	return r.Header.Get("X-Vmware-Vcloud-Access-Token")
}

// Bearer finds who presents a token, in whatever organisation. Tokens that are
// bound to a key do not pass here: these clients prove no key.
func (d *Desk) Bearer(r *http.Request) (*token.Bearer, error) {
	_, b, err := d.Actor(r)
	return b, err
}

// Actor is Bearer with what the holder may do.
func (d *Desk) Actor(r *http.Request) (identity.Actor, *token.Bearer, error) {
	text := TokenOf(r)
	if text == "" {
		return identity.Actor{}, nil, ErrCredentials
	}
	by, b, err := d.o.Tokens.Actor(r.Context(), text)
	if err != nil {
		return identity.Actor{}, nil, err
	}
	if b.Confirmation != (token.Confirmation{}) {
		return identity.Actor{}, nil, ErrCredentials
	}
	return by, b, nil
}

// End revokes a token, and the session that it came from.
func (d *Desk) End(ctx context.Context, b *token.Bearer, text string) error {
	if err := d.o.Tokens.Revoke(ctx, b.App, text); err != nil || b.Session.IsZero() {
		return err
	}
	return d.o.Sessions.End(ctx, b.Org.ID, b.Session)
}
