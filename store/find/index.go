// Package find knows how resources are found: the keys and tokens that a
// document is indexed by, and the conditions of SQL that a filter becomes.
package find

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// Keys are the normalised columns that filters, orders and uniqueness use. An
// empty string is an absent value.
type Keys struct {
	Name    string // folded userName, unique in its type
	Display string // folded displayName
	Email   string // folded value of the primary e-mail, else of the first
	// Emails holds every folded e-mail once, between line feeds, unless Email is
	// the only one.
	Emails string
	Label  string // what people call it, as displayed
	Active Flag
}

// A Flag is a boolean that may be absent.
type Flag int8

// The values of a Flag.
const (
	Absent Flag = iota
	False
	True
)

// A UniqueValue is a value that no other resource of the type may have at Path.
type UniqueValue struct {
	Path string // of the attribute
	Key  string // normalised value
}

// MaxKey is how long a key may be: an index entry of PostgreSQL has to fit on a
// third of a page.
const MaxKey = 1024

// An Entry is all that a document is found by.
type Entry struct {
	Keys   Keys
	Tokens []int64
	Unique []UniqueValue
}

// Index computes the entry of a document in canonical form and of its
// externalIds by domain. It returns Invalid for a name too long to be kept.
func Index(seed []byte, rt *schema.ResourceType, doc schema.Object, externals map[string]string) (Entry, error) {
	x := indexer{seed: seed, rt: rt, doc: doc, externals: externals}
	if err := x.keys(); err != nil {
		return Entry{}, err
	}
	x.tokens()
	return x.Entry, nil
}

type indexer struct {
	seed []byte
	rt   *schema.ResourceType
	doc  schema.Object
	sum  []int64

	externals map[string]string
	Entry
}

// keys fills in the Keys.
func (x *indexer) keys() error {
	k := &x.Keys
	var err error
	for _, a := range x.rt.Schema.Attributes {
		ref := schema.Ref{Attr: a}
		switch HotColumn(ref) {
		case NameColumn:
			k.Name, err = x.key(a)
		case DisplayColumn:
			k.Display, err = x.key(a)
		case ActiveColumn:
			if b, ok := x.doc[a.Name].(bool); ok {
				k.Active = flag(b)
			}
		default:
			if sub := a.Sub("value"); sub != nil && HotColumn(schema.Ref{Attr: a, Sub: sub}) == EmailColumn {
				err = x.emails(schema.Ref{Attr: a, Sub: sub})
			}
		}
		if err != nil {
			return err
		}
	}
	k.Label = clip(Clean(label(x.doc)))
	return nil
}

func flag(b bool) Flag {
	if b {
		return True
	}
	return False
}

// label is what people call a resource.
func label(doc schema.Object) string {
	if s, ok := doc["displayName"].(string); ok {
		return s
	}
	if name, ok := doc["name"].(schema.Object); ok {
		if s, ok := name["formatted"].(string); ok {
			return s
		}
	}
	s, _ := doc["userName"].(string)
	return s
}

// Clean removes the one character that PostgreSQL cannot keep in a text.
func Clean(s string) string { return strings.ReplaceAll(s, "\x00", "") }

// clip shortens what is shown with every membership.
func clip(s string) string {
	if len(s) <= MaxKey {
		return s
	}
	return strings.ToValidUTF8(s[:MaxKey], "")
}

// key returns the key of a simple attribute.
func (x *indexer) key(a *schema.Attribute) (string, error) {
	s, _ := x.doc[a.Name].(string)
	return checkKey(a.Name, schema.Key(a, s))
}

func checkKey(path, key string) (string, error) {
	switch {
	case len(key) > MaxKey:
		return "", identity.NewError(identity.Invalid, path, path+" has more than "+strconv.Itoa(MaxKey)+" bytes.")
	case strings.Contains(key, "\x00"):
		return "", identity.NewError(identity.Invalid, path, path+" holds the character U+0000.")
	}
	return key, nil
}

func (x *indexer) emails(ref schema.Ref) error {
	var all []string
	for _, v := range values(x.doc, ref) {
		key, err := checkKey(ref.Path(), schema.Key(ref.Sub, v.(string)))
		if err != nil {
			return err
		}
		all = append(all, key)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if s, ok := filter.SortValue(x.doc, ref).(string); ok {
		x.Keys.Email = schema.Key(ref.Sub, s)
	}
	if len(all) > 1 || len(all) == 1 && all[0] != x.Keys.Email {
		// A line feed inside a value must not look like the end of it.
		for i := range all {
			all[i] = strings.ReplaceAll(all[i], "\n", "\x01")
		}
		x.Keys.Emails = "\n" + strings.Join(all, "\n") + "\n"
	}
	return nil
}

// values returns the simple values that ref names in doc.
func values(doc schema.Object, ref schema.Ref) []any {
	if ref.Ext != nil {
		doc, _ = doc[ref.Ext.ID].(schema.Object)
	}
	return flatten(nil, doc[ref.Attr.Name], ref.Sub)
}

func flatten(out []any, v any, sub *schema.Attribute) []any {
	switch v := v.(type) {
	case nil:
	case []any:
		for _, e := range v {
			out = flatten(out, e, sub)
		}
	case schema.Object:
		if sub != nil {
			out = flatten(out, v[sub.Name], nil)
		}
	default:
		if sub == nil {
			out = append(out, v)
		}
	}
	return out
}

// tokens fills in the Tokens and the Unique values.
func (x *indexer) tokens() {
	eachLeaf(x.rt, func(ref schema.Ref) {
		token, unique := indexed(ref)
		if !token && !unique {
			return
		}
		path := ref.Path()
		for _, v := range values(x.doc, ref) {
			key, ok := tokenKey(filter.Leaf(ref), v)
			if !ok {
				continue
			}
			if token && (HotColumn(ref) != EmailColumn || key != x.Keys.Email) {
				x.sum = append(x.sum, Hash(x.seed, x.rt.Name, path, key))
			}
			if unique {
				x.Unique = append(x.Unique, UniqueValue{Path: path, Key: uniqueKey(key)})
			}
		}
	})
	for domain, id := range x.externals {
		x.sum = append(x.sum, externalToken(x.seed, x.rt, domain, id))
	}
	slices.Sort(x.sum)
	x.Tokens = slices.Compact(x.sum)
}

// eachLeaf calls fn for every simple attribute and sub-attribute of a type's
// schemas.
func eachLeaf(rt *schema.ResourceType, fn func(schema.Ref)) {
	walk := func(ext *schema.Schema, attrs []*schema.Attribute) {
		for _, a := range attrs {
			if a.Type != schema.Complex {
				fn(schema.Ref{Ext: ext, Attr: a})
			}
			for _, sub := range a.SubAttributes {
				fn(schema.Ref{Ext: ext, Attr: a, Sub: sub})
			}
		}
	}
	walk(nil, rt.Schema.Attributes)
	for _, e := range rt.Extensions {
		walk(e.Schema, e.Schema.Attributes)
	}
}

// indexed reports whether equality on a leaf is answered by tokens, and whether
// its values are kept unique.
func indexed(ref schema.Ref) (token, unique bool) {
	leaf := ref.Attr
	if ref.Sub != nil {
		leaf = ref.Sub
	}
	switch {
	case ref.Attr.Rows || secret(ref.Attr) || secret(leaf):
		return false, false
	case HotColumn(ref) == EmailColumn:
		return true, false
	case HotColumn(ref) != "":
		return false, false
	}
	unique = leaf.Uniqueness == schema.Server || leaf.Uniqueness == schema.Global
	token = unique || leaf.Indexed || ref.Sub != nil && ref.Attr.Indexed && ref.Sub.Name == "value"
	return token && tokenType(leaf.Type), unique && tokenType(leaf.Type)
}

func secret(a *schema.Attribute) bool {
	return a.Returned == schema.Never || a.Mutability == schema.WriteOnly
}

func tokenType(t schema.Type) bool {
	switch t {
	case schema.String, schema.Reference, schema.Binary, schema.Integer, schema.Boolean:
		return true
	}
	return false
}

// tokenKey is the text under which a value of a leaf is hashed.
func tokenKey(leaf *schema.Attribute, v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return schema.Key(leaf, v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// uniqueKey makes a key that fits into an index entry.
func uniqueKey(key string) string {
	if len(key) <= 512 && !strings.Contains(key, "\x00") {
		return "=" + key
	}
	sum := sha256.Sum256([]byte(key))
	return "#" + string(appendHex(nil, sum[:]))
}

func appendHex(dst, b []byte) []byte {
	const digits = "0123456789abcdef"
	for _, c := range b {
		dst = append(dst, digits[c>>4], digits[c&15])
	}
	return dst
}

func externalToken(seed []byte, rt *schema.ResourceType, domain, id string) int64 {
	return Hash(seed, rt.Name, "externalId\x00"+domain, id)
}

// Hash returns the token of a value. Its 64 bits are keyed, so that nobody can
// choose values that collide; two that do by chance are 1 in 2^64, and tokens
// are therefore taken at their word.
func Hash(seed []byte, typ, path, key string) int64 {
	var room [256]byte
	b := append(room[:0], seed...)
	b = append(b, typ...)
	b = append(b, 0)
	b = append(b, path...)
	b = append(b, 0)
	b = append(b, key...)
	sum := sha256.Sum256(b)
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// Pack is the form in which a resource's tokens stand in its row.
func Pack(tokens []int64) []byte {
	var b []byte
	for _, t := range tokens {
		b = binary.BigEndian.AppendUint64(b, uint64(t))
	}
	return b
}

// Unpack reads what Pack wrote.
func Unpack(b []byte) []int64 {
	var tokens []int64
	for ; len(b) >= 8; b = b[8:] {
		tokens = append(tokens, int64(binary.BigEndian.Uint64(b)))
	}
	return tokens
}

// The columns that hold an attribute of their own.
const (
	NameColumn    = "name_key"
	DisplayColumn = "display_key"
	EmailColumn   = "email_key"
	ActiveColumn  = "active"
)

// HotColumn returns the column that holds the attribute, "" if none does.
func HotColumn(ref schema.Ref) string {
	if ref.Ext != nil || ref.Attr == nil {
		return ""
	}
	a := ref.Attr
	if ref.Sub != nil {
		if a.Name == "emails" && a.MultiValued && ref.Sub.Name == "value" && ref.Sub.Type == schema.String && !ref.Sub.MultiValued {
			return EmailColumn
		}
		return ""
	}
	switch {
	case a.MultiValued || secret(a):
	case a.Name == "userName" && a.Type == schema.String:
		return NameColumn
	case a.Name == "displayName" && a.Type == schema.String:
		return DisplayColumn
	case a.Name == "active" && a.Type == schema.Boolean:
		return ActiveColumn
	}
	return ""
}
