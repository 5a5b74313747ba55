package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/muster-id/muster/server"
)

// TestSCIMByAccessToken provisions with tokens that an app gets for itself, in
// the place of the static token of its connection.
func TestSCIMByAccessToken(t *testing.T) {
	h, demo := demoHouse(t)
	srv, err := server.New(t.Context(), server.Options{House: h, Build: server.ThisBuild("test"), URL: h.Config.URL(h.Config.Listen)})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(r *http.Request) (int, map[string]any) {
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		var out map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
		}
		return w.Code, out
	}
	token := func(scope string) string {
		form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}
		r := httptest.NewRequest("POST", "/o/acme/oauth2/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(demo.ClientID, demo.ClientSecret)
		status, out := ask(r)
		text, _ := out["access_token"].(string)
		if status != 200 || text == "" {
			t.Fatalf("no token: %d %v", status, out)
		}
		return text
	}
	for phrase, c := range map[string]struct {
		path, token string
		want        int
	}{
		"the scope scim":          {"/scim/v2/Users?count=1", token("scim"), 200},
		"under the organisation":  {"/scim/acme/v2/Users?count=1", token("scim"), 200},
		"of another organisation": {"/scim/globex/v2/Users?count=1", token("scim"), 401},
		"without the scope":       {"/scim/v2/Users?count=1", token("muster:read"), 403},
		"without a connection":    {"/scim/v2/Users?count=1", demo.AdminToken, 403},
		"nonsense":                {"/scim/v2/Users?count=1", "muster_at_nonsense", 401},
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		r.Header.Set("Authorization", "Bearer "+c.token)
		if status, out := ask(r); status != c.want {
			t.Errorf("%s: status %d, want %d: %v", phrase, status, c.want, out)
		}
	}
	public := h.Config.URL(h.Config.Listen)
	for path, want := range map[string][2]string{
		"/.well-known/oauth-protected-resource":              {public, public},
		"/.well-known/oauth-protected-resource/scim/v2":      {public + "/scim/v2", public},
		"/.well-known/oauth-protected-resource/scim/acme/v2": {public + "/scim/acme/v2", public + "/o/acme"},
	} {
		_, out := ask(httptest.NewRequest("GET", path, nil))
		if servers, _ := out["authorization_servers"].([]any); out["resource"] != want[0] || len(servers) != 1 || servers[0] != want[1] {
			t.Errorf("%s: %v, want resource and issuer %v", path, out, want)
		}
	}
}
