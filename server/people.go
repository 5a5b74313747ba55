package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
)

// A Person is a user as the command line shows it.
type Person struct {
	ID       identity.ID
	Name     string // userName
	Display  string
	Email    string
	Active   bool
	Modified time.Time
	Deleted  time.Time       // zero unless in the trash
	Doc      json.RawMessage // the resource as SCIM sends it
}

// users is the endpoint of people.
const users = "/Users"

// userDoc is the little that is read of a user.
type userDoc struct {
	ID          string `json:"id"`
	UserName    string `json:"userName"`
	DisplayName string `json:"displayName"`
	Active      *bool  `json:"active"`
	Emails      []struct {
		Value   string `json:"value"`
		Primary bool   `json:"primary"`
	} `json:"emails"`
	Meta struct {
		LastModified time.Time `json:"lastModified"`
	} `json:"meta"`
}

func person(doc json.RawMessage) (Person, error) {
	var u userDoc
	if err := json.Unmarshal(doc, &u); err != nil {
		return Person{}, err
	}
	id, _ := identity.ParseID(u.ID)
	p := Person{
		ID: id, Name: u.UserName, Display: u.DisplayName, Modified: u.Meta.LastModified, Doc: doc,
		Active: u.Active == nil || *u.Active,
	}
	for i, e := range u.Emails {
		if i == 0 || e.Primary {
			p.Email = e.Value
		}
	}
	return p, nil
}

// CreateUser makes a user of a SCIM document.
func (h *House) CreateUser(ctx context.Context, by identity.Actor, doc map[string]any) (Person, error) {
	if _, ok := doc["schemas"]; !ok {
		doc["schemas"] = []string{userSchema}
	}
	var out json.RawMessage
	if err := h.SCIM(ctx, by, http.MethodPost, users, nil, doc, &out); err != nil {
		return Person{}, err
	}
	return person(out)
}

const (
	userSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
	patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// People calls each with the users that a SCIM filter names, "" for all, page by
// page until there are no more or limit is reached.
func (h *House) People(ctx context.Context, by identity.Actor, filter string, limit int, each func(Person) error) error {
	const page = 500
	query := url.Values{"cursor": {""}}
	if filter != "" {
		query.Set("filter", filter)
	}
	for limit > 0 {
		query.Set("count", strconv.Itoa(min(page, limit)))
		var list struct {
			Resources  []json.RawMessage `json:"Resources"`
			NextCursor string            `json:"nextCursor"`
		}
		if err := h.SCIM(ctx, by, http.MethodGet, users, query, nil, &list); err != nil {
			return err
		}
		for _, doc := range list.Resources {
			p, err := person(doc)
			if err == nil {
				err = each(p)
			}
			if err != nil {
				return err
			}
		}
		limit -= len(list.Resources)
		if list.NextCursor == "" {
			return nil
		}
		query.Set("cursor", list.NextCursor)
	}
	return nil
}

// errNoUser is the answer for a name and for an id that nobody has.
var errNoUser = identity.NewError(identity.NotFound, "", "There is no such user.")

// User finds a user by user name or UUID.
func (h *House) User(ctx context.Context, org identity.Organisation, nameOrID string) (Person, error) {
	by := identity.Actor{Kind: identity.BySystem, Org: org.ID, Perms: identity.Perms{identity.ResourcesRead}}
	if _, ok := identity.ParseID(nameOrID); ok {
		var doc json.RawMessage
		err := h.SCIM(ctx, by, http.MethodGet, users+"/"+nameOrID, nil, nil, &doc)
		if identity.KindOf(err) == identity.NotFound {
			return Person{}, errNoUser
		}
		if err != nil {
			return Person{}, err
		}
		return person(doc)
	}
	var found *Person
	err := h.People(ctx, by, "userName eq "+quote(nameOrID), 1, func(p Person) error {
		found = &p
		return nil
	})
	if err == nil && found == nil {
		err = errNoUser
	}
	if err != nil {
		return Person{}, err
	}
	return *found, nil
}

// Group finds a group by display name or UUID.
func (h *House) Group(ctx context.Context, org identity.Organisation, nameOrID string) (identity.ID, error) {
	if id, ok := identity.ParseID(nameOrID); ok {
		return id, nil
	}
	by := identity.Actor{Kind: identity.BySystem, Org: org.ID, Perms: identity.Perms{identity.ResourcesRead}}
	var list struct {
		Resources []struct{ ID string }
	}
	query := url.Values{"filter": {"displayName eq " + quote(nameOrID)}, "attributes": {"displayName"}}
	if err := h.SCIM(ctx, by, http.MethodGet, "/Groups", query, nil, &list); err != nil {
		return identity.ID{}, err
	}
	switch len(list.Resources) {
	case 0:
		return identity.ID{}, identity.NewError(identity.NotFound, "", "There is no such group.")
	case 1:
		id, _ := identity.ParseID(list.Resources[0].ID)
		return id, nil
	}
	return identity.ID{}, identity.NewError(identity.Conflict, "", "Several groups have this name; say the id.")
}

// quote writes a string of a filter.
func quote(s string) string { return string(schema.AppendString(nil, s)) }

// SetActive lets a user in or shuts the user out.
func (h *House) SetActive(ctx context.Context, by identity.Actor, id identity.ID, active bool) (Person, error) {
	patch := map[string]any{
		"schemas":    []string{patchSchema},
		"Operations": []map[string]any{{"op": "replace", "path": "active", "value": active}},
	}
	var doc json.RawMessage
	if err := h.SCIM(ctx, by, http.MethodPatch, users+"/"+id.String(), nil, patch, &doc); err != nil {
		return Person{}, err
	}
	return person(doc)
}

// DeleteUser puts a user into the trash.
func (h *House) DeleteUser(ctx context.Context, by identity.Actor, id identity.ID) error {
	return h.SCIM(ctx, by, http.MethodDelete, users+"/"+id.String(), nil, nil, nil)
}
