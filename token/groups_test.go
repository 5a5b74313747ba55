package token_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
	"github.com/muster-id/muster/token"
)

// join puts a new person into as many groups.
func (h *house) join(name string, groups int) identity.ID {
	h.t.Helper()
	user := h.person(h.acme, strings.NewReplacer(" ", "-", ",", "").Replace(name))
	for i := range groups {
		g := h.resource(h.acme, groupType, schema.Object{"displayName": fmt.Sprintf("%s %03d", name, i)})
		h.update(func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.AddMembers(ctx, h.acme.ID, g.ID, []store.Member{{Type: "User", ID: user}})
			return err
		})
	}
	return user
}

func TestGroupsOfIDToken(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		for phrase, c := range map[string]struct {
			groups int
			scopes []string
			alone  bool // the ID token comes without an access token
			listed int  // -1: no claim
			moved  bool
		}{
			"no scope for them":          {2, []string{"openid", "profile"}, false, -1, false},
			"none":                       {0, []string{"openid", "groups"}, false, 0, false},
			"some":                       {2, []string{"openid", "groups"}, false, 2, false},
			"a hundred":                  {100, []string{"openid", "groups"}, false, 100, false},
			"one too many":               {101, []string{"openid", "groups", "profile"}, false, -1, true},
			"one too many, at the front": {101, []string{"openid", "groups"}, true, -1, true},
		} {
			t.Run(phrase, func(t *testing.T) {
				h.t = t
				user := h.join(phrase, c.groups)
				out := h.issue(h.app("web"+user.String(), func(a *identity.App) { a.Scopes = append(a.Scopes, "groups") }), func(r *token.Request) {
					r.Authorization.User, r.Authorization.Session = user, identity.ID{}
					r.Authorization.Scopes, r.NoAccessToken = c.scopes, c.alone
				})
				id := read(t, out.IDToken, 1)
				list, ok := id["groups"].([]any)
				if ok != (c.listed >= 0) || ok && len(list) != c.listed {
					t.Errorf("groups = %v, want %d", id["groups"], c.listed)
				}
				if id["given_name"] != nil || id["preferred_username"] != nil {
					t.Errorf("the ID token tells more than groups: %v", id)
				}
				want := []any{any(nil), any(nil)}
				if c.moved {
					want = []any{[]any{"groups"}, public + "/oauth/check_id_token"}
				}
				if diff := cmp.Diff(want, []any{id["ovc"], id["ovl"]}); diff != "" {
					t.Errorf("ovc and ovl (-want +got):\n%s", diff)
				}
			})
		}
	})
}

func TestScopesClaim(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	for phrase, c := range map[string]struct {
		on   bool
		want any
	}{
		"off": {false, nil},
		"on":  {true, []any{"openid", "profile"}},
	} {
		t.Run(phrase, func(t *testing.T) {
			a := h.app("web-"+phrase, func(a *identity.App) { a.ScopesClaim = c.on })
			out := h.issue(a, func(r *token.Request) {
				r.Authorization.Extra = map[string]any{"scopes": []string{"muster:admin"}}
			})
			if diff := cmp.Diff(c.want, read(t, out.AccessToken, 1)["scopes"]); diff != "" {
				t.Errorf("scopes (-want +got):\n%s", diff)
			}
			b, err := h.Inspect(t.Context(), h.acme.ID, out.AccessToken)
			if err != nil || b.Has("muster:admin") || !b.Has("profile") || len(b.Extra) > 0 {
				t.Errorf("Inspect = %+v, %v", b, err)
			}
		})
	}
}
