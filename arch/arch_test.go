package arch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestHouse holds the tree to every rule.
func TestHouse(t *testing.T) {
	h, err := load(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		t.Run(r.promise, func(t *testing.T) {
			for _, bad := range r.check(h) {
				t.Error(bad)
			}
		})
	}
}

// TestRules shows every rule small houses that break it. The comment of each
// archive lists what the rules must say of it, in order; an archive without a
// comment is in good order.
func TestRules(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := complaints(archive), string(archive.Comment); got != want {
				t.Errorf("the rules say\n%swant\n%s", got, want)
			}
		})
	}
}

// complaints runs every rule over an archive and joins what they say.
func complaints(a *txtar.Archive) string {
	tree := fstest.MapFS{}
	for _, f := range a.Files {
		tree[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	h, err := load(tree)
	if err != nil {
		return err.Error() + "\n"
	}
	var said strings.Builder
	for _, r := range rules {
		for _, bad := range r.check(h) {
			said.WriteString(bad + "\n")
		}
	}
	return said.String()
}

// TestLongCode shows the rules code that is too long, which no archive should
// hold in full.
func TestLongCode(t *testing.T) {
	const head = "-- ARCHITECTURE.md --\n```floorplan\na <-\n```\n-- a/a.go --\n// Package a is one.\npackage a\n\n"
	for phrase, c := range map[string]struct{ code, want string }{
		"a function of 80 lines": {"func f() {\n" + strings.Repeat("\t_ = 1\n", 78) + "}\n", ""},
		"a function of 81 lines": {"func f() {\n" + strings.Repeat("\t_ = 1\n", 79) + "}\n", "a/a.go:4: a.f has 81 lines, more than 80\n"},
		"a file of 600 lines":    {strings.Repeat("\n", 597), ""},
		"a file of 601 lines":    {strings.Repeat("\n", 598), "a/a.go has 601 lines, more than 600\n"},
	} {
		t.Run(phrase, func(t *testing.T) {
			if got := complaints(txtar.Parse([]byte(head + c.code))); got != c.want {
				t.Errorf("the rules say %q, want %q", got, c.want)
			}
		})
	}
}
