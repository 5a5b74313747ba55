package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A target is a server and the credential for it.
type target struct {
	addr  string // "127.0.0.1:8080"
	root  string // path of the SCIM root, "/scim/v2"
	token string
}

// request appends a whole request to b; path stands below the root. A body is
// sent for every method but GET and DELETE.
func (t target) request(b []byte, method, path string, body []byte) []byte {
	b = append(b, method...)
	b = append(b, ' ')
	b = append(b, t.root...)
	b = append(b, path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, t.addr...)
	b = append(b, "\r\nAuthorization: Bearer "...)
	b = append(b, t.token...)
	b = append(b, "\r\nAccept: application/scim+json\r\n"...)
	if method != "GET" && method != "DELETE" {
		b = append(b, "Content-Type: application/scim+json\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	return append(b, body...)
}

// A worker is one connection with what it needs to make its next request.
type worker struct {
	id, of int
	turn   int // counts its requests
	place  int // where its walk is
	rng    *rand.Rand
	conn   *conn
	buf    []byte // the request
	body   []byte // its body
	took   []time.Duration
}

// A load is one kind of request, sent over and over.
type load struct {
	name  string
	conns int // 0: as many as the others
	// request makes the worker's next request in w.buf.
	request func(w *worker)
	// status is the answer that is right.
	status int
	// verify looks into an answer; it sees every answer and must be cheap. nil:
	// the status is enough.
	verify func(w *worker, body []byte) error
	// want holds the targets by database in thousandths of the yardstick.
	want map[string]int
}

// A timing is the outcome of a load: how many answers a second, and how long
// they took.
type timing struct {
	Rate float64       `json:"perSecond"`
	P50  time.Duration `json:"p50"`
	P99  time.Duration `json:"p99"`
	N    int           `json:"requests"`
}

// A runner sends loads to a target.
type runner struct {
	target target
	conns  int
	seed   uint64
	runs   atomic.Uint64
}

// closed keeps every connection busy for d: each sends its next request when it
// has read the answer.
func (r *runner) closed(l load, d time.Duration) (timing, error) {
	return r.run(l, func(w *worker, stop time.Time) error {
		for now := time.Now(); now.Before(stop); {
			if err := w.once(l); err != nil {
				return err
			}
			then := now
			now = time.Now()
			w.took = append(w.took, now.Sub(then))
		}
		return nil
	}, d)
}

// open sends rate requests a second for d, whether answers come or not. A
// request that had to wait for a free connection counts from the time at which
// it was due, so that a slow answer also counts against those behind it.
func (r *runner) open(l load, rate float64, d time.Duration) (timing, error) {
	var due atomic.Int64
	start := time.Now()
	gap := float64(time.Second) / rate
	return r.run(l, func(w *worker, stop time.Time) error {
		for {
			at := start.Add(time.Duration(float64(due.Add(1)) * gap))
			if at.After(stop) {
				return nil
			}
			from := at
			if wait := time.Until(at); wait > 0 {
				time.Sleep(wait)
				from = time.Now() // the timer's error is the client's, not the server's
			}
			if err := w.once(l); err != nil {
				return err
			}
			w.took = append(w.took, time.Since(from))
		}
	}, d)
}

// run opens the connections, lets each do its work, and sums up.
func (r *runner) run(l load, work func(*worker, time.Time) error, d time.Duration) (timing, error) {
	n := l.conns
	if n == 0 {
		n = r.conns
	}
	run := r.runs.Add(1)
	workers := make([]*worker, n)
	for i := range workers {
		c, err := dial(r.target.addr)
		if err != nil {
			return timing{}, fmt.Errorf("%s: %w", l.name, err)
		}
		defer c.close()
		workers[i] = &worker{id: i, of: n, conn: c, rng: rand.New(rand.NewPCG(r.seed, run<<16|uint64(i))), took: make([]time.Duration, 0, 1<<14)}
	}
	start := time.Now()
	errs := make([]error, n)
	var group sync.WaitGroup
	for i, w := range workers {
		group.Go(func() { errs[i] = work(w, start.Add(d)) })
	}
	group.Wait()
	lasted := time.Since(start)
	if err := errors.Join(errs...); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return timing{}, fmt.Errorf("%s: %s", l.name, first)
	}
	var took []time.Duration
	for _, w := range workers {
		took = append(took, w.took...)
	}
	return sum(took, lasted), nil
}

// once sends one request of the load and checks its answer.
func (w *worker) once(l load) error {
	w.buf = w.buf[:0]
	l.request(w)
	w.turn++
	status, body, err := w.conn.do(w.buf)
	if err != nil {
		return err
	}
	if status != l.status {
		return fmt.Errorf("status %d, want %d: %.300s", status, l.status, body)
	}
	if l.verify != nil {
		return l.verify(w, body)
	}
	return nil
}

func sum(took []time.Duration, lasted time.Duration) timing {
	if len(took) == 0 {
		return timing{}
	}
	slices.Sort(took)
	return timing{
		Rate: float64(len(took)) / lasted.Seconds(),
		P50:  took[len(took)/2],
		P99:  took[len(took)*99/100],
		N:    len(took),
	}
}

// median is the middle one of the values, the upper of two.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
