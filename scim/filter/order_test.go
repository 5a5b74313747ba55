package filter

import (
	"fmt"
	"slices"
	"testing"

	"github.com/muster-id/muster/scim/schema"
)

func TestOrder(t *testing.T) {
	for phrase, tt := range map[string]struct {
		attr string
		want []any // in ascending order
	}{
		"13 strings by case rule, absent last": {"label", []any{"a", "b", "C", nil}},
		"exact strings by bytes":               {"code", []any{"C", "a", "b", nil}},
		"20 integers, absent last":             {"size", []any{int64(-5), int64(3), int64(20), nil}},
		"decimals":                             {"weight", []any{-0.5, 3.0, 20.25}},
		"dateTimes by instant":                 {"made", []any{"2026-01-01T01:00:00+02:00", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.0001Z", nil}},
		"booleans":                             {"on", []any{false, true, nil}},
	} {
		ref, ok := thingType.Find("", tt.attr, "")
		if !ok {
			t.Fatal(tt.attr)
		}
		got := slices.Clone(tt.want)
		slices.Reverse(got)
		slices.SortStableFunc(got, func(a, b any) int { return Order(a, b, Leaf(ref)) })
		if fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: sorted %v, want %v", phrase, got, tt.want)
		}
		for _, v := range got {
			if n := Order(v, v, ref.Attr); n != 0 {
				t.Errorf("%s: Order(%v, %v) = %d", phrase, v, v, n)
			}
		}
	}
}

func TestSortValue(t *testing.T) {
	for path, want := range map[string]any{
		"emails.value":                    "b@y.io", // of the primary one
		"emails":                          "b@y.io",
		"emails.display":                  nil,
		"groups":                          "g1", // the first
		"userName":                        "Ann@Example.org",
		"name":                            nil, // complex, without a value
		"name.familyName":                 "Straße",
		"meta.created":                    "2026-05-01T12:00:00.000Z",
		"schemas":                         schema.UserURN,
		"title":                           nil,
		schema.EnterpriseURN + ":manager": "M1",
	} {
		p, err := ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := BindPath(p, userType, schema.Strict)
		if err != nil {
			t.Fatal(err)
		}
		if got := SortValue(ann(), b.Ref); got != want {
			t.Errorf("SortValue(%s) = %v, want %v", path, got, want)
		}
	}
	if got := SortValue(ann(), schema.Ref{}); got != nil {
		t.Errorf("SortValue of an unknown attribute = %v", got)
	}
}
