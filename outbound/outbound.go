// Package outbound asks servers that others name: where an app keeps its keys,
// where it wants to hear of a sign-out. It speaks HTTPS alone, follows no
// redirects, reads little and refuses addresses inside our own network, also
// when a public name leads there.
package outbound

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/netip"
	"time"
)

// Options are what a Client is made of.
type Options struct {
	// AllowPrivate lets requests reach private addresses too, for tests and for
	// installations whose apps stand in the same network.
	AllowPrivate bool
	Allow        []netip.Prefix // private addresses that may be reached nevertheless
	CAs          *x509.CertPool // nil: those of the system
	Timeout      time.Duration  // of a whole request; 0: 5 s
	// Resolve finds the addresses of a host; nil asks the system.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
}

// A Client makes requests. It is safe for use by many goroutines at once.
type Client struct{}

// New makes a Client.
func New(o Options) *Client { panic("not yet") }

// Get reads a document of at most maxBytes whose media type is one of
// contentTypes; none: any. Every failure is an *Error.
func (c *Client) Get(ctx context.Context, url string, maxBytes int64, contentTypes ...string) ([]byte, http.Header, error) {
	panic("not yet")
}

// Post sends a body and returns the status of the answer, whose body nobody
// reads. An answer of any status is a success; every failure is an *Error.
func (c *Client) Post(ctx context.Context, url, contentType string, body []byte) (int, error) {
	panic("not yet")
}

// An Error says why a request was refused or failed. Its text tells nothing of
// what the other side sent.
type Error struct {
	Refused bool // by our own rules, so that trying again is of no use
	Text    string
	cause   error
}

func (e *Error) Error() string { return e.Text }

// Unwrap returns what lies behind, nil if it was our own rule.
func (e *Error) Unwrap() error { return e.cause }
