package token

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
)

// accessClaims are what an access token says (RFC 9068 section 2.2), the same for
// one that is a JWT and one that is stored.
type accessClaims struct {
	Issuer   string            `json:"iss"`
	Subject  string            `json:"sub"`
	Audience audience          `json:"aud"`
	ClientID string            `json:"client_id"`
	Issued   int64             `json:"iat"`
	Expires  int64             `json:"exp"`
	JTI      string            `json:"jti"`
	Scope    string            `json:"scope,omitempty"`
	Scopes   []string          `json:"scopes,omitempty"` // of apps with ScopesClaim
	Org      string            `json:"org_id"`
	Grant    string            `json:"gid,omitempty"`
	Session  string            `json:"sid,omitempty"`
	User     string            `json:"uid,omitempty"` // sealed, where sub does not tell
	AuthTime int64             `json:"auth_time,omitempty"`
	ACR      string            `json:"acr,omitempty"`
	AMR      []string          `json:"amr,omitempty"`
	Confirm  *Confirmation     `json:"cnf,omitempty"`
	Actor    *Act              `json:"act,omitempty"`
	Claims   *claims.Parameter `json:"claims,omitempty"` // asked for at UserInfo

	// What was computed when the token was read.
	extra  map[string]any
	org    identity.OrgID
	ids    ids
	scopes []string
	kid    string // of the key that signed it, "" for one that is stored
	hash   []byte // under which its revocation would stand
}

// ids are those that a token's life hangs on.
type ids struct{ user, session, grant identity.ID }

// The names of claims that nobody but this package sets, in ID tokens and, with
// more, in access tokens.
var (
	reservedID = []string{
		"iss", "sub", "aud", "azp", "iat", "nbf", "exp", "jti", "sid", "auth_time", "acr", "amr", "cnf", "act",
		"may_act", "nonce", "at_hash", "c_hash", "s_hash", "events",
	}
	reservedAccess = append(slices.Clone(reservedID), "client_id", "scope", "scopes", "org_id", "gid", "uid", "claims")
)

// without leaves names out of claims.
func without(m map[string]any, names []string) map[string]any {
	out := maps.Clone(m)
	maps.DeleteFunc(out, func(name string, _ any) bool { return slices.Contains(names, name) })
	return out
}

// encode writes the claims as JSON, with those that a door added.
func (c *accessClaims) encode(extra map[string]any) (json.RawMessage, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	extra = without(extra, reservedAccess)
	if len(extra) == 0 {
		return text, nil
	}
	more, err := json.Marshal(extra)
	if err != nil {
		return nil, err
	}
	text[len(text)-1] = ','
	return append(text, more[1:]...), nil
}

// decodeAccess reads what encode wrote.
func decodeAccess(text []byte) (*accessClaims, error) {
	c := &accessClaims{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, err
	}
	var all map[string]any
	numbers := json.NewDecoder(bytes.NewReader(text))
	numbers.UseNumber()
	if err := numbers.Decode(&all); err != nil {
		return nil, err
	}
	if extra := without(all, reservedAccess); len(extra) > 0 {
		c.extra = extra
	}
	c.scopes = strings.Fields(c.Scope)
	return c, nil
}

// An audience is one string or a list of them (RFC 7519 section 4.1.3).
type audience []string

// MarshalJSON writes one audience as a string.
func (a audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

// UnmarshalJSON reads both forms.
func (a *audience) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		*a = audience{""}
		return json.Unmarshal(text, &(*a)[0])
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// seconds is a NumericDate; the zero time is 0.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// moment is the time of a NumericDate; 0 is the zero time.
func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}
