package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// Options are the parts that Wrap works with.
type Options struct {
	Log     *slog.Logger
	Metrics *Metrics
	// MaxBody is the most bytes of a body that a handler can read; reading
	// beyond it gives an *http.MaxBytesError. A door may set less for itself.
	MaxBody int64
	// Panicked answers a request whose handler panicked before it had written
	// anything. nil answers with plain text.
	Panicked func(http.ResponseWriter, *http.Request)
	// Start begins a span for a request and returns its context and the
	// function that ends it with the answer's route and status. nil: no tracing.
	Start func(r *http.Request, t Trace) (context.Context, func(route string, status int))
}

// Wrap puts around h what every request gets: an id, a limit on its body, an
// answer even after a panic, its place in the metrics, and a log line. Answers
// below 400 are logged at debug, below 500 at info, the rest at warn. Log lines
// hold route and status, never path, query or header values of the caller other
// than the ids: those may name people.
func Wrap(o Options, h http.Handler) http.Handler {
	if o.Panicked == nil {
		o.Panicked = func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "internal error", http.StatusInternalServerError)
		}
	}
	return &middleware{o: o, next: h}
}

type middleware struct {
	o    Options
	next http.Handler
}

// ServeHTTP implements http.Handler.
func (m *middleware) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	q := &request{Context: r.Context(), ResponseWriter: w}
	if ids := r.Header["X-Request-Id"]; len(ids) > 0 && sane(ids[0]) {
		q.id = ids[0]
	} else {
		q.id = newID()
	}
	if tp := r.Header["Traceparent"]; len(tp) == 1 {
		q.trace, _ = ParseTraceparent(tp[0])
	}
	w.Header()["X-Request-Id"] = []string{q.id}
	if m.o.MaxBody > 0 && r.Body != nil && r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(w, r.Body, m.o.MaxBody)
	}
	var end func(string, int)
	if m.o.Start != nil {
		q.Context, end = m.o.Start(r, q.trace)
	}
	m.o.Metrics.active.Inc()
	r = r.WithContext(q)
	defer m.finish(q, r, start, end)
	m.next.ServeHTTP(q, r)
}

// finish runs as a deferred call, because it catches a panic of the handler.
func (m *middleware) finish(q *request, r *http.Request, start time.Time, end func(string, int)) {
	p := recover()
	m.o.Metrics.active.Dec()
	begun := q.status != 0
	if p != nil && p != any(http.ErrAbortHandler) {
		q.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		if !begun {
			m.o.Panicked(q, r)
		}
	}
	if q.status == 0 {
		q.status = http.StatusOK
	}
	q.route = cmp.Or(q.route, pathOf(r.Pattern), "other")
	took := time.Since(start)
	m.o.Metrics.observe(r.Method, q.route, q.status, took.Seconds())
	if end != nil {
		end(q.route, q.status)
	}
	m.line(q, r, took)
	if p != nil && (begun || p == any(http.ErrAbortHandler)) {
		// What was written is not a whole answer: close the connection.
		panic(http.ErrAbortHandler)
	}
}

// pathOf returns a pattern of the mux without its method.
func pathOf(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return pattern
}

// line writes the log line of a request.
func (m *middleware) line(q *request, r *http.Request, took time.Duration) {
	level := slog.LevelDebug
	switch {
	case q.status >= 500:
		level = slog.LevelWarn
	case q.status >= 400:
		level = slog.LevelInfo
	}
	if q.err != nil && !errors.Is(q.err, context.Canceled) {
		level = slog.LevelError
	}
	if !m.o.Log.Enabled(q, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs,
		slog.String("method", Method(r.Method)),
		slog.String("route", q.route),
		slog.Int("status", q.status),
		slog.Int64("bytes", q.bytes),
		slog.Float64("dur_ms", float64(took.Microseconds())/1000),
		slog.String("request_id", q.id))
	if !q.trace.IsZero() {
		attrs = append(attrs, slog.String("trace_id", q.trace.String()))
	}
	if q.err != nil {
		attrs = append(attrs, slog.String("error", q.err.Error()))
	}
	m.o.Log.LogAttrs(q, level, "request", attrs...)
}
