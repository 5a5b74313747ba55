package authzen

import (
	"bytes"
	"cmp"
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
	Subject  entity         `json:"subject"`
	Action   entity         `json:"action"`
	Resource entity         `json:"resource"`
	Context  map[string]any `json:"context"`
}

// A batch is the body of an evaluations request.
type batch struct {
	tuple
	Evaluations []tuple `json:"evaluations"`
	options
}

// A looseBatch is a batch of which some items are of a wrong type.
type looseBatch struct {
	tuple
	Evaluations []json.RawMessage `json:"evaluations"`
	options
}

type options struct {
	Options struct {
		Semantic string `json:"evaluations_semantic,omitempty"`
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
	return body(w, r, func(text []byte) error { return decode(text, v) })
}

// body reads the body, a JSON object, for as long as use runs.
func body(w http.ResponseWriter, r *http.Request, use func([]byte) error) error {
	if kind := r.Header.Get("Content-Type"); kind != "application/json" {
		if kind, _, err := mime.ParseMediaType(kind); err != nil || kind != "application/json" {
			return invalid("The body must be application/json.")
		}
	}
	read := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(read)
	read.Reset()
	if _, err := read.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return invalid("The body is larger than 1 MiB.")
		}
		return invalid("The body was cut off.")
	}
	text := bytes.TrimLeft(read.Bytes(), " \t\r\n")
	if len(text) == 0 || text[0] != '{' {
		return invalid("The body must be a JSON object.")
	}
	return use(text)
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
	case t.Subject.Type == "":
		return q, invalid(`"subject.type" is missing.`)
	case need&needSubject != 0 && t.Subject.ID == "":
		return q, invalid(`"subject.id" is missing.`)
	case need&needAction != 0 && t.Action.Name == "":
		return q, invalid(`"action.name" is missing.`)
	case t.Resource.Type == "":
		return q, invalid(`"resource.type" is missing.`)
	case need&needResource != 0 && t.Resource.ID == "":
		return q, invalid(`"resource.id" is missing.`)
	}
	q.Subject = access.Entity{Type: t.Subject.Type, ID: t.Subject.ID, Properties: t.Subject.Properties}
	q.Resource = access.Entity{Type: t.Resource.Type, ID: t.Resource.ID, Properties: t.Resource.Properties}
	q.Action, q.ActionP, q.Context = t.Action.Name, t.Action.Properties, t.Context
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

func (e entity) over(d entity) entity {
	if e.Type == "" && e.ID == "" && e.Name == "" && e.Properties == nil {
		return d
	}
	e.Type, e.ID, e.Name = cmp.Or(e.Type, d.Type), cmp.Or(e.ID, d.ID), cmp.Or(e.Name, d.Name)
	return e
}
