// Package reference tells developers about our own API: as an OpenAPI 3.1
// document, and as a page. Both are made of the routes that are mounted, so
// neither says anything that is not served.
package reference

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
	"github.com/swaggest/openapi-go"
	"github.com/swaggest/openapi-go/openapi31"
)

// A Part is the routes of one door under one heading.
type Part struct {
	Name   string
	Routes []web.Route
}

// problem is what every route answers with when it fails, by status.
var problem = map[int]string{
	400: "the request can never succeed as written", 401: "no valid access token", 403: "not allowed",
	404: "not there, or in another organisation", 409: "taken, or still in use", 412: "the version is gone",
}

// document describes parts as one API at a public URL.
func document(parts []Part, public, version string) (*openapi31.Spec, error) {
	r := openapi31.NewReflector()
	schemas := r.JSONSchemaReflector()
	//lint:ignore SA1019 what replaces it is in a module that we would not need otherwise
	schemas.InterceptDefName(definitions())
	for _, id := range []any{identity.ID{}, identity.OrgID{}} {
		schemas.AddTypeMapping(id, "") // ids marshal as text
	}
	schemas.AddTypeMapping(json.RawMessage{}, map[string]any{})
	s := r.Spec
	s.Info.WithTitle("Muster").WithVersion(version).
		WithDescription("The JSON API of an organisation's identity system. Callers bring an access token; its scopes, and the roles of its holder, say what is open to them.")
	s.Servers = []openapi31.Server{{URL: public}}
	s.SetHTTPBearerTokenSecurity("token", "JWT", "An access token from the token endpoint.")
	for _, part := range parts {
		s.Tags = append(s.Tags, openapi31.Tag{Name: part.Name})
		for _, route := range part.Routes {
			if route.About == nil {
				continue
			}
			if err := add(r, part.Name, route); err != nil {
				return nil, fmt.Errorf("describe %s: %w", route.Pattern, err)
			}
		}
	}
	return s, nil
}

// permission is the member of an operation that says what it needs.
const permission = "x-permission"

// add describes one route.
func add(r *openapi31.Reflector, tag string, route web.Route) error {
	method, path, _ := strings.Cut(route.Pattern, " ")
	oc, err := r.NewOperationContext(method, path)
	if err != nil {
		return err
	}
	about := route.About
	oc.SetTags(tag)
	oc.SetSummary(about.Summary)
	oc.SetID(operationID(method, path))
	if route.Perm != identity.Anyone {
		oc.SetDescription("Needs the permission `" + string(route.Perm) + "`.")
		oc.AddSecurity("token")
	}
	if about.In != nil {
		oc.AddReqStructure(about.In)
	}
	oc.AddRespStructure(about.Out, openapi.WithHTTPStatus(about.Status), func(cu *openapi.ContentUnit) {
		cu.Description = http.StatusText(about.Status)
	})
	for status, text := range problem {
		oc.AddRespStructure(web.Problem{}, openapi.WithHTTPStatus(status), openapi.WithContentType("application/problem+json"), func(cu *openapi.ContentUnit) {
			cu.Description = text
		})
	}
	exposer, ok := oc.(openapi31.OperationExposer)
	if !ok {
		return fmt.Errorf("an operation that cannot be seen")
	}
	op := exposer.Operation()
	if route.Perm != identity.Anyone {
		op.WithMapOfAnythingItem(permission, string(route.Perm))
	}
	for _, name := range pathNames.FindAllStringSubmatch(path, -1) {
		op.Parameters = append(op.Parameters, parameter(name[1], "path", "", true))
	}
	for _, q := range about.Query {
		name, text, _ := strings.Cut(q, ": ")
		op.Parameters = append(op.Parameters, parameter(name, "query", text, false))
	}
	return r.AddOperation(oc)
}

var pathNames = regexp.MustCompile(`\{([a-z_]+)\}`)

func parameter(name, in, text string, required bool) openapi31.ParameterOrReference {
	schema := map[string]any{"type": "string"}
	if name == "limit" || name == "start" {
		schema = map[string]any{"type": "integer", "minimum": 1}
	}
	p := openapi31.Parameter{Name: name, In: openapi31.ParameterIn(in), Schema: schema}
	if text != "" {
		p.Description = &text
	}
	if required {
		p.Required = &required
	}
	return openapi31.ParameterOrReference{Parameter: &p}
}

// operationID makes the name by which generated clients call an operation.
func operationID(method, path string) string {
	out := strings.ToLower(method)
	for _, word := range strings.FieldsFunc(strings.TrimPrefix(path, "/api/v1/o/{org}"), func(r rune) bool {
		return strings.ContainsRune("/{}-.", r)
	}) {
		out += strings.ToUpper(word[:1]) + word[1:]
	}
	return out
}

var notName = regexp.MustCompile(`[^A-Za-z0-9]+`)

// definitions names schemas after their Go types, without what is Go's alone. Of
// two types with one name the later has its package before it.
func definitions() func(reflect.Type, string) string {
	taken := map[string]reflect.Type{}
	return func(t reflect.Type, _ string) string {
		name := definition(t)
		if other, ok := taken[name]; ok && other != t {
			name = upper(path.Base(t.PkgPath())) + name
		}
		taken[name] = t
		return name
	}
}

func definition(t reflect.Type) string {
	name := t.Name()
	if generic, of, ok := strings.Cut(name, "["); ok {
		of = strings.TrimSuffix(of, "]")
		name = of[strings.LastIndexByte(of, '.')+1:] + upper(generic)
	}
	name = strings.NewReplacer("JSON", "", "Form", "", "·1", "").Replace(name)
	return upper(cmp.Or(notName.ReplaceAllString(name, ""), "Value"))
}

// plain says of every list and map in a part of the document that it is never null:
// an empty one is [] or {}.
func plain(v any) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			plain(one)
		}
	case map[string]any:
		if types, ok := v["type"].([]any); ok && (slices.Contains(types, any("array")) || slices.Contains(types, any("object"))) {
			types = slices.DeleteFunc(types, func(t any) bool { return t == "null" })
			v["type"] = types[0]
		}
		for _, one := range v {
			plain(one)
		}
	}
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
