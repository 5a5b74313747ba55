package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// later is a time when what the rows of a belongings say still holds.
var later = epoch.Add(time.Minute)

// A belongings is one row of everything by which a user signs in.
type belongings struct {
	org           identity.OrgID
	user          identity.ID
	app           identity.App
	session       identity.Session
	grant         identity.Grant
	consent       identity.Consent
	artefact      identity.Artefact
	authenticator identity.Authenticator
	key           identity.SigningKey
	domain        identity.Domain
	assignment    identity.Assignment
	job           identity.Job
}

// newBelongings makes rows that have the same names in every organisation, but
// for the domain.
func newBelongings(org identity.OrgID, user identity.ID, domain string) *belongings {
	b := &belongings{org: org, user: user}
	hour := epoch.Add(time.Hour)
	b.app = identity.App{
		Org: org, ID: identity.NewID(), ClientID: "shop", Created: epoch, Modified: epoch, Version: 1, RegistrationHash: []byte{0, 1, 255},
		AppSettings: identity.AppSettings{
			Name: "Shop \x00 é", Type: identity.WebApp, RedirectURIs: []string{"https://shop.example/cb"},
			JWKS: json.RawMessage(`{"keys":[]}`), GrantTypes: []string{identity.GrantCode},
		},
		Secrets: []identity.AppSecret{
			{ID: identity.NewID(), Hash: []byte("h1"), Prefix: "abc", Created: epoch},
			{ID: identity.NewID(), Hash: []byte("h2"), Sealed: []byte{0}, Prefix: "def", Created: epoch, Expires: hour},
		},
	}
	b.session = identity.Session{
		Org: org, ID: identity.NewID(), User: user, Hash: []byte("cookie"), Created: epoch, Seen: epoch, Idle: hour, Expires: hour,
		AuthTime: epoch, AMR: []string{"pwd", "otp"}, ACR: "urn:x:2", Agent: "Browser", Address: "192.0.2.1", Browser: identity.NewID(),
	}
	b.grant = identity.Grant{
		Org: org, ID: identity.NewID(), App: b.app.ID, User: user, Session: b.session.ID, Created: epoch, Idle: hour, Expires: hour,
		Generation: 1, Rotated: epoch, Secret: []byte{0, 1, 2}, Data: []byte(`{"scopes":[]}`),
	}
	b.consent = identity.Consent{Org: org, User: user, App: b.app.ID, Scopes: []string{"openid", "email"}, Created: epoch, Modified: epoch}
	b.artefact = identity.Artefact{
		Org: org, Kind: "code", Hash: []byte("h"), Subject: user, Version: 1, Created: epoch, Expires: hour, Data: []byte{0, 255},
	}
	b.authenticator = identity.Authenticator{
		Org: org, ID: identity.NewID(), User: user, Kind: "passkey", Key: []byte{0, 9}, Name: "Phone", Created: epoch, Version: 1, Sealed: []byte{7},
	}
	b.key = identity.SigningKey{Org: org, ID: "k1", Alg: "ES256", Created: epoch, Active: epoch, Public: []byte("{}"), Sealed: []byte{1}}
	b.domain = identity.Domain{Org: org, Name: domain, Created: epoch}
	b.assignment = identity.Assignment{Org: org, ID: identity.NewID(), Role: identity.OrganizationOwner, Type: identity.UserSubject, Subject: user, Created: epoch}
	b.job = identity.Job{Org: org, ID: identity.NewID(), Kind: "mail" + domain, Due: epoch, Created: epoch, Sealed: []byte{3}, Subject: user, Note: "to a"}
	return b
}

func (b *belongings) store(t testing.TB, db *store.DB) {
	t.Helper()
	ctx := t.Context()
	update(t, db, func(tx *store.Tx) error {
		for _, s := range b.app.Secrets {
			if err := tx.InsertAppSecret(ctx, b.org, b.app.ID, s); err != nil {
				return err
			}
		}
		_, failed := tx.AddFailure(ctx, b.org, "user:1", epoch, time.Hour)
		_, unassigned := tx.PutAssignment(ctx, b.assignment)
		for _, err := range []error{
			failed, unassigned,
			tx.InsertApp(ctx, b.app), tx.InsertSession(ctx, b.session), tx.InsertGrant(ctx, b.grant),
			tx.PutConsent(ctx, b.consent), tx.PutArtefact(ctx, b.artefact), tx.InsertAuthenticator(ctx, b.authenticator),
			tx.InsertSigningKey(ctx, b.key), tx.PutDomain(ctx, b.domain),
			tx.InsertJob(ctx, b.job), tx.PutOrgSetting(ctx, b.org, "policy", []byte("{}")),
			tx.PutVerified(ctx, b.org, b.user, "email", "a@example.org", epoch),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// lookUp returns what can be found of the rows of b under the name of an
// organisation, by the method that finds it.
func (b *belongings) lookUp(t testing.TB, db *store.DB, org identity.OrgID) map[string]any {
	t.Helper()
	ctx, found := t.Context(), map[string]any{}
	note := func(what string, v any, err error) {
		switch identity.KindOf(err) {
		case "":
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			found[what] = v
		case identity.NotFound:
		default:
			t.Errorf("%s: %v", what, err)
		}
	}
	view(t, db, func(tx *store.Tx) error {
		app, err := tx.App(ctx, org, b.app.ID)
		note("App", app, err)
		s, err := tx.Session(ctx, org, b.session.ID)
		note("Session", s, err)
		g, err := tx.Grant(ctx, org, b.grant.ID)
		note("Grant", g, err)
		c, err := tx.Consent(ctx, org, b.user, b.app.ID)
		note("Consent", c, err)
		as, err := tx.Assignment(ctx, org, b.assignment.ID)
		note("Assignment", as, err)
		j, err := tx.Job(ctx, org, b.job.ID)
		note("Job", j, err)
		return nil
	})
	some(t, db, found, "Sessions", func(tx *store.Tx) ([]identity.Session, error) { return tx.Sessions(ctx, org, b.user) })
	some(t, db, found, "Grants", func(tx *store.Tx) ([]identity.Grant, error) { return tx.Grants(ctx, org, b.user) })
	some(t, db, found, "GrantsOfSession", func(tx *store.Tx) ([]identity.Grant, error) { return tx.GrantsOfSession(ctx, org, b.session.ID) })
	some(t, db, found, "Consents", func(tx *store.Tx) ([]identity.Consent, error) { return tx.Consents(ctx, org, b.user) })
	some(t, db, found, "ArtefactsOf", func(tx *store.Tx) ([]identity.Artefact, error) { return tx.ArtefactsOf(ctx, org, b.user, "code") })
	some(t, db, found, "Authenticators", func(tx *store.Tx) ([]identity.Authenticator, error) { return tx.Authenticators(ctx, org, b.user) })
	view(t, db, func(tx *store.Tx) error {
		verified, err := tx.Verified(ctx, org, b.user)
		if len(verified) > 0 {
			found["Verified"] = verified
		}
		return err
	})
	return found
}

// named returns what an organisation has under the names that b uses.
func (b *belongings) named(t testing.TB, db *store.DB, org identity.OrgID) map[string]any {
	t.Helper()
	ctx, found := t.Context(), map[string]any{}
	some(t, db, found, "Apps", func(tx *store.Tx) ([]identity.App, error) { return tx.Apps(ctx, org, "", 9) })
	some(t, db, found, "SigningKeys", func(tx *store.Tx) ([]identity.SigningKey, error) { return tx.SigningKeys(ctx, org) })
	some(t, db, found, "Domains", func(tx *store.Tx) ([]identity.Domain, error) { return tx.Domains(ctx, org) })
	some(t, db, found, "Assignments", func(tx *store.Tx) ([]identity.Assignment, error) {
		return tx.Assignments(ctx, org, store.AssignmentQuery{Limit: 9})
	})
	some(t, db, found, "Jobs", func(tx *store.Tx) ([]identity.Job, error) { return tx.Jobs(ctx, org, "", identity.ID{}, 9) })
	one(t, db, found, "AppByClientID", func(tx *store.Tx) (identity.App, error) { return tx.AppByClientID(ctx, org, b.app.ClientID) })
	one(t, db, found, "SessionByHash", func(tx *store.Tx) (identity.Session, error) { return tx.SessionByHash(ctx, org, b.session.Hash) })
	one(t, db, found, "Artefact", func(tx *store.Tx) (identity.Artefact, error) {
		return tx.Artefact(ctx, org, b.artefact.Kind, b.artefact.Hash)
	})
	one(t, db, found, "AuthenticatorByKey", func(tx *store.Tx) (identity.Authenticator, error) {
		return tx.AuthenticatorByKey(ctx, org, b.authenticator.Kind, b.authenticator.Key)
	})
	view(t, db, func(tx *store.Tx) error {
		setting, err := tx.OrgSetting(ctx, org, "policy")
		if setting != nil {
			found["OrgSetting"] = setting
		}
		if err != nil {
			return err
		}
		a, err := tx.Attempts(ctx, org, "user:1")
		if a.Failures != 0 {
			found["Attempts"] = a
		}
		return err
	})
	return found
}

func some[T any](t testing.TB, db *store.DB, found map[string]any, what string, list func(*store.Tx) ([]T, error)) {
	t.Helper()
	view(t, db, func(tx *store.Tx) error {
		all, err := list(tx)
		if len(all) > 0 {
			found[what] = all
		}
		return err
	})
}

func one[T any](t testing.TB, db *store.DB, found map[string]any, what string, get func(*store.Tx) (T, error)) {
	t.Helper()
	view(t, db, func(tx *store.Tx) error {
		v, err := get(tx)
		if identity.KindOf(err) == identity.NotFound {
			return nil
		}
		found[what] = v
		return err
	})
}

// all is what lookUp and named find of rows that nobody has touched.
func (b *belongings) all() (own, named map[string]any) {
	own = map[string]any{
		"App": b.app, "Session": b.session, "Grant": b.grant, "Consent": b.consent, "Assignment": b.assignment, "Job": b.job,
		"Sessions": []identity.Session{b.session}, "Grants": []identity.Grant{b.grant}, "GrantsOfSession": []identity.Grant{b.grant},
		"Consents": []identity.Consent{b.consent}, "ArtefactsOf": []identity.Artefact{b.artefact},
		"Authenticators": []identity.Authenticator{b.authenticator}, "Verified": map[string]time.Time{"email:a@example.org": epoch},
	}
	named = map[string]any{
		"Apps": []identity.App{b.app}, "SigningKeys": []identity.SigningKey{b.key}, "Domains": []identity.Domain{b.domain},
		"Assignments": []identity.Assignment{b.assignment}, "Jobs": []identity.Job{b.job}, "AppByClientID": b.app,
		"SessionByHash": b.session, "Artefact": b.artefact, "AuthenticatorByKey": b.authenticator, "OrgSetting": []byte("{}"),
		"Attempts": identity.Attempts{Org: b.org, Key: "user:1", Failures: 1, First: epoch, Last: epoch},
	}
	return own, named
}

// unharmed checks that everything is as store left it.
func (b *belongings) unharmed(t testing.TB, db *store.DB) {
	t.Helper()
	own, named := b.all()
	for _, c := range []struct{ got, want map[string]any }{{b.lookUp(t, db, b.org), own}, {b.named(t, db, b.org), named}} {
		if diff := cmp.Diff(c.want, c.got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("what signs in to %s (-want +got):\n%s", b.org, diff)
		}
	}
}

// signInRoundTrip stores one of everything twice, in two organisations.
func signInRoundTrip(t *testing.T, db *store.DB) {
	user := identity.NewID()
	a := newBelongings(identity.NewOrgID(), user, "a.example")
	b := newBelongings(identity.NewOrgID(), user, "b.example")
	a.store(t, db)
	b.store(t, db)
	a.unharmed(t, db)
	b.unharmed(t, db)
	view(t, db, func(tx *store.Tx) error {
		d, err := tx.DomainByName(t.Context(), "b.example")
		if d != b.domain {
			t.Errorf("DomainByName = %+v, want %+v", d, b.domain)
		}
		if err != nil {
			return err
		}
		for _, name := range []string{"c.example", "a\x00", "\xff"} {
			_, err = tx.DomainByName(t.Context(), name)
			wantKind(t, "the domain "+name, err, identity.NotFound)
			_, err = tx.AppByClientID(t.Context(), a.org, name)
			wantKind(t, "the client id "+name, err, identity.NotFound)
		}
		return nil
	})
}

// signInWall asks every method in the name of one organisation for what belongs
// to another.
func signInWall(t *testing.T, db *store.DB) {
	user := identity.NewID()
	theirs := newBelongings(identity.NewOrgID(), user, "b.example")
	theirs.store(t, db)
	ctx, org := t.Context(), identity.NewOrgID()
	for _, found := range []map[string]any{theirs.lookUp(t, db, org), theirs.named(t, db, org)} {
		if len(found) > 0 {
			t.Errorf("of another organisation was found: %v", found)
		}
	}
	var bad identity.Kind = identity.NotFound
	for what, c := range map[string]struct {
		want identity.Kind
		do   func(tx *store.Tx) error
	}{
		"UpdateApp": {identity.Stale, func(tx *store.Tx) error {
			a := theirs.app
			a.Org = org
			return tx.UpdateApp(ctx, a)
		}},
		"DeleteApp": {bad, func(tx *store.Tx) error { return tx.DeleteApp(ctx, org, theirs.app.ID) }},
		"RevokeAppSecret": {bad, func(tx *store.Tx) error {
			return tx.RevokeAppSecret(ctx, org, theirs.app.ID, theirs.app.Secrets[0].ID, later)
		}},
		"UpdateSession": {bad, func(tx *store.Tx) error {
			s := theirs.session
			s.Org = org
			return tx.UpdateSession(ctx, s)
		}},
		"TouchSession": {bad, func(tx *store.Tx) error { return tx.TouchSession(ctx, org, theirs.session.ID, later, later) }},
		"EndSession":   {bad, func(tx *store.Tx) error { return tx.EndSession(ctx, org, theirs.session.ID, later) }},
		"EndSessions": {"", func(tx *store.Tx) error {
			_, err := tx.EndSessions(ctx, org, user, identity.ID{}, later)
			return err
		}},
		"RotateGrant": {identity.Stale, func(tx *store.Tx) error { return tx.RotateGrant(ctx, org, theirs.grant.ID, 1, later, later) }},
		"EndGrant":    {"", func(tx *store.Tx) error { return tx.EndGrant(ctx, org, theirs.grant.ID, later) }},
		"EndGrantsOf": {"", func(tx *store.Tx) error {
			_, err := tx.EndGrantsOf(ctx, org, user, identity.ID{}, later)
			return err
		}},
		"DeleteConsent": {bad, func(tx *store.Tx) error { return tx.DeleteConsent(ctx, org, user, theirs.app.ID) }},
		"UpdateArtefact": {identity.Stale, func(tx *store.Tx) error {
			a := theirs.artefact
			a.Org = org
			return tx.UpdateArtefact(ctx, a)
		}},
		"ConsumeArtefact": {bad, func(tx *store.Tx) error {
			_, err := tx.ConsumeArtefact(ctx, org, "code", theirs.artefact.Hash, later)
			return err
		}},
		"DeleteArtefact": {"", func(tx *store.Tx) error { return tx.DeleteArtefact(ctx, org, "code", theirs.artefact.Hash) }},
		"EndArtefactsOf": {"", func(tx *store.Tx) error { return tx.EndArtefactsOf(ctx, org, user, nil) }},
		"UpdateAuthenticator": {identity.Stale, func(tx *store.Tx) error {
			a := theirs.authenticator
			a.Org = org
			return tx.UpdateAuthenticator(ctx, a)
		}},
		"DeleteAuthenticator": {bad, func(tx *store.Tx) error { return tx.DeleteAuthenticator(ctx, org, user, theirs.authenticator.ID) }},
		"ClearAttempts":       {"", func(tx *store.Tx) error { return tx.ClearAttempts(ctx, org, "user:1") }},
		"UpdateSigningKey": {bad, func(tx *store.Tx) error {
			k := theirs.key
			k.Org = org
			return tx.UpdateSigningKey(ctx, k)
		}},
		"DeleteVerified":   {"", func(tx *store.Tx) error { return tx.DeleteVerified(ctx, org, user, "email", "a@example.org") }},
		"DeleteDomain":     {bad, func(tx *store.Tx) error { return tx.DeleteDomain(ctx, org, "b.example") }},
		"PutDomain":        {identity.Conflict, func(tx *store.Tx) error { return tx.PutDomain(ctx, identity.Domain{Org: org, Name: "b.example"}) }},
		"DeleteAssignment": {bad, func(tx *store.Tx) error { return tx.DeleteAssignment(ctx, org, theirs.assignment.ID) }},
		"DeleteAssignmentsOf": {"", func(tx *store.Tx) error {
			_, err := tx.DeleteAssignmentsOf(ctx, org, identity.UserSubject, user)
			return err
		}},
		"PutAssignment": {"", func(tx *store.Tx) error {
			a := theirs.assignment
			a.Org, a.ID, a.Expires = org, identity.NewID(), later
			_, err := tx.PutAssignment(ctx, a)
			return err
		}},
		"DeleteSignIn": {"", func(tx *store.Tx) error { return tx.DeleteSignIn(ctx, org, user) }},
		"FinishJob":    {bad, func(tx *store.Tx) error { return tx.FinishJob(ctx, org, theirs.job.ID, later) }},
		"FailJob":      {bad, func(tx *store.Tx) error { return tx.FailJob(ctx, org, theirs.job.ID, later, "x") }},
		"RetryJob":     {bad, func(tx *store.Tx) error { return tx.RetryJob(ctx, org, theirs.job.ID, later, "x") }},
	} {
		if err := db.Update(ctx, c.do); identity.KindOf(err) != c.want || c.want == "" && err != nil {
			t.Errorf("%s in another's name: %v, want %q", what, err, c.want)
		}
	}
	theirs.unharmed(t, db)
}

// signInDeleted deletes an organisation.
func signInDeleted(t *testing.T, db *store.DB) {
	ctx := t.Context()
	var both []*belongings
	for _, slug := range []string{"ours", "theirs"} {
		o := identity.Organisation{ID: identity.NewOrgID(), Slug: slug, Created: epoch, Modified: epoch}
		update(t, db, func(tx *store.Tx) error { return tx.InsertOrganisation(ctx, o) })
		b := newBelongings(o.ID, identity.NewID(), slug+".example")
		b.store(t, db)
		both = append(both, b)
	}
	ours, theirs := both[0], both[1]
	update(t, db, func(tx *store.Tx) error { return tx.DeleteOrganisation(ctx, ours.org) })
	for _, found := range []map[string]any{ours.lookUp(t, db, ours.org), ours.named(t, db, ours.org)} {
		if len(found) > 0 {
			t.Errorf("a deleted organisation has left %v", found)
		}
	}
	view(t, db, func(tx *store.Tx) error {
		_, err := tx.DomainByName(ctx, "ours.example")
		wantKind(t, "the domain of a deleted organisation", err, identity.NotFound)
		life, err := tx.Alive(ctx, ours.org, store.Bearer{})
		if life != (store.Life{}) {
			t.Errorf("in a deleted organisation is alive: %+v", life)
		}
		return err
	})
	theirs.unharmed(t, db)
}
