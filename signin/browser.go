package signin

import (
	"context"
	"encoding/json"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/store"
)

// browserKind is the kind of the artefacts that remember a browser in which a
// person has signed in. Its name is the cookie and the person together, so that
// one browser is known to each of its people apart.
const browserKind = "browser"

// browserLife is how long a browser is known after the last sign-in.
const browserLife = 90 * 24 * time.Hour

// A browser is one that a person has signed in with.
type browser struct {
	ID identity.ID
	// Trusted is until when no second factor is asked for.
	Trusted time.Time
}

func (s *Service) browserHash(cookie string, user identity.ID) []byte {
	return s.keys.MAC("known browser", append([]byte(cookie), user[:]...))
}

// browser returns the browser of a flow as the person knows it, zero if they do
// not.
func (t *sitting) browser(ctx context.Context) (b browser, err error) {
	if t.Browser == "" || t.User.IsZero() {
		return b, nil
	}
	err = t.s.db.View(ctx, func(tx *store.Tx) error {
		b, _, err = t.s.knownBrowser(ctx, tx, t.org.ID, t.Browser, t.User)
		return err
	})
	return b, err
}

func (s *Service) knownBrowser(ctx context.Context, tx *store.Tx, org identity.OrgID, cookie string, user identity.ID) (b browser, a identity.Artefact, err error) {
	a, err = tx.Artefact(ctx, org, browserKind, s.browserHash(cookie, user))
	if identity.KindOf(err) == identity.NotFound || err == nil && !a.Alive(s.now()) {
		return browser{}, identity.Artefact{}, nil
	}
	if err == nil {
		err = json.Unmarshal(a.Data, &b)
	}
	return b, a, err
}

// know remembers the browser of a finished flow and returns its id and cookie. A
// cookie that is not known to this person is replaced: somebody else may have
// put it there.
func (t *sitting) know(ctx context.Context, tx *store.Tx) (identity.ID, string, error) {
	now, cookie := t.s.now(), t.Browser
	b, a, err := browser{}, identity.Artefact{}, error(nil)
	if cookie != "" {
		if b, a, err = t.s.knownBrowser(ctx, tx, t.org.ID, cookie, t.User); err != nil {
			return identity.ID{}, "", err
		}
	}
	fresh := b.ID.IsZero()
	if fresh {
		if err := t.tellOfBrowser(ctx, tx); err != nil {
			return identity.ID{}, "", err
		}
		cookie = randomText()
		b.ID = identity.NewID()
		a = identity.Artefact{
			Org: t.org.ID, Kind: browserKind, Hash: t.s.browserHash(cookie, t.User), Subject: t.User, Created: now,
		}
	}
	if t.Remember && t.policy.RememberDays > 0 && t.Level >= 2 {
		b.Trusted = now.AddDate(0, 0, t.policy.RememberDays)
	}
	a.Expires = now.Add(browserLife)
	if a.Data, err = json.Marshal(b); err != nil {
		return identity.ID{}, "", err
	}
	if fresh {
		err = tx.PutArtefact(ctx, a)
	} else if err = tx.UpdateArtefact(ctx, a); identity.KindOf(err) == identity.Stale {
		err = nil // another sign-in of this browser has just done the same
	}
	return b.ID, cookie, err
}

// tellOfBrowser sends a letter about a sign-in in a browser that is new, unless
// it is the first of all.
func (t *sitting) tellOfBrowser(ctx context.Context, tx *store.Tx) error {
	known, err := tx.ArtefactsOf(ctx, t.org.ID, t.User, browserKind)
	if err != nil || len(known) == 0 {
		return err
	}
	p, err := t.s.person(ctx, tx, t.org.ID, t.User)
	if err != nil {
		return err
	}
	return t.s.tell(ctx, tx, t.org, p, mail.NewBrowser, map[string]string{"agent": cut(t.agent, 256), "address": t.address})
}

// ForgetBrowsers ends the memory of all browsers of a person.
func (s *Service) ForgetBrowsers(ctx context.Context, org identity.OrgID, user identity.ID) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		return tx.EndArtefactsOf(ctx, org, user, []string{browserKind})
	})
}
