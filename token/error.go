package token

import "net/http"

// An Error is a refusal in the words of OAuth (RFC 6749 section 5.2), to be
// sent to the app as it is. Description holds no secrets.
type Error struct {
	Code        string
	Description string
	Status      int
}

func (e *Error) Error() string { return e.Code + ": " + e.Description }

// The codes of errors that this package answers.
const (
	InvalidRequest = "invalid_request"
	InvalidGrant   = "invalid_grant"
	InvalidScope   = "invalid_scope"
	InvalidTarget  = "invalid_target"     // RFC 8707
	InvalidProof   = "invalid_dpop_proof" // RFC 9449
	UseNonce       = "use_dpop_nonce"     // RFC 9449: try again with the nonce of the answer
	InvalidToken   = "invalid_token"      // RFC 6750
	Unauthorized   = "unauthorized_client"
)

// NewError makes an Error with the status of a refusal at the token endpoint.
func NewError(code, description string) *Error {
	return &Error{Code: code, Description: description, Status: http.StatusBadRequest}
}
