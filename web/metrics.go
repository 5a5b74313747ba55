package web

import (
	"maps"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts requests by method, route and status. Labels come from fixed
// lists: a method that HTTP does not name and a route that no door has are
// counted under "other".
type Metrics struct {
	vec    *prometheus.HistogramVec
	active prometheus.Gauge
	known  atomic.Pointer[map[series]*counted]
	mu     sync.Mutex // held to add to known
}

// counted is what is known of one series.
type counted struct {
	times    prometheus.Observer
	requests atomic.Uint64
}

// A series is one combination of labels.
type series struct {
	method, route string
	status        int
}

// NewMetrics makes the metrics and adds them to reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		vec: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_server_request_duration_seconds",
			Help:    "Time from the first byte of a request read to its answer written.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route", "status"}),
		active: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "http_server_active_requests",
			Help: "Requests being answered now.",
		}),
	}
	m.known.Store(&map[series]*counted{})
	reg.MustRegister(m.vec, m.active)
	return m
}

// Requests calls each with how many requests of every method, route and status
// have been answered, for metrics that cut the same numbers another way.
func (m *Metrics) Requests(each func(method, route string, status int, n uint64)) {
	for key, c := range *m.known.Load() {
		each(key.method, key.route, key.status, c.requests.Load())
	}
}

// observe counts one request. Series are remembered, so that the usual request
// takes no lock.
func (m *Metrics) observe(method, route string, status int, seconds float64) {
	key := series{Method(method), route, status}
	c, ok := (*m.known.Load())[key]
	if !ok {
		c = m.add(key)
	}
	c.requests.Add(1)
	c.times.Observe(seconds)
}

func (m *Metrics) add(key series) *counted {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := *m.known.Load()
	if c, ok := old[key]; ok {
		return c
	}
	next := maps.Clone(old)
	next[key] = &counted{times: m.vec.WithLabelValues(key.method, key.route, strconv.Itoa(key.status))}
	m.known.Store(&next)
	return next[key]
}

// Method returns a method as a label: "other" if HTTP does not name it, for a
// client may send any word.
func Method(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method
	}
	return "other"
}
