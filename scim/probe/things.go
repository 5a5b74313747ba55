package probe

import (
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// The schemas of RFC 7643 and the messages of RFC 7644.
const (
	urnUser   = "urn:ietf:params:scim:schemas:core:2.0:User"
	urnGroup  = "urn:ietf:params:scim:schemas:core:2.0:Group"
	urnEnt    = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	urnMsg    = "urn:ietf:params:scim:api:messages:2.0:"
	urnPatch  = urnMsg + "PatchOp"
	urnError  = urnMsg + "Error"
	urnList   = urnMsg + "ListResponse"
	urnBulk   = urnMsg + "BulkRequest"
	urnBulkRe = urnMsg + "BulkResponse"
	urnSearch = urnMsg + "SearchRequest"
)

// nobody is an id that no resource has.
const nobody = "00000000-0000-4000-8000-00000000dead"

// A thing is a resource that a check made.
type thing struct {
	s        *session
	path, id string
	name     string // userName or displayName
	created  *reply
}

// userBody is a User with a name of its own and the attributes of extra; the
// enterprise extension is named in "schemas" when extra has it.
func (s *session) userBody(extra object) object {
	body := object{"schemas": []any{urnUser}, "userName": s.name("user")}
	if _, ok := extra[urnEnt]; ok {
		body["schemas"] = []any{urnUser, urnEnt}
	}
	maps.Copy(body, extra)
	return body
}

func (s *session) groupBody(extra object) object {
	body := object{"schemas": []any{urnGroup}, "displayName": s.name("group")}
	maps.Copy(body, extra)
	return body
}

// user makes a user.
func (s *session) user(extra object) *thing { return s.make("/Users", s.userBody(extra)) }

// group makes a group with members.
func (s *session) group(members ...*thing) *thing {
	extra := object{}
	if len(members) > 0 {
		extra["members"] = refs(members...)
	}
	return s.make("/Groups", s.groupBody(extra))
}

func (s *session) make(endpoint string, body object) *thing {
	r := s.post(endpoint, body).want(http.StatusCreated).has("id")
	t := &thing{s: s, id: r.text("id"), created: r}
	t.path = endpoint + "/" + url.PathEscape(t.id)
	if t.name, _ = body["userName"].(string); t.name == "" {
		t.name, _ = body["displayName"].(string)
	}
	return t
}

// users makes n users with the attributes that each returns.
func (s *session) users(n int, each func(i int) object) []*thing {
	var out []*thing
	for i := range n {
		extra := object{}
		if each != nil {
			extra = each(i)
		}
		out = append(out, s.user(extra))
	}
	return out
}

// crowd makes n users whose names share a stem that no other user has, and
// returns a filter that finds exactly these.
func (s *session) crowd(n int, each func(i int) object) ([]*thing, string) {
	stem := s.name("crowd")
	all := s.users(n, func(i int) object {
		extra := object{}
		if each != nil {
			maps.Copy(extra, each(i))
		}
		extra["userName"] = stem + "-" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		return extra
	})
	return all, `userName sw "` + stem + `-"`
}

// refs are the values of members.
func refs(things ...*thing) []any {
	out := []any{}
	for _, t := range things {
		out = append(out, object{"value": t.id})
	}
	return out
}

func ids(things ...*thing) []string {
	var out []string
	for _, t := range things {
		out = append(out, t.id)
	}
	return out
}

func (t *thing) now() *reply { return t.s.get(t.path).want(http.StatusOK) }

func (t *thing) patch(ops ...any) *reply { return t.s.patch(t.path, ops...) }

// mine is a filter that finds the thing by its name.
func (t *thing) mine() string {
	attr := "userName"
	if strings.HasPrefix(t.path, "/Groups") {
		attr = "displayName"
	}
	return attr + ` eq "` + t.name + `"`
}

// find searches the thing's endpoint for it and a further condition, and
// expects n matches.
func (t *thing) find(n int, condition string) {
	endpoint, _, _ := strings.Cut(t.path[1:], "/")
	f := t.mine()
	if condition != "" {
		f += " and " + condition
	}
	t.s.search("/"+endpoint, f).total(n)
}

// unchanged expects the thing as it was in an earlier answer, its version and
// times included.
func (t *thing) unchanged(before *reply) *reply {
	now := t.now()
	if now.off() || before.dead {
		return now
	}
	if !reflect.DeepEqual(before.doc, now.doc) || before.etag() != now.etag() {
		now.wrong("the resource as before, %s", clip(string(before.body), 300))
	}
	return now
}

// seen returns the ids in a ListResponse in their order.
func (r *reply) seen() []string {
	var out []string
	for _, e := range r.list("Resources") {
		id, _ := lookup(e, "id").(string)
		out = append(out, id)
	}
	return out
}

// order expects exactly these resources in this order.
func (r *reply) order(things ...*thing) *reply {
	if r.total(len(things)); r.off() {
		return r
	}
	if got := r.seen(); !slices.Equal(got, ids(things...)) {
		r.wrong("the order %q, not %q", ids(things...), got)
	}
	return r
}

// members expects exactly these members of a group.
func (t *thing) members(want ...*thing) *reply {
	return t.now().set("members", "value", ids(want...)...)
}
