package plan_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
)

// bank makes a client of the FAPI 2.0 Security Profile whose redirect URI ends in
// a query.
func (h *house) bank(t *testing.T, name, query string) *client {
	t.Helper()
	key := newSigner(t, jose.ES256)
	set, err := json.Marshal(key.set())
	h.ok(err)
	redirect := h.party.URL + "/" + name + "/callback" + query
	_, _, err = h.Apps.Create(t.Context(), h.by(), h.demo.Org.ID, app.NewApp{ClientID: name, AppSettings: identity.AppSettings{
		Name: name, FAPI: true, DPoPBound: true, AuthMethod: identity.AuthPrivateKeyJWT, JWKS: set, RedirectURIs: []string{redirect},
		GrantTypes: []string{identity.GrantCode, identity.GrantRefresh},
		Scopes:     []string{"openid", "profile", "email", "address", "phone", "offline_access"},
	}})
	h.ok(err)
	return &client{h: h, id: name, method: "private_key_jwt", redirect: redirect, key: key}
}

// A prover makes DPoP proofs with one key (RFC 9449).
type prover struct {
	t     testing.TB
	key   *signer
	nonce string // the last that the house gave
	early time.Duration
	more  object // further claims of each proof
}

func newProver(t testing.TB) *prover { return &prover{t: t, key: newSigner(t, jose.ES256)} }

func (p *prover) claims(method, address, token string) object {
	o := object{"jti": rand.Text(), "htm": method, "htu": address, "iat": time.Now().Add(-p.early).Unix()}
	if p.nonce != "" {
		o["nonce"] = p.nonce
	}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		o["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	for name, v := range p.more {
		o[name] = v
	}
	return o
}

func (p *prover) header() object {
	public, err := json.Marshal(jose.JSONWebKey{Key: p.key.key.Public()})
	if err != nil {
		p.t.Fatal(err)
	}
	return object{"typ": "dpop+jwt", "alg": string(p.key.alg), "jwk": json.RawMessage(public)}
}

// sign makes a compact JWS of any header, as attackers do: jose would write one
// of its own.
func (p *prover) sign(header, claims object) string {
	enc := base64.RawURLEncoding
	h, err := json.Marshal(header)
	if err != nil {
		p.t.Fatal(err)
	}
	c, err := json.Marshal(claims)
	if err != nil {
		p.t.Fatal(err)
	}
	input := enc.EncodeToString(h) + "." + enc.EncodeToString(c)
	signature, err := p.key.raw([]byte(input))
	if err != nil {
		p.t.Fatal(err)
	}
	return input + "." + enc.EncodeToString(signature)
}

// raw signs bytes as JWS does for ES256 and RS256 (RFC 7518 section 3).
func (s *signer) raw(input []byte) ([]byte, error) {
	sum := sha256.Sum256(input)
	key, elliptic := s.key.(*ecdsa.PrivateKey)
	if !elliptic {
		return s.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	}
	one, two, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		return nil, err
	}
	out := make([]byte, 64)
	one.FillBytes(out[:32])
	two.FillBytes(out[32:])
	return out, nil
}

func (p *prover) proof(method, address, token string) string {
	return p.sign(p.header(), p.claims(method, address, token))
}

func (p *prover) thumbprint() string {
	sum, err := (&jose.JSONWebKey{Key: p.key.key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		p.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// send posts with client authentication and a proof, once more with a nonce if
// the house asks for one.
func (c *client) send(p *prover, endpoint string, form url.Values) reply {
	c.h.t.Helper()
	r := c.post(endpoint, form, "DPoP", p.proof(http.MethodPost, c.h.endpoint(endpoint), ""))
	if r.body["error"] == "use_dpop_nonce" {
		p.nonce = r.header.Get("DPoP-Nonce")
		r = c.post(endpoint, form, "DPoP", p.proof(http.MethodPost, c.h.endpoint(endpoint), ""))
	}
	return r
}

// ours asks UserInfo with a token that is bound to a key.
func (c *client) ours(p *prover, token string) reply {
	c.h.t.Helper()
	address := c.h.endpoint("userinfo_endpoint")
	ask := func() reply {
		return c.h.get(address, "Authorization", "DPoP "+token, "DPoP", p.proof(http.MethodGet, address, token))
	}
	r := ask()
	if r.body["error"] == "use_dpop_nonce" {
		p.nonce = r.header.Get("DPoP-Nonce")
		r = ask()
	}
	return r
}

// pushed are the parameters of a usual request with PKCE.
func (c *client) pushed(pairs ...string) url.Values {
	v := values(c.params(), "code_challenge", challenge(verifier), "code_challenge_method", "S256")
	return values(v, pairs...)
}

// push pushes a request and returns the name that it got.
func (c *client) push(pairs ...string) string {
	c.h.t.Helper()
	r := c.post("pushed_authorization_request_endpoint", c.pushed(pairs...)).want(201)
	uri, in := r.get("request_uri"), number(r.body, "expires_in")
	if !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") || len(uri) < 60 || in <= 0 || in >= 600 || r.header.Get("Cache-Control") != "no-store" {
		c.h.t.Errorf("the pushed request is %s with %v", r.text, r.header)
	}
	return uri
}

// visit sends a browser with the name of a pushed request.
func (c *client) visit(b *browser, uri string, pairs ...string) view {
	c.h.t.Helper()
	v := values(url.Values{"client_id": {c.id}, "request_uri": {uri}}, pairs...)
	return b.visit(http.MethodGet, c.h.endpoint("authorization_endpoint")+"?"+v.Encode(), nil)
}

// code goes from pushed parameters to a code.
func (c *client) code(b *browser, pairs ...string) string {
	c.h.t.Helper()
	v := c.visit(b, c.push(pairs...))
	if !strings.HasPrefix(v.to, c.redirect) {
		c.h.t.Fatalf("the browser goes to %s, want %s", v.to, c.redirect)
	}
	got := v.returned(c.redirect)
	if got.Get("code") == "" || got.Get("iss") != c.h.issuer || got.Get("state") != c.pushed(pairs...).Get("state") {
		c.h.t.Fatalf("the app got %v", got)
	}
	return got.Get("code")
}

// trade redeems a code with a proof.
func (c *client) trade(p *prover, code string, pairs ...string) reply {
	c.h.t.Helper()
	return c.send(p, "token_endpoint", values(url.Values{"grant_type": {"authorization_code"}, "code": {code},
		"redirect_uri": {c.redirect}, "code_verifier": {verifier}}, pairs...))
}

// tokens goes from pushed parameters to tokens, and checks them.
func (c *client) tokens(p *prover, b *browser, pairs ...string) reply {
	c.h.t.Helper()
	r := c.trade(p, c.code(b, pairs...)).want(200)
	header, _ := c.h.verify(r.get("id_token"), jose.PS256, jose.ES256, jose.EdDSA)
	id := c.idToken(r, c.pushed(pairs...).Get("nonce"))
	if r.get("token_type") != "DPoP" || header.Algorithm == "RS256" || id["sub"] == nil {
		c.h.t.Errorf("the answer is %s", r.text)
	}
	return r
}

// refused checks that a browser ended on a page of an error, or at the app with
// one of several.
func (v view) refused(redirect string, codes ...string) {
	v.t.Helper()
	if v.to == "" {
		v.onPage()
		return
	}
	if got := v.returned(redirect); got.Has("code") || !slices.Contains(codes, got.Get("error")) {
		v.t.Errorf("the app got %v, want an error of %v", got, codes)
	}
}
