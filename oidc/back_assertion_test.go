package oidc_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/muster-id/muster/identity"
)

// TestClientAssertion are B25 and B26, and the modules of the FAPI 2 plan about
// client assertions, at every endpoint that authenticates apps.
func TestClientAssertion(t *testing.T) {
	b := onSQLite(t)
	s := newSigner(t)
	c := b.app("fapi", func(a *identity.AppSettings) {
		a.AuthMethod, a.JWKS, a.AuthAlg = identity.AuthPrivateKeyJWT, s.jwk, "ES256"
		a.Scopes = []string{"openid", "groups"}
	})
	b.organisation("other")
	claims := func(pairs ...any) map[string]any {
		return changed(map[string]any{"iss": "fapi", "sub": "fapi", "aud": b.issuer, "jti": identity.NewID().String(),
			"iat": b.now().Unix(), "exp": b.now().Add(time.Minute).Unix()}, pairs...)
	}
	ask := func(endpoint, assertion string) answer {
		return b.send("POST", "/o/acme/oauth2/"+endpoint, form("grant_type", identity.GrantClientCredentials, "client_id", "fapi", "token", "x",
			"scope", "openid", "response_type", "code", "redirect_uri", redirect, "code_challenge", challengeOf(verifier), "code_challenge_method", "S256",
			"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", assertion).Encode())
	}
	endpoints := []string{"token", "par", "introspect", "revoke", "device_authorization"}
	for _, e := range endpoints {
		if got := ask(e, s.sign(t, nil, claims())); got.status >= 300 {
			t.Errorf("%s: %d %s", e, got.status, got.text)
		}
	}
	replayed := s.sign(t, nil, claims())
	ask("token", replayed).want(200)
	body := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	good := s.sign(t, nil, claims())
	parts := strings.Split(good, ".")
	stranger := newSigner(t)
	jwk := jose.JSONWebKey{Key: stranger.key.Public()}
	for name, text := range map[string]string{
		"fapi2/par-test-token-endpoint-url-as-audience-fails":   s.sign(t, nil, claims("aud", b.issuer+"/oauth2/token")),
		"fapi2/par-test-par-endpoint-url-as-audience-fails":     s.sign(t, nil, claims("aud", b.issuer+"/oauth2/par")),
		"fapi2/par-test-array-as-audience-fails":                s.sign(t, nil, claims("aud", []string{b.issuer})),
		"B25 the issuer of another organisation":                s.sign(t, nil, claims("aud", public+"/o/other")),
		"B25 the root's issuer":                                 s.sign(t, nil, claims("aud", public)),
		"B25 no audience":                                       s.sign(t, nil, claims("aud", nil)),
		"B25 no id":                                             s.sign(t, nil, claims("jti", nil)),
		"B25 no expiry":                                         s.sign(t, nil, claims("exp", nil)),
		"B25 too long":                                          s.sign(t, nil, claims("exp", b.now().Add(time.Hour).Unix())),
		"B25 replayed":                                          replayed,
		"fapi2/exp-is-5-minutes-in-past-fails":                  s.sign(t, nil, claims("exp", b.now().Add(-5*time.Minute).Unix())),
		"fapi2/no-sub-fails":                                    s.sign(t, nil, claims("sub", nil)),
		"another subject":                                       s.sign(t, nil, claims("sub", "other")),
		"another issuer":                                        s.sign(t, nil, claims("iss", "other")),
		"B26 alg none":                                          body(`{"alg":"none"}`) + "." + parts[1] + ".",
		"B26 alg nOnE":                                          body(`{"alg":"nOnE"}`) + "." + parts[1] + "." + parts[2],
		"B25 HS256 with the public key":                         body(`{"alg":"HS256","kid":"k1"}`) + "." + parts[1] + "." + parts[2],
		"fapi2/ensure-signed-client-assertion-with-RS256-fails": body(`{"alg":"RS256","kid":"k1"}`) + "." + parts[1] + "." + parts[2],
		"B26 a key in the header":                               stranger.sign(t, map[jose.HeaderKey]any{"jwk": jwk}, claims()),
		"B26 jku":                                               stranger.sign(t, map[jose.HeaderKey]any{"jku": "https://evil.test/keys"}, claims()),
		"B26 crit":                                              body(`{"alg":"ES256","kid":"k1","crit":["x"],"x":1}`) + "." + parts[1] + "." + parts[2],
		"B26 a kid that is a path":                              body(`{"alg":"ES256","kid":"../../etc/passwd"}`) + "." + parts[1] + "." + parts[2],
		"B26 a kid that is SQL":                                 body(`{"alg":"ES256","kid":"' OR 1=1 --"}`) + "." + parts[1] + "." + parts[2],
		"B26 dots":                                              strings.Repeat(".", 30000),
		"B26 deep JSON":                                         body(strings.Repeat("[", 20000)) + "." + parts[1] + "." + parts[2],
		"B26 PBES2":                                             body(`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483647,"p2s":"AAAAAAAAAAA"}`) + ".AAAA.AAAA.AAAA.AAAA",
		"a stranger's key":                                      stranger.sign(t, nil, claims()),
		"nothing":                                               "x",
	} {
		t.Run(name, func(t *testing.T) {
			b.t = t
			start := time.Now()
			for _, e := range endpoints {
				ask(e, text).want(401, "invalid_client")
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	t.Run("oidcc-dynamic/oidcc-ensure-client-assertion-with-iss-aud-succeeds", func(t *testing.T) {
		b.t = t
		ask("token", s.sign(t, nil, claims("aud", b.issuer))).want(200)
	})
	t.Run("an app with a lax audience", func(t *testing.T) {
		b.t = t
		b.set(c, func(a *identity.AppSettings) { a.LaxAudience = true })
		ask("token", s.sign(t, nil, claims("aud", b.issuer+"/oauth2/token"))).want(200)
	})
}
