package plan_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/server"
)

// TestPlanFAPI2 plays the plan of the FAPI 2.0 Security Profile: plain FAPI,
// private_key_jwt, DPoP, OpenID Connect.
func TestPlanFAPI2(t *testing.T) {
	each(t, server.DemoOptions{}, func(t *testing.T, h *house) {
		s := &stage{house: h, c: h.bank(t, "bank-one", ""), c2: h.bank(t, "bank-two", "?dummy1=lorem&dummy2=ipsum")}
		play(t, s, fapiFlows)
		play(t, s, fapiBindings)
		play(t, s, fapiPushed)
		play(t, s, fapiAssertions)
	})
}

// flow is a module in which a sign-in with parameters succeeds.
func flow(pairs ...string) func(*testing.T, *stage) {
	return func(t *testing.T, s *stage) {
		p := newProver(t)
		s.c.ours(p, s.c.tokens(p, s.browser(), pairs...).get("access_token")).want(200)
	}
}

var fapiFlows = []module{
	{"fapi2-security-profile-final-discovery-end-point-verification", fapiDiscovery},
	{"fapi2-security-profile-final-happy-flow", fapiHappy},
	{"fapi2-security-profile-final-user-rejects-authentication", func(t *testing.T, s *stage) {
		for _, c := range []*client{s.c, s.c2} {
			b := s.browser()
			b.deny = true
			got := c.visit(b, c.push("prompt", "consent")).returned(c.redirect)
			if got.Get("error") != "access_denied" || got.Has("code") || got.Get("state") != "st-"+c.id || got.Get("iss") != s.issuer {
				t.Errorf("the app got %v", got)
			}
		}
	}},
	{"fapi2-security-profile-final-ensure-authorization-request-without-state-success", flow("state", "")},
	{"fapi2-security-profile-final-ensure-authorization-request-without-nonce-success", flow("nonce", "")},
	{"fapi2-security-profile-final-ensure-authorization-request-with-64-char-nonce-success", flow("nonce", strings.Repeat("n", 64))},
	{"fapi2-security-profile-final-ensure-authorization-request-with-long-nonce", flow("nonce", strings.Repeat("n", 384))},
	{"fapi2-security-profile-final-ensure-authorization-request-with-long-state", flow("state", strings.Repeat("s", 1000))},
	{"fapi2-security-profile-final-ensure-other-scope-order-succeeds", flow("scope", "email openid")},
	{"fapi2-security-profile-final-test-claims-parameter-identity-claims", claimsParameter},
	{"fapi2-security-profile-final-access-token-type-header-case-sensitivity", func(t *testing.T, s *stage) {
		p, address := newProver(t), s.endpoint("userinfo_endpoint")
		token := s.c.tokens(p, s.browser()).get("access_token")
		s.c.ours(p, token).want(200)
		for _, scheme := range []string{"dpop ", "DPOP ", "dPoP "} {
			s.get(address, "Authorization", scheme+token, "DPoP", p.proof(http.MethodGet, address, token)).want(200)
		}
	}},
	{"fapi2-security-profile-final-refresh-token", fapiRefresh},
}

func fapiDiscovery(t *testing.T, s *stage) {
	discoveryVerification(t, s)
	s.endpoint("pushed_authorization_request_endpoint")
	for name, all := range map[string][]string{
		"code_challenge_methods_supported": {"S256"}, "token_endpoint_auth_methods_supported": {"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": {"PS256", "ES256", "EdDSA"}, "dpop_signing_alg_values_supported": {"PS256", "ES256"},
		"id_token_signing_alg_values_supported": {"PS256", "ES256"}, "response_types_supported": {"code"},
	} {
		for _, want := range all {
			if !slices.Contains(asList(s.meta[name]), want) {
				t.Errorf("%s is %v, want %s in it", name, s.meta[name], want)
			}
		}
	}
	if slices.Contains(asList(s.meta["code_challenge_methods_supported"]), "plain") {
		t.Error("discovery offers plain PKCE")
	}
}

// fapiHappy has both clients go all the way; the key of one does not open what
// is bound to the other's.
func fapiHappy(t *testing.T, s *stage) {
	one, two := newProver(t), newProver(t)
	first := s.c.tokens(one, s.browser(), "scope", "openid email").get("access_token")
	second := s.c2.tokens(two, s.browser()).get("access_token")
	if r := s.c.ours(one, first).want(200); r.body["email"] == nil {
		t.Errorf("UserInfo is %s", r.text)
	}
	s.c2.ours(two, second).want(200)
	again := s.c.visit(s.browser(), s.c.push(), "response_type", "code", "scope", "openid", "redirect_uri", s.c.redirect) // said twice, as OAuth asks
	if got := again.returned(s.c.redirect); got.Get("code") == "" || got.Get("iss") != s.issuer {
		t.Errorf("the app got %v", got)
	}
	s.c2.ours(two, first).want(401)
	s.c.ours(one, second).want(401)
	address := s.endpoint("userinfo_endpoint")
	s.get(address, "Authorization", "Bearer "+first).want(401)
	s.get(address, "Authorization", "DPoP "+first).want(401)
	s.get(address+"?access_token="+url.QueryEscape(first), "DPoP", one.proof(http.MethodGet, address, first)).want(401)
}

// claimsParameter asks for every standard claim by name.
func claimsParameter(t *testing.T, s *stage) {
	standard := []string{"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
		"email", "email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number", "phone_number_verified", "address", "updated_at"}
	var members []string
	for _, name := range standard {
		if slices.Contains(asList(s.meta["claims_supported"]), name) {
			members = append(members, `"`+name+`":{"essential":true}`)
		}
	}
	if len(members) < len(standard) {
		t.Errorf("discovery lists %d of %d standard claims", len(members), len(standard))
	}
	all := "{" + strings.Join(members, ",") + "}"
	p := newProver(t)
	got := s.c.tokens(p, s.browser(), "claims", `{"userinfo":`+all+`,"id_token":`+all+`,"somewhere":{"name":null}}`)
	id, said := s.c.idToken(got, "n-0S6_WzA2Mj"), s.c.ours(p, got.get("access_token")).want(200).body
	for _, name := range standard {
		checkClaim(t, name, id[name])
		checkClaim(t, name, said[name])
	}
}

// fapiRefresh uses the refresh tokens of both clients: they stay what they are,
// and are good for one client alone, with its key.
func fapiRefresh(t *testing.T, s *stage) {
	for _, pair := range [][2]*client{{s.c, s.c2}, {s.c2, s.c}} {
		c, other := pair[0], pair[1]
		p := newProver(t)
		text := c.tokens(p, s.browser(), "scope", "openid offline_access", "prompt", "consent").get("refresh_token")
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text}, "scope": {"openid offline_access"}}
		c.post("token_endpoint", form).refused("invalid_dpop_proof", "invalid_request", "invalid_grant")
		s.post(s.endpoint("token_endpoint"), values(form, "client_id", c.id), "DPoP", p.proof(http.MethodPost, s.endpoint("token_endpoint"), "")).
			refused("invalid_client", "invalid_request")
		other.send(p, "token_endpoint", form).want(400, "invalid_grant")
		for range 2 {
			p := newProver(t) // RFC 9449 section 5: the token is bound to the client, not to its key
			r := c.send(p, "token_endpoint", form).want(200)
			c.ours(p, r.get("access_token")).want(200)
			if next, ok := r.body["refresh_token"]; ok && next != text {
				t.Error("the refresh token is rotated")
			}
		}
	}
}

var fapiPushed = []module{
	{"fapi2-security-profile-final-ensure-different-nonce-inside-and-outside-request-object", func(t *testing.T, s *stage) {
		got := s.c.visit(s.browser(), s.c.push(), "nonce", "outside").returned(s.c.redirect)
		s.c.idToken(s.c.trade(newProver(t), got.Get("code")).want(200), "n-0S6_WzA2Mj")
	}},
	{"fapi2-security-profile-final-ensure-different-state-inside-and-outside-request-object", func(t *testing.T, s *stage) {
		if got := s.c.visit(s.browser(), s.c.push(), "state", "outside").returned(s.c.redirect); got.Get("state") != "st-"+s.c.id || got.Get("code") == "" {
			t.Errorf("the app got %v", got)
		}
	}},
	{"fapi2-security-profile-final-state-only-outside-request-object-not-used", func(t *testing.T, s *stage) {
		if got := s.c.visit(s.browser(), s.c.push("state", ""), "state", "outside").returned(s.c.redirect); got.Has("state") || got.Get("code") == "" {
			t.Errorf("the app got %v", got)
		}
	}},
	{"fapi2-security-profile-final-ensure-request-object-without-redirect-uri-fails", notPushed("invalid_request", "redirect_uri", "")},
	{"fapi2-security-profile-final-ensure-redirect-uri-in-authorization-request", func(_ *testing.T, s *stage) {
		r := s.c.post("pushed_authorization_request_endpoint", values(s.c.pushed(), "redirect_uri", "", "state", ""))
		r.refused("invalid_request")
		s.browser().visit(http.MethodGet, s.c.ask("redirect_uri", ""), nil).onPage()
	}},
	{"fapi2-security-profile-final-plain-fapi-tolerate-unregistered-redirect-uri", func(_ *testing.T, s *stage) {
		notPushed("invalid_request", "redirect_uri", s.c.redirect+"/other")(nil, s)
	}},
	{"fapi2-security-profile-final-ensure-unsigned-authorization-request-without-using-par-fails", func(_ *testing.T, s *stage) {
		v := s.browser().visit(http.MethodGet, s.endpoint("authorization_endpoint")+"?"+s.c.pushed().Encode(), nil)
		v.refused(s.c.redirect, "invalid_request", "invalid_request_object", "unauthorized_client")
	}},
	{"fapi2-security-profile-final-ensure-response-type-code-idtoken-fails", notPushed("unsupported_response_type", "response_type", "code id_token")},
	{"fapi2-security-profile-final-ensure-response-type-token-fails", notPushed("unsupported_response_type", "response_type", "token")},
	{"fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds", func(t *testing.T, s *stage) {
		uri, b := s.c.push(), s.browser()
		b.stop = true
		if v := s.c.visit(b, uri); v.to != "" || v.status != http.StatusOK {
			t.Fatalf("the first visit is at %s with %d", v.at, v.status)
		}
		for _, next := range []*browser{b, s.browser()} {
			next.stop = false
			got := s.c.visit(next, uri)
			if next == b {
				s.c.idToken(s.c.trade(newProver(t), got.returned(s.c.redirect).Get("code")).want(200), "n-0S6_WzA2Mj")
				continue
			}
			got.refused(s.c.redirect, "invalid_request_uri", "invalid_request")
		}
	}},
	{"fapi2-security-profile-final-par-attempt-reuse-request_uri", func(t *testing.T, s *stage) {
		uri, b := s.c.push(), s.browser()
		if got := s.c.visit(b, uri).returned(s.c.redirect); got.Get("code") == "" {
			t.Fatalf("the app got %v", got)
		}
		s.c.visit(b, uri).refused(s.c.redirect, "invalid_request_uri")
	}},
	{"fapi2-security-profile-final-par-attempt-to-use-expired-request_uri", func(_ *testing.T, s *stage) {
		s.provider(func(p *app.Provider) { p.PARSeconds = 5 })
		defer s.provider(func(p *app.Provider) { p.PARSeconds = 0 })
		uri := s.c.push()
		time.Sleep(5500 * time.Millisecond)
		s.c.visit(s.browser(), uri).refused(s.c.redirect, "invalid_request_uri")
	}},
	{"fapi2-security-profile-final-par-attempt-to-use-request_uri-for-different-client", func(_ *testing.T, s *stage) {
		s.c.visit(s.browser(), s.c.push(), "client_id", s.c2.id).refused(s.c2.redirect, "invalid_request_uri", "invalid_request")
	}},
	{"fapi2-security-profile-final-par-authorization-request-containing-request_uri-form-param", func(_ *testing.T, s *stage) {
		notPushed("invalid_request", "request_uri", s.c.push())(nil, s)
	}},
	{"fapi2-security-profile-final-par-attempt-invalid-http-method", func(t *testing.T, s *stage) {
		for _, method := range []string{http.MethodPut, http.MethodGet, http.MethodDelete} {
			if r := s.do(s.request(method, s.endpoint("pushed_authorization_request_endpoint"), nil, nil)); r.status != http.StatusMethodNotAllowed {
				t.Errorf("%s = %d, want 405", r.what, r.status)
			}
		}
	}},
	{"fapi2-security-profile-final-par-ensure-pkce-required", notPushed("invalid_request", "code_challenge", "", "code_challenge_method", "")},
	{"fapi2-security-profile-final-par-plain-pkce-rejected", notPushed("invalid_request", "code_challenge", verifier, "code_challenge_method", "plain")},
	{"fapi2-security-profile-final-ensure-pkce-code-verifier-required", func(t *testing.T, s *stage) {
		s.c.trade(newProver(t), s.c.code(s.browser()), "code_verifier", "").want(400, "invalid_grant")
	}},
	{"fapi2-security-profile-final-incorrect-pkce-code-verifier-rejected", func(t *testing.T, s *stage) {
		s.c.trade(newProver(t), s.c.code(s.browser()), "code_verifier", strings.Repeat("w", 43)).want(400, "invalid_grant")
	}},
	{"fapi2-security-profile-final-par-without-duplicate-parameters", flow()},
}

// notPushed is a module whose pushed request is refused.
func notPushed(code string, pairs ...string) func(*testing.T, *stage) {
	return func(_ *testing.T, s *stage) {
		s.c.post("pushed_authorization_request_endpoint", values(s.c.pushed(), pairs...)).want(400, code)
	}
}

// asserted pushes a request with an assertion of one's own.
func (s *stage) asserted(key *signer, claims object) reply {
	s.t.Helper()
	return s.post(s.endpoint("pushed_authorization_request_endpoint"), values(s.c.pushed(),
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", key.sign(s.t, nil, claims)))
}

// assertion is a module whose assertion has other claims; good says whether it
// is taken.
func assertion(good bool, change func(s *stage) []any) func(*testing.T, *stage) {
	return func(_ *testing.T, s *stage) {
		r := s.asserted(s.c.key, s.c.assertion(change(s)...))
		if good {
			r.want(201)
			return
		}
		r.want(401, "invalid_client")
	}
}

var fapiAssertions = []module{
	{"fapi2-security-profile-final-ensure-signed-client-assertion-with-RS256-fails", func(t *testing.T, s *stage) {
		s.asserted(newSigner(t, jose.RS256), s.c.assertion()).want(401, "invalid_client")
		same := *s.c.key
		same.key, same.alg = newSigner(t, jose.RS256).key, jose.RS256
		s.asserted(&same, s.c.assertion()).want(401, "invalid_client")
	}},
	{"fapi2-security-profile-final-ensure-client-assertion-in-token-endpoint", func(t *testing.T, s *stage) {
		p := newProver(t)
		s.c.ours(p, s.c.tokens(p, s.browser()).get("access_token")).want(200) // for the nonce
		bare := *s.c
		bare.method = "none"
		bare.send(p, "token_endpoint", url.Values{"client_id": {s.c.id}, "grant_type": {"authorization_code"}, "code": {s.c.code(s.browser())},
			"redirect_uri": {s.c.redirect}, "code_verifier": {verifier}}).refused("invalid_client", "invalid_request")
	}},
	{"fapi2-security-profile-final-ensure-client-assertion-with-exp-is-5-minutes-in-past-fails", assertion(false, func(*stage) []any {
		return []any{"exp", time.Now().Add(-5 * time.Minute).Unix(), "iat", nil, "nbf", nil}
	})},
	{"fapi2-security-profile-final-ensure-client-assertion-with-wrong-aud-fails", assertion(false, func(*stage) []any { return []any{"aud", "https://www.other1.example.com/"} })},
	{"fapi2-security-profile-final-ensure-client-assertion-with-no-sub-fails", assertion(false, func(*stage) []any { return []any{"sub", nil} })},
	{"fapi2-security-profile-final-par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted", assertion(true, func(*stage) []any {
		at := time.Now().Add(8 * time.Second).Unix()
		return []any{"nbf", at, "iat", at}
	})},
	{"fapi2-security-profile-final-par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails", assertion(false, func(*stage) []any {
		at := time.Now().Add(70 * time.Second).Unix()
		return []any{"nbf", at, "iat", at, "exp", at + 60}
	})},
	{"fapi2-security-profile-final-par-test-array-as-audience-fails", assertion(false, func(s *stage) []any { return []any{"aud", []string{s.issuer}} })},
	{"fapi2-security-profile-final-par-test-par-endpoint-url-as-audience-fails", assertion(false, func(s *stage) []any {
		return []any{"aud", s.endpoint("pushed_authorization_request_endpoint")}
	})},
	{"fapi2-security-profile-final-par-test-token-endpoint-url-as-audience-fails", assertion(false, func(s *stage) []any {
		return []any{"aud", s.endpoint("token_endpoint")}
	})},
}
