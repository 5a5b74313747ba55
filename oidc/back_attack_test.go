package oidc_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/token"
)

// TestAttack are the attacks on codes and tokens, by the numbers of the list
// that the project keeps.
func TestAttack(t *testing.T) {
	each(t, func(t *testing.T, b *back) {
		for name, attack := range map[string]func(t *testing.T, b *back){
			"B13 one kind of secret for another":           confusion,
			"B14 fifty at once":                            fifty,
			"B15 what belongs to another app":              foreign,
			"B16 PKCE left out, added, weak":               pkce,
			"B17 refresh after the end of what it was for": afterTheEnd,
			"B18 groups that the user has left":            groupsLeft,
			"B20 more scopes than the app has":             escalation,
			"B22 exchange without permission":              exchangeDenied,
			"B28 tokens of another type":                   types,
			"B29 keys and names of another organisation":   issuers,
		} {
			t.Run(name, func(t *testing.T) {
				attack(t, b.in(t, strings.ToLower(strings.Fields(name)[0])))
			})
		}
	})
}

// in is b for a subtest, with an organisation of its own.
func (b *back) in(t *testing.T, slug string) *back {
	t.Helper()
	next := &back{t: t, db: b.db, keys: b.keys, dir: b.dir, jobs: b.jobs, apps: b.apps, tokens: b.tokens, said: b.said,
		requests: b.requests, sessions: b.sessions, mux: b.mux, parent: b}
	next.org = next.organisation(slug)
	next.by = identity.Actor{Kind: identity.ByCLI, Name: "test", Org: next.org.ID}
	next.issuer = public + "/o/" + slug
	return next
}

func confusion(t *testing.T, b *back) {
	c, user := b.app("web", nil), b.user("ann")
	code := c.code(user, nil)
	pushed := c.post("par", form("response_type", "code", "redirect_uri", redirect, "scope", "openid",
		"code_challenge", challengeOf(verifier), "code_challenge_method", "S256")).want(201).get("request_uri")
	device := c.post("device_authorization", form("scope", "openid")).want(200).get("device_code")
	rt := c.redeem(c.code(user, nil)).want(200).get("refresh_token")
	texts := map[string]string{"code": code, "request_uri": pushed, "device code": device, "refresh token": rt,
		"name of a pushed request": pushed[strings.LastIndex(pushed, ":")+1:]}
	for kind, text := range texts {
		if kind != "code" {
			c.redeem(text).want(400, "invalid_grant")
		}
		if kind != "device code" {
			c.token(identity.GrantDevice, "device_code", text).want(400, "invalid_grant")
		}
		if kind != "refresh token" {
			c.token(identity.GrantRefresh, "refresh_token", text).want(400, "invalid_grant")
			if a := c.post("introspect", form("token", text)).want(200); a.body["active"] != false {
				t.Errorf("a %s is an active token", kind)
			}
		}
		c.userinfo(text).want(401, "invalid_token")
	}
	c.redeem(code).want(200) // none of that used it up
}

func fifty(t *testing.T, b *back) {
	c, user := b.app("web", nil), b.user("ann")
	code := c.code(user, nil)
	if n := parallel(50, func() bool { return c.redeem(code).status == 200 }); n != 1 {
		t.Errorf("%d of 50 redemptions of a code succeed, want exactly 1", n)
	}

	spa := b.app("spa", func(s *identity.AppSettings) {
		s.Type, s.AuthMethod, s.GrantTypes = identity.SPA, identity.AuthNone, []string{identity.GrantCode, identity.GrantRefresh}
		s.Scopes = []string{"openid", "profile", "email", "offline_access"}
	})
	rt := spa.redeem(spa.code(user, nil)).want(200).get("refresh_token")
	successors := make(chan string, 50)
	parallel(50, func() bool {
		a := spa.token(identity.GrantRefresh, "refresh_token", rt)
		next, _ := a.body["refresh_token"].(string)
		successors <- next
		return a.status == 200
	})
	close(successors)
	different := map[string]bool{}
	for s := range successors {
		if s != "" {
			different[s] = true
		}
	}
	if len(different) != 1 {
		t.Errorf("one refresh token has %d successors, want 1", len(different))
	}

	robot := newSigner(t)
	r := b.app("robot", func(a *identity.AppSettings) {
		a.AuthMethod, a.JWKS, a.AuthAlg = identity.AuthPrivateKeyJWT, robot.jwk, "ES256"
	})
	lone := form("grant_type", identity.GrantJWTBearer, "assertion", robot.sign(t, nil, map[string]any{"iss": "robot", "sub": "robot",
		"aud": b.issuer, "jti": "1", "iat": b.now().Unix(), "exp": b.now().Add(time.Minute).Unix()})).Encode()
	if n := parallel(50, func() bool { return b.send("POST", r.base+"/oauth2/token", lone).status == 200 }); n != 1 {
		t.Errorf("%d of 50 uses of an assertion succeed, want 1", n)
	}

	p, two := b.prover(), b.node(false) // B27: also on two nodes
	proof, nodes := p.proof("POST", b.issuer+"/oauth2/token", ""), []*back{b, two}
	asked := form("grant_type", identity.GrantClientCredentials).Encode()
	var turn atomic.Int64
	if n := parallel(50, func() bool {
		return nodes[turn.Add(1)%2].send("POST", c.base+"/oauth2/token", asked, "Authorization", c.basic(), "DPoP", proof).status == 200
	}); n != 1 {
		t.Errorf("%d of 50 uses of a DPoP proof on two nodes succeed, want 1", n)
	}

	a := c.post("device_authorization", form("scope", "openid")).want(200)
	b.allow(a.get("user_code"), c, user)
	device := a.get("device_code")
	if n := parallel(50, func() bool { return c.token(identity.GrantDevice, "device_code", device).status == 200 }); n != 1 {
		t.Errorf("%d of 50 polls get tokens, want 1", n)
	}
}

// allow lets a device in, as the page for it does.
func (b *back) allow(userCode string, c *client, user identity.ID) {
	b.t.Helper()
	dev, err := b.requests.Guess(context.Background(), b.org, userCode, "test")
	b.ok(err)
	b.ok(b.requests.Decide(context.Background(), b.org, dev, &token.Authorization{
		App: c.ID, User: user, Session: b.session(user).ID, Scopes: dev.Scopes, AuthTime: b.now(), Refresh: true,
	}))
}

func foreign(t *testing.T, b *back) {
	mine, yours, user := b.app("mine", nil), b.app("yours", nil), b.user("ann")
	code := mine.code(user, nil)
	yours.redeem(code).want(400, "invalid_grant")
	a := mine.redeem(code).want(200)
	yours.token(identity.GrantRefresh, "refresh_token", a.get("refresh_token")).want(400, "invalid_grant")
	for _, name := range []string{"access_token", "refresh_token"} {
		if got := yours.post("introspect", form("token", a.get(name))).want(200); len(got.body) != 1 || got.body["active"] != false {
			t.Errorf("another app's %s = %s, want active false alone", name, got.text)
		}
		yours.post("revoke", form("token", a.get(name))).want(200)
		if got := mine.post("introspect", form("token", a.get(name))).want(200); got.body["active"] != true {
			t.Errorf("a stranger revoked the %s", name)
		}
	}
	yours.post("revoke", form("token", "nonsense")).want(200)
	device := mine.post("device_authorization", form("scope", "openid")).want(200).get("device_code")
	yours.token(identity.GrantDevice, "device_code", device).want(400, "invalid_grant")
}

func pkce(t *testing.T, b *back) {
	c, user := b.app("web", nil), b.user("ann")
	redeem := func(challenge, verifier string) answer {
		code := c.code(user, func(c *token.Code) { c.Challenge = challenge })
		v := form("grant_type", identity.GrantCode, "code", code, "redirect_uri", redirect)
		if verifier != "" {
			v.Set("code_verifier", verifier)
		}
		return c.post("token", v)
	}
	long := strings.Repeat("a", 129)
	short := strings.Repeat("a", 42)
	for name, p := range map[string][2]string{
		"no verifier":               {challengeOf(verifier), ""},
		"no challenge":              {"", verifier},
		"plain":                     {verifier, verifier},
		"the challenge as verifier": {challengeOf(verifier), challengeOf(verifier)},
		"42 characters":             {challengeOf(short), short},
		"129 characters":            {challengeOf(long), long},
		"another verifier":          {challengeOf(verifier), strings.Repeat("b", 43)},
		"wrong characters":          {challengeOf(strings.Repeat("ü", 30)), strings.Repeat("ü", 30)},
	} {
		a := redeem(p[0], p[1])
		if a.status != 400 || a.body["error"] != "invalid_grant" && a.body["error"] != "invalid_request" {
			t.Errorf("%s = %d %s, want a refusal", name, a.status, a.text)
		}
	}
	redeem(challengeOf(verifier), verifier).want(200)
	redeem("", "").want(200) // a confidential app with a nonce, which authorize allowed
}

func afterTheEnd(t *testing.T, b *back) {
	by := b.by
	for name, end := range map[string]func(c *client, user identity.ID){
		"the user is not active": func(_ *client, user identity.ID) { b.setActive(user, false) },
		"the user is deleted": func(_ *client, user identity.ID) {
			b.ok(b.dir.Delete(context.Background(), by, userType, user))
		},
		"the app is disabled": func(c *client, _ identity.ID) {
			b.ok(b.apps.Disable(context.Background(), by, b.org.ID, c.ID, true))
		},
		"the token is revoked": nil,
	} {
		id := strings.ReplaceAll(name, " ", "-")
		c, user := b.app(id, nil), b.user(id)
		a := c.redeem(c.code(user, nil)).want(200)
		pending := c.code(user, nil)
		if end == nil {
			c.post("revoke", form("token", a.get("refresh_token"), "token_type_hint", "access_token")).want(200)
		} else {
			end(c, user)
			if got := c.redeem(pending); got.status == 200 {
				t.Errorf("%s: a code of before gives tokens", name)
			}
		}
		got := c.token(identity.GrantRefresh, "refresh_token", a.get("refresh_token"))
		if got.status == 200 || got.body["error"] != "invalid_grant" && got.body["error"] != "invalid_client" {
			t.Errorf("%s: refresh = %d %s", name, got.status, got.text)
		}
		c.userinfo(a.get("access_token")).want(401, "invalid_token")
	}
}

func groupsLeft(t *testing.T, b *back) {
	c, user := b.app("web", nil), b.user("ann")
	group := schema.Standard().TypeByName("Group")
	g, err := b.dir.Create(context.Background(), b.by, group, schema.Object{"schemas": []any{schema.GroupURN}, "displayName": "Staff"},
		directory.MemberEdit{Op: directory.AddMembers, Members: []string{user.String()}})
	b.ok(err)
	a := c.redeem(c.code(user, func(c *token.Code) { c.Authorization.Scopes = []string{"openid", "groups", "offline_access"} })).want(200)
	if got := c.userinfo(a.get("access_token")).want(200); !strings.Contains(got.text, "Staff") {
		t.Fatalf("no groups in %s", got.text)
	}
	b.ok(b.dir.Delete(context.Background(), b.by, group, g.ID))
	if got := c.userinfo(a.get("access_token")).want(200); strings.Contains(got.text, "Staff") {
		t.Errorf("groups of before in %s", got.text)
	}
	next := c.token(identity.GrantRefresh, "refresh_token", a.get("refresh_token")).want(200)
	for _, name := range []string{"access_token", "id_token"} {
		if said := part(t, next.get(name), 1); strings.Contains(fmt.Sprint(said["groups"]), "Staff") {
			t.Errorf("groups of before in the %s: %v", name, said)
		}
	}
}

func escalation(t *testing.T, b *back) {
	c, user := b.app("web", func(s *identity.AppSettings) { s.Scopes = []string{"openid", "groups"} }), b.user("ann")
	c.token(identity.GrantClientCredentials, "scope", "groups scim").want(400, "invalid_scope")
	c.token(identity.GrantClientCredentials, "scope", "made:up").want(400, "invalid_scope")
	c.post("device_authorization", form("scope", "openid muster:admin")).want(400, "invalid_scope")
	rt := c.redeem(c.code(user, func(c *token.Code) { c.Authorization.Scopes = []string{"openid"} })).want(200).get("refresh_token")
	c.token(identity.GrantRefresh, "refresh_token", rt, "scope", "openid groups").want(400, "invalid_scope")
	c.token(identity.GrantRefresh, "refresh_token", rt, "scope", "openid").want(200)
	b.set(c, func(s *identity.AppSettings) { s.GrantTypes = []string{identity.GrantCode} })
	c.token(identity.GrantClientCredentials).want(400, "unauthorized_client")
	c.post("device_authorization", form("scope", "openid")).want(400, "unauthorized_client")
}

const (
	accessType = "urn:ietf:params:oauth:token-type:access_token"
	idType     = "urn:ietf:params:oauth:token-type:id_token"
)

func exchangeDenied(t *testing.T, b *back) {
	owner, user := b.app("owner", nil), b.user("ann")
	a := owner.redeem(owner.code(user, nil)).want(200)
	at, id := a.get("access_token"), a.get("id_token")
	plain := b.app("plain", nil)
	gate := b.app("gate", func(s *identity.AppSettings) { s.Exchange = []string{"https://deep.test"} })
	ask := func(c *client, text, kind string, more ...string) answer {
		return c.token(identity.GrantExchange, append([]string{"subject_token", text, "subject_token_type", kind}, more...)...)
	}
	mine := gate.redeem(gate.code(user, func(c *token.Code) { c.Authorization.Scopes = []string{"openid"} })).want(200).get("id_token")
	ask(gate, mine, idType).want(400, "invalid_request") // nobody has allowed it anything, or not any more
	b.ok(b.requests.Consent(t.Context(), b.org.ID, user, gate.ID, []string{"openid"}))
	ask(gate, mine, idType, "scope", "openid email").want(400, "invalid_scope")
	if got := ask(gate, mine, idType).want(200).get("scope"); got != "openid" {
		t.Errorf("an ID token became a token with the scopes %q, want those that were allowed", got)
	}
	ask(plain, at, accessType, "audience", "https://deep.test").want(400, "unauthorized_client")
	ask(gate, at, accessType, "audience", "https://other.test").want(400, "invalid_target")
	ask(gate, at, accessType, "audience", "https://deep.test").want(400, "invalid_request") // not meant for it
	ask(gate, id, idType, "audience", "https://deep.test").want(400, "invalid_request")     // of another app
	ask(gate, a.get("refresh_token"), accessType, "audience", "https://deep.test").want(400, "invalid_request")
	ask(gate, "nonsense", accessType).want(400, "invalid_request")
	ask(gate, at, "urn:ietf:params:oauth:token-type:saml2").want(400, "invalid_request")
}

func types(t *testing.T, b *back) {
	c, user := b.app("web", func(s *identity.AppSettings) { s.UserInfoAlg = "ES256" }), b.user("ann")
	a := c.redeem(c.code(user, nil)).want(200)
	logout, err := b.tokens.Sign(context.Background(), b.org.ID, "ES256", token.TypeLogout, map[string]any{
		"iss": b.issuer, "aud": "web", "sub": "web", "exp": b.now().Add(time.Minute).Unix(), "iat": b.now().Unix(), "jti": "1"})
	b.ok(err)
	about := c.userinfo(a.get("access_token")).want(200).text
	for name, text := range map[string]string{"ID token": a.get("id_token"), "refresh token": a.get("refresh_token"),
		"logout token": logout, "signed UserInfo": about} {
		c.userinfo(text).want(401, "invalid_token")
		b.send("POST", c.base+"/oauth2/userinfo", form("access_token", text).Encode()).want(401, "invalid_token")
		if name != "refresh token" {
			if got := c.post("introspect", form("token", text)).want(200); got.body["active"] != false {
				t.Errorf("a %s is active: %s", name, got.text)
			}
		}
		b.send("POST", c.base+"/oauth2/token", form("grant_type", identity.GrantClientCredentials, "client_id", "web",
			"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", text).Encode()).want(401, "invalid_client")
		c.token(identity.GrantJWTBearer, "assertion", text).want(400, "invalid_grant")
	}
	gate := b.app("gate", func(s *identity.AppSettings) { s.Exchange = []string{"https://deep.test"} })
	mine := gate.redeem(gate.code(user, nil)).want(200)
	gate.token(identity.GrantExchange, "subject_token", mine.get("id_token"), "subject_token_type", accessType).want(400, "invalid_request")
	gate.token(identity.GrantExchange, "subject_token", mine.get("access_token"), "subject_token_type", idType).want(400, "invalid_request")
}

func issuers(t *testing.T, b *back) {
	c, user := b.app("web", nil), b.user("ann")
	a := c.redeem(c.code(user, nil)).want(200)
	other := b.organisation(b.org.Slug + "x") // its issuer begins with ours
	there := b.appOf(other, "web", nil)
	at := a.get("access_token")
	there.userinfo(at).want(401, "invalid_token")
	if got := there.post("introspect", form("token", at)).want(200); got.body["active"] != false {
		t.Errorf("a token of another organisation is active: %s", got.text)
	}
	there.token(identity.GrantRefresh, "refresh_token", a.get("refresh_token")).want(400, "invalid_grant")
	there.redeem(c.code(user, nil)).want(400, "invalid_grant")
	there.post("revoke", form("token", at)).want(200)
	c.userinfo(at).want(200)
	b.send("POST", "/o/"+other.Slug+"/oauth2/token", form("grant_type", identity.GrantClientCredentials).Encode(),
		"Authorization", c.basic()).want(401, "invalid_client")
	for _, iss := range []string{b.issuer, b.issuer + "x/", public} {
		forged, err := b.tokens.Sign(context.Background(), other.ID, "ES256", token.TypeAccess, map[string]any{
			"iss": iss, "aud": iss, "sub": user.String(), "client_id": "web", "exp": b.now().Add(time.Minute).Unix(),
			"iat": b.now().Unix(), "jti": "1", "scope": "openid", "org_id": b.org.ID.String()})
		b.ok(err)
		c.userinfo(forged).want(401, "invalid_token")
		there.userinfo(forged).want(401, "invalid_token")
	}
}
