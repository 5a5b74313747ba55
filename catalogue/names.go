package catalogue

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
)

// names checks what all have in common, and makes a slug if slugs is an object
// without one. more is where description and client id stand.
func (k *checker) names(doc, more schema.Object, name string, slugs schema.Object) error {
	n := str(doc, name)
	if strings.TrimSpace(n) == "" {
		return invalid(name, "A "+k.c.Type.Name+" has a name.")
	}
	if strings.TrimSpace(n) != n {
		return invalid(name, "A name does not begin or end with a space.")
	}
	if err := checkLine(name, n, maxNameBytes); err != nil {
		return err
	}
	if err := checkLine("clientId", str(more, "clientId"), maxNameBytes); err != nil {
		return err
	}
	if err := checkText("description", str(more, "description"), maxDescription); err != nil {
		return err
	}
	for _, other := range []string{"display", "type"} {
		if err := checkLine(other, str(doc, other), maxNameBytes); err != nil {
			return err
		}
	}
	if err := k.free(name, n); err != nil || slugs == nil {
		return err
	}
	return k.slug(slugs, n)
}

// free refuses the names of built-in things, which would be taken for them.
func (k *checker) free(field, name string) error {
	if k.system() || strings.EqualFold(name, str(k.c.Old, field)) {
		return nil
	}
	taken := false
	switch k.c.Type.Name {
	case ActionKind:
		taken = slices.ContainsFunc(numbered, func(p identity.Perm) bool { return strings.EqualFold(string(p), name) })
	case ResourceTypeKind:
		taken = strings.EqualFold(name, MusterSlug)
	case RoleKind:
		taken = slices.ContainsFunc(identity.BuiltInRoles(), func(r identity.BuiltInRole) bool { return strings.EqualFold(r.Name, name) })
	}
	if taken {
		return identity.NewError(identity.Conflict, field, "The name "+quote(name)+" belongs to a built-in "+k.c.Type.Name+".")
	}
	return nil
}

// slug checks the slug, or makes one of the name that nobody has.
func (k *checker) slug(doc schema.Object, name string) error {
	if given := str(doc, "slug"); given != "" {
		if err := checkSlug(given, k.c.Type.Name == ResourceKind); err != nil {
			return err
		}
		return k.free("slug", given)
	}
	base := slugOf(name)
	if base == "" {
		return invalid("slug", "The name "+quote(name)+" has no letter or digit to make a slug of; give a slug.")
	}
	const tries = 1000
	for i := 1; i <= tries; i++ {
		s := base
		if i > 1 {
			s += "-" + strconv.Itoa(i)
		}
		r, err := k.any(k.by.Org, k.c.Type.Name, equals("slug", s))
		if err != nil {
			return err
		}
		if r == nil && k.free("slug", s) == nil || r != nil && r.ID == k.c.ID {
			doc["slug"] = s
			return nil
		}
	}
	return identity.NewError(identity.Conflict, "slug", "Too many slugs begin with "+quote(base)+"; give one.")
}

// slugOf makes a slug of a name: "Work Space" becomes "work-space".
func slugOf(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case b.Len() >= 200:
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := strings.TrimSuffix(b.String(), "-")
	if _, ok := refID(s); ok {
		return "x-" + s
	}
	return s
}

// checkSlug reports why a text cannot be a slug. It must not be taken for an id
// or a pattern; only that of a resource may hold a slash.
func checkSlug(s string, slash bool) error {
	if err := checkLine("slug", s, maxNameBytes); err != nil {
		return err
	}
	if _, ok := refID(s); ok {
		return invalid("slug", "A slug must not look like a UUID.")
	}
	bad := func(r rune) bool { return unicode.IsSpace(r) || r == '*' || r == '/' && !slash }
	if strings.ContainsFunc(s, bad) {
		return invalid("slug", "A slug has no spaces and no *; that of a resource type has no / either.")
	}
	return nil
}

// checkAlias reports why a text cannot be the alias of a role.
func checkAlias(s string) error {
	if s == "" {
		return nil
	}
	if err := checkLine("alias", s, maxNameBytes); err != nil {
		return err
	}
	if _, ok := refID(s); ok {
		return invalid("alias", "An alias must not look like a UUID: make the role with that id.")
	}
	if strings.ContainsFunc(s, unicode.IsSpace) || strings.Contains(s, "/") {
		return invalid("alias", "An alias has no spaces and no /.")
	}
	return nil
}

// reservedClaims are those that say who a token is for and what it may do.
var reservedClaims = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "nonce", "acr", "amr", "auth_time", "at_hash", "c_hash",
	"s_hash", "sid", "scope", "client_id", "cnf", "act", "may_act", "events", "typ", "org", "roles", "groups",
	"entitlements", "permissions",
}

// checkClaims checks the claims that a role maps.
func checkClaims(more schema.Object) error {
	const field = "claimMapper"
	list, _ := more[field].([]any)
	if len(list) > MaxClaims {
		return tooMany(field, len(list), MaxClaims)
	}
	seen := map[string]bool{}
	for _, v := range list {
		o, _ := v.(schema.Object)
		name := str(o, "name")
		switch {
		case name == "" || strings.TrimSpace(name) != name:
			return invalid(field, "A claim has a name that does not begin or end with a space.")
		case seen[name]:
			return invalid(field, "The claim "+quote(name)+" comes twice.")
		case slices.Contains(reservedClaims, strings.ToLower(name)):
			return invalid(field, "The claim "+quote(name)+" is not for roles to set.")
		}
		seen[name] = true
		if err := checkLine(field, name, maxNameBytes); err != nil {
			return err
		}
		if err := checkText(field, str(o, "value"), maxClaimValue); err != nil {
			return err
		}
	}
	return nil
}

// checkLine is checkText for one line.
func checkLine(field, s string, most int) error {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return invalid(field, field+" has no control characters.")
	}
	return checkText(field, s, most)
}

func checkText(field, s string, most int) error {
	switch {
	case len(s) > most:
		return invalid(field, field+" has at most "+strconv.Itoa(most)+" bytes.")
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return invalid(field, field+" is text in UTF-8 without the character U+0000.")
	}
	return nil
}

func tooMany(field string, n, most int) error {
	return invalid(field, field+" has "+strconv.Itoa(n)+" values; at most "+strconv.Itoa(most)+" are allowed.")
}
