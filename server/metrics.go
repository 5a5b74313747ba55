package server

import (
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/web"
)

// newRegistry makes a registry of our own with what every process tells, and
// with what is known of the database.
func newRegistry(b Build, h *House) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "muster_build_info",
		Help: "Always 1; the labels say what program this is.",
		ConstLabels: prometheus.Labels{
			"version": b.Version, "commit": b.Commit, "go": b.Go, "changed": strconv.FormatBool(b.Changed),
		},
	})
	info.Set(1)
	reg.MustRegister(info,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if h.Config.Database.Driver == config.SQLite {
		path := h.Config.Database.Path
		reg.MustRegister(
			fileSize("muster_sqlite_database_bytes", "Size of the database file.", path),
			fileSize("muster_sqlite_wal_bytes", "Size of the write-ahead log.", path+"-wal"))
	}
	return reg
}

// fileSize is a gauge of how large a file is; 0 while it is not there.
func fileSize(name, help, path string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
		info, err := os.Stat(path)
		if err != nil {
			return 0
		}
		return float64(info.Size())
	})
}

// metricsHandler answers /metrics.
func metricsHandler(reg *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{MaxRequestsInFlight: 3})
}

// scimRequests cuts the requests of the SCIM door by what they ask for. It
// counts nothing itself: the numbers are those of package web.
type scimRequests struct{ web *web.Metrics }

var scimRequestsDesc = prometheus.NewDesc("muster_scim_requests_total",
	"SCIM requests answered, by operation, resource type and result.", []string{"op", "resource", "result"}, nil)

// Describe implements prometheus.Collector.
func (c scimRequests) Describe(out chan<- *prometheus.Desc) { out <- scimRequestsDesc }

// Collect implements prometheus.Collector.
func (c scimRequests) Collect(out chan<- prometheus.Metric) {
	totals := map[[3]string]uint64{}
	c.web.Requests(func(method, route string, status int, n uint64) {
		if rest, ok := strings.CutPrefix(route, "/scim/v2"); ok {
			op, resource := scimOperation(method, strings.TrimPrefix(rest, "/"))
			totals[[3]string{op, resource, result(status)}] += n
		}
	})
	for labels, n := range totals {
		out <- prometheus.MustNewConstMetric(scimRequestsDesc, prometheus.CounterValue, float64(n), labels[:]...)
	}
}

// scimOperation names what a request asks for: place is its route below the
// SCIM root.
func scimOperation(method, place string) (op, resource string) {
	resource, one := strings.CutSuffix(place, "/{id}")
	switch {
	case resource == "Bulk", resource == ".search":
		return strings.ToLower(strings.TrimPrefix(resource, ".")), "all"
	case resource == "":
		resource = "other"
	}
	switch method {
	case http.MethodGet, http.MethodHead:
		if one {
			return "get", resource
		}
		return "list", resource
	case http.MethodPost:
		if one {
			return "search", resource // POST /Users/.search
		}
		return "create", resource
	case http.MethodPut:
		return "replace", resource
	case http.MethodPatch:
		return "modify", resource
	case http.MethodDelete:
		return "delete", resource
	}
	return "other", resource
}

func result(status int) string {
	switch {
	case status < 400:
		return "ok"
	case status < 500:
		return "refused"
	}
	return "failed"
}
