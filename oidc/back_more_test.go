package oidc_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

func TestIntrospection(t *testing.T) {
	each(t, func(t *testing.T, b *back) {
		c, user := b.app("web", nil), b.user("ann")
		a := c.redeem(c.code(user, func(c *token.Code) { c.Authorization.Extra = map[string]any{"door": "east", "sub": "nobody"} })).want(200)
		got := c.post("introspect", form("token", a.get("access_token"), "token_type_hint", "refresh_token")).want(200)
		for name, want := range map[string]any{"active": true, "client_id": "web", "sub": user.String(), "iss": b.issuer,
			"token_type": "Bearer", "org_id": b.org.ID.String(), "door": "east"} {
			if got.body[name] != want {
				t.Errorf("%s = %v, want %v", name, got.body[name], want)
			}
		}
		if rt := c.post("introspect", form("token", a.get("refresh_token"))).want(200); rt.body["active"] != true || rt.body["token_type"] != nil {
			t.Errorf("refresh token: %s", rt.text)
		}
		b.wait(11 * time.Minute)
		if old := c.post("introspect", form("token", a.get("access_token"))).want(200); len(old.body) != 1 || old.body["active"] != false {
			t.Errorf("an old token: %s", old.text)
		}
		c.post("introspect", form()).want(400, "invalid_request")
		spa := b.app("spa", func(s *identity.AppSettings) {
			s.Type, s.AuthMethod, s.GrantTypes = identity.SPA, identity.AuthNone, []string{identity.GrantCode}
			s.Scopes = []string{"openid"}
		})
		spa.post("introspect", form("token", "x")).want(401, "invalid_client")
		b.send("POST", "/o/acme/oauth2/introspect", form("token", a.get("access_token")).Encode()).want(401, "invalid_client")
	})
}

func TestSignedIntrospection(t *testing.T) {
	b := onSQLite(t)
	c := b.app("web", nil)
	at := c.token(identity.GrantClientCredentials).want(200).get("access_token")
	got := c.post("introspect", form("token", at), "Accept", "application/token-introspection+jwt").want(200)
	if got.header.Get("Content-Type") != "application/token-introspection+jwt" || part(t, got.text, 0)["typ"] != "token-introspection+jwt" {
		t.Fatalf("answer %v %s", got.header, got.text)
	}
	said := part(t, got.text, 1)
	inner, _ := said["token_introspection"].(map[string]any)
	if said["iss"] != b.issuer || said["aud"] != "web" || said["sub"] != nil || said["exp"] != nil || inner["active"] != true || inner["sub"] != "web" {
		t.Errorf("claims %v", said)
	}
	c.userinfo(got.text).want(401, "invalid_token")
	for phrase, c := range map[string]struct {
		change func(*identity.AppSettings)
		want   string
	}{
		"RFC 9701 section 6": {func(*identity.AppSettings) {}, "RS256"},
		"chosen":             {func(s *identity.AppSettings) { s.IntrospectionAlg = "EdDSA" }, "EdDSA"},
	} {
		app := b.app("alg-"+c.want, c.change)
		got := app.post("introspect", form("token", "x"), "Accept", "application/token-introspection+jwt").want(200)
		if alg := part(t, got.text, 0)["alg"]; alg != c.want {
			t.Errorf("%s: the answer is signed by %v, want %s", phrase, alg, c.want)
		}
	}
}

func TestExchange(t *testing.T) {
	each(t, func(t *testing.T, b *back) {
		owner, user := b.app("owner", func(s *identity.AppSettings) { s.Resources = []string{"https://gate.test"} }), b.user("ann")
		gate := b.app("gate", func(s *identity.AppSettings) {
			s.Exchange, s.Scopes, s.Resources = []string{"https://deep.test", "deep"}, []string{"openid", "email"}, []string{"https://gate.test"}
		})
		first := owner.redeem(owner.code(user, func(c *token.Code) { c.Authorization.Resources = []string{"https://gate.test"} })).want(200)
		a := gate.token(identity.GrantExchange, "subject_token", first.get("access_token"), "subject_token_type", accessType,
			"audience", "https://deep.test", "scope", "email").want(200)
		if a.get("issued_token_type") != accessType || a.body["refresh_token"] != nil || a.body["id_token"] != nil {
			t.Errorf("answer %s", a.text)
		}
		said := part(t, a.get("access_token"), 1)
		act, _ := said["act"].(map[string]any)
		if said["sub"] != user.String() || said["client_id"] != "gate" || act["sub"] != "gate" || said["scope"] != "email" {
			t.Errorf("token %v", said)
		}
		gate.token(identity.GrantExchange, "subject_token", first.get("access_token"), "subject_token_type", accessType,
			"audience", "deep", "scope", "email profile").want(400, "invalid_scope")
		gate.token(identity.GrantExchange, "subject_token", first.get("access_token"), "subject_token_type", accessType).want(400, "invalid_target")

		itself := gate.token(identity.GrantClientCredentials).want(200).get("access_token")
		acted := gate.token(identity.GrantExchange, "subject_token", first.get("access_token"), "subject_token_type", accessType,
			"audience", "deep", "actor_token", itself, "actor_token_type", accessType).want(200)
		if act, _ := part(t, acted.get("access_token"), 1)["act"].(map[string]any); act["sub"] != "gate" {
			t.Errorf("act %v", act)
		}

		b.ok(b.requests.Consent(t.Context(), b.org.ID, user, gate.ID, []string{"openid"}))
		mine := gate.redeem(gate.code(user, nil)).want(200)
		byID := gate.token(identity.GrantExchange, "subject_token", mine.get("id_token"), "subject_token_type", idType, "audience", "deep").want(200)
		if part(t, byID.get("access_token"), 1)["sub"] != user.String() {
			t.Errorf("by ID token: %s", byID.text)
		}

		t.Run("B22 a chain of actors has an end", func(t *testing.T) {
			b.t = t
			at := mine.get("access_token")
			n := 0
			for ; n < 10; n++ {
				next := gate.token(identity.GrantExchange, "subject_token", at, "subject_token_type", accessType, "audience", "deep")
				if next.status != 200 {
					next.want(400, "invalid_request")
					break
				}
				at = next.get("access_token")
			}
			if n != token.MaxActors {
				t.Errorf("the chain ends after %d exchanges, want %d", n, token.MaxActors)
			}
		})
		t.Run("what was exchanged ends with the first token's grant", func(t *testing.T) {
			b.t = t
			owner.post("revoke", form("token", first.get("refresh_token"))).want(200)
			if got := gate.post("introspect", form("token", a.get("access_token"))).want(200); got.body["active"] != false {
				t.Errorf("introspect = %s", got.text)
			}
		})
	})
}

// A signer is an app's own key.
type signer struct {
	key *ecdsa.PrivateKey
	jwk json.RawMessage
}

func newSigner(t testing.TB) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	return &signer{key, set}
}

func (s *signer) sign(t testing.TB, header map[jose.HeaderKey]any, claims map[string]any) string {
	t.Helper()
	o := &jose.SignerOptions{ExtraHeaders: header}
	js, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: s.key, KeyID: "k1"}}, o)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := json.Marshal(claims)
	sig, err := js.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := sig.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// changed returns claims with others; nil removes one.
func changed(claims map[string]any, pairs ...any) map[string]any {
	out := map[string]any{}
	for k, v := range claims {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if k := pairs[i].(string); pairs[i+1] == nil {
			delete(out, k)
		} else {
			out[k] = pairs[i+1]
		}
	}
	return out
}

func TestAssertionGrant(t *testing.T) {
	each(t, func(t *testing.T, b *back) {
		s := newSigner(t)
		c := b.app("robot", func(a *identity.AppSettings) {
			a.AuthMethod, a.JWKS, a.AuthAlg, a.Exchange = identity.AuthPrivateKeyJWT, s.jwk, "ES256", []string{"users"}
		})
		user := b.user("ann")
		claims := func() map[string]any {
			return map[string]any{"iss": "robot", "sub": "robot", "aud": b.issuer, "jti": identity.NewID().String(),
				"iat": b.now().Unix(), "exp": b.now().Add(time.Minute).Unix()}
		}
		auth := func(v url.Values) url.Values {
			return with(v, "client_id", "robot", "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
				"client_assertion", s.sign(t, nil, claims()))
		}
		ask := func(v url.Values) answer {
			return b.send("POST", "/o/acme/oauth2/token", v.Encode())
		}
		lone := form("grant_type", identity.GrantJWTBearer, "assertion", s.sign(t, nil, claims()))
		if sub := part(t, ask(lone).want(200).get("access_token"), 1)["sub"]; sub != "robot" {
			t.Errorf("sub %v, want robot", sub)
		}
		ask(lone).want(400, "invalid_grant") // once; RFC 7523 section 3.1

		forUser := func(claims map[string]any) answer {
			return ask(auth(form("grant_type", identity.GrantJWTBearer, "assertion", s.sign(t, nil, claims), "scope", "openid email")))
		}
		once := changed(claims(), "sub", user.String())
		said := part(t, forUser(once).want(200).get("access_token"), 1)
		if act, _ := said["act"].(map[string]any); said["sub"] != user.String() || act["sub"] != "robot" {
			t.Errorf("token %v", said)
		}
		for name, bad := range map[string]map[string]any{
			"the same again":         once,
			"of another issuer":      changed(claims(), "sub", user.String(), "iss", "web"),
			"no expiry":              changed(claims(), "sub", user.String(), "exp", nil),
			"expired":                changed(claims(), "sub", user.String(), "exp", b.now().Add(-time.Minute).Unix()),
			"too long":               changed(claims(), "sub", user.String(), "exp", b.now().Add(time.Hour).Unix()),
			"no id":                  changed(claims(), "sub", user.String(), "jti", nil),
			"a list of audiences":    changed(claims(), "sub", user.String(), "aud", []string{b.issuer}),
			"the token endpoint":     changed(claims(), "sub", user.String(), "aud", b.issuer+"/oauth2/token"),
			"not yet":                changed(claims(), "sub", user.String(), "nbf", b.now().Add(time.Hour).Unix()),
			"made in the future":     changed(claims(), "sub", user.String(), "iat", b.now().Add(time.Hour).Unix()),
			"nobody":                 changed(claims(), "sub", identity.NewID().String()),
			"a name instead of id":   changed(claims(), "sub", "ann"),
			"no subject":             changed(claims(), "sub", nil),
			"an app of another name": changed(claims(), "sub", "web"),
		} {
			if got := forUser(bad); got.status != 400 || got.body["error"] != "invalid_grant" {
				t.Errorf("%s = %d %s, want invalid_grant", name, got.status, got.text)
			}
		}
		fresh := changed(claims(), "sub", user.String())
		ask(auth(form("grant_type", identity.GrantJWTBearer, "assertion", s.sign(t, nil, fresh), "scope", "scim"))).want(400, "invalid_scope")
		b.set(c, func(a *identity.AppSettings) { a.Exchange = nil })
		forUser(changed(claims(), "sub", user.String())).want(400, "unauthorized_client")
	})
}

func TestDevice(t *testing.T) {
	each(t, func(t *testing.T, b *back) {
		c, user := b.app("tv", nil), b.user("ann")
		a := c.post("device_authorization", form("scope", "openid offline_access")).want(200)
		shown := a.get("user_code")
		if len(shown) != 9 || shown[4] != '-' || strings.Trim(strings.Replace(shown, "-", "", 1), "BCDFGHJKLMNPQRSTVWXZ") != "" {
			t.Errorf("user_code %q", shown)
		}
		if a.get("verification_uri") != b.issuer+"/device" || a.get("verification_uri_complete") != b.issuer+"/device?user_code="+shown ||
			a.body["expires_in"] != 600.0 || a.body["interval"] != 5.0 {
			t.Errorf("answer %s", a.text)
		}
		poll := func() answer { return c.token(identity.GrantDevice, "device_code", a.get("device_code")) }
		poll().want(400, "authorization_pending")
		poll().want(400, "slow_down")
		b.wait(11 * time.Second)
		poll().want(400, "authorization_pending")
		b.allow(strings.ToLower(strings.ReplaceAll(shown, "-", " ")), c, user)
		done := poll().want(200)
		if part(t, done.get("id_token"), 1)["sub"] != user.String() {
			t.Errorf("ID token of somebody else: %s", done.text)
		}
		poll().want(400, "invalid_grant")

		no := c.post("device_authorization", form("scope", "openid")).want(200)
		dev, err := b.requests.Guess(context.Background(), b.org, no.get("user_code"), "test")
		b.ok(err)
		b.ok(b.requests.Decide(context.Background(), b.org, dev, nil))
		c.token(identity.GrantDevice, "device_code", no.get("device_code")).want(400, "access_denied")

		late := c.post("device_authorization", form("scope", "openid")).want(200)
		b.wait(11 * time.Minute)
		c.token(identity.GrantDevice, "device_code", late.get("device_code")).want(400, "expired_token")
		c.token(identity.GrantDevice, "device_code", "nonsense").want(400, "invalid_grant")
		c.token(identity.GrantDevice).want(400, "invalid_request")
	})
}

// TestGuessing is B21: codes of devices are guessed at, and those of other
// organisations are no codes.
func TestGuessing(t *testing.T) {
	b := onSQLite(t)
	c := b.app("tv", nil)
	shown := c.post("device_authorization", form("scope", "openid")).want(200).get("user_code")
	other := b.organisation("other")
	if _, err := b.requests.Guess(t.Context(), other, shown, "s1"); identity.KindOf(err) != identity.NotFound {
		t.Errorf("B21 a code of another organisation: %v, want not found", err)
	}
	for range 5 {
		if _, err := b.requests.Guess(t.Context(), b.org, "BBBB-BBBB", "s2", "net"); identity.KindOf(err) != identity.NotFound {
			t.Fatalf("a wrong code: %v", err)
		}
	}
	for name, names := range map[string][]string{"the same session": {"s2", "elsewhere"}, "the same network": {"s3", "net"}} {
		if _, err := b.requests.Guess(t.Context(), b.org, shown, names...); identity.KindOf(err) != identity.Throttled {
			t.Errorf("B21 a sixth guess from %s: %v, want throttled", name, err)
		}
	}
	if _, err := b.requests.Guess(t.Context(), b.org, shown, "s4", "net4"); err != nil {
		t.Errorf("somebody else: %v", err)
	}
}

func TestPushedRequests(t *testing.T) {
	b := onSQLite(t)
	c := b.app("web", nil)
	good := form("response_type", "code", "redirect_uri", redirect, "scope", "openid", "code_challenge", challengeOf(verifier),
		"code_challenge_method", "S256", "state", "s", "nonce", "n")
	a := c.post("par", good).want(201)
	if !strings.HasPrefix(a.get("request_uri"), "urn:ietf:params:oauth:request_uri:") || a.body["expires_in"] != 60.0 {
		t.Errorf("answer %s", a.text)
	}
	for name, tc := range map[string]struct {
		v    url.Values
		code string
	}{
		"fapi2/par-authorization-request-containing-request_uri-form-param": {with(good, "request_uri", a.get("request_uri")), "invalid_request"},
		"fapi2/par-plain-pkce-rejected":                                     {with(good, "code_challenge_method", "plain"), "invalid_request"},
		"fapi2/par-ensure-pkce-required":                                    {without(good, "code_challenge", "code_challenge_method"), "invalid_request"},
		"fapi2/plain-fapi-tolerate-unregistered-redirect-uri":               {with(good, "redirect_uri", "https://evil.test/cb"), "invalid_request"},
		"fapi2/ensure-redirect-uri-in-authorization-request":                {without(good, "redirect_uri"), "invalid_request"},
		"fapi2/ensure-response-type-token-fails":                            {with(good, "response_type", "token"), "unsupported_response_type"},
		"another client_id":                                                 {with(good, "client_id", "other"), "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			b.t = t
			got := c.post("par", tc.v)
			if got.status < 400 || got.body["error"] != tc.code {
				t.Errorf("%d %s, want %s", got.status, got.text, tc.code)
			}
		})
	}
	t.Run("fapi2/par-attempt-invalid-http-method", func(t *testing.T) {
		b.t = t
		b.send("GET", "/o/acme/oauth2/par", "", "Authorization", c.basic()).want(405)
	})
	t.Run("fapi2/par-without-duplicate-parameters", func(t *testing.T) {
		b.t = t
		b.send("POST", "/o/acme/oauth2/par", good.Encode()+"&scope=email", "Authorization", c.basic()).want(400, "invalid_request")
	})
}

func without(v url.Values, names ...string) url.Values {
	out := with(v)
	for _, n := range names {
		out.Del(n)
	}
	return out
}

func TestUserInfoRefuses(t *testing.T) {
	b := onSQLite(t)
	c, user := b.app("web", nil), b.user("ann")
	at := c.redeem(c.code(user, nil)).want(200).get("access_token")
	itself := c.token(identity.GrantClientCredentials).want(200).get("access_token")
	const path = "/o/acme/oauth2/userinfo"
	if got := b.send("GET", path, "").want(401).header.Get("WWW-Authenticate"); got != "Bearer" {
		t.Errorf("without a token: WWW-Authenticate %q, want Bearer alone", got)
	}
	if got := b.send("GET", path+"?access_token="+at, "").want(401).header.Get("WWW-Authenticate"); got != "Bearer" {
		t.Errorf("a token in the URL: WWW-Authenticate %q", got)
	}
	if got := c.userinfo("x").want(401, "invalid_token").header.Get("WWW-Authenticate"); got != `Bearer error="invalid_token"` {
		t.Errorf("a bad token: WWW-Authenticate %q", got)
	}
	if got := c.userinfo(itself).want(403, "insufficient_scope").header.Get("WWW-Authenticate"); !strings.Contains(got, `scope="openid"`) {
		t.Errorf("a token without openid: WWW-Authenticate %q", got)
	}
	b.send("GET", path, "", "Authorization", "Bearer "+at, "Authorization", "Bearer "+at).want(401, "invalid_token")
	b.send("GET", path, "", "Authorization", "Basic "+at).want(401, "invalid_token")
	b.send("DELETE", path, "", "Authorization", "Bearer "+at).want(405)
	api := c.code(user, func(c *token.Code) {
		c.Authorization.Scopes, c.Authorization.Resources = []string{"email"}, []string{"https://api.test"}
	})
	c.userinfo(c.redeem(api).want(200).get("access_token")).want(401, "invalid_token")
}

func TestCORS(t *testing.T) {
	b := onSQLite(t)
	spa := b.app("spa", func(s *identity.AppSettings) {
		s.Type, s.AuthMethod, s.GrantTypes = identity.SPA, identity.AuthNone, []string{identity.GrantCode, identity.GrantRefresh}
		s.Scopes, s.Origins = []string{"openid", "profile", "email", "offline_access"}, []string{"https://app.test"}
	})
	other := b.app("other", func(s *identity.AppSettings) { s.Origins = []string{"https://other.test"} })
	user := b.user("ann")
	const allow = "Access-Control-Allow-Origin"
	from := func(origin string, f func() answer) script {
		b.origin = origin
		defer func() { b.origin = "" }()
		return script{f()}
	}
	for _, path := range []string{"jwks", "../.well-known/openid-configuration", "../.well-known/oauth-authorization-server"} {
		path := strings.ReplaceAll("/o/acme/oauth2/"+path, "oauth2/../", "")
		from("https://anybody.test", func() answer { return b.send("GET", path, "").want(200) }).origin(t, "*")
		from("https://anybody.test", func() answer { return b.send("OPTIONS", path, "").want(204) }).origin(t, "*")
	}
	for _, endpoint := range []string{"token", "revoke", "userinfo"} {
		preflight := func() answer {
			return b.send("OPTIONS", "/o/acme/oauth2/"+endpoint, "", "Access-Control-Request-Method", "POST").want(204)
		}
		from("https://app.test", preflight).origin(t, "https://app.test")
		for _, origin := range []string{"null", "https://app.test.evil.test", "https://evil-app.test", "http://app.test", "https://app.test:444",
			"https://APP.test", "https://app.test/", "*", ""} {
			from(origin, preflight).origin(t, "") // B65
		}
	}
	from("https://app.test", func() answer { return spa.redeem(spa.code(user, nil)).want(200) }).origin(t, "https://app.test")
	from("https://app.test", func() answer { return spa.redeem("x").want(400) }).origin(t, "https://app.test")
	from("https://other.test", func() answer { return spa.redeem(spa.code(user, nil)).want(200) }).origin(t, "")
	at := spa.redeem(spa.code(user, nil)).want(200).get("access_token")
	from("https://app.test", func() answer { return spa.userinfo(at).want(200) }).origin(t, "https://app.test")
	from("https://other.test", func() answer { return spa.userinfo(at).want(200) }).origin(t, "")
	from("null", func() answer { return spa.userinfo(at).want(200) }).origin(t, "")
	late := func() answer { return b.send("OPTIONS", "/o/acme/oauth2/token", "").want(204) }
	from("https://late.test", late).origin(t, "")
	b.set(other, func(s *identity.AppSettings) { s.Origins = append(s.Origins, "https://late.test") })
	b.wait(6 * time.Second)
	from("https://late.test", late).origin(t, "https://late.test")
	for _, endpoint := range []string{"introspect", "par", "device_authorization", "authorize"} {
		a := from("https://other.test", func() answer { return other.post(endpoint, form("token", at)) })
		a.origin(t, "")
		if got := b.send("OPTIONS", "/o/acme/oauth2/"+endpoint, "", "Origin", "https://other.test"); got.header.Get(allow) != "" {
			t.Errorf("B65 %s may be called across origins", endpoint)
		}
	}
}

// A script is an answer to a script of another origin.
type script struct{ answer }

func (a script) origin(t *testing.T, want string) {
	t.Helper()
	if got := a.header.Get("Access-Control-Allow-Origin"); got != want {
		t.Errorf("%s: Access-Control-Allow-Origin %q, want %q", a.what, got, want)
	}
	if got := a.header.Get("Access-Control-Allow-Credentials"); got != "" {
		t.Errorf("%s: Access-Control-Allow-Credentials %q, want none", a.what, got)
	}
}

func TestKeysAndDiscovery(t *testing.T) {
	each(t, func(t *testing.T, b *back) {
		a := b.send("GET", "/o/acme/oauth2/jwks", "").want(200)
		tag := a.header.Get("ETag")
		if tag == "" || !strings.Contains(a.header.Get("Cache-Control"), "max-age=") {
			t.Errorf("headers %v", a.header)
		}
		if got := b.send("GET", "/o/acme/oauth2/jwks", "", "If-None-Match", tag); got.status != 304 || got.text != "" {
			t.Errorf("If-None-Match = %d %q", got.status, got.text)
		}
		kids := map[string]bool{}
		keys, _ := a.body["keys"].([]any)
		algs := []string{}
		for _, k := range keys {
			k := k.(map[string]any)
			for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
				if k[private] != nil {
					t.Errorf("the key %v shows %s", k["kid"], private)
				}
			}
			if kids[k["kid"].(string)] || k["use"] != "sig" {
				t.Errorf("key %v", k)
			}
			kids[k["kid"].(string)] = true
			algs = append(algs, k["alg"].(string))
		}
		if !slices.Contains(algs, "RS256") || !slices.Contains(algs, "ES256") {
			t.Errorf("keys for %v, want RS256 and ES256", algs)
		}
		b.ok(b.tokens.Rotate(context.Background(), b.by, b.org.ID, "", false))
		if next := b.send("GET", "/o/acme/oauth2/jwks", "", "If-None-Match", tag).want(200); next.header.Get("ETag") == tag {
			t.Error("the ETag stays when the keys change")
		}

		for _, path := range []string{"/o/acme/.well-known/openid-configuration", "/o/acme/.well-known/oauth-authorization-server",
			"/.well-known/openid-configuration/o/acme", "/.well-known/oauth-authorization-server/o/acme"} {
			m := b.send("GET", path, "").want(200)
			if m.get("issuer") != b.issuer || m.get("token_endpoint") != b.issuer+"/oauth2/token" {
				t.Errorf("%s: %s", path, m.text)
			}
		}
		if got := b.send("GET", "/.well-known/openid-configuration", "").want(200).get("issuer"); got != public {
			t.Errorf("issuer of the root = %q, want %q", got, public)
		}
	})
}
