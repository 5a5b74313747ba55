package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
)

// A bank is an app of the FAPI 2.0 Security Profile with its key.
type bank struct {
	*client
	key *ecdsa.PrivateKey
}

func (f *front) bank(t testing.TB, id string, change func(*identity.AppSettings)) *bank {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	f.ok(err)
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	f.ok(err)
	c := f.app(id, func(s *identity.AppSettings) {
		s.AuthMethod, s.AuthAlg, s.JWKS, s.FAPI, s.Trusted = identity.AuthPrivateKeyJWT, "ES256", set, true, true
		s.GrantTypes = []string{identity.GrantCode, identity.GrantRefresh}
		if change != nil {
			change(s)
		}
	})
	return &bank{c, key}
}

func (b *bank) sign(typ string, claims map[string]any) string {
	b.t.Helper()
	o := (&jose.SignerOptions{}).WithType(jose.ContentType(typ))
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: b.key, KeyID: "k1"}}, o)
	b.ok(err)
	raw, err := json.Marshal(claims)
	b.ok(err)
	jws, err := s.Sign(raw)
	b.ok(err)
	text, err := jws.CompactSerialize()
	b.ok(err)
	return text
}

// push pushes a request.
func (b *bank) push(v url.Values) answer {
	b.t.Helper()
	now := b.now().Unix()
	v = with(v, "client_id", b.ClientID, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
		"client_assertion", b.sign("JWT", map[string]any{"iss": b.ClientID, "sub": b.ClientID, "aud": b.issuer, "iat": now, "exp": now + 60, "jti": identity.NewID().String()}))
	return b.send("POST", "/o/acme/oauth2/par", v.Encode())
}

// begin is the address with which the browser brings a pushed request.
func (b *bank) begin(uri string, pairs ...string) string {
	return "/o/acme/oauth2/authorize?" + with(form("client_id", b.ClientID, "request_uri", uri), pairs...).Encode()
}

// TestPlanFAPI goes through the modules of fapi2-security-profile-final and
// fapi2-message-signing-final that end at the authorization or the PAR endpoint.
func TestPlanFAPI(t *testing.T) {
	eachFront(t, func(t *testing.T, f *front) {
		bank := f.bank(t, "bank", nil)
		other := f.bank(t, "bank2", nil)
		uri := func(pairs ...string) string {
			t.Helper()
			return bank.push(bank.params(pairs...)).want(201).get("request_uri")
		}
		t.Run("happy-flow", func(t *testing.T) { f.browser(t, "ann").follow("GET", bank.begin(uri()), nil).granted() })
		t.Run("par-attempt-reuse-request_uri", func(t *testing.T) {
			b, u := f.browser(t, "ann"), uri()
			b.follow("GET", bank.begin(u), nil).granted()
			b.follow("GET", bank.begin(u), nil).onPage(400)
		})
		t.Run("par-ensure-reused-request-uri-prior-to-auth-completion-succeeds", func(t *testing.T) {
			b, u := f.browser(t, "ann"), uri()
			b.visit("GET", bank.begin(u), nil)
			f.browser(t, "ann").visit("GET", bank.begin(u), nil)
			b.follow("GET", bank.begin(u), nil).granted()
		})
		t.Run("par-attempt-to-use-expired-request_uri", func(t *testing.T) {
			u := uri()
			f.wait(61 * time.Second)
			f.browser(t, "ann").follow("GET", bank.begin(u), nil).onPage(400)
		})
		t.Run("section 5.3.2.1: codes live a minute at most and request_uris less than ten, whatever the organisation says", func(t *testing.T) {
			f.provider(func(p *app.Provider) { p.CodeSeconds, p.PARSeconds = 600, 600 })
			defer f.provider(func(p *app.Provider) { p.CodeSeconds, p.PARSeconds = 0, 0 })
			a := bank.push(bank.params()).want(201)
			if a.body["expires_in"].(float64) >= 600 {
				t.Errorf("expires_in = %v, want less than 600", a.body["expires_in"])
			}
			code := f.browser(t, "ann").follow("GET", bank.begin(a.get("request_uri")), nil).granted()
			f.wait(61 * time.Second)
			now, p := f.now().Unix(), f.prover()
			v := form("grant_type", identity.GrantCode, "code", code, "redirect_uri", redirect, "code_verifier", verifier,
				"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
				"client_assertion", bank.sign("JWT", map[string]any{"iss": "bank", "sub": "bank", "aud": f.issuer, "exp": now + 60, "jti": identity.NewID().String()}))
			address := "/o/acme/oauth2/token"
			f.send("POST", address, v.Encode(), "DPoP", p.proof("POST", public+address, "")).want(400, "invalid_grant")
		})
		t.Run("who has begun in time may take longer to sign in", func(t *testing.T) {
			b, u := f.browser(t, "ann"), uri()
			to := b.visit("GET", bank.begin(u), nil).header.Get("Location")
			f.wait(5 * time.Minute)
			b.visit("GET", b.signIn(to), nil).granted()
		})
		t.Run("par-attempt-to-use-request_uri-for-different-client", func(t *testing.T) {
			f.browser(t, "ann").follow("GET", other.begin(uri()), nil).onPage(400)
		})
		t.Run("outer parameters are passed over", func(t *testing.T) {
			v := f.browser(t, "ann").follow("GET", bank.begin(uri(), "state", "outside", "redirect_uri", "https://evil.test", "scope", "scim"), nil)
			v.granted()
		})
		t.Run("ensure-unsigned-authorization-request-without-using-par-fails", func(t *testing.T) {
			f.browser(t, "ann").follow("GET", bank.ask(), nil).refused("invalid_request")
		})
		t.Run("ensure-authorization-request-without-state-success", func(t *testing.T) {
			v := f.browser(t, "ann").follow("GET", bank.begin(uri("state", "")), nil).returned()
			if !v.Has("code") || v.Has("state") {
				t.Errorf("the app got %v", v)
			}
		})
		for name, pairs := range map[string][]string{
			"ensure-authorization-request-without-nonce-success":      {"nonce", ""},
			"ensure-authorization-request-with-64-char-nonce-success": {"nonce", strings.Repeat("n", 64)},
			"ensure-authorization-request-with-long-nonce":            {"nonce", strings.Repeat("n", 384)},
			"ensure-other-scope-order-succeeds":                       {"scope", "profile openid"},
		} {
			t.Run(name, func(t *testing.T) { f.browser(t, "ann").follow("GET", bank.begin(uri(pairs...)), nil).granted() })
		}
		for name, c := range map[string]struct {
			pairs []string
			code  string
		}{
			"par-ensure-pkce-required":                                  {[]string{"code_challenge", "", "code_challenge_method", ""}, "invalid_request"},
			"par-plain-pkce-rejected":                                   {[]string{"code_challenge_method", "plain"}, "invalid_request"},
			"par-authorization-request-containing-request_uri":          {[]string{"request_uri", "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"},
			"ensure-redirect-uri-in-authorization-request":              {[]string{"redirect_uri", ""}, "invalid_request"},
			"plain-fapi-tolerate-unregistered-redirect-uri":             {[]string{"redirect_uri", "https://app.test/other"}, "invalid_request"},
			"ensure-response-type-code-idtoken-fails":                   {[]string{"response_type", "code id_token"}, "unsupported_response_type"},
			"ensure-response-type-token-fails":                          {[]string{"response_type", "token"}, "unsupported_response_type"},
			"an unsigned request object":                                {[]string{"request", "eyJhbGciOiJub25lIn0.e30."}, "invalid_request_object"},
			"a client_id that is not that of the app that is speaking ": {[]string{"request", "x"}, "invalid_request_object"},
		} {
			t.Run(name, func(t *testing.T) { bank.push(bank.params(c.pairs...)).want(400, c.code) })
		}
		t.Run("B14 50 browsers finish one pushed request", func(t *testing.T) { finishAtOnce(t, f, bank, uri()) })
	})
}

// finishAtOnce has one browser bring a pushed request many times at once: one
// visit ends in a code.
func finishAtOnce(t *testing.T, f *front, bank *bank, uri string) {
	b := f.browser(t, "ann")
	b.follow("GET", f.shop.ask(), nil).granted()
	v := form("client_id", bank.ClientID, "request_uri", uri)
	var won sync.Map
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			c, err := f.requests.Read(t.Context(), f.org, v)
			if err == nil {
				err = f.requests.Finish(t.Context(), c)
			}
			if err == nil {
				won.Store(i, true)
			} else if _, ok := err.(*request.Error); !ok {
				t.Errorf("Finish: %v", err)
			}
		})
	}
	all.Wait()
	n := 0
	won.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d visits finished the request, want 1", n)
	}
}

// TestSignedRequests goes through fapi2-message-signing: signed requests and
// signed answers.
func TestSignedRequests(t *testing.T) {
	f := frontOnSQLite(t)
	bank := f.bank(t, "bank", func(s *identity.AppSettings) { s.RequireRequestObject, s.RequestObjectAlg = true, "ES256" })
	object := func(pairs ...string) string {
		now := f.now().Unix()
		claims := map[string]any{"iss": "bank", "aud": f.issuer, "exp": now + 60, "nbf": now, "iat": now}
		for name, list := range bank.params(pairs...) {
			claims[name] = list[0]
		}
		return bank.sign("oauth-authz-req+jwt", claims)
	}
	begin := func(v url.Values) string { return bank.begin(bank.push(v).want(201).get("request_uri")) }
	t.Run("state-only-outside-request-object-not-used", func(t *testing.T) {
		v := f.browser(t, "ann").follow("GET", begin(form("request", object("state", ""), "state", "outside")), nil).returned()
		if v.Has("state") || !v.Has("code") {
			t.Errorf("the app got %v", v)
		}
	})
	t.Run("ensure-different-state-inside-and-outside-request-object", func(t *testing.T) {
		f.browser(t, "ann").follow("GET", begin(form("request", object(), "state", "outside")), nil).granted()
	})
	t.Run("ensure-request-object-without-redirect-uri-fails", func(t *testing.T) {
		bank.push(form("request", object("redirect_uri", ""), "redirect_uri", redirect)).want(400, "invalid_request")
	})
	t.Run("an unsigned push", func(t *testing.T) { bank.push(bank.params()).want(400, "invalid_request") })
	t.Run("response_mode=jwt", func(t *testing.T) {
		v := f.browser(t, "ann").follow("GET", begin(form("request", object("response_mode", "jwt"))), nil).returned()
		if head := part(t, v.Get("response"), 0); head["alg"] != "ES256" || len(v) != 1 {
			t.Errorf("the app got %v, signed by %v", v, head["alg"])
		}
	})
	t.Run("by value at the authorization endpoint", func(t *testing.T) {
		plain := f.bank(t, "plain", func(s *identity.AppSettings) { s.FAPI = false })
		plain.key = bank.key
		set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &bank.key.PublicKey, KeyID: "k1"}}})
		f.ok(err)
		f.set(plain.client, func(s *identity.AppSettings) { s.JWKS = set })
		claims := map[string]any{"client_id": "plain"}
		for name, list := range plain.params("state", "inside") {
			claims[name] = list[0]
		}
		v := f.browser(t, "ann").follow("GET", "/o/acme/oauth2/authorize?"+form("client_id", "plain", "response_type", "code", "scope", "openid",
			"state", "outside", "redirect_uri", "https://evil.test", "request", plain.sign("JWT", claims)).Encode(), nil).returned()
		if v.Get("state") != "inside" || !v.Has("code") {
			t.Errorf("the app got %v", v)
		}
	})
}
