package stackspot

import (
	"sync"

	"github.com/muster-id/muster/scim/schema"
)

// The URNs that answers name for the kinds of the catalogue.
const (
	actionURN     = "urn:muster:params:scim:schemas:iam:1.0:Action"
	typeURN       = "urn:muster:params:scim:schemas:iam:1.0:ResourceType"
	resourceURN   = "urn:muster:params:scim:schemas:iam:1.0:Resource"
	permissionURN = "urn:muster:params:scim:schemas:iam:1.0:Permission"
	roleURN       = "urn:muster:params:scim:schemas:iam:1.0:Role"
)

// forms are what clients write of each kind, by the names of the API. They are
// this door's own: nothing is stored by them.
var forms = sync.OnceValue(func() map[string]*schema.ResourceType {
	statements := list("statements", schema.Complex, list("actions", schema.String), exact("resource"), flag("deny"), exact("condition"))
	attributes := map[string][]*schema.Attribute{
		"Action":        {flag("active")},
		"Resource-Type": {exact("slug"), list("actions", schema.String)},
		"Resource":      {exact("slug"), exact("type")},
		"Permission":    {statements},
		"Role":          {list("permissions", schema.String), statements, list("claim_mapper", schema.Complex, exact("key"), exact("value"))},
	}
	out := map[string]*schema.ResourceType{}
	for name, own := range attributes {
		rt := &schema.ResourceType{Name: name, Endpoint: "/" + name, Schema: &schema.Schema{
			ID: "urn:muster:params:scim:schemas:stackspot:1.0:" + name, Name: name,
			Attributes: append([]*schema.Attribute{exact("name"), exact("description"), exact("client_id")}, own...),
		}}
		if _, err := schema.NewRegistry([]*schema.ResourceType{rt}); err != nil {
			panic("stackspot: the form of " + name + ": " + err.Error())
		}
		out[name] = rt
	}
	return out
})

func attribute(name string, t schema.Type) *schema.Attribute {
	return &schema.Attribute{
		Name: name, Type: t, CaseExact: true, Mutability: schema.ReadWrite, Returned: schema.Default, Uniqueness: schema.None,
	}
}

func exact(name string) *schema.Attribute { return attribute(name, schema.String) }

func flag(name string) *schema.Attribute { return attribute(name, schema.Boolean) }

func list(name string, t schema.Type, sub ...*schema.Attribute) *schema.Attribute {
	a := attribute(name, t)
	a.MultiValued, a.SubAttributes = true, sub
	return a
}

// texts are the texts of a multi-valued attribute of a document.
func texts(v any) []string {
	all, _ := v.([]any)
	out := make([]string, 0, len(all))
	for _, x := range all {
		if s, ok := x.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// listOf is a multi-valued attribute of a document.
func listOf[T any](in []T, of func(T) any) []any {
	out := make([]any, len(in))
	for i, x := range in {
		out[i] = of(x)
	}
	return out
}

// putList sets a multi-valued attribute, which is never empty.
func putList(doc schema.Object, name string, values []any) {
	if len(values) > 0 {
		doc[name] = values
	}
}
