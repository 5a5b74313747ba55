// Package logout tells apps that a person has signed out (OpenID Connect
// Back-Channel Logout 1.0). It works by jobs: one for the sessions that ended
// finds the apps, one for each app tells it, again and again if need be.
package logout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/outbound"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/token"
)

// Kind is the kind of the jobs that tell one app.
const Kind = "backchannel_logout"

// event is the member of the claim events (section 2.4).
const event = "http://schemas.openid.net/event/backchannel-logout"

// lifetime is how long a logout token is good for.
const lifetime = 2 * time.Minute

// Apps finds apps: it is the little that is needed of package app.
type Apps interface {
	// ByID returns an app, also a disabled one, or NotFound.
	ByID(ctx context.Context, org identity.OrgID, id identity.ID) (*identity.App, error)
}

// Options are what a Service is made of.
type Options struct {
	DB     *store.DB
	Keys   *secret.Keys
	Apps   Apps
	Tokens *token.Service
	Fetch  *outbound.Client
	Jobs   *jobs.Service
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: slog.Default
}

// A Service tells apps of ended sessions. It is safe for use by many goroutines
// at once.
type Service struct {
	o Options
}

// New makes a Service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Service{o}
}

// Handlers are the handlers of the jobs of this package, for jobs.Service.Work.
func (s *Service) Handlers() map[string]jobs.Handler {
	return map[string]jobs.Handler{session.SignedOutKind: s.signedOut, Kind: s.tell}
}

// A notice is the body of a job that tells one app.
type notice struct {
	App     identity.ID `json:"app"`
	User    identity.ID `json:"user"`
	Session identity.ID `json:"session"`
}

// signedOut finds the apps that a person was signed in to, and adds a job for
// each that wants to know. If it is done twice an app hears twice, which does it
// no harm.
func (s *Service) signedOut(ctx context.Context, j identity.Job, body []byte) error {
	var out session.SignedOut
	if err := json.Unmarshal(body, &out); err != nil {
		return jobs.Give{Err: fmt.Errorf("body of a job %s: %w", j.Kind, err)}
	}
	notices, err := s.notices(ctx, out)
	if err != nil || len(notices) == 0 {
		return err
	}
	return s.o.DB.Update(ctx, func(tx *store.Tx) error {
		for _, n := range notices {
			if err := s.o.Jobs.Add(ctx, tx, jobs.NewJob{
				Org: out.Org, Kind: Kind, Subject: out.User, Body: n, Note: "Telling an app of a sign-out",
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// notices lists who is to be told of what: every app once for each session.
func (s *Service) notices(ctx context.Context, out session.SignedOut) ([]notice, error) {
	var grants []held
	if err := s.o.DB.View(ctx, func(tx *store.Tx) (err error) {
		grants, err = grantsOf(ctx, tx, out)
		return err
	}); err != nil {
		return nil, fmt.Errorf("apps of ended sessions: %w", err)
	}
	var list []notice
	for _, g := range grants {
		n := notice{App: g.app, User: out.User, Session: g.session}
		if slices.Contains(list, n) {
			continue
		}
		a, err := s.o.Apps.ByID(ctx, out.Org, g.app)
		switch {
		case identity.KindOf(err) == identity.NotFound:
		case err != nil:
			return nil, err
		case a.BackchannelLogoutURI != "":
			list = append(list, n)
		}
	}
	return list, nil
}

// A held grant is one that an app holds of a session.
type held struct{ app, session identity.ID }

// grantsOf returns the grants of sessions, those that ended with them too. One
// that outlives its session is not bound to it, but remembers it in its data.
func grantsOf(ctx context.Context, tx *store.Tx, out session.SignedOut) ([]held, error) {
	var list []held
	for _, id := range out.Sessions {
		grants, err := tx.GrantsOfSession(ctx, out.Org, id)
		if err != nil {
			return nil, err
		}
		for _, g := range grants {
			list = append(list, held{g.App, id})
		}
	}
	lasting, err := tx.Grants(ctx, out.Org, out.User)
	for _, g := range lasting {
		var a token.Authorization
		if g.Session.IsZero() && json.Unmarshal(g.Data, &a) == nil && slices.Contains(out.Sessions, a.Session) {
			list = append(list, held{g.App, a.Session})
		}
	}
	return list, err
}

// tell sends one app a logout token.
func (s *Service) tell(ctx context.Context, j identity.Job, body []byte) error {
	var n notice
	if err := json.Unmarshal(body, &n); err != nil {
		return jobs.Give{Err: fmt.Errorf("body of a job %s: %w", j.Kind, err)}
	}
	a, err := s.o.Apps.ByID(ctx, j.Org, n.App)
	if identity.KindOf(err) == identity.NotFound || err == nil && a.BackchannelLogoutURI == "" {
		return nil // the app has gone, or wants to know no more
	}
	if err != nil {
		return err
	}
	text, err := s.logoutToken(ctx, a, n)
	if err != nil {
		return err
	}
	form := url.Values{"logout_token": {text}}.Encode()
	status, err := s.o.Fetch.Post(ctx, a.BackchannelLogoutURI, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(form))
	if e, ok := errors.AsType[*outbound.Error](err); ok && e.Refused {
		return jobs.Give{Err: err}
	}
	switch {
	case err != nil:
		return err
	case status == http.StatusOK, status == http.StatusNoContent, status == http.StatusAccepted:
		return nil
	case status == http.StatusBadRequest: // section 2.8: the app did not want this token, and will not
		return jobs.Give{Err: fmt.Errorf("the app answered %d", status)}
	}
	return fmt.Errorf("the app answered %d", status)
}

// logoutToken makes the token of section 2.4. It has no nonce, and its typ is
// its own, so that it passes for no ID token.
func (s *Service) logoutToken(ctx context.Context, a *identity.App, n notice) (string, error) {
	var org identity.Organisation
	if err := s.o.DB.View(ctx, func(tx *store.Tx) (err error) {
		org, err = tx.Organisation(ctx, a.Org)
		return err
	}); err != nil {
		return "", err
	}
	now := s.o.Now()
	alg := a.IDTokenAlg
	if alg == "" {
		alg = "RS256"
	}
	return s.o.Tokens.Sign(ctx, a.Org, alg, token.TypeLogout, map[string]any{
		"iss": s.o.Tokens.Issuer(org), "aud": a.ClientID, "iat": now.Unix(), "exp": now.Add(lifetime).Unix(),
		"jti": identity.NewID().String(), "sub": claims.Subject(s.o.Keys, a, n.User), "sid": n.Session.String(),
		"events": map[string]any{event: struct{}{}},
	})
}
