package plan_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/muster-id/muster/app"
)

var fapiBindings = []module{
	{"fapi2-security-profile-final-check-dpop-proof-nbf-exp", func(t *testing.T, s *stage) {
		now := time.Now().Unix()
		withTimes(t, s, &prover{t: t, key: newSigner(t, jose.ES256), more: object{"nbf": now - 10, "exp": now + 300}})
	}},
	{"fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-before-succeeds", func(t *testing.T, s *stage) {
		withTimes(t, s, &prover{t: t, key: newSigner(t, jose.ES256), early: 10 * time.Second})
	}},
	{"fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-after-succeeds", func(t *testing.T, s *stage) {
		withTimes(t, s, &prover{t: t, key: newSigner(t, jose.ES256), early: -10 * time.Second})
	}},
	{"fapi2-security-profile-final-ensure-mismatched-dpop-jkt-fails", func(t *testing.T, s *stage) {
		s.c.send(newProver(t), "pushed_authorization_request_endpoint", s.c.pushed("dpop_jkt", newProver(t).thumbprint())).
			refused("invalid_dpop_proof", "invalid_request")
	}},
	{"fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt", func(t *testing.T, s *stage) {
		code := s.bound(newProver(t), "")
		s.c.trade(newProver(t), code).refused("invalid_grant", "invalid_dpop_proof")
	}},
	{"fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-jkt", func(t *testing.T, s *stage) {
		s.c.trade(newProver(t), s.c.code(s.browser(), "dpop_jkt", newProver(t).thumbprint())).refused("invalid_grant", "invalid_dpop_proof")
	}},
	{"fapi2-security-profile-final-ensure-dpopproof-at-par-endpoint-binding-success", func(t *testing.T, s *stage) {
		p := newProver(t)
		s.c.ours(p, s.c.trade(p, s.bound(p, "")).want(200).get("access_token")).want(200)
	}},
	{"fapi2-security-profile-final-ensure-dpop-auth-code-binding-success", func(t *testing.T, s *stage) {
		p := newProver(t)
		s.c.ours(p, s.c.trade(p, s.bound(p, p.thumbprint())).want(200).get("access_token")).want(200)
		s.c.trade(p, s.c.code(s.browser(), "dpop_jkt", p.thumbprint())).want(200)
	}},
	{"fapi2-security-profile-final-ensure-client-id-in-token-endpoint", func(t *testing.T, s *stage) {
		wrong := *s.c2
		wrong.key, wrong.redirect = s.c.key, s.c.redirect
		wrong.trade(newProver(t), s.c.code(s.browser())).refused("invalid_client")
		p, address := newProver(t), s.endpoint("token_endpoint")
		s.c.tokens(p, s.browser()) // for the nonce
		form := url.Values{"grant_type": {"authorization_code"}, "code": {s.c.code(s.browser())}, "redirect_uri": {s.c.redirect}, "code_verifier": {verifier},
			"client_id": {s.c2.id}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			"client_assertion": {s.c.key.sign(t, nil, s.c.assertion())}}
		s.post(address, form, "DPoP", p.proof(http.MethodPost, address, "")).refused("invalid_client", "invalid_request")
	}},
	{"fapi2-security-profile-final-ensure-holder-of-key-required", func(_ *testing.T, s *stage) {
		s.c.post("token_endpoint", url.Values{"grant_type": {"authorization_code"}, "code": {s.c.code(s.browser())},
			"redirect_uri": {s.c.redirect}, "code_verifier": {verifier}}).refused("invalid_dpop_proof", "invalid_request")
	}},
	{"fapi2-security-profile-final-ensure-authorization-code-is-bound-to-client", func(t *testing.T, s *stage) {
		code := s.c.code(s.browser())
		s.c2.trade(newProver(t), code, "redirect_uri", s.c.redirect).want(400, "invalid_grant")
	}},
	{"fapi2-security-profile-final-attempt-reuse-authorization-code-after-one-second", func(t *testing.T, s *stage) {
		p, code := newProver(t), s.c.code(s.browser())
		token := s.c.trade(p, code).want(200).get("access_token")
		s.c.ours(p, token).want(200)
		time.Sleep(time.Second)
		s.c.trade(p, code).want(400, "invalid_grant")
		s.c.ours(p, token).want(401)
	}},
	{"fapi2-security-profile-final-ensure-token-endpoint-fails-with-expired-auth-code", func(t *testing.T, s *stage) {
		s.provider(func(p *app.Provider) { p.CodeSeconds = 5 })
		defer s.provider(func(p *app.Provider) { p.CodeSeconds = 0 })
		code := s.c.code(s.browser())
		time.Sleep(5500 * time.Millisecond)
		s.c.trade(newProver(t), code).want(400, "invalid_grant")
	}},
	{"fapi2-security-profile-final-dpop-negative-tests", dpopNegative},
}

// bound pushes a request with a proof, and with dpop_jkt if it is not "", and
// returns the code that comes of it.
func (s *stage) bound(p *prover, jkt string) string {
	s.t.Helper()
	r := s.c.send(p, "pushed_authorization_request_endpoint", s.c.pushed("dpop_jkt", jkt)).want(201)
	got := s.c.visit(s.browser(), r.get("request_uri")).returned(s.c.redirect)
	if got.Get("code") == "" {
		s.t.Fatalf("the app got %v", got)
	}
	return got.Get("code")
}

// withTimes goes through all endpoints with proofs of unusual times.
func withTimes(_ *testing.T, s *stage, p *prover) {
	s.c.ours(p, s.c.trade(p, s.bound(p, "")).want(200).get("access_token")).want(200)
}

// A twist changes a proof before it is signed.
type twist func(header, claims object)

func inHeader(pairs ...any) twist { return func(h, _ object) { changed(h, pairs...) } }
func inClaims(pairs ...any) twist { return func(_, c object) { changed(c, pairs...) } }

// dpopNegative is the table of proofs at the resource (RFC 9449 section 4.3).
func dpopNegative(t *testing.T, s *stage) {
	p, other := newProver(t), newProver(t)
	address := s.endpoint("userinfo_endpoint")
	token := s.c.tokens(p, s.browser()).get("access_token")
	s.c.ours(p, token).want(200)
	send := func(header ...string) reply { return s.get(address, header...) }
	private, err := json.Marshal(jose.JSONWebKey{Key: p.key.key})
	s.ok(err)
	hour := time.Now().Add(time.Hour).Unix()
	for name, c := range map[string]struct {
		twist twist
		good  bool
	}{
		"as it should be":      {inClaims(), true},
		"more header fields":   {inHeader("more", "x"), true},
		"more claims":          {inClaims("more", "x"), true},
		"htu with a query":     {inClaims("htu", address+"?a=b#c"), true},
		"htu in capitals":      {inClaims("htu", strings.Replace(address, "localhost", "LOCALHOST", 1)), true},
		"no typ":               {inHeader("typ", nil), false},
		"another typ":          {inHeader("typ", "jwt"), false},
		"no alg":               {inHeader("alg", nil), false},
		"alg none":             {inHeader("alg", "none"), false},
		"another alg":          {inHeader("alg", "PS256"), false},
		"no jwk":               {inHeader("jwk", nil), false},
		"a private jwk":        {inHeader("jwk", json.RawMessage(private)), false},
		"the jwk of another":   {inHeader("jwk", other.header()["jwk"]), false},
		"no jti":               {inClaims("jti", nil), false},
		"no htm":               {inClaims("htm", nil), false},
		"no htu":               {inClaims("htu", nil), false},
		"no iat":               {inClaims("iat", nil), false},
		"another method":       {inClaims("htm", "POST"), false},
		"another address":      {inClaims("htu", s.endpoint("token_endpoint")), false},
		"iat an hour ago":      {inClaims("iat", hour-7200), false},
		"iat in an hour":       {inClaims("iat", hour), false},
		"no ath":               {inClaims("ath", nil), false},
		"ath of another token": {inClaims("ath", challenge("x")), false},
	} {
		t.Run(name, func(t *testing.T) {
			s.house.t = t
			h, claims := p.header(), p.claims(http.MethodGet, address, token)
			c.twist(h, claims)
			r := send("Authorization", "DPoP "+token, "DPoP", p.sign(h, claims))
			if c.good {
				r.want(200)
			} else if r.want(401); !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "DPoP ") {
				t.Errorf("WWW-Authenticate is %q", r.header.Get("WWW-Authenticate"))
			}
		})
	}
	s.house.t = t
	proof := p.proof(http.MethodGet, address, token)
	send("authorization", "DPoP "+token, "dpop", proof).want(200)
	send("Authorization", "DPoP "+token, "DPoP", proof).want(401) // a second time
	send("Authorization", "DPoP "+token, "DPoP", p.proof(http.MethodGet, address, token), "DPoP", p.proof(http.MethodGet, address, token)).want(401)
	send("Authorization", "DPoP "+token, "DPoP", "nothing").want(401)
	send("Authorization", "DPoP "+token, "DPoP", p.proof(http.MethodGet, address, token)+"AA").want(401)
	send("Authorization", "DPoP "+token).want(401)
	send("Authorization", "Bearer "+token, "DPoP", p.proof(http.MethodGet, address, token)).want(401)
	send("Authorization", "Bearer "+token).want(401)
	send("Authorization", "DPoP "+token, "DPoP", other.proof(http.MethodGet, address, token)).want(401)
}
