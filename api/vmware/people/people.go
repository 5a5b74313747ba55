// Package people reads the users and groups of an organisation for the VMware
// APIs, and changes the little that these change.
package people

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// A User is what these APIs tell of a user.
type User struct {
	ID       identity.ID
	Name     string // user name
	Given    string
	Family   string
	Display  string
	Email    string
	Phone    string
	Locale   string
	Language string
	Manager  string // id
	Active   bool
	Version  int64
	Created  time.Time
	Groups   []Group // if they were asked for, direct and through other groups
}

// A Group is what these APIs tell of a group.
type Group struct {
	ID      identity.ID
	Name    string
	Version int64
	Direct  bool // of a User's groups: not only through another group
}

// A Desk reads and writes for one directory.
type Desk struct {
	Directory *directory.Directory
}

// The names of the resource types.
const (
	userKind  = "User"
	groupKind = "Group"
)

// A Query asks for one page.
type Query struct {
	Filter string // of SCIM; "": all
	Sort   string // attribute; "": the name
	Desc   bool
	Start  int  // 1-based
	Count  int  // 0: the total only
	Groups bool // with the groups of each user
}

// Quote puts a value into a filter.
func Quote(value string) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic("people: a string that is no JSON: " + err.Error())
	}
	return string(text)
}

// Users returns one page of the users of an organisation, and how many there are.
func (d Desk) Users(ctx context.Context, org identity.OrgID, q Query) ([]User, int, error) {
	q.Sort = cmp.Or(q.Sort, "userName")
	return listed(ctx, d, org, userKind, q, userOf)
}

// Groups returns one page of the groups of an organisation, and how many there
// are.
func (d Desk) Groups(ctx context.Context, org identity.OrgID, q Query) ([]Group, int, error) {
	q.Sort = cmp.Or(q.Sort, "displayName")
	return listed(ctx, d, org, groupKind, q, groupOf)
}

// listed returns one page of things of a kind, and how many there are.
func listed[T any](ctx context.Context, d Desk, org identity.OrgID, kind string, q Query, of func(*directory.Resource) (T, error)) ([]T, int, error) {
	page, err := d.page(ctx, org, kind, q)
	if err != nil {
		return nil, 0, err
	}
	list := make([]T, len(page.Resources))
	for i, r := range page.Resources {
		if list[i], err = of(r); err != nil {
			return nil, 0, err
		}
	}
	return list, page.Total, nil
}

func (d Desk) page(ctx context.Context, org identity.OrgID, kind string, q Query) (*directory.Page, error) {
	rt, err := d.typeOf(ctx, org, kind)
	if err != nil {
		return nil, err
	}
	ask := directory.Query{Types: []*schema.ResourceType{rt}, Start: max(q.Start, 1), Count: q.Count, Desc: q.Desc}
	if q.Filter != "" {
		e, err := filter.Parse(q.Filter)
		if err == nil {
			e, err = filter.Bind(e, rt, schema.RFC)
		}
		if err != nil {
			return nil, identity.NewError(identity.Invalid, "filter", "The filter cannot be used here: "+err.Error())
		}
		ask.Filter = map[*schema.ResourceType]filter.Expr{rt: e}
	}
	ref, ok := rt.FindPath(q.Sort)
	if !ok {
		return nil, identity.NewError(identity.Invalid, "sort", "There is no attribute "+q.Sort+" to sort by.")
	}
	ask.Sort = map[*schema.ResourceType]schema.Ref{rt: ref}
	return d.Directory.Query(ctx, identity.Actor{Kind: identity.BySystem, Org: org}, ask, directory.Rows{Groups: q.Groups})
}

func (d Desk) typeOf(ctx context.Context, org identity.OrgID, kind string) (*schema.ResourceType, error) {
	reg, err := d.Directory.Registry(ctx, org)
	if err != nil {
		return nil, err
	}
	rt := reg.TypeByName(kind)
	if rt == nil {
		return nil, fmt.Errorf("organisation %s has no resource type %s", org, kind)
	}
	return rt, nil
}

var (
	errNoUser  = identity.NewError(identity.NotFound, "", "There is no such user.")
	errNoGroup = identity.NewError(identity.NotFound, "", "There is no such group.")
)

// User finds a user by id, also as a URN, or by user name, or NotFound.
func (d Desk) User(ctx context.Context, org identity.OrgID, name string) (User, error) {
	name = strings.TrimPrefix(name, "urn:vcloud:user:")
	id, ok := identity.ParseID(name)
	if !ok {
		list, _, err := d.Users(ctx, org, Query{Filter: "userName eq " + Quote(name), Count: 1})
		if err == nil && len(list) == 0 {
			err = errNoUser
		}
		if err != nil {
			return User{}, err
		}
		id = list[0].ID
	}
	r, err := d.get(ctx, org, userKind, id, directory.Rows{Groups: true})
	if identity.KindOf(err) == identity.NotFound {
		err = errNoUser
	}
	if err != nil {
		return User{}, err
	}
	return userOf(r)
}

// Group finds a group by id, also as a URN, or NotFound.
func (d Desk) Group(ctx context.Context, org identity.OrgID, name string) (Group, error) {
	id, ok := identity.ParseID(strings.TrimPrefix(name, "urn:vcloud:group:"))
	if !ok {
		return Group{}, errNoGroup
	}
	r, err := d.get(ctx, org, groupKind, id, directory.Rows{})
	if identity.KindOf(err) == identity.NotFound {
		err = errNoGroup
	}
	if err != nil {
		return Group{}, err
	}
	return groupOf(r)
}

func (d Desk) get(ctx context.Context, org identity.OrgID, kind string, id identity.ID, want directory.Rows) (*directory.Resource, error) {
	rt, err := d.typeOf(ctx, org, kind)
	if err != nil {
		return nil, err
	}
	return d.Directory.Get(ctx, identity.Actor{Kind: identity.BySystem, Org: org}, rt, id, want)
}

// InGroup is the filter for those who are in a group; direct leaves out those who
// are only through another.
func InGroup(group identity.ID, direct bool) string {
	if direct {
		return `groups[value eq "` + group.String() + `" and type eq "direct"]`
	}
	return `groups.value eq "` + group.String() + `"`
}

// Size counts the users in a group, direct and through other groups.
func (d Desk) Size(ctx context.Context, org identity.OrgID, group identity.ID) (int, error) {
	_, total, err := d.Users(ctx, org, Query{Filter: InGroup(group, false)})
	return total, err
}

// DeleteGroup removes a group.
func (d Desk) DeleteGroup(ctx context.Context, by identity.Actor, group identity.ID) error {
	rt, err := d.typeOf(ctx, by.Org, groupKind)
	if err != nil {
		return err
	}
	return d.Directory.Delete(ctx, by, rt, group)
}

// setUser changes single-valued attributes of a user, by name; "" removes one.
func (d Desk) setUser(ctx context.Context, by identity.Actor, user identity.ID, change map[string]string) error {
	rt, err := d.typeOf(ctx, by.Org, userKind)
	if err != nil {
		return err
	}
	out, err := d.Directory.Write(ctx, by, []directory.Unit{{{
		Method: directory.Modify, Type: rt, ID: user,
		Change: func(old schema.Object) (schema.Object, []directory.MemberEdit, error) {
			doc := schema.Clone(old)
			for name, value := range change {
				ref, ok := rt.FindPath(name)
				switch {
				case !ok:
					return nil, nil, fmt.Errorf("users have no attribute %s", name)
				case value == "":
					delete(doc, name)
					continue
				}
				v, err := rt.Value(ref, value, schema.RFC)
				if err != nil {
					return nil, nil, identity.NewError(identity.Invalid, name, err.Error())
				}
				ref.Set(doc, v)
			}
			return doc, nil, nil
		},
	}}}, 0)
	if err != nil {
		return err
	}
	return out[0][0].Err
}
