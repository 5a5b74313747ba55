package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/muster-id/muster/api/cloudapi"
	"github.com/muster-id/muster/api/scim"
	"github.com/muster-id/muster/api/stackspot"
	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/identity"
	protocol "github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/web"
	"github.com/muster-id/muster/web/portal"
	"github.com/muster-id/muster/web/ui"
)

// maxHeader bounds the request line and the headers. It is above what any door
// reads, so that an overlong filter is answered by the door in its own format.
const maxHeader = 2 << 20

// headerTime bounds how long a client may take for the headers.
const headerTime = 10 * time.Second

// A Server answers requests over a House.
type Server struct {
	house    *House
	build    Build
	url      string
	log      *slog.Logger
	door     *scim.Door
	stack    *stackspot.Door
	cloud    *cloudapi.Door
	people   *portal.Portal
	pages    *ui.UI
	trace    tracing
	http     *http.Server
	draining atomic.Bool
}

// Options are what a Server is made of.
type Options struct {
	House *House
	Build Build
	// URL is the absolute URL under which clients see the server, without a
	// slash at the end.
	URL string
}

// New builds the doors. The house stays the caller's to close, after Run.
func New(ctx context.Context, o Options) (*Server, error) {
	s := &Server{house: o.House, build: o.Build, url: o.URL, log: o.House.Log}
	var err error
	if s.trace, err = newTracing(ctx, o.Build); err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	cfg := o.House.Config
	s.door = scim.New(scim.Options{
		Directory: o.House.Directory, Keys: o.House.Keys, Public: o.URL, Bearer: s.bearer, Person: s.person, Certificates: cfg.Certificates(), Limits: limits(cfg), Log: s.log,
	})
	h, err := s.handler()
	if err != nil {
		return nil, err
	}
	secure, err := tlsConfig(cfg)
	if err != nil {
		return nil, err
	}
	s.http = &http.Server{
		Handler:           h,
		TLSConfig:         secure,
		ReadHeaderTimeout: min(headerTime, cfg.ReadTimeout),
		ReadTimeout:       cfg.ReadTimeout,
		WriteTimeout:      cfg.WriteTimeout,
		IdleTimeout:       cfg.IdleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// limits are those of the SCIM engine.
func limits(cfg *config.Config) protocol.Limits {
	return protocol.Limits{
		Body: cfg.MaxBody, BulkBody: cfg.MaxBody, BulkOperations: cfg.MaxBulkOperations, MaxPage: cfg.MaxPage,
	}
}

// handler mounts the doors and puts the furniture of package web around them.
func (s *Server) handler() (http.Handler, error) {
	cfg := s.house.Config
	reg := newRegistry(s.build, s.house)
	requests := web.NewMetrics(reg)
	reg.MustRegister(scimRequests{requests})
	mux := http.NewServeMux()
	s.door.Mount(mux)
	pages, err := ui.New(ui.Options{Secure: strings.HasPrefix(s.url, "https:"), Log: s.log})
	if err != nil {
		return nil, err
	}
	if err := s.mountSignIn(mux, pages); err != nil {
		return nil, err
	}
	s.mountOps(mux, metricsHandler(reg))
	// The mux redirects paths such as /scim/v2//Users, which no client of an API
	// follows with its body; the door answers them itself. Which of the two that
	// have /scim in their paths is asked, stackspot's address says.
	rest := s.withPages(mux)
	direct := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.stack.Answers(r) {
			s.stack.ServeHTTP(w, r)
			return
		}
		if p, ok := strings.CutPrefix(r.URL.Path, "/scim"); ok && (p == "" || p[0] == '/') {
			s.door.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
	authorities, err := certPool(cfg.ClientCAFile, false)
	if err != nil {
		return nil, err
	}
	h := http.Handler(&strangerLimits{
		visits: web.NewLimiter(cfg.RateLimit), registrations: web.NewLimiter((cfg.RateLimit + registrationShare - 1) / registrationShare),
		address: s.address, pages: pages, next: direct,
	})
	h = &certificates{header: cfg.ClientHeader, trusted: cfg.TrustedProxies, authorities: authorities, next: h}
	h = watchProxy(cfg.TrustedProxies, s.url, s.log, h)
	return web.Wrap(web.Options{
		Log: s.log, Metrics: requests, MaxBody: cfg.MaxBody, Start: s.trace.start(),
	}, h), nil
}

// address returns who sends a request, as far as trusted proxies tell.
func (s *Server) address(r *http.Request) string {
	return clientAddress(s.house.Config.TrustedProxies, r)
}

// mountOps mounts what operators and probes ask for.
func (s *Server) mountOps(mux *http.ServeMux, metrics http.Handler) {
	web.Door{OnError: s.opsError}.Mount(mux, []web.Route{
		{Pattern: "GET /livez", Perm: identity.Anyone, Do: s.livez},
		{Pattern: "GET /readyz", Perm: identity.Anyone, Do: s.readyz},
		{Pattern: "GET /metrics", Perm: identity.Anyone, Do: func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
			metrics.ServeHTTP(w, r)
			return nil
		}},
		{Pattern: "GET /{$}", Perm: identity.Anyone, Do: s.front},
	})
}

func (s *Server) opsError(w http.ResponseWriter, r *http.Request, err error) {
	web.Fail(r.Context(), err)
	_ = plain(w, http.StatusInternalServerError, "internal error, request "+web.RequestID(r.Context())+"\n")
}

// ServeHTTP answers one request, for those who have a listener of their own.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.http.Handler.ServeHTTP(w, r) }

// ErrInterrupt as the cause of a context asks Run to stop without the drain
// time: somebody sits at the terminal and waits.
var ErrInterrupt = errors.New("interrupted")

// Run serves on ln until ctx ends, and then stops in good order: it says "not
// ready", waits the drain time, takes no more connections, and lets requests
// finish. When now ends, it cuts off whatever still runs. ready is called once
// the server answers on its address.
func (s *Server) Run(ctx, now context.Context, ln net.Listener, ready func() error) error {
	work, halt := context.WithCancel(context.WithoutCancel(ctx))
	defer halt()
	var loops sync.WaitGroup
	s.background(work, &loops)
	served := make(chan error, 1)
	secure := s.http.TLSConfig != nil // before Serve, which makes one for itself
	go func() {
		if secure {
			served <- s.http.ServeTLS(ln, "", "")
			return
		}
		served <- s.http.Serve(ln)
	}()
	err := answers(ctx, ln.Addr().String(), secure)
	if err == nil {
		err = ready()
	}
	if err == nil {
		select {
		case <-ctx.Done():
			err = s.stop(context.Cause(ctx), now)
		case err = <-served:
		}
	}
	halt()
	err = errors.Join(err, s.http.Close())
	loops.Wait()
	flush, done := context.WithTimeout(now, 5*time.Second)
	defer done()
	return errors.Join(err, s.trace.stop(flush))
}

// answers waits until the server answers on its own address.
func answers(ctx context.Context, addr string, secure bool) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	scheme := "http://"
	transport := &http.Transport{DisableKeepAlives: true}
	if secure {
		// The certificate is for the public name; here it only matters that
		// something answers.
		scheme, transport.TLSClientConfig = "https://", &tls.Config{InsecureSkipVerify: true}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+net.JoinHostPort(host, port)+"/livez", nil)
	if err != nil {
		return err
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil // told to stop before it began
		}
		return fmt.Errorf("the server does not answer on its own address: %w", err)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return errors.Join(err, res.Body.Close())
}

// stop ends serving in good order.
func (s *Server) stop(why error, now context.Context) error {
	s.draining.Store(true)
	drain := s.house.Config.Drain
	if errors.Is(why, ErrInterrupt) {
		drain = 0
	}
	s.log.Info("stopping", "drain", drain.String(), "requests_get", s.house.Config.Stop.String())
	select {
	case <-time.After(drain):
	case <-now.Done():
	}
	ctx, cancel := context.WithTimeout(now, s.house.Config.Stop)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("requests were cut off: they took longer than the stop time")
	}
	if errors.Is(err, context.Canceled) {
		return errors.New("requests were cut off: a second signal came")
	}
	return err
}
