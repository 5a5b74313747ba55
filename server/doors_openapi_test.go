package server_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/muster-id/muster/identity"
)

type node = map[string]any

// openAPI is the document as it is served.
func (d *desk) openAPI() node { return d.object(d.do("GET", "/api/v1/openapi.json", ""), 200) }

func inside(n node, names ...string) node {
	for _, name := range names {
		n, _ = n[name].(node)
	}
	return n
}

// TestOpenAPI holds the document to what OpenAPI 3.1 asks, and to the timetables.
func TestOpenAPI(t *testing.T) {
	d := &desk{doors: openDoors(t, "", false)}
	doc := d.openAPI()
	if v, _ := doc["openapi"].(string); !strings.HasPrefix(v, "3.1.") || inside(doc, "info")["title"] == nil || inside(doc, "info")["version"] == nil {
		t.Errorf("openapi %v, info %v", doc["openapi"], doc["info"])
	}
	var refs func(where string, v any)
	refs = func(where string, v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				refs(where, one)
			}
		case node:
			if ref, ok := v["$ref"].(string); ok && inside(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...) == nil {
				t.Errorf("%s: there is no %s", where, ref)
			}
			for name, one := range v {
				refs(where+"/"+name, one)
			}
		}
	}
	refs("", doc)
	for name, s := range inside(doc, "components", "schemas") {
		if s, _ := s.(node); s["type"] == nil {
			t.Errorf("schema %s has no type", name)
		}
		for member, s := range inside(doc, "components", "schemas", name, "properties") {
			if s, _ := s.(node); s["type"] == nil && s["$ref"] == nil && member != "jwks" {
				t.Errorf("member %s of %s has no type", member, name)
			}
		}
	}
	seen := map[any]string{}
	described := map[string]bool{}
	for path := range inside(doc, "paths") {
		for method := range inside(doc, "paths", path) {
			op, where := inside(doc, "paths", path, method), strings.ToUpper(method)+" "+path
			described[where] = true
			if other, ok := seen[op["operationId"]]; ok || op["operationId"] == nil {
				t.Errorf("%s: operationId %v, which %s has", where, op["operationId"], other)
			}
			seen[op["operationId"]] = where
			var params []string
			list, _ := op["parameters"].([]any)
			for _, p := range list {
				p, _ := p.(node)
				if p["in"] == "path" {
					params = append(params, fmt.Sprint(p["name"]))
				}
				if (p["in"] == "path") != (p["required"] == true) || p["schema"] == nil {
					t.Errorf("%s: parameter %v", where, p)
				}
			}
			for _, part := range strings.Split(path, "/") {
				if name, ok := strings.CutPrefix(part, "{"); ok && !slices.Contains(params, strings.TrimSuffix(name, "}")) {
					t.Errorf("%s does not declare %s", where, part)
				}
			}
			if len(params) != strings.Count(path, "{") {
				t.Errorf("%s declares %v", where, params)
			}
			for status := range inside(op, "responses") {
				if inside(op, "responses", status)["description"] == nil {
					t.Errorf("%s: the answer %s has no description", where, status)
				}
			}
		}
	}
	for _, rt := range d.apiRoutes() {
		if !described[rt.Pattern] {
			t.Errorf("%s is not described", rt.Pattern)
		}
		if secured := rt.Perm != identity.Anyone; secured {
			method, path, _ := strings.Cut(rt.Pattern, " ")
			if op := inside(doc, "paths", path, strings.ToLower(method)); op["security"] == nil || op["x-permission"] != string(rt.Perm) {
				t.Errorf("%s: security %v, permission %v", rt.Pattern, op["security"], op["x-permission"])
			}
		}
	}
	if len(described) != len(d.apiRoutes()) {
		t.Errorf("%d operations are described, %d are there", len(described), len(d.apiRoutes()))
	}
}

// holds reports what in a value is not as a schema says: types, enumerations,
// required members and members that the schema does not name.
func holds(doc, s node, where string, v any) (faults []string) {
	if ref, ok := s["$ref"].(string); ok {
		return holds(doc, inside(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...), where, v)
	}
	var types []string
	switch t := s["type"].(type) {
	case string:
		types = []string{t}
	case []any:
		for _, one := range t {
			types = append(types, fmt.Sprint(one))
		}
	default:
		return nil // anything
	}
	kind := map[bool]string{true: "null"}[v == nil]
	switch x := v.(type) {
	case string:
		kind = "string"
		if list, ok := s["enum"].([]any); ok && !slices.Contains(list, v) {
			faults = append(faults, where+" is "+x)
		}
	case bool:
		kind = "boolean"
	case float64:
		if kind = "number"; x == float64(int64(x)) && slices.Contains(types, "integer") {
			kind = "integer"
		}
	case []any:
		kind = "array"
		items, _ := s["items"].(node)
		for i, one := range x {
			faults = append(faults, holds(doc, items, fmt.Sprint(where, "/", i), one)...)
		}
	case node:
		kind = "object"
		required, _ := s["required"].([]any)
		for _, name := range required {
			if _, ok := x[fmt.Sprint(name)]; !ok {
				faults = append(faults, fmt.Sprint(where, " lacks ", name))
			}
		}
		for name, one := range x {
			if p, ok := inside(s, "properties")[name].(node); ok {
				faults = append(faults, holds(doc, p, where+"/"+name, one)...)
			} else if s["additionalProperties"] == nil {
				faults = append(faults, where+" has an unknown "+name)
			}
		}
	}
	if !slices.Contains(types, kind) {
		faults = append(faults, where+" is "+kind+", not "+strings.Join(types, " or "))
	}
	return faults
}

// TestOpenAPIAnswers compares real answers with their schemas.
func TestOpenAPIAnswers(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		doc, ids := d.openAPI(), d.catalogue()
		user := d.ann.String()
		question := `{"subject":{"type":"user","id":"` + user + `"},"action":{"name":"read"},"resource":{"type":"record","id":"first"}}`
		given := `{"role":"reader","subject_type":"User","subject":"` + user + `"}`
		app := d.make("/apps", `{"client_name":"Shop","client_id":"shop","redirect_uris":["https://shop.test/cb"]}`)
		fill := strings.NewReplacer("{org}", "acme", "{user}", user, "{app}", app)
		answers := 0
		for _, c := range []struct{ route, id, body string }{
			{"POST /assignments", "", given}, {"GET /assignments", "", ""}, {"GET /users/{id}/roles", user, ""}, {"GET /roles/{id}/members", ids["roles"], ""},
			{"POST /decisions", "", question}, {"POST /decisions", "?explain", question}, {"POST /decisions", "", `{"questions":[` + question + `]}`},
			{"POST /what-if", "?explain", `{"assign":[` + given + `],"questions":[` + question + `]}`},
			{"GET /actions", "", ""}, {"GET /resource-types", "", ""}, {"GET /resources", "", ""}, {"GET /permissions", "", ""}, {"GET /roles", "", ""}, {"GET /roles", "?inherited", ""},
			{"GET /actions/{id}", ids["actions"], ""}, {"GET /resource-types/{id}", ids["resource-types"], ""}, {"GET /resources/{id}", ids["resources"], ""},
			{"GET /permissions/{id}", ids["permissions"], ""}, {"PATCH /roles/{id}", ids["roles"], `{"statements":[{"actions":["read"],"resource":"record/*","condition":"context.x eq 1"}]}`},
			{"GET /apps", "", ""}, {"GET /apps/{app}", "", ""}, {"POST /apps/{app}/secrets", "", `{"expires_in":3600}`}, {"POST /registration-tokens", "", `{}`},
			{"GET /provider", "", ""}, {"GET /signin", "", ""}, {"GET /claims", "", ""}, {"POST /keys/rotate", "", `{}`}, {"GET /keys", "", ""},
			{"GET /users/{user}/sessions", "", ""}, {"POST /users/{user}/links", "", `{"kind":"welcome"}`}, {"GET /administrators", "", ""}, {"GET /letters", "", ""},
			{"POST /access/v1/evaluation", "", question}, {"POST /access/v1/evaluation", "?explain", question}, {"POST /access/v1/evaluations", "", `{"evaluations":[` + question + `,{}]}`},
			{"POST /access/v1/search/subject", "", question}, {"POST /access/v1/search/resource", "", question}, {"POST /access/v1/search/action", "", question},
			{"GET /.well-known/authzen-configuration", "", ""},
		} {
			method, path, _ := strings.Cut(c.route, " ")
			if !strings.HasPrefix(path, "/access/") && !strings.HasPrefix(path, "/.well") {
				path = "/api/v1/o/{org}" + path
			}
			op := inside(doc, "paths", path, strings.ToLower(method))
			url := strings.ReplaceAll(fill.Replace(path), "{id}", c.id)
			if strings.HasPrefix(c.id, "?") {
				url += c.id
			}
			w := d.do(method, url, c.body, "Authorization", "Bearer "+d.token, "Content-Type", "application/json")
			s := inside(op, "responses", fmt.Sprint(w.Code), "content", "application/json", "schema")
			var v any
			if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || s == nil || w.Code >= 300 {
				t.Errorf("%s: %d %s, schema %v", c.route, w.Code, w.Body, s)
				continue
			}
			answers++
			for _, fault := range holds(doc, s, c.route, v) {
				t.Error(fault)
			}
		}
		w := d.call("GET", "/roles/nobody", "")
		problem := inside(doc, "paths", "/api/v1/o/{org}/roles/{id}", "get", "responses", "404", "content", "application/problem+json", "schema")
		if faults := holds(doc, problem, "a problem", d.object(w, 404)); len(faults) > 0 || problem == nil {
			t.Errorf("%v, schema %v", faults, problem)
		}
		if answers == 0 {
			t.Error("no answer was compared")
		}
	})
}
