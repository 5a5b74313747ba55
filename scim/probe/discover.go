package probe

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// discover reads what the server says it can do. A server that says nothing
// readable is examined for everything.
func (r *run) discover(ctx context.Context) {
	s := &session{run: r, ctx: ctx, who: r.first}
	if rep := s.get("/ServiceProviderConfig"); !rep.dead && rep.status == http.StatusOK && rep.doc != nil {
		r.config = rep.doc
		for path, c := range map[string]capability{
			"patch/supported": canPatch, "bulk/supported": canBulk, "filter/supported": canFilter,
			"sort/supported": canSort, "etag/supported": canETag,
		} {
			if lookup(rep.doc, path) != true {
				r.lacking = append(r.lacking, c)
			}
		}
		if lookup(rep.doc, "pagination/cursor") != true {
			r.lacking = append(r.lacking, canCursor)
		}
		if lookup(rep.doc, "pagination/index") == false {
			r.lacking = append(r.lacking, canIndex)
		}
		if a, _ := lookup(rep.doc, "securityEvents/asyncRequest").(string); a == "" || strings.EqualFold(a, "none") {
			r.lacking = append(r.lacking, canAsync)
		}
	}
	s = &session{run: r, ctx: ctx, who: r.first}
	r.userSchemas = []string{urnUser}
	if rep := s.get("/ResourceTypes"); !rep.dead && rep.status == http.StatusOK && len(rep.list("Resources")) > 0 {
		r.userSchemas = append(r.userSchemas, rep.values("Resources/[endpoint=/Users]/schemaExtensions", "schema")...)
		if lookup(rep.doc, "Resources/[endpoint=/Groups]") == nil {
			r.lacking = append(r.lacking, hasGroups)
		}
		if lookup(rep.doc, "Resources/[endpoint=/Users]/schemaExtensions/[schema="+urnEnt+"]") == nil {
			r.lacking = append(r.lacking, hasEnt)
		}
	}
	s = &session{run: r, ctx: ctx, who: r.first}
	r.schemas = s.get("/Schemas").list("Resources")
}

// limit returns a number that the server publishes, or 0.
func (r *run) limit(path string) int {
	n, _ := (&reply{doc: r.config}).integer(path)
	return n
}

// An attribute is a singular string of users that a client may write.
type attribute struct{ urn, name string }

// attribute finds an attribute of users, also in extensions, with the given
// characteristic. The zero attribute means that there is none.
func (r *run) attribute(characteristic, value string) attribute {
	for _, e := range r.schemas {
		urn, _ := lookup(e, "id").(string)
		if !slices.Contains(r.userSchemas, urn) {
			continue
		}
		attrs, _ := lookup(e, "attributes").([]any)
		for _, a := range attrs {
			o, _ := a.(object)
			name, _ := o["name"].(string)
			fits := o[characteristic] == value && o["type"] == "string" && o["multiValued"] != true &&
				o["mutability"] != "readOnly" && o["canonicalValues"] == nil
			if name != "" && name != "password" && fits {
				return attribute{urn, name}
			}
		}
	}
	return attribute{}
}

// set returns the attributes of extra and this one.
func (a attribute) set(value string, extra object) object {
	out := maps.Clone(extra)
	if out == nil {
		out = object{}
	}
	if a.urn == urnUser {
		out[a.name] = value
		return out
	}
	out[a.urn] = object{a.name: value}
	out["schemas"] = []any{urnUser, a.urn}
	return out
}

// path is where the attribute stands in an answer.
func (a attribute) path() string {
	if a.urn == urnUser {
		return a.name
	}
	return a.urn + "/" + a.name
}

// full is the qualified name of the attribute.
func (a attribute) full() string { return a.urn + ":" + a.name }
