package token

import (
	"context"
	"net/http"
	"strings"

	"github.com/muster-id/muster/secret"
)

// A Presented token is one that came with a request to a resource.
type Presented struct {
	Scheme      string // of the Authorization header: "Bearer" or "DPoP", in any case
	Proof       Proof  // headers DPoP, method and address of the request
	Certificate string // thumbprint of the client certificate, "" if none
}

// CheckBinding reports whether a request may use the token: that one bound to a
// key came with the scheme DPoP and a proof for it, one bound to a certificate
// with that certificate, and one without binding as Bearer. Errors are *Error
// with status 401.
func (s *Service) CheckBinding(ctx context.Context, b *Bearer, text string, p Presented) error {
	if b.Confirmation.X5T != "" && !secret.Equal([]byte(b.Confirmation.X5T), []byte(p.Certificate)) {
		return &Error{InvalidToken, "The token is bound to a client certificate that the request does not show.", http.StatusUnauthorized}
	}
	asDPoP := strings.EqualFold(p.Scheme, "DPoP")
	switch {
	case b.Confirmation.JKT == "" && asDPoP:
		return &Error{InvalidToken, "The token is not bound to a key; send it as Bearer.", http.StatusUnauthorized}
	case b.Confirmation.JKT == "":
		return nil
	case !asDPoP:
		return &Error{InvalidToken, "The token is bound to a key; send it with the scheme DPoP and a proof.", http.StatusUnauthorized}
	}
	p.Proof.AccessToken, p.Proof.FAPI = text, b.App != nil && b.App.FAPI
	jkt, err := s.CheckProof(ctx, b.Org.ID, p.Proof)
	if err != nil {
		return err
	}
	if !secret.Equal([]byte(jkt), []byte(b.Confirmation.JKT)) {
		return &Error{InvalidToken, "The token is bound to another key.", http.StatusUnauthorized}
	}
	return nil
}
