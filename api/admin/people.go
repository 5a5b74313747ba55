package admin

import (
	"net/http"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/web"
)

// sessionJSON is one session of a person.
type sessionJSON struct {
	ID       string     `json:"id"`
	Created  *time.Time `json:"created"`
	Seen     *time.Time `json:"seen"`
	Expires  *time.Time `json:"expires"`
	AuthTime *time.Time `json:"auth_time"`
	ACR      string     `json:"acr"`
	AMR      []string   `json:"amr"`
	Agent    string     `json:"user_agent"`
	Address  string     `json:"address"`
}

type sessionList struct {
	Sessions []sessionJSON `json:"sessions"`
}

// user finds the user that the path names.
func (d *Door) user(r *http.Request, by identity.Actor) (identity.ID, error) {
	id, err := web.PathID(r, "user")
	if err != nil {
		return id, err
	}
	reg, err := d.dir.Registry(r.Context(), by.Org)
	if err != nil {
		return id, err
	}
	_, err = d.dir.Get(r.Context(), by, reg.TypeByName(string(identity.UserSubject)), id, directory.Rows{})
	return id, err
}

func (d *Door) listSessions(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	user, err := d.user(r, by)
	if err != nil {
		return err
	}
	list, err := d.sessions.List(r.Context(), org.ID, user)
	if err != nil {
		return err
	}
	out := sessionList{[]sessionJSON{}}
	for _, s := range list {
		out.Sessions = append(out.Sessions, sessionJSON{s.ID.String(), web.When(s.Created), web.When(s.Seen), web.When(s.Expires),
			web.When(s.AuthTime), s.ACR, s.AMR, s.Agent, s.Address})
	}
	return web.Send(w, http.StatusOK, out)
}

func (d *Door) endSessions(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	user, err := d.user(r, by)
	if err != nil {
		return err
	}
	list, err := d.sessions.List(r.Context(), org.ID, user)
	if err != nil {
		return err
	}
	for _, s := range list {
		if err := d.sessions.End(r.Context(), org.ID, s.ID); err != nil {
			return err
		}
	}
	return web.Nothing(w)
}

func (d *Door) endSession(w http.ResponseWriter, r *http.Request, _ identity.Actor, org identity.Organisation) error {
	user, err := web.PathID(r, "user")
	if err != nil {
		return err
	}
	id, err := web.PathID(r, "session")
	if err != nil {
		return err
	}
	list, err := d.sessions.List(r.Context(), org.ID, user)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.ID != id {
			continue
		}
		if err := d.sessions.End(r.Context(), org.ID, id); err != nil {
			return err
		}
		return web.Nothing(w)
	}
	return identity.NewError(identity.NotFound, "", "There is no such session.")
}

type newLinkJSON struct {
	Kind string `json:"kind"` // "welcome" or "recover"
	Send bool   `json:"send"` // by letter instead of in the answer
}

type linkJSON struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

// newLink makes a one-time link by which a person sets their password, or sends
// it to them.
func (d *Door) newLink(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	var in newLinkJSON
	if err := web.ReadJSON(w, r, &in); err != nil {
		return err
	}
	user, err := web.PathID(r, "user")
	if err != nil {
		return err
	}
	kind := signin.LinkKind(in.Kind)
	if kind != signin.LinkWelcome && kind != signin.LinkRecover {
		return identity.NewError(identity.Invalid, "kind", `The kind is "welcome" or "recover".`)
	}
	if in.Send {
		if err := d.signin.Invite(r.Context(), by, org, user); err != nil {
			return err
		}
		return web.Send(w, http.StatusAccepted, map[string]any{"sent": true})
	}
	link, err := d.signin.Link(r.Context(), by, org, user, kind)
	if err != nil {
		return err
	}
	return web.Send(w, http.StatusCreated, linkJSON{link.URL, link.Expires.UTC()})
}

type administratorJSON struct {
	User    string     `json:"user"`
	Role    string     `json:"role"`
	Created *time.Time `json:"created"`
}

type administratorList struct {
	Administrators []administratorJSON `json:"administrators"`
}

func (d *Door) listAdministrators(w http.ResponseWriter, r *http.Request, _ identity.Actor, org identity.Organisation) error {
	list, err := d.signin.Administrators(r.Context(), org.ID)
	if err != nil {
		return err
	}
	out := administratorList{[]administratorJSON{}}
	for _, a := range list {
		out.Administrators = append(out.Administrators, administratorJSON{a.User.String(), a.Role, web.When(a.Created)})
	}
	return web.Send(w, http.StatusOK, out)
}

type appointJSON struct {
	Role string `json:"role"` // "owner" or "operator"
}

func (d *Door) appoint(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	var in appointJSON
	if err := web.ReadJSON(w, r, &in); err != nil {
		return err
	}
	user, err := web.PathID(r, "user")
	if err != nil {
		return err
	}
	if err := d.signin.Appoint(r.Context(), by, org.ID, user, in.Role); err != nil {
		return err
	}
	return web.Nothing(w)
}

func (d *Door) dismiss(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	user, err := web.PathID(r, "user")
	if err != nil {
		return err
	}
	if err := d.signin.Dismiss(r.Context(), by, org.ID, user); err != nil {
		return err
	}
	return web.Nothing(w)
}

// letterJSON is a letter without what is secret in it: links and codes are for
// whom it is addressed to.
type letterJSON struct {
	ID      string     `json:"id"`
	Note    string     `json:"note"`
	Subject string     `json:"subject"`
	Created *time.Time `json:"created"`
	Sent    *time.Time `json:"sent,omitempty"`
	Tries   int64      `json:"tries"`
	Failed  bool       `json:"failed"`
	Error   string     `json:"error,omitempty"`
}

type letterList struct {
	Letters []letterJSON `json:"letters"`
}

func (d *Door) listLetters(w http.ResponseWriter, r *http.Request, _ identity.Actor, org identity.Organisation) error {
	limit, err := web.Limit(r)
	if err != nil {
		return err
	}
	after, _ := identity.ParseID(r.URL.Query().Get("after"))
	list, err := d.mail.Outbox(r.Context(), org.ID, after, limit)
	if err != nil {
		return err
	}
	out := letterList{[]letterJSON{}}
	for _, l := range list {
		j := letterJSON{ID: l.ID.String(), Note: l.Note, Subject: l.Message.Subject, Created: web.When(l.Created),
			Tries: l.Tries, Failed: l.Failed, Error: l.Error}
		if !l.Failed {
			j.Sent = web.When(l.Finished)
		}
		out.Letters = append(out.Letters, j)
	}
	return web.Send(w, http.StatusOK, out)
}
