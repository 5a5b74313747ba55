package plan_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/server"
)

// TestPlanBasic plays the plan of the basic profile, for clients that register
// themselves.
func TestPlanBasic(t *testing.T) {
	each(t, server.DemoOptions{OpenRegistration: true}, func(t *testing.T, h *house) {
		play(t, &stage{house: h, c: h.register("one", withRefresh), c2: h.register("two", withRefresh)}, basic)
	})
}

// TestPlanFormPostBasic plays the same modules where answers come by form.
func TestPlanFormPostBasic(t *testing.T) {
	t.Parallel()
	h := open(t, databases["SQLite"](t), server.DemoOptions{OpenRegistration: true})
	play(t, &stage{house: h, c: h.register("one", withRefresh), c2: h.register("two", withRefresh), mode: "form_post"}, basic)
}

// withRefresh asks for refresh tokens, which are no default (RFC 7591 section 2).
var withRefresh = object{"grant_types": []string{"authorization_code", "refresh_token"}}

var basic = []module{
	{"oidcc-server", oidccServer},
	{"oidcc-response-type-missing", responseTypeMissing},
	{"oidcc-idtoken-signature", idTokenSignature},
	{"oidcc-idtoken-unsigned", idTokenUnsigned},
	{"oidcc-userinfo-get", func(t *testing.T, s *stage) {
		s.about(func(token string) reply { return s.c.userinfo(token) })
	}},
	{"oidcc-userinfo-post-header", func(t *testing.T, s *stage) {
		s.about(func(token string) reply {
			return s.do(s.request(http.MethodPost, s.endpoint("userinfo_endpoint"), nil, []string{"Authorization", "Bearer " + token}))
		})
	}},
	{"oidcc-userinfo-post-body", func(t *testing.T, s *stage) {
		s.about(func(token string) reply {
			return s.post(s.endpoint("userinfo_endpoint"), url.Values{"access_token": {token}})
		})
	}},
	{"oidcc-ensure-request-without-nonce-succeeds-for-code-flow", func(t *testing.T, s *stage) {
		s.c.idToken(s.login(s.browser(), "nonce", ""), "")
	}},
	{"oidcc-scope-profile", scope("profile", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username",
		"profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at")},
	{"oidcc-scope-email", scope("email", "email", "email_verified")},
	{"oidcc-scope-address", scope("address", "address")},
	{"oidcc-scope-phone", scope("phone", "phone_number", "phone_number_verified")},
	{"oidcc-scope-all", scope("profile email address phone", "name", "email", "address", "phone_number")},
	{"oidcc-alternate-happy-flow", alternateFlow},
	{"oidcc-display-page", asked("display", "page")},
	{"oidcc-display-popup", asked("display", "popup")},
	{"oidcc-prompt-login", promptLogin},
	{"oidcc-prompt-none-not-logged-in", func(t *testing.T, s *stage) {
		if v := s.answered(s.browser(), "prompt", "none"); !slices.Contains([]string{"login_required", "interaction_required"}, v.Get("error")) || v.Has("code") {
			t.Errorf("the app got %v", v)
		}
	}},
	{"oidcc-prompt-none-logged-in", promptNone},
	{"oidcc-max-age-1", maxAge1},
	{"oidcc-max-age-10000", maxAge10000},
	{"oidcc-ensure-request-with-unknown-parameter-succeeds", asked("extra", "foobar")},
	{"oidcc-id-token-hint", func(t *testing.T, s *stage) {
		b := s.browser()
		first := s.login(b)
		second := s.login(b, "prompt", "none", "id_token_hint", first.get("id_token"))
		s.sameLogin(b, first, second)
	}},
	{"oidcc-login-hint", func(t *testing.T, s *stage) {
		b := s.browser()
		s.login(b, "login_hint", s.demo.User)
		if !slices.ContainsFunc(b.seen, func(v view) bool { return strings.Contains(v.text, s.demo.User) }) {
			t.Error("no page shows the name that the app gave")
		}
	}},
	{"oidcc-ui-locales", asked("ui_locales", "se")},
	{"oidcc-claims-locales", asked("claims_locales", "se")},
	{"oidcc-ensure-request-with-acr-values-succeeds", acrValues},
	{"oidcc-codereuse", func(t *testing.T, s *stage) { s.reuse(0) }},
	{"oidcc-codereuse-30seconds", func(t *testing.T, s *stage) { s.reuse(2 * time.Second) }},
	{"oidcc-ensure-registered-redirect-uri", func(t *testing.T, s *stage) {
		s.browser().visit(http.MethodGet, s.c.ask("redirect_uri", s.c.redirect+"/other", "response_mode", s.mode), nil).onPage()
	}},
	{"oidcc-ensure-post-request-succeeds", postRequest},
	{"oidcc-server-client-secret-post", func(t *testing.T, s *stage) {
		s.c = s.register("post", object{"token_endpoint_auth_method": "client_secret_post"})
		s.c.idToken(s.login(s.browser()), "n-0S6_WzA2Mj")
	}},
	{"oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", func(t *testing.T, s *stage) {
		to := s.party.publish("/request/"+s.c.id, "application/oauth-authz-req+jwt", unsigned(s.claimsOf(s.c.params())))
		s.orRefused("request_uri_not_supported", "request_uri", to)
	}},
	{"oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", func(t *testing.T, s *stage) {
		s.orRefused("request_not_supported", "request", unsigned(s.claimsOf(s.c.params())))
	}},
	{"oidcc-claims-essential", func(t *testing.T, s *stage) {
		got := s.login(s.browser(), "claims", `{"userinfo":{"name":{"essential":true}}}`)
		if u := s.c.userinfo(got.get("access_token")).want(200); u.body["name"] == nil {
			t.Errorf("UserInfo has no name: %s", u.text)
		}
	}},
	{"oidcc-ensure-request-object-with-redirect-uri", objectRedirect},
	{"oidcc-refresh-token", refreshToken},
	{"oidcc-ensure-request-with-valid-pkce-succeeds", func(t *testing.T, s *stage) {
		code := s.code(s.browser(), "code_challenge", challenge(verifier), "code_challenge_method", "S256")
		s.c.idToken(s.c.redeem(code, "code_verifier", verifier).want(200), "n-0S6_WzA2Mj")
	}},
}

// answered sends a browser with a request and returns what the app got.
func (s *stage) answered(b *browser, pairs ...string) url.Values {
	s.t.Helper()
	return s.check(b.visit(http.MethodGet, s.c.ask(append(slices.Clone(pairs), "response_mode", s.mode)...), nil), "st-"+s.c.id)
}

// check reads an answer, and holds it to what every answer says.
func (s *stage) check(v view, state string) url.Values {
	s.t.Helper()
	got := v.returned(s.c.redirect)
	if (v.posted != nil) != (s.mode == "form_post") {
		s.t.Fatalf("the answer comes to %s with the form %v", v.to, v.posted)
	}
	if v.posted != nil {
		csp, origin := v.header.Get("Content-Security-Policy"), s.party.URL
		if !strings.Contains(csp, "form-action 'self' "+origin) || !strings.Contains(v.text, `type="submit"`) && !strings.Contains(v.text, "<button") {
			s.t.Errorf("the policy of the page that posts is %q; it needs %s and a button", csp, origin)
		}
	}
	if got.Get("iss") != s.issuer || got.Get("state") != state {
		s.t.Errorf("the app got %v", got)
	}
	return got
}

// code returns the code that a request leads to.
func (s *stage) code(b *browser, pairs ...string) string {
	s.t.Helper()
	v := s.answered(b, pairs...)
	if v.Get("code") == "" || v.Has("error") {
		s.t.Fatalf("the app got %v, want a code", v)
	}
	return v.Get("code")
}

// login goes from a request to tokens.
func (s *stage) login(b *browser, pairs ...string) reply {
	s.t.Helper()
	r := s.c.redeem(s.code(b, pairs...)).want(200)
	if kind := r.get("token_type"); !strings.EqualFold(kind, "Bearer") || r.header.Get("Cache-Control") != "no-store" {
		s.t.Errorf("%s with the headers %v", r.text, r.header)
	}
	return r
}

// asked is a module whose parameter changes nothing.
func asked(name, value string) func(*testing.T, *stage) {
	return func(_ *testing.T, s *stage) { s.c.idToken(s.login(s.browser(), name, value), "n-0S6_WzA2Mj") }
}

func oidccServer(t *testing.T, s *stage) {
	b := s.browser()
	got := s.login(b)
	id := s.c.idToken(got, "n-0S6_WzA2Mj")
	if u := s.c.userinfo(got.get("access_token")).want(200); u.body["sub"] != id["sub"] || b.typed != 1 {
		t.Errorf("UserInfo is %s after %d passwords, the ID token is of %v", u.text, b.typed, id["sub"])
	}
}

func responseTypeMissing(t *testing.T, s *stage) {
	v := s.answered(s.browser(), "response_type", "")
	if !slices.Contains([]string{"unsupported_response_type", "invalid_request"}, v.Get("error")) || v.Has("code") {
		t.Errorf("the app got %v", v)
	}
}

func idTokenSignature(t *testing.T, s *stage) {
	header, _ := s.verify(s.login(s.browser()).get("id_token"))
	if header.Algorithm != "RS256" || header.KeyID == "" {
		t.Errorf("the ID token is signed by %s with the key %q; a client that names none gets RS256", header.Algorithm, header.KeyID)
	}
}

// idTokenUnsigned is skipped by the plan where "none" is not offered. What must
// hold then is that nobody gets it.
func idTokenUnsigned(t *testing.T, s *stage) {
	if slices.Contains(asList(s.meta["id_token_signing_alg_values_supported"]), "none") {
		t.Error("discovery offers ID tokens without a signature")
	}
	doc := object{"redirect_uris": []string{s.c.redirect}, "id_token_signed_response_alg": "none"}
	s.sendJSON(http.MethodPost, s.endpoint("registration_endpoint"), doc).want(400, "invalid_client_metadata")
}

// about checks UserInfo, by one of the ways to ask for it.
func (s *stage) about(ask func(token string) reply) {
	s.t.Helper()
	got := s.login(s.browser())
	id := s.c.idToken(got, "n-0S6_WzA2Mj")
	u := ask(got.get("access_token")).want(200)
	if u.body["sub"] != id["sub"] || !strings.HasPrefix(u.header.Get("Content-Type"), "application/json") {
		s.t.Errorf("UserInfo is %s %s, the ID token is of %v", u.header.Get("Content-Type"), u.text, id["sub"])
	}
	ask("x").want(401)
}

// claimTypes are those of OpenID Connect Core section 5.1 that are not text.
func checkClaim(t *testing.T, name string, v any) {
	t.Helper()
	ok := false
	switch name {
	case "email_verified", "phone_number_verified":
		_, ok = v.(bool)
	case "updated_at":
		_, ok = v.(float64)
	case "address":
		m, _ := v.(object)
		formatted, _ := m["formatted"].(string)
		country, _ := m["country"].(string)
		ok = formatted != "" && country != ""
	default:
		text, is := v.(string)
		ok = is && text != ""
	}
	if !ok {
		t.Errorf("the claim %s is %#v", name, v)
	}
}

// scope is a module that asks for a scope and wants its claims at UserInfo.
func scope(name string, claims ...string) func(*testing.T, *stage) {
	return func(t *testing.T, s *stage) {
		got := s.login(s.browser(), "scope", "openid "+name)
		id := s.c.idToken(got, "n-0S6_WzA2Mj")
		u := s.c.userinfo(got.get("access_token")).want(200)
		for _, claim := range claims {
			checkClaim(t, claim, u.body[claim])
			if id[claim] != nil {
				t.Errorf("the ID token has %s, which was not asked for there", claim)
			}
		}
		for _, other := range []string{"email", "address", "phone_number", "name"} {
			if !slices.Contains(claims, other) && u.body[other] != nil {
				t.Errorf("UserInfo has %s, which was not asked for", other)
			}
		}
	}
}

// alternateFlow gives scopes and parameters in another order.
func alternateFlow(t *testing.T, s *stage) {
	query := []string{}
	for _, name := range []string{"nonce", "state", "scope", "response_type", "redirect_uri", "client_id"} {
		query = append(query, name+"="+url.QueryEscape(s.c.params("scope", "email openid").Get(name)))
	}
	if s.mode != "" {
		query = append(query, "response_mode="+s.mode)
	}
	v := s.browser().visit(http.MethodGet, s.endpoint("authorization_endpoint")+"?"+strings.Join(query, "&"), nil)
	got := s.c.redeem(s.check(v, "st-"+s.c.id).Get("code")).want(200)
	s.c.idToken(got, "n-0S6_WzA2Mj")
	if u := s.c.userinfo(got.get("access_token")).want(200); u.body["email"] == nil {
		t.Errorf("UserInfo has no email: %s", u.text)
	}
}

func promptLogin(t *testing.T, s *stage) {
	b := s.browser()
	first := s.c.idToken(s.login(b), "n-0S6_WzA2Mj")
	time.Sleep(1100 * time.Millisecond)
	second := s.c.idToken(s.login(b, "prompt", "login"), "n-0S6_WzA2Mj")
	if b.typed != 2 || first["sub"] != second["sub"] || number(second, "auth_time") <= number(first, "auth_time") {
		t.Errorf("%d passwords; %v, then %v", b.typed, first, second)
	}
}

func number(o object, name string) float64 {
	n, _ := o[name].(float64)
	return n
}

func promptNone(_ *testing.T, s *stage) {
	b := s.browser()
	first := s.login(b)
	s.sameLogin(b, first, s.login(b, "prompt", "none"))
}

// sameLogin checks that two answers come of one sign-in.
func (s *stage) sameLogin(b *browser, first, second reply) {
	s.t.Helper()
	one, two := s.c.idToken(first, "n-0S6_WzA2Mj"), s.c.idToken(second, "n-0S6_WzA2Mj")
	if b.typed != 1 || one["sub"] != two["sub"] || one["auth_time"] != two["auth_time"] {
		s.t.Errorf("%d passwords; %v, then %v", b.typed, one, two)
	}
}

func maxAge1(t *testing.T, s *stage) {
	b := s.browser()
	first := s.c.idToken(s.login(b), "n-0S6_WzA2Mj")
	time.Sleep(2100 * time.Millisecond)
	second := s.c.idToken(s.login(b, "max_age", "1"), "n-0S6_WzA2Mj")
	if b.typed != 2 || number(second, "auth_time") == 0 || number(second, "auth_time") <= number(first, "auth_time") {
		t.Errorf("%d passwords; %v, then %v", b.typed, first, second)
	}
}

func maxAge10000(t *testing.T, s *stage) {
	b := s.browser()
	first := s.login(b)
	second := s.login(b, "max_age", "10000")
	s.sameLogin(b, first, second)
	if id := s.c.idToken(second, "n-0S6_WzA2Mj"); number(id, "auth_time") == 0 {
		t.Errorf("the ID token has no auth_time: %v", id)
	}
}

func acrValues(t *testing.T, s *stage) {
	asked := strings.Join(asList(s.meta["acr_values_supported"]), " ")
	if asked == "" {
		t.Fatal("discovery names no acr_values_supported")
	}
	if id := s.c.idToken(s.login(s.browser(), "acr_values", asked+" urn:mace:incommon:iap:silver"), "n-0S6_WzA2Mj"); id["acr"] == nil {
		t.Errorf("the ID token has no acr: %v", id)
	}
}

// reuse redeems a code twice, after a wait; the access token of the first time
// ends unless the second comes at once, as it does when a form is sent twice.
func (s *stage) reuse(wait time.Duration) {
	s.t.Helper()
	code := s.code(s.browser())
	token := s.c.redeem(code).want(200).get("access_token")
	s.c.userinfo(token).want(200)
	time.Sleep(wait)
	s.c.redeem(code).want(400, "invalid_grant")
	if wait > 0 {
		s.c.userinfo(token).want(401)
	}
}

// postRequest asks by a POST from the app's own page.
func postRequest(t *testing.T, s *stage) {
	b := s.browser()
	v := b.visit(http.MethodPost, s.endpoint("authorization_endpoint"), s.c.params("response_mode", s.mode),
		"Origin", s.party.URL, "Sec-Fetch-Site", "cross-site")
	got := s.check(v, "st-"+s.c.id)
	s.c.idToken(s.c.redeem(got.Get("code")).want(200), "n-0S6_WzA2Mj")
}

// claimsOf makes the claims of a request object of parameters.
func (s *stage) claimsOf(v url.Values, more ...any) object {
	o := object{"iss": v.Get("client_id"), "aud": s.issuer}
	for name := range v {
		o[name] = v.Get(name)
	}
	return changed(o, more...)
}

// orRefused asks by an object that may be unsupported, but not misread.
func (s *stage) orRefused(code, name, value string) {
	s.t.Helper()
	v := s.browser().visit(http.MethodGet, s.c.ask(name, value, "response_mode", s.mode), nil)
	if got := s.check(v, "st-"+s.c.id); got.Get("error") != code {
		s.t.Errorf("the app got %v, want %s", got, code)
	}
}

// objectRedirect puts a redirect URI into a request object that differs from the
// one outside: where objects without signatures are not read, that is said, and
// never at the address outside as if it were right.
func objectRedirect(t *testing.T, s *stage) {
	inside := unsigned(s.claimsOf(s.c.params(), "state", "inside"))
	v := s.browser().visit(http.MethodGet, s.c.ask("request", inside, "redirect_uri", s.c.redirect+"/bad"), nil)
	if v.to != "" {
		t.Errorf("the browser goes to %s", v.to)
	}
	v.onPage()
}

func refreshToken(t *testing.T, s *stage) {
	got := s.login(s.browser(), "scope", "openid offline_access", "prompt", "consent")
	text := got.get("refresh_token")
	if s.c2.refresh(text).refused("invalid_grant"); t.Failed() {
		return
	}
	first := s.c.idToken(got, "n-0S6_WzA2Mj")
	next := s.c.refresh(text).want(200)
	s.c.userinfo(next.get("access_token")).want(200)
	if next.header.Get("Cache-Control") != "no-store" || next.header.Get("Pragma") != "no-cache" {
		t.Errorf("the headers are %v", next.header)
	}
	if next.body["id_token"] != nil {
		_, id := s.verify(next.get("id_token"))
		if id["sub"] != first["sub"] || id["iss"] != first["iss"] || number(id, "iat") < number(first, "iat") || id["auth_time"] != first["auth_time"] ||
			id["azp"] != first["azp"] || id["aud"] != s.c.id {
			t.Errorf("the ID token of the refresh says %v after %v", id, first)
		}
	}
}
