package claims

import (
	"context"
	"slices"

	"github.com/muster-id/muster/identity"
)

// Held are the roles that a person has, by name, and the claims that they give to
// those who hold them.
type Held struct {
	Roles  []string
	Claims map[string]string
}

// rolesClaim is the claim that tells the roles of a person. The scopes that
// release it release the claims of the roles as well.
const rolesClaim = "roles"

// tellsRoles reports whether a scope releases the roles of a person.
func tellsRoles(scope string) bool {
	s, _ := identity.ScopeNamed(scope)
	return slices.Contains(s.Claims, rolesClaim)
}

// Prepare reads what of a Want cannot be read inside of a transaction: what roles
// the person has. Load wants it to be called before.
func (s *Service) Prepare(ctx context.Context, org identity.OrgID, user identity.ID, want Want) (Want, error) {
	if s.Roles == nil || len(want.Asked) == 0 && !slices.ContainsFunc(want.Scopes, tellsRoles) {
		return want, nil
	}
	var err error
	want.held, err = s.Roles(ctx, org, user)
	return want, err
}

// ByRoles returns the claims of the roles that a person has, and the claim
// "roles" with their names, for tokens that are read by those who decide by
// them.
func (s *Service) ByRoles(ctx context.Context, org identity.OrgID, user identity.ID) (map[string]any, error) {
	if s.Roles == nil {
		return nil, nil
	}
	rules, err := s.rules(ctx, org)
	if err != nil {
		return nil, err
	}
	held, err := s.Roles(ctx, org, user)
	if err != nil {
		return nil, err
	}
	out := map[string]any{rolesClaim: append([]string{}, held.Roles...)}
	for name, value := range held.Claims {
		if rules.free(name) {
			out[name] = value
		}
	}
	return out, nil
}

// free reports whether a role may give a claim of a name: it is none of those
// that we vouch for, that everybody has or that the organisation maps.
func (r *rules) free(name string) bool {
	return claimName.MatchString(name) && !slices.Contains(protected, name) && standard[name] == nil && r.byClaim[name] == nil
}

// addHeld adds the claims that the person's roles give, as far as they are
// wanted.
func (p *Person) addHeld(out map[string]any) {
	all := slices.ContainsFunc(p.want.Scopes, tellsRoles)
	for name, value := range p.want.held.Claims {
		ask, asked := p.want.Asked[name]
		if !p.rules.free(name) || !all && !asked || ask != nil && !ask.accepts(value) {
			continue
		}
		out[name] = value
	}
}
