package filter

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/muster-id/muster/scim/schema"
)

// FuzzParse checks the only law that a printer owes its parser: what is printed
// can be read back as the same tree. It also binds and evaluates what it reads.
func FuzzParse(f *testing.F) {
	for _, in := range []string{
		`userName eq "ann"`, `emails[type eq "work" and value co "@example.org"] or not (active pr)`,
		`a pr and (b pr and c pr) or not(d eq 1.50)`, `schemas eq "urn:x"`, `name[familyName eq "x"]`,
		schema.EnterpriseURN + `:manager.value eq "\u00e9"`, `meta.created ge "2026-05-01T12:00:00.1234567+02:00"`,
		`emails[type eq "work"].value eq "a"`, `a eq -0.0e10`, `active eq "True"`, `members eq null`, `size gt 12`, `x:y:z pr`,
	} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		e, err := Parse(in)
		if err != nil {
			if _, ok := err.(*schema.Error); !ok {
				t.Fatalf("Parse(%q): %T is no error of schema", in, err)
			}
			return
		}
		if len(e.String()) <= MaxLength {
			sameTree(t, in, e)
		}
		for _, rt := range []*schema.ResourceType{userType, groupType, thingType} {
			for _, d := range []schema.Dialect{schema.RFC, schema.Strict, schema.Entra} {
				b, err := Bind(e, rt, d)
				if err != nil {
					continue
				}
				Match(b, ann())
				Rows(b)
				again, err := Bind(b, rt, d)
				if err == nil && again.String() != b.String() {
					t.Errorf("%q binds to %s, and that to %s", in, b, again)
				}
			}
		}
	})
}

func sameTree(t *testing.T, in string, e Expr) {
	t.Helper()
	again, err := Parse(e.String())
	if err != nil {
		t.Fatalf("Parse(%q) printed %q, which does not parse: %v", in, e, err)
	}
	if !reflect.DeepEqual(e, again) {
		t.Errorf("Parse(%q) printed %q, which parses to %q", in, e, again)
	}
}

func FuzzParsePath(f *testing.F) {
	for _, in := range []string{
		`members`, `name.familyName`, `emails[type eq "work"].value`, schema.EnterpriseURN, schema.EnterpriseURN + `:manager.value`,
		`addresses[not (type eq "work")]`, `members[value eq "]"]`, `urn:x:2.0`,
	} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		p, err := ParsePath(in)
		if err != nil {
			if _, ok := err.(*schema.Error); !ok {
				t.Fatalf("ParsePath(%q): %T is no error of schema", in, err)
			}
			return
		}
		if s := p.String(); len(s) <= MaxLength {
			again, err := ParsePath(s)
			if err != nil || !reflect.DeepEqual(p, again) {
				t.Fatalf("ParsePath(%q) printed %q, which parses to %q, %v", in, s, again, err)
			}
		}
		for _, rt := range []*schema.ResourceType{userType, groupType} {
			if b, err := BindPath(p, rt, schema.RFC); err == nil && b.Filter != nil {
				MatchElement(b.Filter, object{"type": "work", "value": "x"})
			}
		}
	})
}

// A die makes random filters over a thing and random things.
type die struct{ *rand.Rand }

func (d die) pick(from ...string) string { return from[d.IntN(len(from))] }

func (d die) filter(depth int) string {
	if depth == 0 {
		return d.term()
	}
	switch d.IntN(5) {
	case 0:
		return "(" + d.filter(depth-1) + ") and (" + d.filter(depth-1) + ")"
	case 1:
		return d.filter(depth-1) + " or " + d.filter(depth-1)
	case 2:
		return "not (" + d.filter(depth-1) + ")"
	case 3:
		return `parts[` + d.pick(`value eq "a"`, `count gt 1 and value pr`, `not (value ne "b")`, `marks eq "m" or count eq 0`) + "]"
	}
	return d.term()
}

func (d die) term() string {
	op := d.pick("eq", "ne", "gt", "ge", "lt", "le")
	switch d.IntN(6) {
	case 0:
		return d.pick("label", "tags", "parts", "parts.marks", "code") + " " + d.pick(op, "co", "sw", "ew") + ` "` + d.pick("a", "B", "ab", "") + `"`
	case 1:
		return fmt.Sprintf("size %s %d", op, d.IntN(4))
	case 2:
		return fmt.Sprintf("parts.count %s %d", op, d.IntN(4))
	case 3:
		return "on " + d.pick("eq", "ne") + " " + d.pick("true", "false", "null")
	case 4:
		return fmt.Sprintf(`made %s "2026-01-01T0%d:00:00+01:00"`, op, d.IntN(4))
	}
	return d.pick("label", "tags", "parts", "parts.marks", "nosuch", "made", "size") + " pr"
}

func (d die) thing() object {
	o := object{}
	set := func(name string, v any) {
		if d.IntN(3) > 0 {
			o[name] = v
		}
	}
	set("label", d.pick("a", "b", "AB"))
	set("code", d.pick("a", "b", "AB"))
	set("size", int64(d.IntN(4)))
	set("on", d.IntN(2) == 0)
	set("made", fmt.Sprintf("2026-01-01T0%d:00:00.000Z", d.IntN(4)))
	set("tags", []any{d.pick("a", "b"), d.pick("AB", "c")})
	set("parts", []any{
		object{"value": d.pick("a", "b"), "count": int64(d.IntN(4))},
		object{"value": d.pick("a", "ab"), "marks": []any{d.pick("m", "n")}},
	})
	return o
}

func TestLaws(t *testing.T) {
	d := die{rand.New(rand.NewPCG(1, 2))}
	bind := func(format string, args ...any) Expr {
		return mustBind(t, fmt.Sprintf(format, args...), thingType, schema.RFC)
	}
	both := 0
	for range 2000 {
		x, y, o := d.filter(2), d.filter(2), d.thing()
		laws := []struct{ law, left, right string }{
			{"De Morgan for and", "not ((%s) and (%s))", "not (%s) or not (%s)"},
			{"De Morgan for or", "not ((%s) or (%s))", "not (%s) and not (%s)"},
			{"and commutes", "(%s) and (%s)", "(%[2]s) and (%[1]s)"},
			{"or commutes", "(%s) or (%s)", "(%[2]s) or (%[1]s)"},
		}
		for _, l := range laws {
			if Match(bind(l.left, x, y), o) != Match(bind(l.right, x, y), o) {
				t.Fatalf("%s fails for %s / %s on %v", l.law, x, y, o)
			}
		}
		e := bind("%s", x)
		if Match(e, o) == Match(bind("not (%s)", x), o) {
			t.Fatalf("not (%s) agrees with it on %v", x, o)
		}
		if Match(bind("%s", e), o) != Match(e, o) {
			t.Fatalf("%s printed from its bound form means something else", x)
		}
		if Match(e, o) {
			both++
		}
	}
	if both < 200 || both > 1800 {
		t.Errorf("%d of 2000 random filters match: the test sees one side only", both)
	}
}

// A single-valued attribute has one value at most, so that ne is not eq.
func TestNeIsNotEqForSingleValues(t *testing.T) {
	d := die{rand.New(rand.NewPCG(3, 4))}
	for range 500 {
		o, v := d.thing(), d.pick(`label %s "a"`, `size %s 2`, `on %s true`, `made %s "2026-01-01T01:00:00Z"`, `label %s null`)
		ne := mustBind(t, fmt.Sprintf(v, "ne"), thingType, schema.RFC)
		eq := mustBind(t, fmt.Sprintf(v, "eq"), thingType, schema.RFC)
		if Match(ne, o) == Match(eq, o) {
			t.Fatalf("%s and %s agree on %v", ne, eq, o)
		}
	}
}
