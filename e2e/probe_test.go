package e2e_test

import (
	"testing"

	"github.com/muster-id/muster/directory"
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
