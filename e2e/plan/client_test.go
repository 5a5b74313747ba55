package plan_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

type object = map[string]any

// A client is an app that speaks OpenID Connect with the house.
type client struct {
	h        *house
	id       string
	secret   string
	method   string // token_endpoint_auth_method
	redirect string
	key      *signer
	said     object // what registration answered
}

func (c *client) in(h *house) *client {
	if c == nil {
		return nil
	}
	next := *c
	next.h = h
	return &next
}

// register registers a client by RFC 7591. The redirect URI is named after the
// client so that none passes for another.
func (h *house) register(name string, more object) *client {
	h.t.Helper()
	redirect := h.party.URL + "/" + name + "/callback"
	doc := object{"client_name": name, "redirect_uris": []string{redirect}}
	maps.Copy(doc, more)
	r := h.sendJSON(http.MethodPost, h.endpoint("registration_endpoint"), doc).want(201)
	c := &client{h: h, id: r.get("client_id"), redirect: redirect, method: r.get("token_endpoint_auth_method"), said: r.body}
	c.secret, _ = r.body["client_secret"].(string)
	if uris, ok := r.body["redirect_uris"].([]any); !ok || len(uris) == 0 {
		h.t.Errorf("the registration answers with the redirect URIs %v", r.body["redirect_uris"])
	}
	uri, _ := r.body["registration_client_uri"].(string)
	token, _ := r.body["registration_access_token"].(string)
	if !strings.HasPrefix(uri, h.issuer+"/") || token == "" || c.method != "none" && c.method != "private_key_jwt" && c.secret == "" {
		h.t.Fatalf("the registration answers %s", r.text)
	}
	h.t.Cleanup(func() { c.unregister(uri, token) })
	return c
}

// unregister ends a registration, as the plans do when they are over.
func (c *client) unregister(uri, token string) {
	for i, want := range []int{http.StatusNoContent, http.StatusUnauthorized} {
		r, err := http.NewRequestWithContext(context.WithoutCancel(c.h.t.Context()), http.MethodDelete, uri, nil)
		c.h.ok(err)
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := c.h.http.Do(r)
		c.h.ok(err)
		res.Body.Close()
		if res.StatusCode != want {
			c.h.t.Errorf("DELETE %d of a registration = %d, want %d", i+1, res.StatusCode, want)
		}
	}
}

func (h *house) sendJSON(method, address string, doc any, header ...string) reply {
	h.t.Helper()
	raw, err := json.Marshal(doc)
	h.ok(err)
	r := h.request(method, address, strings.NewReader(string(raw)), header)
	r.Header.Set("Content-Type", "application/json")
	return h.do(r)
}

// values makes a form of pairs; "" takes a value away.
func values(v url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for name, list := range v {
		out[name] = slices.Clone(list)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if out.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			out.Del(pairs[i])
		}
	}
	return out
}

// params are those of a usual request.
func (c *client) params(pairs ...string) url.Values {
	return values(url.Values{"client_id": {c.id}, "redirect_uri": {c.redirect}, "response_type": {"code"},
		"scope": {"openid"}, "state": {"st-" + c.id}, "nonce": {"n-0S6_WzA2Mj"}}, pairs...)
}

// ask is the address of a request.
func (c *client) ask(pairs ...string) string {
	return c.h.endpoint("authorization_endpoint") + "?" + c.params(pairs...).Encode()
}

// post sends a form with client authentication.
func (c *client) post(endpoint string, form url.Values, header ...string) reply {
	c.h.t.Helper()
	switch c.method {
	case "client_secret_basic":
		text := url.QueryEscape(c.id) + ":" + url.QueryEscape(c.secret)
		header = append(header, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(text)))
	case "client_secret_post":
		form = values(form, "client_id", c.id, "client_secret", c.secret)
	case "private_key_jwt":
		form = values(form, "client_id", c.id, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
			"client_assertion", c.key.sign(c.h.t, nil, c.assertion()))
	}
	return c.h.post(c.h.endpoint(endpoint), form, header...)
}

// assertion are the claims of a client assertion.
func (c *client) assertion(change ...any) object {
	now := time.Now().Unix()
	return changed(object{"iss": c.id, "sub": c.id, "aud": c.h.issuer, "jti": rand.Text(), "iat": now, "nbf": now, "exp": now + 60}, change...)
}

// changed sets members by pairs; nil takes one away.
func changed(o object, pairs ...any) object {
	for i := 0; i+1 < len(pairs); i += 2 {
		if o[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == nil {
			delete(o, pairs[i].(string))
		}
	}
	return o
}

func (c *client) redeem(code string, more ...string) reply {
	c.h.t.Helper()
	return c.post("token_endpoint", values(url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.redirect}}, more...))
}

func (c *client) refresh(text string) reply {
	c.h.t.Helper()
	return c.post("token_endpoint", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text}})
}

func (c *client) userinfo(token string) reply {
	c.h.t.Helper()
	return c.h.get(c.h.endpoint("userinfo_endpoint"), "Authorization", "Bearer "+token)
}

// A signer is a key of a client with its name.
type signer struct {
	key crypto.Signer
	alg jose.SignatureAlgorithm
	kid string
}

func newSigner(t testing.TB, alg jose.SignatureAlgorithm) *signer {
	t.Helper()
	s := &signer{alg: alg, kid: rand.Text()[:8]}
	var err error
	if alg == jose.ES256 {
		s.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		s.key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// set is the public key as a set.
func (s *signer) set() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: s.key.Public(), KeyID: s.kid, Algorithm: string(s.alg), Use: "sig"}}}
}

// sign makes a JWT; header adds to what a client writes there.
func (s *signer) sign(t testing.TB, header map[jose.HeaderKey]any, claims object) string {
	t.Helper()
	o := &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{}}
	maps.Copy(o.ExtraHeaders, header)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: s.alg, Key: jose.JSONWebKey{Key: s.key, KeyID: s.kid}}, o)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(raw)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// unsigned makes a JWT of alg none.
func unsigned(claims object) string {
	raw, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	enc := base64.RawURLEncoding
	return enc.EncodeToString([]byte(`{"alg":"none"}`)) + "." + enc.EncodeToString(raw) + "."
}

// keys reads the keys that the house publishes.
func (h *house) keys() jose.JSONWebKeySet {
	h.t.Helper()
	var set jose.JSONWebKeySet
	h.ok(json.Unmarshal([]byte(h.get(h.endpoint("jwks_uri")).want(200).text), &set))
	return set
}

// verify checks the signature of a JWT of the house by its published keys and
// returns header and claims.
func (h *house) verify(text string, algs ...jose.SignatureAlgorithm) (jose.Header, object) {
	h.t.Helper()
	if len(algs) == 0 {
		algs = []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA}
	}
	jws, err := jose.ParseSignedCompact(text, algs)
	h.ok(err)
	header := jws.Signatures[0].Header
	set := h.keys()
	keys := set.Key(header.KeyID)
	if len(keys) != 1 {
		h.t.Fatalf("%d published keys are called %q, want one", len(keys), header.KeyID)
	}
	raw, err := jws.Verify(keys[0])
	h.ok(err)
	var claims object
	h.ok(json.Unmarshal(raw, &claims))
	return header, claims
}

// idToken checks an ID token as OpenID Connect Core section 3.1.3.7 says.
func (c *client) idToken(r reply, nonce string) object {
	c.h.t.Helper()
	text := r.get("id_token")
	header, id := c.h.verify(text)
	now := float64(time.Now().Unix())
	exp, _ := id["exp"].(float64)
	iat, _ := id["iat"].(float64)
	if id["iss"] != c.h.issuer || id["aud"] != c.id && !(len(asList(id["aud"])) == 1 && asList(id["aud"])[0] == c.id) || exp <= now || iat > now+5 || iat < now-60 {
		c.h.t.Errorf("the ID token says %v", id)
	}
	if sub, _ := id["sub"].(string); sub == "" || len(sub) > 255 {
		c.h.t.Errorf("the subject is %v", id["sub"])
	}
	if got, _ := id["nonce"].(string); got != nonce {
		c.h.t.Errorf("the nonce is %q, want %q", got, nonce)
	}
	if hash, ok := id["at_hash"].(string); ok {
		if want := halfHash(r.get("access_token")); hash != want {
			c.h.t.Errorf("at_hash of %s is %q, want %q", header.Algorithm, hash, want)
		}
	}
	return id
}

// halfHash is that of the algorithms with SHA-256.
func halfHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func challenge(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func asList(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
