package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/muster-id/muster/api/vmware"
	"github.com/muster-id/muster/identity"
)

var userKeys = strings.Fields("id firstName lastName username acct email refLink groups managerId")

func below(prefix string, names ...string) []string {
	var out []string
	for _, n := range names {
		out = append(out, prefix+"."+n)
	}
	return out
}

func cspUserCases() []cspCase {
	info := append(below("user", userKeys...), below("userOrgInfo[]", "displayName", "name", "orgRoles", "servicesDef")...)
	definition := strings.Fields("name displayName descriptionLong isGated visible serviceUrls.serviceHome serviceRoles organizationLink documentSelfLink isPrimary isBeta")
	profile := func(w *cspWorld, k vmware.Kind) any {
		w.t.Helper()
		a := w.as(k, "GET", am+"/loggedin/user/profile", "")
		if a.Code != http.StatusOK {
			w.t.Fatalf("the profile is %d %s", a.Code, a.Body)
		}
		return anyJSON(w, a)
	}
	return []cspCase{
		{row: "row-26", body: sends(`{"locale":"de-AT","language":"de"}`), check: func(w *cspWorld, k vmware.Kind, _ string, body any) {
			if a := w.as(k, "PUT", am+"/loggedin/user/preferences", `{"classifier":"internal:theme","value":"Dark"}`); a.Code != http.StatusOK {
				w.t.Errorf("a classifier = %d %s", a.Code, a.Body)
			}
			p := profile(w, k).(map[string]any)
			if body != nil || p["locale"] != "de-AT" || p["language"] != "de" || p["preferredTheme"] != "Dark" {
				w.t.Errorf("%v; the profile is %v", body, p)
			}
		}},
		{row: "row-27", check: wants("defaultOrgId", "locale", "language", "preferredTheme", "metadata.acknowledgeAccountLinkingMessage")},
		{row: "row-28", body: sends(`{"language":"pt-BR","preferredTheme":"Light","metadata":{"acknowledgeAccountLinkingMessage":7}}`),
			check: func(w *cspWorld, k vmware.Kind, _ string, body any) {
				p := profile(w, k).(map[string]any)
				n, _ := at(p, "metadata.acknowledgeAccountLinkingMessage")
				if body != nil || p["language"] != "pt-BR" || p["preferredTheme"] != "Light" || n != 7.0 {
					w.t.Errorf("%v; the profile is %v", body, p)
				}
			}},
		{row: "row-29", check: func(w *cspWorld, k vmware.Kind, _ string, body any) {
			w.has(body, append(strings.Fields(pagedKeys), below("results[]", "name", "displayName", "id", "refLink", "metadata")...)...)
			old := anyJSON(w, w.as(k, "GET", am+"/loggedin/user/orgs", ""))
			w.has(old, "refLinks[]", "items[].name", "items[].id", "items[].parentRefLink")
		}},
		{row: "row-30", query: "&expand=false", check: wants(append(userKeys, "userProfile.defaultOrgId")...)},
		{row: "row-31", path: grantEditor, check: func(w *cspWorld, k vmware.Kind, _ string, body any) {
			w.has(body, "serviceRoles")
			if k == vmware.Member {
				w.has(body, "serviceRoles[].serviceDefinitionLink", "serviceRoles[].serviceRoleNames[]")
			}
		}},
		{row: "row-32", check: func(w *cspWorld, k vmware.Kind, _ string, body any) {
			w.has(body, "[].name", "[].refLink", "[].displayName", "[].organizationLink")
			want := map[vmware.Kind]string{vmware.Platform: "platform_operator", vmware.Owner: "org_owner", vmware.Member: "org_member", vmware.Service: "service_account"}[k]
			if !slices.ContainsFunc(body.([]any), func(v any) bool { return v.(map[string]any)["name"] == want }) {
				w.t.Errorf("no %s among %v", want, body)
			}
		}},
		{row: "row-33", check: wants(info...)},
		{row: "row-34", check: func(w *cspWorld, k vmware.Kind, _ string, body any) {
			w.has(body, "results")
			if k == vmware.Member || k == vmware.Owner {
				w.has(body, "results[].id", "results[].usersCount")
			}
		}},
		{row: "row-35", check: wants(append(userKeys, "organizations[].id", "organizationRoles", "serviceRoles")...)},
		{row: "row-36", check: func(w *cspWorld, k vmware.Kind, _ string, body any) {
			home := w.demo.Org.ID.String()
			if k == vmware.Platform {
				home = w.root.ID.String()
			}
			if link, _ := at(body, "refLink"); link != am+"/orgs/"+home {
				w.t.Errorf("refLink = %v", link)
			}
		}},
		{row: "row-37", query: "&expand&orgLink=/csp/gateway/am/api/orgs/{orgId}",
			check: wants(append(below("results[]", definition...), "serviceDefinitionLinks[]")...)},
		{row: "row-38", query: "&locale=en&pageLimit=1", check: wants(append(below("results[]", definition...), strings.Fields(pagedKeys)...)...)},
		{row: "row-39", far: "&orgId={orgId}",
			check: wants(append(below("results[]", "displayName", "metadata", "name", "parentOrgId", "orgId"), strings.Fields(pagedKeys)...)...)},
	}
}

// grantEditor gives bjorn a role of the shop.
func grantEditor(w *cspWorld) map[string]string {
	role, err := w.h.Access.Roles.Find(w.t.Context(), w.cli(w.demo.Org), "shop:editor")
	if err != nil {
		w.t.Fatal(err)
	}
	w.assign(w.demo.Org, identity.Assignment{Role: role.ID, Type: identity.UserSubject, Subject: w.people[vmware.Member]})
	return nil
}

// viaGroup makes a user who has a role through a group in a group.
func viaGroup(w *cspWorld) map[string]string {
	user := w.newUser()
	inner := w.newGroup(w.demo.Token, w.t.Name()+" inner", user.String())
	outer := w.newGroup(w.demo.Token, w.t.Name()+" outer", inner.String())
	w.assign(w.demo.Org, identity.Assignment{Role: w.role, Type: identity.GroupSubject, Subject: outer})
	return map[string]string{"userId": user.String()}
}

func fresh(w *cspWorld) map[string]string { return map[string]string{"userId": w.newUser().String()} }

// gives checks that a patch gave a user roles, and that another takes them.
func gives(path, take string, names ...string) func(*cspWorld, vmware.Kind, string, any) {
	return func(w *cspWorld, k vmware.Kind, ids string, body any) {
		w.t.Helper()
		user, _ := identity.ParseID(ids[:36])
		if got := w.roles(identity.UserSubject, user); body != nil || !slices.Equal(got, names) {
			w.t.Errorf("the user has %v, want %v; %v", got, names, body)
		}
		to := w.fill(path, map[string]string{"userId": user.String()})
		if a := w.as(k, "PATCH", to, w.fill(take, nil)); a.Code != http.StatusOK {
			w.t.Errorf("taking = %d %s", a.Code, a.Body)
		}
		if got := w.roles(identity.UserSubject, user); len(got) != 0 {
			w.t.Errorf("the user still has %v", got)
		}
	}
}

func cspLaterCases() []cspCase {
	info := append(below("user", userKeys...), below("userOrgInfo[]", "displayName", "name", "orgRoles[].name", "servicesDef")...)
	const in, in3 = am + "/users/{userId}/orgs/{orgId}", am + "/v3/users/{userId}/orgs/{orgId}"
	const link = "/csp/gateway/slc/api/definitions/external/{serviceDefinitionId}"
	return []cspCase{
		{row: "row-40", path: grantEditor, query: "&serviceDefinitionLink=" + link,
			check: wants("serviceRoles[].serviceDefinitionLink", "serviceRoles[].serviceRoleNames[]")},
		{row: "row-41", path: fresh, body: sends(`{"serviceDefinitionLink":"` + link + `","roleNamesToAdd":["editor"]}`),
			check: gives(in+"/service-roles", `{"serviceDefinitionLink":"`+link+`","roleNamesToRemove":["shop:editor"]}`, "shop:editor")},
		{row: "row-42", check: wants("[].name", "[].refLink", "[].id")},
		{row: "row-43", path: fresh, body: sends(`{"roleNamesToAdd":["billing","org_owner","org_member"]}`),
			check: gives(in+"/roles", `{"roleNamesToRemove":["billing"],"rolesToRemove":["org_owner"]}`, "billing", "org_owner")},
		{row: "row-44", path: viaGroup, check: func(w *cspWorld, _ vmware.Kind, _ string, body any) {
			roles, _ := at(body, "organizationRoles")
			for _, r := range roles.([]any) {
				if n, _ := at(r, "name"); n != "billing" {
					continue
				}
				how, _ := at(r, "membershipType")
				ids, _ := at(r, "groupIds[]")
				id, _ := at(r, "groups[].id")
				if name, _ := at(r, "groups[].displayName"); how != "NESTED" || name != w.t.Name()+" outer" || id != ids {
					w.t.Errorf("billing is had as %v by %v", how, name)
				}
				return
			}
			w.t.Errorf("no role through a group in %v", body)
		}},
		{row: "row-45", query: "&expandProfile", far: "&orgId={orgId}", check: wants(append(userKeys, "userProfile.isFederated")...)},
		{row: "row-46", check: wants(info...)},
		{row: "row-48", far: "&orgId={orgId}", body: sends(`{"firstName":"bj","email":"ACME","domain":"acme"}`), check: func(w *cspWorld, _ vmware.Kind, _ string, body any) {
			w.person(body, "results", "bjorn.ostergard@acme.example")
		}},
		{row: "row-49", far: "&orgId={orgId}", check: wants(userKeys...)},
		{row: "row-50", check: wants("organizationRoles[].name", "organizationRoles[].membershipType", "serviceRoles")},
		{row: "row-51", check: wants("results[].id", "results[].displayName")},
		{row: "row-52", check: wants(info...)},
		{row: "row-53", path: fresh, body: sends(`{"organizationRoles":{"rolesToAdd":[{"id":"{roleId}","expiresAt":32503680000000}]},"serviceRoles":[{"serviceDefinitionId":"{serviceDefinitionId}","roleNamesToAdd":["shop:editor"]}]}`),
			check: gives(in3+"/roles", `{"organizationRoles":{"rolesToRemove":[{"id":"{roleId}"}]},"serviceRoles":[{"serviceDefinitionId":"{serviceDefinitionId}","roleNamesToRemove":["editor"]}]}`, "billing", "shop:editor")},
	}
}

// cspOpenRow asks a row that asks for no role, with the token of a kind of caller
// beside the credential that the row wants.
func cspOpenRow(w *cspWorld, row string, kind vmware.Kind) {
	w.t.Helper()
	header := []string{}
	if bearer := w.tokens[kind]; bearer != "" {
		header = append(header, "Csp-Auth-Token", bearer)
	}
	shop := append(header, "Authorization", basic("shop", w.secret))
	grant := []string{"grant_type", "client_credentials"}
	person := []string{"username", w.demo.User, "password", w.demo.Password, "domain", "acme"}
	switch row {
	case "row-01":
		w.wantTokens(w.form(am+"/auth/token", grant, shop...))
	case "row-02":
		w.object(w.do("POST", am+"/auth/logout", "", append(header, "Ex-Identity-Auth-Token", w.doors.tokens("shop", "openid").AccessToken)...), 200)
	case "row-03":
		w.wantTokens(w.json(am+"/auth/authorize", append(grant, "client_id", "shop", "client_secret", w.secret), header...))
	case "row-04":
		w.needPhone()
		w.wantTokens(w.json(am+"/auth/api-tokens/authorize", []string{"api_token", w.doors.tokens("phone", "openid").RefreshToken}, header...))
	case "row-05":
		w.has(w.object(w.do("GET", am+"/auth/token-public-key", "", header...), 200), "keys[]", "alg", "value", "issuer")
	case "row-06": // the ID token is what is asked about
		w.has(w.object(w.do("GET", "/oauth/check_id_token", "", "Authorization", "Bearer "+w.doors.tokens("shop", "openid", "groups").IDToken), 200), "sub", "context", "group_ids")
	case "row-08":
		w.text(w.object(w.json(am+"/login", person, header...), 200), "cspAuthToken")
	case "row-09":
		w.wantTokens(w.form(am+"/login/oauth", grant, shop...))
	case "row-10":
		w.has(w.object(w.do("GET", am+"/auth/.well-known/openid-configuration", "", header...), 200), "issuer", "claimsSupported")
	case "row-47": // the access token is what is asked about
		bearer := w.doors.tokens("shop", "openid", "profile").AccessToken
		if kind == vmware.Platform || kind == vmware.Member {
			bearer = w.tokens[kind]
		}
		w.has(w.object(w.do("GET", am+"/userinfo", "", "Authorization", "Bearer "+bearer), 200), "sub", "context", "domain")
	default:
		w.t.Fatal(fmt.Sprint("there is no request for ", row))
	}
}

// needPhone makes a public app, once.
func (w *cspWorld) needPhone() {
	w.t.Helper()
	if _, err := w.h.Apps.Get(w.t.Context(), w.demo.Org.ID, "phone"); identity.KindOf(err) == identity.NotFound {
		w.app("phone", public)
	}
}
