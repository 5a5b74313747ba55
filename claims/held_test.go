package claims

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

func TestHeld(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		h.Roles = func(context.Context, identity.OrgID, identity.ID) (Held, error) {
			return Held{Roles: []string{"editor", "reader"}, Claims: map[string]string{
				"dept": "eng", "email_verified": "yes", "sub": "root", "org_id": "other", "name": "Somebody else", "bad name": "x",
			}}, nil
		}
		ann := h.create("User", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann","displayName":"Ann","roles":[{"value":"own"},{"value":"reader"}]}`)
		roles := []string{"own", "reader", "editor"}
		for phrase, c := range map[string]struct {
			want Want
			is   map[string]any
		}{
			"by scope":                 {Want{Scopes: []string{"roles"}}, map[string]any{"roles": roles, "dept": "eng"}},
			"without the scope":        {Want{Scopes: []string{"openid"}}, map[string]any{}},
			"by name":                  {Want{Asked: Asked{"dept": nil}}, map[string]any{"dept": "eng"}},
			"by name, of another":      {Want{Asked: Asked{"dept": {Value: "ops"}}}, map[string]any{}},
			"what the person is stays": {Want{Scopes: []string{"roles"}, Asked: Asked{"name": nil}}, map[string]any{"roles": roles, "dept": "eng", "name": "Ann"}},
		} {
			if d := cmp.Diff(c.is, h.of(ann, c.want)); d != "" {
				t.Errorf("%s (-want +got):\n%s", phrase, d)
			}
		}
		got, err := h.ByRoles(t.Context(), h.org.ID, ann)
		if d := cmp.Diff(map[string]any{"roles": []string{"editor", "reader"}, "dept": "eng"}, got); err != nil || d != "" {
			t.Errorf("for an access token: %v (-want +got):\n%s", err, d)
		}
		broken := fmt.Errorf("broken")
		h.Roles = func(context.Context, identity.OrgID, identity.ID) (Held, error) { return Held{}, broken }
		if _, err := h.Of(t.Context(), h.org, ann, Want{Scopes: []string{"roles"}}); err != broken {
			t.Errorf("a failure to find the roles = %v", err)
		}
	})
}
