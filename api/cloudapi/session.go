package cloudapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// A sessionJSON is a session of the Tenant Manager.
type sessionJSON struct {
	ID       string      `json:"id"`
	Site     reference   `json:"site"`
	User     reference   `json:"user"`
	Org      reference   `json:"org"`
	Location string      `json:"location"`
	Roles    []string    `json:"roles"`
	RoleRefs []reference `json:"roleRefs"`
	Idle     int64       `json:"sessionIdleTimeoutMinutes"`
}

var sessionFields = fields{
	"id": {id: true, unsortable: true}, "user.name": {}, "user.id": {}, "org.name": {}, "org.id": {},
}

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
	s, err := d.session(r, org, identity.UserSubject, id, user, res.Grant)
	if err != nil {
		return err
	}
	w.Header().Set("X-Vmware-Vcloud-Access-Token", res.AccessToken)
	w.Header().Set("X-Vmware-Vcloud-Token-Type", "Bearer")
	web.JSON(w, http.StatusOK, s)
	return nil
}

// session is the session of somebody with the roles that they have.
func (d *Door) session(r *http.Request, org identity.Organisation, typ identity.SubjectType, id identity.ID, name string, grant identity.ID) (sessionJSON, error) {
	s := sessionJSON{
		ID: urn(kindSession, grant.String()), Site: reference{"Muster", urn(kindSite, identity.ID{}.String())},
		User: userReference(id, name), Org: orgReference(org), Location: d.o.Public, Roles: []string{}, RoleRefs: []reference{},
	}
	if typ == identity.AppSubject {
		s.User = reference{name, urn(kindAccount, id.String())}
	}
	p, err := d.o.Apps.Provider(r.Context(), org.ID)
	if err != nil {
		return s, err
	}
	s.Idle = max(p.AccessTokenSeconds/60, 1)
	list, err := d.o.Access.RolesOf(r.Context(), org.ID, typ, id)
	for _, h := range list {
		ref := roleReference(h.Role)
		if !hasReference(s.RoleRefs, ref.ID) {
			s.Roles, s.RoleRefs = append(s.Roles, ref.Name), append(s.RoleRefs, ref)
		}
	}
	return s, err
}

func hasReference(list []reference, id string) bool {
	for _, r := range list {
		if r.ID == id {
			return true
		}
	}
	return false
}

// currentSession tells whose session the token stands for. It is where its
// holder belongs, whatever the tenant context.
func (d *Door) currentSession(c *call) error {
	typ, id := c.subject()
	s, err := d.session(c.r, c.bearer.Org, typ, id, c.by.Name, c.bearer.Grant)
	if err != nil {
		return err
	}
	return c.ok(s)
}

// closeSession ends what the token stands for.
func (d *Door) closeSession(c *call) error {
	if err := d.o.Entry.End(c.ctx, c.bearer, entry.TokenOf(c.r)); err != nil {
		return err
	}
	return c.nothing()
}

// sessionsOf lists the sessions of a user: grants without a refresh token whose
// access token still lives.
func (d *Door) sessionsOf(c *call, user identity.ID) ([]token.Granted, error) {
	p, err := d.o.Apps.Provider(c.ctx, c.org.ID)
	if err != nil {
		return nil, err
	}
	list, err := d.o.Tokens.Grants(c.ctx, c.org.ID, user)
	var out []token.Granted
	for _, g := range list {
		if !g.Refresh && time.Since(g.Created) < time.Duration(p.AccessTokenSeconds)*time.Second {
			out = append(out, g)
		}
	}
	return out, err
}

// holder returns the user whose sessions or tokens a list is of: the caller, or
// one whom the filter names and on whom the caller may look.
func (d *Door) holder(c *call, f *filter, names ...string) (identity.ID, string, error) {
	for _, name := range names {
		value, ok := f.equals(name)
		if !ok {
			continue
		}
		u, err := d.people.User(c.ctx, c.org.ID, value)
		if k := identity.KindOf(err); k == identity.NotFound || err == nil && c.reach(u.ID) != nil {
			return identity.ID{}, "", nil // of whom nothing is to be seen
		}
		return u.ID, u.Name, err
	}
	if c.by.Kind != identity.ByUser || c.org.ID != c.bearer.Org.ID {
		return identity.ID{}, "", nil
	}
	return c.by.ID, c.by.Name, nil
}

// equals returns the value that a filter demands of a name at its top.
func (f *filter) equals(name string) (string, bool) {
	switch {
	case f == nil:
	case f.op == "" && f.name == name && f.cmp == "==" && !strings.Contains(f.value, "*"):
		return f.value, true
	case f.op == ";":
		for _, one := range f.parts {
			if v, ok := one.equals(name); ok {
				return v, true
			}
		}
	}
	return "", false
}

// listSessions lists the caller's sessions, or those of the user whom the filter
// names.
func (d *Door) listSessions(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	user, name, err := d.holder(c, a.filter, "user.id", "user.name")
	if err != nil {
		return err
	}
	all := []sessionJSON{}
	if !user.IsZero() {
		list, err := d.sessionsOf(c, user)
		if err != nil {
			return err
		}
		var s sessionJSON // they differ in their ids alone
		if len(list) > 0 {
			if s, err = d.session(c.r, c.org, identity.UserSubject, user, name, list[0].ID); err != nil {
				return err
			}
		}
		for _, g := range list {
			s.ID = urn(kindSession, g.ID.String())
			all = append(all, s)
		}
	}
	return sendAll(d, c, listing{ask: a, model: "Sessions", fields: sessionFields, usual: "user.name"}, all)
}

// granted returns a grant that the caller may look at.
func (d *Door) granted(c *call, kind string) (token.Granted, error) {
	id, err := idOf(kind, c.r.PathValue("id"))
	if err != nil {
		return token.Granted{}, err
	}
	g, err := d.o.Tokens.Granted(c.ctx, c.org.ID, id)
	if k := identity.KindOf(err); k == identity.NotFound || err == nil && (g.User.IsZero() || c.reach(g.User) != nil || g.Refresh != (kind == kindToken)) {
		err = errNothing
	}
	return g, err
}

func (d *Door) getSession(c *call) error {
	g, err := d.granted(c, kindSession)
	if err != nil {
		return err
	}
	u, err := d.people.User(c.ctx, c.org.ID, g.User.String())
	if err != nil {
		return err
	}
	s, err := d.session(c.r, c.org, identity.UserSubject, u.ID, u.Name, g.ID)
	if err != nil {
		return err
	}
	return c.ok(s)
}

func (d *Door) endSession(c *call) error {
	g, err := d.granted(c, kindSession)
	if err != nil {
		return err
	}
	if err := d.o.Tokens.EndGrant(c.ctx, c.org.ID, g.ID); err != nil {
		return err
	}
	return c.nothing()
}

// sessionToken gives the token of a session to whoever came with it. Those of
// other sessions are nowhere kept.
func (d *Door) sessionToken(c *call) error {
	if id, err := idOf(kindSession, c.r.PathValue("id")); err != nil || id != c.bearer.Grant || id.IsZero() {
		return errNothing
	}
	return c.ok(map[string]string{"token": entry.TokenOf(c.r)})
}
