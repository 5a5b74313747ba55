package server

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/muster-id/muster/web"
	"github.com/muster-id/muster/web/ui"
)

// limits of what strangers can make the server store or work out, by network.
// Whoever has proved something is bounded elsewhere.
type strangerLimits struct {
	visits, registrations *web.Limiter
	address               func(*http.Request) string
	pages                 *ui.UI
	next                  http.Handler
}

// registrationShare is how many times fewer apps than sign-ins a network begins.
const registrationShare = 20

func (l *strangerLimits) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	limiter, page := l.of(r)
	wait := limiter.Wait(l.address(r))
	if wait == 0 {
		l.next.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	if page {
		l.pages.Error(w, r, http.StatusTooManyRequests, ui.Problem{})
		return
	}
	web.JSON(w, http.StatusTooManyRequests, map[string]string{
		"error": "slow_down", "error_description": "Too many requests from this network.",
	})
}

// of returns the limiter of a request, nil for none, and whether its answer is a
// page for people.
func (l *strangerLimits) of(r *http.Request) (limiter *web.Limiter, page bool) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	switch {
	case strings.HasSuffix(path, "/register") && r.Method == http.MethodPost:
		return l.registrations, false
	case strings.HasSuffix(path, "/oauth2/device_authorization"), strings.HasSuffix(path, "/authz-srv/device/authz"):
		return l.visits, false
	case strings.HasSuffix(path, "/oauth2/authorize"), strings.HasSuffix(path, "/authz-srv/authz"):
		return l.visits, true
	case strings.HasSuffix(path, "/account"), strings.Contains(path, "/account/") && !strings.HasPrefix(path, "/scim/"):
		return l.visits, true // without a session each begins a sign-in
	case strings.HasSuffix(path, "/signin"), strings.HasSuffix(path, "/recover"), strings.HasSuffix(path, "/setup"), strings.HasSuffix(path, "/device"):
		return l.visits, true
	}
	return nil, false
}
