package admin

import (
	"net/http"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
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

func (d *Door) listSessions(w http.ResponseWriter, r *http.Request, _ identity.Actor, org identity.Organisation) error {
	user, err := idOf(r, "user")
	if err != nil {
		return err
	}
	list, err := d.sessions.List(r.Context(), org.ID, user)
	if err != nil {
		return err
	}
	out := struct {
		Sessions []sessionJSON `json:"sessions"`
	}{[]sessionJSON{}}
	for _, s := range list {
		out.Sessions = append(out.Sessions, sessionJSON{s.ID.String(), when(s.Created), when(s.Seen), when(s.Expires),
			when(s.AuthTime), s.ACR, s.AMR, s.Agent, s.Address})
	}
	return answer(w, http.StatusOK, out)
}

func (d *Door) endSessions(w http.ResponseWriter, r *http.Request, _ identity.Actor, org identity.Organisation) error {
	user, err := idOf(r, "user")
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
	return nothing(w)
}

func (d *Door) endSession(w http.ResponseWriter, r *http.Request, _ identity.Actor, org identity.Organisation) error {
	user, err := idOf(r, "user")
	if err != nil {
		return err
	}
	id, err := idOf(r, "session")
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
		return nothing(w)
	}
	return identity.NewError(identity.NotFound, "", "There is no such session.")
}

// newLink makes a one-time link by which a person sets their password, or sends
// it to them.
func (d *Door) newLink(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	var in struct {
		Kind string `json:"kind"` // "welcome" or "recover"
		Send bool   `json:"send"` // by letter instead of in the answer
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	user, err := idOf(r, "user")
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
		return answer(w, http.StatusAccepted, map[string]any{"sent": true})
	}
	link, err := d.signin.Link(r.Context(), by, org, user, kind)
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, map[string]any{"url": link.URL, "expires": link.Expires.UTC()})
}

func (d *Door) listAdministrators(w http.ResponseWriter, r *http.Request, _ identity.Actor, org identity.Organisation) error {
	list, err := d.signin.Administrators(r.Context(), org.ID)
	if err != nil {
		return err
	}
	type administrator struct {
		User    string     `json:"user"`
		Role    string     `json:"role"`
		Created *time.Time `json:"created"`
	}
	out := struct {
		Administrators []administrator `json:"administrators"`
	}{[]administrator{}}
	for _, a := range list {
		out.Administrators = append(out.Administrators, administrator{a.User.String(), a.Role, when(a.Created)})
	}
	return answer(w, http.StatusOK, out)
}

func (d *Door) appoint(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	var in struct {
		Role string `json:"role"` // "owner" or "operator"
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	user, err := idOf(r, "user")
	if err != nil {
		return err
	}
	if err := d.signin.Appoint(r.Context(), by, org.ID, user, in.Role); err != nil {
		return err
	}
	return nothing(w)
}

func (d *Door) dismiss(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	user, err := idOf(r, "user")
	if err != nil {
		return err
	}
	if err := d.signin.Dismiss(r.Context(), by, org.ID, user); err != nil {
		return err
	}
	return nothing(w)
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

func (d *Door) listLetters(w http.ResponseWriter, r *http.Request, _ identity.Actor, org identity.Organisation) error {
	limit, err := limitOf(r)
	if err != nil {
		return err
	}
	after, _ := identity.ParseID(r.URL.Query().Get("after"))
	list, err := d.mail.Outbox(r.Context(), org.ID, after, limit)
	if err != nil {
		return err
	}
	out := struct {
		Letters []letterJSON `json:"letters"`
	}{[]letterJSON{}}
	for _, l := range list {
		j := letterJSON{ID: l.ID.String(), Note: l.Note, Subject: l.Message.Subject, Created: when(l.Created),
			Tries: l.Tries, Failed: l.Failed, Error: l.Error}
		if !l.Failed {
			j.Sent = when(l.Finished)
		}
		out.Letters = append(out.Letters, j)
	}
	return answer(w, http.StatusOK, out)
}
