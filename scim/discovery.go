package scim

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/muster-id/muster/scim/schema"
)

// A discovery endpoint describes the server (RFC 7644 section 4). one renders
// the part named by id, or nil when there is none; all renders the parts.
type discovery struct {
	name string
	one  func(v view, id string) []byte
	all  func(v view) [][]byte // nil: the endpoint is a single object
}

var discoveries = []*discovery{
	{name: "ServiceProviderConfig", one: providerConfig},
	{name: "Schemas", one: oneSchema, all: allSchemas},
	{name: "ResourceTypes", one: oneType, all: allTypes},
}

// A view is what discovery shows to somebody.
type view struct {
	s       *Server
	types   *schema.Registry
	base    string
	dialect *schema.Dialect
}

func discoveryFor(name string) *discovery {
	for _, d := range discoveries {
		if strings.EqualFold(d.name, name) {
			return d
		}
	}
	return nil
}

func (x *call) discover(d *discovery, id string) error {
	v, err := x.view()
	if err != nil {
		return err
	}
	if err := x.acceptable(); err != nil {
		return err
	}
	return x.methods(handlers{"GET": func() error {
		if _, ok := x.q.first("filter"); ok {
			return &Error{Status: http.StatusForbidden, Detail: "/" + d.name + " cannot be filtered."}
		}
		if d.all != nil && id == "" {
			x.send(http.StatusOK, appendList(nil, v.dialect.ListKey, d.all(v)))
			return nil
		}
		body := d.one(v, id)
		if body == nil {
			return NotFound(id)
		}
		x.send(http.StatusOK, body)
		return nil
	}})
}

// view decides what the caller may see: with a good credential what its client
// has, otherwise what is public.
func (x *call) view() (view, error) {
	open := x.s.opts.Public
	if open == nil || x.r.Header.Get("Authorization") != "" {
		err := x.authenticate()
		if err == nil {
			return view{s: x.s, types: x.c.Types, base: x.c.Base, dialect: &x.c.Dialect}, nil
		}
		if open == nil {
			return view{}, err
		}
	}
	types, base := open(x.r)
	if types == nil {
		return view{}, Unauthorized("The request needs a valid credential.")
	}
	return view{s: x.s, types: types, base: base, dialect: x.dialect()}, nil
}

// appendList appends a ListResponse of rendered resources.
func appendList(dst []byte, key string, parts [][]byte) []byte {
	n := strconv.Itoa(len(parts))
	dst = append(dst, `{"schemas":["`+listMessage+`"],"totalResults":`+n+`,"itemsPerPage":`+n+`,"startIndex":1,`...)
	dst = appendListKey(dst, key)
	for i, p := range parts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, p...)
	}
	return append(dst, `]}`...)
}

func oneSchema(v view, id string) []byte {
	s := v.types.SchemaByID(id)
	if s == nil {
		return nil
	}
	return s.JSON(v.base + "/Schemas/" + s.ID)
}

func allSchemas(v view) [][]byte {
	var out [][]byte
	for _, s := range v.types.Schemas() {
		out = append(out, s.JSON(v.base+"/Schemas/"+s.ID))
	}
	return out
}

func oneType(v view, id string) []byte {
	for _, rt := range v.types.Types() {
		if strings.EqualFold(rt.Name, id) {
			return rt.JSON(v.base + "/ResourceTypes/" + rt.Name)
		}
	}
	return nil
}

func allTypes(v view) [][]byte {
	var out [][]byte
	for _, rt := range v.types.Types() {
		out = append(out, rt.JSON(v.base+"/ResourceTypes/"+rt.Name))
	}
	return out
}

// providerConfig renders /ServiceProviderConfig (RFC 7643 section 5, RFC 9865
// section 4, RFC 9967 section 4).
func providerConfig(v view, id string) []byte {
	if id != "" {
		return nil
	}
	l := v.s.opts.Limits
	password := false
	if user := v.types.TypeByName("User"); user != nil {
		_, password = user.Find("", "password", "")
	}
	async := `"none","eventUris":[]`
	if v.s.opts.Async != nil {
		async = `"request","eventUris":["` + asyncEvent + `"]`
	}
	interop := ""
	d := v.dialect
	if d.RefuseUnknown && d.RefuseUnknownInFilter && d.RefusePathless && d.RefuseWholeFilterPath && d.ReplaceWhole {
		interop = `"interopProfileConformant":true,`
	}
	if !d.RefuseUnknown { // no schema has it yet
		interop += rolesAndEntitlements(v.types)
	}
	return fmt.Appendf(nil, `{"schemas":["`+schema.ProviderConfigURN+`"],`+
		`"patch":{"supported":true},`+
		`"bulk":{"supported":true,"maxOperations":%d,"maxPayloadSize":%d},`+
		`"filter":{"supported":true,"maxResults":%d},`+
		`"changePassword":{"supported":%t},"sort":{"supported":true},"etag":{"supported":true},`+
		`"pagination":{"cursor":true,"index":true,"defaultPaginationMethod":"index","defaultPageSize":%d,"maxPageSize":%d,"cursorTimeout":%d},`+
		`"securityEvents":{"asyncRequest":%s},%s`+
		`"authenticationSchemes":[{"type":"oauthbearertoken","name":"OAuth Bearer Token",`+
		`"description":"A bearer token in the Authorization header.",`+
		`"specUri":"https://www.rfc-editor.org/info/rfc6750","primary":true}],`+
		`"meta":{"resourceType":"ServiceProviderConfig","location":%s}}`,
		l.BulkOperations, l.BulkBody, l.MaxPage, password, v.s.page(d), l.MaxPage, int64(l.CursorAge.Seconds()),
		async, interop, schema.AppendString(nil, v.base+"/ServiceProviderConfig"))
}

// rolesAndEntitlements is what draft-ietf-scim-roles-entitlements-01 section 4
// adds to /ServiceProviderConfig, if one of the two can be read.
func rolesAndEntitlements(types *schema.Registry) string {
	part := func(name, endpoint, multiple string) string {
		if types.TypeByEndpoint(endpoint) == nil {
			return `"` + name + `":{"supported":false}`
		}
		return `"` + name + `":{"supported":true,"` + multiple + `":true,"primarySupported":true,"typeSupported":true,"types":[]}`
	}
	if types.TypeByEndpoint("Roles") == nil && types.TypeByEndpoint("Entitlements") == nil {
		return ""
	}
	return `"RolesAndEntitlements":{` + part("roles", "Roles", "multipleRolesSupported") + "," +
		part("entitlements", "Entitlements", "multipleEntitlementsSupported") + `},`
}
