package stackspot

import (
	"context"
	"maps"
	"net/http"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/patch"
	"github.com/muster-id/muster/scim/schema"
)

// A kind is one collection of the catalogue. Clients write things in one form,
// which doc and fill turn things into and back, and read them in another, which
// show makes.
type kind[T any] struct {
	name, collection string
	urn              string
	book             *access.Book[T]
	form             *schema.ResourceType // what clients write
	required         []string             // to create
	replaces         []string             // what a PUT may hold
	demanded         []string             // what a PUT must hold
	paged            bool                 // a PUT answers with a page
	searched         map[string]filter.AttrPath
	doc              func(*T) schema.Object
	fill             func(ctx context.Context, v *visit, doc schema.Object, t *T) error
	show             func(ctx context.Context, v *visit, t *T) (schema.Object, error)
	// locate finds a thing by what stands in the path; nil: by its id.
	locate func(ctx context.Context, v *visit, text string) (identity.ID, error)
	// called is the id that clients see; nil: the id.
	called func(*T) string
	// begin prepares a new thing from the body of a POST; nil: nothing to do.
	begin func(ctx context.Context, v *visit, body schema.Object, t *T) error
}

func (k *kind[T]) item(ctx context.Context, v *visit, t *T) (item, error) {
	attributes, err := k.show(ctx, v, t)
	b := k.book.Base(t)
	id := b.ID.String()
	if k.called != nil {
		id = k.called(t)
	}
	return item{
		id: id, kind: k.name, collection: k.collection, schemas: []string{k.urn},
		created: b.Created, modified: b.Modified, version: b.Version, attributes: attributes,
	}, err
}

// written is item for a thing that has just been stored: where that shows too
// much, the basic attributes are the answer.
func (k *kind[T]) written(ctx context.Context, v *visit, t *T) (item, error) {
	it, err := k.item(ctx, v, t)
	if identity.KindOf(err) == identity.TooCostly {
		it.attributes, err = flatBasics(k.book.Base(t)), nil
		it.attributes["id"] = it.id
	}
	return it, err
}

func (k *kind[T]) items(ctx context.Context, v *visit, list []T) ([]item, error) {
	out := make([]item, len(list))
	for i := range list {
		var err error
		if out[i], err = k.item(ctx, v, &list[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// basics are the attributes that all kinds show.
func basics(b *access.Base) schema.Object {
	return schema.Object{"client_id": orNull(b.ClientID), "description": orNull(b.Description), "name": b.Name}
}

// flatBasics are basics with id and time, which most kinds show too.
func flatBasics(b *access.Base) schema.Object {
	out := basics(b)
	out["id"], out["created_at"] = b.ID.String(), stamp(b.Created)
	return out
}

func (k *kind[T]) id(r *http.Request, v *visit) (identity.ID, error) {
	text := r.PathValue("id")
	if id, ok := identity.ParseID(text); ok {
		return id, nil
	}
	if k.locate != nil {
		return k.locate(r.Context(), v, text)
	}
	return identity.ID{}, errNothing
}

// errNothing becomes "Resource {id} not found."
var errNothing = identity.NewError(identity.NotFound, "", "There is no such thing.")

func (k *kind[T]) list(w http.ResponseWriter, r *http.Request, v *visit) error {
	start, count, err := span(r)
	if err != nil {
		return err
	}
	text, err := storedFilter(r.URL.Query().Get("filter"), k.searched)
	if err != nil {
		return err
	}
	list, total, err := k.book.List(r.Context(), v.by, text, start, count)
	if err != nil {
		return err
	}
	all, err := k.items(r.Context(), v, list)
	if err != nil {
		return err
	}
	return v.page(w, all, total, start)
}

func (k *kind[T]) get(w http.ResponseWriter, r *http.Request, v *visit) error {
	id, err := k.id(r, v)
	if err != nil {
		return err
	}
	t, err := k.book.Get(r.Context(), v.by, id)
	if err != nil {
		return err
	}
	it, err := k.item(r.Context(), v, t)
	if err != nil {
		return err
	}
	return v.one(w, http.StatusOK, it)
}

func (k *kind[T]) create(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx := r.Context()
	body, err := read(w, r)
	if err != nil {
		return err
	}
	if err := need(body, k.required...); err != nil {
		return err
	}
	given := some(body, k.attributes()...)
	if err := spell(given); err != nil {
		return err
	}
	doc, err := k.form.Canonical(given, dialect, schema.ForCreate)
	if err != nil {
		return err
	}
	var t T
	if k.begin != nil {
		if err := k.begin(ctx, v, body, &t); err != nil {
			return err
		}
	}
	if err := k.read(ctx, v, doc, &t); err != nil {
		return err
	}
	made, err := k.book.Create(ctx, v.by, t)
	if err != nil {
		return err
	}
	it, err := k.written(ctx, v, made)
	if err != nil {
		return err
	}
	return v.one(w, http.StatusCreated, it)
}

// attributes are the names of what clients write.
func (k *kind[T]) attributes() []string {
	names := make([]string, len(k.form.Schema.Attributes))
	for i, a := range k.form.Schema.Attributes {
		names[i] = a.Name
	}
	return names
}

// read brings a document of the form into a thing.
func (k *kind[T]) read(ctx context.Context, v *visit, doc schema.Object, t *T) error {
	b := k.book.Base(t)
	b.Name, _ = doc["name"].(string)
	b.Description, _ = doc["description"].(string)
	b.ClientID, _ = doc["client_id"].(string)
	return k.fill(ctx, v, doc, t)
}

// write is the document of a thing in the form.
func (k *kind[T]) write(t *T) schema.Object {
	doc := schema.Object{}
	maps.Copy(doc, k.doc(t))
	b := k.book.Base(t)
	put(doc, "name", b.Name)
	put(doc, "description", b.Description)
	put(doc, "client_id", b.ClientID)
	return doc
}

func put(doc schema.Object, name, text string) {
	if text != "" {
		doc[name] = text
	}
}

// replace is a PUT. What the body does not name stays as it is.
func (k *kind[T]) replace(w http.ResponseWriter, r *http.Request, v *visit) error {
	body, err := read(w, r)
	if err != nil {
		return err
	}
	if err := need(body, k.demanded...); err != nil {
		return err
	}
	it, err := k.change(r, v, replacing(some(body, k.replaces...)))
	if err != nil {
		return err
	}
	return v.replaced(w, k.paged, it)
}

func (k *kind[T]) patch(w http.ResponseWriter, r *http.Request, v *visit) error {
	body, err := read(w, r)
	if err != nil {
		return err
	}
	it, err := k.change(r, v, body)
	if err != nil {
		return err
	}
	return v.one(w, http.StatusOK, it)
}

// change carries out a PATCH. References are read again when the rules ask for
// the change again, which is seldom.
func (k *kind[T]) change(r *http.Request, v *visit, body schema.Object) (it item, err error) {
	ctx := r.Context()
	id, err := k.id(r, v)
	if err != nil {
		return it, err
	}
	version, err := ifMatch(r)
	if err != nil {
		return it, err
	}
	message, err := plainMessage(body, catalogueSpellings)
	if err != nil {
		return it, err
	}
	p, err := patch.Parse(message, k.form, dialect)
	if err != nil {
		return it, err
	}
	// What names mean is looked up before the transaction.
	now, err := k.book.Get(ctx, v.by, id)
	if err != nil {
		return it, err
	}
	if err := k.apply(ctx, v, p, now); err != nil {
		return it, err
	}
	t, err := k.book.Change(ctx, v.by, id, version, func(t *T) error { return k.apply(ctx, v, p, t) })
	if err != nil {
		return it, err
	}
	return k.written(ctx, v, t)
}

func (k *kind[T]) apply(ctx context.Context, v *visit, p *patch.Patch, t *T) error {
	doc, _, err := p.Apply(k.write(t))
	if err != nil {
		return err
	}
	if err := need(doc, k.demanded...); err != nil {
		return err
	}
	return k.read(ctx, v, doc, t)
}

func (k *kind[T]) remove(w http.ResponseWriter, r *http.Request, v *visit) error {
	id, err := k.id(r, v)
	if err != nil {
		return err
	}
	version, err := ifMatch(r)
	if err != nil {
		return err
	}
	if err := k.book.Delete(r.Context(), v.by, id, version); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
