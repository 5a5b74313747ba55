package request

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// pushedPrefix begins every request_uri of ours (RFC 9126 section 2.2).
const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

// maxFAPI is how long a pushed request of an app that is held to FAPI can wait
// (FAPI 2.0 Security Profile section 5.3.2.2: less than 600 seconds).
const maxFAPI = 599 * time.Second

// The kinds of artefact that a Desk keeps.
const (
	kindPushed    = "par"
	kindWaiting   = "authorize"
	kindDevice    = "device"
	kindUserCode  = "user_code"
	waitingLength = 30 * time.Minute
)

// pushed is what is stored of a pushed request. It lives longer than its
// request_uri can be used, so that whoever has begun may finish.
type pushed struct {
	App    identity.ID `json:"app"`
	Values string      `json:"values"`
	Signed bool        `json:"signed,omitempty"`
	Until  time.Time   `json:"until"`
}

// Push checks a request that an app pushed (RFC 9126 section 2) and stores it. The
// app has proved who it is; jkt is the thumbprint of the DPoP key that it showed,
// "" if none. Errors for the app are *Error.
func (d *Desk) Push(ctx context.Context, org identity.Organisation, a *identity.App, v url.Values, jkt string) (uri string, lifetime time.Duration, err error) {
	if id := v.Get("client_id"); id != "" && id != a.ClientID {
		return "", 0, page("invalid_request", "client_id", "client_id is that of another app.")
	}
	if v.Has("request_uri") {
		return "", 0, page("invalid_request", "request_uri", "A pushed request must not name another.")
	}
	v = without(v, "client_secret", "client_assertion", "client_assertion_type")
	v.Set("client_id", a.ClientID)
	c, err := d.about(ctx, org, a, Parse(v))
	if err != nil {
		return "", 0, err
	}
	if v.Has("request") {
		if err := d.resolve(ctx, c, v); err != nil {
			return "", 0, err
		}
	}
	if err := bind(c.Request, jkt); err != nil {
		return "", 0, err
	}
	signed := c.Request.Signed
	c.Request.Source = Pushed
	if err := c.Check(); err != nil {
		return "", 0, err
	}
	lifetime = time.Duration(c.Provider.PARSeconds) * time.Second
	if lifetime <= 0 {
		lifetime = time.Minute
	}
	if a.FAPI {
		lifetime = min(lifetime, maxFAPI)
	}
	name := NewName()
	now := d.now()
	in := pushed{App: a.ID, Values: known(c.Request.values).Encode(), Signed: signed, Until: now.Add(lifetime)}
	err = d.put(ctx, kindPushed, org.ID, a.ID, name, now.Add(lifetime+waitingLength), in)
	return pushedPrefix + name, lifetime, err
}

// bind takes over the key of a DPoP proof (RFC 9449 section 10.1).
func bind(r *AuthorizationRequest, jkt string) error {
	if jkt == "" {
		return nil
	}
	if r.JKT != "" && r.JKT != jkt {
		return page("invalid_request", "dpop_jkt", "dpop_jkt is not the thumbprint of the key of the DPoP proof.")
	}
	r.JKT = jkt
	r.values.Set("dpop_jkt", jkt)
	return nil
}

func without(v url.Values, names ...string) url.Values {
	out := url.Values{}
	for k, list := range v {
		out[k] = list
	}
	for _, n := range names {
		out.Del(n)
	}
	return out
}

// takePushed replaces the request by the one that was pushed. What else the
// browser brings counts for nothing. It is not used up by this: people reload
// pages, and scanners of mail follow links.
func (d *Desk) takePushed(ctx context.Context, c *Case, uri string) error {
	gone := page("invalid_request_uri", "request_uri", "request_uri has expired, was used, or is not this app's.")
	gone.Ref = "RFC 9126 section 4"
	var in pushed
	a, err := d.get(ctx, kindPushed, c.Org.ID, uri[len(pushedPrefix):], &in)
	if identity.KindOf(err) == identity.NotFound {
		return gone
	}
	if err != nil {
		return err
	}
	if now := d.now(); !a.Alive(now) || !now.Before(in.Until) || in.App != c.App.ID {
		return gone
	}
	v, err := url.ParseQuery(in.Values)
	if err != nil {
		return err
	}
	c.Request = Parse(v)
	c.Request.Source, c.Request.Signed, c.Request.PushedAs = Pushed, in.Signed, uri
	return nil
}

// Finish uses up a pushed request when its authorization is complete. Exactly
// one caller succeeds; the others get an *Error. A request that was not pushed
// is left alone.
func (d *Desk) Finish(ctx context.Context, c *Case) error {
	if c.Request.PushedAs == "" {
		return nil
	}
	err := d.consume(ctx, kindPushed, c.Org.ID, c.Request.PushedAs[len(pushedPrefix):], nil)
	if k := identity.KindOf(err); k == identity.NotFound || k == identity.Conflict {
		return page("invalid_request_uri", "request_uri", "request_uri has been used.")
	}
	return err
}

// NewName makes a secret name: 256 random bits as text.
func NewName() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hash is the name under which an artefact is stored.
func (d *Desk) hash(kind, name string) []byte {
	return d.keys.MAC("request "+kind, []byte(name))
}

// put stores an artefact, sealed.
func (d *Desk) put(ctx context.Context, kind string, org identity.OrgID, subject identity.ID, name string, expires time.Time, in any) error {
	data, err := d.seal(kind, in)
	if err != nil {
		return err
	}
	return d.db.Update(ctx, func(tx *store.Tx) error {
		return tx.PutArtefact(ctx, identity.Artefact{Org: org, Kind: kind, Hash: d.hash(kind, name), Subject: subject,
			Created: d.now(), Expires: expires, Data: data})
	})
}

func (d *Desk) seal(kind string, in any) ([]byte, error) {
	plain, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	return d.keys.Seal("request "+kind, plain), nil
}

func (d *Desk) unseal(kind string, data []byte, out any) error {
	plain, err := d.keys.Open("request "+kind, data)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, out)
}

// get reads an artefact, which may be dead.
func (d *Desk) get(ctx context.Context, kind string, org identity.OrgID, name string, out any) (a identity.Artefact, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		a, err = tx.Artefact(ctx, org, kind, d.hash(kind, name))
		return err
	})
	if err != nil {
		return a, err
	}
	return a, d.unseal(kind, a.Data, out)
}

// consume uses an artefact up; out may be nil.
func (d *Desk) consume(ctx context.Context, kind string, org identity.OrgID, name string, out any) error {
	var a identity.Artefact
	err := d.db.Update(ctx, func(tx *store.Tx) (err error) {
		a, err = tx.ConsumeArtefact(ctx, org, kind, d.hash(kind, name), d.now())
		return err
	})
	if err != nil || out == nil {
		return err
	}
	return d.unseal(kind, a.Data, out)
}
