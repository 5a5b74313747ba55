package cloudapi

import (
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// A providerJSON is how the organisation's OpenID provider behaves. Durations are
// in seconds.
type providerJSON struct {
	ActiveKey  *reference `json:"activeKey"`
	AllowHTTP  bool       `json:"allowHttp"`
	WellKnown  string     `json:"wellKnownEndpoint"`
	CodeLife   int64      `json:"authorizationCodeTimeToLive"`
	AccessLife int64      `json:"accessTokenTimeToLive"`
	IDLife     int64      `json:"idTokenTimeToLive"`
}

// idTokenLife is how long ID tokens may be believed, in seconds.
const idTokenLife = 3600

func (d *Door) getProvider(c *call) error {
	p, err := d.o.Apps.Provider(c.ctx, c.org.ID)
	if err != nil {
		return err
	}
	return d.sendProvider(c, p)
}

func (d *Door) sendProvider(c *call, p app.Provider) error {
	keys, err := d.o.Tokens.ListKeys(c.ctx, c.by, c.org.ID)
	if err != nil {
		return err
	}
	out := providerJSON{
		WellKnown: d.o.Tokens.Issuer(c.org) + "/.well-known/openid-configuration",
		CodeLife:  p.CodeSeconds, AccessLife: p.AccessTokenSeconds, IDLife: idTokenLife,
	}
	for _, k := range keys {
		if k.State == token.KeyActive && (out.ActiveKey == nil || k.Alg == token.DefaultAlgorithm) {
			out.ActiveKey = &reference{k.Alg, urn(kindKey, k.ID)}
		}
	}
	return c.ok(out)
}

func (d *Door) changeProvider(c *call) error {
	var in struct {
		AllowHTTP  *bool  `json:"allowHttp"`
		CodeLife   *int64 `json:"authorizationCodeTimeToLive"`
		AccessLife *int64 `json:"accessTokenTimeToLive"`
		IDLife     *int64 `json:"idTokenTimeToLive"`
	}
	if err := c.readBody(&in); err != nil {
		return err
	}
	switch {
	case in.AllowHTTP != nil && *in.AllowHTTP:
		return identity.NewError(identity.Invalid, "allowHttp", "Redirects to plain http are allowed for native apps alone.")
	case in.IDLife != nil && *in.IDLife != idTokenLife:
		return identity.NewError(identity.Invalid, "idTokenTimeToLive", "ID tokens live for an hour.")
	}
	p, err := d.o.Apps.Provider(c.ctx, c.org.ID)
	if err != nil {
		return err
	}
	for _, f := range []struct{ to, from *int64 }{{&p.CodeSeconds, in.CodeLife}, {&p.AccessTokenSeconds, in.AccessLife}} {
		if f.from == nil {
			continue
		}
		if *f.from < 1 {
			return identity.NewError(identity.Invalid, "accessTokenTimeToLive", "Codes and tokens live for a second at least.")
		}
		*f.to = *f.from
	}
	if err := d.o.Apps.SetProvider(c.ctx, c.by, c.org.ID, p); err != nil {
		return err
	}
	return d.sendProvider(c, p)
}

// A keyJSON is a signing key; the private half is nobody's business.
type keyJSON struct {
	ID        string  `json:"id"`
	Algorithm string  `json:"algorithm"`
	State     string  `json:"state"`
	Created   string  `json:"created"`
	Expires   *string `json:"expirationDate"`
}

var keyFields = fields{"id": {unsortable: true}, "algorithm": {}, "state": {}, "created": {}, "expirationDate": {}}

func wireKey(k token.Key) keyJSON {
	out := keyJSON{ID: urn(kindKey, k.ID), Algorithm: k.Alg, State: strings.ToUpper(string(k.State)), Created: k.Created.UTC().Format(time.RFC3339)}
	if !k.Gone.IsZero() {
		end := k.Gone.UTC().Format(time.RFC3339)
		out.Expires = &end
	}
	return out
}

func (d *Door) listKeys(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	keys, err := d.o.Tokens.ListKeys(c.ctx, c.by, c.org.ID)
	if err != nil {
		return err
	}
	all := make([]keyJSON, len(keys))
	for i, k := range keys {
		all[i] = wireKey(k)
	}
	return sendAll(d, c, listing{ask: a, model: "OpenIdProviderKeys", fields: keyFields, usual: "created", add: c.may(identity.KeysWrite)}, all)
}

// newKey begins to replace the signing keys of an algorithm.
func (d *Door) newKey(c *call) error {
	var in struct {
		Algorithm string `json:"algorithm"`
	}
	if err := c.readBody(&in); err != nil {
		return err
	}
	if in.Algorithm == "" {
		in.Algorithm = token.DefaultAlgorithm
	}
	if !slices.Contains(token.Algorithms, in.Algorithm) {
		return identity.NewError(identity.Invalid, "algorithm", "The algorithm is one of "+strings.Join(token.Algorithms, ", ")+".")
	}
	if err := d.o.Tokens.Rotate(c.ctx, c.by, c.org.ID, in.Algorithm, false); err != nil {
		return err
	}
	keys, err := d.o.Tokens.ListKeys(c.ctx, c.by, c.org.ID)
	if err != nil {
		return err
	}
	for _, k := range keys { // the newest comes first
		if k.Alg == in.Algorithm {
			out := wireKey(k)
			return d.created(c, out.ID, out)
		}
	}
	return errNothing
}

// key finds the key of a path.
func (d *Door) key(c *call) (token.Key, error) {
	keys, err := d.o.Tokens.ListKeys(c.ctx, c.by, c.org.ID)
	if err != nil {
		return token.Key{}, err
	}
	id := strings.TrimPrefix(c.r.PathValue("id"), urn(kindKey, ""))
	for _, k := range keys {
		if k.ID == id {
			return k, nil
		}
	}
	return token.Key{}, errNothing
}

func (d *Door) getKey(c *call) error {
	k, err := d.key(c)
	if err != nil {
		return err
	}
	return c.ok(wireKey(k))
}

func (d *Door) retireKey(c *call) error {
	k, err := d.key(c)
	if err != nil {
		return err
	}
	if err := d.o.Tokens.Retire(c.ctx, c.by, c.org.ID, k.ID); err != nil {
		return err
	}
	return c.nothing()
}
