package e2e_test

import (
	"testing"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/probe"
)

var dialects = []string{"rfc", "strict", "entra", "okta"}

// example has the characteristics that the standard schemas lack.
const example = `{"id":"urn:example:params:scim:schemas:extension:2.0:User","name":"Example","attributes":[
	{"name":"badge","type":"string","multiValued":false,"caseExact":true,"mutability":"immutable","returned":"default","uniqueness":"server"},
	{"name":"hidden","type":"string","multiValued":false,"mutability":"readWrite","returned":"request","uniqueness":"none"}]}`

// TestProbe examines a whole server in every dialect.
func TestProbe(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, dialect := range dialects {
			t.Run(dialect, func(t *testing.T) {
				first := h.tenant(t, "probe-"+dialect, dialect)
				second := h.connect(t, "probe-"+dialect, "second", dialect)
				other := h.tenant(t, "other-"+dialect, dialect)
				if dialect == "rfc" {
					h.extend(t, "probe-rfc")
				}
				sum, err := probe.Run(t.Context(), probe.Target{
					URL: first.URL, Token: first.Token, Dialect: dialect,
					SecondToken: second.Token, OtherURL: other.URL, OtherToken: other.Token,
				}, func(r probe.Result) {
					// A cursor lives an hour, which is too long to wait for.
					if r.Status != probe.Pass && r.ID != "B14.4" {
						t.Error(r.Line())
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				if len(sum.Left) > 0 {
					t.Errorf("left behind: %v", sum.Left)
				}
			})
		}
	})
}

// TestMe asks for the user behind a connection.
func TestMe(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		first := h.tenant(t, "me", "rfc")
		c := newClient(t, first)
		user := c.do("POST", "/Users", object{"schemas": []any{userURN}, "userName": "ann"}, 201)
		id, ok := identity.ParseID(text(user, "id"))
		if !ok {
			t.Fatalf("the id %v is not one of ours", user["id"])
		}
		org, err := h.Directory.Organisation(t.Context(), "me")
		if err != nil {
			t.Fatal(err)
		}
		_, token, err := h.Directory.CreateConnection(t.Context(), tester, org.ID, directory.NewConnection{Name: "ann", User: id})
		if err != nil {
			t.Fatal(err)
		}
		sum, err := probe.Run(t.Context(), probe.Target{URL: first.URL, Token: token.Text, Only: []string{"B20.2", "P65"}},
			func(r probe.Result) {
				if r.Status != probe.Pass {
					t.Error(r.Line())
				}
			})
		if err != nil || sum.Passed != 2 {
			t.Errorf("Run = %v, %v", sum, err)
		}
		me := newClient(t, target{first.URL, token.Text, "rfc"})
		me.do("PATCH", "/Me", patch(op("replace", "title", "Dr")), 200, 204)
		if got := me.do("GET", "/Me", nil, 200); text(got, "title") != "Dr" || text(got, "id") != id.String() {
			t.Errorf("GET /Me = %v", got)
		}
	})
}

// extend gives an organisation a schema of its own.
func (h *house) extend(t *testing.T, slug string) {
	t.Helper()
	org, err := h.Directory.Organisation(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Directory.AddSchema(t.Context(), tester, org.ID, directory.NewSchema{Type: "User", Doc: []byte(example)}); err != nil {
		t.Fatal(err)
	}
}
