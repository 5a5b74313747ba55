package vmware

import (
	"net/http"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
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
		return errCredentials
	}
	user, domain := name[:at], name[at+1:]
	if strings.HasSuffix(r.URL.Path, "/provider") {
		domain = ""
	}
	org, err := d.named(r.Context(), domain)
	if err != nil {
		return err
	}
	res, id, err := d.enter(r, org, user, password, []string{"openid", "profile", "email", "phone", "groups", "vcd_idp"}, false)
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
	b, err := d.bearer(r)
	if err != nil {
		return err
	}
	if b.User.IsZero() {
		return errCredentials
	}
	said, err := d.expanded(r.Context(), b.Org, b.User, b.Scopes)
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
	b, err := d.bearer(r)
	if err != nil {
		return err
	}
	if err := d.end(r, b, tokenOf(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// end revokes a token, and the session that it came from.
func (d *Door) end(r *http.Request, b *token.Bearer, text string) error {
	if err := d.o.Tokens.Revoke(r.Context(), b.App, text); err != nil || b.Session.IsZero() {
		return err
	}
	return d.o.Sessions.End(r.Context(), b.Org.ID, b.Session)
}

// logout is row 2: the token to end stands in a header of its own, or the ID
// token in the body.
func (d *Door) logout(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	form, err := web.Fields(w, r, maxBody)
	if err != nil {
		return err
	}
	ctx := r.Context()
	org, err := d.o.Directory.Root(ctx)
	if err != nil {
		return err
	}
	if text := r.Header.Get("Ex-Identity-Auth-Token"); text != "" {
		_, b, err := d.o.Tokens.Actor(ctx, text)
		if err != nil {
			return err
		}
		if err := d.end(r, b, text); err != nil {
			return err
		}
		org = b.Org
	} else if text := form.Get("idToken"); text != "" {
		own, said, err := d.idToken(ctx, text)
		if err == nil && expired(said) {
			err = errCredentials
		}
		if err != nil {
			return err
		}
		if sid, ok := identity.ParseID(textOf(said, "sid")); ok {
			if err := d.o.Sessions.End(ctx, own.ID, sid); err != nil {
				return err
			}
		}
		org = own
	}
	web.JSON(w, http.StatusOK, map[string]string{"url": d.o.Tokens.Issuer(org) + "/oauth2/logout"})
	return nil
}
