package stackspot

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
)

// A visit is one request of an actor, with what was read for it of the
// catalogue.
type visit struct {
	dir    *directory.Directory
	access *access.Service
	by     identity.Actor
	// reader is by, who also sees what it has just written.
	reader identity.Actor
	base   string // absolute URL above the collections
	flat   bool   // the answer is flat SCIM

	actions     map[identity.ID]*access.Action
	types       map[identity.ID]*access.ResourceType
	resources   map[identity.ID]*access.Resource
	permissions map[identity.ID]*access.Permission
	names       map[string]identity.ID // what references by name mean
	shown       int                    // things within the things of the answer
}

// maxShown bounds what an answer shows of the catalogue within its things. The
// API shows statements with all that they name: a thousand roles of a few
// permissions each can come to gigabytes.
const maxShown = 150_000

// shows counts things that stand within others in the answer. TooCostly if they
// are too many.
func (v *visit) shows(n int) error {
	if v.shown += n; v.shown > maxShown {
		return identity.NewError(identity.TooCostly, "", "The answer shows too much of what its things name; ask for fewer with count.")
	}
	return nil
}

func (d *Door) visit(r *http.Request, by identity.Actor) *visit {
	base := d.o.Public
	if a, _ := parse(r.URL.EscapedPath()); a.Tenant != "" {
		base += "/" + url.PathEscape(a.Tenant)
	}
	v := &visit{
		dir: d.o.Directory, access: d.o.Access, by: by, reader: by, base: base + "/scim", flat: wantsFlat(r),
		actions: map[identity.ID]*access.Action{}, types: map[identity.ID]*access.ResourceType{},
		resources: map[identity.ID]*access.Resource{}, permissions: map[identity.ID]*access.Permission{},
		names: map[string]identity.ID{},
	}
	v.reader.Perms = append(slices.Clone(by.Perms), identity.AccessRead)
	return v
}

// look returns a thing of the catalogue, nil if there is none, and remembers it.
func look[T any](ctx context.Context, v *visit, known map[identity.ID]*T, book *access.Book[T], id identity.ID) (*T, error) {
	if t, ok := known[id]; ok {
		return t, nil
	}
	t, err := book.Get(ctx, v.reader, id)
	if identity.KindOf(err) == identity.NotFound {
		t, err = nil, nil
	}
	if err == nil {
		known[id] = t
	}
	return t, err
}

func (v *visit) action(ctx context.Context, id identity.ID) (*access.Action, error) {
	return look(ctx, v, v.actions, v.access.Actions, id)
}

func (v *visit) resourceType(ctx context.Context, id identity.ID) (*access.ResourceType, error) {
	return look(ctx, v, v.types, v.access.ResourceTypes, id)
}

func (v *visit) resource(ctx context.Context, id identity.ID) (*access.Resource, error) {
	return look(ctx, v, v.resources, v.access.Resources, id)
}

func (v *visit) permission(ctx context.Context, id identity.ID) (*access.Permission, error) {
	return look(ctx, v, v.permissions, v.access.Permissions, id)
}

// refer returns the id of what a client refers to in an attribute, by id, slug or
// name. Whether an id is one of something is for the rules to say. What a name
// means is remembered: inside of a transaction nothing is looked up.
func refer[T any](ctx context.Context, v *visit, book *access.Book[T], attr, text string) (identity.ID, error) {
	if id, ok := identity.ParseID(text); ok {
		return id, nil
	}
	key := attr + " " + text
	if id, ok := v.names[key]; ok {
		return id, nil
	}
	t, err := book.Find(ctx, v.reader, text)
	if identity.KindOf(err) == identity.NotFound || identity.KindOf(err) == identity.Invalid {
		return identity.ID{}, unknown(attr, text)
	}
	if err != nil {
		return identity.ID{}, err
	}
	v.names[key] = book.Base(t).ID
	return v.names[key], nil
}

// unknown is the error about a reference to nothing.
func unknown(attr, text string) error {
	if len(text) > 80 {
		text = text[:80] + "..."
	}
	return identity.NewError(identity.Invalid, attr, "There is nothing with the id "+text+" that "+attr+" could name.")
}
