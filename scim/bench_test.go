package scim_test

import (
	"net/http"
	"testing"
)

// discard is a ResponseWriter that keeps nothing.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

func benchmark(b *testing.B, s step) {
	f := start(b)
	f.run(ann)
	f.run(step{do: "POST /Groups", body: `{"schemas":["$G"],"displayName":"g","externalId":"e","members":[{"value":"{u}"}]}`, status: 201, save: "g"})
	r := f.request(s)
	b.ReportAllocs()
	for b.Loop() {
		w := discard{http.Header{}}
		f.server.ServeHTTP(w, r)
	}
}

// BenchmarkGet reads a group by id: the path that decodes nothing.
func BenchmarkGet(b *testing.B) { benchmark(b, step{do: "GET /Groups/{g}"}) }

// BenchmarkGetExcluded is what Entra sends before it touches a group.
func BenchmarkGetExcluded(b *testing.B) {
	benchmark(b, step{do: "GET /Groups/{g}?excludedAttributes=members"})
}

// BenchmarkGetSelected has to decode.
func BenchmarkGetSelected(b *testing.B) {
	benchmark(b, step{do: "GET /Groups/{g}?attributes=displayName"})
}

func BenchmarkBulk(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		f := start(b)
		s := step{do: "POST /Bulk", body: bulkOf(1000)}
		r := f.request(s)
		b.StartTimer()
		f.server.ServeHTTP(discard{http.Header{}}, r)
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "users/s")
}
