package stackspot

import (
	"net/url"
	"strings"

	"github.com/muster-id/muster/directory"
)

// An address is what the path of a request names:
//
//	/scim/{Collection}[/{id}[/{More}]]            the organisation of X-Tenant-Id or of the token
//	/{tenant}/scim/{Collection}[/{id}[/{More}]]   that organisation
//	/{realm}/oidc/oauth/token                     the token endpoint of an organisation
//
// The word behind /scim tells this door from the others: a collection in any
// case is this one's, "v2" and what stands before "/v2" are those of the SCIM
// door. Collections are no slugs of organisations (directory.Reserved).
type address struct {
	Tenant     string // as it was written, "" for none
	Collection string // as the timetable spells it, or "token"
	ID         string // "" for the collection itself
	More       string // "Roles", "Members"
	deeper     bool   // the path goes on behind that
	prefix     string // of the path, that stands before the collection
}

// collections are spelled as the timetable has them.
var collections = map[string]string{
	"actions": "Actions", "groups": "Groups", "permissions": "Permissions", "resource-types": "Resource-Types",
	"resources-types": "Resource-Types", // as the vendor's own pages spell it here and there
	"resources":       "Resources", "roles": "Roles", "users": "Users",
}

// longest is the length of the longest word in collections, percent-encoded.
const longest = 3 * len("resources-types")

// parse reads an escaped path; ok is false for one that is not of this door.
func parse(path string) (a address, ok bool) {
	first, rest := segment(path)
	if !strings.EqualFold(first, "scim") {
		second, after := segment(rest)
		if first == "" || directory.Reserved(first) {
			return a, false
		}
		a.Tenant = first
		if second == "oidc" && after == "/oauth/token" {
			a.Collection = "token"
			return a, true
		}
		if !strings.EqualFold(second, "scim") {
			return a, false
		}
		rest = after
	}
	a.prefix = path[:len(path)-len(rest)]
	word, rest := segment(rest)
	if len(word) > longest {
		return a, false
	}
	if a.Collection, ok = collections[strings.ToLower(word)]; !ok {
		return a, false
	}
	a.ID, rest = segment(rest)
	a.More, rest = segment(rest)
	a.deeper = strings.Trim(rest, "/") != ""
	return a, true
}

// segment takes the first segment off an escaped path and decodes it. One that
// cannot be decoded stays as it is.
func segment(path string) (first, rest string) {
	path = strings.TrimPrefix(path, "/")
	if i := strings.IndexByte(path, '/'); i >= 0 {
		path, rest = path[:i], path[i:]
	}
	if strings.IndexByte(path, '%') >= 0 {
		if plain, err := url.PathUnescape(path); err == nil {
			return plain, rest
		}
	}
	return path, rest
}

// anyID stands for the id in a place.
const anyID = "id"

// place is the path of the address in the timetable.
func (a address) place() string {
	switch {
	case a.deeper:
		return "/nowhere"
	case a.ID == "" && a.More == "":
		return "/" + a.Collection
	case a.More == "":
		return "/" + a.Collection + "/" + anyID
	case a.ID == "":
		return "/nowhere"
	}
	for _, more := range []string{"Roles", "Members"} {
		if strings.EqualFold(a.More, more) {
			return "/" + a.Collection + "/" + anyID + "/" + more
		}
	}
	return "/nowhere"
}
