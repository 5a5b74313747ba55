// Package plan_test plays the modules of the OpenID Foundation's certification
// plans against whole servers: over HTTPS, on both databases, by a client that
// shares no code with the server, with a browser that fills in its pages and an
// app that answers at addresses of its own.
package plan_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
	"github.com/muster-id/muster/store/storetest"
)

// A house is a running Muster with demonstration data, seen from outside.
type house struct {
	*server.House
	t      testing.TB
	demo   server.Demo
	public string // https://localhost:…
	issuer string
	meta   map[string]any // what discovery says
	http   *http.Client   // keeps no cookies and follows nothing
	party  *party
	log    *diary
}

// A diary is a log that is read when all is over.
type diary struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.Write(p)
}

func (d *diary) lines() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Split(strings.TrimSpace(d.b.String()), "\n")
}

// credential is what no log may hold: codes and tokens of ours, and JWTs.
var credential = regexp.MustCompile(`muster_[a-z]+_[A-Za-z0-9_-]{20}|eyJ[A-Za-z0-9_-]{20}`)

// tellsNothing checks that a log holds no credential, whatever was played.
func (d *diary) tellsNothing(t testing.TB, secrets ...string) {
	t.Helper()
	for _, line := range d.lines() {
		if found := credential.FindString(line); found != "" {
			t.Errorf("the log tells %s: %s", found, line)
		}
		for _, s := range secrets {
			if strings.Contains(line, s) {
				t.Errorf("the log tells a password: %s", line)
			}
		}
	}
}

// databases are the databases that a whole server runs on.
var databases = map[string]func(testing.TB) string{
	"SQLite":     func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "muster.db") },
	"PostgreSQL": storetest.Postgres,
}

// each plays modules on both databases at once, beside other plans.
func each(t *testing.T, o server.DemoOptions, play func(*testing.T, *house)) {
	t.Parallel()
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, open(t, database(t), o))
		})
	}
}

// open starts a server that ends with the test.
func open(t *testing.T, database string, o server.DemoOptions) *house {
	t.Helper()
	h := &house{t: t, party: newParty(t)}
	dir := t.TempDir()
	cert, key, err := server.SelfSigned(dir)
	h.ok(err)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.party.Certificate().Raw})
	h.ok(os.WriteFile(filepath.Join(dir, "party.pem"), authority, 0o600))
	ctx, stop := context.WithCancel(context.Background())
	ln, err := server.Listen(ctx, "127.0.0.1:0")
	h.ok(err)
	_, port, err := net.SplitHostPort(ln.Addr().String())
	h.ok(err)
	h.public = "https://localhost:" + port
	cfg, err := config.Read(config.Sources{Flags: map[string]string{
		"database_url": database, "data_dir": dir, "master_key_file": filepath.Join(dir, "master.key"), "listen": ln.Addr().String(), "drain": "0s",
		"public_url": h.public, "tls_cert_file": cert, "tls_key_file": key,
		"outbound_private": "127.0.0.1/32", "outbound_ca_file": filepath.Join(dir, "party.pem"),
	}})
	h.ok(err)
	h.log = &diary{}
	log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.House, err = server.OpenHouse(ctx, cfg, log, server.Create)
	h.ok(err)
	srv, err := server.New(ctx, server.Options{House: h.House, Build: server.ThisBuild("test"), URL: h.public})
	h.ok(err)
	h.demo, err = h.Demonstrate(ctx, o)
	h.ok(err)
	h.issuer = h.demo.Issuer
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- srv.Run(ctx, context.Background(), ln, func() error { close(ready); return nil })
	}()
	t.Cleanup(func() {
		h.http.CloseIdleConnections()
		stop()
		if err := <-done; err != nil {
			t.Errorf("stop: %v", err)
		}
		h.ok(h.Close())
		h.log.tellsNothing(t, h.demo.Password)
	})
	h.connect(cert)
	select {
	case <-ready:
	case err := <-done:
		done <- nil
		t.Fatalf("Run = %v", err)
	}
	h.meta = h.get(h.issuer + "/.well-known/openid-configuration").want(200).body
	return h
}

// connect makes the client that trusts the house and the app.
func (h *house) connect(cert string) {
	h.t.Helper()
	text, err := os.ReadFile(cert)
	h.ok(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	pool.AddCert(h.party.Certificate())
	h.http = &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, MaxIdleConnsPerHost: 8},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       30 * time.Second,
	}
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// in is the house for a subtest.
func (h *house) in(t *testing.T) *house {
	next := *h
	next.t = t
	return &next
}

// by is who changes settings of the organisation.
func (h *house) by() identity.Actor {
	return identity.Actor{Kind: identity.ByCLI, Name: "plan", Org: h.demo.Org.ID, Perms: identity.AllPerms()}
}

// provider changes how the organisation's provider behaves.
func (h *house) provider(change func(*app.Provider)) {
	h.t.Helper()
	p, err := h.Apps.Provider(h.t.Context(), h.demo.Org.ID)
	h.ok(err)
	change(&p)
	h.ok(h.Apps.SetProvider(h.t.Context(), h.by(), h.demo.Org.ID, p))
}

// endpoint is an address that discovery names.
func (h *house) endpoint(name string) string {
	h.t.Helper()
	address, _ := h.meta[name].(string)
	if !strings.HasPrefix(address, h.issuer+"/") {
		h.t.Fatalf("discovery names %v for %s, want an address below %s", h.meta[name], name, h.issuer)
	}
	return address
}

// A reply is an answer of a back channel.
type reply struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	text   string
	body   map[string]any // nil unless the answer is a JSON object
}

// do sends a request and reads the answer.
func (h *house) do(r *http.Request) reply {
	h.t.Helper()
	res, err := h.http.Do(r)
	h.ok(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	h.ok(err)
	out := reply{h.t, r.Method + " " + r.URL.Path, res.StatusCode, res.Header, string(text), nil}
	defer func() { describes(h.t, out.what, out.body["error"], out.body["error_description"]) }()
	if kind := res.Header.Get("Content-Type"); strings.HasPrefix(kind, "application/") && strings.Contains(kind, "json") && len(text) > 0 {
		if err := json.Unmarshal(text, &out.body); err != nil {
			h.t.Fatalf("%s: %v: %s", out.what, err, text)
		}
	}
	return out
}

func (h *house) request(method, address string, body io.Reader, header []string) *http.Request {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, address, body)
	h.ok(err)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func (h *house) get(address string, header ...string) reply {
	h.t.Helper()
	return h.do(h.request(http.MethodGet, address, nil, header))
}

// post sends a form.
func (h *house) post(address string, form url.Values, header ...string) reply {
	h.t.Helper()
	r := h.request(http.MethodPost, address, strings.NewReader(form.Encode()), header)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return h.do(r)
}

// described is what may stand in an error and its description (RFC 6749 section
// 5.2).
var described = regexp.MustCompile(`^[\x20\x21\x23-\x5B\x5D-\x7E]+$`)

// describes checks the form of an error, if there is one.
func describes(t testing.TB, what string, code, description any) {
	t.Helper()
	for _, v := range []any{code, description} {
		if text, ok := v.(string); ok && text != "" && !described.MatchString(text) {
			t.Errorf("%s: the error has %q, which OAuth does not allow there", what, text)
		}
	}
}

// want checks the status and, if it is named, the error.
func (r reply) want(status int, code ...string) reply {
	r.t.Helper()
	if r.status != status || len(code) > 0 && r.body["error"] != code[0] {
		r.t.Fatalf("%s = %d %s, want %d %v", r.what, r.status, r.text, status, code)
	}
	return r
}

// refused checks that the answer is one of several errors.
func (r reply) refused(codes ...string) {
	r.t.Helper()
	for _, code := range codes {
		if r.body["error"] == code && r.status >= 400 && r.status < 500 {
			return
		}
	}
	r.t.Fatalf("%s = %d %s, want an error of %v", r.what, r.status, r.text, codes)
}

func (r reply) get(name string) string {
	r.t.Helper()
	s, ok := r.body[name].(string)
	if !ok {
		r.t.Fatalf("%s: there is no %s in %s", r.what, name, r.text)
	}
	return s
}

// A party is an app's own server: what it publishes, and what it is told.
type party struct {
	*httptest.Server
	mu    sync.Mutex
	pages map[string]page
	heard map[string][]string // logout tokens by path
}

type page struct{ kind, text string }

func newParty(t testing.TB) *party {
	p := &party{pages: map[string]page{}, heard: map[string][]string{}}
	p.Server = httptest.NewTLSServer(p)
	t.Cleanup(p.Close)
	return p
}

// ServeHTTP implements http.Handler.
func (p *party) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method == http.MethodPost {
		p.heard[r.URL.Path] = append(p.heard[r.URL.Path], r.PostFormValue("logout_token"))
		return
	}
	found, ok := p.pages[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", found.kind)
	_, _ = io.WriteString(w, found.text)
}

// publish puts a document at a path and returns its address.
func (p *party) publish(path, kind string, doc any) string {
	text, ok := doc.(string)
	if !ok {
		raw, err := json.Marshal(doc)
		if err != nil {
			panic(err)
		}
		text = string(raw)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages[path] = page{kind, text}
	return p.URL + path
}

// told waits until something was posted to a path.
func (p *party) told(t testing.TB, path string) []string {
	t.Helper()
	for range 200 {
		p.mu.Lock()
		heard := append([]string(nil), p.heard[path]...)
		p.mu.Unlock()
		if len(heard) > 0 {
			return heard
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("nothing was posted to %s", path)
	return nil
}

// A module is one of a plan.
type module struct {
	name string
	play func(*testing.T, *stage)
}

// A stage is what a module is played on: two clients of one house.
type stage struct {
	*house
	c, c2 *client
	mode  string // response_mode, "" for the default
}

// play runs modules one after the other.
func play(t *testing.T, s *stage, modules []module) {
	for _, m := range modules {
		t.Run(m.name, func(t *testing.T) {
			h := s.in(t)
			m.play(t, &stage{house: h, c: s.c.in(h), c2: s.c2.in(h), mode: s.mode})
		})
	}
}
