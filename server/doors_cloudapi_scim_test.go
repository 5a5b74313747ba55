package server_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/muster-id/muster/api/vmware"
)

// TestCloudSCIM: the token of a session opens /scim/v2 as far as the roles of
// its holder go, and ids may be URNs.
func TestCloudSCIM(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		user, group := w.ann.String(), w.group.String()
		for phrase, path := range map[string]string{
			"a bare id": "/scim/v2/Users/" + user, "a URN": "/scim/v2/Users/urn:vcloud:user:" + user, "in any case": "/scim/v2/users/urn:vcloud:user:" + user,
			"with the organisation": "/scim/acme/v2/Users/urn:vcloud:user:" + user, "escaped": "/scim/v2/Users/" + url.PathEscape("urn:vcloud:user:") + user, "myself": "/scim/v2/Me",
		} {
			o := w.object(w.cloud(vmware.Owner, http.MethodGet, path, ""), 200)
			if o["id"] != user || o["userName"] != w.demo.User {
				t.Errorf("%s: %v", phrase, o)
			}
		}
		if o := w.object(w.cloud(vmware.Owner, http.MethodGet, "/scim/v2/Groups/urn:vcloud:group:"+group, ""), 200); o["displayName"] != "Union" {
			t.Errorf("the group is %v", o)
		}
		query := url.Values{"filter": {`userName eq "` + w.demo.User + `"`}}.Encode()
		if o := w.object(w.cloud(vmware.Service, http.MethodGet, "/scim/v2/Users?"+query, ""), 200); o["totalResults"] != float64(1) {
			t.Errorf("a service account finds %v", o)
		}
		made := w.object(w.cloud(vmware.Owner, http.MethodPost, "/scim/v2/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"scim-made"}`,
			"Content-Type", "application/scim+json", "Prefer", "respond-async"), 201)
		if got := w.cloud(vmware.Owner, http.MethodDelete, "/scim/v2/Users/urn:vcloud:user:"+w.text(made, "id"), "").Code; got != http.StatusNoContent {
			t.Errorf("delete = %d", got)
		}
		in := []string{"X-VMWARE-VCLOUD-TENANT-CONTEXT", w.demo.Other.ID.String()}
		w.object(w.cloud(vmware.Platform, http.MethodGet, "/scim/v2/Users/urn:vcloud:user:"+w.far.String(), "", in...), 200)
		for phrase, c := range map[string]struct {
			kind   vmware.Kind
			method string
			path   string
			header []string
			want   int
		}{
			"A56 nobody":                   {vmware.Anonymous, "GET", "/scim/v2/Users", nil, 401},
			"A56 a member":                 {vmware.Member, "GET", "/scim/v2/Users", nil, 403},
			"A56 a service account writes": {vmware.Service, "DELETE", "/scim/v2/Users/" + user, nil, 403},
			"A48 a user of globex":         {vmware.Owner, "GET", "/scim/v2/Users/urn:vcloud:user:" + w.far.String(), nil, 404},
			"A48 a group of globex":        {vmware.Owner, "DELETE", "/scim/v2/Groups/urn:vcloud:group:" + w.afar.String(), nil, 404},
			"A48 the path of globex":       {vmware.Owner, "GET", "/scim/globex/v2/Users", nil, 401},
			"A48 the context of globex":    {vmware.Owner, "GET", "/scim/v2/Users", in, 403},
			"A48 path and context differ":  {vmware.Platform, "GET", "/scim/acme/v2/Users", in, 401},
			"a URN of another kind":        {vmware.Owner, "GET", "/scim/v2/Users/urn:vcloud:group:" + user, nil, 404},
		} {
			t.Run(phrase, func(t *testing.T) {
				w := w.on(t)
				if a := w.cloud(c.kind, c.method, c.path, "", c.header...); a.Code != c.want {
					t.Errorf("%d %s, want %d", a.Code, a.Body, c.want)
				}
			})
		}
	})
}
