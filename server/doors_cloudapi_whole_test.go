package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/muster-id/muster/api/vmware"
	"github.com/muster-id/muster/identity"
)

// TestCloudWhole: of a thing with its roles all is written or nothing, whichever
// of the two is refused.
func TestCloudWhole(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		user := w.newUser()
		account := w.object(w.cloud(vmware.Owner, http.MethodPost, v1+"/serviceAccounts", `{"name":"whole"}`), 201)
		accountID, _ := identity.ParseID(strings.TrimPrefix(w.text(account, "id"), "urn:vcloud:serviceAccount:"))
		if accountID.IsZero() {
			t.Fatalf("the account is %v", account)
		}
		users, groups, accounts := v1+"/users", v1+"/groups", v1+"/serviceAccounts"
		operator := `{"id":"urn:vcloud:role:` + identity.PlatformOperator.String() + `"}`
		billing := `{"id":"urn:vcloud:role:` + w.role.String() + `"}`
		changed := map[string]struct {
			path, good, bad string // bad is refused whatever the roles are
			of              string // the member that names the role
			list            bool
			typ             identity.SubjectType
			id              identity.ID
		}{
			"a user":            {users + "/" + user.String(), `"givenName":"Whole"`, `"username":"` + w.demo.User + `"`, "roleEntityRefs", true, identity.UserSubject, user},
			"a group":           {groups + "/" + w.group.String(), `"name":"Whole"`, `"name":"\u0000"`, "roleEntityRef", false, identity.GroupSubject, w.group},
			"a service account": {accounts + "/" + w.text(account, "id"), `"name":"wholly"`, `"uri":"javascript:alert(1)"`, "role", false, identity.AppSubject, accountID},
		}
		made := map[string]string{users: `"username":"whole"`, groups: `"name":"Whole too"`, accounts: `"name":"whole too"`}
		refused := func(t *testing.T, w *cspWorld, method, path, body string) {
			t.Helper()
			before := w.changes()
			if a := w.cloud(vmware.Owner, method, path, body); a.Code < 400 || a.Code >= 500 {
				t.Errorf("%s %s: %d %s", method, body, a.Code, a.Body)
			}
			if n := w.changes() - before; n != 0 {
				t.Errorf("%s %s: %d changes are written", method, body, n)
			}
		}
		for phrase, c := range changed {
			ref := func(role string) string {
				if c.list {
					role = "[" + role + "]"
				}
				return `,"` + c.of + `":` + role + "}"
			}
			collection := c.path[:strings.LastIndexByte(c.path, '/')]
			t.Run(phrase+" is made with a role that is refused", func(t *testing.T) {
				refused(t, w.on(t), http.MethodPost, collection, "{"+made[collection]+ref(operator))
			})
			t.Run(phrase+" is changed with a role that is refused", func(t *testing.T) {
				refused(t, w.on(t), http.MethodPut, c.path, "{"+c.good+ref(operator))
			})
			t.Run(phrase+" is refused, its role is not", func(t *testing.T) {
				refused(t, w.on(t), http.MethodPut, c.path, "{"+c.bad+ref(billing))
				if has := w.roles(c.typ, c.id); len(has) != 0 {
					t.Errorf("it has %v", has)
				}
			})
			t.Run(phrase+" with its role", func(t *testing.T) {
				w := w.on(t)
				w.object(w.cloud(vmware.Owner, http.MethodPost, collection, "{"+made[collection]+ref(billing)), 201)
				w.object(w.cloud(vmware.Owner, http.MethodPut, c.path, "{"+c.good+ref(billing)), 200)
				if has := w.roles(c.typ, c.id); !slices.Equal(has, []string{"billing"}) {
					t.Errorf("it has %v", has)
				}
			})
		}
	})
}
