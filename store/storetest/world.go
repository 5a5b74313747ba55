package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
	"pgregory.net/rapid"
)

// texts are values that are near one another: in case, in width, as prefixes,
// as wildcards of SQL.
var texts = []string{
	"ann", "Ann", "ANNA", "an", "nna", "bob", "Bob Ross", "straße", "STRASSE", "åsa", "ÅSA", "ＡＮＮ",
	"%", "_nn", `x"y\z`, "日本語テキスト", "a\nb", "'", "?", "$1", "\U0010FFFF\U0010FFFF", "퟿", "e", "abcdefgh",
}

var references = []string{"https://example.org/a", "https://example.org/A", "urn:x:1"}

var instants = []string{
	"2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.679Z", "2025-12-31T23:59:59Z", "2026-01-02T03:04:05.6785Z", "2026-01-02T04:04:05.678+01:00",
}

const domain = "hr"

// A world is an organisation with random resources of a random schema, and what
// filters see of it.
type world struct {
	org     identity.OrgID
	types   []*schema.ResourceType
	objects []object
}

type object struct {
	rt  *schema.ResourceType
	id  identity.ID
	obj schema.Object
}

// drawExtension draws an extension with attributes of every type.
func drawExtension(t *rapid.T) *schema.Schema {
	s := &schema.Schema{ID: "urn:example:Extra", Name: "Extra"}
	for i := range 6 {
		typ := rapid.SampledFrom([]schema.Type{
			schema.String, schema.Boolean, schema.Integer, schema.Decimal, schema.DateTime, schema.Reference, schema.Complex,
		}).Draw(t, "type")
		a := drawAttribute(t, fmt.Sprintf("a%d", i), typ)
		if typ == schema.Complex {
			a.SubAttributes = []*schema.Attribute{
				drawAttribute(t, "value", schema.String), drawAttribute(t, "n", schema.Integer), drawAttribute(t, "type", schema.String),
			}
			for _, sub := range a.SubAttributes {
				sub.MultiValued = false
			}
		}
		s.Attributes = append(s.Attributes, a)
	}
	return s
}

func drawAttribute(t *rapid.T, name string, typ schema.Type) *schema.Attribute {
	return &schema.Attribute{
		Name: name, Type: typ, Mutability: schema.ReadWrite, Returned: schema.Default, Uniqueness: schema.None,
		MultiValued: rapid.Bool().Draw(t, "multi"),
		CaseExact:   rapid.Bool().Draw(t, "exact"),
		Indexed:     rapid.Bool().Draw(t, "indexed"),
	}
}

// drawValue draws a canonical value of an attribute, nil for none.
func drawValue(t *rapid.T, a *schema.Attribute) any {
	if rapid.IntRange(0, 3).Draw(t, "absent") == 0 {
		return nil
	}
	if !a.MultiValued {
		return drawOne(t, a)
	}
	var list []any
	for range rapid.IntRange(1, 3).Draw(t, "values") {
		if v := drawOne(t, a); v != nil {
			list = append(list, v)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

func drawOne(t *rapid.T, a *schema.Attribute) any {
	switch a.Type {
	case schema.String:
		return rapid.SampledFrom(texts).Draw(t, "text")
	case schema.Reference:
		return rapid.SampledFrom(references).Draw(t, "reference")
	case schema.Boolean:
		return rapid.Bool().Draw(t, "bool")
	case schema.Integer:
		return rapid.Int64Range(-2, 2).Draw(t, "int")
	case schema.Decimal:
		return float64(rapid.IntRange(-2, 2).Draw(t, "decimal")) / 2
	case schema.DateTime:
		return rapid.SampledFrom(instants[:3]).Draw(t, "instant")
	case schema.Complex:
		o := schema.Object{}
		for _, sub := range a.SubAttributes {
			if v := drawValue(t, sub); v != nil {
				o[sub.Name] = v
			}
		}
		if len(o) == 0 {
			return nil
		}
		return o
	}
	return nil
}

// drawWorld makes a world and stores it.
func drawWorld(t *rapid.T, tb testing.TB, db *store.DB) *world {
	ext := drawExtension(t)
	reg, err := schema.Standard().Extend("User", ext, false)
	if err != nil {
		t.Fatal(err)
	}
	users, groups := reg.TypeByName("User"), reg.TypeByName("Group")
	w := &world{org: identity.NewOrgID(), types: []*schema.ResourceType{users, groups}}
	var resources []*store.Resource
	for i := range rapid.IntRange(3, 12).Draw(t, "users") {
		doc := drawUser(t, ext, i)
		r := w.add(t, db, users, doc)
		resources = append(resources, r)
	}
	for range rapid.IntRange(0, 4).Draw(t, "groups") {
		doc := schema.Object{"displayName": rapid.SampledFrom(texts).Draw(t, "group")}
		resources = append(resources, w.add(t, db, groups, doc))
	}
	err = db.Update(tb.Context(), func(tx *store.Tx) error {
		for _, r := range resources {
			if err := tx.Insert(tb.Context(), r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("insert: %v", err)
	}
	w.drawMembers(t, tb, db, resources)
	return w
}

func drawUser(t *rapid.T, ext *schema.Schema, i int) schema.Object {
	doc := schema.Object{"userName": fmt.Sprintf("%s%d", rapid.SampledFrom(texts).Draw(t, "userName"), i)}
	if rapid.Bool().Draw(t, "displayed") {
		doc["displayName"] = rapid.SampledFrom(texts).Draw(t, "displayName")
	}
	if rapid.Bool().Draw(t, "known") {
		doc["active"] = rapid.Bool().Draw(t, "active")
	}
	if rapid.Bool().Draw(t, "titled") {
		doc["title"] = rapid.SampledFrom(texts).Draw(t, "title")
	}
	var emails []any
	for j := range rapid.IntRange(0, 3).Draw(t, "emails") {
		e := schema.Object{"type": rapid.SampledFrom([]string{"work", "home"}).Draw(t, "kind")}
		if rapid.IntRange(0, 4).Draw(t, "valueless") > 0 {
			e["value"] = rapid.SampledFrom(texts).Draw(t, "email")
		}
		if j == 1 {
			e["primary"] = true
		}
		emails = append(emails, e)
	}
	if len(emails) > 0 {
		doc["emails"] = emails
	}
	extra := schema.Object{}
	for _, a := range ext.Attributes {
		if v := drawValue(t, a); v != nil {
			extra[a.Name] = v
		}
	}
	if len(extra) > 0 {
		doc[ext.ID] = extra
	}
	return doc
}

// add makes a resource and what filters see of it.
func (w *world) add(t *rapid.T, db *store.DB, rt *schema.ResourceType, doc schema.Object) *store.Resource {
	at := epoch.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "age")) * time.Millisecond)
	r := &store.Resource{Org: w.org, Type: rt.Name, ID: identity.NewID(), Version: 1, Created: epoch, Modified: at}
	if rapid.Bool().Draw(t, "external") {
		r.SetExternalID(rapid.SampledFrom([]string{domain, "other"}).Draw(t, "domain"), rapid.SampledFrom(texts).Draw(t, "externalId"))
	}
	doc["id"] = r.ID.String()
	doc["schemas"] = []any{rt.Schema.ID}
	if err := rt.Finish(doc); err != nil {
		t.Fatalf("finish: %v", err)
	}
	r.Doc = rt.Encode(doc)
	if err := db.Index(r, rt, doc); err != nil {
		t.Fatalf("index: %v", err)
	}
	if id := r.ExternalID(domain); id != "" {
		doc["externalId"] = id
	}
	doc["meta"] = schema.Object{
		"resourceType": rt.Name, "created": schema.FormatTime(r.Created),
		"lastModified": schema.FormatTime(r.Modified), "version": `W/"1"`,
	}
	w.objects = append(w.objects, object{rt, r.ID, doc})
	return r
}

// drawMembers fills the groups, and gives everybody the rows that follow.
func (w *world) drawMembers(t *rapid.T, tb testing.TB, db *store.DB, resources []*store.Resource) {
	parents := map[identity.ID][]identity.ID{}
	err := db.Update(tb.Context(), func(tx *store.Tx) error {
		clear(parents)
		for i, g := range resources {
			if g.Type != "Group" {
				continue
			}
			var members []store.Member
			var rows []any
			for _, r := range resources {
				if rapid.IntRange(0, 2).Draw(t, "member") == 0 && r.ID != g.ID {
					members = append(members, store.Member{ID: r.ID, Type: r.Type})
					parents[r.ID] = append(parents[r.ID], g.ID)
					row := schema.Object{"value": r.ID.String(), "type": r.Type}
					if r.Keys.Label != "" {
						row["display"] = r.Keys.Label
					}
					rows = append(rows, row)
				}
			}
			if len(rows) > 0 {
				w.objects[i].obj["members"] = rows
			}
			if _, err := tx.AddMembers(tb.Context(), w.org, g.ID, members); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("add members: %v", err)
	}
	labels := map[identity.ID]string{}
	for _, r := range resources {
		labels[r.ID] = r.Keys.Label
	}
	for i, r := range resources {
		if r.Type == "User" {
			w.objects[i].setGroups(parents, labels)
		}
	}
}

// setGroups computes the groups of a user from the groups that everybody is
// directly in.
func (o object) setGroups(parents map[identity.ID][]identity.ID, labels map[identity.ID]string) {
	direct := parents[o.id]
	all := slices.Clone(direct)
	for i := 0; i < len(all); i++ {
		for _, g := range parents[all[i]] {
			if !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
	}
	var rows []any
	for _, g := range all {
		kind := "indirect"
		if slices.Contains(direct, g) {
			kind = "direct"
		}
		rows = append(rows, schema.Object{"value": g.String(), "type": kind, "display": labels[g]})
	}
	if len(rows) > 0 {
		o.obj["groups"] = rows
	}
}

// drawFilter draws the text of a filter.
func (w *world) drawFilter(t *rapid.T, depth int) string {
	if depth > 0 {
		switch rapid.IntRange(0, 4).Draw(t, "node") {
		case 0:
			return "(" + w.drawFilter(t, depth-1) + " and " + w.drawFilter(t, depth-1) + ")"
		case 1:
			return "(" + w.drawFilter(t, depth-1) + " or " + w.drawFilter(t, depth-1) + ")"
		case 2:
			return "not (" + w.drawFilter(t, depth-1) + ")"
		case 3:
			return w.drawHas(t)
		}
	}
	ref, name := w.drawRef(t)
	return drawCompare(t, ref, name, w)
}

// drawRef draws an attribute that can stand in a comparison, and its name.
func (w *world) drawRef(t *rapid.T) (schema.Ref, string) {
	rt := w.types[0]
	if rapid.IntRange(0, 3).Draw(t, "of a group") == 0 {
		rt = w.types[1]
	}
	names := []string{
		"id", "externalId", "meta.created", "meta.lastModified", "meta.resourceType", "schemas", "displayName",
		"userName", "emails.value", "emails.value", "emails.type", "active", "title", "members.value", "members.type", "groups.value",
		"groups.type", "emails", "nothing",
	}
	for _, a := range rt.Extensions {
		for _, x := range a.Schema.Attributes {
			if strings.HasPrefix(x.Name, "a") && len(x.Name) == 2 {
				name := a.Schema.ID + ":" + x.Name
				if x.Type == schema.Complex {
					name += "." + rapid.SampledFrom([]string{"value", "n", "type"}).Draw(t, "sub")
				}
				names = append(names, name)
			}
		}
	}
	name := rapid.SampledFrom(names).Draw(t, "attribute")
	e, err := filter.Parse(name + " pr")
	if err == nil {
		e, err = filter.Bind(e, rt, schema.RFC)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	c, ok := e.(*filter.Compare)
	if !ok {
		t.Fatalf("%s is bound to %T", name, e)
	}
	return c.Ref, name
}

// drawHas draws a filter in brackets.
func (w *world) drawHas(t *rapid.T) string {
	attr := rapid.SampledFrom([]string{"emails", "members", "groups", "nothing"}).Draw(t, "list")
	var parts []string
	for range rapid.IntRange(1, 2).Draw(t, "parts") {
		sub := rapid.SampledFrom([]string{"value", "type", "display"}).Draw(t, "sub")
		ref := schema.Ref{Attr: &schema.Attribute{Type: schema.String}}
		part := drawCompare(t, ref, sub, w)
		if rapid.IntRange(0, 4).Draw(t, "negated") == 0 {
			part = "not (" + part + ")"
		}
		parts = append(parts, part)
	}
	return attr + "[" + strings.Join(parts, rapid.SampledFrom([]string{" and ", " or "}).Draw(t, "word")) + "]"
}

// drawCompare draws a comparison of an attribute with a literal that may well
// be there.
func drawCompare(t *rapid.T, ref schema.Ref, name string, w *world) string {
	leaf := filter.Leaf(ref)
	ops := []string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"}
	literal := drawText(t, w)
	if leaf != nil {
		switch leaf.Type {
		case schema.Boolean:
			ops = []string{"eq", "ne", "pr"}
			literal = rapid.SampledFrom([]string{"true", "false"}).Draw(t, "literal")
		case schema.Integer:
			ops = []string{"eq", "ne", "gt", "ge", "lt", "le", "pr"}
			literal = fmt.Sprint(rapid.IntRange(-2, 2).Draw(t, "literal"))
		case schema.Decimal:
			ops = []string{"eq", "ne", "gt", "ge", "lt", "le", "pr"}
			literal = fmt.Sprint(float64(rapid.IntRange(-2, 2).Draw(t, "literal")) / 2)
		case schema.DateTime:
			ops = []string{"eq", "ne", "gt", "ge", "lt", "le", "pr"}
			literal = `"` + rapid.SampledFrom(instants).Draw(t, "literal") + `"`
		}
	}
	if strings.HasPrefix(name, "meta.") && leaf == nil {
		ops = []string{"pr"}
	}
	op := rapid.SampledFrom(ops).Draw(t, "op")
	if op == "pr" {
		return name + " pr"
	}
	return name + " " + op + " " + literal
}

// drawText draws a string literal: a value, a part of one, an id, a type.
func drawText(t *rapid.T, w *world) string {
	s := rapid.SampledFrom(texts).Draw(t, "literal")
	switch rapid.IntRange(0, 5).Draw(t, "literal kind") {
	case 0:
		s = rapid.SampledFrom(w.objects).Draw(t, "id").id.String()
	case 1:
		s = rapid.SampledFrom([]string{
			"User", "group", "work", "direct", "indirect", "", schema.UserURN, "urn:example:Extra", "https://example.org/a",
		}).Draw(t, "word")
	case 2:
		chars := []rune(s)
		s = string(chars[:rapid.IntRange(1, len(chars)).Draw(t, "length")])
	}
	return string(schema.AppendString(nil, s))
}
