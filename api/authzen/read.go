package authzen

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"sync"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
)

const (
	maxBody  = 1 << 20 // bytes
	maxItems = 1000    // of one evaluations request
)

// An entity is a subject or a resource as it is sent; an action has a name in
// place of type and id.
type entity struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Properties map[string]any `json:"properties"`
}

// A tuple is one question as it is sent. Members that we do not know are ignored,
// as section 10.1 asks.
type tuple struct {
	Subject  *entity        `json:"subject"`
	Action   *entity        `json:"action"`
	Resource *entity        `json:"resource"`
	Context  map[string]any `json:"context"`
}

// A batch is the body of an evaluations request.
type batch struct {
	tuple
	Evaluations []json.RawMessage `json:"evaluations"`
	Options     struct {
		Semantic string `json:"evaluations_semantic"`
	} `json:"options"`
}

// A search is the body of a search request.
type search struct {
	tuple
	Page struct {
		Token string `json:"token"`
		Next  string `json:"next_token"` // under which drafts had the token
		Limit int    `json:"limit"`
	} `json:"page"`
}

// bodies keeps the memory in which bodies are read.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// read decodes the body, a JSON object, into v.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	if kind := r.Header.Get("Content-Type"); kind != "application/json" {
		if kind, _, err := mime.ParseMediaType(kind); err != nil || kind != "application/json" {
			return invalid("The body must be application/json.")
		}
	}
	body := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body)
	body.Reset()
	if _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return invalid("The body is larger than 1 MiB.")
		}
		return invalid("The body was cut off.")
	}
	text := bytes.TrimLeft(body.Bytes(), " \t\r\n")
	if len(text) == 0 || text[0] != '{' {
		return invalid("The body must be a JSON object.")
	}
	return decode(text, v)
}

func decode(text []byte, v any) error {
	err := json.Unmarshal(text, v)
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return invalid(strconv.Quote(e.Field) + " cannot be a JSON " + e.Value + ".")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || err != nil {
		return invalid("The body is not JSON.")
	}
	return nil
}

func invalid(text string) error { return identity.NewError(identity.Invalid, "", text) }

// The parts of a question that must be there.
type parts int

const (
	needSubject parts = 1 << iota // its id; the type is always needed
	needAction
	needResource // its id; the type is always needed
)

// question turns a tuple into a question and finds what is missing in it.
func (t tuple) question(need parts) (q access.Question, err error) {
	switch {
	case t.Subject == nil:
		return q, invalid(`"subject" is missing.`)
	case t.Subject.Type == "":
		return q, invalid(`"subject.type" is missing.`)
	case need&needSubject != 0 && t.Subject.ID == "":
		return q, invalid(`"subject.id" is missing.`)
	case need&needAction != 0 && t.Action == nil:
		return q, invalid(`"action" is missing.`)
	case need&needAction != 0 && t.Action.Name == "":
		return q, invalid(`"action.name" is missing.`)
	case t.Resource == nil:
		return q, invalid(`"resource" is missing.`)
	case t.Resource.Type == "":
		return q, invalid(`"resource.type" is missing.`)
	case need&needResource != 0 && t.Resource.ID == "":
		return q, invalid(`"resource.id" is missing.`)
	}
	q.Subject = access.Entity{Type: t.Subject.Type, ID: t.Subject.ID, Properties: t.Subject.Properties}
	q.Resource = access.Entity{Type: t.Resource.Type, ID: t.Resource.ID, Properties: t.Resource.Properties}
	if t.Action != nil {
		q.Action, q.ActionP = t.Action.Name, t.Action.Properties
	}
	q.Context = t.Context
	return q, nil
}

// over lays a tuple over the defaults of a batch. An entity replaces the default
// as a whole, but for the type, id or name that it leaves out.
func (t tuple) over(d tuple) tuple {
	t.Subject, t.Action, t.Resource = t.Subject.over(d.Subject), t.Action.over(d.Action), t.Resource.over(d.Resource)
	if t.Context == nil {
		t.Context = d.Context
	}
	return t
}

func (e *entity) over(d *entity) *entity {
	if e == nil || d == nil {
		if e == nil {
			return d
		}
		return e
	}
	out := *e
	if out.Type == "" {
		out.Type = d.Type
	}
	if out.ID == "" {
		out.ID = d.ID
	}
	if out.Name == "" {
		out.Name = d.Name
	}
	return &out
}
