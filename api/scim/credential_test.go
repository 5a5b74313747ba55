package scim

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// TestWhoMayComeIn checks that every wrong credential gets one and the same
// answer.
func TestWhoMayComeIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		acme, other := w.tenant("acme", "rfc"), w.tenant("other", "rfc")
		flipped := acme.token[:len(acme.token)-1] + map[bool]string{true: "1", false: "0"}[strings.HasSuffix(acme.token, "0")]
		want := ""
		for name, c := range map[string]struct{ path, header string }{
			"no credential":                         {"/scim/v2/Users", ""},
			"an unknown token":                      {"/scim/v2/Users", "Bearer " + flipped},
			"not a token":                           {"/scim/v2/Users", "Bearer x"},
			"an empty token":                        {"/scim/v2/Users", "Bearer "},
			"another scheme":                        {"/scim/v2/Users", "Basic " + acme.token},
			"a token in the URL":                    {"/scim/v2/Users?access_token=" + acme.token, ""},
			"another organisation's slug":           {"/scim/other/v2/Users", "Bearer " + acme.token},
			"another organisation's UUID":           {"/scim/" + other.org.ID.String() + "/v2/Users", "Bearer " + acme.token},
			"an unknown organisation":               {"/scim/nowhere/v2/Users", "Bearer " + acme.token},
			"an unknown organisation, no token":     {"/scim/nowhere/v2/Users", ""},
			"an unknown UUID":                       {"/scim/00000000-0000-7000-8000-000000000000/v2/Users", "Bearer " + acme.token},
			"a known organisation, no token":        {"/scim/acme/v2/Users", ""},
			"a known organisation, a foreign token": {"/scim/acme/v2/Users/" + other.org.ID.String(), "Bearer " + other.token},
		} {
			t.Run(name, func(t *testing.T) {
				got := w.send("GET", c.path, "", "Authorization", c.header).want(401)
				if got.header.Get("WWW-Authenticate") != `Bearer realm="scim"` || got.get("status") != "401" {
					t.Errorf("challenge %q, body %s", got.header.Get("WWW-Authenticate"), got.text)
				}
				if want == "" {
					want = got.text
				}
				if got.text != want {
					t.Errorf("body %s, want %s as for the others", got.text, want)
				}
			})
		}
		for _, path := range []string{"/scim/v2/Users", "/scim/acme/v2/Users", "/scim/ACME/V2/users", "/scim/" + acme.org.ID.String() + "/v2/Users", "/scim/v2?aadOptscim062020/Users?count=1"} {
			w.send("GET", path, "", "Authorization", "bearer "+acme.token).want(200)
		}
		if strings.Contains(w.logged.String(), acme.token) {
			t.Error("the log holds a token")
		}
	})
}

func TestTokenLife(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		n := w.tenant("acme", "rfc")
		ctx := context.Background()
		status := func(token string) int {
			return w.send("GET", "/scim/v2/Users?count=0", "", "Authorization", "Bearer "+token).status
		}
		check := func(what, token string, want int) {
			t.Helper()
			if got := status(token); got != want {
				t.Errorf("%s: %d, want %d", what, got, want)
			}
		}
		first := n.token
		check("a new token", first, 200)

		second, err := w.dir.RotateToken(ctx, cli, n.org.ID, n.conn.ID, directory.Rotation{Overlap: time.Hour, Expires: w.now().Add(24 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		check("the old token while both live", first, 200)
		check("the new token while both live", second.Text, 200)
		w.pass(59 * time.Minute)
		check("the old token just before the overlap ends", first, 200)
		w.pass(2 * time.Minute)
		check("the old token after the overlap", first, 401)
		check("the new token after the overlap", second.Text, 200)
		w.pass(24 * time.Hour)
		check("the new token after it has expired", second.Text, 401)

		third, err := w.dir.RotateToken(ctx, cli, n.org.ID, n.conn.ID, directory.Rotation{})
		if err != nil {
			t.Fatal(err)
		}
		fourth, err := w.dir.RotateToken(ctx, cli, n.org.ID, n.conn.ID, directory.Rotation{})
		if err != nil {
			t.Fatal(err)
		}
		check("a third token", third.Text, 200)
		if err := w.dir.RevokeToken(ctx, cli, n.org.ID, n.conn.ID, third.ID); err != nil {
			t.Fatal(err)
		}
		check("a revoked token", third.Text, 401)
		check("its neighbour", fourth.Text, 200)
		if err := w.dir.DisableConnection(ctx, cli, n.org.ID, n.conn.ID, true); err != nil {
			t.Fatal(err)
		}
		check("a token of a disabled connection", fourth.Text, 401)
		if err := w.dir.DisableConnection(ctx, cli, n.org.ID, n.conn.ID, false); err != nil {
			t.Fatal(err)
		}
		check("a token of a connection that is back", fourth.Text, 200)
		if ended, err := w.dir.RevokeTokens(ctx, cli, n.org.ID, n.conn.ID); err != nil || ended != 1 {
			t.Errorf("RevokeTokens = %d, %v, want 1", ended, err)
		}
		check("a token after all were revoked", fourth.Text, 401)
		if err := w.dir.DeleteConnection(ctx, cli, n.org.ID, n.conn.ID); err != nil {
			t.Fatal(err)
		}
		check("a token of a deleted connection", fourth.Text, 401)
		for _, c := range n.changes() {
			if strings.Contains(string(c.Diff), first) || strings.Contains(string(c.Diff), second.Text) {
				t.Errorf("the change log holds a token: %s", c.Diff)
			}
		}
	})
}

func TestRate(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	n := w.tenant("acme", "rfc")
	_, issued, err := w.dir.CreateConnection(t.Context(), cli, n.org.ID, directory.NewConnection{Name: "slow", Rate: 3})
	if err != nil {
		t.Fatal(err)
	}
	slow := &tenant{world: w, org: n.org, token: issued.Text, base: "/scim/v2"}
	var last answer
	allowed := 0
	for range 10 {
		if last = slow.call("GET", "/Users?count=0", ""); last.status == http.StatusOK {
			allowed++
		}
	}
	if allowed < 3 || allowed > 5 {
		t.Errorf("%d of 10 requests at once were answered, want 3", allowed)
	}
	last.want(429).is("429", "status")
	if got := last.header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After = %q, want 1", got)
	}
	n.call("GET", "/Users?count=0", "").want(200) // another connection does not suffer
	w.pass(2 * time.Second)
	slow.call("GET", "/Users?count=0", "").want(200)
}

func TestDiscoveryBeforeAuthentication(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.tenant("acme", "rfc")
	known := w.send("GET", "/scim/acme/v2/ServiceProviderConfig", "").want(200)
	unknown := w.send("GET", "/scim/nowhere/v2/ServiceProviderConfig", "").want(200)
	if got := strings.ReplaceAll(unknown.text, "nowhere", "acme"); got != known.text {
		t.Errorf("discovery tells organisations apart:\n%s\n%s", known.text, unknown.text)
	}
	if strings.Contains(known.text, "wrong.example") || !strings.Contains(known.text, "https://id.test/scim/acme/v2") {
		t.Errorf("the base URL is not the configured one: %s", known.text)
	}
	w.send("GET", "/scim/v2/Schemas", "").want(200)
	w.send("GET", "/scim/v1/Users", "").want(400, "invalidVers")
	w.send("GET", "/scim/acme/v3/Users", "").want(400, "invalidVers")
	w.send("GET", "/scim/Users", "").want(404)
}
