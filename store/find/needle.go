package find

import (
	"bytes"
	"unicode/utf8"

	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// Needle returns a text that stands in every document that matches e, in some
// case, nil if none is known. Looking for it spares most documents of a scan from
// being decoded.
func Needle(e filter.Expr) []byte {
	switch e := e.(type) {
	case *filter.And:
		x, y := Needle(e.X), Needle(e.Y)
		if len(y) > len(x) {
			return y
		}
		return x
	case *filter.Has:
		if e.Ref.Attr != nil && !e.Ref.Attr.Rows {
			return Needle(e.Filter)
		}
	case *filter.Compare:
		if inDocument(e.Ref) && e.Key != "" && isASCII(e.Key) {
			switch e.Op {
			case filter.Eq, filter.Co, filter.Sw, filter.Ew:
				return bytes.ToLower([]byte(e.Key))
			}
		}
	}
	return nil
}

// inDocument reports whether the values of an attribute stand in the document
// as they are compared, apart from case and escapes.
func inDocument(ref schema.Ref) bool {
	leaf := filter.Leaf(ref)
	if leaf == nil || ref.Attr.Rows || leaf.Type == schema.DateTime {
		return false
	}
	return ref.Ext != nil || ref.Attr.Name != "meta" && ref.Attr.Name != "externalId"
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// MayHold reports whether a document may hold the needle. Only of plain
// documents it can tell: other scripts have characters that fold to ASCII, and
// escapes hide what they stand for. low is scratch room.
func MayHold(doc, needle []byte, low *[]byte) bool {
	b := (*low)[:0]
	for _, c := range doc {
		if c >= utf8.RuneSelf || c == '\\' {
			return true
		}
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		b = append(b, c)
	}
	*low = b
	return bytes.Contains(b, needle)
}
