package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// checkTime bounds one check of readiness.
const checkTime = 2 * time.Second

// A check is one line of /readyz.
type check struct {
	name string
	do   func(context.Context) error
}

func (s *Server) checks() []check {
	return []check{
		{"serving", func(context.Context) error {
			if s.draining.Load() {
				return errDraining
			}
			return nil
		}},
		{"database", s.house.DB.Ping},
	}
}

var errDraining = identity.NewError(identity.Throttled, "", "the server is stopping")

// livez says that the process answers, whatever else is wrong.
func (s *Server) livez(w http.ResponseWriter, _ *http.Request, _ identity.Actor) error {
	return plain(w, http.StatusOK, "ok\n")
}

// readyz says whether requests should be sent here. With ?verbose it lists what
// was checked; why something failed stands in the log only.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	ctx, cancel := context.WithTimeout(r.Context(), checkTime)
	defer cancel()
	status, lines := http.StatusOK, &strings.Builder{}
	for _, c := range s.checks() {
		start := time.Now()
		word := "ok"
		if err := c.do(ctx); err != nil {
			word, status = "failed", http.StatusServiceUnavailable
			web.Fail(r.Context(), fmt.Errorf("check %s: %w", c.name, err))
		}
		fmt.Fprintf(lines, "%-6s  %s (%.1f ms)\n", word, c.name, float64(time.Since(start).Microseconds())/1000)
	}
	if status == http.StatusOK {
		fmt.Fprintln(lines, "ready")
	} else {
		fmt.Fprintln(lines, "not ready")
	}
	text := lines.String()
	if !r.URL.Query().Has("verbose") {
		text = text[strings.LastIndexByte(text[:len(text)-1], '\n')+1:]
	}
	return plain(w, status, text)
}

// front tells what this is: a browser gets the page of the portal, everybody else
// a few lines.
func (s *Server) front(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	w.Header().Add("Vary", "Accept")
	if page(r) {
		s.people.Front(w, r)
		return nil
	}
	return plain(w, http.StatusOK, "Muster "+s.build.Version+", an identity server\n\n"+
		"people         "+s.url+"/account\n"+
		"OpenID issuer  "+s.url+"\n"+
		"SCIM 2.0       "+s.url+"/scim/v2\n"+
		"API            "+s.url+"/api/v1\n"+
		"health         "+s.url+"/readyz\n"+
		"metrics        "+s.url+"/metrics\n")
}

func plain(w http.ResponseWriter, status int, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the client may be gone; nobody else to tell
	return nil
}
