// Package storetest examines a store: the promises that both databases keep. It
// also opens databases for the tests of other packages.
package storetest

import (
	"testing"

	"github.com/muster-id/muster/store"
)

// Run examines the database that open returns. Each case gets a fresh, empty,
// migrated one.
func Run(t *testing.T, open func(testing.TB) *store.DB) {
	for _, c := range []struct {
		promise string
		check   func(*testing.T, *store.DB)
	}{
		{"what is stored comes back", roundTrip},
		{"a filter finds what the evaluator finds", agree},
	} {
		t.Run(c.promise, func(t *testing.T) { c.check(t, open(t)) })
	}
}
