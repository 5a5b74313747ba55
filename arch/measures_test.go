package arch

import (
	"fmt"
	"go/ast"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestMeasures prints the measures of the house (go test -v -run Measures
// ./arch). It fails only where a measure has a limit that no rule of TestHouse
// holds.
func TestMeasures(t *testing.T) {
	h, err := load(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	shipped, tested, err := h.dependencies("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if shipped > 30 || tested > 10 {
		t.Errorf("%d direct dependencies in the binary and %d of tests alone, want at most 30 and 10", shipped, tested)
	}
	var out strings.Builder
	row := func(measure, limit, format string, a ...any) {
		fmt.Fprintf(&out, "| %-34s | %-28s | %s |\n", measure, fmt.Sprintf(format, a...), limit)
	}
	m := h.measure()
	row("measure", "limit", "value")
	fmt.Fprintf(&out, "|%s|%s|---|\n", strings.Repeat("-", 36), strings.Repeat("-", 30))
	row("packages", "–", "%d", len(h.rooms))
	row("lines of code / of tests (ratio)", "about 1.0", "%d / %d (%.2f)", m.code, m.tests, float64(m.tests)/float64(max(m.code, 1)))
	row("file p50 / p90 / max", "120 / 400 / 600", "%s", spread(m.files, 50, 90, 100))
	row("function p50 / p90 / p99 / max", "10 / 40 / 80 / 80", "%s", spread(m.funcs, 50, 90, 99, 100))
	row("two-way folder pairs", "0", "%d", len(h.twoWayPairs()))
	row("vague names", "0", "%d", m.vague)
	row("packages with a comment", "100 %", "%d %%", percent(m.documentedRooms, len(h.rooms)))
	row("exported names with a comment", "100 %", "%d %%", percent(m.documentedNames, m.names))
	row("widest interface", "6", "%d (%s)", m.widest, m.widestName)
	row("largest package", "5,000 lines", "%d (%s, %d %%)", m.largest, m.largestName, percent(m.largest, m.code))
	row("fan-out p50 / max except wiring", "3 / 8", "%s", spread(m.fanOut, 50, 100))
	row("reach", "20 %", "%d %%", h.reach())
	row("dependencies / of tests alone", "30 / 10", "%d / %d", shipped, tested)
	row("fuzz / benchmark / example", "–", "%d / %d / %d", m.fuzz, m.bench, m.example)
	t.Log("\n" + out.String())
}

// measures are the figures of a house.
type measures struct {
	code, tests, vague             int
	files, funcs, fanOut           []int
	documentedRooms                int
	documentedNames, names         int
	widest, largest                int
	widestName, largestName        string
	fuzz, bench, example, testFunc int
}

func (h *house) measure() *measures {
	m := &measures{}
	for _, r := range h.sorted() {
		if r.documented() {
			m.documentedRooms++
		}
		if r.vague() {
			m.vague++
		}
		if !wiring[r.path] && len(r.code()) > 0 {
			m.fanOut = append(m.fanOut, len(r.imports(false)))
		}
		if n := r.size(); n > m.largest {
			m.largest, m.largestName = n, r.path
		}
		for _, f := range r.files {
			if f.test || forTests[r.path] {
				m.addTest(f)
			} else {
				h.addCode(m, r, f)
			}
		}
	}
	return m
}

func (m *measures) addTest(f *file) {
	m.tests += f.lines
	for _, d := range f.ast.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil {
			continue
		}
		for prefix, n := range map[string]*int{"Fuzz": &m.fuzz, "Benchmark": &m.bench, "Example": &m.example, "Test": &m.testFunc} {
			if strings.HasPrefix(fn.Name.Name, prefix) {
				*n++
			}
		}
	}
}

func (h *house) addCode(m *measures, r *room, f *file) {
	m.code += f.lines
	m.files = append(m.files, f.lines)
	for _, d := range f.ast.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			m.funcs = append(m.funcs, h.span(fn))
		}
	}
	for _, e := range exported(f.ast) {
		m.names++
		if e.documented {
			m.documentedNames++
		}
	}
	for name, i := range interfaces(f.ast) {
		if n := i.Methods.NumFields(); n > m.widest {
			m.widest, m.widestName = n, r.path+"."+name
		}
	}
}

// reach is the mean share of the other packages that a package imports,
// directly or not, in percent: how much one must know of the house to
// understand one room.
func (h *house) reach() int {
	rooms, reached := 0, 0
	for _, r := range h.sorted() {
		if len(r.code()) == 0 {
			continue
		}
		rooms++
		seen := map[string]bool{}
		h.visit(r.path, seen)
		reached += len(seen)
	}
	return percent(reached, rooms*max(rooms-1, 1))
}

func (h *house) visit(p string, seen map[string]bool) {
	r := h.rooms[p]
	if r == nil {
		return
	}
	for _, in := range r.imports(false) {
		if !seen[in] {
			seen[in] = true
			h.visit(in, seen)
		}
	}
}

func percent(part, whole int) int { return 100 * part / max(whole, 1) }

// spread prints percentiles of n; 100 is the maximum.
func spread(n []int, percentiles ...int) string {
	if len(n) == 0 {
		return "none"
	}
	n = slices.Sorted(slices.Values(n))
	var parts []string
	for _, p := range percentiles {
		parts = append(parts, fmt.Sprint(n[min(len(n)*p/100, len(n)-1)]))
	}
	return strings.Join(parts, " / ")
}

var requirement = regexp.MustCompile(`(?m)^\t(\S+) v\S+$`)

// dependencies counts the modules that go.mod names as direct: those that code
// imports, and those that only tests do.
func (h *house) dependencies(mod string) (shipped, tested int, err error) {
	text, err := os.ReadFile(mod)
	if err != nil {
		return 0, 0, err
	}
	var code []string
	for _, r := range h.rooms {
		if strings.HasSuffix(r.path, "test") {
			continue // what tests share
		}
		for _, f := range r.code() {
			for _, spec := range f.ast.Imports {
				code = append(code, strings.Trim(spec.Path.Value, `"`)+"/")
			}
		}
	}
	for _, m := range requirement.FindAllSubmatch(text, -1) {
		if slices.ContainsFunc(code, func(p string) bool { return strings.HasPrefix(p, string(m[1])+"/") }) {
			shipped++
		} else {
			tested++
		}
	}
	return shipped, tested, nil
}
