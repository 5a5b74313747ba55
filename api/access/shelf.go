package access

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// A form is how one kind of thing stands on the wire: T is the thing, W its JSON.
// The members of W that a client may write are those that put reads.
type form[T, W any] struct {
	show func(T) W
	put  func(W, *T) error
	// find puts ids in the place of the names by which W refers to other things;
	// nil where there are none.
	find func(*finder, *W) error
	// names are the attributes of SCIM whose name is another.
	names map[string]string
}

// A listing is one page.
type listing[W any] struct {
	Items []W `json:"items"`
	Total int `json:"total"`
	Start int `json:"start"` // 1-based
}

const maxStart = 1 << 30

// shelf is the routes of one kind of thing, whose name is one in words.
func shelf[T, W any](d *Door, path, one string, book *access.Book[T], f form[T, W]) []web.Route {
	c := counter[T, W]{d.o.Access, book, f}
	var w W
	return []web.Route{
		d.route("GET", path, identity.AccessRead, c.list).Says(200, "List every "+one, nil, listing[W]{},
			"filter: a SCIM filter on members of the answer", "start: the first of the page, from 1", limit,
			"inherited: those of the organisations above instead; without filter"),
		d.route("POST", path, identity.AccessWrite, c.create).Says(201, "Make "+article(one), w, w),
		d.route("GET", path+"/{id}", identity.AccessRead, c.get).Says(200, "Read "+article(one)+", by id, slug or name", nil, w),
		d.route("PATCH", path+"/{id}", identity.AccessWrite, c.change).Says(200, "Change "+article(one)+"; members that are left out stay", w, w),
		d.route("DELETE", path+"/{id}", identity.AccessWrite, c.remove).Says(204, "Delete "+article(one), nil, nil),
	}
}

func article(one string) string {
	if one[0] == 'a' {
		return "an " + one
	}
	return "a " + one
}

// A counter is where things of one kind are asked for.
type counter[T, W any] struct {
	all  *access.Service
	book *access.Book[T]
	form form[T, W]
}

// list answers with those of the organisation that match ?filter, from ?start, at
// most ?limit; ?inherited lists those of the organisations above.
func (c counter[T, W]) list(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	start, err := web.Number(r, "start", 1, maxStart)
	if err != nil {
		return err
	}
	limit, err := web.Limit(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	var list []T
	total := 0
	switch {
	case !on(r, "inherited"):
		list, total, err = c.book.List(r.Context(), by, rename(q.Get("filter"), c.form.names), start, limit)
	case q.Get("filter") != "":
		err = identity.NewError(identity.Invalid, "filter", "What is inherited cannot be filtered.")
	default:
		list, err = c.book.Inherited(r.Context(), by)
		total = len(list)
		list = list[min(start-1, total):min(start-1+limit, total)]
	}
	if err != nil {
		return err
	}
	out := listing[W]{Items: make([]W, len(list)), Total: total, Start: start}
	for i := range list {
		out.Items[i] = c.form.show(list[i])
	}
	return web.Send(w, http.StatusOK, out)
}

func (c counter[T, W]) create(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	var in W
	if err := web.ReadJSON(w, r, &in); err != nil {
		return err
	}
	t, err := c.read(r, by, in)
	if err != nil {
		return err
	}
	made, err := c.book.Create(r.Context(), by, t)
	if err != nil {
		return err
	}
	w.Header().Set("Location", r.URL.EscapedPath()+"/"+c.book.Base(made).ID.String())
	return c.answer(w, http.StatusCreated, made)
}

// read makes a thing of what is on the wire.
func (c counter[T, W]) read(r *http.Request, by identity.Actor, in W) (t T, err error) {
	if c.form.find != nil {
		if err := c.form.find(&finder{r.Context(), c.all, by}, &in); err != nil {
			return t, err
		}
	}
	return t, c.form.put(in, &t)
}

// get finds by id, slug or name, here or in the organisations above.
func (c counter[T, W]) get(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	t, err := c.book.Find(r.Context(), by, r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.answer(w, http.StatusOK, t)
}

// change lays the body over what is stored: members that are left out stay, the
// others are replaced as a whole. If-Match names the version that it is meant for.
func (c counter[T, W]) change(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	version, err := ifMatch(r)
	if err != nil {
		return err
	}
	var in W
	members, err := readPatch(w, r, &in)
	if err != nil {
		return err
	}
	if c.form.find != nil {
		if err := c.form.find(&finder{r.Context(), c.all, by}, &in); err != nil {
			return err
		}
	}
	id, err := c.id(r, by)
	if err != nil {
		return err
	}
	t, err := c.book.Change(r.Context(), by, id, version, func(t *T) error {
		next, err := overlay(c.form.show(*t), in, members)
		if err != nil {
			return err
		}
		return c.form.put(next, t)
	})
	if err != nil {
		return err
	}
	return c.answer(w, http.StatusOK, t)
}

// remove deletes one. If-Match names the version that it is meant for.
func (c counter[T, W]) remove(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	version, err := ifMatch(r)
	if err != nil {
		return err
	}
	id, err := c.id(r, by)
	if err != nil {
		return err
	}
	if err := c.book.Delete(r.Context(), by, id, version); err != nil {
		return err
	}
	return web.Nothing(w)
}

// id finds what the path names.
func (c counter[T, W]) id(r *http.Request, by identity.Actor) (identity.ID, error) {
	t, err := c.book.Find(r.Context(), by, r.PathValue("id"))
	if err != nil {
		return identity.ID{}, err
	}
	return c.book.Base(t).ID, nil
}

func (c counter[T, W]) answer(w http.ResponseWriter, status int, t *T) error {
	w.Header().Set("ETag", etag(c.book.Base(t).Version))
	return web.Send(w, status, c.form.show(*t))
}

func etag(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }

// ifMatch reads the version that a request is meant for, 0 for any.
func ifMatch(r *http.Request) (int64, error) {
	text := r.Header.Get("If-Match")
	if text == "" || text == "*" {
		return 0, nil
	}
	n, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(text, "W/"), `"`), 10, 64)
	if err != nil || n < 1 {
		return 0, identity.NewError(identity.Stale, "", "The version in If-Match is not one of ours.")
	}
	return n, nil
}
