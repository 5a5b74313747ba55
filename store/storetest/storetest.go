// Package storetest examines a store: the promises that both databases keep. It
// also opens databases for the tests of other packages.
package storetest

import (
	"testing"

	"github.com/muster-id/muster/store"
)

// Run examines the database that open returns. Each case gets a fresh, empty,
// migrated one and names the promise it checks.
func Run(t *testing.T, open func(testing.TB) *store.DB) {
	for _, c := range []struct {
		promise string
		check   func(*testing.T, *store.DB)
	}{
		{"what is stored comes back", roundTrip},
		{"what is replaced comes back", replaced},
		{"an externalId belongs to its domain", externals},
		{"many are read at once", many},
		{"a filter finds what the evaluator finds", agree},

		{"a name taken in another spelling is a conflict", nameConflict},
		{"a value that a schema declares unique is taken once", uniqueConflict},
		{"a key too long for an index is refused", longKey},
		{"a writer who saw an old version is told so", staleVersion},
		{"a failed transaction leaves nothing behind", rollback},
		{"a failed part leaves the rest", savepoint},
		{"a panic leaves nothing behind and the database alive", panics},
		{"a retried function is run again", retry},

		{"no method crosses organisations", tenantWall},
		{"a deleted organisation leaves nothing", deleteOrganisation},

		{"members come, are counted once and go", members},
		{"memberships of many are bounded", tooManyRows},
		{"groups of groups are followed upwards and downwards", nested},
		{"a large group takes one more member as fast as a small one", largeGroup},

		{"a cursor walk sees every survivor once", cursorWalk},
		{"every start index finds its page", startIndexes},
		{"a cursor of another query is refused", foreignCursor},
		{"a search follows what is written", searchFollows},
		{"what most rows have is found too", common},
		{"a scan ends at its limit", costLimit},
		{"a scan ends with its context", cancelledScan},

		{"a change is made exactly once under contention", exactlyOnce},
		{"totals are right under contention", totals},
		{"what is acknowledged is there for everybody", acknowledged},
		{"a caller who gives up leaves the queue", cancelled},

		{"the deleted can be restored", trash},
		{"a restored name may be taken", restoreConflict},
		{"the trash is emptied by age", purge},
		{"an attribute can become indexed", reindex},

		{"organisations are kept", organisations},
		{"connections and tokens are kept", connections},
		{"schemas are kept", schemas},
		{"changes are kept in order", changes},
		{"requests and events are kept", requests},
		{"settings are kept", settings},
		{"the epoch tells of administrative changes only", epochs},
		{"migrations may run twice", migrations},

		{"what people sign in with comes back", signInRoundTrip},
		{"no method of sign-in crosses organisations", signInWall},
		{"a deleted organisation leaves nothing of sign-in", signInDeleted},
		{"apps and their secrets are kept", apps},
		{"sessions change and end with their grants", sessions},
		{"grants rotate and end", grants},
		{"what ends a token shows at once", alive},
		{"artefacts are used once", artefacts},
		{"of fifty at a time one succeeds", onlyOne},
		{"failures are counted in a window", failures},
		{"rows of sign-in are replaced", replacedRows},
		{"the epoch tells of apps, settings, keys and domains", signInEpoch},
		{"users are found by what they type", usersFound},
		{"jobs are claimed and finished", jobs},
		{"what is over is purged", purgeSignIn},
		{"functions wait for the end of a transaction", afterwards},

		{"roles are given and taken away", assignments},
		{"assignments end with what they hang on", assignmentsEnd},
		{"what access is compiled of is read whole", compiled},
		{"the mark of an organisation tells of its changes", marked},
	} {
		t.Run(c.promise, func(t *testing.T) { c.check(t, open(t)) })
	}
}
