package oidc

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/muster-id/muster/identity"
)

// How long the origins of an organisation's apps are remembered, how often an
// unknown one makes us look again, and for how many organisations at once.
const (
	originsKept   = time.Minute
	originsRetry  = 5 * time.Second
	originsPage   = 500
	originsOrgs   = 1000
	preflightKept = "600"
)

// origins remembers which origins the apps of organisations registered.
type origins struct {
	mu   sync.Mutex
	orgs map[identity.OrgID]originSet
}

type originSet struct {
	read  time.Time
	known map[string]bool
}

// open lets scripts of every origin read the answer, without credentials: it is
// the same for everybody.
func openToAll(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
}

// preflight answers OPTIONS at an endpoint that everybody may read.
func preflightOpen(w http.ResponseWriter) {
	openToAll(w)
	w.Header().Set("Access-Control-Allow-Methods", "GET")
	w.Header().Set("Access-Control-Max-Age", preflightKept)
	w.WriteHeader(http.StatusNoContent)
}

// preflight answers OPTIONS at an endpoint that is for the origins of apps. At
// this time nobody has said which app asks: any origin of the organisation's
// apps may go on.
func (p *Provider) preflight(w http.ResponseWriter, r *http.Request, org identity.Organisation, methods string) {
	h := w.Header()
	h.Add("Vary", "Origin")
	if o := originOf(r); o != "" && p.someOrigin(r.Context(), org, o) {
		h.Set("Access-Control-Allow-Origin", o)
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
		h.Set("Access-Control-Max-Age", preflightKept)
	}
	w.WriteHeader(http.StatusNoContent)
}

// allowOrigin lets the script that sent the request read the answer if its
// origin is registered by the app, or as long as the app is not known (nil) by
// any app of the organisation. Origins are compared whole.
func (p *Provider) allowOrigin(w http.ResponseWriter, r *http.Request, org identity.Organisation, a *identity.App) {
	o := originOf(r)
	if o == "" {
		return
	}
	h := w.Header()
	if a == nil {
		h.Add("Vary", "Origin")
		if !p.someOrigin(r.Context(), org, o) {
			return
		}
	} else if !slices.Contains(a.Origins, o) {
		h.Del("Access-Control-Allow-Origin")
		h.Del("Access-Control-Expose-Headers")
		return
	}
	h.Set("Access-Control-Allow-Origin", o)
	h.Set("Access-Control-Expose-Headers", "DPoP-Nonce, WWW-Authenticate")
}

// originOf returns the origin of a script, "" if there is none that could be
// registered.
func originOf(r *http.Request) string {
	list := r.Header["Origin"]
	if len(list) != 1 || list[0] == "null" || len(list[0]) > 300 || !strings.Contains(list[0], "://") {
		return ""
	}
	return list[0]
}

// someOrigin reports whether an app of the organisation registered an origin.
func (p *Provider) someOrigin(ctx context.Context, org identity.Organisation, origin string) bool {
	c, now := &p.origins, p.now()
	c.mu.Lock()
	set, ok := c.orgs[org.ID]
	age := now.Sub(set.read)
	fresh := ok && age < originsKept && (set.known[origin] || age < originsRetry)
	if ok && !fresh {
		c.orgs[org.ID] = originSet{now, set.known} // one request reads, the others go on
	}
	c.mu.Unlock()
	if fresh {
		return set.known[origin]
	}
	known, err := p.readOrigins(ctx, org)
	if err != nil {
		p.log.WarnContext(ctx, "origins of apps", "error", err)
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.orgs == nil || len(c.orgs) >= originsOrgs {
		c.orgs = map[identity.OrgID]originSet{}
	}
	c.orgs[org.ID] = originSet{now, known}
	return known[origin]
}

func (p *Provider) readOrigins(ctx context.Context, org identity.Organisation) (map[string]bool, error) {
	known := map[string]bool{}
	for after := ""; ; {
		list, err := p.apps.List(ctx, org.ID, after, originsPage)
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			if a.Disabled {
				continue
			}
			for _, o := range a.Origins {
				known[o] = true
			}
		}
		if len(list) < originsPage {
			return known, nil
		}
		after = list[len(list)-1].ClientID
	}
}
