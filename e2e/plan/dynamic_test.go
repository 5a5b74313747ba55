package plan_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/muster-id/muster/server"
)

// TestPlanDynamic plays the plan of dynamic registration. It needs the legacy
// block: implicit answers, request objects without a signature by reference, and
// assertions for the token endpoint.
func TestPlanDynamic(t *testing.T) {
	each(t, server.DemoOptions{OpenRegistration: true, Legacy: true}, func(t *testing.T, h *house) {
		play(t, &stage{house: h, c: h.register("one", withRefresh), c2: h.register("two", withRefresh)}, dynamic)
	})
}

var dynamic = []module{
	{"oidcc-discovery-endpoint-verification", func(t *testing.T, s *stage) {
		discoveryVerification(t, s)
		for name, all := range map[string][]string{
			"response_types_supported": {"code", "id_token", "id_token token"}, "grant_types_supported": {"authorization_code", "implicit"},
		} {
			for _, want := range all {
				if !slices.Contains(asList(s.meta[name]), want) && !slices.Contains(asList(s.meta[name]), reversed(want)) {
					t.Errorf("%s is %v, want %s in it", name, s.meta[name], want)
				}
			}
		}
		s.endpoint("registration_endpoint")
	}},
	{"oidcc-server", oidccServer},
	{"oidcc-ensure-client-assertion-with-iss-aud-succeeds", clientAssertion},
	{"oidcc-ensure-redirect-uri-in-authorization-request", func(_ *testing.T, s *stage) {
		s.browser().visit(http.MethodGet, s.c.ask("redirect_uri", ""), nil).onPage()
	}},
	{"oidcc-ensure-request-object-with-redirect-uri", objectRedirectInside},
	{"oidcc-idtoken-rs256", func(t *testing.T, s *stage) {
		s.c = s.register("rs256", object{"id_token_signed_response_alg": "RS256"})
		if header, _ := s.verify(s.login(s.browser()).get("id_token"), jose.RS256); header.KeyID == "" {
			t.Error("the ID token names no key")
		}
	}},
	{"oidcc-idtoken-unsigned", idTokenUnsigned},
	{"oidcc-redirect-uri-query-OK", func(t *testing.T, s *stage) {
		s.withQuery()
		if v := s.browser().visit(http.MethodGet, s.c.ask(), nil); !strings.HasPrefix(v.to, s.c.redirect+"&") || !v.returned(s.c.redirect).Has("code") {
			t.Errorf("the browser goes to %s", v.to)
		}
	}},
	{"oidcc-redirect-uri-query-added", func(_ *testing.T, s *stage) {
		s.browser().visit(http.MethodGet, s.c.ask("redirect_uri", s.c.redirect+"?foo=bar"), nil).onPage()
	}},
	{"oidcc-redirect-uri-query-mismatch", func(_ *testing.T, s *stage) {
		s.withQuery()
		s.browser().visit(http.MethodGet, s.c.ask("redirect_uri", strings.Replace(s.c.redirect, "bar", "foo", 1)), nil).onPage()
	}},
	{"oidcc-redirect-uri-regfrag", func(_ *testing.T, s *stage) {
		doc := object{"redirect_uris": []string{s.party.URL + "/cb#foobar"}}
		s.sendJSON(http.MethodPost, s.endpoint("registration_endpoint"), doc).want(400, "invalid_redirect_uri")
	}},
	{"oidcc-refresh-token", refreshToken},
	{"oidcc-refresh-token-rp-key-rotation", keyRotation},
	{"oidcc-registration-jwks-uri", jwksURI},
	{"oidcc-registration-logo-uri", shown("logo_uri", "/logo.png")},
	{"oidcc-registration-policy-uri", shown("policy_uri", "/policy")},
	{"oidcc-registration-tos-uri", shown("tos_uri", "/terms")},
	{"oidcc-registration-sector-uri", func(t *testing.T, s *stage) {
		uri := s.party.publish("/sector/good", "application/json", []string{s.party.URL + "/sector/callback", s.party.URL + "/other"})
		s.c = s.register("sector", object{"sector_identifier_uri": uri, "subject_type": "pairwise"})
		pairwise := s.c.idToken(s.login(s.browser()), "n-0S6_WzA2Mj")["sub"]
		s.c = s.register("public", nil)
		if public := s.c.idToken(s.login(s.browser()), "n-0S6_WzA2Mj")["sub"]; public == pairwise {
			t.Errorf("both subjects are %v", public)
		}
	}},
	{"oidcc-registration-sector-bad", func(_ *testing.T, s *stage) {
		uri := s.party.publish("/sector/bad", "application/json", []string{s.party.URL + "/other"})
		doc := object{"redirect_uris": []string{s.party.URL + "/sector/callback"}, "sector_identifier_uri": uri, "subject_type": "pairwise"}
		s.sendJSON(http.MethodPost, s.endpoint("registration_endpoint"), doc).want(400, "invalid_client_metadata")
	}},
	{"oidcc-request-uri-signed-rs256", func(t *testing.T, s *stage) {
		key := newSigner(t, jose.RS256)
		key.kid = ""
		address := s.party.URL + "/request/signed#" + challenge("signed")
		s.c = s.register("signed", object{"jwks": key.set(), "request_object_signing_alg": "RS256", "request_uris": []string{address}})
		s.party.publish("/request/signed", "application/jwt", key.sign(t, nil, s.claimsOf(s.c.params())))
		s.byReference(address)
		s.party.publish("/request/signed", "application/jwt", newSigner(t, jose.RS256).sign(t, nil, s.claimsOf(s.c.params())))
		s.notByReference(address)
		s.party.publish("/request/signed", "application/jwt", unsigned(s.claimsOf(s.c.params())))
		s.notByReference(address)
	}},
	{"oidcc-request-uri-unsigned", func(t *testing.T, s *stage) {
		if !slices.Contains(asList(s.meta["request_object_signing_alg_values_supported"]), "none") {
			t.Error("discovery hides that request objects need no signature here")
		}
		address := s.party.URL + "/request/unsigned#" + challenge("unsigned")
		s.c = s.register("unsigned", object{"request_uris": []string{address}})
		s.party.publish("/request/unsigned", "application/jwt", unsigned(changed(s.claimsOf(s.c.params()), "iss", nil, "aud", nil)))
		s.byReference(address)
		s.notByReference(s.party.publish("/request/other", "application/jwt", unsigned(s.claimsOf(s.c.params()))))
	}},
	{"oidcc-server-rotate-keys", rotateKeys},
	{"oidcc-userinfo-rs256", func(t *testing.T, s *stage) {
		s.c = s.register("userinfo", object{"userinfo_signed_response_alg": "RS256"})
		got := s.login(s.browser())
		r := s.c.userinfo(got.get("access_token")).want(200)
		_, said := s.verify(r.text, jose.RS256)
		if id := s.c.idToken(got, "n-0S6_WzA2Mj"); !strings.HasPrefix(r.header.Get("Content-Type"), "application/jwt") ||
			said["sub"] != id["sub"] || said["iss"] != s.issuer || said["aud"] != s.c.id {
			t.Errorf("UserInfo is %s with %v", r.header.Get("Content-Type"), said)
		}
	}},
}

func reversed(words string) string {
	list := strings.Fields(words)
	slices.Reverse(list)
	return strings.Join(list, " ")
}

// withQuery makes the first client one whose redirect URI has a query.
func (s *stage) withQuery() {
	s.t.Helper()
	redirect := s.party.URL + "/query/callback?foo=bar"
	s.c = s.register("query", object{"redirect_uris": []string{redirect}})
	s.c.redirect = redirect
}

// byReference asks by a request object alone: outside stands only what OAuth
// asks for.
func (s *stage) byReference(address string) {
	s.t.Helper()
	s.c.idToken(s.login(s.browser(), "request_uri", address, "nonce", "", "state", "", "redirect_uri", ""), "n-0S6_WzA2Mj")
}

func (s *stage) notByReference(address string) {
	s.t.Helper()
	v := s.browser().visit(http.MethodGet, s.c.ask("request_uri", address, "state", "x"), nil)
	if v.to == "" {
		v.onPage()
		return
	}
	if got := v.returned(s.c.redirect); got.Has("code") || got.Get("error") == "" {
		s.t.Errorf("the app got %v", got)
	}
}

// clientAssertion authenticates with assertions for the issuer and, as the
// legacy block allows, for the token endpoint.
func clientAssertion(t *testing.T, s *stage) {
	key := newSigner(t, jose.RS256)
	key.kid = "" // the plan names its keys only where it changes them
	s.c = s.register("assertion", object{"token_endpoint_auth_method": "private_key_jwt", "jwks": key.set()})
	s.c.key = key
	s.c.idToken(s.login(s.browser()), "n-0S6_WzA2Mj")
	form := func(aud any) url.Values {
		return url.Values{"grant_type": {"authorization_code"}, "code": {s.code(s.browser())}, "redirect_uri": {s.c.redirect},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			"client_assertion":      {key.sign(t, nil, s.c.assertion("aud", aud))}}
	}
	s.post(s.endpoint("token_endpoint"), form(s.endpoint("token_endpoint"))).want(200)
	s.post(s.endpoint("token_endpoint"), form("https://other.example")).want(401, "invalid_client")
}

// objectRedirectInside puts the right redirect URI into a signed request object
// and a wrong one outside: what is inside counts.
func objectRedirectInside(t *testing.T, s *stage) {
	key := newSigner(t, jose.RS256)
	s.c = s.register("inside", object{"jwks": key.set(), "request_object_signing_alg": "RS256"})
	inside := key.sign(t, nil, s.claimsOf(s.c.params()))
	if got := s.answered(s.browser(), "request", inside, "redirect_uri", s.party.URL+"/bad"); got.Get("code") == "" {
		t.Errorf("the app got %v", got)
	}
	bad := key.sign(t, nil, s.claimsOf(s.c.params(), "redirect_uri", s.party.URL+"/bad"))
	s.browser().visit(http.MethodGet, s.c.ask("request", bad), nil).onPage()
}

// keyRotation has a client change its keys between sign-in and refresh.
func keyRotation(t *testing.T, s *stage) {
	old, next := newSigner(t, jose.RS256), newSigner(t, jose.ES256)
	address := s.party.publish("/rotation/jwks", "application/json", old.set())
	s.c = s.register("rotation", object{"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": address,
		"grant_types": []string{"authorization_code", "refresh_token"}})
	// The keys are asked for again at most once a minute, and the plan waits that
	// long; TestKeyRotation of package app does so by its clock. Here the client
	// publishes its next key beside the old one.
	s.party.publish("/rotation/jwks", "application/json", jose.JSONWebKeySet{Keys: append(next.set().Keys, old.set().Keys...)})
	s.c.key = old
	got := s.login(s.browser(), "scope", "openid offline_access", "prompt", "consent")
	s.c.key = next
	renewed := s.c.refresh(got.get("refresh_token")).want(200)
	s.c.userinfo(renewed.get("access_token")).want(200)
	s.c.key = newSigner(t, jose.ES256)
	s.c.refresh(got.get("refresh_token")).want(401, "invalid_client")
}

func jwksURI(t *testing.T, s *stage) {
	key := newSigner(t, jose.RS256)
	s.c = s.register("keys", object{"token_endpoint_auth_method": "private_key_jwt",
		"jwks_uri": s.party.publish("/keys/jwks", "application/json", key.set())})
	s.c.key = key
	s.c.idToken(s.login(s.browser()), "n-0S6_WzA2Mj")
	s.c.key = newSigner(t, jose.RS256)
	s.c.redeem(s.code(s.browser())).want(401, "invalid_client")
}

// shown is a module that registers an address and looks for it on the pages on
// the way.
func shown(name, path string) func(*testing.T, *stage) {
	return func(t *testing.T, s *stage) {
		address := s.party.URL + path
		s.c = s.register("shown", object{name: address})
		if s.c.said[name] != address {
			t.Errorf("the registration answers with %v", s.c.said[name])
		}
		b := s.browser()
		b.stop = true
		v := b.visit(http.MethodGet, s.c.ask(), nil)
		if f, ok := formOf(v); !ok || !f.has("identifier") || !strings.Contains(v.text, `"`+address+`"`) {
			t.Errorf("the page of the sign-in does not show %s", address)
		}
		if name == "logo_uri" && !strings.Contains(v.header.Get("Content-Security-Policy"), "img-src 'self' data: "+s.party.URL) {
			t.Errorf("the policy of the page is %q", v.header.Get("Content-Security-Policy"))
		}
		b.stop = false
		s.login(b)
	}
}

// rotateKeys rotates the keys of the house; what was signed before stays valid.
func rotateKeys(t *testing.T, s *stage) {
	before := s.login(s.browser()).get("id_token")
	old, _ := s.verify(before)
	kids := map[string]bool{}
	for _, k := range s.keys().Keys {
		kids[k.KeyID] = true
	}
	s.ok(s.Tokens.Rotate(t.Context(), s.by(), s.demo.Org.ID, "RS256", true))
	added := 0
	for _, k := range s.keys().Keys {
		if !kids[k.KeyID] {
			added++
		}
	}
	now, _ := s.verify(s.login(s.browser()).get("id_token"))
	if added == 0 || now.KeyID == old.KeyID || now.Algorithm != old.Algorithm {
		t.Errorf("%d new keys; signed by %s after %s", added, now.KeyID, old.KeyID)
	}
	s.verify(before)
}
