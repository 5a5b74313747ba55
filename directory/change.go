package directory

import (
	"encoding/json"
	"reflect"
	"sort"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
)

// change begins the row of one committed write.
func (d *Directory) change(by identity.Actor, org identity.OrgID, kind identity.ChangeKind, typ string, target identity.ID, version int64) identity.Change {
	return identity.Change{
		Org: org, ID: identity.NewID(), At: d.now(), Kind: kind,
		Actor: by.Kind, ActorID: by.ID, ActorName: by.Name, RequestID: by.RequestID,
		Type: typ, Target: target, Version: version,
	}
}

// A pair is one property before and after.
type pair struct {
	path     string
	old, new any
}

// diffPairs returns the paths that differ and their diff.
func diffPairs(list []pair) (paths []string, diff []byte) {
	values := map[string][2]any{}
	for _, p := range list {
		if !reflect.DeepEqual(p.old, p.new) {
			paths = append(paths, p.path)
			values[p.path] = [2]any{p.old, p.new}
		}
	}
	sort.Strings(paths)
	diff, _ = json.Marshal(values) // strings, numbers, booleans and lists of them
	return paths, diff
}

// documentDiff writes the diff of a document's paths. Values that are never
// returned are secrets; their path stands in the change, their value does not.
func documentDiff(rt *schema.ResourceType, paths []string, old, new schema.Object) []byte {
	dst := []byte{'{'}
	for _, path := range paths {
		ref, ok := findPath(rt, path)
		if !ok || ref.Attr.Returned == schema.Never {
			continue
		}
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		dst = schema.AppendString(dst, path)
		dst = append(dst, ':', '[')
		dst = schema.AppendValue(dst, ref.Get(old))
		dst = append(dst, ',')
		dst = schema.AppendValue(dst, ref.Get(new))
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// findPath finds an attribute by the path that schema.Diff gives it.
func findPath(rt *schema.ResourceType, path string) (schema.Ref, bool) {
	for _, e := range rt.Extensions {
		urn := e.Schema.ID
		if len(path) > len(urn)+1 && path[:len(urn)] == urn && path[len(urn)] == ':' {
			return rt.Find(urn, path[len(urn)+1:], "")
		}
	}
	return rt.Find("", path, "")
}
