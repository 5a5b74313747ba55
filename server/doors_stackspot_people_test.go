package server_test

import (
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/audit"
	"github.com/muster-id/muster/identity"
)

// join adds a member to a group as the seed does.
func (s *spot) join(group, member string) map[string]any {
	s.t.Helper()
	return s.patch("/Groups/"+group, `{"op":"add","path":{"attributePath":{"attributeName":"members","subAttribute":"","uriprefix":""},"subAttribute":"","valueExpression":null},"value":{"members":[{"value":"`+member+`","type":"User"}]}}`)
}

func (s *spot) members(group string) []any {
	s.t.Helper()
	list, ok := s.attributes("/Groups/" + group)["members"].([]any)
	if !ok {
		s.t.Fatal("no members")
	}
	return list
}

var spotGroups = []check{
	{"S-037", func(s *spot) {
		group, user := s.group(), s.user()
		if got := firstOf(s.join(group, user), "members")["value"]; got != user {
			s.t.Errorf("member = %v, want %v", got, user)
		}
	}},
	{"S-039", func(s *spot) {
		group := s.group()
		before := s.attributes("/Groups/" + group)
		if a := s.changed(s.want(200, "PUT", "/Groups/"+group, `{}`)); !cmp.Equal(a, before) {
			s.t.Errorf("PUT {} = %v, before %v", a, before)
		}
		s.join(group, s.user())
		s.want(200, "PUT", "/Groups/"+group, `{"displayName":"other","members":[]}`)
		if len(s.members(group)) != 1 {
			s.t.Error("PUT has touched the members")
		}
	}},
	{"S-040", func(s *spot) {
		a := s.one(s.want(201, "POST", "/Groups", fmt.Sprintf(`{"displayName":%q,"members":[{"value":%q}]}`, s.unique("g"), s.user())))
		if list, ok := a["members"].([]any); !ok || len(list) != 0 {
			s.t.Errorf("members = %v", a["members"])
		}
	}},
	{"S-041", func(s *spot) {
		group, user := s.group(), s.user()
		e := firstOf(s.join(group, user), "members")
		name := s.attributes("/Users/" + user)["userName"]
		if want := (m{"$ref": doorsURL + "/acme/scim/Users/" + user, "display": name, "type": "User", "value": user}); !cmp.Equal(e, want) {
			s.t.Errorf("member = %v, want %v", e, want)
		}
	}},
	{"S-042", func(s *spot) {
		for _, expression := range []string{
			`"value eq \"USER\""`,
			`{"attributePath":{"attributeName":"value"},"operator":"eq","compareValue":"USER"}`,
			`{"left":{"attributePath":"value","operator":"eq","compareValue":"USER"},"operator":"and","right":{"expression":{"attributePath":"type","operator":"eq","compareValue":"Group"}}}`,
		} {
			group, user, stays := s.group(), s.user(), s.user()
			s.join(group, user)
			s.join(group, stays)
			s.patch("/Groups/"+group, `{"op":"remove","path":{"attributePath":{"attributeName":"members"},"valueExpression":`+strings.ReplaceAll(expression, "USER", user)+`},"value":{}}`)
			if list := s.members(group); len(list) != 1 || list[0].(m)["value"] != stays {
				s.t.Errorf("%s leaves %v", expression, list)
			}
		}
	}},
	{"S-043", func(s *spot) {
		group, user, stays := s.group(), s.user(), s.user()
		s.join(group, user)
		s.join(group, stays)
		s.patch("/Groups/"+group, `{"op":"remove","path":"members[value eq \"`+user+`\"]"}`)
		if list := s.members(group); len(list) != 1 || list[0].(m)["value"] != stays {
			s.t.Errorf("left are %v", list)
		}
	}},
	{"S-044", func(s *spot) {
		group := s.group()
		for _, path := range []string{`null`, `"members"`, `{"attributePath":{"attributeName":"members"}}`} {
			s.refuse(400, "", "PATCH", "/Groups/"+group, `{"Operations":[{"op":"add","path":`+path+`,"value":{}}]}`)
		}
		s.refuse(400, "invalidValue", "PATCH", "/Groups/"+group, `{"Operations":[{"op":"add","value":{"members":[{"value":"01890000-0000-7000-8000-000000000000"}]}}]}`)
	}},
	{"S-045", func(s *spot) {
		if a := s.patch("/Groups/"+s.group(), `{"op":"replace","path":"displayName","value":"other"}`); a["displayName"] != "other" {
			s.t.Errorf("PATCH = %v", a)
		}
	}},
}

// signIn asks for tokens by password.
func (s *spot) signIn(user, password string) int {
	s.t.Helper()
	id := s.unique("login")
	secret := s.app(id, nil)
	return s.form("/o/acme/oauth2/token", []string{"grant_type", "password", "username", user, "password", password}, "Authorization", basic(id, secret)).Code
}

// person creates the person of the seed with an extension and returns id and name.
func (s *spot) person(extension m) (id, name string) {
	s.t.Helper()
	name = s.unique("ana")
	body := spotPerson(name)
	body[spotCustom] = extension
	return s.make("/Users", "%s", quoted(body)), name
}

var spotUsers = []check{
	{"S-126", func(s *spot) { s.user() }},
	{"S-127", func(s *spot) {
		s.refuse(400, "invalidValue", "POST", "/Users", `{}`)
		a := s.one(s.want(201, "POST", "/Users", fmt.Sprintf(`{"emails":[{"value":%q}]}`, s.unique("only")+"@x.io")))
		if !strings.HasSuffix(s.text(a, "userName"), "@x.io") {
			s.t.Errorf("user = %v", a)
		}
	}},
	{"S-128", func(s *spot) {
		body := spotPerson(s.unique("ana"))
		id := s.make("/Users", "%s", quoted(body))
		delete(body, "password")
		got := s.attributes("/Users/" + id)
		delete(got, spotCustom)
		if !cmp.Equal(got, body) {
			s.t.Errorf("stored (-want +got):\n%s", cmp.Diff(body, got))
		}
	}},
	{"S-129", func(s *spot) {
		id, name := s.person(m{"generatePassword": true})
		for _, path := range []string{"/Users/" + id, "/Users", "/Users?filter=userName+eq+%22" + name + "%22"} {
			for _, accept := range []string{"application/json", "application/scim+json"} {
				if w := s.send("GET", path, "", "Accept", accept); w.Code != 200 || strings.Contains(w.Body.String(), `"password"`) || strings.Contains(w.Body.String(), "S3cret") {
					s.t.Errorf("%s = %d %s", path, w.Code, w.Body)
				}
			}
		}
		s.refuse(400, "invalidFilter", "GET", `/Users?filter=password+eq+%22S3cret!pw%22`, "")
	}},
	{"S-130", func(s *spot) {
		id, name := s.person(nil)
		if got := s.signIn(name, "S3cret!pw"); got != 200 {
			s.t.Errorf("sign-in = %d", got)
		}
		s.patch("/Users/"+id, `{"op":"replace","path":"password","value":"An0ther!pw"}`)
		if s.signIn(name, "S3cret!pw") == 200 || s.signIn(name, "An0ther!pw") != 200 {
			s.t.Error("the password is not the one that was patched")
		}
	}},
	{"S-131", func(s *spot) {
		id, _ := s.person(m{"company": "Acme"})
		if objectOf(s.attributes("/Users/"+id), spotCustom)["company"] != "Acme" {
			s.t.Errorf("attributes = %v", s.attributes("/Users/"+id))
		}
	}},
	{"S-132", func(s *spot) {
		want := m{
			"blocked": true, "company": "Acme", "ddd": "11", "ddi": "55", "gender": "f", "generatePassword": true, "hireDate": "2020-01-02", "human": true,
			"is_email_verified": true, "machineName": "m1", "preferredLoginName": "ana", "properties": m{"k": "v"}, "resourceOwner": "r",
		}
		id, _ := s.person(want)
		if got := objectOf(s.attributes("/Users/"+id), spotCustom); !cmp.Equal(got, want) {
			s.t.Errorf("extension (-want +got):\n%s", cmp.Diff(want, got))
		}
	}},
	{"S-133", func(s *spot) {
		id, name := s.person(m{"blocked": true})
		if s.signIn(name, "S3cret!pw") == 200 {
			s.t.Error("somebody who is blocked signs in")
		}
		block := `{"op":"replace","path":"` + spotCustom + `:blocked","value":%t}`
		s.patch("/Users/"+id, `{"op":"replace","path":"active","value":true}`)
		if a := s.attributes("/Users/" + id); a["active"] != false || s.signIn(name, "S3cret!pw") == 200 {
			s.t.Errorf("active lifts a block: %v", a)
		}
		if a := s.patch("/Users/"+id, fmt.Sprintf(block, false)); a["active"] != true || s.signIn(name, "S3cret!pw") != 200 {
			s.t.Errorf("who is no longer blocked stays out: %v", a)
		}
		if a := s.patch("/Users/"+id, fmt.Sprintf(block, true)); a["active"] != false || s.signIn(name, "S3cret!pw") == 200 {
			s.t.Errorf("somebody who was blocked signs in: %v", a)
		}
		activate := `{"schemas":["` + spotPatch + `"],"Operations":[{"op":"replace","path":"active","value":true}]}`
		if w := s.do("PATCH", "/scim/v2/Users/"+id, activate, "Authorization", "Bearer "+s.demo.Token, "Content-Type", "application/scim+json"); w.Code != 200 {
			s.t.Fatalf("PATCH = %d %s", w.Code, w.Body)
		}
		a := s.patch("/Users/"+id, `{"op":"replace","path":"title","value":"x"}`)
		if objectOf(a, spotCustom)["blocked"] != false || a["active"] != true {
			s.t.Errorf("a block that another door has lifted is back: %v", a)
		}
	}},
	{"S-134", func(s *spot) {
		name := s.unique("machine")
		id := s.make("/Users", `{"userName":%q,%q:{"generatePassword":true}}`, name, spotCustom)
		user, _ := identity.ParseID(id)
		if list, err := audit.New(s.h.DB).Of(s.t.Context(), s.demo.Org.ID, user, 10); err != nil || !strings.Contains(fmt.Sprint(list), "password") {
			s.t.Errorf("the change log says nothing of the password: %v %v", list, err)
		}
		w := s.send("GET", "/Users/"+id, "")
		if strings.Contains(w.Body.String(), `"password"`) {
			s.t.Errorf("shown: %s", w.Body)
		}
		if err := s.h.Directory.SetPassword(s.t.Context(), s.by(), user, "Own3d!pass"); err != nil || s.signIn(name, "Own3d!pass") != 200 {
			s.t.Errorf("no reset: %v", err)
		}
		s.patch("/Users/"+id, `{"op":"replace","path":"title","value":"x"}`)
		if s.signIn(name, "Own3d!pass") != 200 {
			s.t.Error("another change makes another password")
		}
	}},
	{"S-135", func(s *spot) {
		id, name := s.person(m{"is_email_verified": true})
		client := s.unique("mail")
		secret := s.app(client, nil)
		told := func() any {
			w := s.form("/o/acme/oauth2/token", []string{"grant_type", "password", "username", name, "password", "S3cret!pw", "scope", "openid email"}, "Authorization", basic(client, secret))
			access := s.text(s.object(w, 200), "access_token")
			return s.object(s.do("GET", "/o/acme/oauth2/userinfo", "", "Authorization", "Bearer "+access), 200)["email_verified"]
		}
		shown := func() any { return objectOf(s.attributes("/Users/"+id), spotCustom)["is_email_verified"] }
		if told() != true || shown() != true {
			s.t.Errorf("email_verified = %v, is_email_verified = %v, want true", told(), shown())
		}
		s.patch("/Users/"+id, `{"op":"replace","path":{"attributePath":{"attributeName":"is_email_verified","uriprefix":"`+spotCustom+`"}},"value":false}`)
		if told() != false || shown() != false {
			s.t.Errorf("email_verified = %v, is_email_verified = %v, want false", told(), shown())
		}
		s.want(200, "PUT", "/Users/"+id, `{"`+spotCustom+`":{"is_email_verified":true}}`)
		if told() != true {
			s.t.Error("PUT does not verify")
		}
		s.want(200, "PUT", "/Users/"+id, fmt.Sprintf(`{"emails":[{"value":%q,"primary":true}]}`, s.unique("new")+"@x.io"))
		if told() != false || shown() != false {
			s.t.Error("a new address passes for verified")
		}
		s.refuse(400, "invalidValue", "PUT", "/Users/"+id, `{"`+spotCustom+`":{"is_email_verified":"yes"}}`)
	}},
	{"S-136", func(s *spot) {
		id, _ := s.person(m{"properties": m{"k": m{"n": 1, "list": []any{1, "x", nil}}}})
		want := any(m{"k": m{"n": 1.0, "list": []any{1.0, "x", nil}}})
		if got := objectOf(s.attributes("/Users/"+id), spotCustom)["properties"]; !cmp.Equal(got, want) {
			s.t.Errorf("properties = %v", got)
		}
		a := s.patch("/Users/"+id, `{"op":"replace","path":"`+spotCustom+`:properties","value":{"properties":1}}`)
		if got := objectOf(a, spotCustom)["properties"]; !cmp.Equal(got, any(m{"properties": 1.0})) {
			s.t.Errorf("properties = %v", got)
		}
		s.refuse(400, "invalidValue", "POST", "/Users", fmt.Sprintf(`{"userName":%q,%q:{"properties":"text"}}`, s.unique("u"), spotCustom))
	}},
	{"S-137", func(s *spot) {
		id, _ := s.person(nil)
		a := s.changed(s.want(200, "PUT", "/Users/"+id, `{"title":"other","active":false,"password":"x","displayName":"z"}`))
		if a["title"] != "t" || a["active"] != true || a["displayName"] != "Ana" {
			s.t.Errorf("PUT changes more than it may: %v", a)
		}
	}},
	{"S-138", func(s *spot) {
		id, _ := s.person(m{"gender": "f", "company": "Acme"})
		a := s.changed(s.want(200, "PUT", "/Users/"+id, `{"`+spotCustom+`":{"company":"Globex","ddd":"11","ddi":"55","hireDate":"2020-01-02","gender":"m","blocked":true}}`))
		got := objectOf(a, spotCustom)
		if got["company"] != "Globex" || got["gender"] != "f" || got["blocked"] != false || got["ddd"] != "11" || got["ddi"] != "55" || got["hireDate"] != "2020-01-02" {
			s.t.Errorf("extension = %v", got)
		}
	}},
	{"S-139", func(s *spot) {
		id, name := s.person(nil)
		if a := s.changed(s.want(200, "PUT", "/Users/"+id, `{"name":{"familyName":"T","givenName":"Ana"}}`)); a["userName"] != name || objectOf(a, "name")["familyName"] != "T" {
			s.t.Errorf("PUT = %v", a)
		}
	}},
	{"S-140", func(s *spot) {
		id, _ := s.person(nil)
		n := s.unique("ana")
		value := m{
			"emails": some(m{"primary": true, "type": "home", "value": n + "@x.io"}), "name": m{"familyName": "V", "givenName": "Eva"},
			"phoneNumbers": some(m{"primary": true, "type": "work", "value": "+551"}), spotCustom: m{"company": "Z", "ddd": "1", "ddi": "2", "hireDate": "d", "is_email_verified": true},
			"userName": n,
		}
		a := s.patch("/Users/"+id, `{"op":"replace","path":null,"value":`+quoted(value)+`}`)
		for _, name := range []string{"emails", "name", "phoneNumbers", "userName"} {
			if !cmp.Equal(a[name], value[name]) {
				s.t.Errorf("%s = %v, want %v", name, a[name], value[name])
			}
		}
		for name, want := range value[spotCustom].(m) {
			if got := objectOf(a, spotCustom)[name]; got != want {
				s.t.Errorf("%s = %v, want %v", name, got, want)
			}
		}
	}},
	{"S-141", func(s *spot) {
		id := s.user()
		a := s.patch("/Users/"+id, `{"op":"replace","path":{"attributePath":{"attributeName":"company","uriprefix":"`+spotCustom+`"}},"value":"Acme"}`)
		if objectOf(a, spotCustom)["company"] != "Acme" {
			s.t.Errorf("PATCH = %v", a)
		}
		a = s.patch("/Users/"+id, `{"op":"replace","path":{"attributePath":{"attributeName":"company","uriprefix":"`+spotCustom+`"}},"value":{"`+spotCustom+`":{"company":"Globex"}}}`)
		if objectOf(a, spotCustom)["company"] != "Globex" {
			s.t.Errorf("PATCH = %v", a)
		}
	}},
	{"S-142", func(s *spot) {
		a := s.patch("/Users/"+s.user(), `{"op":"add","path":{"attributePath":{"attributeName":"name","subAttribute":"givenName","uriprefix":""},"subAttribute":"","valueExpression":null},"value":"Eva"}`)
		if objectOf(a, "name")["givenName"] != "Eva" {
			s.t.Errorf("PATCH = %v", a)
		}
	}},
	{"S-143", func(s *spot) {
		a := s.patch("/Users/"+s.user(), `{"op":"replace","path":{"attributePath":{"attributeName":"title"},"valueExpression":null},"value":"x"}`)
		if a["title"] != "x" {
			s.t.Errorf("PATCH = %v", a)
		}
	}},
	{"S-145", func(s *spot) {
		_, name := s.person(nil)
		s.refuse(409, "uniqueness", "POST", "/Users", fmt.Sprintf(`{"userName":%q}`, strings.ToUpper(name)))
		s.refuse(409, "uniqueness", "PUT", "/Users/"+s.user(), fmt.Sprintf(`{"userName":%q}`, name))
	}},
	{"S-146", func(s *spot) {
		id, _ := s.person(nil)
		s.wantKeys("an address", firstOf(s.attributes("/Users/"+id), "emails"), []string{"primary", "type", "value"})
	}},
}
