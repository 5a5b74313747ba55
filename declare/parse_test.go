package declare_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/declare"
)

// TestParse has documents that are refused, each with its file and line.
func TestParse(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no YAML":                     {"organisation: [", "f.yaml:2: did not find expected node content"},
		"a member that is unknown":    {"organisation: a\nroles:\n  - name: r\n    colour: red\nshape: round", `f.yaml:4: "colour" is no member of a role; f.yaml:5: "shape" is no member of an organisation`},
		"a member that comes twice":   {"organisation: a\nname: b\nname: c", `f.yaml:3: mapping key "name" already defined at line 2`},
		"a number that is none":       {"organisation: a\nconnections: [{name: c, rate: fast}]", "f.yaml:2: `fast` stands where a number should"},
		"a list":                      {"- a", "f.yaml:1: a list stands where an organisation with its members should"},
		"a text for a list":           {"organisation: a\nroles: [{name: r, permissions: read}]", "f.yaml:2: `read` stands where a list of texts should"},
		"texts for roles":             {"organisation: a\nroles: [editor]", "f.yaml:2: `editor` stands where a role with its members should"},
		"a text for roles":            {"organisation: a\nroles: editor", "f.yaml:2: `editor` stands where a list of roles should"},
		"a list for claims":           {"organisation: a\nroles: [{name: r, claim_mapper: [x]}]", "f.yaml:2: a list stands where texts by name should"},
		"no organisation":             {"\n\nname: A", "f.yaml:3: the document lacks its organisation"},
		"a slug in capitals":          {"organisation: Acme", `f.yaml:1: "Acme" is no slug of an organisation: lower-case letters, digits and hyphens`},
		"a parent with a space":       {"organisation: a\nparent: a b", `f.yaml:1: "a b" is no slug of an organisation: lower-case letters, digits and hyphens`},
		"a role without a name":       {"organisation: a\nroles:\n  - display_name: x", "f.yaml:3: a role lacks its name"},
		"a role twice":                {"organisation: a\nroles:\n  - name: r\n  - name: R", "f.yaml:3: the role R stands here twice"},
		"a role in two documents":     {"organisation: a\nroles: [{name: r}]\n---\norganisation: a\nroles: [{name: R}]", "f.yaml:5: the role r stands in f.yaml:2 already"},
		"two names":                   {"organisation: a\nname: A\n---\norganisation: a\nname: B", `f.yaml:4: the name of a is "A" in f.yaml:1`},
		"a circle":                    {"organisation: a\nparent: b\n---\norganisation: b\nparent: a", "f.yaml:1: organisation a is above itself"},
		"its own parent":              {"organisation: a\nparent: a", "f.yaml:1: organisation a is above itself"},
		"a setting that is unknown":   {"organisation: a\napps:\n  - client_id: x\n    colour: red", "f.yaml:3: app x: there is no setting colour, or it is of another type"},
		"a setting of another type":   {"organisation: a\napps:\n  - client_id: x\n    trusted: maybe", "f.yaml:3: app x: there is no setting trusted, or it is of another type"},
		"a setting that is computed":  {"organisation: a\napps:\n  - client_id: x\n    sector: s", "f.yaml:3: app x: there is no setting sector, or it is of another type"},
		"a key that is a list":        {"organisation: a\napps:\n  - client_id: x\n    jwks: {[1]: 2}", ""},
		"a resource without a type":   {"organisation: a\nresources:\n  - slug: r", "f.yaml:3: resource r lacks its type"},
		"a statement without actions": {"organisation: a\npermissions:\n  - name: p\n    statements: [{resource: '*'}]", "f.yaml:3: permission p: statement 1 lacks actions or a resource"},
		"an effect that is none":      {"organisation: a\nroles:\n  - name: r\n    statements: [{actions: ['*'], resource: '*', effect: maybe}]", `f.yaml:3: role r: statement 1 has the effect "maybe", which is neither allow nor deny`},
		"a condition that is none":    {"organisation: a\nroles:\n  - name: r\n    statements: [{actions: ['*'], resource: '*', condition: 'resource.x neq 1'}]", "f.yaml:3: role r: statement 1: The condition cannot be read. The operator 'neq' is not supported."},
		"a condition about nothing":   {"organisation: a\npermissions:\n  - name: p\n    statements: [{actions: ['*'], resource: '*', condition: 'x eq 1'}]", "f.yaml:3: permission p: statement 1: The condition is not valid at offset 0: 'x' is not a property of subject, action, resource or context."},
		"an assignment to nobody":     {"organisation: a\nassignments:\n  - role: r", "f.yaml:3: an assignment names a role, and one of user, group and app"},
		"an assignment to two":        {"organisation: a\nassignments:\n  - {role: r, user: u, group: g}", "f.yaml:3: an assignment names a role, and one of user, group and app"},
		"an end that is none":         {"organisation: a\nassignments:\n  - {role: r, user: u, expires: soon}", `f.yaml:3: "soon" is no time as 2027-01-31 or 2027-01-31T12:00:00Z`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := declare.Parse("f.yaml", []byte(c.text))
			if err == nil || c.want != "" && err.Error() != c.want {
				t.Errorf("Parse = %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestRead(t *testing.T) {
	dir := fstest.MapFS{
		"b.yaml":          {Data: []byte("# only this\n---\norganisation: a\nroles: [{name: second}]")},
		"a.yml":           {Data: []byte("organisation: a\nroles: [{name: first}]\n---\n")},
		"below/c.yaml":    {Data: []byte("organisation: b\nparent: a")},
		".git/d.yaml":     {Data: []byte("nonsense")},
		".hidden.yaml":    {Data: []byte("nonsense")},
		"README.md":       {Data: []byte("nonsense")},
		"other/x.json":    {Data: []byte("{}")},
		"large.d/z.yaml~": {Data: []byte("nonsense")},
	}
	docs, err := declare.Read(dir, ".")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range docs {
		line := d.Slug
		for _, r := range d.Roles {
			line += " " + r.Name
		}
		got = append(got, line)
	}
	if diff := cmp.Diff([]string{"a first second", "b"}, got); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
	if docs, err := declare.Read(dir, "below/c.yaml"); err != nil || len(docs) != 1 || docs[0].Slug != "b" {
		t.Errorf("Read of a file = %v, %v", docs, err)
	}
	if docs, err := declare.Read(dir, "other"); err == nil {
		t.Errorf("Read of a folder without YAML = %v", docs)
	}
	if docs, err := declare.Read(dir, "none"); err == nil {
		t.Errorf("Read of nothing = %v", docs)
	}
}

// TestLimits has files that are too large: one alone, and many together.
func TestLimits(t *testing.T) {
	comment := func(n int) *fstest.MapFile {
		return &fstest.MapFile{Data: append([]byte("organisation: a\n"), bytes.Repeat([]byte("# comment of 20 byte\n"), n/21)...)}
	}
	if _, err := declare.Read(fstest.MapFS{"a.yaml": comment(7 << 20)}, "."); err != nil {
		t.Errorf("a file of 7 MiB: %v", err)
	}
	if _, err := declare.Read(fstest.MapFS{"a.yaml": comment(9 << 20)}, "."); err == nil || err.Error() != "a.yaml is larger than 8 MiB" {
		t.Errorf("a file of 9 MiB: %v", err)
	}
	many := fstest.MapFS{}
	for i := range 10 {
		many[fmt.Sprintf("%d.yaml", i)] = comment(7 << 20)
	}
	if _, err := declare.Read(many, "."); err == nil || err.Error() != "the files together are larger than 64 MiB" {
		t.Errorf("70 MiB of files: %v", err)
	}
	bomb := "organisation: a\nname: &a0 [x]\n"
	for i := range 40 {
		bomb = strings.Replace(bomb, "\nname:", fmt.Sprintf("\nx%d: &b%d [*b%d, *b%d, *b%d]\nname:", i+1, i+1, i, i, i), 1)
	}
	bomb = strings.Replace(bomb, "organisation: a\n", "organisation: a\nx0: &b0 [y]\n", 1)
	if _, err := declare.Parse("bomb.yaml", []byte(bomb)); err == nil {
		t.Error("a document of aliases of aliases is read")
	}
	settings := "organisation: a\napps:\n  - client_id: c\n    jwks:\n      x0: &b0 [y]\n"
	for i := range 40 {
		settings += fmt.Sprintf("      x%d: &b%d [*b%d, *b%d, *b%d, *b%d]\n", i+1, i+1, i, i, i, i)
	}
	if _, err := declare.Parse("bomb.yaml", []byte(settings)); err == nil {
		t.Error("a setting of aliases of aliases is read")
	}
}

// FuzzParse checks the law that a reader owes its writer: what is written can be
// read, and says the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("organisation: a\nroles: []\n---\norganisation: a\nparent: b\nroles: [{name: r, claim_mapper: {a: b}}]"))
	f.Add([]byte("organisation: a\napps: [{client_id: x, jwks: {keys: [{kty: EC}]}, default_max_age: 0x10, contacts: &c [a], owners: *c}]"))
	f.Add([]byte("organisation: &o a\nname: *o\nassignments: [{role: r, user: u, expires: 2027-01-31}]"))
	f.Add([]byte("{organisation: a, groups: [{name: \"\\u0000\", members: []}]}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		docs, err := declare.Parse("f.yaml", text)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error says nothing")
			}
			return
		}
		var written bytes.Buffer
		for i := range docs {
			written.WriteString("---\n")
			if err := docs[i].Write(&written); err != nil {
				t.Fatalf("write: %v", err)
			}
		}
		again, err := declare.Parse("again.yaml", written.Bytes())
		if err != nil {
			t.Fatalf("what is written cannot be read: %v\n%s", err, written.Bytes())
		}
		if len(docs) != len(again) {
			t.Fatalf("%d organisations become %d", len(docs), len(again))
		}
		for i := range docs {
			if diff := cmp.Diff(docs[i].Map(), again[i].Map()); diff != "" {
				t.Errorf("what is written says another thing (-first +again):\n%s", diff)
			}
		}
	})
}

// TestDocuments reads the files that the documents show.
func TestDocuments(t *testing.T) {
	if _, err := declare.Read(os.DirFS("../examples/access"), "."); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile("../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), "```yaml\n")
	block, _, _ := strings.Cut(after, "```")
	if !ok {
		t.Fatal("docs/access.md shows no YAML")
	}
	docs, err := declare.Parse("docs/access.md", []byte(block))
	if err != nil || len(docs) != 1 {
		t.Fatalf("the YAML of docs/access.md: %v", err)
	}
	h := newHouse(t, "sqlite:"+t.TempDir()+"/muster.db")
	h.apply(false, "organisation: europe\n---\norganisation: acme\nparent: europe")
	h.user("acme", "ann")
	h.user("acme", "bob")
	h.apply(false, block)
}
