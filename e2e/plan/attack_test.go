package plan_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/muster-id/muster/server"
)

// TestAttack tries attacks that concern the house as a whole.
func TestAttack(t *testing.T) {
	each(t, server.DemoOptions{OpenRegistration: true, Legacy: true}, func(t *testing.T, h *house) {
		s := &stage{house: h, c: h.register("one", withRefresh), c2: h.register("two", nil)}
		play(t, s, []module{
			{"A4 bytes that are no text", noText},
			{"B30 what a caller has the house sign", signedForCaller},
			{"B30 cookies of one's own", forgedCookies},
			{"B31 cursors of one's own", forgedCursors},
			{"C41 an invitation elsewhere, for more than it says, and again", invitation},
			{"D53 paths that are spelled otherwise", spelledPaths},
			{"E66 labels and log lines made by strangers", strangersWords},
		})
	})
}

// noText writes NUL and what is no UTF-8 wherever a caller may write something:
// PostgreSQL takes neither.
func noText(t *testing.T, s *stage) {
	admin := []string{"Authorization", "Bearer " + s.demo.AdminToken}
	scim := []string{"Authorization", "Bearer " + s.demo.Token}
	for _, bad := range []string{"\x00", "a\x00b", "\xff\xfe", "\xed\xa0\x80"} {
		q := url.QueryEscape(bad)
		replies := []reply{
			s.get(s.public+"/api/v1/o/acme/apps?after="+q, admin...),
			s.get(s.public+"/api/v1/o/acme/apps/"+q, admin...),
			s.get(s.public+"/api/v1/o/"+q+"/apps", admin...),
			s.get(s.public+"/api/v1/o/acme/letters?after="+q, admin...),
			s.sendJSON(http.MethodPost, s.public+"/api/v1/o/acme/apps", object{"client_id": bad, "client_name": bad}, admin...),
			s.sendJSON(http.MethodPost, s.endpoint("registration_endpoint"), object{"client_name": bad, "redirect_uris": []string{s.party.URL + "/" + bad}}),
			s.sendJSON(http.MethodPost, s.endpoint("registration_endpoint"), object{"client_name": bad, "software_id": bad, "redirect_uris": []string{s.party.URL + "/x"}}),
			s.get(s.endpoint("registration_endpoint")+"/"+q, "Authorization", "Bearer muster_reg_"+strings.Repeat("r", 43)),
			s.get(s.public + "/o/" + q + "/.well-known/openid-configuration"),
			s.get(s.issuer + "/oauth2/launch/" + q),
			s.get(s.public + "/o/acme/signin/" + q),
			s.get(s.public + "/o/acme/recover/" + q),
			s.get(s.public + "/o/acme/verify/" + q),
			s.get(s.public + "/o/acme/device?user_code=" + q),
			s.get(s.endpoint("authorization_endpoint") + "/" + q),
			s.get(s.endpoint("end_session_endpoint") + "?client_id=" + q + "&id_token_hint=" + q),
			s.get(s.public+"/scim/v2/Users/"+q, scim...),
			s.get(s.public+"/scim/v2/Users?filter="+url.QueryEscape(`userName eq "`+bad+`"`), scim...),
			s.post(s.public+"/o/acme/recover", url.Values{"identifier": {bad}}, "Origin", s.public),
		}
		for _, name := range []string{"client_id", "request_uri", "state", "scope", "login_hint", "nonce", "redirect_uri", "claims", "ui_locales", "acr_values"} {
			replies = append(replies, s.get(s.endpoint("authorization_endpoint")+"?"+strings.Replace(s.c.params(name, "BAD").Encode(), name+"=BAD", name+"="+q, 1)))
		}
		for _, name := range []string{"code", "refresh_token", "device_code", "assertion", "subject_token", "scope", "redirect_uri", "code_verifier", "resource", "username"} {
			for _, grant := range []string{"authorization_code", "refresh_token", "client_credentials", "password", "urn:ietf:params:oauth:grant-type:device_code",
				"urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange"} {
				replies = append(replies, s.c.post("token_endpoint", url.Values{"grant_type": {grant}, name: {bad}, "username": {bad}, "password": {bad}}))
			}
		}
		for _, name := range []string{"introspection_endpoint", "revocation_endpoint", "device_authorization_endpoint", "pushed_authorization_request_endpoint"} {
			replies = append(replies, s.c.post(name, url.Values{"token": {bad}, "scope": {bad}, "state": {bad}, "client_id": {bad}}))
		}
		replies = append(replies, s.c.userinfo("muster_at_"+strings.Repeat("t", 43)), s.post(s.endpoint("token_endpoint"), url.Values{"client_id": {bad}, "client_secret": {bad}, "grant_type": {"authorization_code"}}))
		for _, r := range replies {
			if r.status >= 500 {
				t.Errorf("%q: %s = %d %.200s", bad, r.what, r.status, r.text)
			}
		}
		s.typed(bad)
	}
}

// typed types something that is no text where a name is asked for.
func (s *stage) typed(bad string) {
	s.t.Helper()
	b := s.browser()
	b.stop = true
	f, ok := formOf(b.visit(http.MethodGet, s.c.ask(), nil))
	if !ok {
		s.t.Fatal("there is no form")
	}
	f.fields.Set("identifier", bad)
	b.load(http.MethodPost, f.action, f.fields) // fails the test where the answer is an error of ours
}

// signedForCaller has the house sign texts of the caller's choice, in an
// authorization response and in an ID token, and uses them for all else.
func signedForCaller(t *testing.T, s *stage) {
	b := s.browser()
	got := s.login(b)
	choice := `{"sub":"` + s.demo.User + `","scope":"muster:admin","verified":true}`
	v := b.visit(http.MethodGet, s.c.ask("response_mode", "query.jwt", "state", choice, "nonce", choice), nil)
	response := v.returned(s.c.redirect).Get("response")
	if _, said := s.verify(response); said["state"] != choice {
		t.Fatalf("the response says %v", said)
	}
	id := s.login(b, "nonce", choice).get("id_token")
	for name, text := range map[string]string{"an authorization response": response, "an ID token": id} {
		s.c.userinfo(text).want(401)
		for _, path := range []string{"/scim/v2/Users", "/api/v1/o/acme/apps", "/api/v1/o/acme/provider"} {
			if r := s.get(s.public+path, "Authorization", "Bearer "+text); r.status != 401 {
				t.Errorf("%s opens %s: %d", name, path, r.status)
			}
		}
		s.c.refresh(text).refused("invalid_grant", "invalid_request")
		s.c.redeem(text).refused("invalid_grant", "invalid_request")
		if r := s.c.post("introspection_endpoint", url.Values{"token": {text}}); r.body["active"] == true {
			t.Errorf("%s is an active token", name)
		}
		s.post(s.endpoint("token_endpoint"), url.Values{"grant_type": {"client_credentials"}, "client_id": {s.c.id},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {text}}).
			refused("invalid_client", "invalid_request")
		s.c.post("token_endpoint", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {text}}).
			refused("invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_request")
		s.browser().visit(http.MethodGet, s.c.ask("request", text), nil).refused(s.c.redirect, "invalid_request_object", "request_not_supported")
	}
	bye := s.party.URL + "/bye"
	if v := s.browser().signOut(http.MethodGet, url.Values{"id_token_hint": {response}, "post_logout_redirect_uri": {bye}}); v.to != "" {
		t.Errorf("an authorization response as a hint leads to %s", v.to)
	}
	if got.get("id_token") == "" {
		t.Error("there is no ID token")
	}
}

// forgedCookies gives every cookie of a signed-in browser another value: that of
// another cookie, or one of the caller's choice. None spares the password.
func forgedCookies(t *testing.T, s *stage) {
	b := s.browser()
	s.login(b)
	home, err := url.Parse(s.public)
	s.ok(err)
	real := b.http.Jar.Cookies(home)
	if len(real) == 0 {
		t.Fatal("the browser has no cookies")
	}
	values := []string{"1", "true", s.demo.User, base64.RawURLEncoding.EncodeToString([]byte(`{"verified":true}`))}
	for _, c := range real {
		values = append(values, c.Value+"A", flipped(c.Value))
	}
	for _, value := range values {
		thief := s.browser()
		var forged []*http.Cookie
		for _, c := range real {
			forged = append(forged, &http.Cookie{Name: c.Name, Value: value, Path: "/", Secure: true})
		}
		thief.http.Jar.SetCookies(home, forged)
		if got := s.answered(thief, "prompt", "none"); got.Get("error") != "login_required" {
			t.Errorf("with the cookie %q the app got %v", value, got)
		}
	}
}

// flipped changes one character in the middle.
func flipped(text string) string {
	b := []byte(text)
	if i := len(b) / 2; b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

// forgedCursors walks lists with cursors that the house did not make, or made
// for others.
func forgedCursors(t *testing.T, s *stage) {
	list := func(token, cursor string) reply {
		q := url.Values{"count": {"2"}, "cursor": {cursor}}
		return s.get(s.public+"/scim/v2/Users?"+q.Encode(), "Authorization", "Bearer "+token)
	}
	mine, _ := list(s.demo.Token, "").want(200).body["nextCursor"].(string)
	if mine == "" {
		t.Fatal("there is no next page")
	}
	list(s.demo.Token, mine).want(200)
	list(s.demo.OtherToken, mine).want(400)
	for _, cursor := range []string{flipped(mine), mine + "A", mine[:len(mine)-2], "1", "' OR 1=1 --", "0; DROP TABLE users",
		base64.RawURLEncoding.EncodeToString([]byte(`{"id":"x","org":"` + s.demo.Other.ID.String() + `"}`)),
		base64.RawURLEncoding.EncodeToString(make([]byte, 60)), strings.Repeat("A", 70000)} {
		if r := list(s.demo.Token, cursor); r.status != 400 || strings.Contains(r.text, "userName") || strings.Contains(strings.ToLower(r.text), "sql") {
			t.Errorf("the cursor %.60q = %d %s", cursor, r.status, r.text)
		}
	}
	own := func(after string) reply {
		return s.get(s.public+"/api/v1/o/acme/apps?limit=100&after="+url.QueryEscape(after), "Authorization", "Bearer "+s.demo.AdminToken)
	}
	if r := own("").want(200); !strings.Contains(r.text, s.c.id) || !strings.Contains(r.text, `"demo"`) {
		t.Fatalf("the list of apps is %s", r.text)
	}
	for _, after := range []string{"' OR 1=1 --", "\x00", strings.Repeat("z", 5000), "%27"} {
		if r := own(after); r.status >= 500 || strings.Contains(r.text, s.demo.Other.ID.String()) {
			t.Errorf("after %.60q = %d %s", after, r.status, r.text)
		}
	}
}

// invitation takes the invitation of a person to another organisation, adds to
// its form what it does not ask for, and uses it twice.
func invitation(t *testing.T, s *stage) {
	admin := []string{"Authorization", "Bearer " + s.demo.AdminToken}
	token := []string{"Authorization", "Bearer " + s.demo.Token}
	users := s.public + "/scim/v2/Users"
	made := s.sendJSON(http.MethodPost, users, object{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "mallory",
		"emails": []object{{"value": "mallory@acme.example", "type": "work", "primary": true}}}, token...).want(201)
	id := made.get("id")
	ann := s.get(users+"?filter="+url.QueryEscape(`userName eq "`+s.demo.User+`"`), token...).want(200).body["Resources"].([]any)[0].(object)["id"].(string)
	link := s.sendJSON(http.MethodPost, s.public+"/api/v1/o/acme/users/"+id+"/links", object{"kind": "welcome"}, admin...).want(201).get("url")
	const pass = "four grey herons at the lock 9"
	form := url.Values{"password": {pass}, "username": {s.demo.User}, "user": {ann}, "id": {ann}, "email": {"evil@evil.example"},
		"roles": {"owner"}, "role": {"owner"}, "org": {s.demo.Other.ID.String()}, "kind": {"recover"}}

	elsewhere := strings.Replace(link, "/o/acme/", "/o/globex/", 1)
	for _, address := range []string{elsewhere, link + "A", flipped(link)} {
		if v := s.browser().load(http.MethodPost, address, form); v.status < 400 {
			t.Errorf("an invitation at %s = %d", address, v.status)
		}
	}
	if r := s.sendJSON(http.MethodPost, s.public+"/api/v1/o/globex/users/"+id+"/links", object{"kind": "welcome"}, admin...); r.status != 404 {
		t.Errorf("an invitation to another organisation = %d %s", r.status, r.text)
	}
	if v := s.browser().load(http.MethodPost, link, form); v.status >= 400 {
		t.Fatalf("the invitation = %d: %s", v.status, v.heading())
	}
	if v := s.browser().load(http.MethodPost, link, form); v.status < 400 {
		t.Errorf("the invitation again = %d", v.status)
	}
	now := s.get(users+"/"+id, token...).want(200)
	if now.body["userName"] != "mallory" || now.body["roles"] != nil || strings.Contains(now.text, "evil") {
		t.Errorf("the person is %s", now.text)
	}
	if list := s.get(s.public+"/api/v1/o/acme/administrators", admin...).want(200); strings.Contains(list.text, id) {
		t.Errorf("the administrators are %s", list.text)
	}
	s.login(s.browser()) // ann's password is what it was
	b := s.browser()
	b.name, b.pass = "mallory", pass
	if got := s.c.idToken(s.login(b), "n-0S6_WzA2Mj"); got["sub"] == ann {
		t.Error("mallory is ann")
	}
}

// spelledPaths asks without a token for what needs one, by paths that a matcher
// may read otherwise than a router.
func spelledPaths(t *testing.T, s *stage) {
	host := strings.TrimPrefix(s.public, "https://")
	for _, path := range []string{"/scim/v2/Users", "/api/v1/o/acme/apps", "/o/acme/account", "/o/acme/account/security", "/metrics/../scim/v2/Users"} {
		for _, spell := range []func(string) string{
			func(p string) string { return p },
			func(p string) string { return "/" + p },
			func(p string) string { return p + "/" },
			func(p string) string { return "/." + p },
			func(p string) string { return "/x/.." + p },
			func(p string) string { return "/%2e" + p },
			func(p string) string { return "/assets/%2e%2e" + p },
			func(p string) string { return "/livez;" + p },
			func(p string) string { return p + ";x=y" },
			func(p string) string { return strings.ToUpper(p) },
			func(p string) string { return strings.ReplaceAll(p, "/v", "%2fv") },
			func(p string) string { return p + "%00" },
			func(p string) string { return strings.ReplaceAll(p, "/", "\\") },
			func(p string) string { return p + "/.css" },
		} {
			r := s.request(http.MethodGet, s.public+"/", nil, nil)
			r.URL = &url.URL{Scheme: "https", Host: host, Opaque: "//" + host + spell(path)}
			res, err := s.http.Do(r)
			s.ok(err)
			text, err := io.ReadAll(res.Body)
			res.Body.Close()
			s.ok(err)
			if res.StatusCode >= 500 || strings.Contains(string(text), "userName") || strings.Contains(string(text), s.demo.Org.ID.String()) {
				t.Errorf("GET %s = %d %.200s", spell(path), res.StatusCode, text)
			}
		}
	}
}

// strangersWords sends words of one's own wherever a label or a log line might
// take them up.
func strangersWords(t *testing.T, s *stage) {
	before := seriesOf(s.get(s.public + "/metrics").want(200).text)
	const evil = "evil-label"
	for i := range 30 {
		word := fmt.Sprintf("%s-%d", evil, i)
		s.get(s.public + "/" + word)
		s.get(s.public + "/o/" + word + "/oauth2/authorize?client_id=" + word + "&response_type=" + word)
		s.get(s.endpoint("authorization_endpoint") + "?client_id=" + word + "%0d%0a" + word)
		s.post(s.endpoint("token_endpoint"), url.Values{"grant_type": {word}, "client_id": {word}, "client_secret": {"muster_cs_" + strings.Repeat("s", 40)}},
			"User-Agent", word, "X-Request-Id", word+"\tx", "Traceparent", word)
		s.do(s.request("BREW"+fmt.Sprint(i), s.public+"/scim/v2/Users", nil, nil))
		s.get(s.public+"/scim/v2/"+word, "Authorization", "Bearer muster_at_"+strings.Repeat("t", 40))
	}
	text := s.get(s.public + "/metrics").want(200).text
	if strings.Contains(text, evil) || strings.Contains(text, "BREW") {
		t.Error("a label holds a word of a stranger")
	}
	if grown := seriesOf(text) - before; grown > 400 {
		t.Errorf("180 requests of strangers made %d series", grown)
	}
	for _, line := range s.log.lines() {
		var o object
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Errorf("a line of the log is no JSON: %s", line)
		}
		if _, faked := o[evil]; faked || slices.Contains(slices.Collect(maps.Keys(o)), "") {
			t.Errorf("a stranger named a field of the log: %s", line)
		}
	}
	s.log.tellsNothing(t, s.demo.Password, strings.Repeat("s", 40), strings.Repeat("t", 40))
}

// seriesOf counts the lines of metrics that are no comments.
func seriesOf(text string) int {
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			n++
		}
	}
	return n
}
