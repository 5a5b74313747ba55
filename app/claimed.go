package app

// ClientID returns the client id that the credentials name, "" if they name none,
// two, or one that no app can have. It proves nothing: it is for doors whose
// paths do not say which organisation to ask.
func (c Credentials) ClientID() string {
	claim, err := readClaim(c, "")
	if err != nil || checkClientID(claim.clientID) != nil {
		return ""
	}
	return claim.clientID
}
