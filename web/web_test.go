package web_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

func wrap(t testing.TB, h http.Handler) (http.Handler, *bytes.Buffer, *prometheus.Registry) {
	t.Helper()
	var log bytes.Buffer
	reg := prometheus.NewRegistry()
	return web.Wrap(web.Options{
		Log:     slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelInfo})),
		Metrics: web.NewMetrics(reg),
		MaxBody: 64,
	}, h), &log, reg
}

// series counts the label combinations of the request histogram.
func series(t *testing.T, reg *prometheus.Registry) int {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "http_server_request_duration_seconds" {
			return len(f.GetMetric())
		}
	}
	return 0
}

func TestMountRefuses(t *testing.T) {
	do := func(http.ResponseWriter, *http.Request, identity.Actor) error { return nil }
	onError := func(http.ResponseWriter, *http.Request, error) {}
	who := func(*http.Request) (identity.Actor, error) { return identity.Actor{}, nil }
	for name, c := range map[string]struct {
		door  web.Door
		route web.Route
	}{
		"a route without a permission":             {web.Door{Who: who, OnError: onError}, web.Route{Pattern: "GET /a", Do: do}},
		"a route without a handler":                {web.Door{Who: who, OnError: onError}, web.Route{Pattern: "GET /a", Perm: identity.Anyone}},
		"a permission at a door that knows nobody": {web.Door{OnError: onError}, web.Route{Pattern: "GET /a", Perm: identity.ResourcesRead, Do: do}},
		"a door that cannot answer errors":         {web.Door{Who: who}, web.Route{Pattern: "GET /a", Perm: identity.Anyone, Do: do}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("Mount took it")
				}
			}()
			c.door.Mount(http.NewServeMux(), []web.Route{c.route})
		})
	}
}

func TestDoorAsksForThePermission(t *testing.T) {
	var got error
	door := web.Door{
		Who: func(r *http.Request) (identity.Actor, error) {
			if r.Header.Get("Authorization") == "" {
				return identity.Actor{}, identity.NewError(identity.Unauthenticated, "", "Who are you?")
			}
			return identity.Actor{Perms: identity.Perms{identity.ResourcesRead}}, nil
		},
		OnError: func(_ http.ResponseWriter, _ *http.Request, err error) { got = err },
	}
	mux := http.NewServeMux()
	ran := 0
	do := func(http.ResponseWriter, *http.Request, identity.Actor) error { ran++; return nil }
	door.Mount(mux, []web.Route{
		{Pattern: "GET /read", Perm: identity.ResourcesRead, Do: do},
		{Pattern: "GET /write", Perm: identity.ResourcesWrite, Do: do},
	})
	for name, c := range map[string]struct {
		path, token string
		want        identity.Kind
		runs        int
	}{
		"nobody":                          {"/read", "", identity.Unauthenticated, 0},
		"an actor with the permission":    {"/read", "t", "", 1},
		"an actor without the permission": {"/write", "t", identity.Denied, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, ran = nil, 0
			r := httptest.NewRequest("GET", c.path, nil)
			if c.token != "" {
				r.Header.Set("Authorization", c.token)
			}
			mux.ServeHTTP(httptest.NewRecorder(), r)
			if kind := identity.KindOf(got); kind != c.want || ran != c.runs {
				t.Errorf("error %q, handler ran %d times, want %q and %d", kind, ran, c.want, c.runs)
			}
		})
	}
}

func TestRequestID(t *testing.T) {
	h, _, _ := wrap(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, web.RequestID(r.Context()))
	}))
	for name, c := range map[string]struct {
		in   string
		kept bool
	}{
		"a sane id is taken over":       {"0af7651916cd43dd-8448:eb_211.c", true},
		"none is made":                  {"", false},
		"a line break is refused":       {"a\nb", false},
		"a space is refused":            {"ann@example.org hello", false},
		"quotes are refused":            {`"><script>`, false},
		"a very long one is refused":    {strings.Repeat("a", 129), false},
		"the longest that may be taken": {strings.Repeat("a", 128), true},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			if c.in != "" {
				r.Header["X-Request-Id"] = []string{c.in}
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			id := w.Header().Get("X-Request-Id")
			if id == "" || id != w.Body.String() {
				t.Errorf("header says %q, the context says %q", id, w.Body)
			}
			if (id == c.in) != c.kept {
				t.Errorf("inbound %q gave %q, kept should be %v", c.in, id, c.kept)
			}
		})
	}
}

func TestPanicIsAnsweredAndLogged(t *testing.T) {
	h, log, reg := wrap(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("kaboom") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "kaboom") {
		t.Errorf("answer = %d %q, want 500 without the panic's text", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "kaboom") || !strings.Contains(log.String(), `"level":"ERROR"`) {
		t.Errorf("log = %s, want the panic at error level", log)
	}
	if n := series(t, reg); n != 1 {
		t.Errorf("%d series, want 1", n)
	}
}

func TestPanicAfterTheAnswerBeganClosesTheConnection(t *testing.T) {
	h, _, _ := wrap(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "half")
		panic("kaboom")
	}))
	srv := httptest.NewServer(h)
	defer srv.Close()
	res, err := http.Get(srv.URL)
	if err == nil {
		defer res.Body.Close()
		_, err = io.ReadAll(res.Body)
	}
	if err == nil {
		t.Error("the client took half an answer for a whole one")
	}
}

func TestLogLines(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		fail   error
		want   string // level, "" for no line at level info
	}{
		"success is quiet":         {200, nil, ""},
		"a redirect is quiet":      {304, nil, ""},
		"a client error is info":   {404, nil, "INFO"},
		"a server error is warn":   {503, nil, "WARN"},
		"an error of ours is told": {500, errors.New("disk on fire"), "ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.HandleFunc("GET /people/{name}", func(w http.ResponseWriter, r *http.Request) {
				if c.fail != nil {
					web.Fail(r.Context(), c.fail)
				}
				w.WriteHeader(c.status)
			})
			h, log, _ := wrap(t, mux)
			r := httptest.NewRequest("GET", "/people/ann?filter=userName+eq+%22ann%22", nil)
			r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
			r.Header.Set("Authorization", "Bearer hush")
			h.ServeHTTP(httptest.NewRecorder(), r)
			line := log.String()
			if c.want == "" {
				if line != "" {
					t.Errorf("logged %s, want nothing", line)
				}
				return
			}
			for _, want := range []string{`"level":"` + c.want + `"`, `"route":"/people/{name}"`, `"trace_id":"0af7651916cd43dd8448eb211c80319c"`} {
				if !strings.Contains(line, want) {
					t.Errorf("logged %s, want %s in it", line, want)
				}
			}
			for _, secret := range []string{"ann", "filter", "hush"} {
				if strings.Contains(line, secret) {
					t.Errorf("logged %s, which tells %q", line, secret)
				}
			}
		})
	}
}

func TestDeeperLinesHaveTheRequestID(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(web.WithRequest(slog.NewJSONHandler(&log, nil))).With("part", "store")
	h := web.Wrap(web.Options{Log: logger, Metrics: web.NewMetrics(prometheus.NewRegistry())},
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			logger.ErrorContext(r.Context(), "disk on fire")
			w.WriteHeader(http.StatusInternalServerError)
		}))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Request-Id", "abc")
	h.ServeHTTP(httptest.NewRecorder(), r)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines: %s", len(lines), &log)
	}
	for _, line := range lines {
		if strings.Count(line, `"request_id":"abc"`) != 1 {
			t.Errorf("want the id once in %s", line)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	h, _, _ := wrap(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	}))
	for name, c := range map[string]struct{ size, want int }{
		"at the limit":     {64, 200},
		"beyond the limit": {65, 413},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", c.size))))
			if w.Code != c.want {
				t.Errorf("a body of %d bytes: %d, want %d", c.size, w.Code, c.want)
			}
		})
	}
}

func TestMetricsLabelsAreBounded(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/scim/{rest...}", func(_ http.ResponseWriter, r *http.Request) {
		web.SetRoute(r.Context(), "/scim/Users/{id}")
	})
	h, _, reg := wrap(t, mux)
	for i := range 200 {
		id := strings.Repeat("x", i+1)
		for _, target := range []string{"/things/" + id, "/nowhere/" + id, "/scim/" + id} {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", target, nil))
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("M"+id, target, nil))
		}
	}
	if n := series(t, reg); n > 8 {
		t.Errorf("%d series after 1200 different requests, want at most 8", n)
	}
}

func TestParseTraceparent(t *testing.T) {
	const id, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for name, c := range map[string]struct {
		in      string
		ok      bool
		sampled bool
	}{
		"as the recommendation shows it": {"00-" + id + "-" + span + "-01", true, true},
		"not sampled":                    {"00-" + id + "-" + span + "-00", true, false},
		"a later version with more":      {"cc-" + id + "-" + span + "-01-what", true, true},
		"version 00 with more":           {"00-" + id + "-" + span + "-01-what", false, false},
		"version ff":                     {"ff-" + id + "-" + span + "-01", false, false},
		"upper case":                     {"00-" + strings.ToUpper(id) + "-" + span + "-01", false, false},
		"zero trace":                     {"00-" + strings.Repeat("0", 32) + "-" + span + "-01", false, false},
		"zero span":                      {"00-" + id + "-" + strings.Repeat("0", 16) + "-01", false, false},
		"not hexadecimal":                {"00-" + id[:31] + "g-" + span + "-01", false, false},
		"too short":                      {"00-" + id, false, false},
		"empty":                          {"", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := web.ParseTraceparent(c.in)
			if ok != c.ok || got.Sampled != c.sampled {
				t.Fatalf("ParseTraceparent(%q) = %+v, %v, want ok %v, sampled %v", c.in, got, ok, c.ok, c.sampled)
			}
			if ok && got.String() != id {
				t.Errorf("trace id %s, want %s", got, id)
			}
		})
	}
}

func FuzzParseTraceparent(f *testing.F) {
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	f.Fuzz(func(t *testing.T, in string) {
		tr, ok := web.ParseTraceparent(in)
		if ok == tr.IsZero() {
			t.Errorf("ParseTraceparent(%q) = %v, %v", in, tr, ok)
		}
		if ok && !strings.Contains(in, tr.String()) {
			t.Errorf("ParseTraceparent(%q) made up the id %s", in, tr)
		}
	})
}

func BenchmarkWrap(b *testing.B) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	h, _, _ := wrap(b, mux)
	r := httptest.NewRequest("GET", "/things/7", nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}

func BenchmarkBare(b *testing.B) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	r := httptest.NewRequest("GET", "/things/7", nil)
	b.ReportAllocs()
	for b.Loop() {
		mux.ServeHTTP(httptest.NewRecorder(), r)
	}
}
