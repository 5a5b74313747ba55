package filter

import (
	"testing"

	"github.com/muster-id/muster/scim/schema"
)

const benchFilter = `userName eq "ann@example.org" and (active eq true or emails[type eq "home" and value co "@y.io"]) and meta.lastModified ge "2026-01-01T00:00:00Z"`

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(benchFilter); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBind(b *testing.B) {
	e, _ := Parse(benchFilter)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Bind(e, userType, schema.RFC); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	e, o := mustBind(b, benchFilter, userType, schema.RFC), ann()
	b.ReportAllocs()
	for b.Loop() {
		if !Match(e, o) {
			b.Fatal("no match")
		}
	}
}
