// Package outbound asks servers that others name: where an app keeps its keys,
// where it wants to hear of a sign-out. It speaks HTTPS alone, follows no
// redirects, reads little and refuses addresses inside our own network, also
// when a public name leads there.
package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
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

const (
	connectTimeout = 3 * time.Second
	wholeTimeout   = 5 * time.Second
	maxHeader      = 16 << 10
	maxURL         = 2048
)

// A Client makes requests. It is safe for use by many goroutines at once.
type Client struct {
	http    *http.Client
	timeout time.Duration
	hosts   hosts
}

// New makes a Client.
func New(o Options) *Client {
	if o.Timeout <= 0 {
		o.Timeout = wholeTimeout
	}
	d := &dialer{allowAll: o.AllowPrivate, allow: slices.Clone(o.Allow), resolve: o.Resolve}
	if d.resolve == nil {
		d.resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	transport := &http.Transport{
		Proxy:                  nil, // a proxy of the environment would look up names itself
		DialContext:            d.dial,
		TLSClientConfig:        &tls.Config{RootCAs: o.CAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  o.Timeout,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost:    2,
		MaxIdleConns:           100,
		IdleConnTimeout:        30 * time.Second,
		DisableCompression:     true, // what is small on the wire stays small
		ForceAttemptHTTP2:      true,
	}
	return &Client{
		timeout: o.Timeout,
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
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

func refused(format string, args ...any) error {
	return &Error{Refused: true, Text: fmt.Sprintf(format, args...)}
}

// Get reads a document of at most maxBytes whose media type is one of
// contentTypes; none: any. Every failure is an *Error. After one, the same URL
// is not asked again for half a minute.
func (c *Client) Get(ctx context.Context, url string, maxBytes int64, contentTypes ...string) ([]byte, http.Header, error) {
	if text, ok := c.hosts.failed(url); ok {
		return nil, nil, &Error{Text: text}
	}
	body, header, err := c.get(ctx, url, maxBytes, contentTypes)
	if err != nil && ctx.Err() == nil {
		c.hosts.fail(url, err.Error())
	}
	return body, header, err
}

func (c *Client) get(ctx context.Context, url string, maxBytes int64, contentTypes []string) ([]byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	res, err := c.do(ctx, http.MethodGet, url, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	defer res.release()
	if res.StatusCode != http.StatusOK {
		return nil, nil, refused("The server answered with the status %d.", res.StatusCode)
	}
	if len(contentTypes) > 0 {
		typ, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
		if err != nil || !slices.Contains(contentTypes, typ) {
			return nil, nil, refused("The server answered with an unexpected Content-Type.")
		}
	}
	if res.ContentLength > maxBytes {
		return nil, nil, refused("The answer is longer than %d bytes.", maxBytes)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBytes+1))
	if err == nil {
		err = ctx.Err() // what was cut off by the end of our patience may look whole
	}
	switch {
	case err != nil:
		return nil, nil, explain(err)
	case int64(len(body)) > maxBytes:
		return nil, nil, refused("The answer is longer than %d bytes.", maxBytes)
	}
	return body, res.Header, nil
}

// Post sends a body and returns the status of the answer, whose body nobody
// reads. An answer of any status is a success; every failure is an *Error.
func (c *Client) Post(ctx context.Context, url string, header http.Header, body []byte) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	res, err := c.do(ctx, http.MethodPost, url, header, body)
	if err != nil {
		return 0, err
	}
	defer res.release()
	return res.StatusCode, nil
}

// A response holds a place among the requests to its host until it is released.
type response struct {
	*http.Response
	release func()
}

func (c *Client) do(ctx context.Context, method, target string, header http.Header, body []byte) (*response, error) {
	u, err := check(target)
	if err != nil {
		return nil, err
	}
	leave, err := c.hosts.enter(ctx, u.Host)
	if err != nil {
		return nil, explain(err)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		leave()
		return nil, refused("The address is not a URL.")
	}
	maps.Copy(req.Header, header)
	req.Header.Set("User-Agent", "Muster")
	res, err := c.http.Do(req)
	if err != nil {
		leave()
		return nil, explain(err)
	}
	return &response{Response: res, release: func() {
		_ = res.Body.Close() // nobody reads on
		leave()
	}}, nil
}

// check reads a URL and refuses what is not plain HTTPS.
func check(target string) (*url.URL, error) {
	u, err := url.Parse(target)
	switch {
	case err != nil || len(target) > maxURL:
		return nil, refused("The address is not a URL of at most 2048 characters.")
	case u.Scheme != "https" || u.Hostname() == "":
		return nil, refused("The address does not begin with https://.")
	case u.User != nil:
		return nil, refused("The address names a user.")
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// explain says in our own words why a request failed.
func explain(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{Text: "The server could not be reached.", cause: err}
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		e.Text = "The server did not answer in time."
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		e.Text = "The certificate of the server is not one that we trust."
	}
	return e
}
