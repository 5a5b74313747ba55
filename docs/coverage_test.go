package docs

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/coverage.md")

// A declaration is what stands at the top level of a test file.
type declaration struct {
	file  string // from the root of the project
	texts []string
	cases []string        // texts that are the names of subtests
	names map[string]bool // that it mentions
}

// A suite is the tests of one folder: declarations by name. Methods of several
// types with one name are one.
type suite map[string]*declaration

// suites parses all tests of the project.
func suites(t *testing.T) map[string]suite {
	t.Helper()
	all := map[string]suite{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && p != root || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(p, "_test.go") || filepath.Dir(p) == ".":
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		dir := path.Dir(name)
		if all[dir] == nil {
			all[dir] = suite{}
		}
		for _, decl := range f.Decls {
			all[dir].add(name, decl)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// add reads one declaration.
func (s suite) add(file string, decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		s.read(file, d.Name.Name, d)
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if v, ok := spec.(*ast.ValueSpec); ok {
				for _, name := range v.Names {
					s.read(file, name.Name, v)
				}
			}
		}
	}
}

func (s suite) read(file, name string, n ast.Node) {
	d := s[name]
	if d == nil {
		d = &declaration{file: file, names: map[string]bool{}}
		s[name] = d
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				d.texts = append(d.texts, text)
			}
		case *ast.CallExpr:
			if call, ok := n.Fun.(*ast.SelectorExpr); ok && call.Sel.Name == "Run" && len(n.Args) == 2 {
				if text, ok := n.Args[0].(*ast.BasicLit); ok {
					d.cases = append(d.cases, strings.Trim(text.Value, `"`))
				}
			}
		case *ast.Ident:
			d.names[n.Name] = true
		}
		return true
	})
}

// reach returns the names of what a test uses, itself among them.
func (s suite) reach(test string) map[string]bool {
	seen := map[string]bool{test: true}
	for todo := []string{test}; len(todo) > 0; todo = todo[1:] {
		for name := range s[todo[0]].names {
			if s[name] != nil && !seen[name] && !strings.HasPrefix(name, "Test") {
				seen[name] = true
				todo = append(todo, name)
			}
		}
	}
	return seen
}

// A proof is a test with the file in which its case stands.
type proof struct{ test, file string }

var (
	attackName = regexp.MustCompile(`^TestAttack[A-E]?(\d+)`)
	attackText = regexp.MustCompile(`^[A-E](\d+) `)
	attackCase = regexp.MustCompile(`^(\d+) [a-z]`) // only as the name of a subtest of a TestAttack
)

// An attackProofs is which tests name which attack.
type attackProofs map[int]map[proof]bool

func (a attackProofs) note(digits string, p proof) {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return
	}
	if a[n] == nil {
		a[n] = map[proof]bool{}
	}
	a[n][p] = true
}

// provedAttacks finds by number the tests that name an attack: in their own
// name, or with a text that begins with the number, as "B14 fifty at once". The
// tests below scim number other things.
func provedAttacks(all map[string]suite) attackProofs {
	found := attackProofs{}
	for dir, s := range all {
		for test, decl := range s {
			if !strings.HasPrefix(test, "Test") || strings.HasPrefix(dir, "scim/") {
				continue
			}
			if m := attackName.FindStringSubmatch(test); m != nil {
				found.note(m[1], proof{test, decl.file})
			}
			for name := range s.reach(test) {
				found.read(s[name], test)
			}
		}
	}
	return found
}

// read notes the attacks that a declaration names, which a test uses.
func (a attackProofs) read(d *declaration, test string) {
	for _, text := range d.texts {
		if m := attackText.FindStringSubmatch(text); m != nil {
			a.note(m[1], proof{test, d.file})
		}
	}
	if !strings.HasPrefix(test, "TestAttack") {
		return
	}
	for _, text := range d.cases {
		if m := attackCase.FindStringSubmatch(text); m != nil {
			a.note(m[1], proof{test, d.file})
		}
	}
}

// provedModules finds what a plan's test in e2e/plan reaches: modules by name,
// with the file in which each stands.
func provedModules(s suite, p plan) map[string]string {
	found := map[string]string{}
	if s[p.test] == nil {
		return found
	}
	for name := range s.reach(p.test) {
		for _, text := range s[name].texts {
			if strings.HasPrefix(text, p.prefix) {
				found[text] = s[name].file
			}
		}
	}
	return found
}

const planFolder = "e2e/plan"

// TestCoverage holds docs/coverage.md to the tests, and the tests to the lists
// of attacks and of modules.
func TestCoverage(t *testing.T) {
	all := suites(t)
	var b strings.Builder
	b.WriteString("# What the tests prove\n\nThis page is made from the sources of the tests by `go test ./docs -run TestCoverage -update`. " +
		"An attack or\na module without a test fails the build.\n\n## Attacks\n\n| number | attack | tests |\n|---|---|---|\n")
	writeAttacks(t, &b, provedAttacks(all))
	b.WriteString("\n## Certification plans of the OpenID Foundation\n\nEach module is played over HTTPS against the whole server. " +
		"A module is a subtest\nof that name: `go test ./" + planFolder + " -run 'TestPlanBasic/.*/oidcc-server$'`.\n")
	for _, p := range plans {
		writePlan(t, &b, all[planFolder], p)
	}
	for _, c := range checkLists() {
		writeChecks(t, &b, all[c.folder], c)
	}
	got := b.String()
	const name = "docs/coverage.md"
	if *update {
		if err := os.WriteFile(filepath.Join(root, name), []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(read(t, name), got); d != "" {
		t.Errorf("%s is not what the tests say; run go test ./docs -run TestCoverage -update (-file +tests):\n%s", name, d)
	}
}

func writeAttacks(t *testing.T, b *strings.Builder, found attackProofs) {
	t.Helper()
	for _, a := range attacks {
		proofs := slices.SortedFunc(maps.Keys(found[a.number]), func(x, y proof) int {
			return strings.Compare(x.file+" "+x.test, y.file+" "+y.test)
		})
		var cells []string
		for i, p := range proofs {
			if i > 0 && proofs[i-1].file == p.file {
				cells[len(cells)-1] += ", `" + p.test + "`"
				continue
			}
			cells = append(cells, fmt.Sprintf("[%s](../%s): `%s`", p.file, p.file, p.test))
		}
		switch {
		case a.later != "" && len(cells) == 0:
			cells = append(cells, "later: needs "+a.later)
		case len(cells) == 0:
			t.Errorf("no test names the attack %d, %s", a.number, a.about)
			cells = append(cells, "**none**")
		}
		fmt.Fprintf(b, "| %d | %s | %s |\n", a.number, a.about, strings.Join(cells, "<br>"))
	}
}

// writeChecks writes a list of numbered checks, each with the file in which it
// stands.
func writeChecks(t *testing.T, b *strings.Builder, s suite, c checks) {
	t.Helper()
	found := map[string]proof{}
	for test := range s {
		if !strings.HasPrefix(test, c.test) {
			continue
		}
		for name := range s.reach(test) {
			for _, text := range s[name].texts {
				m := c.text.FindStringSubmatch(text)
				if m == nil {
					continue
				}
				p := proof{test, s[name].file}
				if old, ok := found[m[1]]; !ok || old.file+old.test > p.file+p.test {
					found[m[1]] = p
				}
			}
		}
	}
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n| number | check | proved in |\n|---|---|---|\n", c.name, c.about)
	for i, about := range c.list {
		where := "**none**"
		if p, ok := found[fmt.Sprintf(c.number, i+1)]; ok {
			where = fmt.Sprintf("[%s](../%s): `%s`", p.file, p.file, p.test)
		} else {
			t.Errorf("no test in %s proves %s %d, %s", c.folder, c.name, i+1, about)
		}
		fmt.Fprintf(b, "| %d | %s | %s |\n", i+1, about, where)
	}
}

func writePlan(t *testing.T, b *strings.Builder, s suite, p plan) {
	t.Helper()
	found := provedModules(s, p)
	modules := strings.Fields(p.modules)
	fmt.Fprintf(b, "\n### %s\n\n`%s`, %d modules.\n\n| module | proved in |\n|---|---|\n", p.name, p.test, len(modules))
	for _, m := range modules {
		name := p.prefix + strings.TrimPrefix(m, ".")
		where := "**none**"
		if file := found[name]; file != "" {
			where = fmt.Sprintf("[%s](../%s)", file, file)
		} else {
			t.Errorf("no test in %s plays the module %s of %s", planFolder, name, p.name)
		}
		fmt.Fprintf(b, "| %s | %s |\n", name, where)
	}
}
