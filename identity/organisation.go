package identity

import "time"

// An Organisation is a tenant. Organisations form a tree below the root
// organisation, which has no parent.
type Organisation struct {
	ID       OrgID
	Parent   OrgID  // zero for the root
	Slug     string // lower-case letters, digits and hyphens; unique everywhere
	Name     string
	Created  time.Time
	Modified time.Time
}

// RootSlug is the slug of the root organisation. Paths and issuers do not name
// it.
const RootSlug = "root"

// A Connection is a source of provisioning: a directory such as Entra ID that
// writes to us by SCIM, with the dialect that it speaks.
type Connection struct {
	Org     OrgID
	ID      ID
	Name    string // unique in the organisation
	Dialect string // name of a schema.Dialect: "rfc", "strict", "entra", "okta"
	// Domain is the provisioning domain in which externalId is unique to this
	// source (RFC 7643 section 3.1); by default the connection's own id.
	Domain   string
	User     ID  // the user behind the connection for /Me, zero if none
	Rate     int // requests a second, 0 without limit
	Disabled bool
	// Access lets the connection change roles and permissions; all may read them.
	Access   bool
	Created  time.Time
	Modified time.Time
}

// A Token is a bearer credential of a connection. Its text is shown once and
// stored as a keyed hash.
type Token struct {
	Org        OrgID
	Connection ID
	ID         ID
	Hash       []byte // keyed hash of the text, 32 bytes
	Prefix     string // first characters of the text, to recognise it by
	Created    time.Time
	Expires    time.Time // zero: never
	Revoked    time.Time // zero: not revoked; lies ahead while a rotation overlaps
}

// Alive reports whether the token opens its connection at a time.
func (t Token) Alive(at time.Time) bool {
	return (t.Expires.IsZero() || at.Before(t.Expires)) && (t.Revoked.IsZero() || at.Before(t.Revoked))
}
