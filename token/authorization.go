package token

import (
	"time"

	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
)

// An Authorization is what somebody allowed an app: what all tokens of a grant
// say.
type Authorization struct {
	App       identity.ID       `json:"app"`
	User      identity.ID       `json:"user,omitzero"`    // zero: the app acts for itself
	Session   identity.ID       `json:"session,omitzero"` // in which the user allowed it
	Scopes    []string          `json:"scopes,omitempty"`
	Resources []string          `json:"resources,omitempty"` // audiences by RFC 8707, none: the issuer
	Claims    *claims.Parameter `json:"claims,omitempty"`
	Nonce     string            `json:"nonce,omitempty"`
	AuthTime  time.Time         `json:"auth_time,omitzero"`
	AMR       []string          `json:"amr,omitempty"`
	ACR       string            `json:"acr,omitempty"`
	// Confirmation binds the tokens to a key or certificate of the app.
	Confirmation Confirmation `json:"cnf,omitzero"`
	// Refresh says that the grant has a refresh token; Offline, that it outlives
	// the session.
	Refresh bool `json:"refresh,omitempty"`
	Offline bool `json:"offline,omitempty"`
	// Subject replaces the sub that the app would see otherwise, for tokens that
	// were exchanged.
	Subject string `json:"sub,omitempty"`
	Actor   *Act   `json:"act,omitempty"` // who acts for the user (RFC 8693)
	// Extra are claims that a door adds to access tokens, ID tokens and
	// introspection. They never replace those that this package sets.
	Extra map[string]any `json:"extra,omitempty"`
}

// A Confirmation is the claim cnf: what an app must have besides the token.
type Confirmation struct {
	JKT string `json:"jkt,omitempty"`      // thumbprint of a DPoP key (RFC 9449)
	X5T string `json:"x5t#S256,omitempty"` // thumbprint of a certificate (RFC 8705)
}

// An Act is the claim act of RFC 8693 section 4.1: who acts, and for whom that
// one acted before.
type Act struct {
	Subject  string `json:"sub"`
	ClientID string `json:"client_id,omitempty"`
	Actor    *Act   `json:"act,omitempty"`
}

// MaxActors is how many actors may stand behind one another in a token.
const MaxActors = 4

// Delegate returns the chain of a token that actor gets by exchange for a token
// whose chain is before. A chain longer than MaxActors is refused with
// InvalidRequest.
func Delegate(before *Act, subject, clientID string) (*Act, error) {
	depth := 1
	for a := before; a != nil; a = a.Actor {
		if depth++; depth > MaxActors {
			return nil, NewError(InvalidRequest, "Too many actors stand behind one another in the subject token.")
		}
	}
	return &Act{Subject: subject, ClientID: clientID, Actor: before}, nil
}
