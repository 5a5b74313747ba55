package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// everywhere names the tables whose rows belong to no organisation, and the keys
// that must be unique across all of them, each with the reason.
var everywhere = map[string]string{
	"setting":                "of the installation",
	"epoch":                  "of the installation",
	"lease":                  "of the installation",
	"organisation.slug":      "finds the organisation",
	"token.hash":             "finds the organisation of a credential",
	"resource_search":        "beside resource, by row; what it finds is looked up there",
	"resource (search gin_t": "a trigram index has one column",
}

// A statement is one piece of SQL and where it stands.
type statement struct{ at, text string }

var (
	createTable = regexp.MustCompile(`(?s)CREATE TABLE (\w+) \((.*?)\n\)`)
	key         = regexp.MustCompile(`(?m)^\s*(?:CONSTRAINT \w+ )?(?:PRIMARY KEY|UNIQUE)\s*\(([^)]*)\)|^\s*(\w+) .* PRIMARY KEY,?$`)
	createIndex = regexp.MustCompile(`CREATE (?:UNIQUE )?INDEX \w+ ON (\w+) (?:USING \w+ )?\(([^)]*)\)`)
	// unportable are things that an engine which only speaks PostgreSQL's
	// protocol may lack, or that the two databases do differently.
	unportable  = regexp.MustCompile(`(?i)\b(SERIAL|BIGSERIAL|AUTOINCREMENT|CREATE SEQUENCE|NEXTVAL|CREATE TRIGGER|CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)|PG_ADVISORY\w*|LOWER\s*\(|UPPER\s*\(|ILIKE|NOW\s*\(\)|CURRENT_TIMESTAMP)`)
	statementOf = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b`)
)

// TestMigrations holds tables to the rules that let the data be spread over
// machines by organisation.
func TestMigrations(t *testing.T) {
	all, err := migrations(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		for _, bad := range judgeTables(m) {
			t.Error(bad)
		}
	}
	if len(all) == 0 {
		t.Error("no migrations were found")
	}
}

func migrations(tree fs.FS) (all []statement, err error) {
	names, err := fs.Glob(tree, "store/migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return nil, err
		}
		all = append(all, statement{path.Base(name), string(text)})
	}
	return all, nil
}

func judgeTables(m statement) (bad []string) {
	for _, table := range createTable.FindAllStringSubmatch(m.text, -1) {
		name, body := table[1], table[2]
		if everywhere[name] != "" {
			continue
		}
		keyed := false
		for _, k := range key.FindAllStringSubmatch(body, -1) {
			columns := k[1] + k[2]
			first, _, _ := strings.Cut(columns, ",")
			if first == "org_id" || first == "rid" { // rid is SQLite's own number of a row
				keyed = true
			} else if everywhere[name+"."+first] == "" {
				bad = append(bad, fmt.Sprintf("%s: a key of %s is (%s), which does not begin with org_id", m.at, name, columns))
			}
		}
		if !keyed {
			bad = append(bad, fmt.Sprintf("%s: %s has no key that begins with org_id", m.at, name))
		}
	}
	for _, index := range createIndex.FindAllStringSubmatch(m.text, -1) {
		if !strings.HasPrefix(index[2], "org_id,") && everywhere[clipped(index[1]+" ("+index[2])] == "" {
			bad = append(bad, fmt.Sprintf("%s: an index of %s is (%s), which does not begin with org_id", m.at, index[1], index[2]))
		}
	}
	return append(bad, judgeText(m)...)
}

// clipped is the beginning of an index by which everywhere names it.
func clipped(s string) string { return s[:min(len(s), len("resource (search gin_t"))] }

func judgeText(s statement) (bad []string) {
	for _, found := range unportable.FindAllString(s.text, -1) {
		bad = append(bad, fmt.Sprintf("%s: %s is not portable", s.at, found))
	}
	return bad
}

// TestStatements holds every statement of package store to the same rules: it
// names one organisation, unless it is one of those that serve all of them.
func TestStatements(t *testing.T) {
	h, err := load(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	all := h.statements("store")
	for _, s := range all {
		for _, bad := range append(judgeText(s), judgeWall(s)...) {
			t.Error(bad)
		}
	}
	if len(all) < 20 {
		t.Errorf("only %d statements were found in package store", len(all))
	}
}

// forAll names the statements that serve the whole installation, by a part of
// their text.
var forAll = []string{
	"FROM async_request ORDER BY",                      // the worker takes the oldest, whosever it is
	"FROM organisation WHERE slug",                     // finds and lists organisations
	"FROM resource r WHERE …",                          // followed by stream.conditions, which begins with the organisation
	" lease ", " setting ", " epoch ", "UPDATE epoch ", // of the installation
	"SELECT 1", // Ping
}

// judgeWall reports a statement that names no organisation.
func judgeWall(s statement) []string {
	text := strings.Join(strings.Fields(s.text), " ")
	serves := func(part string) bool { return strings.Contains(text, part) }
	if !statementOf.MatchString(text) || serves("org_id") || slices.ContainsFunc(forAll, serves) {
		return nil
	}
	return []string{fmt.Sprintf("%s names no organisation: %.60q", s.at, text)}
}

// statements lists the SQL in a package.
func (h *house) statements(name string) (all []statement) {
	for _, f := range h.rooms[name].code() {
		for _, q := range h.literals(f) {
			if sqlText.MatchString(q.text) || statementOf.MatchString(q.text) {
				all = append(all, q)
			}
		}
	}
	return all
}

// literals lists the string literals of a file; those that are joined by + are
// one, with an ellipsis for what stands between them.
func (h *house) literals(f *file) (all []statement) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		text, ok := literal(e)
		if ok {
			all = append(all, statement{h.at(e), text})
		}
		return !ok
	})
	return all
}

// literal returns the text of a string literal or of a sum with one in it.
func literal(e ast.Expr) (text string, ok bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		x, okX := literal(e.X)
		y, okY := literal(e.Y)
		if !okX && okY {
			x = "…"
		}
		if okX && !okY {
			y = "…"
		}
		return x + y, okX || okY
	}
	return "", false
}

// TestJudges shows the judges SQL that they must refuse.
func TestJudges(t *testing.T) {
	for phrase, c := range map[string]struct{ sql, want string }{
		"a good table":         {"CREATE TABLE a (\n\torg_id BLOB,\n\tid BLOB,\n\tPRIMARY KEY (org_id, id),\n\tUNIQUE (org_id, b)\n);\nCREATE INDEX a_b ON a (org_id, b);", ""},
		"a key without org_id": {"CREATE TABLE a (\n\torg_id BLOB,\n\tPRIMARY KEY (id)\n);", "x: a key of a is (id), which does not begin with org_id\nx: a has no key that begins with org_id"},
		"a table without key":  {"CREATE TABLE a (\n\torg_id BLOB\n);", "x: a has no key that begins with org_id"},
		"a bare index":         {"CREATE INDEX a_b ON a (b);", "x: an index of a is (b), which does not begin with org_id"},
		"a sequence":           {"CREATE TABLE a (\n\torg_id uuid,\n\tn bigserial,\n\tPRIMARY KEY (org_id, n)\n);", "x: bigserial is not portable"},
		"a trigger":            {"CREATE TRIGGER x AFTER INSERT ON a", "x: CREATE TRIGGER is not portable"},
	} {
		if got := strings.Join(judgeTables(statement{"x", c.sql}), "\n"); got != c.want {
			t.Errorf("%s: %q, want %q", phrase, got, c.want)
		}
	}
	for sql, want := range map[string]int{
		"SELECT id FROM resource WHERE org_id = $1":              0,
		"DELETE FROM resource WHERE id = $1":                     1,
		"SELECT lower(name) FROM resource WHERE org_id = $1":     1,
		"INSERT INTO resource (id) VALUES (pg_advisory_lock(1))": 2,
	} {
		s := statement{"x", sql}
		if got := append(judgeText(s), judgeWall(s)...); len(got) != want {
			t.Errorf("%q: %q, want %d complaints", sql, got, want)
		}
	}
}
