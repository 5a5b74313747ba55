// Package scim is the door of SCIM 2.0: it finds the organisation and the
// connection of a request and hands it to the SCIM server.
package scim

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/secret"
)

// Options are what the door is made of.
type Options struct {
	Directory *directory.Directory
	Keys      *secret.Keys
	// Public is the absolute URL under which the world sees this server,
	// "https://id.example.com", without a slash at the end.
	Public string
	Log    *slog.Logger     // nil: slog.Default
	Now    func() time.Time // nil: time.Now
}

// A Door serves everything below /scim.
type Door struct {
	options Options
}

// New makes a Door.
func New(o Options) *Door { return &Door{options: o} }

// Mount puts the door into mux.
func (d *Door) Mount(mux *http.ServeMux) { mux.Handle("/scim/", d) }

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { panic("not yet") }
