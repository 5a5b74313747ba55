package reference

import (
	"cmp"
	"encoding/json"
	"slices"
	"sort"
	"strings"
)

// A manual is the document as the page shows it.
type manual struct {
	Parts   []chapter
	Schemas []definitionOf
}

type chapter struct {
	Name, Anchor string
	Operations   []operation
}

type operation struct {
	Method, Tone, Anchor string   // Tone colours the method
	Path                 []string // what stands between its slashes, where it may be broken
	Summary, Needs       string
	Parameters           []member
	Body, Answer, Status string // Body and Answer name schemas, "" for none
	BodyLink, AnswerLink string // "" where there is nothing to link to
	StatusText           string
}

type definitionOf struct {
	Name    string
	Members []member
}

type member struct {
	Name, Type, Link, Text string
	Required               bool
}

// What the page needs to know of an OpenAPI document.
type (
	openAPI struct {
		Tags  []struct{ Name string }
		Paths map[string]map[string]struct {
			Tags       []string
			Summary    string
			Needs      string `json:"x-permission"`
			Parameters []struct {
				Name, In, Description string
				Required              bool
			}
			RequestBody struct{ Content map[string]media }
			Responses   map[string]struct {
				Description string
				Content     map[string]media
			}
		}
		Components struct{ Schemas map[string]schemaOf }
	}
	media    struct{ Schema schemaOf }
	schemaOf struct {
		Ref                  string `json:"$ref"`
		Type                 any
		Format, Description  string
		Items                *schemaOf
		AdditionalProperties any
		Properties           map[string]schemaOf
		Required             []string
	}
)

// readManual reads a document for the page.
func readManual(text []byte) (m manual, err error) {
	var doc openAPI
	if err := json.Unmarshal(text, &doc); err != nil {
		return m, err
	}
	for _, tag := range doc.Tags {
		c := chapter{Name: tag.Name, Anchor: anchor(tag.Name)}
		for path, methods := range doc.Paths {
			for method, o := range methods {
				if !slices.Contains(o.Tags, tag.Name) {
					continue
				}
				op := operation{
					Method: strings.ToUpper(method), Tone: tones[method], Path: strings.Split(path, "/"), Anchor: anchor(method + path), Summary: o.Summary, Needs: o.Needs,
				}
				for _, p := range o.Parameters {
					if p.In == "path" {
						continue // it is seen there
					}
					op.Parameters = append(op.Parameters, member{Name: p.Name, Type: "in the " + p.In, Text: p.Description, Required: p.Required})
				}
				op.Body, op.BodyLink = o.RequestBody.Content["application/json"].Schema.name()
				for status, res := range o.Responses {
					if status[0] == '2' {
						op.Status, op.StatusText = status, res.Description
						op.Answer, op.AnswerLink = res.Content["application/json"].Schema.name()
					}
				}
				c.Operations = append(c.Operations, op)
			}
		}
		slices.SortFunc(c.Operations, func(a, b operation) int {
			return cmp.Or(slices.Compare(a.Path, b.Path), cmp.Compare(order(a.Method), order(b.Method)))
		})
		m.Parts = append(m.Parts, c)
	}
	for name, s := range doc.Components.Schemas {
		m.Schemas = append(m.Schemas, definitionOf{name, s.members()})
	}
	sort.Slice(m.Schemas, func(i, j int) bool { return m.Schemas[i].Name < m.Schemas[j].Name })
	return m, nil
}

var tones = map[string]string{"get": "info", "post": "ok", "put": "warn", "patch": "warn", "delete": "danger"}

func order(method string) int { return strings.Index("GET POST PUT PATCH DELETE", method) }

// members lists the properties by name.
func (s schemaOf) members() (list []member) {
	for name, p := range s.Properties {
		typ, link := p.name()
		list = append(list, member{Name: name, Type: typ, Link: link, Text: p.Description, Required: slices.Contains(s.Required, name)})
	}
	slices.SortFunc(list, func(a, b member) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// name says what a schema is in a word, and where it is told more about.
func (s schemaOf) name() (text, link string) {
	if ref, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return ref, "schema-" + ref
	}
	kind := ""
	switch t := s.Type.(type) {
	case string:
		kind = t
	case []any:
		for _, one := range t {
			if one, _ := one.(string); one != "null" {
				kind = one
			}
		}
	}
	switch {
	case kind == "array" && s.Items != nil:
		text, link = s.Items.name()
		return "list of " + cmp.Or(text, "anything"), link
	case s.Format != "":
		return s.Format, ""
	}
	return kind, ""
}

// anchor makes a name for a place on the page.
func anchor(s string) string {
	return strings.Trim(notName.ReplaceAllString(strings.ToLower(s), "-"), "-")
}
