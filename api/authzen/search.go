package authzen

import (
	"net/http"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// A page is what a search answers with (section 8).
type page struct {
	Results []any    `json:"results"`
	Page    pageInfo `json:"page"`
}

type pageInfo struct {
	Next  string `json:"next_token" description:"Empty on the last page."`
	Count int    `json:"count"`
}

// found is a subject or a resource that a search found.
type found struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Properties map[string]any `json:"properties,omitempty"`
}

// ask reads a search, has run answer it, and turns what it found into results.
func ask(w http.ResponseWriter, r *http.Request, need parts, run func(access.Question, access.Page) ([]any, string, error)) error {
	var s search
	if err := read(w, r, &s); err != nil {
		return err
	}
	q, err := s.question(need)
	if err != nil {
		return err
	}
	if s.Page.Limit < 0 {
		return invalid(`"page.limit" cannot be negative.`)
	}
	token := s.Page.Token
	if token == "" {
		token = s.Page.Next
	}
	results, next, err := run(q, access.Page{Token: token, Limit: min(s.Page.Limit, 1000)})
	if err != nil {
		return err
	}
	if results == nil {
		results = []any{}
	}
	web.JSON(w, http.StatusOK, page{results, pageInfo{next, len(results)}})
	return nil
}

// searchSubject lists who may (section 8.4). Users are named as they sign in;
// their id stands beside it as "sub", which is what tokens say.
func (d *Door) searchSubject(w http.ResponseWriter, r *http.Request, org identity.OrgID) error {
	return ask(w, r, needAction|needResource, func(q access.Question, p access.Page) ([]any, string, error) {
		list, next, err := d.o.Access.SearchSubjects(r.Context(), org, q, p)
		if err != nil {
			return nil, "", err
		}
		names := map[identity.ID]string{}
		if strings.EqualFold(q.Subject.Type, "user") {
			if names, err = d.o.Access.UserNames(r.Context(), org, idsOf(list)); err != nil {
				return nil, "", err
			}
		}
		out := make([]any, len(list))
		for i, text := range list {
			f := found{Type: q.Subject.Type, ID: text}
			id, _ := identity.ParseID(text)
			if name, ok := names[id]; ok {
				f.ID, f.Properties = name, map[string]any{"sub": text}
			}
			out[i] = f
		}
		return out, next, nil
	})
}

func idsOf(list []string) []identity.ID {
	out := make([]identity.ID, 0, len(list))
	for _, text := range list {
		if id, ok := identity.ParseID(text); ok {
			out = append(out, id)
		}
	}
	return out
}

// searchResource lists on what (section 8.5).
func (d *Door) searchResource(w http.ResponseWriter, r *http.Request, org identity.OrgID) error {
	return ask(w, r, needSubject|needAction, func(q access.Question, p access.Page) (out []any, next string, err error) {
		ids, next, err := d.o.Access.SearchResources(r.Context(), org, q, p)
		for _, id := range ids {
			out = append(out, found{Type: q.Resource.Type, ID: id})
		}
		return out, next, err
	})
}

// searchAction lists what (section 8.6).
func (d *Door) searchAction(w http.ResponseWriter, r *http.Request, org identity.OrgID) error {
	return ask(w, r, needSubject|needResource, func(q access.Question, p access.Page) (out []any, next string, err error) {
		names, next, err := d.o.Access.SearchActions(r.Context(), org, q, p)
		for _, name := range names {
			out = append(out, struct {
				Name string `json:"name"`
			}{name})
		}
		return out, next, err
	})
}
