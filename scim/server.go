package scim

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/muster-id/muster/scim/schema"
)

// Options are what a Server needs. Only Authenticate must be set.
type Options struct {
	// Authenticate finds out who sent a request. An *Error is answered as it is
	// (see Unauthorized), no Client with 401; any other error is ours and
	// answered with 500.
	Authenticate func(*http.Request) (*Client, error)
	// Public tells what discovery shows to a request without a valid credential:
	// the schemas and the absolute URL of the SCIM root. Without it, or when the
	// registry is nil, discovery asks for a credential as everything else does.
	Public func(*http.Request) (*schema.Registry, string)
	// Dialect is how answers look to a request whose client is not known: its
	// ListKey, MediaType and ErrorCodes count.
	Dialect schema.Dialect
	// Async keeps requests that ask to be answered later; nil: such requests are
	// answered at once.
	Async Async
	// CursorKey seals cursors. All servers behind one URL share it. Zero: a
	// random one, good until the process ends.
	CursorKey [32]byte
	Limits    Limits           // zero fields mean the defaults
	Log       *slog.Logger     // nil: slog.Default()
	Now       func() time.Time // nil: time.Now
}

// Limits bound what one request may ask for.
type Limits struct {
	Body           int64         // bytes of a request body, 4 MiB
	BulkBody       int64         // bytes of a bulk request, 10 MiB (maxPayloadSize)
	BulkOperations int           // operations of a bulk request, 1000 (maxOperations)
	Batch          int           // units in one call of Backend.Write, 500
	Page           int           // resources of a page unless the client says, 100
	MaxPage        int           // resources of a page at most, 1000
	CursorAge      time.Duration // how long a cursor is good, 1 hour
	ListTime       time.Duration // how long a search may take, 30 s
}

// A Server answers SCIM requests. It is safe for concurrent use.
type Server struct {
	opts Options
}

// New makes a Server.
func New(o Options) *Server {
	if o.CursorKey == [32]byte{} {
		rand.Read(o.CursorKey[:]) // never fails (crypto/rand)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &o.Limits
	fallback(&l.Body, 4<<20)
	fallback(&l.BulkBody, 10<<20)
	fallback(&l.BulkOperations, 1000)
	fallback(&l.Batch, 500)
	fallback(&l.MaxPage, 1000)
	fallback(&l.Page, min(100, l.MaxPage))
	fallback(&l.CursorAge, time.Hour)
	fallback(&l.ListTime, 30*time.Second)
	return &Server{opts: o}
}

func fallback[T int | int64 | time.Duration](v *T, to T) {
	if *v <= 0 {
		*v = to
	}
}

// ServeHTTP answers a request whose URL path is the path below the SCIM root.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Serve(w, r, r.URL.Path) }

// Serve answers a request; rest is the path below the SCIM root, "/Users/123".
func (s *Server) Serve(w http.ResponseWriter, r *http.Request, rest string) {
	x := &call{s: s, w: w, r: r}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.opts.Log.ErrorContext(r.Context(), "scim: panic", "method", r.Method,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			if !x.answered {
				x.fail(errInternal)
			}
		}
	}()
	if err := x.serve(rest); err != nil {
		x.fail(err)
	}
}

// Fail answers with an error as Serve does: for doors that refuse a request
// before it comes here, with BadVersion for example.
func (s *Server) Fail(w http.ResponseWriter, r *http.Request, err error) {
	(&call{s: s, w: w, r: r}).fail(err)
}

// A call is one request on its way.
type call struct {
	s        *Server
	w        http.ResponseWriter
	r        *http.Request
	c        *Client
	q        params
	answered bool
}

// dialect is how the client speaks, as far as it is known.
func (x *call) dialect() *schema.Dialect {
	if x.c != nil {
		return &x.c.Dialect
	}
	return &x.s.opts.Dialect
}

// serve finds the handler for a path. Endpoint names are taken in any case.
func (x *call) serve(rest string) error {
	var err error
	if x.q, err = parseParams(x.r.URL.RawQuery); err != nil {
		return err
	}
	first, more, deep := strings.Cut(strings.Trim(rest, "/"), "/")
	if d := discoveryFor(first); d != nil {
		return x.discover(d, more)
	}
	if err := x.authenticate(); err != nil {
		return err
	}
	if err := x.acceptable(); err != nil && !x.prefersAsync() {
		return err
	}
	if !deep {
		switch first = strings.TrimSuffix(first, suffix); {
		case first == "":
			return x.methods(handlers{"GET": func() error { return x.listURL(x.c.Types.Types()) }})
		case strings.EqualFold(first, ".search"):
			return x.methods(handlers{"POST": func() error { return x.search(x.c.Types.Types()) }})
		case strings.EqualFold(first, "Bulk"):
			return x.methods(handlers{"POST": x.bulk})
		case strings.EqualFold(first, "Me"):
			return x.me()
		}
	} else if strings.EqualFold(first, eventsEndpoint) && x.s.opts.Async != nil {
		return x.methods(handlers{"GET": func() error { return x.events(more) }})
	}
	rt := x.c.Types.TypeByEndpoint(first)
	if rt == nil || strings.Contains(more, "/") {
		return &Error{Status: http.StatusNotFound, Detail: "There is no such endpoint."}
	}
	return x.typed(rt, strings.TrimSuffix(more, suffix))
}

// typed serves a resource type: "" for the collection, ".search", or an id.
func (x *call) typed(rt *schema.ResourceType, id string) error {
	switch {
	case id == "":
		switch x.r.Method { // without a map: these are hot
		case "POST":
			return x.create(rt)
		case "GET", "HEAD":
			return x.listURL([]*schema.ResourceType{rt})
		}
		return x.methods(handlers{"GET": nil, "POST": nil})
	case strings.EqualFold(id, ".search"):
		return x.methods(handlers{"POST": func() error { return x.search([]*schema.ResourceType{rt}) }})
	}
	return x.resource(rt, id)
}

// resource serves one resource.
func (x *call) resource(rt *schema.ResourceType, id string) error {
	switch x.r.Method {
	case "GET", "HEAD":
		return x.get(rt, id)
	case "PUT", "PATCH", "DELETE":
		return x.modify(rt, id)
	}
	return x.methods(handlers{"GET": nil, "PUT": nil, "PATCH": nil, "DELETE": nil})
}

type handlers map[string]func() error

// methods calls the handler for the method, or says which there are.
func (x *call) methods(h handlers) error {
	m := x.r.Method
	if m == "HEAD" {
		m = "GET"
	}
	if f := h[m]; f != nil {
		return f()
	}
	var allow []string
	for _, m := range [...]string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		if _, ok := h[m]; ok {
			allow = append(allow, m)
		}
	}
	list := strings.Join(allow, ", ")
	return &Error{
		Status: http.StatusMethodNotAllowed,
		Detail: "This endpoint answers " + list + ".",
		Header: http.Header{"Allow": {list}},
	}
}

func (x *call) authenticate() error {
	c, err := x.s.opts.Authenticate(x.r)
	if err != nil {
		return err
	}
	if c == nil {
		return Unauthorized("The request needs a valid credential.")
	}
	x.c = c
	return nil
}
