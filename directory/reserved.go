package directory

import (
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
)

// reserved are words that stand in paths where the slug of an organisation may
// stand too.
var reserved = []string{
	"actions", "groups", "permissions", "resource-types", "resources-types", "resources", "roles", "users",
	"api", "scim", "idp", "configuration", "oauth", "connect",
}

// Reserved reports whether a word, in any case, cannot be the slug of a new
// organisation because paths mean something else by it.
func Reserved(word string) bool { return slices.Contains(reserved, strings.ToLower(word)) }

// checkNewSlug is checkSlug for a slug that an organisation is to get.
func checkNewSlug(s string) error {
	if Reserved(s) {
		return identity.NewError(identity.Invalid, "slug", "The word "+s+" stands for something else in paths; choose another slug.")
	}
	return checkSlug(s)
}
