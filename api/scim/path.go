package scim

import (
	"net/url"
	"strings"
)

// An address is what the URL of a request names.
type address struct {
	Organisation string // slug or UUID as it was written; "" for that of the credential
	Version      string // "v2" in lower case, "" when there is none
	Root         string // path of the SCIM root as it was written, without a slash at the end
	Rest         string // path below the root, "/Users/123"
	Query        string // without what Entra adds
}

// entraFlag is what Entra ID lets administrators append to the tenant URL to
// choose its newer behaviour. It is no parameter: it ends up in the middle of
// the URLs that Entra builds.
const entraFlag = "aadoptscim062020"

// parse takes the path and the raw query of a URL apart:
//
//	/scim/v2/...                  the organisation of the credential
//	/scim/{organisation}/v2/...   that organisation
func parse(path, query string) address {
	path, query = cutFlag(path, query)
	a := address{Query: query}
	rest, ok := strings.CutPrefix(path, "/scim/")
	if !ok {
		return a
	}
	first, after := cutSegment(rest)
	if isVersion(first) {
		a.Version, a.Rest = strings.ToLower(first), withoutURN(after)
		a.Root = "/scim/v2"
		return a
	}
	second, after := cutSegment(strings.TrimPrefix(after, "/"))
	if first == "" || !isVersion(second) {
		return a
	}
	a.Organisation, a.Version, a.Rest = first, strings.ToLower(second), withoutURN(after)
	a.Root = "/scim/" + first + "/v2"
	return a
}

// cutSegment splits "a/b/c" into "a" and "/b/c".
func cutSegment(path string) (first, rest string) {
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

// isVersion reports whether a segment is a version of the protocol: v and
// digits, in any case.
func isVersion(s string) bool {
	if len(s) < 2 || len(s) > 8 || s[0]|0x20 != 'v' {
		return false
	}
	return strings.Trim(s[1:], "0123456789.") == ""
}

// cutFlag removes Entra's flag from a URL. With the tenant URL
// https://h/scim/v2?aadOptscim062020 Entra asks for
// /scim/v2?aadOptscim062020/Users?filter=..., whose query begins with a path.
func cutFlag(path, query string) (string, string) {
	path = withoutFlag(path)
	i := indexFlag(query, entraFlag)
	if i < 0 || (i > 0 && query[i-1] != '&') {
		return path, query
	}
	before, after := strings.TrimSuffix(query[:i], "&"), query[i+len(entraFlag):]
	switch {
	case strings.HasPrefix(after, "/"):
		tail, rest, _ := strings.Cut(after, "?")
		tail, more, _ := strings.Cut(tail, "&")
		if plain, err := url.PathUnescape(tail); err == nil {
			tail = plain // it stands in the query, which comes escaped
		}
		return strings.TrimSuffix(path, "/") + tail, join(before, join(more, rest))
	case after == "", after[0] == '&', after[0] == '?':
		return path, join(before, strings.TrimLeft(after, "&?"))
	case strings.HasPrefix(after, "="):
		_, rest, _ := strings.Cut(after, "&")
		return path, join(before, rest)
	}
	return path, query
}

// indexFlag is strings.Index in any case of ASCII letters. (A text in lower case
// may have another length, so its indexes are not those of the text.)
func indexFlag(s, flag string) int {
	for i := 0; i+len(flag) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(flag)], flag) {
			return i
		}
	}
	return -1
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "&" + b
}

// withoutFlag removes an escaped flag that has become a part of the path:
// /scim/v2?aadOptscim062020/Users.
func withoutFlag(path string) string {
	i := indexFlag(path, "?"+entraFlag)
	if i < 0 {
		return path
	}
	return strings.TrimSuffix(path[:i], "/") + path[i+1+len(entraFlag):]
}

// places are the first segments below a SCIM root that metrics tell apart.
var places = []string{"Users", "Groups", "Bulk", "Me", ".search", ".events", "Schemas", "ResourceTypes", "ServiceProviderConfig"}

// route is the name under which metrics and log lines count a request: one of a
// fixed list, never what the client wrote.
func (a address) route() string {
	if a.Version != "v2" {
		return "/scim"
	}
	first, rest := cutSegment(strings.TrimPrefix(a.Rest, "/"))
	for _, p := range places {
		if strings.EqualFold(first, p) {
			if strings.Trim(rest, "/") != "" {
				return "/scim/v2/" + p + "/{id}"
			}
			return "/scim/v2/" + p
		}
	}
	return "/scim/v2"
}
