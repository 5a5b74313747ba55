package docs

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// secretName is what values are called whose bytes must not leak by the time
// that a comparison takes.
var secretName = regexp.MustCompile(`(?i)(^|[a-z.])(hash|mac|secret|password|digest|signature|verifier|challenge|code|sum)(of)?(\(.*\))?(\[:\])?$`)

// harmless are comparisons of such names that tell nobody anything.
var harmless = map[string]string{
	"oidc/authorize.go: bytes.Equal(v.waiting.Before, v.session.Hash)":      "both come from our own database",
	"directory/password.go: bytes.Equal(now, old)":                          "both come from our own database",
	"signin/policy.go: old.SMSSecret != new.SMSSecret":                      "settings of an administrator, who may read neither",
	"signin/password.go: old == password":                                   "both were typed by one person",
	"secret/password.go: tries[0] != password":                              "spellings of one password",
	"secret/token.go: s[len(s)-checkLen:] == checksum(s[:len(s)-checkLen])": "a checksum without a key",
	"oidc/userinfo.go: e.Challenge != scheme":                               "the name of a scheme",
}

// TestAttack67ConstantTime looks for comparisons of secrets that end at the
// first byte that differs: == and !=, bytes.Equal, slices.Equal, and
// strings.EqualFold. Secrets are compared by secret.Equal.
func TestAttack67ConstantTime(t *testing.T) {
	seen := 0
	for _, dir := range []string{"app", "token", "session", "signin", "factor", "secret", "oidc", "oidc/request", "directory", "mail", "logout",
		"server", "api/scim", "api/admin", "api/cidaas", "api/vmware", "api/vmware/entry", "api/cloudapi", "api/activid", "web", "web/portal"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && p != filepath.Join(root, dir) {
				if d != nil && d.IsDir() {
					return fs.SkipDir
				}
				return err
			}
			if filepath.Ext(p) != ".go" || strings.HasSuffix(p, "_test.go") {
				return nil
			}
			seen++
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, p, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, p)
			for _, found := range leaks(set, f) {
				key := filepath.ToSlash(name) + ": " + found
				if harmless[key] == "" {
					t.Errorf("%s: compare secrets by secret.Equal", key)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 50 {
		t.Errorf("only %d files were read", seen)
	}
}

// leaks returns the comparisons of a file that look like ones of secrets.
func leaks(set *token.FileSet, f *ast.File) (found []string) {
	text := func(n ast.Node) string {
		var b bytes.Buffer
		_ = printer.Fprint(&b, set, n) // a buffer takes everything
		return b.String()
	}
	check := func(whole ast.Node, x, y ast.Expr) {
		if constant(f, x) || constant(f, y) {
			return
		}
		if secretName.MatchString(text(x)) || secretName.MatchString(text(y)) {
			found = append(found, text(whole))
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op == token.EQL || n.Op == token.NEQ {
				check(n, n.X, n.Y)
			}
		case *ast.CallExpr:
			switch text(n.Fun) {
			case "bytes.Equal", "slices.Equal", "strings.EqualFold", "bytes.Compare", "strings.Compare":
				check(n, n.Args[0], n.Args[1])
			}
		}
		return true
	})
	return found
}

// constant reports whether e is written in the source: a literal, nil, or a name
// that is exported by its package, as constants and errors are.
func constant(f *ast.File, e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return e.Name == "nil" || e.IsExported()
	case *ast.SelectorExpr:
		from, ok := e.X.(*ast.Ident)
		return ok && e.Sel.IsExported() && slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool {
			return path.Base(strings.Trim(i.Path.Value, `"`)) == from.Name
		})
	}
	return false
}

// TestLeaks checks that the search finds what it is for.
func TestLeaks(t *testing.T) {
	for text, want := range map[string]int{
		"a.SecretHash == given":          1,
		"bytes.Equal(stored.Hash, h[:])": 1,
		"password != p.Password":         1,
		"secret.Equal(a.Hash, b)":        0,
		`a.Secret == ""`:                 0,
		"a.Hash == nil":                  0,
		"hashOf(x) == y":                 1,
		"len(hash) == 32":                0,
		"a.Name == b":                    0,
	} {
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, "x.go", "package x\nvar _ = "+text+"\n", 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := leaks(set, f); len(got) != want {
			t.Errorf("leaks(%s) = %q, want %d", text, got, want)
		}
	}
}
