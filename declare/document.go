// Package declare makes organisations what files say they are: it reads YAML,
// finds what differs from what is there, and changes that and nothing else. What
// a file does not speak of stays as it is.
package declare

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// An Organisation is one YAML document. Lists that are absent are not managed;
// an empty list says that there is nothing of the kind, which takes effect with
// pruning. References are names: of roles, of permissions, "type/slug" of
// resources, user names.
type Organisation struct {
	Slug          string         `yaml:"organisation"`
	Name          string         `yaml:"name,omitempty"`
	Parent        string         `yaml:"parent,omitempty"` // slug; "": the root organisation
	Connections   []Connection   `yaml:"connections,omitempty"`
	Apps          []App          `yaml:"apps,omitempty"`
	Actions       []Action       `yaml:"actions,omitempty"`
	ResourceTypes []ResourceType `yaml:"resource-types,omitempty"`
	Resources     []Resource     `yaml:"resources,omitempty"`
	Permissions   []Permission   `yaml:"permissions,omitempty"`
	Roles         []Role         `yaml:"roles,omitempty"`
	Groups        []Group        `yaml:"groups,omitempty"`
	Assignments   []Assignment   `yaml:"assignments,omitempty"`

	from string // the file, for errors
}

// A Connection is a SCIM client. Its token is printed when it is made.
type Connection struct {
	Name    string `yaml:"name"`
	Dialect string `yaml:"dialect,omitempty"`
	Rate    int    `yaml:"rate,omitempty"`
	Access  bool   `yaml:"access,omitempty"`
}

// An App is an OAuth client; its settings stand beside its client id under the
// names of our JSON API. Its secret is printed when it is made.
type App struct {
	ClientID string         `yaml:"client_id"`
	Settings map[string]any `yaml:",inline"`
}

// An Action is something that can be done.
type Action struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description,omitempty"`
	Inactive    bool   `yaml:"inactive,omitempty"`
}

// A ResourceType is a kind of resource; its slug names it.
type ResourceType struct {
	Slug        string   `yaml:"slug"`
	Name        string   `yaml:"name,omitempty"` // "": the slug
	Description string   `yaml:"description,omitempty"`
	Actions     []string `yaml:"actions,omitempty"`
}

// A Resource is a thing; its type and slug name it.
type Resource struct {
	Slug        string `yaml:"slug"`
	Type        string `yaml:"type"`
	Name        string `yaml:"name,omitempty"` // "": the slug
	Description string `yaml:"description,omitempty"`
}

// A Statement allows or denies actions on a resource.
type Statement struct {
	Actions   []string `yaml:"actions"`
	Resource  string   `yaml:"resource"`         // "type/slug", where slug may hold *, or "*"
	Effect    string   `yaml:"effect,omitempty"` // "allow" or "deny"
	Condition string   `yaml:"condition,omitempty"`
}

// A Permission is a list of statements.
type Permission struct {
	Name        string      `yaml:"name"`
	Description string      `yaml:"description,omitempty"`
	Statements  []Statement `yaml:"statements"`
}

// A Role is what is assigned.
type Role struct {
	Name        string            `yaml:"name"`
	Display     string            `yaml:"display_name,omitempty"`
	Description string            `yaml:"description,omitempty"`
	ClientID    string            `yaml:"client_id,omitempty"`
	ClaimMapper map[string]string `yaml:"claim_mapper,omitempty"`
	Permissions []string          `yaml:"permissions,omitempty"`
	Statements  []Statement       `yaml:"statements,omitempty"`
}

// A Group is named by its display name. Members are user names; absent, they are
// not managed.
type Group struct {
	Name    string   `yaml:"name"`
	Members []string `yaml:"members,omitempty"`
}

// An Assignment gives a role to one user, group or app.
type Assignment struct {
	Role      string `yaml:"role"`
	User      string `yaml:"user,omitempty"`  // user name
	Group     string `yaml:"group,omitempty"` // display name
	App       string `yaml:"app,omitempty"`   // client id
	Inherited bool   `yaml:"inherited,omitempty"`
	Expires   string `yaml:"expires,omitempty"` // RFC 3339; absent: never, or as it stands
}

// maxFile bounds a file.
const maxFile = 8 << 20

// Read reads every *.yaml and *.yml file of a folder, in the order of their
// names. An organisation may be spread over documents; what one says of the same
// thing twice is an error.
func Read(dir fs.FS) ([]Organisation, error) {
	var names []string
	err := fs.WalkDir(dir, ".", func(name string, e fs.DirEntry, err error) error {
		if ext := path.Ext(name); err == nil && !e.IsDir() && (ext == ".yaml" || ext == ".yml") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("no .yaml file is there")
	}
	var all []Organisation
	for _, name := range names {
		docs, err := readFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, docs...)
	}
	return gather(all)
}

func readFile(dir fs.FS, name string) ([]Organisation, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, errors.New("the file is larger than 8 MiB")
	}
	docs, err := Parse(text)
	for i := range docs {
		docs[i].from = name
	}
	return docs, err
}

// Parse reads the documents of one file.
func Parse(text []byte) (docs []Organisation, err error) {
	d, err := yaml.NewLoader(strings.NewReader(string(text)), yaml.WithKnownFields(), yaml.WithUniqueKeys())
	if err != nil {
		return nil, err
	}
	for {
		var o Organisation
		switch err := d.Load(&o); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return nil, err
		}
		if err := o.check(); err != nil {
			return nil, err
		}
		docs = append(docs, o)
	}
}

// gather puts the documents of each organisation together, and the organisations
// into an order in which parents come first.
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
		if err := o.unique(); err != nil {
			return nil, err
		}
	}
	return parentsFirst(out)
}

func parentsFirst(list []Organisation) ([]Organisation, error) {
	var out []Organisation
	placed := map[string]bool{}
	for len(out) < len(list) {
		before := len(out)
		for _, o := range list {
			waits := slices.ContainsFunc(list, func(p Organisation) bool { return p.Slug == o.Parent && !placed[p.Slug] })
			if !placed[o.Slug] && !waits {
				placed[o.Slug] = true
				out = append(out, o)
			}
		}
		if len(out) == before {
			return nil, errors.New("the parents of the organisations form a circle")
		}
	}
	return out, nil
}

// add lays another document of the same organisation over o.
func (o *Organisation) add(b Organisation) error {
	for _, f := range []struct {
		name string
		to   *string
		text string
	}{{"name", &o.Name, b.Name}, {"parent", &o.Parent, b.Parent}} {
		if *f.to != "" && f.text != "" && *f.to != f.text {
			return fmt.Errorf("%s: the %s of %s is %q in %s", b.from, f.name, o.Slug, *f.to, o.from)
		}
		if *f.to == "" {
			*f.to = f.text
		}
	}
	o.Connections = join(o.Connections, b.Connections)
	o.Apps = join(o.Apps, b.Apps)
	o.Actions = join(o.Actions, b.Actions)
	o.ResourceTypes = join(o.ResourceTypes, b.ResourceTypes)
	o.Resources = join(o.Resources, b.Resources)
	o.Permissions = join(o.Permissions, b.Permissions)
	o.Roles = join(o.Roles, b.Roles)
	o.Groups = join(o.Groups, b.Groups)
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
