package probe

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

const cleanUpTime = time.Minute

// note remembers what a request made, also in bulk, so that it can be deleted
// when the run ends.
func (r *run) note(who access, method, p string, rep *reply) {
	p, _, _ = strings.Cut(p, "?")
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case method == http.MethodDelete && rep.status == http.StatusNoContent:
		delete(r.made, p)
	case method != http.MethodPost:
	case strings.EqualFold(p, "/Bulk"):
		ops, _ := rep.doc["Operations"].([]any)
		for _, o := range ops {
			res, _ := o.(object)
			m, _ := res["method"].(string)
			loc, _ := res["location"].(string)
			if strings.EqualFold(m, http.MethodPost) && loc != "" {
				r.made[tail(loc)] = who
			}
		}
	case rep.status == http.StatusCreated:
		if id, _ := rep.doc["id"].(string); id != "" {
			r.made[p+"/"+id] = who
		} else if loc := rep.header.Get("Location"); loc != "" {
			r.made[tail(loc)] = who
		}
	}
}

// tail returns the endpoint and the id at the end of a location.
func tail(location string) string {
	location, _, _ = strings.Cut(location, "?")
	parts := strings.Split(strings.TrimRight(location, "/"), "/")
	return "/" + strings.Join(parts[max(0, len(parts)-2):], "/")
}

// cleanUp deletes what the run made, also when ctx has ended, and returns the
// paths that it could not delete.
func (r *run) cleanUp(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	r.sweep(ctx, "/Groups", "displayName")
	r.sweep(ctx, "/Users", "userName")
	var left []string
	paths := slices.Sorted(maps.Keys(r.made)) // groups before users
	for _, p := range paths {
		s := &session{run: r, ctx: ctx, who: r.made[p]}
		rep := s.del(p)
		if rep.dead || rep.status >= 300 && rep.status != http.StatusNotFound {
			left = append(left, p)
		}
	}
	return left
}

// sweep finds resources of ours whose creation was answered in a way that did
// not tell, and puts them on the list. It touches nothing without our prefix.
func (r *run) sweep(ctx context.Context, endpoint, attr string) {
	s := &session{run: r, ctx: ctx, who: r.first}
	rep := s.search(endpoint, attr+` sw "`+r.prefix+`"`, "count", "200")
	for _, e := range rep.list("Resources") {
		res, _ := e.(object)
		id, _ := res["id"].(string)
		name, _ := res[attr].(string)
		if id != "" && strings.HasPrefix(strings.ToLower(name), r.prefix) {
			if _, known := r.made[endpoint+"/"+id]; !known {
				r.made[endpoint+"/"+id] = r.first
			}
		}
	}
}
