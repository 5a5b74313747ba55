package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/access"
	apiaccess "github.com/muster-id/muster/api/access"
	"github.com/muster-id/muster/api/activid"
	"github.com/muster-id/muster/api/admin"
	"github.com/muster-id/muster/api/authzen"
	"github.com/muster-id/muster/api/cidaas"
	"github.com/muster-id/muster/api/cloudapi"
	"github.com/muster-id/muster/api/stackspot"
	"github.com/muster-id/muster/api/vmware"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

const matrixIntro = `# Who may use what

This page is made from the tables of the doors by
` + "`go test ./docs -run TestAccessMatrix -update`" + `.

| kind of caller | who it is |
|---|---|
| platform | has the role Platform operator |
| owner | has the role Organization Owner in the organisation |
| member | any other active user of the organisation |
| service | an app that acts for itself and has the role Service Account |
| anonymous | brings no token |

A route with a permission asks for it in the organisation that the request is
about. The columns say which kinds have it by their built-in role; roles of an
organisation may give it to others. A token opens no more than its scopes say.
"open" routes ask for no role: they take a credential in the request itself, or
none.
`

// TestAccessMatrix holds docs/access-matrix.md to the tables of the doors.
func TestAccessMatrix(t *testing.T) {
	var b strings.Builder
	b.WriteString(matrixIntro)
	writeSeed(&b)
	writeCloud(&b)
	rules := &access.Service{}
	for _, d := range []struct {
		name   string
		routes []web.Route
	}{
		{"Our own API: apps, settings, people", admin.New(admin.Options{}).Routes()},
		{"Our own API: roles, permissions, assignments", apiaccess.New(apiaccess.Options{Access: rules}).Routes()},
		{"AuthZEN", authzen.New(authzen.Options{Access: rules}).Routes()},
		{"StackSpot IAM API, below the prefix of the tenant", stackspot.New(stackspot.Options{Access: rules}).Routes()},
		{"cidaas", cidaas.New(cidaas.Options{}).Routes()},
		{"ActivID", activid.New(activid.Options{}).Routes()},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n| route | permission | platform | owner | member | service | anonymous |\n|---|---|---|---|---|---|---|\n", d.name)
		for _, r := range d.routes {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.Pattern, named(r.Perm), strings.Join(holders(r.Perm), " | "))
		}
	}
	got := b.String()
	const name = "docs/access-matrix.md"
	if *update {
		if err := os.WriteFile(filepath.Join(root, name), []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(read(t, name), got); d != "" {
		t.Errorf("%s is not what the doors say; run go test ./docs -run TestAccessMatrix -update (-file +doors):\n%s", name, d)
	}
}

func mark(yes bool) string {
	if yes {
		return "✔"
	}
	return "✘"
}

func named(p identity.Perm) string {
	if p == identity.Anyone {
		return "open"
	}
	return string(p)
}

// holders says which kinds of caller have a permission.
func holders(p identity.Perm) []string {
	roles := identity.BuiltInRoles()
	var out []string
	for _, id := range []identity.ID{identity.PlatformOperator, identity.OrganizationOwner, identity.OrganizationMember, identity.ServiceAccount} {
		i := slices.IndexFunc(roles, func(r identity.BuiltInRole) bool { return r.ID == id })
		out = append(out, mark(p == identity.Anyone || p == identity.SignedIn || slices.Contains(roles[i].Perms, p)))
	}
	return append(out, mark(p == identity.Anyone))
}

// writeSeed writes the matrix of the Identity Service API. "anonymous" rows are
// open to the other kinds as well.
func writeSeed(b *strings.Builder) {
	b.WriteString("\n## VMware Identity Service API\n\nEach cell is a test: `go test ./server -run 'TestSeed002/sqlite/row-53'`. " +
		"The table is served at\n`GET /csp/gateway/am/api/access-policy`.\n\n" +
		"| row | operation | route | platform | owner | member | service | anonymous |\n|---|---|---|---|---|---|---|---|\n")
	for _, op := range vmware.Operations() {
		fmt.Fprintf(b, "| %d | %s | `%s %s`", op.Row, op.Name, op.Method, op.Path)
		for _, kind := range vmware.Kinds() {
			fmt.Fprintf(b, " | %s", mark(op.Policy.Allows(kind)))
		}
		b.WriteString(" |\n")
	}
}

// writeCloud writes the matrix of the Tenant Manager.
func writeCloud(b *strings.Builder) {
	b.WriteString("\n## Tenant Manager\n\n\"own\" is what belongs to the caller, for which no permission is needed.\n\n" +
		"| route | permission | platform | owner | member | service | anonymous |\n|---|---|---|---|---|---|---|\n")
	listed := map[string]bool{}
	for _, op := range cloudapi.Operations() {
		perm := named(op.Perm)
		if op.Own && op.Perm != identity.SignedIn {
			perm += ", or own"
		}
		platform, owner, member, service := op.Policy()
		listed[op.Method+" "+op.Path] = true
		fmt.Fprintf(b, "| `%s %s` | %s | %s | %s | %s | %s | ✘ |\n", op.Method, op.Path, perm, mark(platform), mark(owner), mark(member), mark(service))
	}
	for _, r := range cloudapi.New(cloudapi.Options{}).Routes() {
		if !listed[r.Pattern] {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", r.Pattern, named(r.Perm), strings.Join(holders(r.Perm), " | "))
		}
	}
}
