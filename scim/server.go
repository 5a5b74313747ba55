package scim

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/muster-id/muster/scim/schema"
)

// Options are what a Server needs. Only Authenticate must be set.
type Options struct {
	// Authenticate finds out who sent a request. An *Error is answered as it is
	// (see Unauthorized); any other error is ours and answered with 500.
	Authenticate func(*http.Request) (*Client, error)
	// Public tells what discovery shows to a request without a valid credential:
	// the schemas and the absolute URL of the SCIM root. Without it, or when the
	// registry is nil, discovery asks for a credential as everything else does.
	Public func(*http.Request) (*schema.Registry, string)
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
	BulkBody       int64         // bytes of a bulk request, 1 MiB (maxPayloadSize)
	BulkOperations int           // operations of a bulk request, 1000 (maxOperations)
	Batch          int           // units in one call of Backend.Write, 500
	Page           int           // resources of a page unless the client says, 100
	MaxPage        int           // resources of a page at most, 1000
	CursorAge      time.Duration // how long a cursor is good, 1 hour
}

// A Server answers SCIM requests. It is safe for concurrent use.
type Server struct {
	opts Options
}

// New makes a Server.
func New(o Options) *Server { return &Server{opts: o} }

// ServeHTTP answers a request whose URL path is the path below the SCIM root.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Serve(w, r, r.URL.Path) }

// Serve answers a request; rest is the path below the SCIM root, "/Users/123".
func (s *Server) Serve(w http.ResponseWriter, r *http.Request, rest string) { panic("not yet") }

// Fail answers with an error as Serve does: for doors that refuse a request
// before it comes here, with BadVersion for example.
func (s *Server) Fail(w http.ResponseWriter, r *http.Request, err error) { panic("not yet") }
