package declare

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// MaxFile bounds the bytes of a file.
const MaxFile = 8 << 20

// maxFiles bounds the bytes of all files.
const maxFiles = 64 << 20

// Read reads a file, or every *.yaml and *.yml file below a folder ("." for all
// of dir) in the order of their names; hidden ones are left out. An organisation
// may be spread over files. Errors name file and line.
func Read(dir fs.FS, name string) ([]Organisation, error) {
	var names []string
	err := fs.WalkDir(dir, name, func(p string, e fs.DirEntry, err error) error {
		switch ext := path.Ext(p); {
		case err != nil:
			return err
		case p != name && strings.HasPrefix(e.Name(), ".") && e.IsDir():
			return fs.SkipDir
		case e.IsDir():
		case p == name, !strings.HasPrefix(e.Name(), ".") && (ext == ".yaml" || ext == ".yml"):
			names = append(names, p)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("no .yaml file is there")
	}
	var all []Organisation
	left := maxFiles
	for _, name := range names {
		text, err := readFile(dir, name)
		if err != nil {
			return nil, err
		}
		if left -= len(text); left < 0 {
			return nil, errors.New("the files together are larger than 64 MiB")
		}
		docs, err := documents(name, text)
		if err != nil {
			return nil, err
		}
		all = append(all, docs...)
	}
	return gather(all)
}

// Parse reads one file; name is what errors call it.
func Parse(name string, text []byte) ([]Organisation, error) {
	if len(text) > MaxFile {
		return nil, tooLarge(name)
	}
	docs, err := documents(name, text)
	if err != nil {
		return nil, err
	}
	return gather(docs)
}

func readFile(dir fs.FS, name string) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	text, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(text) > MaxFile {
		err = tooLarge(name)
	}
	return text, err
}

func tooLarge(name string) error { return fmt.Errorf("%s is larger than 8 MiB", name) }

// documents reads the documents of one file, each by itself.
func documents(name string, text []byte) (docs []Organisation, err error) {
	d, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	for {
		var node yaml.Node
		switch err := d.Load(&node); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return nil, placed(name, err)
		}
		if len(node.Content) == 1 && node.Content[0].ShortTag() == "!!null" {
			continue // nothing but comments
		}
		var o Organisation
		if err := node.Load(&o, yaml.WithKnownFields()); err != nil {
			return nil, placed(name, err)
		}
		o.locate(name, &node)
		if err := o.check(); err != nil {
			return nil, err
		}
		docs = append(docs, o)
	}
}

// placed puts file and line before what is wrong with YAML.
func placed(name string, err error) error {
	var list []*yaml.LoadError
	if all, ok := errors.AsType[*yaml.LoadErrors](err); ok {
		list = all.Errors
	} else if one, ok := errors.AsType[*yaml.LoadError](err); ok {
		list = []*yaml.LoadError{one}
	}
	var texts []string
	for _, e := range list {
		texts = append(texts, fmt.Sprintf("%s:%d: %s", name, max(e.Mark.Line, 1), said(e.Message)))
	}
	if texts == nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return errors.New(strings.Join(texts, "; "))
}

// What the YAML package says of documents that do not fit our types.
var (
	strange = regexp.MustCompile(`^field (.+) not found in type declare\.(\w+)$`)
	misfit  = regexp.MustCompile("^cannot construct !!(\\w+)(?: (`.*`))? into (.+)$")
)

// words are our types, and those of YAML, in the words of files.
var words = map[string]string{
	"Organisation": "organisation", "Connection": "connection", "Group": "group", "App": "app", "Action": "action",
	"ResourceType": "resource type", "Resource": "resource", "Statement": "statement", "Permission": "permission",
	"Role": "role", "Assignment": "assignment",
	"int": "a number", "bool": "true or false", "string": "a text", "[]string": "a list of texts",
	"map[string]string": "texts by name", "seq": "a list", "map": "members with values", "str": "a text", "float": "a fraction",
}

// said says in the words of files what is wrong with YAML.
func said(message string) string {
	if m := strange.FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("%q is no member of %s %s", m[1], article(words[m[2]]), words[m[2]])
	}
	m := misfit.FindStringSubmatch(message)
	if m == nil {
		return message
	}
	want := words[m[3]]
	switch typ, list := strings.CutPrefix(m[3], "[]declare."); {
	case list:
		want = "a list of " + words[typ] + "s"
	case want == "":
		typ, _ = strings.CutPrefix(m[3], "declare.")
		want = fmt.Sprintf("%s %s with its members", article(words[typ]), words[typ])
	}
	return fmt.Sprintf("%s stands where %s should", cmp.Or(m[2], words[m[1]], m[1]), want)
}

// article returns the article of a word.
func article(word string) string {
	if word != "" && strings.ContainsRune("aeiou", rune(word[0])) {
		return "an"
	}
	return "a"
}

// locate notes where each thing of a document stands.
func (o *Organisation) locate(name string, doc *yaml.Node) {
	o.places = map[string]string{}
	at := func(n *yaml.Node) string { return fmt.Sprintf("%s:%d", name, n.Line) }
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return
	}
	o.places[key(kindOrganisation, o.Slug)] = at(doc.Content[0])
	pairs := doc.Content[0].Content
	for _, c := range o.chapters() {
		for i := 0; i+1 < len(pairs); i += 2 {
			list := pairs[i+1]
			if list.Kind == yaml.AliasNode {
				list = list.Alias
			}
			if pairs[i].Value != c.member || len(list.Content) != len(c.names) {
				continue
			}
			for j, n := range list.Content {
				if k := key(c.kind, c.names[j]); o.places[k] == "" {
					o.places[k] = at(n)
				}
			}
		}
	}
}

// place says where a thing stands, or where its organisation does.
func (o *Organisation) place(kind, name string) string {
	if at := o.places[key(kind, name)]; at != "" {
		return at
	}
	return o.places[key(kindOrganisation, o.Slug)]
}

// gather puts the documents of each organisation together.
func gather(docs []Organisation) ([]Organisation, error) {
	var out []Organisation
	for _, doc := range docs {
		i := slices.IndexFunc(out, func(o Organisation) bool { return o.Slug == doc.Slug })
		if i < 0 {
			out = append(out, doc)
			continue
		}
		if err := out[i].add(doc); err != nil {
			return nil, err
		}
	}
	for _, o := range out {
		if err := o.check(); err != nil {
			return nil, err
		}
	}
	return out, circles(out)
}

// circles finds organisations that would be above themselves.
func circles(list []Organisation) error {
	parents := map[string]string{}
	for _, o := range list {
		parents[o.Slug] = o.Parent
	}
	for _, o := range list {
		above := o.Parent
		for range list {
			if above == o.Slug {
				return fmt.Errorf("%s: organisation %s is above itself", o.place(kindOrganisation, o.Slug), o.Slug)
			}
			above = parents[above]
		}
	}
	return nil
}

// add lays another document of the same organisation over o.
func (o *Organisation) add(b Organisation) error {
	for _, f := range []struct {
		name string
		to   *string
		text string
	}{{"name", &o.Name, b.Name}, {"parent", &o.Parent, b.Parent}} {
		if *f.to != "" && f.text != "" && *f.to != f.text {
			return fmt.Errorf("%s: the %s of %s is %q in %s", b.place(kindOrganisation, b.Slug), f.name, o.Slug, *f.to, o.place(kindOrganisation, o.Slug))
		}
		if *f.to == "" {
			*f.to = f.text
		}
	}
	for k, at := range b.places {
		if first := o.places[k]; first == "" {
			o.places[k] = at
		} else if k != key(kindOrganisation, o.Slug) {
			return fmt.Errorf("%s: the %s stands in %s already", at, strings.Replace(k, ":", " ", 1), first)
		}
	}
	o.Connections = join(o.Connections, b.Connections)
	o.Groups = join(o.Groups, b.Groups)
	o.Apps = join(o.Apps, b.Apps)
	o.Actions = join(o.Actions, b.Actions)
	o.ResourceTypes = join(o.ResourceTypes, b.ResourceTypes)
	o.Resources = join(o.Resources, b.Resources)
	o.Permissions = join(o.Permissions, b.Permissions)
	o.Roles = join(o.Roles, b.Roles)
	o.Assignments = join(o.Assignments, b.Assignments)
	return nil
}

// join keeps absent (nil) apart from empty.
func join[T any](a, b []T) []T {
	if a == nil {
		return b
	}
	return append(a, b...)
}
