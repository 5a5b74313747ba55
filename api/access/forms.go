package access

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// base is what every thing has on the web. ID and the times are read-only: a
// client that sends a resource back as it came changes nothing of them.
type base struct {
	ID          *identity.ID `json:"id,omitempty"`
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	ClientID    string       `json:"client_id,omitempty"` // of the app whose it is
	Created     *time.Time   `json:"created,omitempty"`
	Modified    *time.Time   `json:"modified,omitempty"`
	Version     int64        `json:"version,omitempty"`
}

func showBase(b access.Base) base {
	return base{&b.ID, b.Name, b.Description, b.ClientID, web.When(b.Created), web.When(b.Modified), b.Version}
}

func (b base) put(t *access.Base) {
	t.Name, t.Description, t.ClientID = b.Name, b.Description, b.ClientID
}

type actionJSON struct {
	base
	Active *bool `json:"active,omitempty"` // true if left out
}

var actions = form[access.Action, actionJSON]{
	show: func(t access.Action) actionJSON { return actionJSON{showBase(t.Base), &t.Active} },
	put: func(w actionJSON, t *access.Action) error {
		w.put(&t.Base)
		t.Active = w.Active == nil || *w.Active
		return nil
	},
	base: func(t *access.Action) *access.Base { return &t.Base },
}

type resourceTypeJSON struct {
	base
	Slug    string        `json:"slug,omitempty"`
	Actions []identity.ID `json:"actions"`
}

var resourceTypes = form[access.ResourceType, resourceTypeJSON]{
	show: func(t access.ResourceType) resourceTypeJSON {
		return resourceTypeJSON{showBase(t.Base), t.Slug, some(t.Actions)}
	},
	put: func(w resourceTypeJSON, t *access.ResourceType) error {
		w.put(&t.Base)
		t.Slug, t.Actions = w.Slug, w.Actions
		return nil
	},
	base: func(t *access.ResourceType) *access.Base { return &t.Base },
}

type resourceJSON struct {
	base
	Slug string      `json:"slug,omitempty"`
	Type identity.ID `json:"type"`
}

var resources = form[access.Resource, resourceJSON]{
	show: func(t access.Resource) resourceJSON { return resourceJSON{showBase(t.Base), t.Slug, t.Type} },
	put: func(w resourceJSON, t *access.Resource) error {
		w.put(&t.Base)
		t.Slug, t.Type = w.Slug, w.Type
		return nil
	},
	base: func(t *access.Resource) *access.Base { return &t.Base },
}

// A statementJSON allows or denies actions on resources.
type statementJSON struct {
	Actions   []string `json:"actions"`             // ids or names; "*" is every action
	Resource  string   `json:"resource"`            // an id, a slug, "type/slug" where * stands for any characters, or "*"
	Effect    string   `json:"effect,omitempty"`    // "allow", or "deny", which wins
	Condition string   `json:"condition,omitempty"` // in the grammar of SCIM filters: resource.status ne "archived"
}

func showStatements(list []access.Statement) []statementJSON {
	out := make([]statementJSON, len(list))
	for i, s := range list {
		out[i] = statementJSON{some(s.Actions), s.Resource, "allow", s.Condition}
		if s.Deny {
			out[i].Effect = "deny"
		}
	}
	return out
}

func putStatements(list []statementJSON) ([]access.Statement, error) {
	out := make([]access.Statement, len(list))
	for i, s := range list {
		switch s.Effect {
		case "", "allow", "deny":
		default:
			return nil, identity.NewError(identity.Invalid, "statements", `An effect is "allow" or "deny", not `+strconv.Quote(s.Effect)+".")
		}
		out[i] = access.Statement{Actions: s.Actions, Resource: s.Resource, Deny: s.Effect == "deny", Condition: s.Condition}
	}
	return out, nil
}

type permissionJSON struct {
	base
	Statements []statementJSON `json:"statements"`
}

var permissions = form[access.Permission, permissionJSON]{
	show: func(t access.Permission) permissionJSON {
		return permissionJSON{showBase(t.Base), showStatements(t.Statements)}
	},
	put: func(w permissionJSON, t *access.Permission) (err error) {
		w.put(&t.Base)
		t.Statements, err = putStatements(w.Statements)
		return err
	},
	base: func(t *access.Permission) *access.Base { return &t.Base },
}

type roleJSON struct {
	base
	Display     string            `json:"display_name,omitempty"`
	ClaimMapper map[string]string `json:"claim_mapper,omitempty"` // claims that tokens of holders get
	Permissions []identity.ID     `json:"permissions"`
	Statements  []statementJSON   `json:"statements"`
	BuiltIn     bool              `json:"built_in,omitempty"` // cannot be changed
}

var roles = form[access.Role, roleJSON]{
	show: func(t access.Role) roleJSON {
		return roleJSON{showBase(t.Base), t.Display, t.ClaimMapper, some(t.Permissions), showStatements(t.Statements), t.BuiltIn}
	},
	put: func(w roleJSON, t *access.Role) (err error) {
		w.put(&t.Base)
		t.Display, t.ClaimMapper, t.Permissions = w.Display, w.ClaimMapper, w.Permissions
		t.Statements, err = putStatements(w.Statements)
		return err
	},
	base: func(t *access.Role) *access.Base { return &t.Base },
}

// some is a list that is [] and not null when it is empty.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// readPatch reads the body of a PATCH once, for it may be laid over what is
// stored more than once. Maps are replaced, not merged.
func readPatch(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := web.ReadJSON(w, r, &members); err != nil {
		return nil, err
	}
	for name, v := range members {
		if bytes.Equal(v, []byte("null")) {
			return nil, identity.NewError(identity.Invalid, name, strconv.Quote(name)+` cannot be null; "" or [] empties it.`)
		}
	}
	return json.Marshal(members)
}
