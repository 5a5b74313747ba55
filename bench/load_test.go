package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serve runs a handler and a runner against it.
func serve(t *testing.T, conns int, handler http.HandlerFunc) *runner {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &runner{target: target{addr: server.Listener.Addr().String()}, conns: conns}
}

// get is a load that asks the runner's target for anything.
func get(r *runner) load {
	return load{name: "get", status: 200, request: func(w *worker) { w.buf = r.target.request(w.buf, "GET", "/", nil) }}
}

func TestClosed(t *testing.T) {
	var served atomic.Int64
	r := serve(t, 4, func(w http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		io.WriteString(w, "ok")
	})
	got, err := r.closed(get(r), 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if got.N != int(served.Load()) || got.N < 8 || got.P50 <= 0 || got.P99 < got.P50 {
		t.Errorf("closed() = %+v while the server answered %d requests", got, served.Load())
	}
}

func TestWrongAnswers(t *testing.T) {
	r := serve(t, 2, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 500) })
	if _, err := r.closed(get(r), time.Second); err == nil || !strings.Contains(err.Error(), "status 500, want 200") {
		t.Errorf("closed() against a server that answers 500: %v", err)
	}
	r = serve(t, 2, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "one") })
	l := get(r)
	l.verify = func(w *worker, body []byte) error { return holds(body, "two", 1) }
	if _, err := r.closed(l, time.Second); err == nil || !strings.Contains(err.Error(), "two stands 0 times") {
		t.Errorf("closed() against a server that answers something else: %v", err)
	}
}

// TestOpen lets the server stop for a moment: every request that was due in it
// must count as late, not only the one that was under way.
func TestOpen(t *testing.T) {
	const pause = 400 * time.Millisecond
	var served atomic.Int64
	r := serve(t, 1, func(w http.ResponseWriter, _ *http.Request) {
		if served.Add(1) == 10 {
			time.Sleep(pause)
		}
	})
	got, err := r.open(get(r), 200, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if got.N < 150 || got.N > 200 {
		t.Errorf("200 requests a second for a second: %d were sent", got.N)
	}
	if got.P99 < pause*3/4 {
		t.Errorf("p99 = %v after a pause of %v, in which four of ten requests were due", got.P99, pause)
	}
	closed, err := r.closed(get(r), 50*time.Millisecond)
	if err != nil || closed.P99 > pause/2 {
		t.Errorf("closed() after the pause: p99 %v, %v", closed.P99, err)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 3}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	r := &report{Database: "sqlite", Version: "v", Machine: "m", Date: "d", Users: 5, Conns: 2, Rounds: 1, Seconds: 3}
	r.Rows = []row{{Name: "GET", Ratio: 412.34, Target: 350, Reached: true, PerSecond: 20000, P50: 0.7, P99: 2.1, OpenRate: 10000, OpenP50: 0.2, OpenP99: 0.9}}
	r.fact("start", "≤ 200 ms", false, "%d ms", 240)
	for _, want := range []string{
		"### SQLite\n",
		"| GET | 412.3 | ≥ 350 ✓ | 20000 | 0.70 | 2.10 | 10000 | 0.20 | 0.90 |\n",
		"| start | 240 ms | ≤ 200 ms ✗ |\n",
	} {
		if got := r.markdown(); !strings.Contains(got, want) {
			t.Errorf("markdown() lacks %q:\n%s", want, got)
		}
	}
}
