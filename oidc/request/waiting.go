package request

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// A Waiting request is one whose person signs in or decides.
type Waiting struct {
	*Case
	ID string
	// Before is the hash of the session that the browser had when the person was
	// last sent to sign in, nil for none: who signs in anew has another afterwards.
	Before []byte
	// Rounds counts how often the person was sent to sign in.
	Rounds int
	// Since is when the request came.
	Since time.Time

	version int64
	stored  waiting
}

// waiting is what is stored of it.
type waiting struct {
	Values   string `json:"values"`
	Source   Source `json:"source"`
	Signed   bool   `json:"signed,omitempty"`
	PushedAs string `json:"pushed_as,omitempty"`
	Browser  []byte `json:"browser"` // keyed hash of the cookie of the browser in which it began
	Before   []byte `json:"before,omitempty"`
	Rounds   int    `json:"rounds,omitempty"`
}

// maxWaiting bounds what is kept of a request that anybody can send.
const maxWaiting = 16 << 10

// known leaves out what no rule reads, so that it is not kept either.
func known(v url.Values) url.Values {
	out := url.Values{}
	for name, list := range v {
		if _, ok := maxLength[name]; ok && name != "request" && name != "request_uri" {
			out[name] = list
		}
	}
	return out
}

// Wait keeps a request of a browser, which a cookie names, and returns the id
// under which Waiting finds it again, for half an hour. rounds is 1 if the person
// is sent to sign in at once, else 0.
func (d *Desk) Wait(ctx context.Context, c *Case, browser string, before []byte, rounds int) (*Waiting, error) {
	r := c.Request
	values := known(r.values).Encode()
	if r.Source == Plain && len(values) > maxWaiting {
		return nil, page("invalid_request", "", "The request is larger than 16 KiB; push it to the PAR endpoint.")
	}
	w := &Waiting{Case: c, ID: NewName(), Before: before, Rounds: rounds, Since: d.now(), stored: waiting{
		Values: values, Source: r.Source, Signed: r.Signed, PushedAs: r.PushedAs,
		Browser: d.keys.MAC("request browser", []byte(browser)), Before: before, Rounds: rounds,
	}}
	return w, d.put(ctx, kindWaiting, c.Org.ID, c.App.ID, w.ID, d.now().Add(waitingLength), w.stored)
}

// Waiting finds a request again. It is NotFound when there is none or it has
// been answered, and Denied in another browser than the one in which it began. The
// rules are asked again, for the app may have changed: an *Error comes with
// the request.
func (d *Desk) Waiting(ctx context.Context, org identity.Organisation, id, browser string) (*Waiting, error) {
	var in waiting
	a, err := d.get(ctx, kindWaiting, org.ID, id, &in)
	if err != nil {
		return nil, err
	}
	if !a.Alive(d.now()) {
		return nil, identity.NewError(identity.NotFound, "", "The request has been answered or is too old.")
	}
	if browser == "" || !secret.Equal(in.Browser, d.keys.MAC("request browser", []byte(browser))) {
		return nil, identity.NewError(identity.Denied, "", "The request began in another browser.")
	}
	v, err := url.ParseQuery(in.Values)
	if err != nil {
		return nil, err
	}
	r := Parse(v)
	r.Source, r.Signed, r.PushedAs = in.Source, in.Signed, in.PushedAs
	c, err := d.caseOf(ctx, org, v)
	if err != nil {
		return nil, err
	}
	c.Request = r
	return &Waiting{Case: c, ID: id, Before: in.Before, Rounds: in.Rounds, Since: a.Created, version: a.Version, stored: in}, c.Check()
}

// Round notes that the person is sent to sign in again, with the session that
// the browser has by then.
func (d *Desk) Round(ctx context.Context, w *Waiting, before []byte) error {
	w.stored.Rounds++
	w.stored.Before = before
	data, err := d.seal(kindWaiting, w.stored)
	if err != nil {
		return err
	}
	now := d.now()
	return d.db.Update(ctx, func(tx *store.Tx) error {
		a, err := tx.Artefact(ctx, w.Org.ID, kindWaiting, d.hash(kindWaiting, w.ID))
		if err != nil || !a.Alive(now) {
			return err
		}
		a.Data = data
		return tx.UpdateArtefact(ctx, a)
	})
}

// Answered ends a request that waits. Exactly one caller succeeds; the others
// get NotFound or Conflict.
func (d *Desk) Answered(ctx context.Context, w *Waiting) error {
	return d.consume(ctx, kindWaiting, w.Org.ID, w.ID, nil)
}

// MayUse reports whether a person may use an app: everybody, or the members of
// its groups, also by way of groups in them.
func (d *Desk) MayUse(ctx context.Context, a *identity.App, user identity.ID) (ok bool, err error) {
	if len(a.Groups) == 0 {
		return true, nil
	}
	allowed := map[identity.ID]bool{}
	for _, text := range a.Groups {
		if id, ok := identity.ParseID(text); ok {
			allowed[id] = true
		}
	}
	err = d.db.View(ctx, func(tx *store.Tx) error {
		groups, err := tx.GroupsOf(ctx, a.Org, []identity.ID{user})
		for _, g := range groups[user] {
			ok = ok || allowed[g.ID]
		}
		return err
	})
	return ok, err
}

// Consented returns the scopes that a person has allowed an app for good.
func (d *Desk) Consented(ctx context.Context, org identity.OrgID, user, app identity.ID) (scopes []string, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		c, err := tx.Consent(ctx, org, user, app)
		if identity.KindOf(err) == identity.NotFound {
			return nil
		}
		scopes = c.Scopes
		return err
	})
	return scopes, err
}

// Consent remembers scopes that a person has allowed an app, besides those of
// before.
func (d *Desk) Consent(ctx context.Context, org identity.OrgID, user, app identity.ID, scopes []string) error {
	now := d.now()
	return d.db.Update(ctx, func(tx *store.Tx) error {
		c, err := tx.Consent(ctx, org, user, app)
		if identity.KindOf(err) == identity.NotFound {
			c, err = identity.Consent{Org: org, User: user, App: app, Created: now}, nil
		}
		if err != nil {
			return err
		}
		c.Scopes, c.Modified = union(c.Scopes, scopes), now
		return tx.PutConsent(ctx, c)
	})
}

func union(a, b []string) []string { return words(join(a) + " " + join(b)) }

// SignedInTo returns the apps that hold grants of a session, each once.
func (d *Desk) SignedInTo(ctx context.Context, org identity.OrgID, session identity.ID) (apps []*identity.App, err error) {
	var grants []identity.Grant
	err = d.db.View(ctx, func(tx *store.Tx) error {
		grants, err = tx.GrantsOfSession(ctx, org, session)
		return err
	})
	seen := map[identity.ID]bool{}
	for _, g := range grants {
		if seen[g.App] || err != nil {
			continue
		}
		seen[g.App] = true
		a, err := d.apps.ByID(ctx, org, g.App)
		if identity.KindOf(err) == identity.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		apps = append(apps, a)
	}
	return apps, err
}

// tries are how many wrong codes of devices a person or a network may type in a
// quarter of an hour.
const (
	tries       = 5
	tryInterval = 15 * time.Minute
)

// Guess looks up a code that somebody typed, and counts it under both names if
// there is no such code. Too many wrong ones are Throttled.
func (d *Desk) Guess(ctx context.Context, org identity.Organisation, userCode string, names ...string) (*Device, error) {
	now := d.now()
	var fails []int64
	err := d.db.View(ctx, func(tx *store.Tx) error {
		fails = fails[:0]
		for _, n := range names {
			a, err := tx.Attempts(ctx, org.ID, "device:"+n)
			if err != nil {
				return err
			}
			if now.Sub(a.First) < tryInterval {
				fails = append(fails, a.Failures)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, n := range fails {
		if n >= tries {
			return nil, identity.NewError(identity.Throttled, "", "There were too many wrong codes. Wait a quarter of an hour.")
		}
	}
	dev, err := d.deviceByUserCode(ctx, org, userCode)
	if identity.KindOf(err) != identity.NotFound {
		return dev, err
	}
	missed := d.db.Update(ctx, func(tx *store.Tx) error {
		for _, n := range names {
			if _, err := tx.AddFailure(ctx, org.ID, "device:"+n, now, tryInterval); err != nil {
				return err
			}
		}
		return nil
	})
	if missed != nil {
		return nil, missed
	}
	return nil, err
}

func join(list []string) string { return strings.Join(list, " ") }

// Subject is what an app knows a person by.
func (d *Desk) Subject(a *identity.App, user identity.ID) string {
	return claims.Subject(d.keys, a, user)
}
