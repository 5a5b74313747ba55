// Package session keeps who is signed in with which browser. A session is a row
// and a cookie whose value only its browser has; the row holds a keyed hash of
// it.
package session

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// Options are what a Service is made of.
type Options struct {
	DB   *store.DB
	Keys *secret.Keys
	Jobs *jobs.Service    // nil: one made of DB, Keys and Now, which wakes nobody
	Now  func() time.Time // nil: time.Now
}

// A Service starts, finds and ends sessions. It is safe for use by many
// goroutines at once.
type Service struct {
	db    *store.DB
	jobs  *jobs.Service
	key   [32]byte
	clock func() time.Time
}

// New makes a Service.
func New(o Options) *Service {
	s := &Service{db: o.DB, jobs: o.Jobs, key: o.Keys.Derive("session cookie"), clock: o.Now}
	if s.jobs == nil {
		s.jobs = jobs.New(jobs.Options{DB: o.DB, Keys: o.Keys, Now: o.Now})
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	return s
}

// now is the time as the database keeps it.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// NewSession is a session to be started.
type NewSession struct {
	Org      identity.OrgID
	User     identity.ID
	AMR      []string
	ACR      string
	AuthTime time.Time     // zero: now
	Agent    string        // User-Agent
	Address  string        // of the browser
	Browser  identity.ID   // the remembered browser, zero if none
	Idle     time.Duration // it ends when it is not used for so long; 0: 8 hours
	Length   time.Duration // it ends after so long; 0: 24 hours
}

// The lengths of a session when nobody says otherwise.
const (
	defaultIdle   = 8 * time.Hour
	defaultLength = 24 * time.Hour
)

// SignedOutKind is the kind of the jobs that tell of ended sessions; their body
// is a SignedOut.
const SignedOutKind = "signed_out"

// SignedOut says which sessions of a user have ended.
type SignedOut struct {
	Org      identity.OrgID
	User     identity.ID
	Sessions []identity.ID
}

// errNobody is the error for a cookie that belongs to nobody who is signed in.
var errNobody = identity.NewError(identity.Unauthenticated, "", "You are not signed in.")

// cookieBytes is how many random bytes a cookie has.
const cookieBytes = 32

// cookie makes the value of a cookie and its hash.
func (s *Service) cookie() (value string, hash []byte) {
	b := make([]byte, cookieBytes)
	rand.Read(b) // never fails (crypto/rand)
	value = base64.RawURLEncoding.EncodeToString(b)
	return value, s.hash(value)
}

func (s *Service) hash(value string) []byte { return secret.MAC(s.key, []byte(value)) }

// Start writes a new session and returns the value of its cookie.
func (s *Service) Start(ctx context.Context, tx *store.Tx, n NewSession) (identity.Session, string, error) {
	now := s.now()
	value, hash := s.cookie()
	idle, length := n.Idle, n.Length
	if idle <= 0 {
		idle = defaultIdle
	}
	if length <= 0 {
		length = defaultLength
	}
	w := identity.Session{
		Org: n.Org, ID: identity.NewID(), User: n.User, Hash: hash, Created: now, Seen: now,
		Idle: now.Add(idle), Expires: now.Add(length), AuthTime: n.AuthTime.UTC().Truncate(time.Millisecond),
		AMR: n.AMR, ACR: n.ACR, Agent: clip(n.Agent), Address: clip(n.Address), Browser: n.Browser,
	}
	if n.AuthTime.IsZero() {
		w.AuthTime = now
	}
	return w, value, tx.InsertSession(ctx, w)
}

// clip cuts what a browser says of itself.
func clip(s string) string {
	const most = 256
	s = strings.ToValidUTF8(s, "")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// touchEvery is how seldom a session's use is written down.
const touchEvery = time.Minute

// Current returns the session of a cookie, and keeps it from ending for want of
// use. A cookie without one is Unauthenticated, and so is the session of a user
// who is not active.
func (s *Service) Current(ctx context.Context, org identity.OrgID, cookie string) (identity.Session, error) {
	var w identity.Session
	if len(cookie) != base64.RawURLEncoding.EncodedLen(cookieBytes) {
		return w, errNobody
	}
	now := s.now()
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if w, err = tx.SessionByHash(ctx, org, s.hash(cookie)); err != nil {
			return err
		}
		life, err := tx.Alive(ctx, org, store.Bearer{Session: w.ID, User: w.User})
		if err == nil && (!w.Alive(now) || !life.SessionAlive || !life.UserActive) {
			return errNobody
		}
		return err
	})
	if identity.KindOf(err) == identity.NotFound {
		err = errNobody
	}
	if err != nil {
		return identity.Session{}, err
	}
	if now.Sub(w.Seen) < touchEvery {
		return w, nil
	}
	return s.touch(ctx, w, now)
}

// touch moves the end of a session away.
func (s *Service) touch(ctx context.Context, w identity.Session, now time.Time) (identity.Session, error) {
	w.Idle, w.Seen = now.Add(w.Idle.Sub(w.Seen)), now
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		return tx.TouchSession(ctx, w.Org, w.ID, w.Seen, w.Idle)
	})
	if identity.KindOf(err) == identity.NotFound {
		return identity.Session{}, errNobody
	}
	return w, err
}

// Raise notes that the person of a session has proved anew who they are, and
// returns the value of the cookie that is valid from now on; the one before is
// not.
func (s *Service) Raise(ctx context.Context, org identity.OrgID, id identity.ID, amr []string, acr string, authTime time.Time) (value string, err error) {
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		value, err = s.RaiseIn(ctx, tx, org, id, amr, acr, authTime)
		return err
	})
	return value, err
}

// RaiseIn is Raise as part of a transaction.
func (s *Service) RaiseIn(ctx context.Context, tx *store.Tx, org identity.OrgID, id identity.ID, amr []string, acr string, authTime time.Time) (string, error) {
	now := s.now()
	value, hash := s.cookie()
	w, err := tx.Session(ctx, org, id)
	if identity.KindOf(err) == identity.NotFound || err == nil && !w.Alive(now) {
		return "", errNobody
	}
	if err != nil {
		return "", err
	}
	w.Idle, w.Seen = now.Add(w.Idle.Sub(w.Seen)), now
	w.Hash, w.AMR, w.ACR, w.AuthTime = hash, amr, acr, authTime.UTC().Truncate(time.Millisecond)
	if err := tx.UpdateSession(ctx, w); err != nil {
		return "", err
	}
	return value, nil
}

// End ends a session with the grants that are bound to it, and sees to it that
// the apps are told. It is no error if the session has ended before.
func (s *Service) End(ctx context.Context, org identity.OrgID, id identity.ID) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		w, err := tx.Session(ctx, org, id)
		if err == nil {
			err = tx.EndSession(ctx, org, id, s.now())
		}
		if identity.KindOf(err) == identity.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, org, w.User, []identity.ID{id})
	})
}

// EndUser ends every session of a user but one, which may be zero, as End does.
func (s *Service) EndUser(ctx context.Context, tx *store.Tx, org identity.OrgID, user, except identity.ID) error {
	ended, err := tx.EndSessions(ctx, org, user, except, s.now())
	if err != nil || len(ended) == 0 {
		return err
	}
	return s.tell(ctx, tx, org, user, ended)
}

func (s *Service) tell(ctx context.Context, tx *store.Tx, org identity.OrgID, user identity.ID, ended []identity.ID) error {
	return s.jobs.Add(ctx, tx, jobs.NewJob{
		Org: org, Kind: SignedOutKind, Subject: user, Note: "Signed out", Body: SignedOut{Org: org, User: user, Sessions: ended},
	})
}

// List returns the sessions of a user that are alive, the newest first.
func (s *Service) List(ctx context.Context, org identity.OrgID, user identity.ID) ([]identity.Session, error) {
	now := s.now()
	var alive []identity.Session
	err := s.db.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Sessions(ctx, org, user)
		for _, w := range all {
			if w.Alive(now) {
				alive = append(alive, w)
			}
		}
		return err
	})
	return alive, err
}
