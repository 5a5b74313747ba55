package plan_test

import (
	"crypto/ecdsa"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/text/language"

	"github.com/muster-id/muster/server"
)

// TestPlanConfig plays the plan of the configuration profile.
func TestPlanConfig(t *testing.T) {
	each(t, server.DemoOptions{OpenRegistration: true}, func(t *testing.T, h *house) {
		play(t, &stage{house: h}, []module{{"oidcc-discovery-endpoint-verification", discoveryVerification}})
	})
}

// discoveryVerification reads what discovery says, and the keys it names.
func discoveryVerification(t *testing.T, s *stage) {
	r := s.get(s.issuer + "/.well-known/openid-configuration").want(200)
	m := r.body
	if r.header.Get("Content-Type") != "application/json" || m["issuer"] != s.issuer {
		t.Errorf("discovery is %s of %v", r.header.Get("Content-Type"), m["issuer"])
	}
	for name, v := range m {
		text, is := v.(string)
		switch {
		case strings.HasSuffix(name, "_endpoint") || strings.HasSuffix(name, "_uri"):
			if u, err := url.Parse(text); err != nil || u.Scheme != "https" || u.Fragment != "" || u.Host == "" {
				t.Errorf("%s is %v, want an https URL", name, v)
			}
		case strings.HasSuffix(name, "_supported") && strings.Contains(name, "_locales_"):
			for _, tag := range asList(v) {
				if parsed, err := language.Parse(tag); err != nil || parsed.String() != tag {
					t.Errorf("%s holds %s, want a canonical tag", name, tag)
				}
			}
		case is && name != "issuer":
			t.Errorf("%s is the text %q", name, text)
		}
	}
	for name, some := range map[string][]string{
		"response_types_supported": {"code"}, "subject_types_supported": {"public"}, "scopes_supported": {"openid"},
		"id_token_signing_alg_values_supported": {"RS256"}, "claims_supported": {"sub", "email", "name"},
		"grant_types_supported": {"authorization_code"}, "token_endpoint_auth_methods_supported": {"client_secret_basic"},
	} {
		for _, one := range some {
			if !slices.Contains(asList(m[name]), one) {
				t.Errorf("%s is %v, want %s in it", name, m[name], one)
			}
		}
	}
	if m["claims_parameter_supported"] != true || m["authorization_response_iss_parameter_supported"] != true {
		t.Error("discovery hides what works")
	}
	s.checkKeys()
}

// checkKeys holds the published keys to what the plan checks of them.
func (s *stage) checkKeys() {
	s.t.Helper()
	text := s.get(s.endpoint("jwks_uri")).want(200).text
	var raw struct{ Keys []map[string]any }
	s.ok(json.Unmarshal([]byte(text), &raw))
	seen := map[any]bool{}
	for _, k := range raw.Keys {
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
			if k[private] != nil {
				s.t.Errorf("a published key has %s", private)
			}
		}
		if k["kid"] == nil || seen[k["kid"]] || k["use"] != "sig" || k["alg"] == nil {
			s.t.Errorf("a published key is %v", k)
		}
		seen[k["kid"]] = true
	}
	set := s.keys()
	if len(set.Keys) == 0 {
		s.t.Fatal("no keys are published")
	}
	rs256 := false
	for _, k := range set.Keys {
		rs256 = rs256 || k.Algorithm == "RS256"
		if _, elliptic := k.Key.(*ecdsa.PublicKey); !k.Valid() || !k.IsPublic() || elliptic && k.Algorithm != string(jose.ES256) {
			s.t.Errorf("the key %s for %s is not valid", k.KeyID, k.Algorithm)
		}
	}
	if !rs256 {
		s.t.Error("there is no key for RS256")
	}
}

// TestPlan3rdPartyInit plays the plan of sign-ins that begin elsewhere.
func TestPlan3rdPartyInit(t *testing.T) {
	each(t, server.DemoOptions{OpenRegistration: true}, func(t *testing.T, h *house) {
		play(t, &stage{house: h}, []module{
			{"oidcc-3rd_party-init-login", thirdParty},
			{"oidcc-3rd_party-init-login-nohttps", func(t *testing.T, s *stage) {
				for _, uri := range []string{"http://app.test/start", "javascript:alert(1)", "app:start", "/start"} {
					doc := object{"redirect_uris": []string{s.party.URL + "/cb"}, "initiate_login_uri": uri}
					s.sendJSON(http.MethodPost, s.endpoint("registration_endpoint"), doc).want(400, "invalid_client_metadata")
				}
			}},
		})
	})
}

func thirdParty(t *testing.T, s *stage) {
	start := s.party.URL + "/third/start"
	c := s.register("third", object{"initiate_login_uri": start})
	uri, token := c.said["registration_client_uri"].(string), c.said["registration_access_token"].(string)
	read := s.get(uri, "Authorization", "Bearer "+token).want(200)
	if read.body["initiate_login_uri"] != start || read.body["client_id"] != c.id {
		t.Errorf("the registration reads %s", read.text)
	}
	v := s.browser().load(http.MethodGet, s.issuer+"/oauth2/launch/"+c.id+"?"+url.Values{
		"login_hint": {"ann"}, "target_link_uri": {s.party.URL + "/deep"}}.Encode(), nil)
	got := v.returned(start)
	if got.Get("iss") != s.issuer || got.Get("login_hint") != "ann" || got.Get("target_link_uri") != s.party.URL+"/deep" {
		t.Errorf("the app got %v", got)
	}
	// The app goes on as for any sign-in.
	b := s.browser()
	stage := &stage{house: s.house, c: c}
	c.idToken(stage.login(b, "login_hint", got.Get("login_hint")), "n-0S6_WzA2Mj")
}
