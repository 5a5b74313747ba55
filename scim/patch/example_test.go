package patch_test

import (
	"fmt"

	"github.com/muster-id/muster/scim/patch"
	"github.com/muster-id/muster/scim/schema"
)

func Example() {
	body, err := schema.Decode([]byte(`{
		"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations": [
			{"op": "replace", "path": "name.familyName", "value": "Ash"},
			{"op": "Add", "path": "emails[type eq \"work\"].value", "value": "ann@example.org"}
		]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	user := schema.Standard().TypeByName("User")
	p, err := patch.Parse(body, user, schema.Entra)
	if err != nil {
		fmt.Println(err)
		return
	}
	old := schema.Object{"schemas": []any{schema.UserURN}, "id": "1", "userName": "ann"}
	changed, _, err := p.Apply(old)
	fmt.Println(changed["name"], changed["emails"], err)
	fmt.Println(schema.Diff(user, old, changed))
	// Output:
	// map[familyName:Ash] [map[type:work value:ann@example.org]] <nil>
	// [emails name]
}

// Members are rows beside the group: a patch says what to do with them.
func ExamplePatch_Apply() {
	body, _ := schema.Decode([]byte(`{
		"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations": [{"op": "remove", "path": "members[value eq \"7\"]"}]}`))
	p, err := patch.Parse(body, schema.Standard().TypeByName("Group"), schema.RFC)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, edits, _ := p.Apply(schema.Object{"displayName": "Team"})
	for _, e := range edits {
		fmt.Println(e.Op, e.Attr, e.Values)
	}
	// Output: remove members [map[value:7]]
}
