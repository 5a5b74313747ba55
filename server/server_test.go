package server_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/server"
	"github.com/muster-id/muster/store/storetest"
)

// A running is a server in this process.
type running struct {
	url  string
	stop func() error
	log  *logBuffer
}

// A logBuffer is a log that may be written to and read at once.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// settings reads a configuration for a server on a database of its own.
func settings(t testing.TB, database string, more map[string]string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	if database == "" {
		database = "sqlite:" + filepath.Join(dir, "muster.db")
	}
	flags := map[string]string{"database_url": database, "data_dir": dir, "listen": "127.0.0.1:0", "drain": "0s"}
	for k, v := range more {
		flags[k] = v
	}
	cfg, err := config.Read(config.Sources{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// run starts a server, which the test may stop itself.
func run(t *testing.T, cfg *config.Config) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{log: &logBuffer{}}
	ln, err := server.Listen(ctx, cfg.Listen)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listen = ln.Addr().String()
	r.url = cfg.URL(cfg.Listen)
	h, err := server.OpenHouse(ctx, cfg, slog.New(slog.NewJSONHandler(r.log, nil)), server.Create)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(ctx, server.Options{House: h, Build: server.ThisBuild("test"), URL: r.url})
	if err != nil {
		t.Fatal(err)
	}
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- srv.Run(ctx, context.Background(), ln, func() error { close(ready); return nil })
	}()
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("Run = %v", err)
	}
	r.stop = sync.OnceValue(func() error {
		cancel()
		err := <-done
		if e := h.Close(); err == nil {
			err = e
		}
		return err
	})
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return r
}

func (r *running) get(t *testing.T, path string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+strings.TrimPrefix(r.url, "http://")+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func TestServesOnBothDatabases(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{
		"sqlite":   func(testing.TB) string { return "" },
		"postgres": storetest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, settings(t, url(t), nil))
			for path, want := range map[string]int{
				"/livez": 200, "/readyz": 200, "/readyz?verbose": 200, "/metrics": 200, "/": 200,
				"/nothing": 404, "/scim": 404, "/scim/": 404, "/scimitar": 404, "/scim/v2//ServiceProviderConfig": 200, "/scim/v2/Users": 401, "/scim/v2/ServiceProviderConfig": 200,
			} {
				if got, text := r.get(t, path); got != want {
					t.Errorf("GET %s = %d %.200s, want %d", path, got, text, want)
				}
			}
			if err := r.stop(); err != nil {
				t.Errorf("stop: %v", err)
			}
		})
	}
}

func TestMetricsTellNothingOfPeople(t *testing.T) {
	r := run(t, settings(t, "", nil))
	r.get(t, "/scim/v2/Users/7a9f0f2e-0000-7000-8000-000000000000?filter=userName+eq+%22ann%22")
	r.get(t, "/scim/ann-arden/v2/Users")
	_, text := r.get(t, "/metrics")
	for _, want := range []string{
		"muster_build_info{", "http_server_request_duration_seconds_bucket{", "http_server_active_requests 1",
		"go_goroutines ", "process_start_time_seconds ", "muster_sqlite_database_bytes ",
		`muster_scim_requests_total{op="get",resource="Users",result="refused"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("/metrics lacks %q", want)
		}
	}
	for _, secret := range []string{"7a9f0f2e", "ann"} {
		if strings.Contains(text, secret) {
			t.Errorf("/metrics tells %q", secret)
		}
	}
}

func TestWatchesTheProxy(t *testing.T) {
	forwarded := []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "id.example.com"}
	for name, c := range map[string]struct {
		trusted, public string
		header          []string
		tells           bool
	}{
		"a trusted proxy and another URL":   {"127.0.0.0/8", "", forwarded, true},
		"a trusted proxy and the right URL": {"127.0.0.1", "https://id.example.com", forwarded, false},
		"a stranger":                        {"10.0.0.0/8", "", forwarded, false},
		"nobody is trusted":                 {"", "", forwarded, false},
		"a header that makes no URL": {"127.0.0.0/8", "",
			[]string{"X-Forwarded-Proto", "javascript", "X-Forwarded-Host", "x"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, settings(t, "", map[string]string{"trusted_proxies": c.trusted}))
			if c.public != "" {
				cfg := settings(t, "", map[string]string{"trusted_proxies": c.trusted, "public_url": c.public})
				r = run(t, cfg)
				r.url = "http://" + cfg.Listen
			}
			for range 3 {
				r.get(t, "/livez", c.header...)
			}
			if n := strings.Count(r.log.String(), "MUSTER_PUBLIC_URL"); n > 1 || (n == 1) != c.tells {
				t.Errorf("told %d times, want it told once: %v\n%s", n, c.tells, r.log)
			}
		})
	}
}

func TestTracesGoWhereTheEnvironmentSays(t *testing.T) {
	got := make(chan string, 10)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	collector := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- r.URL.Path + " " + string(body)
	})}
	go func() { _ = collector.Serve(ln) }()
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+ln.Addr().String())
	t.Setenv("OTEL_SERVICE_NAME", "my-muster")
	r := run(t, settings(t, "", nil))
	r.get(t, "/livez?filter=secret", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	select {
	case text := <-got:
		for _, want := range []string{"/v1/traces ", "my-muster", "GET /livez", "\x0a\xf7\x65\x19\x16\xcd\x43\xdd"} {
			if !strings.Contains(text, want) {
				t.Errorf("the collector got no %q", want)
			}
		}
		if strings.Contains(text, "secret") {
			t.Error("the trace tells the query")
		}
	case <-time.After(5 * time.Second):
		t.Error("the collector got nothing")
	}
}

func TestListenSaysWhatToDo(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for name, addr := range map[string]string{
		"a port in use":                   ln.Addr().String(),
		"an address that is not this one": "192.0.2.1:8080",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := server.Listen(t.Context(), addr)
			if h, ok := err.(*server.Hint); !ok || h.Hint == "" {
				t.Errorf("Listen(%s) = %v, want advice", addr, err)
			}
		})
	}
}

func TestDoctor(t *testing.T) {
	cfg := settings(t, "", nil)
	find := func(part string) server.Finding {
		t.Helper()
		for _, f := range server.Examine(t.Context(), cfg, server.Build{Time: "2026-01-01T00:00:00Z"}) {
			if f.Part == part {
				return f
			}
		}
		t.Fatalf("nothing about %s", part)
		return server.Finding{}
	}
	if f := find("database"); f.State != server.Bad || f.Hint == "" {
		t.Errorf("no database: %+v", f)
	}
	r := run(t, cfg)
	for _, part := range []string{"database", "migrations", "master key", "clock", "public URL"} {
		if f := find(part); f.State != server.Good {
			t.Errorf("a server that runs: %+v", f)
		}
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if f := find("public URL"); f.State != server.Warn {
		t.Errorf("a server that is down: %+v", f)
	}
	if err := os.Chmod(cfg.MasterKeyFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if f := find("master key"); f.State != server.Bad || !strings.Contains(f.Text, "chmod 600") {
		t.Errorf("a key that others can read: %+v", f)
	}
	if err := os.Remove(cfg.MasterKeyFile); err != nil {
		t.Fatal(err)
	}
	if f := find("master key"); f.State != server.Bad {
		t.Errorf("a key that is gone: %+v", f)
	}
	late := server.Examine(t.Context(), cfg, server.Build{Time: time.Now().Add(48 * time.Hour).Format(time.RFC3339)})
	for _, f := range late {
		if f.Part == "clock" && f.State != server.Bad {
			t.Errorf("a clock before the program was written: %+v", f)
		}
	}
}

// demoHouse opens a house with demonstration data in it.
func demoHouse(t testing.TB) (*server.House, server.Demo) {
	t.Helper()
	h, err := server.OpenHouse(t.Context(), settings(t, "", nil), slog.New(slog.DiscardHandler), server.Create)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	demo, err := h.Demonstrate(t.Context(), server.DemoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return h, demo
}
