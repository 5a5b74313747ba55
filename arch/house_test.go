// Package arch holds the code to ARCHITECTURE.md: its tests read the floor plan
// in that document and refuse code that departs from it or from the limits that
// the project set itself. It has no code of its own besides.
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// module is the import path of the project.
const module = "github.com/muster-id/muster"

// A line is one line of the floor plan: a package and the packages that it may
// import.
type line struct {
	name  string
	may   []string
	every bool // "*": it may import every package above
}

// A file is one Go file.
type file struct {
	path  string
	test  bool
	lines int
	ast   *ast.File
}

// A room is one package: the Go files of one folder, tests with them.
type room struct {
	path  string // below the module, "scim/filter"
	files []*file
}

// A house is a tree of packages with its floor plan.
type house struct {
	fset  *token.FileSet
	plan  []line
	rooms map[string]*room
}

// load reads ARCHITECTURE.md and every Go file below tree.
func load(tree fs.FS) (*house, error) {
	doc, err := fs.ReadFile(tree, "ARCHITECTURE.md")
	if err != nil {
		return nil, err
	}
	h := &house{fset: token.NewFileSet(), rooms: map[string]*room{}}
	if h.plan, err = readPlan(string(doc)); err != nil {
		return nil, err
	}
	err = fs.WalkDir(tree, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); p != "." && (n == "testdata" || n == "data" || strings.HasPrefix(n, ".") || strings.HasPrefix(n, "_")) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(p) != ".go" {
			return nil
		}
		return h.addFile(tree, p)
	})
	return h, err
}

func (h *house) addFile(tree fs.FS, p string) error {
	src, err := fs.ReadFile(tree, p)
	if err != nil {
		return err
	}
	parsed, err := parser.ParseFile(h.fset, p, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	dir := path.Dir(p)
	if h.rooms[dir] == nil {
		h.rooms[dir] = &room{path: dir}
	}
	h.rooms[dir].files = append(h.rooms[dir].files, &file{
		path:  p,
		test:  strings.HasSuffix(p, "_test.go"),
		lines: strings.Count(string(src), "\n"),
		ast:   parsed,
	})
	return nil
}

// readPlan finds the block fenced as "floorplan" and reads its lines.
func readPlan(doc string) ([]line, error) {
	_, rest, ok := strings.Cut(doc, "```floorplan\n")
	if !ok {
		return nil, fmt.Errorf("ARCHITECTURE.md has no block fenced as floorplan")
	}
	block, _, ok := strings.Cut(rest, "```")
	if !ok {
		return nil, fmt.Errorf("the floor plan in ARCHITECTURE.md does not end")
	}
	var plan []line
	for text := range strings.Lines(block) {
		if strings.TrimSpace(text) == "" {
			continue
		}
		name, may, ok := strings.Cut(text, "<-")
		if !ok {
			return nil, fmt.Errorf("floor plan: %q is not a line of the form \"package <- packages\"", strings.TrimSpace(text))
		}
		l := line{name: strings.TrimSpace(name), may: strings.Fields(may)}
		l.every = slices.Equal(l.may, []string{"*"})
		plan = append(plan, l)
	}
	return plan, nil
}

// sorted returns the rooms by path.
func (h *house) sorted() []*room {
	var all []*room
	for _, p := range slices.Sorted(maps.Keys(h.rooms)) {
		all = append(all, h.rooms[p])
	}
	return all
}

// imports returns the packages of the project that the room's files import,
// sorted; of test files when tests is set, else of the others.
func (r *room) imports(tests bool) []string {
	set := map[string]bool{}
	for _, f := range r.files {
		if f.test != tests {
			continue
		}
		for _, spec := range f.ast.Imports {
			p, _ := strconv.Unquote(spec.Path.Value)
			if in, ok := strings.CutPrefix(p, module+"/"); ok && in != r.path {
				set[in] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// code returns the files that are not tests.
func (r *room) code() []*file {
	var code []*file
	for _, f := range r.files {
		if !f.test {
			code = append(code, f)
		}
	}
	return code
}

// size counts the lines of the room's files that are not tests.
func (r *room) size() int {
	n := 0
	for _, f := range r.code() {
		n += f.lines
	}
	return n
}

// at names the place of a node, "scim/server.go:12".
func (h *house) at(n ast.Node) string {
	p := h.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

// span counts the lines that a node stands on.
func (h *house) span(n ast.Node) int {
	return h.fset.Position(n.End()).Line - h.fset.Position(n.Pos()).Line + 1
}
