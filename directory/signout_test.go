package directory

import (
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// TestSignedOut shows that nobody stays signed in who is deleted or no longer
// active, and everybody else does.
func TestSignedOut(t *testing.T) {
	set := func(key string, v any) func(*Directory, identity.Actor, identity.ID) error {
		return func(d *Directory, by identity.Actor, id identity.ID) error {
			_, err := d.one(t.Context(), by, Write{Method: Modify, Type: userOf(), ID: id,
				Change: func(old schema.Object) (schema.Object, []MemberEdit, error) {
					doc := schema.Object{}
					for k, v := range old {
						doc[k] = v
					}
					doc[key] = v
					return doc, nil, nil
				}})
			return err
		}
	}
	cases := map[string]struct {
		do    func(*Directory, identity.Actor, identity.ID) error
		stays bool
	}{
		"another title": {set("title", "T"), true},
		"still active":  {set("active", true), true},
		"not active":    {set("active", false), false},
		"deleted": {func(d *Directory, by identity.Actor, id identity.ID) error {
			return d.Delete(t.Context(), by, userOf(), id)
		}, false},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := started(t, db)
		by := in(t, d, "signed-out")
		for phrase, c := range cases {
			doc := schema.Object{"schemas": []any{schema.UserURN}, "userName": phrase}
			u, err := d.Create(t.Context(), by, userOf(), doc)
			if err != nil {
				t.Fatal(err)
			}
			grant := signIn(t, d, by.Org, u.ID)
			if err := c.do(d, by, u.ID); err != nil {
				t.Fatalf("%s: %v", phrase, err)
			}
			err = db.View(t.Context(), func(tx *store.Tx) error {
				g, err := tx.Grant(t.Context(), by.Org, grant)
				if err != nil {
					return err
				}
				list, err := d.sessions.List(t.Context(), by.Org, u.ID)
				if stays := len(list) == 1 && g.Ended.IsZero(); stays != c.stays || len(list) > 0 != stays {
					t.Errorf("%s: %d sessions are alive and the grant has ended at %v, want alive: %v", phrase, len(list), g.Ended, c.stays)
				}
				if err != nil {
					return err
				}
				jobs, err := tx.Jobs(t.Context(), by.Org, session.SignedOutKind, identity.ID{}, 99)
				told := false
				for _, j := range jobs {
					told = told || j.Subject == u.ID
				}
				if told == c.stays {
					t.Errorf("%s: the apps are told: %v", phrase, told)
				}
				has, err2 := tx.Authenticators(t.Context(), by.Org, u.ID)
				if gone := len(has) == 0; gone != (phrase == "deleted") || err2 != nil {
					t.Errorf("%s: the authenticators are %v, %v", phrase, has, err2)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func userOf() *schema.ResourceType { return schema.Standard().TypeByName(userType) }

// signIn gives a user a session, an authenticator and a grant that is not bound
// to the session.
func signIn(t *testing.T, d *Directory, org identity.OrgID, user identity.ID) identity.ID {
	t.Helper()
	at := d.now()
	g := identity.Grant{Org: org, ID: identity.NewID(), App: identity.NewID(), User: user, Created: at, Expires: at.Add(time.Hour)}
	a := identity.Authenticator{Org: org, ID: identity.NewID(), User: user, Kind: "passkey", Key: user[:], Created: at}
	err := d.db.Update(t.Context(), func(tx *store.Tx) error {
		if err := tx.InsertGrant(t.Context(), g); err != nil {
			return err
		}
		if err := tx.InsertAuthenticator(t.Context(), a); err != nil {
			return err
		}
		_, _, err := d.sessions.Start(t.Context(), tx, session.NewSession{Org: org, User: user})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return g.ID
}
