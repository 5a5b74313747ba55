package store_test

import (
	"database/sql"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/sqlite"
	"github.com/muster-id/muster/store/storetest"
)

// global are the tables without rows of an organisation.
var global = []string{"setting", "epoch", "types", "up", "down", "resource_search"}

// everywhere are the statements that may look at every organisation, by how
// they begin.
var everywhere = []string{
	"SELECT org_id, parent, slug, name, created, modified FROM organisation WHERE slug",
	"SELECT t.org_id, t.id, t.connection_id, t.hash",                                   // the look-up of a token
	"SELECT org_id, id, connection_id, txn, created, body FROM async_request ORDER BY", // a job
	"SELECT DISTINCT org_id FROM trash",                                                // a job
	"SELECT DISTINCT org_id FROM event",                                                // a job
	"SELECT org_id, type FROM tally GROUP BY",                                          // a job
	"SELECT org_id, name, verified, created FROM domain WHERE name",
	"SELECT org_id FROM app WHERE client_id",
	"SELECT DISTINCT org_id FROM assignment WHERE role_id", // organisations below may have it
	"SELECT due FROM job WHERE finished = 0",               // whoever works on jobs works for all
	"SELECT org_id, id, kind, due, tries, created, finished, failed, error, sealed, subject, note FROM job WHERE finished = 0",
}

var (
	table     = regexp.MustCompile(`(?:FROM|JOIN|INTO|UPDATE) ([a-z_]+)`)
	ofOne     = regexp.MustCompile(`org_id = (\$\d+|[a-z]+\.org_id)`)
	insertion = regexp.MustCompile(`^INSERT INTO [a-z_]+ \(org_id,`)
	forbidden = map[string]*regexp.Regexp{
		"LIKE with a parameter is no range":       regexp.MustCompile(`[^h] LIKE [$?]`),
		"case is folded in Go":                    regexp.MustCompile(`(?i)\b(lower|upper)\(`),
		"time comes from Go":                      regexp.MustCompile(`(?i)\b(now\(|current_timestamp|clock_timestamp)`),
		"ids come from Go":                        regexp.MustCompile(`(?i)\b(nextval|gen_random_uuid|random\()`),
		"columns are enumerated":                  regexp.MustCompile(`SELECT \*|\.\*`),
		"advisory locks do not work everywhere":   regexp.MustCompile(`(?i)advisory`),
		"a conflict target is a plain list":       regexp.MustCompile(`ON CONFLICT \([^)]*\(`),
		"NOT IN is NULL when the list holds NULL": regexp.MustCompile(`NOT IN`),
		"an update changes one table":             regexp.MustCompile(`^UPDATE .* FROM `),
		"JSON is for Go":                          regexp.MustCompile(`->|json`),
	}
)

// TestSQLite examines SQLite, and holds every statement that was run meanwhile to
// the rules that keep the store portable.
func TestSQLite(t *testing.T) {
	var lock sync.Mutex
	statements := map[string]bool{}
	t.Run("promises", func(t *testing.T) {
		storetest.Run(t, func(tb testing.TB) *store.DB {
			db := storetest.SQLite(tb)
			store.Watch(db, func(q store.Statement) {
				lock.Lock()
				defer lock.Unlock()
				statements[strings.Join(strings.Fields(q.SQL), " ")] = true
			})
			return db
		})
	})
	if !strings.Contains(flag.Lookup("test.run").Value.String(), "/") && len(statements) < 100 {
		t.Errorf("only %d statements were seen", len(statements))
	}
	for _, text := range slices.Sorted(maps.Keys(statements)) {
		for why, re := range forbidden {
			if re.MatchString(text) {
				t.Errorf("%s: %s", why, text)
			}
		}
		if !namesOrganisation(text) {
			t.Errorf("names no organisation: %s", text)
		}
	}
	testPlans(t, slices.Sorted(maps.Keys(statements)))
}

// testPlans refuses statements for which SQLite would read everything that an
// organisation has in a table whose rows are small and many.
func testPlans(t *testing.T, statements []string) {
	path := filepath.Join(t.TempDir(), "plans.db")
	ours, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	if err := ours.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, text := range statements {
		if wholeOrganisation.MatchString(text) || !strings.Contains(text, " ") {
			continue
		}
		for _, step := range plan(t, db, text) {
			if readsAll.MatchString(step) {
				t.Errorf("%s: %s", step, text)
			}
		}
	}
}

// signInTables are those of sign-in with many rows, and what statements call
// them.
const signInTables = `session|app_grant|consent|artefact|authenticator|verified|attempt|job|assignment|[sguayjx]`

var (
	readsAll = regexp.MustCompile(`^(SCAN (member|attr_token|unique_value|trash_member|change|credential|` + signInTables + `)\b|` +
		`SEARCH (member|attr_token|unique_value|trash_member|change|credential|` + signInTables + `)\b.*\(org_id=\?\)$)`)
	// What removes an organisation reads all of it, and so does what compiles its
	// access; the jobs that wait are few.
	wholeOrganisation = regexp.MustCompile(`^DELETE FROM [a-z_]+ WHERE org_id = \$1$|FROM change WHERE org_id = \$1 (AND id > |ORDER BY id DESC LIMIT 1$)|^SELECT due FROM job |FROM assignment WHERE org_id = \$1 ORDER BY id$|^SELECT group_id, member_id FROM member WHERE org_id = \$1 ORDER BY |^(SAVEPOINT|RELEASE|ROLLBACK|PRAGMA)`)
	dollar            = regexp.MustCompile(`\$(\d+)`)
)

// plan returns the steps by which SQLite carries out a statement.
func plan(t *testing.T, db *sql.DB, text string) (steps []string) {
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+dollar.ReplaceAllString(text, "NULL"))
	if err != nil {
		t.Errorf("explain %s: %v", text, err)
		return nil
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	return steps
}

// namesOrganisation reports whether each table of an organisation in sql is
// held to one organisation.
func namesOrganisation(sql string) bool {
	if slices.ContainsFunc(everywhere, func(head string) bool { return strings.HasPrefix(sql, head) }) {
		return true
	}
	tables := 0
	for _, m := range table.FindAllStringSubmatch(sql, -1) {
		if !slices.Contains(global, m[1]) {
			tables++
		}
	}
	held := len(ofOne.FindAllString(sql, -1))
	if insertion.MatchString(sql) {
		held++
	}
	return held >= tables
}

// TestMigrations holds the tables to the rules that keep the store portable.
func TestMigrations(t *testing.T) {
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	key := regexp.MustCompile(`(?:PRIMARY KEY|UNIQUE|CREATE (?:UNIQUE )?INDEX \w+ ON \w+) \(([^)]*)\)`)
	// The look-up of an organisation by its slug, a domain or an app and of a token
	// by its hash know no organisation yet, who works on jobs works for all, and
	// organisations below may have assigned a role.
	free := []string{"slug", "hash", "name", "client_id", "due", "role_id"}
	banned := regexp.MustCompile(`(?i)\b(serial|bigserial|identity|sequence|trigger|autoincrement|default|deferrable|references)\b|create (or replace )?function|jsonb|lower\(`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if banned.MatchString(line) {
				t.Errorf("%s:%d: not portable: %s", file, i+1, line)
			}
			for _, m := range key.FindAllStringSubmatch(line, -1) {
				if first, _, _ := strings.Cut(m[1], ","); first != "org_id" && !slices.Contains(free, first) {
					t.Errorf("%s:%d: the key does not begin with the organisation: %s", file, i+1, line)
				}
				if strings.Contains(m[1], "(") {
					t.Errorf("%s:%d: an index on an expression: %s", file, i+1, line)
				}
			}
			if strings.Contains(strings.ToUpper(line), "CREATE UNIQUE INDEX") && strings.Contains(line, "WHERE") {
				t.Errorf("%s:%d: a partial unique index: %s", file, i+1, line)
			}
		}
	}
}
