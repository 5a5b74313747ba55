package admin_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/muster-id/muster/api/admin"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/store"
)

const root = "/api/v1/o/acme"

func TestApps(t *testing.T) {
	each(t, func(h *house) {
		tok := h.token(h.acme, "muster:admin")
		made := h.must(201, "POST", root+"/apps", tok, `{"client_name":"Shop","redirect_uris":["https://shop.example.com/cb"],"client_id":"shop"}`)
		secret, _ := made["client_secret"].(string)
		if !strings.HasPrefix(secret, "muster_secret_") || made["require_pkce"] != true {
			h.t.Errorf("the new app: %v", made)
		}
		old := h.must(201, "POST", root+"/apps", tok, `{"client_name":"Old","redirect_uris":["https://old.example.com/cb"],"require_pkce":false}`)
		if old["require_pkce"] == true {
			h.t.Errorf("the new app that cannot do PKCE: %v", old)
		}
		got := h.must(200, "GET", root+"/apps/shop", tok, "")
		if got["client_name"] != "Shop" || got["client_secret"] != nil || strings.Contains(sprint(got), secret) {
			h.t.Errorf("the app as read: %v", got)
		}
		changed := h.must(200, "PATCH", root+"/apps/shop", tok, `{"client_name":"Store","logo_uri":"https://shop.example.com/logo.png","contacts":null}`)
		if changed["client_name"] != "Store" || changed["redirect_uris"] == nil {
			h.t.Errorf("the changed app: %v", changed)
		}
		more := h.must(201, "POST", root+"/apps/shop/secrets", tok, `{"overlap":3600,"expires_in":86400}`)
		id, _ := more["id"].(string)
		h.must(204, "DELETE", root+"/apps/shop/secrets/"+id, tok, "")
		h.must(204, "POST", root+"/apps/shop/disable", tok, "")
		if got := h.must(200, "GET", root+"/apps/shop", tok, ""); got["disabled"] != true {
			h.t.Errorf("the disabled app: %v", got)
		}
		h.must(204, "POST", root+"/apps/shop/enable", tok, "")
		list := h.must(200, "GET", root+"/apps?limit=1", tok, "")
		if next, _ := list["next"].(string); next == "" {
			h.t.Errorf("a page of one of two apps names no next: %v", list)
		}
		h.must(204, "DELETE", root+"/apps/shop", tok, "")
		h.must(404, "GET", root+"/apps/shop", tok, "")
		reg := h.must(201, "POST", root+"/registration-tokens", tok, `{"uses":3}`)
		if reg["token"] == "" {
			h.t.Errorf("the registration token: %v", reg)
		}
	})
}

func TestSettings(t *testing.T) {
	each(t, func(h *house) {
		tok := h.token(h.acme, "muster:admin")
		p := h.must(200, "PUT", root+"/provider", tok, `{"registration":"open","access_token_seconds":120,"legacy":{"implicit":true}}`)
		if p["registration"] != "open" || p["access_token_seconds"] != 120.0 {
			h.t.Errorf("the provider: %v", p)
		}
		if s := h.must(200, "PUT", root+"/signin", tok, `{"second_factor":"always","sms_webhook":"https://sms.example.com/","sms_secret":"a secret of the webhook"}`); s["second_factor"] != "always" || strings.Contains(sprint(s), "a secret of") {
			h.t.Errorf("the policy: %v", s)
		}
		c := h.must(200, "PUT", root+"/claims", tok, `{"mappings":[{"claim":"department","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","scope":"profile"}]}`)
		if c["mappings"] == nil {
			h.t.Errorf("the claims: %v", c)
		}
		h.must(200, "POST", root+"/keys/rotate", tok, `{"immediately":true}`)
		keys, _ := h.must(200, "GET", root+"/keys", tok, "")["keys"].([]any)
		if len(keys) == 0 {
			h.t.Fatal("there are no keys")
		}
	})
}

func TestPeople(t *testing.T) {
	each(t, func(h *house) {
		ctx := context.Background()
		tok, ann := h.token(h.acme, "muster:admin"), h.user(h.acme, "ann")
		var s identity.Session
		err := h.DB.Update(ctx, func(tx *store.Tx) (err error) {
			s, _, err = h.Sessions.Start(ctx, tx, session.NewSession{Org: h.acme.ID, User: ann, Agent: "Firefox"})
			return err
		})
		if err != nil {
			h.t.Fatal(err)
		}
		path := root + "/users/" + ann.String()
		if list, _ := h.must(200, "GET", path+"/sessions", tok, "")["sessions"].([]any); len(list) != 1 {
			h.t.Errorf("the sessions: %v", list)
		}
		bob := h.user(h.acme, "bob")
		h.must(404, "DELETE", root+"/users/"+bob.String()+"/sessions/"+s.ID.String(), tok, "")
		h.must(204, "DELETE", path+"/sessions/"+s.ID.String(), tok, "")
		h.must(204, "DELETE", path+"/sessions", tok, "")
		link := h.must(201, "POST", path+"/links", tok, `{"kind":"welcome"}`)
		if u, _ := link["url"].(string); !strings.HasPrefix(u, "https://id.example.com/o/acme/") {
			h.t.Errorf("the link: %v", link)
		}
		h.must(400, "POST", path+"/links", tok, `{"kind":"admin"}`)
		h.must(204, "PUT", root+"/administrators/"+ann.String(), tok, `{"role":"owner"}`)
		if list, _ := h.must(200, "GET", root+"/administrators", tok, "")["administrators"].([]any); len(list) != 1 {
			h.t.Errorf("the administrators: %v", list)
		}
		narrow := h.token(h.acme, "muster:access")
		h.must(403, "PUT", root+"/administrators/"+bob.String(), narrow, `{"role":"owner"}`)
		h.must(403, "DELETE", root+"/administrators/"+ann.String(), narrow, "")
		desk := identity.Actor{Kind: identity.ByUser, Org: h.acme.ID, ID: bob, Perms: identity.Perms{identity.SessionsWrite}}
		if _, err := h.SignIn.Link(ctx, desk, h.acme, ann, signin.LinkRecover); identity.KindOf(err) != identity.Denied {
			h.t.Errorf("B14 52 the help desk gets a link to a password of an owner: %v", err)
		}
		h.must(204, "DELETE", root+"/administrators/"+ann.String(), tok, "")
	})
}

// TestLetters: administrators see that a letter was written, not what opens in it.
func TestLetters(t *testing.T) {
	each(t, func(h *house) {
		tok, ann := h.token(h.acme, "muster:admin"), h.user(h.acme, "ann")
		h.must(202, "POST", root+"/users/"+ann.String()+"/links", tok, `{"kind":"welcome","send":true}`)
		list := h.must(200, "GET", root+"/letters", tok, "")
		if text := sprint(list); !strings.Contains(text, "a•••@example.com") || strings.Contains(text, "https://id.example.com/o/acme/") {
			h.t.Errorf("the letters: %s", text)
		}
	})
}

func TestBadInput(t *testing.T) {
	each(t, func(h *house) {
		tok := h.token(h.acme, "muster:admin")
		for phrase, c := range map[string]struct{ method, path, body, want string }{
			"no JSON":              {"POST", "/apps", "{", "not JSON"},
			"two values":           {"POST", "/apps", "{}{}", "more than one"},
			"an unknown member":    {"POST", "/apps", `{"nmae":"x"}`, "nmae"},
			"another type":         {"POST", "/apps", `{"client_name":1}`, "client_name"},
			"a javascript URI":     {"POST", "/apps", `{"client_name":"x","redirect_uris":["javascript:alert(1)"]}`, "redirect_uris"},
			"a scope that is none": {"POST", "/apps", `{"client_name":"x","redirect_uris":["https://a.example/"],"scopes":["a b"]}`, "scopes"},
			"a large body":         {"PUT", "/provider", `{"registration":"` + strings.Repeat("x", 300<<10) + `"}`, "256 KiB"},
			"a policy of nonsense": {"PUT", "/signin", `{"second_factor":"sometimes"}`, "second_factor"},
			"a protected claim":    {"PUT", "/claims", `{"mappings":[{"claim":"sub","path":"userName"}]}`, "sub"},
			"a negative time":      {"POST", "/registration-tokens", `{"expires_in":-1}`, "seconds"},
			"a limit of words":     {"GET", "/apps?limit=many", "", "limit"},
		} {
			status, out := h.ask(c.method, root+c.path, tok, c.body)
			if status != 400 || !strings.Contains(sprint(out), c.want) || out["requestId"] == "" {
				h.t.Errorf("%s: status %d, %v; want 400 and %q", phrase, status, out, c.want)
			}
		}
		r := h.must(400, "POST", root+"/apps", tok, "")
		if !strings.Contains(sprint(r), "application/json") {
			h.t.Errorf("without a Content-Type: %v", r)
		}
	})
}

// fill puts something into the wildcards of a pattern.
func fill(pattern, org string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	id := identity.NewID().String()
	return method, strings.NewReplacer("{org}", org, "{app}", "nobody", "{secret}", id, "{user}", id, "{session}", id, "{kid}", "none").Replace(path)
}

// TestAttack goes at every route of the timetable.
func TestAttack(t *testing.T) {
	routes := admin.New(admin.Options{}).Routes()
	each(t, func(h *house) {
		own, foreign := h.token(h.acme, "muster:admin"), h.token(h.other, "muster:admin")
		weak, open := h.token(h.acme, "openid"), h.token(h.acme, "scim")
		h.t.Run("48 routes of another organisation", func(t *testing.T) {
			for _, rt := range routes {
				method, path := fill(rt.Pattern, "acme")
				for phrase, c := range map[string]struct {
					token string
					want  int
				}{"a stranger": {"", 401}, "nonsense": {"muster_at_nonsense", 401}, "another organisation": {foreign, 404}, "no right": {weak, 403}} {
					if status, out := h.ask(method, path, c.token, "{}"); status != c.want {
						t.Errorf("%s: %s %s: status %d, want %d: %v", phrase, method, path, status, c.want, out)
					}
				}
			}
			if status, _ := h.ask("GET", root+"/apps", open, ""); status != 403 {
				t.Errorf("a token of SCIM lists apps: status %d", status)
			}
		})
		h.t.Run("48 ids of another organisation", func(t *testing.T) {
			theirs := h.must(201, "POST", "/api/v1/o/globex/apps", foreign, `{"client_name":"Theirs","redirect_uris":["https://b.example/"],"client_id":"theirs"}`)
			id, _ := theirs["id"].(string)
			for _, name := range []string{"theirs", id} {
				for _, c := range [][2]string{{"GET", ""}, {"PATCH", ""}, {"DELETE", ""}, {"POST", "/disable"}, {"POST", "/secrets"}} {
					if status, out := h.ask(c[0], root+"/apps/"+name+c[1]+"?org=globex", own, "{}"); status != 404 {
						t.Errorf("%s %s: status %d: %v", c[0], name+c[1], status, out)
					}
				}
			}
			bob := h.user(h.other, "bob")
			if status, _ := h.ask("POST", root+"/users/"+bob.String()+"/links", own, `{"kind":"recover"}`); status != 404 {
				t.Errorf("a link for a person of another organisation: status %d", status)
			}
			if status, _ := h.ask("PUT", root+"/administrators/"+bob.String(), own, `{"role":"owner"}`); status != 404 {
				t.Errorf("a person of another organisation becomes owner: status %d", status)
			}
		})
		h.t.Run("49 an organisation that is not there", func(t *testing.T) {
			for _, name := range []string{"nobody", "%2e%2e", "ACME%20", "00000000-0000-0000-0000-000000000000"} {
				if status, _ := h.ask("GET", "/api/v1/o/"+name+"/apps", own, ""); status < 400 {
					t.Errorf("%s: status %d", name, status)
				}
			}
		})
		h.t.Run("52 more than one has", func(t *testing.T) {
			writer := h.token(h.acme, "applications:manage")
			status, out := h.ask("POST", root+"/apps", writer, `{"client_name":"Up","application_type":"service","scopes":["muster:admin"]}`)
			if status != 403 {
				t.Errorf("whoever may write apps makes one that may do everything: status %d, %v", status, out)
			}
			if status, _ := h.ask("PUT", root+"/administrators/"+h.user(h.acme, "eve").String(), own, `{"role":"operator"}`); status < 400 {
				t.Errorf("an owner appoints an operator: status %d", status)
			}
		})
		h.t.Run("53 paths by another way", func(t *testing.T) {
			for _, path := range []string{"/api/v1/o/acme//apps", "/api/v1/o/acme/./apps", "/api/v1/o/acme/%2e/apps", "/api/v1/o/acme/x/../apps",
				"/API/v1/o/acme/apps", "/api/v1/o/acme/apps/", "/api/v1/o/acme/apps;x=y", "/api/v1/o/acme%2fapps"} {
				if status, out := h.ask(http.MethodGet, path, "", ""); status == 200 {
					t.Errorf("%s: status %d: %v", path, status, out)
				}
			}
		})
	})
}
