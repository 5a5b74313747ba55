package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// An issuer is the OpenID provider of the organisation under test, with apps and
// a person of its own.
type issuer struct {
	addr, root      string // "127.0.0.1:8080", "/o/bench"
	service, opaque string // apps that act for themselves, as Basic credentials
	web             string // an app of people, likewise
	user, password  string
	userID          string
	access          string   // token of the person
	refresh         []string // the latest token of each connection
}

// makeIssuer makes the apps, the person and a token of theirs.
func (b *bench) makeIssuer() (*issuer, error) {
	i := &issuer{addr: b.muster.addr, root: "/o/bench", user: "signs-in@bench.example", password: "a long password for the bench"}
	if _, err := b.muster.run("provider", "set", "--org", "bench", "--legacy"); err != nil {
		return nil, err
	}
	for _, a := range []struct {
		to   *string
		args []string
	}{
		{&i.service, []string{"Service", "--type", "service"}},
		{&i.opaque, []string{"Opaque", "--type", "service", "--set", "opaque_access_token=true"}},
		{&i.web, []string{"Web", "--redirect-uri", "https://app.bench.example/callback", "--grant", "authorization_code,refresh_token,password",
			"--scope", "openid,profile,email,offline_access", "--trusted"}},
	} {
		made, err := b.muster.run(append([]string{"app", "create", "--org", "bench"}, a.args...)...)
		if err != nil {
			return nil, err
		}
		if *a.to = basic(made); *a.to == "" {
			return nil, fmt.Errorf("muster app create printed no client: %v", made)
		}
	}
	var made struct{ ID string }
	body := fmt.Sprintf(`{"schemas":["%s"],"userName":%q,"displayName":"Ann","name":{"givenName":"Ann","familyName":"Arden"},"emails":[{"value":%q,"primary":true}],"password":%q,"active":true}`,
		userURN, i.user, i.user, i.password)
	if err := b.suite.call("POST", "/Users", body, 201, &made); err != nil {
		return nil, err
	}
	i.userID = made.ID
	t, err := i.signIn()
	i.access = t.AccessToken
	return i, err
}

// basic makes the Basic credentials of an app that a command made, "" if it did
// not.
func basic(made map[string]any) string {
	id, _ := made["client_id"].(string)
	secret, _ := made["client_secret"].(string)
	if id == "" || secret == "" {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id) + ":" + url.QueryEscape(secret)))
}

// tokens is an answer of the token endpoint.
type tokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	Active       bool   `json:"active"`
}

// signIn gets tokens for the person.
func (i *issuer) signIn() (tokens, error) {
	return i.call("/oauth2/token", i.web, url.Values{"grant_type": {"password"}, "username": {i.user}, "password": {i.password},
		"scope": {"openid profile email offline_access"}}.Encode())
}

// call sends one form and decodes the answer.
func (i *issuer) call(path, basic, form string) (t tokens, err error) {
	c, err := dial(i.addr)
	if err != nil {
		return t, err
	}
	defer c.close()
	status, body, err := c.do(i.post(nil, path, basic, []byte(form)))
	if err == nil && status != 200 {
		err = fmt.Errorf("POST %s: status %d: %.300s", path, status, body)
	}
	if err != nil {
		return t, err
	}
	return t, json.Unmarshal(body, &t)
}

// post appends a whole request with a form to b.
func (i *issuer) post(b []byte, path, basic string, form []byte) []byte {
	b = fmt.Appendf(b, "POST %s%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Basic %s\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %s\r\n\r\n", i.root, path, i.addr, basic, strconv.Itoa(len(form)))
	return append(b, form...)
}

// get appends a whole request to b.
func (i *issuer) get(b []byte, path, token string) []byte {
	b = fmt.Appendf(b, "GET %s%s HTTP/1.1\r\nHost: %s\r\n", i.root, path, i.addr)
	if token != "" {
		b = fmt.Appendf(b, "Authorization: Bearer %s\r\n", token)
	}
	return append(b, "\r\n"...)
}

// loads are those of apps that ask for tokens and about them.
func (i *issuer) loads() []load {
	form := []byte("grant_type=client_credentials")
	asked := []byte("token=" + url.QueryEscape(i.access))
	token := func(w *worker, body []byte) error { return holds(body, `"access_token":`, 1) }
	return []load{
		{
			name: "token: client credentials, ES256 JWT", status: 200, want: map[string]int{"sqlite": 200, "postgres": 120},
			request: func(w *worker) { w.buf = i.post(w.buf, "/oauth2/token", i.service, form) }, verify: token,
		},
		{
			name: "token: client credentials, opaque", status: 200,
			request: func(w *worker) { w.buf = i.post(w.buf, "/oauth2/token", i.opaque, form) }, verify: token,
		},
		i.renewal("token: refresh with rotation", 0, map[string]int{"sqlite": 50, "postgres": 25}),
		i.renewal("token: refresh with rotation, 64 connections", 64, nil),
		{
			name: "introspection of a JWT", status: 200, want: map[string]int{"sqlite": 250, "postgres": 250},
			request: func(w *worker) { w.buf = i.post(w.buf, "/oauth2/introspect", i.web, asked) },
			verify:  func(w *worker, body []byte) error { return holds(body, `"active":true`, 1) },
		},
		{
			name: "UserInfo", status: 200, want: map[string]int{"sqlite": 200, "postgres": 200},
			request: func(w *worker) { w.buf = i.get(w.buf, "/oauth2/userinfo", i.access) },
			verify:  func(w *worker, body []byte) error { return holds(body, `"sub":`, 1) },
		},
		{
			name: "discovery", status: 200, want: map[string]int{"sqlite": 600, "postgres": 600},
			request: func(w *worker) { w.buf = i.get(w.buf, "/.well-known/openid-configuration", "") },
			verify:  func(w *worker, body []byte) error { return holds(body, `"issuer":`, 1) },
		},
		{
			name: "JWKS", status: 200, want: map[string]int{"sqlite": 600, "postgres": 600},
			request: func(w *worker) { w.buf = i.get(w.buf, "/oauth2/jwks", "") },
			verify:  func(w *worker, body []byte) error { return holds(body, `"kid":`, 1) },
		},
	}
}

// renewal is a load in which each connection renews tokens of its own, always
// with the latest refresh token.
func (i *issuer) renewal(name string, conns int, want map[string]int) load {
	return load{
		name: name, conns: conns, status: 200, want: want,
		request: func(w *worker) {
			w.body = append(append(w.body[:0], "grant_type=refresh_token&refresh_token="...), i.refresh[w.id]...)
			w.buf = i.post(w.buf, "/oauth2/token", i.web, w.body)
		},
		verify: func(w *worker, body []byte) error {
			_, rest, ok := bytes.Cut(body, []byte(`"refresh_token":"`))
			text, _, ended := bytes.Cut(rest, []byte{'"'})
			if !ok || !ended {
				return fmt.Errorf("no refresh token in the answer: %.300s", body)
			}
			i.refresh[w.id] = string(text)
			return nil
		},
	}
}

// signIns measures what apps ask of the provider.
func (b *bench) signIns() error {
	i, err := b.makeIssuer()
	if err != nil {
		return err
	}
	for range 64 {
		t, err := i.signIn()
		if err != nil {
			return err
		}
		i.refresh = append(i.refresh, t.RefreshToken)
	}
	if err := b.loads(i.loads()); err != nil {
		return err
	}
	return b.deactivation(i)
}

// deactivation measures how long after a person was deactivated their token is
// still called active.
func (b *bench) deactivation(i *issuer) error {
	path := "/Users/" + i.userID
	patch := fmt.Sprintf(`{"schemas":["%s"],"Operations":[{"op":"replace","path":"active","value":false}]}`, patchURN)
	if err := b.suite.call("PATCH", path, patch, 200, nil); err != nil {
		return err
	}
	done := time.Now()
	for time.Since(done) < 5*time.Second {
		t, err := i.call("/oauth2/introspect", i.web, "token="+url.QueryEscape(i.access))
		if err != nil {
			return err
		}
		if !t.Active {
			took := time.Since(done)
			b.report.fact("a token after its person was deactivated is active for", "≤ 100 ms", took <= 100*time.Millisecond, "%.0f ms", ms(took))
			return nil
		}
	}
	return errors.New("the token of a person who was deactivated stays active")
}
