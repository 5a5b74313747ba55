package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strconv"
	"sync/atomic"
)

// A request is what the middleware knows of one request. It is the context of
// the request, and the writer of its answer, in one allocation.
type request struct {
	context.Context
	http.ResponseWriter
	id     string
	trace  Trace
	route  string
	status int
	bytes  int64
	err    error
}

type requestKey struct{}

// Value makes a request find itself in its own context.
func (q *request) Value(key any) any {
	if _, ok := key.(requestKey); ok {
		return q
	}
	return q.Context.Value(key)
}

// WriteHeader remembers the status of the answer.
func (q *request) WriteHeader(status int) {
	if q.status == 0 && status >= 200 {
		q.status = status
	}
	q.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes of the answer.
func (q *request) Write(p []byte) (int, error) {
	if q.status == 0 {
		q.status = http.StatusOK
	}
	n, err := q.ResponseWriter.Write(p)
	q.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (q *request) Unwrap() http.ResponseWriter { return q.ResponseWriter }

func from(ctx context.Context) *request {
	q, _ := ctx.Value(requestKey{}).(*request)
	return q
}

// RequestID returns the id under which the request is answered and logged, ""
// outside a request.
func RequestID(ctx context.Context) string {
	if q := from(ctx); q != nil {
		return q.id
	}
	return ""
}

// SetRoute gives the request the name under which metrics and log lines count
// it, where one pattern of the mux stands for many routes. The name must come
// from a fixed list: never put anything of the URL into it.
func SetRoute(ctx context.Context, route string) {
	if q := from(ctx); q != nil {
		q.route = route
	}
}

// Fail notes the error behind a 5xx answer for the log line of the request, so
// that a door that translates errors need not log them itself.
func Fail(ctx context.Context, err error) {
	if q := from(ctx); q != nil {
		q.err = err
	}
}

// maxRequestID is the longest inbound request id that is taken over.
const maxRequestID = 128

// sane reports whether an inbound request id may be repeated in headers and
// logs: 1 to 128 characters of A-Z a-z 0-9 . _ : = + / and -.
func sane(id string) bool {
	if len(id) == 0 || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '_', c == ':', c == '=', c == '+', c == '/', c == '-':
		default:
			return false
		}
	}
	return true
}

// ids counts requests; run tells the requests of one process from another's.
var (
	ids atomic.Uint64
	run = func() string {
		var b [5]byte
		_, _ = rand.Read(b[:]) // never fails since Go 1.24
		return hex.EncodeToString(b[:]) + "-"
	}()
)

func newID() string {
	var b [32]byte
	return string(strconv.AppendUint(append(b[:0], run...), ids.Add(1), 36))
}
