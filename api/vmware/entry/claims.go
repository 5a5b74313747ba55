package entry

import (
	"context"
	"slices"

	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
)

// Expanded returns what these clients want to know of a person, as far as the
// scopes go.
func (d *Desk) Expanded(ctx context.Context, org identity.Organisation, user identity.ID, scopes []string) (map[string]any, error) {
	want := claims.Want{}
	for _, name := range []string{"profile", "email", "groups"} {
		if slices.Contains(scopes, name) {
			want.Scopes = append(want.Scopes, name)
		}
	}
	said, err := d.o.Claims.Of(ctx, org, user, want)
	if k := identity.KindOf(err); k == identity.NotFound || k == identity.Denied {
		return nil, ErrCredentials // gone, or not active any more
	}
	if err != nil {
		return nil, err
	}
	out := map[string]any{"domain": org.Slug, "context": org.ID.String(), "context_name": org.Name}
	for name, claim := range map[string]string{
		"username": "preferred_username", "acct": "preferred_username", "given_name": "given_name", "family_name": "family_name", "email": "email",
	} {
		if v, ok := said[claim]; ok {
			out[name] = v
		}
	}
	names, ok := said["groups"]
	if !ok {
		return out, nil
	}
	ids, err := d.o.Directory.GroupsOf(ctx, org.ID, user)
	if err != nil {
		return nil, err
	}
	if ids == nil {
		ids = []string{}
	}
	out["group_names"], out["group_ids"] = names, ids
	return out, nil
}
