package server_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/token"
)

// signedIn is a session of ann's, with tokens of an app that belong to it.
func (d *doors) signedIn(client string) (identity.ID, token.Response) {
	d.t.Helper()
	ctx := d.t.Context()
	var s identity.Session
	err := d.h.DB.Update(ctx, func(tx *store.Tx) (err error) {
		s, _, err = d.h.Sessions.Start(ctx, tx, session.NewSession{Org: d.demo.Org.ID, User: d.ann, AMR: []string{"pwd"}})
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	a, err := d.h.Apps.Get(ctx, d.demo.Org.ID, client)
	if err != nil {
		d.t.Fatal(err)
	}
	res, err := d.h.Tokens.Issue(ctx, token.Request{Org: d.demo.Org, App: a, IDToken: true, Authorization: token.Authorization{
		App: a.ID, User: d.ann, Session: s.ID, Scopes: []string{"openid", "profile"},
	}})
	if err != nil {
		d.t.Fatal(err)
	}
	return s.ID, res
}

// TestLegacyLogoutEndsSession: signing out by the old API ends the session, and
// every token that hangs on it.
func TestLegacyLogoutEndsSession(t *testing.T) {
	eachDoors(t, true, func(t *testing.T, d *doors) {
		d.app("shop", nil)
		for phrase, logout := range map[string]func(token.Response) int{
			"the token in a header": func(r token.Response) int {
				return d.do(http.MethodPost, am+"/auth/logout", "", "Ex-Identity-Auth-Token", r.AccessToken).Code
			},
			"the ID token": func(r token.Response) int { return d.json(am+"/auth/logout", []string{"idToken", r.IDToken}).Code },
			"the Tenant Manager": func(r token.Response) int {
				return d.do(http.MethodDelete, "/cloudapi/1.0.0/sessions/current", "", "Authorization", "bearer "+r.AccessToken).Code - 4
			},
		} {
			id, res := d.signedIn("shop")
			_, other := d.signedIn("shop")
			if got := logout(res); got != http.StatusOK {
				t.Errorf("%s: %d", phrase, got)
			}
			list, err := d.h.Sessions.List(t.Context(), d.demo.Org.ID, d.ann)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range list {
				if s.ID == id && s.Ended.IsZero() {
					t.Errorf("%s: the session lives on", phrase)
				}
			}
			d.wantDenied(d.do(http.MethodGet, "/users-srv/userinfo", "", "Authorization", "Bearer "+res.AccessToken))
			d.object(d.do(http.MethodGet, "/users-srv/userinfo", "", "Authorization", "Bearer "+other.AccessToken), http.StatusOK)
		}
	})
}

// TestLegacyDoorsAndBoundTokens: a token that is bound to a key is none without
// the key (attack 27).
func TestLegacyDoorsAndBoundTokens(t *testing.T) {
	d := openDoors(t, "", true)
	d.app("shop", nil)
	a, err := d.h.Apps.Get(t.Context(), d.demo.Org.ID, "shop")
	if err != nil {
		t.Fatal(err)
	}
	for phrase, cnf := range map[string]token.Confirmation{"a key": {JKT: strings.Repeat("k", 43)}, "a certificate": {X5T: strings.Repeat("c", 43)}} {
		res, err := d.h.Tokens.Issue(t.Context(), token.Request{Org: d.demo.Org, App: a, Authorization: token.Authorization{
			App: a.ID, User: d.ann, Scopes: []string{"openid", "profile"}, Confirmation: cnf,
		}})
		if err != nil {
			t.Fatal(err)
		}
		bearer := []string{"Authorization", "Bearer " + res.AccessToken}
		for _, path := range []string{am + "/userinfo", "/oidc/userinfo", "/cloudapi/1.0.0/sessions/current", "/users-srv/userinfo", authn + "/userinfo"} {
			if w := d.do(http.MethodGet, path, "", bearer...); w.Code != http.StatusUnauthorized {
				t.Errorf("%s, GET %s = %d %s", phrase, path, w.Code, w.Body)
			}
		}
		d.wantCloud(d.json("/oauth/tenant/acme/register", []string{"client_name", "x"}, bearer...), 401, "UNAUTHORIZED")
	}
}

// TestLegacyIDTokens: what row 6 and row 2 do not believe.
func TestLegacyIDTokens(t *testing.T) {
	d := openDoors(t, "", true)
	d.app("shop", nil)
	d.app("gone", nil)
	sign := func(org identity.OrgID, typ string, change map[string]any) string {
		said := map[string]any{
			"iss": doorsURL + "/o/acme", "sub": d.ann.String(), "aud": "shop", "azp": "shop",
			"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
		}
		for k, v := range change {
			said[k] = v
		}
		text, err := d.h.Tokens.Sign(t.Context(), org, "RS256", typ, said)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	gone, err := d.h.Apps.Get(t.Context(), d.demo.Org.ID, "gone")
	if err != nil {
		t.Fatal(err)
	}
	by := identity.Actor{Kind: identity.ByCLI, Name: "test", Org: d.demo.Org.ID, Perms: identity.AllPerms()}
	if err := d.h.Apps.Disable(t.Context(), by, d.demo.Org.ID, gone.ID, true); err != nil {
		t.Fatal(err)
	}
	own := d.demo.Org.ID
	for phrase, c := range map[string]struct {
		text   string
		status int
	}{
		"a good one":                  {sign(own, token.TypeID, nil), 200},
		"past its time":               {sign(own, token.TypeID, map[string]any{"exp": time.Now().Unix() - 1}), 401},
		"without a time":              {sign(own, token.TypeID, map[string]any{"exp": nil}), 401},
		"a pairwise subject":          {sign(own, token.TypeID, map[string]any{"sub": "x"}), 401},
		"somebody who is not there":   {sign(own, token.TypeID, map[string]any{"sub": identity.NewID().String()}), 401},
		"an app that is not there":    {sign(own, token.TypeID, map[string]any{"azp": "nobody"}), 401},
		"an app that is shut out":     {sign(own, token.TypeID, map[string]any{"azp": "gone"}), 401},
		"attack 29: another's keys":   {sign(d.demo.Other.ID, token.TypeID, nil), 401},
		"attack 29: another's issuer": {sign(own, token.TypeID, map[string]any{"iss": doorsURL + "/o/globex"}), 401},
		"a stranger's issuer":         {sign(own, token.TypeID, map[string]any{"iss": "https://evil.test"}), 401},
		"a NUL in the issuer":         {sign(own, token.TypeID, map[string]any{"iss": doorsURL + "/o/a\x00"}), 401},
		"attack 28: another type":     {sign(own, token.TypeAccess, nil), 401},
	} {
		t.Run(phrase, func(t *testing.T) {
			d := d.on(t)
			w := d.do(http.MethodGet, "/oauth/check_id_token", "", "Authorization", "Bearer "+c.text)
			if c.status == http.StatusOK {
				d.object(w, http.StatusOK)
				return
			}
			d.wantCSP(w, c.status)
		})
	}
	d.wantCSP(d.json(am+"/auth/logout", []string{"idToken", sign(own, token.TypeID, map[string]any{"exp": 1})}), 401)
}

// TestLegacyFirstLogins: the app of password logins is made once, however many
// come at once.
func TestLegacyFirstLogins(t *testing.T) {
	eachDoors(t, true, func(t *testing.T, d *doors) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		codes := map[int]int{}
		for range 6 {
			wg.Go(func() {
				w := d.json(am+"/login", []string{"username", d.demo.User, "password", d.demo.Password, "domain", "acme"})
				mu.Lock()
				defer mu.Unlock()
				codes[w.Code]++
			})
		}
		wg.Wait()
		if codes[http.StatusOK] != 6 {
			t.Errorf("answers by status: %v", codes)
		}
	})
}

// TestLegacyGuessing: wrong passwords at one door count at the others (attack 34).
func TestLegacyGuessing(t *testing.T) {
	d := openDoors(t, "", true)
	secret := d.app("shop", nil)
	for range 12 {
		d.json(am+"/login", []string{"username", d.demo.User, "password", "wrong", "domain", "acme"})
	}
	w := d.json(am+"/login", []string{"username", d.demo.User, "password", d.demo.Password, "domain", "acme"})
	d.wantCSP(w, http.StatusTooManyRequests)
	if n, err := strconv.Atoi(w.Header().Get("Retry-After")); err != nil || n < 1 {
		t.Errorf("Retry-After = %q", w.Header().Get("Retry-After"))
	}
	d.wantCloud(d.do(http.MethodPost, "/cloudapi/1.0.0/sessions", "", "Authorization", basic(d.demo.User+"@acme", d.demo.Password)), 429, "TOO_MANY_REQUESTS")
	person := []string{"grant_type", "password", "username", d.demo.User, "password", d.demo.Password}
	for _, path := range []string{"/token-srv/token", authn + "/token"} {
		if w := d.form(path, person, "Authorization", basic("shop", secret)); w.Code != http.StatusTooManyRequests {
			t.Errorf("%s = %d %s", path, w.Code, w.Body)
		}
	}
}
