package oidc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// TestTruth holds the discovery document against what is on.
func TestTruth(t *testing.T) {
	b := onSQLite(t)
	read := func() answer { return b.send("GET", "/o/acme/.well-known/openid-configuration", "").want(200) }
	if dark := b.node(true).send("GET", "/o/acme/.well-known/openid-configuration", "").want(200); strings.Contains(dark.text, "tls_client_auth") ||
		dark.body["tls_client_certificate_bound_access_tokens"] != false {
		t.Errorf("certificates cannot be seen and are advertised: %s", dark.text)
	}
	has := func(a answer, name, value string) bool {
		list, _ := a.body[name].([]any)
		return slices.Contains(list, any(value))
	}
	a := read()
	for _, method := range []string{"tls_client_auth", "self_signed_tls_client_auth"} {
		if !has(a, "token_endpoint_auth_methods_supported", method) {
			t.Errorf("%s works and is not advertised", method)
		}
	}
	for name, value := range map[string]string{"response_types_supported": "code", "subject_types_supported": "pairwise",
		"id_token_signing_alg_values_supported": "RS256", "scopes_supported": "openid", "claims_supported": "email",
		"token_endpoint_auth_methods_supported": "private_key_jwt", "code_challenge_methods_supported": "S256",
		"grant_types_supported": identity.GrantDevice} {
		if !has(a, name, value) {
			t.Errorf("%s lacks %s: %v", name, value, a.body[name])
		}
	}
	for name, value := range map[string]string{"response_types_supported": "id_token", "grant_types_supported": "password",
		"request_object_signing_alg_values_supported": "none", "id_token_signing_alg_values_supported": "none",
		"token_endpoint_auth_methods_supported": "client_secret_jwt", "introspection_endpoint_auth_methods_supported": "none"} {
		if has(a, name, value) {
			t.Errorf("%s has %s, which is off", name, value)
		}
	}
	if a.body["registration_endpoint"] != nil {
		t.Error("registration is off and advertised")
	}
	b.provider(func(p *app.Provider) {
		p.Legacy = app.Legacy{Implicit: true, Hybrid: true, UnsignedRequestURI: true, SecretJWT: true, Password: true}
		p.Registration = app.RegistrationOpen
	})
	a = read()
	for name, value := range map[string]string{"response_types_supported": "id_token token", "grant_types_supported": "password",
		"request_object_signing_alg_values_supported": "none", "token_endpoint_auth_methods_supported": "client_secret_jwt"} {
		if !has(a, name, value) {
			t.Errorf("%s lacks %s, which is on: %v", name, value, a.body[name])
		}
	}
	if !has(a, "grant_types_supported", "implicit") || a.body["registration_endpoint"] != b.issuer+"/oauth2/register" {
		t.Errorf("after switching on: %s", a.text)
	}
}

// TestPlanFAPIToken are modules of the plan of the FAPI 2.0 Security Profile at the
// token endpoint, with private_key_jwt and DPoP.
func TestPlanFAPIToken(t *testing.T) {
	b := onSQLite(t)
	s := newSigner(t)
	c := b.app("fapi", func(a *identity.AppSettings) {
		a.AuthMethod, a.JWKS, a.FAPI, a.DPoPBound, a.RequirePAR = identity.AuthPrivateKeyJWT, s.jwk, true, true, true
		a.GrantTypes = []string{identity.GrantCode, identity.GrantRefresh, identity.GrantClientCredentials}
	})
	user, p, tokenURL := b.user("ann"), b.prover(), b.issuer+"/oauth2/token"
	assertion := func() string {
		return s.sign(t, map[jose.HeaderKey]any{"typ": "client-authentication+jwt"}, map[string]any{"iss": "fapi", "sub": "fapi", "aud": b.issuer,
			"jti": identity.NewID().String(), "iat": b.now().Unix(), "exp": b.now().Add(time.Minute).Unix()})
	}
	ask := func(proof string, pairs ...string) answer {
		v := with(form(pairs...), "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", assertion())
		if proof == "" {
			return b.send("POST", "/o/acme/oauth2/token", v.Encode())
		}
		return b.send("POST", "/o/acme/oauth2/token", v.Encode(), "DPoP", proof)
	}
	code := func() []string {
		return []string{"grant_type", identity.GrantCode, "code", c.code(user, func(c *token.Code) { c.JKT = thumbprintOf(p) }),
			"redirect_uri", redirect, "code_verifier", verifier}
	}
	proof := func() string { return p.proof("POST", tokenURL, "") }
	t.Run("ensure-holder-of-key-required", func(t *testing.T) {
		b.t = t
		ask("", code()...).want(400, "invalid_dpop_proof")
		ask("", "grant_type", identity.GrantClientCredentials).want(400, "invalid_dpop_proof")
	})
	t.Run("ensure-mismatched-dpop-jkt-fails", func(t *testing.T) {
		b.t = t
		ask(b.prover().proof("POST", tokenURL, ""), code()...).want(400, "invalid_grant")
	})
	t.Run("happy-flow", func(t *testing.T) {
		b.t = t
		a := ask(proof(), code()...).want(200)
		at := a.get("access_token")
		cnf, _ := part(t, at, 1)["cnf"].(map[string]any)
		if a.get("token_type") != "DPoP" || cnf["jkt"] != thumbprintOf(p) {
			t.Errorf("answer %s", a.text)
		}
		b.send("GET", "/o/acme/oauth2/userinfo", "", "Authorization", "DPoP "+at, "DPoP", p.proof("GET", b.issuer+"/oauth2/userinfo", at)).want(200)
		t.Run("refresh-token", func(t *testing.T) {
			b.t = t
			rt := a.get("refresh_token")
			next := ask(proof(), "grant_type", identity.GrantRefresh, "refresh_token", rt).want(200)
			if again, _ := next.body["refresh_token"].(string); again != "" && again != rt {
				t.Error("the refresh token was rotated")
			}
			b.wait(time.Minute)
			ask(proof(), "grant_type", identity.GrantRefresh, "refresh_token", rt).want(200)
		})
	})
}

// TestNothingSecretIsLogged is point 22 of the list of RFC 9700: codes, tokens
// and secrets are not for logs, nor for answers that tell of errors.
func TestNothingSecretIsLogged(t *testing.T) {
	b := onSQLite(t)
	c, user := b.app("web", nil), b.user("ann")
	code := c.code(user, nil)
	a := c.redeem(code).want(200)
	secrets := []string{c.secret, code, verifier, a.get("access_token"), a.get("refresh_token"), a.get("id_token")}
	var told strings.Builder
	for _, got := range []answer{
		c.redeem(code), c.userinfo(a.get("refresh_token")), c.token(identity.GrantRefresh, "refresh_token", a.get("access_token")),
		c.post("introspect", form("token", code)), c.token(identity.GrantDevice, "device_code", code),
		b.send("POST", "/o/acme/oauth2/token", form("grant_type", "x", "client_id", "web", "client_secret", c.secret).Encode()),
		c.token(identity.GrantExchange, "subject_token", a.get("id_token"), "subject_token_type", idType),
	} {
		told.WriteString(got.text)
		for _, list := range got.header {
			told.WriteString(strings.Join(list, " "))
		}
	}
	b.logLock.Lock()
	told.WriteString(b.logged.String())
	b.logLock.Unlock()
	for i, s := range secrets {
		if strings.Contains(told.String(), s) {
			t.Errorf("secret %d stands in a log or an error", i)
		}
	}
}
