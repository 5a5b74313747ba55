package schema_test

import (
	"testing"

	"github.com/muster-id/muster/scim/schema"
)

// fullUser is the example of RFC 7643 section 8.3, a little shorter.
const fullUser = `{
  "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
  "id": "2819c223-7f76-453a-919d-413861904646",
  "externalId": "701984",
  "userName": "bjensen@example.com",
  "name": {"formatted": "Ms. Barbara J Jensen, III", "familyName": "Jensen", "givenName": "Barbara", "middleName": "Jane", "honorificPrefix": "Ms.", "honorificSuffix": "III"},
  "displayName": "Babs Jensen",
  "nickName": "Babs",
  "profileUrl": "https://login.example.com/bjensen",
  "emails": [{"value": "bjensen@example.com", "type": "work", "primary": true}, {"value": "babs@jensen.org", "type": "home"}],
  "addresses": [{"streetAddress": "100 Universal City Plaza", "locality": "Hollywood", "region": "CA", "postalCode": "91608", "country": "US", "type": "work", "primary": true}],
  "phoneNumbers": [{"value": "555-555-5555", "type": "work"}, {"value": "555-555-4444", "type": "mobile"}],
  "photos": [{"value": "https://photos.example.com/profilephoto/72930000000Ccne/F", "type": "photo"}],
  "userType": "Employee",
  "title": "Tour Guide",
  "preferredLanguage": "en-US",
  "locale": "en-US",
  "timezone": "America/Los_Angeles",
  "active": true,
  "password": "t1meMa$heen",
  "groups": [{"value": "e9e30dba-f08f-4109-8486-d5c6a331660a", "$ref": "../Groups/e9e30dba-f08f-4109-8486-d5c6a331660a", "display": "Tour Guides"}],
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
    "employeeNumber": "701984", "costCenter": "4130", "organization": "Universal Studios", "division": "Theme Park", "department": "Tour Operations",
    "manager": {"value": "26118915-6090-4610-87e4-49d8ca9f808d", "$ref": "../Users/26118915-6090-4610-87e4-49d8ca9f808d", "displayName": "John Smith"}
  },
  "meta": {"resourceType": "User", "created": "2010-01-23T04:56:22Z", "lastModified": "2011-05-13T04:42:34Z", "version": "W\/\"3694e05e9dff591\"", "location": "https://example.com/v2/Users/2819c223-7f76-453a-919d-413861904646"}
}`

func userType() *schema.ResourceType { return schema.Standard().TypeByName("User") }

func BenchmarkDecode(b *testing.B) {
	b.SetBytes(int64(len(fullUser)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schema.Decode([]byte(fullUser)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeCanonicalEncode(b *testing.B) {
	rt := userType()
	b.SetBytes(int64(len(fullUser)))
	b.ReportAllocs()
	for b.Loop() {
		o, err := schema.Decode([]byte(fullUser))
		if err != nil {
			b.Fatal(err)
		}
		if o, err = rt.Canonical(o, schema.RFC, schema.ForCreate); err != nil {
			b.Fatal(err)
		}
		rt.Encode(o)
	}
}

func BenchmarkLoad(b *testing.B) {
	rt := userType()
	o, err := schema.Decode([]byte(fullUser))
	if err != nil {
		b.Fatal(err)
	}
	if o, err = rt.Canonical(o, schema.RFC, schema.ForCreate); err != nil {
		b.Fatal(err)
	}
	doc := rt.Encode(o)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rt.Load(doc); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFold(b *testing.B) {
	for _, s := range []string{"Barbara.Jensen@Example.com", "Günther.Weiß@example.com"} {
		b.Run(s, func(b *testing.B) {
			for b.Loop() {
				schema.Fold(s)
			}
		})
	}
}
