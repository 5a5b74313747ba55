package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The limits of the house. A test file may be longer than code: it is mostly
// tables.
const (
	maxFile      = 600
	maxFunc      = 80
	maxTestFile  = 900
	maxTestFunc  = 150
	maxPackage   = 5000
	maxInterface = 6
	maxFanOut    = 8
)

// longFuncs names the functions that may be longer than maxFunc, each with the
// reason.
var longFuncs = map[string]string{
	"scim/probe.createPoints": "a list of checks",
	"scim/probe.patchPoints":  "a list of checks",
	"scim/probe.entraQuirks":  "a list of checks",
}

// forTests names the packages that only tests import; they keep the limits of
// tests.
var forTests = map[string]bool{"store/storetest": true, "web/ui/uitest": true}

// wiring names the packages whose job is to know many others.
var wiring = map[string]bool{"server": true, "cmd/muster": true}

// vagueNames are package names that say nothing about what is inside.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "model", "models", "types", "base", "internal", "misc", "shared", "lib", "pkg", "core"}

// A rule looks at a house and names every place that breaks it.
type rule struct {
	promise string
	check   func(*house) []string
}

var rules = []rule{
	{"every package stands in the floor plan and every line has a package", planned},
	{"a line names only lines above it", downward},
	{"a package imports only what its line names", imports},
	{"the tests of scim import nothing but scim", libraryTests},
	{"no two folders import each other", twoWay},
	{"every package has a comment", packageComments},
	{"every exported name has a comment", nameComments},
	{"no package has a vague name", vague},
	{"files, functions, interfaces and packages keep their limits", sizes},
	{"no package but the wiring imports more than eight others", fanOut},
	{"SQL stands only in store", sqlInStore},
	{"passwords are hashed cheaply in tests alone", cheapHashes},
	{"a TODO names an issue", todos},
}

func planned(h *house) (bad []string) {
	lines := map[string]bool{}
	for _, l := range h.plan {
		if lines[l.name] {
			bad = append(bad, "the floor plan names "+l.name+" twice")
		}
		lines[l.name] = true
		if h.rooms[l.name] == nil {
			bad = append(bad, "the floor plan names "+l.name+", which is not there")
		}
	}
	for _, r := range h.sorted() {
		if !lines[r.path] {
			bad = append(bad, "package "+r.path+" is not in the floor plan")
		}
	}
	return bad
}

func downward(h *house) (bad []string) {
	above := map[string]bool{}
	for _, l := range h.plan {
		for _, m := range l.may {
			if !l.every && !above[m] {
				bad = append(bad, fmt.Sprintf("the line of %s names %s, which is not a line above it", l.name, m))
			}
		}
		above[l.name] = true
	}
	return bad
}

func imports(h *house) (bad []string) {
	var above []string
	for _, l := range h.plan {
		may := l.may
		if l.every {
			may = above
		}
		above = append(above, l.name)
		r := h.rooms[l.name]
		if r == nil {
			continue
		}
		for _, in := range r.imports(false) {
			if !slices.Contains(may, in) {
				bad = append(bad, fmt.Sprintf("package %s imports %s, which its line does not name", r.path, in))
			}
		}
		for _, m := range l.may {
			if !l.every && !slices.Contains(r.imports(false), m) && !slices.Contains(r.imports(true), m) {
				bad = append(bad, fmt.Sprintf("the line of %s names %s, which it does not import", l.name, m))
			}
		}
	}
	return bad
}

func libraryTests(h *house) (bad []string) {
	for _, r := range h.sorted() {
		if !within(r.path, "scim") {
			continue
		}
		for _, in := range r.imports(true) {
			if !within(in, "scim") {
				bad = append(bad, fmt.Sprintf("a test of %s imports %s", r.path, in))
			}
		}
	}
	return bad
}

// within reports whether the package p lies in the folder dir.
func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

func twoWay(h *house) (bad []string) {
	for _, pair := range h.twoWayPairs() {
		bad = append(bad, fmt.Sprintf("folders %s and %s import each other", pair[0], pair[1]))
	}
	return bad
}

// twoWayPairs finds folders at the top of the tree that import each other, by
// any of their packages.
func (h *house) twoWayPairs() (pairs [][2]string) {
	edges := map[[2]string]bool{}
	for _, r := range h.sorted() {
		from, _, _ := strings.Cut(r.path, "/")
		for _, in := range r.imports(false) {
			to, _, _ := strings.Cut(in, "/")
			edges[[2]string{from, to}] = true
		}
	}
	for e := range edges {
		if e[0] < e[1] && edges[[2]string{e[1], e[0]}] {
			pairs = append(pairs, e)
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	return pairs
}

func packageComments(h *house) (bad []string) {
	for _, r := range h.sorted() {
		if !r.documented() {
			bad = append(bad, "package "+r.path+" has no comment")
		}
	}
	return bad
}

// documented reports whether one file of the room carries the package comment;
// of a room without code a test file may.
func (r *room) documented() bool {
	files := r.code()
	if len(files) == 0 {
		files = r.files
	}
	return slices.ContainsFunc(files, func(f *file) bool { return f.ast.Doc.Text() != "" })
}

func nameComments(h *house) (bad []string) {
	for _, r := range h.sorted() {
		for _, f := range r.code() {
			for _, e := range exported(f.ast) {
				if !e.documented {
					bad = append(bad, fmt.Sprintf("%s: %s has no comment", h.at(e.node), e.name))
				}
			}
		}
	}
	return bad
}

// An export is one exported name.
type export struct {
	name       string
	node       ast.Node
	documented bool
}

// plainMethods are methods whose name says what they do: they fulfil an
// interface of the standard library.
var plainMethods = []string{"Error", "String", "Unwrap", "Is", "Len", "Less", "Swap", "MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText", "ServeHTTP", "Scan", "Value", "LogValue"}

// exported lists the exported names that a file declares. A comment on a group
// of constants or variables counts for all of them.
func exported(f *ast.File) (all []export) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name, ok := d.Name.Name, true
			if d.Recv != nil {
				recv := receiver(d)
				ok = ast.IsExported(recv) && !slices.Contains(plainMethods, name)
				name = recv + "." + name
			}
			if ok && d.Name.IsExported() {
				all = append(all, export{name, d, d.Doc.Text() != ""})
			}
		case *ast.GenDecl:
			all = append(all, exportedSpecs(d)...)
		}
	}
	return all
}

func exportedSpecs(d *ast.GenDecl) (all []export) {
	group := d.Doc.Text() != ""
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() {
				all = append(all, export{s.Name.Name, s, s.Doc.Text() != "" || group && len(d.Specs) == 1})
			}
		case *ast.ValueSpec:
			for _, n := range s.Names {
				if n.IsExported() {
					all = append(all, export{n.Name, n, group || s.Doc.Text() != "" || s.Comment.Text() != ""})
				}
			}
		}
	}
	return all
}

// receiver names the type that a method belongs to.
func receiver(d *ast.FuncDecl) string {
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func vague(h *house) (bad []string) {
	for _, r := range h.sorted() {
		if r.vague() {
			bad = append(bad, "package "+r.path+" has a vague name")
		}
	}
	return bad
}

func (r *room) vague() bool {
	for part := range strings.SplitSeq(r.path, "/") {
		if slices.Contains(vagueNames, part) {
			return true
		}
	}
	return slices.Contains(vagueNames, r.files[0].ast.Name.Name)
}

func sizes(h *house) (bad []string) {
	for _, r := range h.sorted() {
		if n := r.size(); n > maxPackage {
			bad = append(bad, fmt.Sprintf("package %s has %d lines, more than %d", r.path, n, maxPackage))
		}
		for _, f := range r.files {
			fileLimit, funcLimit := maxFile, maxFunc
			if f.test || forTests[r.path] {
				fileLimit, funcLimit = maxTestFile, maxTestFunc
			}
			if f.lines > fileLimit {
				bad = append(bad, fmt.Sprintf("%s has %d lines, more than %d", f.path, f.lines, fileLimit))
			}
			bad = append(bad, h.longFuncs(r, f, funcLimit)...)
			bad = append(bad, h.wideInterfaces(f)...)
		}
	}
	return bad
}

func (h *house) longFuncs(r *room, f *file, limit int) (bad []string) {
	for _, d := range f.ast.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name := r.path + "." + fn.Name.Name
		if n := h.span(fn); n > limit && longFuncs[name] == "" {
			bad = append(bad, fmt.Sprintf("%s: %s has %d lines, more than %d", h.at(fn), name, n, limit))
		}
	}
	return bad
}

func (h *house) wideInterfaces(f *file) (bad []string) {
	for name, t := range interfaces(f.ast) {
		if n := t.Methods.NumFields(); n > maxInterface {
			bad = append(bad, fmt.Sprintf("%s: interface %s has %d methods, more than %d", h.at(t), name, n, maxInterface))
		}
	}
	return bad
}

// interfaces finds the interface types that a file declares by name.
func interfaces(f *ast.File) map[string]*ast.InterfaceType {
	found := map[string]*ast.InterfaceType{}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.TypeSpec); ok {
			if t, ok := s.Type.(*ast.InterfaceType); ok {
				found[s.Name.Name] = t
			}
		}
		return true
	})
	return found
}

func fanOut(h *house) (bad []string) {
	for _, r := range h.sorted() {
		if n := len(r.imports(false)); n > maxFanOut && !wiring[r.path] {
			bad = append(bad, fmt.Sprintf("package %s imports %d others, more than %d", r.path, n, maxFanOut))
		}
	}
	return bad
}

// sqlText matches a literal that begins like a statement. Keywords are in
// capitals, as the house writes them.
var sqlText = regexp.MustCompile(`^\s*(SELECT\s[\s\S]*\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(UNIQUE\s+)?(TABLE|INDEX|DATABASE)\s|DROP\s+(TABLE|INDEX)\s|ALTER\s+TABLE\s|PRAGMA\s|VACUUM\b|WITH\s+(RECURSIVE\s+)?\w+\s+AS\s)`)

// drivers are packages that only store may import.
var drivers = []string{"database/sql", "github.com/jackc/pgx", "modernc.org/sqlite", "github.com/pressly/goose"}

func sqlInStore(h *house) (bad []string) {
	for _, r := range h.sorted() {
		if within(r.path, "store") {
			continue
		}
		for _, f := range r.code() {
			for _, spec := range f.ast.Imports {
				p, _ := strconv.Unquote(spec.Path.Value)
				if slices.ContainsFunc(drivers, func(d string) bool { return within(p, d) }) {
					bad = append(bad, fmt.Sprintf("%s imports %s", h.at(spec), p))
				}
			}
			for _, q := range h.literals(f) {
				if sqlText.MatchString(q.text) {
					bad = append(bad, q.at+" holds SQL")
				}
			}
		}
	}
	return bad
}

// A quote is a string in the code and where it stands.
type quote struct{ at, text string }

// literals lists the string literals of a file; those that are joined by + are
// one, with an ellipsis for what stands between them.
func (h *house) literals(f *file) (all []quote) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		text, ok := literal(e)
		if ok {
			all = append(all, quote{h.at(e), text})
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

var (
	todo  = regexp.MustCompile(`\b(TODO|FIXME|XXX)\b`)
	named = regexp.MustCompile(`\bTODO\(#\d+\):`)
)

func todos(h *house) (bad []string) {
	for _, r := range h.sorted() {
		for _, f := range r.files {
			for _, g := range f.ast.Comments {
				for _, c := range g.List {
					if todo.MatchString(c.Text) && !named.MatchString(c.Text) {
						bad = append(bad, h.at(c)+" leaves a TODO without the number of an issue")
					}
				}
			}
		}
	}
	return bad
}

func cheapHashes(h *house) (bad []string) {
	for _, r := range h.sorted() {
		for _, f := range r.code() {
			ast.Inspect(f.ast, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Cheaply" {
					bad = append(bad, h.at(sel)+": calls Cheaply, which is for tests")
				}
				return true
			})
		}
	}
	return bad
}
