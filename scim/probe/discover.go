package probe

import (
	"context"
	"net/http"
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
	if rep := s.get("/ResourceTypes"); !rep.dead && rep.status == http.StatusOK && len(rep.list("Resources")) > 0 {
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

// attribute returns the path of the first top-level attribute of a schema that
// a client may write and that fits, as it is written in a filter.
func (r *run) attribute(schema string, fits func(object) bool) string {
	for _, e := range r.schemas {
		if id, _ := lookup(e, "id").(string); !strings.EqualFold(id, schema) {
			continue
		}
		attrs, _ := lookup(e, "attributes").([]any)
		for _, a := range attrs {
			o, _ := a.(object)
			if name, _ := o["name"].(string); name != "" && fits(o) {
				return name
			}
		}
	}
	return ""
}
