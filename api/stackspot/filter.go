package stackspot

import (
	"maps"
	"strings"

	"github.com/muster-id/muster/scim/filter"
)

// searched are the attributes of the catalogue that filters name as clients see
// them and that are stored under other names.
var searched = map[string]filter.AttrPath{
	"client_id": {Name: "clientId"}, "created_at": {Name: "meta", Sub: "created"}, "actions": {Name: "actions", Sub: "value"},
}

// searchedIn is searched for the kinds that are stored in two schemas, the second
// of which has a URN.
func searchedIn(urn string) map[string]filter.AttrPath {
	out := maps.Clone(searched)
	out["name"] = filter.AttrPath{Name: "value"}
	for name, stored := range map[string]string{
		"client_id": "clientId", "description": "description", "statements": "statements", "permissions": "permissions", "claim_mapper": "claimMapper",
	} {
		out[name] = filter.AttrPath{URI: urn, Name: stored}
	}
	out["permissions"] = filter.AttrPath{URI: urn, Name: "permissions", Sub: "value"}
	return out
}

// storedFilter puts the stored names into the filter of a request. What is no
// filter, or names what clients do not see, is left to the rules.
func storedFilter(text string, names map[string]filter.AttrPath) (string, error) {
	if text == "" {
		return "", nil
	}
	e, err := filter.Parse(text)
	if err != nil {
		return "", err
	}
	rename(e, names)
	return e.String(), nil
}

// rename changes the attributes of a filter in place.
func rename(e filter.Expr, names map[string]filter.AttrPath) {
	to := func(at *filter.AttrPath) {
		stored, ok := names[strings.ToLower(at.Name)]
		if !ok || at.URI != "" {
			return
		}
		if at.Sub != "" {
			stored.Sub = at.Sub
		}
		*at = stored
	}
	switch e := e.(type) {
	case *filter.And:
		rename(e.X, names)
		rename(e.Y, names)
	case *filter.Or:
		rename(e.X, names)
		rename(e.Y, names)
	case *filter.Not:
		rename(e.X, names)
	case *filter.Compare:
		to(&e.Attr)
	case *filter.Has: // within it stand the names of parts, which are the same
		if to(&e.Attr); e.Attr.Name != "meta" {
			e.Attr.Sub = ""
		}
	}
}
