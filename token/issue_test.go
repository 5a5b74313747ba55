package token_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store/storetest"
	"github.com/muster-id/muster/token"
)

func TestIssuer(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	for phrase, c := range map[string]struct {
		iss, slug string
		ok        bool
	}{
		"the root":                         {public, "root", true},
		"an organisation":                  {public + "/o/acme", "acme", true},
		"the root by its slug":             {public + "/o/root", "", false},
		"a slash at the end of the root":   {public + "/", "", false},
		"a slash at the end":               {public + "/o/acme/", "", false},
		"a path below":                     {public + "/o/acme/x", "", false},
		"another host that begins alike":   {public + ".evil.example", "", false},
		"another host":                     {"https://evil.example/o/acme", "", false},
		"a query":                          {public + "/o/acme?x", "", false},
		"no slug":                          {public + "/o/", "", false},
		"an escape":                        {public + "/o/ac%6de", "", false},
		"nothing":                          {"", "", false},
		"another scheme":                   {"http://id.example.com/o/acme", "", false},
		"a port that the address does not": {public + ":443/o/acme", "", false},
	} {
		t.Run(phrase, func(t *testing.T) {
			if slug, ok := h.OrgOfIssuer(c.iss); slug != c.slug || ok != c.ok {
				t.Errorf("OrgOfIssuer(%q) = %q, %v, want %q, %v", c.iss, slug, ok, c.slug, c.ok)
			}
		})
	}
	if got := h.Issuer(h.root); got != public {
		t.Errorf("Issuer(root) = %q", got)
	}
	if got := h.Issuer(h.acme); got != public+"/o/acme" {
		t.Errorf("Issuer(acme) = %q", got)
	}
}

func TestIssueForUser(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a := h.app("web", nil)
		out := h.issue(a, func(r *token.Request) {
			r.Code, r.State = "the code", "the state"
			r.Authorization.Claims = &claims.Parameter{
				IDToken: claims.Asked{"email": nil}, UserInfo: claims.Asked{"name": nil},
			}
			r.Authorization.Extra = map[string]any{"tier": "gold", "sub": "evil", "scope": "muster:admin"}
			r.IDClaims = map[string]any{"urn:x": true, "aud": "evil"}
		})
		if out.TokenType != "Bearer" || out.ExpiresIn != 10*time.Minute || out.RefreshToken == "" || out.Grant.IsZero() {
			t.Errorf("Issue = %+v", out)
		}
		at := h.clock.now()
		access := read(t, out.AccessToken, 1)
		wantAccess := map[string]any{
			"iss": public + "/o/acme", "sub": h.ann.String(), "aud": public + "/o/acme", "client_id": "web",
			"iat": float64(at.Unix()), "exp": float64(at.Add(10 * time.Minute).Unix()), "jti": out.JTI, "scope": "openid profile",
			"org_id": h.acme.ID.String(), "gid": out.Grant.String(), "sid": h.session.String(), "auth_time": float64(at.Unix()),
			"acr": "urn:muster:acr:1", "amr": []any{"pwd"}, "tier": "gold",
			"claims": map[string]any{"userinfo": map[string]any{"name": nil}},
		}
		if diff := cmp.Diff(wantAccess, access); diff != "" {
			t.Errorf("access token (-want +got):\n%s", diff)
		}
		if typ := read(t, out.AccessToken, 0)["typ"]; typ != "at+jwt" {
			t.Errorf("typ of the access token = %v (RFC 9068)", typ)
		}
		id := read(t, out.IDToken, 1)
		wantID := map[string]any{
			"iss": public + "/o/acme", "sub": h.ann.String(), "aud": "web", "azp": "web", "nonce": "n-1",
			"iat": float64(at.Unix()), "exp": float64(at.Add(time.Hour).Unix()), "auth_time": float64(at.Unix()),
			"acr": "urn:muster:acr:1", "amr": []any{"pwd"}, "sid": h.session.String(), "email": "ann@example.org",
			"at_hash": half(out.AccessToken), "c_hash": half("the code"), "s_hash": half("the state"), "tier": "gold", "urn:x": true,
		}
		if diff := cmp.Diff(wantID, id); diff != "" {
			t.Errorf("ID token (-want +got):\n%s", diff)
		}
		b, err := h.Inspect(t.Context(), h.acme.ID, out.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if b.User != h.ann || b.Session != h.session || b.Grant != out.Grant || b.App.ID != a.ID || !b.Has("openid") || b.Has("email") ||
			b.Extra["tier"] != "gold" || len(b.Extra) != 1 || b.Claims == nil {
			t.Errorf("Inspect = %+v", b)
		}
	})
}

func half(text string) string {
	full := challenge(text) // base64url of SHA-256
	raw, _ := rawURL.DecodeString(full)
	return rawURL.EncodeToString(raw[:16])
}

func TestIDTokenWithoutAccessToken(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	out := h.issue(h.app("web", nil), func(r *token.Request) {
		r.NoAccessToken, r.Front = true, true
		r.Authorization.Scopes = []string{"openid", "email"}
	})
	if out.AccessToken != "" || out.RefreshToken != "" {
		t.Errorf("Issue = %+v, want an ID token alone", out)
	}
	if got := read(t, out.IDToken, 1)["email"]; got != "ann@example.org" {
		t.Errorf("email in the ID token = %v; OpenID Connect Core 5.4 wants it there without an access token", got)
	}
}

func TestNoIDTokenWithoutOpenID(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	out := h.issue(h.app("web", nil), func(r *token.Request) { r.Authorization.Scopes = []string{"profile"} })
	if out.IDToken != "" || out.AccessToken == "" {
		t.Errorf("Issue = %+v, want no ID token", out)
	}
}

func TestAudience(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	issuer := public + "/o/acme"
	for phrase, c := range map[string]struct {
		scopes, resources []string
		want              any
	}{
		"no resource":               {[]string{"profile"}, nil, issuer},
		"a resource":                {[]string{"profile"}, []string{"https://api.example"}, "https://api.example"},
		"a resource at a sign-in":   {[]string{"openid"}, []string{"https://api.example"}, []any{"https://api.example", issuer}},
		"ourselves, at a sign-in":   {[]string{"openid"}, []string{issuer}, issuer},
		"two resources, no sign-in": {[]string{"profile"}, []string{"https://a.example", "https://b.example"}, []any{"https://a.example", "https://b.example"}},
	} {
		t.Run(phrase, func(t *testing.T) {
			out := h.issue(h.app("web-"+phrase, nil), func(r *token.Request) {
				r.Authorization.Scopes, r.Authorization.Resources = c.scopes, c.resources
			})
			if diff := cmp.Diff(c.want, read(t, out.AccessToken, 1)["aud"]); diff != "" {
				t.Errorf("aud (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAlgorithms(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	for _, alg := range token.Algorithms {
		t.Run(alg, func(t *testing.T) {
			a := h.app("app-"+alg, func(a *identity.App) { a.IDTokenAlg, a.AccessTokenAlg = alg, alg })
			out := h.issue(a, nil)
			set, err := h.JWKS(t.Context(), h.acme.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{out.IDToken, out.AccessToken} {
				jws, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := jws.Verify(&set); err != nil {
					t.Errorf("an independent library does not verify a token: %v", err)
				}
			}
			if _, err := h.Inspect(t.Context(), h.acme.ID, out.AccessToken); err != nil {
				t.Errorf("Inspect: %v", err)
			}
		})
	}
	a := h.app("unnamed", func(a *identity.App) { a.IDTokenAlg = "" })
	if out := h.issue(a, nil); read(t, out.IDToken, 0)["alg"] != "RS256" || read(t, out.AccessToken, 0)["alg"] != "ES256" {
		t.Errorf("without a choice ID tokens have RS256 (OpenID Connect Registration) and access tokens ES256, got %v and %v",
			read(t, out.IDToken, 0), read(t, out.AccessToken, 0))
	}
}

func TestServiceToken(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a := h.app("robot", func(a *identity.App) { a.Scopes = []string{"scim"} })
		out, err := h.Issue(t.Context(), h.service(a, "scim"))
		if err != nil {
			t.Fatal(err)
		}
		if out.RefreshToken != "" || out.IDToken != "" || !out.Grant.IsZero() {
			t.Errorf("Issue = %+v, want an access token alone", out)
		}
		by, b, err := h.Actor(t.Context(), out.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if by.Kind != identity.ByApp || by.ID != a.ID || by.Org != h.acme.ID || by.Name != "robot" || by.Need(identity.ResourcesWrite) != nil {
			t.Errorf("Actor = %+v", by)
		}
		if b.Subject != "robot" || !b.User.IsZero() {
			t.Errorf("Bearer = %+v", b)
		}
		h.change(a, func(a *identity.App) { a.Disabled = true })
		_, _, err = h.Actor(t.Context(), out.AccessToken)
		wantRefused(t, "the token of a disabled app", err)
	})
}

func TestOpaque(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a := h.app("opaque", func(a *identity.App) { a.OpaqueAccessToken = true })
		out := h.issue(a, nil)
		if !strings.HasPrefix(out.AccessToken, "muster_at_") || strings.Contains(out.AccessToken, ".") {
			t.Fatalf("access token %q is not opaque", out.AccessToken)
		}
		for _, s := range []*token.Service{h.Service, h.Service, h.node()} { // the second from memory
			by, b, err := s.Actor(t.Context(), out.AccessToken)
			if err != nil {
				t.Fatal(err)
			}
			if by.Kind != identity.ByUser || by.ID != h.ann || by.Name != "ann" || b.Grant != out.Grant || b.JTI != out.JTI {
				t.Errorf("Actor = %+v, %+v", by, b)
			}
		}
		_, err := h.Inspect(t.Context(), h.root.ID, out.AccessToken)
		wantRefused(t, "an opaque token in another organisation", err)
		if err := h.Revoke(t.Context(), a, out.AccessToken); err != nil {
			t.Fatal(err)
		}
		_, err = h.Inspect(t.Context(), h.acme.ID, out.AccessToken)
		wantRefused(t, "a revoked opaque token", err)
	})
}

func TestPairwise(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	a := h.app("pairwise", func(a *identity.App) { a.SubjectType, a.Sector = "pairwise", "app.example.com" })
	out := h.issue(a, nil)
	b, err := h.Inspect(t.Context(), h.acme.ID, out.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if b.User != h.ann || b.Subject == h.ann.String() {
		t.Errorf("Inspect = %+v, want ann under another name", b)
	}
	for _, text := range []string{out.AccessToken, out.IDToken} {
		all, _ := json.Marshal(read(t, text, 1))
		if strings.Contains(string(all), h.ann.String()) {
			t.Errorf("the token %s tells the id of the user", all)
		}
	}
}

func TestPrivileged(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a := h.app("console", func(a *identity.App) { a.Scopes = append(a.Scopes, "muster:admin") })
		out := h.issue(a, func(r *token.Request) { r.Authorization.Scopes = []string{"openid", "muster:admin"} })
		by, _, err := h.Actor(t.Context(), out.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if by.Need(identity.AppsWrite) == nil {
			t.Errorf("a person who is no administrator has %v", by.Perms)
		}
		h.trusted = identity.Perms{identity.AppsWrite}
		if by, _, err = h.Actor(t.Context(), out.AccessToken); err != nil || by.Need(identity.AppsWrite) != nil {
			t.Errorf("an administrator has %v, %v", by.Perms, err)
		}
		if by.Need(identity.SettingsWrite) == nil {
			t.Errorf("an administrator of apps has %v by a wider scope", by.Perms)
		}
		out = h.issue(a, func(r *token.Request) {
			r.Authorization.Scopes, r.Authorization.Resources = []string{"muster:admin"}, []string{"https://api.example"}
		})
		_, _, err = h.Actor(t.Context(), out.AccessToken)
		wantRefused(t, "a token that is meant for somebody else", err)
		plain := h.app("plain", func(a *identity.App) { a.Scopes = nil })
		got, err := h.Issue(t.Context(), h.service(plain, "muster:admin", "roles"))
		if diff := cmp.Diff([]string{"roles"}, got.Scopes); diff != "" || err != nil {
			t.Errorf("privileged scopes that nobody gave the app (-want +got):\n%s%v", diff, err)
		}
	})
}

func TestDelegate(t *testing.T) {
	var chain *token.Act
	var err error
	for range token.MaxActors {
		if chain, err = token.Delegate(chain, "service", "service"); err != nil {
			t.Fatal(err)
		}
	}
	_, err = token.Delegate(chain, "service", "service")
	wantCode(t, "B22: one actor too many", err, token.InvalidRequest)
	h := newHouse(t, storetest.SQLite(t))
	a := h.app("exchanger", nil)
	first := h.issue(a, nil)
	out := h.issue(a, func(r *token.Request) {
		r.Within, r.Authorization.Actor, r.IDToken = first.Grant, chain, false
		r.Authorization.Refresh = false
	})
	b, err := h.Inspect(t.Context(), h.acme.ID, out.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(chain, b.Actor); diff != "" {
		t.Errorf("act (-want +got):\n%s", diff)
	}
	if b.Grant != first.Grant {
		t.Errorf("the grant of an exchanged token is %s, want that of the token before", b.Grant)
	}
	if err := h.Revoke(t.Context(), a, first.RefreshToken); err != nil {
		t.Fatal(err)
	}
	_, err = h.Inspect(t.Context(), h.acme.ID, out.AccessToken)
	wantRefused(t, "an exchanged token whose grant has ended", err)
}

func TestExchangedService(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.app("subject", nil)
	a := h.app("exchanger", nil)
	out, err := h.Issue(t.Context(), token.Request{Org: h.acme, App: a, Authorization: token.Authorization{
		App: a.ID, Subject: "subject", Actor: &token.Act{Subject: "exchanger"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := h.Inspect(t.Context(), h.acme.ID, out.AccessToken)
	if err != nil || b.Subject != "subject" || b.ClientID != "exchanger" || !b.User.IsZero() {
		t.Errorf("Inspect = %+v, %v", b, err)
	}
}

func TestLifetimes(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	a := h.app("brief", func(a *identity.App) { a.AccessTokenSeconds = 60; a.RefreshTokenSeconds = 90 })
	out := h.issue(a, nil)
	if out.ExpiresIn != time.Minute {
		t.Errorf("ExpiresIn = %v, want the minute of the app", out.ExpiresIn)
	}
	if short := h.issue(a, func(r *token.Request) { r.Lifetime = time.Second }); short.ExpiresIn != time.Second {
		t.Errorf("ExpiresIn = %v, want the second of the request", short.ExpiresIn)
	}
	h.clock.pass(time.Minute)
	_, err := h.Inspect(t.Context(), h.acme.ID, out.AccessToken)
	wantRefused(t, "an access token at its end", err)
	next, err := h.Refresh(t.Context(), a, token.Renewal{Token: out.RefreshToken})
	if err != nil || next.ExpiresIn != 30*time.Second {
		t.Errorf("Refresh = %+v, %v, want the 30 seconds that the grant has left", next, err)
	}
	h.clock.pass(31 * time.Second)
	_, err = h.Refresh(t.Context(), a, token.Renewal{Token: next.RefreshToken})
	wantCode(t, "a refresh token at the end of the grant", err, token.InvalidGrant)
}
