package access

import (
	"strconv"
	"time"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// base is what every thing has on the web. ID and the times are read-only: a
// client that sends a resource back as it came changes nothing of them.
type base struct {
	ID          *identity.ID `json:"id,omitempty" description:"Made by the server; ignored in what is sent."`
	Name        string       `json:"name" description:"Unique among its kind in the organisation, in any case."`
	Description string       `json:"description,omitempty"`
	ClientID    string       `json:"client_id,omitempty" description:"Of the app whose it is; left out for the organisation's."`
	Created     *time.Time   `json:"created,omitempty" description:"Ignored in what is sent."`
	Modified    *time.Time   `json:"modified,omitempty" description:"Ignored in what is sent."`
	Version     int64        `json:"version,omitempty" description:"The number in the ETag; ignored in what is sent."`
}

func showBase(b access.Base) base {
	return base{&b.ID, b.Name, b.Description, b.ClientID, web.When(b.Created), web.When(b.Modified), b.Version}
}

func (b base) put(t *access.Base) {
	t.Name, t.Description, t.ClientID = b.Name, b.Description, b.ClientID
}

// known is the id that a client sent.
func (b base) known() *identity.ID { return b.ID }

type actionJSON struct {
	base
	Active *bool `json:"active,omitempty" description:"true if left out."`
}

var actions = form[access.Action, actionJSON]{
	show: func(t access.Action) actionJSON { return actionJSON{showBase(t.Base), &t.Active} },
	put: func(w actionJSON, t *access.Action) error {
		w.put(&t.Base)
		t.Active = w.Active == nil || *w.Active
		return nil
	},
}

// idOrName refers to another thing. Answers have ids.
type idOrName = string

// What the attributes of permissions and roles that are ours begin with.
const (
	permissionURN = "urn:muster:params:scim:schemas:iam:1.0:Permission:"
	roleURN       = "urn:muster:params:scim:schemas:iam:1.0:Role:"
)

type resourceTypeJSON struct {
	base
	Slug    string     `json:"slug,omitempty" description:"The name for machines; made of the name if left out."`
	Actions []idOrName `json:"actions" description:"Ids, or names, of the actions that apply; none: all. Answers have ids."`
}

var resourceTypes = form[access.ResourceType, resourceTypeJSON]{
	show: func(t access.ResourceType) resourceTypeJSON {
		return resourceTypeJSON{showBase(t.Base), t.Slug, texts(t.Actions)}
	},
	put: func(w resourceTypeJSON, t *access.ResourceType) error {
		w.put(&t.Base)
		t.Slug, t.Actions = w.Slug, ids(w.Actions)
		return nil
	},
	find: func(f *finder, w *resourceTypeJSON) error {
		return findAll(f, "actions", f.all.Actions, w.Actions)
	},
	names: map[string]string{"actions": "actions.value"},
}

type resourceJSON struct {
	base
	Slug string   `json:"slug,omitempty" description:"The name for machines; made of the name if left out."`
	Type idOrName `json:"type" description:"The id of its resource type, or its slug or name. Answers have the id."`
}

var resources = form[access.Resource, resourceJSON]{
	show: func(t access.Resource) resourceJSON { return resourceJSON{showBase(t.Base), t.Slug, t.Type.String()} },
	put: func(w resourceJSON, t *access.Resource) error {
		w.put(&t.Base)
		t.Slug = w.Slug
		t.Type, _ = identity.ParseID(w.Type)
		return nil
	},
	find: func(f *finder, w *resourceJSON) error {
		return findOne(f, "type", f.all.ResourceTypes, &w.Type)
	},
}

// A statementJSON allows or denies actions on resources.
type statementJSON struct {
	Actions   []string `json:"actions" required:"true" description:"Ids or names of actions; * is every action. Answers have ids."`
	Resource  string   `json:"resource" required:"true" description:"The id of a resource, its slug, type/slug where * stands for any characters, or * for everything."`
	Effect    string   `json:"effect,omitempty" enum:"allow,deny" description:"allow if left out; deny wins."`
	Condition string   `json:"condition,omitempty" description:"On properties of the question, in the grammar of SCIM filters: resource.status ne \"archived\"."`
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
	names: map[string]string{
		"name": "value", "description": permissionURN + "description", "client_id": permissionURN + "clientId", "statements": permissionURN + "statements",
	},
}

type roleJSON struct {
	base
	Display     string            `json:"display_name,omitempty" description:"For people; the name if left out."`
	ClaimMapper map[string]string `json:"claim_mapper,omitempty" description:"Claims that the tokens of its holders get."`
	Permissions []idOrName        `json:"permissions" description:"Ids, or names, of permissions. Answers have ids."`
	Statements  []statementJSON   `json:"statements" description:"Of the role's own."`
	BuiltIn     bool              `json:"built_in,omitempty" description:"Whether it is one of the roles that nobody can change; ignored in what is sent."`
}

var roles = form[access.Role, roleJSON]{
	show: func(t access.Role) roleJSON {
		return roleJSON{showBase(t.Base), t.Display, t.ClaimMapper, texts(t.Permissions), showStatements(t.Statements), t.BuiltIn}
	},
	put: func(w roleJSON, t *access.Role) (err error) {
		w.put(&t.Base)
		t.Display, t.ClaimMapper, t.Permissions = w.Display, w.ClaimMapper, ids(w.Permissions)
		t.Statements, err = putStatements(w.Statements)
		return err
	},
	find: func(f *finder, w *roleJSON) error {
		return findAll(f, "permissions", f.all.Permissions, w.Permissions)
	},
	names: map[string]string{
		"name": "value", "display_name": "display", "description": roleURN + "description", "client_id": roleURN + "clientId",
		"permissions": roleURN + "permissions.value", "statements": roleURN + "statements", "built_in": roleURN + "builtIn",
	},
}

// some is a list that is [] and not null when it is empty.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
