package schema_test

import (
	"errors"
	"fmt"

	"github.com/muster-id/muster/scim/schema"
)

// A server reads what a client sends, checks it, and stores it.
func Example() {
	user := schema.Standard().TypeByEndpoint("Users")
	body := `{
		"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
		"USERNAME": "bjensen",
		"emails": [{"type": "work", "value": "bjensen@example.com", "display": null}],
		"id": "a client cannot choose it"
	}`
	sent, err := schema.Decode([]byte(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, err := user.Canonical(sent, schema.RFC, schema.ForCreate)
	if err != nil {
		fmt.Println(err)
		return
	}
	doc["id"] = "2819c223"
	fmt.Println(string(user.Encode(doc)))
	// Output:
	// {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"2819c223","userName":"bjensen","emails":[{"value":"bjensen@example.com","type":"work"}]}
}

// An organisation adds an extension of its own at run time.
func ExampleRegistry_Extend() {
	badge, err := schema.Parse([]byte(`{
		"id": "urn:example:schemas:Badge",
		"attributes": [{"name": "number", "type": "integer", "required": true}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	types, err := schema.Standard().Extend("User", badge, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	sent, _ := schema.Decode([]byte(`{
		"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
		"userName": "bjensen",
		"urn:example:schemas:Badge": {"number": "seven"}
	}`))
	_, err = types.TypeByName("User").Canonical(sent, schema.Strict, schema.ForCreate)
	var e *schema.Error
	if errors.As(err, &e) {
		fmt.Println(e.Fault)
		fmt.Println(e.Detail)
	}
	// Output:
	// invalidValue
	// urn:example:schemas:Badge:number must be an integer, not a string.
}

// A client asks for some attributes only.
func ExampleNewSelection() {
	user := schema.Standard().TypeByName("User")
	some, err := schema.NewSelection(user, []string{"name.familyName", "PASSWORD"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, _ := user.Load([]byte(`{"id":"1","userName":"bjensen","name":{"familyName":"Jensen","givenName":"Barbara"}}`))
	fmt.Println(string(user.Append(nil, some.Apply(doc))))
	// Output:
	// {"id":"1","name":{"familyName":"Jensen"}}
}

func ExampleFold() {
	fmt.Println(schema.Fold("STRASSE") == schema.Fold("straße"))
	fmt.Println(schema.Fold("Ａｎｎ"))
	// Output:
	// true
	// ann
}

func ExampleParse() {
	_, err := schema.Parse([]byte(`{"id":"urn:example:Badge","attributes":[{"name":"lost","type":"bool"}]}`))
	fmt.Println(err)
	// Output:
	// invalidValue: The attribute lost has the type "bool", which is none of RFC 7643 section 2.3.
}
