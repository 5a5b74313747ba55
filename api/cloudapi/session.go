package cloudapi

import (
	"net/http"
	"strings"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// A reference names something of the Tenant Manager.
type reference struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

// A sessionJSON is a session of the Tenant Manager.
type sessionJSON struct {
	ID       string      `json:"id"`
	Site     reference   `json:"site"`
	User     reference   `json:"user"`
	Org      reference   `json:"org"`
	Location string      `json:"location"`
	Roles    []string    `json:"roles"`
	RoleRefs []reference `json:"roleRefs"`
	Idle     int         `json:"sessionIdleTimeoutMinutes"`
}

// sessionMinutes is what these clients are told of how long a session lasts.
const sessionMinutes = 30

// openSession is the login of the Tenant Manager: Basic user@org and password,
// and the token in a header of the answer.
func (d *Door) openSession(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	name, password, ok := r.BasicAuth()
	at := strings.LastIndexByte(name, '@')
	if !ok || at < 1 {
		return entry.ErrCredentials
	}
	user, domain := name[:at], name[at+1:]
	if strings.HasSuffix(r.URL.Path, "/provider") {
		domain = ""
	}
	org, err := d.o.Entry.Named(r.Context(), domain)
	if err != nil {
		return err
	}
	res, id, err := d.o.Entry.Enter(r, org, user, password, []string{"openid", "profile", "email", "phone", "groups", "vcd_idp"}, false)
	if err != nil {
		return err
	}
	w.Header().Set("X-Vmware-Vcloud-Access-Token", res.AccessToken)
	w.Header().Set("X-Vmware-Vcloud-Token-Type", "Bearer")
	d.writeSession(w, r, http.StatusOK, sessionJSON{
		ID: "urn:vcloud:session:" + res.Grant.String(), User: reference{user, "urn:vcloud:user:" + id.String()}, Org: orgReference(org),
	})
	return nil
}

func orgReference(org identity.Organisation) reference {
	return reference{org.Slug, "urn:vcloud:org:" + org.ID.String()}
}

func (d *Door) writeSession(w http.ResponseWriter, r *http.Request, status int, s sessionJSON) {
	s.Site = reference{"Muster", "urn:vcloud:site:00000000-0000-0000-0000-000000000000"}
	s.Location, s.Roles, s.RoleRefs, s.Idle = d.o.Public, []string{}, []reference{}, sessionMinutes
	if version := r.Header.Get("Accept"); strings.Contains(version, "version=") {
		_, v, _ := strings.Cut(version, "version=")
		v, _, _ = strings.Cut(v, ";")
		if v = strings.TrimSpace(v); len(v) < 12 && strings.Trim(v, "0123456789.") == "" {
			w.Header().Set("Content-Type", "application/json;version="+v)
		}
	}
	web.JSON(w, status, s)
}

// currentSession tells whose session the token stands for.
func (d *Door) currentSession(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	b, err := d.o.Entry.Bearer(r)
	if err != nil {
		return err
	}
	if b.User.IsZero() {
		return entry.ErrCredentials
	}
	said, err := d.o.Entry.Expanded(r.Context(), b.Org, b.User, b.Scopes)
	if err != nil {
		return err
	}
	name, _ := said["username"].(string)
	d.writeSession(w, r, http.StatusOK, sessionJSON{
		ID: "urn:vcloud:session:" + b.Grant.String(), User: reference{name, "urn:vcloud:user:" + b.User.String()}, Org: orgReference(b.Org),
	})
	return nil
}

// closeSession ends what the token stands for.
func (d *Door) closeSession(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	b, err := d.o.Entry.Bearer(r)
	if err != nil {
		return err
	}
	if err := d.o.Entry.End(r.Context(), b, entry.TokenOf(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
