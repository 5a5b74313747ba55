package claims

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

var cli = identity.Actor{Kind: identity.ByCLI, Name: "test"}

// A house is an organisation with the schema of the profile.
type house struct {
	t    testing.TB
	db   *store.DB
	dir  *directory.Directory
	keys *secret.Keys
	org  identity.Organisation
	*Service
}

func open(t testing.TB, db *store.DB) *house {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{1}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, db: db, keys: keys, Service: New(db)}
	h.dir = directory.New(directory.Options{DB: db, Keys: keys, Session: session.New(session.Options{DB: db, Keys: keys})})
	if err := h.dir.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.org, err = h.dir.CreateOrganisation(t.Context(), cli, directory.NewOrganisation{Slug: "acme", Name: "Acme Inc."})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.dir.AddSchema(t.Context(), cli, h.org.ID, directory.NewSchema{Doc: ProfileSchema(), Type: "User"}); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) create(typ, doc string, members ...string) identity.ID {
	h.t.Helper()
	reg, err := h.dir.Registry(h.t.Context(), h.org.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	o, err := schema.Decode([]byte(doc))
	if err != nil {
		h.t.Fatal(err)
	}
	rt := reg.TypeByName(typ)
	if o, err = rt.Canonical(o, schema.RFC, schema.ForCreate); err != nil {
		h.t.Fatal(err)
	}
	by := cli
	by.Org = h.org.ID
	r, err := h.dir.Create(h.t.Context(), by, rt, o, directory.MemberEdit{Op: directory.AddMembers, Members: members})
	if err != nil {
		h.t.Fatal(err)
	}
	return r.ID
}

func (h *house) of(user identity.ID, want Want) map[string]any {
	h.t.Helper()
	got, err := h.Of(h.t.Context(), h.org, user, want)
	if err != nil {
		h.t.Error(err)
	}
	return got
}

func scopes(names ...string) Want { return Want{Scopes: names} }

const ada = `{
  "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "urn:muster:params:scim:schemas:extension:profile:2.0:User"],
  "userName": "Ada", "displayName": "Ada Lovelace", "nickName": "Countess", "active": true,
  "name": {"givenName": "Augusta", "middleName": "Ada", "familyName": "King", "formatted": "Augusta Ada King"},
  "profileUrl": "https://id.example.com/ada", "timezone": "Europe/London", "locale": "en_GB", "preferredLanguage": "fr-FR, en;q=0.8",
  "emails": [{"value": "home@example.org", "type": "home"}, {"value": "Ada@Example.com", "type": "work", "primary": true}],
  "phoneNumbers": [{"value": "tel:+44-20-7946-0000", "type": "work"}, {"value": "+44 (7700) 900.123", "type": "mobile"}],
  "photos": [{"value": "https://example.com/small.png", "type": "thumbnail"}, {"value": "https://example.com/ada.png", "type": "photo"}],
  "addresses": [{"streetAddress": "1 Works", "type": "work"}, {"streetAddress": "12 St James's Square", "locality": "London", "postalCode": "SW1Y 4JH", "country": "GB", "type": "home"}],
  "roles": [{"value": "engineer"}, {"value": "poet", "display": "Poet"}],
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Engines", "employeeNumber": "1815"},
  "urn:muster:params:scim:schemas:extension:profile:2.0:User": {"birthdate": "1815-12-10", "gender": "female", "website": "https://ada.example.com"}
}`

func TestStandardClaims(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		user := h.create("User", ada)
		inner := h.create("Group", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Programmers"}`, user.String())
		outer := h.create("Group", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Everybody"}`, inner.String())
		for name, c := range map[string]struct {
			want Want
			out  map[string]any
		}{
			"openid alone": {scopes("openid", "offline_access", "unheard"), map[string]any{}},
			"profile": {scopes("openid", "profile"), map[string]any{
				"name": "Ada Lovelace", "given_name": "Augusta", "middle_name": "Ada", "family_name": "King", "nickname": "Countess",
				"preferred_username": "Ada", "profile": "https://id.example.com/ada", "picture": "https://example.com/ada.png",
				"website": "https://ada.example.com", "gender": "female", "birthdate": "1815-12-10", "zoneinfo": "Europe/London", "locale": "en-GB",
			}},
			"email":                  {scopes("email"), map[string]any{"email": "Ada@Example.com", "email_verified": false}},
			"phone":                  {scopes("phone"), map[string]any{"phone_number": "+447700900123", "phone_number_verified": false}},
			"address":                {scopes("address"), map[string]any{"address": map[string]any{"street_address": "12 St James's Square", "locality": "London", "postal_code": "SW1Y 4JH", "country": "GB", "formatted": "12 St James's Square\nSW1Y 4JH London\nGB"}}},
			"groups":                 {scopes("groups"), map[string]any{"groups": []string{"Everybody", "Programmers"}}},
			"roles":                  {scopes("roles"), map[string]any{"roles": []string{"engineer", "poet"}}},
			"vcd_idp":                {scopes("vcd_idp"), map[string]any{"roles": []string{"engineer", "poet"}, "org_id": h.org.ID.String(), "org_name": "acme", "org_display_name": "Acme Inc."}},
			"by name":                {Want{Asked: Asked{"nickname": nil, "sub": nil, "acr": nil, "unheard": nil, "password": nil}}, map[string]any{"nickname": "Countess"}},
			"a value that is not so": {Want{Scopes: []string{"email"}, Asked: Asked{"email": {Value: "eve@example.com"}}}, map[string]any{"email_verified": false}},
			"one of some values":     {Want{Asked: Asked{"locale": {Essential: true, Values: []any{"de", "en-GB"}}}}, map[string]any{"locale": "en-GB"}},
		} {
			t.Run(name, func(t *testing.T) {
				got := h.of(user, c.want)
				if at, ok := got["updated_at"]; ok {
					if n, _ := at.(int64); time.Since(time.Unix(n, 0)) > time.Minute {
						t.Errorf("updated_at = %v", at)
					}
					delete(got, "updated_at")
				}
				if d := cmp.Diff(c.out, got); d != "" {
					t.Error(d)
				}
			})
		}
		set := Settings{GroupIDs: true}
		if err := h.SetSettings(t.Context(), cli, h.org.ID, set); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(map[string]any{"groups": []string{inner.String(), outer.String()}}, h.of(user, scopes("groups"))); d != "" {
			t.Error(d)
		}
		if got, err := h.Of(t.Context(), h.org, outer, scopes("groups")); identity.KindOf(err) != identity.NotFound {
			t.Errorf("claims of a group = %v, %v", got, err)
		}
	})
}

func TestVerified(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		user := h.create("User", ada)
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			if err := tx.PutVerified(t.Context(), h.org.ID, user, "email", "ada@example.com", time.Now()); err != nil {
				return err
			}
			return tx.PutVerified(t.Context(), h.org.ID, user, "phone", "+447700900123", time.Now())
		})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"email": "Ada@Example.com", "email_verified": true, "phone_number": "+447700900123", "phone_number_verified": true}
		if d := cmp.Diff(want, h.of(user, scopes("email", "phone"))); d != "" {
			t.Error(d)
		}
		// Another address in the place of the verified one is not verified.
		set := Settings{Mappings: []Mapping{{Claim: "email", Path: `emails[type eq "home"].value`, Scope: "email", Type: String}}}
		if err := h.SetSettings(t.Context(), cli, h.org.ID, set); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(map[string]any{"email": "home@example.org", "email_verified": false}, h.of(user, scopes("email"))); d != "" {
			t.Error(d)
		}
	})
}

func TestMappings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		user := h.create("User", ada)
		const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"
		set := Settings{Mappings: []Mapping{
			{Claim: "department", Path: enterprise + "department", Scope: "work"},
			{Claim: "https://acme.example/number", Path: enterprise + "employeeNumber", Scope: "work", Type: Number},
			{Claim: "born", Path: ProfileURN + ":birthdate", Type: String},
			{Claim: "work_email", Path: `emails[type eq "work"].value`, Scope: "work", Type: String},
			{Claim: "all_emails", Path: `emails.value`, Scope: "work", Type: Array},
			{Claim: "home", Path: `emails[type eq "home"]`, Scope: "work", Type: JSON},
			{Claim: "on", Path: `active`, Scope: "work", Type: String},
			{Claim: "one", Path: `userName`, Scope: "work", Type: Array},
			{Claim: "none", Path: `title`, Scope: "work"},
			{Claim: "no_number", Path: `userName`, Scope: "work", Type: Number},
			{Claim: "nickname", Path: `userName`},
		}}
		if err := h.SetSettings(t.Context(), cli, h.org.ID, set); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"department": "Engines", "https://acme.example/number": int64(1815), "work_email": "Ada@Example.com",
			"all_emails": []any{"home@example.org", "Ada@Example.com"}, "on": "true", "one": []any{"Ada"}, "born": "1815-12-10", "nickname": "Ada",
			"home": []any{schema.Object{"value": "home@example.org", "type": "home"}},
		}
		if d := cmp.Diff(want, h.of(user, Want{Scopes: []string{"work"}, Asked: Asked{"born": nil, "nickname": nil}})); d != "" {
			t.Error(d)
		}
		got, err := h.Settings(t.Context(), h.org.ID)
		if d := cmp.Diff(set, got); d != "" || err != nil {
			t.Error(d, err)
		}
		names, err := h.Names(t.Context(), h.org.ID)
		if err != nil || !cmp.Equal(names[:3], []string{"acr", "address", "all_emails"}) {
			t.Errorf("Names = %v, %v", names, err)
		}
		if own, err := h.Scopes(t.Context(), h.org.ID); err != nil || !cmp.Equal(own, []string{"work"}) {
			t.Errorf("Scopes = %v, %v", own, err)
		}
		var changes []identity.Change
		err = db.View(t.Context(), func(tx *store.Tx) (err error) {
			changes, err = tx.Changes(t.Context(), h.org.ID, identity.ID{}, 100)
			return err
		})
		if last := changes[len(changes)-1]; err != nil || last.Type != "Setting" || !json.Valid(last.Diff) {
			t.Errorf("the last change is %+v, %v", last, err)
		}
		// The attribute goes with its schema; the claim goes with it and no other.
		if err := h.dir.DeleteSchema(t.Context(), cli, h.org.ID, ProfileURN); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(map[string]any{"nickname": "Ada"}, h.of(user, Want{Asked: Asked{"born": nil, "nickname": nil}})); d != "" {
			t.Error(d)
		}
	})
}

// Attack 55: mappings are paths and nothing that runs.
func TestAttackD55MappingsThatAreRefused(t *testing.T) {
	user := schema.Standard().TypeByName("User")
	many := make([]Mapping, MaxMappings+1)
	for i := range many {
		many[i] = Mapping{Claim: "a" + string(rune('a'+i%26)) + string(rune('a'+i/26)), Path: "title"}
	}
	for name, c := range map[string]struct {
		list  []Mapping
		field string
	}{
		"sub":                       {[]Mapping{{Claim: "sub", Path: "userName"}}, "claim"},
		"iss":                       {[]Mapping{{Claim: "iss", Path: "userName"}}, "claim"},
		"email_verified":            {[]Mapping{{Claim: "email_verified", Path: "active"}}, "claim"},
		"the organisation":          {[]Mapping{{Claim: "org_id", Path: "title"}}, "claim"},
		"no name":                   {[]Mapping{{Path: "title"}}, "claim"},
		"a name with spaces":        {[]Mapping{{Claim: "a b", Path: "title"}}, "claim"},
		"twice":                     {[]Mapping{{Claim: "a", Path: "title"}, {Claim: "a", Path: "userName"}}, "claim"},
		"too many":                  {many, "mappings"},
		"the password":              {[]Mapping{{Claim: "a", Path: "password"}}, "path"},
		"the groups":                {[]Mapping{{Claim: "a", Path: "groups.value"}}, "path"},
		"an unknown attribute":      {[]Mapping{{Claim: "a", Path: "shoeSize"}}, "path"},
		"an unknown schema":         {[]Mapping{{Claim: "a", Path: "urn:example:User:shoeSize"}}, "path"},
		"a whole schema":            {[]Mapping{{Claim: "a", Path: schema.EnterpriseURN}}, "path"},
		"a type that there is not":  {[]Mapping{{Claim: "a", Path: "title", Type: "date"}}, "type"},
		"a scope with a space":      {[]Mapping{{Claim: "a", Path: "title", Scope: "a b"}}, "scope"},
		"D55 a template":            {[]Mapping{{Claim: "a", Path: `{{ .Env.SECRET }}`}}, "path"},
		"D55 a function":            {[]Mapping{{Claim: "a", Path: `env("MASTER_KEY")`}}, "path"},
		"D55 a command":             {[]Mapping{{Claim: "a", Path: "`id`"}}, "path"},
		"D55 a path of a megabyte":  {[]Mapping{{Claim: "a", Path: "emails[" + string(bytes.Repeat([]byte("("), 1<<20))}}, "path"},
		"D55 a filter by password":  {[]Mapping{{Claim: "a", Path: `emails[password sw "a"]`}}, "path"},
		"D55 deeply nested filters": {[]Mapping{{Claim: "a", Path: "emails[" + string(bytes.Repeat([]byte("("), 400))}}, "path"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bindAll(c.list, user)
			e, ok := err.(*identity.Error)
			if !ok || e.Kind != identity.Invalid || e.Field != c.field {
				t.Errorf("bindAll = %v (%+v), want Invalid with field %s", err, e, c.field)
			}
		})
	}
	if _, err := bindAll(many[:MaxMappings], user); err != nil {
		t.Errorf("bindAll of %d = %v", MaxMappings, err)
	}
}

func FuzzBind(f *testing.F) {
	f.Add(`emails[type eq "work"].value`, "string")
	f.Add(schema.EnterpriseURN+":manager.value", "")
	user := schema.Standard().TypeByName("User")
	o, err := schema.Decode([]byte(ada))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path, typ string) {
		m, err := bind(Mapping{Claim: "a", Path: path, Type: Type(typ)}, user)
		if err == nil {
			if _, err := json.Marshal(m.value(o)); err != nil {
				t.Errorf("the value of %q has no JSON form: %v", path, err)
			}
		} else if identity.KindOf(err) != identity.Invalid {
			t.Errorf("bind(%q): %v", path, err)
		}
	})
}

func TestInactiveAndGone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		user := h.create("User", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"bob","active":false}`)
		if _, err := h.Of(t.Context(), h.org, user, scopes("profile")); identity.KindOf(err) != identity.Denied {
			t.Errorf("of somebody inactive: %v", err)
		}
		if _, err := h.Of(t.Context(), h.org, identity.NewID(), scopes("profile")); identity.KindOf(err) != identity.NotFound {
			t.Errorf("of nobody: %v", err)
		}
		other := h.org
		other.ID = identity.NewOrgID()
		if _, err := h.Of(t.Context(), other, user, scopes("profile")); identity.KindOf(err) != identity.NotFound {
			t.Errorf("of a user of another organisation: %v", err)
		}
	})
}

func TestSubject(t *testing.T) {
	keys, err := secret.FromBytes(bytes.Repeat([]byte{1}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	user, org := identity.NewID(), identity.NewOrgID()
	public := &identity.App{Org: org}
	pairwise := func(org identity.OrgID, sector string) string {
		return Subject(keys, &identity.App{Org: org, AppSettings: identity.AppSettings{SubjectType: "pairwise", Sector: sector}}, user)
	}
	if got := Subject(keys, public, user); got != user.String() {
		t.Errorf("public subject = %s", got)
	}
	a, again, b, c := pairwise(org, "a.example"), pairwise(org, "a.example"), pairwise(org, "b.example"), pairwise(identity.NewOrgID(), "a.example")
	if a != again || a == b || a == c || a == user.String() || len(a) > 255 {
		t.Errorf("pairwise subjects %s %s %s %s", a, again, b, c)
	}
}

func TestE164(t *testing.T) {
	for in, want := range map[string]string{
		"+49 30 1234567":               "+49301234567",
		"tel:+1-201-555-0123":          "+12015550123",
		"TEL:+1(201)555.0123;ext=5678": "+12015550123;ext=5678",
		"tel:+1-201-555-0123;isub=1":   "+12015550123",
		"555-0123":                     "555-0123",
		"+0 123":                       "+0 123",
		"+1234567890123456":            "+1234567890123456",
		"+49 CALL":                     "+49 CALL",
		"":                             "",
	} {
		if got := E164(in); got != want {
			t.Errorf("E164(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzE164(f *testing.F) {
	f.Add("tel:+1-201-555-0123;ext=5")
	f.Fuzz(func(t *testing.T, s string) {
		if once := E164(s); E164(once) != once && once[0] == '+' {
			t.Errorf("E164(%q) = %q, again %q", s, once, E164(once))
		}
	})
}

// Who loads within a view holds a connection; that must not need a second one.
func TestManyAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		user := h.create("User", ada)
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				for range 20 {
					if i == 0 { // makes the others ask anew
						if err := h.SetSettings(t.Context(), cli, h.org.ID, Settings{GroupIDs: rand.IntN(2) == 0}); err != nil {
							t.Errorf("SetSettings: %v", err)
						}
					}
					if i%2 == 0 {
						h.of(user, scopes("email"))
						continue
					}
					err := db.View(t.Context(), func(tx *store.Tx) error {
						p, err := h.Load(t.Context(), tx, h.org, user, scopes("email"))
						if err == nil && p.Claims()["email"] != "Ada@Example.com" {
							t.Errorf("Claims = %v", p.Claims())
						}
						return err
					})
					if err != nil {
						t.Errorf("Load: %v", err)
					}
				}
			})
		}
		wg.Wait()
	})
}

func BenchmarkOf(b *testing.B) {
	h := open(b, storetest.SQLite(b))
	user := h.create("User", ada)
	want := scopes("openid", "profile", "email", "address", "phone")
	b.ReportAllocs()
	for b.Loop() {
		h.of(user, want)
	}
}
